import type { Authorship } from '../audit.ts';
import { SIGNING_KEYS_MAX } from '../../../domain/session.ts';
import { ENDED_KEPT_MS, SIGNING_KEY_KEPT_MS } from '../sessions.ts';
import type {
  ResealedSigningKey,
  SigningKeyInsert,
  SigningKeyInserted,
  StoredSigningKey,
} from '../sessions.ts';
import type { StoreWrites } from '../store.ts';
import { insertAudit, toAuditTime, toCreation } from './audit-log.ts';
import type { SqliteConnection } from './connection.ts';
import { sql } from './tables.ts';
import type { SigningKeyRow } from './tables.ts';
import type { Writer } from './writer.ts';

export type SigningKeyWrites = Pick<StoreWrites, 'insertSigningKey' | 'resealSigningKey'>;

export function createSigningKeyWrites({ connection, write, writeUnfed }: Writer): SigningKeyWrites {
  return {
    insertSigningKey: (key, by) => write(() => insertSigningKey(connection, key, by)),
    resealSigningKey: (key) => writeUnfed(() => resealSigningKey(connection, key)),
  };
}

/** Those that have not gone, in the order in which they sign. */
export function listSigningKeyRows(connection: SqliteConnection, api: string): readonly StoredSigningKey[] {
  const rows = connection.all(
    sql
      .selectFrom('signing_keys')
      .selectAll()
      .where('api', '=', api)
      .where('gone_ms', 'is', null)
      .orderBy('signs_from_ms')
      .orderBy('row'),
  );
  return rows.flatMap(fromSigningKeyRow);
}

function fromSigningKeyRow(row: SigningKeyRow): readonly StoredSigningKey[] {
  const { api, kid, algorithm, jwk, sealed, sealing_key_id: sealingKeyId } = row;
  if (sealed === null || sealingKeyId === null) return [];
  const times = { publishedMs: row.published_ms, signsFromMs: row.signs_from_ms };
  return [{ api, kid, algorithm, jwk, sealed, sealingKeyId, ...times }];
}

/** Two who would add one after the same latest key do not both: the second is told of the first's. */
function insertSigningKey(
  connection: SqliteConnection,
  key: SigningKeyInsert,
  by: Authorship,
): SigningKeyInserted {
  removeSpentSigningKeys(connection, by.atMs);
  const { api, kid } = key;
  const known = listSigningKeyRows(connection, api);
  if ((known.at(-1)?.kid ?? '') !== key.after) return { result: 'raced', keys: known };
  if (key.others === 'go') connection.statement(REMOVE_ALL).run(by.atMs, api);
  else if (known.length >= SIGNING_KEYS_MAX) return { result: 'too_many', keys: known };
  connection.run(
    sql.insertInto('signing_keys').values({
      api,
      kid,
      algorithm: key.algorithm,
      jwk: key.jwk,
      sealed: key.sealed,
      sealing_key_id: key.sealingKeyId,
      published_ms: key.publishedMs,
      signs_from_ms: key.signsFromMs,
    }),
  );
  const gone = key.others === 'go' ? known.map((other) => other.kid) : [];
  const told = { algorithm: key.algorithm, signs_from: toAuditTime(key.signsFromMs), gone };
  insertAudit(connection, by, { api, id: kid }, toCreation(told));
  return { result: 'inserted', keys: listSigningKeyRows(connection, api) };
}

function resealSigningKey(connection: SqliteConnection, key: ResealedSigningKey): void {
  connection.run(
    sql
      .updateTable('signing_keys')
      .set({ sealed: key.sealed, sealing_key_id: key.sealingKeyId })
      .where('api', '=', key.api)
      .where('kid', '=', key.kid)
      .where('gone_ms', 'is', null),
  );
}

/** A key goes once another has signed in its place for so long that none of its tokens is left. Its private half is erased with it. */
const REMOVE_SPENT = `
UPDATE signing_keys SET gone_ms = ?1, sealed = NULL, sealing_key_id = NULL
WHERE gone_ms IS NULL AND EXISTS (
  SELECT 1 FROM signing_keys AS later
  WHERE later.api = signing_keys.api AND later.signs_from_ms + ${SIGNING_KEY_KEPT_MS} <= ?1
    AND (later.signs_from_ms, later.row) > (signing_keys.signs_from_ms, signing_keys.row)
)`;
const REMOVE_ALL = `
UPDATE signing_keys SET gone_ms = ?1, sealed = NULL, sealing_key_id = NULL WHERE gone_ms IS NULL AND api = ?2`;
const FORGET_GONE = 'DELETE FROM signing_keys WHERE gone_ms <= ?';

/** Inside a transaction. */
export function removeSpentSigningKeys(connection: SqliteConnection, atMs: number): void {
  connection.statement(REMOVE_SPENT).run(atMs);
  connection.statement(FORGET_GONE).run(atMs - ENDED_KEPT_MS);
}
