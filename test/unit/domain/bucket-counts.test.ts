import fc from 'fast-check';
import { expect, test } from 'vitest';
import { BucketCounts } from '../../../src/domain/bucket-counts.ts';

const BOUNDS = [0.001, 0.01, 0.1];

test('a value on a bound belongs to the bucket that ends there', () => {
  const counts = new BucketCounts(BOUNDS);
  for (const value of [0, 0.001, 0.0011, 0.01, 0.1, 0.2, 7]) counts.add(value);
  expect([...(counts.drain()?.counts ?? [])]).toEqual([2, 2, 1, 2]);
});

test('every value is counted once, in some bucket, and sums are kept', () => {
  fc.assert(
    fc.property(fc.array(fc.double({ min: 0, max: 1, noNaN: true })), (values) => {
      const counts = new BucketCounts(BOUNDS);
      for (const value of values) counts.add(value);
      const drained = counts.drain();
      expect(drained === undefined).toBe(values.length === 0);
      if (drained === undefined) return;
      expect(drained.counts.reduce((total, count) => total + count, 0)).toBe(values.length);
      expect(drained.sum).toBeCloseTo(
        values.reduce((total, value) => total + value, 0),
        6,
      );
    }),
  );
});

test('what was drained is not told again, and stays as it was told', () => {
  const counts = new BucketCounts(BOUNDS);
  counts.add(0.05);
  const first = counts.drain();
  expect(counts.drain()).toBeUndefined();
  counts.add(5);
  expect(first).toEqual({ counts: Float64Array.of(0, 0, 1, 0), sum: 0.05 });
  expect(counts.drain()).toEqual({ counts: Float64Array.of(0, 0, 0, 1), sum: 5 });
});

test('a value below zero counts as zero', () => {
  const counts = new BucketCounts(BOUNDS);
  counts.add(-3);
  expect(counts.drain()).toEqual({ counts: Float64Array.of(1, 0, 0, 0), sum: 0 });
});
