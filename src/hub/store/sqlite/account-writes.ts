import type { Authorship } from '../audit.ts';
import type {
  AccountInsert,
  AccountUpdate,
  AccountUpdated,
  GrantInsert,
  Granted,
  StoredAccount,
} from '../accounts.ts';
import type { StoredRef } from '../ref.ts';
import type { StoreWrites } from '../store.ts';
import { CREDITS_MAX } from '../accounts.ts';
import {
  findAccountRow,
  findAccountWithBalance,
  fromAccountRow,
  insertAccountRow,
  toAuditMembers,
} from './account-rows.ts';
import type { DeclaredAccountTest } from './account-rows.ts';
import { countOrNull, insertAudit, isEmpty, toCreation, toDifference } from './audit-log.ts';
import { bookLog } from './charge-log.ts';
import type { SqliteConnection } from './connection.ts';
import { endSessionRows } from './session-rows.ts';
import { sql } from './tables.ts';
import type { AccountRow } from './tables.ts';
import type { Writer } from './writer.ts';

export type AccountWrites = Pick<StoreWrites, 'insertAccount' | 'updateAccount' | 'grantCredits'>;

export function createAccountWrites(writer: Writer, isDeclared: DeclaredAccountTest): AccountWrites {
  const { connection, write } = writer;
  const view = (row: AccountRow): StoredAccount => fromAccountRow(row, isDeclared);
  return {
    insertAccount: (account, by) =>
      write(() => optional(insertWithCredits(connection, { account, by }), view)),
    updateAccount: (account, update, by) =>
      write(() => updateAccount(connection, { account, update, by }, view)),
    grantCredits: (account, grant, by) => write(() => grantCredits(connection, { account, grant, by }, view)),
  };
}

type View = (row: AccountRow) => StoredAccount;

function optional(row: AccountRow | undefined, view: View): StoredAccount | undefined {
  return row === undefined ? undefined : view(row);
}

interface AccountInsertInput {
  readonly account: AccountInsert;
  readonly by: Authorship;
}

/** The first credits are a grant like any other, so that the grants of an account always add up to what it was given. */
function insertWithCredits(
  connection: SqliteConnection,
  { account, by }: AccountInsertInput,
): AccountRow | undefined {
  const { credits } = account;
  const row = insertAccountRow(connection, account);
  if (row === undefined) return undefined;
  if (credits > 0) insertGrant(connection, row.row, { credits, ref: null, atMs: account.createdMs });
  const { standing: _, ...told } = toAuditMembers(row);
  insertAudit(connection, by, row, toCreation({ ...told, credits: credits > 0 ? credits : null }));
  return row;
}

interface AccountUpdateInput {
  readonly account: StoredRef;
  readonly update: AccountUpdate;
  readonly by: Authorship;
}

function updateAccount(
  connection: SqliteConnection,
  { account, update, by }: AccountUpdateInput,
  view: View,
): AccountUpdated {
  const row = findAccountWithBalance(connection, account);
  if (row === undefined) return { result: 'unknown' };
  const { tier = row.tier, standing = row.standing, billing = row.billing } = update;
  const { trialEndsMs: trial_ends_ms = row.trial_ends_ms } = update;
  if (billing === 'trialing' && trial_ends_ms === null) return { result: 'trial_without_end' };
  const changed = { ...row, tier, standing, billing, trial_ends_ms };
  const difference = toDifference(toAuditMembers(row), toAuditMembers(changed));
  if (isEmpty(difference)) return { result: 'updated', account: view(row) };
  connection.run(
    sql.updateTable('accounts').set({ tier, standing, billing, trial_ends_ms }).where('row', '=', row.row),
  );
  // A session that was ended by this does not come back with the account.
  const sessions =
    standing === 'ok'
      ? 0
      : endSessionRows(connection, { accountRow: row.row }, { why: 'account', atMs: by.atMs });
  insertAudit(connection, by, row, {
    ...difference,
    ...toCreation({ sessions_ended: countOrNull(sessions) }),
  });
  return { result: 'updated', account: view(changed) };
}

/** ?1 account row, ?2 credits. */
const GRANT = `UPDATE accounts SET purchased = purchased + ?2 WHERE row = ?1`;

interface GrantInput {
  readonly account: StoredRef;
  readonly grant: GrantInsert;
  readonly by: Authorship;
}

function grantCredits(connection: SqliteConnection, { account, grant, by }: GrantInput, view: View): Granted {
  // The row then tells the balance, and holds no more than the account does: what is told of the grant stays true.
  bookLog(connection, Number.POSITIVE_INFINITY);
  const row = findAccountRow(connection, account);
  if (row === undefined) return { result: 'unknown' };
  if (isCounted(connection, row.row, grant.ref)) return { result: 'repeated', account: view(row) };
  if (row.purchased > CREDITS_MAX - grant.credits) return { result: 'too_many' };
  const purchased = row.purchased + grant.credits;
  insertGrant(connection, row.row, grant);
  connection.statement(GRANT).run(row.row, grant.credits);
  insertAudit(connection, by, row, {
    ...toDifference({ purchased: row.purchased }, { purchased }),
    ...toCreation({ ref: grant.ref }),
  });
  return { result: 'granted', account: view({ ...row, purchased }) };
}

function isCounted(connection: SqliteConnection, accountRow: number, ref: string | null): boolean {
  if (ref === null) return false;
  const counted = connection.first(
    sql.selectFrom('grants').select('row').where('account_row', '=', accountRow).where('ref', '=', ref),
  );
  return counted !== undefined;
}

function insertGrant(connection: SqliteConnection, accountRow: number, grant: GrantInsert): void {
  connection.run(
    sql
      .insertInto('grants')
      .values({ account_row: accountRow, ref: grant.ref, credits: grant.credits, granted_ms: grant.atMs }),
  );
}
