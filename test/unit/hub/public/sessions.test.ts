import { once } from 'node:events';
import { request as httpRequest } from 'node:http';
import type { IncomingHttpHeaders } from 'node:http';
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import * as fc from 'fast-check';
import { describe, expect, onTestFinished, test } from 'vitest';
import { compile } from '../../../../src/config/compile.ts';
import { createEndpointPlaces } from '../../../../src/edge/endpoints.ts';
import { EXCHANGES_MAX } from '../../../../src/hub/public/exchange-rate.ts';
import { createPublicServer } from '../../../../src/hub/public/server.ts';
import type { SessionAnswer, SessionEngine, SessionRefusal } from '../../../../src/hub/sessions/engine.ts';
import type { PlainRequest } from '../../../../src/domain/request.ts';
import { OperationRefused } from '../../../../src/domain/operations.ts';
import type { SessionView } from '../../../../src/domain/operations.ts';
import { DependencyDown } from '../../../../src/ports.ts';
import type { Inspection } from '../../../../src/ports.ts';
import { createTestClock, createTestRequestIds } from '../../../world.ts';
import { API, change, load } from '../../config/world.ts';
import { ACCOUNT, KEY, SESSION } from '../control/fake-operations.ts';

const START_MS = Date.UTC(2026, 1, 4, 12);
const SESSIONS = `sessions: { issuer: https://one.example }
endpoints:
  session_create: { path: /v1/token, body: { a: $access_token, r: $refresh_token, e: $refresh_expires_in, s: $session.id } }
  session_refresh: { path: /v1/refresh, body: { a: $access_token, t: $token_type, e: $expires_in, s: $scope } }
  session_logout: { path: /v1/logout, body: { bye: $$now } }
  oauth_token: {}
  oauth_revoke: {}
`;
const WITH_JWT = change(
  API,
  '      - api_key: { header: Authorization, scheme: Bearer }\n',
  '      - api_key: { header: Authorization, scheme: Bearer }\n      - jwt: { header: Authorization, scheme: Bearer }\n',
);
const POLICY = compile(load({ api: change(WITH_JWT, 'errors:\n', `${SESSIONS}errors:\n`) }).document);

const INSPECTION: Inspection = {
  code: 'ok',
  api: 'one',
  credential: 'api_key',
  sessionId: '',
  keyId: 'key_1',
  account: 'acme',
  tier: 'free',
  limits: [],
  lastUsedMs: null,
};

const GRANTED: SessionAnswer = {
  result: 'granted',
  tokens: {
    sessionId: 'ses_1',
    keyId: 'key_1',
    account: 'acme',
    accessToken: 'access',
    expiresInSeconds: 600,
    scope: 'read',
    refreshToken: 'refresh',
    sessionExpiresAtMs: START_MS + 90_500,
  },
};

interface World {
  readonly port: number;
  readonly inspected: PlainRequest[];
  /** What the engine was asked. */
  readonly asked: unknown[][];
  readonly bugs: unknown[];
}

interface Change {
  readonly inspection?: Partial<Inspection>;
  readonly answer?: () => Promise<SessionAnswer>;
  /** Of the session that every token is of. */
  readonly session?: () => Promise<SessionView>;
}

async function createWorld({
  inspection = {},
  answer = async () => GRANTED,
  session = async () => SESSION,
}: Change = {}): Promise<World> {
  const inspected: PlainRequest[] = [];
  const asked: unknown[][] = [];
  const bugs: unknown[] = [];
  const sessions: SessionEngine = {
    async exchange(api, wanted) {
      asked.push(['exchange', api.name, wanted]);
      return answer();
    },
    async refresh(api, wanted) {
      asked.push(['refresh', api.name, wanted]);
      return answer();
    },
    async logout(api, token) {
      asked.push(['logout', api.name, token]);
      await answer();
      return { result: 'unknown' };
    },
    findSessionId: async () => SESSION.id,
    jwks: async () => ({ keys: [] }),
  };
  const clock = createTestClock(START_MS);
  const server = createPublicServer({
    listen: '127.0.0.1:0',
    places: createEndpointPlaces(POLICY, { clock, newRequestId: createTestRequestIds().next }),
    inspect: async (request) => {
      inspected.push(request);
      return { ...INSPECTION, ...inspection };
    },
    operations: { showAccount: async () => ACCOUNT, showKey: async () => KEY, showSession: session },
    sessions,
    clock,
    onStranger: () => undefined,
    onBug: (error) => bugs.push(error),
  });
  const address = await server.start();
  onTestFinished(() => server.stop());
  return { port: Number(address.split(':').at(-1)), inspected, asked, bugs };
}

