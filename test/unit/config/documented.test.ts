import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { compile } from '../../../src/config/compile.ts';
import { listReachableCodes } from '../../../src/config/error-rows.ts';
import { loadConfig } from '../../../src/config/load.ts';
import type { Decision, RefusalCode } from '../../../src/domain/decision.ts';
import type { Api, RouteNode } from '../../../src/domain/policy.ts';
import { renderReply } from '../../../src/edge/render/render.ts';
import { decisionFor, inputOf, REQUEST_ID } from '../edge/render/world.ts';

const ROOT = join(import.meta.dirname, '../../..');
const loadShipped = (env: Readonly<Record<string, string>>) =>
  loadConfig({
    path: join(ROOT, 'config/tollgate.yaml'),
    readFile: (path) => readFileSync(path, 'utf8'),
    env,
    sets: [],
    nowMs: Date.UTC(2026, 10, 22),
  });
const { document, secrets, notices } = loadShipped({});
const policy = compile(document);

function apiOf(name: string): Api {
  const api = policy.apis.find((candidate) => candidate.name === name);
  if (api === undefined) throw new Error(`no API ${name}`);
  return api;
}

function render(name: string, decision: Decision) {
  const api = apiOf(name);
  const challenge = api.areas[0]?.challenge ?? '';
  const { credentialHeaders } = policy;
  return renderReply(inputOf(decision, { api, errors: api.errors, challenge, credentialHeaders }));
}

const META = `"meta":{"request_id":"${REQUEST_ID}","ts":"2026-02-04T12:00:00Z"}`;
const truedy = (code: string, message: string, details = '{}') =>
  `{"error":{"code":"${code}","message":"${message}","details":${details}},${META}}`;
const billing = (reason: string, message: string) =>
  truedy(
    'payment_required',
    message,
    `{"reason":"${reason}","redirect_url":"https://app.truedy.ai/settings/billing"}`,
  );
const plain = (code: string, message: string) => `{"error":{"code":"${code}","message":"${message}"}}`;
const autype = (status: number, message: string) => `{"statusCode":${status},"message":"${message}"}`;

type Table = Readonly<Partial<Record<RefusalCode, readonly [status: number, body: string]>>>;

const COMMON: Table = {
  request_ambiguous: [400, plain('bad_request', 'Bad request')],
  not_found: [404, plain('not_found', 'Not found')],
  rate_limited: [429, plain('rate_limit_exceeded', 'Rate limit exceeded')],
  unavailable: [503, plain('service_unavailable', 'Service unavailable')],
  internal_error: [500, plain('internal_error', 'Internal server error')],
};
const LACKS = 'API key is valid but lacks permissions for the requested action';
const MISSING = 'Missing, invalid, or expired API key';

const DOCUMENTED: Readonly<Record<string, Table>> = {
  truedy: {
    request_ambiguous: [400, truedy('bad_request', 'Bad request')],
    not_found: [404, truedy('not_found', 'Not found')],
    credential_missing: [401, truedy('unauthorized', 'Invalid or missing API key')],
    credential_invalid: [401, truedy('unauthorized', 'Invalid or missing API key')],
    account_suspended: [401, truedy('unauthorized', 'Invalid or missing API key')],
    account_disabled: [401, truedy('unauthorized', 'Invalid or missing API key')],
    address_not_allowed: [403, truedy('forbidden', 'Forbidden')],
    trial_not_started: [402, billing('trial_not_started', 'Trial not started')],
    trial_expired: [402, billing('trial_expired', 'Trial expired')],
    subscription_inactive: [402, billing('subscription_inactive', 'Subscription inactive')],
    insufficient_credits: [402, billing('insufficient_credits', 'Insufficient credits')],
    rate_limited: [429, truedy('rate_limit_exceeded', 'Rate limit exceeded')],
    unavailable: [503, truedy('service_unavailable', 'Service unavailable')],
    internal_error: [500, truedy('internal_error', 'Internal server error')],
  },
  clary: {
    ...COMMON,
    credential_missing: [401, plain('unauthorized', 'Invalid API key')],
    credential_invalid: [401, plain('unauthorized', 'Invalid API key')],
    account_suspended: [401, plain('unauthorized', 'Invalid API key')],
    account_disabled: [401, plain('unauthorized', 'Invalid API key')],
    address_not_allowed: [403, plain('forbidden', 'Insufficient permissions')],
    permission_missing: [403, plain('forbidden', 'Insufficient permissions')],
  },
  trackyard: {
    ...COMMON,
    credential_missing: [401, plain('unauthorized', MISSING)],
    credential_invalid: [401, plain('unauthorized', MISSING)],
    account_suspended: [401, plain('unauthorized', MISSING)],
    account_disabled: [401, plain('unauthorized', MISSING)],
    address_not_allowed: [403, plain('forbidden', LACKS)],
    feature_missing: [403, plain('forbidden', LACKS)],
    role_missing: [403, plain('forbidden', LACKS)],
    insufficient_credits: [402, plain('insufficient_credits', 'Insufficient credits')],
  },
  autype: {
    request_ambiguous: [400, autype(400, 'Bad request')],
    not_found: [404, autype(404, 'Not found')],
    credential_missing: [401, autype(401, 'API key is required')],
    credential_invalid: [401, autype(401, 'Invalid or expired API key')],
    account_suspended: [401, autype(401, 'Invalid or expired API key')],
    account_disabled: [401, autype(401, 'Invalid or expired API key')],
    address_not_allowed: [403, autype(403, 'Forbidden')],
    rate_limited: [429, autype(429, 'Rate limit exceeded')],
    insufficient_credits: [402, autype(402, 'Insufficient credits')],
    unavailable: [503, autype(503, 'Service unavailable')],
    internal_error: [500, autype(500, 'Internal server error')],
  },
  freddy: {
    ...COMMON,
    credential_missing: [401, plain('unauthorized', 'Missing authentication')],
    credential_invalid: [401, plain('unauthorized', 'Invalid API key')],
    account_suspended: [401, plain('unauthorized', 'Account suspended')],
    account_disabled: [401, plain('unauthorized', 'Account suspended')],
    address_not_allowed: [403, plain('forbidden', 'Insufficient permissions')],
  },
};

