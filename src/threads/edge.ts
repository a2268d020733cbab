import { randomUUID } from 'node:crypto';
import { parentPort, workerData } from 'node:worker_threads';
import type { MessagePort } from 'node:worker_threads';
import { createEdgeHost } from '../compose/edge-host.ts';
import { compile } from '../config/compile.ts';
import type { ConfigDocument } from '../config/document.ts';
import { createClock } from '../lib/clock.ts';
import type { PepperRing } from '../lib/key-digest.ts';
import { serveCalls } from '../link/calls.ts';
import { fromMessagePort } from '../link/channel.ts';
import { connectHub } from '../link/edge-end.ts';

/** What an edge's thread is started with. It compiles the document itself: indices agree with the hub's. */
export interface EdgeThreadData {
  readonly document: ConfigDocument;
  readonly peppers: PepperRing;
  readonly listen: string;
  readonly keeperPort: MessagePort;
  readonly callsPort: MessagePort;
}

const { document, peppers, listen, keeperPort, callsPort } = workerData as EdgeThreadData;

const host = createEdgeHost({
  policy: compile(document),
  peppers,
  listen,
  hub: connectHub({
    keeper: fromMessagePort(keeperPort),
    sendReport: (report) => parentPort?.postMessage(report),
  }),
  clock: createClock(),
  newRequestId: () => randomUUID(),
});

serveCalls(fromMessagePort(callsPort), { start: host.start, inspect: host.inspect, stop: host.stop });
