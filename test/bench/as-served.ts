import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { fillStore } from './filled-store.ts';
import type { LoadPlan, LoadResult } from './load.ts';
import { cpuMicrosOf, rssMibOf, shown, spreadOf, tableOf } from './measure.ts';
import { fromMetricsText, growthBetween, slowestOf } from './metrics-page.ts';
import { startServedProcess } from './served-process.ts';
import type { ServedProcess } from './served-process.ts';
import { PAID_TARGET, createKeys, framedCheckOf } from './world.ts';
import { createRandom, drawZipf } from './zipf.ts';

const ACCOUNTS = 1_000;
const KEY_COUNTS = [1_000, 10_000, 1_000_000];
const MESSAGES = 20_000;
const CALLS = 60_000;
const CHARGED_CALLS = 20_000;
const IN_FLIGHT = [1, 8, 32, 64];
const RUNS = 3;
const PAUSES = { name: 'tollgate_event_loop_delay_seconds', label: 'thread="edge"' };
/** The edge tells every second what it measured. */
const TOLD_MS = 1_500;

/** Tollgate in a process of its own: how it starts and what it holds by the number of keys, then what credits cost. */
export async function benchAsServed(): Promise<string> {
  const keys = createKeys();
  const rows: string[][] = [];
  let charged = '';
  let bareMib = Number.NaN;
  for (const count of KEY_COUNTS) {
    const folder = mkdtempSync(join(tmpdir(), 'tollgate-served-'));
    try {
      await fillStore({ folder, accounts: ACCOUNTS, keys, count });
      const begun = performance.now();
      const server = await startServedProcess(folder);
      const startSeconds = (performance.now() - begun) / 1_000;
      const readyMib = rssMibOf(server.pid);
      if (Number.isNaN(bareMib)) bareMib = readyMib;
      const load = await askFree(server, drawn(keys, count));
      const bytesPerKey = ((rssMibOf(server.pid) - bareMib) * 2 ** 20) / count;
      rows.push([
        count.toLocaleString('en'),
        shown(startSeconds),
        shown(rssMibOf(server.pid)),
        count === KEY_COUNTS[0] ? '' : shown(bytesPerKey),
        shown(load.cpuMicros),
        load.pause,
      ]);
      if (count === 10_000) charged = await askCharged(server, drawn(keys, count, PAID_TARGET));
      await server.stop();
    } finally {
      rmSync(folder, { recursive: true });
    }
  }
  const titles = [
    'keys',
    'start to ready s',
    'RSS MiB under load',
    'bytes per key, all told',
    'CPU µs per Check',
    'longest pause of the edge ms',
  ];
  return `${tableOf(titles, rows)}

Checks that cost a credit, by how many are in flight (10,000 keys; CPU of all three threads, the commit included):

${charged}`;
}

function drawn(keys: (index: number) => string, count: number, target?: string): readonly Uint8Array[] {
  return Array.from(drawZipf(count, MESSAGES, createRandom(3)), (index) =>
    framedCheckOf(keys(index), target),
  );
}

async function askFree(server: ServedProcess, messages: readonly Uint8Array[]) {
  await load(server, { messages, calls: CALLS / 3, streams: 64 });
  const before = fromMetricsText(await server.metrics());
  const cpuMicros: number[] = [];
  for (let run = 0; run < RUNS; run += 1)
    cpuMicros.push((await load(server, { messages, calls: CALLS, streams: 64 })).cpuMicros);
  await new Promise((resolve) => setTimeout(resolve, TOLD_MS));
  const grown = growthBetween(before, fromMetricsText(await server.metrics()));
  return { cpuMicros: spreadOf(cpuMicros).min, pause: slowestOf(grown, PAUSES) };
}

async function askCharged(server: ServedProcess, messages: readonly Uint8Array[]): Promise<string> {
  const rows: string[][] = [];
  for (const streams of IN_FLIGHT) {
    const calls = streams === 1 ? CHARGED_CALLS / 5 : CHARGED_CALLS;
    const runs: Loaded[] = [];
    for (let run = 0; run < RUNS; run += 1) runs.push(await load(server, { messages, calls, streams }));
    const cpu = spreadOf(runs.map(({ cpuMicros }) => cpuMicros));
    rows.push([
      String(streams),
      shown(cpu.min),
      shown(cpu.median),
      shown(Math.max(...runs.map(({ perSecond }) => perSecond))),
      shown(spreadOf(runs.map(({ p50Ms }) => p50Ms)).median),
      shown(spreadOf(runs.map(({ p99Ms }) => p99Ms)).median),
    ]);
  }
  return tableOf(
    ['in flight', 'CPU µs per Check (min)', '(median)', 'Checks/s (best)', 'p50 ms', 'p99 ms'],
    rows,
  );
}

interface Loaded {
  readonly cpuMicros: number;
  readonly perSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
}

interface Asked {
  readonly messages: readonly Uint8Array[];
  readonly calls: number;
  readonly streams: number;
}

async function load({ address, pid }: ServedProcess, { messages, calls, streams }: Asked): Promise<Loaded> {
  const connections = streams === 1 ? 1 : 2;
  const workerData: LoadPlan = {
    address,
    connections,
    streamsPerConnection: streams / connections,
    calls,
    messages,
  };
  const before = cpuMicrosOf(pid);
  const worker = new Worker(new URL('load.ts', import.meta.url), { workerData });
  const [result] = (await once(worker, 'message')) as [LoadResult];
  await worker.terminate();
  const { seconds, p50Ms, p99Ms } = result;
  return {
    cpuMicros: (cpuMicrosOf(pid) - before) / result.calls,
    perSecond: result.calls / seconds,
    p50Ms,
    p99Ms,
  };
}
