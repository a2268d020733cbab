import { hexFromWords } from '../../../lib/key-digest.ts';
import { StoreUnusable } from '../store.ts';
import type { Authorship } from '../audit.ts';
import type { Declared, DeclaredAccount, DeclaredKey } from '../declared.ts';
import { findAccountRow, insertAccountRow, toAuditMembers } from './account-rows.ts';
import { insertAudit, toCreation, toDifference } from './audit-log.ts';
import type { SqliteConnection } from './connection.ts';
import { isStored } from './known-digests.ts';
import { sql } from './tables.ts';
import { bytesFromWords } from './words.ts';

/**
 * Makes declared accounts what their file says and checks that declared keys can be used.
 * Throws `StoreUnusable` for a key without an account, for one that is declared twice, and for one that the store has, under whichever
 * pepper: revoked there, it would come back to life.
 */
export function admitDeclared(connection: SqliteConnection, declared: Declared): void {
  for (const account of declared.accounts) admitAccount(connection, account);
  checkDistinct(declared.keys);
  for (const key of declared.keys) checkKey(connection, key);
}

/** Standing and credits are the store's: a suspended account stays so over a restart. Nothing is written where nothing differs. */
function admitAccount(connection: SqliteConnection, account: DeclaredAccount): void {
  const { tier, billing, trialEndsMs: trial_ends_ms } = account;
  const row = findAccountRow(connection, account);
  if (row === undefined) {
    insertAccountRow(connection, { ...account, credits: 0 });
    insertAudit(connection, byFile('account.create', account), account, toCreation({ tier, billing }));
    return;
  }
  if (row.tier === tier && row.billing === billing && row.trial_ends_ms === trial_ends_ms) return;
  connection.run(
    sql.updateTable('accounts').set({ tier, billing, trial_ends_ms }).where('row', '=', row.row),
  );
  const changed = { ...row, tier, billing, trial_ends_ms };
  const difference = toDifference(toAuditMembers(row), toAuditMembers(changed));
  insertAudit(connection, byFile('account.set', account), account, difference);
}

/** Nobody asked but the file. */
function byFile(action: Authorship['action'], { createdMs }: DeclaredAccount): Authorship {
  return { actor: 'configuration', source: 'start', requestId: '', action, atMs: createdMs };
}

/** Of one key under two names the last would rule, whatever the first was meant to allow. */
function checkDistinct(keys: readonly DeclaredKey[]): void {
  const seen = new Set<string>();
  for (const { api, name, digest } of keys) {
    const identity = `${api} ${hexFromWords(digest)}`;
    if (seen.has(identity)) {
      throw new StoreUnusable(`the key "${name}" of ${api} is declared twice: take one of its entries out`);
    }
    seen.add(identity);
  }
}

function checkKey(
  connection: SqliteConnection,
  { api, account, name, digest, retiredDigests }: DeclaredKey,
): void {
  const key = `the declared key "${name}" of ${api}`;
  if (findAccountRow(connection, { api, id: account }) === undefined) {
    throw new StoreUnusable(
      `${key} names the account "${account}", which is neither declared nor in the store: declare or create it`,
    );
  }
  if (isStored(connection, api, [digest, ...retiredDigests].map(bytesFromWords))) {
    throw new StoreUnusable(
      `${key} stands in the store as well: take it out of the file, or declare another key`,
    );
  }
}
