import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { StoreHost } from '../../src/compose/store-host.ts';
import type { CreditCharge } from '../../src/domain/credits.ts';
import type { FeedBatch } from '../../src/domain/feed.ts';
import { FEED_BATCH_MAX } from '../../src/domain/feed.ts';
import type { Limit, LimitCharge } from '../../src/domain/limit.ts';
import type { Report } from '../../src/domain/report.ts';
import { createMemoryCounters } from '../../src/edge/counters/memory.ts';
import { createWriteBehind } from '../../src/edge/counters/write-behind.ts';
import type { Store } from '../../src/hub/store/store.ts';
import type { Channel } from '../../src/link/channel.ts';
import { CHARGES_IN_FLIGHT_MAX } from '../../src/link/charge-queue.ts';
import { connectHub } from '../../src/link/edge-end.ts';
import type { Hub } from '../../src/ports.ts';
import { API, chargeOf, createEdgeDirectory, insertAll, newAccount, newKey, NOW_MS } from './link-world.ts';
import { holdable, openStore, policy, refOf, tap } from './link-world.ts';
import type { Held, MadeKey, Tapped } from './link-world.ts';
import { createTestClock } from '../world.ts';
import type { TestClock } from '../world.ts';
import { BY } from './author.ts';

/** The store's host at the other end of a carrier. */
export interface Carried {
  readonly store: StoreHost;
  /** The edge's end of the channel that follow and charge share. */
  readonly keeper: Channel;
  /** Ends the store's half without a word to the edge, as its death does. */
  kill(): Promise<void>;
  /** Ends what is left; may be called after `kill`. */
  close(): Promise<void>;
}

export interface CarriedOptions {
  readonly path: string;
  readonly apiNames: readonly string[];
}

/** Far longer than a test lasts: what hangs is caught by the test's own time-out. */
const CHARGE_MS = 60_000;
const CONFIRM_MS = 20_000;

