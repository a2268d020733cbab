import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { request as httpRequest } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { describe, expect, onTestFinished, test } from 'vitest';
import type { RefusalCode } from '../../../../src/domain/decision.ts';
import { OperationRefused } from '../../../../src/domain/operations.ts';
import type { Api, Area } from '../../../../src/domain/policy.ts';
import type { Reply } from '../../../../src/domain/reply.ts';
import type { PlainRequest } from '../../../../src/domain/request.ts';
import { createPublicServer } from '../../../../src/hub/public/server.ts';
import type { PublicServerOptions } from '../../../../src/hub/public/server.ts';
import type { SessionEngine } from '../../../../src/hub/sessions/engine.ts';
import { DependencyDown } from '../../../../src/ports.ts';
import type { Inspection } from '../../../../src/ports.ts';
import { createTestClock } from '../../../world.ts';
import { ACCOUNT, KEY, SESSION } from '../control/fake-operations.ts';

const API = { name: 'trackyard', me: { body: ['{"id":', { hole: 'account.id' }, '}'] } } as unknown as Api;

const AREA = { credentials: [] } as unknown as Area;

/** What is asked here needs no session. */
const NO_SESSIONS = {} as SessionEngine;

const INSPECTION: Inspection = {
  code: 'ok',
  api: 'trackyard',
  credential: 'api_key',
  sessionId: '',
  keyId: KEY.id,
  account: 'acme',
  tier: 'free',
  limits: [],
  lastUsedMs: null,
};

interface World {
  readonly where: { readonly port: number } | { readonly socketPath: string };
  readonly asked: PlainRequest[];
  readonly read: unknown[];
  readonly bugs: unknown[];
  readonly strangers: () => number;
}

async function createWorld(change: Partial<PublicServerOptions> = {}): Promise<World> {
  const asked: PlainRequest[] = [];
  const read: unknown[] = [];
  const bugs: unknown[] = [];
  let strangers = 0;
  const server = createPublicServer({
    listen: '127.0.0.1:0',
    places: {
      find: () => ({ api: API, area: AREA, name: 'me', clientAddress: '192.0.2.7' }),
      refuse: (_request, code) => refusal(code),
    },
    inspect: async (request) => {
      asked.push(request);
      return INSPECTION;
    },
    operations: {
      showAccount: async (ref) => {
        read.push(ref);
        return ACCOUNT;
      },
      showKey: async (ref) => {
        read.push(ref);
        return KEY;
      },
      showSession: async () => SESSION,
    },
    sessions: NO_SESSIONS,
    clock: createTestClock(0),
    onStranger: () => void (strangers += 1),
    onBug: (error) => bugs.push(error),
    ...change,
  });
  const address = await server.start();
  onTestFinished(() => server.stop());
  const where = address.startsWith('unix:')
    ? { socketPath: address.slice('unix:'.length) }
    : { port: Number(address.split(':').at(-1)) };
  return { where, asked, read, bugs, strangers: () => strangers };
}

const STATUS: Partial<Record<RefusalCode, number>> = {
  unavailable: 503,
  internal_error: 500,
  not_found: 404,
};

function refusal(code: RefusalCode): Reply {
  const status = STATUS[code] ?? 401;
  return {
    status,
    clientHeaders: [['content-type', 'application/json']],
    body: `{"code":"${code}"}`,
  } as unknown as Reply;
}

async function ask(
  { where }: World,
  headers: readonly string[] = [],
): Promise<{ status: number; body: string }> {
  const { promise, resolve, reject } = Promise.withResolvers<{ status: number; body: string }>();
  const sent = httpRequest({
    ...where,
    host: '127.0.0.1',
    path: '/me',
    agent: false,
    headers: ['host', 'api.example', ...headers],
  });
  sent.on('error', reject);
  sent.on('response', (response) => {
    text(response).then((body) => resolve({ status: response.statusCode ?? 0, body }), reject);
  });
  sent.end();
  return promise;
}

