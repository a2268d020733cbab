import { once } from 'node:events';
import { request as httpRequest } from 'node:http';
import type { IncomingMessage } from 'node:http';
import { describe, expect, test } from 'vitest';
import { createAdminApp } from '../../../../src/hub/admin/app.ts';
import { BODY_BYTES_MAX } from '../../../../src/hub/admin/body.ts';
import { ROUTES } from '../../../../src/hub/admin/routes.ts';
import { DependencyDown } from '../../../../src/ports.ts';
import { START_MS, expectRefused } from '../operations/world.ts';
import { createAdminWorld, findAnswerFaults, readDescription } from './world.ts';
import type { AdminWorld, Answered } from './world.ts';

const REQUEST_ID = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}$/;

interface Layer {
  readonly route?: { readonly path: string; readonly stack: readonly { readonly method?: string }[] };
}

/** Every method of every path, read from the router itself. */
function listRouted(): readonly { readonly method: string; readonly path: string }[] {
  const app = createAdminApp({
    operations: () => expect.fail('nothing is asked'),
    findOperator: async () => undefined,
    recordFailure: async () => undefined,
    clock: { now: () => ({ wallMs: 0, monotonicMs: 0 }) },
    newRequestId: () => '',
    onBug: () => undefined,
  });
  return (app.router.stack as unknown as readonly Layer[]).flatMap(({ route }) =>
    (route?.stack ?? []).flatMap(({ method }) =>
      method === undefined ? [] : [{ method: method.toUpperCase(), path: route?.path ?? '' }],
    ),
  );
}

const routed = listRouted();
const fill = (path: string): string =>
  path
    .replace(':api', 'track')
    .replace(':account', 'acme')
    .replace(':key', 'key_0123456789abcdef01234567')
    .replace(':session', 'ses_0123456789abcdef01234567');

describe('every route of the router', () => {
  test('is one of the table, and there is one for each', () => {
    const described = ROUTES.map(({ method, path }) => `${method.toUpperCase()} ${path}`);
    const found = routed.map(({ method, path }) => `${method} ${path.replaceAll(/:(\w+)/g, '{$1}')}`);
    expect(found.sort()).toEqual([...described, 'GET /openapi.json'].sort());
  });

  test('is closed to whoever has no token, a wrong one, a revoked one, an API key, or two', async () => {
    const world = await createAdminWorld();
    await world.operations.revokeOperator('reader');
    await world.operations.createAccount({ api: 'track', id: 'acme' });
    const { key } = await world.operations.createKey({ api: 'track', account: 'acme', name: 'a key' });
    const wrong = world.token.write.replace(/.$/, (last) => (last === 'a' ? 'b' : 'a'));
    const shown: readonly (readonly string[])[] = [
      [],
      ['authorization', `Bearer ${wrong}`],
      ['authorization', `Bearer ${world.token.read}`],
      ['authorization', `Bearer ${key}`],
      ['authorization', `Basic ${Buffer.from(`ops:${world.token.write}`).toString('base64')}`],
      ['authorization', world.token.write],
      ['authorization', `Bearer ${world.token.write}`, 'authorization', `Bearer ${world.token.write}`],
      ['x-api-key', world.token.write],
      ['cookie', `token=${world.token.write}`],
    ];
    for (const { method, path } of [
      ...routed,
      { method: 'GET', path: '/nowhere' },
      { method: 'DELETE', path: '/' },
    ]) {
      for (const headers of shown) {
        world.advance(60_000);
        const answered = await world.ask(fill(path), { method, headers });
        expect(answered, `${method} ${path}`).toMatchObject({
          status: 401,
          body: { code: 'unauthenticated' },
        });
        expect(answered.headers['www-authenticate']).toMatch(/^Bearer realm="tollgate-admin"/);
      }
    }
  });

  test('is closed to whoever is revoked while the body is on its way', async () => {
    const { promise: entered, resolve: enter } = Promise.withResolvers<void>();
    let operator: { readonly name: string; readonly role: 'write' } | undefined = {
      name: 'slow',
      role: 'write',
    };
    const world = await createAdminWorld({
      async findOperator() {
        enter();
        return operator;
      },
    });
    const body = JSON.stringify({ id: 'acme' });
    const sent = httpRequest({
      port: world.port,
      method: 'POST',
      path: '/v1/apis/track/accounts',
      headers: {
        authorization: 'Bearer slow',
        'content-length': body.length,
        'content-type': 'application/json',
      },
    });
    sent.flushHeaders();
    await entered;
    operator = undefined;
    sent.end(body);
    const [response] = (await once(sent, 'response')) as [IncomingMessage];
    expect(response.resume().statusCode).toBe(401);
    await expectRefused(world.operations.showAccount({ api: 'track', id: 'acme' }), 'not_found', /acme/);
  });

  test.each(routed)(
    '$method $path lets in the roles that may use it, and no other',
    async ({ method, path }) => {
      const world = await createAdminWorld();
      const looks = method === 'GET';
      for (const role of ['read', 'write'] as const) {
        const answered = await world.ask(fill(path), {
          method,
          token: world.token[role],
          ...(looks ? {} : { body: {} }),
        });
        if (role === 'write' || looks) {
          expect([401, 403, 405], role).not.toContain(answered.status);
        } else {
          expect(answered, role).toMatchObject({ status: 403, body: { code: 'forbidden' } });
          expect(answered.headers['www-authenticate']).toContain('insufficient_scope');
        }
      }
      expect(world.bugs).toEqual([]);
    },
  );

  test('understands no method but its own, and says which those are', async () => {
    const world = await createAdminWorld();
    for (const path of new Set(routed.map((each) => each.path))) {
      const own = routed.filter((each) => each.path === path).map(({ method }) => method);
      const understood = own.includes('GET') ? [...own, 'HEAD'] : own;
      for (const method of ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']) {
        if (understood.includes(method)) continue;
        const answered = await world.ask(fill(path), { method, token: world.token.write });
        expect(answered, `${method} ${path}`).toMatchObject({
          status: 405,
          body: { code: 'method_not_allowed' },
        });
        expect(answered.headers.allow?.split(', ').sort()).toEqual(understood.toSorted());
      }
      for (const method of ['TRACE', 'PROPFIND', 'SEARCH']) {
        expect(await world.ask(fill(path), { method, token: world.token.write })).toMatchObject({
          status: 501,
        });
      }
    }
  });
});

