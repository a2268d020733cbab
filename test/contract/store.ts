import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { LIMIT_SCOPES } from '../../src/domain/limit.ts';
import { countKeysPerPepper } from '../../src/compose/pepper-use.ts';
import type { ChargeReceipt, CreditCharge, Refund } from '../../src/domain/credits.ts';
import { FEED_START, readFeed } from '../../src/domain/feed.ts';
import { fromProfileText } from '../../src/domain/feed-records.ts';
import type { FeedBatch, FeedCursor } from '../../src/domain/feed.ts';
import { monthOf } from '../../src/domain/time.ts';
import {
  WINDOW_BATCH_MAX,
  WINDOW_ENTRIES_MAX,
  WindowWriter,
  readWindows,
} from '../../src/domain/window-batch.ts';
import { remainingCredits } from '../../src/hub/store/balance.ts';
import { hexFromWords } from '../../src/lib/key-digest.ts';
import { CREDITS_MAX } from '../../src/hub/store/accounts.ts';
import { LAST_USES_MAX, WRITE_BATCH_MAX } from '../../src/hub/store/store.ts';
import type { Declared } from '../../src/hub/store/declared.ts';
import type { AccountInsert } from '../../src/hub/store/accounts.ts';
import type { KeyInsert, KeyMaterial, StoredKey } from '../../src/hub/store/keys.ts';
import type { Store } from '../../src/hub/store/store.ts';
import type { Keeper, KeptPage } from '../../src/ports.ts';
import { BY } from './author.ts';

/** How many live sessions there may be, and how many ended ones are remembered. */
export interface SessionBounds {
  readonly perKey: number;
  readonly perAccount: number;
  readonly overall: number;
  readonly ended: number;
}

/** A fresh database for one test. */
export interface StoreWorld {
  /** Another connection to the same database. Feeds the APIs `alpha` and `beta`, in this order. */
  open(declared?: Declared, bounds?: Partial<SessionBounds>): Store;
  close(): void;
}

const NOW_MS = Date.UTC(2026, 10, 22, 12);
const PROFILE = { tier: '', permissions: [], role: '', limits: [] } as const;

export function newAccount(change: Partial<AccountInsert> = {}): AccountInsert {
  return {
    api: 'alpha',
    id: 'acme',
    tier: 'free',
    billing: 'active',
    trialEndsMs: null,
    credits: 0,
    createdMs: NOW_MS,
    ...change,
  };
}

function material(seed: number): KeyMaterial {
  return {
    id: `key_${seed.toString(16).padStart(24, '0')}`,
    hint: 'a_…0000',
    digest: Int32Array.from({ length: 8 }, (_, word) => seed * 8 + word),
    pepperId: 'p1',
    retiredDigests: [],
    sealed: null,
  };
}

export function newKey(seed: number, change: Partial<KeyInsert> = {}): KeyInsert {
  return {
    ...material(seed),
    api: 'alpha',
    account: 'acme',
    name: `key ${seed}`,
    profile: PROFILE,
    createdMs: NOW_MS,
    expiresMs: null,
    ...change,
  };
}

export function refOf(seed: number, api = 'alpha'): { api: string; id: string } {
  return { api, id: material(seed).id };
}

function nameOf(api: number, digest: Int32Array): string {
  return `${api}/${digest.join()}`;
}

/** What an edge knows after it has applied batches of the feed: the plainest directory there can be. */
function createFollower(keeper: Keeper) {
  const accounts = new Map<number, { api: number; id: string; tier: string; standing: string }>();
  const keys = new Map<string, { row: number; account: number; profile: string; expiresMs: number }>();
  let cursor: FeedCursor = FEED_START;
  let complete = false;
  const apply = (batch: FeedBatch): void => {
    readFeed(batch, {
      account: ({ row, api, id, tier, standing }) => accounts.set(row, { api, id, tier, standing }),
      accountGone: (_, row) => accounts.delete(row),
      key: ({ api, row, accountRow, digest, profile, expiresAtMs }) =>
        keys.set(nameOf(api, digest), { row, account: accountRow, profile, expiresMs: expiresAtMs }),
      keyGone: (api, digest) => keys.delete(nameOf(api, digest)),
      session: () => {},
      sessionGone: () => {},
      signingKey: () => {},
      signingKeyGone: () => {},
    });
    cursor = batch.cursor;
    complete ||= batch.complete;
  };
  return {
    accounts,
    keys,
    get complete() {
      return complete;
    },
    /** Whether there was anything to read. */
    step(): boolean {
      const batch = keeper.read(cursor);
      if (batch !== undefined) apply(batch);
      return batch !== undefined;
    },
    catchUp(): void {
      while (this.step());
    },
    keyNames: () => [...keys.keys()].toSorted(),
  };
}

type Follower = ReturnType<typeof createFollower>;

function rowOf(follower: Follower, seed: number): number {
  return follower.keys.get(nameOf(0, material(seed).digest))?.row ?? 0;
}

function charge(change: Partial<CreditCharge> = {}): CreditCharge {
  return { accountRow: 1, keyRow: 0, cost: 1, allowance: 0, wallMs: NOW_MS, ...change };
}

/** What books a charge back. */
function refundOf({ accountRow, cost }: CreditCharge, receipt: ChargeReceipt | undefined): Refund {
  if (receipt?.result !== 'charged') throw new Error('nothing was charged');
  const { fromPurchased, month } = receipt;
  return { accountRow, fromAllowance: cost - fromPurchased, fromPurchased, month };
}

function findAcme({ reads }: Store) {
  return reads.findAccount({ api: 'alpha', id: 'acme' });
}

async function allKeys(store: Store, api: string): Promise<readonly StoredKey[]> {
  const keys: StoredKey[] = [];
  let after: string | null | undefined;
  while (after !== null) {
    const page = await store.reads.listKeys({ api, limit: 3, ...(after === undefined ? {} : { after }) });
    if (page === undefined) throw new Error('a cursor of the store was refused');
    keys.push(...page.keys);
    after = page.next;
  }
  return keys;
}

