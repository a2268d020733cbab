import fc from 'fast-check';
import { expect, test } from 'vitest';
import { DAY_MS, monthOf } from '../../../src/domain/time.ts';

test('a month is the calendar’s in UTC, whatever was asked before: to the millisecond, and before 1970 as well', () => {
  const time = fc.oneof(
    fc.tuple(fc.integer({ min: -24, max: 24 }), fc.constantFrom(-1, 0, 1)).map(
      // Around the first moment of a month, of leap years among them.
      ([months, offsetMs]) => Date.UTC(2024, months) + offsetMs,
    ),
    fc.integer({ min: -DAY_MS, max: DAY_MS }),
    fc.double({ min: 0, max: 1e14, noNaN: true }),
  );
  fc.assert(
    fc.property(fc.array(time, { minLength: 1, maxLength: 20 }), (times) => {
      for (const wallMs of times) {
        const date = new Date(wallMs);
        expect(monthOf(wallMs)).toBe(date.getUTCFullYear() * 12 + date.getUTCMonth());
      }
    }),
  );
});
