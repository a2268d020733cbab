import type { Report } from '../domain/report.ts';
import { LAST_USES_MAX } from '../hub/store/store.ts';
import type { StoreWrites } from '../hub/store/store.ts';
import { toErrorFields } from '../telemetry/log.ts';
import type { Log } from '../telemetry/log.ts';

export interface ReportSink {
  take(report: Report): void;
  /** Resolves when what was taken has been written. */
  flush(): Promise<void>;
  /** Last uses that are not written yet. */
  readonly pending: () => number;
}

/** Reports waiting to be written; where the store is slower than that, the oldest uses are forgotten. */
const WAITING_MAX = 10;

/** Logs an edge's notes and writes its keys' last uses, one report after the other. */
export function createReportSink(writes: Pick<StoreWrites, 'recordLastUses'>, log: Log): ReportSink {
  const waiting: Float64Array[] = [];
  let writing: Promise<void> = Promise.resolve();
  let underWay = 0;
  const writeNext = async (): Promise<void> => {
    const pairs = waiting.shift();
    if (pairs === undefined) return;
    underWay = pairs.length / 2;
    try {
      for (const batch of inWriteBatches(pairs)) {
        await writes.recordLastUses(batch);
        underWay -= batch.length / 2;
      }
    } catch (error) {
      log.warn('last uses were not written', toErrorFields(error));
    } finally {
      underWay = 0;
    }
  };
  return {
    take(report) {
      for (const { level, message, fields } of report.notes) log[level](message, fields);
      if (report.lastUsed.length === 0) return;
      if (waiting.push(report.lastUsed) > WAITING_MAX) waiting.shift();
      writing = writing.then(writeNext);
    },
    flush: () => writing,
    pending: () => waiting.reduce((count, pairs) => count + pairs.length / 2, underWay),
  };
}

/** Pairs of row and time that fit one transaction, by row: 250 keys in a row share some 16 pages, as they come nearly each has its own. */
function* inWriteBatches(pairs: Float64Array): Generator<Float64Array> {
  const sorted = sortByRow(pairs);
  for (let at = 0; at < sorted.length; at += 2 * LAST_USES_MAX)
    yield sorted.slice(at, at + 2 * LAST_USES_MAX);
}

function sortByRow(pairs: Float64Array): Float64Array {
  const rowAt = (index: number): number => pairs[2 * index] ?? 0;
  const order = Uint32Array.from({ length: pairs.length / 2 }, (_, index) => index).sort(
    (a, b) => rowAt(a) - rowAt(b),
  );
  const sorted = new Float64Array(pairs.length);
  for (const [index, from] of order.entries()) sorted.set(pairs.subarray(2 * from, 2 * from + 2), 2 * index);
  return sorted;
}
