import type { DatabaseSync } from 'node:sqlite';
import { beforeEach, expect, it } from 'vitest';
import type { Note } from '../../../../../src/domain/report.ts';
import {
  WINDOW_BATCH_ENTRIES_MAX,
  WINDOW_BATCH_MAX,
  WINDOW_ENTRIES_MAX,
} from '../../../../../src/domain/window-batch.ts';
import type { SqliteStore } from '../../../../../src/hub/store/sqlite/open.ts';
import { HOUR_MS, START_MS, batchesOf, keep, openWithHand, readKept, readRecords } from './kept-windows.ts';

let store: SqliteStore;
let notes: Note[];
let hand: DatabaseSync;

beforeEach(() => {
  ({ store, notes, hand } = openWithHand());
});

/** So many entries, one use each, a millisecond after the other. */
function entriesOf(count: number): Uint8Array {
  const numbers = Array.from({ length: count }, (_, at) => [START_MS + at, 1]).flat();
  return new Uint8Array(Float64Array.from(numbers).buffer);
}

/** Windows with rows of their own, and a clock. */
function writeRows(count: number, entries: Uint8Array): void {
  keep(store.keeper, [], START_MS);
  const insert = hand.prepare(`INSERT INTO windows (subject, scope, window_ms, ends_ms, entries)
    VALUES (?, 'key', ${HOUR_MS}, ${START_MS + HOUR_MS}, ?)`);
  for (let number = 1; number <= count; number += 1)
    insert.run(new Uint8Array(Int32Array.of(number, 0, 0).buffer), entries);
}

/** A row of the log whose windows have so many entries each. */
function writeLogged(lengths: readonly number[], entries: Uint8Array): void {
  const words = lengths.flatMap((length, at) => [at + 1, 0, 0, 0, length]);
  const windowMs = Float64Array.from(lengths, () => HOUR_MS);
  hand
    .prepare('INSERT INTO window_log (words, window_ms, entries) VALUES (?, ?, ?)')
    .run(new Uint8Array(Int32Array.from(words).buffer), new Uint8Array(windowMs.buffer), entries);
}

it('begins anew for who asks from the beginning, whatever was read before and not to its end', () => {
  const windows = 3 * WINDOW_BATCH_MAX;
  for (const batch of batchesOf(1, windows, START_MS)) keep(store.keeper, batch, START_MS);
  const first = store.keeper.loadWindows(0);
  store.keeper.loadWindows(first?.next ?? expect.fail());
  for (const _time of [1, 2]) expect(readKept(store.keeper).size).toBe(windows);
});

it('ends a page where the next window might not fit into it, and loses none', () => {
  const rows = Math.ceil((1.5 * WINDOW_BATCH_ENTRIES_MAX) / WINDOW_ENTRIES_MAX);
  writeRows(rows, entriesOf(WINDOW_ENTRIES_MAX));
  const lengths = readRecords(store.keeper).map(({ entries }) => entries.length / 2);
  expect(lengths).toEqual(Array(rows).fill(WINDOW_ENTRIES_MAX));
  expect(notes).toEqual([]);
});

it('takes the youngest entries of a window that has more than one can have, and names its row', () => {
  writeRows(1, entriesOf(WINDOW_ENTRIES_MAX + 2));
  const [window] = readRecords(store.keeper);
  expect(window?.entries[0]).toBe(START_MS + 2);
  expect(window?.entries).toHaveLength(2 * WINDOW_ENTRIES_MAX);
  expect(notes).toMatchObject([{ fields: { table: 'windows', rows: '1', count: 1 } }]);
});

it.each([
  { damage: 'a length below nothing', lengths: [-1, 3] },
  { damage: 'a length above what a window can have', lengths: [WINDOW_ENTRIES_MAX + 1, 1] },
])('knows of no window whose the entries are where a logged batch tells of $damage', ({ lengths }) => {
  keep(store.keeper, [], START_MS);
  writeLogged(lengths, entriesOf(lengths.reduce((sum, length) => sum + length, 0)));
  expect(readRecords(store.keeper)).toEqual([]);
  expect(notes).toMatchObject([{ fields: { table: 'window_log', rows: '1', count: 1 } }]);
});

it('takes of a logged batch what fits into a page, and names its row where that is not all', () => {
  keep(store.keeper, [], START_MS);
  writeLogged(Array<number>(WINDOW_BATCH_MAX + 3).fill(1), entriesOf(WINDOW_BATCH_MAX + 3));
  expect(readRecords(store.keeper)).toHaveLength(WINDOW_BATCH_MAX);
  expect(notes).toMatchObject([{ fields: { table: 'window_log', rows: '1', count: 1 } }]);
});

it('reads a row of whatever number once, and all others', () => {
  writeRows(WINDOW_BATCH_MAX + 2, entriesOf(1));
  hand.exec('UPDATE windows SET row = 9223372036854775807 WHERE row = 2');
  expect(readRecords(store.keeper)).toHaveLength(WINDOW_BATCH_MAX + 2);
  expect(notes).toEqual([]);
});
