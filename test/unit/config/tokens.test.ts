import { generateKeyPairSync } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { compile } from '../../../src/config/compile.ts';
import { API, change, load, problemsOf, SERVER } from './world.ts';

const FILE = 'config/apis/one.yaml';
const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
const PEM = publicKey.export({ format: 'pem', type: 'spki' });
const PRIVATE_PEM = privateKey.export({ format: 'pem', type: 'pkcs8' });
const JWKS = JSON.stringify({ keys: [publicKey.export({ format: 'jwk' })] });

const WITH_JWT = change(
  API,
  '      - api_key: { header: Authorization, scheme: Bearer }\n',
  '      - api_key: { header: Authorization, scheme: Bearer }\n      - jwt: { header: Authorization, scheme: Bearer }\n',
);

const ISSUER = `issuer: https://idp.example, algorithms: [ES256], audiences: [one], keys: { url: 'https://idp.example/jwks' }`;

function withTokens(text: string, api = WITH_JWT): string {
  return change(api, 'errors:\n', `tokens: ${text}\nerrors:\n`);
}

const withIssuer = (issuer: string): string => withTokens(`{ issuers: { idp: { ${issuer} } } }`);

function withSessions(sessions: string, endpoints = '{ oauth_token: {} }', api = WITH_JWT): string {
  return change(api, 'errors:\n', `sessions: ${sessions}\nendpoints: ${endpoints}\nerrors:\n`);
}

const SESSIONS = '{ issuer: https://one.example }';

/** The problems without file, line and column. */
function problemsIn(api: string, files: Readonly<Record<string, string>> = {}, env = {}): string[] {
  return problemsOf({ api, files, env }).map((problem) => {
    expect(problem.startsWith(`${FILE}:`)).toBe(true);
    expect(problem).toMatch(/^[^:]+:[1-9]\d*:[1-9]\d*: /);
    return problem.replace(/^[^:]+:\d+:\d+: /, '');
  });
}

function rulesOf(api: string, files: Readonly<Record<string, string>> = {}, env = {}) {
  const [compiled] = compile(structuredClone(load({ api, files, env }).document)).apis;
  if (compiled === undefined) throw new Error('no API');
  return compiled;
}

