import { ENTRY_NUMBERS, WINDOW_BATCH_MAX, WindowWriter, readWindows } from '../../../domain/window-batch.ts';
import type { CounterClock, WindowRecord } from '../../../domain/window-batch.ts';
import type { LimitScope, Subject } from '../../../domain/limit.ts';
import type { Keeper, KeptPage } from '../../../ports.ts';
import type { SqliteConnection } from './connection.ts';
import { reportOutage } from './connection.ts';
import { bytesFromWords, wordsFromBytes } from './words.ts';

const KEEP = `
INSERT INTO windows (subject, scope, window_ms, ends_ms, entries) VALUES (?, ?, ?, ?, ?)
ON CONFLICT (subject, scope, window_ms) DO UPDATE SET ends_ms = excluded.ends_ms, entries = excluded.entries`;
const FORGET = 'DELETE FROM windows WHERE subject = ? AND scope = ? AND window_ms = ?';
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

/** Rows that one transaction looks at for windows that have ended: more than it can add, so that those never pile up. */
const SWEPT_ROWS = 2 * WINDOW_BATCH_MAX;
const NUMBER_BYTES = 8;

export type WindowRows = Pick<Keeper, 'keepWindows' | 'readWindows'>;

/** The windows that edges have kept. A power cut may forget the latest seconds, as it may of credits; the death of the process nothing. */
export function createWindowRows(connection: SqliteConnection): WindowRows {
  let swept = 0;
  return {
    keepWindows(windows) {
      reportOutage('limits', () =>
        connection.transaction('process', () => {
          for (const window of readWindows(windows)) keepWindow(connection, window);
          setClock(connection, windows.clock);
          swept = removeEnded(connection, swept, windows.clock);
        }),
      );
    },
    readWindows: (from) => reportOutage('limits', () => readPage(connection, from)),
  };
}

function keepWindow(connection: SqliteConnection, { subject, scope, windowMs, entries }: WindowRecord): void {
  const bytes = bytesFromWords(Int32Array.of(subject.word0, subject.word1, subject.word2));
  const lastMs = entries.at(-ENTRY_NUMBERS);
  if (lastMs === undefined) connection.statement(FORGET).run(bytes, scope, windowMs);
  else connection.statement(KEEP).run(bytes, scope, windowMs, lastMs + windowMs, toBytes(entries));
}

function setClock(connection: SqliteConnection, { counterMs, wallMs }: CounterClock): void {
  connection.statement(SET_CLOCK).run(counterMs, wallMs);
}

/** Looks at the rows after `swept`, and answers where the next look begins. */
function removeEnded(connection: SqliteConnection, swept: number, { counterMs }: CounterClock): number {
  const looked = connection.statement(SWEEP).get(swept, SWEPT_ROWS);
  const last = Number(looked?.last ?? swept);
  connection.statement(REMOVE).run(swept, last, counterMs);
  return Number(looked?.rows) < SWEPT_ROWS ? 0 : last;
}

interface KeptRow {
  readonly row: number;
  readonly subject: Uint8Array;
  readonly scope: LimitScope;
  readonly windowMs: number;
  readonly entries: Uint8Array;
}

function readPage(connection: SqliteConnection, from: number): KeptPage | undefined {
  const clock = connection.statement(CLOCK).get() as unknown as CounterClock | undefined;
  if (clock === undefined) return undefined;
  const rows = connection.statement(PAGE).all(from, WINDOW_BATCH_MAX) as unknown as readonly KeptRow[];
  const writer = new WindowWriter();
  for (const row of rows) writeRow(row, writer);
  const { counterMs, wallMs } = clock;
  return {
    windows: writer.take({ counterMs, wallMs }),
    next: rows.length < WINDOW_BATCH_MAX ? undefined : rows.at(-1)?.row,
  };
}

function writeRow({ subject, scope, windowMs, entries }: KeptRow, writer: WindowWriter): void {
  writer.begin({ subject: toSubject(subject), scope, windowMs });
  const numbers = fromBytes(entries);
  for (let at = 0; at < numbers.length; at += ENTRY_NUMBERS)
    writer.add(numbers[at] ?? 0, numbers[at + 1] ?? 0);
}

function toSubject(bytes: Uint8Array): Subject {
  const [word0 = 0, word1 = 0, word2 = 0] = wordsFromBytes(bytes);
  return { word0, word1, word2 };
}

/** Least significant byte first, on every machine. */
function toBytes(numbers: Float64Array): Uint8Array {
  const bytes = new Uint8Array(numbers.length * NUMBER_BYTES);
  const view = new DataView(bytes.buffer);
  for (let index = 0; index < numbers.length; index += 1)
    view.setFloat64(index * NUMBER_BYTES, numbers[index] ?? 0, true);
  return bytes;
}

function fromBytes(bytes: Uint8Array): Float64Array {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return Float64Array.from({ length: bytes.length / NUMBER_BYTES }, (_, index) =>
    view.getFloat64(index * NUMBER_BYTES, true),
  );
}
