import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { findTightest } from '../../../../src/domain/limit.ts';
import { findRetryAfterSeconds, renderLimitHeaders } from '../../../../src/edge/render/limit-headers.ts';
import { stateOf } from './world.ts';

const BOTH = { xRateLimit: true, ietf: true };
const minute = stateOf({ remaining: 9, resetMs: 59_999.5 });
const day = stateOf({
  name: 'account-day',
  scope: 'account',
  count: 1000,
  windowMs: 86_400_000,
  remaining: 3,
  resetMs: 86_400_000,
});

const namesOf = (families: typeof BOTH) => renderLimitHeaders([minute], families).map(([name]) => name);

describe('limit headers', () => {
  test('show the tightest limit and list every one, in their order', () => {
    expect(renderLimitHeaders([minute, day], BOTH)).toEqual([
      ['x-ratelimit-limit', '1000'],
      ['x-ratelimit-remaining', '3'],
      ['x-ratelimit-reset', '86400'],
      ['ratelimit-policy', '"key-minute";q=10;w=60, "account-day";q=1000;w=86400'],
      ['ratelimit', '"key-minute";r=9;t=60, "account-day";r=3;t=86400'],
    ]);
  });

  test('are of the families that the API sends', () => {
    expect(namesOf({ xRateLimit: true, ietf: false })).toEqual([
      'x-ratelimit-limit',
      'x-ratelimit-remaining',
      'x-ratelimit-reset',
    ]);
    expect(namesOf({ xRateLimit: false, ietf: true })).toEqual(['ratelimit-policy', 'ratelimit']);
    expect(namesOf({ xRateLimit: false, ietf: false })).toEqual([]);
  });

  test('are none where there is no limit', () => {
    expect(renderLimitHeaders([], BOTH)).toEqual([]);
  });
});

describe('the tightest limit', () => {
  test('is the refusing one that waits longest, whatever remains elsewhere', () => {
    const short = stateOf({ waitMs: 10, remaining: 0 });
    const long = stateOf({ waitMs: 20, remaining: 0, name: 'key-day' });
    expect(findTightest([stateOf({ remaining: 0 }), short, long])).toBe(long);
  });

  test('is else the one with the least remaining, of equals the one that takes longer to give more', () => {
    const slow = stateOf({ remaining: 1, resetMs: 9_000 });
    const quick = stateOf({ remaining: 1, resetMs: 1_000 });
    expect(findTightest([stateOf({ remaining: 2, resetMs: 99_000 }), quick, slow])).toBe(slow);
  });

  test('is one of the limits asked for', () => {
    const states = fc.array(
      fc
        .record({ remaining: fc.nat(5), waitMs: fc.nat(5), resetMs: fc.nat(5) })
        .map((given) => stateOf(given)),
      { minLength: 1, maxLength: 5 },
    );
    fc.assert(
      fc.property(states, (given) => {
        const tightest = findTightest(given);
        expect(given).toContain(tightest);
        expect(Math.max(...given.map(({ waitMs }) => waitMs))).toBe(tightest?.waitMs);
      }),
    );
  });
});

test('who waits as long as told has waited as long as every limit asks, and no more than a second longer', () => {
  const waits = fc.array(fc.double({ min: 0, max: 1e9, noNaN: true }), { maxLength: 4 });
  fc.assert(
    fc.property(waits, (given) => {
      const seconds = findRetryAfterSeconds(given.map((waitMs) => stateOf({ waitMs })));
      const longestMs = Math.max(0, ...given);
      if (longestMs === 0) expect(seconds).toBeUndefined();
      else {
        expect((seconds ?? 0) * 1000).toBeGreaterThanOrEqual(longestMs);
        expect((seconds ?? Infinity) * 1000 - longestMs).toBeLessThanOrEqual(1000);
      }
    }),
  );
});