describe('the description', () => {
  test('has every route of the router, and no other', async () => {
    const { paths } = await readDescription(await createAdminWorld());
    const described = Object.entries(paths).flatMap(([path, operations]) =>
      Object.keys(operations).map((method) => `${method.toUpperCase()} ${path}`),
    );
    const found = routed.map(({ method, path }) => `${method} ${path.replaceAll(/:(\w+)/g, '{$1}')}`);
    expect(described.sort()).toEqual(found.toSorted());
  });

  test('is kept by the answer of every route, done or refused', async () => {
    const world = await createAdminWorld();
    const described = await readDescription(world);
    const kept = new Set<string>();
    const check = (method: string, path: string, answered: Answered): Answered => {
      const operation = described.paths[path]?.[method];
      if (operation === undefined) throw new Error(`${method} ${path} is not described`);
      expect(findAnswerFaults(described, operation, answered), `${method} ${path} ${answered.text}`).toEqual(
        [],
      );
      if (answered.status < 300) kept.add(`${method} ${path}`);
      return answered;
    };
    const go = async (method: string, path: string, body?: unknown, filled = path): Promise<Answered> =>
      check(
        method,
        path,
        await world.write(
          method.toUpperCase(),
          filled.replace('{api}', 'track').replace('{account}', 'acme'),
          body,
        ),
      );

    const account = '/v1/apis/{api}/accounts/{account}';
    await go('post', '/v1/apis/{api}/accounts', { id: 'acme', tier: 'free', credits: 5 });
    await go('post', '/v1/apis/{api}/accounts', { id: 'acme' });
    await go('post', '/v1/apis/{api}/accounts', { id: 7, colour: 'red' });
    await go('get', account);
    await go('patch', account, { tier: 'pro', trial_ends: '2027-01-01T00:00:00Z' });
    await go('patch', account, { tier: 'gold' });
    await go('put', `${account}/standing`, { standing: 'suspended' });
    await go('put', `${account}/standing`, { standing: 'ok' });
    await go('post', `${account}/grants`, { credits: 100, ref: 'invoice-17' });
    const made = await go('post', '/v1/apis/{api}/keys', {
      account: 'acme',
      name: 'Production App',
      role: 'admin',
      allow_ips: ['203.0.113.0/24'],
      limits: ['10/minute'],
      expires_at: '2027-01-01T00:00:00Z',
    });
    const key = '/v1/apis/{api}/keys/{key}';
    const at = (path: string): string => path.replace('{key}', String(made.body['id']));
    await go('get', '/v1/apis/{api}/keys', undefined, '/v1/apis/{api}/keys?account=acme&limit=1');
    await go('get', '/v1/apis/{api}/keys', undefined, '/v1/apis/{api}/keys?limit=501');
    await go('get', key, undefined, at(key));
    await go('patch', key, { name: 'Renamed', role: null, allow_ips: null, expires_at: null }, at(key));
    await go('post', `${key}/rotations`, { overlap_seconds: 60 }, at(`${key}/rotations`));
    const session = { api: 'track', id: 'ses_0123456789abcdef01234567', key: String(made.body['id']) };
    const times = { atMs: START_MS, expiresMs: START_MS + 1_000, diesMs: START_MS + 1_000 };
    await world.store.writes.insertSession({ ...session, ...times, refresh: null });
    await go('get', '/v1/apis/{api}/sessions');
    await go('get', '/v1/apis/{api}/sessions', undefined, '/v1/apis/{api}/sessions?key=nobody');
    const sessionPath = '/v1/apis/{api}/sessions/{session}';
    await go('get', sessionPath, undefined, sessionPath.replace('{session}', session.id));
    await go('get', sessionPath, undefined, sessionPath.replace('{session}', 'ses_1'));
    await go('post', '/v1/apis/{api}/session-revocations', { session: session.id });
    await go('post', '/v1/apis/{api}/session-revocations', { session: session.id, account: 'acme' });
    await go('get', sessionPath, undefined, sessionPath.replace('{session}', session.id));
    await go('post', '/v1/apis/{api}/signing-keys', {});
    await go('post', '/v1/apis/{api}/signing-keys', {});
    await go('post', '/v1/apis/{api}/signing-keys', { start: 'at_once' });
    await go('post', '/v1/apis/{api}/signing-keys', { start: 'never' });
    await go('get', '/v1/apis/{api}/signing-keys');
    await go('put', `${key}/revocation`, undefined, at(`${key}/revocation`));
    await go('post', `${key}/rotations`, {}, at(`${key}/rotations`));
    await go('get', '/v1/audit');
    await go('get', '/openapi.json');
    expect([...kept].sort()).toEqual(
      routed
        .map(({ method, path }) => `${method.toLowerCase()} ${path.replaceAll(/:(\w+)/g, '{$1}')}`)
        .sort(),
    );
    expect(world.bugs).toEqual([]);
  });
});

