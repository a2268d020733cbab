import { createLocalJWKSet, decodeJwt, decodeProtectedHeader, jwtVerify } from 'jose';
import { describe, expect, it } from 'vitest';
import { REPEAT_MS } from '../../../../src/hub/store/sessions.ts';
import { BY } from '../../../contract/author.ts';
import {
  API,
  DAY_MS,
  KEY,
  MINUTE_MS,
  RULES,
  SECOND_MS,
  START_MS,
  apiWith,
  begin,
  createSessionsWorld,
  pairOf,
  refusalOf,
  tokensOf,
} from './world.ts';
import type { SessionsWorld } from './world.ts';

const ACME = { api: 'alpha', id: 'acme' };

async function refresh({ engine }: Pick<SessionsWorld, 'engine'>, refreshToken: string, keyId?: string) {
  return engine.refresh(API, { refreshToken, ...(keyId === undefined ? {} : { keyId }) });
}

async function stateOf({ store }: SessionsWorld, id: string) {
  const session = await store.reads.findSession({ api: 'alpha', id });
  return session?.endedWhy ?? 'live';
}

describe('an exchange', () => {
  it('gives an access token as RFC 9068 has it, signed by a key of the JWK set', async () => {
    const world = await createSessionsWorld();
    const { accessToken, sessionId, expiresInSeconds, scope } = await begin(world);
    const keys = createLocalJWKSet({ keys: [...(await world.engine.jwks(API)).keys] });
    const { payload, protectedHeader } = await jwtVerify(accessToken, keys, {
      issuer: RULES.issuer,
      audience: RULES.audience,
      typ: 'at+jwt',
      currentDate: new Date(START_MS),
      requiredClaims: ['iss', 'exp', 'aud', 'sub', 'client_id', 'iat', 'jti'],
    });
    expect(protectedHeader.alg).toBe('EdDSA');
    expect(payload).toMatchObject({ sub: 'acme', client_id: KEY, sid: sessionId, scope: 'read write' });
    expect(payload.exp).toBe((START_MS + RULES.accessLifetimeMs) / SECOND_MS);
    expect([expiresInSeconds, scope]).toEqual([600, 'read write']);
  });

  it('begins another session each time', async () => {
    const world = await createSessionsWorld();
    const [one, two] = [await begin(world), await begin(world)];
    expect(one.sessionId).not.toBe(two.sessionId);
    expect(one.refreshToken).not.toBe(two.refreshToken);
  });

  it('without a refresh token ends with its one access token', async () => {
    const world = await createSessionsWorld();
    const tokens = tokensOf(await world.engine.exchange(API, { keyId: KEY, grant: 'access_only' }));
    expect(tokens).not.toHaveProperty('refreshToken');
    expect(tokens.sessionExpiresAtMs).toBe(START_MS + RULES.accessLifetimeMs);
  });

  it('never outlasts its key', async () => {
    const world = await createSessionsWorld();
    const expiresMs = START_MS + MINUTE_MS;
    await world.store.writes.updateKey({ api: 'alpha', id: KEY }, { expiresMs }, BY);
    const { accessToken, refreshToken, expiresInSeconds } = await begin(world);
    expect(decodeJwt(accessToken).exp).toBe(expiresMs / SECOND_MS);
    expect(expiresInSeconds).toBe(60);
    world.pass(MINUTE_MS);
    expect(refusalOf(await refresh(world, refreshToken))).toBe('session_ended');
    expect(refusalOf(await world.engine.exchange(API, { keyId: KEY, grant: 'refreshable' }))).toBe(
      'key_gone',
    );
  });

  it.each([
    ['unknown', 'key_ffffffffffffffffffffffff', 'key_gone'],
    ['no id', 'al_secretsecret', 'key_gone'],
  ])('for a key that is %s is refused', async (_, keyId, reason) => {
    const { engine } = await createSessionsWorld();
    expect(refusalOf(await engine.exchange(API, { keyId, grant: 'refreshable' }))).toBe(reason);
  });

  it('is refused by an API without sessions, as is all else', async () => {
    const { engine } = await createSessionsWorld();
    const api = { ...API, tokens: { issuers: [] } };
    expect(refusalOf(await engine.exchange(api, { keyId: KEY, grant: 'refreshable' }))).toBe('no_sessions');
    expect(refusalOf(await engine.refresh(api, { refreshToken: 'x' }))).toBe('no_sessions');
    expect(await engine.logout(api, 'x')).toEqual({ result: 'unknown' });
    expect(await engine.jwks(api)).toEqual({ keys: [] });
  });

  it('signs with ES256 where the API wants that', async () => {
    const { engine } = await createSessionsWorld();
    const api = apiWith('alpha', { algorithm: 'ES256' });
    const { accessToken } = await begin({ engine }, api);
    const keys = createLocalJWKSet({ keys: [...(await engine.jwks(api)).keys] });
    const verified = await jwtVerify(accessToken, keys, { currentDate: new Date(START_MS) });
    expect(verified.protectedHeader).toMatchObject({ alg: 'ES256', typ: 'at+jwt' });
  });
});

