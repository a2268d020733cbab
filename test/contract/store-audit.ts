import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { countKeysPerPepper } from '../../src/compose/pepper-use.ts';
import type { AuditAction } from '../../src/domain/audit.ts';
import { LIST_PAGE_MAX } from '../../src/hub/store/keys.ts';
import type { Authorship, StoredAudit } from '../../src/hub/store/audit.ts';
import type { OperatorInsert } from '../../src/hub/store/operators.ts';
import type { Store } from '../../src/hub/store/store.ts';
import { newAccount, newKey, refOf } from './store.ts';
import type { StoreWorld } from './store.ts';

const NOW_MS = Date.UTC(2026, 10, 22, 12);
const ACME = { api: 'alpha', id: 'acme' };

function by(action: AuditAction, change: Partial<Authorship> = {}): Authorship {
  return {
    actor: 'operator:ops',
    source: 'admin 192.0.2.1',
    requestId: 'r1',
    action,
    atMs: NOW_MS,
    ...change,
  };
}

function newOperator(seed: number, change: Partial<OperatorInsert> = {}): OperatorInsert {
  const digest = Int32Array.from({ length: 8 }, (_, word) => seed * 8 + word);
  return { name: `ops-${seed}`, role: 'write', digest, pepperId: 'p1', createdMs: NOW_MS, ...change };
}

function withoutSeq(entry: StoredAudit): Omit<StoredAudit, 'seq'> {
  const { seq: _, ...rest } = entry;
  return rest;
}

