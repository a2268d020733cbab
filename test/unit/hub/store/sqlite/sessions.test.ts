import { DatabaseSync } from 'node:sqlite';
import { expect, it, onTestFinished } from 'vitest';
import { SqliteConnection } from '../../../../../src/hub/store/sqlite/connection.ts';
import { migrate } from '../../../../../src/hub/store/sqlite/migrate.ts';
import { MIGRATIONS } from '../../../../../src/hub/store/sqlite/migrations.ts';
import { openSqliteStore } from '../../../../../src/hub/store/sqlite/open.ts';
import type { SqliteStore } from '../../../../../src/hub/store/sqlite/open.ts';
import type { SigningKeyInsert } from '../../../../../src/hub/store/sessions.ts';
import { DependencyDown } from '../../../../../src/ports.ts';
import { BY } from '../../../../contract/author.ts';
import { newAccount, newKey, refOf } from '../../../../contract/store.ts';
import { temporaryFile } from './folder.ts';

const SESSION = { api: 'alpha', id: 'ses_0123456789abcdef01234567' };
const SIGNING_KEY: SigningKeyInsert = {
  api: 'alpha',
  kid: 'kid',
  algorithm: 'EdDSA',
  jwk: '{}',
  publishedMs: 1,
  signsFromMs: 1,
  sealed: Uint8Array.of(1),
  sealingKeyId: 's1',
  after: '',
  others: 'stay',
};

function open(path: string, busyTimeoutMs = 100): SqliteStore {
  const store = openSqliteStore({ path, apiNames: ['alpha'], busyTimeoutMs });
  onTestFinished(() => store.close());
  return store;
}

function openRaw(path: string): DatabaseSync {
  const database = new DatabaseSync(path);
  onTestFinished(() => database.close());
  return database;
}

/** A database with one session of one key. */
async function createSession(path: string): Promise<SqliteStore> {
  const store = open(path, 1);
  await store.writes.insertAccount(newAccount(), BY);
  await store.writes.insertKeys([newKey(1)], BY);
  const session = { ...SESSION, key: refOf(1).id, atMs: 1, expiresMs: 9, diesMs: 9 };
  const refresh = { digest: Int32Array.of(1, 2, 3, 4, 5, 6, 7, 8), pepperId: 'p1' };
  await store.writes.insertSession({ ...session, refresh });
  return store;
}

it('a database from before sessions keeps its log of changes, and goes on counting after it', async () => {
  const path = temporaryFile('t.db');
  const before = new SqliteConnection({ path, access: 'write' });
  migrate(before, MIGRATIONS.slice(0, 8));
  before.execute(`
    INSERT INTO accounts VALUES (1, 'alpha', 'acme', 'free', 'ok', 'active', NULL, 0, 0, 0, 1);
    UPDATE accounts SET tier = 'pro';
    UPDATE accounts SET tier = 'free';`);
  before.close();
  const store = open(path);
  const log = () => openRaw(path).prepare('SELECT seq, what, row FROM changes ORDER BY seq').all();
  expect(log()).toEqual([{ seq: 3, what: 'account', row: 1 }]);
  await store.writes.updateAccount({ api: 'alpha', id: 'acme' }, { tier: 'pro' }, BY);
  await store.writes.insertKeys([newKey(1)], BY);
  expect(log()).toEqual([
    { seq: 4, what: 'account', row: 1 },
    { seq: 5, what: 'key', row: 1 },
  ]);
});

it.each([
  ['brought back', 'UPDATE sessions SET ended_ms = NULL, ended_why = NULL', /ended for good/],
  ['changed', 'UPDATE sessions SET generation = 7', /ended for good/],
])('a session that has ended is not %s, whoever opens the file', async (_, change, refusal) => {
  const path = temporaryFile('t.db');
  const store = await createSession(path);
  await store.writes.endSessions({ api: 'alpha', of: { session: SESSION.id }, why: 'logout', atMs: 2 });
  expect(() => openRaw(path).exec(change)).toThrow(refusal);
});

it('a live session is not deleted before it has ended, so that every edge hears of its end', async () => {
  const path = temporaryFile('t.db');
  await createSession(path);
  expect(() => openRaw(path).exec('DELETE FROM sessions')).toThrow(/ended before it is deleted/);
});

it('no digest of a token is kept of a session that has ended', async () => {
  const path = temporaryFile('t.db');
  const store = await createSession(path);
  const digests = () => openRaw(path).prepare('SELECT digest, pepper_id FROM sessions').all();
  expect(digests()).toMatchObject([{ pepper_id: 'p1' }]);
  await store.writes.revokeKey(refOf(1), 2, BY);
  expect(digests()).toEqual([{ digest: null, pepper_id: null }]);
});

it('the count of live sessions is that of the rows, whatever was done', async () => {
  const path = temporaryFile('t.db');
  const store = await createSession(path);
  const raw = openRaw(path);
  const counted = () => raw.prepare('SELECT count FROM live_sessions').get()?.count;
  expect(counted()).toBe(1);
  await store.writes.revokeKey(refOf(1), 2, BY);
  await store.writes.revokeKey(refOf(1), 3, BY);
  expect(counted()).toBe(0);
  raw.exec('DELETE FROM sessions');
  expect(counted()).toBe(0);
});

it('a signing key that has gone keeps no private half, and does not come back', async () => {
  const path = temporaryFile('t.db');
  const store = open(path);
  await store.writes.insertSigningKey(SIGNING_KEY, BY);
  const raw = openRaw(path);
  expect(() => raw.exec('UPDATE signing_keys SET gone_ms = 5')).toThrow(/CHECK/);
  raw.exec('UPDATE signing_keys SET gone_ms = 5, sealed = NULL, sealing_key_id = NULL');
  expect(() =>
    raw.exec("UPDATE signing_keys SET gone_ms = NULL, sealed = x'01', sealing_key_id = 's'"),
  ).toThrow(/gone for good/);
});

it('a database that does not answer is an outage of every write, and nothing was changed', async () => {
  const path = temporaryFile('t.db');
  const store = await createSession(path);
  const other = openRaw(path);
  other.exec('BEGIN IMMEDIATE');
  const { digest, pepperId } = { digest: Int32Array.of(1, 2, 3, 4, 5, 6, 7, 8), pepperId: 'p1' };
  const tokens = { presented: [{ digest, pepperId }], successors: [{ digest, pepperId }] };
  const rotation = { ...SESSION, generation: 0, ...tokens, atMs: 2, idleMs: 5 };
  const session = { ...SESSION, key: refOf(1).id, atMs: 1, expiresMs: 9, diesMs: 9, refresh: null };
  const { writes } = store;
  const asked = [
    () => writes.insertSession(session),
    () => writes.rotateSession(rotation, BY),
    () => writes.endSessions({ api: 'alpha', of: { account: 'acme' }, why: 'revoked', atMs: 2 }),
    () => writes.insertSigningKey(SIGNING_KEY, BY),
    () => writes.resealSigningKey(SIGNING_KEY),
  ];
  for (const ask of asked) await expect(ask()).rejects.toThrow(DependencyDown);
  other.exec('ROLLBACK');
  expect(await store.reads.findSession(SESSION)).toMatchObject({ generation: 0, endedMs: null });
  expect(await store.reads.listSigningKeys('alpha')).toEqual([]);
});
