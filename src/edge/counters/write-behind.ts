import type { CounterClock } from '../../domain/window-batch.ts';
import { DependencyDown } from '../../ports.ts';
import type { Clock, Hub } from '../../ports.ts';
import { WALL_SLACK_MS } from './counter-time.ts';
import type { MemoryCounters } from './memory.ts';
import type { PackedWindows, Packing } from './packing.ts';

export interface WriteBehindOptions {
  readonly counters: Pick<MemoryCounters, 'pack' | 'putBack' | 'restore'>;
  readonly hub: Pick<Hub, 'keep' | 'loadKept'>;
  readonly clock: Clock;
}

/** How often the end of a process tries: who has locked the store for longer than it waits may be done at the next try. */
const KEEP_ALL_TRIES = 3;

/** Has the hub keep the windows, so that they outlive the process. What waits is the counters themselves: there is no queue to grow. */
export interface WriteBehind {
  /** Counts on from what was kept, before anything is counted. Rejects with `DependencyDown('limits')`. */
  load(): Promise<void>;
  /**
   * Keeps what has changed since it was kept, one batch after the other; does nothing while an earlier round lasts.
   * What an outage of the hub leaves is kept by a later round.
   */
  keepChanged(): Promise<void>;
  /** Keeps all in which something counts, at the end of a process. False where an outage that lasted left some, or the time in milliseconds. */
  keepAll(withinMs: number): Promise<boolean>;
}

export function createWriteBehind(options: WriteBehindOptions): WriteBehind {
  const { clock } = options;
  const rounds = createRounds(options);
  let round: Promise<boolean> | undefined;
  let stopping = false;
  const begin = (packing: Packing, isOver: () => boolean): Promise<boolean> => {
    round = rounds.run(packing, isOver).finally(() => (round = undefined));
    return round;
  };
  return {
    load: () => rounds.load(),
    async keepChanged() {
      if (round === undefined && !stopping) await begin('changed', () => stopping);
    },
    async keepAll(withinMs) {
      stopping = true;
      const endMs = clock.now().monotonicMs + withinMs;
      // Whoever began that round is told how it ended.
      await round?.catch(() => undefined);
      const isOver = (): boolean => clock.now().monotonicMs > endMs;
      for (let left = KEEP_ALL_TRIES; left > 1; left -= 1) if (await begin('all', isOver)) return true;
      return begin('all', isOver);
    },
  };
}

interface Rounds {
  load(): Promise<void>;
  /** Whether everything was kept before it was over. */
  run(packing: Packing, isOver: () => boolean): Promise<boolean>;
}

function createRounds({ counters, hub, clock }: WriteBehindOptions): Rounds {
  /** What the hub knows of the clocks. */
  let told: CounterClock | undefined;
  const send = async (packed: PackedWindows): Promise<boolean> => {
    try {
      await hub.keep(packed.batch);
      told = packed.batch.clock;
      return true;
    } catch (error) {
      counters.putBack(packed);
      if (error instanceof DependencyDown) return false;
      throw error;
    }
  };
  return {
    load: () =>
      hub.loadKept((batch) => {
        told = batch.clock;
        counters.restore(batch, clock.now());
      }),
    async run(packing, isOver) {
      let from = 0;
      while (!isOver()) {
        const packed = counters.pack(packing, from, clock.now());
        if (packed.size === 0 && isTold(packed.batch.clock, told)) return true;
        if (!(await send(packed))) return false;
        from = packed.next;
      }
      return false;
    },
  };
}

/** Whether the clocks still stand to each other as the hub was told. Where nothing was kept, it needs to know nothing. */
function isTold(now: CounterClock, told: CounterClock | undefined): boolean {
  if (told === undefined) return true;
  const driftMs = now.wallMs - told.wallMs - (now.counterMs - told.counterMs);
  return Math.abs(driftMs) <= WALL_SLACK_MS;
}
