import { MINUTE_MS } from '../../domain/time.ts';
import { isV4, parseAddress } from '../../lib/ip-address.ts';
import { createMinutes, toSecondsLeft } from './minutes.ts';
import type { Minute } from './minutes.ts';

/** Failures of one address in a minute; further ones are answered as too many. */
export const FAILURES_MAX = 20;
/** Failures of all addresses together that are written down in a minute: strangers must not fill the audit log. */
export const RECORDED_MAX = 30;
/** Addresses remembered; the one that began to fail longest ago is forgotten first. */
export const ADDRESSES_MAX = 10_000;

export interface Failure {
  /** Whole seconds until the address begins anew; undefined while it has not failed too often. */
  readonly retryAfterSeconds: number | undefined;
  readonly recorded: boolean;
}

export interface FailedLogins {
  /** Counts a failure. Nobody asks here before a token is known to be wrong: a right one is never kept out. */
  count(address: string, monotonicMs: number): Failure;
}

export function createFailedLogins(): FailedLogins {
  const minutes = createMinutes(ADDRESSES_MAX);
  let written: Minute = { startMs: Number.NEGATIVE_INFINITY, count: 0 };
  return {
    count(address, monotonicMs) {
      const minute = minutes.find(toNetwork(address), monotonicMs);
      minute.count += 1;
      if (minute.count > FAILURES_MAX) {
        return { retryAfterSeconds: toSecondsLeft(minute, monotonicMs), recorded: false };
      }
      if (monotonicMs - written.startMs >= MINUTE_MS) written = { startMs: monotonicMs, count: 0 };
      written.count += 1;
      return { retryAfterSeconds: undefined, recorded: written.count <= RECORDED_MAX };
    },
  };
}

/** Whoever has one IPv6 address has its whole /64. */
function toNetwork(address: string): string {
  const words = parseAddress(address);
  return words === undefined || isV4(words) ? address : `${words[0]} ${words[1]}`;
}
