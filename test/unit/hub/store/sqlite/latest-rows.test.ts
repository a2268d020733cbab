import fc from 'fast-check';
import { expect, test } from 'vitest';
import { LIMIT_SCOPES } from '../../../../../src/domain/limit.ts';
import { WindowWriter } from '../../../../../src/domain/window-batch.ts';
import type { WindowBatch, WindowRecord } from '../../../../../src/domain/window-batch.ts';
import { LatestRows } from '../../../../../src/hub/store/sqlite/latest-rows.ts';

type WindowName = Omit<WindowRecord, 'entries'>;

function batchOf(names: readonly WindowName[]): WindowBatch {
  const writer = new WindowWriter();
  for (const name of names) {
    writer.begin(name);
    writer.add(1, 1);
  }
  return writer.take({ counterMs: 0, wallMs: 0 });
}

const BASE = { subject: { word0: 1, word1: 2, word2: 3 }, scope: 'key', windowMs: 3_600_000 } as const;

test('a window is told of after a row where a later one tells of it, and not after that one', () => {
  const latest = new LatestRows();
  const batch = batchOf([BASE]);
  expect(latest.isToldAfter(batch, 0, 0)).toBe(false);
  latest.note(batch, 7);
  expect([6, 7, 8].map((seq) => latest.isToldAfter(batch, 0, seq))).toEqual([true, false, false]);
  latest.note(batchOf([{ ...BASE, windowMs: 1 }, BASE]), 2 ** 40);
  expect(latest.isToldAfter(batch, 0, 2 ** 40 - 1)).toBe(true);
  expect(latest.isToldAfter(batch, 0, 2 ** 40)).toBe(false);
});

test.each<WindowName>([
  { ...BASE, subject: { ...BASE.subject, word0: 0x1_0001 } },
  { ...BASE, subject: { ...BASE.subject, word1: 0 } },
  { ...BASE, subject: { ...BASE.subject, word2: -3 } },
  { ...BASE, scope: 'session' },
  { ...BASE, windowMs: 3_600_000 + 2 ** 32 },
  { ...BASE, subject: { word0: 0, word1: 0, word2: 0 }, windowMs: 1 },
])('a window is taken for no other: %j', (other) => {
  const latest = new LatestRows();
  latest.note(batchOf([BASE]), 9);
  expect(latest.isToldAfter(batchOf([other]), 0, 1)).toBe(false);
});

test('what it says of a window is true, also of more windows than it remembers, and it remembers the latest', () => {
  const latest = new LatestRows();
  const truth = new Map<string, number>();
  // All of them in few buckets: the bits by which a bucket is chosen are these few.
  const name = fc.record({
    subject: fc.record({ word0: fc.nat(2), word1: fc.nat(20), word2: fc.constant(0) }),
    scope: fc.constantFrom(...LIMIT_SCOPES),
    windowMs: fc.constantFrom(60_000, 3_600_000),
  });
  const names = fc.uniqueArray(name, { maxLength: 20, selector: (each) => JSON.stringify(each) });
  let seq = 0;
  let remembered = 0;
  fc.assert(
    fc.property(names, names, (told, asked) => {
      seq += 1;
      latest.note(batchOf(told), seq);
      for (const each of told) truth.set(JSON.stringify(each), seq);
      const batch = batchOf(asked);
      for (const [index, each] of asked.entries()) {
        const toldAt = truth.get(JSON.stringify(each)) ?? 0;
        expect(latest.isToldAfter(batch, index, toldAt)).toBe(false);
        if (toldAt > 0 && latest.isToldAfter(batch, index, toldAt - 1)) remembered += 1;
      }
      const last = told.at(-1);
      if (last !== undefined) expect(latest.isToldAfter(batchOf([last]), 0, seq - 1)).toBe(true);
    }),
    { numRuns: 200 },
  );
  expect(truth.size).toBeGreaterThan(100);
  expect(remembered).toBeGreaterThan(0);
});
