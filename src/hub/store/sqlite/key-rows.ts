import { fromProfileText } from '../../../domain/feed-records.ts';
import type { DeclaredKey } from '../declared.ts';
import type { StoredKey } from '../keys.ts';
import type { StoredRef } from '../ref.ts';
import type { SqliteConnection } from './connection.ts';
import { fromKeyId, idOfDeclared, toKeyId } from './key-id.ts';
import { sql } from './tables.ts';
import type { KeyRow } from './tables.ts';

/** A key together with the id of its account, as every view of it needs both. */
export type KeyWithAccount = KeyRow & { readonly account: string };

/** Every read of keys begins here. */
export function selectKeys() {
  return sql
    .selectFrom('keys')
    .innerJoin('accounts', 'accounts.row', 'keys.account_row')
    .selectAll('keys')
    .select('accounts.id as account');
}

export function findKeyRow(connection: SqliteConnection, ref: StoredRef): KeyWithAccount | undefined {
  const id = fromKeyId(ref.id);
  if (id === undefined) return undefined;
  return connection.first(selectKeys().where('keys.id', '=', id).where('keys.api', '=', ref.api));
}

export function fromKeyRow(row: KeyWithAccount): StoredKey {
  return {
    source: 'store',
    api: row.api,
    id: toKeyId(row.id),
    account: row.account,
    name: row.name,
    hint: row.hint,
    profile: fromProfileText(row.profile),
    createdMs: row.created_ms,
    expiresMs: row.expires_ms,
    revokedMs: row.revoked_ms,
    lastUsedMs: row.last_used_ms,
  };
}

/** A declared key is revoked by taking it out of its file, and its last use is not kept. */
export function fromDeclaredKey(key: DeclaredKey): StoredKey {
  const { digest: _, retiredDigests: __, sealed: ___, ...shown } = key;
  return { ...shown, source: 'declared', id: toKeyId(idOfDeclared(key)), revokedMs: null, lastUsedMs: null };
}
