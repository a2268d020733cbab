import { beforeEach, describe, expect, test } from 'vitest';
import { DependencyDown } from '../../../src/ports.ts';
import { createStoreTimings } from '../../../src/telemetry/store-timings.ts';
import type { StoreTimings } from '../../../src/telemetry/store-timings.ts';

describe('timings of the store', () => {
  let nowMs: number;
  let timings: StoreTimings;
  beforeEach(() => {
    nowMs = 0;
    timings = createStoreTimings(() => nowMs);
  });

  const told = () => timings.drain().map(({ labels, bucketed }) => ({ ...labels, seconds: bucketed.sum }));

  test('what is answered at once is timed at once', () => {
    expect(timings.time('charge', () => ((nowMs += 250), 'done'))).toBe('done');
    expect(told()).toEqual([{ store: 'sqlite', operation: 'charge', outcome: 'ok', seconds: 0.25 }]);
    expect(told()).toEqual([]);
  });

  test('a promise is timed to its end, and passed on as it is', async () => {
    const { promise, resolve } = Promise.withResolvers<string>();
    const timed = timings.time('read', () => promise);
    expect(timed).toBe(promise);
    nowMs += 2_000;
    expect(told()).toEqual([]);
    resolve('done');
    await timed;
    expect(told()).toEqual([{ store: 'sqlite', operation: 'read', outcome: 'ok', seconds: 2 }]);
  });

  test.each([
    ['outage', new DependencyDown('credits', 'the disk is full')],
    ['bug', new TypeError('x is not a function')],
  ])('a failure is timed as %s and passed on, whichever way it comes', async (outcome, error) => {
    expect(() =>
      timings.time('charge', () => {
        throw error;
      }),
    ).toThrow(error);
    await expect(timings.time('read', () => Promise.reject(error))).rejects.toBe(error);
    expect(told()).toMatchObject([
      { operation: 'charge', outcome },
      { operation: 'read', outcome },
    ]);
  });
});
