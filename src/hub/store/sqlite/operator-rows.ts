import type { StoredOperator } from '../operators.ts';
import type { SqliteConnection } from './connection.ts';
import { sql } from './tables.ts';
import type { OperatorRow } from './tables.ts';
import { bytesFromWords } from './words.ts';

/** The unrevoked operator whose token has this digest. */
export function findOperatorByDigest(
  connection: SqliteConnection,
  digest: Int32Array,
): StoredOperator | undefined {
  const row = connection.first(
    sql
      .selectFrom('operators')
      .selectAll()
      .where('digest', '=', bytesFromWords(digest))
      .where('revoked_ms', 'is', null),
  );
  return row === undefined ? undefined : fromOperatorRow(row);
}

export function listOperatorRows(connection: SqliteConnection): readonly StoredOperator[] {
  return connection.all(sql.selectFrom('operators').selectAll().orderBy('row')).map(fromOperatorRow);
}

export function fromOperatorRow(row: OperatorRow): StoredOperator {
  return {
    name: row.name,
    role: row.role,
    createdMs: row.created_ms,
    revokedMs: row.revoked_ms,
    lastUsedMs: row.last_used_ms,
  };
}
