import fc from 'fast-check';
import { expect, test } from 'vitest';
import { bytesFromNumbers, numbersFromBytes } from '../../../../../src/hub/store/sqlite/numbers.ts';

test('numbers are bytes with the least significant first, and come back as they were from any place in memory', () => {
  expect([...bytesFromNumbers(Float64Array.of(1))]).toEqual([0, 0, 0, 0, 0, 0, 0xf0, 0x3f]);
  fc.assert(
    fc.property(fc.float64Array(), fc.nat(7), (numbers, offset) => {
      const bytes = new Uint8Array(offset + numbers.length * 8);
      bytes.set(bytesFromNumbers(numbers), offset);
      expect(numbersFromBytes(bytes.subarray(offset))).toEqual(numbers);
    }),
  );
});
