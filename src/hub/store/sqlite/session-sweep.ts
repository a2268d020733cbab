import { ENDED_KEPT_MIN_MS, ENDED_KEPT_MS } from '../sessions.ts';
import type { SqliteConnection } from './connection.ts';
import { endFoundRows } from './session-rows.ts';
import { removeSpentSigningKeys } from './signing-key-rows.ts';

/** Of each kind, in one exchange or refresh: more than one adds, so that what is over never piles up. */
const SWEPT_MAX = 8;
const RUN_OUT = `SELECT row FROM sessions WHERE ended_ms IS NULL AND dies_ms <= ? ORDER BY dies_ms LIMIT ${SWEPT_MAX}`;
const DELETE_ENDED = `
DELETE FROM sessions WHERE row IN (
  SELECT row FROM sessions WHERE ended_ms IS NOT NULL AND ended_ms <= ? ORDER BY ended_ms LIMIT ?
)`;

/** Inside a transaction: a few sessions that ran out end, a few that ended long ago go, and signing keys without tokens go. */
export function sweepSessions(connection: SqliteConnection, atMs: number): void {
  endFoundRows(connection, { query: RUN_OUT, values: [atMs], why: 'expired', atMs });
  connection.statement(DELETE_ENDED).run(atMs - ENDED_KEPT_MS, SWEPT_MAX);
  removeSpentSigningKeys(connection, atMs);
}

const ENDED = 'SELECT ended FROM live_sessions';

/** Inside a transaction that adds a session: where more have ended than are to be remembered, a few more go than one adds. */
export function forgetEndedBeyond(connection: SqliteConnection, atMs: number, endedMax: number): void {
  const beyond = Number(connection.statement(ENDED).get()?.ended) - endedMax;
  if (beyond <= 0) return;
  connection.statement(DELETE_ENDED).run(atMs - ENDED_KEPT_MIN_MS, Math.min(beyond, SWEPT_MAX));
}
