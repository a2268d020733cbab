import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { SentHeader } from '../../cases/client.ts';
import { askRaw } from '../../cases/raw-http.ts';
import type { RawAnswer } from '../../cases/raw-http.ts';
import { partTitle } from '../../parts.ts';
import { GATEWAY_TOKEN, startGatewayApp } from '../gateway-app.ts';
import type { GatewayApp } from '../gateway-app.ts';
import type { Gateway } from './gateway.ts';
import { ADMIN_SPELLINGS, readObligingly } from './path-spellings.ts';
import { startRecorder, WEBSOCKET_KEY } from './recorder.ts';
import type { Recorder } from './recorder.ts';
import type { TableRun } from './table.ts';

const HOST = 'api.trackyard.com';
const PATH = '/api/external/v1/items';
const ADMIN = '/api/external/v1/admin';
/** By its own name, and by the names that frameworks take for it. */
const IDENTITY = /^x[^a-z0-9]*(?:account[^a-z0-9]*id|key[^a-z0-9]*id|tier|organization[^a-z0-9]*id)$/;
const CREDENTIAL = /^(?:authorization|x[^a-z0-9]*api[^a-z0-9]*key|api[^a-z0-9]*key)$/;
/** By these a request could pass for another one, or a client for the gateway. */
const MISLEADING =
  /^(?:x-original-.*|x-rewrite-url|x-http-method(?:-override)?|x-method-override|forwarded|x-gateway-.*)$/;

function leadsToAdmin(target: string): boolean {
  const path = readObligingly(target);
  return path === ADMIN || path.startsWith(`${ADMIN}/`);
}

interface MalformedRequest {
  readonly what: string;
  readonly headers?: readonly SentHeader[];
  readonly target?: string;
}

interface Sent {
  readonly host?: string;
  readonly method?: string;
  readonly target?: string;
  readonly headers?: readonly SentHeader[];
  readonly body?: string;
}

