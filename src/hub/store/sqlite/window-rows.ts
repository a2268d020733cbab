import { ENTRY_NUMBERS, WINDOW_BATCH_MAX } from '../../../domain/window-batch.ts';
import type { CounterClock, WindowRecord } from '../../../domain/window-batch.ts';
import type { LimitScope, Subject } from '../../../domain/limit.ts';
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
const PAGE = `
SELECT row, subject, scope, window_ms AS windowMs, entries FROM windows WHERE row > ? ORDER BY row LIMIT ?`;
/** How far so many rows after ?1 reach. */
const SWEEP = `
SELECT count(*) AS rows, max(row) AS last FROM (SELECT row FROM windows WHERE row > ?1 ORDER BY row LIMIT ?2)`;
const REMOVE = 'DELETE FROM windows WHERE row > ?1 AND row <= ?2 AND ends_ms <= ?3';

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

/** The rows after one of that number, in the order of their numbers, at most `max`. */
export function readRowsAfter(connection: SqliteConnection, row: number, max: number): readonly WindowRow[] {
  const rows = connection.statement(PAGE).all(row, max) as unknown as readonly StoredRow[];
  return rows.map(({ subject, entries, ...others }) => {
    return { ...others, subject: toSubject(subject), entries: numbersFromBytes(entries) };
  });
}

/** Inside a transaction. */
export function setClock(connection: SqliteConnection, { counterMs, wallMs }: CounterClock): void {
  connection.statement(SET_CLOCK).run(counterMs, wallMs);
}

/** The clocks as they were told last; undefined before the first time. */
export function findClock(connection: SqliteConnection): CounterClock | undefined {
  const clock = connection.statement(CLOCK).get() as unknown as CounterClock | undefined;
  return clock === undefined ? undefined : { counterMs: clock.counterMs, wallMs: clock.wallMs };
}

interface StoredRow {
  readonly row: number;
  readonly subject: Uint8Array;
  readonly scope: LimitScope;
  readonly windowMs: number;
  readonly entries: Uint8Array;
}

function toSubject(bytes: Uint8Array): Subject {
  const [word0 = 0, word1 = 0, word2 = 0] = wordsFromBytes(bytes);
  return { word0, word1, word2 };
}