describe('a refresh', () => {
  it('gives the next pair of the same session, as often as there is a next token', async () => {
    const world = await createSessionsWorld();
    let pair = await begin(world);
    const seen = new Set([pair.refreshToken]);
    for (let turn = 1; turn <= 5; turn += 1) {
      world.pass(MINUTE_MS);
      const next = pairOf(await refresh(world, pair.refreshToken));
      expect(next.sessionId).toBe(pair.sessionId);
      expect(decodeJwt(next.accessToken).jti).toBe(`${pair.sessionId}.${turn}`);
      pair = next;
      seen.add(next.refreshToken);
    }
    expect(seen.size).toBe(6);
  });

  it('tells what the key may do now, not what it could when the session began', async () => {
    const world = await createSessionsWorld();
    const { refreshToken } = await begin(world);
    await world.store.writes.updateKey({ api: 'alpha', id: KEY }, { permissions: ['read'] }, BY);
    const next = tokensOf(await refresh(world, refreshToken));
    expect([next.scope, decodeJwt(next.accessToken).scope]).toEqual(['read', 'read']);
  });

  it('asked for 1,000 times at once with one token gives one pair', async () => {
    const world = await createSessionsWorld();
    const { refreshToken } = await begin(world);
    const answers = await Promise.all(Array.from({ length: 1_000 }, () => refresh(world, refreshToken)));
    const pairs = new Set(answers.map((answer) => JSON.stringify(pairOf(answer))));
    expect(pairs.size).toBe(1);
    const [session] = (await world.store.reads.listSessions({ api: 'alpha', limit: 10 }))?.sessions ?? [];
    expect(session?.generation).toBe(1);
  });

  it('by two processes on one database is won by one, and the other gets the same pair', async () => {
    const world = await createSessionsWorld();
    const other = world.another();
    const { refreshToken } = await begin(world);
    const [one, two] = await Promise.all([refresh(world, refreshToken), refresh(other, refreshToken)]);
    expect(pairOf(one)).toEqual(pairOf(two));
    expect((await world.store.reads.listSessions({ api: 'alpha', limit: 2 }))?.sessions[0]?.generation).toBe(
      1,
    );
    expect(refusalOf(await refresh(other, refreshToken))).toBe('token_reused');
  });

  it('of a session of another key is unknown to whoever shows who it is, and harms nobody', async () => {
    const world = await createSessionsWorld();
    const { refreshToken, sessionId } = await begin(world);
    const stranger = 'key_ffffffffffffffffffffffff';
    expect(refusalOf(await refresh(world, refreshToken, stranger))).toBe('token_unknown');
    pairOf(await refresh(world, refreshToken, KEY));
    expect(refusalOf(await refresh(world, refreshToken, stranger))).toBe('token_unknown');
    expect(await stateOf(world, sessionId)).toBe('live');
  });

  it('from where its key is not allowed is refused and changes nothing, whichever token is shown', async () => {
    const world = await createSessionsWorld();
    const first = await begin(world);
    const here = { clientAddress: '192.0.2.7' };
    await world.store.writes.updateKey({ api: API.name, id: KEY }, { allowlist: ['192.0.2.0/24'] }, BY);
    const next = pairOf(await world.engine.refresh(API, { refreshToken: first.refreshToken, ...here }));
    const elsewhere = [{ clientAddress: '203.0.113.7' }, { clientAddress: '' }, {}];
    for (const { refreshToken } of [first, next]) {
      for (const from of elsewhere) {
        const answer = await world.engine.refresh(API, { refreshToken, ...from });
        expect(refusalOf(answer)).toBe('address_not_allowed');
      }
    }
    const together = [here, ...elsewhere].map((from) =>
      world.engine.refresh(API, { refreshToken: next.refreshToken, ...from }),
    );
    expect((await Promise.all(together)).map(refusalOf)).toEqual([
      'granted',
      ...elsewhere.map(() => 'address_not_allowed'),
    ]);
    expect(world.reused).toEqual([]);
  });

  it('works over a restart with another pepper, as long as the old one is in the ring', async () => {
    const world = await createSessionsWorld();
    const { refreshToken } = await begin(world);
    const peppers = { current: { id: 'p2', secret: Buffer.alloc(32, 9) }, retired: [] };
    expect(refusalOf(await refresh(world.another({ peppers }), refreshToken))).toBe('token_unknown');
    const ring = { ...peppers, retired: [{ id: 'p1', secret: Buffer.alloc(32, 1) }] };
    const next = pairOf(await refresh(world.another({ peppers: ring }), refreshToken));
    // The next token is the new pepper's own: the old one is needed no more.
    pairOf(await refresh(world.another({ peppers }), next.refreshToken));
  });

  it('whose answer was lost gets the same pair also where the pepper changed meanwhile', async () => {
    const world = await createSessionsWorld();
    const { refreshToken } = await begin(world);
    const lost = pairOf(await refresh(world, refreshToken));
    const retired = [{ id: 'p1', secret: Buffer.alloc(32, 1) }];
    const peppers = { current: { id: 'p2', secret: Buffer.alloc(32, 9) }, retired };
    expect(pairOf(await refresh(world.another({ peppers }), refreshToken))).toEqual(lost);
  });

  it.each(['', 'al_rt_', 'al_', KEY, 'al_rt_' + 'A'.repeat(86)])(
    'with %j, which is no token, is refused',
    async (refreshToken) => {
      const world = await createSessionsWorld();
      expect(refusalOf(await refresh(world, refreshToken))).toBe('token_unknown');
    },
  );

  it('with an access token is refused', async () => {
    const world = await createSessionsWorld();
    const { accessToken } = await begin(world);
    expect(refusalOf(await refresh(world, accessToken))).toBe('token_unknown');
  });
});

