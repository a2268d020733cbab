import { OPERATORS_MAX } from '../../../domain/operators.ts';
import type { Authorship } from '../audit.ts';
import type { OperatorInsert, OperatorInserted, RedigestedOperator, StoredOperator } from '../operators.ts';
import type { StoreWrites } from '../store.ts';
import { insertAudit, toAuditTime, toCreation } from './audit-log.ts';
import type { SqliteConnection } from './connection.ts';
import { fromOperatorRow } from './operator-rows.ts';
import { sql } from './tables.ts';
import { bytesFromWords } from './words.ts';
import type { Writer } from './writer.ts';

export type OperatorWrites = Pick<
  StoreWrites,
  'insertOperator' | 'revokeOperator' | 'recordOperatorUse' | 'redigestOperator' | 'recordAttempt'
>;

export function createOperatorWrites({ connection, writeUnfed, writeQuietly }: Writer): OperatorWrites {
  return {
    insertOperator: (operator, by) => writeUnfed(() => insertOperator(connection, operator, by)),
    revokeOperator: (name, by) => writeUnfed(() => revokeOperator(connection, name, by)),
    recordOperatorUse: (name, atMs) => writeQuietly(() => recordUse(connection, name, atMs)),
    redigestOperator: (operator) => writeQuietly(() => redigest(connection, operator)),
    recordAttempt: (by) => writeQuietly(() => insertAudit(connection, by, { api: '', id: '' }, {})),
  };
}

function insertOperator(
  connection: SqliteConnection,
  operator: OperatorInsert,
  by: Authorship,
): OperatorInserted {
  const { count = 0 } =
    connection.first(sql.selectFrom('operators').select((all) => all.fn.countAll<number>().as('count'))) ??
    {};
  if (count >= OPERATORS_MAX) return { result: 'too_many' };
  const { name, role } = operator;
  const row = connection.first(
    sql
      .insertInto('operators')
      .values({
        name,
        role,
        digest: bytesFromWords(operator.digest),
        pepper_id: operator.pepperId,
        created_ms: operator.createdMs,
      })
      .onConflict((conflict) => conflict.column('name').doNothing())
      .returningAll(),
  );
  if (row === undefined) return { result: 'taken' };
  insertAudit(connection, by, { api: '', id: name }, toCreation({ role }));
  return { result: 'inserted', operator: fromOperatorRow(row) };
}

function revokeOperator(
  connection: SqliteConnection,
  name: string,
  by: Authorship,
): StoredOperator | undefined {
  const row = connection.first(sql.selectFrom('operators').selectAll().where('name', '=', name));
  if (row === undefined) return undefined;
  if (row.revoked_ms !== null) return fromOperatorRow(row);
  const revoked_ms = by.atMs;
  connection.run(sql.updateTable('operators').set({ revoked_ms }).where('row', '=', row.row));
  insertAudit(connection, by, { api: '', id: name }, toCreation({ revoked_at: toAuditTime(revoked_ms) }));
  return fromOperatorRow({ ...row, revoked_ms });
}

function recordUse(connection: SqliteConnection, name: string, atMs: number): void {
  connection.run(
    sql
      .updateTable('operators')
      .set({ last_used_ms: atMs })
      .where('name', '=', name)
      .where((row) => row.or([row('last_used_ms', 'is', null), row('last_used_ms', '<', atMs)])),
  );
}

function redigest(connection: SqliteConnection, { name, digest, pepperId }: RedigestedOperator): void {
  connection.run(
    sql
      .updateTable('operators')
      .set({ digest: bytesFromWords(digest), pepper_id: pepperId })
      .where('name', '=', name)
      .where('revoked_ms', 'is', null),
  );
}
