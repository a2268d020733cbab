import type { ErrorRow } from '../../domain/error-profile.ts';
import type { HeaderPair, Reply } from '../../domain/reply.ts';

/** A 401 always has a challenge (RFC 9110 §11.6.1), also where an API's table gives that status to a refusal outside every area. */
const CHALLENGE_ELSEWHERE = 'Bearer';

/** What the refusals by one row of an API's error table, under one challenge, have in common. */
export interface FixedRefusal {
  readonly challenge: string;
  /** The headers of an answer that knows nothing of limits. */
  readonly headers: readonly HeaderPair[];
  /** Whole answers in which nothing is the request's, by what the access log is told: as many as there are faults. */
  readonly replies: Reply[];
}

/** Rows and challenges come from the configuration: there are no more than it has areas and refusals. */
const fixedOfRow = new WeakMap<ErrorRow, FixedRefusal[]>();

/** The same object for the same row and challenge. */
export function fixedRefusalOf(row: ErrorRow, challenge: string): FixedRefusal {
  let all = fixedOfRow.get(row);
  if (all === undefined) {
    all = [];
    fixedOfRow.set(row, all);
  }
  for (const fixed of all) if (fixed.challenge === challenge) return fixed;
  const made = { challenge, headers: renderFixedHeaders(row, challenge), replies: [] };
  all.push(made);
  return made;
}

function renderFixedHeaders(row: ErrorRow, challenge: string): HeaderPair[] {
  const headers: HeaderPair[] = [
    ['content-type', row.contentType],
    ['cache-control', 'no-store'],
  ];
  if (row.status === 401) headers.push(['www-authenticate', challenge || CHALLENGE_ELSEWHERE]);
  return headers;
}

/** Whether the body of every refusal by this row is the same. */
export function hasFixedBody({ body }: ErrorRow): boolean {
  for (const part of body) if (typeof part !== 'string') return false;
  return true;
}