describe('a refresh token that is shown again', () => {
  it.each([0, 1, REPEAT_MS - 1, REPEAT_MS])('after %i ms gets the same pair', async (afterMs) => {
    const world = await createSessionsWorld();
    const { refreshToken } = await begin(world);
    const first = pairOf(await refresh(world, refreshToken));
    world.pass(afterMs);
    const again = pairOf(await refresh(world, refreshToken));
    expect(again).toEqual({ ...first, expiresInSeconds: 600 - Math.floor(afterMs / SECOND_MS) });
    pairOf(await refresh(world, again.refreshToken));
  });

  it.each([
    ['later', [REPEAT_MS + 1]],
    ['a second time within the time', [1, 1]],
    ['a week later', [7 * DAY_MS - 1]],
  ])('%s ends its session, for its owner too', async (_, waits) => {
    const world = await createSessionsWorld();
    const { refreshToken, sessionId } = await begin(world);
    const next = pairOf(await refresh(world, refreshToken));
    for (const waitMs of waits.slice(0, -1)) {
      world.pass(waitMs);
      pairOf(await refresh(world, refreshToken));
    }
    world.pass(waits.at(-1) ?? 0);
    expect(refusalOf(await refresh(world, refreshToken))).toBe('token_reused');
    expect(refusalOf(await refresh(world, next.refreshToken))).toBe('session_ended');
    expect(await stateOf(world, sessionId)).toBe('reused');
  });

  it('and is older than the one before the latest ends its session at once', async () => {
    const world = await createSessionsWorld();
    const oldest = await begin(world);
    const older = pairOf(await refresh(world, oldest.refreshToken));
    pairOf(await refresh(world, older.refreshToken));
    expect(refusalOf(await refresh(world, oldest.refreshToken))).toBe('token_reused');
    expect(refusalOf(await refresh(world, older.refreshToken))).toBe('session_ended');
  });

  it('is told, and written down with the session and no token', async () => {
    const world = await createSessionsWorld();
    const { refreshToken, sessionId } = await begin(world);
    pairOf(await refresh(world, refreshToken));
    world.pass(MINUTE_MS);
    await world.engine.refresh(API, { refreshToken, requestId: 'r-1' });
    expect(world.reused).toMatchObject([{ id: sessionId, key: KEY, endedWhy: 'reused' }]);
    const [entry] = (await world.store.reads.listAudit({ limit: 1 }))?.entries ?? [];
    expect(entry).toMatchObject({ action: 'session.reuse', object: sessionId, requestId: 'r-1' });
    expect(JSON.stringify(entry)).not.toContain(refreshToken.slice(-40));
  });

  it('leaves every other session alone', async () => {
    const world = await createSessionsWorld();
    const [stolen, other] = [await begin(world), await begin(world)];
    pairOf(await refresh(world, stolen.refreshToken));
    world.pass(MINUTE_MS);
    expect(refusalOf(await refresh(world, stolen.refreshToken))).toBe('token_reused');
    pairOf(await refresh(world, other.refreshToken));
  });

  it('is not forgiven by a clock that was set back', async () => {
    const world = await createSessionsWorld();
    const { refreshToken } = await begin(world);
    pairOf(await refresh(world, refreshToken));
    world.pass(-REPEAT_MS - 1);
    expect(refusalOf(await refresh(world, refreshToken))).toBe('token_reused');
  });
});

