import fc from 'fast-check';
import { createLocalJWKSet, decodeProtectedHeader, jwtVerify } from 'jose';
import { describe, expect, it, vi } from 'vitest';
import { FEED_START, readFeed } from '../../../../src/domain/feed.ts';
import type { SigningKeyStart } from '../../../../src/domain/operations.ts';
import { JWKS_CACHE_SECONDS } from '../../../../src/hub/sessions/engine.ts';
import type { JwkSet } from '../../../../src/hub/sessions/engine.ts';
import { PUBLISHED_AHEAD_MS } from '../../../../src/hub/sessions/signing-plan.ts';
import { SIGNING_KEY_KEPT_MS } from '../../../../src/hub/store/sessions.ts';
import { createSealer } from '../../../../src/lib/seal.ts';
import { BY } from '../../../contract/author.ts';
import {
  API,
  DAY_MS,
  MINUTE_MS,
  RULES,
  SEALING,
  SECOND_MS,
  START_MS,
  apiWith,
  begin,
  createSessionsWorld,
  pairOf,
} from './world.ts';
import type { SessionsWorld } from './world.ts';

function kidOf({ accessToken }: { readonly accessToken: string }): string | undefined {
  return decodeProtectedHeader(accessToken).kid;
}

async function rotate(
  { signing, nowMs }: Pick<SessionsWorld, 'signing' | 'nowMs'>,
  start: SigningKeyStart = 'published',
) {
  const by = { ...BY, action: 'signing_key.create', atMs: nowMs() } as const;
  return signing.rotate(API, RULES, { start, by });
}

async function verifies(token: string, { keys }: JwkSet, nowMs: number): Promise<boolean> {
  try {
    await jwtVerify(token, createLocalJWKSet({ keys: [...keys] }), { currentDate: new Date(nowMs) });
    return true;
  } catch {
    return false;
  }
}

describe('the first use', () => {
  it('makes the first key, which signs at once, whoever is first', async () => {
    const world = await createSessionsWorld();
    expect(await world.store.reads.listSigningKeys('alpha')).toEqual([]);
    const { keys } = await world.engine.jwks(API);
    expect(keys.map(({ kid }) => kid)).toEqual([kidOf(await begin(world))]);
  });

  it('by many at once, in two processes, makes one', async () => {
    const world = await createSessionsWorld();
    const other = world.another();
    const engines = Array.from({ length: 40 }, (_, index) => (index % 2 === 0 ? world.engine : other.engine));
    const sets = await Promise.all(engines.map((engine) => engine.jwks(API)));
    expect(new Set(sets.flatMap(({ keys }) => keys.map(({ kid }) => kid))).size).toBe(1);
  });
});

