import { MessageChannel, Worker } from 'node:worker_threads';
import { createStoreHost, STORE_TIMEOUTS_MS } from '../../src/compose/store-host.ts';
import type { StoreHost } from '../../src/compose/store-host.ts';
import { NOTHING_DECLARED } from '../../src/hub/store/declared.ts';
import { createCaller } from '../../src/link/calls.ts';
import { createDirectChannel, fromMessagePort } from '../../src/link/channel.ts';
import type { StoreThreadData } from '../../src/threads/store.ts';
import { describeLink } from './link.ts';

describeLink('direct', ({ path, apiNames }) => {
  const [edgeEnd, storeEnd] = createDirectChannel();
  const store = createStoreHost({
    path,
    apiNames,
    declared: NOTHING_DECLARED,
    edge: storeEnd,
    checkpoints: 'automatic',
    onNote: () => undefined,
    onMeasured: () => undefined,
  });
  const end = (): Promise<void> => store.closeStore();
  return { store, keeper: edgeEnd, kill: end, close: end };
});

describeLink('thread', ({ path, apiNames }) => {
  const link = new MessageChannel();
  const calls = new MessageChannel();
  const workerData: StoreThreadData = {
    path,
    apiNames,
    declared: NOTHING_DECLARED,
    edgePort: link.port1,
    callsPort: calls.port1,
  };
  const worker = new Worker(new URL('../../src/threads/store.ts', import.meta.url), {
    workerData,
    transferList: [link.port1, calls.port1],
  });
  const end = async (): Promise<void> => void (await worker.terminate());
  return {
    store: createCaller<StoreHost>(fromMessagePort(calls.port2), {
      timeoutsMs: STORE_TIMEOUTS_MS,
      dependency: 'directory',
    }),
    keeper: fromMessagePort(link.port2),
    kill: end,
    close: end,
  };
});
