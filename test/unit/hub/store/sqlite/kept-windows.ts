import { DatabaseSync } from 'node:sqlite';
import { onTestFinished } from 'vitest';
import type { Note } from '../../../../../src/domain/report.ts';
import { WINDOW_BATCH_MAX, WindowWriter, readWindows } from '../../../../../src/domain/window-batch.ts';
import type { WindowRecord } from '../../../../../src/domain/window-batch.ts';
import { openSqliteStore } from '../../../../../src/hub/store/sqlite/open.ts';
import type { Keeper, KeptPage } from '../../../../../src/ports.ts';
import { temporaryFile } from './folder.ts';

export const HOUR_MS = 3_600_000;
export const START_MS = 1_000_000;

/** A window of the key of that number: its uses, the latest of them at `lastMs`; none: nothing counts any more. */
export interface Told {
  readonly number: number;
  readonly lastMs: number;
  readonly uses: number;
}

export function nameOf(number: number): Omit<WindowRecord, 'entries'> {
  const scope = number % 2 === 0 ? 'key' : 'session';
  return {
    subject: { word0: number, word1: ~number, word2: -7 },
    scope,
    windowMs: HOUR_MS * (1 + (number % 3)),
  };
}

export function keep(keeper: Pick<Keeper, 'keepWindows'>, told: readonly Told[], counterMs: number): void {
  const writer = new WindowWriter();
  for (const { number, lastMs, uses } of told) {
    writer.begin(nameOf(number));
    if (uses > 0) writer.add(lastMs, uses);
  }
  keeper.keepWindows(writer.take({ counterMs, wallMs: counterMs }));
}

/** Everything that would be restored, page by page. */
export function readRecords(keeper: Pick<Keeper, 'loadWindows'>): readonly WindowRecord[] {
  const records: WindowRecord[] = [];
  let from: number | undefined = 0;
  while (from !== undefined) {
    const page: KeptPage | undefined = keeper.loadWindows(from);
    if (page !== undefined) records.push(...readWindows(page.windows));
    from = page?.next;
  }
  return records;
}

/** The same by number; each window comes once. */
export function readKept(keeper: Pick<Keeper, 'loadWindows'>): ReadonlyMap<number, Told> {
  const kept = new Map<number, Told>();
  for (const { entries, ...name } of readRecords(keeper)) {
    const number = name.subject.word0;
    if (kept.has(number)) throw new Error(`window ${number} was read twice`);
    if (JSON.stringify(name) !== JSON.stringify(nameOf(number))) throw new Error('another name was read');
    kept.set(number, { number, lastMs: entries[0] ?? 0, uses: entries[1] ?? 0 });
  }
  return kept;
}

/** So many windows from a number on, used once each, in batches as an edge sends them. */
export function* batchesOf(from: number, count: number, lastMs: number): Generator<readonly Told[]> {
  for (let at = 0; at < count; at += WINDOW_BATCH_MAX) {
    const length = Math.min(WINDOW_BATCH_MAX, count - at);
    yield Array.from({ length }, (_, index) => ({ number: from + at + index, lastMs, uses: 1 }));
  }
}

/** A store, what it noted, and a foreign hand on its file that no check of a column holds back. */
export function openWithHand() {
  const path = temporaryFile('t.db');
  const notes: Note[] = [];
  const store = openSqliteStore({ path, apiNames: ['alpha'], onNote: (note) => notes.push(note) });
  const hand = new DatabaseSync(path);
  hand.exec('PRAGMA ignore_check_constraints = ON');
  onTestFinished(() => {
    hand.close();
    store.close();
  });
  return { store, notes, hand };
}
