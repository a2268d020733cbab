import type { LimitCharge, LimitState } from '../../domain/limit.ts';
import type { Now } from '../../domain/time.ts';
import type { WindowBatch } from '../../domain/window-batch.ts';
import { DependencyDown } from '../../ports.ts';
import type { CounterStore, Taken } from '../../ports.ts';
import { CheckPlan } from './check-plan.ts';
import { CounterTable } from './counter-table.ts';
import { CounterTime } from './counter-time.ts';
import { WindowPacker } from './packing.ts';
import type { PackedWindows, Packing } from './packing.ts';

export interface MemoryCountersOptions {
  /** Counters at once: one for each subject, scope and window in which something counts. Between 1 and 2^26. */
  readonly slotsMax?: number;
}

/** The port, answered at once: never a promise. */
export interface MemoryCounters extends CounterStore {
  take(charges: readonly LimitCharge[], now: Now): Taken;
  giveBack(charges: readonly LimitCharge[], taken: Taken, now: Now): void;
  peek(charges: readonly LimitCharge[], now: Now): readonly LimitState[];
  /** For gauges. */
  usage(): CountersUsage;
  /** The next windows to be kept, from a place on, at most WINDOW_BATCH_MAX; begin at 0. They count as kept from then on. */
  pack(packing: Packing, from: number, now: Now): PackedWindows;
  /** What was packed could not be kept: it is packed again. */
  putBack(packed: PackedWindows): void;
  /**
   * Counts on from what an earlier process kept; batch by batch, before anything is asked. What the wall clock did while a process ran
   * changes nothing, but for a jump forward in the last second before a kill. While none ran it is believed to WALL_SLACK_MS, by which
   * uses count longer; where it was set back, no time has passed. Throws `DependencyDown('limits')` where there is no room.
   */
  restore(batch: WindowBatch, now: Now): void;
}

export interface CountersUsage {
  /** Counters there are. */
  readonly counters: number;
  readonly slotsMax: number;
  /** Set aside for them. */
  readonly bytes: number;
  /** Windows longer than a minute that differ from what was packed of them. */
  readonly unkept: number;
}

/** About 100 bytes a counter, 240 above 4 uses in its window, 820 above 16: at most 2.1 GB, if every counter is that busy. */
const SLOTS_MAX_DEFAULT = 2_000_000;
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
 * Sliding windows in this process's memory. Time is the monotonic side of `now`, moved on where windows were restored, and never goes back here.
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
  const time = new CounterTime();
  let takes = 0;

  return {
    // No await between the check and the write: on one thread that is what makes take() atomic.
    take(charges, now) {
      const atMs = time.at(now);
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
      const atMs = time.at(now);
      for (const charge of charges) {
        const slot = table.find(charge);
        if (slot !== -1) table.view.open(slot).undo(taken.takenAtMs, atMs);
      }
    },

    peek(charges, now) {
      const atMs = time.at(now);
      plan.read(charges, atMs);
      return plan.states();
    },

    usage() {
      return { counters: table.size, slotsMax, bytes: table.bytes, unkept: table.records.changed };
    },

    ...createKeeping(table, time),
  };
}

function createKeeping(
  table: CounterTable,
  time: CounterTime,
): Pick<MemoryCounters, 'pack' | 'putBack' | 'restore'> {
  const packer = new WindowPacker(table);
  let resumed = false;
  return {
    pack: (packing, from, now) => packer.pack(packing, from, { counterMs: time.at(now), wallMs: now.wallMs }),
    putBack: (packed) => packer.putBack(packed),
    restore(batch, now) {
      if (!resumed) time.resume(batch.clock, now);
      resumed = true;
      packer.restore(batch, time.at(now));
    },
  };
}
