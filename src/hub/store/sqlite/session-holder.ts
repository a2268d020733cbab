import { fromProfileText } from '../../../domain/feed-records.ts';
import type { DeclaredKey } from '../declared.ts';
import { findAccountRow } from './account-rows.ts';
import type { SqliteConnection } from './connection.ts';
import { findKeyRow } from './key-rows.ts';
import { idOfDeclared, toKeyId } from './key-id.ts';

/** A key that may have sessions now, wherever it is kept, and what their tokens say of it. */
export interface SessionHolder {
  readonly accountRow: number;
  readonly account: string;
  readonly permissions: readonly string[];
  /** Blocks of addresses; undefined: any. */
  readonly allowlist: readonly string[] | undefined;
  readonly keyExpiresMs: number | null;
}

export interface HolderQuery {
  readonly api: string;
  /** `key_` and 24 hexadecimal digits. */
  readonly key: string;
  readonly atMs: number;
}

export type FindHolder = (
  connection: SqliteConnection,
  query: HolderQuery,
) => SessionHolder | 'key_gone' | 'account_gone';

/** Looks among the stored keys, then among the declared ones. Inside a transaction the answer stays true until that ends. */
export function createFindHolder(declared: readonly DeclaredKey[]): FindHolder {
  const declaredByName = new Map(
    declared.map((key) => [nameOf({ api: key.api, key: toKeyId(idOfDeclared(key)) }), key]),
  );
  return (connection, query) => {
    const key = findStored(connection, query) ?? fromDeclared(declaredByName.get(nameOf(query)));
    if (key === undefined || (key.expiresMs !== null && key.expiresMs <= query.atMs)) return 'key_gone';
    const account = findAccountRow(connection, { api: query.api, id: key.account });
    if (account === undefined || account.standing !== 'ok') return 'account_gone';
    return {
      accountRow: account.row,
      account: account.id,
      permissions: key.permissions,
      allowlist: key.allowlist,
      keyExpiresMs: key.expiresMs,
    };
  };
}

interface KnownKey {
  readonly account: string;
  readonly permissions: readonly string[];
  readonly allowlist: readonly string[] | undefined;
  readonly expiresMs: number | null;
}

function findStored(connection: SqliteConnection, { api, key }: HolderQuery): KnownKey | undefined {
  const row = findKeyRow(connection, { api, id: key });
  if (row === undefined || row.revoked_ms !== null) return undefined;
  const { permissions, allowlist } = fromProfileText(row.profile);
  return { account: row.account, permissions, allowlist, expiresMs: row.expires_ms };
}

function fromDeclared(key: DeclaredKey | undefined): KnownKey | undefined {
  if (key === undefined) return undefined;
  const { permissions, allowlist } = key.profile;
  return { account: key.account, permissions, allowlist, expiresMs: key.expiresMs };
}

function nameOf({ api, key }: Pick<HolderQuery, 'api' | 'key'>): string {
  return `${api}\0${key}`;
}
