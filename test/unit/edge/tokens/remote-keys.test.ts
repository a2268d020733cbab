import { beforeEach, describe, expect, test } from 'vitest';
import { KEY_SET_OUTCOMES } from '../../../../src/domain/measurements.ts';
import { HOUR_MS, MINUTE_MS, SECOND_MS } from '../../../../src/domain/time.ts';
import type { FetchFault, FetchKeySet } from '../../../../src/edge/tokens/fetch-key-set.ts';
import { FETCH_INTERVAL_MIN_MS, REFRESH_MS, WAITING_MAX } from '../../../../src/edge/tokens/remote-keys.ts';
import { DependencyDown } from '../../../../src/ports.ts';
import { createTestClock } from '../../../world.ts';
import { vary } from './hostile.ts';
import { p256, rsa, rsaOther, rsaWeak, signerOf, toJwk, toPem, toSet } from './keys.ts';
import { mint } from './mint.ts';
import { createTestTimers, settled } from './timers.ts';
import { createTokenWorld, GOOD, ISSUER, NOW_MS, remoteSource } from './world.ts';

type Fetched = Awaited<ReturnType<FetchKeySet>>;

const STALE_MAX_MS = 2 * HOUR_MS;
const GOOD_SET = toSet(toJwk(rsa, { kid: 'rsa' }));
const NEW_SET = toSet(toJwk(rsaOther, { kid: 'rsa-2' }), toJwk(rsa, { kid: 'rsa' }));
const NEW_KEY_ONLY = toSet(toJwk(rsaOther, { kid: 'rsa-2' }));
/** Its lifetime is longer than any outage of these tests. */
const RULES = {
  ...ISSUER,
  lifetimeMaxMs: 1_000 * HOUR_MS,
  keys: remoteSource('https://keys.example/', STALE_MAX_MS),
};
const LONG = { exp: NOW_MS / SECOND_MS + 500 * 3_600 };
const OLD_TOKEN = vary('issuer', { payload: LONG });
const OTHER_OLD_TOKEN = vary('issuer', { payload: { ...LONG, jti: 'another' } });
const NEW_TOKEN = vary('issuer', {
  header: { kid: 'rsa-2' },
  payload: LONG,
  sign: signerOf(rsaOther, 'RS256'),
});

/** What the server would answer next, and how often it was asked; `hold` makes an answer wait for the test. */
function createServer() {
  const server = {
    answer: { text: GOOD_SET } as Fetched,
    asked: 0,
    hold: undefined as Promise<void> | undefined,
  };
  const fetchKeySet: FetchKeySet = async () => {
    server.asked += 1;
    const { answer } = server;
    await server.hold;
    return answer;
  };
  return Object.assign(server, { fetchKeySet });
}

function createWorld() {
  const clock = createTestClock(NOW_MS);
  const timers = createTestTimers(clock);
  const server = createServer();
  const world = createTokenWorld({
    tokens: { issuers: [RULES] },
    clock,
    after: timers.after,
    fetchKeySet: server.fetchKeySet,
  });
  const verify = async (token: string, withinMs?: number) =>
    world.verifier.verify(world.api, token, clock.now(), withinMs);
  return { ...world, clock, timers, server, verify };
}