describe('accounts', () => {
  test('are created, and shown where the answer says', async () => {
    const world = await createAdminWorld();
    const made = await world.write('POST', '/v1/apis/track/accounts', {
      id: 'a@b.c',
      tier: 'pro',
      credits: 7,
    });
    expect(made.status).toBe(201);
    expect(made.headers.location).toBe('/v1/apis/track/accounts/a%40b.c');
    const shown = await world.ask(made.headers.location ?? '', { token: world.token.read });
    expect(shown).toMatchObject({
      status: 200,
      body: { id: 'a@b.c', api: 'track', tier: 'pro', credits: { purchased: 7 } },
    });
    expect(shown.body).toEqual(made.body);
    const again = await world.write('POST', '/v1/apis/track/accounts', { id: 'a@b.c' });
    expect(again).toMatchObject({ status: 409, body: { code: 'conflict' } });
  });

  test('keep what a change does not name, and are suspended and resumed', async () => {
    const world = await createAdminWorld();
    await world.operations.createAccount({ api: 'track', id: 'acme', tier: 'free' });
    expect(await world.write('PATCH', '/v1/apis/track/accounts/acme', { tier: 'pro' })).toMatchObject({
      status: 200,
      body: { tier: 'pro', standing: 'ok', billing: 'active' },
    });
    for (const standing of ['suspended', 'disabled', 'ok']) {
      const answered = await world.write('PUT', '/v1/apis/track/accounts/acme/standing', { standing });
      expect(answered).toMatchObject({ status: 200, body: { standing, tier: 'pro' } });
    }
  });

  test('are granted credits once for a reference, however often it is asked', async () => {
    const world = await createAdminWorld();
    await world.operations.createAccount({ api: 'track', id: 'acme' });
    const grant = { credits: 100, ref: 'invoice-17' };
    for (let count = 0; count < 3; count += 1) {
      const answered = await world.write('POST', '/v1/apis/track/accounts/acme/grants', grant);
      expect(answered).toMatchObject({ status: 200, body: { credits: { purchased: 100 } } });
    }
    expect(await world.write('POST', '/v1/apis/track/accounts/acme/grants', { credits: 1 })).toMatchObject({
      body: { credits: { purchased: 101 } },
    });
  });
});

