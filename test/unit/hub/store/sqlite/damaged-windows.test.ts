import type { DatabaseSync } from 'node:sqlite';
import { beforeEach, describe, expect, it } from 'vitest';
import type { Note } from '../../../../../src/domain/report.ts';
import type { SqliteStore } from '../../../../../src/hub/store/sqlite/open.ts';
import { WINDOW_LOG_ROWS_MAX } from '../../../../../src/hub/store/sqlite/window-log.ts';
import { HOUR_MS, START_MS, keep, openWithHand, readKept } from './kept-windows.ts';

let store: SqliteStore;
let notes: Note[];
let hand: DatabaseSync;

beforeEach(() => {
  ({ store, notes, hand } = openWithHand());
});

/** In one row of the log. */
function keepTwo(): void {
  keep(
    store.keeper,
    [
      { number: 1, lastMs: START_MS, uses: 5 },
      { number: 2, lastMs: START_MS, uses: 6 },
    ],
    START_MS,
  );
}

/** So many batches that tell of one window alone, by which others leave the log. */
function keepOften(times: number): void {
  for (let time = 0; time < times; time += 1)
    keep(store.keeper, [{ number: 9, lastMs: START_MS, uses: 1 }], START_MS);
}

function numbersKept(): readonly number[] {
  return [...readKept(store.keeper).keys()].toSorted((a, b) => a - b);
}

/** Overwrites the bytes of a column from a place on. */
function overwrite(column: string, at: number, hex: string): void {
  const hexDigits = `substr(hex(${column}), 1, ${2 * at}) || '${hex}' || substr(hex(${column}), ${2 * at + hex.length + 1})`;
  hand.exec(`UPDATE window_log SET ${column} = unhex(${hexDigits})`);
}

const NAN = '000000000000F87F';
const MINUS_ONE = '000000000000F0BF';

describe('a row of the log of windows', () => {
  it.each([
    { damage: 'one length is none', column: 'window_ms', at: 0, hex: NAN, left: [2] },
    { damage: 'one scope is none', column: 'words', at: 12, hex: '7F000000', left: [2] },
    { damage: 'one time is none', column: 'entries', at: 0, hex: NAN, left: [2] },
    { damage: 'one count of uses is none', column: 'entries', at: 24, hex: MINUS_ONE, left: [1] },
    { damage: 'nobody knows whose the entries are', column: 'words', at: 16, hex: '02000000', left: [] },
  ])('is named where $damage, and what is sound of it counts', ({ column, at, hex, left }) => {
    keepTwo();
    overwrite(column, at, hex);
    expect(numbersKept()).toEqual(left);
    expect(notes).toMatchObject([{ level: 'warn', fields: { table: 'window_log', rows: '1', count: 1 } }]);
    expect(numbersKept()).toEqual(left);
    expect(notes).toHaveLength(2);
  });

  it.each([`words = zeroblob(39)`, `window_ms = zeroblob(3)`, `entries = zeroblob(31)`])(
    'is named where it ends too early or late (%s), and all others count',
    (change) => {
      keepTwo();
      hand.exec(`UPDATE window_log SET ${change}`);
      keepOften(1);
      expect(numbersKept()).toEqual([9]);
      expect(notes).toMatchObject([{ fields: { table: 'window_log', rows: '1', count: 1 } }]);
    },
  );

  it.each(['words', 'window_ms', 'entries'])(
    'is named where nothing stands in %s, and all others count',
    (column) => {
      keepTwo();
      // Without its checks, as a damaged page has none.
      hand.exec(`ALTER TABLE window_log RENAME TO whole;
      CREATE TABLE window_log (seq INTEGER PRIMARY KEY, words, window_ms, entries);
      INSERT INTO window_log SELECT * FROM whole; UPDATE window_log SET ${column} = NULL`);
      keepOften(1);
      expect(numbersKept()).toEqual([9]);
      expect(notes).toMatchObject([{ fields: { table: 'window_log', rows: '1', count: 1 } }]);
    },
  );

  it('is counted once, however much of it and of others is damaged', () => {
    for (let row = 0; row < 12; row += 1) keepTwo();
    hand.exec('UPDATE window_log SET window_ms = zeroblob(16)');
    expect(numbersKept()).toEqual([]);
    expect(notes).toMatchObject([{ fields: { rows: '12, 11, 10, 9, 8, 7, 6, 5, 4, 3', count: 12 } }]);
  });

  it('is named when it leaves the log while the server runs', () => {
    keepTwo();
    overwrite('window_ms', 0, NAN);
    keepOften(WINDOW_LOG_ROWS_MAX);
    expect(notes).toMatchObject([{ level: 'warn', fields: { table: 'window_log', rows: '1', count: 1 } }]);
    expect(numbersKept()).toEqual([2, 9]);
  });

  it.each(['0', '-5', '9007199254740993', '9223372036854775807'])(
    'under the number %s, which no row was given, is removed by the next that is kept, and named',
    (seq) => {
      keepTwo();
      keepOften(1);
      hand.exec(`UPDATE window_log SET seq = ${seq} WHERE seq = 1`);
      expect(numbersKept()).toEqual([9]);
      keepTwo();
      expect(numbersKept()).toEqual([1, 2, 9]);
      expect(notes).toMatchObject([{ fields: { table: 'window_log', rows: String(Number(seq)), count: 1 } }]);
    },
  );

  it('of an unknown scope does not stand in the place of another window', () => {
    keepTwo();
    keepTwo();
    hand.exec('DELETE FROM window_log WHERE seq > 2');
    const newest = `UPDATE window_log SET words = unhex(replace(hex(words), '02000000FDFFFFFFF9FFFFFF00000000', '02000000FDFFFFFFF9FFFFFF09000000')) WHERE seq = 2`;
    hand.exec(newest);
    expect(numbersKept()).toEqual([1, 2]);
    expect(notes).toMatchObject([{ fields: { rows: '2' } }]);
  });
});

