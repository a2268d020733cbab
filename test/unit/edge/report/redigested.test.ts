import { expect, test } from 'vitest';
import { REDIGESTED_MAX, Redigested } from '../../../../src/edge/report/redigested.ts';

test('each key is told once between two looks, with the digest as it was then', () => {
  const redigested = new Redigested();
  const digest = Int32Array.of(1, 2, 3, 4, 5, 6, 7, 8);
  redigested.add(5, digest);
  digest.fill(9);
  redigested.add(6, digest);
  redigested.add(5, digest);
  const told = redigested.drain();
  expect([...(told?.rows ?? [])]).toEqual([5, 6]);
  expect([...(told?.digests ?? [])]).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 9, 9, 9, 9, 9, 9, 9]);
  expect(redigested.drain()).toBeUndefined();
});

test('a flood of keys fills no memory', () => {
  const redigested = new Redigested();
  for (let row = 1; row <= REDIGESTED_MAX + 5; row += 1) redigested.add(row, new Int32Array(8));
  expect(redigested.drain()?.rows).toHaveLength(REDIGESTED_MAX);
});
