import { sql as raw } from 'kysely';
import type { SessionEnd } from '../../../domain/operations.ts';
import type {
  GrantedSession,
  SessionListQuery,
  SessionPage,
  StoredSession,
  TokenDigest,
} from '../sessions.ts';
import { LIST_PAGE_MAX } from '../keys.ts';
import type { StoredRef } from '../ref.ts';
import { findAccountRow } from './account-rows.ts';
import type { SqliteConnection } from './connection.ts';
import { fromKeyId, toKeyId } from './key-id.ts';
import { sql } from './tables.ts';
import type { SessionRow } from './tables.ts';
import { bytesFromWords } from './words.ts';

const PREFIX = 'ses_';
const SESSION_ID = /^ses_[0-9a-f]{24}$/;

/** The 12 bytes of `ses_` and 24 hexadecimal digits; undefined for any other text. */
export function fromSessionId(id: string): Uint8Array | undefined {
  return SESSION_ID.test(id) ? Buffer.from(id.slice(PREFIX.length), 'hex') : undefined;
}

/** A session together with the id of its account. */
export type SessionWithAccount = SessionRow & { readonly account: string };

export function findSessionRow(connection: SqliteConnection, ref: StoredRef): SessionWithAccount | undefined {
  const id = fromSessionId(ref.id);
  if (id === undefined) return undefined;
  return connection.first(selectSessions().where('sessions.id', '=', id).where('sessions.api', '=', ref.api));
}

export function fromSessionRow(row: SessionWithAccount): StoredSession {
  return {
    api: row.api,
    id: PREFIX + Buffer.from(row.id).toString('hex'),
    key: toKeyId(row.key_id),
    account: row.account,
    createdMs: row.created_ms,
    refreshedMs: row.refreshed_ms,
    expiresMs: row.expires_ms,
    diesMs: row.dies_ms,
    generation: row.generation,
    endedMs: row.ended_ms,
    endedWhy: row.ended_why,
  };
}

/** What the tokens of a session say of it and of its key. */
export function toGranted(
  row: SessionWithAccount,
  { permissions, keyExpiresMs }: Omit<GrantedSession, 'session'>,
): GrantedSession {
  return { session: fromSessionRow(row), permissions, keyExpiresMs };
}

export function toDigestColumns(refresh: TokenDigest | null) {
  if (refresh === null) return { digest: null, pepper_id: null };
  return { digest: bytesFromWords(refresh.digest), pepper_id: refresh.pepperId };
}

const CURSOR = /^\d{1,15}$/;

export function listSessions(connection: SqliteConnection, query: SessionListQuery): SessionPage | undefined {
  const { after = '0' } = query;
  if (!CURSOR.test(after)) return undefined;
  const limit = Math.min(query.limit, LIST_PAGE_MAX);
  const page = selectSessions()
    .where('ended_ms', 'is', null)
    .where('sessions.row', '>', Number(after))
    .orderBy('sessions.row')
    .limit(limit + 1);
  const rows = connection.all(narrow(connection, page, query));
  const sessions = rows.slice(0, limit).map(fromSessionRow);
  return { sessions, next: rows.length > limit ? String(rows[limit - 1]?.row) : null };
}

/**
 * An account belongs to one API. Naming the API as well would let SQLite walk all of its sessions instead of the account's;
 * behind the sign `+` a column chooses no index (sqlite.org/optoverview.html#uplus).
 */
function narrow(connection: SqliteConnection, page: SessionQuery, query: SessionListQuery): SessionQuery {
  const { api, account, key } = query;
  if (account === undefined && key === undefined) return page.where('sessions.api', '=', api);
  let narrowed = page;
  if (account !== undefined) {
    narrowed = narrowed.where('account_row', '=', findAccountRow(connection, { api, id: account })?.row ?? 0);
  }
  if (key !== undefined) {
    narrowed = narrowed
      .where('key_id', '=', fromKeyId(key) ?? NO_KEY)
      .where(raw<string>`+sessions.api`, '=', api);
  }
  return narrowed;
}

type SessionQuery = ReturnType<typeof selectSessions>;
/** No key has this id. */
const NO_KEY = new Uint8Array();

function selectSessions() {
  return sql
    .selectFrom('sessions')
    .innerJoin('accounts', 'accounts.row', 'sessions.account_row')
    .selectAll('sessions')
    .select('accounts.id as account');
}

/** Which sessions end. */
export type SessionsOf =
  | { readonly row: number }
  | { readonly api: string; readonly key: Uint8Array }
  | { readonly accountRow: number };

/** Of an ended session no digest is kept. */
const END =
  'UPDATE sessions SET ended_ms = ?, ended_why = ?, digest = NULL, pepper_id = NULL WHERE ended_ms IS NULL AND';

export interface Ending {
  readonly why: SessionEnd;
  readonly atMs: number;
}

/** Inside a transaction. How many were live; the bounds on sessions of a key and an account are the bounds on the rows it writes. */
export function endSessionRows(connection: SqliteConnection, of: SessionsOf, { why, atMs }: Ending): number {
  const { condition, values } = toCondition(of);
  return Number(connection.statement(`${END} ${condition}`).run(atMs, why, ...values).changes);
}

interface Condition {
  readonly condition: string;
  readonly values: readonly (number | string | Uint8Array)[];
}

function toCondition(of: SessionsOf): Condition {
  if ('row' in of) return { condition: 'row = ?', values: [of.row] };
  if ('key' in of) return { condition: 'key_id = ? AND api = ?', values: [of.key, of.api] };
  return { condition: 'account_row = ?', values: [of.accountRow] };
}

/** Inside a transaction: ends the rows that a query of one column finds. */
export function endFoundRows(
  connection: SqliteConnection,
  {
    query,
    values,
    ...ending
  }: Ending & { readonly query: string; readonly values: readonly (number | Uint8Array)[] },
): void {
  connection.statement(`${END} row IN (${query})`).run(ending.atMs, ending.why, ...values);
}
