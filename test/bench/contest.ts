import type { Judge } from './answers.ts';
import { startCandidate } from './candidate.ts';
import type { Candidate, Running } from './candidate.ts';
import type { Loaders } from './loaders.ts';

/** What a server is asked: messages that the loaders keep under a name, and how its answers are judged. */
export interface Exam {
  readonly questions: string;
  /** Of the method; Envoy's Check where absent. */
  readonly path?: string;
  readonly judge: Judge;
}

export interface Contestant {
  readonly name: string;
  readonly running: Running;
  readonly exam: Exam;
}

/** One load of as many calls in flight as LOADERS × STREAMS. */
export interface Round {
  /** Of all the server's processes, user and system, for each call. */
  readonly cpuMicros: number;
  readonly perSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
}

export interface Latency {
  readonly p50Ms: number;
  readonly p99Ms: number;
}

export interface SteadyLatency extends Latency {
  /** How late the load itself came from its rests, but for a hundredth of them. */
  readonly lateP99Ms: number;
}

/** Turns that all servers take one after the other, so that what else the machine does meets all of them. */
export interface Turns {
  readonly contestants: readonly Contestant[];
  readonly loaders: Loaders;
  readonly turns: number;
}

export type Results<Result> = ReadonlyMap<Contestant, readonly Result[]>;

const STREAMS = 32;
const SAMPLE_EVERY = 500;
/** Prime, so that it meets other messages each time round. */
const STEADY_SAMPLE_EVERY = 101;
const ATTEMPTS_MAX = 5;

/** Starts all of them, lets them be used, and ends them whatever happened. */
export async function withServers<Entry extends Candidate, Result>(
  entries: readonly Entry[],
  use: (started: readonly (readonly [Entry, Running])[]) => Promise<Result>,
): Promise<Result> {
  const started: (readonly [Entry, Running])[] = [];
  try {
    for (const entry of entries) started.push([entry, await startCandidate(entry)]);
    return await use(started);
  } finally {
    await Promise.all(started.map(([, running]) => running.stop()));
  }
}

/** Judges every answer to as many calls; warms up by the way. */
export async function rehearse({ contestants, loaders, turns }: Turns, calls: number): Promise<void> {
  await inTurns({ contestants, loaders, turns }, async (contestant) => {
    await loadOnce(contestant, loaders, { calls, sampleEvery: 1 });
  });
}

/** CPU and latency under load. */
export function measureLoaded(turns: Turns, calls: number): Promise<Results<Round>> {
  return inTurns(turns, (contestant) => loadOnce(contestant, turns.loaders, { calls }));
}

/** How long one call takes that is alone on the machine. */
export function measureAlone(turns: Turns, calls: number): Promise<Results<Latency>> {
  return inTurns(turns, async ({ name, running: { address }, exam: { questions, path, judge } }) => {
    const where = { address, ...(path && { path }), connections: 1, streamsPerConnection: 1 };
    const { samples, ...latency } = await turns.loaders.closedByOne(questions, {
      ...where,
      calls,
      sampleEvery: SAMPLE_EVERY,
    });
    judgeAll(name, samples, judge);
    return latency;
  });
}

export interface Steady {
  readonly callsPerSecond: (contestant: Contestant) => number;
  readonly durationMs: number;
}

/** How long calls take that come at a steady rate, whether those before them are answered or not. */
export function measureSteady(
  turns: Turns,
  { callsPerSecond, durationMs }: Steady,
): Promise<Results<SteadyLatency>> {
  return inTurns(turns, async (contestant) => {
    const { name, running, exam } = contestant;
    const { samples, ...latency } = await turns.loaders.openByOne(exam.questions, {
      address: running.address,
      ...(exam.path && { path: exam.path }),
      connections: 2,
      callsPerSecond: callsPerSecond(contestant),
      durationMs,
      sampleEvery: STEADY_SAMPLE_EVERY,
    });
    judgeAll(name, samples, exam.judge);
    return latency;
  });
}

async function inTurns<Result>(
  { contestants, turns }: Turns,
  take: (contestant: Contestant) => Promise<Result>,
): Promise<Results<Result>> {
  const results = new Map(contestants.map((contestant) => [contestant, [] as Result[]]));
  for (let turn = 0; turn < turns; turn += 1) {
    for (const [contestant, all] of results) all.push(await untilCounted(() => take(contestant)));
  }
  return results;
}

/**
 * A turn with a wrong answer does not count and is taken again: on a busy machine a server may refuse for want of room,
 * but one that is wrong stays wrong.
 */
async function untilCounted<Result>(take: () => Promise<Result>): Promise<Result> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await take();
    } catch (error) {
      if (!(error instanceof VoidTurn) || attempt === ATTEMPTS_MAX) throw error;
      process.stderr.write(`${error.message}, once more: ${String(error.cause)}\n`);
    }
  }
}

class VoidTurn extends Error {}

interface Once {
  readonly calls: number;
  readonly sampleEvery?: number;
}

async function loadOnce(
  { name, running, exam }: Contestant,
  loaders: Loaders,
  { calls, sampleEvery = SAMPLE_EVERY }: Once,
): Promise<Round> {
  const before = running.cpuMicros();
  const loads = await loaders.closed(exam.questions, {
    address: running.address,
    ...(exam.path && { path: exam.path }),
    calls: Math.ceil(calls / loaders.count),
    connections: 1,
    streamsPerConnection: STREAMS,
    sampleEvery,
  });
  const answered = loads.reduce((sum, load) => sum + load.calls, 0);
  const cpuMicros = (running.cpuMicros() - before) / answered;
  for (const { samples } of loads) judgeAll(name, samples, exam.judge);
  return {
    cpuMicros,
    perSecond: loads.reduce((sum, load) => sum + load.calls / load.seconds, 0),
    p50Ms: Math.max(...loads.map(({ p50Ms }) => p50Ms)),
    p99Ms: Math.max(...loads.map(({ p99Ms }) => p99Ms)),
  };
}

function judgeAll(name: string, samples: readonly Uint8Array[], judge: Judge): void {
  try {
    if (samples.length === 0) throw new Error('there was no answer');
    for (const sample of samples) judge(sample);
  } catch (error) {
    throw new VoidTurn(`${name} is not measured`, { cause: error });
  }
}
