import type { Actor } from '../domain/audit.ts';
import type { Operations } from '../domain/operations.ts';
import { OperationRefused } from '../domain/operations.ts';
import type { Policy } from '../domain/policy.ts';
import type { PlainRequest } from '../domain/request.ts';
import { migrateSqlite, openSqliteReader } from '../hub/store/sqlite/open.ts';
import { acquireServerLock } from '../hub/store/sqlite/server-lock.ts';
import { StoreUnusable } from '../hub/store/store.ts';
import type { StoreReads } from '../hub/store/store.ts';
import { DependencyDown } from '../ports.ts';
import { toErrorFields } from '../telemetry/log.ts';
import { startCheckpoints } from './checkpoints.ts';
import { createClosing } from './closing.ts';
import type { Closing } from './closing.ts';
import type { EdgeAddresses } from './edge-host.ts';
import type { Halves, HalvesListener } from './halves.ts';
import { createHubTelemetry } from './hub-telemetry.ts';
import type { HubTelemetry } from './hub-telemetry.ts';
import { openControl, openListeners } from './listeners.ts';
import type { ListenerAddresses } from './listeners.ts';
import { createHubOperations } from './operations.ts';
import { countKeysPerPepper, startPepperCounts, tellPepperUse, toPepperLevels } from './pepper-use.ts';
import { createRedigesting } from './redigesting.ts';
import { createResealing } from './resealing.ts';
import { createReportSink } from './report-sink.ts';
import type { ReportSink } from './report-sink.ts';
import { tellSealingUse } from './sealing-use.ts';
import { createHubSessions } from './sessions.ts';
import type { Settings } from './settings.ts';
import { timedReads } from './timed-store.ts';
import type { World } from './world.ts';

export interface HubOptions {
  readonly settings: Settings;
  readonly world: World;
  readonly createHalves: (listener: HalvesListener) => Halves;
  /** Open checks get this long to finish when the server stops, in milliseconds. */
  readonly drainMs: number;
}

export interface ServedHub {
  readonly operations: Operations;
  /** Those that are off are absent. */
  readonly addresses: EdgeAddresses & ListenerAddresses & { readonly telemetry?: string };
  readonly inspect: Halves['edge']['inspect'];
  /** Asks the edge without a gateway; present where it lives in this thread. */
  readonly answer?: NonNullable<Halves['answer']>;
  /** Resolves after `stop`; rejects when the process cannot go on. */
  readonly ended: Promise<void>;
  /** The edge leaves its gateway and answers what is under way; then everything else is closed in reverse order. May be called again. */
  stop(): Promise<void>;
}

/**
 * Opens everything in order: the lock, the tables, reads, telemetry, store and edge, checkpoints, the control socket, the listeners.
 * What was opened is closed in reverse, also when a later step fails; but the edge leaves its gateway before all else.
 */
export async function serveHub(options: HubOptions): Promise<ServedHub> {
  const { log } = options.world;
  const closing = createClosing((error) => log.warn('a part did not close in order', toErrorFields(error)));
  try {
    return await open(options, closing);
  } catch (error) {
    await closing.closeAll();
    throw toRefusal(error);
  }
}

async function open(options: HubOptions, closing: Closing): Promise<ServedHub> {
  const { settings, world } = options;
  // Before the first look at the tables: no newer program may change them under a server that still runs.
  const lock = acquireServerLock(settings.databasePath);
  closing.add(() => lock.release());
  migrateSqlite(settings.databasePath);
  const telemetry = createHubTelemetry({ ...settings, log: world.log });
  const reader = openSqliteReader({ path: settings.databasePath, declared: settings.declared });
  closing.add(() => reader.close());
  const reads = timedReads(reader.reads, telemetry.time);
  await requireKnownTiers(reads, settings.policy);
  await tellSealingUse(reads, settings.sealingKeys, world.log);
  await openPepperCounts(reads, { settings, world, telemetry, closing });

  // Before the edge, so that who watches sees it load, and after it at the end: no one is told that all is well then.
  closing.add(() => telemetry.stop());
  const told = await telemetry.start();
  const { halves, besideEdge } = openHalves(options, closing, telemetry);
  const addresses = await startEdge(halves);
  telemetry.edgeServes();
  const checkpoint = () => telemetry.time('checkpoint', () => reader.checkpoint());
  besideEdge.add(startCheckpoints({ reader: { checkpoint }, store: halves.store, log: world.log }));

  const { engine: sessions, signing } = createHubSessions({ settings, world, reads, store: halves.store });
  const operationsFor = createHubOperations({ settings, world, reads, store: halves.store, signing });
  const inspect = (request: PlainRequest) => halves.edge.inspect(request);
  const asked = { settings, world, operationsFor, reads, store: halves.store, inspect, sessions };
  await openControl(asked, besideEdge);
  const listening = await openListeners(asked, besideEdge);
  return {
    operations: operationsFor(EMBEDDED),
    addresses: { ...addresses, ...listening, ...(told === undefined ? {} : { telemetry: told }) },
    inspect,
    ...(halves.answer === undefined ? {} : { answer: halves.answer }),
    ...createEnding(halves.failed, closing, telemetry),
  };
}

