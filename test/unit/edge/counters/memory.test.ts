import { describe, expect, test } from 'vitest';
import type { Limit, LimitCharge } from '../../../../src/domain/limit.ts';
import { CHARGES_MAX } from '../../../../src/edge/counters/check-plan.ts';
import { createMemoryCounters } from '../../../../src/edge/counters/memory.ts';
import { DependencyDown } from '../../../../src/ports.ts';
import { limitOf } from './operations.ts';

describe('a full table', () => {
  const limit = limitOf(2, 1_000);

  test('is an outage of the limits for a new counter, and goes on counting what it has', () => {
    const counters = createMemoryCounters({ slotsMax: 3 });
    for (const number of [1, 2, 3]) counters.take([of(limit, number)], at(0));
    expect(() => counters.take([of(limit, 4)], at(999))).toThrow(DependencyDown);
    expect(counters.take([of(limit, 1)], at(999)).granted).toBe(true);
    expect(counters.take([of(limit, 1)], at(999)).granted).toBe(false);
    expect(counters.peek([of(limit, 4)], at(999))[0]?.remaining).toBe(2);
  });

  test('takes nothing of a check that needs one counter more than there is room for', () => {
    const counters = createMemoryCounters({ slotsMax: 3 });
    counters.take([of(limit, 1), of(limit, 2)], at(0));
    expect(() => counters.take([of(limit, 1), of(limit, 3), of(limit, 4)], at(1))).toThrow(DependencyDown);
    expect(counters.peek([of(limit, 1), of(limit, 3)], at(1)).map((state) => state.remaining)).toEqual([
      1, 2,
    ]);
    expect(counters.usage().counters).toBe(2);
  });

  test('says so as `limits` and names nobody', () => {
    const counters = createMemoryCounters({ slotsMax: 1 });
    counters.take([of(limit, 1)], at(0));
    expect(() => counters.take([of(limit, 77)], at(0))).toThrow(
      expect.objectContaining({ dependency: 'limits', message: expect.not.stringContaining('77') }),
    );
  });

  test('has room again once a window has passed, also where a check found its own ended counter', () => {
    const counters = createMemoryCounters({ slotsMax: 3 });
    for (const number of [1, 2, 3]) counters.take([of(limit, number)], at(0));
    const mixed = [of(limit, 1), of(limit, 4), of(limit, 5)];
    expect(counters.take(mixed, at(1_000)).states.map((state) => state.remaining)).toEqual([1, 1, 1]);
    expect(counters.peek(mixed, at(1_000)).map((state) => state.remaining)).toEqual([1, 1, 1]);
  });

  test('needs no room for a check that is refused', () => {
    const counters = createMemoryCounters({ slotsMax: 1 });
    const one = limitOf(1, 1_000);
    counters.take([of(one, 1)], at(0));
    expect(counters.take([of(one, 1), of(limit, 2)], at(0)).granted).toBe(false);
  });
});

describe('memory', () => {
  test('stays bounded while a million subjects come once and go', () => {
    const counters = createMemoryCounters();
    const limit = limitOf(10, 3_000);
    let most = 0;
    for (let number = 0; number < 1_000_000; number += 1) {
      if (!counters.take([of(limit, number)], at(number / 10)).granted)
        throw new Error('a first use was refused');
      if (number % 10_000 === 0) most = Math.max(most, counters.usage().counters);
    }
    // Ten subjects a millisecond: 30,000 counters count at a time.
    expect(most).toBeGreaterThanOrEqual(30_000);
    expect(most).toBeLessThan(30_000 * 1.4);
    expect(counters.usage().bytes).toBeLessThan(8 * 2 ** 20);
  });

  test('is used again: subject after subject with rings of every size needs no more than the first few', () => {
    const counters = createMemoryCounters();
    const limit = limitOf(64, 1_000);
    const bytes: number[] = [];
    for (let number = 0; number < 3_000; number += 1) {
      for (let use = 0; use < 64; use += 1) counters.take([of(limit, number)], at(number * 100 + use));
      bytes.push(counters.usage().bytes);
    }
    expect(bytes.at(-1)).toBe(bytes[100]);
    expect(counters.usage().counters).toBeLessThan(50);
  });

  test('of counters that went idle is freed while others are asked', () => {
    const counters = createMemoryCounters();
    const limit = limitOf(5, 1_000);
    for (let number = 0; number < 1_000; number += 1) counters.take([of(limit, number)], at(0));
    for (let time = 0; time < 5_000; time += 1) counters.take([of(limit, 0)], at(1_000 + time));
    expect(counters.usage().counters).toBe(1);
  });
});

describe('changing the count of a limit', () => {
  test('from 64 or less to more keeps every use, although more entries than a ring holds would be needed', () => {
    const counters = createMemoryCounters();
    for (let use = 0; use < 64; use += 1) counters.take([of(limitOf(64, 63_000))], at(use));
    const wide = of(limitOf(200, 63_000));
    for (let use = 0; use < 63; use += 1) counters.take([wide], at(1_000 + use * 980));
    expect(counters.peek([wide], at(62_999))[0]?.remaining).toBe(200 - 64 - 63);
    for (let use = 0; use < 200; use += 1) counters.take([wide], at(62_999));
    expect(counters.peek([wide], at(62_999))[0]).toMatchObject({ remaining: 0, resetMs: 64 });
  });

  test('from more to 64 or less never lets more through than the new count', () => {
    const counters = createMemoryCounters();
    for (let use = 0; use < 150; use += 1) counters.take([of(limitOf(200, 6_300))], at(use * 10));
    const narrow = of(limitOf(10, 6_300));
    const granted: number[] = [];
    for (let ms = 1_500; ms < 15_000; ms += 7) if (counters.take([narrow], at(ms)).granted) granted.push(ms);
    const [first = 0] = granted;
    // 141 of the 150 must have ended; the last of those was counted at 1,400 and its run at 1,490 or before.
    expect(first).toBeGreaterThanOrEqual(1_400 + 6_300);
    expect(first).toBeLessThan(1_500 + 6_300);
    for (const ms of granted) {
      expect(granted.filter((other) => other <= ms && ms - other < 6_300).length).toBeLessThanOrEqual(10);
    }
  });
});

