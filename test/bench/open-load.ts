import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Caller } from './caller.ts';
import { withCallers } from './load.ts';
import type { LoadPlan } from './load.ts';
import { percentilesOf } from './measure.ts';

/** Calls that come when they are due, whether those before them are answered or not. */
export interface OpenPlan extends Pick<LoadPlan, 'address' | 'path' | 'connections' | 'messages'> {
  readonly callsPerSecond: number;
  readonly durationMs: number;
  /** Of so many answers one is kept. */
  readonly sampleEvery: number;
}

/** Answers are timed from when they were sent: that this process came late to its turn is not the server's doing. */
export interface OpenResult {
  readonly calls: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** How late this process came to its turns, but for a hundredth of them: what the answers' times are known by. */
  readonly lateP99Ms: number;
  /** Answers without their prefix: to be judged, for who refuses is quick. */
  readonly samples: readonly Uint8Array[];
}

/** A timer of the loop would rest a millisecond and send as much at once; never to rest would take a core from the server. */
const REST_MS = 0.2;
const SECOND_MS = 1_000;
/** A server that is so far behind is not asked more until it has caught up: its latency tells by then. */
const IN_FLIGHT_MAX = 2_000;

/** Rejects where a call fails. */
export async function runOpenLoad(plan: OpenPlan): Promise<OpenResult> {
  const over = new AbortController();
  try {
    const { latencies, lateMs, samples } = await withCallers(plan, (callers) =>
      new OpenLoad(plan, callers).run(over.signal),
    );
    const { p99Ms: lateP99Ms } = percentilesOf(Float64Array.from(lateMs));
    return { calls: latencies.length, ...percentilesOf(Float64Array.from(latencies)), lateP99Ms, samples };
  } finally {
    over.abort();
  }
}

class OpenLoad {
  private readonly plan: OpenPlan;
  private readonly callers: readonly Caller[];
  private readonly resting = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT));
  readonly latencies: number[] = [];
  readonly lateMs: number[] = [];
  readonly samples: Uint8Array[] = [];
  private sent = 0;

  constructor(plan: OpenPlan, callers: readonly Caller[]) {
    this.plan = plan;
    this.callers = callers;
  }

  async run(signal: AbortSignal): Promise<OpenLoad> {
    const { callsPerSecond, durationMs } = this.plan;
    const total = Math.ceil((callsPerSecond * durationMs) / SECOND_MS);
    const begunMs = performance.now();
    while (this.latencies.length < total) {
      const dueCount = Math.ceil(((performance.now() - begunMs) * callsPerSecond) / SECOND_MS);
      this.sendUpTo(Math.min(dueCount, total, this.latencies.length + IN_FLIGHT_MAX));
      const restedMs = performance.now();
      Atomics.wait(this.resting, 0, 0, REST_MS);
      this.lateMs.push(performance.now() - restedMs - REST_MS);
      await nextTurn(undefined, { signal });
    }
    return this;
  }

  private sendUpTo(count: number): void {
    while (this.sent < count) this.send();
    for (const caller of this.callers) caller.flush();
  }

  private send(): void {
    const { messages } = this.plan;
    const caller = this.callers[this.sent % this.callers.length];
    const message = messages[this.sent % messages.length];
    if (caller === undefined || message === undefined) throw new Error('nothing to send, or nowhere');
    this.sent += 1;
    const sentMs = performance.now();
    caller.call(message, (answer) => {
      this.latencies.push(performance.now() - sentMs);
      if (this.latencies.length % this.plan.sampleEvery === 0) this.samples.push(answer);
    });
  }
}
