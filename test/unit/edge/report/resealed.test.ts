import { expect, test } from 'vitest';
import { RESEALED_MAX, Resealed } from '../../../../src/edge/report/resealed.ts';

const sealed = (byte: number) => ({ sealingKeyId: 's2', bytes: Uint8Array.of(byte) });

test('a key is sealed anew once between two reports, however often it is used', () => {
  const resealed = new Resealed();
  let made = 0;
  const reseal = () => sealed((made += 1));
  for (const row of [5, 6, 5, 5]) resealed.add(row, reseal);
  expect(resealed.drain()).toEqual([
    { row: 5, sealed: sealed(1) },
    { row: 6, sealed: sealed(2) },
  ]);
  expect(made).toBe(2);
  expect(resealed.drain()).toBeUndefined();
  resealed.add(5, reseal);
  expect(resealed.drain()).toHaveLength(1);
});

test('one report holds a bounded number of keys, and beyond it none is sealed', () => {
  const resealed = new Resealed();
  let made = 0;
  for (let row = 1; row <= RESEALED_MAX + 5; row += 1) resealed.add(row, () => sealed((made += 1)));
  expect(resealed.drain()).toHaveLength(RESEALED_MAX);
  expect(made).toBe(RESEALED_MAX);
});
