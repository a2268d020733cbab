/** Digits in the order of their value, as GitHub's token checksums use them. */
const DIGITS = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
/** The largest multiple of 62 that a byte can hold: bytes from here on would favour some digits. */
const UNBIASED_BYTES = 248;
/** A sound source needs one or two rounds; one that needs more than these is broken. */
const RANDOM_ROUNDS_MAX = 64;

const valueOfCode = new Int8Array(128).fill(-1);
for (let value = 0; value < DIGITS.length; value += 1) valueOfCode[DIGITS.charCodeAt(value)] = value;

/**
 * A whole number from 0 to `Number.MAX_SAFE_INTEGER` in base 62, padded with `0` on the left to at least `width` digits.
 */
export function toBase62(value: number, width: number): string {
  let digits = '';
  for (let rest = value; rest > 0; rest = Math.floor(rest / 62)) digits = DIGITS.charAt(rest % 62) + digits;
  return digits.padStart(width, '0');
}

/** The number that stands in `text` from `start` to before `end`, at most 8 digits; -1 where a character is no digit. */
export function fromBase62(text: string, start: number, end: number): number {
  let value = 0;
  for (let index = start; index < end; index += 1) {
    const digit = valueOfCode[text.charCodeAt(index)] ?? -1;
    if (digit < 0) return -1;
    value = value * 62 + digit;
  }
  return value;
}

/** Whether every character from `start` to the end of the text is a base 62 digit. */
export function isBase62From(text: string, start: number): boolean {
  for (let index = start; index < text.length; index += 1) {
    if ((valueOfCode[text.charCodeAt(index)] ?? -1) < 0) return false;
  }
  return true;
}

/**
 * `length` digits, each of the 62 equally likely as long as the bytes are uniform.
 * @throws Error where the source yields no usable bytes.
 */
export function randomBase62(length: number, randomBytes: (n: number) => Uint8Array): string {
  let digits = '';
  for (let round = 0; round < RANDOM_ROUNDS_MAX; round += 1) {
    for (const byte of randomBytes(length - digits.length)) {
      if (byte < UNBIASED_BYTES && digits.length < length) digits += DIGITS.charAt(byte % 62);
    }
    if (digits.length === length) return digits;
  }
  throw new Error('the random source yields no usable bytes');
}
