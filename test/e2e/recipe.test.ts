import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startEcho } from '../../src/cli/echo.ts';
import type { Echo, Echoed } from '../../src/cli/echo.ts';
import type { EnvoyProcess } from '../../src/cli/envoy-process.ts';
import type { Reply } from '../../src/domain/reply.ts';
import type { AuthzRequest } from '../../src/domain/request.ts';
import { createEnvoyGrpcServer } from '../../src/edge/gateway/envoy-grpc/server.ts';
import type { EnvoyGrpcServer } from '../../src/edge/gateway/envoy-grpc/server.ts';
import { partTitle, requirePart } from '../parts.ts';
import { ask, poll, readStat, startRecipe } from './envoy.ts';
import { callGrpc } from './grpc-client.ts';
import { ANY_PORT } from './grpc-listener.ts';
import { allowReply, denyReply } from './replies.ts';
import type { Refusal } from './replies.ts';

const part = await requirePart('envoy');
const KEY = 'truedy_0123456789abcdefghijABCDEFGHIJ2Zq8kL';

describe.skipIf('missing' in part)(partTitle('the recipe', part), () => {
  let checks: AuthzRequest[] = [];
  let bugs: unknown[] = [];
  let answer: (request: AuthzRequest) => Reply | Promise<Reply>;
  let server: EnvoyGrpcServer;
  let app: Echo;
  let envoy: EnvoyProcess;

  beforeAll(async () => {
    server = createEnvoyGrpcServer({
      ...ANY_PORT,
      answer: (request) => {
        checks.push(request);
        return answer(request);
      },
      refuse: () => denyReply({ code: 'unavailable', status: 503 }),
      onBug: (error) => bugs.push(error),
      onRefused: () => {},
    });
    const { address } = await server.start();
    server.announceServing();
    app = await startEcho(0);
    const binary = 'found' in part ? part.found : '';
    envoy = await startRecipe({ binary, authzPort: portOf(address), appPort: app.port });
  });

  afterAll(async () => {
    await envoy.stop();
    await Promise.all([app.stop(), server.stop(1_000)]);
  });

  function answering(next: typeof answer): void {
    checks = [];
    bugs = [];
    answer = next;
  }

  describe('an allowed request', () => {
    test('reaches the application with our identity in place of every forged line, and without its credential', async () => {
      answering((request) =>
        allowReply({
          upstreamSet: [
            ['x-account-id', 'acme'],
            ['x-new', 'Zoë'],
          ],
          upstreamRemove: [
            'authorization',
            'x-tier',
            ...[...request.headers.names()].filter((name) => name === 'x.account.id'),
          ],
        }),
      );
      const headers = ['x-account-id', 'f1', 'X-Account-ID', 'f2', 'x.account.id', 'f3', 'x-tier', 'f4'];
      const answered = await ask(envoy.baseUrl, {
        headers: [...headers, 'authorization', `Bearer ${KEY}`, 'x-mine', 'kept'],
      });
      expect(answered.status).toBe(200);
      const seen = (JSON.parse(answered.body) as Echoed).headers;
      expect(seen['x-account-id']).toEqual(['acme']);
      expect(Buffer.from(seen['x-new']?.[0] ?? '', 'latin1').toString()).toBe('Zoë');
      expect(seen['x-mine']).toEqual(['kept']);
      for (const gone of ['authorization', 'x-tier', 'x.account.id']) expect(seen).not.toHaveProperty([gone]);
    });

    test('loses a forged line also where our value is empty', async () => {
      answering(() => allowReply({ upstreamSet: [['x-tier', '']] }));
      const answered = await ask(envoy.baseUrl, { headers: ['x-tier', 'forged'] });
      expect((JSON.parse(answered.body) as Echoed).headers).not.toHaveProperty('x-tier');
    });

    test('reaches the application without a header that names another method, path or host than we judged', async () => {
      answering(() => allowReply());
      const names = [
        ...[
          'x-http-method-override',
          'x-http-method',
          'x-method-override',
          'x-original-url',
          'x-rewrite-url',
        ],
        ...['forwarded', 'x-forwarded-host', 'x-forwarded-port', 'x-forwarded-prefix'],
      ];
      const answered = await ask(envoy.baseUrl, { headers: names.flatMap((name) => [name, 'forged']) });
      const seen = Object.keys((JSON.parse(answered.body) as Echoed).headers);
      expect(seen.filter((name) => names.includes(name))).toEqual([]);
    });

    test('is refused in the form of its API where it leaves no room for our headers', async () => {
      answering(() => allowReply({ upstreamSet: ['a', 'b', 'c', 'd'].map((name) => [`x-${name}`, 'v']) }));
      const headers = Array.from({ length: 97 }, (_, index) => [`x-${index}`, 'v']).flat();
      const answered = await ask(envoy.baseUrl, { headers });
      expect(checks).toHaveLength(1);
      expect(answered).toMatchObject({ status: 503, headers: { 'content-type': 'application/json' } });
      expect(JSON.parse(answered.body)).toMatchObject({ error: { code: 'service_unavailable' } });
    });

    test('gets our headers on its answer', async () => {
      answering(() => allowReply({ clientHeaders: [['x-ratelimit-remaining', '9']] }));
      const answered = await ask(envoy.baseUrl, {});
      expect(answered.headers['x-ratelimit-remaining']).toBe('9');
      expect(answered.headers['x-request-id']).toMatch(/^[\da-f-]{36}$/);
    });

    test('is described to us as it was sent', async () => {
      answering(() => allowReply());
      await ask(envoy.baseUrl, {
        method: 'POST',
        target: '/api/public/v1/videos?limit=10',
        headers: [
          'authorization',
          `Bearer ${KEY}`,
          'x-twice',
          'one',
          'X-Twice',
          'two',
          'x-request-id',
          'mine',
        ],
      });
      const [check] = checks;
      expect(check).toMatchObject({
        method: 'POST',
        target: '/api/public/v1/videos?limit=10',
        host: 'api.truedy.ai',
        namedApi: 'truedy',
        peerAddress: '127.0.0.1',
      });
      expect(check?.gatewayRequestId).toMatch(/^\d+$/);
      expect(check?.gatewayTime).toMatch(/^\d+\.\d{9}$/);
      expect(check?.headers.all('authorization')).toEqual([`Bearer ${KEY}`]);
      expect(check?.headers.all('x-twice')).toEqual(['one', 'two']);
      expect(check?.headers.all('x-request-id')).not.toEqual(['mine']);
    });
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
      { code: 'unavailable', status: 503, headers: [['retry-after', '1']] },
    ];

    test.each(refusals)('gets exactly our $status with our body and headers', async (refusal) => {
      answering(() => denyReply(refusal));
      const answered = await ask(envoy.baseUrl, {});
      const reply = denyReply(refusal);
      expect(answered.status).toBe(refusal.status);
      expect(answered.body).toBe(reply.body);
      expect(answered.headers).toMatchObject(Object.fromEntries(reply.clientHeaders));
      expect(answered.headers['content-length']).toBe(String(Buffer.byteLength(reply.body)));
      expect(checks).toHaveLength(1);
    });

    test('by HEAD gets status and headers without a body', async () => {
      answering(() => denyReply({ code: 'rate_limited', status: 429, headers: [['retry-after', '7']] }));
      const answered = await ask(envoy.baseUrl, { method: 'HEAD' });
      expect(answered).toMatchObject({ status: 429, body: '' });
      expect(answered.headers).toMatchObject({ 'retry-after': '7', 'content-type': 'application/json' });
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
      answering(() => denyReply({ code: 'rate_limited', status, headers: [['retry-after', '7']] }));
      const error = await callGrpc(envoy.baseUrl);
      expect(error).toMatchObject({ code, details: 'Refused because of rate_limited' });
      expect(error.metadata.get('retry-after')).toEqual(['7']);
    });

    test('is logged with what was found out, and without its credential', async () => {
      answering(() => denyReply({ code: 'rate_limited', status: 429 }));
      const target = '/api/public/v1/logged?api_key=' + KEY;
      await ask(envoy.baseUrl, { target, headers: ['authorization', `Bearer ${KEY}`] });
      const log = await poll(
        () => readFile(envoy.accessLogPath, 'utf8'),
        (lines) => lines.includes('/v1/logged'),
      );
      const line = log.split('\n').find((text) => text.includes('/v1/logged')) ?? '';
      expect(JSON.parse(line)).toMatchObject({
        api: 'truedy',
        key_id: 'key_0123456789abcdef01234567',
        account: 'acme',
        tier: 'pro',
        code: 'rate_limited',
        status: 429,
        path: '/api/public/v1/logged',
      });
      expect(log).not.toContain(KEY);
    });
  });

  describe('what Envoy refuses or changes before the check', () => {
    test.each([
      ['an escaped slash', { target: '/api%2fpublic/v1/x' }, 400],
      ['an escaped backslash', { target: '/api%5cpublic/v1/x' }, 400],
      ['an underscore in a header name', { headers: ['x_account_id', 'forged'] }, 400],
      ['a foreign host', { host: 'evil.example' }, 404],
      ['two hosts in one', { host: 'api.truedy.ai,evil.example' }, 404],
    ])('%s', async (_name, asked, status) => {
      answering(() => allowReply());
      expect(await ask(envoy.baseUrl, asked)).toMatchObject({ status });
      expect(checks).toEqual([]);
    });

    test('we and the application see the same one spelling of path and host', async () => {
      answering(() => allowReply());
      const odd = { target: '/api//public/./v1/x/../%41?q=%2f', host: 'api.truedy.ai.:8443' };
      const answered = await ask(envoy.baseUrl, odd);
      expect(checks[0]).toMatchObject({ target: '/api/public/v1/A?q=%2f', host: 'api.truedy.ai' });
      const seen = JSON.parse(answered.body) as Echoed;
      expect(seen.target).toBe(checks[0]?.target);
      expect(seen.headers['host']).toEqual([checks[0]?.host]);
    });

    test('a page of an allowed origin may read its refusal, a page of another may not', async () => {
      answering(() => denyReply({ code: 'credential_missing', status: 401 }));
      for (const [origin, allowed] of [
        ['https://app.truedy.ai', 'https://app.truedy.ai'],
        ['https://evil.example', undefined],
      ] as const) {
        const answered = await ask(envoy.baseUrl, {
          target: '/api/v1/projects',
          headers: ['origin', origin],
        });
        expect(answered.status).toBe(401);
        expect(answered.headers['access-control-allow-origin']).toBe(allowed);
      }
    });

    test('a valid preflight is answered without a check, any other OPTIONS is checked', async () => {
      const preflight = ['origin', 'https://app.truedy.ai', 'access-control-request-method', 'POST'];
      answering(() => denyReply({ code: 'credential_missing', status: 401 }));
      const valid = { method: 'OPTIONS', target: '/api/v1/projects', headers: preflight };
      const answered = await ask(envoy.baseUrl, valid);
      expect(answered.status).toBe(200);
      expect(answered.headers['access-control-allow-origin']).toBe('https://app.truedy.ai');
      expect(checks).toEqual([]);
      expect(await ask(envoy.baseUrl, { ...valid, headers: [] })).toMatchObject({ status: 401 });
      const elsewhere = { ...valid, target: '/api/public/v1/videos' };
      expect(await ask(envoy.baseUrl, elsewhere)).toMatchObject({ status: 401 });
      expect(checks).toHaveLength(2);
    });
  });

  test.each([
    ['api.truedy.ai', 'truedy'],
    ['api.claryai.com', 'clary'],
    ['api.trackyard.com', 'trackyard'],
    ['api.autype.com', 'autype'],
    ['api.freddy.aitronos.com', 'freddy'],
  ])('%s is checked as %s', async (host, api) => {
    answering(() => allowReply());
    expect(await ask(envoy.baseUrl, { host, target: '/v1/x' })).toMatchObject({ status: 200 });
    expect(checks[0]).toMatchObject({ host, namedApi: api });
  });

  test('our health is seen: the one server counts as healthy', async () => {
    const healthy = (): Promise<number> => readStat(envoy.adminUrl, 'cluster.authz.membership_healthy');
    expect(await poll(healthy, (count) => count === 1)).toBe(1);
    expect(await readStat(envoy.adminUrl, 'cluster.authz.health_check.success')).toBeGreaterThan(0);
    expect(await readStat(envoy.adminUrl, 'cluster.authz.health_check.failure')).toBe(0);
  });

  describe('an answer that must not go out', () => {
    const broken: [string, () => Reply | Promise<Reply>][] = [
      [
        'an exception',
        () => {
          throw new Error(`secret ${KEY}`);
        },
      ],
      ['a rejection', () => Promise.reject(new Error(`secret ${KEY}`))],
      ['a line break in a header', () => allowReply({ upstreamSet: [['x-account-id', 'a\r\nx-admin: 1']] })],
      ['an allow with the code of a refusal', () => allowReply({ code: 'rate_limited' })],
    ];

    test.each(broken)('%s ends as 503 in the shape of the API, and is reported once', async (_name, next) => {
      answering(next);
      const answered = await ask(envoy.baseUrl, { host: 'api.autype.com', target: '/api/v1/dev/x' });
      expect(answered.status).toBe(503);
      expect(answered.body).toBe('{"statusCode":503,"message":"Service unavailable"}');
      expect(bugs).toHaveLength(1);
      expect(checks).toHaveLength(1);
    });
  });
});

function portOf(address: string): number {
  return Number(address.slice(address.lastIndexOf(':') + 1));
}
