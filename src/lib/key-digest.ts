import { createHmac, hash } from 'node:crypto';
import { KEY_LENGTH_MAX } from './key-format.ts';

/** A secret that keyed digests depend on and that the database does not hold. */
export interface Pepper {
  readonly id: string;
  /** At least 32 bytes. */
  readonly secret: Uint8Array;
}

export interface PepperRing {
  /** New keys are digested under this one. */
  readonly current: Pepper;
  /** Keys digested earlier are still found under these; at most two. */
  readonly retired: readonly Pepper[];
}

/** Every pepper costs an unknown key one more digest. */
const RETIRED_PEPPERS_MAX = 2;
const PEPPER_BYTES_MIN = 32;
/** 32-bit words in a digest. */
export const DIGEST_WORDS = 8;

const BLOCK_BYTES = 64;
const DIGEST_BYTES = 32;
/** What KEY_LENGTH_MAX characters may take in UTF-8. */
const KEY_BYTES_MAX = 3 * KEY_LENGTH_MAX;

export interface KeyHasher {
  /** The current pepper's id first, then the retired ones'. */
  readonly pepperIds: readonly string[];
  /**
   * Writes the HMAC-SHA-256 (RFC 2104) of the key's UTF-8 bytes under the pepper at `pepperIndex` of `pepperIds`.
   * Word i of `out` holds bytes 4i to 4i+3 of the digest, the first of them in its lowest bits, on every machine.
   * @throws RangeError where the key is longer than KEY_LENGTH_MAX characters or there is no such pepper.
   */
  digest(key: string, pepperIndex: number, out: Int32Array): void;
}

/** @throws RangeError where a pepper is too short, an id occurs twice or more than RETIRED_PEPPERS_MAX are retired. */
export function createKeyHasher(ring: PepperRing): KeyHasher {
  const peppers = [ring.current, ...ring.retired];
  const pepperIds = peppers.map((pepper) => pepper.id);
  if (ring.retired.length > RETIRED_PEPPERS_MAX) throw new RangeError('too many retired peppers');
  if (new Set(pepperIds).size < pepperIds.length) throw new RangeError('two peppers have the same id');
  const hmacs = peppers.map((pepper) => createHmacSha256(checkSecret(pepper)));
  return {
    pepperIds,
    digest(key, pepperIndex, out) {
      const hmac = hmacs[pepperIndex];
      if (hmac === undefined) throw new RangeError('no such pepper');
      if (key.length > KEY_LENGTH_MAX) throw new RangeError('the key is too long');
      hmac(key, out);
    },
  };
}

/** The HMAC-SHA-256 of the key's UTF-8 bytes under one pepper, as 64 hexadecimal digits in lower case. */
export function digestHex(pepper: Pepper, key: string): string {
  return createHmac('sha256', checkSecret(pepper)).update(key, 'utf8').digest('hex');
}

/**
 * Eight hexadecimal digits a word, in the byte order of `KeyHasher.digest`.
 * @throws RangeError where the text is not whole words in hexadecimal digits.
 */
export function wordsFromHex(hex: string): Int32Array {
  if (hex.length % 8 !== 0 || !/^[0-9a-f]*$/i.test(hex))
    throw new RangeError('not whole words in hexadecimal');
  const bytes = Buffer.from(hex, 'hex');
  return Int32Array.from({ length: bytes.length / 4 }, (_, index) => bytes.readInt32LE(4 * index));
}

/** Eight lower-case hexadecimal digits a word, the lowest byte of each word first: the inverse of `wordsFromHex`. */
export function hexFromWords(words: Int32Array): string {
  return Array.from(words, hexFromWord).join('');
}

/** One word of `hexFromWords`. */
export function hexFromWord(word: number): string {
  return hexOf(word) + hexOf(word >>> 8) + hexOf(word >>> 16) + hexOf(word >>> 24);
}

/** Every check that knows its key writes the key's id: a table is faster than a call into the runtime. */
const hexOfByte = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'));

function hexOf(word: number): string {
  return hexOfByte[word & 0xff] ?? '';
}

function checkSecret(pepper: Pepper): Uint8Array {
  if (pepper.secret.length < PEPPER_BYTES_MIN)
    throw new RangeError(`pepper ${pepper.id} is shorter than 32 bytes`);
  return pepper.secret;
}

/**
 * HMAC by its definition, H(outer pad ‖ H(inner pad ‖ message)), with both pads prepared.
 * One-shot hashes over reused buffers take a third of the time of `createHmac`, which makes two objects a call.
 * The text between the two is latin1 because one character then stands for one byte.
 */
function createHmacSha256(secret: Uint8Array): (message: string, out: Int32Array) => void {
  const block = Buffer.alloc(BLOCK_BYTES);
  block.set(secret.length > BLOCK_BYTES ? hash('sha256', secret, 'buffer') : secret);
  const inner = Buffer.alloc(BLOCK_BYTES + KEY_BYTES_MAX);
  inner.set(block.map((byte) => byte ^ 0x36));
  const outer = Buffer.alloc(BLOCK_BYTES + DIGEST_BYTES);
  outer.set(block.map((byte) => byte ^ 0x5c));
  const result = Buffer.alloc(DIGEST_BYTES);
  const innerOfLength: (Buffer | undefined)[] = [];

  return (message, out) => {
    const length = inner.write(message, BLOCK_BYTES, 'utf8');
    const padded = (innerOfLength[length] ??= inner.subarray(0, BLOCK_BYTES + length));
    outer.write(hash('sha256', padded, 'latin1'), BLOCK_BYTES, 'latin1');
    result.write(hash('sha256', outer, 'latin1'), 0, 'latin1');
    for (let word = 0; word < DIGEST_WORDS; word += 1) out[word] = result.readInt32LE(4 * word);
  };
}
