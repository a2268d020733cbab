import { connect } from 'node:http2';
import type { ClientHttp2Session } from 'node:http2';
import { parentPort, workerData } from 'node:worker_threads';
import { CheckResponse } from '@envoyproxy/ext-authz-types';
import { percentilesOf } from './measure.ts';

/** Checks that come when they are due, whether those before them are answered or not, from a thread of their own. */
export interface SteadyPlan {
  readonly address: string;
  readonly checksPerSecond: number;
  /** Of so many checks one is charged. */
  readonly chargedEvery: number;
  /** Framed messages, sent in turn. */
  readonly free: readonly Uint8Array[];
  readonly charged: readonly Uint8Array[];
}

/** What was answered since the last time this was asked for. Answers are timed from when they were sent. */
export interface SteadyWindow {
  readonly free: Latencies;
  readonly charged: Latencies;
  /** Answered, but not by an allow. */
  readonly refused: number;
  /** No answer, or a check that was due while IN_FLIGHT_MAX others waited. */
  readonly failed: number;
  /** How late this thread came to its own timer: what the answers' times are known by. */
  readonly lateMaxMs: number;
}

export interface Latencies {
  readonly count: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly maxMs: number;
}

const PATH = '/envoy.service.auth.v3.Authorization/Check';
const HEADERS = { ':method': 'POST', ':path': PATH, te: 'trailers', 'content-type': 'application/grpc' };
const CONNECTIONS = 2;
const TICK_MS = 2;
const IN_FLIGHT_MAX = 2_000;
const SECOND_MS = 1_000;
/** gRPC's prefix of a message: a byte and a length. */
const PREFIX_BYTES = 5;

class Steady {
  private readonly plan: SteadyPlan;
  private readonly sessions: readonly ClientHttp2Session[];
  private readonly begunMs = performance.now();
  private free: number[] = [];
  private charged: number[] = [];
  private refused = 0;
  private failed = 0;
  private lateMaxMs = 0;
  private started = 0;
  private inFlight = 0;
  private tickedMs = performance.now();

  constructor(plan: SteadyPlan) {
    this.plan = plan;
    this.sessions = Array.from({ length: CONNECTIONS }, () => connect(`http://${plan.address}`));
    setInterval(() => this.tick(), TICK_MS);
  }

  /** All since the last call; begins anew. */
  drain(): SteadyWindow {
    const { refused, failed, lateMaxMs } = this;
    const window = {
      free: latenciesOf(this.free),
      charged: latenciesOf(this.charged),
      refused,
      failed,
      lateMaxMs,
    };
    [this.free, this.charged] = [[], []];
    this.refused = this.failed = this.lateMaxMs = 0;
    return window;
  }

  private tick(): void {
    const nowMs = performance.now();
    this.lateMaxMs = Math.max(this.lateMaxMs, nowMs - this.tickedMs - TICK_MS);
    this.tickedMs = nowMs;
    const due = Math.floor(((nowMs - this.begunMs) / SECOND_MS) * this.plan.checksPerSecond);
    for (; this.started < due; this.started += 1) {
      if (this.inFlight >= IN_FLIGHT_MAX) this.failed += 1;
      else this.send(this.started);
    }
  }

  private send(index: number): void {
    const isCharged = index % this.plan.chargedEvery === 0;
    const messages = isCharged ? this.plan.charged : this.plan.free;
    const session = this.sessions[index % CONNECTIONS];
    if (session === undefined) return;
    const sentMs = performance.now();
    this.inFlight += 1;
    const stream = session.request(HEADERS);
    const chunks: Uint8Array[] = [];
    stream.on('data', (chunk: Uint8Array) => chunks.push(chunk));
    stream.on('error', () => undefined);
    stream.on('close', () => {
      this.inFlight -= 1;
      const allowed = isAllow(Buffer.concat(chunks));
      if (allowed === undefined) this.failed += 1;
      else (isCharged ? this.charged : this.free).push(performance.now() - sentMs);
      if (allowed === false) this.refused += 1;
    });
    stream.end(messages[index % messages.length]);
  }
}

/** undefined: that was no answer. */
function isAllow(framed: Buffer): boolean | undefined {
  if (framed.length <= PREFIX_BYTES) return undefined;
  return CheckResponse.decode(framed.subarray(PREFIX_BYTES)).status?.code === 0;
}

function latenciesOf(values: readonly number[]): Latencies {
  const sorted = Float64Array.from(values).sort();
  return { count: sorted.length, ...percentilesOf(sorted), maxMs: sorted.at(-1) ?? Number.NaN };
}

const steady = new Steady(workerData as SteadyPlan);
parentPort?.on('message', () => parentPort?.postMessage(steady.drain()));
