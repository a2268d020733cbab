import { parentPort, workerData } from 'node:worker_threads';
import type { MessagePort } from 'node:worker_threads';
import { createStoreHost } from '../compose/store-host.ts';
import type { StoreHostOptions } from '../compose/store-host.ts';
import { serveCalls } from '../link/calls.ts';
import type { Measurements } from '../domain/measurements.ts';
import { joinMeasurements } from '../domain/measurements.ts';
import type { Note } from '../domain/report.ts';
import { fromMessagePort } from '../link/channel.ts';
import { startThreadVitals } from '../telemetry/thread-vitals.ts';

/** What the store's thread is started with. Of its own accord it tells the hub `StoreTold`. */
export interface StoreThreadData extends Pick<StoreHostOptions, 'path' | 'apiNames' | 'declared'> {
  readonly edgePort: MessagePort;
  readonly callsPort: MessagePort;
}

/** What it tells: a note for the log, or what it measured. */
export type StoreTold = { readonly note: Note } | { readonly measured: Measurements };

if (parentPort === null) throw new Error('this file is the entry of a thread');
const hub = fromMessagePort(parentPort);
const { edgePort, callsPort, ...options } = workerData as StoreThreadData;

const vitals = startThreadVitals('store');
const tell = (told: StoreTold): void => hub.post(told);

const host = createStoreHost({
  ...options,
  edge: fromMessagePort(edgePort),
  // The hub moves pages from a connection of its own, so that no charge waits for the disk.
  checkpoints: 'by_caller',
  onNote: (note) => tell({ note }),
  onMeasured: (measured) => tell({ measured: joinMeasurements(measured, vitals.drain()) }),
});

serveCalls(fromMessagePort(callsPort), { ...host });
