import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { startEcho } from '../../src/cli/echo.ts';
import { partTitle, requirePart } from '../parts.ts';
import { createCheckClient } from './check-client.ts';
import { ask, poll, startRecipe } from './envoy.ts';
import { serveApp } from './serve-app.ts';
import type { ServedApp } from './serve-app.ts';

const part = await requirePart('envoy');
const binary = 'found' in part ? part.found : '';

const HOST = 'api.trackyard.com';
const TARGET = '/api/external/v1/leads';
const OUTAGE = '{"error":{"code":"service_unavailable","message":"Service unavailable"}}';
const ACCOUNT = { api: 'trackyard', id: 'acme' };
const BOOKED_BACK = 'and are booked back';

describe('a store that does not answer in time', () => {
  const opened: (() => unknown)[] = [];
  let folder: string;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'tollgate-budget-'));
  });

  afterEach(async () => {
    for (const close of opened.splice(0).toReversed()) await close();
  });

  afterAll(() => rm(folder, { recursive: true, force: true }));

  async function serve(budget: string): Promise<{ app: ServedApp; key: string }> {
    const app = await serveApp({ folder, check: { budget } });
    opened.push(() => app.stop());
    await app.operations.createAccount({ ...ACCOUNT, tier: 'pro', credits: 10 });
    const { key } = await app.operations.createKey({ api: 'trackyard', account: 'acme', name: 'test' });
    return { app, key };
  }

  describe.skipIf('missing' in part)(partTitle('behind Envoy', part), () => {
    test('costs each client a 503 in the API’s body, and its account nothing: credits and limits come back', async () => {
      const { app, key } = await serve('120ms');
      const echo = await startEcho(0);
      opened.push(() => echo.stop());
      const authzPort = Number(app.address.split(':')[1]);
      const envoy = await startRecipe({ binary, authzPort, appPort: echo.port });
      opened.push(() => envoy.stop());
      const request = { host: HOST, target: TARGET, headers: ['authorization', `Bearer ${key}`] };
      const remaining = async (): Promise<number> => {
        const { status, headers } = await ask(envoy.baseUrl, request);
        expect(status).toBe(200);
        return Number(headers['x-ratelimit-remaining']);
      };
      const before = await remaining();
      const credits = await creditsOf(app);

      const release = hold(app);
      const begunMs = performance.now();
      const refused = await Promise.all([1, 2, 3].map(() => ask(envoy.baseUrl, request)));
      const tookMs = performance.now() - begunMs;
      release();
      for (const each of refused) expect(each).toMatchObject({ status: 503, body: OUTAGE });
      // Tollgate's own answer, not Envoy's for want of one.
      for (const { headers } of refused) expect(headers['retry-after']).toBeUndefined();
      process.stdout.write(`three checks on a locked database: refused after ${tookMs.toFixed(0)} ms\n`);

      await poll(
        () => Promise.resolve(app.log()),
        (log) => log.includes(BOOKED_BACK),
      );
      await poll(
        () => creditsOf(app),
        (left) => left === credits,
      );
      expect(await remaining()).toBe(before - 1);
      await poll(
        () => creditsOf(app),
        (left) => left === credits - 1,
      );
    });
  });

  test('is waited for no longer than 60 % of what the gateway grants', async () => {
    const { app, key } = await serve('10s');
    const client = createCheckClient(app.address, { callMs: 1_000 });
    opened.push(() => client.close());
    const release = hold(app);
    const begunMs = performance.now();
    const answer = await client.check({ host: HOST, path: TARGET, key });
    const tookMs = performance.now() - begunMs;
    release();
    // The gateway's own time-out would have been an error, not an answer.
    expect(answer).toEqual({ allowed: false, status: 503, body: OUTAGE });
    process.stdout.write(`a gateway that waits 1000 ms was answered after ${tookMs.toFixed(0)} ms\n`);
    await poll(
      () => Promise.resolve(app.log()),
      (log) => log.includes(BOOKED_BACK),
    );
  });
});

/** Another process, as it were, holds the database's one write lock until this is called. */
function hold({ databasePath }: ServedApp): () => void {
  const database = new DatabaseSync(databasePath);
  database.exec('BEGIN IMMEDIATE');
  return () => {
    database.exec('ROLLBACK');
    database.close();
  };
}

async function creditsOf(app: ServedApp): Promise<number> {
  return (await app.operations.showAccount(ACCOUNT)).credits.remaining;
}
