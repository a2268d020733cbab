import { DatabaseSync } from 'node:sqlite';
import fc from 'fast-check';
import { describe, expect, it, onTestFinished } from 'vitest';
import {
  WINDOW_BATCH_ENTRIES_MAX,
  WINDOW_BATCH_MAX,
  WINDOW_ENTRIES_MAX,
  WindowWriter,
} from '../../../../../src/domain/window-batch.ts';
import { SqliteConnection } from '../../../../../src/hub/store/sqlite/connection.ts';
import { migrate } from '../../../../../src/hub/store/sqlite/migrate.ts';
import { MIGRATIONS } from '../../../../../src/hub/store/sqlite/migrations.ts';
import { migrateSqlite, openSqliteStore } from '../../../../../src/hub/store/sqlite/open.ts';
import type { SqliteStore } from '../../../../../src/hub/store/sqlite/open.ts';
import {
  FOLDED_ROWS_MAX,
  WINDOW_LOG_BYTES_MAX,
  WINDOW_LOG_ROWS_MAX,
} from '../../../../../src/hub/store/sqlite/window-log.ts';
import { SWEPT_ROWS } from '../../../../../src/hub/store/sqlite/window-rows.ts';
import { copyFiles, temporaryFile } from './folder.ts';
import { HOUR_MS, START_MS, batchesOf, keep, nameOf, readKept, readRecords } from './kept-windows.ts';
import type { Told } from './kept-windows.ts';

function open(path: string): SqliteStore {
  const store = openSqliteStore({ path, apiNames: ['alpha'] });
  onTestFinished(() => store.close());
  return store;
}

function openRaw(path: string): DatabaseSync {
  const database = new DatabaseSync(path);
  onTestFinished(() => database.close());
  return database;
}

/** What a process that is started on the files as they are would restore. */
function readAfterDeath(path: string): ReadonlyMap<number, Told> {
  const copy = temporaryFile('copy.db');
  copyFiles(path, copy);
  const store = openSqliteStore({ path: copy, apiNames: ['alpha'] });
  const kept = readKept(store.keeper);
  store.close();
  return kept;
}

/** So many batches that tell of this window alone, by which others leave the log. */
function keepOften(store: SqliteStore, times: number, atMs: number, number = 0): void {
  for (let time = 0; time < times; time += 1) keep(store.keeper, [{ number, lastMs: atMs, uses: 1 }], atMs);
}

it('loses nothing that was kept and restores nothing older, in whatever order windows are told, logs folded and processes killed', () => {
  const told = fc.record({ number: fc.nat(30), uses: fc.nat(3) });
  const step = fc.oneof(
    { weight: 6, arbitrary: fc.record({ told: fc.array(told, { maxLength: 8 }) }) },
    { weight: 2, arbitrary: fc.record({ fold: fc.nat(30) }) },
    { weight: 1, arbitrary: fc.record({ hours: fc.nat(3) }) },
    { weight: 3, arbitrary: fc.record({ next: fc.constantFrom('kill', 'restart', 'other') }) },
  );
  fc.assert(
    fc.property(fc.array(step, { minLength: 1, maxLength: 15 }), (steps) => {
      let path = temporaryFile('t.db');
      const [first, second] = [open(path), open(path)];
      let stores = [first, second];
      let nowMs = START_MS;
      const model = new Map<number, Told>();
      const tell = (windows: readonly Told[]): void => {
        keep((stores[0] ?? expect.fail()).keeper, windows, nowMs);
        for (const window of windows) model.set(window.number, window);
      };
      for (const each of steps) {
        nowMs += 1;
        if ('told' in each) {
          const unique = new Map(
            each.told.map(({ number, uses }) => [number, { number, lastMs: nowMs, uses }]),
          );
          tell([...unique.values()]);
        } else if ('fold' in each) {
          for (let time = 0; time < WINDOW_LOG_ROWS_MAX; time += 1)
            tell([{ number: each.fold, lastMs: nowMs, uses: 2 }]);
        } else if ('hours' in each) {
          nowMs += each.hours * HOUR_MS;
        } else if (each.next === 'kill') {
          const copy = temporaryFile('t.db');
          copyFiles(path, copy);
          for (const store of stores) store.close();
          path = copy;
          stores = [open(path), open(path)];
        } else if (each.next === 'restart') {
          for (const store of stores) store.close();
          stores = [open(path), open(path)];
        } else {
          stores.reverse();
        }
        expect(counting(readAfterDeath(path), nowMs)).toEqual(counting(model, nowMs));
      }
      for (const store of stores) {
        expect(counting(readKept(store.keeper), nowMs)).toEqual(counting(model, nowMs));
        store.close();
      }
    }),
    { numRuns: 12 },
  );
});

