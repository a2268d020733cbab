import fc from 'fast-check';
import { LIMIT_SCOPES } from '../../../src/domain/limit.ts';
import { expect, test } from 'vitest';
import {
  ENTRY_NUMBERS,
  WINDOW_BATCH_ENTRIES_MAX,
  WINDOW_BATCH_MAX,
  WINDOW_ENTRIES_MAX,
  WindowWriter,
  readWindows,
} from '../../../src/domain/window-batch.ts';
import type { WindowRecord } from '../../../src/domain/window-batch.ts';

const CLOCK = { counterMs: 1.5, wallMs: 2.5 };
const NAME = { subject: { word0: 1, word1: 2, word2: 3 }, scope: 'key', windowMs: 86_400_000 } as const;

const word = fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 });
const entry = fc.tuple(fc.double({ noNaN: true }), fc.integer({ min: 1, max: 2 ** 31 - 1 }));
const window = fc.record({
  subject: fc.record({ word0: word, word1: word, word2: word }),
  scope: fc.constantFrom(...LIMIT_SCOPES),
  windowMs: fc.integer({ min: 1, max: 31 * 86_400_000 }),
  entries: fc.array(entry, { maxLength: WINDOW_ENTRIES_MAX }),
});
const windows = fc.array(window, { maxLength: WINDOW_BATCH_ENTRIES_MAX / WINDOW_ENTRIES_MAX });

test('windows are read as they were written, batch after batch from one writer', () => {
  const writer = new WindowWriter();
  fc.assert(
    fc.property(windows, (written) => {
      for (const { entries, ...name } of written) {
        writer.begin(name);
        for (const [lastMs, uses] of entries) writer.add(lastMs, uses);
      }
      expect(writer.size).toBe(written.length);
      const batch = structuredClone(writer.take(CLOCK));
      expect(batch.clock).toEqual(CLOCK);
      expect(writer.size).toBe(0);
      const read = [...readWindows(batch)].map(({ entries, ...name }) => ({
        ...name,
        entries: [...entries],
      }));
      expect(read).toEqual(written.map(({ entries, ...name }) => ({ ...name, entries: entries.flat() })));
    }),
    { numRuns: 50 },
  );
});

test('a batch that was taken does not change when the writer goes on', () => {
  const writer = new WindowWriter();
  const write = (lastMs: number): void => {
    writer.begin(NAME);
    writer.add(lastMs, 1);
  };
  write(5);
  const batch = writer.take(CLOCK);
  write(6);
  const [read] = readWindows(batch) as Iterable<WindowRecord>;
  expect([...(read?.entries ?? [])]).toEqual([5, 1]);
});

test('a writer takes no more windows than its bound', () => {
  const writer = new WindowWriter();
  for (let made = 0; made < WINDOW_BATCH_MAX; made += 1) {
    expect(writer.full).toBe(false);
    writer.begin(NAME);
  }
  expect(writer.full).toBe(true);
  expect(() => writer.begin(NAME)).toThrow(RangeError);
  expect(writer.take(CLOCK).numbers).toHaveLength(WINDOW_BATCH_MAX);
  expect(writer.full).toBe(false);
});

test('a writer takes no more entries than its bounds, and has room for all of a window that it lets begin', () => {
  const writer = new WindowWriter();
  writer.begin(NAME);
  writer.add(0, 1);
  while (!writer.full) {
    writer.begin(NAME);
    for (let added = 0; added < WINDOW_ENTRIES_MAX; added += 1) writer.add(added, 1);
    expect(() => writer.add(0, 1)).toThrow(RangeError);
  }
  expect(() => writer.begin(NAME)).toThrow(RangeError);
  const { entries } = writer.take(CLOCK);
  const most = WINDOW_BATCH_ENTRIES_MAX * ENTRY_NUMBERS;
  expect(entries.length).toBeLessThanOrEqual(most);
  expect(entries.length).toBeGreaterThan(most - WINDOW_ENTRIES_MAX * ENTRY_NUMBERS);
});

test('an entry needs a window', () => {
  expect(() => new WindowWriter().add(0, 1)).toThrow(RangeError);
});
