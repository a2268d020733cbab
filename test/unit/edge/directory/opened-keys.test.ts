import { expect, test } from 'vitest';
import { OPENED_KEYS_MAX, OpenedKeys } from '../../../../src/edge/directory/opened-keys.ts';

const signerOf = (number: number) => ({ keyId: `key_${number}`, secret: Uint8Array.of(number) });
const bytesOf = (number: number) => Uint8Array.of(number, number >> 8, 3);

test('an opened key is found in its own context and from its own bytes alone', () => {
  const opened = new OpenedKeys();
  const bytes = bytesOf(1);
  opened.put('api/key_1', bytes, signerOf(1));
  bytes.fill(0);
  expect(opened.find('api/key_1', bytesOf(1))).toEqual(signerOf(1));
  expect(opened.find('api/key_1', bytesOf(2))).toBeUndefined();
  expect(opened.find('other/key_1', bytesOf(1))).toBeUndefined();
  opened.put('api/key_1', bytesOf(2), signerOf(2));
  expect(opened.find('api/key_1', bytesOf(2))).toEqual(signerOf(2));
  expect(opened.find('api/key_1', bytesOf(1))).toBeUndefined();
});

test('of more keys than there is room for, those that were opened first are forgotten', () => {
  const opened = new OpenedKeys();
  for (let number = 0; number < OPENED_KEYS_MAX + 3; number += 1) {
    opened.put(`api/${number}`, bytesOf(number), signerOf(number));
  }
  const isKnown = (number: number) => opened.find(`api/${number}`, bytesOf(number)) !== undefined;
  expect([0, 1, 2].map(isKnown)).toEqual([false, false, false]);
  expect([3, OPENED_KEYS_MAX + 2].map(isKnown)).toEqual([true, true]);
});
