import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { request as httpRequest } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { SentHeader } from '../../../src/cli/conformance/client/client.ts';
import { askRaw } from '../../../src/cli/conformance/client/raw-http.ts';
import type { RawAnswer } from '../../../src/cli/conformance/client/raw-http.ts';
import { partTitle, requirePart } from '../../parts.ts';
import { createAuthority } from '../certificates.ts';
import { callGrpc } from '../grpc-client.ts';
import { findFronts } from './kong-front.ts';
import type { FrontKind } from './kong-front.ts';
import type { KongFront, KongOptions } from './kong-recipe.ts';
import { readLogOf, startAnswering, startApplication, TOKEN } from './kong-world.ts';
import type { Answering, Application } from './kong-world.ts';
import { allowReply, denyReply } from '../replies.ts';
import type { Refusal } from '../replies.ts';

const openssl = await requirePart('openssl');
const KEY = 'truedy_0123456789abcdefghijABCDEFGHIJ2Zq8kL';
const TOO_LARGE = {
  status: 431,
  body: '{"error":{"code":"headers_too_large","message":"Request header fields too large"}}',
};
const HOST: SentHeader = ['Host', 'api.truedy.ai'];

for (const kind of await findFronts()) {
  const title = `the plugin under ${kind.name}`;
  if ('missing' in kind.part) test.skip(partTitle(title, kind.part));
  else describe(title, () => prove(kind));
}