async function createAcme(): Promise<AdminWorld> {
  const world = await createAdminWorld();
  await world.operations.createAccount({ api: 'track', id: 'acme' });
  return world;
}

describe('keys', () => {
  test('are shown in the answers that make them, and in no other answer', async () => {
    const world = await createAcme();
    const made = await world.write('POST', '/v1/apis/track/keys', { account: 'acme', name: 'one' });
    expect(made).toMatchObject({ status: 201, body: { name: 'one', status: 'active' } });
    const place = made.headers.location ?? '';
    const rotated = await world.write('POST', `${place}/rotations`);
    expect(rotated.status).toBe(201);
    const secrets = [made, rotated].map(({ body }) => String(body['key']));
    expect(new Set(secrets).size).toBe(2);
    const others = [
      await world.ask(place, { token: world.token.read }),
      await world.ask('/v1/apis/track/keys', { token: world.token.read }),
      await world.write('PATCH', place, { name: 'two' }),
      await world.write('PUT', `${place}/revocation`),
      await world.ask('/v1/audit', { token: world.token.read }),
    ];
    for (const { status, text } of others) {
      expect(status).toBe(200);
      for (const secret of secrets) expect(text).not.toContain(secret.slice(3, 33));
    }
  });

  test('rotated work on for as long as was asked: a day unless told, at most 30', async () => {
    const world = await createAcme();
    const overlap = async (body?: unknown): Promise<unknown> => {
      const made = await world.write('POST', '/v1/apis/track/keys', { account: 'acme', name: 'one' });
      const place = made.headers.location ?? '';
      const rotated = await world.write('POST', `${place}/rotations`, body);
      if (rotated.status !== 201) return rotated.status;
      const { body: old } = await world.ask(place, { token: world.token.read });
      return Date.parse(String(old['expires_at'])) - Date.parse(String(old['created_at']));
    };
    expect(await overlap()).toBe(86_400_000);
    expect(await overlap({ overlap_seconds: 90 })).toBe(90_000);
    expect(await overlap({ overlap_seconds: 30 * 86_400 + 1 })).toBe(422);
  });

  test('stay revoked, whatever is asked afterwards', async () => {
    const world = await createAcme();
    const made = await world.write('POST', '/v1/apis/track/keys', { account: 'acme', name: 'one' });
    const place = made.headers.location ?? '';
    const first = await world.write('PUT', `${place}/revocation`);
    expect(first).toMatchObject({ status: 200, body: { status: 'revoked', unconfirmed: [] } });
    world.advance(60_000);
    expect((await world.write('PUT', `${place}/revocation`)).body).toEqual(first.body);
    expect(await world.write('PATCH', place, { expires_at: null })).toMatchObject({ status: 409 });
    expect(await world.write('POST', `${place}/rotations`)).toMatchObject({ status: 409 });
    expect(await world.write('PATCH', place, { revoked_at: null, status: 'active' })).toMatchObject({
      status: 422,
      body: {
        errors: [
          { pointer: '#/revoked_at', detail: 'is read-only' },
          { pointer: '#/status', detail: 'is read-only' },
        ],
      },
    });
  });

  test('of one API are not found under another, whichever way they are asked for', async () => {
    const world = await createAcme();
    await world.operations.createAccount({ api: 'plain', id: 'acme' });
    const { id } = await world.operations.createKey({ api: 'track', account: 'acme', name: 'one' });
    const place = `/v1/apis/plain/keys/${id}`;
    for (const answered of [
      await world.ask(place, { token: world.token.read }),
      await world.write('PATCH', place, { name: 'mine now' }),
      await world.write('POST', `${place}/rotations`),
      await world.write('PUT', `${place}/revocation`),
    ]) {
      expect(answered).toMatchObject({ status: 404, body: { code: 'not_found' } });
    }
    expect(await world.operations.showKey({ api: 'track', id })).toMatchObject({
      name: 'one',
      status: 'active',
    });
    const listed = await world.ask('/v1/apis/plain/keys?account=acme', { token: world.token.read });
    expect(listed.body).toEqual({ items: [], next: null });
  });

  test('come in pages that hold each of them once', async () => {
    const world = await createAcme();
    const ids = new Set<string>();
    for (let count = 0; count < 7; count += 1) {
      const { id } = await world.operations.createKey({
        api: 'track',
        account: 'acme',
        name: `key ${count}`,
      });
      ids.add(id);
    }
    const seen: string[] = [];
    let next: string | null = '';
    while (next !== null) {
      const after = next === '' ? '' : `&after=${next}`;
      const { body } = await world.ask(`/v1/apis/track/keys?limit=3${after}`, { token: world.token.read });
      const items = body['items'] as { id: string }[];
      expect(items.length).toBeLessThanOrEqual(3);
      seen.push(...items.map(({ id }) => id));
      next = body['next'] as string | null;
    }
    expect(seen).toHaveLength(7);
    expect(new Set(seen)).toEqual(ids);
  });
});

