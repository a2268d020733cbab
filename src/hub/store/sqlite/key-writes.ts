import { toProfileText } from '../../../domain/feed-records.ts';
import type { StoredProfile } from '../../../domain/feed-records.ts';
import type { Authorship } from '../audit.ts';
import type {
  KeyInsert,
  KeyMaterial,
  KeyRevoked,
  KeyRotated,
  KeyRotation,
  KeyUpdate,
  KeyUpdated,
  KeysInserted,
  StoredKey,
} from '../keys.ts';
import type { StoredRef } from '../ref.ts';
import type { StoreWrites } from '../store.ts';
import { LAST_USES_MAX, WRITE_BATCH_MAX } from '../store.ts';
import { findAccountRow } from './account-rows.ts';
import { countOrNull, insertAudit, isEmpty, toAuditTime, toCreation, toDifference } from './audit-log.ts';
import type { AuditMembers } from './audit-log.ts';
import type { SqliteConnection } from './connection.ts';
import { fromKeyId } from './key-id.ts';
import { findKeyRow, fromKeyRow } from './key-rows.ts';
import type { KeyWithAccount } from './key-rows.ts';
import type { KnownDigests } from './known-digests.ts';
import { redigestKeys } from './redigest.ts';
import { resealKeys } from './reseal.ts';
import { endSessionRows } from './session-rows.ts';
import { sql } from './tables.ts';
import { bytesFromWords } from './words.ts';
import type { Writer } from './writer.ts';

export type KeyWrites = Pick<
  StoreWrites,
  'insertKeys' | 'updateKey' | 'rotateKey' | 'revokeKey' | 'recordLastUses' | 'redigestKeys' | 'resealKeys'
>;

export function createKeyWrites(writer: Writer, known: KnownDigests): KeyWrites {
  const { connection, write, writeLightly, writeQuietly } = writer;
  return {
    insertKeys: (keys, by) => write(() => insertKeys(connection, known, { keys, by })),
    updateKey: (key, update, by) => write(() => updateKey(connection, key, { update, by })),
    rotateKey: (rotation, by) => write(() => rotateKey(connection, known, { rotation, by })),
    revokeKey: (key, atMs, by) => write(() => revokeKey(connection, key, { atMs, by })),
    recordLastUses: (pairs) => writeQuietly(() => recordLastUses(connection, pairs)),
    redigestKeys: (keys) => writeLightly(() => redigestKeys(connection, keys)),
    resealKeys: (keys) => writeLightly(() => resealKeys(connection, keys)),
  };
}

interface KeysInput {
  readonly keys: readonly KeyInsert[];
  readonly by: Authorship;
}

/** Looks at every key before it writes the first, so that a refusal leaves nothing behind. */
function insertKeys(
  connection: SqliteConnection,
  known: KnownDigests,
  { keys, by }: KeysInput,
): KeysInserted {
  if (keys.length > WRITE_BATCH_MAX) throw new RangeError(`more than ${WRITE_BATCH_MAX} keys in one write`);
  const accountRows: number[] = [];
  const batch = known.startBatch(connection);
  for (const [index, key] of keys.entries()) {
    const account = findAccountRow(connection, { api: key.api, id: key.account });
    if (account === undefined) return { result: 'account_unknown', index };
    if (!batch.claim(key.api, key)) return { result: 'duplicate', index };
    accountRows.push(account.row);
  }
  const inserted = keys.map((key, index) =>
    insertKey(connection, key, { accountRow: accountRows[index] ?? 0, profile: toProfileText(key.profile) }),
  );
  const stored = inserted.map(fromKeyRow);
  for (const key of stored) insertAudit(connection, by, key, toCreation(toMembers(key)));
  return { result: 'inserted', keys: stored };
}

/** What the audit log tells of a key. */
function toMembers({ account, name, profile, expiresMs }: StoredKey): AuditMembers {
  return {
    account,
    name,
    tier: profile.tier,
    permissions: profile.permissions,
    role: profile.role,
    allow_ips: profile.allowlist ?? null,
    limits: profile.limits,
    expires_at: toAuditTime(expiresMs),
  };
}

interface KeyRight {
  readonly accountRow: number;
  readonly profile: string;
}

type NewKeyRow = KeyMaterial & Pick<KeyInsert, 'api' | 'account' | 'name' | 'createdMs' | 'expiresMs'>;

function insertKey(connection: SqliteConnection, key: NewKeyRow, right: KeyRight): KeyWithAccount {
  const id = fromKeyId(key.id);
  if (id === undefined) throw new TypeError('a key id is "key_" and 24 hexadecimal digits');
  const row = connection.first(
    sql
      .insertInto('keys')
      .values({
        id,
        api: key.api,
        account_row: right.accountRow,
        name: key.name,
        hint: key.hint,
        digest: bytesFromWords(key.digest),
        pepper_id: key.pepperId,
        profile: right.profile,
        created_ms: key.createdMs,
        expires_ms: key.expiresMs,
        sealed: key.sealed?.bytes ?? null,
        sealing_key_id: key.sealed?.sealingKeyId ?? null,
      })
      .returningAll(),
  );
  if (row === undefined) throw new Error('an inserted key was not returned');
  return { ...row, account: key.account };
}

