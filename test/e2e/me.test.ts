import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startApp } from '../../src/app.ts';
import type { App } from '../../src/app.ts';
import { startEcho } from '../../src/cli/echo.ts';
import type { Echo } from '../../src/cli/echo.ts';
import type { EnvoyProcess } from '../../src/cli/envoy-process.ts';
import type { CreatedKey, KeyRights } from '../../src/domain/operations.ts';
import { DOCUMENTED } from '../cases/app.ts';
import { partTitle, requirePart } from '../parts.ts';
import { createTestClock, createTestRequestIds, testRandomBytes } from '../world.ts';
import type { TestClock } from '../world.ts';
import { ask, poll, readStat, startRecipe } from './envoy.ts';
import type { Answered } from './envoy.ts';

const part = await requirePart('envoy');
const START_MS = Date.UTC(2026, 0, 15, 10, 30);
const HOST = 'api.trackyard.com';
const ME = '/api/external/v1/me';
const TOKEN = 'the-gateways-own-token-0123456789abcdef';
const MINUTE_MS = 60_000;

describe.skipIf('missing' in part)(
  partTitle('the endpoint about oneself, through a real Envoy', part),
  () => {
    let folder = '';
    let clock: TestClock;
    let app: App;
    let upstream: Echo;
    let envoy: EnvoyProcess;
    const errors: string[] = [];
    const warnings: string[] = [];
    let accounts = 0;

    beforeAll(async () => {
      folder = await mkdtemp(join(tmpdir(), 'tollgate-me-'));
      clock = createTestClock(START_MS);
      app = await startApp({
        config: DOCUMENTED,
        sets: [
          `store.url=sqlite:${join(folder, 'tollgate.db')}`,
          'check.grpc.listen=127.0.0.1:0',
          // A machine that is busy with other tests must not turn a check into an outage.
          'check.budget=10s',
          'public.listen=127.0.0.1:0',
          'admin.listen=off',
          'telemetry.listen=off',
        ],
        carrier: 'direct',
        world: {
          clock,
          newRequestId: createTestRequestIds().next,
          randomBytes: testRandomBytes,
          env: { TOLLGATE_GATEWAY_TOKEN: TOKEN },
          log: {
            error: (message) => void errors.push(message),
            warn: (message) => void warnings.push(message),
            info() {},
            debug() {},
          },
        },
      });
      upstream = await startEcho(0);
      envoy = await start({ TOLLGATE_GATEWAY_TOKEN: TOKEN }, portOf(app.addresses.public));
    });

    afterAll(async () => {
      await envoy?.stop();
      await upstream?.stop();
      await app?.stop();
      await rm(folder, { recursive: true, force: true });
    });

    async function start(env: Readonly<Record<string, string>>, publicPort: number): Promise<EnvoyProcess> {
      const binary = 'found' in part ? part.found : '';
      const authzPort = portOf(app.addresses.checkGrpc);
      const started = await startRecipe({ binary, authzPort, publicPort, appPort: upstream.port, env });
      await poll(
        () => readStat(started.adminUrl, 'cluster.authz.membership_healthy'),
        (healthy) => healthy === 1,
      );
      return started;
    }

    async function makeKey(rights: KeyRights = {}, tier = 'free'): Promise<CreatedKey> {
      const account = `account-${(accounts += 1)}`;
      await app.operations.createAccount({ api: 'trackyard', id: account, tier });
      return app.operations.createKey({ api: 'trackyard', account, name: 'Production App', ...rights });
    }

    function send({ key }: CreatedKey, target: string, method = 'GET'): Promise<Answered> {
      const headers = ['authorization', `Bearer ${key}`];
      return ask(envoy.baseUrl, { host: HOST, target, method, headers });
    }

    const use = (key: CreatedKey): Promise<Answered> => send(key, '/api/external/v1/parcels');

    function now(): string {
      return `${new Date(clock.now().wallMs).toISOString().slice(0, 19)}Z`;
    }

    test('answers the fields of the page in the order of the page, and nothing else', async () => {
      const createdAt = now();
      const key = await makeKey();
      const answered = await send(key, ME);
      expect(answered.status).toBe(200);
      expect(answered.body).toBe(
        '{"tier":"free","credits_remaining":500,"monthly_allowance":500,' +
          '"rate_limit":{"requests_per_minute":10,"requests_per_day":1000},' +
          `"created_at":"${createdAt}","last_used_at":null}`,
      );
      expect(answered.headers).toMatchObject({
        'content-type': 'application/json',
        'cache-control': 'no-store',
        'content-length': String(answered.body.length),
      });
    });

    test('tells the credits that are left and the last use at once, and is itself no use', async () => {
      const key = await makeKey();
      for (let count = 0; count < 3; count += 1) expect(await use(key)).toMatchObject({ status: 200 });
      const usedAt = now();
      clock.advance(MINUTE_MS);
      expect(JSON.parse((await send(key, ME)).body)).toMatchObject({
        credits_remaining: 497,
        last_used_at: usedAt,
      });
      expect(JSON.parse((await send(key, ME)).body)).toMatchObject({ last_used_at: usedAt });
    });

    test('costs no credit and counts against no limit', async () => {
      const key = await makeKey();
      for (let count = 0; count < 30; count += 1) expect(await send(key, ME)).toMatchObject({ status: 200 });
      const used = await use(key);
      expect(used.headers).toMatchObject({ 'x-ratelimit-limit': '10', 'x-ratelimit-remaining': '9' });
      expect(JSON.parse((await send(key, ME)).body)).toMatchObject({ credits_remaining: 499 });
    });

    test('answers also when limits are used up, and when no credit is left', async () => {
      const key = await makeKey({ limits: ['1/day'] });
      await use(key);
      expect(await use(key)).toMatchObject({ status: 429 });
      expect(await send(key, ME)).toMatchObject({ status: 200 });
      const poor = await makeKey();
      for (let count = 0; count < 500; count += 1) {
        if (count % 10 === 0) clock.advance(MINUTE_MS);
        await use(poor);
      }
      clock.advance(MINUTE_MS);
      expect(await use(poor)).toMatchObject({ status: 402 });
      expect(JSON.parse((await send(poor, ME)).body)).toMatchObject({ credits_remaining: 0 });
    });

    test('tells the limits that count: the tighter of the tier and the key, whoever counts them', async () => {
      const tightened = await makeKey({ limits: ['5/minute'] });
      expect(JSON.parse((await send(tightened, ME)).body)).toMatchObject({
        rate_limit: { requests_per_minute: 5, requests_per_day: 1000 },
      });
      const paid = await makeKey({}, 'pro');
      expect(JSON.parse((await send(paid, ME)).body)).toMatchObject({
        tier: 'pro',
        monthly_allowance: 20_000,
        rate_limit: { requests_per_minute: 120, requests_per_day: 100_000 },
      });
      const lowered = await makeKey({ tier: 'free' }, 'pro');
      expect(JSON.parse((await send(lowered, ME)).body)).toMatchObject({
        tier: 'free',
        rate_limit: { requests_per_minute: 10 },
      });
    });

    test('by HEAD answers the headers of GET without a body', async () => {
      const key = await makeKey();
      const got = await send(key, ME);
      const head = await send(key, ME, 'HEAD');
      expect(head).toMatchObject({ status: 200, body: '' });
      expect(head.headers['content-length']).toBe(got.headers['content-length']);
      expect(head.headers['content-type']).toBe('application/json');
    });

    test("reads the client's address from the gateway, so that an allowed one passes", async () => {
      const key = await makeKey({ allowIps: ['127.0.0.1'] });
      expect(await send(key, ME)).toMatchObject({ status: 200 });
    });

    test('obeys a revocation in the very next request', async () => {
      const key = await makeKey();
      expect(await send(key, ME)).toMatchObject({ status: 200 });
      await app.operations.revokeKey(key);
      const answered = await send(key, ME);
      expect(answered.status).toBe(401);
      expect(answered.headers['www-authenticate']).toBe('Bearer realm="trackyard"');
    });

    test("without the gateway's token nobody learns anything, whatever he says he is", async () => {
      const key = await makeKey();
      const direct = `http://${app.addresses.public ?? ''}`;
      for (const shown of [
        [],
        ['x-gateway-token', 'guessed'],
        ['x-gateway-token', TOKEN, 'x-gateway-token', TOKEN],
      ]) {
        const headers = ['authorization', `Bearer ${key.key}`, ...shown];
        const answered = await ask(direct, { host: HOST, target: ME, headers });
        expect(answered.status).toBe(404);
        expect(answered.body).toBe('{"error":{"code":"not_found","message":"Not found"}}');
      }
      const proven = ['authorization', `Bearer ${key.key}`, 'x-gateway-token', TOKEN];
      expect(await ask(direct, { host: HOST, target: ME, headers: proven })).toMatchObject({ status: 200 });
      expect(warnings.filter((message) => message.includes('token'))).toHaveLength(1);
    });

    test('what is none of our endpoints is not found there, also where a check would let it pass', async () => {
      const key = await makeKey();
      const direct = `http://${app.addresses.public ?? ''}`;
      const headers = ['authorization', `Bearer ${key.key}`, 'x-gateway-token', TOKEN];
      for (const asked of [
        { target: '/api/external/v1/parcels' },
        { target: ME, method: 'POST' },
        { target: ME, method: 'TRACE' },
        { target: '/', host: 'unknown.example' },
      ]) {
        expect(await ask(direct, { host: HOST, headers, ...asked })).toMatchObject({ status: 404 });
      }
      const ambiguous = { host: HOST, headers, target: `${ME};a` };
      expect(await ask(direct, ambiguous)).toMatchObject({ status: 400 });
    });

    test('a gateway without the token, and one that finds nobody, answer in the shape of the API', async () => {
      const key = await makeKey();
      const headers = ['authorization', `Bearer ${key.key}`];
      const forgetful = await start({}, portOf(app.addresses.public));
      try {
        expect(await ask(forgetful.baseUrl, { host: HOST, target: ME, headers })).toMatchObject({
          status: 404,
        });
      } finally {
        await forgetful.stop();
      }
      const alone = await start({}, 1);
      try {
        const answered = await ask(alone.baseUrl, { host: HOST, target: ME, headers });
        expect(answered.status).toBe(503);
        expect(answered.body).toBe(
          '{"error":{"code":"service_unavailable","message":"Service unavailable"}}',
        );
        expect(answered.headers['retry-after']).toBe('1');
      } finally {
        await alone.stop();
      }
    });

    test('nothing of this was an outage or a bug', () => {
      expect(errors).toEqual([]);
    });
  },
);

function portOf(address = ''): number {
  return Number(address.slice(address.lastIndexOf(':') + 1));
}
