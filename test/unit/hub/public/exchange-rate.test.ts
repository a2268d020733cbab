import { describe, expect, test } from 'vitest';
import { EXCHANGES_MAX, KEYS_MAX, createExchangeRate } from '../../../../src/hub/public/exchange-rate.ts';

describe('how often a key is exchanged', () => {
  test('begins anew a minute after the first, not sooner', () => {
    const rate = createExchangeRate();
    for (let count = 0; count < EXCHANGES_MAX; count += 1) {
      expect(rate.take('key_1', count)).toBeUndefined();
    }
    expect(rate.take('key_1', 30_000)).toBe(30);
    expect(rate.take('key_1', 59_999)).toBe(1);
    expect(rate.take('key_2', 59_999)).toBeUndefined();
    expect(rate.take('key_1', 60_000)).toBeUndefined();
  });

  test('is remembered of so many keys, those that began last', () => {
    const rate = createExchangeRate();
    for (let count = 0; count < EXCHANGES_MAX; count += 1) rate.take('key_0', 0);
    for (let key = 1; key < KEYS_MAX; key += 1) rate.take(`key_${key}`, 1);
    expect(rate.take('key_0', 2)).toBe(60);
    rate.take('one more', 2);
    expect(rate.take('key_0', 2)).toBeUndefined();
  });
});