/** Whoever runs Tollgate inside a program of their own. */
const EMBEDDED: Actor = { name: 'program', source: 'embedding', requestId: '' };

interface OpenedHalves {
  readonly halves: Halves;
  /** For what asks the halves: it is closed after the edge has left its gateway, and before the store closes. */
  readonly besideEdge: Closing;
}

/** The edge stops first and hands its last report over; then what was reported is written, and the store closes. */
function openHalves(options: HubOptions, closing: Closing, telemetry: HubTelemetry): OpenedHalves {
  let sink: ReportSink | undefined;
  const halves = options.createHalves({
    onReport(report) {
      telemetry.takeReport(report);
      sink?.take(report);
    },
    onMeasured: telemetry.take,
  });
  const { store, edge } = halves;
  const opened = createSink(options, store);
  sink = opened;
  telemetry.showPending(opened.pending);
  closing.add(() => halves.end());
  closing.add(() => store.closeStore());
  closing.add(() => opened.flush());
  // No slow request of an operator keeps the gateway from hearing of the end, and `/me` answers for as long as checks do.
  const besideEdge = closing.addGroup();
  closing.add(async () => {
    opened.take(await edge.stop(options.drainMs));
  });
  return { halves, besideEdge };
}

/** Writes what outlasts a report. */
function createSink({ settings, world: { log } }: HubOptions, store: Halves['store']): ReportSink {
  const uses = createReportSink(store, log);
  const redigesting = createRedigesting({ writes: store, pepperId: settings.peppers.current.id, log });
  const resealing = createResealing(store, log);
  return {
    ...uses,
    take(report) {
      uses.take(report);
      redigesting.take(report);
      resealing.take(report);
    },
    async flush() {
      await uses.flush();
      await redigesting.flush();
      await resealing.flush();
    },
  };
}

/** How long a half that found itself alone waits for the other's reason to arrive, in milliseconds. */
const REASON_MS = 2_000;

/** A half that dies says why; the other one only notices that it is alone, and perhaps sooner. */
async function startEdge({ edge, failed }: Halves): Promise<EdgeAddresses> {
  try {
    return await Promise.race([edge.start(), failed]);
  } catch (error) {
    if (!(error instanceof DependencyDown)) throw error;
    await Promise.race([failed, new Promise((resolve) => setTimeout(resolve, REASON_MS))]);
    throw error;
  }
}

interface PepperCounting extends Pick<HubOptions, 'settings' | 'world'> {
  readonly telemetry: HubTelemetry;
  readonly closing: Closing;
}

/** Says under which peppers keys are, now in the log and from now on in the metrics. */
async function openPepperCounts(
  reads: StoreReads,
  { settings: { peppers: ring }, world: { log }, telemetry: { take }, closing }: PepperCounting,
): Promise<void> {
  const keysOf = await countKeysPerPepper(reads);
  tellPepperUse(keysOf, ring, log);
  take(toPepperLevels(keysOf, ring));
  closing.add(startPepperCounts({ reads, ring, take, log }));
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

function createEnding(
  failed: Promise<never>,
  closing: Closing,
  telemetry: HubTelemetry,
): Pick<ServedHub, 'ended' | 'stop'> {
  const { promise: ended, resolve, reject } = Promise.withResolvers<void>();
  let stopping = false;
  failed.catch((error: unknown) => {
    // Threads end when they are told to.
    if (!stopping) reject(error);
  });
  // Nobody may be waiting when the server dies.
  ended.catch(() => undefined);
  return {
    ended,
    async stop() {
      stopping = true;
      telemetry.stopping();
      await closing.closeAll();
      resolve();
    },
  };
}

/** By name, because what a thread died of has lost its class on the way here. */
const FOR_OPERATORS: ReadonlySet<string> = new Set([StoreUnusable.name, DependencyDown.name]);

function toRefusal(error: unknown): unknown {
  if (!(error instanceof Error) || !FOR_OPERATORS.has(error.name)) return error;
  return new OperationRefused('unavailable', error.message);
}
