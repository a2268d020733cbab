import type { Authorship } from '../audit.ts';
import {
  ENDED_SESSIONS_MAX,
  SESSIONS_MAX,
  SESSIONS_PER_ACCOUNT_MAX,
  SESSIONS_PER_KEY_MAX,
} from '../sessions.ts';
import type { SessionInsert, SessionInserted, SessionsEnded, SessionsEnding } from '../sessions.ts';
import type { StoreWrites } from '../store.ts';
import { findAccountRow } from './account-rows.ts';
import { insertAudit, toCreation } from './audit-log.ts';
import type { SqliteConnection } from './connection.ts';
import { readLatestSeq } from './feed-step.ts';
import { fromKeyId } from './key-id.ts';
import {
  endFoundRows,
  endSessionRows,
  findSessionRow,
  fromSessionId,
  toDigestColumns,
  toGranted,
} from './session-rows.ts';
import type { SessionsOf } from './session-rows.ts';
import { rotateSession } from './session-rotation.ts';
import type { RotationDeps } from './session-rotation.ts';
import { forgetEndedBeyond, sweepSessions } from './session-sweep.ts';
import { sql } from './tables.ts';

export type SessionWrites = Pick<StoreWrites, 'insertSession' | 'rotateSession' | 'endSessions'>;

/** How many live sessions there may be. */
export interface SessionBounds {
  readonly perKey: number;
  readonly perAccount: number;
  readonly overall: number;
  /** Ended ones that are remembered. */
  readonly ended: number;
}

export const SESSION_BOUNDS: SessionBounds = {
  perKey: SESSIONS_PER_KEY_MAX,
  perAccount: SESSIONS_PER_ACCOUNT_MAX,
  overall: SESSIONS_MAX,
  ended: ENDED_SESSIONS_MAX,
};

export interface SessionWritesDeps extends RotationDeps {
  readonly bounds: SessionBounds;
}

export function createSessionWrites(deps: SessionWritesDeps): SessionWrites {
  const { connection, write, writeLightly } = deps.writer;
  return {
    insertSession: (session) => writeLightly(() => insertSession(deps, session)),
    rotateSession: (rotation, by) => rotateSession(deps, rotation, by),
    endSessions: (ending, by) => write(() => endSessions(connection, ending, by)),
  };
}

const LIVE = 'SELECT count FROM live_sessions';
const BEYOND = {
  key: 'SELECT row FROM sessions WHERE key_id = ? AND ended_ms IS NULL ORDER BY refreshed_ms DESC, row DESC LIMIT -1 OFFSET ?',
  account:
    'SELECT row FROM sessions WHERE account_row = ? AND ended_ms IS NULL ORDER BY refreshed_ms DESC, row DESC LIMIT -1 OFFSET ?',
} as const;

function insertSession(deps: SessionWritesDeps, session: SessionInsert): SessionInserted {
  const { writer, findHolder, bounds } = deps;
  const { connection } = writer;
  const { api, key, atMs } = session;
  const [id, keyId] = [fromSessionId(session.id), fromKeyId(key)];
  if (id === undefined || keyId === undefined) return { result: 'key_gone' };
  const holder = findHolder(connection, { api, key, atMs });
  if (typeof holder === 'string') return { result: holder };
  sweepSessions(connection, atMs);
  forgetEndedBeyond(connection, atMs, bounds.ended);
  if (Number(connection.statement(LIVE).get()?.count) >= bounds.overall) return { result: 'sessions_full' };
  makeRoom(connection, { keyId, accountRow: holder.accountRow, atMs }, bounds);
  const row = connection.first(
    sql
      .insertInto('sessions')
      .values({
        id,
        api,
        key_id: keyId,
        account_row: holder.accountRow,
        created_ms: atMs,
        refreshed_ms: atMs,
        expires_ms: session.expiresMs,
        dies_ms: session.diesMs,
        generation: 0,
        ...toDigestColumns(session.refresh),
        repeated: 0,
      })
      .returningAll(),
  );
  if (row === undefined) throw new Error('a session was not inserted');
  return { result: 'inserted', ...toGranted({ ...row, account: holder.account }, holder) };
}

interface Newcomer {
  readonly keyId: Uint8Array;
  readonly accountRow: number;
  readonly atMs: number;
}

/** Ends what leaves no room for one more, refreshed longest ago first: no bound locks a valid key out. */
function makeRoom(
  connection: SqliteConnection,
  { keyId, accountRow, atMs }: Newcomer,
  { perKey, perAccount }: SessionBounds,
): void {
  const ending = { why: 'replaced', atMs } as const;
  endFoundRows(connection, { query: BEYOND.key, values: [keyId, perKey - 1], ...ending });
  endFoundRows(connection, { query: BEYOND.account, values: [accountRow, perAccount - 1], ...ending });
}

function endSessions(connection: SqliteConnection, ending: SessionsEnding, by?: Authorship): SessionsEnded {
  const of = findChosen(connection, ending);
  const ended = of === undefined ? 0 : endSessionRows(connection, of, ending);
  if (ended > 0 && by !== undefined) {
    const [id = ''] = Object.values(ending.of);
    insertAudit(connection, by, { api: ending.api, id }, toCreation({ sessions_ended: ended }));
  }
  return { ended, seq: readLatestSeq(connection) };
}

function findChosen(connection: SqliteConnection, { api, of }: SessionsEnding): SessionsOf | undefined {
  if ('session' in of) return findSessionRow(connection, { api, id: of.session });
  if ('account' in of) {
    const account = findAccountRow(connection, { api, id: of.account });
    return account === undefined ? undefined : { accountRow: account.row };
  }
  const key = fromKeyId(of.key);
  return key === undefined ? undefined : { api, key };
}
