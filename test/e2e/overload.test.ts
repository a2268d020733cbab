import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { Worker } from 'node:worker_threads';
import { CheckRequest, CheckResponse } from '@envoyproxy/ext-authz-types';
import { HealthClient } from '@envoyproxy/ext-authz-types/health';
import { credentials } from '@grpc/grpc-js';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { issueKey } from '../../src/lib/key-format.ts';
import type { LoadPlan, LoadResult } from '../bench/load.ts';
import { createCheckClient, toCheck } from './check-client.ts';
import type { CheckClient } from './check-client.ts';
import { poll } from './envoy.ts';
import { serveApp } from './serve-app.ts';
import type { ServedApp } from './serve-app.ts';

const HOST = 'api.trackyard.com';
const COSTLY = '/api/external/v1/leads';
const FREE = '/api/external/v1/me';
/** An API that limits nobody. */
const UNLIMITED = { host: 'api.claryai.com', path: '/v1/things' };
const OUTAGE = {
  allowed: false,
  status: 503,
  body: '{"error":{"code":"service_unavailable","message":"Service unavailable"}}',
};
const SERVING = 1;

interface Rights {
  readonly api: string;
  readonly tier: string;
  readonly permissions: readonly string[];
}

describe('more checks than there is room for', () => {
  const opened: (() => unknown)[] = [];
  let folder: string;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'tollgate-overload-'));
  });

  afterEach(async () => {
    for (const close of opened.splice(0).toReversed()) await close();
  });

  afterAll(() => rm(folder, { recursive: true, force: true }));

  async function serve(grpc: object = {}): Promise<{ app: ServedApp; client: CheckClient }> {
    const app = await serveApp({ folder, check: { grpc } });
    opened.push(() => app.stop());
    return { app, client: connect(app) };
  }

  function connect({ address }: ServedApp): CheckClient {
    const client = createCheckClient(address);
    opened.push(() => client.close());
    return client;
  }

  test('are refused at once in the API’s body, good keys and bad ones, while health stays up; those before them are answered, and so is the next', async () => {
    const room = 20;
    const { app, client } = await serve({ limits: { checks: room } });
    const key = await createKey(app, { api: 'trackyard', tier: 'pro', permissions: [] });
    const ask = (path: string, as = key) => client.check({ host: HOST, path, key: as });
    expect(await ask(COSTLY)).toMatchObject({ allowed: true });

    const database = new DatabaseSync(app.databasePath);
    database.exec('BEGIN IMMEDIATE');
    let answered = 0;
    const waiting = Array.from({ length: room }, () => ask(COSTLY).finally(() => (answered += 1)));
    // On the same connection, so that they come behind: nothing but the bound can refuse them.
    expect(await Promise.all([ask(COSTLY), ask(FREE), ask(FREE, 'ty_unknown'), ask(FREE, '')])).toEqual(
      Array.from({ length: 4 }, () => OUTAGE),
    );
    expect(await healthOf(app)).toBe(SERVING);
    expect(answered).toBe(0);
    database.exec('ROLLBACK');
    database.close();

    for (const answer of await Promise.all(waiting)) expect(answer).toMatchObject({ allowed: true });
    expect(await ask(COSTLY)).toMatchObject({ allowed: true });
    expect(await ask(FREE, 'ty_unknown')).toMatchObject({ status: 401 });
  });

  test('of bad keys are refused one by one, and a good key is answered all the while', async () => {
    const { app, client } = await serve();
    const key = await createKey(app, { api: 'clary', tier: 'lite', permissions: ['documents:read'] });
    const check = () => client.check({ ...UNLIMITED, key });
    const run = (count: number) => measure(check, count);
    await run(100);
    const quiet = await run(300);
    const flood = startFlood(app.address);
    const flooded = await run(300);
    const { calls, seconds, samples } = await flood;
    process.stdout.write(
      `a good key's checks: ${told(quiet)} quiet, ${told(flooded)} beside ${(calls / seconds).toFixed(0)} bad keys a second\n`,
    );
    for (const sample of samples) {
      const { httpResponse } = CheckResponse.decode(sample);
      expect(httpResponse?.$case === 'deniedResponse' && httpResponse.value.status?.code).toBe(401);
    }
    // Bad keys leave nothing behind: no directory entry, no counter, no line in the log.
    await poll(check, ({ allowed }) => allowed);
    expect(app.log()).not.toContain('"level":"error"');
  });
});

const FLOOD_CALLS = 10_000;
const FLOOD_KEYS = 500;

/** A bounded load of unknown keys in the issued shape, checksum included: each costs a hash. */
async function startFlood(address: string): Promise<LoadResult> {
  const messages = Array.from({ length: FLOOD_KEYS }, () => {
    const key = issueKey('clary_', (count) => randomBytes(count));
    return framed(CheckRequest.encode(toCheck({ ...UNLIMITED, key })).finish());
  });
  const plan: LoadPlan = {
    address,
    connections: 2,
    streamsPerConnection: 8,
    calls: FLOOD_CALLS,
    messages,
  };
  const worker = new Worker(new URL('../bench/load.ts', import.meta.url), { workerData: plan });
  const [result] = (await once(worker, 'message')) as [LoadResult];
  await worker.terminate();
  return result;
}

const PREFIX_BYTES = 5;

function framed(message: Uint8Array): Uint8Array {
  const bytes = Buffer.alloc(PREFIX_BYTES + message.length);
  bytes.writeUInt32BE(message.length, 1);
  bytes.set(message, PREFIX_BYTES);
  return bytes;
}

interface Latency {
  readonly p50Ms: number;
  readonly p99Ms: number;
}

async function measure(check: () => Promise<{ readonly allowed: boolean }>, count: number): Promise<Latency> {
  const latencies = new Float64Array(count);
  for (let index = 0; index < count; index += 1) {
    const begunMs = performance.now();
    const { allowed } = await check();
    expect(allowed).toBe(true);
    latencies[index] = performance.now() - begunMs;
  }
  latencies.sort();
  const at = (share: number): number => latencies[Math.floor(share * (count - 1))] ?? Number.NaN;
  return { p50Ms: at(0.5), p99Ms: at(0.99) };
}

function told({ p50Ms, p99Ms }: Latency): string {
  return `p50 ${p50Ms.toFixed(2)} ms, p99 ${p99Ms.toFixed(2)} ms`;
}

async function createKey({ operations }: ServedApp, rights: Rights): Promise<string> {
  const { api, tier, permissions } = rights;
  await operations.createAccount({ api, id: 'acme', tier });
  const made = await operations.createKey({ api, account: 'acme', name: 'test', permissions });
  return made.key;
}

async function healthOf({ address }: ServedApp): Promise<number> {
  const client = new HealthClient(address, credentials.createInsecure());
  try {
    return await new Promise((resolve, reject) => {
      client.check({ service: '' }, (error, value) => (error ? reject(error) : resolve(value.status)));
    });
  } finally {
    client.close();
  }
}
