import { randomBytes, randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { startApp } from '../../src/app.ts';
import type { App } from '../../src/app.ts';
import type { CreatedKey } from '../../src/domain/operations.ts';
import { createClock } from '../../src/lib/clock.ts';
import { DOCUMENTED } from '../cases/app.ts';

const ANSWER_MS = 5_000;

function none(): void {}

async function start(carrier: 'direct' | 'thread'): Promise<App> {
  const folder = await mkdtemp(join(tmpdir(), 'tollgate-admin-'));
  const app = await startApp({
    config: DOCUMENTED,
    sets: [
      `store.url=sqlite:${join(folder, 'tollgate.db')}`,
      ...['check.grpc', 'public', 'admin'].map((name) => `${name}.listen=127.0.0.1:0`),
      'telemetry.listen=off',
    ],
    carrier,
    world: {
      clock: createClock(),
      randomBytes,
      newRequestId: () => randomUUID(),
      env: {},
      log: { error: (message) => expect.fail(message), warn: none, info: none, debug: none },
    },
  });
  onTestFinished(async () => {
    await app.stop();
    await rm(folder, { recursive: true });
  });
  return app;
}

function createClient(app: App, token: string) {
  return async (method: string, path: string, body?: unknown): Promise<{ status: number; body: unknown }> => {
    const response = await fetch(`http://${app.addresses.admin ?? ''}${path}`, {
      method,
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      signal: AbortSignal.timeout(ANSWER_MS),
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    return { status: response.status, body: await response.json() };
  };
}

async function verdict(app: App, key: string): Promise<string> {
  const { code } = await app.inspect({
    gateway: 'envoy-grpc',
    gatewayRequestId: '',
    gatewayTime: '',
    method: 'GET',
    target: '/api/external/v1/parcels',
    host: 'api.trackyard.com',
    namedApi: '',
    peerAddress: '192.0.2.1',
    headers: [['authorization', `Bearer ${key}`]],
  });
  return code;
}

describe.each(['direct', 'thread'] as const)('the admin API of a running Tollgate (%s)', (carrier) => {
  test('is obeyed by the very next check, and leaves its operator in the audit log', async () => {
    const app = await start(carrier);
    const { token } = await app.operations.createOperator({ name: 'ops', role: 'write' });
    const ask = createClient(app, token);
    await ask('POST', '/v1/apis/trackyard/accounts', { id: 'acme' });
    const { body: answered } = await ask('POST', '/v1/apis/trackyard/keys', {
      account: 'acme',
      name: 'app',
    });
    const made = answered as CreatedKey;
    expect(await verdict(app, made.key)).toBe('ok');
    const standing = '/v1/apis/trackyard/accounts/acme/standing';
    await ask('PUT', standing, { standing: 'suspended' });
    expect(await verdict(app, made.key)).toBe('account_suspended');
    await ask('PUT', standing, { standing: 'ok' });
    expect(await verdict(app, made.key)).toBe('ok');
    const place = `/v1/apis/trackyard/keys/${made.id}`;
    const { body: successor } = await ask('POST', `${place}/rotations`, { overlap_seconds: 0 });
    const rotated = successor as CreatedKey;
    expect(await verdict(app, made.key)).toBe('credential_invalid');
    expect(await verdict(app, rotated.key)).toBe('ok');
    const revoked = await ask('PUT', `/v1/apis/trackyard/keys/${rotated.id}/revocation`);
    expect(revoked).toMatchObject({ status: 200, body: { status: 'revoked', unconfirmed: [] } });
    expect(await verdict(app, rotated.key)).toBe('credential_invalid');
    const { items } = await app.operations.listAudit({});
    expect(items.filter(({ actor }) => actor === 'operator:ops').map(({ action }) => action)).toEqual([
      'key.revoke',
      'key.rotate',
      'account.set',
      'account.set',
      'key.create',
      'account.create',
    ]);
  });

  test('is closed with its operator, and its failed logins are written down', async () => {
    const app = await start(carrier);
    const { token } = await app.operations.createOperator({ name: 'ops', role: 'read' });
    const ask = createClient(app, token);
    expect(await ask('GET', '/v1/audit')).toMatchObject({ status: 200 });
    await app.operations.revokeOperator('ops');
    expect(await ask('GET', '/v1/audit')).toMatchObject({ status: 401 });
    expect((await app.operations.listAudit({ limit: 1 })).items).toMatchObject([
      { actor: 'nobody', source: 'admin 127.0.0.1', action: 'login.fail', object: null, changed: {} },
    ]);
  });

  test('answers on no port but its own', async () => {
    const app = await start(carrier);
    const { token } = await app.operations.createOperator({ name: 'ops', role: 'write' });
    const headers = { authorization: `Bearer ${token}` };
    for (const path of ['/v1/audit', '/openapi.json', '/v1/apis/trackyard/keys']) {
      const response = await fetch(`http://${app.addresses.public ?? ''}${path}`, { headers });
      expect(response.status).toBe(404);
    }
  });
});
