import { createMinutes, toSecondsLeft } from '../http/minutes.ts';

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

export function createExchangeRate(): ExchangeRate {
  const minutes = createMinutes(KEYS_MAX);
  return {
    take(keyId, monotonicMs) {
      const minute = minutes.find(keyId, monotonicMs);
      if (minute.count >= EXCHANGES_MAX) return toSecondsLeft(minute, monotonicMs);
      minute.count += 1;
      return undefined;
    },
  };
}
