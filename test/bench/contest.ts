import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { Worker } from 'node:worker_threads';
import { CheckResponse } from '@envoyproxy/ext-authz-types';
import type { LoadPlan, LoadResult } from './load.ts';
import { cpuMicrosOf, rssMibOf, shown, spreadOf, tableOf } from './measure.ts';

/** A server of Checks in a process of its own. It writes one line, `{"address":"127.0.0.1:…"}`, when it answers. */
export interface Candidate {
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

export interface Contest {
  /** The first one is the yardstick of the ratios. */
  readonly candidates: readonly Candidate[];
  /** Framed messages, sent in turn. */
  readonly messages: readonly Uint8Array[];
  /** What all answers must be; a server that is quick because it is wrong is not measured. */
  readonly verdict: 'allow' | 'deny';
  readonly runs: number;
  readonly calls: number;
}

const LOADERS = 2;
const STREAMS = 32;
const WARM_UP_SHARE = 0.5;
const START_LIMIT_MS = 120_000;

interface Started extends Candidate {
  readonly child: ChildProcess;
  readonly pid: number;
  readonly address: string;
  readonly startedSeconds: number;
}

interface Run {
  readonly cpuMicros: number;
  readonly perSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
}

/** CPU of each server's whole process for each Check, all candidates in the same run, in turn. */
export async function holdContest(contest: Contest): Promise<string> {
  const started: Started[] = [];
  try {
    for (const candidate of contest.candidates) started.push(await start(candidate));
    for (const server of started) await measure(server, contest, WARM_UP_SHARE);
    const measured = new Map(started.map(({ name }) => [name, [] as Run[]]));
    for (let run = 0; run < contest.runs; run += 1) {
      for (const server of started) measured.get(server.name)?.push(await measure(server, contest, 1));
    }
    return renderTable(started, measured);
  } finally {
    for (const { child } of started) child.kill('SIGTERM');
  }
}

async function measure({ pid, address }: Started, contest: Contest, share: number): Promise<Run> {
  const calls = Math.ceil((contest.calls * share) / LOADERS);
  const before = cpuMicrosOf(pid);
  const loads = await Promise.all(
    Array.from({ length: LOADERS }, (_, part) =>
      load({
        address,
        calls,
        messages: partOf(contest.messages, part),
        connections: 1,
        streamsPerConnection: STREAMS,
      }),
    ),
  );
  const all = loads.reduce((sum, one) => sum + one.calls, 0);
  const cpuMicros = (cpuMicrosOf(pid) - before) / all;
  for (const result of loads) requireVerdict(result, contest.verdict);
  return {
    cpuMicros,
    perSecond: loads.reduce((sum, one) => sum + one.calls / one.seconds, 0),
    p50Ms: Math.max(...loads.map(({ p50Ms }) => p50Ms)),
    p99Ms: Math.max(...loads.map(({ p99Ms }) => p99Ms)),
  };
}

/** Every loader has keys of its own. */
function partOf(messages: readonly Uint8Array[], part: number): readonly Uint8Array[] {
  return messages.filter((_, index) => index % LOADERS === part);
}

function requireVerdict({ samples }: LoadResult, verdict: Contest['verdict']): void {
  const codes = samples.map((sample) => CheckResponse.decode(sample).status?.code);
  const right = codes.length === 2 && codes.every((code) => (code === 0) === (verdict === 'allow'));
  if (!right) throw new Error(`expected ${verdict}, got status ${codes.join(', ')}`);
}

async function load(workerData: LoadPlan): Promise<LoadResult> {
  const worker = new Worker(new URL('load.ts', import.meta.url), { workerData });
  const [result] = (await once(worker, 'message')) as [LoadResult];
  await worker.terminate();
  return result;
}

async function start(candidate: Candidate): Promise<Started> {
  const begun = performance.now();
  const child = spawn(candidate.command, candidate.args, {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { PATH: process.env['PATH'], ...candidate.env },
  });
  const lines = createInterface({ input: child.stdout });
  const [line] = (await once(lines, 'line', { signal: AbortSignal.timeout(START_LIMIT_MS) })) as [string];
  const { address } = JSON.parse(line) as { address: string };
  const startedSeconds = (performance.now() - begun) / 1_000;
  return { ...candidate, child, pid: child.pid ?? 0, address, startedSeconds };
}

const TITLES = [
  'server',
  'CPU µs per Check (min)',
  '(median)',
  'ratio',
  'Checks/s (best)',
  'p50 ms',
  'p99 ms',
  'RSS MiB',
  'start s',
];

function renderTable(started: readonly Started[], measured: ReadonlyMap<string, readonly Run[]>): string {
  const runsOf = (name: string) => measured.get(name) ?? [];
  const cpuOf = (name: string) => spreadOf(runsOf(name).map(({ cpuMicros }) => cpuMicros));
  const yardstick = cpuOf(started[0]?.name ?? '').min;
  const rows = started.map(({ name, pid, startedSeconds }) => {
    const cpu = cpuOf(name);
    return [
      name,
      shown(cpu.min),
      shown(cpu.median),
      shown(cpu.min / yardstick),
      shown(Math.max(...runsOf(name).map(({ perSecond }) => perSecond))),
      shown(spreadOf(runsOf(name).map(({ p50Ms }) => p50Ms)).median),
      shown(spreadOf(runsOf(name).map(({ p99Ms }) => p99Ms)).median),
      shown(rssMibOf(pid)),
      shown(startedSeconds),
    ];
  });
  return tableOf(TITLES, rows);
}
