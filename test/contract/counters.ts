import { beforeEach, describe, expect, test } from 'vitest';
import type { Limit, LimitCharge, LimitScope, Subject } from '../../src/domain/limit.ts';
import type { Now } from '../../src/domain/time.ts';
import type { CounterStore, Eventually, Taken } from '../../src/ports.ts';

/** An implementation, empty, and the clock that it goes by. */
export interface CountersUnderTest {
  readonly store: CounterStore;
  now(): Now;
  /** Lets this much time pass for the store. */
  advance(ms: number): Eventually<void>;
}

/** What every implementation of CounterStore promises. */
export function describeCounterStore(name: string, create: () => Eventually<CountersUnderTest>): void {
  describe(`CounterStore: ${name}`, () => {
    let counters: CountersUnderTest;
    beforeEach(async () => {
      counters = await create();
    });

    const take = async (...charges: LimitCharge[]): Promise<Taken> =>
      counters.store.take(charges, counters.now());
    const peek = async (...charges: LimitCharge[]) => counters.store.peek(charges, counters.now());
    const giveBack = async (taken: Taken, ...charges: LimitCharge[]) =>
      counters.store.giveBack(charges, taken, counters.now());
    async function takeTimes(times: number, ...charges: LimitCharge[]): Promise<number> {
      let granted = 0;
      for (let time = 0; time < times; time += 1) granted += (await take(...charges)).granted ? 1 : 0;
      return granted;
    }

    for (const count of [1, 2, 10, 64, 65, 100, 1000]) {
      test(`grants exactly ${count} of a burst under a limit of ${count}`, async () => {
        const charge = of(limitOf(count, 60_000));
        const asked = Array.from({ length: count * 3 }, async () => take(charge));
        const granted = (await Promise.all(asked)).filter((taken) => taken.granted);
        expect(granted.length).toBe(count);
      });
    }

    test('holds the limit across the end of any fixed window', async () => {
      const charge = of(limitOf(10, 60_000));
      await counters.advance(59_980);
      expect(await takeTimes(20, charge)).toBe(10);
      await counters.advance(40);
      expect(await takeTimes(20, charge)).toBe(0);
    });

    test('counts a use for exactly one window: not at its end, but up to it', async () => {
      const charge = of(limitOf(1, 1_000));
      await take(charge);
      await counters.advance(999);
      expect((await take(charge)).granted).toBe(false);
      await counters.advance(1);
      expect((await take(charge)).granted).toBe(true);
    });

    test('tells after a take how the limit stands', async () => {
      const limit = limitOf(2, 1_000);
      expect((await take(of(limit))).states).toEqual([{ limit, remaining: 1, resetMs: 1_000, waitMs: 0 }]);
      await counters.advance(300);
      expect((await take(of(limit))).states).toEqual([{ limit, remaining: 0, resetMs: 700, waitMs: 700 }]);
      await counters.advance(100);
      expect((await take(of(limit))).states).toEqual([{ limit, remaining: 0, resetMs: 600, waitMs: 600 }]);
    });

    test('a request that waits as long as it was told passes, and not earlier', async () => {
      const charge = of(limitOf(2, 1_000));
      await take(charge);
      await counters.advance(400);
      await take(charge);
      const [state] = (await take(charge)).states;
      await counters.advance((state?.waitMs ?? 0) - 1);
      expect((await take(charge)).granted).toBe(false);
      await counters.advance(1);
      expect((await take(charge)).granted).toBe(true);
    });

    test('takes nothing when one of several charges does not fit', async () => {
      const minute = of(limitOf(1, 60_000));
      const day = of(limitOf(5, 86_400_000));
      await take(minute, day);
      expect((await take(minute, day)).granted).toBe(false);
      expect((await peek(day))[0]?.remaining).toBe(4);
    });

    test('takes nothing when only the last of several charges does not fit', async () => {
      const minute = of(limitOf(5, 60_000));
      const day = of(limitOf(1, 86_400_000));
      await take(minute, day);
      expect((await take(minute, day)).granted).toBe(false);
      expect((await peek(minute))[0]?.remaining).toBe(4);
    });

    test('two charges that name the same counter take two uses of it or none', async () => {
      const charge = of(limitOf(3, 1_000));
      expect((await take(charge, charge)).granted).toBe(true);
      expect((await take(charge, charge)).granted).toBe(false);
      expect((await peek(charge))[0]?.remaining).toBe(1);
      expect((await take(charge)).granted).toBe(true);
    });

    test('tells no end of waiting for what could never pass', async () => {
      const charge = of(limitOf(1, 1_000));
      const { granted, states } = await take(charge, charge);
      expect(granted).toBe(false);
      expect(states.map((state) => state.waitMs)).toEqual([Infinity, Infinity]);
      expect((await peek(charge))[0]?.remaining).toBe(1);
    });

    test('answers for each charge in the order of the charges', async () => {
      const charges = [of(limitOf(5, 1_000)), of(limitOf(7, 2_000)), of(limitOf(9, 1_000, 'account'))];
      const { states } = await take(...charges);
      expect(states.map(({ limit, remaining }) => [limit, remaining])).toEqual(
        charges.map(({ limit }) => [limit, limit.count - 1]),
      );
    });

    test('a check without charges is granted', async () => {
      expect(await take()).toMatchObject({ granted: true, states: [] });
    });

    test('counts every subject, scope and window for itself', async () => {
      const limit = limitOf(1, 1_000);
      await take(of(limit));
      const others = [
        of(limit, { ...SUBJECT, word0: 0 }),
        of(limit, { ...SUBJECT, word1: 0 }),
        of(limit, { ...SUBJECT, word2: 0 }),
        of(limitOf(1, 1_000, 'account')),
        of(limitOf(1, 1_000, 'session')),
        of(limitOf(1, 1_001)),
      ];
      for (const other of others) expect((await take(other)).granted).toBe(true);
      expect((await take(of(limit))).granted).toBe(false);
    });

    test('a changed count keeps what was counted', async () => {
      await takeTimes(5, of(limitOf(10, 1_000)));
      expect((await peek(of(limitOf(6, 1_000))))[0]?.remaining).toBe(1);
      expect((await take(of(limitOf(3, 1_000)))).states[0]).toMatchObject({ remaining: 0, waitMs: 1_000 });
      expect((await peek(of(limitOf(100, 1_000))))[0]?.remaining).toBe(95);
    });

    test('peek changes nothing', async () => {
      const charge = of(limitOf(2, 1_000));
      await take(charge);
      for (let time = 0; time < 5; time += 1) {
        expect(await peek(charge)).toEqual([
          { limit: charge.limit, remaining: 1, resetMs: 1_000, waitMs: 0 },
        ]);
      }
    });

    test('peek at what was never used shows the whole limit', async () => {
      const { limit, subject } = of(limitOf(7, 1_000));
      expect(await peek({ limit, subject })).toEqual([{ limit, remaining: 7, resetMs: 0, waitMs: 0 }]);
    });

    test('giveBack undoes its take and leaves the others', async () => {
      const charges = [of(limitOf(3, 1_000)), of(limitOf(100, 5_000))];
      await take(...charges);
      await counters.advance(10);
      const second = await take(...charges);
      await counters.advance(10);
      await take(...charges);
      await giveBack(second, ...charges);
      expect((await peek(...charges)).map((state) => state.remaining)).toEqual([1, 98]);
      await counters.advance(980);
      expect((await peek(...charges)).map((state) => state.remaining)).toEqual([2, 98]);
    });

    test('giveBack of a take that was refused or has ended changes nothing', async () => {
      const charge = of(limitOf(1, 1_000));
      const first = await take(charge);
      const refused = await take(charge);
      await giveBack(refused, charge);
      expect((await take(charge)).granted).toBe(false);
      await counters.advance(1_000);
      await take(charge);
      await giveBack(first, charge);
      expect((await take(charge)).granted).toBe(false);
    });

    test('above 64 a use ends less than W/63 late and never early', async () => {
      const charge = of(limitOf(100, 63_000));
      expect(await takeTimes(100, charge)).toBe(100);
      await counters.advance(62_999);
      expect((await take(charge)).granted).toBe(false);
      await counters.advance(1_000);
      expect(await takeTimes(101, charge)).toBe(100);
    });
  });
}

const SUBJECT: Subject = { word0: 0x1234_5678, word1: -1, word2: 0x0bad_cafe };

function limitOf(count: number, windowMs: number, scope: LimitScope = 'key'): Limit {
  return { scope, count, windowMs, name: `${scope}-${windowMs}` };
}

function of(limit: Limit, subject: Subject = SUBJECT): LimitCharge {
  return { limit, subject };
}
