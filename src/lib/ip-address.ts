/** An IP address as four 32-bit words, most significant first; an IPv4 address stands where RFC 4291 §2.5.5.2 maps it, `::ffff:a.b.c.d`. */
export type AddressWords = readonly [number, number, number, number];

const GROUPS = 8;
/** The longest form: eight groups, the last two written as an IPv4 address. */
const ADDRESS_LENGTH_MAX = 45;
const MAPPED_WORD = 0xff_ff;

const GROUP = /^[0-9a-f]{1,4}$/i;

const DOT = 0x2e;
const ZERO = 0x30;

/** Reads IPv4 in four decimal numbers without leading zeros, and IPv6 in any form of RFC 4291 §2.2 without a zone; undefined for all else. */
export function parseAddress(text: string): AddressWords | undefined {
  if (text.length > ADDRESS_LENGTH_MAX) return undefined;
  if (text.includes(':')) return parseV6(text);
  const value = parseV4(text, 0);
  return value < 0 ? undefined : [0, 0, MAPPED_WORD, value];
}

export function isV4(words: AddressWords): boolean {
  return words[0] === 0 && words[1] === 0 && words[2] === MAPPED_WORD;
}

/** `1.2.3.4` for IPv4, mapped or not; for IPv6 the one form of RFC 5952 §4. */
export function formatAddress(words: AddressWords): string {
  if (!isV4(words)) return formatV6(words);
  const value = words[3];
  return `${value >>> 24}.${(value >>> 16) & 0xff}.${(value >>> 8) & 0xff}.${value & 0xff}`;
}

/** The form of RFC 5952 §4, in hexadecimal groups throughout. */
export function formatV6(words: AddressWords): string {
  const groups = words.flatMap((word) => [word >>> 16, word & 0xff_ff]);
  const { start, length } = longestZeros(groups);
  const head = groups.slice(0, start).map(hexOf).join(':');
  if (length === 0) return head;
  return `${head}::${groups
    .slice(start + length)
    .map(hexOf)
    .join(':')}`;
}

function hexOf(group: number): string {
  return group.toString(16);
}

/** The first of the longest runs of at least two zero groups; an empty run at the end where there is none. */
function longestZeros(groups: readonly number[]): { start: number; length: number } {
  let best = { start: GROUPS, length: 0 };
  let start = 0;
  for (let index = 0; index < GROUPS; index += 1) {
    if (groups[index] !== 0) start = index + 1;
    const length = index + 1 - start;
    if (length > 1 && length > best.length) best = { start, length };
  }
  return best;
}

/** The value of four decimal numbers from `start` to the end of the text; -1 where there is anything else. */
function parseV4(text: string, start: number): number {
  let value = 0;
  let parts = 0;
  let part = -1;
  for (let index = start; index < text.length; index += 1) {
    const code = text.charCodeAt(index);
    if (code === DOT) {
      if (part < 0) return -1;
      value = value * 256 + part;
      parts += 1;
      part = -1;
      continue;
    }
    const digit = code - ZERO;
    if (digit < 0 || digit > 9 || part === 0) return -1;
    part = part < 0 ? digit : part * 10 + digit;
    if (part > 255) return -1;
  }
  return parts === 3 && part >= 0 ? value * 256 + part : -1;
}

function parseV6(text: string): AddressWords | undefined {
  const hex = withHexTail(text);
  if (hex === undefined) return undefined;
  const gapAt = hex.indexOf('::');
  if (gapAt < 0) return wordsOf(parseGroups(hex));
  const head = parseGroups(hex.slice(0, gapAt));
  const tail = parseGroups(hex.slice(gapAt + 2));
  // The gap stands for at least one group.
  const zeros = GROUPS - head.length - tail.length;
  if (zeros < 1) return undefined;
  return wordsOf([...head, ...Array.from({ length: zeros }, () => 0), ...tail]);
}

/** The same address with an IPv4 address at its end, where there is one, written as two groups. */
function withHexTail(text: string): string | undefined {
  if (!text.includes('.')) return text;
  const tailAt = text.lastIndexOf(':') + 1;
  const value = parseV4(text, tailAt);
  if (value < 0) return undefined;
  return `${text.slice(0, tailAt)}${hexOf(Math.floor(value / 0x1_00_00))}:${hexOf(value % 0x1_00_00)}`;
}

/** The groups between single colons; NaN for what is no group. */
function parseGroups(text: string): readonly number[] {
  if (text === '') return [];
  return text.split(':').map((group) => (GROUP.test(group) ? Number.parseInt(group, 16) : Number.NaN));
}

function wordsOf(groups: readonly number[]): AddressWords | undefined {
  if (groups.length !== GROUPS || groups.some(Number.isNaN)) return undefined;
  const [a = 0, b = 0, c = 0, d = 0, e = 0, f = 0, g = 0, h = 0] = groups;
  return [a * 0x1_00_00 + b, c * 0x1_00_00 + d, e * 0x1_00_00 + f, g * 0x1_00_00 + h];
}