describe('rules for tokens', () => {
  test('without any nobody vouches for a token', () => {
    expect(rulesOf(API).tokens).toEqual({ issuers: [] });
  });

  test('of an issuer are strict where nothing is said', () => {
    expect(rulesOf(withIssuer(ISSUER)).tokens.issuers).toEqual([
      {
        name: 'idp',
        issuer: 'https://idp.example',
        algorithms: ['ES256'],
        types: ['jwt', ''],
        audiences: ['one'],
        authorizedParties: [],
        leewayMs: 5_000,
        lifetimeMaxMs: 3_600_000,
        keys: {
          from: 'url',
          url: 'https://idp.example/jwks',
          privateAddresses: 'refuse',
          staleMaxMs: 86_400_000,
        },
        claims: { format: 'plain', account: 'sub', permissions: '', role: '', permissionOf: {}, roleOf: {} },
        unknownAccount: 'refuse',
      },
    ]);
  });

  test('map names of the issuer to names of the API, whatever they look like', () => {
    const claims = `claims: { account: org, permissions: scope, role: org_role, permission_of: { 'org:Docs:Read': read, constructor: read }, role_of: { 'org:admin': admin } }`;
    expect(rulesOf(withIssuer(`${ISSUER}, ${claims}`)).tokens.issuers[0]?.claims).toEqual({
      format: 'plain',
      account: 'org',
      permissions: 'scope',
      role: 'org_role',
      permissionOf: { 'org:Docs:Read': 'read', constructor: 'read' },
      roleOf: { 'org:admin': 'admin' },
    });
  });

  test('read a key set beside the file, once, so that nobody needs the disk later', () => {
    const issuer = ISSUER.replace(/keys: .*/, 'keys: { file: ../keys.json }');
    expect(rulesOf(withIssuer(issuer), { 'keys.json': JWKS }).tokens.issuers[0]?.keys).toEqual({
      from: 'fixed',
      text: JWKS,
    });
  });

  test('take a PEM from the environment in place of the URL, and the URL where there is none', () => {
    const issuer = ISSUER.replace(/keys: .*/, "keys: { url: 'https://idp.example/jwks', pem: '${PEM:-}' }");
    const keysWith = (env: object) => rulesOf(withIssuer(issuer), {}, env).tokens.issuers[0]?.keys;
    expect(keysWith({ PEM })).toEqual({ from: 'fixed', text: PEM });
    expect(keysWith({ PEM: '' })).toMatchObject({ from: 'url' });
    expect(keysWith({})).toMatchObject({ from: 'url' });
  });

  test('of an issuer whose keys the environment leaves out believe nothing, which production is told', () => {
    const issuer = ISSUER.replace(/keys: .*/, "keys: { url: '${URL:-}', pem: '${PEM:-}' }");
    expect(rulesOf(withIssuer(issuer)).tokens.issuers).toEqual([]);
    expect(load({ api: withIssuer(issuer) }).notices).toEqual([]);
    const pepper = `secrets: { pepper: { current: { id: p, secret: '\${PEPPER}' } } }`;
    const { notices } = load({
      api: withIssuer(issuer),
      server: `${change(SERVER, 'mode: development', 'mode: production')}${pepper}\n`,
      env: { PEPPER: Buffer.alloc(32, 7).toString('base64') },
    });
    expect(notices.map(({ key, message }) => `${key}: ${message}`)).toEqual([
      'tokens.issuers.idp.keys: no keys are given, so every token of this issuer is refused',
    ]);
  });

  test('for customers who sign with their key stand where the API says so', () => {
    const signed = change(WITH_JWT, 'prefix: one_', 'prefix: one_, key_signed_jwt: true');
    expect(rulesOf(signed).tokens.keySigned).toEqual({ leewayMs: 5_000, lifetimeMaxMs: 86_400_000 });
    const api = withTokens('{ key_signed: { leeway: 0s, lifetime: 1h } }', signed);
    expect(rulesOf(api).tokens.keySigned).toEqual({ leewayMs: 0, lifetimeMaxMs: 3_600_000 });
  });

  const at = 'tokens.issuers.idp';
  test.each([
    [ISSUER.replace(', audiences: [one]', ''), `${at}: expected audiences, authorized_parties or both`],
    [ISSUER.replace('algorithms: [ES256], ', ''), `${at}.algorithms: is missing; expected a list`],
    [ISSUER.replace('[ES256]', '[]'), `${at}.algorithms: found a list; expected at least 1 entries`],
    [ISSUER.replace('[ES256]', '[HS256]'), `${at}.algorithms[0]: found "HS256"; expected one of RS256`],
    [ISSUER.replace('[ES256]', '[none]'), `${at}.algorithms[0]: found "none"; expected one of RS256`],
    [`${ISSUER}, unknown_acount: allow`, `${at}.unknown_acount: unknown key; did you mean unknown_account?`],
    [ISSUER.replace('https://idp.example,', '"",'), `${at}.issuer: found nothing; expected a name`],
    [`${ISSUER}, types: []`, `${at}.types: found a list; expected at least 1 entries`],
    [`${ISSUER}, types: [logout+jwt]`, `${at}.types[0]: found "logout+jwt"; expected the type of access`],
    [`${ISSUER}, types: [JWT, jwt]`, `${at}.types[1]: found "jwt"; stands in this list already`],
    [`${ISSUER}, leeway: 61s`, `${at}.leeway: found "61s"; expected a duration`],
    [`${ISSUER}, lifetime: 32d`, `${at}.lifetime: found "32d"; expected a duration`],
    [
      `${ISSUER}, unknown_account: maybe`,
      `${at}.unknown_account: found "maybe"; expected one of refuse, allow`,
    ],
    [
      `${ISSUER}, claims: { permission_of: { a: raed } }`,
      `${at}.claims.permission_of.a: raed is not among the permissions; did you mean read?`,
    ],
    [
      `${ISSUER}, claims: { role_of: { a: boss } }`,
      `${at}.claims.role_of.a: boss is not among the roles: admin`,
    ],
    [
      `${ISSUER}, claims: { format: clerk, account: org }`,
      `${at}.claims.account: is given with format: plain, and only there`,
    ],
    [ISSUER.replace(/keys: .*/, 'keys: {}'), `${at}.keys: expected one of url, file and pem`],
    [
      ISSUER.replace('https://idp.example/jwks', 'idp.example/jwks'),
      `${at}.keys.url: expected a URL such as`,
    ],
    [
      ISSUER.replace('https://idp.example/jwks', 'file:///etc/jwks'),
      `${at}.keys.url: expected a URL such as`,
    ],
    [
      ISSUER.replace('https://idp.example/jwks', 'http://idp.example/jwks'),
      `${at}.keys.url: expected https:`,
    ],
    [
      ISSUER.replace('//idp.example/jwks', '//a:b@idp.example'),
      `${at}.keys.url: expected a URL without a user`,
    ],
    [ISSUER.replace(' }', ', file: x }'), `${at}.keys: expected file alone`],
    [
      ISSUER.replace(/keys: .*/, 'keys: { file: x }'),
      `${at}.keys.file: the file named here cannot be read (ENOENT)`,
    ],
  ])('with %s are a mistake', (issuer, problem) => {
    const [found = '', ...more] = problemsIn(withIssuer(issuer));
    expect(found).toContain(problem);
    expect(more).toEqual([]);
  });

  test.each([
    ['a key that could sign', PRIVATE_PEM, 'expected public keys alone'],
    ['no key', 'something', 'expected a JWK set'],
    ['a key for other algorithms', JWKS, 'no key here verifies RS256'],
  ])('with %s in the file of keys are a mistake, told without the key', (_name, text, problem) => {
    const issuer = ISSUER.replace('ES256', 'RS256').replace(/keys: .*/, 'keys: { file: ../keys }');
    const [found = '', ...more] = problemsIn(withIssuer(issuer), { keys: text });
    expect(found).toContain(`tokens.issuers.idp.keys.file: ${problem}`);
    expect(found).not.toContain(text.split('\n')[1] ?? text);
    expect(more).toEqual([]);
  });

  test('may ask over http in a network of one’s own', () => {
    const issuer = ISSUER.replace('https://idp.example/jwks', 'http://10.0.0.7/jwks');
    const open = issuer.replace(' }', ', private_addresses: allow }');
    expect(rulesOf(withIssuer(open)).tokens.issuers[0]?.keys).toMatchObject({ privateAddresses: 'allow' });
  });

  test('name no issuer twice, and none that is the API’s own', () => {
    const two = withTokens(`{ issuers: { a: { ${ISSUER} }, b: { ${ISSUER} } } }`);
    const message = 'another issuer here has this name already';
    expect(problemsIn(two)).toEqual([`tokens.issuers.b.issuer: ${message}`]);
    const own = change(two, `, b: { ${ISSUER} }`, '');
    expect(problemsIn(withSessions('{ issuer: https://idp.example }', undefined, own))).toEqual([
      `tokens.issuers.a.issuer: ${message}`,
    ]);
  });

  test('are a mistake where no area asks for tokens', () => {
    const message = 'no area lists jwt among its credentials, so no such token is ever looked at';
    const api = withTokens(`{ issuers: { idp: { ${ISSUER} } } }`, API);
    expect(problemsIn(api)).toEqual([`tokens.issuers: ${message}`]);
    expect(problemsIn(withSessions(SESSIONS, undefined, API))).toEqual([`sessions: ${message}`]);
  });

  test('of customers are a mistake where the API does not let them sign', () => {
    expect(problemsIn(withTokens('{ key_signed: { lifetime: 1h } }'))).toEqual([
      'tokens.key_signed: needs keys.key_signed_jwt: true',
    ]);
  });

  test('that let in what nobody bills, or that are missing where tokens are asked for, are remarked', () => {
    const remarks = (api: string) => load({ api }).notices.map(({ key, message }) => `${key}: ${message}`);
    expect(remarks(WITH_JWT)).toEqual([
      expect.stringContaining('areas[0].credentials[1]: every token is refused'),
    ]);
    const billed = change(
      change(
        withIssuer(`${ISSUER}, unknown_account: allow`),
        'roles: [admin]',
        'roles: [admin]\nbilling: true',
      ),
      '  rate_limited:',
      '  trial_not_started: { code: a, message: A }\n  trial_expired: { same_as: trial_not_started }\n  subscription_inactive: { same_as: trial_not_started }\n  rate_limited:',
    );
    expect(remarks(billed)).toEqual([
      expect.stringContaining('tokens.issuers.idp.unknown_account: accounts'),
    ]);
    expect(remarks(withIssuer(ISSUER))).toEqual([]);
  });
});

