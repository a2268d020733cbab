import { WINDOW_BATCH_ENTRIES_MAX, WINDOW_BATCH_MAX } from '../../../domain/window-batch.ts';
import type { WindowBatch } from '../../../domain/window-batch.ts';
import type { SqliteConnection } from './connection.ts';
import { bytesFromNumbers, numbersFromBytes } from './numbers.ts';
import { bytesFromWords, wordsFromBytes } from './words.ts';

/** Rows of the log: with fewer, a start would have less to read, but more windows would be written again before they rest. */
export const WINDOW_LOG_ROWS_MAX = 512;
/** What the log holds at most, in bytes: a window's name is five words and a number, an entry two numbers. */
export const WINDOW_LOG_BYTES_MAX =
  WINDOW_LOG_ROWS_MAX * (WINDOW_BATCH_MAX * 28 + WINDOW_BATCH_ENTRIES_MAX * 16);
/** Rows that one fold takes out of the log at most. */
export const FOLDED_ROWS_MAX = 16;

const APPEND = 'INSERT INTO window_log (words, window_ms, entries) VALUES (?, ?, ?)';
/** A damaged page may hold another type, nothing at all among them: then the row is not whole. */
const COLUMNS = `
seq, coalesce(CAST(words AS BLOB), x'') AS words, coalesce(CAST(window_ms AS BLOB), x'') AS windowMs,
coalesce(CAST(entries AS BLOB), x'') AS entries`;
const OLDEST = `SELECT ${COLUMNS} FROM window_log ORDER BY seq LIMIT ?`;
const NEWEST_BEFORE = `SELECT ${COLUMNS} FROM window_log WHERE seq > 0 AND seq < ? ORDER BY seq DESC LIMIT 1`;
/** Numbers that no row was given: behind the greatest, the next row would be given one that no number of JavaScript holds. */
const REMOVE_STRAYS = `
DELETE FROM window_log WHERE seq <= 0 OR seq >= ${Number.MAX_SAFE_INTEGER} RETURNING CAST(seq AS REAL) AS seq`;
const REMOVE = 'DELETE FROM window_log WHERE seq <= ?';
/** Each of both is one look into the tree. */
const ENDS = `
SELECT (SELECT min(seq) FROM window_log) AS oldest, (SELECT max(seq) FROM window_log) AS newest`;

/** One batch as it was kept. */
export interface LoggedBatch {
  /** Of two rows the younger has the greater number, and none is given twice. */
  readonly seq: number;
  readonly batch: Omit<WindowBatch, 'clock'>;
}

/** Inside a transaction. Answers the number of the row; 0 where there is nothing to tell. */
export function appendToLog(connection: SqliteConnection, { words, numbers, entries }: WindowBatch): number {
  if (numbers.length === 0) return 0;
  const row = [bytesFromWords(words), bytesFromNumbers(numbers), bytesFromNumbers(entries)];
  return Number(connection.statement(APPEND).run(...row).lastInsertRowid);
}

/** Inside a transaction: removes what stands under numbers that are none of the log's, and answers them. */
export function removeStrays(connection: SqliteConnection): readonly number[] {
  const rows = connection.statement(REMOVE_STRAYS).all() as unknown as readonly Pick<StoredRow, 'seq'>[];
  return rows.map(({ seq }) => seq);
}

/** Whether the next row needs that some are folded first. */
export function isLogFull(connection: SqliteConnection): boolean {
  const ends = connection.statement(ENDS).get();
  if (ends === undefined || ends.oldest === null) return false;
  return Number(ends.newest) - Number(ends.oldest) + 1 >= WINDOW_LOG_ROWS_MAX;
}

/** The rows that were written first, at most FOLDED_ROWS_MAX of them, each read when it is asked for. */
export function* readOldest(connection: SqliteConnection): Generator<LoggedBatch, void> {
  const rows = connection
    .statement(OLDEST)
    .iterate(FOLDED_ROWS_MAX) as Iterable<unknown> as Iterable<StoredRow>;
  for (const row of rows) yield fromStored(row);
}

/** The youngest row that is older than the one of this number; undefined where there is none. */
export function findBefore(connection: SqliteConnection, seq: number): LoggedBatch | undefined {
  const row = connection.statement(NEWEST_BEFORE).get(seq) as unknown as StoredRow | undefined;
  return row === undefined ? undefined : fromStored(row);
}

/** Inside a transaction. */
export function removeUpTo(connection: SqliteConnection, seq: number): void {
  connection.statement(REMOVE).run(seq);
}

interface StoredRow {
  readonly seq: number;
  readonly words: Uint8Array;
  readonly windowMs: Uint8Array;
  readonly entries: Uint8Array;
}

function fromStored({ seq, words, windowMs, entries }: StoredRow): LoggedBatch {
  const batch = {
    words: wordsFromBytes(words),
    numbers: numbersFromBytes(windowMs),
    entries: numbersFromBytes(entries),
  };
  return { seq, batch };
}
