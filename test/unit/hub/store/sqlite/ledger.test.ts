import { copyFileSync, existsSync } from 'node:fs';
import { DatabaseSync, StatementSync } from 'node:sqlite';
import fc from 'fast-check';
import { afterEach, expect, it, vi } from 'vitest';
import type { CreditCharge, Refund } from '../../../../../src/domain/credits.ts';
import { openSqliteReader, openSqliteStore } from '../../../../../src/hub/store/sqlite/open.ts';
import type { SqliteStore } from '../../../../../src/hub/store/sqlite/open.ts';
import { DependencyDown } from '../../../../../src/ports.ts';
import { BY } from '../../../../contract/author.ts';
import { newAccount, newKey, refOf } from '../../../../contract/store.ts';
import { temporaryFile } from './folder.ts';
import { PlainLedger } from './plain-ledger.ts';

const NOW_MS = Date.UTC(2026, 10, 15);
const ACCOUNTS = [1, 2, 3] as const;
/** The key of that row is the account's of the same; 0 is a declared one. */
const KEYS = [0, 1, 2, 3] as const;

const BALANCES = `
SELECT standing, purchased, allowance_month AS allowanceMonth, allowance_used AS allowanceUsed FROM accounts ORDER BY row`;

const accountRef = (row: number) => ({ api: 'alpha', id: `account-${row}` });

afterEach(() => {
  vi.restoreAllMocks();
});

/** One database under two connections and a reader, a foreign hand, and what all of them should find there. */
class World {
  readonly path: string;
  readonly ledger = new PlainLedger();
  readonly stores: SqliteStore[] = [];
  readonly hand: DatabaseSync;
  private readonly reader;
  private readonly receipts: Refund[] = [];

  constructor() {
    this.path = temporaryFile('t.db');
    this.stores.push(this.open(), this.open());
    this.hand = new DatabaseSync(this.path);
    this.reader = openSqliteReader({ path: this.path });
  }

  open(): SqliteStore {
    return openSqliteStore({ path: this.path, apiNames: ['alpha'], busyTimeoutMs: 0 });
  }

  store(which: number): SqliteStore {
    const store = this.stores[which];
    if (store === undefined) throw new RangeError('no such connection');
    return store;
  }

  async prepare(): Promise<void> {
    for (const row of ACCOUNTS) {
      const { id } = accountRef(row);
      await this.store(0).writes.insertAccount(newAccount({ id, credits: 20 }), BY);
      await this.store(0).writes.insertKeys([newKey(row, { account: id })], BY);
      this.ledger.addAccount(row, 20);
      this.ledger.keys.set(row, row);
    }
  }

  charge(which: number, charges: readonly CreditCharge[]): void {
    const receipts = this.store(which).keeper.charge(charges);
    expect(receipts).toEqual(charges.map((charge) => this.ledger.charge(charge)));
    for (const [index, { accountRow, cost }] of charges.entries()) {
      const { result, fromPurchased, month } = receipts[index] ?? expect.fail();
      if (result !== 'charged') continue;
      this.receipts.push({ accountRow, fromAllowance: cost - fromPurchased, fromPurchased, month });
    }
  }

  refund(which: number, count: number): void {
    const refunds = this.receipts.slice(-count);
    this.store(which).keeper.refund(refunds);
    this.receipts.length -= refunds.length;
    for (const refund of refunds) this.ledger.refund(refund);
  }

  reopen(which: number): void {
    this.store(which).close();
    vi.restoreAllMocks();
    this.stores[which] = this.open();
  }

  /** Whoever asks finds what the ledger says. */
  async check(): Promise<void> {
    for (const { reads } of [...this.stores, this.reader]) await this.checkReads(reads);
  }

  /** So does who finds the files as they are at this moment: what the death of all processes leaves behind. */
  async checkAfterDeath(): Promise<void> {
    vi.restoreAllMocks();
    const copy = temporaryFile('copy.db');
    for (const suffix of ['', '-wal'])
      if (existsSync(`${this.path}${suffix}`)) copyFileSync(`${this.path}${suffix}`, `${copy}${suffix}`);
    const found = openSqliteStore({ path: copy, apiNames: ['alpha'] });
    await this.checkReads(found.reads);
    found.close();
  }

  /** Closes all of it: the accounts alone tell every balance then. */
  checkAtRest(): void {
    for (const store of this.stores) store.close();
    this.reader.close();
    const balances = this.hand.prepare(BALANCES).all();
    this.hand.close();
    expect(balances).toEqual([...this.ledger.accounts.values()]);
  }

  private async checkReads(reads: SqliteStore['reads']): Promise<void> {
    for (const [row, account] of this.ledger.accounts)
      expect(await reads.findAccount(accountRef(row))).toMatchObject(account);
  }
}