describe('a rotation', () => {
  it('publishes the next key for longer than a set may be kept, before it signs at its very instant', async () => {
    const world = await createSessionsWorld();
    const first = kidOf(await begin(world));
    const rotated = await rotate(world);
    if (rotated.result !== 'published') expect.fail(rotated.result);
    const { kid } = rotated.key;
    expect((await world.engine.jwks(API)).keys.map((key) => key.kid)).toEqual([first, kid]);
    expect(PUBLISHED_AHEAD_MS).toBeGreaterThan(JWKS_CACHE_SECONDS * SECOND_MS);
    world.pass(PUBLISHED_AHEAD_MS - 1);
    expect(kidOf(await begin(world))).toBe(first);
    world.pass(1);
    expect(kidOf(await begin(world))).toBe(kid);
  });

  it('while the next key waits is told of that key, and publishes no other', async () => {
    const world = await createSessionsWorld();
    const rotated = await rotate(world);
    const again = await rotate(world);
    expect(again).toEqual({ ...rotated, result: 'pending' });
    world.pass(PUBLISHED_AHEAD_MS);
    expect(await rotate(world)).toMatchObject({ result: 'published' });
  });

  it('asked for by two processes at once publishes one', async () => {
    const world = await createSessionsWorld();
    await begin(world);
    const other = { ...world.another(), nowMs: world.nowMs };
    const results = await Promise.all([rotate(world), rotate(other)]);
    expect(results.map(({ result }) => result).toSorted()).toEqual(['pending', 'published']);
    expect((await world.engine.jwks(API)).keys).toHaveLength(2);
  });

  it('leaves a retired key in the set for as long as its last token may live, and no longer', async () => {
    const world = await createSessionsWorld();
    const first = kidOf(await begin(world));
    await rotate(world);
    world.pass(PUBLISHED_AHEAD_MS + SIGNING_KEY_KEPT_MS - 1);
    const kids = async () => (await world.engine.jwks(API)).keys.map(({ kid }) => kid);
    expect(await kids()).toContain(first);
    world.pass(1);
    expect(await kids()).toEqual([kidOf(await begin(world))]);
  });

  it('keeps the promise at any instant: the set of then, and one kept for as long as allowed, have the key of every living token', async () => {
    const step = fc.oneof(
      fc.record({ does: fc.constant('wait' as const), ms: fc.integer({ min: 0, max: 40 * MINUTE_MS }) }),
      fc.record({ does: fc.constantFrom('rotate' as const, 'sign' as const), ms: fc.constant(0) }),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 25 }), async (steps) => {
        const world = await createSessionsWorld();
        const fetched: { readonly atMs: number; readonly set: JwkSet }[] = [];
        const signed: { readonly token: string; readonly expiresMs: number }[] = [];
        for (const { does, ms } of steps) {
          fetched.push({ atMs: world.nowMs(), set: await world.engine.jwks(API) });
          world.pass(ms);
          if (does === 'rotate') await rotate(world);
          if (does === 'sign') {
            const { accessToken: token, expiresInSeconds } = await begin(world);
            signed.push({ token, expiresMs: world.nowMs() + expiresInSeconds * SECOND_MS });
          }
          const nowMs = world.nowMs();
          const kept = fetched.filter(({ atMs }) => nowMs - atMs <= JWKS_CACHE_SECONDS * SECOND_MS);
          for (const set of [await world.engine.jwks(API), ...kept.map((each) => each.set)]) {
            for (const { token, expiresMs } of signed.filter((each) => each.expiresMs > nowMs)) {
              expect(await verifies(token, set, nowMs), `expires in ${expiresMs - nowMs} ms`).toBe(true);
            }
          }
        }
      }),
      { numRuns: 12 },
    );
  });

  it('to another algorithm happens by itself when the configuration asks for it, and old tokens stay good', async () => {
    const world = await createSessionsWorld();
    const before = await begin(world);
    const api = apiWith('alpha', { algorithm: 'ES256' });
    const { accessToken: meanwhile } = await begin(world, api);
    expect(decodeProtectedHeader(meanwhile).alg).toBe('EdDSA');
    world.pass(PUBLISHED_AHEAD_MS);
    expect(decodeProtectedHeader((await begin(world, api)).accessToken).alg).toBe('ES256');
    const set = await world.engine.jwks(api);
    expect(set.keys.map(({ alg }) => alg)).toEqual(['EdDSA', 'ES256']);
    expect(await verifies(before.accessToken, set, START_MS)).toBe(true);
  });

  it('is not blocked by a key that a clock far ahead has published', async () => {
    const world = await createSessionsWorld();
    await begin(world);
    world.pass(365 * DAY_MS);
    await rotate(world);
    world.moveTo(START_MS);
    const now = kidOf(await begin(world));
    const rotated = await rotate(world);
    expect(rotated.result).toBe('published');
    world.pass(PUBLISHED_AHEAD_MS);
    expect(kidOf(await begin(world))).not.toBe(now);
  });
});

describe('a rotation at once', () => {
  it('leaves the new key alone, which signs; tokens of before are of no key, and refresh tokens work on', async () => {
    const world = await createSessionsWorld();
    const before = await begin(world);
    await rotate(world);
    world.pass(SECOND_MS);
    const rotated = await rotate(world, 'at_once');
    if (rotated.result !== 'published') expect.fail(rotated.result);
    const set = await world.engine.jwks(API);
    expect(set.keys.map(({ kid }) => kid)).toEqual([rotated.key.kid]);
    expect(await verifies(before.accessToken, set, world.nowMs())).toBe(false);
    expect(await world.engine.logout(API, before.accessToken)).toEqual({ result: 'unknown' });
    const next = pairOf(await world.engine.refresh(API, { refreshToken: before.refreshToken }));
    expect(await verifies(next.accessToken, set, world.nowMs())).toBe(true);
    expect(await rotate(world), 'the key that was to be next is gone as well').toMatchObject({
      result: 'published',
    });
  });

  it('asked for by two processes at once leaves one key, of neither of which any was there before', async () => {
    const world = await createSessionsWorld();
    const before = kidOf(await begin(world));
    const other = { ...world.another(), nowMs: world.nowMs };
    const results = await Promise.all([rotate(world, 'at_once'), rotate(other, 'at_once')]);
    expect(results.map(({ result }) => result)).toEqual(['published', 'published']);
    const { keys } = await world.engine.jwks(API);
    expect(keys).toHaveLength(1);
    expect(keys[0]?.kid).not.toBe(before);
  });
});

