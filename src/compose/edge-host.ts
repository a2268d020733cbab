import type { Policy } from '../domain/policy.ts';
import type { Note } from '../domain/report.ts';
import type { AuthzRequest } from '../domain/request.ts';
import type { Reply } from '../domain/reply.ts';
import { createService } from '../edge/answer.ts';
import { createMemoryCounters } from '../edge/counters/memory.ts';
import { createDirectory } from '../edge/directory/packed.ts';
import { createEnvoyGrpcServer } from '../edge/gateway/envoy-grpc/server.ts';
import { Tally } from '../edge/report/tally.ts';
import { createRepeats } from '../edge/repeats/memory.ts';
import { createKeyHasher } from '../lib/key-digest.ts';
import type { PepperRing } from '../lib/key-digest.ts';
import type { Clock, Eventually, Hub, Inspection, PlainRequest } from '../ports.ts';

/** How often an edge reports, in milliseconds. */
export const REPORT_INTERVAL_MS = 1_000;

export interface EdgeHostOptions {
  readonly policy: Policy;
  readonly peppers: PepperRing;
  readonly hub: Hub;
  readonly clock: Clock;
  readonly newRequestId: () => string;
  readonly listen: string;
}

/** One edge: decides checks and answers its gateway. */
export interface EdgeHost {
  /** Follows the feed until everything that stood in the store is known, then listens. */
  start(): Promise<EdgeAddresses>;
  answer(request: AuthzRequest): Eventually<Reply>;
  inspect(request: PlainRequest): Promise<Inspection>;
  /** Tells the gateway to go elsewhere, answers what is under way, closes after at most `graceMs`. */
  stop(graceMs: number): Promise<void>;
}

export interface EdgeAddresses {
  readonly checkGrpc: string;
}

export function createEdgeHost(options: EdgeHostOptions): EdgeHost {
  const { policy, hub, clock } = options;
  const tally = new Tally('envoy-grpc');
  const onBug = (error: unknown): void => tally.note(toBugNote(error));
  const directory = createDirectory({ apis: policy.apis, hasher: createKeyHasher(options.peppers) });
  const service = createService(policy, {
    clock,
    directory,
    counters: createMemoryCounters(),
    credits: hub,
    repeats: createRepeats(),
    newRequestId: options.newRequestId,
    observe: (decision, reply, now) => tally.decided(decision, reply, now),
    onBug,
  });
  const server = createEnvoyGrpcServer({
    listen: options.listen,
    answer: (request) => service.answer(request),
    onBug,
  });
  const report = (): void => {
    const drained = tally.drain();
    if (drained !== undefined) hub.report(drained);
  };
  const reporting = setInterval(report, REPORT_INTERVAL_MS);
  reporting.unref();
  return {
    async start() {
      await hub.follow((batch) => directory.apply(batch));
      const { address } = await server.start();
      server.announceServing();
      return { checkGrpc: address };
    },
    answer: (request) => service.answer(request),
    inspect: async (request) => service.inspect(fromPlain(request)),
    async stop(graceMs) {
      await server.stop(graceMs);
      clearInterval(reporting);
      report();
    },
  };
}

function fromPlain(request: PlainRequest): AuthzRequest {
  const lines = request.headers;
  return {
    ...request,
    headers: {
      all: (name) => lines.filter(([other]) => other === name).map(([, value]) => value),
      names: () => new Set(lines.map(([name]) => name)),
    },
  };
}

/** Where in the code it happened, never what was being handled: an error's message may quote a request. */
function toBugNote(error: unknown): Note {
  const stack = error instanceof Error ? (error.stack ?? '') : '';
  const frames = stack.split('\n').filter((line) => line.trimStart().startsWith('at '));
  const name = error instanceof Error ? error.name : typeof error;
  return {
    level: 'error',
    message: 'a check failed for a bug',
    fields: { error: name, at: frames.slice(0, 5).join(' ') },
  };
}