describe('every refusal that a documented API can answer with is answered as its page says', () => {
  for (const api of document.apis) {
    const table = DOCUMENTED[api.api] ?? {};
    test(`${api.api}: the table below names all of them`, () => {
      expect(Object.keys(table).sort()).toEqual([...listReachableCodes(api)].sort());
    });
    for (const code of listReachableCodes(api)) {
      test(`${api.api}: ${code}`, () => {
        const reply = render(api.api, decisionFor(code));
        expect([reply.status, reply.body]).toEqual(table[code]);
        expect(Object.fromEntries(reply.clientHeaders)['content-type']).toBe('application/json');
      });
    }
  }
});

describe('the shipped configuration', () => {
  test('starts without any environment, makes no secret and has nothing to remark', () => {
    expect(secrets).toEqual({ pepper: undefined, sealingKey: undefined, checkHttp: [], declaredKeys: [] });
    expect(notices).toEqual([]);
    expect(structuredClone(document)).toEqual(document);
  });

  test('holds every file of config/apis', () => {
    const files = globSync('config/apis/*.yaml', { cwd: ROOT }).map((path) => join(ROOT, path));
    expect(document.apis.map(({ file }) => file).sort()).toEqual(files.sort());
  });

  test('takes away the credential headers of all APIs', () => {
    expect(policy.credentialHeaders).toEqual(['api-key', 'authorization', 'x-api-key']);
  });

  test('finds each API by its host', () => {
    const hosts = [...policy.apiByHost].map(([host, api]) => [host, api.name]);
    expect(hosts).toEqual([
      ['api.truedy.ai', 'truedy'],
      ['api.claryai.com', 'clary'],
      ['api.trackyard.com', 'trackyard'],
      ['api.autype.com', 'autype'],
      ['api.freddy.aitronos.com', 'freddy'],
    ]);
  });
});

const below = (node: RouteNode | undefined, method: string) => node?.below.get(method);

