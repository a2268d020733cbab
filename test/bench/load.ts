import { parentPort, workerData } from 'node:worker_threads';
import { connectCaller } from './caller.ts';
import type { Caller } from './caller.ts';
import { percentilesOf } from './measure.ts';

/** One bounded load of unary calls, as many in flight as there are streams: from a worker of this file, or by `runLoad`. */
export interface LoadPlan {
  readonly address: string;
  /** Of the method; Envoy's Check where absent. */
  readonly path?: string;
  readonly connections: number;
  readonly streamsPerConnection: number;
  readonly calls: number;
  /** Framed messages, sent in turn. */
  readonly messages: readonly Uint8Array[];
  /** Of so many answers one is kept, to other messages each time round; absent: the first and the last. */
  readonly sampleEvery?: number;
}

export interface LoadResult {
  readonly calls: number;
  readonly seconds: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** Answers without their prefix: to be decoded and compared. */
  readonly samples: readonly Uint8Array[];
}

export const CHECK_PATH = '/envoy.service.auth.v3.Authorization/Check';

/** Rejects where a call fails or its status is not OK. */
export function runLoad(plan: LoadPlan): Promise<LoadResult> {
  return withCallers(plan, (callers) => new Load(plan, callers).run());
}

/** Has as many connections used as the plan has, and closes them. Rejects where one cannot be had, or with what fails first. */
export async function withCallers<Result>(
  { address, path = CHECK_PATH, connections }: Pick<LoadPlan, 'address' | 'path' | 'connections'>,
  use: (callers: readonly Caller[]) => Promise<Result>,
): Promise<Result> {
  const failed = Promise.withResolvers<never>();
  // Nobody waits for it while there are connections to come, and a failure that nobody waits for ends the process.
  failed.promise.catch(() => undefined);
  const asked = await Promise.allSettled(
    Array.from({ length: connections }, () => connectCaller({ address, path, onError: failed.reject })),
  );
  const callers = asked.filter((one) => one.status === 'fulfilled').map(({ value }) => value);
  try {
    const refused = asked.find((one) => one.status === 'rejected');
    if (refused !== undefined) throw refused.reason;
    return await Promise.race([use(callers), failed.promise]);
  } finally {
    for (const caller of callers) caller.close();
  }
}

class Load {
  private readonly plan: LoadPlan;
  private readonly callers: readonly Caller[];
  private readonly latencies: Float64Array;
  private readonly samples: Uint8Array[] = [];
  private readonly done = Promise.withResolvers<void>();
  private started = 0;
  private finished = 0;

  constructor(plan: LoadPlan, callers: readonly Caller[]) {
    this.plan = plan;
    this.callers = callers;
    this.latencies = new Float64Array(plan.calls);
  }

  async run(): Promise<LoadResult> {
    const begunMs = performance.now();
    for (const caller of this.callers) {
      for (let lane = 0; lane < this.plan.streamsPerConnection; lane += 1) this.askNext(caller);
      caller.flush();
    }
    await this.done.promise;
    const seconds = (performance.now() - begunMs) / 1000;
    return { calls: this.finished, seconds, ...percentilesOf(this.latencies), samples: this.samples };
  }

  private askNext(caller: Caller): void {
    const { calls, messages } = this.plan;
    if (this.started === calls) return;
    const index = this.started;
    this.started += 1;
    const begunMs = performance.now();
    caller.call(messages[index % messages.length] ?? new Uint8Array(), (answer) => {
      this.finish(index, performance.now() - begunMs, answer);
      this.askNext(caller);
    });
  }

  private finish(index: number, latencyMs: number, answer: Uint8Array): void {
    const { calls, messages, sampleEvery = Infinity } = this.plan;
    this.latencies[this.finished] = latencyMs;
    this.finished += 1;
    const round = Math.floor(index / messages.length);
    if ((index + round) % sampleEvery === 0 || index === calls - 1) this.samples.push(answer);
    if (this.finished === calls) this.done.resolve();
  }
}

parentPort?.postMessage(await runLoad(workerData as LoadPlan));
