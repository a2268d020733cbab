import { MINUTE_MS, SECOND_MS } from '../../domain/time.ts';

/** What was counted of one name since its minute began. */
export interface Minute {
  readonly startMs: number;
  count: number;
}

export interface Minutes {
  /** The minute of a name that has not passed, or a new one with nothing counted. */
  find(name: string, monotonicMs: number): Minute;
}

/** So many names are remembered; the one whose minute began longest ago is forgotten first. */
export function createMinutes(namesMax: number): Minutes {
  const minutes = new Map<string, Minute>();
  return {
    find(name, monotonicMs) {
      const known = minutes.get(name);
      if (known !== undefined && monotonicMs - known.startMs < MINUTE_MS) return known;
      // Deleted first, so that the map's order is that of the minutes' starts.
      minutes.delete(name);
      const [oldest] = minutes.keys();
      if (minutes.size >= namesMax && oldest !== undefined) minutes.delete(oldest);
      const minute: Minute = { startMs: monotonicMs, count: 0 };
      minutes.set(name, minute);
      return minute;
    },
  };
}

/** Whole seconds until a minute is over; at least 1. */
export function toSecondsLeft({ startMs }: Minute, monotonicMs: number): number {
  return Math.max(1, Math.ceil((startMs + MINUTE_MS - monotonicMs) / SECOND_MS));
}
