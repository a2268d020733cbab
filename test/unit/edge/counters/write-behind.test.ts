import { beforeEach, describe, expect, test } from 'vitest';
import { DAY_MS, MINUTE_MS } from '../../../../src/domain/time.ts';
import { WINDOW_BATCH_MAX, WindowWriter, readWindows } from '../../../../src/domain/window-batch.ts';
import type { WindowBatch } from '../../../../src/domain/window-batch.ts';
import type { LimitCharge } from '../../../../src/domain/limit.ts';
import { WALL_SLACK_MS } from '../../../../src/edge/counters/counter-time.ts';
import { createMemoryCounters } from '../../../../src/edge/counters/memory.ts';
import type { MemoryCounters } from '../../../../src/edge/counters/memory.ts';
import { DependencyDown } from '../../../../src/ports.ts';
import { createWriteBehind } from '../../../../src/edge/counters/write-behind.ts';
import type { WriteBehind } from '../../../../src/edge/counters/write-behind.ts';
import { createTestClock } from '../../../world.ts';
import type { TestClock } from '../../../world.ts';
import { createMemoryKeeper } from './keeper.ts';
import type { MemoryKeeper } from './keeper.ts';
import { limitOf } from './operations.ts';

const DAY = limitOf(5, DAY_MS);
const MINUTE = limitOf(5, MINUTE_MS);

