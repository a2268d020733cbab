import { parseDuration } from './duration.ts';

const COUNT_MAX = 1_000_000_000;
const SECOND_MS = 1_000;
const MINUTE_MS = 60 * SECOND_MS;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;
const WINDOW_MS_MAX = 31 * DAY_MS;

const LIMIT = /^([1-9]\d{0,9})\/([a-z0-9]{1,12})$/;
const WORD_MS: ReadonlyMap<string, number> = new Map([
  ['second', SECOND_MS],
  ['minute', MINUTE_MS],
  ['hour', HOUR_MS],
  ['day', DAY_MS],
]);
/** Largest first: a window is named in the largest unit that measures it without a rest. */
const UNITS = [
  { unitMs: DAY_MS, word: 'day', letter: 'd' },
  { unitMs: HOUR_MS, word: 'hour', letter: 'h' },
  { unitMs: MINUTE_MS, word: 'minute', letter: 'm' },
  { unitMs: SECOND_MS, word: 'second', letter: 's' },
] as const;

export interface ParsedLimit {
  /** 1 to 1,000,000,000. */
  readonly count: number;
  /** Whole seconds from 1 s to 31 days, in milliseconds. */
  readonly windowMs: number;
  /** `minute`, `day`, `15m`, `90s`: equal windows have equal names, however they were written. */
  readonly windowName: string;
}

/** Reads `10/minute`, `1000/day`, `20/15m`, `3/90s`; undefined for any other text and for values out of range. */
export function parseLimit(text: string): ParsedLimit | undefined {
  const [, digits = '', window = ''] = LIMIT.exec(text) ?? [];
  const count = Number(digits);
  const windowMs = WORD_MS.get(window) ?? parseDuration(window) ?? 0;
  if (count < 1 || count > COUNT_MAX) return undefined;
  if (windowMs < SECOND_MS || windowMs > WINDOW_MS_MAX || windowMs % SECOND_MS !== 0) return undefined;
  return { count, windowMs, windowName: nameOf(windowMs) };
}

function nameOf(windowMs: number): string {
  for (const { unitMs, word, letter } of UNITS) {
    if (windowMs === unitMs) return word;
    if (windowMs % unitMs === 0) return `${windowMs / unitMs}${letter}`;
  }
  return `${windowMs}ms`;
}
