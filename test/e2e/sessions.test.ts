import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { CreatedKey } from '../../src/domain/operations.ts';
import { partTitle, requirePart } from '../parts.ts';
import { bearer, startSessionWorld, toPair } from './session-world.ts';
import type { Pair, SessionWorld } from './session-world.ts';

const part = await requirePart('envoy');
const refusal = (message: string) => `{"error":{"code":"unauthorized","message":"${message}"}}`;
const WRONG = refusal('Invalid API key');
const BAD = '{"error":{"code":"bad_request","message":"Bad request"}}';
const TOKEN = '/v1/auth/token';
const REFRESH = '/v1/auth/refresh';
const LOGOUT = '/v1/auth/logout';

describe.skipIf('missing' in part)(partTitle('sessions, through a real Envoy', part), () => {
  let world: SessionWorld;

  beforeAll(async () => {
    world = await startSessionWorld('found' in part ? part.found : '');
  });

  afterAll(async () => {
    await world?.stop();
  });

  const exchange = async ({ key }: CreatedKey): Promise<Pair> =>
    toPair(await world.post(TOKEN, { headers: ['api-key', key] }));
  const refresh = (pair: Pair) => world.post(REFRESH, { json: { refresh_token: pair.refresh_token } });
  const use = (pair: Pair) => world.get('/v1/models', bearer(pair.access_token));

  test('a key becomes a pair of tokens, told in the fields of the page and kept by nobody', async () => {
    const key = await world.makeKey();
    const answered = await world.post(TOKEN, { headers: ['api-key', key.key] });
    expect(answered.status).toBe(200);
    expect(answered.headers).toMatchObject({
      'content-type': 'application/json',
      'cache-control': 'no-store',
    });
    const pair = toPair(answered);
    expect(Object.keys(pair)).toEqual(['access_token', 'token_type', 'expires_in', 'refresh_token']);
    expect(pair).toMatchObject({ token_type: 'Bearer', expires_in: 600 });
    expect(await use(pair)).toMatchObject({ status: 200 });
  });

  test('the upstream is told whose session it is, as of the key itself', async () => {
    const key = await world.makeKey();
    const { body } = await use(await exchange(key));
    expect(body).toContain(key.account);
    expect(body).toContain(key.id);
  });

  test('an access token ends at its time, and the refresh token buys the next', async () => {
    const pair = await exchange(await world.makeKey());
    world.clock.advance(606_000);
    expect(await use(pair)).toMatchObject({ status: 401, body: WRONG });
    const next = toPair(await refresh(pair));
    expect(next.refresh_token).not.toBe(pair.refresh_token);
    expect(await use(next)).toMatchObject({ status: 200 });
  });

  test('a refresh whose answer was lost is answered again, once, with the same pair', async () => {
    const pair = await exchange(await world.makeKey());
    const next = toPair(await refresh(pair));
    world.clock.advance(9_000);
    expect(toPair(await refresh(pair)).refresh_token).toBe(next.refresh_token);
    expect(await use(next)).toMatchObject({ status: 200 });
    expect(await refresh(pair)).toMatchObject({ status: 401, body: WRONG });
    expect(await use(next)).toMatchObject({ status: 401, body: WRONG });
    expect(await refresh(next)).toMatchObject({ status: 401, body: WRONG });
  });

  test('a used refresh token that comes later was stolen: its whole session is dead at once', async () => {
    const pair = await exchange(await world.makeKey());
    const next = toPair(await refresh(pair));
    world.clock.advance(11_000);
    expect(await refresh(pair)).toMatchObject({ status: 401 });
    expect(await use(next)).toMatchObject({ status: 401 });
    expect(await refresh(next)).toMatchObject({ status: 401 });
  });

  test.each([
    ['the refresh token', (pair: Pair) => ({ json: { refresh_token: pair.refresh_token } })],
    ['the refresh token in a form', (pair: Pair) => ({ form: { refresh_token: pair.refresh_token } })],
    ['the access token', (pair: Pair) => ({ headers: bearer(pair.access_token) })],
  ])('a logout with %s ends both at the very next request', async (_name, sent) => {
    const pair = await exchange(await world.makeKey());
    expect(await use(pair)).toMatchObject({ status: 200 });
    const answered = await world.post(LOGOUT, sent(pair));
    expect(answered).toMatchObject({ status: 204, body: '' });
    expect(answered.headers['cache-control']).toBe('no-store');
    expect(await use(pair)).toMatchObject({ status: 401, body: WRONG });
    expect(await refresh(pair)).toMatchObject({ status: 401, body: WRONG });
  });

  test('a logout with what is no token says the same, and one with nothing what is missing', async () => {
    expect(await world.post(LOGOUT, { json: { refresh_token: 'nonsense' } })).toMatchObject({ status: 204 });
    expect(await world.post(LOGOUT, { headers: bearer('a.b.c') })).toMatchObject({ status: 204 });
    const nothing = await world.post(LOGOUT);
    expect(nothing).toMatchObject({ status: 401, body: refusal('Missing authentication') });
  });

  test('a revoked key and a suspended account take their sessions with them', async () => {
    const key = await world.makeKey();
    const pair = await exchange(key);
    await world.app.operations.revokeKey(key);
    expect(await use(pair)).toMatchObject({ status: 401 });
    expect(await refresh(pair)).toMatchObject({ status: 401 });

    const other = await world.makeKey();
    const suspended = await exchange(other);
    const account = { api: 'freddy', id: other.account };
    await world.app.operations.setAccount(account, { standing: 'suspended' });
    expect(await use(suspended)).toMatchObject({ status: 401 });
    expect(await world.post(TOKEN, { headers: ['api-key', other.key] })).toMatchObject({
      status: 401,
      body: refusal('Account suspended'),
    });
    await world.app.operations.setAccount(account, { standing: 'ok' });
    expect(await use(suspended)).toMatchObject({ status: 401 });
    expect(await exchange(other)).toHaveProperty('access_token');
  });

  test('a session has the key’s addresses and no others', async () => {
    const here = await exchange(await world.makeKey({ allowIps: ['127.0.0.1'] }));
    expect(await use(here)).toMatchObject({ status: 200 });
    const elsewhere = await world.makeKey({ allowIps: ['203.0.113.0/24'] });
    const forged = ['x-gateway-peer', '203.0.113.7', 'x-forwarded-for', '203.0.113.7'];
    const answered = await world.post(TOKEN, { headers: ['api-key', elsewhere.key, ...forged] });
    expect(answered).toMatchObject({
      status: 403,
      body: '{"error":{"code":"forbidden","message":"Insufficient permissions"}}',
    });
  });

  test('no session begets another, and no refresh token opens the API', async () => {
    const key = await world.makeKey();
    const pair = await exchange(key);
    expect(await world.post(TOKEN, { headers: bearer(pair.access_token) })).toMatchObject({ status: 401 });
    expect(await world.post(TOKEN, { headers: ['api-key', pair.access_token] })).toMatchObject({
      status: 401,
    });
    expect(
      await world.post(TOKEN, { headers: ['api-key', key.key, ...bearer(pair.access_token)] }),
    ).toMatchObject({ status: 401, body: WRONG });
    expect(await world.get('/v1/models', bearer(pair.refresh_token))).toMatchObject({ status: 401 });
    expect(await world.get('/v1/models', ['api-key', pair.refresh_token])).toMatchObject({ status: 401 });
    const access = { ...pair, refresh_token: pair.access_token };
    expect(await refresh(access)).toMatchObject({ status: 401, body: WRONG });
  });

  test.each([
    ['no key', [], refusal('Missing authentication')],
    ['an empty key', ['api-key', ''], refusal('Missing authentication')],
    ['an unknown key', ['api-key', 'fr_qkJaB6MffYVzZXWqmcoF49yrUxP3wf0LsakP'], WRONG],
    ['two keys', ['api-key', 'one', 'api-key', 'two'], WRONG],
  ])('%s is refused in the API’s words', async (_name, headers, body) => {
    const answered = await world.post(TOKEN, { headers });
    expect(answered).toMatchObject({ status: 401, body });
    expect(answered.headers).toMatchObject({
      'cache-control': 'no-store',
      'www-authenticate': 'Bearer realm="freddy"',
    });
  });

  test.each([TOKEN, REFRESH, LOGOUT])('%s is there for POST alone, and says so', async (target) => {
    for (const method of ['GET', 'PUT', 'DELETE', 'OPTIONS', 'PATCH']) {
      const answered = await world.post(target, { method });
      expect(answered).toMatchObject({ status: 405, body: BAD });
      expect(answered.headers['allow']).toBe('POST');
    }
    const head = await world.post(target, { method: 'HEAD' });
    expect(head).toMatchObject({ status: 405, body: '' });
  });

  const type = (text: string) => ['content-type', text];
  const JSON_TYPE = type('application/json');
  const FORM_TYPE = type('application/x-www-form-urlencoded');
  test.each([
    ['plain text, which a page of anybody could send', type('text/plain'), '{"refresh_token":"a"}'],
    ['parts, likewise', type('multipart/form-data; boundary=a'), '--a--'],
    ['no type', [], '{"refresh_token":"a"}'],
    ['two types', [...JSON_TYPE, ...JSON_TYPE], '{"refresh_token":"a"}'],
    ['another charset', type('application/json; charset=utf-16'), '{"refresh_token":"a"}'],
    ['compression', [...JSON_TYPE, 'content-encoding', 'gzip'], '{"refresh_token":"a"}'],
    ['no JSON', JSON_TYPE, '{"refresh_token":"a"'],
    ['a list', JSON_TYPE, '["refresh_token"]'],
    ['a number', JSON_TYPE, '{"refresh_token":1}'],
    ['a nested member', JSON_TYPE, '{"refresh_token":"a","b":{"c":"d"}}'],
    ['a member twice', JSON_TYPE, '{"refresh_token":"a","refresh_token":"b"}'],
    ['a member twice, one escaped', JSON_TYPE, String.raw`{"refresh_token":"a","refresh\u005ftoken":"b"}`],
    ['a field twice', FORM_TYPE, 'refresh_token=a&refresh_token=b'],
    ['a field twice, one empty', FORM_TYPE, 'refresh_token=a&refresh_token='],
    ['a broken escape', FORM_TYPE, 'refresh_token=%zz'],
    ['an escape of no UTF-8', FORM_TYPE, 'refresh_token=%ff'],
    ['no UTF-8', JSON_TYPE, Uint8Array.of(0x22, 0xff, 0x22)],
    ['too much', FORM_TYPE, `refresh_token=${'a'.repeat(17_000)}`],
    ['much too much', FORM_TYPE, 'a'.repeat(2_000_000)],
  ])('a body with %s is refused', async (_name, headers, body) => {
    expect(await world.post(REFRESH, { headers, body })).toMatchObject({ status: 400, body: BAD });
  });

  test('what stands in the query is never a token', async () => {
    const pair = await exchange(await world.makeKey());
    const target = `${REFRESH}?refresh_token=${pair.refresh_token}`;
    expect(await world.post(target)).toMatchObject({ status: 400, body: BAD });
    expect(await use(pair)).toMatchObject({ status: 200 });
  });

  test('line ends in a token break no header, and names of prototypes are parameters like any other', async () => {
    const broken = await world.post(REFRESH, { form: { refresh_token: 'a\r\nx-injected: 1' } });
    expect(broken).toMatchObject({ status: 401, body: WRONG });
    expect(broken.headers).not.toHaveProperty('x-injected');
    for (const name of ['__proto__', 'constructor', 'toString']) {
      expect(await world.post(REFRESH, { body: `{"${name}":"a"}`, headers: JSON_TYPE })).toMatchObject({
        status: 401,
        body: refusal('Missing authentication'),
      });
    }
  });

  test('a body that does not end holds up nobody', async () => {
    const slow = connect(Number(new URL(world.envoy.baseUrl).port), '127.0.0.1');
    slow.on('error', () => undefined);
    const head = `POST ${REFRESH} HTTP/1.1\r\nhost: api.freddy.aitronos.com\r\ncontent-length: 100\r\n`;
    slow.write(`${head}content-type: application/json\r\n\r\n{"refresh_token":"`);
    const pair = await exchange(await world.makeKey());
    expect(toPair(await refresh(pair))).toHaveProperty('access_token');
    slow.destroy();
    expect(await use(pair)).toMatchObject({ status: 200 });
  });

  test('beside the endpoints nothing is open: every other path is checked', async () => {
    for (const target of [`${TOKEN}/more`, '/v1/auth/tokens', '/v1/auth', '/v1/auth/token%2f']) {
      expect((await world.post(target)).status).not.toBe(200);
    }
    expect(await world.post('/v1/auth/tokens')).toMatchObject({
      status: 401,
      body: refusal('Missing authentication'),
    });
  });

  test('nothing of this was an outage or a bug', () => {
    expect(world.errors).toEqual([]);
  });
});
