import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { WAL_RESTART_BYTES } from '../../src/hub/store/sqlite/checkpoint.ts';
import { shown, tableOf, waitedForCoresSecondsOf } from './measure.ts';
import { countBeyond, fromMetricsText, growthBetween, slowestOf } from './metrics-page.ts';
import type { MetricsPage } from './metrics-page.ts';
import { startServedProcess } from './served-process.ts';
import type { Command, ServedProcess } from './served-process.ts';
import type { Latencies, SteadyPlan, SteadyWindow } from './steady-load.ts';
import { PAID_TARGET, createKeys, framedCheckOf } from './world.ts';

const KEYS_ASKED = 1_000;
const KEYS_IMPORTED = 100_000;
/** More than it takes to fill the log: the import is stopped when it is full. */
const KEYS_FILLING = 30_000;
const CHECKS_PER_SECOND = 1_000;
const CHARGED_EVERY = 4;
const CREDITS = 1_000_000;
const SCRAPES = 10;

const WARM_UP_MS = 5_000;
const QUIET_MS = 10_000;
const AFTER_RESTART_MS = 3_000;
/** The edge tells every second what it measured. */
const TOLD_MS = 1_500;
const SCRAPE_EVERY_MS = 1_000;
const LOOK_EVERY_MS = 5;
/** A job that is not done by then is cut off; its row says how far it came. */
const JOB_MS_MAX = 75_000;
const FILLING_MS_MAX = 60_000;
/** The import fills the log up to this much less than what makes it begin anew; the charges do the rest. */
const LEFT_BYTES = 8 * 2 ** 20;
const AIM_MS = 10;
/** What the log adds to each page. */
const FRAME_HEADER_BYTES = 24;

const PAUSES = { name: 'tollgate_event_loop_delay_seconds', label: 'thread="edge"' };
const COLLECTIONS = { name: 'tollgate_gc_seconds', label: 'thread="edge"' };
const PASSIVE = { name: 'tollgate_store_seconds', label: 'operation="checkpoint"' };
const RESTARTS = { name: 'tollgate_store_seconds', label: 'operation="restart_log"' };

interface World {
  readonly commands: Readonly<Record<'import' | 'fill', readonly string[]>>;
  readonly server: ServedProcess;
  readonly load: Worker;
  readonly hold: LogHold;
}

interface Job {
  readonly name: string;
  /** Resolves to what came of it. */
  readonly run: (world: World) => Promise<string>;
}

const JOBS: readonly Job[] = [
  { name: 'nothing', run: () => wait(QUIET_MS, '') },
  { name: `import of ${KEYS_IMPORTED.toLocaleString('en')} keys`, run: importKeys },
  { name: `${SCRAPES} scrapes`, run: scrape },
  { name: 'list of all keys', run: listKeys },
  { name: 'import while a reader holds the log', run: fillLog },
  { name: 'the full log begins anew', run: restartLog },
];

/** What the hub's work costs those who ask meanwhile, beside a run without any: a real process, asked over gRPC at a steady rate. */
export async function benchPauses(): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'tollgate-pauses-'));
  const server = await startServedProcess(folder);
  const hold = createLogHold(server.databasePath);
  let load: Worker | undefined;
  try {
    const workerData = await planOf(server, folder);
    // Made beforehand: what it takes to make keys is not the hub's work.
    const commands = {
      import: toImport(folder, keysFrom(KEYS_ASKED, KEYS_IMPORTED)),
      fill: toImport(folder, keysFrom(KEYS_ASKED + KEYS_IMPORTED, KEYS_FILLING)),
    };
    load = new Worker(new URL('steady-load.ts', import.meta.url), { workerData });
    const world: World = { commands, server, load, hold };
    await wait(WARM_UP_MS);
    const rows: string[][] = [];
    for (const job of JOBS) rows.push(await measure(job, world));
    return tableOf(TITLES, rows);
  } finally {
    await hold.release();
    await load?.terminate();
    await server.stop();
    rmSync(folder, { recursive: true });
  }
}

const TITLES = [
  'the hub does',
  'seconds',
  'checks',
  'not allowed',
  'free: p50 / p99 / max ms',
  'charged: p50 / p99 / max ms',
  "edge's longest pause, ms",
  `pauses > ${AIM_MS} ms`,
  "edge's longest collection, ms",
  'checkpoint by main, by the writer, ms',
  'client late, ms',
  "server's threads waited for a core, s",
  'load',
  'came of it',
];

async function measure({ name, run }: Job, world: World): Promise<string[]> {
  const before = fromMetricsText(await world.server.metrics());
  await drain(world.load);
  const waitedBefore = waitedForCoresSecondsOf(world.server.pid);
  const begunMs = performance.now();
  const cameOfIt = await run(world);
  const seconds = (performance.now() - begunMs) / 1_000;
  await wait(TOLD_MS);
  const window = await drain(world.load);
  const grown = growthBetween(before, fromMetricsText(await world.server.metrics()));
  return [
    name,
    shown(seconds),
    ...renderWindow(window),
    ...renderGrowth(grown),
    shown(window.lateMaxMs),
    shown(waitedForCoresSecondsOf(world.server.pid) - waitedBefore),
    shown(loadavg()[0] ?? Number.NaN),
    cameOfIt,
  ];
}

