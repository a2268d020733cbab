import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { toProfileText } from '../../src/domain/feed-records.ts';
import { DIGEST_WORDS, createKeyHasher } from '../../src/lib/key-digest.ts';
import { startServedProcess } from './served-process.ts';

const ID_BYTES = 12;
const CREDITS = 1_000_000_000_000;
const PROFILE = toProfileText({ tier: '', permissions: [], role: '', limits: [] });

export interface Filling {
  /** Of the database, which a server makes first, with its pepper. */
  readonly folder: string;
  readonly accounts: number;
  readonly keys: (index: number) => string;
  readonly count: number;
}

/** A database with so many keys of accounts that have credits, written past the server: importing a million would take minutes. */
export async function fillStore({ folder, accounts, keys, count }: Filling): Promise<void> {
  const server = await startServedProcess(folder);
  await server.stop();
  const secret = Buffer.from(readFileSync(join(folder, 'pepper'), 'latin1').trim(), 'base64');
  const hasher = createKeyHasher({ current: { id: 'embedded', secret }, retired: [] });
  const database = new DatabaseSync(server.databasePath);
  database.exec('BEGIN');
  const account = database.prepare(
    `INSERT INTO accounts (row, api, id, tier, standing, billing, purchased, allowance_month, allowance_used, created_ms)
     VALUES (?, 'bench', ?, '', 'ok', 'active', ${CREDITS}, 0, 0, 0)`,
  );
  for (let row = 1; row <= accounts; row += 1) account.run(row, `account-${row}`);
  const insert = database.prepare(
    `INSERT INTO keys (id, api, account_row, name, hint, digest, pepper_id, profile, created_ms)
     VALUES (?, 'bench', ?, 'bench', '', ?, 'embedded', '${PROFILE}', 0)`,
  );
  const words = new Int32Array(DIGEST_WORDS);
  const digest = Buffer.alloc(4 * DIGEST_WORDS);
  for (let index = 0; index < count; index += 1) {
    hasher.digest(keys(index), 0, words);
    words.forEach((word, at) => digest.writeInt32LE(word, 4 * at));
    insert.run(randomBytes(ID_BYTES), (index % accounts) + 1, digest);
  }
  database.exec('COMMIT');
  database.close();
}
