import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseLimit } from '../../../src/lib/limit-text.ts';

describe('parseLimit', () => {
  test.each([
    ['10/minute', 10, 60_000, 'minute'],
    ['1000/day', 1_000, 86_400_000, 'day'],
    ['5/second', 5, 1_000, 'second'],
    ['100/hour', 100, 3_600_000, 'hour'],
    ['20/15m', 20, 900_000, '15m'],
    ['3/90s', 3, 90_000, '90s'],
    ['7/36h', 7, 129_600_000, '36h'],
    ['1/2d', 1, 172_800_000, '2d'],
    ['1/5000ms', 1, 5_000, '5s'],
    ['1000000000/31d', 1_000_000_000, 2_678_400_000, '31d'],
  ])('reads %s', (text, count, windowMs, windowName) => {
    expect(parseLimit(text)).toEqual({ count, windowMs, windowName });
  });

  test('names equal windows equally, however they are written', () => {
    const names = ['60s', '1m', 'minute', '60000ms'].map((window) => parseLimit(`1/${window}`)?.windowName);
    expect(names).toEqual(['minute', 'minute', 'minute', 'minute']);
  });

  test('names a window by a text that reads as the same window', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 31 * 86_400 }), (seconds) => {
        const windowName = parseLimit(`1/${seconds}s`)?.windowName ?? '';
        expect(parseLimit(`1/${windowName}`)).toEqual({ count: 1, windowMs: seconds * 1_000, windowName });
      }),
    );
  });

  test.each([
    '',
    '10',
    '10/',
    '/minute',
    '0/minute',
    '-1/minute',
    '+1/minute',
    '1.5/minute',
    '01/minute',
    '1e3/minute',
    '1000000001/day',
    '10/Minute',
    '10/minutes',
    '10/week',
    '10/0s',
    '10/999ms',
    '10/1500ms',
    '10/32d',
    '10 /minute',
    '10/ minute',
    '10/minute\n',
    '10//minute',
    '10/minute/2',
    '١/minute',
  ])('refuses %j', (text) => {
    expect(parseLimit(text)).toBeUndefined();
  });
});
