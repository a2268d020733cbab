import { SIGNING_KEYS_MAX } from '../../src/domain/session.ts';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { FEED_START, readFeed } from '../../src/domain/feed.ts';
import type { FeedBatch, FeedCursor } from '../../src/domain/feed.ts';
import type { Declared, DeclaredKey } from '../../src/hub/store/declared.ts';
import {
  ENDED_KEPT_MIN_MS,
  ENDED_KEPT_MS,
  REPEAT_MS,
  SIGNING_KEY_KEPT_MS,
} from '../../src/hub/store/sessions.ts';
import type {
  SessionInsert,
  SessionRotation,
  SigningKeyInsert,
  TokenDigest,
} from '../../src/hub/store/sessions.ts';
import type { Store } from '../../src/hub/store/store.ts';
import { hexFromWords } from '../../src/lib/key-digest.ts';
import { BY } from './author.ts';
import { newAccount, newKey, refOf } from './store.ts';
import type { StoreWorld } from './store.ts';

const NOW_MS = Date.UTC(2026, 10, 22, 12);
const DAY_MS = 86_400_000;
const LIFETIME_MS = 30 * DAY_MS;
const IDLE_MS = 7 * DAY_MS;
const ACME = { api: 'alpha', id: 'acme' };

function sessionId(seed: number): string {
  return `ses_${seed.toString(16).padStart(24, '0')}`;
}

/** The digest of a session's token of a generation, the same every time. */
function digestOf(seed: number, generation: number, pepperId = 'p1'): TokenDigest {
  const pepper = pepperId === 'p1' ? 1 : 2;
  return { digest: Int32Array.of(seed, generation, pepper, 4, 5, 6, 7, 8), pepperId };
}

function newSession(seed: number, change: Partial<SessionInsert> = {}): SessionInsert {
  const { atMs = NOW_MS } = change;
  return {
    api: 'alpha',
    id: sessionId(seed),
    key: refOf(1).id,
    atMs,
    expiresMs: atMs + LIFETIME_MS,
    diesMs: atMs + IDLE_MS,
    refresh: digestOf(seed, 0),
    ...change,
  };
}

function newRotation(
  seed: number,
  generation: number,
  change: Partial<SessionRotation> = {},
): SessionRotation {
  return {
    api: 'alpha',
    id: sessionId(seed),
    generation,
    presented: [digestOf(seed, generation)],
    successors: [digestOf(seed, generation + 1)],
    atMs: NOW_MS,
    idleMs: IDLE_MS,
    ...change,
  };
}

function newSigningKey(seed: number, change: Partial<SigningKeyInsert> = {}): SigningKeyInsert {
  return {
    api: 'alpha',
    kid: `kid-${seed}`,
    algorithm: 'EdDSA',
    jwk: `{"kty":"OKP","crv":"Ed25519","x":"${seed}"}`,
    publishedMs: NOW_MS,
    signsFromMs: NOW_MS,
    sealed: Uint8Array.of(seed, 2, 3),
    sealingKeyId: 's1',
    after: '',
    others: 'stay',
    ...change,
  };
}

const declaredKey: DeclaredKey = {
  api: 'alpha',
  account: 'acme',
  name: 'declared',
  hint: 'a_…',
  digest: Int32Array.of(9, 9, 9, 9, 9, 9, 9, 9),
  retiredDigests: [],
  sealed: null,
  profile: { tier: '', permissions: ['see'], role: '', limits: [] },
  expiresMs: null,
  createdMs: NOW_MS,
};
const DECLARED: Declared = { accounts: [], keys: [declaredKey] };

