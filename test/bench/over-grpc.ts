import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { judgeAllow, judgeBareAllow } from './answers.ts';
import type { Judge } from './answers.ts';
import type { Candidate } from './candidate.ts';
import { measureLoaded, rehearse, withServers } from './contest.ts';
import type { Contestant } from './contest.ts';
import { startLoaders } from './loaders.ts';
import { renderContest } from './contest-table.ts';
import { writeSessionConfig } from './session-world.ts';
import { createKeys, framedCheckOf } from './world.ts';
import { createRandom, drawZipf } from './zipf.ts';

const KEYS = 10_000;
const MESSAGES = 2_000;
const CALLS = 40_000;
const REHEARSED_CALLS = 20_000;
const TURNS = 5;
const LOADERS = 2;
/** An account has at most 2,500. */
const SESSIONS = 2_000;
const KEYS_ASKED = 'good keys';
const TOKENS_ASKED = 'session tokens seen before';

interface Entry extends Candidate {
  readonly asked: typeof KEYS_ASKED | typeof TOKENS_ASKED;
  readonly judge: Judge;
}

function entry(name: string, file: string, judge: Judge): Entry {
  const args = [fileURLToPath(new URL(file, import.meta.url))];
  const env = { BENCH_KEYS: String(KEYS) };
  return { name, command: process.execPath, args, env, asked: KEYS_ASKED, judge };
}

/** Its tokens lie in `tokensFile` once it answers. */
function tokenEntry(folder: string, tokensFile: string): Entry {
  const tollgate = entry('Tollgate, session tokens seen before', 'tollgate-server.ts', judgeAllow);
  const own = {
    BENCH_CONFIG_FILE: writeSessionConfig(folder),
    BENCH_SESSIONS: String(SESSIONS),
    BENCH_TOKENS_FILE: tokensFile,
  };
  return { ...tollgate, env: { ...tollgate.env, ...own }, asked: TOKENS_ASKED };
}

/** CPU of the server's whole process for each Check, all candidates in the same run, in turn. */
export async function benchOverGrpc(): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'tollgate-bench-'));
  const tokensFile = join(folder, 'tokens');
  const loaders = startLoaders(LOADERS);
  const entries = [
    entry('grpc-js alone: decode, one Map look-up, allow', 'bare-server.ts', judgeBareAllow),
    entry('our transport and codec alone: the same', 'bare-wire-server.ts', judgeBareAllow),
    entry('Tollgate', 'tollgate-server.ts', judgeAllow),
    tokenEntry(folder, tokensFile),
  ];
  try {
    return await withServers(entries, async (started) => {
      await loaders.keep({ name: KEYS_ASKED, messages: draw(KEYS, createKeys()) });
      const tokens = readFileSync(tokensFile, 'latin1').split('\n');
      await loaders.keep({ name: TOKENS_ASKED, messages: draw(SESSIONS, (index) => tokens[index] ?? '') });
      const contestants = started.map(([{ name, asked, judge }, running]): Contestant => {
        return { name, running, exam: { questions: asked, judge } };
      });
      await rehearse({ contestants, loaders, turns: 1 }, REHEARSED_CALLS);
      return renderContest({ loaded: await measureLoaded({ contestants, loaders, turns: TURNS }, CALLS) });
    });
  } finally {
    loaders.stop();
    rmSync(folder, { recursive: true });
  }
}

function draw(count: number, credentialAt: (index: number) => string): readonly Uint8Array[] {
  return Array.from(drawZipf(count, MESSAGES, createRandom(2)), (index) =>
    framedCheckOf(credentialAt(index)),
  );
}
