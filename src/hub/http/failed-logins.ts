import { MINUTE_MS, SECOND_MS } from '../../domain/time.ts';
import { isV4, parseAddress } from '../../lib/ip-address.ts';

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

interface Window {
  readonly startMs: number;
  count: number;
}

export function createFailedLogins(): FailedLogins {
  const windows = new Map<string, Window>();
  let written: Window = { startMs: Number.NEGATIVE_INFINITY, count: 0 };
  return {
    count(address, monotonicMs) {
      const window = findWindow(windows, toNetwork(address), monotonicMs);
      window.count += 1;
      if (window.count > FAILURES_MAX) {
        const leftMs = window.startMs + MINUTE_MS - monotonicMs;
        return { retryAfterSeconds: Math.max(1, Math.ceil(leftMs / SECOND_MS)), recorded: false };
      }
      if (monotonicMs - written.startMs >= MINUTE_MS) written = { startMs: monotonicMs, count: 0 };
      written.count += 1;
      return { retryAfterSeconds: undefined, recorded: written.count <= RECORDED_MAX };
    },
  };
}

function findWindow(windows: Map<string, Window>, network: string, monotonicMs: number): Window {
  const known = windows.get(network);
  if (known !== undefined && monotonicMs - known.startMs < MINUTE_MS) return known;
  // Deleted first, so that the map's order is that of the windows' starts.
  windows.delete(network);
  const [oldest] = windows.keys();
  if (windows.size >= ADDRESSES_MAX && oldest !== undefined) windows.delete(oldest);
  const window: Window = { startMs: monotonicMs, count: 0 };
  windows.set(network, window);
  return window;
}

/** Whoever has one IPv6 address has its whole /64. */
function toNetwork(address: string): string {
  const words = parseAddress(address);
  return words === undefined || isV4(words) ? address : `${words[0]} ${words[1]}`;
}
