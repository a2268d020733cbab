import { describe, expect, test } from 'vitest';
import { compile } from '../../../src/config/compile.ts';
import type { AuthzRequest } from '../../../src/domain/request.ts';
import { findPlace } from '../../../src/edge/pipeline/route.ts';
import { API, change, load, problemsOf, SERVER } from './world.ts';

const FILE = 'config/apis/one.yaml';
const TOKEN = 'a-token-of-the-gateway-0123456789';

function withMe(me: string, api = API): string {
  return change(api, 'errors:\n', `endpoints:\n  me: ${me}\nerrors:\n`);
}

function server(text: string): string {
  return `${SERVER}public: ${text}\n`;
}

function placeOf(api: string, method: string, target: string) {
  const request: AuthzRequest = {
    gateway: 'envoy-grpc',
    gatewayRequestId: '',
    gatewayTime: '',
    method,
    target,
    host: 'one.example',
    namedApi: '',
    peerAddress: '',
    headers: { all: () => [], names: () => [] },
  };
  return findPlace(compile(load({ api }).document), request);
}

describe('the endpoint about oneself', () => {
  test('is a route of its area that costs nothing and asks for nothing, for GET and HEAD alone', () => {
    const api = withMe('{ path: /v1/me, body: { tier: $tier } }');
    const own = { cost: 0, permission: '', feature: '', role: '', endpoint: 'me' };
    expect(placeOf(api, 'GET', '/v1/me').route).toEqual(own);
    expect(placeOf(api, 'HEAD', '/v1/me?x=1').route).toEqual(own);
    const other = { cost: 1, permission: 'read', feature: 'exports', role: 'admin' };
    for (const [method, target] of [
      ['POST', '/v1/me'],
      ['GET', '/v1/me/too'],
      ['GET', '/v1/meow'],
    ] as const) {
      expect(placeOf(api, method, target).route).toEqual(other);
    }
  });

  test('may be the path of its area itself, and lies in the area with the longest path', () => {
    expect(placeOf(withMe('{ path: /v1, body: {} }'), 'GET', '/v1').route?.endpoint).toBe('me');
    const inner =
      '  - path: /v1/inner\n    challenge: Bearer\n    credentials: [{ api_key: { header: X-Inner } }]\n    routes: [{ path: /** }]\n';
    const nested = change(API, 'errors:\n', `${inner}errors:\n`);
    const place = placeOf(withMe('{ path: /v1/inner/me, body: {} }', nested), 'GET', '/v1/inner/me');
    expect(place).toMatchObject({ area: { prefix: '/v1/inner' }, route: { endpoint: 'me' } });
  });

  test('compiles to literal text around its holes', () => {
    const { apis } = compile(load({ api: withMe('{ path: /v1/me, body: { a: $tier, b: 1 } }') }).document);
    expect(apis[0]?.me).toEqual({ body: ['{"a":', { hole: 'tier' }, ',"b":1}'] });
    expect(compile(load().document).apis[0]).not.toHaveProperty('me');
  });

  test.each([
    ['{ path: /v2/me, body: {} }', '24:15: endpoints.me.path: lies in no area: no credential could open it'],
    [
      '{ path: /v1/me/, body: {} }',
      '24:15: endpoints.me.path: found "/v1/me/"; expected a whole literal path such as /api/v1/me of letters, digits and . _ ~ -',
    ],
    [
      '{ path: /v1/*, body: {} }',
      '24:15: endpoints.me.path: found "/v1/*"; expected a whole literal path such as /api/v1/me of letters, digits and . _ ~ -',
    ],
    ['{ path: /v1/me }', '24:7: endpoints.me.body: is missing; expected a value'],
    ['{ path: /v1/me, body: { a: $teir } }', '24:34: endpoints.me.body.a: $teir is not known here;'],
    ['{ path: /v1/me, body: { a: $code } }', '24:34: endpoints.me.body.a: $code is not known here;'],
  ])('as %s is a mistake', (me, problem) => {
    const [found = '', ...more] = problemsOf({ api: withMe(me) });
    expect(found.startsWith(`${FILE}:`)).toBe(true);
    expect(found.replace(/^[^:]*:\d+:\d+: /, '')).toContain(problem.replace(/^\d+:\d+: /, ''));
    expect(more).toEqual([]);
  });

  test('where a route has its place already is a mistake', () => {
    const api = change(API, '    routes:\n', '    routes:\n      - { path: /me, method: GET }\n');
    expect(problemsOf({ api: withMe('{ path: /v1/me, body: {} }', api) })).toEqual([
      expect.stringContaining(
        'endpoints.me.path: a route of its area has this path and the method GET already',
      ),
    ]);
  });
});

describe('the public listener', () => {
  test('is on loopback, without a token', () => {
    const { document, secrets } = load();
    expect(document.public).toEqual({ listen: '127.0.0.1:8080' });
    expect(document.admin).toEqual({ listen: '127.0.0.1:8081' });
    expect(secrets).not.toHaveProperty('gatewayToken');
  });

  test.each([
    '127.0.0.1:0',
    '127.8.9.10:80',
    '[::1]:8080',
    'localhost:8080',
    'unix:/run/t/public.sock',
    'off',
  ])('on %s needs no token', (listen) => {
    expect(problemsOf({ server: server(`{ listen: '${listen}' }`) })).toEqual([]);
  });

  test.each([
    '0.0.0.0:8080',
    '[::]:8080',
    '10.0.0.5:8080',
    'gateway.internal:80',
    '127.0.0.1.evil.example:80',
    '[::ffff:127.0.0.1]:80',
  ])('on %s needs one', (listen) => {
    expect(problemsOf({ server: server(`{ listen: '${listen}' }`) })).toEqual([
      expect.stringContaining('public.token: is missing'),
    ]);
    const given = { server: server(`{ listen: '${listen}', token: '\${T}' }`), env: { T: TOKEN } };
    expect(problemsOf(given)).toEqual([]);
  });

  test('keeps its token out of the document, and refuses one that is written there, short or no header value', () => {
    const given = load({ server: server("{ token: '${T}' }"), env: { T: TOKEN } });
    expect(given.secrets.gatewayToken).toBe(TOKEN);
    expect(JSON.stringify(given.document)).not.toContain(TOKEN);
    expect(problemsOf({ server: server(`{ token: ${TOKEN} }`) })).toEqual([
      expect.stringContaining('a secret is never written here'),
    ]);
    for (const token of ['short', `${TOKEN} blank`, `${TOKEN}\n`, `${TOKEN}ü`, 'x'.repeat(257)]) {
      const [problem = '', ...more] = problemsOf({ server: server("{ token: '${T}' }"), env: { T: token } });
      expect(problem).toContain('public.token: expected 32 to 256 visible ASCII characters');
      expect(problem).not.toContain(token);
      expect(more).toEqual([]);
    }
  });

  test.each(['public', 'admin'])('%s.listen is an address, a socket or off', (name) => {
    for (const listen of ['8080', 'on', '127.0.0.1:99999', 'unix:']) {
      expect(problemsOf({ server: `${SERVER}${name}: { listen: '${listen}' }\n` })).toEqual([
        expect.stringContaining('expected host:port (port 0: any free one), unix:/path/of/socket, or off'),
      ]);
    }
  });
});

test("no API's keys begin as the tokens of operators do", () => {
  for (const prefix of ['op_', 'op_live_']) {
    expect(problemsOf({ api: change(API, 'prefix: one_', `prefix: ${prefix}`) })).toEqual([
      expect.stringContaining('keys.prefix: '),
    ]);
  }
});
