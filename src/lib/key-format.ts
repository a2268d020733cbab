import { crc32 } from 'node:zlib';
import { fromBase62, isBase62From, randomBase62, toBase62 } from './base62.ts';

/** 30 digits of base 62 are 178 bits. */
const RANDOM_DIGITS = 30;
const CHECKSUM_DIGITS = 6;
const ISSUED_DIGITS = RANDOM_DIGITS + CHECKSUM_DIGITS;

/** Keys made elsewhere that are shorter could be guessed. */
export const KEY_LENGTH_MIN = 16;
/** No key is longer than this many characters, issued or imported, prefix included. */
export const KEY_LENGTH_MAX = 256;

/** Visible ASCII: what every gateway passes on unchanged. A dot would make a key look like a token, a comma like two keys. */
const FOREIGN_KEY = /^[\x21-\x2b\x2d\x2f-\x7e]*$/;

/**
 * A new key: the prefix, 30 random base 62 digits, and their CRC-32 as 6 more, so that secret scanners can tell a key from noise.
 * The checksum covers the random digits alone, in GitHub's form (github.blog, 2021-04-05, "Behind GitHub's new authentication token formats").
 * `randomBytes` must be a CSPRNG.
 */
export function issueKey(prefix: string, randomBytes: (n: number) => Uint8Array): string {
  const random = randomBase62(RANDOM_DIGITS, randomBytes);
  return prefix + random + toBase62(crc32(random), CHECKSUM_DIGITS);
}

/** Whether a key made elsewhere consists of characters that a key may have. Says nothing of its length. */
export function isForeignKeyText(key: string): boolean {
  return FOREIGN_KEY.test(key);
}

/** Whether the key looks like an issued one: the prefix and exactly 36 base 62 digits. Says nothing of its checksum. */
export function hasIssuedShape(prefix: string, key: string): boolean {
  return (
    key.length === prefix.length + ISSUED_DIGITS && key.startsWith(prefix) && isBase62From(key, prefix.length)
  );
}

/** Whether a key of issued shape ends in the checksum of its random digits; false for any other shape. */
export function checksumHolds(prefix: string, key: string): boolean {
  if (!hasIssuedShape(prefix, key)) return false;
  const checksumAt = prefix.length + RANDOM_DIGITS;
  return crc32(key.slice(prefix.length, checksumAt)) === fromBase62(key, checksumAt, key.length);
}
