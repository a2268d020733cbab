import { describe, expect, test } from 'vitest';
import { DURATION_MS_MAX, parseDuration } from '../../../src/lib/duration.ts';

describe('parseDuration', () => {
  test.each([
    ['250ms', 250],
    ['10s', 10_000],
    ['30m', 1_800_000],
    ['12h', 43_200_000],
    ['90d', 7_776_000_000],
    ['0s', 0],
    ['36500d', DURATION_MS_MAX],
  ])('reads %s', (text, durationMs) => {
    expect(parseDuration(text)).toBe(durationMs);
  });

  test.each([
    '',
    '10',
    's',
    '1.5h',
    '-1s',
    '+1s',
    '010s',
    '1 s',
    ' 1s',
    '1s ',
    '1S',
    '1w',
    '1e3s',
    '1h30m',
    '1s\n',
    '36501d',
    '99999999999999s',
  ])('refuses %j', (text) => {
    expect(parseDuration(text)).toBeUndefined();
  });
});