/** Counts how often a window is written to a row of its own, from now on. */
function countWrites(path: string): () => number {
  const database = openRaw(path);
  database.exec(`
    CREATE TABLE writes (row INTEGER PRIMARY KEY);
    CREATE TRIGGER count_insert AFTER INSERT ON windows BEGIN INSERT INTO writes VALUES (NULL); END;
    CREATE TRIGGER count_update AFTER UPDATE ON windows BEGIN INSERT INTO writes VALUES (NULL); END;`);
  const count = database.prepare('SELECT count(*) AS writes FROM writes');
  return () => Number(count.get()?.['writes']);
}

/** Whatever has ended may have been forgotten. */
function counting(windows: ReadonlyMap<number, Told>, atMs: number): readonly Told[] {
  return [...windows.values()]
    .filter(({ number, lastMs, uses }) => uses > 0 && lastMs + nameOf(number).windowMs > atMs)
    .toSorted((a, b) => a.number - b.number);
}

describe('the log', () => {
  it('is never longer than it may be, however many windows change', () => {
    const path = temporaryFile('t.db');
    const store = open(path);
    const size = openRaw(path).prepare('SELECT count(*) AS rows FROM window_log');
    let longest = 0;
    for (let round = 0; round < 2 * WINDOW_LOG_ROWS_MAX; round += 1) {
      for (const batch of batchesOf(round * 5, 5, START_MS)) keep(store.keeper, batch, START_MS);
      longest = Math.max(longest, Number(size.get()?.['rows']));
    }
    expect(longest).toBe(WINDOW_LOG_ROWS_MAX);
    expect(readKept(store.keeper).size).toBe(2 * WINDOW_LOG_ROWS_MAX * 5);
  });

  it.each([
    { windows: WINDOW_BATCH_MAX, entries: WINDOW_BATCH_ENTRIES_MAX / WINDOW_BATCH_MAX },
    { windows: WINDOW_BATCH_ENTRIES_MAX / WINDOW_ENTRIES_MAX, entries: WINDOW_ENTRIES_MAX },
  ])('takes a batch that is full of $windows windows, and no more bytes for it than it may', (batch) => {
    const path = temporaryFile('t.db');
    const store = open(path);
    const writer = new WindowWriter();
    for (let number = 0; number < batch.windows; number += 1) {
      if (writer.full) break;
      writer.begin(nameOf(number));
      for (let entry = 0; entry < batch.entries; entry += 1) writer.add(START_MS + entry, 1);
    }
    expect(writer.full).toBe(true);
    store.keeper.keepWindows(writer.take({ counterMs: START_MS, wallMs: START_MS }));
    const bytes = openRaw(path)
      .prepare('SELECT length(words) + length(window_ms) + length(entries) AS bytes FROM window_log')
      .get()?.['bytes'];
    expect(Number(bytes)).toBeLessThanOrEqual(WINDOW_LOG_BYTES_MAX / WINDOW_LOG_ROWS_MAX);
    expect(readKept(store.keeper).size).toBeGreaterThan(0);
  });

  it('has windows written seldom: a busy one never, one that rests once', () => {
    const path = temporaryFile('t.db');
    const store = open(path);
    const writes = countWrites(path);
    for (let number = 1; number <= 5; number += 1) keepOften(store, 3, START_MS, number);
    keepOften(store, 3 * WINDOW_LOG_ROWS_MAX, START_MS);
    expect(writes()).toBe(5);
    expect(readKept(store.keeper).size).toBe(6);
  });

  it('is folded a few windows at a time, whatever comes together', () => {
    const path = temporaryFile('t.db');
    const store = open(path);
    const writes = countWrites(path);
    const count = 60 * WINDOW_BATCH_MAX;
    for (const batch of batchesOf(1, count, START_MS)) keep(store.keeper, batch, START_MS);
    let before = writes();
    for (let step = 0; step < 2 * WINDOW_LOG_ROWS_MAX && before < count; step += 1) {
      keepOften(store, 1, START_MS);
      const after = writes();
      expect(after - before).toBeLessThanOrEqual(WINDOW_BATCH_MAX);
      before = after;
    }
    expect(before).toBe(count);
    expect(readKept(store.keeper).size).toBe(count + 1);
  });

  it('loses nothing and forgets nothing where it could not be folded', () => {
    const path = temporaryFile('t.db');
    const store = open(path);
    keep(store.keeper, [{ number: 1, lastMs: START_MS, uses: 9 }], START_MS);
    keepOften(store, WINDOW_LOG_ROWS_MAX - 1, START_MS);
    const database = openRaw(path);
    database.exec("CREATE TRIGGER broken BEFORE INSERT ON windows BEGIN SELECT RAISE(ABORT, 'broken'); END");
    // Whoever took this batch for kept would let window 1 leave the log as one of which was told since.
    const lost = [{ number: 1, lastMs: START_MS, uses: 10 }];
    expect(() => keep(store.keeper, lost, START_MS)).toThrow('broken');
    expect(readAfterDeath(path)).toEqual(readKept(store.keeper));
    expect(readKept(store.keeper).get(1)).toMatchObject({ uses: 9 });
    database.exec('DROP TRIGGER broken');
    keepOften(store, WINDOW_LOG_ROWS_MAX, START_MS);
    expect(database.prepare('SELECT count(*) AS rows FROM windows').get()).toEqual({ rows: 1 });
    expect(readKept(store.keeper).get(1)).toMatchObject({ uses: 9 });
  });

  it('gives no number twice, so that nothing is lost of what was told after a foreign hand had emptied it', () => {
    const path = temporaryFile('t.db');
    const [store, other] = [open(path), open(path)];
    keepOften(store, 10, START_MS, 1);
    openRaw(path).exec('DELETE FROM window_log');
    keep(other.keeper, [{ number: 1, lastMs: START_MS, uses: 9 }], START_MS);
    keepOften(store, WINDOW_LOG_ROWS_MAX, START_MS);
    expect(readKept(store.keeper).get(1)).toMatchObject({ uses: 9 });
  });

  it('passes over what a foreign hand wrote into it, and keeps all else', () => {
    const path = temporaryFile('t.db');
    const store = open(path);
    keep(store.keeper, [{ number: 1, lastMs: START_MS, uses: 9 }], START_MS);
    const insert = openRaw(path).prepare(
      'INSERT INTO window_log (words, window_ms, entries) VALUES (?, ?, ?)',
    );
    for (const byte of [0x00, 0x7f, 0xff]) {
      const [words, windowsMs] = [new Uint8Array(40).fill(byte), new Uint8Array(16).fill(byte)];
      insert.run(words, windowsMs, new Uint8Array(32).fill(byte));
      insert.run(words, windowsMs, new Uint8Array(0));
    }
    const many = new Uint8Array(20 * WINDOW_BATCH_MAX);
    new DataView(many.buffer).setInt32(16, -1, true);
    insert.run(many, new Uint8Array(8 * WINDOW_BATCH_MAX).fill(0x40), new Uint8Array(65_536).fill(0x40));
    expect(readKept(store.keeper).get(1)).toMatchObject({ uses: 9 });
    keepOften(store, 2 * WINDOW_LOG_ROWS_MAX, START_MS);
    expect(readKept(store.keeper).get(1)).toMatchObject({ uses: 9 });
  });
});

