import { afterAll, beforeAll, expect, test } from 'vitest';
import { fromPlainRequest } from '../../../src/domain/request.ts';
import type { PlainRequest } from '../../../src/domain/request.ts';
import { DOCUMENTED, publicAddressOf, startCaseApp } from '../../cases/app.ts';
import type { CaseApp } from '../../cases/app.ts';
import { createSessionDesk } from '../../../src/cli/conformance/table/sessions.ts';
import type { NamedSession } from '../../../src/cli/conformance/table/sessions.ts';

const START_MS = Date.UTC(2026, 10, 22, 12);
const HOST = 'api.freddy.aitronos.com';
const PLACES = {
  create: '/v1/auth/token',
  refresh: '/v1/auth/refresh',
  logout: '/v1/auth/logout',
  key_header: 'api-key',
};

let started: CaseApp;
let key: { readonly id: string; readonly key: string };
let session: NamedSession;

beforeAll(async () => {
  started = await startCaseApp(DOCUMENTED, START_MS);
  const { operations } = started.app;
  await operations.createAccount({ api: 'freddy', id: 'acme' });
  key = await operations.createKey({ api: 'freddy', account: 'acme', name: 'own' });
  session = await createSessionDesk({ publicAddress: publicAddressOf(started.app) }, HOST, PLACES).exchange(
    key.key,
  );
});

afterAll(async () => started.stop());

function requestWith(name: string, value: string): PlainRequest {
  return {
    gateway: 'envoy-grpc',
    gatewayRequestId: '',
    gatewayTime: '',
    method: 'GET',
    target: '/v1/models',
    host: HOST,
    namedApi: '',
    peerAddress: '127.0.0.1',
    headers: [[name, value]],
  };
}

const ofSession = () => requestWith('authorization', `Bearer ${session.accessToken}`);

test('an inspection tells a session from its key', async () => {
  const { items } = await started.app.operations.listSessions({ api: 'freddy' });
  const known = { code: 'ok', api: 'freddy', account: 'acme', keyId: key.id };
  expect(await started.app.inspect(ofSession())).toMatchObject({
    ...known,
    credential: 'session',
    sessionId: items[0]?.id,
  });
  expect(await started.app.inspect(requestWith('api-key', key.key))).toMatchObject({
    ...known,
    credential: 'api_key',
    sessionId: '',
  });
});

test('an inspection of a token that is not believed tells nobody', async () => {
  const bitten = requestWith('authorization', `Bearer ${session.accessToken.slice(0, -4)}AAAA`);
  expect(await started.app.inspect(bitten)).toMatchObject({
    code: 'credential_invalid',
    credential: '',
    sessionId: '',
    keyId: '',
    account: '',
  });
});

test('a check with a session is a use of its key, and an inspection is none', async () => {
  expect(await started.app.inspect(ofSession())).toMatchObject({ lastUsedMs: null });
  started.clock.advance(1_000);
  expect(await started.app.answer?.(fromPlainRequest(ofSession()))).toMatchObject({ allowed: true });
  expect(await started.app.inspect(ofSession())).toMatchObject({ lastUsedMs: START_MS + 1_000 });
});
