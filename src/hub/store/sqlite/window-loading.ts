import { ENTRY_NUMBERS, WINDOW_BATCH_MAX, WindowWriter } from '../../../domain/window-batch.ts';
import type { CounterClock, WindowRecord } from '../../../domain/window-batch.ts';
import type { Note } from '../../../domain/report.ts';
import type { KeptPage } from '../../../ports.ts';
import type { SqliteConnection } from './connection.ts';
import { DamagedWindows } from './damaged-windows.ts';
import { readSoundWindows, toSoundWindow } from './sound-windows.ts';
import { ToldWindows } from './told-windows.ts';
import { findBefore } from './window-log.ts';
import { findClock, readRowsAfter } from './window-rows.ts';

/**
 * Page after page: the log, its youngest row first, then the rows of their own; each window as it was told of first, which is last.
 * `onNote` is told after the last page which rows are damaged. Throws `DependencyDown('limits')` where the clock is.
 */
export function createWindowLoading(
  connection: SqliteConnection,
  onNote: (note: Note) => void,
): (from: number) => KeptPage | undefined {
  let load = new Load(connection, onNote);
  return (from) => {
    const clock = findClock(connection);
    if (clock === undefined) return undefined;
    if (from === 0) load = new Load(connection, onNote);
    const page = load.page(from, clock);
    if (page.next !== undefined) return page;
    load.tellDamage();
    // What it remembers is as much as the log holds.
    load = new Load(connection, onNote);
    return page;
  };
}

/** One reader's way through all pages. */
class Load {
  private readonly connection: SqliteConnection;
  private readonly damagedLog: DamagedWindows;
  private readonly damagedRows: DamagedWindows;
  private readonly told = new ToldWindows();

  constructor(connection: SqliteConnection, onNote: (note: Note) => void) {
    this.connection = connection;
    this.damagedLog = new DamagedWindows('window_log', onNote);
    this.damagedRows = new DamagedWindows('windows', onNote);
  }

  /** From 0 on: the number of a row of the log is told as a negative one. */
  page(from: number, clock: CounterClock): KeptPage {
    const before = from === 0 ? Number.MAX_SAFE_INTEGER : -from;
    const inLog = from <= 0 ? this.logPage(before, clock) : undefined;
    return inLog ?? this.rowsPage(Math.max(0, from), clock);
  }

  tellDamage(): void {
    for (const damaged of [this.damagedLog, this.damagedRows]) damaged.tell();
  }

  private logPage(before: number, clock: CounterClock): KeptPage | undefined {
    const row = findBefore(this.connection, before);
    if (row === undefined) return undefined;
    const onDamage = (): void => this.damagedLog.add(row.seq);
    const writer = new WindowWriter();
    for (const window of readSoundWindows(row.batch, onDamage)) {
      // Full before its end is only a row that no edge's batch has become.
      if (writer.full) onDamage();
      else if (!this.told.has(window)) copyWindow(window, writer);
      this.told.add(window);
    }
    return { windows: writer.take(clock), next: -row.seq };
  }

  private rowsPage(after: number, clock: CounterClock): KeptPage {
    const rows = readRowsAfter(this.connection, after, WINDOW_BATCH_MAX);
    const writer = new WindowWriter();
    let last = after;
    for (const row of rows) {
      if (writer.full) break;
      const onDamage = (): void => this.damagedRows.add(row.row);
      const window = toSoundWindow(row, onDamage);
      // A window that holds nothing has no row.
      if (row.entries.length === 0) onDamage();
      if (window !== undefined && !this.told.has(window)) copyWindow(window, writer);
      last = row.row;
    }
    const isLast = rows.length < WINDOW_BATCH_MAX && last === (rows.at(-1)?.row ?? after);
    return { windows: writer.take(clock), next: isLast ? undefined : last };
  }
}

/** Nothing of one that holds nothing. */
function copyWindow({ entries, ...name }: WindowRecord, writer: WindowWriter): void {
  if (entries.length === 0) return;
  writer.begin(name);
  for (let at = 0; at < entries.length; at += ENTRY_NUMBERS)
    writer.add(entries[at] ?? 0, entries[at + 1] ?? 0);
}
