import { DatabaseSync } from 'node:sqlite';
import fc from 'fast-check';
import { expect, it, onTestFinished } from 'vitest';
import type { CreditCharge, Refund } from '../../../../../src/domain/credits.ts';
import { monthOf } from '../../../../../src/domain/time.ts';
import { CHARGE_ENTRIES_MAX, CHARGE_ROWS_MAX } from '../../../../../src/hub/store/sqlite/charge-log.ts';
import { openSqliteReader, openSqliteStore } from '../../../../../src/hub/store/sqlite/open.ts';
import type { SqliteStore } from '../../../../../src/hub/store/sqlite/open.ts';
import { CREDITS_MAX } from '../../../../../src/hub/store/accounts.ts';
import { BY } from '../../../../contract/author.ts';
import { newAccount } from '../../../../contract/store.ts';
import { copyFiles, temporaryFile } from './folder.ts';

const NOW_MS = Date.UTC(2026, 10, 22);
const ACME = { api: 'alpha', id: 'acme' };

function open(path: string): SqliteStore {
  const store = openSqliteStore({ path, apiNames: ['alpha'] });
  onTestFinished(() => store.close());
  return store;
}

function openRaw(path: string): DatabaseSync {
  const database = new DatabaseSync(path);
  onTestFinished(() => database.close());
  return database;
}

async function openWithCredits(path: string, credits: number): Promise<SqliteStore> {
  const store = open(path);
  await store.writes.insertAccount(newAccount({ credits }), BY);
  return store;
}

function chargeOf(change: Partial<CreditCharge> = {}): CreditCharge {
  return { accountRow: 1, keyRow: 0, cost: 1, allowance: 0, wallMs: NOW_MS, ...change };
}

function grant({ writes }: SqliteStore, credits: number) {
  return writes.grantCredits(ACME, { credits, ref: null, atMs: NOW_MS }, BY);
}

/** The files as they are at this moment, opened by somebody else: what the death of the process leaves behind. */
async function balanceAfterDeath(path: string) {
  const copy = temporaryFile('copy.db');
  copyFiles(path, copy);
  const store = openSqliteStore({ path: copy, apiNames: ['alpha'] });
  const known = await store.reads.findAccount(ACME);
  const [probe] = store.keeper.charge([chargeOf({ cost: 1_000_000, allowance: 20 })]);
  store.close();
  return { purchased: known?.purchased, used: known?.allowanceUsed, remaining: probe?.remaining };
}

it('loses no charge, no refund and no grant, and counts none twice, whenever the process dies', async () => {
  const path = temporaryFile('t.db');
  const store = await openWithCredits(path, 50);
  const model = { purchased: 50, used: 0 };
  const taken: Refund[] = [];
  const steps: Readonly<Record<string, (amount: number) => unknown>> = {
    charge(amount) {
      const costs = Array.from({ length: amount }, (_, index) => 1 + index);
      const receipts = store.keeper.charge(costs.map((cost) => chargeOf({ cost, allowance: 20 })));
      for (const [index, { result, fromPurchased, month }] of receipts.entries()) {
        if (result !== 'charged') continue;
        const fromAllowance = (costs[index] ?? 0) - fromPurchased;
        model.purchased -= fromPurchased;
        model.used += fromAllowance;
        taken.push({ accountRow: 1, fromAllowance, fromPurchased, month });
      }
    },
    refund() {
      const refund = taken.pop();
      if (refund === undefined) return;
      store.keeper.refund([refund]);
      model.purchased += refund.fromPurchased;
      model.used -= refund.fromAllowance;
    },
    async grant(amount) {
      await grant(store, amount);
      model.purchased += amount;
    },
    chargeManyTurns(amount) {
      for (let turn = 0; turn <= CHARGE_ROWS_MAX; turn += 1) {
        const [receipt] = store.keeper.charge([chargeOf()]);
        model.purchased -= receipt?.fromPurchased ?? 0;
        if (turn % amount === 0) store.keeper.bookCharges();
      }
    },
  };
  const step = fc.tuple(fc.constantFrom(...Object.keys(steps)), fc.integer({ min: 1, max: 4 }));
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 6 }), async (plan) => {
      for (const [name, amount] of plan) {
        await steps[name]?.(amount);
        const remaining = model.purchased + 20 - model.used;
        expect(await balanceAfterDeath(path)).toEqual({ ...model, remaining });
      }
    }),
    { numRuns: 8 },
  );
});

