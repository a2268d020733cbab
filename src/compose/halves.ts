import { MessageChannel, Worker } from 'node:worker_threads';
import type { Report } from '../domain/report.ts';
import type { AuthzRequest } from '../domain/request.ts';
import type { Reply } from '../domain/reply.ts';
import { createCaller } from '../link/calls.ts';
import { createDirectChannel, fromMessagePort } from '../link/channel.ts';
import { connectHub } from '../link/edge-end.ts';
import type { Edge, Eventually } from '../ports.ts';
import type { EdgeThreadData } from '../threads/edge.ts';
import type { StoreThreadData, StoreThreadMessage } from '../threads/store.ts';
import { createEdgeHost } from './edge-host.ts';
import type { EdgeHost } from './edge-host.ts';
import type { Settings } from './settings.ts';
import { createStoreHost, STORE_HOST_METHODS } from './store-host.ts';
import type { StoreHost } from './store-host.ts';
import type { World } from './world.ts';

/** The store's writer and one edge, joined; however they are carried. */
export interface Halves {
  readonly store: StoreHost;
  readonly edge: Edge & Pick<EdgeHost, 'start' | 'stop'>;
  /** Present where the edge lives in this thread. */
  readonly answer?: (request: AuthzRequest) => Eventually<Reply>;
  /** Rejects when a half has died. */
  readonly failed: Promise<never>;
  /** Ends what still runs, after both halves were stopped. */
  end(): Promise<void>;
}

export interface HalvesOptions {
  readonly settings: Settings;
  readonly world: World;
  readonly onReport: (report: Report) => void;
}

/** Both halves in this thread, on the world's own clock. */
export function createDirectHalves({ settings, world, onReport }: HalvesOptions): Halves {
  const [edgeEnd, storeEnd] = createDirectChannel();
  const store = createStoreHost({
    path: settings.databasePath,
    apiNames: settings.policy.apis.map(({ name }) => name),
    declared: settings.declared,
    edge: storeEnd,
    checkpoints: 'automatic',
    onChargeFault: (error) => logChargeFault(world, error instanceof Error ? error.message : 'unknown'),
  });
  const edge = createEdgeHost({
    policy: settings.policy,
    peppers: settings.peppers,
    hub: connectHub({ keeper: edgeEnd, sendReport: onReport }),
    clock: world.clock,
    newRequestId: world.newRequestId,
    listen: settings.document.check.grpc.listen,
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
export function createThreadHalves({ settings, world, onReport }: HalvesOptions): Halves {
  const link = new MessageChannel();
  const toStore = new MessageChannel();
  const toEdge = new MessageChannel();
  const store = startThread(new URL('../threads/store.ts', import.meta.url), {
    path: settings.databasePath,
    apiNames: settings.policy.apis.map(({ name }) => name),
    declared: settings.declared,
    edgePort: link.port1,
    callsPort: toStore.port1,
  } satisfies StoreThreadData);
  const edge = startThread(new URL('../threads/edge.ts', import.meta.url), {
    document: settings.document,
    peppers: settings.peppers,
    listen: settings.document.check.grpc.listen,
    keeperPort: link.port2,
    callsPort: toEdge.port1,
  } satisfies EdgeThreadData);
  store.on('message', ({ chargeFault }: StoreThreadMessage) => logChargeFault(world, chargeFault));
  edge.on('message', (report: Report) => onReport(report));
  const failed = Promise.race([deathOf(store, 'store'), deathOf(edge, 'edge')]);
  // Nobody may be waiting yet when a thread dies while it starts.
  failed.catch(() => undefined);
  return {
    store: createCaller<StoreHost>(fromMessagePort(toStore.port2), {
      names: STORE_HOST_METHODS,
      dependency: 'directory',
    }),
    edge: createCaller<Halves['edge']>(fromMessagePort(toEdge.port2), {
      names: ['start', 'stop', 'inspect'],
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

function logChargeFault(world: World, reason: string): void {
  world.log.error('a turn of charges was not committed: its checks were answered as an outage', { reason });
}