describe('what is sent', () => {
  test.each([
    [
      'an unknown member',
      { id: 'acme', colour: 'red' },
      [{ pointer: '#/colour', detail: 'is not known here' }],
    ],
    [
      'a read-only member',
      { id: 'acme', created_at: '2026-01-01T00:00:00Z', standing: 'ok' },
      [
        { pointer: '#/created_at', detail: 'is read-only' },
        { pointer: '#/standing', detail: 'is read-only' },
      ],
    ],
    ['a missing member', {}, [{ pointer: '#/id' }]],
    ['a member of another kind', { id: 'acme', credits: '5' }, [{ pointer: '#/credits' }]],
    ['a credit too few', { id: 'acme', credits: -1 }, [{ pointer: '#/credits' }]],
    ['half a credit', { id: 'acme', credits: 0.5 }, [{ pointer: '#/credits' }]],
    ['a word of no list', { id: 'acme', billing: 'gratis' }, [{ pointer: '#/billing' }]],
    [
      'a name to be escaped',
      { id: 'acme', 'a/b~c': 1 },
      [{ pointer: '#/a~1b~0c', detail: 'is not known here' }],
    ],
    ['a list', [{ id: 'acme' }], [{ pointer: '#' }]],
  ])('%s is refused with its place, and changes nothing', async (_name, body, errors) => {
    const world = await createAdminWorld();
    const answered = await world.write('POST', '/v1/apis/track/accounts', body);
    expect(answered).toMatchObject({ status: 422, body: { code: 'invalid', errors } });
    expect(await world.ask('/v1/apis/track/accounts/acme', { token: world.token.read })).toMatchObject({
      status: 404,
    });
  });

  test('as a member that names a prototype is unknown like any other', async () => {
    const world = await createAdminWorld();
    for (const raw of [
      '{"id":"acme","__proto__":{"credits":9}}',
      '{"id":"acme","constructor":{"prototype":{}}}',
    ]) {
      const answered = await world.ask('/v1/apis/track/accounts', {
        method: 'POST',
        raw,
        token: world.token.write,
      });
      expect(answered, raw).toMatchObject({ status: 422 });
    }
    expect(Object.hasOwn(Object.prototype, 'credits')).toBe(false);
  });

  test.each([
    ['no JSON', '{"id":', 400, 'malformed'],
    ['text that is no UTF-8', Buffer.from('{"id":"\xff"}', 'latin1'), 400, 'malformed'],
    ['JSON that is no object', '"acme"', 422, 'invalid'],
    ['more than it may hold', JSON.stringify({ id: 'a'.repeat(BODY_BYTES_MAX) }), 413, 'too_large'],
  ])('%s is refused', async (_name, raw, status, code) => {
    const world = await createAdminWorld();
    const answered = await world.ask('/v1/apis/track/accounts', {
      method: 'POST',
      raw,
      token: world.token.write,
    });
    expect(answered).toMatchObject({ status, body: { code } });
    expect(world.bugs).toEqual([]);
  });

  test.each([
    ['a form', ['content-type', 'application/x-www-form-urlencoded']],
    ['text', ['content-type', 'text/plain']],
    ['what does not say what it is', []],
    ['JSON in another charset', ['content-type', 'application/json; charset=utf-16']],
    ['compressed JSON', ['content-type', 'application/json', 'content-encoding', 'gzip']],
  ])('as %s is not read', async (_name, headers) => {
    const world = await createAdminWorld();
    const raw = '{"id":"acme"}';
    const answered = await world.ask('/v1/apis/track/accounts', {
      method: 'POST',
      raw,
      headers,
      token: world.token.write,
    });
    expect(answered).toMatchObject({ status: 415, body: { code: 'unsupported_media_type' } });
  });

  test.each([
    ['/v1/apis/track/keys?colour=red', 'colour'],
    ['/v1/apis/track/keys?limit=0', 'limit'],
    ['/v1/apis/track/keys?limit=501', 'limit'],
    ['/v1/apis/track/keys?limit=1e2', 'limit'],
    ['/v1/apis/track/keys?limit=1&limit=2', 'limit'],
    ['/v1/apis/track/keys?account[]=a', 'account[]'],
    ['/v1/audit?limit=', 'limit'],
    ['/v1/apis/track/accounts/acme?a=b', 'a'],
  ])('%s is refused for its parameter', async (path, parameter) => {
    const world = await createAdminWorld();
    const answered = await world.ask(path, { token: world.token.read });
    expect(answered).toMatchObject({ status: 422, body: { code: 'invalid', errors: [{ parameter }] } });
  });

  test('as a cursor that no page gave is refused', async () => {
    const world = await createAdminWorld();
    for (const path of ['/v1/apis/track/keys?after=%27%20OR%201=1', '/v1/audit?after=0']) {
      expect(await world.ask(path, { token: world.token.read })).toMatchObject({ status: 422 });
    }
  });

  test('as a path that is none or names no API is not found, and a broken escape is malformed', async () => {
    const world = await createAdminWorld();
    for (const path of [
      '/',
      '/v1',
      '/V1/audit',
      '/v1/audit/',
      '/v1/apis/nobody/keys',
      '/v1/apis/track/accounts/a%2f..%2fb',
    ]) {
      expect(await world.ask(path, { token: world.token.read }), path).toMatchObject({ status: 404 });
    }
    expect(await world.ask('/v1/apis/%zz/keys', { token: world.token.read })).toMatchObject({ status: 400 });
    expect(world.bugs).toEqual([]);
  });
});