describe('writing behind', () => {
  let clock: TestClock;
  let counters: MemoryCounters;
  let keeper: MemoryKeeper;
  let behind: WriteBehind;

  beforeEach(() => {
    clock = createTestClock(1_700_000_000_000);
    counters = createMemoryCounters({ slotsMax: 10_000 });
    keeper = createMemoryKeeper();
    behind = createWriteBehind({ counters, hub: keeper, clock });
  });

  function take(number: number, limit = DAY): void {
    if (!counters.take([of(number, limit)], clock.now()).granted) throw new Error('not granted');
  }

  const sent = (from = 0): number[] => keeper.batches.slice(from).flatMap(subjectsOf);

  test('sends each window that changed, longer than a minute, once and in batches', async () => {
    const numbers = Array.from({ length: 2 * WINDOW_BATCH_MAX + 7 }, (_, number) => number);
    for (const number of numbers) take(number);
    take(9_000, MINUTE);
    take(0);
    await behind.keepChanged();
    expect(sent().toSorted((a, b) => a - b)).toEqual(numbers);
    expect(keeper.batches.map(({ numbers: { length } }) => length)).toEqual([
      WINDOW_BATCH_MAX,
      WINDOW_BATCH_MAX,
      7,
    ]);
    expect(counters.usage().unkept).toBe(0);
    await behind.keepChanged();
    expect(keeper.batches).toHaveLength(3);
    take(5);
    await behind.keepChanged();
    expect(sent(3)).toEqual([5]);
  });

  test('sends what a window is, not what became of it: whatever was lost before is made up for', async () => {
    take(1);
    clock.advance(10);
    take(1);
    await behind.keepChanged();
    take(1);
    await behind.keepChanged();
    const [record] = readWindows(keeper.batches[1] ?? expect.fail());
    expect([...(record?.entries ?? [])]).toEqual([1_234.5, 1, 1_244.5, 2]);
  });

  test.each([
    [Number.NaN, 1],
    [Number.NEGATIVE_INFINITY, 1],
    [1, Number.NaN],
    [1, -4],
    [1, 0],
    [1, 2 ** 32],
    [1, Number.POSITIVE_INFINITY],
  ])('counts nothing of what no counter can have kept: %d, %d', async (lastMs, uses) => {
    const writer = new WindowWriter();
    writer.begin({ subject: of(1).subject, scope: DAY.scope, windowMs: DAY.windowMs });
    writer.add(lastMs, uses);
    writer.add(2, 2);
    await keeper.keep(writer.take({ counterMs: 3, wallMs: clock.now().wallMs }));
    await behind.load();
    const [state] = counters.peek([of(1)], clock.now());
    expect(state?.remaining).toBe(DAY.count - 2);
    clock.advance(DAY_MS);
    for (let time = 0; time < DAY.count; time += 1) take(1);
  });

  test('leaves out what has ended, and tells of a window of which nothing is left that it is empty', async () => {
    take(1);
    clock.advance(DAY_MS / 2);
    const taken = counters.take([of(2)], clock.now());
    take(1);
    await behind.keepChanged();
    expect(keeper.size).toBe(2);
    counters.giveBack([of(2)], taken, clock.now());
    clock.advance(DAY_MS / 2);
    take(1);
    await behind.keepChanged();
    expect(keeper.size).toBe(1);
    const [last] = keeper.batches.slice(-1);
    const records = [...readWindows(last ?? expect.fail())].map(({ entries }) => entries.length);
    expect(records.toSorted()).toEqual([0, 4]);
  });

  test('a use that was given back is forgotten, also where other counters came before the next round', async () => {
    const taken = counters.take([of(1)], clock.now());
    await behind.keepChanged();
    counters.giveBack([of(1)], taken, clock.now());
    // Each new counter looks at old ones and frees those that are idle.
    for (let number = 100; number < 120; number += 1) take(number);
    await behind.keepChanged();
    expect(sent(1)).toContain(1);
    expect(keeper.size).toBe(20);
  });

  test('what is not kept takes no room from what counts: a full table frees idle counters, kept or not', () => {
    const small = createMemoryCounters({ slotsMax: 3 });
    for (const number of [1, 2, 3]) {
      const taken = small.take([of(number)], clock.now());
      small.giveBack([of(number)], taken, clock.now());
    }
    expect(small.usage()).toMatchObject({ counters: 3, unkept: 3 });
    expect(small.take([of(4)], clock.now()).granted).toBe(true);
    expect(small.usage()).toMatchObject({ counters: 1, unkept: 1 });
  });

  test('after an outage the next round sends what was not kept, each window once and as it is by then', async () => {
    const count = WINDOW_BATCH_MAX + 50;
    for (let number = 0; number < count; number += 1) take(number);
    keeper.down = true;
    await behind.keepChanged();
    expect(counters.usage().unkept).toBe(count);
    take(3);
    keeper.down = false;
    await behind.keepChanged();
    expect(new Set(sent()).size).toBe(count);
    expect(sent()).toHaveLength(count);
    expect(counters.usage().unkept).toBe(0);
  });

  test('an outage forgets no window whose counter was freed meanwhile, and marks none that took its place', async () => {
    take(1);
    const packed = counters.pack('changed', 0, clock.now());
    clock.advance(DAY_MS);
    // Each new counter looks at old ones and frees them.
    for (let number = 100; number < 120; number += 1) take(number, MINUTE);
    counters.putBack(packed);
    expect(counters.usage().unkept).toBe(0);
  });

  test('a round has one batch on its way, and no second round begins beside it', async () => {
    for (let number = 0; number < 2 * WINDOW_BATCH_MAX + 50; number += 1) take(number);
    const { hub, waiting } = createSlowHub();
    behind = createWriteBehind({ counters, hub, clock });
    const first = behind.keepChanged();
    await behind.keepChanged();
    expect(waiting).toHaveLength(1);
    for (let answered = 0; answered < 3; answered += 1) {
      waiting[answered]?.();
      await new Promise(setImmediate);
      expect(waiting).toHaveLength(Math.min(3, answered + 2));
    }
    await first;
  });

  test('what changes while its batch is on its way is sent again', async () => {
    take(1);
    const { hub, waiting } = createSlowHub();
    behind = createWriteBehind({ counters, hub, clock });
    const round = behind.keepChanged();
    take(1);
    waiting[0]?.();
    await round;
    expect(counters.usage().unkept).toBe(1);
  });

  test('a bug of the hub is passed on, and the windows wait for the next round', async () => {
    take(1);
    const hub = { keep: () => Promise.reject(new TypeError('a bug')), loadKept: keeper.loadKept };
    await expect(createWriteBehind({ counters, hub, clock }).keepChanged()).rejects.toThrow('a bug');
    await behind.keepChanged();
    expect(sent()).toEqual([1]);
  });

  describe('a jump of the wall clock', () => {
    test('is told although no window has changed, once', async () => {
      take(1);
      await behind.keepChanged();
      clock.jump(WALL_SLACK_MS + 1);
      await behind.keepChanged();
      await behind.keepChanged();
      expect(keeper.batches.map(({ numbers }) => numbers.length)).toEqual([1, 0]);
      expect(keeper.batches[1]?.clock).toEqual({ counterMs: 1_234.5, wallMs: clock.now().wallMs });
    });

    test('is nobody’s business before anything was kept', async () => {
      clock.jump(1_000_000);
      await behind.keepChanged();
      expect(keeper.batches).toEqual([]);
    });
  });

  describe('the end', () => {
    test('keeps windows of a minute as well, and changed ones, but none that is idle or kept', async () => {
      take(1);
      await behind.keepChanged();
      take(2);
      take(3, MINUTE);
      take(4, limitOf(5, 1_000));
      clock.advance(1_000);
      expect(await behind.keepAll(1)).toBe(true);
      expect(sent(1).toSorted()).toEqual([2, 3]);
    });

    test('waits for the batch on its way, and lets the round under way send no other', async () => {
      for (let number = 0; number < WINDOW_BATCH_MAX + 50; number += 1) take(number);
      const { hub, waiting, sizes } = createSlowHub();
      behind = createWriteBehind({ counters, hub, clock });
      const round = behind.keepChanged();
      const end = behind.keepAll(1);
      expect(waiting).toHaveLength(1);
      waiting[0]?.();
      await round;
      await new Promise(setImmediate);
      expect(sizes).toEqual([WINDOW_BATCH_MAX, 50]);
      waiting[1]?.();
      expect(await end).toBe(true);
      await behind.keepChanged();
      expect(sizes).toHaveLength(2);
    });

    test('is not everything where the hub is down', async () => {
      take(1);
      keeper.down = true;
      expect(await behind.keepAll(1_000)).toBe(false);
      expect(counters.usage().unkept).toBe(1);
    });

    test('is everything, those of a minute too, where an outage of the hub passes', async () => {
      take(1);
      take(2, MINUTE);
      let outages = 2;
      const keep = async (batch: WindowBatch): Promise<void> => {
        outages -= 1;
        if (outages >= 0) throw new DependencyDown('limits', 'locked for a while');
        await keeper.keep(batch);
      };
      const { loadKept } = keeper;
      expect(await createWriteBehind({ counters, hub: { keep, loadKept }, clock }).keepAll(1_000)).toBe(true);
      expect(sent().toSorted()).toEqual([1, 2]);
    });

    test('does not last longer than it may', async () => {
      for (let number = 0; number < 2 * WINDOW_BATCH_MAX + 50; number += 1) take(number);
      const slow = { keep: async () => clock.advance(600), loadKept: keeper.loadKept };
      expect(await createWriteBehind({ counters, hub: slow, clock }).keepAll(1_000)).toBe(false);
      expect(counters.usage().unkept).toBe(50);
    });
  });

  describe('the beginning', () => {
    test('is refused where more windows were kept than there is room for', async () => {
      for (let number = 0; number < 3; number += 1) take(number);
      await behind.keepChanged();
      const small = createMemoryCounters({ slotsMax: 2 });
      const next = createWriteBehind({ counters: small, hub: keeper, clock });
      await expect(next.load()).rejects.toMatchObject({ name: 'DependencyDown', dependency: 'limits' });
    });

    test('is refused where the hub is down, or where something was counted already', async () => {
      take(1);
      await behind.keepChanged();
      await expect(behind.load()).rejects.toThrow(RangeError);
      keeper.down = true;
      await expect(behind.load()).rejects.toMatchObject({ name: 'DependencyDown' });
    });

    test('restores every kind of ring, entry by entry', async () => {
      const charges = [1, 3, 4, 5, 16, 17, 64, 65, 200].map((uses) => ({
        uses,
        charge: of(uses, limitOf(1_000, DAY_MS)),
      }));
      for (let use = 0; use < 200; use += 1) {
        clock.advance(DAY_MS / 200);
        for (const { uses, charge } of charges) if (use < uses) counters.take([charge], clock.now());
      }
      await behind.keepAll(1);
      const next = createMemoryCounters({ slotsMax: 100 });
      await createWriteBehind({ counters: next, hub: keeper, clock }).load();
      const asked = charges.map(({ charge }) => charge);
      expect(next.peek(asked, clock.now())).toEqual(counters.peek(asked, clock.now()));
    });
  });
});

function createSlowHub() {
  const waiting: (() => void)[] = [];
  const sizes: number[] = [];
  const keep = ({ numbers }: WindowBatch): Promise<void> => {
    sizes.push(numbers.length);
    return new Promise((resolve) => waiting.push(resolve));
  };
  return { hub: { keep, loadKept: () => Promise.resolve() }, waiting, sizes };
}

function subjectsOf(batch: WindowBatch): number[] {
  return [...readWindows(batch)].map(({ subject }) => subject.word0);
}

function of(number: number, limit = DAY): LimitCharge {
  return { limit, subject: { word0: number, word1: 0, word2: 0 } };
}