describe('a session', () => {
  it('runs out without a refresh, at the very instant, and each refresh gives it time', async () => {
    const world = await createSessionsWorld();
    let pair = await begin(world);
    world.pass(RULES.idleMs - 1);
    pair = pairOf(await refresh(world, pair.refreshToken));
    world.pass(RULES.idleMs);
    expect(refusalOf(await refresh(world, pair.refreshToken))).toBe('session_ended');
    expect(await stateOf(world, pair.sessionId)).toBe('expired');
  });

  it('ends at its time however often it is refreshed, and its last access token with it', async () => {
    const world = await createSessionsWorld();
    let pair = await begin(world);
    for (let day = 5; day < 30; day += 5) {
      world.moveTo(START_MS + day * DAY_MS);
      pair = pairOf(await refresh(world, pair.refreshToken));
    }
    const endMs = START_MS + RULES.lifetimeMs;
    world.moveTo(endMs - 5_000);
    const last = pairOf(await refresh(world, pair.refreshToken));
    expect(decodeJwt(last.accessToken).exp).toBe(endMs / SECOND_MS);
    expect(last.expiresInSeconds).toBe(5);
    world.moveTo(endMs);
    expect(refusalOf(await refresh(world, last.refreshToken))).toBe('session_ended');
  });

  it('is ended by a clock that jumps past its time, and not brought back when it returns', async () => {
    const world = await createSessionsWorld();
    const { refreshToken } = await begin(world);
    world.pass(365 * DAY_MS);
    expect(refusalOf(await refresh(world, refreshToken))).toBe('session_ended');
    world.moveTo(START_MS);
    expect(refusalOf(await refresh(world, refreshToken))).toBe('session_ended');
  });

  it('of a clock that was set back works on, and ends no later than it would have', async () => {
    const world = await createSessionsWorld();
    const { refreshToken } = await begin(world);
    world.pass(-DAY_MS);
    const next = pairOf(await refresh(world, refreshToken));
    expect(next.sessionExpiresAtMs).toBe(START_MS + RULES.lifetimeMs);
    expect(next.expiresInSeconds).toBe(600);
  });

  it('ends when its key is revoked, in the same transaction', async () => {
    const world = await createSessionsWorld();
    const { refreshToken, sessionId } = await begin(world);
    await world.store.writes.revokeKey({ api: 'alpha', id: KEY }, world.nowMs(), BY);
    expect(await stateOf(world, sessionId)).toBe('key');
    expect(refusalOf(await refresh(world, refreshToken))).toBe('session_ended');
  });

  it.each(['suspended', 'disabled'] as const)(
    'ends for good when its account is %s: it does not come back with the account',
    async (standing) => {
      const world = await createSessionsWorld();
      const { refreshToken, sessionId } = await begin(world);
      await world.store.writes.updateAccount(ACME, { standing }, BY);
      expect(await stateOf(world, sessionId)).toBe('account');
      const asked = { keyId: KEY, grant: 'refreshable' } as const;
      expect(refusalOf(await world.engine.exchange(API, asked))).toBe('account_gone');
      await world.store.writes.updateAccount(ACME, { standing: 'ok' }, BY);
      expect(refusalOf(await refresh(world, refreshToken))).toBe('session_ended');
      await begin(world);
    },
  );

  it('of another API opens nothing here: its tokens are unknown', async () => {
    const world = await createSessionsWorld();
    const { refreshToken, accessToken } = await begin(world);
    const beta = apiWith('beta');
    expect(refusalOf(await world.engine.refresh(beta, { refreshToken }))).toBe('token_unknown');
    const disguised = refreshToken.replace('al_', 'be_');
    expect(refusalOf(await world.engine.refresh(beta, { refreshToken: disguised }))).toBe('token_unknown');
    for (const token of [refreshToken, disguised, accessToken]) {
      expect(await world.engine.logout(beta, token)).toEqual({ result: 'unknown' });
    }
  });

  it('is found by either of its tokens, ended or not', async () => {
    const world = await createSessionsWorld();
    const { refreshToken, accessToken, sessionId } = await begin(world);
    const find = (token: string) => world.engine.findSessionId(API, token);
    expect(await find(accessToken)).toBe(sessionId);
    await world.engine.logout(API, refreshToken);
    expect(await find(refreshToken)).toBe(sessionId);
  });

  it('leaves no token in the files of the database', async () => {
    const world = await createSessionsWorld();
    const first = await begin(world);
    const next = pairOf(await refresh(world, first.refreshToken));
    const bytes = world.bytes();
    for (const { refreshToken, accessToken } of [first, next]) {
      const raw = Buffer.from(refreshToken.slice('al_rt_'.length), 'base64url');
      expect(bytes.includes(refreshToken.slice(-43))).toBe(false);
      expect(bytes.includes(raw.subarray(16, 48))).toBe(false);
      expect(bytes.includes(accessToken.slice(-43))).toBe(false);
    }
  });
});

