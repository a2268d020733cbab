import { ENTRY_NUMBERS, WINDOW_BATCH_MAX, WindowWriter } from '../../../domain/window-batch.ts';
import type { CounterClock, WindowRecord } from '../../../domain/window-batch.ts';
import type { Keeper, KeptPage } from '../../../ports.ts';
import type { SqliteConnection } from './connection.ts';
import { reportOutage } from './connection.ts';
import { LatestRows } from './latest-rows.ts';
import { appendToLog, findBefore, isLogFull, readLogged, readOldest, removeUpTo } from './window-log.ts';
import { findClock, readRowsAfter, removeEnded, setClock, writeWindow } from './window-rows.ts';

export type WindowKeeping = Pick<Keeper, 'keepWindows' | 'readWindows'>;

/**
 * The windows that edges have kept. A batch becomes a row of a log. When the log is full, what left it without a younger row telling of
 * it becomes a row of its own: a busy window, of which each second tells, never does. A power cut may forget the latest seconds, as it
 * may of credits; the death of the process nothing.
 */
export function createWindowKeeping(connection: SqliteConnection): WindowKeeping {
  const latest = new LatestRows();
  const reading = createReading(connection);
  let swept = 0;
  /** The log has room again, or nothing was done: a fold holds the writer for a few milliseconds, and the next batch comes after others' turn. */
  const makeRoom = (atMs: number): number => {
    if (!isLogFull(connection)) return swept;
    foldOldest(connection, latest, atMs);
    return removeEnded(connection, swept, atMs);
  };
  return {
    keepWindows(windows) {
      reportOutage('limits', () => {
        const done = connection.transaction('process', () => {
          const next = makeRoom(windows.clock.counterMs);
          setClock(connection, windows.clock);
          return { swept: next, seq: appendToLog(connection, windows) };
        });
        // Only what was committed is remembered.
        swept = done.swept;
        latest.note(windows, done.seq);
      });
    },
    readWindows: (from) => reportOutage('limits', () => reading(from)),
  };
}

/** Takes the rows that were written first out of the log: as many as tell of WINDOW_BATCH_MAX windows that no younger row tells of, but one at least. */
function foldOldest(connection: SqliteConnection, latest: LatestRows, atMs: number): void {
  const planned: WindowRecord[] = [];
  let last = 0;
  for (const row of readOldest(connection)) {
    const left = readLogged(row, (index) => !latest.isToldAfter(row.batch, index, row.seq));
    if (last !== 0 && planned.length + left.length > WINDOW_BATCH_MAX) break;
    planned.push(...left);
    last = row.seq;
  }
  for (const window of planned) writeWindow(connection, window, atMs);
  removeUpTo(connection, last);
}

/** Page after page: the log, its youngest row first, then the rows of their own; each window as it was told of first, which is last. */
function createReading(connection: SqliteConnection): (from: number) => KeptPage | undefined {
  /** At most as many as the log holds, while somebody reads. */
  let seen = new Set<string>();
  const readLogPage = (before: number, clock: CounterClock): KeptPage | undefined => {
    const row = findBefore(connection, before);
    if (row === undefined) return undefined;
    const writer = new WindowWriter();
    for (const window of readLogged(row)) {
      const name = nameOf(window);
      // Full before its end is only a row that no edge's batch has become.
      if (!seen.has(name) && !writer.full) copyWindow(window, writer);
      seen.add(name);
    }
    return { windows: writer.take(clock), next: -row.seq };
  };
  const readRowsPage = (after: number, clock: CounterClock): KeptPage => {
    const rows = readRowsAfter(connection, after, WINDOW_BATCH_MAX);
    const writer = new WindowWriter();
    let last = after;
    for (const window of rows) {
      if (writer.full) break;
      if (!seen.has(nameOf(window))) copyWindow(window, writer);
      last = window.row;
    }
    const isLast = rows.length < WINDOW_BATCH_MAX && last === (rows.at(-1)?.row ?? after);
    if (isLast) seen = new Set();
    return { windows: writer.take(clock), next: isLast ? undefined : last };
  };
  return (from) => {
    const clock = findClock(connection);
    if (clock === undefined) return undefined;
    if (from === 0) seen = new Set();
    const inLog = from <= 0 ? readLogPage(from === 0 ? Number.MAX_SAFE_INTEGER : -from, clock) : undefined;
    return inLog ?? readRowsPage(Math.max(0, from), clock);
  };
}

function nameOf({ subject, scope, windowMs }: WindowRecord): string {
  return `${subject.word0},${subject.word1},${subject.word2},${scope},${windowMs}`;
}

/** Nothing of one that holds nothing. */
function copyWindow({ entries, ...name }: WindowRecord, writer: WindowWriter): void {
  if (entries.length === 0) return;
  writer.begin(name);
  for (let at = 0; at < entries.length; at += ENTRY_NUMBERS)
    writer.add(entries[at] ?? 0, entries[at + 1] ?? 0);
}