/** Lets the statement of that number, counted from now, fail as an outage of the disk; then all is well again. */
function failStatement(number: number): void {
  for (const method of ['run', 'get'] as const) {
    const original = StatementSync.prototype[method];
    vi.spyOn(StatementSync.prototype, method).mockImplementation(function (this: StatementSync, ...args) {
      number -= 1;
      if (number === 0) throw Object.assign(new Error('disk I/O error'), { errcode: 10 });
      return Reflect.apply(original, this, args) as never;
    });
  }
}

const which = fc.constantFrom(0, 1);
const row = fc.constantFrom(...ACCOUNTS);
const standing = fc.constantFrom('ok', 'ok', 'suspended', 'disabled');
const charge: fc.Arbitrary<CreditCharge> = fc.record({
  accountRow: fc.constantFrom(...ACCOUNTS, 77),
  keyRow: fc.constantFrom(...KEYS, ...KEYS, 99),
  cost: fc.integer({ min: 1, max: 6 }),
  allowance: fc.constantFrom(0, 5, 40),
  wallMs: fc.constantFrom(-1, 0, 0, 0, 1).map((month) => Date.UTC(2026, 10 + month, 15)),
});

type Step = (world: World) => unknown;

/** Each changes the ledger behind the database, so that what fails changes neither. */
const STEPS: readonly fc.Arbitrary<Step>[] = [
  fc.tuple(which, fc.array(charge, { minLength: 1, maxLength: 5 })).map(
    ([by, charges]) =>
      (world) =>
        world.charge(by, charges),
  ),
  fc.tuple(which, fc.array(charge, { minLength: 1, maxLength: 5 })).map(
    ([by, charges]) =>
      (world) =>
        world.charge(by, charges),
  ),
  fc.tuple(which, fc.integer({ min: 1, max: 4 })).map(
    ([by, count]) =>
      (world) =>
        world.refund(by, count),
  ),
  fc.tuple(which, row, fc.integer({ min: 1, max: 9 })).map(([by, account, credits]) => async (world) => {
    const grant = { credits, ref: null, atMs: NOW_MS };
    const granted = await world.store(by).writes.grantCredits(accountRef(account), grant, BY);
    const known = world.ledger.accounts.get(account) ?? expect.fail();
    known.purchased += credits;
    expect(granted).toMatchObject({ result: 'granted', account: known });
  }),
  fc.tuple(which, row, standing).map(([by, account, to]) => async (world) => {
    const updated = await world.store(by).writes.updateAccount(accountRef(account), { standing: to }, BY);
    const known = world.ledger.accounts.get(account) ?? expect.fail();
    known.standing = to;
    expect(updated).toMatchObject({ result: 'updated', account: known });
  }),
  fc.tuple(row, standing).map(([account, to]) => (world) => {
    world.hand.prepare('UPDATE accounts SET standing = ? WHERE row = ?').run(to, account);
    (world.ledger.accounts.get(account) ?? expect.fail()).standing = to;
  }),
  fc.tuple(which, row).map(([by, key]) => async (world) => {
    await world.store(by).writes.revokeKey(refOf(key), NOW_MS, BY);
    world.ledger.keys.delete(key);
  }),
  fc.tuple(which, row).map(([, key]) => (world) => {
    world.hand.prepare('UPDATE keys SET revoked_ms = 1 WHERE row = ? AND revoked_ms IS NULL').run(key);
    world.ledger.keys.delete(key);
  }),
  which.map((by) => (world) => world.store(by).keeper.bookCharges()),
  which.map((by) => (world) => world.reopen(by)),
  fc.constant((world) => world.checkAfterDeath()),
];

const steps = fc.array(
  fc.record({
    step: fc.oneof(...STEPS),
    failing: fc.option(fc.integer({ min: 1, max: 14 }), { freq: 3, nil: 0 }),
  }),
  { minLength: 1, maxLength: 25 },
);

it('agrees with a plain ledger, whoever writes, whatever fails and whenever the process dies', async () => {
  await fc.assert(
    fc.asyncProperty(steps, async (plan) => {
      const world = new World();
      await world.prepare();
      for (const { step, failing } of plan) {
        if (failing > 0) failStatement(failing);
        try {
          await step(world);
        } catch (error) {
          if (!isOutage(error)) throw error;
        }
        vi.restoreAllMocks();
        await world.check();
      }
      world.checkAtRest();
    }),
    { numRuns: 25 },
  );
});

function isOutage(error: unknown): boolean {
  return error instanceof DependencyDown || (error instanceof Error && 'errcode' in error);
}
