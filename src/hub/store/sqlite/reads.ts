import type { Declared } from '../declared.ts';
import type { KeyListQuery, KeyPage, PepperUse, StoreReads, StoredKey, TierInUse } from '../store.ts';
import { LIST_PAGE_MAX } from '../store.ts';
import { createDeclaredAccountTest, findAccountRow, fromAccountRow } from './account-rows.ts';
import { listAudit } from './audit-log.ts';
import type { SqliteConnection } from './connection.ts';
import { reportOutage } from './connection.ts';
import { findKeyRow, fromDeclaredKey, fromKeyRow, selectKeys } from './key-rows.ts';
import { findOperatorByDigest, listOperatorRows } from './operator-rows.ts';
import { sql } from './tables.ts';

/** Reads of one connection. Each is one short statement: nothing holds a snapshot of the database open. */
export function createReads(connection: SqliteConnection, declared: Declared): StoreReads {
  const isDeclared = createDeclaredAccountTest(declared);
  const declaredKeys = declared.keys.map(fromDeclaredKey);
  return {
    async findAccount(ref) {
      const row = reportOutage('directory', () => findAccountRow(connection, ref));
      return row === undefined ? undefined : fromAccountRow(row, isDeclared);
    },
    async findKey(ref) {
      const row = reportOutage('directory', () => findKeyRow(connection, ref));
      if (row !== undefined) return fromKeyRow(row);
      return declaredKeys.find((key) => key.api === ref.api && key.id === ref.id);
    },
    async listKeys(query) {
      return reportOutage('directory', () => listKeys(connection, declaredKeys, query));
    },
    async tiersInUse() {
      return reportOutage('directory', () => tiersInUse(connection));
    },
    async keysPerPepper() {
      return reportOutage('directory', () => keysPerPepper(connection));
    },
    async findOperator(digest) {
      return reportOutage('directory', () => findOperatorByDigest(connection, digest));
    },
    async listOperators() {
      return reportOutage('directory', () => listOperatorRows(connection));
    },
    async listAudit(query) {
      return reportOutage('directory', () => listAudit(connection, query));
    },
  };
}

/** `after` is a key's row, or `d` and the number of declared keys shown. */
const CURSOR = /^(d?)(\d{1,15})$/;

function listKeys(
  connection: SqliteConnection,
  declaredKeys: readonly StoredKey[],
  query: KeyListQuery,
): KeyPage | undefined {
  const [match, phase, digits] = CURSOR.exec(query.after ?? '0') ?? [];
  if (match === undefined) return undefined;
  const after = Number(digits);
  const limit = Math.min(query.limit, LIST_PAGE_MAX);
  const listed = declaredKeys.filter((key) => isAsked(key, query));
  if (phase === 'd') return declaredPage([], listed.slice(after), { after, limit });
  const rows = selectPage(connection, query, { after, limit: limit + 1 });
  const keys = rows.slice(0, limit).map(fromKeyRow);
  if (rows.length > limit) return { keys, next: String(rows[limit - 1]?.row) };
  return declaredPage(keys, listed, { after: 0, limit });
}

interface Span {
  readonly after: number;
  readonly limit: number;
}

function selectPage(connection: SqliteConnection, query: KeyListQuery, { after, limit }: Span) {
  const page = selectKeys().where('keys.row', '>', after).orderBy('keys.row').limit(limit);
  if (query.account === undefined) return connection.all(page.where('keys.api', '=', query.api));
  const account = findAccountRow(connection, { api: query.api, id: query.account });
  // An account belongs to one API. Naming the API as well would let SQLite walk all of its keys instead of the account's.
  return connection.all(page.where('keys.account_row', '=', account?.row ?? 0));
}

/** Fills a page that stored keys have begun with the declared ones that remain. */
function declaredPage(
  begun: readonly StoredKey[],
  remaining: readonly StoredKey[],
  { after, limit }: Span,
): KeyPage {
  const shown = remaining.slice(0, limit - begun.length);
  const next = shown.length < remaining.length ? `d${after + shown.length}` : null;
  return { keys: [...begun, ...shown], next };
}

function isAsked(key: StoredKey, query: KeyListQuery): boolean {
  return key.api === query.api && (query.account === undefined || key.account === query.account);
}

function tiersInUse(connection: SqliteConnection): readonly TierInUse[] {
  const ofAccounts = sql.selectFrom('accounts').select(['api', 'tier']);
  const ofKeys = sql
    .selectFrom('keys')
    .select(['api', 'tier'])
    .where('tier', '<>', '')
    .where('revoked_ms', 'is', null);
  return connection.all(ofAccounts.union(ofKeys));
}

function keysPerPepper(connection: SqliteConnection): readonly PepperUse[] {
  return connection.all(
    sql
      .selectFrom(countPerPepper('keys').unionAll(countPerPepper('operators')).as('counted'))
      .select(['pepperId', (all) => all.fn.sum<number>('keys').as('keys')])
      .groupBy('pepperId'),
  );
}

/** Walks an index alone: tens of milliseconds a million keys. Operators are few. */
function countPerPepper(table: 'keys' | 'operators') {
  return sql
    .selectFrom(table)
    .select(['pepper_id as pepperId', (all) => all.fn.countAll<number>().as('keys')])
    .where('revoked_ms', 'is', null)
    .groupBy('pepper_id');
}
