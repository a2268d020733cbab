import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { UnsealFailed, createSealer } from '../../../src/lib/seal.ts';
import type { SealingKey } from '../../../src/lib/seal.ts';

const first: SealingKey = { id: 's1', secret: new Uint8Array(32).fill(1) };
const second: SealingKey = { id: 's2', secret: new Uint8Array(48).fill(2) };
const sealer = createSealer({ current: first, retired: [] });

describe('createSealer', () => {
  test('opens what it sealed, in the same context', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), fc.string(), (plaintext, context) => {
        expect(sealer.unseal(sealer.seal(plaintext, context), context)).toBe(plaintext);
      }),
    );
  });

  test('opens after a rotation what the retired secret sealed, and seals under the new one', () => {
    const rotated = createSealer({ current: second, retired: [first] });
    expect(rotated.unseal(sealer.seal('key', 'c'), 'c')).toBe('key');
    expect(rotated.seal('key', 'c').keyId).toBe('s2');
  });

  test('does not open a text of which any bit has changed', () => {
    const { keyId, sealed } = sealer.seal('a key', 'clary:key_1');
    for (let bit = 0; bit < sealed.length * 8; bit += 1) {
      const changed = Uint8Array.from(sealed);
      changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      expect(() => sealer.unseal({ keyId, sealed: changed }, 'clary:key_1')).toThrow(UnsealFailed);
    }
  });

  test('does not open a text cut short at any length', () => {
    const { keyId, sealed } = sealer.seal('a key', 'c');
    for (let length = 0; length < sealed.length; length += 1) {
      expect(() => sealer.unseal({ keyId, sealed: sealed.subarray(0, length) }, 'c')).toThrow(UnsealFailed);
    }
  });

  test('does not open a text moved to another context or another secret', () => {
    const text = sealer.seal('a key', 'clary:key_1');
    expect(() => sealer.unseal(text, 'clary:key_2')).toThrow(UnsealFailed);
    expect(() => sealer.unseal({ ...text, keyId: 'gone' }, 'clary:key_1')).toThrow(UnsealFailed);
    const namesake = createSealer({ current: { ...second, id: 's1' }, retired: [] });
    expect(() => namesake.unseal(text, 'clary:key_1')).toThrow(UnsealFailed);
  });

  test('seals the same text differently every time and shows nothing of it', () => {
    const texts = Array.from({ length: 1_000 }, () => Buffer.from(sealer.seal('truedy_secret', 'c').sealed));
    expect(new Set(texts.map((sealed) => sealed.toString('hex', 0, 12))).size).toBe(texts.length);
    expect(texts.some((sealed) => sealed.includes('secret'))).toBe(false);
  });

  test('refuses a short secret and two of one id', () => {
    const short = { id: 'short', secret: new Uint8Array(31) };
    expect(() => createSealer({ current: short, retired: [] })).toThrow('sealing key short');
    expect(() => createSealer({ current: first, retired: [first] })).toThrow('same id');
  });
});
