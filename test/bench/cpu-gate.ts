import { fileURLToPath } from 'node:url';
import { judgeBareAllow } from './answers.ts';
import type { Candidate, Running } from './candidate.ts';
import { measureLoaded, rehearse, withServers } from './contest.ts';
import type { Contestant, Results, Round } from './contest.ts';
import { startLoaders } from './loaders.ts';
import type { Loaders } from './loaders.ts';
import { createKeys, framedCheckOf } from './world.ts';
import { createRandom, drawZipf } from './zipf.ts';

/*
 * CPU for each Check as a ratio to a yardstick's of the same run, in short turns: a machine that is busy or slow makes
 * each of them dearer alike, so that a ratio holds where no time would.
 */

/** The least CPU that each server needed for a Check in any turn, in microseconds: what the machine did besides only ever adds. */
export type Costs = ReadonlyMap<string, number>;

export const YARDSTICK = 'grpc-js alone: decode, one look-up, allow';
export const WIRE = 'Tollgate, wire';
export const GRPC_JS = 'Tollgate, grpc-js';

const KEYS = 1_000;
const MESSAGES = 1_000;
const TURNS = 4;
const CALLS = 12_000;
const LOADERS = 2;
const QUESTIONS = 'good keys';

export async function measureCosts(): Promise<Costs> {
  const loaders = startLoaders(LOADERS);
  try {
    await loaders.keep({ name: QUESTIONS, messages: createQuestions() });
    return await withServers(CANDIDATES, (started) => holdTurns(started, loaders));
  } finally {
    loaders.stop();
  }
}

async function holdTurns(
  started: readonly (readonly [Candidate, Running])[],
  loaders: Loaders,
): Promise<Costs> {
  const exam = { questions: QUESTIONS, judge: judgeBareAllow };
  const contestants = started.map(([{ name }, running]): Contestant => ({ name, running, exam }));
  await rehearse({ contestants, loaders, turns: 1 }, CALLS);
  return toCosts(await measureLoaded({ contestants, loaders, turns: TURNS }, CALLS));
}

export function toCosts(results: Results<Pick<Round, 'cpuMicros'>>): Costs {
  const least = (rounds: readonly Pick<Round, 'cpuMicros'>[]): number =>
    Math.min(...rounds.map(({ cpuMicros }) => cpuMicros));
  return new Map([...results].map(([{ name }, rounds]) => [name, least(rounds)]));
}

/** How many times the yardstick's CPU a server needs. Throws where one of them was not measured, or seems to need none. */
export function ratioOf(costs: Costs, name: string): number {
  const ratio = (costs.get(name) ?? Number.NaN) / (costs.get(YARDSTICK) ?? Number.NaN);
  if (!Number.isFinite(ratio) || ratio <= 0) throw new Error(`${name} was not measured`);
  return ratio;
}

function candidate(name: string, file: string, env: Readonly<Record<string, string>> = {}): Candidate {
  return {
    name,
    command: process.execPath,
    args: [fileURLToPath(new URL(file, import.meta.url))],
    env: { BENCH_KEYS: String(KEYS), ...env },
  };
}

const CANDIDATES: readonly Candidate[] = [
  candidate(YARDSTICK, 'bare-server.ts'),
  candidate(WIRE, 'tollgate-server.ts', { BENCH_TRANSPORT: 'wire' }),
  candidate(GRPC_JS, 'tollgate-server.ts', { BENCH_TRANSPORT: 'grpc-js' }),
];

function createQuestions(): readonly Uint8Array[] {
  const keys = createKeys();
  return Array.from(drawZipf(KEYS, MESSAGES, createRandom(2)), (index) => framedCheckOf(keys(index)));
}
