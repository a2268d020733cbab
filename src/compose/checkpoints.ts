import { WAL_RESTART_BYTES } from '../hub/store/sqlite/checkpoint.ts';
import type { SqliteReader } from '../hub/store/sqlite/open.ts';
import { toErrorFields } from '../telemetry/log.ts';
import type { Log } from '../telemetry/log.ts';
import type { StoreHost } from './store-host.ts';

/** How often pages are moved from the write-ahead log into the database, in milliseconds. */
export const CHECKPOINT_INTERVAL_MS = 100;
/**
 * How often in a row all pages of a log that is too long must have been moved before the writer is stopped for it: nearly
 * always the log has begun anew by itself by then, with the next charge that finds everything moved and no reader in it.
 */
export const RESTART_AFTER_STEPS = 10;
/** A restart holds charges up while it waits for readers: one that a long read defeated is not tried again sooner, in milliseconds. */
export const RESTART_PAUSE_MS = 60_000;

export interface CheckpointDeps {
  readonly reader: Pick<SqliteReader, 'checkpoint'>;
  readonly store: Pick<StoreHost, 'restartLog'>;
  readonly log: Log;
}

/**
 * Moves pages on this thread's own connection, so that no charge waits for it; only a log that has grown too long and does
 * not begin anew by itself stops the writer once. Answers how to end it.
 */
export function startCheckpoints({ reader, store, log }: CheckpointDeps): () => void {
  let steps = 0;
  let restartAt = 0;
  let movedInARow = 0;
  let failing = false;
  const step = async (): Promise<void> => {
    steps += 1;
    const { walBytes, complete } = reader.checkpoint();
    // While somebody reads what was there before, a restart would wait for it, and every charge for the restart.
    movedInARow = complete && walBytes > WAL_RESTART_BYTES ? movedInARow + 1 : 0;
    if (movedInARow < RESTART_AFTER_STEPS || steps < restartAt) return;
    restartAt = steps + RESTART_PAUSE_MS / CHECKPOINT_INTERVAL_MS;
    await store.restartLog();
  };
  const timer = setInterval(() => {
    step().then(
      () => (failing = false),
      (error: unknown) => {
        if (!failing) log.warn('checkpoints fail', toErrorFields(error));
        failing = true;
      },
    );
  }, CHECKPOINT_INTERVAL_MS);
  timer.unref();
  return () => clearInterval(timer);
}