describe('a logout', () => {
  it.each([
    ['refresh', 0],
    ['refresh', 60 * MINUTE_MS],
    ['access', 0],
    ['access', 60 * MINUTE_MS],
  ] as const)('with the %s token ends the session, %i ms later too', async (kind, afterMs) => {
    const world = await createSessionsWorld();
    const { refreshToken, accessToken, sessionId } = await begin(world);
    world.pass(afterMs);
    const token = kind === 'refresh' ? refreshToken : accessToken;
    expect(await world.engine.logout(API, token)).toEqual({ result: 'ended' });
    expect(await stateOf(world, sessionId)).toBe('logout');
    expect(refusalOf(await refresh(world, refreshToken))).toBe('session_ended');
    expect(await world.engine.logout(API, token)).toEqual({ result: 'unknown' });
  });

  it('with a refresh token of before ends the session as well', async () => {
    const world = await createSessionsWorld();
    const first = await begin(world);
    pairOf(await refresh(world, first.refreshToken));
    world.pass(DAY_MS);
    expect(await world.engine.logout(API, first.refreshToken)).toEqual({ result: 'ended' });
  });

  it('with a token that somebody else signed ends nothing', async () => {
    const world = await createSessionsWorld();
    const { accessToken, sessionId } = await begin(world);
    const [header = '', payload = '', signature = ''] = accessToken.split('.');
    const forged = [
      `${header}.${payload}.${signature.slice(0, -8)}AAAAAAAA`,
      `${header}.${payload}.`,
      `${Buffer.from('{"alg":"none","typ":"at+jwt"}').toString('base64url')}.${payload}.`,
      `${header}.${payload}`,
      `${'A'.repeat(20_000)}.${payload}.${signature}`,
      '..',
    ];
    for (const token of forged) {
      expect(await world.engine.logout(API, token)).toEqual({ result: 'unknown' });
      expect(await world.engine.findSessionId(API, token)).toBeUndefined();
    }
    expect(await stateOf(world, sessionId)).toBe('live');
    expect(decodeProtectedHeader(accessToken)).toHaveProperty('kid');
  });
});