/** What every store promises, whatever database is behind it. */
export function describeStore(name: string, createWorld: () => StoreWorld): void {
  describe(`store: ${name}`, () => {
    let world: StoreWorld;
    let store: Store;
    beforeEach(() => {
      world = createWorld();
      store = world.open();
    });
    afterEach(() => world.close());

    describe('accounts', () => {
      it('finds an account as it was inserted, under its own API alone', async () => {
        const inserted = await store.writes.insertAccount(newAccount({ credits: 5 }), BY);
        expect(inserted).toMatchObject({ api: 'alpha', id: 'acme', standing: 'ok', purchased: 5 });
        expect(await store.reads.findAccount({ api: 'alpha', id: 'acme' })).toEqual(inserted);
        expect(await store.reads.findAccount({ api: 'beta', id: 'acme' })).toBeUndefined();
      });

      it('takes an id once in each API and leaves the first account as it was', async () => {
        await store.writes.insertAccount(newAccount({ credits: 5 }), BY);
        expect(await store.writes.insertAccount(newAccount({ credits: 9 }), BY)).toBeUndefined();
        expect(await store.writes.insertAccount(newAccount({ api: 'beta' }), BY)).toBeDefined();
        expect((await store.reads.findAccount({ api: 'alpha', id: 'acme' }))?.purchased).toBe(5);
      });

      it('changes what an update names and nothing else', async () => {
        await store.writes.insertAccount(newAccount({ tier: 'pro' }), BY);
        const ref = { api: 'alpha', id: 'acme' };
        await store.writes.updateAccount(ref, { standing: 'suspended' }, BY);
        const updated = await store.writes.updateAccount(ref, { trialEndsMs: 7 }, BY);
        expect(updated).toMatchObject({
          result: 'updated',
          account: { tier: 'pro', standing: 'suspended', trialEndsMs: 7, billing: 'active' },
        });
        expect(await store.writes.updateAccount({ api: 'alpha', id: 'no' }, {}, BY)).toEqual({
          result: 'unknown',
        });
      });

      it('never leaves a trial without an end', async () => {
        const ref = { api: 'alpha', id: 'acme' };
        await store.writes.insertAccount(newAccount(), BY);
        expect(await store.writes.updateAccount(ref, { billing: 'trialing' }, BY)).toEqual({
          result: 'trial_without_end',
        });
        await store.writes.updateAccount(ref, { billing: 'trialing', trialEndsMs: 7 }, BY);
        expect(await store.writes.updateAccount(ref, { trialEndsMs: null }, BY)).toEqual({
          result: 'trial_without_end',
        });
        expect(await store.reads.findAccount(ref)).toMatchObject({ billing: 'trialing', trialEndsMs: 7 });
      });
    });

    describe('grants', () => {
      const ref = { api: 'alpha', id: 'acme' };
      const grant = (credits: number, name: string | null) =>
        store.writes.grantCredits(ref, { credits, ref: name, atMs: NOW_MS }, BY);

      it('counts a reference once for an account, for ever, from any connection', async () => {
        await store.writes.insertAccount(newAccount(), BY);
        await store.writes.insertAccount(newAccount({ id: 'other' }), BY);
        expect(await grant(10, 'r')).toMatchObject({ result: 'granted', account: { purchased: 10 } });
        store.keeper.charge([charge({ cost: 10 })]);
        const second = world.open();
        const again = await second.writes.grantCredits(ref, { credits: 99, ref: 'r', atMs: NOW_MS }, BY);
        expect(again).toMatchObject({ result: 'repeated', account: { purchased: 0 } });
        const elsewhere = { api: 'alpha', id: 'other' };
        expect(
          await store.writes.grantCredits(elsewhere, { credits: 1, ref: 'r', atMs: NOW_MS }, BY),
        ).toMatchObject({ result: 'granted' });
      });

      it('counts every grant without a reference', async () => {
        await store.writes.insertAccount(newAccount(), BY);
        await grant(10, null);
        expect(await grant(10, null)).toMatchObject({ account: { purchased: 20 } });
      });

      it('refuses a balance that a number cannot hold, and adds nothing', async () => {
        await store.writes.insertAccount(newAccount({ credits: CREDITS_MAX }), BY);
        expect(await grant(1, 'r')).toEqual({ result: 'too_many' });
        store.keeper.charge([charge({ cost: 1 })]);
        expect(await grant(1, 'r')).toMatchObject({
          result: 'granted',
          account: { purchased: CREDITS_MAX },
        });
      });
    });

    describe('keys', () => {
      beforeEach(async () => {
        await store.writes.insertAccount(newAccount(), BY);
      });

      it('finds a key by its id, under its own API alone, and no text that is no id', async () => {
        await store.writes.insertKeys([newKey(1)], BY);
        expect(await store.reads.findKey(refOf(1))).toMatchObject({ name: 'key 1', account: 'acme' });
        expect(await store.reads.findKey(refOf(1, 'beta'))).toBeUndefined();
        for (const id of ['', 'key_', `key_${'g'.repeat(24)}`, `${refOf(1).id}0`, "' OR 1=1 --"]) {
          expect(await store.reads.findKey({ api: 'alpha', id })).toBeUndefined();
        }
      });

      it('inserts nothing of a batch in which one account is unknown or one key is known', async () => {
        await store.writes.insertKeys([newKey(9)], BY);
        expect(await store.writes.insertKeys([newKey(1), newKey(2, { account: 'no' })], BY)).toEqual({
          result: 'account_unknown',
          index: 1,
        });
        const same = { ...newKey(3), digest: newKey(9).digest };
        expect(await store.writes.insertKeys([newKey(1), same], BY)).toEqual({
          result: 'duplicate',
          index: 1,
        });
        const twice = { ...newKey(4), digest: newKey(1).digest };
        expect(await store.writes.insertKeys([newKey(1), twice], BY)).toEqual({
          result: 'duplicate',
          index: 1,
        });
        expect((await allKeys(store, 'alpha')).map((key) => key.name)).toEqual(['key 9']);
      });

      it('knows a key again that it has under a retired pepper, revoked or not', async () => {
        await store.writes.insertKeys([newKey(1)], BY);
        await store.writes.revokeKey(refOf(1), NOW_MS, BY);
        const again = newKey(2, { retiredDigests: [newKey(1).digest] });
        expect(await store.writes.insertKeys([again], BY)).toEqual({ result: 'duplicate', index: 0 });
      });

      it('takes the same key for another API', async () => {
        await store.writes.insertAccount(newAccount({ api: 'beta' }), BY);
        await store.writes.insertKeys([newKey(1)], BY);
        const elsewhere = { ...newKey(2, { api: 'beta' }), digest: newKey(1).digest };
        expect(await store.writes.insertKeys([elsewhere], BY)).toMatchObject({ result: 'inserted' });
      });

      it('refuses more keys at once than a transaction may hold', async () => {
        const keys = Array.from({ length: WRITE_BATCH_MAX + 1 }, (_, index) => newKey(index + 1));
        await expect(store.writes.insertKeys(keys, BY)).rejects.toThrow(RangeError);
        expect(await store.writes.insertKeys(keys.slice(1), BY)).toMatchObject({ result: 'inserted' });
      });

      it('changes the rights that an update names and nothing else', async () => {
        const profile = { tier: 'pro', permissions: ['a'], role: 'r', limits: ['1/day'], allowlist: ['::1'] };
        await store.writes.insertKeys([newKey(1, { profile, expiresMs: NOW_MS + 1 })], BY);
        await store.writes.updateKey(refOf(1), { role: '', name: 'new' }, BY);
        expect(await store.reads.findKey(refOf(1))).toMatchObject({
          name: 'new',
          expiresMs: NOW_MS + 1,
          profile: { ...profile, role: '' },
        });
        await store.writes.updateKey(refOf(1), { allowlist: null, expiresMs: null }, BY);
        const key = await store.reads.findKey(refOf(1));
        expect(key?.profile).toEqual({ tier: 'pro', permissions: ['a'], role: '', limits: ['1/day'] });
        expect(key?.expiresMs).toBeNull();
      });

      it('keeps the first time of a revocation and lets nothing undo it', async () => {
        await store.writes.insertKeys([newKey(1)], BY);
        const first = await store.writes.revokeKey(refOf(1), NOW_MS, BY);
        const second = await store.writes.revokeKey(refOf(1), NOW_MS + 5, BY);
        expect(second).toEqual(first);
        expect(first?.key.revokedMs).toBe(NOW_MS);
        expect(await store.writes.updateKey(refOf(1), { expiresMs: null }, BY)).toEqual({
          result: 'revoked',
        });
        const rotation = { ...refOf(1), replacement: material(2), atMs: NOW_MS, oldExpiresMs: NOW_MS };
        expect(await store.writes.rotateKey(rotation, BY)).toEqual({ result: 'revoked' });
        expect(await store.writes.revokeKey(refOf(7), NOW_MS, BY)).toBeUndefined();
        expect((await store.reads.findKey(refOf(1)))?.revokedMs).toBe(NOW_MS);
      });

      it('gives a rotated key the rights of the old one, whose end it only brings nearer', async () => {
        const profile = { ...PROFILE, role: 'admin' };
        await store.writes.insertKeys([newKey(1, { profile, expiresMs: NOW_MS + 100 }), newKey(3)], BY);
        const rotate = (seed: number, to: number, oldExpiresMs: number) =>
          store.writes.rotateKey(
            { ...refOf(seed), replacement: material(to), atMs: NOW_MS, oldExpiresMs },
            BY,
          );
        expect(await rotate(1, 2, NOW_MS + 500)).toMatchObject({
          result: 'rotated',
          key: { ...refOf(2), name: 'key 1', account: 'acme', profile, expiresMs: NOW_MS + 100 },
        });
        expect((await store.reads.findKey(refOf(1)))?.expiresMs).toBe(NOW_MS + 100);
        expect(await rotate(3, 4, NOW_MS + 500)).toMatchObject({ key: { expiresMs: null } });
        expect((await store.reads.findKey(refOf(3)))?.expiresMs).toBe(NOW_MS + 500);
        expect(await rotate(8, 5, NOW_MS)).toEqual({ result: 'unknown' });
      });

      it('rotates no key that has expired', async () => {
        await store.writes.insertKeys([newKey(1, { expiresMs: NOW_MS })], BY);
        const rotation = { ...refOf(1), replacement: material(2), atMs: NOW_MS, oldExpiresMs: NOW_MS };
        expect(await store.writes.rotateKey(rotation, BY)).toEqual({ result: 'expired' });
        expect(await store.reads.findKey(refOf(2))).toBeUndefined();
      });

      it('moves a last use forward alone and passes over unknown rows', async () => {
        await store.writes.insertKeys([newKey(1), newKey(2)], BY);
        const follower = createFollower(store.keeper);
        follower.catchUp();
        const row = rowOf(follower, 1);
        await store.writes.recordLastUses(Float64Array.of(row, NOW_MS + 5.7, 999, NOW_MS));
        await store.writes.recordLastUses(Float64Array.of(row, NOW_MS));
        expect((await store.reads.findKey(refOf(1)))?.lastUsedMs).toBe(NOW_MS + 5);
        expect((await store.reads.findKey(refOf(2)))?.lastUsedMs).toBeNull();
        expect(follower.step()).toBe(false);
        const tooMany = new Float64Array(2 * LAST_USES_MAX + 2);
        await expect(store.writes.recordLastUses(tooMany)).rejects.toThrow(RangeError);
      });

      it('lists every key once over pages of any size, of an API or of an account', async () => {
        await store.writes.insertAccount(newAccount({ id: 'other' }), BY);
        const keys = Array.from({ length: 11 }, (_, seed) =>
          newKey(seed, { account: seed % 3 === 0 ? 'other' : 'acme' }),
        );
        await store.writes.insertKeys(keys, BY);
        expect((await allKeys(store, 'alpha')).map((key) => key.name)).toEqual(keys.map((key) => key.name));
        expect(await allKeys(store, 'beta')).toEqual([]);
        const page = await store.reads.listKeys({ api: 'alpha', account: 'other', limit: 3 });
        expect(page?.keys.map((key) => key.name)).toEqual(['key 0', 'key 3', 'key 6']);
        const rest = await store.reads.listKeys({
          api: 'alpha',
          account: 'other',
          limit: 3,
          after: page?.next ?? '',
        });
        expect(rest?.keys.map((key) => key.name)).toEqual(['key 9']);
        expect(rest?.next).toBeNull();
        expect(await store.reads.listKeys({ api: 'alpha', account: 'no', limit: 3 })).toEqual({
          keys: [],
          next: null,
        });
        expect(await store.reads.listKeys({ api: 'alpha', after: 'x', limit: 3 })).toBeUndefined();
      });

      it('names every tier that an account has or a working key names', async () => {
        await store.writes.insertAccount(newAccount({ api: 'beta', tier: '' }), BY);
        const gold = { ...PROFILE, tier: 'gold' };
        await store.writes.insertKeys(
          [
            newKey(1, { profile: gold }),
            newKey(2, { profile: gold }),
            newKey(3),
            newKey(4, { profile: { ...PROFILE, tier: 'gone' } }),
          ],
          BY,
        );
        await store.writes.revokeKey(refOf(4), NOW_MS, BY);
        expect(await store.reads.tiersInUse()).toEqual([
          { api: 'alpha', tier: 'free' },
          { api: 'alpha', tier: 'gold' },
          { api: 'beta', tier: '' },
        ]);
      });
    });

    describe('charges', () => {
      beforeEach(async () => {
        await store.writes.insertAccount(newAccount({ credits: 10 }), BY);
      });

      it('spends the allowance first and answers in the order of the charges', () => {
        const outcomes = store.keeper.charge([
          charge({ cost: 4, allowance: 5 }),
          charge({ cost: 4, allowance: 5 }),
          charge({ cost: 8, allowance: 5 }),
          charge({ cost: 7, allowance: 5 }),
          charge({ accountRow: 77 }),
        ]);
        expect(outcomes).toEqual([
          { result: 'charged', remaining: 11, fromPurchased: 0, month: monthOf(NOW_MS) },
          { result: 'charged', remaining: 7, fromPurchased: 3, month: monthOf(NOW_MS) },
          { result: 'insufficient', remaining: 7, fromPurchased: 0, month: 0 },
          { result: 'charged', remaining: 0, fromPurchased: 7, month: monthOf(NOW_MS) },
          { result: 'account_gone', remaining: 0, fromPurchased: 0, month: 0 },
        ]);
        expect(store.keeper.charge([])).toEqual([]);
      });

      it('grants the allowance anew in a later month and never again in an earlier one', async () => {
        const november = Date.UTC(2026, 10, 30, 23, 59, 59, 999);
        const december = Date.UTC(2026, 11, 1);
        const spend = (wallMs: number, cost: number) =>
          store.keeper.charge([charge({ cost, allowance: 5, wallMs })])[0];
        expect(spend(november, 5)).toMatchObject({ result: 'charged', remaining: 10 });
        expect(spend(november, 1)).toMatchObject({ result: 'charged', remaining: 9 });
        expect(spend(december, 5)).toMatchObject({ result: 'charged', remaining: 9 });
        expect(spend(november, 1)).toMatchObject({ result: 'charged', remaining: 8 });
        const account = await store.reads.findAccount({ api: 'alpha', id: 'acme' });
        expect(account).toMatchObject({ purchased: 8, allowanceMonth: monthOf(december) });
        expect(remainingCredits(account ?? expect.fail(), 5, Date.UTC(2027, 0, 1))).toBe(13);
      });

      it('leaves used what was used when the allowance changes', () => {
        const outcomes = store.keeper.charge([
          charge({ cost: 5, allowance: 5 }),
          charge({ cost: 1, allowance: 100 }),
          charge({ cost: 1, allowance: 2 }),
        ]);
        expect(outcomes.map(({ remaining }) => remaining)).toEqual([10, 104, 9]);
      });

      it('spends nothing for a key that was revoked, has expired or is of another account', async () => {
        await store.writes.insertAccount(newAccount({ id: 'other', credits: 10 }), BY);
        await store.writes.insertKeys(
          [
            newKey(1),
            newKey(2, { expiresMs: NOW_MS }),
            newKey(3, { account: 'other' }),
            newKey(4, { expiresMs: NOW_MS + 1 }),
          ],
          BY,
        );
        const follower = createFollower(store.keeper);
        follower.catchUp();
        await store.writes.revokeKey(refOf(1), NOW_MS, BY);
        const outcomes = store.keeper.charge([1, 2, 3, 4].map((n) => charge({ keyRow: rowOf(follower, n) })));
        expect(outcomes.map((outcome) => outcome.result)).toEqual([
          'key_gone',
          'key_gone',
          'key_gone',
          'charged',
        ]);
        expect((await store.reads.findAccount({ api: 'alpha', id: 'acme' }))?.purchased).toBe(9);
      });

      it('spends nothing for an account that is suspended or disabled', async () => {
        for (const standing of ['suspended', 'disabled'] as const) {
          await store.writes.updateAccount({ api: 'alpha', id: 'acme' }, { standing }, BY);
          expect(store.keeper.charge([charge()])).toMatchObject([{ result: 'account_gone', remaining: 10 }]);
        }
      });

      it('refuses a batch that would give credits away, and spends nothing of it', async () => {
        for (const cost of [0, -1, 0.5, Number.NaN]) {
          expect(() => store.keeper.charge([charge(), charge({ cost })])).toThrow(RangeError);
        }
        expect((await store.reads.findAccount({ api: 'alpha', id: 'acme' }))?.purchased).toBe(10);
      });

      it('agrees with a plain model over random charges, months and grants, and never goes below zero', async () => {
        const step = fc.record({
          accountRow: fc.integer({ min: 1, max: 3 }),
          cost: fc.integer({ min: 1, max: 12 }),
          allowance: fc.constantFrom(0, 3, 10),
          wallMs: fc.integer({ min: 0, max: 2 }).map((month) => Date.UTC(2026, 10 + month, 5)),
          grant: fc.integer({ min: 0, max: 8 }),
        });
        await store.writes.insertAccount(newAccount({ id: 'two', credits: 30 }), BY);
        const model = new Map([
          [1, { purchased: 10, month: 0, used: 0 }],
          [2, { purchased: 30, month: 0, used: 0 }],
        ]);
        const steps = fc.array(fc.array(step, { minLength: 1, maxLength: 6 }), { maxLength: 12 });
        await fc.assert(
          fc.asyncProperty(steps, async (batches) => {
            for (const batch of batches) {
              const outcomes = store.keeper.charge(batch.map((one) => charge(one)));
              expect(outcomes).toMatchObject(batch.map((one) => modelCharge(model, one)));
              const granted = batch[0]?.grant ?? 0;
              if (granted === 0) continue;
              await store.writes.grantCredits(
                { api: 'alpha', id: 'acme' },
                { credits: granted, ref: null, atMs: NOW_MS },
                BY,
              );
              const first = model.get(1);
              if (first !== undefined) first.purchased += granted;
            }
            const stored = await store.reads.findAccount({ api: 'alpha', id: 'acme' });
            expect(stored?.purchased).toBe(model.get(1)?.purchased);
            expect(stored?.purchased).toBeGreaterThanOrEqual(0);
          }),
          { numRuns: 25 },
        );
      });

      describe('booked back', () => {
        const ALLOWANCE = 5;

        it('go to where they were taken from: allowance, purchased credits, or both', async () => {
          for (const cost of [3, 5, 8, 15]) {
            const demand = charge({ cost, allowance: ALLOWANCE });
            store.keeper.refund([refundOf(demand, store.keeper.charge([demand])[0])]);
            expect(await findAcme(store)).toMatchObject({ purchased: 10, allowanceUsed: 0 });
          }
        });

        it('leave the month that has come since as it is, and give purchased credits back all the same', async () => {
          const demand = charge({ cost: 8, allowance: ALLOWANCE, wallMs: Date.UTC(2026, 10, 30) });
          const [receipt] = store.keeper.charge([demand]);
          const next = Date.UTC(2026, 11, 1);
          store.keeper.charge([charge({ cost: 4, allowance: ALLOWANCE, wallMs: next })]);
          store.keeper.refund([refundOf(demand, receipt)]);
          expect(await findAcme(store)).toMatchObject({
            purchased: 10,
            allowanceMonth: monthOf(next),
            allowanceUsed: 4,
          });
        });

        it('go to the month they were taken from, though that is a later one than the check’s own', async () => {
          const december = Date.UTC(2026, 11, 1);
          store.keeper.charge([charge({ cost: 1, allowance: ALLOWANCE, wallMs: december })]);
          // Its check began before the month's end, or under a clock that is behind.
          const demand = charge({ cost: 3, allowance: ALLOWANCE, wallMs: december - 1 });
          const [receipt] = store.keeper.charge([demand]);
          expect(receipt).toMatchObject({ result: 'charged', month: monthOf(december) });
          store.keeper.refund([refundOf(demand, receipt)]);
          expect(await findAcme(store)).toMatchObject({ purchased: 10, allowanceUsed: 1 });
        });

        it('count as never charged, whatever was charged in between', () => {
          const costs = fc.array(fc.record({ cost: fc.integer({ min: 1, max: 4 }), late: fc.boolean() }), {
            maxLength: 20,
          });
          fc.assert(
            fc.property(costs, (steps) => {
              const demands = steps.map(({ cost }) => charge({ cost, allowance: 30 }));
              const receipts = store.keeper.charge(demands);
              const made = receipts.flatMap((receipt, index) => {
                const demand = demands[index];
                return receipt.result === 'charged' && demand !== undefined
                  ? [{ late: steps[index]?.late === true, refund: refundOf(demand, receipt) }]
                  : [];
              });
              store.keeper.refund(made.filter(({ late }) => late).map(({ refund }) => refund));
              const kept = made.filter(({ late }) => !late).map(({ refund }) => refund);
              const spent = kept.reduce((sum, each) => sum + each.fromAllowance + each.fromPurchased, 0);
              const [probe] = store.keeper.charge([charge({ cost: 1_000, allowance: 30 })]);
              expect(probe).toMatchObject({ result: 'insufficient', remaining: 40 - spent });
              store.keeper.refund(kept);
            }),
            { numRuns: 50 },
          );
        });

        it('never take credits away, and book back all of a batch or nothing', async () => {
          const refund = { accountRow: 1, fromAllowance: 0, fromPurchased: 2, month: monthOf(NOW_MS) };
          for (const part of [-1, 0.5, Number.NaN]) {
            expect(() => store.keeper.refund([refund, { ...refund, fromPurchased: part }])).toThrow(
              RangeError,
            );
            expect(() => store.keeper.refund([refund, { ...refund, fromAllowance: part }])).toThrow(
              RangeError,
            );
          }
          expect((await findAcme(store))?.purchased).toBe(10);
        });

        it('give nothing to an account that is not there', () => {
          expect(() =>
            store.keeper.refund([
              { accountRow: 77, fromAllowance: 0, fromPurchased: 1, month: monthOf(NOW_MS) },
            ]),
          ).not.toThrow();
        });
      });

      it('spends no credit twice when two connections charge in turns', async () => {
        const second = world.open();
        const results = Array.from({ length: 12 }, (_, turn) =>
          (turn % 2 === 0 ? store : second).keeper.charge([charge()]),
        ).flat();
        expect(results.filter(({ result }) => result === 'charged')).toHaveLength(10);
        expect(results.map(({ remaining }) => remaining)).toEqual([9, 8, 7, 6, 5, 4, 3, 2, 1, 0, 0, 0]);
      });
    });

    describe('windows', () => {
      const DAY_MS = 86_400_000;
      /** An edge keeps windows once a second: a quarter of an hour. */
      const ROUNDS_UNTIL_GONE = 900;
      const nameOfWindow = (seed: number) => ({
        subject: { word0: seed, word1: ~seed, word2: 0x7fff_0000 + seed },
        scope: LIMIT_SCOPES[seed % LIMIT_SCOPES.length] ?? 'key',
        windowMs: DAY_MS,
      });

      /** Keeps one entry for each number, or none, at a time of the counters. */
      function keep(seeds: readonly number[], counterMs: number, uses = 1): void {
        const writer = new WindowWriter();
        for (const seed of seeds) {
          writer.begin(nameOfWindow(seed));
          if (uses > 0) writer.add(counterMs, uses);
        }
        store.keeper.keepWindows(writer.take({ counterMs, wallMs: NOW_MS + counterMs }));
      }

      function readAll(): readonly (readonly [seed: number, ...entries: number[]])[] {
        const read: [number, ...number[]][] = [];
        let from: number | undefined = 0;
        while (from !== undefined) {
          const page: KeptPage | undefined = store.keeper.loadWindows(from);
          for (const { entries, ...name } of page === undefined ? [] : readWindows(page.windows)) {
            expect(name).toEqual(nameOfWindow(name.subject.word0));
            read.push([name.subject.word0, ...entries]);
          }
          from = page?.next;
        }
        return read.toSorted(([a], [b]) => a - b);
      }

      it('are unknown until some were kept, also when only the clock was told', () => {
        expect(store.keeper.loadWindows(0)).toBeUndefined();
        keep([], 5);
        expect(store.keeper.loadWindows(0)?.windows.clock).toEqual({ counterMs: 5, wallMs: NOW_MS + 5 });
        expect(readAll()).toEqual([]);
      });

      it('are read as they were kept last, by any connection, with the clocks as they were told last', () => {
        keep([1, 2], 10);
        keep([2, 3], 20.5, 7);
        store = world.open();
        expect(readAll()).toEqual([
          [1, 10, 1],
          [2, 20.5, 7],
          [3, 20.5, 7],
        ]);
        expect(store.keeper.loadWindows(0)?.windows.clock).toEqual({
          counterMs: 20.5,
          wallMs: NOW_MS + 20.5,
        });
      });

      it('that hold nothing any more are forgotten', () => {
        keep([1, 2], 10);
        keep([1], 20, 0);
        expect(readAll()).toEqual([[2, 10, 1]]);
      });

      it.each([0, 1, 511, 512, 513, 1_200])('are all read, each once, where there are %i', (count) => {
        const seeds = Array.from({ length: count }, (_, seed) => seed);
        for (let at = 0; at < count; at += WINDOW_BATCH_MAX) keep(seeds.slice(at, at + WINDOW_BATCH_MAX), 1);
        expect(readAll().map(([seed]) => seed)).toEqual(seeds);
      });

      it('keep as many entries as a window can have', () => {
        const writer = new WindowWriter();
        writer.begin(nameOfWindow(1));
        const entries = Array.from(
          { length: WINDOW_ENTRIES_MAX },
          (_, at) => [at + 0.25, 2 ** 31 - 1] as const,
        );
        for (const [lastMs, uses] of entries) writer.add(lastMs, uses);
        store.keeper.keepWindows(writer.take({ counterMs: 100, wallMs: NOW_MS }));
        expect(readAll()).toEqual([[1, ...entries.flat()]]);
      });

      it('that have ended go away while others are kept, and never one that counts', () => {
        const old = Array.from({ length: 1_000 }, (_, seed) => 1_000 + seed);
        for (let at = 0; at < old.length; at += WINDOW_BATCH_MAX)
          keep(old.slice(at, at + WINDOW_BATCH_MAX), 0);
        keep([1], 1);
        keep([2], DAY_MS - 1);
        expect(readAll()).toHaveLength(1_002);
        for (let round = 0; round < ROUNDS_UNTIL_GONE; round += 1) keep([2], DAY_MS);
        expect(readAll()).toEqual([
          [1, 1, 1],
          [2, DAY_MS, 1],
        ]);
      });

      it('are no change of accounts and keys', () => {
        const follower = createFollower(store.keeper);
        follower.catchUp();
        keep([1], 1);
        expect(follower.step()).toBe(false);
      });
    });

    describe('digesting keys anew', () => {
      const anew = (seed: number) => material(seed + 500).digest;
      const redigest = (row: number, seed: number, pepperId = 'p2') =>
        store.writes.redigestKeys([{ row, digest: anew(seed), pepperId }]);
      let follower: Follower;

      beforeEach(async () => {
        await store.writes.insertAccount(newAccount(), BY);
        await store.writes.insertKeys([newKey(1), newKey(2)], BY);
        follower = createFollower(store.keeper);
        follower.catchUp();
      });

      it('makes followers know the key by its new digest alone, as the same key', async () => {
        const row = rowOf(follower, 1);
        const woken: boolean[] = [];
        store.keeper.onChange(() => woken.push(follower.step()));
        await redigest(row, 1);
        expect(woken).toEqual([true]);
        expect(follower.keyNames()).toEqual(
          [anew(1), newKey(2).digest].map((digest) => nameOf(0, digest)).toSorted(),
        );
        expect(follower.keys.get(nameOf(0, anew(1)))?.row).toBe(row);
        expect(await store.reads.findKey(refOf(1))).toMatchObject({ name: 'key 1' });
        const fresh = createFollower(world.open().keeper);
        fresh.catchUp();
        expect(fresh.keyNames()).toEqual(follower.keyNames());
      });

      it('lets no earlier digest live on in a follower that was behind, whatever became of the key meanwhile', async () => {
        const row = rowOf(follower, 1);
        await redigest(row, 1);
        await store.writes.updateKey(refOf(1), { role: 'admin' }, BY);
        await redigest(row, 2, 'p3');
        await store.writes.revokeKey(refOf(1), NOW_MS, BY);
        follower.catchUp();
        expect(follower.keyNames()).toEqual([nameOf(0, newKey(2).digest)]);
      });

      it('back under a pepper that has come back leaves the key known by that digest alone', async () => {
        const row = rowOf(follower, 1);
        await redigest(row, 1);
        await store.writes.redigestKeys([{ row, digest: newKey(1).digest, pepperId: 'p1' }]);
        follower.catchUp();
        expect(follower.keyNames()).toEqual([1, 2].map((seed) => nameOf(0, newKey(seed).digest)).toSorted());
      });

      it('passes over keys that are unknown, revoked, digested so already, or whose digest another key has', async () => {
        const row = rowOf(follower, 1);
        await store.writes.redigestKeys([{ row, digest: newKey(2).digest, pepperId: 'p2' }]);
        await store.writes.redigestKeys([{ row, digest: anew(1), pepperId: 'p1' }]);
        await redigest(999, 1);
        await store.writes.revokeKey(refOf(2), NOW_MS, BY);
        await redigest(rowOf(follower, 2), 2);
        expect(await countKeysPerPepper(store.reads)).toEqual(new Map([['p1', 1]]));
        follower.catchUp();
        expect(follower.keyNames()).toEqual([nameOf(0, newKey(1).digest)]);
      });

      it('keeps the key from being taken again, and counts it under its pepper', async () => {
        await redigest(rowOf(follower, 1), 1);
        expect(await countKeysPerPepper(store.reads)).toEqual(new Map(Object.entries({ p1: 1, p2: 1 })));
        const same = { ...newKey(3), digest: anew(1), pepperId: 'p2', retiredDigests: [newKey(1).digest] };
        expect(await store.writes.insertKeys([same], BY)).toEqual({ result: 'duplicate', index: 0 });
      });

      it('of more than fit one batch reaches followers in several', async () => {
        const seeds = Array.from({ length: 6 * WRITE_BATCH_MAX }, (_, seed) => 10_000 + seed);
        for (let at = 0; at < seeds.length; at += WRITE_BATCH_MAX) {
          const batch = seeds.slice(at, at + WRITE_BATCH_MAX);
          await store.writes.insertKeys(
            batch.map((seed) => newKey(seed)),
            BY,
          );
        }
        follower.catchUp();
        for (let at = 0; at < seeds.length; at += WRITE_BATCH_MAX) {
          const batch = seeds.slice(at, at + WRITE_BATCH_MAX);
          await store.writes.redigestKeys(
            batch.map((seed) => ({ row: rowOf(follower, seed), digest: anew(seed), pepperId: 'p2' })),
          );
        }
        follower.catchUp();
        const expected = [...[1, 2].map((seed) => newKey(seed).digest), ...seeds.map(anew)];
        expect(follower.keyNames()).toEqual(expected.map((digest) => nameOf(0, digest)).toSorted());
      });

      it('takes at most WRITE_BATCH_MAX keys at once', async () => {
        const keys = Array.from({ length: WRITE_BATCH_MAX + 1 }, (_, row) => ({
          row,
          digest: anew(row),
          pepperId: 'p2',
        }));
        await expect(store.writes.redigestKeys(keys)).rejects.toThrow(RangeError);
      });
    });

    describe('feed', () => {
      it('is complete at once where the store is empty, and then has nothing new', () => {
        const follower = createFollower(store.keeper);
        expect(follower.step()).toBe(true);
        expect(follower.complete).toBe(true);
        expect(follower.step()).toBe(false);
      });

      it('tells followers of every change that this process made, after it can be read', async () => {
        const follower = createFollower(store.keeper);
        follower.catchUp();
        const seen: boolean[] = [];
        store.keeper.onChange(() => seen.push(follower.step()));
        await store.writes.insertAccount(newAccount(), BY);
        await store.writes.insertKeys([newKey(1)], BY);
        await store.writes.updateKey(refOf(1), { role: 'admin' }, BY);
        await store.writes.revokeKey(refOf(1), NOW_MS, BY);
        await store.writes.updateAccount({ api: 'alpha', id: 'acme' }, { standing: 'suspended' }, BY);
        expect(seen).toEqual([true, true, true, true, true]);
        expect(follower.keyNames()).toEqual([]);
        expect(follower.accounts.get(1)?.standing).toBe('suspended');
      });

      it('notices once that another connection has changed the store, and never its own changes', async () => {
        const second = world.open();
        store.keeper.changedElsewhere();
        await store.writes.insertAccount(newAccount(), BY);
        expect(store.keeper.changedElsewhere()).toBe(false);
        await second.writes.updateAccount({ api: 'alpha', id: 'acme' }, { tier: 'pro' }, BY);
        expect(store.keeper.changedElsewhere()).toBe(true);
        expect(store.keeper.changedElsewhere()).toBe(false);
      });

      it('carries a key as it was stored, with its identity in the words of the directory', async () => {
        await store.writes.insertAccount(newAccount({ api: 'beta' }), BY);
        const profile = { tier: 'pro', permissions: ['b', 'a'], role: 'r', limits: [], allowlist: ['::1'] };
        await store.writes.insertKeys([newKey(0xabcdef, { api: 'beta', profile, expiresMs: NOW_MS })], BY);
        const records: unknown[] = [];
        const batch = store.keeper.read(FEED_START);
        if (batch === undefined) throw new Error('nothing was read');
        readFeed(batch, {
          account: () => {},
          accountGone: () => {},
          keyGone: () => {},
          session: () => {},
          sessionGone: () => {},
          signingKey: () => {},
          signingKeyGone: () => {},
          key: (key) =>
            records.push({
              ...key,
              profile: fromProfileText(key.profile),
              id: [...key.id],
              digest: key.digest,
            }),
        });
        expect(records).toEqual([
          {
            api: 1,
            row: 1,
            accountRow: 1,
            profile: { ...profile, permissions: ['a', 'b'] },
            expiresAtMs: NOW_MS,
            id: [0, 0, 0xefcdab00 | 0],
            digest: newKey(0xabcdef).digest,
          },
        ]);
      });

      it('sends nothing of an API that the configuration does not name, and goes on behind it', async () => {
        await store.writes.insertAccount(newAccount({ api: 'gone' }), BY);
        await store.writes.insertKeys([newKey(1, { api: 'gone' })], BY);
        await store.writes.insertAccount(newAccount(), BY);
        const follower = createFollower(store.keeper);
        follower.catchUp();
        await store.writes.updateKey(refOf(1, 'gone'), { role: 'r' }, BY);
        follower.catchUp();
        await store.writes.revokeKey(refOf(1, 'gone'), NOW_MS, BY);
        follower.catchUp();
        expect([...follower.accounts.values()].map(({ id }) => id)).toEqual(['acme']);
        expect(follower.keys.size).toBe(0);
      });

      it('loses no change that is made between two batches of the snapshot', async () => {
        const seeds = Array.from({ length: 1_200 }, (_, index) => index + 1);
        await store.writes.insertAccount(newAccount(), BY);
        for (let at = 0; at < seeds.length; at += WRITE_BATCH_MAX) {
          await store.writes.insertKeys(
            seeds.slice(at, at + WRITE_BATCH_MAX).map((seed) => newKey(seed)),
            BY,
          );
        }
        await store.writes.revokeKey(refOf(2), NOW_MS, BY);
        const follower = createFollower(store.keeper);
        follower.step();
        await store.writes.revokeKey(refOf(1), NOW_MS, BY);
        await store.writes.revokeKey(refOf(1_200), NOW_MS, BY);
        follower.step();
        expect(follower.complete).toBe(false);
        await store.writes.updateKey(refOf(3), { role: 'admin' }, BY);
        await store.writes.insertKeys([newKey(1_201)], BY);
        await store.writes.updateAccount({ api: 'alpha', id: 'acme' }, { standing: 'suspended' }, BY);
        follower.step();
        expect(follower.complete).toBe(true);
        follower.catchUp();
        expect(follower.keys.size).toBe(1_198);
        expect(rowOf(follower, 1)).toBe(0);
        const roles = [...follower.keys.values()].filter(({ profile }) => profile.includes('admin'));
        expect(roles).toHaveLength(1);
        expect(follower.accounts.get(1)?.standing).toBe('suspended');
      });

      it('always ends in what the tables hold, whenever it is read between the writes of two connections', async () => {
        const write = fc.record({
          what: fc.constantFrom('account', 'suspend', 'key', 'change', 'revoke', 'rotate', 'charge', 'read'),
          by: fc.boolean(),
          pick: fc.nat({ max: 5 }),
        });
        await fc.assert(
          fc.asyncProperty(fc.array(write, { maxLength: 30 }), async (writes) => {
            const fresh = createWorld();
            try {
              await followRandomWrites(fresh, writes);
            } finally {
              fresh.close();
            }
          }),
          { numRuns: 20 },
        );
      });
    });

    describe('declared keys', () => {
      const declared: Declared = {
        accounts: [
          { api: 'alpha', id: 'file', tier: 'pro', billing: 'active', trialEndsMs: null, createdMs: NOW_MS },
        ],
        keys: ['one', 'two'].map((name, index) => ({
          api: 'alpha',
          account: 'file',
          name,
          hint: '…',
          digest: newKey(1_000 + index).digest,
          retiredDigests: [],
          sealed: null,
          profile: PROFILE,
          expiresMs: null,
          createdMs: NOW_MS,
        })),
      };

      it('are fed and listed behind the stored ones while they are declared, and gone when they are not', async () => {
        await store.writes.insertAccount(newAccount(), BY);
        await store.writes.insertKeys([newKey(1), newKey(2)], BY);
        const withFile = world.open(declared);
        const names = (await allKeys(withFile, 'alpha')).map(({ name, source }) => `${name}: ${source}`);
        expect(names).toEqual(['key 1: store', 'key 2: store', 'one: declared', 'two: declared']);
        const follower = createFollower(withFile.keeper);
        follower.catchUp();
        expect(follower.keys.size).toBe(4);
        expect([...follower.keys.values()].filter(({ row }) => row === 0)).toHaveLength(2);
        const without = createFollower(world.open().keeper);
        without.catchUp();
        expect(without.keys.size).toBe(2);
      });

      it('are listed each once over pages of any size', async () => {
        const [key] = declared.keys;
        const many = Array.from({ length: 8 }, (_, index) => ({
          ...(key ?? expect.fail()),
          name: `n${index}`,
          digest: newKey(2_000 + index).digest,
        }));
        const listed = await allKeys(world.open({ ...declared, keys: many }), 'alpha');
        expect(listed.map(({ name }) => name)).toEqual(many.map(({ name }) => name));
      });

      it('are found by an id that is the same after a restart and shows no part of the digest', async () => {
        const [first] = await allKeys(world.open(declared), 'alpha');
        const again = world.open(declared);
        expect(await again.reads.findKey({ api: 'alpha', id: first?.id ?? '' })).toEqual(first);
        const digestHex = hexFromWords(newKey(1_000).digest);
        for (let at = 4; at < 28; at += 4) expect(digestHex).not.toContain(first?.id.slice(at, at + 8));
      });

      it('cannot be taken again by an import', async () => {
        const withFile = world.open(declared);
        const taken = newKey(5, { account: 'file', retiredDigests: [newKey(1_001).digest] });
        expect(await withFile.writes.insertKeys([taken], BY)).toEqual({ result: 'duplicate', index: 0 });
      });

      it('end the start where their account is unknown or the store has the key, revoked or not', async () => {
        expect(() => world.open({ accounts: [], keys: declared.keys })).toThrow(
          /neither declared nor in the store/,
        );
        await store.writes.insertAccount(newAccount(), BY);
        await store.writes.insertKeys([newKey(1_000)], BY);
        await store.writes.revokeKey(refOf(1_000), NOW_MS, BY);
        expect(() => world.open(declared)).toThrow(/stands in the store as well/);
      });

      it('end the start where the store has the key, revoked or not, under a pepper that was retired since', async () => {
        await store.writes.insertAccount(newAccount(), BY);
        await store.writes.insertKeys([newKey(7)], BY);
        await store.writes.revokeKey(refOf(7), NOW_MS, BY);
        const keys = declared.keys.map((key) => ({ ...key, retiredDigests: [newKey(7).digest] }));
        expect(() => world.open({ ...declared, keys })).toThrow(/stands in the store as well/);
      });

      it('end the start where two of them are one key', async () => {
        const [one, two] = declared.keys;
        const keys = [one ?? expect.fail(), { ...(two ?? expect.fail()), digest: newKey(1_000).digest }];
        expect(() => world.open({ ...declared, keys })).toThrow(/"two" of alpha is declared twice/);
      });

      it('let the file rule over tier and billing of their account, the store over standing and credits', async () => {
        const first = world.open(declared);
        const ref = { api: 'alpha', id: 'file' };
        expect(await first.reads.findAccount(ref)).toMatchObject({ source: 'declared', tier: 'pro' });
        await first.writes.updateAccount(ref, { standing: 'suspended', tier: 'free' }, BY);
        await first.writes.grantCredits(ref, { credits: 4, ref: null, atMs: NOW_MS }, BY);
        expect(await world.open(declared).reads.findAccount(ref)).toMatchObject({
          tier: 'pro',
          standing: 'suspended',
          purchased: 4,
        });
      });
    });
  });
}

