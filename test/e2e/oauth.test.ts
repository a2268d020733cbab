import { createPublicKey, verify } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { partTitle, requirePart } from '../parts.ts';
import { basic, bearer, startSessionWorld, toPair } from './session-world.ts';
import type { Sent, SessionWorld } from './session-world.ts';

const part = await requirePart('envoy');
const ISSUER = 'https://api.freddy.aitronos.com';
const TOKEN = '/oauth/token';
const REVOKE = '/oauth/revoke';
const CLIENT = { grant_type: 'client_credentials' };
const FORM_TYPE = ['content-type', 'application/x-www-form-urlencoded'];

describe.skipIf('missing' in part)(partTitle('OAuth, through a real Envoy', part), () => {
  let world: SessionWorld;

  beforeAll(async () => {
    world = await startSessionWorld('found' in part ? part.found : '');
  });

  afterAll(async () => {
    await world?.stop();
  });

  const use = (token: string) => world.get('/v1/models', bearer(token));
  const decode = (part64: string): Record<string, unknown> =>
    JSON.parse(Buffer.from(part64, 'base64url').toString()) as Record<string, unknown>;

  async function errorOf(target: string, sent: Sent) {
    const { status, headers, body } = await world.post(target, sent);
    expect(headers).toMatchObject({
      'content-type': 'application/json',
      'cache-control': 'no-store',
      pragma: 'no-cache',
    });
    const { error } = JSON.parse(body) as { error: string };
    expect(Object.keys(JSON.parse(body) as object)).toEqual(['error', 'error_description']);
    return { status, error, challenge: headers['www-authenticate'] };
  }

  const WRONG_CLIENT = { status: 401, error: 'invalid_client', challenge: 'Basic realm="freddy"' };

  test.each([
    ['by Basic', (id: string, key: string) => ({ form: CLIENT, headers: basic(id, key) })],
    ['in a form', (id: string, key: string) => ({ form: { ...CLIENT, client_id: id, client_secret: key } })],
    ['in JSON', (id: string, key: string) => ({ json: { ...CLIENT, client_id: id, client_secret: key } })],
    ['in the header of the API', (_id: string, key: string) => ({ form: CLIENT, headers: ['api-key', key] })],
    [
      'in that header beside its name',
      (id: string, key: string) => ({ form: { ...CLIENT, client_id: id }, headers: ['api-key', key] }),
    ],
  ])(
    'a client that shows its key %s gets an access token and no other (RFC 6749 §4.4.3)',
    async (_name, sent) => {
      const key = await world.makeKey();
      const answered = await world.post(TOKEN, sent(key.id, key.key));
      expect(answered.status).toBe(200);
      expect(answered.headers).toMatchObject({
        'content-type': 'application/json',
        'cache-control': 'no-store',
        pragma: 'no-cache',
      });
      const body = JSON.parse(answered.body) as Record<string, string>;
      expect(Object.keys(body)).toEqual(['access_token', 'token_type', 'expires_in']);
      expect(body).toMatchObject({ token_type: 'Bearer', expires_in: 600 });
      expect(await use(body['access_token'] ?? '')).toMatchObject({ status: 200 });
    },
  );

  test('an access token is one of RFC 9068, and whoever has the published keys can verify it', async () => {
    const key = await world.makeKey();
    const { access_token } = toPair(await world.post(TOKEN, { form: CLIENT, headers: ['api-key', key.key] }));
    const [head = '', payload = '', signature = ''] = access_token.split('.');
    const { kid, ...header } = decode(head);
    expect(header).toEqual({ typ: 'at+jwt', alg: 'EdDSA' });
    const now = Math.floor(world.clock.now().wallMs / 1_000);
    expect(decode(payload)).toMatchObject({
      iss: ISSUER,
      aud: ISSUER,
      sub: key.account,
      client_id: key.id,
      iat: now,
      exp: now + 600,
    });
    const published = await world.get('/.well-known/jwks.json');
    expect(published.status).toBe(200);
    expect(published.headers).toMatchObject({
      'content-type': 'application/jwk-set+json',
      'cache-control': 'public, max-age=300',
    });
    const { keys } = JSON.parse(published.body) as { keys: Record<string, string>[] };
    for (const jwk of keys) expect(Object.keys(jwk).sort()).toEqual(['alg', 'crv', 'kid', 'kty', 'use', 'x']);
    const jwk = keys.find((each) => each['kid'] === kid) ?? {};
    const signed = Buffer.from(`${head}.${payload}`);
    const publicKey = createPublicKey({ key: jwk, format: 'jwk' });
    expect(verify(null, signed, publicKey, Buffer.from(signature, 'base64url'))).toBe(true);
  });

  test('the metadata say where everything is (RFC 8414), and all of it is there', async () => {
    const answered = await world.get('/.well-known/oauth-authorization-server');
    expect(answered.status).toBe(200);
    expect(answered.headers['content-type']).toBe('application/json');
    expect(JSON.parse(answered.body)).toEqual({
      issuer: ISSUER,
      token_endpoint: `${ISSUER}/oauth/token`,
      token_endpoint_auth_methods_supported: ['client_secret_basic', 'client_secret_post', 'none'],
      revocation_endpoint: `${ISSUER}/oauth/revoke`,
      revocation_endpoint_auth_methods_supported: ['client_secret_basic', 'client_secret_post', 'none'],
      jwks_uri: `${ISSUER}/.well-known/jwks.json`,
      grant_types_supported: ['client_credentials', 'refresh_token'],
      response_types_supported: [],
    });
  });

  test('a refresh token of the API’s own exchange is one here too, for its own client', async () => {
    const key = await world.makeKey();
    const other = await world.makeKey();
    const pair = toPair(await world.post('/v1/auth/token', { headers: ['api-key', key.key] }));
    const form = { grant_type: 'refresh_token', refresh_token: pair.refresh_token };
    expect(await errorOf(TOKEN, { form, headers: basic(other.id, other.key) })).toMatchObject({
      status: 400,
      error: 'invalid_grant',
    });
    expect(await errorOf(TOKEN, { form: { ...form, client_id: other.id } })).toMatchObject({
      status: 400,
      error: 'invalid_grant',
    });
    const next = toPair(await world.post(TOKEN, { form, headers: basic(key.id, key.key) }));
    const third = toPair(await world.post(TOKEN, { form: { ...form, refresh_token: next.refresh_token } }));
    expect(await use(third.access_token)).toMatchObject({ status: 200 });
    world.clock.advance(11_000);
    expect(await errorOf(TOKEN, { form })).toEqual({
      status: 400,
      error: 'invalid_grant',
      challenge: undefined,
    });
    expect(await use(third.access_token)).toMatchObject({ status: 401 });
  });

  test.each([
    ['refresh_token', 'refresh_token'],
    ['access_token', 'access_token'],
    ['refresh_token', 'access_token'],
  ] as const)('a revoked %s with the hint %s takes its whole session with it', async (kind, hint) => {
    const key = await world.makeKey();
    const pair = toPair(await world.post('/v1/auth/token', { headers: ['api-key', key.key] }));
    const form = { token: pair[kind], token_type_hint: hint };
    expect(await world.post(REVOKE, { form, headers: basic(key.id, key.key) })).toMatchObject({
      status: 200,
    });
    expect(await use(pair.access_token)).toMatchObject({ status: 401 });
    const refresh = { grant_type: 'refresh_token', refresh_token: pair.refresh_token };
    expect(await errorOf(TOKEN, { form: refresh })).toMatchObject({ error: 'invalid_grant' });
    expect(await world.post(REVOKE, { form })).toMatchObject({ status: 200 });
  });

  test('of a client that says who it is, no other client’s token is revoked (RFC 7009 §2.1), unless it shows a key of the same account', async () => {
    const owner = await world.makeKey();
    const other = await world.makeKey();
    const pair = toPair(await world.post('/v1/auth/token', { headers: ['api-key', owner.key] }));
    for (const token of [pair.refresh_token, pair.access_token]) {
      const named = { form: { token, client_id: other.id } };
      for (const sent of [named, { form: { token }, headers: basic(other.id, other.key) }]) {
        expect(await errorOf(REVOKE, sent)).toEqual({
          status: 400,
          error: 'invalid_grant',
          challenge: undefined,
        });
      }
    }
    expect(await use(pair.access_token)).toMatchObject({ status: 200 });
    const own = { token: pair.access_token, client_id: owner.id };
    expect(await world.post(REVOKE, { form: own })).toMatchObject({ status: 200 });
    expect(await use(pair.access_token)).toMatchObject({ status: 401 });
    const rotated = toPair(await world.post('/v1/auth/token', { headers: ['api-key', owner.key] }));
    const { api, account } = owner;
    const next = await world.app.operations.createKey({ api, account, name: 'Next' });
    const shown = { form: { token: rotated.access_token }, headers: basic(next.id, next.key) };
    expect(await world.post(REVOKE, shown)).toMatchObject({ status: 200 });
    expect(await use(rotated.access_token)).toMatchObject({ status: 401 });
  });

  test('revoking what is no token of ours is no mistake, and ends nothing (RFC 7009 §2.2)', async () => {
    const { access_token } = toPair(
      await world.post('/v1/auth/token', { headers: ['api-key', (await world.makeKey()).key] }),
    );
    const [head = '', payload = ''] = access_token.split('.');
    for (const token of ['nonsense', `${head}.${payload}.AAAA`, 'x'.repeat(16_000)]) {
      expect(await world.post(REVOKE, { form: { token } })).toMatchObject({ status: 200, body: '{}' });
    }
    expect(await use(access_token)).toMatchObject({ status: 200 });
  });

  test.each<[string, Sent, string]>([
    ['no grant type', { form: {} }, 'invalid_request'],
    ['an empty grant type', { form: { grant_type: '' } }, 'invalid_request'],
    ['an unknown grant type', { form: { grant_type: 'password' } }, 'unsupported_grant_type'],
    ['a grant type of every object', { form: { grant_type: 'constructor' } }, 'unsupported_grant_type'],
    ['a refresh without a token', { form: { grant_type: 'refresh_token' } }, 'invalid_request'],
    ['a wrong refresh token', { form: { grant_type: 'refresh_token', refresh_token: 'a' } }, 'invalid_grant'],
    ['an unknown scope', { form: { ...CLIENT, scope: 'everything' } }, 'invalid_scope'],
    ['parameters twice', { body: 'grant_type=a&grant_type=b', headers: FORM_TYPE }, 'invalid_request'],
    ['plain text', { body: 'grant_type=a', headers: ['content-type', 'text/plain'] }, 'invalid_request'],
    ['too much', { form: { grant_type: 'a'.repeat(17_000) } }, 'invalid_request'],
  ])('with %s the error is one of RFC 6749 §5.2', async (_name, sent, error) => {
    expect(await errorOf(TOKEN, sent)).toEqual({ status: 400, error, challenge: undefined });
  });

  test('a client shows its key in one way', async () => {
    const { id, key } = await world.makeKey();
    const secret = { ...CLIENT, client_id: id, client_secret: key };
    for (const sent of [
      { form: secret, headers: basic(id, key) },
      { form: secret, headers: ['api-key', key] },
      { form: CLIENT, headers: [...basic(id, key), 'api-key', key] },
      { form: { ...CLIENT, client_id: 'another' }, headers: basic(id, key) },
    ]) {
      expect((await errorOf(TOKEN, sent)).error).toBe('invalid_request');
    }
  });

  test('a client is known by both, its name and its key', async () => {
    const mine = await world.makeKey();
    const other = await world.makeKey();
    for (const headers of [
      basic(other.id, mine.key),
      basic('', mine.key),
      basic(mine.id, ''),
      basic(mine.id, `${mine.key} `),
      [...basic(mine.id, mine.key), ...basic(mine.id, mine.key)],
      ['authorization', 'Basic'],
      ['authorization', 'Basic !!!'],
      ['api-key', 'wrong'],
    ]) {
      world.clock.advance(60_000);
      expect(await errorOf(TOKEN, { form: CLIENT, headers })).toEqual(WRONG_CLIENT);
    }
    const named = { ...CLIENT, client_id: other.id };
    expect(await errorOf(TOKEN, { form: named, headers: ['api-key', mine.key] })).toEqual(WRONG_CLIENT);
    expect(await errorOf(TOKEN, { form: CLIENT })).toEqual(WRONG_CLIENT);
    expect(await errorOf(TOKEN, { form: { ...CLIENT, client_id: mine.id } })).toEqual(WRONG_CLIENT);
    expect(await errorOf(REVOKE, { form: { token: 'a' }, headers: basic(mine.id, 'wrong') })).toEqual(
      WRONG_CLIENT,
    );
  });

  test('a client’s key is judged as everywhere: address, standing, revocation, its own kind', async () => {
    const elsewhere = await world.makeKey({ allowIps: ['203.0.113.0/24'] });
    const forged = ['x-gateway-peer', '203.0.113.7', 'x-forwarded-for', '203.0.113.7'];
    expect(
      await errorOf(TOKEN, { form: CLIENT, headers: [...basic(elsewhere.id, elsewhere.key), ...forged] }),
    ).toMatchObject({ status: 400, error: 'unauthorized_client' });
    const suspended = await world.makeKey();
    await world.app.operations.setAccount(
      { api: 'freddy', id: suspended.account },
      { standing: 'suspended' },
    );
    expect(await errorOf(TOKEN, { form: CLIENT, headers: basic(suspended.id, suspended.key) })).toEqual(
      WRONG_CLIENT,
    );
    const revoked = await world.makeKey();
    await world.app.operations.revokeKey(revoked);
    expect(await errorOf(TOKEN, { form: CLIENT, headers: basic(revoked.id, revoked.key) })).toEqual(
      WRONG_CLIENT,
    );
    const key = await world.makeKey();
    const pair = toPair(await world.post('/v1/auth/token', { headers: ['api-key', key.key] }));
    expect(await errorOf(TOKEN, { form: CLIENT, headers: basic(key.id, pair.access_token) })).toEqual(
      WRONG_CLIENT,
    );
    expect(await errorOf(TOKEN, { form: CLIENT, headers: basic(key.id, pair.refresh_token) })).toEqual(
      WRONG_CLIENT,
    );
  });

  test('who guesses is told to wait, while a right key and a right token from there pass', async () => {
    world.clock.advance(60_000);
    const key = await world.makeKey();
    const pair = toPair(await world.post('/v1/auth/token', { headers: ['api-key', key.key] }));
    const guesses: Sent[] = [
      { form: CLIENT, headers: basic(key.id, 'wrong') },
      { form: { grant_type: 'refresh_token', refresh_token: 'wrong' } },
    ];
    for (let count = 0; count < 20; count += 1) {
      expect((await errorOf(TOKEN, guesses[count % 2] ?? {})).status).not.toBe(429);
    }
    for (const guess of guesses) {
      const answered = await world.post(TOKEN, guess);
      expect(answered.status).toBe(429);
      expect(answered.headers['retry-after']).toBe('60');
    }
    const own = await world.post('/v1/auth/token', { headers: ['api-key', 'wrong'] });
    expect(own.status).toBe(429);
    expect(own.body).toBe('{"error":{"code":"rate_limit_exceeded","message":"Rate limit exceeded"}}');
    expect(own.headers['retry-after']).toBe('60');
    expect(await world.post(TOKEN, { form: CLIENT, headers: basic(key.id, key.key) })).toMatchObject({
      status: 200,
    });
    const refresh = { grant_type: 'refresh_token', refresh_token: pair.refresh_token };
    expect(await world.post(TOKEN, { form: refresh })).toMatchObject({ status: 200 });
    expect(await world.get('/v1/models', ['api-key', key.key])).toMatchObject({ status: 200 });
    world.clock.advance(60_000);
    expect((await errorOf(TOKEN, guesses[0] ?? {})).status).toBe(401);
  });

  test('each endpoint has its methods and says which', async () => {
    for (const target of [TOKEN, REVOKE]) {
      const answered = await world.post(target, { method: 'GET' });
      expect(answered.status).toBe(405);
      expect(answered.headers['allow']).toBe('POST');
      expect(JSON.parse(answered.body)).toMatchObject({ error: 'invalid_request' });
    }
    for (const target of ['/.well-known/jwks.json', '/.well-known/oauth-authorization-server']) {
      const answered = await world.post(target);
      expect(answered.status).toBe(405);
      expect(answered.headers['allow']).toBe('GET, HEAD');
      expect(await world.post(target, { method: 'HEAD' })).toMatchObject({ status: 200, body: '' });
    }
  });

  test('the keys for tokens to come are published before they sign', async () => {
    const kids = async (): Promise<unknown[]> => {
      const { body } = await world.get('/.well-known/jwks.json');
      return (JSON.parse(body) as { keys: { kid: string }[] }).keys.map(({ kid }) => kid);
    };
    const before = await kids();
    await world.app.operations.rotateSigningKey({ api: 'freddy' });
    const after = await kids();
    expect(after).toHaveLength(before.length + 1);
    expect(after).toEqual(expect.arrayContaining(before));
    const key = await world.makeKey();
    const { access_token } = toPair(await world.post(TOKEN, { form: CLIENT, headers: ['api-key', key.key] }));
    expect(before).toContain(decode(access_token.split('.')[0] ?? '')['kid']);
  });

  test('a signing key in the place of all others ends the tokens of before at the next check, known or not', async () => {
    const grant = async () => {
      const { key } = await world.makeKey();
      return toPair(await world.post(TOKEN, { form: CLIENT, headers: ['api-key', key] })).access_token;
    };
    const [seen, unseen] = [await grant(), await grant()];
    expect(await use(seen)).toMatchObject({ status: 200 });
    await world.app.operations.rotateSigningKey({ api: 'freddy', start: 'at_once' });
    for (const token of [seen, unseen]) expect(await use(token)).toMatchObject({ status: 401 });
    expect(await use(await grant())).toMatchObject({ status: 200 });
  });

  test('nothing of this was an outage or a bug', () => {
    expect(world.errors).toEqual([]);
  });
});
