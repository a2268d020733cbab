import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { Worker } from 'node:worker_threads';
import { CheckResponse } from '@envoyproxy/ext-authz-types';
import type { LoadPlan, LoadResult } from './load.ts';
import { cpuMicrosOf, rssMibOf, shown, spreadOf, tableOf } from './measure.ts';
import { createKeys, framedCheckOf } from './world.ts';
import { createRandom, drawZipf } from './zipf.ts';

const KEYS = 10_000;
const MESSAGES = 2_000;
const CALLS = 40_000;
const WARM_UP_CALLS = 20_000;
const RUNS = 5;
const START_LIMIT_MS = 60_000;

interface Candidate {
  readonly name: string;
  readonly script: string;
}

const CANDIDATES: readonly Candidate[] = [
  { name: 'grpc-js alone: decode, one Map look-up, allow', script: 'bare-server.ts' },
  { name: 'our transport and codec alone: the same', script: 'bare-wire-server.ts' },
  { name: 'Tollgate', script: 'tollgate-server.ts' },
];

interface Started extends Candidate {
  readonly child: ChildProcess;
  readonly pid: number;
  readonly address: string;
}

/** CPU of the server's whole process for each Check, all candidates in the same run, in turn. */
export async function benchOverGrpc(): Promise<string> {
  const keys = createKeys();
  const messages = Array.from(drawZipf(KEYS, MESSAGES, createRandom(2)), (index) =>
    framedCheckOf(keys(index)),
  );
  const started: Started[] = [];
  try {
    for (const candidate of CANDIDATES) started.push(await start(candidate));
    for (const { address } of started) requireAllows(await load({ address, calls: WARM_UP_CALLS, messages }));
    const measured = new Map(started.map(({ name }) => [name, [] as Run[]]));
    for (let run = 0; run < RUNS; run += 1) {
      for (const server of started) measured.get(server.name)?.push(await measure(server, messages));
    }
    return renderTable(started, measured);
  } finally {
    for (const { child } of started) child.kill('SIGTERM');
  }
}

interface Run {
  readonly cpuMicros: number;
  readonly perSecond: number;
  readonly p99Ms: number;
}

async function measure({ pid, address }: Started, messages: readonly Uint8Array[]): Promise<Run> {
  const before = cpuMicrosOf(pid);
  const result = await load({ address, calls: CALLS, messages });
  requireAllows(result);
  const cpuMicros = (cpuMicrosOf(pid) - before) / result.calls;
  return { cpuMicros, perSecond: result.calls / result.seconds, p99Ms: result.p99Ms };
}

/** A server that answers quickly because it answers wrongly is not measured. */
function requireAllows({ samples }: LoadResult): void {
  const codes = samples.map((sample) => CheckResponse.decode(sample).status?.code);
  if (codes.length !== 2 || codes.some((code) => code !== 0))
    throw new Error(`not allowed: ${codes.join(', ')}`);
}

async function load(plan: Pick<LoadPlan, 'address' | 'calls' | 'messages'>): Promise<LoadResult> {
  const workerData: LoadPlan = { ...plan, connections: 2, streamsPerConnection: 32 };
  const worker = new Worker(new URL('load.ts', import.meta.url), { workerData });
  const [result] = (await once(worker, 'message')) as [LoadResult];
  await worker.terminate();
  return result;
}

async function start(candidate: Candidate): Promise<Started> {
  const child = spawn(process.execPath, [new URL(candidate.script, import.meta.url).pathname], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { PATH: process.env['PATH'], BENCH_KEYS: String(KEYS) },
  });
  const lines = createInterface({ input: child.stdout });
  const [line] = (await once(lines, 'line', { signal: AbortSignal.timeout(START_LIMIT_MS) })) as [string];
  const { address } = JSON.parse(line) as { address: string };
  return { ...candidate, child, pid: child.pid ?? 0, address };
}

function renderTable(started: readonly Started[], measured: ReadonlyMap<string, readonly Run[]>): string {
  const cpuOf = (name: string) => spreadOf((measured.get(name) ?? []).map(({ cpuMicros }) => cpuMicros));
  const yardstick = cpuOf(CANDIDATES[0]?.name ?? '');
  const rows = started.map(({ name, pid }) => {
    const runs = measured.get(name) ?? [];
    const cpu = cpuOf(name);
    return [
      name,
      shown(cpu.min),
      shown(cpu.median),
      shown(cpu.min / yardstick.min),
      shown(Math.max(...runs.map(({ perSecond }) => perSecond))),
      shown(spreadOf(runs.map(({ p99Ms }) => p99Ms)).median),
      shown(rssMibOf(pid)),
    ];
  });
  return tableOf(
    [
      'server',
      'CPU µs per Check (min)',
      '(median)',
      'ratio',
      'Checks/s (best)',
      'p99 ms (median)',
      'RSS MiB',
    ],
    rows,
  );
}