it('stays short, however long and to however many accounts charges are made', async () => {
  const path = temporaryFile('t.db');
  const store = await openWithCredits(path, 10_000);
  const accounts = 1 + CHARGE_ENTRIES_MAX / 2;
  const database = openRaw(path);
  insertAccounts(database, accounts);
  const sizes = database.prepare(
    'SELECT count(*) AS rows, coalesce(sum(length(entries)), 0) / 32 AS entries FROM charge_log',
  );
  let longest = { rows: 0, entries: 0 };
  const chargeTurn = (charges: readonly CreditCharge[]): void => {
    expect(store.keeper.charge(charges).every(({ result }) => result === 'charged')).toBe(true);
    store.keeper.bookCharges();
    const { rows, entries } = sizes.get() as { rows: number; entries: number };
    longest = { rows: Math.max(longest.rows, rows), entries: Math.max(longest.entries, entries) };
  };
  for (let turn = 0; turn < 3 * CHARGE_ROWS_MAX; turn += 1) chargeTurn([chargeOf()]);
  expect(longest.rows).toBe(CHARGE_ROWS_MAX);
  const all = Array.from({ length: accounts }, (_, index) => chargeOf({ accountRow: 1 + index }));
  for (let turn = 0; turn < 7; turn += 1) chargeTurn(all);
  expect(longest.entries).toBeGreaterThan(CHARGE_ENTRIES_MAX / 2);
  expect(longest.entries).toBeLessThanOrEqual(CHARGE_ENTRIES_MAX);
});

it('is booked when the store is closed: a file at rest tells every balance in its accounts', async () => {
  const path = temporaryFile('t.db');
  const store = await openWithCredits(path, 10);
  store.keeper.charge([chargeOf({ cost: 7, allowance: 3 })]);
  const database = openRaw(path);
  expect(database.prepare('SELECT purchased FROM accounts').get()).toEqual({ purchased: 10 });
  store.close();
  expect(database.prepare('SELECT purchased, allowance_month, allowance_used FROM accounts').get()).toEqual({
    purchased: 6,
    allowance_month: monthOf(NOW_MS),
    allowance_used: 3,
  });
  expect(database.prepare('SELECT 1 FROM charge_log').all()).toEqual([]);
});

it('is booked when the store is closed, also where a process that was killed had written it', () => {
  const path = temporaryFile('t.db');
  const killed = temporaryFile('killed.db');
  const store = open(path);
  insertAccounts(openRaw(path), 2);
  store.keeper.charge([chargeOf({ accountRow: 2, cost: 7 })]);
  copyFiles(path, killed);
  open(killed).close();
  expect(openRaw(killed).prepare('SELECT purchased FROM accounts').all()).toEqual([{ purchased: 3 }]);
});

it('is read with the account by whoever asks for it, before it is booked and after', async () => {
  const path = temporaryFile('t.db');
  const store = await openWithCredits(path, 10);
  const reader = openSqliteReader({ path });
  onTestFinished(() => reader.close());
  const other = open(path);
  store.keeper.charge([chargeOf({ cost: 4, allowance: 1 })]);
  const balance = { purchased: 7, allowanceUsed: 1 };
  for (const { reads } of [store, reader, other])
    expect(await reads.findAccount(ACME)).toMatchObject(balance);
  expect(await grant(other, 5)).toMatchObject({ account: { purchased: 12, allowanceUsed: 1 } });
  expect(store.keeper.charge([chargeOf({ cost: 1, allowance: 1 })])).toMatchObject([{ remaining: 11 }]);
  expect(await reader.reads.findAccount(ACME)).toMatchObject({ purchased: 11, allowanceUsed: 1 });
  store.close();
  expect(await reader.reads.findAccount(ACME)).toMatchObject({ purchased: 11, allowanceUsed: 1 });
});

