import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startApp } from '../../src/app.ts';
import type { App } from '../../src/app.ts';
import { createClock } from '../../src/lib/clock.ts';
import { issueKey } from '../../src/lib/key-format.ts';
import { createRandom } from '../bench/zipf.ts';
import { DOCUMENTED } from '../cases/app.ts';
import { requestOf } from '../unit/edge/pipeline/request.ts';
import { testRandomBytes } from '../world.ts';
import { createCheckClient } from './check-client.ts';
import type { CheckClient } from './check-client.ts';
import { startServed } from './served.ts';
import type { Served } from './served.ts';

/** What the first checks of a process set aside for good: tables, code, the heap's own room. */
const WARM_UP_CHECKS = 150_000;
const CHECKS = 1_000_000;
/** The heap of an idle process breathes by some 40 MiB. A leak of 135 bytes a check would be seen in process, of 5.4 kB over gRPC. */
const GROWTH_MIB_MAX = 128;
const WARM_UP_CALLS = 10_000;
const CALLS = 25_000;
const LANES = 32;
/** So many checks are decided before the timers of the process get a turn. */
const TURN_CHECKS = 2_000;
/** One check in so many shows a right key; nothing of the others may be right. */
const RIGHT_EVERY = 16;
/** How long the edge may take to tell what it counted: it does so every second. */
const POLL = { timeout: 30_000, interval: 100 };
const MIB = 2 ** 20;

const API = 'clary';
const KNOWN = [
  { host: 'api.claryai.com', path: '/v1/', prefix: 'clary_' },
  { host: 'api.trackyard.com', path: '/api/external/v1/', prefix: 'ty_' },
  { host: 'api.autype.com', path: '/api/v1/dev/', prefix: 'ak_' },
] as const;

interface Made {
  readonly host: string;
  readonly path: string;
  readonly key: string;
  readonly id: string;
}

describe('random hosts, paths, request ids and keys, well formed and not', () => {
  const folder = mkdtempSync(join(tmpdir(), 'tollgate-memory-'));
  afterAll(() => rmSync(folder, { recursive: true }));

  describe('asked in process', () => {
    let app: App;
    let make: () => Made;

    beforeAll(async () => {
      app = await startApp({
        config: DOCUMENTED,
        sets: settingsIn(folder, 'in-process.db'),
        carrier: 'direct',
        world: {
          clock: createClock(),
          randomBytes: testRandomBytes,
          newRequestId: () => randomUUID(),
          env: {},
          log: { error: failTest, warn() {}, info() {}, debug() {} },
        },
      });
      await app.operations.createAccount({ api: API, id: 'acme' });
      const { key } = await app.operations.createKey({
        api: API,
        account: 'acme',
        name: 'k',
        permissions: ['documents:read'],
      });
      make = createMaker(key);
    });
    afterAll(() => app.stop());

    async function ask(count: number): Promise<void> {
      for (let done = 0; done < count; done += 1) {
        const { host, path, key, id } = make();
        const request = requestOf({
          host,
          target: path,
          gatewayRequestId: id,
          peerAddress: id,
          headers: [
            ['authorization', `Bearer ${key}`],
            ['x-api-key', done % 4 === 0 ? key : ''],
            ['user-agent', id],
          ],
        });
        await app.answer?.(request);
        if (done % TURN_CHECKS === 0) await turn();
      }
    }

    test(`${CHECKS} checks add no series, no counter and no memory`, async () => {
      const page = () => metricsOf(`http://${app.addresses.telemetry}`);
      await ask(WARM_UP_CHECKS);
      await expect.poll(async () => sumOf(await page(), 'tollgate_checks_total'), POLL).toBe(WARM_UP_CHECKS);
      const before = await page();
      const rssBefore = settledRssMib();

      await ask(CHECKS);

      const all = WARM_UP_CHECKS + CHECKS;
      await expect.poll(async () => sumOf(await page(), 'tollgate_checks_total'), POLL).toBe(all);
      const after = await page();
      const grown = settledRssMib() - rssBefore;
      tell(`${CHECKS} checks in process`, { before, after, rssBefore, grown });
      expectBounded(before, after);
      const allowed = 'tollgate_checks_total{api="clary",gateway="envoy-grpc",decision="allow",code="ok"}';
      expect(after.get(allowed)).toBe(Math.floor(all / RIGHT_EVERY));
      expect(grown).toBeLessThan(GROWTH_MIB_MAX);
    });
  });

  describe('asked of a process over gRPC', () => {
    let served: Served;
    let client: CheckClient;
    const make = createMaker('');

    beforeAll(async () => {
      const sets = settingsIn(folder, 'served.db').flatMap((set) => ['--set', set]);
      served = await startServed({ args: ['--config', DOCUMENTED, ...sets] });
      client = createCheckClient(served.checkGrpc);
    });
    afterAll(async () => {
      client.close();
      served.terminate();
      await served.ended;
    });

    async function ask(count: number): Promise<void> {
      let started = 0;
      const lane = async (): Promise<void> => {
        while (started < count) {
          started += 1;
          expect(await client.check(make())).toMatchObject({ allowed: false });
        }
      };
      await Promise.all(Array.from({ length: LANES }, lane));
    }

    test(`${CALLS} checks that are all refused add no series, no counter and no memory`, async () => {
      const page = () => metricsOf(served.telemetry);
      const rss = (metrics: ReadonlyMap<string, number>): number =>
        sumOf(metrics, 'process_resident_memory_bytes') / MIB;
      await ask(WARM_UP_CALLS);
      await expect.poll(async () => sumOf(await page(), 'tollgate_checks_total'), POLL).toBe(WARM_UP_CALLS);
      const before = await page();

      await ask(CALLS);

      const all = WARM_UP_CALLS + CALLS;
      await expect.poll(async () => sumOf(await page(), 'tollgate_checks_total'), POLL).toBe(all);
      const after = await page();
      const grown = rss(after) - rss(before);
      tell(`${CALLS} checks over gRPC`, { before, after, rssBefore: rss(before), grown });
      expectBounded(before, after);
      expect(sumOf(after, 'tollgate_counters')).toBe(0);
      expect(grown).toBeLessThan(GROWTH_MIB_MAX);
    });
  });
});

