import type { Report, ResealedKey } from '../domain/report.ts';
import type { StoreWrites } from '../hub/store/store.ts';
import { WRITE_BATCH_MAX } from '../hub/store/store.ts';
import type { Log } from '../telemetry/log.ts';
import { createOneAtATime } from './one-at-a-time.ts';

export interface Resealing {
  take(report: Report): void;
  /** Resolves when what was taken has been written. */
  flush(): Promise<void>;
}

/** Writes the keys that edges have sealed anew. What comes while it writes is dropped: it comes again with the key's next use. */
export function createResealing(writes: Pick<StoreWrites, 'resealKeys'>, log: Log): Resealing {
  const writing = createOneAtATime<readonly ResealedKey[]>({
    run: async (resealed) => {
      for (let at = 0; at < resealed.length; at += WRITE_BATCH_MAX) {
        await writes.resealKeys(resealed.slice(at, at + WRITE_BATCH_MAX));
      }
    },
    failed: 'keys were not sealed anew',
    log,
  });
  return {
    take: ({ resealed }) => resealed && writing.take(resealed),
    flush: () => writing.flush(),
  };
}