describe('a retry of a lost answer', () => {
  it('is signed by the key of the first answer, also where another signs by now', async () => {
    const world = await createSessionsWorld();
    const { refreshToken } = await begin(world);
    await rotate(world);
    world.pass(PUBLISHED_AHEAD_MS - SECOND_MS);
    const lost = pairOf(await world.engine.refresh(API, { refreshToken }));
    world.pass(2 * SECOND_MS);
    const again = pairOf(await world.engine.refresh(API, { refreshToken }));
    expect(again.accessToken).toBe(lost.accessToken);
    expect(kidOf(await begin(world))).not.toBe(kidOf(again));
  });
});

describe('a private key', () => {
  it('is in no answer, whatever members the stored text has got', async () => {
    const members = fc.dictionary(
      fc.constantFrom('d', 'p', 'q', 'dp', 'dq', 'qi', 'k', 'oth', 'priv'),
      fc.string(),
    );
    await fc.assert(
      fc.asyncProperty(
        members,
        fc.constantFrom('EdDSA' as const, 'ES256' as const),
        async (more, algorithm) => {
          const world = await createSessionsWorld();
          const api = apiWith('alpha', { algorithm });
          await begin(world, api);
          const [known] = await world.store.reads.listSigningKeys('alpha');
          const jwk = JSON.stringify({ ...JSON.parse(known?.jwk ?? '{}'), ...more });
          const { engine, signing } = world.another();
          vi.spyOn(signing, 'list').mockResolvedValue(known === undefined ? [] : [{ ...known, jwk }]);
          const shown = (await engine.jwks(api)).keys.flatMap((key) => Object.keys(key));
          const allowed = new Set(['kty', 'crv', 'x', 'y', 'kid', 'alg', 'use']);
          expect(shown.filter((member) => !allowed.has(member))).toEqual([]);
        },
      ),
      { numRuns: 8 },
    );
  });

  it('is neither in the feed nor in the files of the database', async () => {
    const world = await createSessionsWorld();
    const secrets: string[] = [];
    for (const algorithm of ['EdDSA', 'ES256'] as const) await begin(world, apiWith('alpha', { algorithm }));
    for (const { sealed, sealingKeyId, kid } of await world.store.reads.listSigningKeys('alpha')) {
      expect(sealingKeyId).toBe('s1');
      const text = createSealer(SEALING).unseal({ keyId: 's1', sealed }, `alpha/signing/${kid}`);
      const { d } = JSON.parse(text) as { readonly d: string };
      secrets.push(d);
    }
    expect(secrets.length).toBe(2);
    const batch = world.store.keeper.read(FEED_START);
    const fed = JSON.stringify(batch?.strings);
    const bytes = world.bytes();
    for (const secret of secrets) {
      expect(fed).not.toContain(secret);
      expect(bytes.includes(secret)).toBe(false);
      expect(bytes.includes(Buffer.from(secret, 'base64url'))).toBe(false);
    }
    const told: string[] = [];
    if (batch === undefined) throw new Error('nothing is fed');
    readFeed(batch, {
      account: () => {},
      accountGone: () => {},
      key: () => {},
      keyGone: () => {},
      session: () => {},
      sessionGone: () => {},
      signingKey: ({ jwk }) => told.push(...Object.keys(JSON.parse(jwk) as object)),
      signingKeyGone: () => {},
    });
    expect([...new Set(told)].toSorted()).toEqual(['crv', 'kty', 'x', 'y']);
  });

  it('is sealed anew when it is used under another sealing key, and opens under that alone from then on', async () => {
    const world = await createSessionsWorld();
    const kid = kidOf(await begin(world));
    const next = { id: 's2', secret: Buffer.alloc(32, 7) };
    const rotated = world.another({ sealing: { current: next, retired: [SEALING.current] } });
    expect(kidOf(await begin(rotated))).toBe(kid);
    expect(await world.store.reads.listSigningKeys('alpha')).toMatchObject([{ kid, sealingKeyId: 's2' }]);
    expect(kidOf(await begin(world.another({ sealing: { current: next, retired: [] } })))).toBe(kid);
  });

  it('whose sealing key is gone signs no more: another does at once, and what it signed stays good', async () => {
    const world = await createSessionsWorld();
    const before = await begin(world);
    const sealing = { current: { id: 's9', secret: Buffer.alloc(32, 9) }, retired: [] };
    const other = world.another({ sealing });
    world.pass(SECOND_MS);
    const after = await begin(other);
    expect(kidOf(after)).not.toBe(kidOf(before));
    expect(kidOf(await begin(other))).toBe(kidOf(after));
    const set = await other.engine.jwks(API);
    expect(set.keys).toHaveLength(2);
    for (const { accessToken } of [before, after]) {
      expect(await verifies(accessToken, set, world.nowMs())).toBe(true);
    }
  });
});