interface Answered {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

async function post(
  { port }: World,
  path: string,
  form: Readonly<Record<string, string>> = {},
  headers: readonly string[] = [],
): Promise<Answered> {
  const { promise, resolve, reject } = Promise.withResolvers<Answered>();
  const type = ['content-type', 'application/x-www-form-urlencoded'];
  const sent = httpRequest({
    port,
    host: '127.0.0.1',
    path,
    method: 'POST',
    agent: false,
    headers: ['host', 'one.example', ...type, ...headers],
  });
  sent.on('error', reject);
  sent.on('response', (response) => {
    const { statusCode: status = 0, headers: got } = response;
    text(response).then((body) => resolve({ status, headers: got, body }), reject);
  });
  sent.end(new URLSearchParams(form).toString());
  return promise;
}

const CLIENT = { grant_type: 'client_credentials' };
const REFRESH = { grant_type: 'refresh_token', refresh_token: 'token' };
const secret = (id: string, key: string) => ({ client_id: id, client_secret: key });

describe('an endpoint of sessions', () => {
  test('answers in the words of the file', async () => {
    const world = await createWorld();
    expect(await post(world, '/v1/token')).toMatchObject({
      status: 200,
      body: '{"a":"access","r":"refresh","e":90,"s":"ses_1"}',
    });
    expect(await post(world, '/v1/refresh', { refresh_token: 'token' })).toMatchObject({
      status: 200,
      body: '{"a":"access","t":"Bearer","e":600,"s":"read"}',
    });
    expect(await post(world, '/v1/logout', { refresh_token: 'token' })).toMatchObject({
      status: 200,
      body: '{"bye":"$now"}',
    });
  });

  test('asks for what was asked, and for nobody else', async () => {
    const world = await createWorld();
    const id = ['x-request-id', 'req-1'];
    await post(world, '/v1/token', { client_id: 'key_2', refresh_token: 'x' }, id);
    await post(world, '/v1/refresh', { refresh_token: 'token', client_id: 'key_2' }, id);
    await post(world, '/v1/logout', {}, ['authorization', 'Bearer a.b.c']);
    await post(world, '/oauth/token', { ...CLIENT, ...secret('key_1', 'k') });
    await post(world, '/oauth/token', { ...REFRESH, ...secret('key_1', 'k') }, id);
    await post(world, '/oauth/token', { ...REFRESH, client_id: 'key_2' });
    await post(world, '/oauth/token', REFRESH);
    await post(world, '/oauth/revoke', { token: 'token' });
    expect(world.asked).toEqual([
      ['exchange', 'one', { keyId: 'key_1', grant: 'refreshable' }],
      ['refresh', 'one', { refreshToken: 'token', clientAddress: '', requestId: 'req-1' }],
      ['logout', 'one', 'a.b.c'],
      ['exchange', 'one', { keyId: 'key_1', grant: 'access_only' }],
      ['refresh', 'one', { refreshToken: 'token', clientAddress: '', requestId: 'req-1', keyId: 'key_1' }],
      ['refresh', 'one', { refreshToken: 'token', clientAddress: '', requestId: '', keyId: 'key_2' }],
      ['refresh', 'one', { refreshToken: 'token', clientAddress: '', requestId: '' }],
      ['logout', 'one', 'token'],
    ]);
  });

  test('says from where a refresh token comes, as the gateway does and not the client', async () => {
    const world = await createWorld();
    const from = ['x-gateway-peer', '192.0.2.9', 'x-forwarded-for', '203.0.113.7'];
    await post(world, '/v1/refresh', { refresh_token: 'token' }, from);
    await post(world, '/oauth/token', REFRESH, from);
    const wanted = { refreshToken: 'token', clientAddress: '192.0.2.9', requestId: '' };
    expect(world.asked).toEqual([
      ['refresh', 'one', wanted],
      ['refresh', 'one', wanted],
    ]);
  });

  test('has a shown secret judged as if it stood where keys stand, and nothing beside it', async () => {
    const world = await createWorld();
    const headers = ['authorization', 'Basic a2V5XzE6dGhlLWtleQ==', 'x-forwarded-for', '192.0.2.1'];
    await post(world, '/oauth/token', CLIENT, headers);
    const [{ method, target, headers: lines } = { headers: [] }] = world.inspected;
    expect([method, target]).toEqual(['POST', '/oauth/token']);
    expect(lines.filter(([name]) => name === 'authorization')).toEqual([['authorization', 'bearer the-key']]);
    expect(lines).toContainEqual(['x-forwarded-for', '192.0.2.1']);
  });

  test.each([
    ['percent-encoded, as RFC 6749 §2.3.1 has it', 'key%5F1:a%2Bb%25c', 'a+b%c'],
    ['as it is, as many clients send it', 'key_1:a%c', 'a%c'],
    ['with a colon', 'key_1:a:b', 'a:b'],
  ])('reads a secret that comes by Basic %s', async (_name, pair, key) => {
    const world = await createWorld();
    const credentials = Buffer.from(pair).toString('base64');
    expect(
      await post(world, '/oauth/token', CLIENT, ['authorization', `basic  ${credentials}`]),
    ).toMatchObject({
      status: 200,
    });
    expect(world.inspected[0]?.headers).toContainEqual(['authorization', `bearer ${key}`]);
  });

  test.each([
    ['a session', { credential: 'session', sessionId: 'ses_1' }],
    ['a customer’s own token', { credential: 'jwt' }],
    ['a key of another API', { api: 'two' }],
  ] as const)('gives nothing to %s', async (_name, inspection) => {
    const world = await createWorld({ inspection });
    expect(await post(world, '/v1/token')).toMatchObject({ status: 401 });
    const answered = await post(world, '/oauth/token', { ...CLIENT, ...secret('key_1', 'k') });
    expect(JSON.parse(answered.body)).toMatchObject({ error: 'invalid_client' });
    expect(world.asked).toEqual([]);
  });

  const OAUTH: readonly (readonly [SessionRefusal, number, string])[] = [
    ['token_unknown', 400, 'invalid_grant'],
    ['session_ended', 400, 'invalid_grant'],
    ['token_reused', 400, 'invalid_grant'],
    ['key_gone', 400, 'invalid_grant'],
    ['account_gone', 400, 'invalid_grant'],
    ['no_sessions', 400, 'invalid_grant'],
    ['address_not_allowed', 400, 'unauthorized_client'],
    ['sessions_full', 503, 'temporarily_unavailable'],
  ];
  test.each(OAUTH)('tells a client of %s by %i %s', async (reason, status, error) => {
    const world = await createWorld({ answer: async () => ({ result: 'refused', reason }) });
    const answered = await post(world, '/oauth/token', REFRESH);
    expect(answered.status).toBe(status);
    expect(JSON.parse(answered.body)).toMatchObject({ error });
    expect(answered.body).not.toContain('token"');
  });

  test.each([
    ['key_gone', 401],
    ['account_gone', 401],
    ['sessions_full', 503],
  ] as const)(
    'whose key was right a moment ago answers %s by %i, and counts no guess',
    async (reason, status) => {
      const world = await createWorld({ answer: async () => ({ result: 'refused', reason }) });
      for (let count = 0; count < 25; count += 1) {
        const answered = await post(world, '/oauth/token', { ...CLIENT, ...secret('key_1', 'k') });
        expect(answered.status).toBe(status);
      }
    },
  );

  test('grants one key so many sessions a minute, by whichever way, and tells when there is room', async () => {
    const inspection: { keyId: string } = { keyId: 'key_1' };
    const world = await createWorld({ inspection });
    for (let count = 0; count < EXCHANGES_MAX; count += 2) {
      await post(world, '/v1/token');
      await post(world, '/oauth/token', { ...CLIENT, ...secret('key_1', 'k') });
    }
    expect(world.asked).toHaveLength(EXCHANGES_MAX);
    const own = await post(world, '/v1/token');
    expect(own).toMatchObject({ status: 429, headers: { 'retry-after': '60' } });
    const standard = await post(world, '/oauth/token', { ...CLIENT, ...secret('key_1', 'k') });
    expect(standard).toMatchObject({ status: 429, headers: { 'retry-after': '60' } });
    expect(world.asked).toHaveLength(EXCHANGES_MAX);
    expect(await post(world, '/v1/refresh', { refresh_token: 'token' })).toMatchObject({ status: 200 });
    inspection.keyId = 'key_2';
    expect(await post(world, '/v1/token')).toMatchObject({ status: 200 });
  });

  test.each(['token_unknown', 'session_ended', 'token_reused', 'key_gone'] as const)(
    'does not tell %s from any other wrong token',
    async (reason) => {
      const world = await createWorld({ answer: async () => ({ result: 'refused', reason }) });
      const answered = await post(world, '/v1/refresh', { refresh_token: 'token' });
      expect(answered).toMatchObject({
        status: 401,
        body: '{"error":{"code":"unauthorized","message":"Unauthorized","details":{}}}',
      });
    },
  );

  describe('that revokes a token', () => {
    const owned = { session: async () => ({ ...SESSION, key: 'key_1' }) };
    const REVOKED = [['logout', 'one', 'token']];

    test.each([
      ['by its name', { client_id: 'key_1' }],
      ['by its key', secret('key_1', 'k')],
      ['not at all', {}],
    ])('ends its session for a client that is its own, known %s', async (_, client) => {
      const world = await createWorld(owned);
      expect(await post(world, '/oauth/revoke', { token: 'token', ...client })).toMatchObject({
        status: 200,
        body: '{}',
      });
      expect(world.asked).toEqual(REVOKED);
    });

    test('ends its session for another client that shows a key of the same account', async () => {
      const world = await createWorld({ ...owned, inspection: { keyId: 'key_2', account: SESSION.account } });
      expect(await post(world, '/oauth/revoke', { token: 'token', ...secret('key_2', 'k') })).toMatchObject({
        status: 200,
      });
      expect(world.asked).toEqual(REVOKED);
    });

    test.each([
      ['by a name of the same account', SESSION.account, { client_id: 'key_2' }],
      ['by a key of another account', 'another', secret('key_2', 'k')],
    ])('ends nothing for another client, known %s, and says so', async (_, account, client) => {
      const world = await createWorld({ ...owned, inspection: { keyId: 'key_2', account } });
      const answered = await post(world, '/oauth/revoke', { token: 'token', ...client });
      expect(answered.status).toBe(400);
      expect(JSON.parse(answered.body)).toMatchObject({ error: 'invalid_grant' });
      expect(world.asked).toEqual([]);
    });

    test('takes one of a session that is forgotten for one that has ended', async () => {
      const session = () => Promise.reject(new OperationRefused('not_found', 'no session'));
      const world = await createWorld({ session });
      expect(await post(world, '/oauth/revoke', { token: 'token', client_id: 'key_1' })).toMatchObject({
        status: 200,
      });
    });

    test('ends nothing while nobody can say whose it is', async () => {
      const session = () => Promise.reject(new OperationRefused('unavailable', 'down'));
      const world = await createWorld({ session });
      expect(await post(world, '/oauth/revoke', { token: 'token', client_id: 'key_1' })).toMatchObject({
        status: 503,
      });
      expect(world.asked).toEqual([]);
    });
  });

  test('is unavailable while the store is, in the words of whom it answers', async () => {
    const world = await createWorld({
      answer: () => Promise.reject(new DependencyDown('directory', 'gone')),
    });
    expect(await post(world, '/v1/refresh', { refresh_token: 'token' })).toMatchObject({
      status: 503,
      body: '{"error":{"code":"down","message":"Down","details":{}}}',
    });
    const answered = await post(world, '/oauth/token', REFRESH);
    expect(answered.status).toBe(503);
    expect(answered.headers['retry-after']).toBe('1');
    expect(JSON.parse(answered.body)).toMatchObject({ error: 'temporarily_unavailable' });
    expect(await post(world, '/oauth/revoke', { token: 'token' })).toMatchObject({ status: 503 });
    expect(world.bugs).toEqual([]);
  });

  test('reports a bug once and tells nothing of it', async () => {
    const world = await createWorld({ answer: () => Promise.reject(new TypeError('secret')) });
    const answered = await post(world, '/oauth/token', REFRESH);
    expect(answered.status).toBe(500);
    expect(JSON.parse(answered.body)).toEqual({
      error: 'server_error',
      error_description: 'the request failed',
    });
    expect(world.bugs).toHaveLength(1);
  });

  test.each([
    ['address_not_allowed', 400, 'unauthorized_client'],
    ['account_suspended', 401, 'invalid_client'],
    ['trial_expired', 400, 'unauthorized_client'],
    ['unavailable', 503, 'temporarily_unavailable'],
    ['internal_error', 500, 'server_error'],
  ] as const)('tells a client whose key is refused with %s: %i %s', async (code, status, error) => {
    const world = await createWorld({ inspection: { code } });
    const answered = await post(world, '/oauth/token', { ...CLIENT, ...secret('key_1', 'k') });
    expect(answered.status).toBe(status);
    expect(JSON.parse(answered.body)).toMatchObject({ error });
    expect(world.asked).toEqual([]);
  });

  test('is never confused by what it is sent: a refusal, and nothing is granted', async () => {
    const world = await createWorld({
      inspection: { code: 'credential_invalid' },
      answer: async () => ({ result: 'refused', reason: 'token_unknown' }),
    });
    const word = fc.constantFrom(
      'grant_type',
      'client_credentials',
      'refresh_token',
      'client_id',
      '__proto__',
      'a',
      '',
    );
    const form = fc.dictionary(word, fc.oneof(word, fc.string({ unit: 'binary', maxLength: 12 })), {
      noNullPrototype: true,
    });
    const header = fc.constantFrom('authorization', 'x-request-id', 'content-encoding', 'x-api-key');
    const value = fc.oneof(
      fc.constantFrom('Basic', 'Basic Og==', 'Bearer a.b.c', 'bearer'),
      fc.base64String({ maxLength: 16 }),
    );
    const path = fc.constantFrom('/oauth/token', '/oauth/token?a', '/v1/token', '/v1/refresh');
    await fc.assert(
      fc.asyncProperty(
        path,
        form,
        fc.array(fc.tuple(header, value), { maxLength: 2 }),
        async (target, sent, lines) => {
          const { status } = await post(world, target, sent, lines.flat());
          expect([400, 401, 429]).toContain(status);
        },
      ),
      { numRuns: 150 },
    );
    expect(world.bugs).toEqual([]);
    expect(world.asked.filter(([verb]) => verb !== 'refresh')).toEqual([]);
  });

  test('waits for a slow body without holding up others, and forgets a client that goes away', async () => {
    const world = await createWorld();
    const slow = connect(world.port, '127.0.0.1');
    const head = 'POST /v1/refresh HTTP/1.1\r\nhost: one.example\r\ncontent-length: 100\r\n';
    slow.write(`${head}content-type: application/json\r\n\r\n{"refresh`);
    expect(await post(world, '/v1/refresh', { refresh_token: 'token' })).toMatchObject({ status: 200 });
    slow.destroy();
    for (let count = 0; count < 3; count += 1) {
      expect(await post(world, '/v1/refresh', { refresh_token: 'token' })).toMatchObject({ status: 200 });
    }
    expect(world.asked).toHaveLength(4);
    expect(world.bugs).toEqual([]);
  });

  test('answers before all of too much was sent, and the next request on that connection too', async () => {
    const world = await createWorld();
    const socket = connect(world.port, '127.0.0.1');
    onTestFinished(() => void socket.destroy());
    let received = '';
    socket.on('data', (bytes) => (received += bytes.toString()));
    const answers = async (count: number): Promise<void> => {
      while (received.split('HTTP/1.1 ').length <= count) await once(socket, 'data');
    };
    const head = (path: string) => `POST ${path} HTTP/1.1\r\nhost: one.example\r\n`;
    const type = 'content-type: application/x-www-form-urlencoded\r\n';
    socket.write(`${head('/oauth/token')}${type}transfer-encoding: chunked\r\n\r\n`);
    socket.write(`8000\r\n${'a'.repeat(0x8000)}\r\n`);
    await answers(1);
    expect(received).toContain('400 Bad Request');
    socket.write(`8000\r\n${'a'.repeat(0x8000)}\r\n0\r\n\r\n`);
    socket.write(`${head('/v1/refresh')}${type}content-length: 15\r\n\r\nrefresh_token=a`);
    await answers(2);
    expect(received).toContain('200 OK');
    expect(world.asked).toEqual([
      ['refresh', 'one', { refreshToken: 'a', clientAddress: '', requestId: '' }],
    ]);
  });
});
