import { fileURLToPath } from 'node:url';
import { judgeAllow, judgeBareAllow } from './answers.ts';
import type { Judge } from './answers.ts';
import type { Candidate } from './candidate.ts';
import { measureLoaded, rehearse, withServers } from './contest.ts';
import type { Contestant } from './contest.ts';
import { startLoaders } from './loaders.ts';
import { renderContest } from './contest-table.ts';
import { createKeys, framedCheckOf } from './world.ts';
import { createRandom, drawZipf } from './zipf.ts';

const KEYS = 10_000;
const MESSAGES = 2_000;
const CALLS = 40_000;
const REHEARSED_CALLS = 20_000;
const TURNS = 5;
const LOADERS = 2;
const QUESTIONS = 'good keys';

interface Entry extends Candidate {
  readonly judge: Judge;
}

function entry(name: string, file: string, judge: Judge): Entry {
  const args = [fileURLToPath(new URL(file, import.meta.url))];
  return { name, command: process.execPath, args, env: { BENCH_KEYS: String(KEYS) }, judge };
}

const ENTRIES: readonly Entry[] = [
  entry('grpc-js alone: decode, one Map look-up, allow', 'bare-server.ts', judgeBareAllow),
  entry('our transport and codec alone: the same', 'bare-wire-server.ts', judgeBareAllow),
  entry('Tollgate', 'tollgate-server.ts', judgeAllow),
];

/** CPU of the server's whole process for each Check, all candidates in the same run, in turn. */
export async function benchOverGrpc(): Promise<string> {
  const keys = createKeys();
  const drawn = drawZipf(KEYS, MESSAGES, createRandom(2));
  const loaders = startLoaders(LOADERS);
  try {
    await loaders.keep({
      name: QUESTIONS,
      messages: Array.from(drawn, (index) => framedCheckOf(keys(index))),
    });
    return await withServers(ENTRIES, async (started) => {
      const contestants = started.map(([{ name, judge }, running]): Contestant => {
        return { name, running, exam: { questions: QUESTIONS, judge } };
      });
      await rehearse({ contestants, loaders, turns: 1 }, REHEARSED_CALLS);
      return renderContest({ loaded: await measureLoaded({ contestants, loaders, turns: TURNS }, CALLS) });
    });
  } finally {
    loaders.stop();
  }
}
