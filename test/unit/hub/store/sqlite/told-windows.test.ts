import { expect, test } from 'vitest';
import type { WindowRecord } from '../../../../../src/domain/window-batch.ts';
import { ToldWindows } from '../../../../../src/hub/store/sqlite/told-windows.ts';

const SUBJECT = { word0: 1, word1: 2, word2: 3 };
const WINDOW: WindowRecord = {
  subject: SUBJECT,
  scope: 'key',
  windowMs: 60_000,
  entries: Float64Array.of(0, 1),
};

test('a window is told of by its name, whatever it holds', () => {
  const told = new ToldWindows();
  expect(told.has(WINDOW)).toBe(false);
  told.add(WINDOW);
  expect(told.has({ ...WINDOW, entries: new Float64Array() })).toBe(true);
});

test.each<Partial<WindowRecord>>([
  { windowMs: 60_001 },
  { scope: 'session' },
  { subject: { ...SUBJECT, word0: 4 } },
  { subject: { ...SUBJECT, word1: 4 } },
  { subject: { ...SUBJECT, word2: 4 } },
])('another window of the same or nearly the same subject is not told of with it: %o', (change) => {
  const told = new ToldWindows();
  told.add(WINDOW);
  expect(told.has({ ...WINDOW, ...change })).toBe(false);
});