function settingsIn(folder: string, name: string): readonly string[] {
  return [
    `store.url=sqlite:${join(folder, name)}`,
    'check.grpc.listen=127.0.0.1:0',
    'telemetry.listen=127.0.0.1:0',
    'public.listen=off',
    'admin.listen=off',
    // A machine that is busy with other tests must not turn a check into an outage.
    'check.budget=10s',
  ];
}

function failTest(message: string): never {
  throw new Error(`logged as an error: ${message}`);
}

/** The same checks in every run, but for the right key, which one in RIGHT_EVERY shows; '' for none. */
function createMaker(rightKey: string): () => Made {
  const random = createRandom(7);
  const bytes = (count: number): Uint8Array =>
    Uint8Array.from({ length: count }, () => Math.floor(random() * 256));
  const word = (): string =>
    Math.floor(random() * 2 ** 52)
      .toString(36)
      .padStart(11, '0');
  let made = 0;
  return () => {
    made += 1;
    const id = `${word()}-${word()}`;
    const { host, path, prefix } = KNOWN[made % KNOWN.length] ?? KNOWN[0];
    if (rightKey !== '' && made % RIGHT_EVERY === 0) {
      return { host: KNOWN[0].host, path: `${KNOWN[0].path}${word()}`, key: rightKey, id };
    }
    const wellFormed = issueKey(prefix, bytes);
    const key = [wellFormed, `${prefix}${word()}${word()}`, wellFormed.slice(0, -1), word()][made % 4] ?? '';
    return {
      host: made % 5 === 0 ? `${word()}.example` : host,
      path: made % 7 === 0 ? `/${word()}/${word()}` : `${path}${word()}?q=${word()}`,
      key,
      id,
    };
  };
}

/** Series whose first value comes when its event first happens, not with a request: their labels are closed sets of our own. */
const OF_EVENTS = /^tollgate_(?:gc|store|event_loop_delay)_seconds/;

function expectBounded(before: ReadonlyMap<string, number>, after: ReadonlyMap<string, number>): void {
  const series = (page: ReadonlyMap<string, number>): readonly string[] =>
    [...page.keys()].filter((name) => !OF_EVENTS.test(name)).toSorted();
  expect(series(before).length).toBeGreaterThan(100);
  expect(series(after)).toEqual(series(before));
  for (const gauge of [
    'tollgate_counters',
    'tollgate_counters_bytes',
    'tollgate_keys',
    'tollgate_accounts',
  ]) {
    expect(sumOf(after, gauge), gauge).toBe(sumOf(before, gauge));
  }
}

async function metricsOf(address: string): Promise<ReadonlyMap<string, number>> {
  const text = await (await fetch(`${address}/metrics`)).text();
  const lines = text.split('\n').filter((line) => /^\w/.test(line));
  return new Map(lines.map((line) => [line.slice(0, line.lastIndexOf(' ')), numberAtEnd(line)]));
}

function numberAtEnd(line: string): number {
  return Number(line.slice(line.lastIndexOf(' ') + 1));
}

/** Of all series of a metric. */
function sumOf(page: ReadonlyMap<string, number>, metric: string): number {
  const own = [...page].filter(([series]) => series.replace(/\{.*$/, '') === metric);
  expect(own.length, metric).toBeGreaterThan(0);
  return own.reduce((sum, [, value]) => sum + value, 0);
}

/** After a full collection: what is left is held by somebody. */
function settledRssMib(): number {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  collect();
  collect();
  return process.memoryUsage().rss / MIB;
}

interface Figures {
  readonly before: ReadonlyMap<string, number>;
  readonly after: ReadonlyMap<string, number>;
  readonly rssBefore: number;
  readonly grown: number;
}

function tell(what: string, { before, after, rssBefore, grown }: Figures): void {
  const counters = sumOf(after, 'tollgate_counters');
  const rss = `${rssBefore.toFixed(0)} MiB before, ${grown.toFixed(1)} MiB more after`;
  console.log(`${what}: ${rss}; ${before.size} series, then ${after.size}; ${counters} counters in use`);
}
