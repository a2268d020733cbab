import { randomUUID } from 'node:crypto';
import { parentPort, workerData } from 'node:worker_threads';
import type { MessagePort } from 'node:worker_threads';
import { createEdgeHost } from '../compose/edge-host.ts';
import { toGrpcListener } from '../compose/grpc-listener.ts';
import type { HttpPlace } from '../compose/http-entrances.ts';
import type { EdgeCalls } from '../compose/halves.ts';
import { compile } from '../config/compile.ts';
import type { ConfigDocument } from '../config/document.ts';
import { joinMeasurements } from '../domain/measurements.ts';
import type { Report } from '../domain/report.ts';
import type { PlainRequest } from '../domain/request.ts';
import { createClock } from '../lib/clock.ts';
import type { PepperRing } from '../lib/key-digest.ts';
import type { SealingRing } from '../lib/seal.ts';
import { serveCalls } from '../link/calls.ts';
import { fromMessagePort } from '../link/channel.ts';
import { connectHub } from '../link/edge-end.ts';
import { startThreadVitals } from '../telemetry/thread-vitals.ts';

/** What an edge's thread is started with. Of its own accord it tells the hub reports. It compiles the document itself: indices agree with the hub's. */
export interface EdgeThreadData {
  readonly document: ConfigDocument;
  readonly peppers: PepperRing;
  readonly sealingKeys: SealingRing;
  /** undefined: cleartext. */
  readonly tlsKey: string | undefined;
  readonly entrances: readonly HttpPlace[];
  readonly keeperPort: MessagePort;
  readonly callsPort: MessagePort;
}

if (parentPort === null) throw new Error('this file is the entry of a thread');
const hub = fromMessagePort(parentPort);
const { document, peppers, sealingKeys, tlsKey, entrances, keeperPort, callsPort } =
  workerData as EdgeThreadData;

const vitals = startThreadVitals('edge');

const clock = createClock();
const host = createEdgeHost({
  policy: compile(document),
  peppers,
  sealingKeys,
  budgetMs: document.check.budgetMs,
  listener: toGrpcListener(document.check.grpc, tlsKey),
  entrances,
  hub: connectHub({
    keeper: fromMessagePort(keeperPort),
    sendReport: (report) =>
      hub.post({ ...report, measured: joinMeasurements(report.measured, vitals.drain()) } satisfies Report),
    chargeMs: document.check.budgetMs,
    clock,
  }),
  clock,
  newRequestId: () => randomUUID(),
});

serveCalls(fromMessagePort(callsPort), {
  start: () => host.start(),
  inspect: (request: PlainRequest) => host.inspect(request),
  stop: (graceMs: number) => host.stop(graceMs),
} satisfies EdgeCalls);