describe('the public listener', () => {
  test('asks the edge about the request as the client sent it, without what the gateway said of itself', async () => {
    const world = await createWorld({ gatewayToken: 'the-token' });
    const headers = [
      'Authorization',
      'Bearer a',
      'authorization',
      'Bearer b',
      'X-Gateway-Token',
      'the-token',
    ];
    expect(await ask(world, [...headers, 'X-Gateway-Peer', '192.0.2.7'])).toEqual({
      status: 200,
      body: '{"id":"acme"}',
    });
    expect(world.asked).toMatchObject([
      { method: 'GET', target: '/me', host: 'api.example', peerAddress: '192.0.2.7' },
    ]);
    const lines = world.asked[0]?.headers ?? [];
    expect(lines.filter(([name]) => name === 'authorization')).toEqual([
      ['authorization', 'Bearer a'],
      ['authorization', 'Bearer b'],
    ]);
    expect(JSON.stringify(lines)).not.toContain('gateway');
  });

  test('knows no address where the gateway tells none, or two', async () => {
    const world = await createWorld();
    await ask(world);
    await ask(world, ['x-gateway-peer', '192.0.2.7', 'x-gateway-peer', '192.0.2.8']);
    expect(world.asked.map(({ peerAddress }) => peerAddress)).toEqual(['', '']);
  });

  test('reads the account and the key that the edge names, and no other', async () => {
    const world = await createWorld();
    await ask(world, ['authorization', 'Bearer somebody-else', 'x-account-id', 'other']);
    expect(world.read).toEqual([
      { api: 'trackyard', id: 'acme' },
      { api: 'trackyard', id: KEY.id },
    ]);
  });

  test('refuses with what the edge refuses with, and then reads nothing', async () => {
    const world = await createWorld({ inspect: async () => ({ ...INSPECTION, code: 'credential_invalid' }) });
    expect(await ask(world)).toEqual({ status: 401, body: '{"code":"credential_invalid"}' });
    expect(world.read).toEqual([]);
  });

  test('answers nothing about another API than the one that was asked', async () => {
    const world = await createWorld({ inspect: async () => ({ ...INSPECTION, api: 'truedy' }) });
    expect(await ask(world)).toEqual({ status: 404, body: '{"code":"not_found"}' });
    expect(world.read).toEqual([]);
  });

  test.each([
    ['the edge does not answer', { inspect: () => Promise.reject(new DependencyDown('directory', 'gone')) }],
    [
      'the store does not answer',
      {
        operations: {
          showAccount: () => Promise.reject(new OperationRefused('unavailable', 'down')),
          showKey: async () => KEY,
          showSession: async () => SESSION,
        },
      },
    ],
  ])('is unavailable while %s', async (_name, change) => {
    const world = await createWorld(change);
    expect(await ask(world)).toEqual({ status: 503, body: '{"code":"unavailable"}' });
    expect(world.bugs).toEqual([]);
  });

  test('reports a bug once and tells nothing of it', async () => {
    const world = await createWorld({ inspect: () => Promise.reject(new TypeError('secret')) });
    expect(await ask(world)).toEqual({ status: 500, body: '{"code":"internal_error"}' });
    expect(world.bugs).toHaveLength(1);
  });

  test.each([
    ['no token', []],
    ['an empty one', ['x-gateway-token', '']],
    ['another', ['x-gateway-token', 'the-tokem']],
    ['a longer one', ['x-gateway-token', 'the-token-']],
    ['two', ['x-gateway-token', 'the-token', 'x-gateway-token', 'the-token']],
  ])('with %s from whoever asks asks nobody itself', async (_name, headers) => {
    const world = await createWorld({ gatewayToken: 'the-token' });
    expect(await ask(world, headers)).toEqual({ status: 404, body: '{"code":"not_found"}' });
    expect(world.asked).toEqual([]);
    expect(world.strangers()).toBe(1);
  });

  test('listens on a socket that only its user and group may use, and takes it away at the end', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'tgp-'));
    const path = join(folder, 'public.sock');
    onTestFinished(() => {
      expect(() => statSync(path)).toThrow('ENOENT');
      rmSync(folder, { recursive: true });
    });
    const world = await createWorld({ listen: `unix:${path}` });
    expect(statSync(path).mode & 0o777).toBe(0o660);
    expect(await ask(world)).toMatchObject({ status: 200 });
  });

  test('where its port is taken says so in one sentence', async () => {
    const world = await createWorld();
    const port = 'port' in world.where ? world.where.port : 0;
    await expect(createWorld({ listen: `127.0.0.1:${port}` })).rejects.toMatchObject({
      fault: 'unavailable',
      message: `public.listen: cannot listen on 127.0.0.1:${port}: EADDRINUSE`,
    });
  });
});
