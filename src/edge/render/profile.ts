import type { RefusalCode } from '../../domain/decision.ts';
import type { BodyHole, BodyPart, ErrorProfile, ErrorRow } from '../../domain/error-profile.ts';
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

/** Each hole's value as JSON text. */
export type HoleValues = Readonly<Record<BodyHole, string>>;

export interface RequestFacts {
  readonly requestId: string;
  /** Milliseconds since the Unix epoch. */
  readonly wallMs: number;
  /** Whole seconds after which asking again passes; undefined where waiting does not help. */
  readonly retryAfterSeconds: number | undefined;
}

export function toHoleValues({ requestId, wallMs, retryAfterSeconds }: RequestFacts): HoleValues {
  return {
    request_id: JSON.stringify(requestId),
    ts: `"${new Date(wallMs).toISOString().slice(0, 19)}Z"`,
    retry_after_seconds: retryAfterSeconds === undefined ? 'null' : String(retryAfterSeconds),
  };
}

export function renderBody(body: readonly BodyPart[], values: HoleValues): string {
  let text = '';
  for (const part of body) text += typeof part === 'string' ? part : values[part.hole];
  return text;
}