/** What every store promises about who changed what, and about those who may. */
export function describeStoreAudit(name: string, createWorld: () => StoreWorld): void {
  describe(`store: ${name}`, () => {
    let world: StoreWorld;
    let store: Store;
    beforeEach(() => {
      world = createWorld();
      store = world.open();
    });
    afterEach(() => world.close());

    async function entries(): Promise<readonly StoredAudit[]> {
      return (await store.reads.listAudit({ limit: LIST_PAGE_MAX }))?.entries ?? [];
    }

    describe('the audit log', () => {
      it('has one entry for each change, with its author and what became different', async () => {
        const { writes } = store;
        await writes.insertAccount(newAccount({ credits: 5 }), by('account.create'));
        await writes.updateAccount(ACME, { tier: 'pro', standing: 'suspended' }, by('account.set'));
        await writes.grantCredits(ACME, { credits: 7, ref: 'invoice-1', atMs: NOW_MS }, by('account.grant'));
        await writes.insertKeys([newKey(1), newKey(2)], by('key.create'));
        await writes.updateKey(refOf(1), { name: 'renamed', limits: ['5/minute'] }, by('key.set'));
        const { api, id, ...rest } = { ...refOf(1), atMs: NOW_MS, oldExpiresMs: NOW_MS + 60_000 };
        await writes.rotateKey({ api, id, ...rest, replacement: newKey(3) }, by('key.rotate'));
        await writes.revokeKey(refOf(2), NOW_MS + 1, by('key.revoke', { atMs: NOW_MS + 1 }));

        const author = { actor: 'operator:ops', source: 'admin 192.0.2.1', requestId: 'r1', atMs: NOW_MS };
        const found = (await entries()).toReversed();
        expect(found.map(withoutSeq)).toEqual([
          {
            ...author,
            action: 'account.create',
            api: 'alpha',
            object: 'acme',
            changed: {
              tier: { from: null, to: 'free' },
              billing: { from: null, to: 'active' },
              credits: { from: null, to: 5 },
            },
          },
          {
            ...author,
            action: 'account.set',
            api: 'alpha',
            object: 'acme',
            changed: { tier: { from: 'free', to: 'pro' }, standing: { from: 'ok', to: 'suspended' } },
          },
          {
            ...author,
            action: 'account.grant',
            api: 'alpha',
            object: 'acme',
            changed: { purchased: { from: 5, to: 12 }, ref: { from: null, to: 'invoice-1' } },
          },
          ...[1, 2].map((seed) => ({
            ...author,
            action: 'key.create',
            api: 'alpha',
            object: refOf(seed).id,
            changed: { account: { from: null, to: 'acme' }, name: { from: null, to: `key ${seed}` } },
          })),
          {
            ...author,
            action: 'key.set',
            api: 'alpha',
            object: refOf(1).id,
            changed: { name: { from: 'key 1', to: 'renamed' }, limits: { from: null, to: ['5/minute'] } },
          },
          {
            ...author,
            action: 'key.rotate',
            api: 'alpha',
            object: refOf(1).id,
            changed: {
              expires_at: { from: null, to: '2026-11-22T12:01:00Z' },
              replacement: { from: null, to: refOf(3).id },
            },
          },
          {
            ...author,
            atMs: NOW_MS + 1,
            action: 'key.revoke',
            api: 'alpha',
            object: refOf(2).id,
            changed: { revoked_at: { from: null, to: '2026-11-22T12:00:00.001Z' } },
          },
        ]);
      });

      it('has no entry for what was refused or changed nothing', async () => {
        const { writes } = store;
        await writes.insertAccount(newAccount(), by('account.create'));
        await writes.grantCredits(ACME, { credits: 7, ref: 'r', atMs: NOW_MS }, by('account.grant'));
        await writes.insertKeys([newKey(1)], by('key.create'));
        await writes.revokeKey(refOf(1), NOW_MS, by('key.revoke'));
        const before = await entries();
        expect(before).toHaveLength(4);
        await writes.insertAccount(newAccount(), by('account.create'));
        await writes.updateAccount(ACME, { tier: 'free', standing: 'ok' }, by('account.set'));
        await writes.updateAccount(ACME, { billing: 'trialing' }, by('account.set'));
        await writes.updateAccount({ ...ACME, id: 'nobody' }, { tier: 'pro' }, by('account.set'));
        await writes.grantCredits(ACME, { credits: 7, ref: 'r', atMs: NOW_MS }, by('account.grant'));
        await writes.insertKeys([newKey(2), newKey(1)], by('key.import'));
        await writes.updateKey(refOf(1), { name: 'late' }, by('key.set'));
        await writes.revokeKey(refOf(1), NOW_MS + 1, by('key.revoke'));
        await writes.recordLastUses(Float64Array.of(1, NOW_MS));
        expect(await entries()).toEqual(before);
      });

      it('tells two times apart that differ by a millisecond', async () => {
        await store.writes.insertAccount(newAccount({ trialEndsMs: NOW_MS }), by('account.create'));
        await store.writes.updateAccount(ACME, { trialEndsMs: NOW_MS + 1 }, by('account.set'));
        expect(await store.reads.findAccount(ACME)).toMatchObject({ trialEndsMs: NOW_MS + 1 });
        expect(await entries()).toHaveLength(2);
      });

      it('comes in pages, newest first, each entry once, also of one object alone', async () => {
        for (let seed = 0; seed < 7; seed += 1) {
          const id = seed % 2 === 0 ? 'even' : 'odd';
          await store.writes.insertAccount(newAccount({ id: `${id}-${seed}` }), by('account.create'));
          await store.writes.recordAttempt(by('login.fail'));
        }
        const all = await entries();
        expect(all.map(({ seq }) => seq)).toEqual(all.map(({ seq }) => seq).toSorted((a, b) => b - a));
        const paged: StoredAudit[] = [];
        let after: string | null = '';
        while (after !== null) {
          const page = await store.reads.listAudit({ limit: 3, ...(after === '' ? {} : { after }) });
          paged.push(...(page?.entries ?? []));
          after = page?.next ?? null;
        }
        expect(paged).toEqual(all);
        expect((await store.reads.listAudit({ limit: 3, object: 'odd-3' }))?.entries).toMatchObject([
          { object: 'odd-3' },
        ]);
        expect(await store.reads.listAudit({ limit: 3, object: "' OR 1=1" })).toEqual({
          entries: [],
          next: null,
        });
        for (const cursor of ['0', '-1', 'x', '1 OR 1=1', '']) {
          expect(await store.reads.listAudit({ limit: 3, after: cursor })).toBeUndefined();
        }
      });

      it('says of declared accounts that their file made and changed them', async () => {
        const declared = {
          accounts: [
            { ...ACME, tier: 'free', billing: 'active' as const, trialEndsMs: null, createdMs: NOW_MS },
          ],
          keys: [],
        };
        world.open(declared);
        world.open(declared);
        world.open({
          ...declared,
          accounts: declared.accounts.map((account) => ({ ...account, tier: 'pro' })),
        });
        expect(await entries()).toMatchObject([
          { actor: 'configuration', action: 'account.set', changed: { tier: { from: 'free', to: 'pro' } } },
          { actor: 'configuration', action: 'account.create', object: 'acme' },
        ]);
      });
    });

    describe('operators', () => {
      it('are found by the digest of their token until they are revoked', async () => {
        const made = await store.writes.insertOperator(newOperator(1), by('operator.create'));
        const stored = { name: 'ops-1', role: 'write', createdMs: NOW_MS, revokedMs: null, lastUsedMs: null };
        expect(made).toEqual({ result: 'inserted', operator: stored });
        expect(await store.reads.findOperator(newOperator(1).digest)).toEqual(stored);
        expect(await store.reads.findOperator(newOperator(2).digest)).toBeUndefined();
        const revoked = await store.writes.revokeOperator(
          'ops-1',
          by('operator.revoke', { atMs: NOW_MS + 5 }),
        );
        expect(revoked).toEqual({ ...stored, revokedMs: NOW_MS + 5 });
        expect(await store.reads.findOperator(newOperator(1).digest)).toBeUndefined();
        expect(await store.reads.listOperators()).toEqual([{ ...stored, revokedMs: NOW_MS + 5 }]);
      });

      it('stay revoked since the first time, and their names are never given again', async () => {
        await store.writes.insertOperator(newOperator(1), by('operator.create'));
        await store.writes.revokeOperator('ops-1', by('operator.revoke'));
        const again = await store.writes.revokeOperator('ops-1', by('operator.revoke', { atMs: NOW_MS + 9 }));
        expect(again).toMatchObject({ revokedMs: NOW_MS });
        const reused = newOperator(2, { name: 'ops-1' });
        expect(await store.writes.insertOperator(reused, by('operator.create'))).toEqual({ result: 'taken' });
        expect(await store.writes.revokeOperator('nobody', by('operator.revoke'))).toBeUndefined();
        expect((await entries()).map(({ action, object }) => [action, object])).toEqual([
          ['operator.revoke', 'ops-1'],
          ['operator.create', 'ops-1'],
        ]);
      });

      it('are counted under the pepper of their token until they are revoked: it must not go before', async () => {
        const { pepperId } = newOperator(1);
        await store.writes.insertOperator(newOperator(1), by('operator.create'));
        await store.writes.insertOperator(newOperator(2), by('operator.create'));
        expect(await countKeysPerPepper(store.reads)).toEqual(new Map([[pepperId, 2]]));
        await store.writes.revokeOperator('ops-1', by('operator.revoke'));
        expect(await countKeysPerPepper(store.reads)).toEqual(new Map([[pepperId, 1]]));
      });

      it('are known by their token under another pepper alone once that was used, and counted there', async () => {
        for (const seed of [1, 2])
          await store.writes.insertOperator(newOperator(seed), by('operator.create'));
        const { digest } = newOperator(3);
        const before = await entries();
        await store.writes.redigestOperator({ name: 'ops-1', digest, pepperId: 'next' });
        await store.writes.redigestOperator({
          name: 'nobody',
          digest: newOperator(4).digest,
          pepperId: 'next',
        });
        await store.writes.revokeOperator('ops-2', by('operator.revoke'));
        await store.writes.redigestOperator({
          name: 'ops-2',
          digest: newOperator(5).digest,
          pepperId: 'next',
        });
        expect(await store.reads.findOperator(digest)).toMatchObject({ name: 'ops-1' });
        expect(await store.reads.findOperator(newOperator(1).digest)).toBeUndefined();
        expect(await store.reads.findOperator(newOperator(5).digest)).toBeUndefined();
        expect(await countKeysPerPepper(store.reads)).toEqual(new Map([['next', 1]]));
        expect(await entries()).toHaveLength(before.length + 1);
      });

      it("remember a last use that never moves back, and know nobody else's", async () => {
        await store.writes.insertOperator(newOperator(1), by('operator.create'));
        for (const atMs of [NOW_MS + 5, NOW_MS, NOW_MS + 9])
          await store.writes.recordOperatorUse('ops-1', atMs);
        await store.writes.recordOperatorUse('nobody', NOW_MS);
        expect(await store.reads.listOperators()).toMatchObject([{ lastUsedMs: NOW_MS + 9 }]);
      });
    });
  });
}
