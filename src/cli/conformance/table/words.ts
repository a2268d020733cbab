import { crc32 } from 'node:zlib';

const SECOND_MS = 1_000;
const UNIT_MS: Readonly<Record<string, number>> = {
  ms: 1,
  s: SECOND_MS,
  m: 60 * SECOND_MS,
  h: 3_600 * SECOND_MS,
  d: 86_400 * SECOND_MS,
};

/** `60s`, `59.999s`, `1ms`, `36h` or `1d` in milliseconds. */
export function durationMs(text: string): number {
  const [, count, unit] = /^([\d.]+)([a-z]+)$/.exec(text) ?? [];
  const unitMs = UNIT_MS[unit ?? ''];
  if (count === undefined || unitMs === undefined) throw new Error(`${text} is no duration`);
  return Math.round(Number(count) * unitMs);
}

/** ISO 8601 in UTC with whole seconds. */
export function isoSeconds(wallMs: number): string {
  return `${new Date(wallMs).toISOString().slice(0, 19)}Z`;
}

const WORD = /\$\{([^}|]+)(?:\|([^}]+))?\}/g;
const REPEATED = /^.\*\d+$/;

/** Puts a value in the place of every `${word}` and `${word|change}`; an unknown word throws, so that no typing error judges anything. */
export function fill(text: string, find: (word: string) => string | undefined): string {
  return text.replaceAll(WORD, (whole: string, word: string, change?: string) => {
    if (word.includes('..')) return whole;
    const value = REPEATED.test(word) ? repeated(word) : find(word);
    if (value === undefined) throw new Error(`\${${word}} is nothing that this case has`);
    if (change === undefined) return value;
    const made = CHANGES[change]?.(value);
    if (made === undefined || made === value) throw new Error(`${change} does not change ${word}`);
    return made;
  });
}

/** The first `${word}` or `${word|change}` of a text that `fill` would refuse, whatever its words stand for; undefined where there is none. */
export function findUnknownWord(text: string, isKnown: (word: string) => boolean): string | undefined {
  for (const [whole, word = '', change] of text.matchAll(WORD)) {
    if (word.includes('..')) continue;
    const isMade = REPEATED.test(word) || isKnown(word);
    if (!isMade || (change !== undefined && !Object.hasOwn(CHANGES, change))) return whole;
  }
  return undefined;
}

/** `x*17000` */
function repeated(word: string): string {
  return word.charAt(0).repeat(Number(word.slice(2)));
}

/** What people and attackers do to a key. */
const CHANGES: Readonly<Record<string, (key: string) => string>> = {
  wrong_checksum: (key) => withLast(key, 1),
  wrong_random: (key) => key.slice(0, -7) + next(key.slice(-7, -6)) + key.slice(-6),
  cut: (key) => key.slice(0, -1),
  longer: (key) => `${key}0`,
  upper: (key) => key.toUpperCase(),
  lower: (key) => key.toLowerCase(),
  without_prefix: (key) => key.slice(key.indexOf('_') + 1),
  split: (key) => `${key.slice(0, 12)} ${key.slice(12)}`,
  masked: (key) => `${key.slice(0, -6)}******`,
  wrong_signature: (token) =>
    withSignature(token, (signature) => next(signature.charAt(0)) + signature.slice(1)),
  without_signature: (token) => withSignature(token, () => ''),
  escaped: (key) => key.replace('_', '%5F'),
};

function withSignature(token: string, change: (signature: string) => string): string {
  const [header, payload, signature = ''] = token.split('.');
  return `${header}.${payload}.${change(signature)}`;
}

function withLast(key: string, count: number): string {
  return key.slice(0, -count) + next(key.slice(-count));
}

function next(digit: string): string {
  return digit === '0' ? '1' : '0';
}

const BASE62 = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';

/** A key that is well formed to the last digit of its checksum and was never issued. */
export function neverIssued(prefix: string): string {
  const random = 'N0NeverIssued0NeverIssued0Neve';
  let checksum = crc32(random);
  let digits = '';
  for (let place = 0; place < 6; place += 1) {
    digits = BASE62.charAt(checksum % 62) + digits;
    checksum = Math.floor(checksum / 62);
  }
  return prefix + random + digits;
}
