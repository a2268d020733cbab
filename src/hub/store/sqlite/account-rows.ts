import type { Declared } from '../declared.ts';
import type { AccountInsert, StoredAccount } from '../accounts.ts';
import type { StoredRef } from '../ref.ts';
import { toAuditTime } from './audit-log.ts';
import type { AuditMembers } from './audit-log.ts';
import { findUnbooked } from './charge-log.ts';
import type { SqliteConnection } from './connection.ts';
import { sql } from './tables.ts';
import type { AccountRow } from './tables.ts';

/** What is known of an account but its balance; inside a transaction it stays true until that ends. */
export function findAccountRow(connection: SqliteConnection, ref: StoredRef): AccountRow | undefined {
  return connection.first(
    sql.selectFrom('accounts').selectAll().where('api', '=', ref.api).where('id', '=', ref.id),
  );
}

/** The same with its balance: what is charged and not yet booked counts. Inside a transaction or a snapshot. */
export function findAccountWithBalance(connection: SqliteConnection, ref: StoredRef): AccountRow | undefined {
  const row = findAccountRow(connection, ref);
  const unbooked = row === undefined ? undefined : findUnbooked(connection, row.row);
  if (row === undefined || unbooked === undefined) return row;
  const { taken, allowanceMonth, allowanceUsed } = unbooked;
  const purchased = Math.max(0, row.purchased - taken);
  return { ...row, purchased, allowance_month: allowanceMonth, allowance_used: allowanceUsed };
}

/** undefined: the id is taken. */
export function insertAccountRow(
  connection: SqliteConnection,
  account: AccountInsert,
): AccountRow | undefined {
  return connection.first(
    sql
      .insertInto('accounts')
      .values({
        api: account.api,
        id: account.id,
        tier: account.tier,
        standing: 'ok',
        billing: account.billing,
        trial_ends_ms: account.trialEndsMs,
        purchased: account.credits,
        allowance_month: 0,
        allowance_used: 0,
        created_ms: account.createdMs,
      })
      .onConflict((conflict) => conflict.columns(['api', 'id']).doNothing())
      .returningAll(),
  );
}

/** Whether a configuration file declares an account. */
export type DeclaredAccountTest = (ref: StoredRef) => boolean;

export function createDeclaredAccountTest(declared: Declared): DeclaredAccountTest {
  const names = new Set(declared.accounts.map(nameOf));
  return (ref) => names.has(nameOf(ref));
}

export function fromAccountRow(row: AccountRow, isDeclared: DeclaredAccountTest): StoredAccount {
  return {
    source: isDeclared(row) ? 'declared' : 'store',
    api: row.api,
    id: row.id,
    tier: row.tier,
    standing: row.standing,
    billing: row.billing,
    trialEndsMs: row.trial_ends_ms,
    purchased: row.purchased,
    allowanceMonth: row.allowance_month,
    allowanceUsed: row.allowance_used,
    createdMs: row.created_ms,
  };
}

/** What the audit log tells of an account. */
export function toAuditMembers({ tier, standing, billing, trial_ends_ms }: AccountRow): AuditMembers {
  return { tier, standing, billing, trial_ends: toAuditTime(trial_ends_ms) };
}

function nameOf({ api, id }: StoredRef): string {
  return `${api}\0${id}`;
}
