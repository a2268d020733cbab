import { OperationRefused } from '../../domain/operations.ts';
import { ACCOUNT_ID } from '../../domain/principal.ts';
import { parseInstant } from '../../lib/instant.ts';

/** Single values of a request: each function answers the value as it is kept, or throws `OperationRefused` with what belongs there. */

export const NAME_CHARS_MAX = 100;
const GRANT_REF_CHARS_MAX = 128;
/** Of a refused value, in characters: enough to recognise it. */
const SHOWN_CHARS_MAX = 64;

/** Control characters, and the two separators that some viewers take for the end of a line. */
const UNPRINTABLE = /[\p{Cc}\u2028\u2029]/u;

export function invalid(message: string): OperationRefused {
  return new OperationRefused('invalid', message);
}

/** A refused value inside a message: on one line, inert and short. */
export function shown(value: string): string {
  return JSON.stringify(value.length > SHOWN_CHARS_MAX ? `${value.slice(0, SHOWN_CHARS_MAX)}…` : value);
}

export function readAccountId(id: string): string {
  if (ACCOUNT_ID.test(id)) return id;
  throw invalid('an account id is a letter or digit, then at most 63 of A-Z a-z 0-9 . _ : @ -');
}

export function readName(name: string): string {
  if (isLine(name, NAME_CHARS_MAX)) return name;
  throw invalid(
    `a name has 1 to ${NAME_CHARS_MAX} characters, not all blank, none of them a control character`,
  );
}

/** null where none was given. */
export function readGrantRef(ref: string | undefined): string | null {
  if (ref === undefined) return null;
  if (isLine(ref, GRANT_REF_CHARS_MAX)) return ref;
  throw invalid(
    `a reference has 1 to ${GRANT_REF_CHARS_MAX} characters, not all blank, none of them a control character`,
  );
}

export interface WholeRange {
  /** `credits` */
  readonly what: string;
  readonly min: number;
  readonly max: number;
}

export function readWhole(value: number, { what, min, max }: WholeRange): number {
  if (Number.isSafeInteger(value) && value >= min && value <= max) return value;
  throw invalid(`${what}: a whole number from ${min} to ${max}`);
}

/** Milliseconds of an ISO 8601 time in UTC, up to the year 9999. */
export function readInstant(text: string, what: string): number {
  const instantMs = parseInstant(text);
  if (instantMs !== undefined) return instantMs;
  throw invalid(`${what}: a time in UTC such as 2026-12-01T00:00:00Z`);
}

/** Milliseconds of a time that has not come yet. */
export function readFuture(text: string, what: string, nowMs: number): number {
  const instantMs = readInstant(text, what);
  if (instantMs > nowMs) return instantMs;
  throw invalid(`${what}: a time that has not passed`);
}

/** Where a value is none of a closed list: says so, with the list. */
export function unknownWord(what: string, word: string, known: readonly string[]): OperationRefused {
  return invalid(`unknown ${what} ${shown(word)}: known are ${known.join(', ')}`);
}

/** Counted in code points, as SQL counts them. Half a surrogate pair is no character: it could not be kept. */
function isLine(text: string, charsMax: number): boolean {
  if (text.length > 2 * charsMax || !text.isWellFormed() || UNPRINTABLE.test(text)) return false;
  return text.trim() !== '' && Array.from(text).length <= charsMax;
}
