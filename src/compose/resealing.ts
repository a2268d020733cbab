import type { Report, ResealedKey } from '../domain/report.ts';
import type { StoreWrites } from '../hub/store/store.ts';
import { WRITE_BATCH_MAX } from '../hub/store/store.ts';
import { toErrorFields } from '../telemetry/log.ts';
import type { Log } from '../telemetry/log.ts';

export interface Resealing {
  take(report: Report): void;
  /** Resolves when what was taken has been written. */
  flush(): Promise<void>;
}

/** Writes the keys that edges have sealed anew. What comes while it writes is dropped: it comes again with the key's next use. */
export function createResealing(writes: Pick<StoreWrites, 'resealKeys'>, log: Log): Resealing {
  let writing: Promise<void> | undefined;
  const write = async (resealed: readonly ResealedKey[]): Promise<void> => {
    try {
      for (let at = 0; at < resealed.length; at += WRITE_BATCH_MAX) {
        await writes.resealKeys(resealed.slice(at, at + WRITE_BATCH_MAX));
      }
    } catch (error) {
      log.warn('keys were not sealed anew', toErrorFields(error));
    } finally {
      writing = undefined;
    }
  };
  return {
    take({ resealed }) {
      if (resealed !== undefined) writing ??= write(resealed);
    },
    flush: () => writing ?? Promise.resolve(),
  };
}
