import type { Operations } from '../domain/operations.ts';
import { OperationRefused } from '../domain/operations.ts';
import type { Report } from '../domain/report.ts';
import { createControlServer } from '../hub/control/server.ts';
import { WAL_RESTART_BYTES } from '../hub/store/sqlite/checkpoint.ts';
import { migrateSqlite, openSqliteReader } from '../hub/store/sqlite/open.ts';
import type { SqliteReader } from '../hub/store/sqlite/open.ts';
import { acquireServerLock } from '../hub/store/sqlite/server-lock.ts';
import { StoreUnusable } from '../hub/store/store.ts';
import type { StoreReads } from '../hub/store/store.ts';
import type { Policy } from '../domain/policy.ts';
import { toErrorFields } from '../telemetry/log.ts';
import type { EdgeAddresses } from './edge-host.ts';
import type { Halves } from './halves.ts';
import { createHubOperations } from './operations.ts';
import type { ReportSink } from './report-sink.ts';
import type { Settings } from './settings.ts';
import type { StoreHost } from './store-host.ts';
import type { World } from './world.ts';

export interface HubOptions {
  readonly settings: Settings;
  readonly world: World;
  readonly createHalves: (onReport: (report: Report) => void) => Halves;
  readonly createSink: (store: StoreHost) => ReportSink;
  readonly drainMs: number;
}

/** How often pages are moved from the write-ahead log into the database, in milliseconds. */
const CHECKPOINT_INTERVAL_MS = 100;

export interface ServedHub {
  readonly operations: Operations;
  readonly addresses: EdgeAddresses;
  readonly inspect: Halves['edge']['inspect'];
  readonly answer?: NonNullable<Halves['answer']>;
  readonly ended: Promise<void>;
  stop(): Promise<void>;
}

/** Opens everything in order; what was opened is closed in reverse, also when a later step fails. */
export async function serveHub(options: HubOptions): Promise<ServedHub> {
  const closing: (() => Promise<void> | void)[] = [];
  const stop = once(async () => {
    for (const close of closing.toReversed()) await close();
  });
  try {
    return await open(options, { closing, stop });
  } catch (error) {
    await stop();
    throw error instanceof Error && error.name === StoreUnusable.name
      ? new OperationRefused('unavailable', error.message)
      : error;
  }
}

interface Frame {
  readonly closing: (() => Promise<void> | void)[];
  readonly stop: () => Promise<void>;
}

async function open(options: HubOptions, { closing, stop }: Frame): Promise<ServedHub> {
  const { settings, world } = options;
  migrateSqlite(settings.databasePath);
  const lock = acquireServerLock(settings.databasePath);
  closing.push(() => lock.release());
  const reader = openSqliteReader({ path: settings.databasePath, declared: settings.declared });
  closing.push(() => reader.close());
  await requireKnownTiers(reader.reads, settings.policy);

  let sink: ReportSink | undefined;
  const halves = options.createHalves((report) => sink?.take(report));
  const { store, edge } = halves;
  sink = options.createSink(store);
  closing.push(
    () => halves.end(),
    () => store.closeStore(),
    () => sink?.flush(),
    () => edge.stop(options.drainMs),
  );
  const addresses = await Promise.race([edge.start(), halves.failed]);
  closing.push(startCheckpoints(reader, store, world));

  const operations = createHubOperations({ settings, world, reads: reader.reads, store });
  const control = createControlServer({
    path: settings.controlPath,
    operations,
    onBug: (error) => world.log.error('an operation failed for a bug', toErrorFields(error)),
  });
  await control.start();
  closing.push(() => control.stop());
  const { ended, markStopped } = createEnding(halves.failed);
  return {
    operations,
    addresses,
    inspect: (request) => edge.inspect(request),
    ...(halves.answer === undefined ? {} : { answer: halves.answer }),
    ended,
    stop: async () => {
      markStopped();
      await stop();
    },
  };
}

/** Every tier that the store speaks of must be one that the configuration ranks. */
async function requireKnownTiers(reads: StoreReads, policy: Policy): Promise<void> {
  for (const { api: name, tier } of await reads.tiersInUse()) {
    const api = policy.apis.find((each) => each.name === name);
    if (api === undefined || api.tiers.some((known) => known.name === tier)) continue;
    throw new OperationRefused(
      'unavailable',
      `the store has keys or accounts of ${name} with the tier "${tier}", which the configuration does not know: add it there, or change them first`,
    );
  }
}

/** Pages move on this thread's own connection, so that no charge waits for them; only a log that never shrinks stops the writer once. */
function startCheckpoints(reader: SqliteReader, store: StoreHost, world: World): () => void {
  let busy = false;
  const step = async (): Promise<void> => {
    const { walBytes } = reader.checkpoint();
    if (walBytes > WAL_RESTART_BYTES) await store.restartLog();
  };
  const timer = setInterval(() => {
    if (busy) return;
    busy = true;
    step()
      .catch((error: unknown) => world.log.warn('a checkpoint failed', toErrorFields(error)))
      .finally(() => (busy = false));
  }, CHECKPOINT_INTERVAL_MS);
  timer.unref();
  return () => clearInterval(timer);
}

function createEnding(failed: Promise<never>) {
  const { promise: ended, resolve, reject } = Promise.withResolvers<void>();
  failed.catch(reject);
  // A server nobody waits for may still die while it is being stopped.
  ended.catch(() => undefined);
  return { ended, markStopped: resolve };
}

function once(work: () => Promise<void>): () => Promise<void> {
  let done: Promise<void> | undefined;
  return () => (done ??= work());
}
