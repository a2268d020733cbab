import { randomBytes, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { startApp } from '../../src/app.ts';
import type { App, AppOptions, World } from '../../src/app.ts';
import { OperationRefused } from '../../src/domain/operations.ts';
import type { PlainRequest } from '../../src/domain/request.ts';
import { createClock } from '../../src/lib/clock.ts';
import { API, change, SERVER } from '../unit/config/world.ts';
import { createCheckClient } from './check-client.ts';

const DECLARED_KEY = 'one_qkJaB6MffYVzZXWqmcoF49yrUxP3wf0LsakP';
const DECLARED = `declared:
  accounts: [{ id: house }]
  keys: [{ name: door, account: house, key: '\${DOOR_KEY}', permissions: [read] }]
`;
/** A route that every key may use and that costs nothing. */
const FREE = change(API, 'routes:\n', 'routes:\n      - { path: /free }\n');

describe.each<AppOptions['carrier']>(['direct', 'thread'])('the whole app, carried %s', (carrier) => {
  let folder: string;
  let started: App[];
  let warnings: string[];

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'tollgate-carriers-'));
    mkdirSync(join(folder, 'apis'));
    started = [];
    warnings = [];
  });

  afterEach(async () => {
    await Promise.all(started.map((app) => app.stop()));
    rmSync(folder, { recursive: true });
  });

  async function start(api = FREE, sets: readonly string[] = []): Promise<App> {
    writeFileSync(join(folder, 'tollgate.yaml'), SERVER);
    writeFileSync(join(folder, 'apis/one.yaml'), api);
    const app = await startApp({
      carrier,
      config: join(folder, 'tollgate.yaml'),
      sets: [
        `store.url=sqlite:${database()}`,
        'check.grpc.listen=127.0.0.1:0',
        'telemetry.listen=off',
        'admin.listen=off',
        'public.listen=off',
        'check.budget=10s',
        ...sets,
      ],
      world: {
        clock: createClock(),
        randomBytes,
        newRequestId: () => randomUUID(),
        env: { DOOR_KEY: DECLARED_KEY },
        log: createLogInto(warnings),
      },
    });
    started.push(app);
    return app;
  }

  const database = (): string => join(folder, 'data/tollgate.db');

  test('inspects a request at the edge, and spends nothing', async () => {
    const app = await start();
    const made = await makeKey(app);
    await check(app, made.key);
    for (let count = 0; count < 20; count += 1) {
      expect(await app.inspect(plainRequest(made.key))).toMatchObject({
        code: 'ok',
        api: 'one',
        keyId: made.id,
        account: 'acme',
        tier: 'free',
        limits: [{ limit: { name: 'key-minute' }, remaining: 9 }],
      });
    }
    expect(await app.inspect(plainRequest('one_nobody'))).toMatchObject({
      code: 'credential_invalid',
      keyId: '',
    });
  });

  test('a key’s last use is known after a stop, however short the life before it', async () => {
    const app = await start();
    const made = await makeKey(app);
    expect(await check(app, made.key)).toMatchObject({ allowed: true });
    await app.stop();
    const { operations } = await start();
    expect((await operations.showKey({ api: 'one', id: made.id })).last_used_at).toMatch(/^\d{4}-/);
    expect(warnings).toEqual([]);
  });

  test('declared accounts and keys work from the first check on', async () => {
    const app = await start(FREE + DECLARED);
    expect(await check(app, DECLARED_KEY)).toMatchObject({ allowed: true });
  });

  test('stops once, whoever asks how often; it has ended only when all is closed', async () => {
    const app = await start();
    let ended = false;
    void app.ended.then(() => (ended = true));
    const stops = [app.stop(), app.stop()];
    await new Promise(setImmediate);
    expect(ended).toBe(false);
    await Promise.all(stops);
    await app.ended;
    await app.stop();
    expect(readdirSync(join(folder, 'data')).filter((name) => /-wal$|\.sock$/.test(name))).toEqual([]);
    await expect(check(app, DECLARED_KEY)).rejects.toThrow(/UNAVAILABLE/);
  });

  describe('a start that fails half way', () => {
    afterEach(async () => {
      // Nothing was left open: neither the lock nor the socket nor a thread that holds the store.
      const app = await start();
      await app.stop();
      expect(warnings.filter((message) => !message.includes('did not close in order'))).toEqual([]);
    });

    test('at a port in use, says so', async () => {
      const other = createServer().listen(0, '127.0.0.1');
      await once(other, 'listening');
      const listen = `127.0.0.1:${(other.address() as AddressInfo).port}`;
      const message = await refusalOf(start(FREE, [`check.grpc.listen=${listen}`]));
      other.close();
      expect(message).toMatch(/^cannot listen on 127\.0\.0\.1:\d+: .*EADDRINUSE/);
    });

    test('at a declared key that the store has too, says which', async () => {
      const app = await start(change(FREE, 'prefix: one_', 'prefix: one_, imports: true'));
      await makeKey(app);
      const { operations } = app;
      await operations.importKeys([
        { api: 'one', account: 'acme', name: 'taken over', permissions: ['read'], key: DECLARED_KEY },
      ]);
      await app.stop();
      const message = await refusalOf(start(FREE + DECLARED));
      expect(message).toContain('the declared key "door" of one stands in the store as well');
    });

    test('at a tier that the store names and the file does not, says which', async () => {
      const app = await start(change(FREE, '  pro: {', '  gold: {}\n  pro: {'));
      await app.operations.createAccount({ api: 'one', id: 'rich', tier: 'gold' });
      await app.stop();
      expect(await refusalOf(start())).toContain('with the tier "gold"');
      const again = await start(change(FREE, '  pro: {', '  gold: {}\n  pro: {'));
      await again.operations.setAccount({ api: 'one', id: 'rich' }, { tier: 'free' });
      await again.stop();
    });

    test('beside another server on the same database, says so and leaves that one alone', async () => {
      const first = await start();
      const made = await makeKey(first);
      expect(await refusalOf(start())).toContain('is being served by another process');
      expect(await check(first, made.key)).toMatchObject({ allowed: true });
      await first.stop();
    });
  });
});

function plainRequest(key: string): PlainRequest {
  return {
    gateway: 'envoy-grpc',
    gatewayRequestId: '',
    gatewayTime: '',
    method: 'GET',
    target: '/v1/free',
    host: 'one.example',
    namedApi: '',
    peerAddress: '127.0.0.1',
    headers: [['authorization', `Bearer ${key}`]],
  };
}

async function makeKey({ operations }: App) {
  await operations.createAccount({ api: 'one', id: 'acme' });
  return operations.createKey({ api: 'one', account: 'acme', name: 'a key', permissions: ['read'] });
}

async function check({ addresses }: App, key: string) {
  const client = createCheckClient(addresses.checkGrpc);
  try {
    return await client.check({ host: 'one.example', path: '/v1/free', key });
  } finally {
    client.close();
  }
}

async function refusalOf(starting: Promise<App>): Promise<string> {
  const error: unknown = await starting.then(
    () => 'it started',
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(OperationRefused);
  return (error as OperationRefused).message;
}

/** Keeps what is told at WARN and above. */
function createLogInto(lines: string[]): World['log'] {
  const keep = (message: string): void => void lines.push(message);
  return { error: keep, warn: keep, info() {}, debug() {} };
}