describe('windows that have ended', () => {
  const countRows = (path: string): number =>
    Number(openRaw(path).prepare('SELECT count(*) AS rows FROM windows').get()?.['rows']);

  it('while the log told of them get no row of their own, and lose the one they had', () => {
    const path = temporaryFile('t.db');
    const store = open(path);
    const keepSome = (): void => {
      for (const batch of batchesOf(1, 5, START_MS)) keep(store.keeper, batch, START_MS);
    };
    keepSome();
    keepOften(store, WINDOW_LOG_ROWS_MAX, START_MS);
    expect(countRows(path)).toBe(5);
    keepSome();
    keepOften(store, WINDOW_LOG_ROWS_MAX + FOLDED_ROWS_MAX, START_MS + 3 * HOUR_MS);
    expect(countRows(path)).toBe(0);
  });

  it('are found wherever their rows stand, also behind many that count', () => {
    const path = temporaryFile('t.db');
    const store = open(path);
    const keepAll = (numbers: readonly number[]): void => {
      for (let at = 0; at < numbers.length; at += WINDOW_BATCH_MAX) {
        const told = numbers.slice(at, at + WINDOW_BATCH_MAX);
        const windows = told.map((number) => ({ number, lastMs: START_MS, uses: 1 }));
        keep(store.keeper, windows, START_MS);
      }
      keepOften(store, WINDOW_LOG_ROWS_MAX + FOLDED_ROWS_MAX, START_MS);
    };
    const countOf = 2 * SWEPT_ROWS;
    const hours = (length: number) =>
      Array.from({ length: countOf }, (_, index) => 3 * (index + 1) + length - 1);
    keepAll(hours(3));
    keepAll(hours(1));
    expect(countRows(path)).toBe(2 * countOf);
    // Each fold looks at SWEPT_ROWS of them.
    keepOften(store, 6 * FOLDED_ROWS_MAX, START_MS + HOUR_MS);
    expect(countRows(path)).toBe(countOf);
  });

  it('never outnumber, in rows of their own, those that count by more than as many again', () => {
    const path = temporaryFile('t.db');
    const store = open(path);
    const perBatch = 40;
    const rounds = WINDOW_LOG_ROWS_MAX * 4;
    // Those of the longest window count for as many rounds as there are rows in the log and half as many.
    const stepMs = (3 * HOUR_MS) / (WINDOW_LOG_ROWS_MAX * 1.5);
    for (let round = 0; round < rounds; round += 1) {
      const atMs = START_MS + round * stepMs;
      for (const batch of batchesOf(round * perBatch, perBatch, atMs)) keep(store.keeper, batch, atMs);
    }
    const rows = countRows(path);
    expect(rows).toBeGreaterThan(0);
    expect(rows).toBeLessThanOrEqual(2 * perBatch * WINDOW_LOG_ROWS_MAX + SWEPT_ROWS);
  });
});

