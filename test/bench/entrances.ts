import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { requirePart } from '../parts.ts';
import { requireDenial, requireNoCheck } from './entrances/answers.ts';
import { GATEWAYS } from './entrances/gateways.ts';
import type { Variant } from './entrances/gateways.ts';
import { measure, startStand } from './entrances/stand.ts';
import type { LoadThrough, Stand } from './entrances/stand.ts';
import { renderEntrances, shareOf } from './entrances/table.ts';
import type { Measured, Run } from './entrances/table.ts';
import { ANONYMOUS, IDENTIFIED, requestOf } from './entrances/words.ts';
import { shown, spreadOf } from './measure.ts';
import { createKeys } from './world.ts';
import { createRandom, drawZipf } from './zipf.ts';

type Force = Pick<LoadThrough, 'connections' | 'calls'>;

const KEYS = 10_000;
const REQUESTS = 2_000;
const CONNECTIONS = 64;
/** A process's CPU time is told in ticks of 10 ms: of so many calls each is known to half a microsecond. */
const FULL: Force = { connections: CONNECTIONS, calls: 20_000 };
const WARM_UP: Force = { connections: CONNECTIONS, calls: 10_000 };
/** A process that has just started answers its first callers too late where all come at once. */
const GENTLE: Force = { connections: 4, calls: 2_000 };
const RUNS = Number(process.env['BENCH_RUNS'] ?? 5);
/** A load with an answer that is not the expected one is void and is sent again: on a busy machine gateways give up. */
const TRIES_MAX = 5;
const TOKEN_BYTES = 32;
const ENVOY_SHARE_AIM = '1/3';

const EXPECTED: Readonly<Record<Variant, string>> = { unchecked: ANONYMOUS, checked: IDENTIFIED };

interface Bench {
  readonly stands: readonly Stand[];
  readonly keys: (index: number) => string;
  /** Of known keys, drawn by Zipf's law. */
  readonly requests: readonly Uint8Array[];
}

/** CPU of every gateway that this machine has, without the check and with it, and of the Tollgate behind it: all in turn, as a report. */
export async function benchEntrances(): Promise<string> {
  const application = new Worker(new URL('entrances/application.ts', import.meta.url));
  const stands: Stand[] = [];
  const missing: string[] = [];
  try {
    const [appPort] = (await once(application, 'message')) as [number];
    const token = randomBytes(TOKEN_BYTES).toString('hex');
    for (const kind of GATEWAYS) {
      const part = await requirePart(kind.part);
      if ('missing' in part) missing.push(`${kind.name}: ${part.missing}`);
      else stands.push(await startStand({ kind, binary: part.found, appPort, token, keys: KEYS }));
    }
    return renderReport(await measureAll(stands), missing);
  } finally {
    await Promise.all(stands.map((stand) => stand.stop()));
    await application.terminate();
  }
}

async function measureAll(stands: readonly Stand[]): Promise<readonly Measured[]> {
  const keys = createKeys();
  const drawn = drawZipf(KEYS, REQUESTS, createRandom(4));
  const bench = { stands, keys, requests: Array.from(drawn, (index) => requestOf(keys(index))) };
  for (const stand of stands) await rehearse(bench, stand);
  return takeTurns(bench);
}

/** Reads every answer before any is timed; warms up by the way. */
async function rehearse(bench: Bench, stand: Stand): Promise<void> {
  const unknownKey = bench.keys(KEYS);
  for (const variant of ['unchecked', 'checked'] as const) {
    await loadThrough(bench, { stand, variant, force: GENTLE });
    await loadThrough(bench, { stand, variant, force: WARM_UP });
  }
  await requireNoCheck(stand.ports.unchecked, unknownKey);
  await requireDenial(stand.ports.checked, unknownKey);
}

async function takeTurns(bench: Bench): Promise<readonly Measured[]> {
  const all = bench.stands.map((stand) => ({ stand, unchecked: [] as Run[], checked: [] as Run[] }));
  for (let run = 0; run < RUNS; run += 1) {
    for (const { stand, unchecked, checked } of all) {
      unchecked.push(await loadThrough(bench, { stand, variant: 'unchecked', force: FULL }));
      checked.push(await loadThrough(bench, { stand, variant: 'checked', force: FULL }));
    }
  }
  return all.map(({ stand, ...runs }) => ({ name: stand.name, ...runs }));
}

interface Turn {
  readonly stand: Stand;
  readonly variant: Variant;
  readonly force: Force;
}

async function loadThrough({ requests }: Bench, { stand, variant, force }: Turn): Promise<Run> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await measure(stand, variant, { ...force, requests, expected: EXPECTED[variant] });
    } catch (error) {
      const about = `${stand.name}, ${variant}`;
      if (tries === TRIES_MAX) throw new Error(`${about} is not measured`, { cause: error });
      process.stderr.write(`${about}: a load is void: ${String(error)}\n`);
    }
  }
}

function renderReport(measured: readonly Measured[], missing: readonly string[]): string {
  // The first gateway is Envoy, over gRPC.
  const envoy = measured.filter(({ name }) => name === GATEWAYS[0]?.name);
  const absent = missing.map((part) => `Not measured: ${part}.`);
  if (measured.length === 0) return absent.join('\n\n');
  return [
    renderEntrances(measured),
    ...envoy.map(renderShare),
    `Load: ${CONNECTIONS} connections that are kept, on each one request at a time. ${renderAround(measured)}`,
    renderIdle(measured),
    ...absent,
  ].join('\n\n');
}

function renderShare(envoy: Measured): string {
  return `${envoy.name}: for each request Tollgate takes ${shown(shareOf(envoy))} of the CPU that Envoy takes itself (aim: at most ${ENVOY_SHARE_AIM}).`;
}

function renderAround(measured: readonly Measured[]): string {
  const around = measured.map(({ checked }) => spreadOf(checked.map(({ aroundMicros }) => aroundMicros)).min);
  const [least, most] = [Math.min(...around), Math.max(...around)];
  return `It and the application take ${shown(least)} to ${shown(most)} µs of CPU per request beside what is shown, on the same cores.`;
}

/** While the gateway that asks nobody is under load, the Tollgate of the other one has nothing to do. */
function renderIdle(measured: readonly Measured[]): string {
  const idle = measured.flatMap(({ unchecked }) =>
    unchecked.map((run) => (run.tollgateMicros * run.perSecond) / 1_000),
  );
  return `A Tollgate that nobody asks takes ${shown(spreadOf(idle).median)} ms of CPU a second; the figures hold their share of it.`;
}
