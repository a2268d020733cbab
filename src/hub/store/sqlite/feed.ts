import type { StatementSync } from 'node:sqlite';
import type { FeedBatch, FeedCursor } from '../../../domain/feed.ts';
import { FEED_BATCH_MAX, FeedWriter } from '../../../domain/feed.ts';
import { SEALED_KEY_BYTES_MAX, toProfileText } from '../../../domain/feed-records.ts';
import { DIGEST_WORDS } from '../../../lib/key-digest.ts';
import type { FeedSource } from '../../../ports.ts';
import type { DeclaredKey } from '../declared.ts';
import { findAccountRow } from './account-rows.ts';
import type { SqliteConnection } from './connection.ts';
import { reportOutage } from './connection.ts';
import { idOfDeclared, subjectOfAccount } from './key-id.ts';
import { readLatestSeq, stepTo } from './feed-step.ts';
import type { Feed, FeedOptions, Step } from './feed-step.ts';
import { FORMER_DIGESTS_MAX } from './redigest.ts';
import {
  readSessions,
  readSigningKeys,
  writeChangedSession,
  writeChangedSigningKey,
} from './session-feed.ts';
import type { AccountRow, ChangeTable } from './tables.ts';
import { wordsFromBytes } from './words.ts';

/** Times as floating numbers: a foreign hand may have given some that no other number of JavaScript holds, and nobody would hear of any account or key. */
const ACCOUNT_COLUMNS = 'row, api, id, tier, standing, billing, CAST(trial_ends_ms AS REAL) AS trial_ends_ms';
/** Rows are read whether the edge needs them or not: a page over revoked keys alone is as short as any other. */
const ACCOUNTS = `SELECT ${ACCOUNT_COLUMNS} FROM accounts WHERE row > ? ORDER BY row LIMIT ?`;
/** Read as arrays, with id and digest in one piece: a snapshot of a million keys takes half the time so. */
const KEY_COLUMNS =
  'row, api, account_row, profile, CAST(expires_ms AS REAL), CAST(revoked_ms AS REAL), CAST(id || digest AS BLOB) AS identity, former_digests, sealing_key_id, sealed';
const KEYS = `SELECT ${KEY_COLUMNS} FROM keys WHERE row > ? ORDER BY row LIMIT ?`;
const CHANGES = 'SELECT seq, what, row FROM changes WHERE seq > ? ORDER BY seq LIMIT ?';
const ACCOUNT = `SELECT ${ACCOUNT_COLUMNS} FROM accounts WHERE row = ?`;
const KEY = `SELECT ${KEY_COLUMNS} FROM keys WHERE row = ?`;

type FedAccount = Pick<AccountRow, 'row' | 'api' | 'id' | 'tier' | 'standing' | 'billing' | 'trial_ends_ms'>;
type FedKey = readonly [
  row: number,
  api: string,
  accountRow: number,
  profile: string,
  expiresMs: number | null,
  revokedMs: number | null,
  identity: Uint8Array,
  formerDigests: Uint8Array | null,
  sealingKeyId: string | null,
  sealed: Uint8Array | null,
];
/** Words of an id; those of the digest follow them. */
const ID_WORDS = 3;
/** Records of one change: a key, and each digest under which it is known no more. */
const CHANGE_RECORDS_MAX = 1 + FORMER_DIGESTS_MAX;
type FedChange = Pick<ChangeTable, 'what' | 'row'> & { readonly seq: number };

export function createFeed(connection: SqliteConnection, options: FeedOptions): FeedSource {
  const apiIndex = new Map(options.apiNames.map((name, index) => [name, index]));
  const feed: Feed = { ...options, connection, apiIndex };
  return {
    read(after) {
      return reportOutage('directory', () =>
        after.phase === 'changes' ? readChanges(feed, after) : readSnapshot(feed, after),
      );
    },
  };
}

const PHASES = {
  accounts: { read: readAccounts, next: 'keys' },
  keys: { read: readKeys, next: 'declared' },
  declared: { read: readDeclared, next: 'sessions' },
  sessions: { read: readSessions, next: 'signing_keys' },
  signing_keys: { read: readSigningKeys, next: 'changes' },
} as const;

/** The log's position is taken before the first row is read: a change made meanwhile is sent twice rather than never. */
function readSnapshot(feed: Feed, after: FeedCursor): FeedBatch {
  const writer = new FeedWriter();
  let cursor = after.seq < 0 ? { ...after, seq: readLatestSeq(feed.connection) } : after;
  while (cursor.phase !== 'changes') {
    const { read, next } = PHASES[cursor.phase];
    const step: Step = read(feed, cursor, writer);
    if (!step.done) return writer.batch(step.cursor, false);
    cursor = { phase: next, row: 0, seq: cursor.seq };
  }
  return writer.batch(cursor, true);
}

function readAccounts(feed: Feed, cursor: FeedCursor, writer: FeedWriter): Step {
  const room = FEED_BATCH_MAX - writer.size;
  const rows = feed.connection.statement(ACCOUNTS).all(cursor.row, room) as unknown as readonly FedAccount[];
  for (const row of rows) writeAccount(feed, row, writer);
  return stepTo(cursor, rows.at(-1)?.row, rows.length < room);
}