describe('every answer', () => {
  test('is kept by nobody, runs nowhere and carries its own id', async () => {
    const world = await createAdminWorld();
    const answers = [
      await world.ask('/v1/audit', { token: world.token.read }),
      await world.ask('/v1/audit'),
      await world.ask('/nowhere', { token: world.token.read }),
      await world.ask('/v1/audit', { method: 'TRACE' }),
    ];
    for (const { headers, body } of answers) {
      expect(headers).toMatchObject({
        'cache-control': 'no-store',
        'x-content-type-options': 'nosniff',
        'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
        'referrer-policy': 'no-referrer',
      });
      expect(headers['x-request-id']).toMatch(REQUEST_ID);
      for (const name of ['x-powered-by', 'server', 'etag', 'set-cookie', 'access-control-allow-origin']) {
        expect(headers).not.toHaveProperty(name);
      }
      if (body['request_id'] !== undefined) expect(body['request_id']).toBe(headers['x-request-id']);
    }
    expect(new Set(answers.map(({ headers }) => headers['x-request-id'])).size).toBe(answers.length);
  });

  test('to HEAD is that to GET without a body', async () => {
    const world = await createAdminWorld();
    const head = await world.ask('/v1/audit', { method: 'HEAD', token: world.token.read });
    expect(head).toMatchObject({ status: 200, text: '' });
    expect(head.headers['content-type']).toMatch(/^application\/json/);
  });

  test('that refuses is a problem by RFC 9457', async () => {
    const world = await createAdminWorld();
    const answered = await world.ask('/v1/audit');
    expect(answered.headers['content-type']).toMatch(/^application\/problem\+json/);
    expect(answered.body).toMatchObject({
      type: 'about:blank',
      title: 'Unauthorized',
      status: 401,
      code: 'unauthenticated',
    });
  });

  test('to a bug tells nothing of it, and to an outage that asking again may help', async () => {
    const world = await createAdminWorld({
      operations: () => {
        throw new Error('secret at /home/somebody');
      },
    });
    const answered = await world.ask('/v1/audit', { token: world.token.read });
    expect(answered).toMatchObject({ status: 500, body: { code: 'internal_error' } });
    expect(answered.text).not.toMatch(/secret|home|Error:|node_modules/);
    expect(world.bugs).toHaveLength(1);

    const down = await createAdminWorld({
      findOperator: () => Promise.reject(new DependencyDown('directory', 'SQLite: disk I/O error')),
    });
    const outage = await down.ask('/v1/audit', { token: down.token.read });
    expect(outage).toMatchObject({ status: 503, body: { code: 'unavailable' } });
    expect(outage.headers['retry-after']).toBe('1');
    expect(outage.text).not.toContain('SQLite');
    expect(down.bugs).toEqual([]);
  });
});

