import { createHmac } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createKeyHasher, digestHex, hexFromWords, wordsFromHex } from '../../../src/lib/key-digest.ts';
import type { Pepper } from '../../../src/lib/key-digest.ts';
import { KEY_LENGTH_MAX } from '../../../src/lib/key-format.ts';

const pepper: Pepper = { id: 'p1', secret: new Uint8Array(32).fill(7) };
const secrets = fc.uint8Array({ minLength: 32, maxLength: 200 });
const other = (id: string): Pepper => ({ id, secret: new Uint8Array(32) });
const make =
  (...retired: Pepper[]) =>
  () =>
    createKeyHasher({ current: pepper, retired });
const keys = fc.oneof(
  fc.string({ unit: 'grapheme-ascii', maxLength: KEY_LENGTH_MAX }),
  fc.string({ unit: 'binary', maxLength: KEY_LENGTH_MAX / 2 }),
);

describe('createKeyHasher', () => {
  test('computes HMAC-SHA-256 as createHmac does, for any pepper and any key, one after the other', () => {
    fc.assert(
      fc.property(secrets, fc.array(keys, { minLength: 1, maxLength: 4 }), (secret, presented) => {
        const hasher = createKeyHasher({ current: { id: 'c', secret }, retired: [] });
        for (const key of presented) expect(hexOf(hasher, key, 0)).toBe(reference(secret, key));
      }),
    );
  });

  test('digests a lone surrogate and the longest key as createHmac does', () => {
    const hasher = createKeyHasher({ current: pepper, retired: [] });
    for (const key of ['\ud800', '€'.repeat(KEY_LENGTH_MAX), '']) {
      expect(hexOf(hasher, key, 0)).toBe(reference(pepper.secret, key));
    }
  });

  test('digests under the pepper at the index, the current one first', () => {
    const retired = [1, 2].map((byte) => ({ id: `r${byte}`, secret: new Uint8Array(40).fill(byte) }));
    const hasher = createKeyHasher({ current: pepper, retired });
    expect(hasher.pepperIds).toEqual(['p1', 'r1', 'r2']);
    for (const [index, { secret }] of [pepper, ...retired].entries()) {
      expect(hexOf(hasher, 'ak_x', index)).toBe(reference(secret, 'ak_x'));
    }
    expect(() => hasher.digest('ak_x', 3, new Int32Array(8))).toThrow(RangeError);
  });

  test('refuses a key that is too long without repeating it', () => {
    const hasher = createKeyHasher({ current: pepper, retired: [] });
    const key = 'x'.repeat(KEY_LENGTH_MAX + 1);
    expect(() => hasher.digest(key, 0, new Int32Array(8))).toThrow(/^the key is too long$/);
  });

  test('refuses a short pepper, two of one id, and more than two retired ones', () => {
    expect(make({ id: 'short', secret: new Uint8Array(31) })).toThrow(
      'pepper short is shorter than 32 bytes',
    );
    expect(make(other('p1'))).toThrow('same id');
    expect(make(other('a'), other('b'), other('c'))).toThrow('too many');
    expect(make(other('a'), other('b'))).not.toThrow();
  });
});

describe('the text of a digest', () => {
  test('is the same whether taken from the words or from digestHex', () => {
    const hasher = createKeyHasher({ current: pepper, retired: [] });
    expect(hexOf(hasher, 'ak_y', 0)).toBe(digestHex(pepper, 'ak_y'));
  });

  test('has the lowest byte of each word first', () => {
    expect(hexFromWords(Int32Array.of(0x04_03_02_01, -1))).toBe('01020304ffffffff');
    expect([...wordsFromHex('01020304FFFFFFFF')]).toEqual([0x04_03_02_01, -1]);
  });

  test('survives the way to words and back', () => {
    fc.assert(
      fc.property(fc.array(fc.integer(), { maxLength: 8 }), (words) => {
        expect([...wordsFromHex(hexFromWords(Int32Array.from(words)))]).toEqual(words);
      }),
    );
  });

  test('is refused where it is not whole words in hexadecimal digits', () => {
    for (const text of ['0', '0102030', '0102030g', '01020304 '])
      expect(() => wordsFromHex(text)).toThrow(RangeError);
  });
});

function hexOf(hasher: ReturnType<typeof createKeyHasher>, key: string, pepperIndex: number): string {
  const words = new Int32Array(8);
  hasher.digest(key, pepperIndex, words);
  return hexFromWords(words);
}

function reference(secret: Uint8Array, key: string): string {
  return createHmac('sha256', secret).update(key, 'utf8').digest('hex');
}
