import { createDirectChannel } from '../link/channel.ts';
import { connectHub } from '../link/edge-end.ts';
import { createEdgeHost } from './edge-host.ts';
import { toGrpcListener } from './grpc-listener.ts';
import { logNote } from './halves.ts';
import type { Halves, HalvesOptions } from './halves.ts';
import { toStorePlace } from './settings.ts';
import { createStoreHost } from './store-host.ts';

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
    hub: connectHub({
      keeper: edgeEnd,
      sendReport: onReport,
      chargeMs: settings.document.check.budgetMs,
      clock: world.clock,
    }),
    clock: world.clock,
    newRequestId: world.newRequestId,
    listener: toGrpcListener(settings.document.check.grpc, settings.checkTlsKey),
    entrances: settings.checkHttp,
    ...(world.onDecided === undefined ? {} : { onDecided: world.onDecided }),
  });
  return {
    store,
    edge,
    answer: (request) => edge.answer(request),
    failed: new Promise(() => undefined),
    end: () => Promise.resolve(),
  };
}