/** What an edge knows of sessions and signing keys after it has applied the feed. */
function createFollower(store: Store) {
  const sessions = new Map<string, { readonly key: string; readonly expiresAtMs: number }>();
  const signingKeys = new Map<string, string>();
  let cursor: FeedCursor = FEED_START;
  const apply = (batch: FeedBatch): void => {
    readFeed(batch, {
      account: () => {},
      accountGone: () => {},
      key: () => {},
      keyGone: () => {},
      session: ({ api, id, keyId, expiresAtMs }) =>
        sessions.set(`${api} ${hexFromWords(id)}`, { key: `key_${hexFromWords(keyId)}`, expiresAtMs }),
      sessionGone: (api, id) => sessions.delete(`${api} ${hexFromWords(id)}`),
      signingKey: ({ api, kid, algorithm, jwk }) => signingKeys.set(`${api} ${kid}`, `${algorithm} ${jwk}`),
      signingKeyGone: (api, kid) => signingKeys.delete(`${api} ${kid}`),
    });
    cursor = batch.cursor;
  };
  const catchUp = (): void => {
    for (let batch = store.keeper.read(cursor); batch !== undefined; batch = store.keeper.read(cursor))
      apply(batch);
  };
  return {
    sessions,
    signingKeys,
    get seq() {
      return cursor.seq;
    },
    catchUp,
    ids: (): readonly string[] => {
      catchUp();
      return [...sessions.keys()].map((name) => `ses_${name.slice(2)}`).toSorted();
    },
  };
}

