import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { canonicalPath } from '../../../src/lib/canonical-path.ts';
import type { SentHeader } from '../../../src/cli/conformance/client/client.ts';
import { askRaw } from '../../../src/cli/conformance/client/raw-http.ts';
import type { RawAnswer } from '../../../src/cli/conformance/client/raw-http.ts';
import { partTitle } from '../../parts.ts';
import { GATEWAY_TOKEN, startGatewayApp } from '../gateway-app.ts';
import type { GatewayApp } from '../gateway-app.ts';
import { allowReply, denyReply } from '../replies.ts';
import { testAttacks } from './attacks.ts';
import { findFronts, toRun } from './kong-front.ts';
import type { FrontKind } from './kong-front.ts';
import type { KongFront } from './kong-recipe.ts';
import { PATH_SPELLINGS } from './kong-spellings.ts';
import { startAnswering, startApplication, TOKEN } from './kong-world.ts';
import type { Answering, Application } from './kong-world.ts';
import { testOutages } from './outages.ts';

/** Long enough for a busy machine, and for whoever waits for the answer. */
const GIVEN_UP_MS = 1_000;

for (const kind of await findFronts()) {
  const title = `attacks through ${kind.name}`;
  if ('missing' in kind.part) test.skip(partTitle(title, kind.part));
  else {
    describe(`${title}, by the path`, () => provePaths(kind));
    describe(`${title}, on a whole Tollgate`, () => proveWhole(kind));
    testAttacks(toRun(kind));
    testOutages(toRun(kind, { timeout: GIVEN_UP_MS }));
  }
}

function provePaths(kind: FrontKind): void {
  let tollgate: Answering;
  let app: Application;
  let kong: KongFront;

  beforeAll(async () => {
    tollgate = await startAnswering();
    tollgate.answer(({ target }) =>
      canonicalPath(target) === undefined
        ? denyReply({ code: 'request_ambiguous', status: 400 })
        : allowReply(),
    );
    app = await startApplication();
    kong = await kind.start({ url: tollgate.url, token: TOKEN, appPort: app.port });
  });

  afterAll(async () => {
    await kong?.stop();
    await Promise.all([app?.stop(), tollgate?.stop()]);
  });

  function ask(target: string): Promise<RawAnswer> {
    const headers: SentHeader[] = [['Host', 'api.truedy.ai']];
    const request = { port: kong.port, method: 'GET', target, headers, localAddress: '127.0.0.1' };
    return tollgate.decided(() => askRaw(request));
  }

  test('there are more than sixty spellings, each another', () => {
    expect(new Set(PATH_SPELLINGS).size).toBe(PATH_SPELLINGS.length);
    expect(PATH_SPELLINGS.length).toBeGreaterThan(60);
  });

  test.each(PATH_SPELLINGS)(
    'the application gets the path that was judged, or nothing: %s',
    async (target) => {
      tollgate.checks.length = 0;
      app.received.length = 0;
      const { status } = await ask(target);
      const [received] = app.received;
      if (received === undefined) {
        expect(status).toBe(400);
        return;
      }
      const judged = canonicalPath(tollgate.checks[0]?.target ?? '');
      expect(judged).toBeDefined();
      for (const seen of [received.target, ...(received.headers['x-forwarded-path'] ?? [])]) {
        expect(canonicalPath(seen)?.segments.map(decodeURIComponent)).toEqual(
          judged?.segments.map(decodeURIComponent),
        );
      }
    },
  );

  test('some of the spellings pass: were all refused, the others would prove nothing', async () => {
    app.received.length = 0;
    for (const target of ['/%61', '/a/b/', '/a?/../b', '/a%20b']) await ask(target);
    expect(app.received.map(({ target }) => target)).toEqual(['/a', '/a/b/', '/a?/../b', '/a%20b']);
  });
}