describe('whoever guesses tokens', () => {
  test('is told to wait after twenty in a minute, while a right token from there passes', async () => {
    const world = await createAdminWorld();
    for (let count = 0; count < 20; count += 1) {
      expect(await world.ask('/v1/audit', { token: `guess${count}` })).toMatchObject({ status: 401 });
    }
    const late = await world.ask('/v1/audit', { token: 'guess' });
    expect(late).toMatchObject({ status: 429, body: { code: 'too_many_failures' } });
    expect(late.headers['retry-after']).toBe('60');
    expect(await world.ask('/v1/audit', { token: world.token.read })).toMatchObject({ status: 200 });
    expect(world.failures).toHaveLength(20);
    expect(world.failures[0]).toMatchObject({ name: 'nobody', source: 'admin 127.0.0.1' });
    world.advance(60_000);
    expect(await world.ask('/v1/audit', { token: 'guess' })).toMatchObject({ status: 401 });
  });
});

describe('the audit log', () => {
  test('names the operator, the address and the request of every change, newest first', async () => {
    const world = await createAdminWorld();
    const made = await world.write('POST', '/v1/apis/track/accounts', { id: 'acme' });
    const changed = await world.write('PATCH', '/v1/apis/track/accounts/acme', { tier: 'pro' });
    const { body } = await world.ask('/v1/audit?object=acme', { token: world.token.read });
    const by = { actor: 'operator:writer', source: 'admin 127.0.0.1', api: 'track', object: 'acme' };
    expect(body).toMatchObject({
      items: [
        {
          ...by,
          action: 'account.set',
          request_id: changed.headers['x-request-id'],
          changed: { tier: { from: 'free', to: 'pro' } },
        },
        { ...by, action: 'account.create', request_id: made.headers['x-request-id'] },
      ],
      next: null,
    });
  });

  test('comes in pages', async () => {
    const world = await createAdminWorld();
    for (const id of ['a', 'b', 'c']) await world.write('POST', '/v1/apis/track/accounts', { id });
    const first = await world.ask('/v1/audit?limit=2', { token: world.token.read });
    expect(first.body).toMatchObject({ items: [{ object: 'c' }, { object: 'b' }] });
    const second = await world.ask(`/v1/audit?limit=2&after=${String(first.body['next'])}`, {
      token: world.token.read,
    });
    expect(second.body).toMatchObject({
      items: [{ object: 'a' }, { object: 'writer', action: 'operator.create' }],
    });
  });
});