it('refuses the next charge after another connection has suspended the account or taken its credits', async () => {
  const path = temporaryFile('t.db');
  const store = await openWithCredits(path, 10);
  const other = open(path);
  expect(store.keeper.charge([chargeOf()])).toMatchObject([{ result: 'charged', remaining: 9 }]);
  await other.writes.updateAccount(ACME, { standing: 'suspended' }, BY);
  expect(store.keeper.charge([chargeOf()])).toMatchObject([{ result: 'account_gone', remaining: 9 }]);
  await other.writes.updateAccount(ACME, { standing: 'ok' }, BY);
  other.keeper.charge([chargeOf({ cost: 9 })]);
  expect(store.keeper.charge([chargeOf()])).toMatchObject([{ result: 'insufficient', remaining: 0 }]);
});

it('leaves nothing below zero where a foreign hand took what was charged already', async () => {
  const path = temporaryFile('t.db');
  const store = await openWithCredits(path, 10);
  store.keeper.charge([chargeOf({ cost: 6 })]);
  openRaw(path).exec('UPDATE accounts SET purchased = 2');
  expect(await store.reads.findAccount(ACME)).toMatchObject({ purchased: 0 });
  expect(store.keeper.charge([chargeOf()])).toMatchObject([{ result: 'insufficient', remaining: 0 }]);
});

it('leaves a grant whole, also where a foreign hand took what was charged already', async () => {
  const path = temporaryFile('t.db');
  const store = await openWithCredits(path, 10);
  store.keeper.charge([chargeOf({ cost: 6 })]);
  openRaw(path).exec('UPDATE accounts SET purchased = 2');
  expect(await grant(store, 5)).toMatchObject({ result: 'granted', account: { purchased: 5 } });
  expect(store.keeper.charge([chargeOf()])).toMatchObject([{ result: 'charged', remaining: 4 }]);
});

it('leaves room for grants: what is charged counts against the most that an account holds', async () => {
  const store = await openWithCredits(temporaryFile('t.db'), CREDITS_MAX);
  for (let time = 0; time < 3; time += 1) {
    store.keeper.charge([chargeOf({ cost: CREDITS_MAX })]);
    expect(await grant(store, CREDITS_MAX)).toMatchObject({ account: { purchased: CREDITS_MAX } });
  }
});

it('has no balance wrong of more accounts than are remembered at once', async () => {
  const path = temporaryFile('t.db');
  const store = await openWithCredits(path, 10);
  const count = 33_000;
  insertAccounts(openRaw(path), count);
  const all = Array.from({ length: count }, (_, index) => chargeOf({ accountRow: 1 + index }));
  for (const left of [9, 8, 7]) {
    for (let at = 0; at < count; at += 10_000) {
      const receipts = store.keeper.charge(all.slice(at, at + 10_000));
      expect(receipts.filter(({ remaining }) => remaining !== left)).toEqual([]);
      store.keeper.bookCharges();
    }
  }
});

/** Beside the first, up to the row of that number, with ten credits each. */
function insertAccounts(database: DatabaseSync, last: number): void {
  database.exec(`INSERT INTO accounts (row, api, id, tier, standing, billing, purchased, allowance_month, allowance_used, created_ms)
    WITH RECURSIVE numbers (n) AS (SELECT 2 UNION ALL SELECT n + 1 FROM numbers WHERE n < ${last})
    SELECT n, 'alpha', 'account-' || n, '', 'ok', 'active', 10, 0, 0, 0 FROM numbers`);
}