describe('a database of an earlier form', () => {
  const INSERT = `INSERT INTO windows (subject, scope, window_ms, ends_ms, entries)
    VALUES (?, ?, 3600000, ?, ?)`;
  const INSERT_CLOCK = 'INSERT INTO counter_clock (row, counter_ms, wall_ms) VALUES (1, 1000000, 1000000)';

  function makeOld(path: string, untilName: string, scopes: readonly string[]): void {
    const connection = new SqliteConnection({ path, access: 'write' });
    const before = MIGRATIONS.findIndex(({ name }) => name.startsWith(untilName));
    migrate(connection, MIGRATIONS.slice(0, before));
    connection.execute(INSERT_CLOCK);
    for (const [index, scope] of scopes.entries()) {
      const subject = new Uint8Array(Int32Array.of(index, -2, 3).buffer);
      const entries = new Uint8Array(Float64Array.of(START_MS, 4 + index).buffer);
      connection.statement(INSERT).run(subject, scope, START_MS + HOUR_MS, entries);
    }
    connection.close();
  }

  it.each([
    { untilName: 'windows of sessions', scopes: ['key', 'account'] },
    { untilName: 'log of windows', scopes: ['key', 'account', 'session'] },
  ])('from before $untilName counts on, and what is told since counts instead', ({ untilName, scopes }) => {
    const path = temporaryFile('t.db');
    makeOld(path, untilName, scopes);
    expect(migrateSqlite(path)).toContain('log of windows');
    const { keeper } = open(path);
    const writer = new WindowWriter();
    writer.begin({ subject: { word0: 0, word1: -2, word2: 3 }, scope: 'key', windowMs: HOUR_MS });
    writer.add(START_MS + 1, 9);
    writer.begin({ subject: { word0: 7, word1: -2, word2: 3 }, scope: 'session', windowMs: HOUR_MS });
    writer.add(START_MS + 1, 6);
    keeper.keepWindows(writer.take({ counterMs: START_MS + 1, wallMs: START_MS + 1 }));
    const kept = readRecords(keeper).map(({ scope, entries }) => [scope, entries[1]]);
    expect(kept.toSorted()).toEqual([
      ['account', 5],
      ['key', 9],
      ['session', 6],
      ...scopes.slice(2).map((scope) => [scope, 6]),
    ]);
  });
});
