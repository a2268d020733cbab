import { connect } from 'node:http2';
import type { ClientHttp2Session } from 'node:http2';
import { setTimeout as pause } from 'node:timers/promises';
import { call, toCallHeaders } from './load.ts';
import type { LoadPlan } from './load.ts';
import { percentilesOf } from './measure.ts';

/** Calls that come when they are due, whether those before them are answered or not. */
export interface OpenPlan extends Pick<LoadPlan, 'address' | 'path' | 'connections' | 'messages'> {
  readonly callsPerSecond: number;
  readonly durationMs: number;
}

/** Answers are timed from when they were sent: that this process came late to its timer is not the server's doing. */
export interface OpenResult {
  readonly calls: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
}

const TICK_MS = 1;
const SECOND_MS = 1_000;
/** A server that is so far behind is not asked more until it has caught up: its latency tells by then. */
const IN_FLIGHT_MAX = 2_000;

/** Rejects where a call fails. */
export async function runOpenLoad(plan: OpenPlan): Promise<OpenResult> {
  const sessions = Array.from({ length: plan.connections }, () => connect(`http://${plan.address}`));
  try {
    const latencies = await sendAll(plan, sessions);
    return { calls: latencies.length, ...percentilesOf(Float64Array.from(latencies)) };
  } finally {
    for (const session of sessions) session.close();
  }
}

async function sendAll(plan: OpenPlan, sessions: readonly ClientHttp2Session[]): Promise<readonly number[]> {
  const { callsPerSecond, durationMs, messages } = plan;
  const headers = toCallHeaders(plan.path);
  const total = Math.ceil((callsPerSecond * durationMs) / SECOND_MS);
  const latencies: number[] = [];
  const answers: Promise<void>[] = [];
  const state = { hasFailed: false };
  const send = async (index: number): Promise<void> => {
    const session = sessions[index % sessions.length];
    const message = messages[index % messages.length];
    if (session === undefined || message === undefined) throw new Error('nothing to send, or nowhere');
    const sentMs = performance.now();
    await call(session, headers, message);
    latencies.push(performance.now() - sentMs);
  };
  const begunMs = performance.now();
  while (answers.length < total) {
    const dueCount = Math.ceil(((performance.now() - begunMs) * callsPerSecond) / SECOND_MS);
    const allowedCount = Math.min(dueCount, total, latencies.length + IN_FLIGHT_MAX);
    while (answers.length < allowedCount) {
      const answer = send(answers.length);
      // One that fails is told below, when all are waited for.
      answer.catch(() => (state.hasFailed = true));
      answers.push(answer);
    }
    if (state.hasFailed) break;
    await pause(TICK_MS);
  }
  await Promise.all(answers);
  return latencies;
}
