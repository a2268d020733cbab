import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseInstant } from '../../../src/lib/instant.ts';

describe('parseInstant', () => {
  test('reads every time that Date writes, to the year 9999', () => {
    const years = { min: new Date('0000-01-01T00:00:00Z'), max: new Date('9999-12-31T23:59:59.999Z') };
    fc.assert(
      fc.property(fc.date({ ...years, noInvalidDate: true }), (date) => {
        expect(parseInstant(date.toISOString())).toBe(date.getTime());
        expect(parseInstant(`${date.toISOString().slice(0, 19)}Z`)).toBe(
          Math.floor(date.getTime() / 1_000) * 1_000,
        );
      }),
    );
  });

  test.each([
    '',
    '2026-02-30T00:00:00Z',
    '2026-12-01T24:00:00Z',
    '2026-12-01',
    '2026-12-01T00:00:00',
    '2026-12-01T00:00:00+02:00',
    '2026-12-01T00:00:00.0001Z',
    '10000-01-01T00:00:00Z',
  ])('%j is no time', (text) => {
    expect(parseInstant(text)).toBeUndefined();
  });
});
