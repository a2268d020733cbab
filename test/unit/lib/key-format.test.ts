import { randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { checksumHolds, hasIssuedShape, issueKey } from '../../../src/lib/key-format.ts';

const PUBLIC_VECTOR = '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';
const DIGITS = Array.from('0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz');

const issued = fc.constantFrom('truedy_', 'ak_', 'fr_').map((prefix) => ({
  prefix,
  key: issueKey(prefix, randomBytes),
}));

describe('issueKey', () => {
  test('gives every digit to every place about equally often and no key twice, over 10,000 keys', () => {
    const keys = Array.from({ length: 10_000 }, () => issueKey('ak_', randomBytes));
    expect(new Set(keys).size).toBe(keys.length);
    for (let place = 3; place < 33; place += 1) expect(chiSquare(keys, place)).toBeLessThan(CHI_SQUARE_MAX);
  });

  test('makes keys whose checksum holds', () => {
    fc.assert(
      fc.property(issued, ({ prefix, key }) => {
        expect(key).toMatch(new RegExp(`^${prefix}[0-9A-Za-z]{36}$`));
        expect(checksumHolds(prefix, key)).toBe(true);
      }),
    );
  });
});

describe('checksumHolds', () => {
  test('agrees with the public vector of GitHub and npm', () => {
    expect(checksumHolds('npm_', PUBLIC_VECTOR)).toBe(true);
  });

  test('does not hold once a single character is another digit', () => {
    const at = fc.nat({ max: 35 });
    fc.assert(
      fc.property(issued, at, fc.constantFrom(...DIGITS), ({ prefix, key }, place, digit) => {
        const index = prefix.length + place;
        fc.pre(key[index] !== digit);
        expect(checksumHolds(prefix, key.slice(0, index) + digit + key.slice(index + 1))).toBe(false);
      }),
    );
  });

  test('does not hold for a text of another shape', () => {
    const others = [
      '',
      'npm_',
      PUBLIC_VECTOR.slice(4),
      `${PUBLIC_VECTOR}0`,
      PUBLIC_VECTOR.slice(0, -1),
      ` ${PUBLIC_VECTOR}`,
    ];
    expect(others.filter((key) => checksumHolds('npm_', key))).toEqual([]);
    expect(checksumHolds('ak_', PUBLIC_VECTOR)).toBe(false);
  });
});

describe('hasIssuedShape', () => {
  test('is the prefix in its own case and 36 digits, checksum or not', () => {
    expect(hasIssuedShape('npm_', `npm_${'0'.repeat(36)}`)).toBe(true);
    expect(hasIssuedShape('npm_', `NPM_${'0'.repeat(36)}`)).toBe(false);
    expect(hasIssuedShape('npm_', `npm_${'0'.repeat(35)}`)).toBe(false);
    expect(hasIssuedShape('npm_', `npm_${'0'.repeat(37)}`)).toBe(false);
    expect(hasIssuedShape('npm_', `npm_${'0'.repeat(35)}.`)).toBe(false);
  });
});

/** For 61 degrees of freedom a fair source goes beyond this once in 10^9 tries. */
const CHI_SQUARE_MAX = 147;

function chiSquare(keys: readonly string[], place: number): number {
  const counts = new Map<string, number>();
  for (const key of keys) counts.set(key.charAt(place), (counts.get(key.charAt(place)) ?? 0) + 1);
  const expected = keys.length / DIGITS.length;
  return DIGITS.reduce((sum, digit) => sum + ((counts.get(digit) ?? 0) - expected) ** 2 / expected, 0);
}