describe('the key set of an issuer', () => {
  let world: ReturnType<typeof createWorld>;
  beforeEach(async () => {
    world = createWorld();
    await world.verifier.start();
  });

  test('is there when start has resolved, and one fetch has brought it', async () => {
    expect(await world.verify(OLD_TOKEN)).toMatchObject({ kind: 'issuer' });
    expect(world.server.asked).toBe(1);
  });

  test('is fetched again by itself, and a key that is gone from it is believed no more, remembered token or not', async () => {
    expect(await world.verify(OLD_TOKEN)).toMatchObject({ kind: 'issuer' });
    world.server.answer = { text: NEW_KEY_ONLY };
    await world.timers.advance(REFRESH_MS);
    expect(world.server.asked).toBe(2);
    expect(await world.verify(OLD_TOKEN)).toBe('token_key');
    expect(await world.verify(NEW_TOKEN)).toMatchObject({ kind: 'issuer' });
  });

  test('that says another key under the same name drops what was believed with the old one', async () => {
    expect(await world.verify(OLD_TOKEN)).toMatchObject({ kind: 'issuer' });
    world.server.answer = { text: toSet(toJwk(rsaOther, { kid: 'rsa' })) };
    await world.timers.advance(REFRESH_MS);
    expect(await world.verify(OLD_TOKEN)).toBe('token_signature');
  });

  const FAULTS: readonly FetchFault[] = [
    'address',
    'connection',
    'timeout',
    'status',
    'redirect',
    'type',
    'too_large',
  ];
  const UNUSABLE: readonly (readonly [string, string])[] = [
    ['nothing', ''],
    ['no JSON', '<html>'],
    ['cut JSON', GOOD_SET.slice(0, -3)],
    ['a list', '[]'],
    ['null', 'null'],
    ['no keys', '{}'],
    ['keys that are no list', '{"keys":{}}'],
    ['an empty set', '{"keys":[]}'],
    ['a key that is no object', '{"keys":[null]}'],
    ['a good key beside one that is no object', toSet(toJwk(rsa, { kid: 'rsa' }), 'x')],
    ['symmetric keys alone', toSet({ kty: 'oct', k: 'AAAA', kid: 'rsa' })],
    ['private keys alone', toSet(rsa.privateKey.export({ format: 'jwk' }))],
    ['keys for encryption alone', toSet(toJwk(rsa, { kid: 'rsa', use: 'enc' }))],
    ['weak keys alone', toSet(toJwk(rsaWeak, { kid: 'rsa' }))],
    ['a PEM', toPem(rsa)],
    ['too many keys', toSet(...Array.from({ length: 65 }, (_, index) => toJwk(rsa, { kid: `k${index}` })))],
  ];
  const MISBEHAVIOURS: readonly (readonly [string, Fetched])[] = [
    ...FAULTS.map((fault) => [fault, fault] as const),
    ...UNUSABLE.map(([name, text]) => [name, { text }] as const),
  ];

  test.each(MISBEHAVIOURS)('serves on for as long as it may when there comes: %s', async (_, answer) => {
    world.server.answer = answer;
    await world.timers.advance(STALE_MAX_MS);
    expect(world.server.asked).toBeGreaterThan(2);
    expect(await world.verify(OLD_TOKEN)).toMatchObject({ kind: 'issuer' });
    expect(await world.verify(OTHER_OLD_TOKEN)).toMatchObject({ kind: 'issuer' });
    await world.timers.advance(1);
    await expect(world.verify(OLD_TOKEN)).rejects.toThrow(DependencyDown);
    await expect(world.verify(OTHER_OLD_TOKEN)).rejects.toThrow(DependencyDown);
    world.server.answer = { text: NEW_SET };
    await world.timers.advance(FETCH_INTERVAL_MIN_MS);
    expect(await world.verify(OLD_TOKEN)).toMatchObject({ kind: 'issuer' });
  });

  test.each(MISBEHAVIOURS)('believes nothing invalid when there comes: %s', async (_, answer) => {
    world.server.answer = answer;
    await world.timers.advance(REFRESH_MS);
    expect(await world.verify(vary('issuer', { payload: LONG, sign: signerOf(rsaOther, 'RS256') }))).toBe(
      'token_signature',
    );
    const unknown = await world.verify(NEW_TOKEN).catch((error: unknown) => error);
    expect(unknown).toBeInstanceOf(DependencyDown);
  });

  test('is fetched once in 30 s, however many unknown names are asked for', async () => {
    await world.timers.advance(FETCH_INTERVAL_MIN_MS);
    const before = world.server.asked;
    for (let second = 0; second < 300; second += 1) {
      for (let index = 0; index < 20; index += 1) {
        expect(
          await world.verify(vary('issuer', { header: { kid: `k${second}-${index}` }, payload: LONG })),
        ).toBe('token_key');
      }
      await world.timers.advance(SECOND_MS);
    }
    expect(world.server.asked - before).toBeLessThanOrEqual(10);
    expect(await world.verify(OLD_TOKEN)).toMatchObject({ kind: 'issuer' });
  });

  test('is fetched every 30 s while it cannot be had, and no oftener whoever asks', async () => {
    world.server.answer = 'status';
    await world.timers.advance(REFRESH_MS);
    const before = world.server.asked;
    for (let second = 0; second < 300; second += 1) {
      await world.verify(NEW_TOKEN).catch(() => undefined);
      await world.timers.advance(SECOND_MS);
    }
    expect(world.server.asked - before).toBe(10);
  });

  test('is asked for by an unknown name, which waits for it and is believed', async () => {
    await world.timers.advance(FETCH_INTERVAL_MIN_MS);
    world.server.answer = { text: NEW_SET };
    expect(await world.verify(NEW_TOKEN)).toMatchObject({ kind: 'issuer' });
    expect(world.server.asked).toBe(2);
  });

  test('is not asked for by a token that breaks another rule, or names no key, or the wrong one of those there are', async () => {
    await world.timers.advance(FETCH_INTERVAL_MIN_MS);
    const kid = { kid: 'unknown' };
    expect(await world.verify(vary('issuer', { header: kid, payload: { exp: 1 } }))).toBe('token_lifetime');
    expect(await world.verify(vary('issuer', { header: kid, payload: { aud: 'x' } }))).toBe('token_audience');
    expect(await world.verify(vary('issuer', { header: { ...kid, alg: 'HS256' } }))).toBe('token_algorithm');
    expect(
      await world.verify(
        vary('issuer', { header: { kid: undefined, alg: 'ES256' }, sign: signerOf(p256, 'ES256') }),
      ),
    ).toBe('token_key');
    expect(
      await world.verify(vary('issuer', { header: { alg: 'ES256' }, sign: signerOf(p256, 'ES256') })),
    ).toBe('token_key');
    expect(world.server.asked).toBe(1);
  });

  test('keeps nobody waiting who knows a key, and nobody longer than he said', async () => {
    await world.timers.advance(FETCH_INTERVAL_MIN_MS);
    const { promise, resolve } = Promise.withResolvers<void>();
    world.server.hold = promise;
    const waiting = world.verify(NEW_TOKEN, 100);
    const failed = expect(waiting).rejects.toThrow('in time');
    const { verifier, api, clock } = world;
    expect(verifier.verify(api, OLD_TOKEN, clock.now())).toMatchObject({ kind: 'issuer' });
    await world.timers.advance(100);
    await failed;
    world.server.answer = { text: NEW_SET };
    resolve();
    await settled();
    expect(world.timers.count()).toBe(1);
  });

  test('keeps nobody waiting for ever, who says that he would', async () => {
    await world.timers.advance(FETCH_INTERVAL_MIN_MS);
    world.server.hold = new Promise(() => undefined);
    const failed = expect(world.verify(NEW_TOKEN, Infinity)).rejects.toThrow('in time');
    await world.timers.advance(2 * SECOND_MS);
    await failed;
  });

  test('is waited for by a bounded number of checks; further ones are told at once', async () => {
    await world.timers.advance(FETCH_INTERVAL_MIN_MS);
    const { promise, resolve } = Promise.withResolvers<void>();
    world.server.hold = promise;
    world.server.answer = { text: NEW_SET };
    const waiting = Array.from({ length: WAITING_MAX }, () => world.verify(NEW_TOKEN));
    await settled();
    await expect(world.verify(NEW_TOKEN)).rejects.toThrow(DependencyDown);
    resolve();
    const verified = await Promise.all(waiting);
    expect(verified.every((token) => typeof token !== 'string')).toBe(true);
    expect(world.server.asked).toBe(2);
  });

  test('tells how old it is, what came of its fetches, and logs a change once', async () => {
    expect(world.verifier.measure().increments).toEqual(
      KEY_SET_OUTCOMES.map((outcome) => fetches(outcome, outcome === 'ok' ? 1 : 0)),
    );
    world.server.answer = 'timeout';
    await world.timers.advance(REFRESH_MS + MINUTE_MS);
    const measured = world.verifier.measure();
    expect(measured.increments).toEqual([fetches('timeout', 3)]);
    const labels = { api: 'one', issuer: 'outside' };
    expect(measured.levels).toContainEqual({ metric: 'tollgate_key_set_age_seconds', labels, value: 360 });
    expect(measured.levels).toContainEqual({ metric: 'tollgate_key_set_keys', labels, value: 1 });
    world.server.answer = { text: NEW_SET };
    await world.timers.advance(MINUTE_MS);
    expect(world.notes).toEqual([
      {
        level: 'warn',
        message: expect.stringContaining('serves on'),
        fields: { ...labels, outcome: 'timeout' },
      },
      { level: 'info', message: expect.stringContaining('again'), fields: { ...labels, outcome: 'ok' } },
    ]);
  });

  test('is told of once as it fails in changing ways, and once more when it serves no longer', async () => {
    world.server.answer = 'timeout';
    await world.timers.advance(REFRESH_MS);
    world.server.answer = 'status';
    await world.timers.advance(STALE_MAX_MS + MINUTE_MS);
    expect(world.notes.map(({ level }) => level)).toEqual(['warn', 'error']);
  });

  test('is left alone after close', async () => {
    world.verifier.close();
    await world.timers.advance(STALE_MAX_MS);
    expect(world.server.asked).toBe(1);
    expect(world.timers.count()).toBe(0);
  });
});

