import { describe, expect, test } from 'vitest';
import {
  ADDRESSES_MAX,
  FAILURES_MAX,
  RECORDED_MAX,
  createFailedLogins,
} from '../../../../src/hub/http/failed-logins.ts';
import type { FailedLogins } from '../../../../src/hub/http/failed-logins.ts';

const MINUTE_MS = 60_000;

function fail(logins: FailedLogins, address: string, times: number, atMs = 0) {
  let last = logins.count(address, atMs);
  for (let count = 1; count < times; count += 1) last = logins.count(address, atMs);
  return last;
}

describe('failed logins', () => {
  test('of one address are too many after the last allowed one, until its minute is over', () => {
    const logins = createFailedLogins();
    expect(fail(logins, '192.0.2.1', FAILURES_MAX).retryAfterSeconds).toBeUndefined();
    expect(logins.count('192.0.2.1', 0).retryAfterSeconds).toBe(60);
    expect(logins.count('192.0.2.1', MINUTE_MS - 1)).toEqual({ retryAfterSeconds: 1, recorded: false });
    expect(logins.count('192.0.2.1', MINUTE_MS).retryAfterSeconds).toBeUndefined();
  });

  test('of one address leave every other alone', () => {
    const logins = createFailedLogins();
    fail(logins, '192.0.2.1', 10 * FAILURES_MAX);
    expect(logins.count('192.0.2.2', 0).retryAfterSeconds).toBeUndefined();
  });

  test('of one IPv6 network are those of one address', () => {
    const logins = createFailedLogins();
    for (let host = 1; host <= FAILURES_MAX; host += 1) logins.count(`2001:db8:0:7::${host.toString(16)}`, 0);
    expect(logins.count('2001:db8:0:7:ffff::1', 0).retryAfterSeconds).toBe(60);
    expect(logins.count('2001:db8:0:8::1', 0).retryAfterSeconds).toBeUndefined();
  });

  test('are written down so many times a minute, however many addresses they come from', () => {
    const logins = createFailedLogins();
    const recorded = (atMs: number): number => {
      let count = 0;
      for (let host = 0; host < 100; host += 1)
        count += logins.count(`10.0.0.${host}`, atMs).recorded ? 1 : 0;
      return count;
    };
    expect(recorded(0)).toBe(RECORDED_MAX);
    expect(recorded(MINUTE_MS - 1)).toBe(0);
    expect(recorded(MINUTE_MS)).toBe(RECORDED_MAX);
  });

  test('are remembered of so many addresses; the one that began longest ago is forgotten first', () => {
    const logins = createFailedLogins();
    fail(logins, '192.0.2.1', FAILURES_MAX + 1);
    const fill = (from: number, to: number): void => {
      for (let at = from; at < to; at += 1) logins.count(`10.${at >> 16}.${(at >> 8) & 255}.${at & 255}`, 1);
    };
    fill(0, ADDRESSES_MAX - 1);
    expect(logins.count('192.0.2.1', 2).retryAfterSeconds).toBe(60);
    fill(ADDRESSES_MAX - 1, ADDRESSES_MAX);
    expect(logins.count('192.0.2.1', 2).retryAfterSeconds).toBeUndefined();
  });
});