/** What follow, charge, keep and report promise, whatever carries them. */
export function describeLink(name: string, open: (options: CarriedOptions) => Carried): void {
  describe(`the link: ${name}`, () => {
    let folder: string;
    let path: string;
    /** Another process, as it were: a connection of its own to the same database. */
    let other: Store;
    let carried: Carried;
    let held: Held;
    let tapped: Tapped;
    let clock: TestClock;
    let hub: Hub;
    let reports: Report[];
    let directory: ReturnType<typeof createEdgeDirectory>;
    let batches: FeedBatch[];
    let beforeBatch: () => void;
    let onBatch: () => void;

    beforeEach(() => {
      folder = mkdtempSync(join(tmpdir(), 'tollgate-link-'));
      path = join(folder, 'tollgate.db');
      other = openStore(path);
      batches = [];
      reports = [];
      beforeBatch = () => undefined;
      onBatch = () => undefined;
      directory = createEdgeDirectory();
    });

    afterEach(async () => {
      await carried.close();
      other.close();
      rmSync(folder, { recursive: true });
    });

    function connect(): void {
      carried = open({ path, apiNames: policy.apis.map((api) => api.name) });
      held = holdable(carried.keeper);
      tapped = tap(held.channel);
      clock = createTestClock(NOW_MS);
      hub = connectHub({
        keeper: tapped.channel,
        sendReport: (report) => reports.push(report),
        chargeMs: CHARGE_MS,
        clock,
      });
    }

    function follow(): Promise<void> {
      return hub.follow((batch) => {
        beforeBatch();
        directory.apply(batch);
        batches.push(batch);
        onBatch();
      });
    }

    /** Resolves when the directory knows, or no longer knows, a key; never where it never does. */
    function until(known: () => boolean): Promise<void> {
      if (known()) return Promise.resolve();
      return new Promise((resolve) => {
        onBatch = () => {
          if (known()) resolve();
        };
      });
    }

    async function prepare(keyCount: number, credits = 0): Promise<MadeKey[]> {
      await other.writes.insertAccount(newAccount('acme', credits), BY);
      const keys = Array.from({ length: keyCount }, () => newKey('acme'));
      await insertAll(other.writes, keys);
      return keys;
    }

    const isKnown = ({ key }: MadeKey): boolean => directory.find(API, key) !== undefined;

    /** The rows of an account with one key, by which charges name them. */
    async function prepareCharged(credits: number): Promise<{ made: MadeKey; account: number; key: number }> {
      const [made = newKey('acme')] = await prepare(1, credits);
      connect();
      await follow();
      const principal = directory.find(API, made.key);
      return { made, account: principal?.account.row ?? -1, key: principal?.keyRow ?? -1 };
    }

    /** Of a check that waits a millisecond. */
    function giveUp(charge: CreditCharge): Promise<void> {
      return expect(hub.charge(charge, clock.now().monotonicMs + 1)).rejects.toThrow(
        'did not answer in time',
      );
    }

    async function credits(): Promise<number | undefined> {
      return (await other.reads.findAccount({ api: API.name, id: 'acme' }))?.purchased;
    }

    function chargeAll(charges: readonly CreditCharge[]) {
      return Promise.allSettled(charges.map((charge) => hub.charge(charge)));
    }

    describe('follow', () => {
      test.each([0, 1, 498, 499, 500, 501, 1_700])(
        'resolves once %i keys are known, and not before the last batch of the snapshot',
        async (count) => {
          const keys = await prepare(count);
          connect();
          await follow();
          expect(batches.map(({ complete }) => complete)).toEqual(
            batches.map((_, index) => index === batches.length - 1),
          );
          expect(directory.keyCount).toBe(count);
          expect(directory.accountCount).toBe(1);
          expect(keys.every(isKnown)).toBe(true);
          for (const { numbers } of batches) expect(numbers.length).toBeLessThanOrEqual(FEED_BATCH_MAX * 8);
        },
      );

      test('has one batch in flight at a time', async () => {
        await prepare(1_700);
        connect();
        await follow();
        const fed = tapped.seen.filter((kind) => kind !== 'follow');
        expect(fed.length).toBeGreaterThanOrEqual(8);
        expect(fed).toEqual(fed.map((_, index) => (index % 2 === 0 ? 'batch' : 'confirm')));
      });

      test('loses no change that is made while the snapshot runs, and brings no revoked key back', async () => {
        const keys = await prepare(1_200);
        const [first, last] = [keys[0], keys.at(-1)] as [MadeKey, MadeKey];
        const added = newKey('late');
        connect();
        const writes: Promise<unknown>[] = [];
        onBatch = () => {
          if (batches.length !== 1) return;
          const { store } = carried;
          writes.push(
            store.revokeKey(refOf(first), NOW_MS, BY),
            store.revokeKey(refOf(last), NOW_MS, BY),
            store.insertAccount(newAccount('late'), BY),
            store.insertKeys([added.insert], BY),
            store.updateAccount({ api: API.name, id: 'acme' }, { standing: 'suspended' }, BY),
          );
        };
        await follow();
        await Promise.all(writes);
        expect(writes).toHaveLength(5);
        expect([first, last, added].map(isKnown)).toEqual([false, false, true]);
        expect(keys.slice(1, -1).every(isKnown)).toBe(true);
        expect(directory.keyCount).toBe(1_199);
        const [, second] = keys as [MadeKey, MadeKey];
        expect(directory.find(API, second.key)?.account.standing).toBe('suspended');
      });

      test('ends with what stands in the tables, whatever was changed meanwhile and in which order', async () => {
        await other.writes.insertAccount(newAccount('acme'), BY);
        connect();
        await follow();
        const living = new Map<string, { readonly made: MadeKey; permissions: readonly string[] }>();
        const dead: MadeKey[] = [];
        const change = fc.record({
          kind: fc.constantFrom('insert', 'insert', 'revoke', 'update', 'suspend', 'resume'),
          pick: fc.nat(),
        });
        const apply = async ({ kind, pick }: { kind: string; pick: number }): Promise<unknown> => {
          const { store } = carried;
          const entry = [...living.values()][pick % Math.max(1, living.size)];
          if (kind === 'insert') {
            const made = newKey('acme');
            living.set(made.key, { made, permissions: ['read'] });
            return store.insertKeys([made.insert], BY);
          }
          if (kind === 'suspend' || kind === 'resume') {
            const standing = kind === 'suspend' ? 'suspended' : 'ok';
            return store.updateAccount({ api: API.name, id: 'acme' }, { standing }, BY);
          }
          if (entry === undefined) return undefined;
          if (kind === 'update') {
            entry.permissions = pick % 2 === 0 ? [] : ['read'];
            return store.updateKey(refOf(entry.made), { permissions: entry.permissions }, BY);
          }
          living.delete(entry.made.key);
          dead.push(entry.made);
          return store.revokeKey(refOf(entry.made), NOW_MS, BY);
        };
        await fc.assert(
          fc.asyncProperty(fc.array(change, { maxLength: 12 }), async (changes) => {
            // All in one turn, so that they meet batches on their way.
            await Promise.all(changes.map(apply));
            const account = await other.reads.findAccount({ api: API.name, id: 'acme' });
            for (const { made, permissions } of living.values()) {
              const found = directory.find(API, made.key);
              expect([...(found?.profile.permissions ?? ['unknown'])]).toEqual(permissions);
              expect(found?.account.standing).toBe(account?.standing);
            }
            expect(dead.some(isKnown)).toBe(false);
            expect(directory.keyCount).toBe(living.size);
          }),
          { numRuns: 12 },
        );
      });

      test('brings what another process has written', async () => {
        const [made] = (await prepare(1)) as [MadeKey];
        connect();
        await follow();
        // Nothing is on its way any more that could bring the change by chance.
        expect(await carried.store.confirmed(0, CONFIRM_MS)).toBe(true);
        expect(isKnown(made)).toBe(true);
        const revoked = await other.writes.revokeKey(refOf(made), NOW_MS, BY);
        await until(() => !isKnown(made));
        expect(await carried.store.confirmed(revoked?.seq ?? -1, CONFIRM_MS)).toBe(true);
        const added = newKey('acme');
        await other.writes.insertKeys([added.insert], BY);
        await until(() => isKnown(added));
      });

      test('has brought a change when the write that made it is answered', async () => {
        const keys = await prepare(3);
        connect();
        await follow();
        for (const made of keys) {
          const revoked = await carried.store.revokeKey(refOf(made), NOW_MS, BY);
          expect(isKnown(made)).toBe(false);
          expect(await carried.store.confirmed(revoked?.seq ?? -1, CONFIRM_MS)).toBe(true);
        }
      });

      test('is refused a second time', async () => {
        await prepare(1);
        connect();
        await follow();
        await expect(follow()).rejects.toThrow('followed already');
      });
    });

    describe('confirmed', () => {
      test('is false for a change that never comes, once its time has run out', async () => {
        await prepare(0);
        connect();
        await follow();
        expect(await carried.store.confirmed(1_000_000, 1)).toBe(false);
      });

      test('is false where no edge follows, once its time has run out', async () => {
        await prepare(0);
        connect();
        expect(await carried.store.confirmed(0, 1)).toBe(false);
      });
    });

    describe('charge', () => {
      test('answers many charges of one turn in their order, from one message and one transaction', async () => {
        const { account, key } = await prepareCharged(12);
        const before = tapped.seen.length;
        const costs = [3, 4, 10, 5, 1];
        const outcomes = await Promise.all(costs.map((cost) => hub.charge(chargeOf(account, key, cost))));
        expect(outcomes).toEqual([
          { result: 'charged', remaining: 9 },
          { result: 'charged', remaining: 5 },
          { result: 'insufficient', remaining: 5 },
          { result: 'charged', remaining: 0 },
          { result: 'insufficient', remaining: 0 },
        ]);
        expect(tapped.seen.slice(before)).toEqual(['charge', 'charged']);
        expect(await credits()).toBe(0);
      });

      test('keeps the turns apart: each charge gets what came of it', async () => {
        const { account, key } = await prepareCharged(1_000);
        const turns = Array.from({ length: 20 }, async (_, turn) => {
          for (let wait = 0; wait < turn; wait += 1) await new Promise(setImmediate);
          return hub.charge(chargeOf(account, key, turn % 3 === 0 ? 5_000 : 1));
        });
        const results = (await Promise.all(turns)).map(({ result }) => result);
        expect(results).toEqual(results.map((_, turn) => (turn % 3 === 0 ? 'insufficient' : 'charged')));
        expect(await credits()).toBe(1_000 - 13);
      });

      test('tells a key that was revoked and an account that was suspended, and spends nothing', async () => {
        const { made, account, key } = await prepareCharged(5);
        await other.writes.revokeKey(refOf(made), NOW_MS, BY);
        expect(await hub.charge(chargeOf(account, key))).toMatchObject({ result: 'key_gone' });
        await other.writes.updateAccount({ api: API.name, id: 'acme' }, { standing: 'suspended' }, BY);
        expect(await hub.charge(chargeOf(account, 0))).toMatchObject({ result: 'account_gone' });
        expect(await hub.charge(chargeOf(999_999, 0))).toMatchObject({ result: 'account_gone' });
        expect(await credits()).toBe(5);
      });

      describe('that is asked for while a change is on its way', () => {
        const ACME = { api: API.name, id: 'acme' };
        const CHANGES = [
          [
            'a key is revoked',
            'key_gone',
            (made: MadeKey) => carried.store.revokeKey(refOf(made), NOW_MS, BY),
          ],
          [
            'an account is suspended',
            'account_gone',
            () => carried.store.updateAccount(ACME, { standing: 'suspended' }, BY),
          ],
          [
            'an account is disabled',
            'account_gone',
            () => carried.store.updateAccount(ACME, { standing: 'disabled' }, BY),
          ],
        ] as const;

        test.each(CHANGES)(
          'and sent when that was confirmed: %s: is refused, and spends nothing',
          async (_, result, change) => {
            const { made, account, key } = await prepareCharged(5);
            let charge: Promise<unknown> | undefined;
            // The check was decided before the edge knew; it is on its way when the edge confirms.
            beforeBatch = () => {
              charge ??= hub.charge(chargeOf(account, key));
            };
            await change(made);
            expect(await charge).toMatchObject({ result });
            expect(tapped.seen.lastIndexOf('confirm')).toBeLessThan(tapped.seen.lastIndexOf('charge'));
            expect(await credits()).toBe(5);
          },
        );

        test('and committed before it, knows that before anybody is told that the change is confirmed', async () => {
          const { made, account, key } = await prepareCharged(5);
          const order: unknown[] = [];
          held.hold();
          const charge = hub.charge(chargeOf(account, key)).then(({ result }) => order.push(result));
          await held.holding(1);
          const revoked = await other.writes.revokeKey(refOf(made), NOW_MS, BY);
          const confirmed = carried.store.confirmed(revoked?.seq ?? Infinity, CONFIRM_MS);
          const told = confirmed.then((isConfirmed) => order.push(isConfirmed));
          await held.holding(2);
          expect(order).toEqual([]);
          held.release();
          await Promise.all([charge, told]);
          expect(order).toEqual(['charged', true]);
          expect(await credits()).toBe(4);
        });
      });

      test('is an outage of the credits where the database does not take the transaction, and spends nothing', async () => {
        const { account, key } = await prepareCharged(5);
        const blocker = new DatabaseSync(path);
        blocker.exec('BEGIN IMMEDIATE');
        const settled = await chargeAll([chargeOf(account, key), chargeOf(account, key)]);
        blocker.exec('ROLLBACK');
        blocker.close();
        for (const each of settled) {
          expect(each).toMatchObject({ status: 'rejected', reason: { name: 'DependencyDown' } });
          expect(each).toMatchObject({ reason: { dependency: 'credits' } });
        }
        expect(await credits()).toBe(5);
        expect(await hub.charge(chargeOf(account, key))).toEqual({ result: 'charged', remaining: 4 });
      });

      test('fails as a whole turn where one charge of it cannot be committed, and as a bug where no outage was it', async () => {
        const { account, key } = await prepareCharged(50);
        const saboteur = new DatabaseSync(path);
        // The number seven as the log of charges has it, least significant byte first.
        saboteur.exec(`CREATE TRIGGER no_seven BEFORE INSERT ON charge_log
          WHEN instr(hex(new.entries), '0000000000001C40') BEGIN SELECT RAISE(ABORT, 'no seven'); END`);
        saboteur.close();
        const settled = await chargeAll([1, 7, 2].map((cost) => chargeOf(account, key, cost)));
        for (const each of settled) {
          expect(each).toMatchObject({ status: 'rejected', reason: { name: 'Error' } });
        }
        expect(await credits()).toBe(50);
        expect(await hub.charge(chargeOf(account, key))).toEqual({ result: 'charged', remaining: 49 });
      });

      test('that was committed too late is booked back before all charges are settled', async () => {
        const { account, key } = await prepareCharged(5);
        held.hold();
        await giveUp(chargeOf(account, key, 2));
        await held.holding(1);
        expect(await credits()).toBe(3);
        const settled = hub.settleCharges(CONFIRM_MS);
        held.release();
        expect(await settled).toBe(true);
        expect(await credits()).toBe(5);
        expect(await hub.settleCharges(CONFIRM_MS)).toBe(true);
      });

      test('that was committed too late is told once, also where the edge reports no more before its end', async () => {
        const { account, key } = await prepareCharged(5);
        held.hold();
        await giveUp(chargeOf(account, key, 2));
        await held.holding(1);
        const settled = hub.settleCharges(CONFIRM_MS);
        held.release();
        await settled;
        await hub.settleCharges(CONFIRM_MS);
        expect(reports.map(({ notes }) => notes)).toEqual([
          [
            {
              level: 'warn',
              message: 'charges were committed after their checks had been refused, and are booked back',
              fields: { count: 1 },
            },
          ],
        ]);
      });

      test('is not settled where the store is gone', async () => {
        const { account, key } = await prepareCharged(5);
        held.hold();
        await giveUp(chargeOf(account, key));
        const settled = hub.settleCharges(CONFIRM_MS);
        await carried.kill();
        expect(await settled).toBe(false);
        expect(await hub.settleCharges(CONFIRM_MS)).toBe(false);
      });

      test('refuses what is more than CHARGES_IN_FLIGHT_MAX at once, and takes charges again afterwards', async () => {
        const { account, key } = await prepareCharged(3 * CHARGES_IN_FLIGHT_MAX);
        const charges = Array.from({ length: CHARGES_IN_FLIGHT_MAX + 2 }, () => chargeOf(account, key));
        const settled = await chargeAll(charges);
        const rejected = settled.flatMap((each, index) => (each.status === 'rejected' ? [index] : []));
        expect(rejected).toEqual([CHARGES_IN_FLIGHT_MAX, CHARGES_IN_FLIGHT_MAX + 1]);
        expect(settled.at(-1)).toMatchObject({ reason: { name: 'DependencyDown', dependency: 'credits' } });
        expect(await credits()).toBe(2 * CHARGES_IN_FLIGHT_MAX);
        expect(await hub.charge(chargeOf(account, key))).toMatchObject({ result: 'charged' });
      });
    });

    describe('keep', () => {
      const DAY: Limit = { scope: 'key', count: 100, windowMs: 86_400_000, name: 'key-day' };
      const MINUTE: Limit = { ...DAY, windowMs: 60_000, name: 'key-minute' };
      let clock: TestClock;
      beforeEach(() => (clock = createTestClock(NOW_MS)));

      function startEdge() {
        const counters = createMemoryCounters({ slotsMax: 1_000 });
        return { counters, behind: createWriteBehind({ counters, hub, clock }) };
      }

      const of = (number: number, limit = DAY): LimitCharge => ({
        limit,
        subject: { word0: number, word1: 0, word2: 0 },
      });

      test('has windows outlive an edge: what a round or a clean end kept counts in the next one', async () => {
        await prepare(0);
        connect();
        const first = startEdge();
        for (let number = 0; number < 250; number += 1) first.counters.take([of(number)], clock.now());
        await first.behind.keepChanged();
        for (let number = 0; number < 3; number += 1) {
          first.counters.take([of(number), of(number, MINUTE)], clock.now());
        }
        expect(await first.behind.keepAll(CONFIRM_MS)).toBe(true);
        const second = startEdge();
        await second.behind.load();
        const asked = [0, 2, 3, 249, 250].map((number) => of(number));
        const left = second.counters.peek([...asked, of(1, MINUTE)], clock.now());
        expect(left.map(({ remaining }) => remaining)).toEqual([98, 98, 99, 99, 100, 99]);
      });

      test('has one batch on its way: a second is refused, and so is a question', async () => {
        await prepare(0);
        connect();
        const { counters } = startEdge();
        counters.take([of(1)], clock.now());
        const { batch } = counters.pack('changed', 0, clock.now());
        const settled = await Promise.allSettled([
          hub.keep(batch),
          hub.keep(batch),
          hub.loadKept(() => undefined),
        ]);
        expect(settled.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'rejected']);
        expect(settled[1]).toMatchObject({ reason: { name: 'DependencyDown', dependency: 'limits' } });
        await hub.keep(batch);
      });

      test('is an outage of the limits where the database does not take it; it is taken later', async () => {
        await prepare(0);
        connect();
        await follow();
        const { counters, behind } = startEdge();
        counters.take([of(1)], clock.now());
        const blocker = new DatabaseSync(path);
        blocker.exec('BEGIN IMMEDIATE');
        await behind.keepChanged();
        expect(counters.usage().unkept).toBe(1);
        blocker.exec('ROLLBACK');
        blocker.close();
        await behind.keepChanged();
        expect(counters.usage().unkept).toBe(0);
      });

      test('ends with the store: at once what is on its way, and whatever comes later', async () => {
        await prepare(0);
        connect();
        const { counters, behind } = startEdge();
        counters.take([of(1)], clock.now());
        await behind.keepChanged();
        await carried.kill();
        counters.take([of(1)], clock.now());
        await behind.keepChanged();
        expect(await behind.keepAll(CONFIRM_MS)).toBe(false);
        await expect(startEdge().behind.load()).rejects.toMatchObject({ name: 'DependencyDown' });
      });
    });

    describe('the death of the store', () => {
      test('ends every charge in flight as an outage of the credits, and every later one', async () => {
        const { account, key } = await prepareCharged(5);
        const sent = chargeAll([chargeOf(account, key)]);
        const dead = carried.kill();
        const gathered = chargeAll([chargeOf(account, key)]);
        await dead;
        const settled = [
          ...(await sent),
          ...(await gathered),
          ...(await chargeAll([chargeOf(account, key)])),
        ];
        expect(settled.at(-1)).toMatchObject({ reason: { message: 'credits: the store is gone' } });
        const allowed = settled.filter(({ status }) => status === 'fulfilled').length;
        for (const each of settled) {
          if (each.status === 'rejected')
            expect(each.reason).toMatchObject({ name: 'DependencyDown', dependency: 'credits' });
        }
        // Whoever was told of a charge was charged.
        expect(5 - ((await credits()) ?? 5)).toBeGreaterThanOrEqual(allowed);
      });

      test('ends following as an outage of the directory, before the snapshot is complete and after', async () => {
        await prepare(1_200);
        connect();
        onBatch = () => {
          onBatch = () => undefined;
          void carried.kill();
        };
        await expect(follow()).rejects.toMatchObject({ name: 'DependencyDown', dependency: 'directory' });
      });

      test('confirms nothing any more, and says so at once', async () => {
        await prepare(0);
        connect();
        await follow();
        await carried.close();
        await expect(carried.store.confirmed(1_000_000, CONFIRM_MS).catch(onlyOutage)).resolves.toBe(false);
      });
    });

    test('a report arrives as it was sent', async () => {
      await prepare(0);
      connect();
      // What a report holds is not the link's to know.
      const report = {
        notes: [{ level: 'info', message: 'a note', fields: { count: 3 } }],
      } as unknown as Report;
      hub.report(report);
      expect(reports).toEqual([report]);
    });
  });
}

/** A host in another thread is gone, one in this thread answers false: either way nothing is confirmed. */
function onlyOutage(error: unknown): boolean {
  expect(error).toMatchObject({ name: 'DependencyDown' });
  return false;
}