describe('a key set that never came', () => {
  test('is an outage of its tokens, not a refusal, told as an error, and ends when it comes', async () => {
    const world = createWorld();
    world.server.answer = 'connection';
    await world.verifier.start();
    await expect(world.verify(OLD_TOKEN)).rejects.toMatchObject({ dependency: 'tokens' });
    expect(world.notes).toMatchObject([{ level: 'error' }]);
    const age = world.verifier
      .measure()
      .levels.find(({ metric }) => metric === 'tollgate_key_set_age_seconds');
    expect(age?.value).toBe(Infinity);
    world.server.answer = { text: GOOD_SET };
    await world.timers.advance(FETCH_INTERVAL_MIN_MS);
    expect(await world.verify(OLD_TOKEN)).toMatchObject({ kind: 'issuer' });
  });

  test('of the configuration that holds no usable key is an outage of its tokens alone', async () => {
    const none = { ...ISSUER, keys: { from: 'fixed', text: toPem(rsaWeak) } } as const;
    const world = createTokenWorld({
      tokens: { issuers: [none, { ...ISSUER, issuer: 'https://well.example' }] },
    });
    expect(world.notes).toMatchObject([{ level: 'error', fields: { api: 'one', issuer: 'outside' } }]);
    await expect(world.verify(mint(GOOD.issuer))).rejects.toMatchObject({ dependency: 'tokens' });
    expect(await world.verify(vary('issuer', { payload: { iss: 'https://well.example' } }))).toMatchObject({
      kind: 'issuer',
    });
  });
});

function fetches(outcome: string, by: number) {
  return { metric: 'tollgate_key_set_fetches_total', labels: { api: 'one', issuer: 'outside', outcome }, by };
}