interface ModelAccount {
  purchased: number;
  month: number;
  used: number;
}

function modelCharge(
  model: Map<number, ModelAccount>,
  one: Pick<CreditCharge, 'accountRow' | 'cost' | 'allowance' | 'wallMs'>,
) {
  const account = model.get(one.accountRow);
  if (account === undefined) return { result: 'account_gone', remaining: 0 };
  const month = Math.max(account.month, monthOf(one.wallMs));
  const used = month > account.month ? 0 : account.used;
  const left = Math.max(0, one.allowance - used);
  if (left + account.purchased < one.cost)
    return { result: 'insufficient', remaining: left + account.purchased };
  const fromAllowance = Math.min(left, one.cost);
  account.month = month;
  account.used = used + fromAllowance;
  account.purchased -= one.cost - fromAllowance;
  return { result: 'charged', remaining: left - fromAllowance + account.purchased };
}

interface RandomWrite {
  readonly what: 'account' | 'suspend' | 'key' | 'change' | 'revoke' | 'rotate' | 'charge' | 'read';
  readonly by: boolean;
  readonly pick: number;
}

/** Two followers read one or more batches wherever the writes say `read`; in the end both must know what the tables hold. */
async function followRandomWrites(world: StoreWorld, writes: readonly RandomWrite[]): Promise<void> {
  const [one, two] = [world.open(), world.open()];
  const followers = [createFollower(one.keeper), createFollower(two.keeper)];
  await one.writes.insertAccount(newAccount({ id: 'a0', credits: 100 }), BY);
  const seeds = [100];
  await one.writes.insertKeys([newKey(100, { account: 'a0' })], BY);
  for (const { what, by, pick } of writes) {
    const { writes: store, keeper } = by ? one : two;
    const account = { api: 'alpha', id: `a${pick}` };
    const key = refOf(seeds[pick % seeds.length] ?? 0);
    const seed = 100 + seeds.length;
    if (what === 'account') await store.insertAccount(newAccount(account), BY);
    if (what === 'suspend') await store.updateAccount(account, { standing: 'suspended' }, BY);
    if (what === 'key') await store.insertKeys([newKey(seed, { account: 'a0' })], BY);
    if (what === 'key' || what === 'rotate') seeds.push(seed);
    if (what === 'change') await store.updateKey(key, { role: `r${pick}` }, BY);
    if (what === 'revoke') await store.revokeKey(key, NOW_MS, BY);
    if (what === 'rotate') {
      await store.rotateKey(
        { ...key, replacement: material(seed), atMs: NOW_MS, oldExpiresMs: NOW_MS + 9 },
        BY,
      );
    }
    if (what === 'charge') keeper.charge([charge()]);
    if (what === 'read') followers[pick % 2]?.step();
  }
  for (const follower of followers) {
    follower.catchUp();
    await expectEqualToTables(follower, one);
  }
}

async function expectEqualToTables(follower: Follower, store: Store): Promise<void> {
  const working = (await allKeys(store, 'alpha')).filter((key) => key.revokedMs === null);
  const known = [...follower.keys.values()].map(({ account, profile, expiresMs }) => ({
    account: follower.accounts.get(account)?.id,
    role: fromProfileText(profile).role,
    expiresMs,
  }));
  const stored = working.map(({ account, profile, expiresMs }) => ({
    account,
    role: profile.role,
    expiresMs: expiresMs ?? Number.POSITIVE_INFINITY,
  }));
  expect(inOrder(known)).toEqual(inOrder(stored));
  for (const { id, tier, standing } of follower.accounts.values()) {
    expect(await store.reads.findAccount({ api: 'alpha', id })).toMatchObject({ tier, standing });
  }
}

function inOrder(list: readonly object[]): readonly string[] {
  return list.map((item) => JSON.stringify(item)).toSorted();
}
