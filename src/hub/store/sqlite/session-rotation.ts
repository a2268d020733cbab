import { timingSafeEqual } from 'node:crypto';
import { createAddressSet, parseCidr } from '../../../lib/cidr.ts';
import type { Authorship } from '../audit.ts';
import { REPEAT_MS } from '../sessions.ts';
import type { SessionRotated, SessionRotation, TokenDigest } from '../sessions.ts';
import { insertAudit, toAuditTime, toCreation } from './audit-log.ts';
import type { SqliteConnection } from './connection.ts';
import { fromKeyId, toKeyId } from './key-id.ts';
import type { FindHolder, SessionHolder } from './session-holder.ts';
import {
  endSessionRows,
  findSessionRow,
  fromSessionRow,
  toDigestColumns,
  toGranted,
} from './session-rows.ts';
import type { SessionWithAccount } from './session-rows.ts';
import { sweepSessions } from './session-sweep.ts';
import { bytesFromWords } from './words.ts';
import type { Writer } from './writer.ts';

export interface RotationDeps {
  readonly writer: Writer;
  readonly findHolder: FindHolder;
}

/** Takes a refresh token for the next, or ends its session. */
export async function rotateSession(
  deps: RotationDeps,
  rotation: SessionRotation,
  by: Authorship,
): Promise<SessionRotated> {
  const { connection, write, writeLightly } = deps.writer;
  const judged = await writeLightly(() => judge(deps, rotation));
  if (!('end' in judged)) return judged;
  // By a transaction of its own, which a power cut cannot take back: most refreshes need not wait for the disk.
  return write(() => endJudged(connection, judged, by));
}

const TAKE = `
UPDATE sessions SET generation = generation + 1, digest = ?, pepper_id = ?, repeated = 0, refreshed_ms = ?, dies_ms = ?
WHERE row = ?`;
const REPEAT = 'UPDATE sessions SET repeated = 1 WHERE row = ?';

/** A session that must end, and why. */
interface Judged {
  readonly end: 'reused' | 'expired' | 'key' | 'account';
  readonly row: SessionWithAccount;
}

/** Judged and written in one transaction, so that of any number who show one token at once exactly one takes it. */
function judge(deps: RotationDeps, rotation: SessionRotation): SessionRotated | Judged {
  const { connection } = deps.writer;
  const row = findSessionRow(connection, rotation);
  if (row === undefined || !isOf(row, rotation)) return { result: 'unknown' };
  if (row.ended_ms !== null) return { result: 'ended' };
  const holder = findLiveHolder(deps, row, rotation.atMs);
  if (typeof holder === 'string') return { end: holder, row };
  // Before a token is taken or known for a stolen one: from elsewhere a thief ends nobody's session.
  if (!isAllowed(holder, rotation)) return { result: 'elsewhere' };
  if (rotation.generation === row.generation) return takeNext(connection, { row, rotation, holder });
  const successor = findRepeated(row, rotation);
  if (successor < 0) return { end: 'reused', row };
  connection.statement(REPEAT).run(row.row);
  return { result: 'repeated', successor, ...toGranted(row, holder) };
}

/** Whether the token can be one of this session's, and of the key that shows it. */
function isOf(row: SessionWithAccount, { generation, presented, key }: SessionRotation): boolean {
  if (key !== undefined && !Buffer.from(fromKeyId(key) ?? []).equals(row.key_id)) return false;
  if (generation < row.generation || row.ended_ms !== null) return true;
  return generation === row.generation && indexOfDigest(presented, row) >= 0;
}

/** Whose session it is; or why it is none any more: it has run out, or its key or account does not stand. */
function findLiveHolder(
  { writer: { connection }, findHolder }: RotationDeps,
  row: SessionWithAccount,
  atMs: number,
): SessionHolder | Judged['end'] {
  if (row.dies_ms <= atMs) return 'expired';
  const holder = findHolder(connection, { api: row.api, key: toKeyId(row.key_id), atMs });
  if (holder === 'account_gone') return 'account';
  return holder === 'key_gone' || holder.accountRow !== row.account_row ? 'key' : holder;
}

/** An address that cannot be read is in no list. */
function isAllowed({ allowlist }: SessionHolder, { clientAddress = '' }: SessionRotation): boolean {
  if (allowlist === undefined) return true;
  const blocks = allowlist.map(parseCidr).filter((block) => block !== undefined);
  return createAddressSet(blocks).contains(clientAddress);
}

interface AllowedRotation {
  readonly row: SessionWithAccount;
  readonly rotation: SessionRotation;
  readonly holder: SessionHolder;
}

function takeNext(connection: SqliteConnection, { row, rotation, holder }: AllowedRotation): SessionRotated {
  const [next] = rotation.successors;
  if (next === undefined) throw new RangeError('a rotation without a successor');
  const { digest, pepper_id } = toDigestColumns(next);
  const dies_ms = Math.min(row.expires_ms, rotation.atMs + rotation.idleMs);
  connection.statement(TAKE).run(digest, pepper_id, rotation.atMs, dies_ms, row.row);
  sweepSessions(connection, rotation.atMs);
  const taken = { ...row, generation: row.generation + 1, refreshed_ms: rotation.atMs, dies_ms };
  return { result: 'rotated', successor: 0, ...toGranted(taken, holder) };
}

/**
 * The place among the successors of the latest token, where the token before it is shown within its time for the first time; else -1.
 * What is derived from the shown token is the latest token: that proves that it is the one before. A clock set back opens no longer time.
 */
function findRepeated(row: SessionWithAccount, { generation, successors, atMs }: SessionRotation): number {
  if (generation !== row.generation - 1 || row.repeated !== 0) return -1;
  if (Math.abs(atMs - row.refreshed_ms) > REPEAT_MS) return -1;
  return indexOfDigest(successors, row);
}

function endJudged(connection: SqliteConnection, { end, row }: Judged, by: Authorship): SessionRotated {
  const ended = endSessionRows(connection, { row: row.row }, { why: end, atMs: by.atMs });
  if (end !== 'reused' || ended === 0) return { result: 'ended' };
  const session = fromSessionRow({ ...row, ended_ms: by.atMs, ended_why: end });
  const { key, account } = session;
  insertAudit(connection, by, session, toCreation({ key, account, ended_at: toAuditTime(by.atMs) }));
  return { result: 'reused', session };
}

function indexOfDigest(among: readonly TokenDigest[], { digest }: SessionWithAccount): number {
  if (digest === null) return -1;
  return among.findIndex((each) => timingSafeEqual(bytesFromWords(each.digest), digest));
}
