import { MINUTE_MS, SECOND_MS } from '../../domain/time.ts';

/**
 * Exchanges of one key in a minute. Each is a write before which charges wait and a row that stays for a day, and a session is made to be kept:
 * a client that begins one for every request would fill the disk.
 */
export const EXCHANGES_MAX = 300;
/** Keys remembered; the one whose minute began longest ago is forgotten first. */
export const KEYS_MAX = 10_000;

/** How often keys become sessions. */
export interface ExchangeRate {
  /** Counts an exchange of a key that has been shown, or answers after how many whole seconds there is room for one. */
  take(keyId: string, monotonicMs: number): number | undefined;
}

interface Minute {
  readonly startMs: number;
  count: number;
}

export function createExchangeRate(): ExchangeRate {
  const minutes = new Map<string, Minute>();

  function findMinute(keyId: string, monotonicMs: number): Minute {
    const known = minutes.get(keyId);
    if (known !== undefined && monotonicMs - known.startMs < MINUTE_MS) return known;
    // Deleted first, so that the map's order is that of the minutes' starts.
    minutes.delete(keyId);
    const [oldest] = minutes.keys();
    if (minutes.size >= KEYS_MAX && oldest !== undefined) minutes.delete(oldest);
    const minute: Minute = { startMs: monotonicMs, count: 0 };
    minutes.set(keyId, minute);
    return minute;
  }

  return {
    take(keyId, monotonicMs) {
      const minute = findMinute(keyId, monotonicMs);
      if (minute.count >= EXCHANGES_MAX)
        return Math.max(1, Math.ceil((minute.startMs + MINUTE_MS - monotonicMs) / SECOND_MS));
      minute.count += 1;
      return undefined;
    },
  };
}
