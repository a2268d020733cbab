import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { holdContest } from './contest.ts';
import type { Candidate } from './contest.ts';
import { describeMachine, showInReadme } from './report.ts';
import { createKeys, framedCheckOf } from './world.ts';
import { createRandom, drawZipf } from './zipf.ts';

/*
 * The same Checks asked of Tollgate and of what others build, in one run: `npm run bench:peers`, or with a number of keys after it.
 * The first run builds the peers with Go and Cargo into a cache, which takes minutes.
 */
const CACHE = join(process.env['TOLLGATE_CACHE'] ?? join(homedir(), '.cache/tollgate'), 'peers');
const PEERS = fileURLToPath(new URL('peers/', import.meta.url));
const KEYS_DEFAULT = 10_000;
const MESSAGES = 2_000;
const RUNS = Number(process.env['BENCH_RUNS'] ?? 5);
const CALLS = 40_000;
const BUILD_MS_MAX = 1_800_000;

interface Build {
  readonly name: string;
  readonly tool: 'go' | 'cargo';
  readonly folder: string;
  readonly binary: string;
}

const BUILDS: readonly Build[] = [
  {
    name: 'Rust, tonic: decode, one look-up, allow',
    tool: 'cargo',
    folder: 'rust-bare',
    binary: 'rust-bare',
  },
  { name: 'Go, grpc-go: decode, one look-up, allow', tool: 'go', folder: 'go-bare', binary: 'go-bare' },
  {
    name: 'limitador crate: two limits, no keys',
    tool: 'cargo',
    folder: 'limitador',
    binary: 'limitador-bench',
  },
  { name: 'OPA engine: one look-up, no limits', tool: 'go', folder: 'opa', binary: 'opa' },
];

function build({ tool, folder, binary }: Build): string | undefined {
  if (spawnSync(tool, ['version']).error !== undefined) return undefined;
  const cwd = join(PEERS, folder);
  const options = { cwd, stdio: 'inherit', timeout: BUILD_MS_MAX } as const;
  mkdirSync(CACHE, { recursive: true });
  if (tool === 'go') {
    execFileSync('go', ['build', '-o', join(CACHE, binary), '.'], options);
    return join(CACHE, binary);
  }
  execFileSync('cargo', ['build', '--release', '--locked', '--target-dir', join(CACHE, 'rust')], options);
  return join(CACHE, 'rust/release', binary);
}

const count = Number(process.argv.slice(2).find((word) => /^\d+$/.test(word)) ?? KEYS_DEFAULT);
const shownCount = count.toLocaleString('en');
const keys = createKeys();
const folder = mkdtempSync(join(tmpdir(), 'tollgate-peers-'));
try {
  const keysFile = join(folder, 'keys');
  writeFileSync(keysFile, Array.from({ length: count }, (_, index) => `${keys(index)}\n`).join(''));
  const env = { BENCH_KEYS: String(count), BENCH_KEYS_FILE: keysFile };
  const peers = BUILDS.flatMap((it): Candidate[] => {
    const command = build(it);
    if (command === undefined) process.stderr.write(`${it.name}: ${it.tool} is not installed, left out\n`);
    return command === undefined ? [] : [{ name: it.name, command, args: [], env }];
  });
  const ours = ['wire', 'grpc-js'].map((transport): Candidate => ({
    name: `Tollgate, ${transport}: keys, two limits, identity headers`,
    command: process.execPath,
    args: [fileURLToPath(new URL('tollgate-server.ts', import.meta.url))],
    env: { ...env, BENCH_TRANSPORT: transport },
  }));
  const allowed = Array.from(drawZipf(count, MESSAGES, createRandom(2)), (index) =>
    framedCheckOf(keys(index)),
  );
  const refused = Array.from({ length: MESSAGES }, (_, index) => framedCheckOf(keys(count + index)));
  const contest = { candidates: [...peers, ...ours], runs: RUNS, calls: CALLS };
  const refusing = contest.candidates.filter(({ name }) => !name.startsWith('limitador'));
  const allows = await holdContest({ ...contest, messages: allowed, verdict: 'allow' });
  const denies = await holdContest({
    ...contest,
    candidates: refusing,
    messages: refused,
    verdict: 'deny',
  });
  const report = `${describeMachine()}

${shownCount} keys, every Check allowed:

${allows}

The same, every key unknown:

${denies}
`;
  process.stdout.write(report);
  if (process.argv.includes('--write')) await showInReadme('peers', report);
} finally {
  rmSync(folder, { recursive: true });
}
