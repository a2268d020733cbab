import type { Report } from '../domain/report.ts';
import type { StoreWrites } from '../hub/store/store.ts';
import type { Log } from '../telemetry/log.ts';
import { inWriteBatches } from './store-host.ts';

export interface ReportSink {
  take(report: Report): void;
  /** Resolves when what was taken has been written. */
  flush(): Promise<void>;
}

/** Reports waiting to be written; where the store is slower than that, the oldest uses are forgotten. */
const WAITING_MAX = 10;

/** Logs an edge's notes and writes its keys' last uses, one report after the other. */
export function createReportSink(writes: Pick<StoreWrites, 'recordLastUses'>, log: Log): ReportSink {
  const waiting: Float64Array[] = [];
  let writing: Promise<void> = Promise.resolve();
  const writeNext = async (): Promise<void> => {
    const pairs = waiting.shift();
    if (pairs === undefined) return;
    try {
      for (const batch of inWriteBatches(pairs)) await writes.recordLastUses(batch);
    } catch (error) {
      log.warn('last uses were not written', { error: error instanceof Error ? error.name : 'unknown' });
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
  };
}