/** Declares what one gateway must withstand: every request is a client's, byte for byte. */
export function testAttacks({ name, dialect, part, start }: TableRun): void {
  const title = partTitle(`attacked through a real ${name}`, part);
  if ('missing' in part) {
    test.skip(title);
    return;
  }
  const binary = part.found;

  describe(title, () => {
    let app: GatewayApp;
    let recorder: Recorder;
    let gateway: Gateway;
    let key: string;
    let adminKey: string;
    let keyId: string;

    beforeAll(async () => {
      app = await startGatewayApp(dialect);
      recorder = await startRecorder();
      gateway = await start({
        binary,
        authzPort: app.port,
        publicPort: app.publicPort,
        appPort: recorder.port,
        token: GATEWAY_TOKEN,
      });
      const { operations } = app.app;
      await operations.createAccount({ api: 'trackyard', id: 'real', tier: 'pro', credits: 100_000 });
      const made = await operations.createKey({ api: 'trackyard', account: 'real', name: 'plain' });
      const admin = await operations.createKey({
        api: 'trackyard',
        account: 'real',
        name: 'admin',
        role: 'admin',
      });
      key = made.key;
      keyId = made.id;
      adminKey = admin.key;
    });

    // Every window of the keys' limits is over.
    beforeEach(() => {
      app.clock.advance(86_400_000);
      recorder.take();
    });

    afterAll(async () => {
      await gateway?.stop();
      await recorder?.stop();
      await app?.stop();
    });

    function send({
      host = HOST,
      method = 'GET',
      target = PATH,
      headers = [],
      body,
    }: Sent): Promise<RawAnswer> {
      const framed: readonly SentHeader[] =
        body === undefined ? [] : [['Content-Length', String(Buffer.byteLength(body))]];
      return askRaw({
        port: gateway.port,
        method,
        target,
        headers: [['Host', host], ...headers, ...framed],
        localAddress: '127.0.0.1',
        ...(body === undefined ? {} : { body }),
      });
    }

    const withKey = (...more: readonly SentHeader[]): readonly SentHeader[] => [
      ['Authorization', `Bearer ${key}`],
      ...more,
    ];

    function identities(): readonly string[] {
      return recorder.take().flatMap(({ headers }) =>
        headers
          .filter(([header]) => IDENTITY.test(header))
          .map(([header, value]) => `${header}: ${value}`)
          .sort(),
      );
    }

    const own = () => ['x-account-id: real', `x-key-id: ${keyId}`, 'x-tier: pro'];

    test('a request with a key and a body passes whole, with its identity and without its credential', async () => {
      const { status } = await send({ method: 'POST', headers: withKey(), body: 'a body of 16 b..' });
      expect(status).toBe(200);
      const [received] = recorder.take();
      expect(received).toMatchObject({ method: 'POST', target: PATH, body: 'a body of 16 b..' });
      const names = received?.headers.map(([header]) => header) ?? [];
      expect(names.filter((header) => CREDENTIAL.test(header))).toEqual([]);
    });

    test('Tollgate’s own endpoints are asked without a check, on their own host alone', async () => {
      const target = '/.well-known/jwks.json';
      const own = await send({ host: 'api.freddy.aitronos.com', target });
      expect(own.status).toBe(200);
      expect(JSON.parse(own.body)).toHaveProperty('keys');
      const elsewhere = await send({ host: 'api.truedy.ai', target });
      expect(elsewhere).toMatchObject({ status: 404 });
      expect(JSON.parse(elsewhere.body)).toMatchObject({ error: { code: 'not_found' } });
      const post = await send({
        host: 'api.freddy.aitronos.com',
        method: 'POST',
        target: '/v1/auth/token',
        headers: [['Content-Type', 'application/json']],
        body: '{}',
      });
      expect(post.status).toBe(401);
      expect((await send({ method: 'DELETE', target: '/api/external/v1/me' })).status).toBe(401);
      expect(recorder.take()).toEqual([]);
    });

    test('an upgrade to a WebSocket is checked, and passes with a key', async () => {
      const upgrade: readonly SentHeader[] = [
        ['Connection', 'Upgrade'],
        ['Upgrade', 'websocket'],
        ['Sec-WebSocket-Version', '13'],
        ['Sec-WebSocket-Key', WEBSOCKET_KEY],
      ];
      expect((await send({ headers: upgrade })).status).toBe(401);
      expect(recorder.take()).toEqual([]);
      const { status } = await send({ headers: withKey(...upgrade) });
      expect(status).toBe(101);
      expect(recorder.take()).toMatchObject([{ body: 'upgraded' }]);
    });

    test('an upgrade to anything else opens no tunnel to the application', async () => {
      const upgrade: readonly SentHeader[] = [
        ['Connection', 'Upgrade, HTTP2-Settings'],
        ['Upgrade', 'h2c'],
        ['HTTP2-Settings', 'AAMAAABkAARAAAAAAAIAAAAA'],
      ];
      const answer = await send({ headers: withKey(...upgrade) }).catch(() => undefined);
      expect(recorder.take().filter(({ body }) => body === 'upgraded')).toEqual([]);
      expect(
        answer?.headers.filter(([header, value]) => header === 'upgrade' && value === 'websocket') ?? [],
      ).toEqual([]);
    });

    test('there are at least sixty spellings of one path, and nearly all can be read as it by a single decoding', () => {
      expect(new Set(ADMIN_SPELLINGS).size).toBeGreaterThanOrEqual(60);
      const read = ADMIN_SPELLINGS.filter(leadsToAdmin);
      // The others are there for readers that decode twice, or cut a path at an escaped mark.
      expect(read.length).toBeGreaterThanOrEqual(52);
    });

    test.each(ADMIN_SPELLINGS)(
      'a key without the role does not get to the admin path as %j',
      async (target) => {
        const { status } = await send({ target, headers: withKey() });
        const reached = recorder.take().map((received) => received.target);
        expect(reached.filter(leadsToAdmin)).toEqual([]);
        // What does not reach the application is refused, in words of the API or of the gateway.
        const fits = reached.length > 0 ? status === 200 : status >= 400 && status < 500;
        expect({ status, reached, fits }).toMatchObject({ fits: true });
      },
    );

    test('a key with the role gets to the admin path by its one spelling', async () => {
      const { status } = await send({
        target: `${ADMIN}/users`,
        headers: [['Authorization', `Bearer ${adminKey}`]],
      });
      expect(status).toBe(200);
      expect(recorder.take()).toMatchObject([{ target: `${ADMIN}/users` }]);
    });

    test.each([
      ['X-Account-Id', 'x-account-id', 'X-ACCOUNT-ID'],
      ['X-Key-Id', 'x-key-id', 'X-KEY-ID'],
      ['X-Tier', 'x-tier', 'X-TIER'],
    ])('an identity forged as %s, on one line or several, is replaced by the true one', async (...names) => {
      const forged = names.map((header): SentHeader => [header, 'forged']);
      expect((await send({ headers: withKey(...forged) })).status).toBe(200);
      expect(identities()).toEqual(own());
    });

    test.each([
      'X_Account_Id',
      'X.Account.Id',
      'X_Key_Id',
      'X.Key-Id',
      'X_Tier',
      'X!Account!Id',
      'X~Tier',
      'X-Account_Id',
    ])('an identity forged as %s does not get to the application', async (header) => {
      await send({ headers: withKey([header, 'forged']) });
      expect(identities().filter((line) => !own().includes(line))).toEqual([]);
    });

    test.each([
      'X-Account-Id',
      'X-Key-Id',
      'X-Tier',
      'X-Account-Id, X-Key-Id, X-Tier',
      'close, X-Account-Id',
    ])('Connection: %s does not take an identity away from a request that passes', async (named) => {
      const { status } = await send({ headers: withKey(['Connection', named]) });
      const seen = identities();
      expect(status === 200 ? seen : own()).toEqual(own());
      expect(status === 200 || status === 400).toBe(true);
    });

    test('Connection: Authorization lets nobody in without a key, nor a key to the application', async () => {
      await send({ headers: withKey(['Connection', 'Authorization']) });
      for (const { headers } of recorder.take()) {
        expect(headers.filter(([header]) => CREDENTIAL.test(header))).toEqual([]);
      }
      expect((await send({ headers: [['Connection', 'Authorization']] })).status).toBe(401);
      expect(recorder.take()).toEqual([]);
    });

    test.each([
      ['X-Original-Method', 'GET'],
      ['X-Original-URI', PATH],
      ['X-Original-URL', PATH],
      ['X-Original-Host', HOST],
      ['X-Forwarded-Method', 'GET'],
      ['X-Forwarded-Uri', PATH],
      ['X-Forwarded-Host', HOST],
      ['X-Forwarded-Proto', 'https'],
      ['X-Rewrite-URL', PATH],
      ['X-HTTP-Method-Override', 'GET'],
      ['X-Envoy-Original-Path', PATH],
      ['X-Envoy-Auth-Headers-To-Remove', 'x-account-id'],
      ['X-Gateway-Token', GATEWAY_TOKEN],
      ['X-Tollgate-Status', '200'],
      ['X-Tollgate-Set', 'x-account-id'],
    ])('a smuggled %s opens no admin path and lets nobody in', async (header, value) => {
      const target = `${ADMIN}/users`;
      expect((await send({ target, headers: withKey([header, value]) })).status).toBeGreaterThanOrEqual(400);
      expect((await send({ headers: [[header, value]] })).status).toBeGreaterThanOrEqual(400);
      expect(recorder.take()).toEqual([]);
      await send({ headers: withKey([header, value]) });
      for (const { headers } of recorder.take()) {
        expect(headers.filter(([seen]) => MISLEADING.test(seen))).toEqual([]);
      }
    });

    test('a smuggled address does not open a key that is bound to another one', async () => {
      const bound = await app.app.operations.createKey({
        api: 'trackyard',
        account: 'real',
        name: 'bound',
        allowIps: ['203.0.113.7'],
      });
      const smuggled = ['X-Forwarded-For', 'X-Real-IP', 'X-Client-IP', 'X-Gateway-Peer', 'Forwarded'].map(
        (header): SentHeader => [header, header === 'Forwarded' ? 'for=203.0.113.7' : '203.0.113.7'],
      );
      for (const header of [...smuggled.map((one) => [one]), smuggled]) {
        const { status } = await send({ headers: [['Authorization', `Bearer ${bound.key}`], ...header] });
        expect(status).toBe(403);
      }
      expect(recorder.take()).toEqual([]);
    });

    test('a smuggled request id does not make a charged request free', async () => {
      const before = await app.app.operations.showAccount({ api: 'trackyard', id: 'real' });
      const ids = ['X-Request-Id', 'X-Gateway-Request-Id'].map((header): SentHeader => [
        header,
        '3f2b8c1e-5a4d-4e6f-9b7a-0c1d2e3f4a5b',
      ]);
      for (let sent = 0; sent < 3; sent += 1)
        expect((await send({ headers: withKey(...ids) })).status).toBe(200);
      const after = await app.app.operations.showAccount({ api: 'trackyard', id: 'real' });
      expect(before.credits.remaining - after.credits.remaining).toBe(3);
    });

    test.each([
      ['the same key twice', () => [`Bearer ${key}`, `Bearer ${key}`]],
      ['a bad key before it', () => ['Bearer ty_bad', `Bearer ${key}`]],
      ['a bad key behind it', () => [`Bearer ${key}`, 'Bearer ty_bad']],
      ['another scheme before it', () => ['Basic YTpi', `Bearer ${key}`]],
      ['a comma and another in one line', () => [`Bearer ${key}, Bearer ${adminKey}`]],
    ])('a credential with %s is refused', async (_, values) => {
      const headers = values().map((value): SentHeader => ['Authorization', value]);
      const { status } = await send({ headers });
      expect([400, 401]).toContain(status);
      expect(recorder.take()).toEqual([]);
    });

    test.each<MalformedRequest>([
      { what: 'a header of 100 kB', headers: [['X-Big', 'x'.repeat(100_000)]] },
      {
        what: 'three hundred headers',
        headers: Array.from({ length: 300 }, (_, at) => [`X-H${at}`, 'x'] as const),
      },
      { what: 'a path of 100 kB', target: `/${'x'.repeat(100_000)}` },
      { what: 'a length that is no number', headers: [['Content-Length', '1x']] },
      {
        what: 'two lengths',
        headers: [
          ['Content-Length', '0'],
          ['Content-Length', '5'],
        ],
      },
      {
        what: 'a length and chunks',
        headers: [
          ['Content-Length', '5'],
          ['Transfer-Encoding', 'chunked'],
        ],
      },
      { what: 'an odd coding', headers: [['Transfer-Encoding', 'xchunked']] },
      { what: 'a header without a name', headers: [['', 'x']] },
      { what: 'a blank before the colon', headers: [['X-Account-Id ', 'forged']] },
      { what: 'a NUL in a header', headers: [['X-Nul', 'a\0b']] },
      { what: 'two hosts', headers: [['Host', 'api.truedy.ai']] },
    ])('a request with $what and no key gets nowhere', async ({ headers = [], target = PATH }) => {
      // Some of these end in silence or a cut connection, which is a refusal, too.
      const answer = await send({ target, headers }).catch(() => undefined);
      expect(answer?.status ?? 400).toBeGreaterThanOrEqual(400);
      expect(recorder.take()).toEqual([]);
    });

    test('none of it was a bug', () => {
      expect(app.errors.filter((message) => message.includes('bug'))).toEqual([]);
    });
  });
}