interface KeyUpdateInput {
  readonly update: KeyUpdate;
  readonly by: Authorship;
}

function updateKey(connection: SqliteConnection, ref: StoredRef, { update, by }: KeyUpdateInput): KeyUpdated {
  const row = findKeyRow(connection, ref);
  if (row === undefined) return { result: 'unknown' };
  if (row.revoked_ms !== null) return { result: 'revoked' };
  const { name = row.name, expiresMs: expires_ms = row.expires_ms } = update;
  const before = fromKeyRow(row);
  const profile = toProfileText(mergeProfile(before.profile, update));
  const key = fromKeyRow({ ...row, name, expires_ms, profile });
  const difference = toDifference(toMembers(before), toMembers(key));
  if (isEmpty(difference)) return { result: 'updated', key };
  connection.run(sql.updateTable('keys').set({ name, expires_ms, profile }).where('row', '=', row.row));
  insertAudit(connection, by, key, difference);
  return { result: 'updated', key };
}

function mergeProfile(profile: StoredProfile, update: KeyUpdate): StoredProfile {
  const { tier = profile.tier, permissions = profile.permissions, role = profile.role } = update;
  const { limits = profile.limits, allowlist = profile.allowlist ?? null } = update;
  return { tier, permissions, role, limits, ...(allowlist === null ? {} : { allowlist }) };
}

interface KeyRotationInput {
  readonly rotation: KeyRotation;
  readonly by: Authorship;
}

function rotateKey(
  connection: SqliteConnection,
  known: KnownDigests,
  { rotation, by }: KeyRotationInput,
): KeyRotated {
  const { replacement, atMs, oldExpiresMs, ...ref } = rotation;
  const old = findKeyRow(connection, ref);
  if (old === undefined) return { result: 'unknown' };
  if (old.revoked_ms !== null) return { result: 'revoked' };
  const { expires_ms: expiresMs, api, account, name } = old;
  if (expiresMs !== null && expiresMs <= atMs) return { result: 'expired' };
  if (!known.startBatch(connection).claim(api, replacement)) throw new Error('a new key is already known');
  const endsMs = Math.min(oldExpiresMs, expiresMs ?? Number.POSITIVE_INFINITY);
  connection.run(sql.updateTable('keys').set({ expires_ms: endsMs }).where('row', '=', old.row));
  const row = insertKey(
    connection,
    { ...replacement, api, account, name, createdMs: atMs, expiresMs },
    { accountRow: old.account_row, profile: old.profile },
  );
  const [from, to] = [toAuditTime(expiresMs), toAuditTime(endsMs)];
  insertAudit(connection, by, ref, {
    ...toDifference({ expires_at: from }, { expires_at: to }),
    ...toCreation({ replacement: replacement.id }),
  });
  return { result: 'rotated', key: fromKeyRow(row) };
}

interface KeyRevocationInput {
  readonly atMs: number;
  readonly by: Authorship;
}

function revokeKey(
  connection: SqliteConnection,
  ref: StoredRef,
  { atMs, by }: KeyRevocationInput,
): KeyRevoked | undefined {
  const row = findKeyRow(connection, ref);
  if (row === undefined) return undefined;
  const revoked_ms = row.revoked_ms ?? atMs;
  if (row.revoked_ms === null) {
    connection.run(sql.updateTable('keys').set({ revoked_ms }).where('row', '=', row.row));
    const sessions = endSessionRows(connection, { api: ref.api, key: row.id }, { why: 'key', atMs });
    const told = { revoked_at: toAuditTime(revoked_ms), sessions_ended: countOrNull(sessions) };
    insertAudit(connection, by, ref, toCreation(told));
  }
  const change = connection.first(
    sql.selectFrom('changes').select('seq').where('what', '=', 'key').where('row', '=', row.row),
  );
  if (change === undefined) throw new Error('a key stands in no change');
  return { key: fromKeyRow({ ...row, revoked_ms }), seq: change.seq };
}

const RECORD_LAST_USE = `
UPDATE keys SET last_used_ms = ?2 WHERE row = ?1 AND (last_used_ms IS NULL OR last_used_ms < ?2)`;

function recordLastUses(connection: SqliteConnection, pairs: Float64Array): void {
  if (pairs.length > 2 * LAST_USES_MAX) throw new RangeError(`more than ${LAST_USES_MAX} last uses`);
  const record = connection.statement(RECORD_LAST_USE);
  for (let index = 0; index + 1 < pairs.length; index += 2) {
    record.run(pairs[index] ?? 0, Math.floor(pairs[index + 1] ?? 0));
  }
}