describe('sessions', () => {
  test('need a sealing key in production: the keys that sign their tokens are kept sealed', () => {
    expect(problemsOf({ api: withSessions(SESSIONS), sets: ['mode=production'] })).toContain(
      'config/tollgate.yaml:1:1: secrets.sealing_key: is missing: mode production makes no secrets of its own',
    );
  });

  test('have lifetimes and a signature of ours where nothing is said', () => {
    expect(rulesOf(withSessions(SESSIONS)).tokens.sessions).toEqual({
      issuer: 'https://one.example',
      audience: 'https://one.example',
      algorithm: 'EdDSA',
      accessLifetimeMs: 600_000,
      lifetimeMs: 30 * 86_400_000,
      idleMs: 7 * 86_400_000,
      leewayMs: 5_000,
      tier: -1,
    });
    const given = '{ issuer: https://one.example, audience: a, algorithm: ES256, tier: free }';
    expect(rulesOf(withSessions(given)).tokens.sessions).toMatchObject({
      audience: 'a',
      algorithm: 'ES256',
      tier: 0,
    });
  });

  test('take limits of their own in place of the key’s, where a tier has them', () => {
    const limits = '{ key: [10/minute], account: [99/day], session: [5/minute, 7/day] }';
    const api = change(withSessions(SESSIONS), '{ key: [10/minute] }', limits);
    const [free, pro] = rulesOf(api).tiers;
    const named = (scope: string, limit: string) => ({ scope, name: `${scope}-${limit}` });
    expect(free?.limits).toMatchObject([named('key', 'minute'), named('account', 'day')]);
    expect(free?.sessionLimits).toMatchObject([
      named('session', 'minute'),
      named('session', 'day'),
      named('account', 'day'),
    ]);
    expect(pro).not.toHaveProperty('sessionLimits');
  });

  test.each([
    ['{ issuer: http://one.example }', 'sessions.issuer: found "http://one.example"; expected an origin'],
    ['{ issuer: https://one.example/ }', 'sessions.issuer: found "https://one.example/"; expected an origin'],
    [
      '{ issuer: https://one.example/a }',
      'sessions.issuer: found "https://one.example/a"; expected an origin',
    ],
    ['{}', 'sessions.issuer: is missing; expected text'],
    [
      '{ issuer: https://one.example, algorithm: RS256 }',
      'sessions.algorithm: found "RS256"; expected one of',
    ],
    [
      '{ issuer: https://one.example, tier: fre }',
      'sessions.tier: fre is not among the tiers; did you mean free?',
    ],
    [
      '{ issuer: https://one.example, access_lifetime: 2h }',
      'sessions.access_lifetime: found "2h"; expected',
    ],
    ['{ issuer: https://one.example, idle: 31d }', 'sessions.idle: is longer than lifetime'],
    ['{ issuer: https://one.example, idle: 5m }', 'sessions.access_lifetime: is longer than idle'],
  ])('as %s are a mistake', (sessions, problem) => {
    const [found = '', ...more] = problemsIn(withSessions(sessions));
    expect(found).toContain(problem);
    expect(more).toEqual([]);
  });

  test('that the API does not have take no limits', () => {
    const api = change(API, '{ key: [10/minute] }', '{ session: [10/minute] }');
    expect(problemsIn(api)).toEqual(['tiers.free.limits.session: the API has no sessions']);
  });
});

