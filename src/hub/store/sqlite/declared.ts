import { StoreUnusable } from '../store.ts';
import type { Declared, DeclaredAccount, DeclaredKey } from '../store.ts';
import { findAccountRow, insertAccountRow } from './account-rows.ts';
import type { SqliteConnection } from './connection.ts';
import { isStored } from './known-digests.ts';
import { sql } from './tables.ts';
import { bytesFromWords } from './words.ts';

/**
 * Makes declared accounts what their file says and checks that declared keys can be used.
 * Throws `StoreUnusable` for a key without an account, and for one that the store has: revoked there, it would come back to life.
 */
export function admitDeclared(connection: SqliteConnection, declared: Declared): void {
  for (const account of declared.accounts) admitAccount(connection, account);
  for (const key of declared.keys) checkKey(connection, key);
}

/** Standing and credits are the store's: a suspended account stays so over a restart. Nothing is written where nothing differs. */
function admitAccount(connection: SqliteConnection, account: DeclaredAccount): void {
  const { tier, billing, trialEndsMs: trial_ends_ms } = account;
  const row = findAccountRow(connection, account);
  if (row === undefined) {
    insertAccountRow(connection, { ...account, credits: 0 });
    return;
  }
  if (row.tier === tier && row.billing === billing && row.trial_ends_ms === trial_ends_ms) return;
  connection.run(
    sql.updateTable('accounts').set({ tier, billing, trial_ends_ms }).where('row', '=', row.row),
  );
}

function checkKey(connection: SqliteConnection, { api, account, name, digest }: DeclaredKey): void {
  const key = `the declared key "${name}" of ${api}`;
  if (findAccountRow(connection, { api, id: account }) === undefined) {
    throw new StoreUnusable(
      `${key} names the account "${account}", which is neither declared nor in the store: declare or create it`,
    );
  }
  if (isStored(connection, api, [bytesFromWords(digest)])) {
    throw new StoreUnusable(
      `${key} stands in the store as well: take it out of the file, or declare another key`,
    );
  }
}
