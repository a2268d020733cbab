import { DIGEST_WORDS } from '../lib/key-digest.ts';
import type { RedigestedKeys, Report } from '../domain/report.ts';
import type { RedigestedKey } from '../hub/store/keys.ts';
import type { StoreWrites } from '../hub/store/store.ts';
import { WRITE_BATCH_MAX } from '../hub/store/store.ts';
import type { Log } from '../telemetry/log.ts';
import { createOneAtATime } from './one-at-a-time.ts';

export interface RedigestingDeps {
  readonly writes: Pick<StoreWrites, 'redigestKeys'>;
  /** Of the current pepper, which edges have as well. */
  readonly pepperId: string;
  readonly log: Log;
}

export interface Redigesting {
  take(report: Report): void;
  /** Resolves when what was taken has been written. */
  flush(): Promise<void>;
}

/** Writes the digests that edges report for keys found under a retired pepper. What comes while it writes is dropped: it comes again with the key's next use. */
export function createRedigesting({ writes, pepperId, log }: RedigestingDeps): Redigesting {
  const writing = createOneAtATime<RedigestedKeys>({
    run: async (redigested) => {
      for (const batch of inBatches(redigested, pepperId)) await writes.redigestKeys(batch);
    },
    failed: 'keys were not digested anew',
    log,
  });
  return {
    take: ({ redigested }) => redigested && writing.take(redigested),
    flush: () => writing.flush(),
  };
}

function* inBatches(
  { rows, digests }: RedigestedKeys,
  pepperId: string,
): Generator<readonly RedigestedKey[]> {
  for (let at = 0; at < rows.length; at += WRITE_BATCH_MAX) {
    const batch = rows.subarray(at, at + WRITE_BATCH_MAX);
    yield Array.from(batch, (row, index) => ({
      row,
      digest: digests.slice((at + index) * DIGEST_WORDS, (at + index + 1) * DIGEST_WORDS),
      pepperId,
    }));
  }
}