function readKeys(feed: Feed, cursor: FeedCursor, writer: FeedWriter): Step {
  const room = FEED_BATCH_MAX - writer.size;
  const rows = keyStatement(feed, KEYS).all(cursor.row, room) as unknown as readonly FedKey[];
  for (const key of rows) if (!isRevoked(key)) writeKey(feed, key, writer);
  return stepTo(cursor, rows.at(-1)?.[0], rows.length < room);
}

function keyStatement({ connection }: Feed, sql: string): StatementSync {
  const statement = connection.statement(sql);
  statement.setReturnArrays(true);
  return statement;
}

function isRevoked([, , , , , revokedMs]: FedKey): boolean {
  return revokedMs !== null;
}

function readDeclared(feed: Feed, cursor: FeedCursor, writer: FeedWriter): Step {
  const room = FEED_BATCH_MAX - writer.size;
  const keys = feed.declaredKeys.slice(cursor.row, cursor.row + room);
  for (const key of keys) writeDeclared(feed, key, writer);
  const sent = cursor.row + keys.length;
  return stepTo(cursor, sent, sent === feed.declaredKeys.length);
}

/** Every row that changed, as it stands now; a change made since comes again under its own number. */
function readChanges(feed: Feed, after: FeedCursor): FeedBatch | undefined {
  const { connection } = feed;
  const changes = connection
    .statement(CHANGES)
    .all(after.seq, FEED_BATCH_MAX) as unknown as readonly FedChange[];
  if (changes.length === 0) return undefined;
  const writer = new FeedWriter();
  let { seq } = after;
  for (const change of changes) {
    if (writer.size + CHANGE_RECORDS_MAX > FEED_BATCH_MAX) break;
    WRITE_CHANGED[change.what](feed, change.row, writer);
    seq = change.seq;
  }
  return writer.batch({ ...after, seq }, true);
}

const WRITE_CHANGED: Readonly<
  Record<FedChange['what'], (feed: Feed, row: number, writer: FeedWriter) => void>
> = {
  account: writeChangedAccount,
  key: writeChangedKey,
  session: writeChangedSession,
  signing_key: writeChangedSigningKey,
};

function writeChangedAccount(feed: Feed, row: number, writer: FeedWriter): void {
  const account = feed.connection.statement(ACCOUNT).get(row) as unknown as FedAccount | undefined;
  if (account !== undefined) writeAccount(feed, account, writer);
}

function writeChangedKey(feed: Feed, row: number, writer: FeedWriter): void {
  const key = keyStatement(feed, KEY).get(row) as unknown as FedKey | undefined;
  if (key === undefined) return;
  writeFormerGone(feed, key, writer);
  if (isRevoked(key)) writeKeyGone(feed, key, writer);
  else writeKey(feed, key, writer);
}

function writeAccount({ apiIndex }: Feed, account: FedAccount, writer: FeedWriter): void {
  const api = apiIndex.get(account.api);
  if (api === undefined) return;
  const { row, id, tier, standing, billing, trial_ends_ms } = account;
  const trialEndsMs = trial_ends_ms ?? Number.POSITIVE_INFINITY;
  const subject = wordsFromBytes(subjectOfAccount(account.api, id));
  writer.account({ api, row, id, tier, standing, billing, trialEndsMs, subject });
}

function writeKey({ apiIndex }: Feed, key: FedKey, writer: FeedWriter): void {
  const [row, apiName, accountRow, profile, expiresMs, , identity, , sealingKeyId, bytes] = key;
  const api = apiIndex.get(apiName);
  if (api === undefined) return;
  const words = wordsFromBytes(identity);
  const expiresAtMs = expiresMs ?? Number.POSITIVE_INFINITY;
  const id = words.subarray(0, ID_WORDS);
  // One that is longer is none of ours, and too long to be sent: then nobody signs with the key.
  const isSealed = sealingKeyId !== null && bytes !== null && bytes.length <= SEALED_KEY_BYTES_MAX;
  const sealed = isSealed ? { sealed: { sealingKeyId, bytes } } : {};
  writer.key({ api, row, accountRow, profile, expiresAtMs, id, digest: words.subarray(ID_WORDS), ...sealed });
}

function writeKeyGone({ apiIndex }: Feed, key: FedKey, writer: FeedWriter): void {
  const [, apiName, , , , , identity] = key;
  const api = apiIndex.get(apiName);
  if (api !== undefined) writer.keyGone(api, wordsFromBytes(identity).subarray(ID_WORDS));
}

/** Whoever follows may still know the key by what it was digested to before. */
function writeFormerGone({ apiIndex }: Feed, key: FedKey, writer: FeedWriter): void {
  const [, apiName, , , , , , former] = key;
  const api = apiIndex.get(apiName);
  if (api === undefined || former === null) return;
  const words = wordsFromBytes(former);
  for (let at = 0; at < words.length; at += DIGEST_WORDS)
    writer.keyGone(api, words.subarray(at, at + DIGEST_WORDS));
}

function writeDeclared(feed: Feed, key: DeclaredKey, writer: FeedWriter): void {
  const api = feed.apiIndex.get(key.api);
  const account = findAccountRow(feed.connection, { api: key.api, id: key.account });
  if (api === undefined || account === undefined) return;
  writer.key({
    api,
    row: 0,
    accountRow: account.row,
    profile: toProfileText(key.profile),
    expiresAtMs: key.expiresMs ?? Number.POSITIVE_INFINITY,
    id: wordsFromBytes(idOfDeclared(key)),
    digest: key.digest,
    ...(key.sealed === null ? {} : { sealed: key.sealed }),
  });
}
