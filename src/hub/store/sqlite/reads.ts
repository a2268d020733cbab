import type { Declared } from '../declared.ts';
import type { KeyListQuery, KeyPage, StoredKey } from '../keys.ts';
import type { StoreReads } from '../store.ts';
import type { TierInUse } from '../accounts.ts';
import { LIST_PAGE_MAX } from '../keys.ts';
import {
  createDeclaredAccountTest,
  findAccountRow,
  findAccountWithBalance,
  fromAccountRow,
} from './account-rows.ts';
import { listAudit } from './audit-log.ts';
import type { SqliteConnection } from './connection.ts';
import { reportOutage } from './connection.ts';
import { findKeyRow, fromDeclaredKey, fromKeyRow, selectKeys } from './key-rows.ts';
import { findOperatorByDigest, listOperatorRows } from './operator-rows.ts';
import { countPerPepper } from './pepper-count.ts';
import { findSessionRow, fromSessionRow, listSessions } from './session-rows.ts';
import { listSigningKeyRows } from './signing-key-rows.ts';
import { listSealingKeysInUse } from './sealing-use.ts';
import { sql } from './tables.ts';

/** Reads of one connection. Each is one short statement, or two of one moment: nothing holds a snapshot of the database open for long. */
export function createReads(connection: SqliteConnection, declared: Declared): StoreReads {
  const isDeclared = createDeclaredAccountTest(declared);
  const declaredKeys = declared.keys.map(fromDeclaredKey);
  return {
    async findAccount(ref) {
      const row = reportOutage('directory', () =>
        connection.snapshot(() => findAccountWithBalance(connection, ref)),
      );
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
    async sealingKeysInUse() {
      return reportOutage('directory', () => listSealingKeysInUse(connection));
    },
    async tiersInUse() {
      return reportOutage('directory', () => tiersInUse(connection));
    },
    async countPerPepper(after) {
      return reportOutage('directory', () => countPerPepper(connection, after));
    },
    async findOperator(digest) {
      return reportOutage('directory', () => findOperatorByDigest(connection, digest));
    },
    async listOperators() {
      return reportOutage('directory', () => listOperatorRows(connection));
    },
    ...createSessionReads(connection),
    async listAudit(query) {
      return reportOutage('directory', () => listAudit(connection, query));
    },
  };
}

type SessionReads = Pick<StoreReads, 'findSession' | 'listSessions' | 'listSigningKeys'>;

function createSessionReads(connection: SqliteConnection): SessionReads {
  return {
    async findSession(ref) {
      const row = reportOutage('directory', () => findSessionRow(connection, ref));
      return row === undefined ? undefined : fromSessionRow(row);
    },
    async listSessions(query) {
      return reportOutage('directory', () => listSessions(connection, query));
    },
    async listSigningKeys(api) {
      return reportOutage('directory', () => listSigningKeyRows(connection, api));
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
