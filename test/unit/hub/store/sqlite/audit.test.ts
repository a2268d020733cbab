import { DatabaseSync } from 'node:sqlite';
import { expect, it, onTestFinished } from 'vitest';
import { openSqliteStore } from '../../../../../src/hub/store/sqlite/open.ts';
import { BY } from '../../../../contract/author.ts';
import { newAccount } from '../../../../contract/store.ts';
import { temporaryFile } from './folder.ts';

async function openAudited(): Promise<DatabaseSync> {
  const path = temporaryFile('t.db');
  const store = openSqliteStore({ path, apiNames: ['alpha'] });
  await store.writes.insertAccount(newAccount(), BY);
  const raw = new DatabaseSync(path);
  onTestFinished(() => {
    raw.close();
    store.close();
  });
  return raw;
}

it.each([
  ['UPDATE', `UPDATE audit SET actor = 'somebody else'`],
  ['UPDATE of its number', 'UPDATE audit SET seq = seq + 100'],
  ['DELETE', 'DELETE FROM audit'],
  [
    'REPLACE',
    `REPLACE INTO audit SELECT seq, at_ms, 'x', source, request_id, action, api, object, changed FROM audit`,
  ],
  ['upsert', `INSERT INTO audit SELECT * FROM audit WHERE true ON CONFLICT (seq) DO UPDATE SET actor = 'x'`],
])('an entry of the audit log withstands %s, whoever opens the file', async (_name, statement) => {
  const raw = await openAudited();
  const before = raw.prepare('SELECT * FROM audit').all();
  expect(() => raw.exec(statement)).toThrow('the audit log is append-only');
  expect(raw.prepare('SELECT * FROM audit').all()).toEqual(before);
  expect(before).toHaveLength(1);
});

it('a revoked operator stays revoked, whoever opens the file', async () => {
  const raw = await openAudited();
  raw.exec(`INSERT INTO operators (name, role, digest, pepper_id, created_ms, revoked_ms)
    VALUES ('ops', 'write', zeroblob(32), 'p1', 0, 1)`);
  expect(() => raw.exec('UPDATE operators SET revoked_ms = NULL')).toThrow('a revocation is irreversible');
});

it('a change whose entry cannot be written is not made', async () => {
  const path = temporaryFile('t.db');
  const store = openSqliteStore({ path, apiNames: ['alpha'] });
  onTestFinished(() => store.close());
  await expect(store.writes.insertAccount(newAccount(), { ...BY, actor: '' })).rejects.toThrow('CHECK');
  expect(await store.reads.findAccount({ api: 'alpha', id: 'acme' })).toBeUndefined();
});
