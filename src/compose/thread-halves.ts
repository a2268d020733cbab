import { MessageChannel, Worker } from 'node:worker_threads';
import type { Report } from '../domain/report.ts';
import { createCaller } from '../link/calls.ts';
import type { CallTimeouts } from '../link/calls.ts';
import { fromMessagePort } from '../link/channel.ts';
import type { EdgeThreadData } from '../threads/edge.ts';
import type { StoreThreadData, StoreTold } from '../threads/store.ts';
import { logNote } from './halves.ts';
import type { EdgeCalls, Halves, HalvesOptions } from './halves.ts';
import { toStorePlace } from './settings.ts';
import { STORE_TIMEOUTS_MS } from './store-host.ts';
import type { StoreHost } from './store-host.ts';

/** How long a caller in another thread waits, in milliseconds. A million keys are loaded in two seconds; a stop may last `stop_delay`, the drain and the keeping of all windows. */
const EDGE_TIMEOUTS_MS: CallTimeouts<EdgeCalls> = { start: 600_000, stop: 60_000, inspect: 5_000 };

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