function proveWhole(kind: FrontKind): void {
  let tollgate: GatewayApp;
  let app: Application;
  let kong: KongFront;
  let key: string;

  beforeAll(async () => {
    tollgate = await startGatewayApp('kong');
    app = await startApplication();
    kong = await kind.start({
      url: `http://127.0.0.1:${tollgate.port}`,
      token: GATEWAY_TOKEN,
      appPort: app.port,
      publicPort: tollgate.publicPort,
    });
    const { operations } = tollgate.app;
    const account = { api: 'truedy', id: 'acme' };
    await operations.createAccount({ ...account, billing: 'active', credits: 100_000 });
    ({ key } = await operations.createKey({ api: 'truedy', account: 'acme', name: 'attacks' }));
  });

  afterAll(async () => {
    await kong?.stop();
    await Promise.all([app?.stop(), tollgate?.stop()]);
  });

  function ask(headers: readonly SentHeader[], target = '/api/public/v1/videos'): Promise<RawAnswer> {
    app.received.length = 0;
    return askRaw({ port: kong.port, method: 'GET', target, headers, localAddress: '127.0.0.1' });
  }

  const withKey = (...more: SentHeader[]): SentHeader[] => [
    ['Host', 'api.truedy.ai'],
    ['Authorization', `Bearer ${key}`],
    ...more,
  ];

  /** What could pass for an identity or a credential, whatever a framework makes of its name. */
  const identities = (): string[] =>
    Object.entries(app.received[0]?.headers ?? {})
      .map(([name, values]) => [name.toLowerCase().replaceAll(/[^a-z0-9]/g, '-'), ...values].join(' '))
      .filter((line) => /^(?:x-account-id|x-key-id|x-tier|authorization|x-api-key|api-key) /.test(line))
      .map((line) => line.replace(/ key_[\da-f]{24}$/, ' <key id>'))
      .sort();

  const OURS = ['x-account-id acme', 'x-key-id <key id>'];

  test.each([
    'x-account-id',
    'X-Account-ID',
    'X_Account_Id',
    'x_account-id',
    'X-Account_Id',
    'X.Account.Id',
    'x.account-id',
    'x!account!id',
    "x'account'id",
    'x~account~id',
    'x|account|id',
    'x$account$id',
    'x_key_id',
    'X_API_KEY',
    'api_key',
    'AUTHORIZATION_',
    'x_tier',
  ])('an identity forged as %s does not reach the application', async (name) => {
    const { status } = await ask(withKey([name, 'forged'], [name, 'forged too']));
    if (app.received.length === 0) expect(status).toBe(400);
    else expect(identities()).toEqual(OURS);
  });

  test.each([
    'x-account-id',
    'X-Account-Id, X-Key-Id',
    'close, x-account-id',
    'keep-alive,\tx-key-id',
    'Upgrade, x-account-id',
    'x-account-id,',
  ])('a hop-by-hop name does not take our identity away: Connection: %s', async (connection) => {
    expect(await ask(withKey(['Connection', connection]))).toMatchObject({ status: 400 });
    expect(app.received).toEqual([]);
  });

  test('a hop-by-hop credential gives the application nothing, and us no other key', async () => {
    const { status } = await ask(withKey(['Connection', 'authorization']));
    expect(status).toBe(200);
    expect(identities()).toEqual(OURS);
  });

  test('a key of one API opens no other by another host in the request line', async () => {
    for (const target of ['http://api.truedy.ai/v1/documents', 'http://api.truedy.ai:80/v1/documents']) {
      const headers: SentHeader[] = [
        ['Host', 'api.claryai.com'],
        ['Authorization', `Bearer ${key}`],
      ];
      expect(await ask(headers, target)).toMatchObject({ status: 404 });
      expect(app.received).toEqual([]);
    }
  });

  test('the host in the request line may be the header’s own', async () => {
    expect(await ask(withKey(), 'http://API.truedy.ai:80/api/public/v1/videos')).toMatchObject({
      status: 200,
    });
  });

  test.each([
    ['a second key in another header', [['X-Api-Key', 'truedy_other']]],
    ['a second method', [['X-HTTP-Method-Override', 'DELETE']]],
  ] as const)('%s changes nothing of what was judged', async (_name, more) => {
    expect(await ask(withKey(...more))).toMatchObject({ status: 200 });
    expect(identities()).toEqual(OURS);
    expect(app.received[0]?.method).toBe('GET');
  });

  test.each([
    ['another path', [['X-Original-URL', '/api/public/v1/videos']]],
    ['another path for a rewriter', [['X-Rewrite-URL', '/api/public/v1/videos']]],
    ['another path by Kong’s own name', [['X-Forwarded-Path', '/api/public/v1/videos']]],
    ['another prefix', [['X-Forwarded-Prefix', '/api/public/v1']]],
    ['another host', [['X-Forwarded-Host', 'api.truedy.ai']]],
    ['a path as NGINX tells it', [['X-Original-URI', '/api/public/v1/videos']]],
    ['an answer of ours', [['X-Authz-Status', '200']]],
    ['Kong’s own consumer', [['X-Consumer-Username', 'admin']]],
  ] as const)('what a client says of %s does not open what is nowhere', async (_name, more) => {
    expect(await ask(withKey(...more), '/nowhere')).toMatchObject({ status: 404 });
    expect(app.received).toEqual([]);
  });

  test.each([
    ['a header of 40 kB', [['X-Long', 'x'.repeat(40_000)]]],
    [
      'a hundred headers of 2 kB',
      Array.from({ length: 100 }, (_, at) => [`X-${at}`, 'x'.repeat(2_000)] as const),
    ],
    ['two thousand headers', Array.from({ length: 2_000 }, (_, at) => [`X-${at}`, 'x'] as const)],
    ['a name with a blank', [['X Account Id', 'forged']]],
    ['a header without a name', [['', 'forged']]],
    [
      'two lengths',
      [
        ['Content-Length', '1'],
        ['Content-Length', '2'],
      ],
    ],
    [
      'a length and chunks',
      [
        ['Content-Length', '1'],
        ['Transfer-Encoding', 'chunked'],
      ],
    ],
    ['two hosts', [['Host', 'api.claryai.com']]],
  ] as const)('a request with %s is refused, or loses it', async (_name, more) => {
    const answered = await ask(withKey(...more));
    if (answered.status === 200) expect(identities()).toEqual(OURS);
    else expect([400, 413, 431, 494]).toContain(answered.status);
    expect(answered.status).toBeLessThan(500);
  });

  test.each([
    ['no token', {}],
    ['a wrong token', { 'x-gateway-token': `${GATEWAY_TOKEN.slice(0, -1)}X` }],
    ['the token twice', { 'x-gateway-token': `${GATEWAY_TOKEN}, ${GATEWAY_TOKEN}` }],
    ['the token in another header', { authorization: `Bearer ${GATEWAY_TOKEN}` }],
  ])('whoever asks Tollgate itself with %s is told nothing of a decision', async (_name, headers) => {
    const message = {
      ...{ id: '1', time: '1', method: 'GET', raw_target: '/api/public/v1/x', path: '/api/public/v1/x' },
      ...{ host: 'api.truedy.ai', peer: '127.0.0.1', client: '127.0.0.1', timeout_ms: 500 },
      headers: ['host', 'api.truedy.ai', 'authorization', `Bearer ${key}`],
    };
    const url = `http://127.0.0.1:${tollgate.port}/v1/kong`;
    const stranger = await fetch(url, { method: 'POST', headers, body: JSON.stringify(message) });
    expect(stranger.status).toBe(503);
    expect(await stranger.text()).not.toContain('acme');
    const known = { 'x-gateway-token': GATEWAY_TOKEN };
    const gateway = await fetch(url, { method: 'POST', headers: known, body: JSON.stringify(message) });
    expect(await gateway.json()).toMatchObject({ allow: true });
  });
}