describe('time', () => {
  const charge = of(limitOf(1, 1_000));

  test('that jumps on the wall opens and closes nothing', () => {
    const counters = createMemoryCounters();
    counters.take([charge], { wallMs: 0, monotonicMs: 0 });
    expect(counters.take([charge], { wallMs: 1e13, monotonicMs: 999 }).granted).toBe(false);
    expect(counters.take([charge], { wallMs: -1e13, monotonicMs: 1_000 }).granted).toBe(true);
  });

  test('that went back on the monotonic clock stands still', () => {
    const counters = createMemoryCounters();
    expect(counters.take([charge], at(5_000)).takenAtMs).toBe(5_000);
    expect(counters.take([charge], at(10))).toMatchObject({ granted: false, takenAtMs: 5_000 });
    expect(counters.take([charge], at(5_999)).granted).toBe(false);
    expect(counters.take([charge], at(6_000)).granted).toBe(true);
  });

  test('that peek has seen counts for the next take', () => {
    const counters = createMemoryCounters();
    counters.take([charge], at(0));
    counters.peek([charge], at(1_000));
    expect(counters.take([charge], at(10))).toMatchObject({ granted: true, takenAtMs: 1_000 });
  });

  test('of fractions is not rounded', () => {
    const counters = createMemoryCounters();
    counters.take([charge], at(0.75));
    expect(counters.take([charge], at(1_000.5)).states[0]?.waitMs).toBe(0.25);
    expect(counters.take([charge], at(1_000.75)).granted).toBe(true);
  });
});

describe('giveBack', () => {
  test('of a use in a run may leave the rest of the run as it was, and not a use of a later run', () => {
    const counters = createMemoryCounters();
    const charge = of(limitOf(100, 63_000));
    const first = counters.take([charge], at(0));
    counters.take([charge], at(999));
    counters.take([charge], at(1_000));
    counters.giveBack([charge], first, at(1_500));
    expect(counters.peek([charge], at(1_500))[0]).toMatchObject({ remaining: 98, resetMs: 62_499 });
  });

  test('of a use that was given back before takes none of another run', () => {
    const counters = createMemoryCounters();
    const charge = of(limitOf(100, 63_000));
    const first = counters.take([charge], at(0));
    counters.take([charge], at(1_000));
    counters.giveBack([charge], first, at(1_000));
    counters.giveBack([charge], first, at(1_000));
    expect(counters.peek([charge], at(1_000))[0]?.remaining).toBe(99);
  });

  test('after the window has passed leaves a neighbour alone that a run would have held', () => {
    const counters = createMemoryCounters();
    const charge = of(limitOf(2, 63_000));
    const first = counters.take([charge], at(0));
    counters.take([charge], at(500));
    counters.peek([charge], at(63_100));
    counters.giveBack([charge], first, at(63_100));
    expect(counters.peek([charge], at(63_100))[0]?.remaining).toBe(1);
  });
});

test('a window that rounding spreads over 65 runs keeps every use', () => {
  const counters = createMemoryCounters();
  const charge = of(limitOf(200, 1_000));
  // The last instant of one bucket, and the first of the 64th after it that is less than a window later.
  const [firstMs, lastMs] = [63.49206349206349, 1_063.4920634920634];
  expect(lastMs - firstMs).toBeLessThan(1_000);
  counters.take([charge], at(firstMs));
  for (let bucket = 4; bucket <= 66; bucket += 1) counters.take([charge], at(((bucket + 0.5) * 1_000) / 63));
  expect(counters.take([charge], at(lastMs)).states[0]?.remaining).toBe(200 - 65);
  // The oldest has been joined to the next, half a bucket later, and ends with it.
  expect(counters.peek([charge], at(lastMs + 7))[0]?.remaining).toBe(200 - 65);
  expect(counters.peek([charge], at(lastMs + 8))[0]?.remaining).toBe(200 - 63);
});

test('a subject is the same whether its words are signed or not', () => {
  const counters = createMemoryCounters();
  const limit = limitOf(3, 1_000);
  const signed = { limit, subject: { word0: -1, word1: -2, word2: -3 } };
  const unsigned = { limit, subject: { word0: 0xffff_ffff, word1: 0xffff_fffe, word2: 0xffff_fffd } };
  expect(counters.take([signed, unsigned], at(0)).granted).toBe(true);
  expect(counters.take([signed, unsigned], at(0)).granted).toBe(false);
  expect(counters.usage().counters).toBe(1);
});

test('a check with more charges than the bound is a bug, not an answer', () => {
  const charges = Array.from({ length: CHARGES_MAX + 1 }, (_, number) => of(limitOf(1, 1_000), number));
  const counters = createMemoryCounters();
  expect(() => counters.take(charges, at(0))).toThrow(RangeError);
  expect(counters.take(charges.slice(1), at(0)).granted).toBe(true);
});

test('slotsMax is a whole number from 1 on', () => {
  for (const slotsMax of [0, -1, 1.5, Number.NaN, 2 ** 27]) {
    expect(() => createMemoryCounters({ slotsMax })).toThrow(RangeError);
  }
});

function of(limit: Limit, number = 1): LimitCharge {
  return { limit, subject: { word0: number, word1: number >> 3, word2: 0 } };
}

function at(monotonicMs: number) {
  return { wallMs: 0, monotonicMs };
}
