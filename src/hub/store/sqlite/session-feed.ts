import type { FeedCursor, FeedWriter } from '../../../domain/feed.ts';
import { FEED_BATCH_MAX } from '../../../domain/feed.ts';
import { stepTo } from './feed-step.ts';
import type { Feed, Step } from './feed-step.ts';
import type { SessionRow, SigningKeyRow } from './tables.ts';
import { wordsFromBytes } from './words.ts';

/** Times as floating numbers: a foreign hand may have given some that no other number of JavaScript holds. */
const SESSION_COLUMNS =
  'row, api, id, key_id, CAST(expires_ms AS REAL) AS expires_ms, CAST(ended_ms AS REAL) AS ended_ms';
const SESSIONS = `SELECT ${SESSION_COLUMNS} FROM sessions WHERE row > ? ORDER BY row LIMIT ?`;
const SESSION = `SELECT ${SESSION_COLUMNS} FROM sessions WHERE row = ?`;
const SIGNING_KEY_COLUMNS = 'row, api, kid, algorithm, jwk, CAST(gone_ms AS REAL) AS gone_ms';
const SIGNING_KEYS = `SELECT ${SIGNING_KEY_COLUMNS} FROM signing_keys WHERE row > ? ORDER BY row LIMIT ?`;
const SIGNING_KEY = `SELECT ${SIGNING_KEY_COLUMNS} FROM signing_keys WHERE row = ?`;

type FedSession = Pick<SessionRow, 'row' | 'api' | 'id' | 'key_id' | 'expires_ms' | 'ended_ms'>;
type FedSigningKey = Pick<SigningKeyRow, 'row' | 'api' | 'kid' | 'algorithm' | 'jwk' | 'gone_ms'>;

/** The live sessions of a snapshot. */
export function readSessions(feed: Feed, cursor: FeedCursor, writer: FeedWriter): Step {
  const room = FEED_BATCH_MAX - writer.size;
  const found = feed.connection.statement(SESSIONS).all(cursor.row, room);
  const rows = found as unknown as readonly FedSession[];
  for (const row of rows) if (row.ended_ms === null) writeSession(feed, row, writer);
  return stepTo(cursor, rows.at(-1)?.row, rows.length < room);
}

export function readSigningKeys(feed: Feed, cursor: FeedCursor, writer: FeedWriter): Step {
  const room = FEED_BATCH_MAX - writer.size;
  const found = feed.connection.statement(SIGNING_KEYS).all(cursor.row, room);
  const rows = found as unknown as readonly FedSigningKey[];
  for (const row of rows) if (row.gone_ms === null) writeSigningKey(feed, row, writer);
  return stepTo(cursor, rows.at(-1)?.row, rows.length < room);
}

/** A session that is deleted was told as ended long before. */
export function writeChangedSession(feed: Feed, row: number, writer: FeedWriter): void {
  const session = feed.connection.statement(SESSION).get(row) as FedSession | undefined;
  if (session !== undefined) writeSession(feed, session, writer);
}

export function writeChangedSigningKey(feed: Feed, row: number, writer: FeedWriter): void {
  const key = feed.connection.statement(SIGNING_KEY).get(row) as FedSigningKey | undefined;
  if (key !== undefined) writeSigningKey(feed, key, writer);
}

function writeSession({ apiIndex }: Feed, session: FedSession, writer: FeedWriter): void {
  const api = apiIndex.get(session.api);
  if (api === undefined) return;
  const id = wordsFromBytes(session.id);
  if (session.ended_ms !== null) return writer.sessionGone(api, id);
  writer.session({ api, id, keyId: wordsFromBytes(session.key_id), expiresAtMs: session.expires_ms });
}

function writeSigningKey({ apiIndex }: Feed, key: FedSigningKey, writer: FeedWriter): void {
  const api = apiIndex.get(key.api);
  if (api === undefined) return;
  const { kid, algorithm, jwk } = key;
  if (key.gone_ms !== null) return writer.signingKeyGone(api, kid);
  writer.signingKey({ api, kid, algorithm, jwk });
}
