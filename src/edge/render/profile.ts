import type { RefusalCode } from '../../domain/decision.ts';
import type { BodyHole, BodyPart, ErrorProfile, ErrorRow } from '../../domain/error-profile.ts';
import { SECOND_MS } from '../../domain/time.ts';
import { compileTemplate } from './json-template.ts';
import type { JsonValue, RowText } from './json-template.ts';
import { REFUSAL_CODES } from './status.ts';

/** An API's error table before it is compiled. */
export interface ErrorTable {
  /** The body of every refusal, with `$names` where the rows and the requests differ. Without template faults. */
  readonly body: JsonValue;
  readonly contentType: string;
  readonly rows: Readonly<Record<RefusalCode, RowText>>;
}

export function compileErrors(table: ErrorTable): ErrorProfile {
  const rows = REFUSAL_CODES.map((code) => [code, compileRow(table, table.rows[code])] as const);
  return { rows: Object.fromEntries(rows) as Record<RefusalCode, ErrorRow> };
}

function compileRow({ body, contentType }: ErrorTable, row: RowText): ErrorRow {
  return { status: row.status, contentType, message: row.message, body: compileTemplate(body, row) };
}

/** What only the request knows. */
export interface RequestFacts {
  /** Asked only where a body has a place for it. */
  readonly requestId: () => string;
  /** Milliseconds since the Unix epoch. */
  readonly wallMs: number;
  /** Whole seconds after which asking again passes; undefined where waiting does not help. */
  readonly retryAfterSeconds: number | undefined;
}

export function renderBody(body: readonly BodyPart[], facts: RequestFacts): string {
  let text = '';
  for (const part of body) text += typeof part === 'string' ? part : renderHole(part.hole, facts);
  return text;
}

/** As JSON text. Only what a body shows is made: a refusal that shows none of it costs 1 µs less. */
function renderHole(hole: BodyHole, { requestId, wallMs, retryAfterSeconds }: RequestFacts): string {
  switch (hole) {
    case 'request_id':
      return JSON.stringify(requestId());
    case 'ts':
      return secondAsJson(Math.floor(wallMs / SECOND_MS));
    case 'retry_after_seconds':
      return retryAfterSeconds === undefined ? 'null' : String(retryAfterSeconds);
  }
}

let shownSecond = Number.NaN;
let shownAs = '';

/** Seconds since the Unix epoch as a JSON string in UTC. The refusals of one second share it: 0.6 µs of each. */
function secondAsJson(second: number): string {
  if (second !== shownSecond) {
    shownAs = `"${new Date(second * SECOND_MS).toISOString().slice(0, 19)}Z"`;
    shownSecond = second;
  }
  return shownAs;
}
