import { ENTRY_NUMBERS, WINDOW_BATCH_MAX } from '../../../domain/window-batch.ts';
import type { CounterClock, WindowRecord } from '../../../domain/window-batch.ts';
import type { LimitScope, Subject } from '../../../domain/limit.ts';
import { DependencyDown } from '../../../ports.ts';
import type { SqliteConnection } from './connection.ts';
import { bytesFromNumbers, numbersFromBytes } from './numbers.ts';
import { bytesFromWords, wordsFromBytes } from './words.ts';

const WRITE = `
INSERT INTO windows (subject, scope, window_ms, ends_ms, entries) VALUES (?, ?, ?, ?, ?)
ON CONFLICT (subject, scope, window_ms) DO UPDATE SET ends_ms = excluded.ends_ms, entries = excluded.entries`;
const REMOVE_ONE = 'DELETE FROM windows WHERE subject = ? AND scope = ? AND window_ms = ?';
const SET_CLOCK = `
INSERT INTO counter_clock (row, counter_ms, wall_ms) VALUES (1, ?, ?)
ON CONFLICT (row) DO UPDATE SET counter_ms = excluded.counter_ms, wall_ms = excluded.wall_ms`;
const CLOCK = 'SELECT counter_ms AS counterMs, wall_ms AS wallMs FROM counter_clock WHERE row = 1';
/**
 * Numbers as floating ones: a foreign hand may have given some that no other number of JavaScript holds. In a damaged page nothing may stand
 * where bytes were.
 */
const PAGE = `
SELECT CAST(row AS REAL), coalesce(CAST(subject || entries AS BLOB), x''), scope, CAST(window_ms AS REAL)
FROM windows WHERE row > ? ORDER BY row LIMIT ?`;
/** How far so many rows after ?1 reach; as a floating number, as above. */
const SWEEP = `
SELECT count(*) AS rows, CAST(max(row) AS REAL) AS last FROM (SELECT row FROM windows WHERE row > ?1 ORDER BY row LIMIT ?2)`;
const REMOVE = 'DELETE FROM windows WHERE row > ?1 AND row <= ?2 AND ends_ms <= ?3';

/** Three words. */
const SUBJECT_BYTES = 12;
/** Rows that one sweep looks at: more than a fold usually writes, so that ended ones never pile up. */
export const SWEPT_ROWS = 2 * WINDOW_BATCH_MAX;

/** Inside a transaction: what it is by now; nothing of one that has ended. */
export function writeWindow(connection: SqliteConnection, window: WindowRecord, atMs: number): void {
  const { subject, scope, windowMs, entries } = window;
  const bytes = bytesFromWords(Int32Array.of(subject.word0, subject.word1, subject.word2));
  const endsMs = (entries.at(-ENTRY_NUMBERS) ?? Number.NEGATIVE_INFINITY) + windowMs;
  if (endsMs > atMs)
    connection.statement(WRITE).run(bytes, scope, windowMs, endsMs, bytesFromNumbers(entries));
  else connection.statement(REMOVE_ONE).run(bytes, scope, windowMs);
}

/** Inside a transaction: looks at the rows after `swept` for windows that have ended, and answers where the next look begins. */
export function removeEnded(connection: SqliteConnection, swept: number, atMs: number): number {
  const looked = connection.statement(SWEEP).get(swept, SWEPT_ROWS);
  const last = Number(looked?.last ?? swept);
  connection.statement(REMOVE).run(swept, last, atMs);
  return Number(looked?.rows) < SWEPT_ROWS ? 0 : last;
}

export interface WindowRow extends WindowRecord {
  readonly row: number;
}

/** The rows after one of that number, in the order of their numbers, at most `max`. Read as arrays with few members: a million of them take a third of the time so. */
export function readRowsAfter(connection: SqliteConnection, row: number, max: number): readonly WindowRow[] {
  const statement = connection.statement(PAGE);
  statement.setReturnArrays(true);
  return (statement.all(row, max) as unknown as readonly StoredRow[]).map(fromStored);
}

/** Inside a transaction. */
export function setClock(connection: SqliteConnection, { counterMs, wallMs }: CounterClock): void {
  connection.statement(SET_CLOCK).run(counterMs, wallMs);
}

/**
 * The clocks as they were told last; undefined before the first time. Throws `DependencyDown('limits')` where they are damaged: what counts
 * cannot be told from what has ended then.
 */
export function findClock(connection: SqliteConnection): CounterClock | undefined {
  const clock = connection.statement(CLOCK).get() as unknown as CounterClock | undefined;
  if (clock === undefined) return undefined;
  const { counterMs, wallMs } = clock;
  if (isTime(counterMs) && isTime(wallMs)) return { counterMs, wallMs };
  throw new DependencyDown(
    'limits',
    'the row of counter_clock is damaged: DELETE FROM counter_clock makes all limits begin anew',
  );
}

/** Beyond it a millisecond more would be no later, and no window would ever end. */
function isTime(ms: number): boolean {
  return Number.isFinite(ms) && Math.abs(ms) <= Number.MAX_SAFE_INTEGER;
}

type StoredRow = readonly [row: number, subjectAndEntries: Uint8Array, scope: LimitScope, windowMs: number];

function fromStored([row, bytes, scope, windowMs]: StoredRow): WindowRow {
  const subject = toSubject(bytes.subarray(0, SUBJECT_BYTES));
  return { row, subject, scope, windowMs, entries: numbersFromBytes(bytes.subarray(SUBJECT_BYTES)) };
}

function toSubject(bytes: Uint8Array): Subject {
  const words = wordsFromBytes(bytes);
  return { word0: words[0] ?? 0, word1: words[1] ?? 0, word2: words[2] ?? 0 };
}
