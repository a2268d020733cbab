import { parentPort, workerData } from 'node:worker_threads';
import type { MessagePort } from 'node:worker_threads';
import { createStoreHost } from '../compose/store-host.ts';
import type { StoreHostOptions } from '../compose/store-host.ts';
import { serveCalls } from '../link/calls.ts';
import { fromMessagePort } from '../link/channel.ts';

/** What the store's thread is started with. */
export interface StoreThreadData extends Pick<StoreHostOptions, 'path' | 'apiNames' | 'declared'> {
  readonly edgePort: MessagePort;
  readonly callsPort: MessagePort;
}

/** What it tells the hub of its own accord. */
export interface StoreThreadMessage {
  readonly chargeFault: string;
}

const { edgePort, callsPort, ...options } = workerData as StoreThreadData;

const host = createStoreHost({
  ...options,
  edge: fromMessagePort(edgePort),
  // The hub moves pages from a connection of its own, so that no charge waits for the disk.
  checkpoints: 'by_caller',
  onChargeFault: (error) => {
    const chargeFault = error instanceof Error ? error.message : 'unknown';
    parentPort?.postMessage({ chargeFault } satisfies StoreThreadMessage);
  },
});

serveCalls(fromMessagePort(callsPort), { ...host });