function prove(kind: FrontKind): void {
  let tollgate: Answering;
  let app: Application;
  let kong: KongFront;

  beforeAll(async () => {
    tollgate = await startAnswering();
    app = await startApplication({
      'x-ratelimit-remaining': 'its own',
      'set-cookie': ['a=1', 'b=2'],
    });
    kong = await kind.start({ url: tollgate.url, token: TOKEN, appPort: app.port });
  });

  afterAll(async () => {
    await kong?.stop();
    await Promise.all([app?.stop(), tollgate?.stop()]);
  });

  function ask(headers: readonly SentHeader[] = [], changes: Partial<Parameters<typeof askRaw>[0]> = {}) {
    app.received.length = 0;
    const request = {
      port: kong.port,
      method: 'GET',
      target: '/api/public/v1/videos',
      headers: [HOST, ...headers],
      localAddress: '127.0.0.1',
      ...changes,
    };
    return tollgate.decided(() => askRaw(request));
  }

  const valuesOf = ({ headers }: RawAnswer, name: string): string[] =>
    headers.filter(([other]) => other === name).map(([, value]) => value);

  describe('an allowed request', () => {
    test('reaches the application with our identity in place of every forged line, and without its credential', async () => {
      tollgate.answer(() =>
        allowReply({
          upstreamSet: [['x-account-id', 'acme']],
          upstreamRemove: ['authorization', 'x-tier', 'x_account_id'],
        }),
      );
      await ask([
        ['x-account-id', 'f1'],
        ['X-Account-ID', 'f2'],
        ['X_Account_Id', 'f3'],
        ['x-tier', 'f4'],
        ['Authorization', `Bearer ${KEY}`],
        ['X-Mine', 'kept'],
      ]);
      const headers = app.received[0]?.headers ?? {};
      expect(headers).toMatchObject({ 'x-account-id': ['acme'], 'x-mine': ['kept'] });
      for (const gone of ['x_account_id', 'x-tier', 'authorization'])
        expect(headers).not.toHaveProperty(gone);
    });

    test('loses a forged line also where our value is empty', async () => {
      tollgate.answer(() => allowReply({ upstreamSet: [['x-tier', '']] }));
      await ask([['x-tier', 'forged']]);
      expect(app.received[0]?.headers).not.toHaveProperty('x-tier');
    });

    test('has its other spellings told, so that they can be removed: clearing one name leaves the other', async () => {
      tollgate.answer(() => allowReply({ upstreamRemove: ['x-account-id'] }));
      await ask([['X_Account_Id', 'forged']]);
      expect([...(tollgate.checks[0]?.headers.names() ?? [])]).toContain('x_account_id');
      expect(app.received[0]?.headers).toMatchObject({ x_account_id: ['forged'] });
    });

    test('loses what could pass for another path or method, in whatever spelling', async () => {
      tollgate.answer(() => allowReply());
      await ask(
        ['X-Original-URL', 'X_Original_URL', 'X_HTTP_Method-Override', 'Forwarded', 'X_Gateway_Peer'].map(
          (name) => [name, '/admin'] as const,
        ),
      );
      const names = Object.keys(app.received[0]?.headers ?? {});
      expect(names.filter((name) => /original|method|gateway|^forwarded/.test(name))).toEqual([]);
      expect(names).toContain('host');
    });

    test('gets our headers on its answer, in place of the application’s own and beside its cookies', async () => {
      tollgate.answer(() => allowReply({ clientHeaders: [['x-ratelimit-remaining', '9']] }));
      const answered = await ask();
      expect(valuesOf(answered, 'x-ratelimit-remaining')).toEqual(['9']);
      expect(valuesOf(answered, 'set-cookie')).toEqual(['a=1', 'b=2']);
      expect(answered.body).toBe('application');
    });

    test('brings its body along, which is neither read nor lost', async () => {
      tollgate.answer(() => allowReply());
      app.received.length = 0;
      const body = 'x'.repeat(300_000);
      await post(kong.port, body);
      expect(app.received[0]?.body).toBe(body);
    });

    test.each([
      // Seen of a running Kong 3.9.3, for which this may be a stand-in.
      ['/open/a%2Fb/../c//d/./e%41%20x;y=1?q=%2e', '/open/c/d/eA%20x;y=1?q=%2e'],
      ['//hdr/%2e%2e/hdr/x', '/hdr/x'],
      ['/t/Abc%20123%C3%B8%2f/parent/..//test/./', '/t/Abc%20123%C3%B8%2F/test/'],
    ])('%s reaches the application as %s', async (sent, received) => {
      tollgate.answer(() => allowReply());
      await ask([], { target: sent });
      expect(app.received[0]?.target).toBe(received);
      expect(app.received[0]?.headers['x-forwarded-path']).toEqual([sent]);
    });

    test('is known to Kong by its key’s id', async () => {
      tollgate.answer(() => allowReply());
      expect(await readLogOf(kong, await ask())).toMatchObject({
        authenticated_entity: { id: 'key_0123456789abcdef01234567' },
      });
    });
  });

  describe('a request is told', () => {
    test('as it was sent', async () => {
      tollgate.answer(() => allowReply());
      const answered = await ask(
        [
          ['Authorization', `Bearer ${KEY}`],
          ['X-Twice', 'one'],
          ['x-twice', 'two'],
          ['X-Forwarded-For', '9.9.9.9'],
          ['X-Forwarded-Path', '/elsewhere'],
          ['X-Real-IP', '9.9.9.9'],
        ],
        { method: 'DELETE', target: '/v1/a%20b?limit=10&x=%2f', localAddress: '127.0.0.3' },
      );
      const [check] = tollgate.checks;
      expect(check).toMatchObject({
        gateway: 'kong',
        method: 'DELETE',
        target: '/v1/a%20b?limit=10&x=%2f',
        host: 'api.truedy.ai',
        namedApi: 'truedy',
        peerAddress: '127.0.0.3',
        timeoutMs: 5_000,
      });
      expect(check?.gatewayRequestId.replaceAll('-', '')).toBe(valuesOf(answered, 'x-kong-request-id')[0]);
      expect(check?.headers.all('x-request-id')).toEqual([check?.gatewayRequestId]);
      expect(check?.gatewayTime).toMatch(/^\d+(\.\d+)?$/);
      expect(check?.headers.all('authorization')).toEqual([`Bearer ${KEY}`]);
      expect(check?.headers.all('x-twice')).toEqual(['one', 'two']);
      expect(check?.headers.all('x-forwarded-for')).toEqual(['9.9.9.9', '127.0.0.3']);
    });

    test('to the byte, also where it is no UTF-8 and where an encoder must escape it', async () => {
      tollgate.answer(() => allowReply());
      const odd = 'a"b\\c\u0001\u007f\u0080\u00ff/\t.';
      await ask([['X-Odd', odd]]);
      expect(tollgate.checks[0]?.headers.all('x-odd')).toEqual([odd]);
    });

    test('with all of its headers, more than Kong tells unless it is asked', async () => {
      tollgate.answer(() => allowReply());
      await ask(Array.from({ length: 150 }, (_, at) => [`x-${at}`, String(at)] as const));
      expect(tollgate.checks[0]?.headers.all('x-149')).toEqual(['149']);
    });

    test('not at all where it is longer than can be told: 431', async () => {
      tollgate.answer(() => allowReply());
      const long = '\u0001'.repeat(8_000);
      expect(await ask(['a', 'b', 'c'].map((name) => [`x-${name}`, long] as const))).toMatchObject(TOO_LARGE);
      expect(tollgate.checks).toEqual([]);
      expect(app.received).toEqual([]);
    });

    test('not at all where it has more headers than are told: 431', async () => {
      tollgate.answer(() => allowReply());
      const headers = Array.from({ length: 256 }, (_, at) => [`x-${at}`, 'v'] as const);
      expect(await ask(headers)).toMatchObject(TOO_LARGE);
      expect(tollgate.checks).toEqual([]);
      expect(await ask(headers.slice(1))).toMatchObject({ status: 200 });
      expect(tollgate.checks[0]?.headers.all('x-255')).toEqual(['v']);
    });

    test('without its cookies, which are no credential of any API', async () => {
      tollgate.answer(() => allowReply());
      await ask([['Cookie', 'session=secret']]);
      expect([...(tollgate.checks[0]?.headers.names() ?? [])]).not.toContain('cookie');
      expect(app.received[0]?.headers).toMatchObject({ cookie: ['session=secret'] });
    });

    test('with the hop-by-hop names by which a client would take our identity away again', async () => {
      tollgate.answer(() => allowReply({ upstreamSet: [['x-account-id', 'acme']] }));
      await ask([['Connection', 'X-Account-Id']]);
      // Kong obeys: Tollgate refuses such a request, because it is told of it.
      expect(app.received[0]?.headers).not.toHaveProperty('x-account-id');
      expect(tollgate.checks[0]?.headers.all('connection')).toEqual(['X-Account-Id']);
    });

    test('as one that names two hosts where the request line and the header differ', async () => {
      tollgate.answer(() => allowReply());
      await ask([], { target: 'http://api.autype.com/api/public/v1/videos' });
      expect(tollgate.checks[0]?.host).toBe('api.autype.com,api.truedy.ai');
    });

    test.each([
      ['//api/public/v1/x', '//api/public/v1/x'],
      ['/api/public/v1/%2e%2e/x', '/api/public/v1/%2e%2e/x'],
      ['/api/public/v1/./x/../y', '/api/public/v1/./x/../y'],
      ['/api%2fpublic/v1', '/api%2fpublic/v1'],
      ['/a%5cb', '/a%5cb'],
      ['/a;v=1', '/a;v=1'],
      ['/%61pi/%7Euser', '/api/~user'],
      ['/a%c3%a9%22%7b', '/a%C3%A9%22%7B'],
      ['/a?x=//..', '/a?x=//..'],
    ])(
      'with a path of two readings as it was sent, and any other as the application gets it: %s',
      async (sent, told) => {
        tollgate.answer(() => allowReply());
        await ask([], { target: sent });
        expect(tollgate.checks[0]?.target).toBe(told);
        if (told !== sent) expect(app.received[0]?.target).toBe(told);
      },
    );
  });

  describe('a refused request', () => {
    const refusals: Refusal[] = [
      { code: 'request_ambiguous', status: 400 },
      { code: 'credential_missing', status: 401, headers: [['www-authenticate', 'Bearer realm="api"']] },
      { code: 'insufficient_credits', status: 402 },
      { code: 'permission_missing', status: 403 },
      { code: 'not_found', status: 404 },
      { code: 'rate_limited', status: 429, headers: [['retry-after', '7']] },
      { code: 'internal_error', status: 500 },
      { code: 'unavailable', status: 503 },
    ];

    test.each(refusals)('gets exactly our $status with our headers and our body', async (refusal) => {
      const reply = denyReply(refusal);
      tollgate.answer(() => reply);
      const answered = await ask();
      expect(answered.status).toBe(refusal.status);
      expect(Buffer.from(answered.body, 'latin1').toString()).toBe(reply.body);
      for (const [name, value] of reply.clientHeaders) expect(valuesOf(answered, name)).toEqual([value]);
      expect(valuesOf(answered, 'content-length')).toEqual([String(Buffer.byteLength(reply.body))]);
      expect(app.received).toEqual([]);
    });

    test('with an empty body gets an empty body, and no page of nginx', async () => {
      tollgate.answer(() => ({ ...denyReply({ code: 'credential_missing', status: 401 }), body: '' }));
      expect(await ask()).toMatchObject({ status: 401, body: '' });
    });

    test('keeps both of two challenges', async () => {
      const headers = [
        ['www-authenticate', 'Bearer realm="a"'],
        ['www-authenticate', 'Basic realm="b"'],
      ] as const;
      tollgate.answer(() => denyReply({ code: 'credential_missing', status: 401, headers }));
      expect(valuesOf(await ask(), 'www-authenticate')).toEqual(['Bearer realm="a", Basic realm="b"']);
    });

    test('by HEAD gets status and headers, and the length of the body without the body', async () => {
      const reply = denyReply({ code: 'rate_limited', status: 429, headers: [['retry-after', '7']] });
      tollgate.answer(() => reply);
      const answered = await ask([], { method: 'HEAD' });
      expect(answered).toMatchObject({ status: 429, body: '' });
      expect(valuesOf(answered, 'retry-after')).toEqual(['7']);
      expect(valuesOf(answered, 'content-length')).toEqual([String(Buffer.byteLength(reply.body))]);
    });

    test('that would be upgraded gets a plain answer', async () => {
      tollgate.answer(() => denyReply({ code: 'credential_missing', status: 401 }));
      const upgrade: SentHeader[] = [
        ['Connection', 'Upgrade'],
        ['Upgrade', 'websocket'],
        ['Sec-WebSocket-Version', '13'],
        ['Sec-WebSocket-Key', 'dGhlIHNhbXBsZSBub25jZQ=='],
      ];
      expect(await ask(upgrade)).toMatchObject({ status: 401 });
    });

    test.each([
      [400, 3],
      [401, 16],
      [402, 9],
      [403, 7],
      [404, 12],
      [429, 8],
      [500, 13],
      [503, 14],
    ])('by a gRPC client is HTTP %i told as status %i in one sentence', async (status, code) => {
      tollgate.answer(() => denyReply({ code: 'rate_limited', status, headers: [['retry-after', '7']] }));
      const error = await callGrpc(`http://127.0.0.1:${kong.http2Port}`);
      expect(error).toMatchObject({ code, details: 'Refused because of rate_limited' });
      expect(error.metadata.get('retry-after')).toEqual(['7']);
    });

    test('is logged with what was found out, and without its credential', async () => {
      tollgate.answer(() => denyReply({ code: 'rate_limited', status: 429 }));
      const entry = await readLogOf(kong, await ask([['Authorization', `Bearer ${KEY}`]]));
      expect(entry).toMatchObject({
        response: { status: 429 },
        tollgate: {
          code: 'rate_limited',
          api: 'truedy',
          key_id: 'key_0123456789abcdef01234567',
          account: 'acme',
          tier: 'pro',
        },
      });
      expect(JSON.stringify(entry) + (await kong.readErrors())).not.toContain(KEY);
    });
  });

  test.each([
    ['a line break in a header', () => allowReply({ upstreamSet: [['x-account-id', 'a\r\nx-admin: 1']] })],
    ['an allow with the code of a refusal', () => allowReply({ code: 'rate_limited' })],
    [
      'an exception',
      () => {
        throw new Error(`secret ${KEY}`);
      },
    ],
  ] as const)('%s ends as 503 in the shape of the API, and is reported once', async (_name, next) => {
    tollgate.answer(next);
    const answered = await ask([], { headers: [['Host', 'api.autype.com']] });
    expect(answered).toMatchObject({
      status: 503,
      body: '{"statusCode":503,"message":"Service unavailable"}',
    });
    expect(tollgate.bugs).toHaveLength(1);
    expect(app.received).toEqual([]);
  });

  test('two hosts in one request go nowhere, and are not asked about', async () => {
    tollgate.answer(() => allowReply());
    expect(await ask([['Host', 'api.autype.com']])).toMatchObject({ status: 400 });
    expect(tollgate.checks).toEqual([]);
  });

  test('Tollgate’s own endpoint is asked without a check, by GET and at its very path alone', async () => {
    tollgate.answer(() => denyReply({ code: 'credential_missing', status: 401 }));
    const own = { headers: [['Host', 'api.trackyard.com']] as const, target: '/api/external/v1/me' };
    expect(await ask([], own)).toMatchObject({ status: 200 });
    expect(tollgate.checks).toEqual([]);
    expect(await ask([], { ...own, target: '/api/external/v1/meow' })).toMatchObject({ status: 401 });
    expect(await ask([], { ...own, method: 'POST' })).toMatchObject({ status: 401 });
  });

  describe('Tollgate is asked', () => {
    let folder: string;
    const opened: (() => Promise<void>)[] = [];

    beforeAll(async () => {
      folder = await mkdtemp(join(tmpdir(), 'tollgate-kong-'));
    });

    afterEach(async () => {
      for (const close of opened.splice(0).toReversed()) await close();
    });

    afterAll(() => rm(folder, { recursive: true }));

    async function front(options: Omit<KongOptions, 'token' | 'appPort'>): Promise<KongFront> {
      const started = await kind.start({ token: TOKEN, appPort: app.port, ...options });
      opened.push(() => started.stop());
      return started;
    }

    test('over a unix socket', async () => {
      const local = await startAnswering({ listen: `unix:${join(folder, 'kong.sock')}` });
      opened.push(() => local.stop());
      local.answer(() => allowReply());
      const { port } = await front({ url: local.url });
      for (let count = 0; count < 3; count += 1)
        expect(await ask([], { port })).toMatchObject({ status: 200 });
      expect(local.checks).toHaveLength(3);
    });

    test.skipIf('missing' in openssl)(
      partTitle(
        'over TLS, where its certificate is of an authority that Kong trusts and names its host',
        openssl,
      ),
      async () => {
        const [trusted, other] = [
          await createAuthority(folder, 'trusted'),
          await createAuthority(folder, 'other'),
        ];
        // nginx compares names alone: an address in a certificate is none to it.
        const good = await trusted.issue({ name: 'good', altNames: 'DNS:127.0.0.1' });
        const misnamed = await trusted.issue({ name: 'misnamed', altNames: 'DNS:elsewhere.internal' });
        const foreign = await other.issue({ name: 'foreign', altNames: 'DNS:127.0.0.1' });
        const statuses: number[] = [];
        for (const { certificate, key } of [good, misnamed, foreign]) {
          const tls = { certificate: await readFile(certificate, 'utf8'), key: await readFile(key, 'utf8') };
          const secure = await startAnswering({ tls });
          opened.push(() => secure.stop());
          secure.answer(() => allowReply());
          const { port } = await front({ url: secure.url, authority: trusted.certificate });
          for (let count = 0; count < 2; count += 1) statuses.push((await ask([], { port })).status);
        }
        expect(statuses).toEqual([200, 200, 503, 503, 503, 503]);
      },
    );
  });

  test.each([
    [{ url: 'tollgate:9001' }, "in 'url': expected http://host:port"],
    [{ url: 'http://tollgate:9001/check' }, "in 'url': expected http://host:port"],
    [{ api: undefined }, "in 'api': required field missing"],
    [{ token: 'too short' }, "in 'token': length must be at least 32"],
    [{ timeout: 0 }, "in 'timeout': value should be between 5 and 60000"],
    [{ keepalive_pool: 0 }, "in 'keepalive_pool': value should be between 1 and 4096"],
    [{ fail_open: true }, "in 'fail_open': unknown field"],
  ])('a configuration with %j is refused', async (config, words) => {
    const starting = kind.start({ url: tollgate.url, token: TOKEN, appPort: app.port, config });
    await expect(starting).rejects.toThrow(words);
  });
}

/** By a client that sends a body. */
async function post(port: number, body: string): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const sent = httpRequest({ port, method: 'POST', headers: { host: 'api.truedy.ai' }, agent: false });
  sent.on('error', reject);
  sent.on('response', (response) => void response.resume().on('end', resolve));
  sent.end(body);
  return promise;
}
