/** A `kid` is longer nowhere. */
export const KEY_ID_BYTES_MAX = 256;
/** A `sub` is longer nowhere (OpenID Connect Core 1.0 §2). */
export const SUBJECT_BYTES_MAX = 255;

/** Control characters, line and paragraph separators, and what changes the direction of the text around it. */
const UNCLEAN = /[\p{Cc}\p{Zl}\p{Zp}\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/u;

/** Whether a claim is a text that a log, a header or a person can take as it is: not empty, well-formed, without control characters. */
export function isCleanText(value: unknown, bytesMax: number): value is string {
  if (typeof value !== 'string' || value === '' || value.length > bytesMax) return false;
  return !UNCLEAN.test(value) && value.isWellFormed() && Buffer.byteLength(value) <= bytesMax;
}
