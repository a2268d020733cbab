import { expect, test } from 'vitest';
import { toInstant } from '../../../../src/hub/operations/views.ts';

test('an instant is told to the last whole second, none as none, and one beyond all dates as the last', () => {
  expect(toInstant(null)).toBeNull();
  expect(toInstant(Date.UTC(2026, 1, 4, 12, 0, 0, 999))).toBe('2026-02-04T12:00:00Z');
  expect(toInstant(2 ** 63)).toBe('+275760-09-13T00:00:00Z');
});
