import { createHmac } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { startApp } from '../../../src/app.ts';
import type { App } from '../../../src/app.ts';
import { fromPlainRequest } from '../../../src/domain/request.ts';
import { createTestClock, createTestRequestIds, testRandomBytes } from '../../world.ts';

const API_FILE = fileURLToPath(new URL('../../../config/apis/clary.yaml', import.meta.url));
const START_MS = Date.UTC(2026, 10, 22, 12);
const DECLARED_KEY = 'self-hosted-a7f3a9c51d2e8b40c6d1e5f7';

/** A key that customers sign with. */
interface Signer {
  readonly id: string;
  readonly key: string;
}

describe('keys with which customers sign, over starts of the program', () => {
  let folder: string;
  let running: App | undefined;
  let logged: string[];

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'tollgate-sealing-'));
  });

  afterEach(async () => {
    await running?.stop();
    rmSync(folder, { recursive: true });
  });

  /** Starts anew, with these sealing keys. */
  async function start(currentId: string, ...retiredIds: readonly string[]): Promise<App> {
    await running?.stop();
    logged = [];
    const write = (message: string, fields: object = {}): void =>
      void logged.push(`${message} ${JSON.stringify(fields)}`);
    running = await startApp({
      config: writeConfig(currentId, retiredIds),
      sets: [
        `store.url=sqlite:${join(folder, 'tollgate.db')}`,
        'check.grpc.listen=127.0.0.1:0',
        'telemetry.listen=off',
        'public.listen=off',
        'admin.listen=off',
      ],
      carrier: 'direct',
      world: {
        clock: createTestClock(START_MS),
        newRequestId: createTestRequestIds().next,
        randomBytes: testRandomBytes,
        env: { DECLARED_KEY },
        log: { error: write, warn: write, info: write, debug: write },
      },
    });
    return running;
  }

  function writeConfig(currentId: string, retiredIds: readonly string[]): string {
    const toEntry = (id: string) => {
      const path = join(folder, `sealing-${id}`);
      writeFileSync(path, Buffer.from(id.repeat(16)).toString('base64'));
      return { id, secret: `file:${path}` };
    };
    const config = join(folder, 'tollgate.yaml');
    const sealing_key = { current: toEntry(currentId), retired: retiredIds.map(toEntry) };
    writeFileSync(join(folder, 'clary.yaml'), withDeclared());
    writeFileSync(config, JSON.stringify({ apis: ['clary.yaml'], secrets: { sealing_key } }));
    return config;
  }

  async function createKey(name: string): Promise<Signer> {
    const operations = running?.operations;
    if (operations === undefined) throw new Error('nothing runs');
    return operations.createKey({
      api: 'clary',
      account: 'house',
      name,
      permissions: ['documents:read'],
    });
  }

  async function statusOf(credential: string): Promise<number> {
    const reply = await running?.answer?.(
      fromPlainRequest({
        gateway: 'envoy-grpc',
        gatewayRequestId: '',
        gatewayTime: '',
        method: 'GET',
        target: '/v1/documents',
        host: 'api.claryai.com',
        namedApi: '',
        peerAddress: '127.0.0.1',
        headers: [['authorization', `Bearer ${credential}`]],
      }),
    );
    return reply?.status ?? 0;
  }

  test('are sealed anew when they sign or are shown, and then need the retired sealing key no more', async () => {
    await start('s1');
    const [signing, shown, idle] = [
      await createKey('signing'),
      await createKey('shown'),
      await createKey('idle'),
    ];
    expect(await statusOf(tokenOf(signing))).toBe(200);

    await start('s2', 's1');
    expect(logged.join('\n')).toContain(
      'keys are sealed under a retired sealing key until they are used {"id":"s1"}',
    );
    expect(await statusOf(tokenOf(signing))).toBe(200);
    expect(await statusOf(shown.key)).toBe(200);

    await start('s2');
    expect(logged.join('\n')).toContain('a sealing key that is not configured');
    expect([await statusOf(tokenOf(signing)), await statusOf(tokenOf(shown))]).toEqual([200, 200]);
    expect(await statusOf(tokenOf(idle))).toBe(401);
    expect(await statusOf(idle.key)).toBe(200);
    await running?.operations.revokeKey({ api: 'clary', id: idle.id });

    await start('s3', 's2', 's1');
    expect(logged.join('\n')).toContain('it can go {"id":"s1"}');
  });

  test('sign where a configuration file gives them by value, and never under their digest alone', async () => {
    await start('s1');
    const [declared] = (await running?.operations.listKeys({ api: 'clary' }))?.items ?? [];
    expect(await statusOf(tokenOf({ id: declared?.id ?? '', key: DECLARED_KEY }))).toBe(200);
    expect(await statusOf(tokenOf({ id: declared?.id ?? '', key: DECLARED_KEY.toUpperCase() }))).toBe(401);
  });
});

/** Clary's file with an account and a key of its own. */
function withDeclared(): string {
  const declared = {
    accounts: [{ id: 'house' }],
    keys: [{ name: 'own', account: 'house', key: '${DECLARED_KEY}', permissions: ['documents:read'] }],
  };
  return `${readFileSync(API_FILE, 'utf8')}\ndeclared: ${JSON.stringify(declared)}\n`;
}

function tokenOf({ id, key }: Signer): string {
  const seconds = START_MS / 1_000;
  const parts = [
    { alg: 'HS256', kid: id },
    { sub: 'anyone', iat: seconds, exp: seconds + 60 },
  ].map((part) => Buffer.from(JSON.stringify(part)).toString('base64url'));
  const signed = parts.join('.');
  return `${signed}.${createHmac('sha256', key).update(signed).digest('base64url')}`;
}