function renderWindow({ free, charged, refused, failed }: SteadyWindow): string[] {
  const row = ({ p50Ms, p99Ms, maxMs }: Latencies): string => [p50Ms, p99Ms, maxMs].map(shown).join(' / ');
  return [String(free.count + charged.count), String(refused + failed), row(free), row(charged)];
}

function renderGrowth(grown: MetricsPage): string[] {
  return [
    slowestOf(grown, PAUSES),
    String(countBeyond(grown, PAUSES, AIM_MS)),
    slowestOf(grown, COLLECTIONS),
    `${slowestOf(grown, PASSIVE)}, ${slowestOf(grown, RESTARTS)}`,
  ];
}

async function drain(load: Worker): Promise<SteadyWindow> {
  load.postMessage('drain');
  const [window] = (await once(load, 'message')) as [SteadyWindow];
  return window;
}

async function planOf(server: ServedProcess, folder: string): Promise<SteadyPlan> {
  const account = ['accounts', 'create', '--api', 'bench', '--id', 'bench', '--credits', String(CREDITS)];
  await done(server.command(account));
  const keys = keysFrom(0, KEYS_ASKED);
  await done(server.command(toImport(folder, keys)));
  return {
    address: server.address,
    checksPerSecond: CHECKS_PER_SECOND,
    chargedEvery: CHARGED_EVERY,
    free: keys.map((key) => framedCheckOf(key)),
    charged: keys.map((key) => framedCheckOf(key, PAID_TARGET)),
  };
}

function keysFrom(first: number, count: number): readonly string[] {
  const keys = createKeys();
  return Array.from({ length: count }, (_, index) => keys(first + index));
}

/** The command that takes over these keys, from a file in the folder. */
function toImport(folder: string, keys: readonly string[]): readonly string[] {
  const file = join(folder, `${keys.length}-keys.jsonl`);
  writeFileSync(file, keys.map((key) => `${JSON.stringify({ key, name: 'bench' })}\n`).join(''));
  return ['keys', 'import', '--api', 'bench', '--account', 'bench', file];
}

async function done({ ended }: Command): Promise<string> {
  const { code, stdout, stderr } = await ended;
  if (code !== 0) throw new Error(`a command failed: ${stderr}`);
  return stdout;
}

/** Up to JOB_MS_MAX. */
async function doneOrCutOff(command: Command): Promise<string> {
  const cut = setTimeout(() => command.stop(), JOB_MS_MAX);
  const { stdout } = await command.ended;
  clearTimeout(cut);
  return stdout;
}

async function importKeys({ commands, server }: World): Promise<string> {
  return (await doneOrCutOff(server.command(commands.import))).trim();
}

async function listKeys({ server }: World): Promise<string> {
  const listed = await doneOrCutOff(server.command(['keys', 'list', '--api', 'bench', '--json']));
  return `${listed.split('\n').length - 1} keys`;
}

async function scrape({ server }: World): Promise<string> {
  let series = 0;
  for (let count = 0; count < SCRAPES; count += 1) {
    series = fromMetricsText(await server.metrics()).size;
    await wait(SCRAPE_EVERY_MS);
  }
  return `${series} series each`;
}

/** The log grows for as long as somebody reads what it began with: a backup does that. */
async function fillLog({ commands, server, hold }: World): Promise<string> {
  await hold.take();
  const filling = server.command(commands.fill);
  await hold.filledTo(WAL_RESTART_BYTES - LEFT_BYTES);
  filling.stop();
  const { stdout } = await filling.ended;
  return stdout.trim();
}

async function restartLog({ hold }: World): Promise<string> {
  await hold.filledTo(WAL_RESTART_BYTES);
  const mib = hold.logBytes() / 2 ** 20;
  await hold.release();
  await wait(AFTER_RESTART_MS);
  return `${shown(mib)} MiB`;
}

/** A reader that keeps the write-ahead log from beginning anew. */
interface LogHold {
  take(): Promise<void>;
  logBytes(): number;
  /** Waits until the log has so many bytes, up to FILLING_MS_MAX. */
  filledTo(bytes: number): Promise<void>;
  release(): Promise<void>;
}

function createLogHold(databasePath: string): LogHold {
  let holder: ChildProcess | undefined;
  const logBytes = (): number => readLogBytes(`${databasePath}-shm`);
  return {
    async take() {
      const script = new URL('log-holder.ts', import.meta.url).pathname;
      const child = spawn(process.execPath, [script, databasePath], { stdio: ['pipe', 'pipe', 'inherit'] });
      holder = child;
      await Promise.race([once(child.stdout, 'data'), once(child, 'close')]);
    },
    logBytes,
    async filledTo(bytes) {
      const endMs = performance.now() + FILLING_MS_MAX;
      while (logBytes() <= bytes && performance.now() < endMs) await wait(LOOK_EVERY_MS);
    },
    async release() {
      const child = holder;
      holder = undefined;
      if (child === undefined || child.exitCode !== null) return;
      child.stdin?.end();
      await once(child, 'close');
    },
  };
}

/** What stands in the log, from the header of its index (sqlite.org/walformat.html §2.1): the log's own file never shrinks. */
function readLogBytes(indexPath: string): number {
  const header = readFileSync(indexPath).subarray(0, 20);
  return header.readUInt32LE(16) * (header.readUInt16LE(14) + FRAME_HEADER_BYTES);
}