describe('a window with a row of its own', () => {
  it.each([
    'window_ms = 9223372036854775807',
    `scope = 'nobody'`,
    'entries = zeroblob(16)',
    'entries = zeroblob(1600)',
    'entries = zeroblob(3)',
  ])('is named where it is damaged (%s), and all others count', (change) => {
    keepTwo();
    keepOften(WINDOW_LOG_ROWS_MAX);
    hand.exec(`UPDATE windows SET ${change} WHERE row = 1`);
    expect(numbersKept()).toEqual([2, 9]);
    expect(notes).toMatchObject([{ level: 'warn', fields: { table: 'windows', rows: '1', count: 1 } }]);
  });

  it.each(['subject', 'scope', 'window_ms', 'entries'])('is named where nothing stands in %s', (column) => {
    keepTwo();
    keepOften(WINDOW_LOG_ROWS_MAX);
    hand.exec(`ALTER TABLE windows RENAME TO whole;
      CREATE TABLE windows (row INTEGER PRIMARY KEY, subject, scope, window_ms, ends_ms, entries);
      INSERT INTO windows SELECT * FROM whole; UPDATE windows SET ${column} = NULL WHERE row = 1`);
    expect(numbersKept()).toEqual([2, 9]);
    expect(notes).toMatchObject([{ fields: { table: 'windows', rows: '1', count: 1 } }]);
  });

  it('under a number that no number of JavaScript holds is kept like any other', () => {
    keepTwo();
    keepOften(WINDOW_LOG_ROWS_MAX);
    hand.exec('UPDATE windows SET row = 9007199254740993 WHERE row = 1');
    keepOften(WINDOW_LOG_ROWS_MAX);
    expect(numbersKept()).toEqual([1, 2, 9]);
    expect(notes).toEqual([]);
  });

  it('keeps what is sound of its entries', () => {
    keepTwo();
    keepOften(WINDOW_LOG_ROWS_MAX);
    hand.exec(`UPDATE windows SET entries = CAST(zeroblob(16) || entries AS BLOB) WHERE row = 1`);
    expect(readKept(store.keeper).get(1)).toMatchObject({ uses: 5 });
    expect(notes).toHaveLength(1);
  });

  it('is named with a few others, where very many are damaged', () => {
    hand.exec(`INSERT INTO windows (subject, scope, window_ms, ends_ms, entries)
      WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < 1000)
      SELECT zeroblob(12), 'key', n, ${START_MS + HOUR_MS}, zeroblob(16) FROM numbers`);
    keepOften(1);
    expect(numbersKept()).toEqual([9]);
    expect(notes).toMatchObject([{ fields: { rows: '1, 2, 3, 4, 5, 6, 7, 8, 9, 10', count: 1_000 } }]);
  });
});

it.each(['counter_ms = 9e999', 'counter_ms = 1e300', 'wall_ms = -1e300'])(
  'are not loaded by a clock that is damaged (%s), which is an outage with its cure, until they are told of again',
  (change) => {
    keepTwo();
    hand.exec(`UPDATE counter_clock SET ${change}`);
    expect(() => store.keeper.loadWindows(0)).toThrow(/limits: .*DELETE FROM counter_clock/);
    keepOften(1);
    expect(numbersKept()).toEqual([1, 2, 9]);
    expect(notes).toEqual([]);
  },
);
