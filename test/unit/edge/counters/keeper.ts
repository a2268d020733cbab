import { WINDOW_BATCH_MAX, WindowWriter, readWindows } from '../../../../src/domain/window-batch.ts';
import type { CounterClock, WindowBatch, WindowRecord } from '../../../../src/domain/window-batch.ts';
import { DependencyDown } from '../../../../src/ports.ts';
import type { Hub } from '../../../../src/ports.ts';

/** A hub that keeps windows in a Map, over as many lives of an edge as a test likes. */
export interface MemoryKeeper extends Pick<Hub, 'keep' | 'loadKept'> {
  /** While it is true, everything is refused. */
  down: boolean;
  /** Every batch that was kept, in order. */
  readonly batches: readonly WindowBatch[];
  readonly size: number;
}

export function createMemoryKeeper(): MemoryKeeper {
  const rows = new Map<string, WindowRecord>();
  const batches: WindowBatch[] = [];
  let clock: CounterClock | undefined;
  const keeper = {
    down: false,
    batches,
    get size() {
      return rows.size;
    },
    async keep(given: WindowBatch): Promise<void> {
      if (keeper.down) throw new DependencyDown('limits', 'told to be down');
      const batch = structuredClone(given);
      batches.push(batch);
      clock = batch.clock;
      for (const record of readWindows(batch)) {
        const { word0, word1, word2 } = record.subject;
        const name = [word0, word1, word2, record.scope, record.windowMs].join();
        if (record.entries.length === 0) rows.delete(name);
        else rows.set(name, record);
      }
    },
    async loadKept(restore: (batch: WindowBatch) => void): Promise<void> {
      if (keeper.down) throw new DependencyDown('limits', 'told to be down');
      if (clock === undefined) return;
      const all = [...rows.values()];
      for (let at = 0; at === 0 || at < all.length; at += WINDOW_BATCH_MAX) {
        restore(toBatch(all.slice(at, at + WINDOW_BATCH_MAX), clock));
      }
    },
  };
  return keeper;
}

function toBatch(records: readonly WindowRecord[], clock: CounterClock): WindowBatch {
  const writer = new WindowWriter();
  for (const { entries, ...name } of records) {
    writer.begin(name);
    for (let at = 0; at < entries.length; at += 2) writer.add(entries[at] ?? 0, entries[at + 1] ?? 0);
  }
  return writer.take(clock);
}
