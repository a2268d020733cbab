import { beforeEach, describe, expect, test } from 'vitest';
import { LAST_USED_MAX, LastUses } from '../../../../src/edge/report/last-uses.ts';

describe('last uses', () => {
  let uses: LastUses;
  beforeEach(() => (uses = new LastUses()));

  test('are told when they are due, each key once with its latest, and then no more', () => {
    uses.note(7, 2_000);
    uses.note(7, 1_000);
    expect([...uses.drain()]).toEqual([]);
    uses.note(7, 4_000);
    uses.note(8, 3_000);
    uses.release();
    expect([...uses.drain()]).toEqual([7, 4_000, 8, 3_000]);
    uses.release();
    expect([...uses.drain()]).toEqual([]);
  });

  test('are not due again until they are released again', () => {
    uses.release();
    uses.drain();
    uses.note(7, 1_000);
    expect([...uses.drain()]).toEqual([]);
  });

  test('are told at once when there is no room for more; what comes beyond that waits for another use', () => {
    for (let row = 1; row < LAST_USED_MAX; row += 1) uses.note(row, row);
    expect(uses.drain()).toHaveLength(0);
    for (let row = LAST_USED_MAX; row <= LAST_USED_MAX + 5; row += 1) uses.note(row, row);
    uses.note(1, 5_000_000);
    expect(uses.find(LAST_USED_MAX + 1)).toBeUndefined();
    const told = uses.drain();
    expect(told).toHaveLength(2 * LAST_USED_MAX);
    expect([...told.subarray(0, 2)]).toEqual([1, 5_000_000]);
    uses.note(LAST_USED_MAX + 1, 1);
    expect(uses.find(LAST_USED_MAX + 1)).toBe(1);
  });

  test('are known while they wait and for as long after that as the store may need, the latest first', () => {
    uses.note(7, 1_000);
    expect(uses.find(7)).toBe(1_000);
    uses.release();
    uses.drain();
    expect(uses.find(7)).toBe(1_000);
    uses.drain();
    expect(uses.find(7)).toBe(1_000);
    uses.note(7, 2_000);
    expect(uses.find(7)).toBe(2_000);
    expect(uses.find(8)).toBeUndefined();
  });
});
