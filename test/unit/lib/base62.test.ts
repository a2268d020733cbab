import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { fromBase62, isBase62From, randomBase62, toBase62 } from '../../../src/lib/base62.ts';

describe('toBase62 and fromBase62', () => {
  test('count 0 to 9, A to Z, a to z', () => {
    expect([0, 9, 10, 35, 36, 61, 62].map((value) => toBase62(value, 1))).toEqual([
      '0',
      '9',
      'A',
      'Z',
      'a',
      'z',
      '10',
    ]);
  });

  test('are inverse to each other for every 32-bit value, padded or not', () => {
    fc.assert(
      fc.property(fc.nat({ max: 0xff_ff_ff_ff }), fc.nat({ max: 8 }), (value, width) => {
        const text = toBase62(value, width);
        expect(text.length).toBeGreaterThanOrEqual(width);
        expect(fromBase62(text, 0, text.length)).toBe(value);
      }),
    );
  });

  test('a character that is no digit makes the number unreadable, wherever it stands', () => {
    const texts = ['_00000', '00000-', '000é00', '000\u{430}00', '00 000'];
    expect(texts.map((text) => fromBase62(text, 0, 6))).toEqual([-1, -1, -1, -1, -1]);
    expect(texts.map((text) => isBase62From(text, 0))).toEqual([false, false, false, false, false]);
  });
});

describe('randomBase62', () => {
  test('maps each of the 248 bytes it uses to a digit, four bytes to every digit, and skips the others', () => {
    const all = Uint8Array.from({ length: 256 }, (_, byte) => byte);
    const text = randomBase62(248, () => all);
    const counts = new Map<string, number>();
    for (const digit of text) counts.set(digit, (counts.get(digit) ?? 0) + 1);
    expect(counts.size).toBe(62);
    expect([...counts.values()].every((count) => count === 4)).toBe(true);
  });

  test('asks again for the bytes it had to skip', () => {
    const rounds = [Uint8Array.of(255, 0), Uint8Array.of(250), Uint8Array.of(61)];
    const asked: number[] = [];
    const text = randomBase62(2, (n) => {
      asked.push(n);
      return rounds.shift() ?? new Uint8Array(0);
    });
    expect({ text, asked }).toEqual({ text: '0z', asked: [2, 1, 1] });
  });

  test('gives up on a source that yields nothing usable', () => {
    expect(() => randomBase62(30, (n) => new Uint8Array(n).fill(255))).toThrow('no usable bytes');
  });
});
