import type { LimitCharge, LimitState } from '../../domain/limit.ts';
import type { Now } from '../../domain/time.ts';
import { DependencyDown } from '../../ports.ts';
import type { CounterStore, Taken } from '../../ports.ts';
import { CheckPlan } from './check-plan.ts';
import { CounterTable } from './counter-table.ts';

export interface MemoryCountersOptions {
  /** Counters at once: one for each subject, scope and window in which something counts. Between 1 and 2^26. */
  readonly slotsMax?: number;
}

/** The port, answered at once: never a promise. */
export interface MemoryCounters extends CounterStore {
  take(charges: readonly LimitCharge[], now: Now): Taken;
  giveBack(charges: readonly LimitCharge[], taken: Taken, now: Now): void;
  peek(charges: readonly LimitCharge[], now: Now): readonly LimitState[];
  /** For gauges: counters that are kept, and the bytes set aside for them. */
  usage(): { readonly counters: number; readonly slotsMax: number; readonly bytes: number };
}

/** About 100 bytes a counter, 240 above 4 uses in its window, 820 above 16: at most 2.1 GB, if every counter is that busy. */
export const SLOTS_MAX_DEFAULT = 2_000_000;
const SLOTS_MAX_LIMIT = 2 ** 26;

/**
 * How many slots are looked at for idle counters. Each new counter pays for more than itself, so while subjects come and go
 * about 1/8 of the slots are idle at most. Known counters pay little, and in rounds, because neighbouring slots cost less.
 * Where a lull left idle counters behind in a full table, each check that finds no room looks at the next SWEEP_WHEN_FULL.
 */
const SWEEP_PER_NEW = 8;
const SWEEP_PER_ROUND = 4;
const TAKES_PER_ROUND = 16;
const SWEEP_WHEN_FULL = 256;

/**
 * Sliding windows in this process's memory. Time is the monotonic side of `now` and never goes back here, whatever the clock says.
 * A limit of at most 64 is exact. Above that a use may count too long by less than W/63, never too short. Where the count of a
 * limit was changed across 64, what was counted before keeps its own kind until it ends.
 * Each charge takes a use of its own, also where two name the same counter.
 * Throws `DependencyDown('limits')` where a check needs more new counters than there is room for; nothing was taken then.
 */
export function createMemoryCounters(options: MemoryCountersOptions = {}): MemoryCounters {
  const slotsMax = options.slotsMax ?? SLOTS_MAX_DEFAULT;
  if (!Number.isInteger(slotsMax) || slotsMax < 1 || slotsMax > SLOTS_MAX_LIMIT) {
    throw new RangeError('slotsMax is out of range');
  }
  const table = new CounterTable(slotsMax);
  const plan = new CheckPlan(table);
  const toTime = createTimekeeper();
  let takes = 0;

  return {
    // No await between the check and the write: on one thread that is what makes take() atomic.
    take(charges, now) {
      const atMs = toTime(now);
      const before = table.size;
      plan.read(charges, atMs);
      const granted = plan.fits();
      if (granted) {
        if (!plan.hasRoom(SWEEP_WHEN_FULL)) throw new DependencyDown('limits', 'every counter is in use');
        plan.count();
      }
      const states = plan.states();
      takes += 1;
      const round = takes % TAKES_PER_ROUND === 0 ? SWEEP_PER_ROUND : 0;
      table.sweep(round + SWEEP_PER_NEW * Math.max(0, table.size - before), atMs);
      return { granted, states, takenAtMs: atMs };
    },

    giveBack(charges, taken, now) {
      if (!taken.granted) return;
      const atMs = toTime(now);
      for (const charge of charges) {
        const slot = table.find(charge);
        if (slot !== -1) table.view.open(slot).undo(taken.takenAtMs, atMs);
      }
    },

    peek(charges, now) {
      const atMs = toTime(now);
      plan.read(charges, atMs);
      return plan.states();
    },

    usage() {
      return { counters: table.size, slotsMax, bytes: table.bytes };
    },
  };
}

/** A use stamped with a reading that went back would end too early: time stands still instead. */
function createTimekeeper(): (now: Now) => number {
  let latestMs = -Infinity;
  return (now) => {
    if (now.monotonicMs > latestMs) latestMs = now.monotonicMs;
    return latestMs;
  };
}