/** What every store promises of sessions and of the keys that sign their tokens. */
export function describeStoreSessions(name: string, createWorld: () => StoreWorld): void {
  describe(`store: ${name}`, () => {
    let world: StoreWorld;
    let store: Store;
    beforeEach(async () => {
      world = createWorld();
      store = world.open();
      await store.writes.insertAccount(newAccount(), BY);
      const profile = { tier: '', permissions: ['read'], role: '', limits: [] };
      await store.writes.insertKeys([newKey(1, { profile }), newKey(2)], BY);
    });
    afterEach(() => world.close());

    const endedWhy = async (seed: number, from = store) =>
      (await from.reads.findSession({ api: 'alpha', id: sessionId(seed) }))?.endedWhy ?? 'live';
    const rotate = (rotation: SessionRotation, from = store) => from.writes.rotateSession(rotation, BY);

    describe('sessions', () => {
      it('are kept with their key, its account and rights, and told to who follows', async () => {
        const follower = createFollower(store);
        follower.catchUp();
        const inserted = await store.writes.insertSession(newSession(1));
        expect(inserted).toEqual({
          result: 'inserted',
          permissions: ['read'],
          keyExpiresMs: null,
          session: {
            api: 'alpha',
            id: sessionId(1),
            key: refOf(1).id,
            account: 'acme',
            createdMs: NOW_MS,
            refreshedMs: NOW_MS,
            expiresMs: NOW_MS + LIFETIME_MS,
            diesMs: NOW_MS + IDLE_MS,
            generation: 0,
            endedMs: null,
            endedWhy: null,
          },
        });
        for (const who of [follower, createFollower(store)]) {
          expect(who.ids()).toEqual([sessionId(1)]);
          expect(who.sessions.get(`0 ${sessionId(1).slice(4)}`)).toEqual({
            key: refOf(1).id,
            expiresAtMs: NOW_MS + LIFETIME_MS,
          });
        }
      });

      it.each([
        ['unknown', newSession(1, { key: refOf(7).id })],
        ['of another API', newSession(1, { api: 'beta' })],
        ['no id of a key', newSession(1, { key: 'acme' })],
      ])('of a key that is %s are not made', async (_, session) => {
        expect(await store.writes.insertSession(session)).toEqual({ result: 'key_gone' });
      });

      it('of a key that is revoked or has expired, or whose account is not in order, are not made', async () => {
        await store.writes.updateKey(refOf(1), { expiresMs: NOW_MS }, BY);
        expect(await store.writes.insertSession(newSession(1))).toEqual({ result: 'key_gone' });
        const before = newSession(1, { atMs: NOW_MS - 1 });
        expect(await store.writes.insertSession(before)).toMatchObject({ keyExpiresMs: NOW_MS });
        await store.writes.updateAccount(ACME, { standing: 'suspended' }, BY);
        const other = newSession(2, { key: refOf(2).id });
        expect(await store.writes.insertSession(other)).toEqual({ result: 'account_gone' });
        await store.writes.updateAccount(ACME, { standing: 'ok' }, BY);
        await store.writes.revokeKey(refOf(2), NOW_MS, BY);
        expect(await store.writes.insertSession(other)).toEqual({ result: 'key_gone' });
      });

      it('end with the revocation of their key, and no other does', async () => {
        const follower = createFollower(store);
        for (const [seed, key] of [1, 1, 2].entries()) {
          await store.writes.insertSession(newSession(seed, { key: refOf(key).id }));
        }
        expect(follower.ids()).toHaveLength(3);
        const revoked = await store.writes.revokeKey(refOf(1), NOW_MS, BY);
        expect(follower.ids()).toEqual([sessionId(2)]);
        expect(createFollower(store).ids()).toEqual([sessionId(2)]);
        expect(await Promise.all([0, 1, 2].map((seed) => endedWhy(seed)))).toEqual(['key', 'key', 'live']);
        const [entry] = (await store.reads.listAudit({ limit: 1 }))?.entries ?? [];
        expect(entry?.changed).toMatchObject({ sessions_ended: { from: null, to: 2 } });
        expect(follower.seq).toBeGreaterThanOrEqual(revoked?.seq ?? Infinity);
      });

      it.each(['suspended', 'disabled'] as const)(
        'end for good with an account that is %s',
        async (standing) => {
          const follower = createFollower(store);
          await store.writes.insertSession(newSession(1));
          await store.writes.updateAccount(ACME, { standing }, BY);
          await store.writes.updateAccount(ACME, { standing: 'ok' }, BY);
          expect([follower.ids(), await endedWhy(1)]).toEqual([[], 'account']);
          expect(await rotate(newRotation(1, 0))).toEqual({ result: 'ended' });
        },
      );

      it('of an account that changes otherwise live on', async () => {
        await store.writes.insertSession(newSession(1));
        await store.writes.updateAccount(ACME, { tier: 'pro', billing: 'inactive' }, BY);
        expect(await endedWhy(1)).toBe('live');
      });

      it('are ended one by one, by key or by account, once, with their author', async () => {
        for (const [seed, key] of [1, 1, 2].entries()) {
          await store.writes.insertSession(newSession(seed, { key: refOf(key).id }));
        }
        const end = (of: Parameters<typeof store.writes.endSessions>[0]['of'], api = 'alpha') =>
          store.writes.endSessions(
            { api, of, why: 'revoked', atMs: NOW_MS },
            { ...BY, action: 'session.revoke' },
          );
        for (const of of [{ session: sessionId(0) }, { key: refOf(1).id }, { account: 'acme' }]) {
          expect(await end(of, 'beta'), 'in another API').toMatchObject({ ended: 0 });
        }
        expect(await end({ session: sessionId(0) })).toMatchObject({ ended: 1 });
        expect(await end({ session: sessionId(0) })).toMatchObject({ ended: 0 });
        expect(await end({ key: refOf(1).id })).toMatchObject({ ended: 1 });
        const follower = createFollower(store);
        const last = await end({ account: 'acme' });
        expect(last.ended).toBe(1);
        follower.catchUp();
        expect(follower.seq).toBe(last.seq);
        const { entries = [] } = (await store.reads.listAudit({ limit: 3 })) ?? {};
        expect(entries.map(({ action, object }) => [action, object])).toEqual([
          ['session.revoke', 'acme'],
          ['session.revoke', refOf(1).id],
          ['session.revoke', sessionId(0)],
        ]);
      });

      it('are listed while they live, page by page, by key and by account', async () => {
        await store.writes.insertAccount(newAccount({ id: 'other' }), BY);
        await store.writes.insertKeys([newKey(3, { account: 'other' })], BY);
        for (const [seed, key] of [1, 2, 3, 1, 2].entries()) {
          await store.writes.insertSession(newSession(seed, { key: refOf(key).id }));
        }
        await store.writes.endSessions({
          api: 'alpha',
          of: { session: sessionId(3) },
          why: 'logout',
          atMs: NOW_MS,
        });
        const list = async (query: object): Promise<readonly string[]> => {
          const seeds: string[] = [];
          for (let after: string | null | undefined; after !== null;) {
            const asked = { api: 'alpha', limit: 2, ...(after === undefined ? {} : { after }), ...query };
            const page = await store.reads.listSessions(asked);
            seeds.push(...(page?.sessions ?? []).map(({ id }) => id.slice(-1)));
            after = page?.next ?? null;
          }
          return seeds;
        };
        expect(await list({})).toEqual(['0', '1', '2', '4']);
        expect(await list({ account: 'acme' })).toEqual(['0', '1', '4']);
        expect(await list({ key: refOf(2).id })).toEqual(['1', '4']);
        expect(await list({ key: 'nobody' })).toEqual([]);
        expect(await list({ key: refOf(2).id, account: 'acme' })).toEqual(['1', '4']);
        expect(await list({ key: refOf(2).id, account: 'other' })).toEqual([]);
        for (const query of [{}, { key: refOf(2).id }, { account: 'acme' }]) {
          expect(await list({ api: 'beta', ...query })).toEqual([]);
        }
        expect(await store.reads.listSessions({ api: 'alpha', limit: 2, after: 'x' })).toBeUndefined();
      });

      it('of one key are bounded: the one that was refreshed longest ago ends', async () => {
        const bounded = world.open(undefined, { perKey: 3 });
        for (const seed of [1, 2, 3]) {
          await bounded.writes.insertSession(newSession(seed, { atMs: NOW_MS + seed }));
        }
        await rotate(newRotation(1, 0, { atMs: NOW_MS + 10 }), bounded);
        await bounded.writes.insertSession(newSession(9, { key: refOf(2).id, atMs: NOW_MS }));
        await bounded.writes.insertSession(newSession(4, { atMs: NOW_MS + 11 }));
        const ends = await Promise.all([1, 2, 3, 4, 9].map((seed) => endedWhy(seed, bounded)));
        expect(ends).toEqual(['live', 'replaced', 'live', 'live', 'live']);
      });

      it('of one account are bounded, over all of its keys', async () => {
        const bounded = world.open(undefined, { perAccount: 2 });
        for (const [seed, key] of [1, 2, 1].entries()) {
          await bounded.writes.insertSession(newSession(seed, { key: refOf(key).id, atMs: NOW_MS + seed }));
        }
        const ends = await Promise.all([0, 1, 2].map((seed) => endedWhy(seed, bounded)));
        expect(ends).toEqual(['replaced', 'live', 'live']);
      });

      it('are bounded over all: beyond that none is added, and none ends', async () => {
        const bounded = world.open(undefined, { overall: 2 });
        for (const seed of [1, 2]) await bounded.writes.insertSession(newSession(seed));
        expect(await bounded.writes.insertSession(newSession(3))).toEqual({ result: 'sessions_full' });
        const of = { session: sessionId(1) };
        await bounded.writes.endSessions({ api: 'alpha', of, why: 'logout', atMs: NOW_MS });
        expect(await bounded.writes.insertSession(newSession(3))).toMatchObject({ result: 'inserted' });
        const late = newSession(4, { atMs: NOW_MS + LIFETIME_MS });
        expect(await bounded.writes.insertSession(late), 'others have run out').toMatchObject({
          result: 'inserted',
        });
      });

      it('that ran out or ended long ago make room by and by, and who follows hears of each end', async () => {
        const follower = createFollower(store);
        for (let seed = 1; seed <= 40; seed += 1) await store.writes.insertSession(newSession(seed));
        follower.catchUp();
        let atMs = NOW_MS + IDLE_MS;
        const end = atMs + ENDED_KEPT_MS;
        for (let seed = 41; seed <= 60; seed += 1)
          await store.writes.insertSession(newSession(seed, { atMs }));
        expect(follower.ids().length).toBe(20);
        expect(await endedWhy(1)).toBe('expired');
        atMs = end;
        for (let seed = 61; seed <= 70; seed += 1)
          await store.writes.insertSession(newSession(seed, { atMs }));
        const found = [1, 20, 40].map((seed) =>
          store.reads.findSession({ api: 'alpha', id: sessionId(seed) }),
        );
        expect(await Promise.all(found)).toEqual([undefined, undefined, undefined]);
        expect(follower.ids()).toEqual(createFollower(store).ids());
      });

      it('that ended are remembered for a day up to a number, beyond it for minutes', async () => {
        const bounded = world.open(undefined, { perKey: 1, ended: 10 });
        const follower = createFollower(bounded);
        const beginAll = async (from: number, to: number, atMs: number): Promise<void> => {
          for (let seed = from; seed <= to; seed += 1)
            await bounded.writes.insertSession(newSession(seed, { atMs }));
        };
        const find = (seed: number) => bounded.reads.findSession({ api: 'alpha', id: sessionId(seed) });
        await beginAll(1, 20, NOW_MS);
        expect(await find(1), 'too young to go').toMatchObject({ endedWhy: 'replaced' });
        follower.catchUp();
        await beginAll(21, 21, NOW_MS + ENDED_KEPT_MIN_MS);
        await beginAll(22, 26, NOW_MS + ENDED_KEPT_MIN_MS);
        expect(await find(1)).toBeUndefined();
        expect(await find(16), 'within the number').toMatchObject({ endedWhy: 'replaced' });
        expect(follower.ids()).toEqual(createFollower(bounded).ids());
      });

      it('that are refreshed make room for others as well, and let spent signing keys go', async () => {
        await store.writes.insertSession(newSession(1));
        await store.writes.insertSession(newSession(2, { diesMs: NOW_MS + LIFETIME_MS }));
        const by = { ...BY, atMs: NOW_MS };
        await store.writes.insertSigningKey(newSigningKey(1), by);
        await store.writes.insertSigningKey(newSigningKey(2, { after: 'kid-1' }), by);
        expect(await rotate(newRotation(2, 0, { atMs: NOW_MS + IDLE_MS }))).toMatchObject({
          result: 'rotated',
        });
        expect(await endedWhy(1)).toBe('expired');
        expect((await store.reads.listSigningKeys('alpha')).map(({ kid }) => kid)).toEqual(['kid-2']);
      });

      it('of a declared key live while the file has it, and end when it is gone from there', async () => {
        const declaring = world.open(DECLARED);
        const [key] = (await declaring.reads.listKeys({ api: 'alpha', limit: 9 }))?.keys.slice(-1) ?? [];
        const session = newSession(1, { key: key?.id ?? '' });
        expect(await declaring.writes.insertSession(session)).toMatchObject({
          permissions: ['see'],
          session: { account: 'acme' },
        });
        await declaring.writes.insertSession(newSession(2));
        const again = world.open(DECLARED);
        expect(await rotate(newRotation(1, 0), again)).toMatchObject({ result: 'rotated' });
        const without = world.open();
        expect([await endedWhy(1, without), await endedWhy(2, without)]).toEqual(['key', 'live']);
        expect(createFollower(without).ids()).toEqual([sessionId(2)]);
      });

      it('of a declared key end where the file gives the key to another account', async () => {
        await store.writes.insertAccount(newAccount({ id: 'other' }), BY);
        const declaring = world.open(DECLARED);
        const [key] = (await declaring.reads.listKeys({ api: 'alpha', limit: 9 }))?.keys.slice(-1) ?? [];
        await declaring.writes.insertSession(newSession(1, { key: key?.id ?? '' }));
        const moved = world.open({ accounts: [], keys: [{ ...declaredKey, account: 'other' }] });
        expect(await endedWhy(1, moved)).toBe('key');
      });
    });

    describe('refresh tokens', () => {
      it('are taken for the next, once, and give the session time, never beyond its end', async () => {
        await store.writes.insertSession(newSession(1));
        const atMs = NOW_MS + 5 * DAY_MS;
        expect(await rotate(newRotation(1, 0, { atMs }))).toMatchObject({
          result: 'rotated',
          successor: 0,
          permissions: ['read'],
          session: { generation: 1, refreshedMs: atMs, diesMs: atMs + IDLE_MS, createdMs: NOW_MS },
        });
        const longer = newRotation(1, 1, { atMs, idleMs: LIFETIME_MS });
        expect(await rotate(longer)).toMatchObject({ session: { diesMs: NOW_MS + LIFETIME_MS } });
      });

      it('shown by two connections at once are taken by one; the other learns which token is the latest', async () => {
        await store.writes.insertSession(newSession(1));
        const other = world.open();
        const results = await Promise.all([rotate(newRotation(1, 0)), rotate(newRotation(1, 0), other)]);
        expect(results.map(({ result }) => result)).toEqual(['rotated', 'repeated']);
        expect(results[1]).toMatchObject({ successor: 0, session: { generation: 1 } });
      });

      it('name the latest token also where it was derived under a pepper that is now retired', async () => {
        await store.writes.insertSession(newSession(1));
        await rotate(newRotation(1, 0));
        const successors = [digestOf(1, 1, 'p2'), digestOf(1, 1)];
        const presented = [digestOf(1, 0, 'p2'), digestOf(1, 0)];
        expect(await rotate(newRotation(1, 0, { presented, successors }))).toMatchObject({
          result: 'repeated',
          successor: 1,
        });
        const next = newRotation(1, 1, {
          presented: [digestOf(1, 1, 'p2'), digestOf(1, 1)],
          successors: [digestOf(1, 2, 'p2'), digestOf(1, 2)],
        });
        expect(await rotate(next)).toMatchObject({ result: 'rotated', successor: 0 });
        const known = { presented: [digestOf(1, 2, 'p2')], successors: [digestOf(1, 3, 'p2')] };
        expect(await rotate(newRotation(1, 2, known))).toMatchObject({ result: 'rotated' });
      });

      it('of the latest generation with another digest are unknown, and change nothing', async () => {
        await store.writes.insertSession(newSession(1));
        const forged = newRotation(1, 0, { presented: [digestOf(2, 0)] });
        expect(await rotate(forged)).toEqual({ result: 'unknown' });
        expect(await rotate(newRotation(1, 1))).toEqual({ result: 'unknown' });
        expect(await rotate(newRotation(2, 0))).toEqual({ result: 'unknown' });
        expect(await rotate(newRotation(1, 0, { api: 'beta' }))).toEqual({ result: 'unknown' });
        expect(await rotate(newRotation(1, 0, { key: refOf(2).id }))).toEqual({ result: 'unknown' });
        expect(await rotate(newRotation(1, 0, { key: refOf(1).id }))).toMatchObject({ result: 'rotated' });
      });

      it('of a session without one are unknown', async () => {
        await store.writes.insertSession(newSession(1, { refresh: null }));
        expect(await rotate(newRotation(1, 0))).toEqual({ result: 'unknown' });
      });

      it('are judged as a plain model has it, whatever is shown and whenever', async () => {
        const shown = fc.record({
          back: fc.nat({ max: 3 }),
          waitMs: fc.constantFrom(0, 1, REPEAT_MS, REPEAT_MS + 1),
        });
        let seed = 100;
        await fc.assert(
          fc.asyncProperty(fc.array(shown, { maxLength: 8 }), async (steps) => {
            seed += 1;
            await store.writes.insertSession(newSession(seed));
            let model = { generation: 0, takenMs: NOW_MS, repeated: false, ended: false };
            let atMs = NOW_MS;
            for (const { back, waitMs } of steps) {
              atMs += waitMs;
              const generation = Math.max(0, model.generation - back);
              const { result } = await rotate(newRotation(seed, generation, { atMs }));
              const isLatest = generation === model.generation;
              const isBefore = generation === model.generation - 1;
              const isRepeat = isBefore && !model.repeated && atMs - model.takenMs <= REPEAT_MS;
              if (model.ended) expect(result).toBe('ended');
              else if (isLatest) {
                expect(result).toBe('rotated');
                model = { generation: generation + 1, takenMs: atMs, repeated: false, ended: false };
              } else if (isRepeat) {
                expect(result).toBe('repeated');
                model = { ...model, repeated: true };
              } else {
                expect(result).toBe('reused');
                model = { ...model, ended: true };
              }
            }
            expect(await endedWhy(seed)).toBe(model.ended ? 'reused' : 'live');
          }),
          { numRuns: 60 },
        );
      });
    });

    describe('signing keys', () => {
      const insert = (key: SigningKeyInsert, from = store) =>
        from.writes.insertSigningKey(key, { ...BY, action: 'signing_key.create', atMs: key.publishedMs });

      it('are kept in the order in which they sign, and told without their private half', async () => {
        const follower = createFollower(store);
        follower.catchUp();
        await insert(newSigningKey(1));
        const later = newSigningKey(2, { after: 'kid-1', signsFromMs: NOW_MS + 600_000, algorithm: 'ES256' });
        const { keys } = await insert(later);
        expect(keys.map(({ kid }) => kid)).toEqual(['kid-1', 'kid-2']);
        expect(await store.reads.listSigningKeys('alpha')).toEqual(keys);
        expect(keys[0]?.sealed).toEqual(Uint8Array.of(1, 2, 3));
        expect(await store.reads.listSigningKeys('beta')).toEqual([]);
        follower.catchUp();
        for (const who of [follower, createFollower(store)]) {
          who.catchUp();
          expect([...who.signingKeys]).toEqual([
            ['0 kid-1', 'EdDSA {"kty":"OKP","crv":"Ed25519","x":"1"}'],
            ['0 kid-2', 'ES256 {"kty":"OKP","crv":"Ed25519","x":"2"}'],
          ]);
        }
      });

      it('that two would add after the same one are added once', async () => {
        const other = world.open();
        expect(await insert(newSigningKey(1))).toMatchObject({ result: 'inserted' });
        const second = await insert(newSigningKey(2), other);
        expect([second.result, second.keys.map(({ kid }) => kid)]).toEqual(['raced', ['kid-1']]);
      });

      it('with a private member are refused by the tables themselves', async () => {
        await expect(insert(newSigningKey(1, { jwk: '{"kty":"OKP","d":"secret"}' }))).rejects.toThrow(
          /CHECK/,
        );
        expect(await store.reads.listSigningKeys('alpha')).toEqual([]);
      });

      it('are bounded in number', async () => {
        let after = '';
        for (let seed = 1; seed <= SIGNING_KEYS_MAX; seed += 1) {
          await insert(newSigningKey(seed, { after }));
          after = `kid-${seed}`;
        }
        expect(await insert(newSigningKey(99, { after }))).toMatchObject({ result: 'too_many' });
      });

      it('go once another has signed for so long that none of their tokens is left, and their private half with them', async () => {
        const follower = createFollower(store);
        await insert(newSigningKey(1));
        const signsFromMs = NOW_MS + 600_000;
        await insert(newSigningKey(2, { after: 'kid-1', signsFromMs }));
        const lastMs = signsFromMs + SIGNING_KEY_KEPT_MS;
        await store.writes.insertSession(newSession(1, { atMs: lastMs - 1 }));
        expect(await store.reads.listSigningKeys('alpha')).toHaveLength(2);
        await store.writes.insertSession(newSession(2, { atMs: lastMs }));
        expect((await store.reads.listSigningKeys('alpha')).map(({ kid }) => kid)).toEqual(['kid-2']);
        follower.catchUp();
        expect([...follower.signingKeys.keys()]).toEqual(['0 kid-2']);
        const much = newSession(3, { atMs: lastMs + ENDED_KEPT_MS + SIGNING_KEY_KEPT_MS });
        await store.writes.insertSession(much);
        expect((await store.reads.listSigningKeys('alpha')).map(({ kid }) => kid)).toEqual(['kid-2']);
      });

      it('go all at once where one takes the place of all, of its API alone, and are told', async () => {
        await insert(newSigningKey(1));
        await insert(newSigningKey(2, { after: 'kid-1', signsFromMs: NOW_MS + 600_000 }));
        await insert(newSigningKey(7, { api: 'beta' }));
        const follower = createFollower(store);
        follower.catchUp();
        const { keys } = await insert(newSigningKey(3, { after: 'kid-2', others: 'go' }));
        expect(keys.map(({ kid }) => kid)).toEqual(['kid-3']);
        follower.catchUp();
        expect([...follower.signingKeys.keys()].toSorted()).toEqual(['0 kid-3', '1 kid-7']);
        const [entry] = (await store.reads.listAudit({ limit: 1 }))?.entries ?? [];
        expect(entry?.changed).toMatchObject({ gone: { to: ['kid-1', 'kid-2'] } });
      });

      it('are sealed anew without a word to who follows', async () => {
        await insert(newSigningKey(1));
        const follower = createFollower(store);
        follower.catchUp();
        const { seq } = follower;
        await store.writes.resealSigningKey({
          api: 'alpha',
          kid: 'kid-1',
          sealed: Uint8Array.of(7),
          sealingKeyId: 's2',
        });
        follower.catchUp();
        expect(follower.seq).toBe(seq);
        expect(await store.reads.listSigningKeys('alpha')).toMatchObject([
          { sealed: Uint8Array.of(7), sealingKeyId: 's2' },
        ]);
      });
    });

    it('tells a follower that starts at any moment of sessions and keys what the tables hold', async () => {
      const step = fc.oneof(
        fc.record({ kind: fc.constant('begin' as const), seed: fc.integer({ min: 1_000, max: 1_020 }) }),
        fc.record({ kind: fc.constant('end' as const), seed: fc.integer({ min: 1_000, max: 1_020 }) }),
        fc.record({ kind: fc.constant('follow' as const), seed: fc.constant(0) }),
      );
      await fc.assert(
        fc.asyncProperty(fc.array(step, { maxLength: 25 }), async (steps) => {
          const followers = [createFollower(store)];
          for (const { kind, seed } of steps) {
            if (kind === 'follow') followers.push(createFollower(store));
            else if (kind === 'end') {
              await store.writes.endSessions({
                api: 'alpha',
                of: { session: sessionId(seed) },
                why: 'logout',
                atMs: NOW_MS,
              });
            } else if ((await endedWhy(seed)) === 'live') {
              const known = await store.reads.findSession({ api: 'alpha', id: sessionId(seed) });
              if (known === undefined) await store.writes.insertSession(newSession(seed));
            }
            followers.at(-1)?.catchUp();
          }
          const listed = (await store.reads.listSessions({ api: 'alpha', limit: 500 }))?.sessions ?? [];
          const held = listed.map(({ id }) => id).toSorted();
          for (const follower of followers) expect(follower.ids()).toEqual(held);
        }),
        { numRuns: 25 },
      );
    });
  });
}
