import { existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { expect, it, onTestFinished } from 'vitest';
import { FEED_START } from '../../../../../src/domain/feed.ts';
import { SqliteConnection } from '../../../../../src/hub/store/sqlite/connection.ts';
import { selectKeys } from '../../../../../src/hub/store/sqlite/key-rows.ts';
import { migrate } from '../../../../../src/hub/store/sqlite/migrate.ts';
import { MIGRATIONS } from '../../../../../src/hub/store/sqlite/migrations.ts';
import {
  migrateSqlite,
  openSqliteReader,
  openSqliteStore,
} from '../../../../../src/hub/store/sqlite/open.ts';
import type { SqliteStore, SqliteStoreOptions } from '../../../../../src/hub/store/sqlite/open.ts';
import { StoreUnusable } from '../../../../../src/hub/store/store.ts';
import { DependencyDown } from '../../../../../src/ports.ts';
import { newAccount, newKey, refOf } from '../../../../contract/store.ts';
import { temporaryFile } from './folder.ts';
import { BY } from '../../../../contract/author.ts';

function open(path: string, options: Partial<SqliteStoreOptions> = {}): SqliteStore {
  const store = openSqliteStore({ path, apiNames: ['alpha'], ...options });
  onTestFinished(() => store.close());
  return store;
}

function openRaw(path: string): DatabaseSync {
  const database = new DatabaseSync(path);
  onTestFinished(() => database.close());
  return database;
}

const charge = { accountRow: 1, keyRow: 0, cost: 1, allowance: 0, wallMs: 0 };

it('migrates a new database once: the second time there is nothing to do', () => {
  const path = temporaryFile('t.db');
  expect(migrateSqlite(path)).toEqual(MIGRATIONS.map(({ name }) => name));
  expect(migrateSqlite(path)).toEqual([]);
});

it('a reader that opened before the first writer moves what is written later', async () => {
  const path = temporaryFile('t.db');
  migrateSqlite(path);
  const reader = openSqliteReader({ path });
  onTestFinished(() => reader.close());
  const store = open(path, { checkpoints: 'by_caller' });
  await store.writes.insertAccount(newAccount({ id: 'acme' }), BY);
  const { walBytes, complete } = reader.checkpoint();
  expect(walBytes).toBeGreaterThan(0);
  expect(complete).toBe(true);
});

it('numbers its migrations from one without gaps', () => {
  expect(MIGRATIONS.map(({ number }) => number)).toEqual(MIGRATIONS.map((_, index) => index + 1));
});

it('takes the missing steps of an older database and keeps what it holds', () => {
  const connection = new SqliteConnection({ path: temporaryFile('t.db'), access: 'write' });
  onTestFinished(() => connection.close());
  migrate(connection, MIGRATIONS.slice(0, 1));
  connection.execute(`INSERT INTO accounts VALUES (1, 'a', 'x', '', 'ok', 'active', NULL, 3, 0, 0, 0)`);
  expect(migrate(connection).map(({ number }) => number)).toEqual(MIGRATIONS.slice(1).map((m) => m.number));
  expect(connection.statement('SELECT purchased FROM accounts').get()).toEqual({ purchased: 3 });
});

it('leaves nothing of a migration that fails half-way', () => {
  const connection = new SqliteConnection({ path: temporaryFile('t.db'), access: 'write' });
  onTestFinished(() => connection.close());
  const broken = { number: 1, name: 'broken', sql: 'CREATE TABLE half (a) STRICT; CREATE TABLE nonsense' };
  expect(() => migrate(connection, [broken])).toThrow();
  expect(migrate(connection).length).toBe(MIGRATIONS.length);
  expect(connection.statement("SELECT 1 FROM sqlite_schema WHERE name = 'half'").get()).toBeUndefined();
});

it('sends to a reader whatever accounts stood in the store before the log of changes did', () => {
  const path = temporaryFile('t.db');
  const connection = new SqliteConnection({ path, access: 'write' });
  migrate(connection, MIGRATIONS.slice(0, 1));
  connection.execute(`INSERT INTO accounts VALUES (1, 'alpha', 'x', '', 'ok', 'active', NULL, 3, 0, 0, 0)`);
  connection.close();
  expect(open(path).keeper.read(FEED_START)?.numbers.length).toBeGreaterThan(0);
});

it('refuses a database that is newer than the program, for writing and for reading', () => {
  const path = temporaryFile('t.db');
  migrateSqlite(path);
  openRaw(path).exec("INSERT INTO migrations VALUES (1000, 'from the future')");
  expect(() => open(path)).toThrow(/has form 1000, made by a newer version/);
  expect(() => openSqliteReader({ path })).toThrow(StoreUnusable);
});

it('refuses a file that is no database, and leaves it as it was', () => {
  const path = temporaryFile('t.db');
  const text = 'not a database\n'.repeat(500);
  writeFileSync(path, text);
  expect(() => open(path)).toThrow(/is not an SQLite database/);
  expect(readFileSync(path, 'utf8')).toBe(text);
});

it('refuses the database of another program, and leaves it as it was', () => {
  const path = temporaryFile('t.db');
  const database = openRaw(path);
  database.exec('CREATE TABLE theirs (a)');
  const before = readFileSync(path);
  expect(() => open(path)).toThrow(/belongs to another program/);
  expect(readFileSync(path)).toEqual(before);
});

it('says what to change where there is no folder, no path or a database in memory', () => {
  const path = temporaryFile('t.db');
  expect(() => open(join(dirname(path), 'no', 't.db'))).toThrow(/its folder does not exist/);
  expect(() => open('')).toThrow(/needs the path of a file/);
  expect(() => open(':memory:')).toThrow(/needs the path of a file/);
});

it('opens a path as it is spelled, whatever it means in a URI', () => {
  const path = temporaryFile('a?mode=memory#b%41.db');
  open(path);
  expect(existsSync(path)).toBe(true);
});

it('reads beside the writer, but makes no file, migrates nothing and changes nothing', async () => {
  const path = temporaryFile('t.db');
  expect(() => openSqliteReader({ path })).toThrow(/does not exist/);
  expect(existsSync(path)).toBe(false);
  writeFileSync(path, '');
  expect(() => openSqliteReader({ path })).toThrow(/older than this program/);
  const store = open(path);
  const reader = openSqliteReader({ path });
  onTestFinished(() => reader.close());
  await store.writes.insertAccount(newAccount(), BY);
  expect(await reader.reads.findAccount({ api: 'alpha', id: 'acme' })).toMatchObject({ tier: 'free' });
  const readOnly = new SqliteConnection({ path, access: 'read' });
  onTestFinished(() => readOnly.close());
  expect(() => readOnly.execute('DELETE FROM accounts')).toThrow(/readonly/);
});

it('calls a database that does not answer an outage, and has then spent and written nothing', async () => {
  const path = temporaryFile('t.db');
  const store = open(path, { busyTimeoutMs: 1 });
  await store.writes.insertAccount(newAccount({ credits: 5 }), BY);
  const other = openRaw(path);
  other.exec('BEGIN IMMEDIATE');
  expect(() => store.keeper.charge([charge])).toThrow(DependencyDown);
  await expect(store.writes.insertKeys([newKey(1)], BY)).rejects.toMatchObject({ dependency: 'directory' });
  other.exec('ROLLBACK');
  expect(store.keeper.charge([charge])).toMatchObject([{ result: 'charged', remaining: 4 }]);
  expect(await store.reads.findKey(refOf(1))).toBeUndefined();
});

it('lets not even a foreign hand undo a revocation', async () => {
  const path = temporaryFile('t.db');
  const store = open(path);
  await store.writes.insertAccount(newAccount(), BY);
  await store.writes.insertKeys([newKey(1)], BY);
  await store.writes.revokeKey(refOf(1), 7, BY);
  const database = openRaw(path);
  expect(() => database.exec('UPDATE keys SET revoked_ms = NULL')).toThrow(/irreversible/);
  expect(() => database.exec('UPDATE keys SET revoked_ms = 8')).toThrow(/irreversible/);
});

it('keeps one entry in the log for each account and key, however often they change', async () => {
  const path = temporaryFile('t.db');
  const store = open(path);
  await store.writes.insertAccount(newAccount(), BY);
  await store.writes.insertKeys([newKey(1)], BY);
  for (let turn = 0; turn < 20; turn += 1) {
    await store.writes.updateKey(refOf(1), { role: `r${turn}` }, BY);
    await store.writes.updateAccount({ api: 'alpha', id: 'acme' }, { tier: `t${turn}` }, BY);
  }
  const log = openRaw(path).prepare('SELECT what, seq FROM changes ORDER BY seq').all();
  expect(log).toEqual([
    { what: 'key', seq: 41 },
    { what: 'account', seq: 42 },
  ]);
});

it.each([
  ['accounts', 'tier', "'gold'"],
  ['accounts', 'standing', "'disabled'"],
  ['accounts', 'billing', "'inactive'"],
  ['accounts', 'trial_ends_ms', '9'],
  ['keys', 'profile', `'{"tier":"gold"}'`],
  ['keys', 'expires_ms', '9'],
  ['keys', 'revoked_ms', '9'],
])('logs a change of %s.%s, whoever makes it', async (table, column, value) => {
  const path = temporaryFile('t.db');
  const store = open(path);
  await store.writes.insertAccount(newAccount(), BY);
  await store.writes.insertKeys([newKey(1)], BY);
  const cursor = { phase: 'changes', row: 0, seq: 2 } as const;
  expect(store.keeper.read(cursor)).toBeUndefined();
  openRaw(path).exec(`UPDATE ${table} SET ${column} = ${value}`);
  expect(store.keeper.read(cursor)?.cursor.seq).toBe(3);
});

it('logs nothing for charges, grants and last uses, which no edge needs to hear of', async () => {
  const store = open(temporaryFile('t.db'));
  await store.writes.insertAccount(newAccount({ credits: 5 }), BY);
  await store.writes.insertKeys([newKey(1)], BY);
  store.keeper.charge([charge]);
  await store.writes.grantCredits({ api: 'alpha', id: 'acme' }, { credits: 1, ref: null, atMs: 0 }, BY);
  await store.writes.recordLastUses(Float64Array.of(1, 7));
  expect(store.keeper.read({ phase: 'changes', row: 0, seq: 2 })).toBeUndefined();
});

it('leaves the log to grow until the caller moves it, and reports when all of it has been moved', async () => {
  const path = temporaryFile('t.db');
  const store = open(path, { checkpoints: 'by_caller' });
  await store.writes.insertAccount(newAccount({ credits: 5_000 }), BY);
  for (let turn = 0; turn < 1_100; turn += 1) store.keeper.charge([charge]);
  const reader = openSqliteReader({ path });
  onTestFinished(() => reader.close());
  const moved = reader.checkpoint();
  expect(moved.walBytes).toBeGreaterThan(1_000 * 4_096);
  expect(moved.complete).toBe(true);
  expect(store.checkpoint('restart').complete).toBe(true);
  store.keeper.charge([charge]);
  expect(reader.checkpoint().walBytes).toBeLessThan(10 * 4_200);
});

it('finds what it looks for by an index, without walking or sorting a table', () => {
  const path = temporaryFile('t.db');
  migrateSqlite(path);
  const database = openRaw(path);
  const plan = (sql: string): string =>
    database
      .prepare(`EXPLAIN QUERY PLAN ${sql}`)
      .all()
      .map((step) => String(step.detail))
      .join('; ');
  for (const [column, index] of [
    ['keys.api', 'keys_by_api (api=? AND rowid>?)'],
    ['keys.account_row', 'keys_by_account (account_row=? AND rowid>?)'],
  ] as const) {
    const page = selectKeys().where('keys.row', '>', 5).where(column, '=', 1).orderBy('keys.row').limit(3);
    expect(plan(page.compile().sql)).toContain(index);
    expect(plan(page.compile().sql)).not.toMatch(/SCAN|TEMP/);
  }
  const tiers = `SELECT api, tier FROM keys WHERE tier <> '' AND revoked_ms IS NULL`;
  expect(plan(tiers)).toContain('keys_by_tier');
});

it('opens the same database through a link', () => {
  const path = temporaryFile('t.db');
  open(path);
  const link = join(dirname(path), 'sub', 'link.db');
  mkdirSync(dirname(link));
  symlinkSync(path, link);
  expect(migrateSqlite(link)).toEqual([]);
});
