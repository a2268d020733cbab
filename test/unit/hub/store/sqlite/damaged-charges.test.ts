import { closeSync, openSync, writeSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import fc from 'fast-check';
import { beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import type { Note } from '../../../../../src/domain/report.ts';
import { monthOf } from '../../../../../src/domain/time.ts';
import { DAMAGED_ROWS_MAX } from '../../../../../src/hub/store/sqlite/damaged-charges.ts';
import { openSqliteReader, openSqliteStore } from '../../../../../src/hub/store/sqlite/open.ts';
import type { SqliteStore } from '../../../../../src/hub/store/sqlite/open.ts';
import { BY } from '../../../../contract/author.ts';
import { newAccount } from '../../../../contract/store.ts';
import { temporaryFile } from './folder.ts';

const NOW_MS = Date.UTC(2026, 10, 22);
const MONTH = monthOf(NOW_MS);
/** The accounts of rows 1 and 2. */
const [HURT, WELL] = ['hurt', 'well'];
const CREDITS = 20;

let path: string;
let notes: Note[];

beforeEach(async () => {
  path = temporaryFile('t.db');
  notes = [];
  const store = open();
  for (const id of [HURT, WELL]) await store.writes.insertAccount(newAccount({ id, credits: CREDITS }), BY);
  store.close();
});

function open(): SqliteStore {
  const store = openSqliteStore({ path, apiNames: ['alpha'], onNote: (note) => notes.push(note) });
  onTestFinished(() => store.close());
  return store;
}

/** A foreign hand, which no check of a column holds back. */
function openHand(): DatabaseSync {
  const hand = new DatabaseSync(path);
  onTestFinished(() => void (hand.isOpen && hand.close()));
  hand.exec('PRAGMA ignore_check_constraints = ON');
  return hand;
}

function bytesOf(...numbers: readonly number[]): Uint8Array {
  return new Uint8Array(Float64Array.from(numbers).buffer);
}

function writeRow(entries: Uint8Array): void {
  openHand().prepare('INSERT INTO charge_log (entries) VALUES (?)').run(entries);
}

function charge({ keeper }: SqliteStore, accountRow: number) {
  return keeper.charge([{ accountRow, keyRow: 0, cost: 1, allowance: 0, wallMs: NOW_MS }])[0];
}

async function purchasedOf({ reads }: Pick<SqliteStore, 'reads'>, id: string): Promise<number | undefined> {
  return (await reads.findAccount({ api: 'alpha', id }))?.purchased;
}

describe.each([
  { damage: 'what was taken is no number', entry: bytesOf(1, Number.NaN, MONTH, 0) },
  { damage: 'what was taken is a part of a credit', entry: bytesOf(1, 0.5, MONTH, 0) },
  { damage: 'what was taken is more than any account has', entry: bytesOf(1, 1e300, MONTH, 0) },
  { damage: 'less than nothing of the allowance is used', entry: bytesOf(1, 1, MONTH, -4) },
  { damage: 'the month is none', entry: bytesOf(1, 1, Number.POSITIVE_INFINITY, 0) },
  { damage: 'the month is one of the year 10000', entry: bytesOf(1, 1, 120_000, 0) },
  { damage: 'it ends too early', entry: bytesOf(1, 1, MONTH, 0).subarray(0, 20) },
])('a logged charge of which $damage', ({ entry }) => {
  const sound = bytesOf(2, 3, MONTH, 0, 1, 2, MONTH, 0);

  it('is named at every start until an operator has looked, and booked nowhere', async () => {
    writeRow(Buffer.concat([sound, entry]));
    for (const expected of [1, 2]) {
      const store = open();
      expect(await purchasedOf(store, HURT)).toBe(CREDITS - 2);
      store.close();
      expect(notes).toHaveLength(expected);
    }
    expect(notes[1]).toEqual(notes[0]);
    expect(notes[0]).toMatchObject({
      level: 'error',
      fields: { table: 'charge_log', row: 1, entries: 1, account_rows: '1' },
    });
    expect(openHand().prepare('SELECT log_row, entries FROM damaged_charges').all()).toEqual([
      { log_row: 1, entries: new Uint8Array(entry) },
    ]);
  });

  it('has its own account charged nothing, and all others charged as ever', async () => {
    writeRow(Buffer.concat([sound, entry]));
    const store = open();
    expect(charge(store, 1)).toMatchObject({ result: 'balance_unknown' });
    expect(charge(store, 2)).toMatchObject({ result: 'charged', remaining: CREDITS - 4 });
    expect(await purchasedOf(store, HURT)).toBe(CREDITS - 2);
  });

  it('lets its account be charged again at once where the operator does what the log says', () => {
    writeRow(entry);
    const store = open();
    expect(charge(store, 1)).toMatchObject({ result: 'balance_unknown' });
    const cure = /DELETE FROM .*$/.exec(String(notes[0]?.fields['cure']))?.[0];
    openHand().exec(cure ?? expect.fail());
    expect(charge(store, 1)).toMatchObject({ result: 'charged', remaining: CREDITS - 1 });
  });

  it('is found by the next charge where it is written while the server runs', async () => {
    const store = open();
    charge(store, 1);
    writeRow(entry);
    expect(charge(store, 2)).toMatchObject({ result: 'charged' });
    expect(charge(store, 1)).toMatchObject({ result: 'balance_unknown' });
    expect(notes).toHaveLength(1);
    expect(await purchasedOf(store, HURT)).toBe(CREDITS - 1);
  });

  it('is left out of the balance by a reader beside it, and of a grant', async () => {
    const store = open();
    writeRow(entry);
    const reader = openSqliteReader({ path });
    onTestFinished(() => reader.close());
    expect(await purchasedOf(reader, HURT)).toBe(CREDITS);
    const grant = { credits: 5, ref: null, atMs: NOW_MS };
    const granted = await store.writes.grantCredits({ api: 'alpha', id: HURT }, grant, BY);
    expect(granted).toMatchObject({ account: { purchased: CREDITS + 5 } });
  });
});

it('names what was charged to an account that is not there, and goes on', () => {
  writeRow(bytesOf(99, 1, MONTH, 0, 99, 4, MONTH, 2));
  const store = open();
  expect(notes).toMatchObject([{ level: 'error', fields: { row: 1, entries: 1, account_rows: '99' } }]);
  expect(openHand().prepare('SELECT entries FROM damaged_charges').all()).toEqual([
    { entries: bytesOf(99, 5, MONTH, 2) },
  ]);
  for (const row of [1, 2]) expect(charge(store, row)).toMatchObject({ result: 'charged' });
});

it('charges whom the log does not name, whatever is in it, and loses no sound charge', async () => {
  const insert = 'INSERT INTO charge_log (entries) VALUES (?)';
  const log = fc.array(fc.uint8Array({ minLength: 1, maxLength: 200, size: 'max' }), { maxLength: 5 });
  let left = CREDITS;
  await fc.assert(
    fc.asyncProperty(log, async (rows) => {
      const hand = openHand();
      for (const row of rows) hand.prepare(insert).run(row);
      hand.prepare(insert).run(bytesOf(2, 1, MONTH, 0));
      left -= 1;
      const store = open();
      expect(
        store.keeper.charge([{ accountRow: 2, keyRow: 0, cost: 1, allowance: 0, wallMs: NOW_MS }]),
      ).toEqual([expect.objectContaining(left > 0 ? { remaining: left - 1 } : { result: 'insufficient' })]);
      left = Math.max(0, left - 1);
      store.close();
      expect(await purchasedOf(open(), WELL)).toBe(left);
    }),
    { numRuns: 9 },
  );
});

it.each(['9223372036854775807', '9007199254740993', '0', '-5'])(
  'books a row of the number %s once',
  async (seq) => {
    writeRow(bytesOf(1, 3, MONTH, 0));
    openHand().exec(`UPDATE charge_log SET seq = ${seq}`);
    for (const store of [open(), open()]) expect(await purchasedOf(store, HURT)).toBe(CREDITS - 3);
    expect(notes).toEqual([]);
  },
);

it.each(['NULL', `x''`, `'text'`, '7'])(
  'names a row that holds %s in place of entries, and books all others',
  async (what) => {
    // Without its checks, as a damaged page has none.
    openHand().exec(`DROP TABLE charge_log; CREATE TABLE charge_log (seq INTEGER PRIMARY KEY, entries);
    INSERT INTO charge_log (entries) VALUES (${what})`);
    writeRow(bytesOf(2, 1, MONTH, 0));
    const store = open();
    expect(notes).toMatchObject([{ level: 'error', fields: { row: 1, entries: 1, account_rows: '' } }]);
    expect(await purchasedOf(store, WELL)).toBe(CREDITS - 1);
  },
);

it('starts, and charges, where what was set aside is damaged in its turn', () => {
  openHand().exec(`DROP TABLE damaged_charges;
    CREATE TABLE damaged_charges (number INTEGER PRIMARY KEY, log_row, entries);
    INSERT INTO damaged_charges (log_row, entries) VALUES (1, NULL)`);
  expect(charge(open(), 1)).toMatchObject({ result: 'charged' });
  expect(notes).toMatchObject([{ fields: { row: 1, entries: 0 } }]);
});

it.each([
  { column: 'allowance_month', value: '202611' },
  { column: 'allowance_month', value: '9223372036854775807' },
  { column: 'allowance_used', value: '-7' },
])('believes its own charges of an account whose $column is $value', async ({ column, value }) => {
  openHand().exec(`UPDATE accounts SET ${column} = ${value} WHERE row = 1`);
  const store = open();
  expect(charge(store, 1)).toMatchObject({ result: 'charged', remaining: CREDITS - 1 });
  store.close();
  expect(await purchasedOf(open(), HURT)).toBe(CREDITS - 1);
  expect(notes).toEqual([]);
});

it('names what is damaged once a process, however often others write', () => {
  writeRow(bytesOf(1, 0.5, MONTH, 0));
  const store = open();
  for (let time = 0; time < 3; time += 1) {
    openHand().exec('UPDATE accounts SET tier = tier WHERE row = 2');
    expect(charge(store, 2)).toMatchObject({ result: 'charged' });
  }
  expect(notes).toHaveLength(1);
});

it('refuses to start, and says where to look, where more is damaged than can be set aside', () => {
  const hand = openHand();
  hand.exec(`INSERT INTO damaged_charges (log_row, entries)
    WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < ${DAMAGED_ROWS_MAX})
    SELECT n, zeroblob(32) FROM numbers`);
  open().close();
  expect(notes.at(-1)?.fields['count']).toBe(DAMAGED_ROWS_MAX - (notes.length - 1));
  expect(notes.length).toBeLessThan(20);
  writeRow(bytesOf(1, 0.5, MONTH, 0));
  expect(open).toThrow(/look into the table damaged_charges/);
  expect(hand.prepare('SELECT count(*) AS rows FROM charge_log').get()).toEqual({ rows: 1 });
});

it('says what to do where a page of the file itself is damaged: nothing is charged then, and nothing lost', () => {
  const hand = openHand();
  hand.exec(`INSERT INTO accounts (api, id, tier, standing, billing, purchased, allowance_month, allowance_used, created_ms)
    WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < 1000)
    SELECT 'alpha', 'account-' || n, '', 'ok', 'active', 10, 0, 0, 0 FROM numbers`);
  writeRow(bytesOf(1, 3, MONTH, 0));
  hand.exec('PRAGMA wal_checkpoint(TRUNCATE)');
  const leaf = hand
    .prepare("SELECT pgoffset AS at, pgsize AS bytes FROM dbstat WHERE name = 'accounts' AND path = '/000/'")
    .get() as { at: number; bytes: number };
  hand.close();
  const file = openSync(path, 'r+');
  writeSync(file, Buffer.alloc(leaf.bytes, 0xff), 0, leaf.bytes, leaf.at);
  closeSync(file);
  expect(open).toThrow(/credits: SQLite: .*malformed; .*restore a backup/);
  const found = openHand().prepare('SELECT entries FROM charge_log').all();
  expect(found).toEqual([{ entries: bytesOf(1, 3, MONTH, 0) }]);
});
