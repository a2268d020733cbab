import { InvalidArgumentError } from 'commander';
import { parseDuration } from '../lib/duration.ts';

/** Parsers of flag values. Each throws what commander shows as a usage error that says what was expected. */

const DATE = /^\d{4}-\d\d-\d\d(?:T\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?Z)?$/;
const WHOLE = /^\d{1,16}$/;
const YEAR_10000_MS = Date.UTC(10_000, 0);
const SETTING = /^[^=\s]+=/;

/** The word that takes a right away where a flag has a value. */
export const NONE = 'none';

export function wholeFrom(min: number): (text: string) => number {
  return (text) => {
    const value = WHOLE.test(text) ? Number(text) : Number.NaN;
    if (Number.isSafeInteger(value) && value >= min) return value;
    throw new InvalidArgumentError(`Expected a whole number of at least ${min}.`);
  };
}

/** Milliseconds of `90d`, `24h`, `30m`, `10s`. */
export function duration(text: string): number {
  const ms = parseDuration(text);
  if (ms === undefined) throw new InvalidArgumentError('Expected a duration like 90d, 24h, 30m or 10s.');
  return ms;
}

/** A point in time as `2026-12-01T00:00:00Z`, from such a text, a date, or a duration from now. */
export function instant(nowMs: () => number): (text: string) => string {
  return (text) => {
    const ms = DATE.test(text) ? fromDate(text) : fromNow(text, nowMs());
    if (ms !== undefined && ms < YEAR_10000_MS) return `${new Date(ms).toISOString().slice(0, 19)}Z`;
    throw new InvalidArgumentError(
      'Expected a time in UTC like 2026-12-01T00:00:00Z, a date like 2026-12-01, or a duration from now like 90d.',
    );
  };
}

/** One more value of a flag that may be given several times. */
export function repeated(text: string, before: unknown): readonly string[] {
  return Array.isArray(before) ? [...(before as readonly string[]), text] : [text];
}

/** `key=value` for `--set`. */
export function setting(text: string, before: unknown): readonly string[] {
  if (SETTING.test(text)) return repeated(text, before);
  throw new InvalidArgumentError('Expected key=value, for example check.grpc.listen=127.0.0.1:0.');
}

/** The same parser, for which `none` means what the `--no-…` form of the flag means: false, as commander has it. */
export function clearable<T>(parse: (text: string) => T): (text: string) => T | false {
  return (text) => text !== NONE && parse(text);
}

export function asText(text: string): string {
  return text;
}

/** V8 reads 31 February as 3 March, so the day must come back as it went in. */
function fromDate(text: string): number | undefined {
  const ms = Date.parse(text);
  if (Number.isNaN(ms)) return undefined;
  return new Date(ms).toISOString().startsWith(text.slice(0, 10)) ? ms : undefined;
}

function fromNow(text: string, nowMs: number): number | undefined {
  const ms = parseDuration(text);
  return ms === undefined ? undefined : nowMs + ms;
}

/** The value of a clearable flag as operations have it: null takes the right away. */
export function orCleared<T>(value: T | false | undefined): T | null | undefined {
  return value === false ? null : value;
}

/** The members that were given; an operation tells an absent member from any value. */
export function withoutUndefined<T extends object>(members: {
  readonly [Name in keyof T]: T[Name] | undefined;
}): T {
  return Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined)) as T;
}
