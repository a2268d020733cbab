import { MessageChannel, Worker } from 'node:worker_threads';
import type { Measurements } from '../domain/measurements.ts';
import type { Note, Report } from '../domain/report.ts';
import type { AuthzRequest } from '../domain/request.ts';
import type { Reply } from '../domain/reply.ts';
import { createCaller } from '../link/calls.ts';
import type { CallTimeouts } from '../link/calls.ts';
import { createDirectChannel, fromMessagePort } from '../link/channel.ts';
import { connectHub } from '../link/edge-end.ts';
import type { Edge, Eventually } from '../ports.ts';
import type { EdgeThreadData } from '../threads/edge.ts';
import type { StoreThreadData, StoreTold } from '../threads/store.ts';
import { createEdgeHost } from './edge-host.ts';
import type { EdgeHost } from './edge-host.ts';
import { toGrpcListener } from './grpc-listener.ts';
import { toStorePlace } from './settings.ts';
import type { Settings } from './settings.ts';
import { createStoreHost, STORE_TIMEOUTS_MS } from './store-host.ts';
import type { StoreHost } from './store-host.ts';
import type { World } from './world.ts';

/** What the hub asks of an edge. */
export type EdgeCalls = Edge & Pick<EdgeHost, 'start' | 'stop'>;

/** How long a caller in another thread waits, in milliseconds. A million keys are loaded in two seconds; a stop may last `stop_delay`, the drain and the keeping of all windows. */
const EDGE_TIMEOUTS_MS: CallTimeouts<EdgeCalls> = { start: 600_000, stop: 60_000, inspect: 5_000 };

/** The store's writer and one edge, joined; however they are carried. */
export interface Halves {
  readonly store: StoreHost;
  readonly edge: EdgeCalls;
  /** Present where the edge lives in this thread. */
  readonly answer?: (request: AuthzRequest) => Eventually<Reply>;
  /** Rejects when a half has died. */
  readonly failed: Promise<never>;
  /** Ends what still runs, after both halves were stopped. */
  end(): Promise<void>;
}

/** What the halves tell of their own accord. */
export interface HalvesListener {
  readonly onReport: (report: Report) => void;
  /** Told what the store measured. */
  readonly onMeasured: (measured: Measurements) => void;
}

export interface HalvesOptions extends HalvesListener {
  readonly settings: Settings;
  readonly world: World;
}

/** Both halves in this thread, on the world's own clock. */
export function createDirectHalves({ settings, world, onReport, onMeasured }: HalvesOptions): Halves {
  const [edgeEnd, storeEnd] = createDirectChannel();
  const store = createStoreHost({
    ...toStorePlace(settings),
    edge: storeEnd,
    checkpoints: 'automatic',
    onNote: (note) => logNote(world, note),
    onMeasured,
  });
  const edge = createEdgeHost({
    policy: settings.policy,
    peppers: settings.peppers,
    sealingKeys: settings.sealingKeys,
    budgetMs: settings.document.check.budgetMs,
    hub: connectHub({ keeper: edgeEnd, sendReport: onReport, chargeMs: settings.document.check.budgetMs }),
    clock: world.clock,
    newRequestId: world.newRequestId,
    listener: toGrpcListener(settings.document.check.grpc, settings.checkTlsKey),
    entrances: settings.checkHttp,
  });
  return {
    store,
    edge,
    answer: (request) => edge.answer(request),
    failed: new Promise(() => undefined),
    end: () => Promise.resolve(),
  };
}

/** Each half on a thread of its own: neither a scrape nor an import nor a slow disk holds a check up. */
export function createThreadHalves({ settings, world, onReport, onMeasured }: HalvesOptions): Halves {
  const link = new MessageChannel();
  const toStore = new MessageChannel();
  const toEdge = new MessageChannel();
  const store = startThread(new URL('../threads/store.ts', import.meta.url), {
    ...toStorePlace(settings),
    edgePort: link.port1,
    callsPort: toStore.port1,
  } satisfies StoreThreadData);
  const edge = startThread(new URL('../threads/edge.ts', import.meta.url), {
    document: settings.document,
    peppers: settings.peppers,
    sealingKeys: settings.sealingKeys,
    tlsKey: settings.checkTlsKey,
    entrances: settings.checkHttp,
    keeperPort: link.port2,
    callsPort: toEdge.port1,
  } satisfies EdgeThreadData);
  store.on('message', (told: StoreTold) => {
    if ('note' in told) logNote(world, told.note);
    else onMeasured(told.measured);
  });
  edge.on('message', (report: Report) => onReport(report));
  const failed = Promise.race([deathOf(store, 'store'), deathOf(edge, 'edge')]);
  // Nobody may be waiting yet when a thread dies while it starts.
  failed.catch(() => undefined);
  return {
    store: createCaller<StoreHost>(fromMessagePort(toStore.port2), {
      timeoutsMs: STORE_TIMEOUTS_MS,
      dependency: 'directory',
    }),
    edge: createCaller<EdgeCalls>(fromMessagePort(toEdge.port2), {
      timeoutsMs: EDGE_TIMEOUTS_MS,
      dependency: 'directory',
    }),
    failed,
    async end() {
      await Promise.all([store.terminate(), edge.terminate()]);
    },
  };
}

function startThread(entry: URL, data: StoreThreadData | EdgeThreadData): Worker {
  const ports = 'edgePort' in data ? [data.edgePort, data.callsPort] : [data.keeperPort, data.callsPort];
  return new Worker(entry, { workerData: data, transferList: ports });
}

/** A thread that ends by itself takes the process with it: what it kept for the others is gone. */
function deathOf(worker: Worker, name: string): Promise<never> {
  return new Promise((_, reject) => {
    worker.once('error', (error) =>
      reject(error instanceof Error ? error : new Error(`the ${name} thread failed`)),
    );
    worker.once('exit', (code) => reject(new Error(`the ${name} thread ended with code ${code}`)));
  });
}

function logNote({ log }: World, { level, message, fields }: Note): void {
  log[level](message, fields);
}
