import { WINDOW_BATCH_MAX } from '../../../domain/window-batch.ts';
import type { WindowRecord } from '../../../domain/window-batch.ts';
import type { Note } from '../../../domain/report.ts';
import type { Keeper } from '../../../ports.ts';
import type { SqliteConnection } from './connection.ts';
import { reportOutage } from './connection.ts';
import { DamagedWindows } from './damaged-windows.ts';
import { LatestRows } from './latest-rows.ts';
import { readSoundWindows } from './sound-windows.ts';
import { createWindowLoading } from './window-loading.ts';
import { appendToLog, isLogFull, readOldest, removeStrays, removeUpTo } from './window-log.ts';
import { removeEnded, setClock, writeWindow } from './window-rows.ts';

export type WindowKeeping = Pick<Keeper, 'keepWindows' | 'loadWindows'>;

/**
 * The windows that edges have kept. A batch becomes a row of a log. When the log is full, what left it without a younger row telling of
 * it becomes a row of its own: a busy window, of which each second tells, never does. A power cut may forget the latest seconds, as it
 * may of credits; the death of the process nothing. `onNote` is told of rows that are damaged.
 */
export function createWindowKeeping(
  connection: SqliteConnection,
  onNote: (note: Note) => void,
): WindowKeeping {
  const latest = new LatestRows();
  const loading = createWindowLoading(connection, onNote);
  const folded = new DamagedWindows('window_log', onNote);
  let swept = 0;
  /** The log has room again, or nothing was done: a fold holds the writer for a few milliseconds, and the next batch comes after others' turn. */
  const makeRoom = (atMs: number): number => {
    if (!isLogFull(connection)) return swept;
    for (const window of takeOldest(connection, latest, folded)) writeWindow(connection, window, atMs);
    return removeEnded(connection, swept, atMs);
  };
  return {
    keepWindows(windows) {
      // What was not committed is found again.
      folded.forget();
      reportOutage('limits', () => {
        const done = connection.transaction('process', () => {
          for (const seq of removeStrays(connection)) folded.add(seq);
          const next = makeRoom(windows.clock.counterMs);
          setClock(connection, windows.clock);
          return { swept: next, seq: appendToLog(connection, windows) };
        });
        // Only what was committed is remembered.
        swept = done.swept;
        latest.note(windows, done.seq);
      });
      folded.tell();
    },
    loadWindows: (from) => reportOutage('limits', () => loading(from)),
  };
}

/**
 * Takes the rows that were written first out of the log: as many as tell of WINDOW_BATCH_MAX windows that no younger row tells of, but
 * one at least. Answers those windows.
 */
function takeOldest(
  connection: SqliteConnection,
  latest: LatestRows,
  damaged: DamagedWindows,
): readonly WindowRecord[] {
  const taken: WindowRecord[] = [];
  let last = 0;
  for (const { seq, batch } of readOldest(connection)) {
    const left = readSoundWindows(
      batch,
      () => damaged.add(seq),
      (index) => !latest.isToldAfter(batch, index, seq),
    );
    if (last !== 0 && taken.length + left.length > WINDOW_BATCH_MAX) break;
    taken.push(...left);
    last = seq;
  }
  removeUpTo(connection, last);
  return taken;
}