describe('beyond refusals, the pages are kept', () => {
  test('Truedy: keys alone on the public API, tokens alone on the frontend API, whose preflights pass', () => {
    const areas = apiOf('truedy').areas.map(({ prefix, preflight, credentials }) => [
      prefix,
      preflight,
      credentials.map(({ kind, header, scheme }) => `${kind} ${header} ${scheme}`).join(),
    ]);
    expect(areas).toEqual([
      ['/api/public/v1', 'check', 'api_key authorization bearer'],
      ['/api/v1', 'allow', 'jwt authorization bearer'],
    ]);
    expect(apiOf('truedy')).toMatchObject({
      billing: true,
      keys: { prefix: 'truedy_', imports: false, sealed: false },
    });
  });

  test('Clary: tiers in order, keys that sign tokens, permissions by method', () => {
    const { tiers, defaultTier, keys, areas } = apiOf('clary');
    expect(tiers.map(({ name }) => name)).toEqual(['lite', 'standard', 'professional']);
    expect([defaultTier, keys.sealed, keys.imports]).toEqual([0, true, true]);
    for (const kind of ['documents', 'workflows']) {
      const node = areas[0]?.routes.literal.get(kind);
      expect(below(node, 'GET')?.permission).toBe(`${kind}:read`);
      expect(below(node, '*')?.permission).toBe(`${kind}:write`);
    }
    expect(below(areas[0]?.routes, '*')).toEqual({ cost: 0, permission: '', feature: '', role: '' });
  });

  test('Trackyard: the free tier has 10 a minute, 1000 a day and 500 credits a month; /me is free', () => {
    const { tiers, areas } = apiOf('trackyard');
    expect(tiers[0]).toEqual({
      index: 0,
      name: 'free',
      monthlyCredits: 500,
      features: new Set(),
      limits: [
        { scope: 'key', count: 10, windowMs: 60_000, name: 'key-minute' },
        { scope: 'key', count: 1000, windowMs: 86_400_000, name: 'key-day' },
      ],
    });
    const routes = areas[0]?.routes;
    expect(routes?.literal.get('me')?.here.get('GET')?.cost).toBe(0);
    expect(below(routes?.literal.get('admin'), '*')?.role).toBe('admin');
    expect(below(routes?.literal.get('exports'), 'POST')).toMatchObject({ feature: 'exports', cost: 5 });
    expect(below(routes, '*')?.cost).toBe(1);
  });

  test('Autype: the key stands alone in x-api-key, bearer tokens are no credential, the organisation is told', () => {
    const { areas, upstream, keys } = apiOf('autype');
    expect(areas.flatMap(({ credentials }) => credentials)).toEqual([
      { kind: 'api_key', header: 'x-api-key', scheme: '' },
    ]);
    expect(upstream[0]).toEqual({ name: 'x-organization-id', value: 'account.id' });
    expect(keys.prefix).toBe('ak_');
  });

  test('Freddy: keys in api-key, tokens after Bearer', () => {
    const { areas, tokens, sessionEndpoints } = apiOf('freddy');
    expect(areas.find(({ prefix }) => prefix === '/v1')?.credentials).toEqual([
      { kind: 'api_key', header: 'api-key', scheme: '' },
      { kind: 'jwt', header: 'authorization', scheme: 'bearer' },
    ]);
    expect(tokens.sessions).toMatchObject({
      issuer: 'https://api.freddy.aitronos.com',
      audience: 'https://api.freddy.aitronos.com',
      algorithm: 'EdDSA',
      accessLifetimeMs: 600_000,
    });
    expect(sessionEndpoints?.paths).toEqual({
      session_create: '/v1/auth/token',
      session_refresh: '/v1/auth/refresh',
      session_logout: '/v1/auth/logout',
      oauth_token: '/oauth/token',
      oauth_revoke: '/oauth/revoke',
      oauth_metadata: '/.well-known/oauth-authorization-server',
      jwks: '/.well-known/jwks.json',
    });
  });

  test('Truedy: tokens of Clerk by its rules, keys from its URL or from the environment', () => {
    const url = 'https://clerk.truedy.ai/.well-known/jwks.json';
    const given = compile(loadShipped({ CLERK_JWKS_URL: url }).document);
    const [clerk, ...more] = given.apis.find(({ name }) => name === 'truedy')?.tokens.issuers ?? [];
    expect(more).toEqual([]);
    expect(apiOf('truedy').tokens.issuers).toEqual([]);
    expect(clerk).toMatchObject({
      name: 'clerk',
      algorithms: ['RS256'],
      types: ['jwt', ''],
      keys: { from: 'url', url, privateAddresses: 'refuse', staleMaxMs: 86_400_000 },
      claims: { format: 'clerk' },
      unknownAccount: 'refuse',
    });
    expect(clerk?.authorizedParties).not.toEqual([]);
  });

  test('Clary: customers sign for a day at most', () => {
    expect(apiOf('clary').tokens).toEqual({
      issuers: [],
      keySigned: { leewayMs: 5_000, lifetimeMaxMs: 86_400_000 },
    });
  });

  test('a host that is not configured is refused in a dialect of its own', () => {
    const { fallbackErrors: errors } = policy;
    const reply = renderReply(inputOf(decisionFor('not_found'), { api: undefined, errors, challenge: '' }));
    expect([reply.status, reply.body]).toEqual([404, '{"error":{"code":"not_found","message":"Not found"}}']);
  });
});
