import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { judgeAllow, judgeRateLimit, judgeRefusal } from './answers.ts';
import type { Running } from './candidate.ts';
import { bestPerSecond, renderContest } from './contest-table.ts';
import type { Measured } from './contest-table.ts';
import { measureAlone, measureLoaded, measureSteady, rehearse, withServers } from './contest.ts';
import type { Contestant, Results } from './contest.ts';
import { startLoaders } from './loaders.ts';
import type { Loaders } from './loaders.ts';
import { toolVersion, versionsOf } from './peer-builds.ts';
import { PEERS, prepareEntries } from './peer-entries.ts';
import type { Entry } from './peer-entries.ts';
import { framedRateLimitOf } from './ratelimit-request.ts';
import { describeMachine, showInReadme } from './report.ts';
import { createKeys, framedCheckOf } from './world.ts';
import { createRandom, drawZipf } from './zipf.ts';

/*
 * The same Checks asked of Tollgate and of what others build, in one run: `npm run bench:peers`, or with one number of keys
 * after it. The first run builds the peers with Go and Cargo into a cache, which takes minutes.
 */
const KEY_COUNTS = [10_000, 1_000_000];
/** Many more than a processor caches, and drawn: the same keys come often, others once. */
const MESSAGES = 20_000;
const LOADERS = 2;
const TURNS = Number(process.env['BENCH_RUNS'] ?? 5);
const CALLS = 100_000;
const REHEARSED_CALLS = 60_000;
const ALONE_TURNS = 3;
const ALONE_CALLS = 2_000;
const STEADY_TURNS = 3;
const STEADY_MS = 2_000;

/** The servers that were started, each with its own words. */
type Field = readonly (readonly [Entry, Running])[];

// An exit, in place of a sudden end, takes the servers along.
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => process.exit(1));

const asked = process.argv.slice(2).filter((word) => /^\d+$/.test(word));
const keyCounts = asked.length === 0 ? KEY_COUNTS : asked.map(Number);
const folder = mkdtempSync(join(tmpdir(), 'tollgate-peers-'));
const loaders = startLoaders(LOADERS);
try {
  const entries = await prepareAll();
  const report = await withServers(entries, measureAll);
  process.stdout.write(report);
  if (process.argv.includes('--write')) await showInReadme('peers', report);
} finally {
  loaders.stop();
  rmSync(folder, { recursive: true });
}

/** Entries over every number of keys; those that hold no keys take part once. Their questions lie with the loaders. */
async function prepareAll(): Promise<readonly Entry[]> {
  const keys = createKeys();
  const entries: Entry[] = [];
  for (const [at, keyCount] of keyCounts.entries()) {
    const peers = PEERS.filter(({ knowsKeys }) => knowsKeys || at === 0);
    entries.push(...(await prepareEntries({ folder, keys, keyCount, peers })));
    const drawn = [...drawZipf(keyCount, MESSAGES, createRandom(2))].map(keys);
    const unknown = Array.from({ length: MESSAGES }, (_, index) => keys(keyCount + index));
    await loaders.keep({ name: `check ${keyCount}`, messages: drawn.map((key) => framedCheckOf(key)) });
    await loaders.keep({ name: `limits ${keyCount}`, messages: drawn.map(framedRateLimitOf) });
    await loaders.keep({ name: `unknown ${keyCount}`, messages: unknown.map((key) => framedCheckOf(key)) });
  }
  return entries;
}

async function measureAll(field: Field): Promise<string> {
  const allowing = field.map(([{ name, asked: what, keyCount, path }, running]): Contestant => {
    const judge = what === 'limits' ? judgeRateLimit : judgeAllow;
    return { name, running, exam: { questions: `${what} ${keyCount}`, judge, ...(path && { path }) } };
  });
  const knowing = field.filter(([{ knowsKeys }]) => knowsKeys);
  const refusing = knowing.map(([{ name, keyCount }, running]): Contestant => {
    return { name, running, exam: { questions: `unknown ${keyCount}`, judge: judgeRefusal } };
  });
  const allowed = await measureFully(allowing, loaders);
  const refused = { loaded: await measureLoad(refusing, loaders) };
  const tables = keyCounts.map((keyCount) => {
    const ofCount = ({ exam }: Contestant): boolean => exam.questions.endsWith(` ${keyCount}`);
    return `${keyCount.toLocaleString('en')} keys, every Check allowed:

${renderContest(partOf(allowed, ofCount))}

The same, every key unknown:

${renderContest(partOf(refused, ofCount))}
`;
  });
  return `${describeAll(new Set(field.map(([{ name }]) => name)))}\n\n${tables.join('\n')}`;
}

async function measureLoad(contestants: readonly Contestant[], by: Loaders): Promise<Measured['loaded']> {
  await rehearse({ contestants, loaders: by, turns: 1 }, REHEARSED_CALLS);
  return measureLoaded({ contestants, loaders: by, turns: TURNS }, CALLS);
}

async function measureFully(contestants: readonly Contestant[], by: Loaders): Promise<Measured> {
  const loaded = await measureLoad(contestants, by);
  const alone = await measureAlone({ contestants, loaders: by, turns: ALONE_TURNS }, ALONE_CALLS);
  const steady = await measureSteady(
    { contestants, loaders: by, turns: STEADY_TURNS },
    { callsPerSecond: (it) => bestPerSecond(loaded, it) / 2, durationMs: STEADY_MS },
  );
  return { loaded, alone, steady };
}

/** What was measured of some of the contestants. */
function partOf(measured: Measured, isPart: (contestant: Contestant) => boolean): Measured {
  const part = <Result>(results: Results<Result>): Results<Result> =>
    new Map([...results].filter(([contestant]) => isPart(contestant)));
  const { loaded, alone, steady } = measured;
  return {
    loaded: part(loaded),
    ...(alone && { alone: part(alone) }),
    ...(steady && { steady: part(steady) }),
  };
}

function describeAll(names: ReadonlySet<string>): string {
  const made = PEERS.filter(({ name }) => names.has(name));
  const versions = new Set([...made.flatMap(versionsOf), ...made.map(({ tool }) => toolVersion(tool))]);
  return `${describeMachine()} Peers: ${[...versions].join(', ')}.

All servers take turns in one run; CPU and memory are those of all their processes. "Loaded" is ${LOADERS} load processes with keys of their own, 32 calls in flight each; "alone" is one call after another; "at half" is a steady rate, half of the highest that the same server reached here beside its load generators; behind it, how late the load came from its own rests.`;
}