describe('endpoints of sessions', () => {
  const CREATE = 'session_create: { path: /v1/token, body: { a: $access_token } }';
  const REFRESH = 'session_refresh: { path: /v1/refresh, body: {} }';

  test('are absent where the API has no sessions', () => {
    expect(rulesOf(API)).not.toHaveProperty('sessionEndpoints');
    expect(problemsIn(change(API, 'errors:\n', 'endpoints: { jwks: {} }\nerrors:\n'))).toEqual([
      'endpoints.jwks: the API has no sessions',
    ]);
  });

  test('have their places, and bodies with holes; one of logout may have none', () => {
    const api = withSessions(SESSIONS, `{ ${CREATE}, ${REFRESH}, session_logout: { path: /bye } }`);
    expect(rulesOf(api).sessionEndpoints).toEqual({
      paths: { session_create: '/v1/token', session_refresh: '/v1/refresh', session_logout: '/bye' },
      createBody: ['{"a":', { hole: 'access_token' }, '}'],
      refreshBody: ['{}'],
      logoutBody: '',
    });
  });

  test('outside every area are areas of their own that take what the API’s keys are sent in', () => {
    const api = withSessions(SESSIONS, '{ oauth_token: {}, oauth_revoke: { path: /give/up }, jwks: {} }');
    const { areas } = rulesOf(api);
    const kindsOf = (path: string) =>
      areas.find(({ prefix }) => prefix === path)?.credentials.map(({ kind }) => kind);
    expect(kindsOf('/oauth/token')).toEqual(['api_key']);
    expect(kindsOf('/give/up')).toEqual(['api_key', 'jwt']);
    expect(kindsOf('/.well-known/jwks.json')).toEqual(['api_key']);
    expect(areas.map(({ prefix }) => prefix.length)).toEqual(
      areas.map(({ prefix }) => prefix.length).toSorted((a, b) => b - a),
    );
  });

  test.each([
    [`{ ${CREATE} }`, 'endpoints.session_create: needs endpoints.session_refresh or endpoints.oauth_token'],
    [`{ oauth_token: {}, ${REFRESH} }`, 'endpoints.session_refresh: needs endpoints.session_create'],
    [
      '{ jwks: {} }',
      'sessions: nobody could begin one: give endpoints.session_create or endpoints.oauth_token',
    ],
    ['{ oauth_token: {}, oauth_metadata: {} }', 'endpoints.oauth_metadata: needs endpoints.jwks'],
    [
      '{ oauth_token: {}, jwks: { path: /oauth/token } }',
      'endpoints.jwks.path: endpoints.oauth_token is there already',
    ],
    [
      '{ oauth_token: { path: /a? } }',
      'endpoints.oauth_token.path: found "/a?"; expected a whole literal path',
    ],
    [
      '{ oauth_token: {}, oauth_metadata: { path: /meta }, jwks: {} }',
      'endpoints.oauth_metadata.path: found "/meta"; expected no other path: clients look in one place',
    ],
    [
      '{ oauth_token: {}, session_logout: { path: /x, body: { a: $session.id } } }',
      'endpoints.session_logout.body.a:',
    ],
  ])('as %s are a mistake', (endpoints, problem) => {
    const [found = '', ...more] = problemsIn(withSessions(SESSIONS, endpoints));
    expect(found).toContain(problem);
    expect(more).toEqual([]);
  });

  test('tell their place on one of the API’s hosts', () => {
    const endpoints = '{ oauth_token: {}, oauth_metadata: {}, jwks: {} }';
    expect(problemsIn(withSessions('{ issuer: https://elsewhere.example }', endpoints))).toEqual([
      'sessions.issuer: clients look for the metadata on its host, and elsewhere.example is not among hosts',
    ]);
  });

  test('ask for keys where keys are sent, and take no place of a route', () => {
    const tokensAlone = change(
      WITH_JWT,
      'errors:\n',
      '  - path: /v2\n    challenge: Bearer\n    credentials: [{ jwt: { header: Authorization, scheme: Bearer } }]\n    routes: [{ path: /t, method: POST }]\nerrors:\n',
    );
    const within = withSessions(SESSIONS, '{ oauth_token: { path: /v2/u } }', tokensAlone);
    expect(problemsIn(within)).toEqual(['endpoints.oauth_token.path: lies in an area without API keys']);
    const taken = withSessions(SESSIONS, '{ oauth_token: {}, oauth_revoke: { path: /v2/t } }', tokensAlone);
    expect(problemsIn(taken)).toEqual([
      'endpoints.oauth_revoke.path: a route of its area has this path and the method POST already',
    ]);
  });
});
