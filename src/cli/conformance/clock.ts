import type { Clock } from '../../ports.ts';

/** A clock that stands still until it is moved. */
export interface MovableClock extends Clock {
  /** Both sides move on, as when time passes. */
  advance(durationMs: number): void;
  /** The wall side alone moves on, as when an operator or NTP sets the clock. */
  jump(durationMs: number): void;
}

/** Begins at a wall time; the monotonic side begins at an arbitrary number, so that nothing can confuse the two. */
export function createMovableClock(startMs: number): MovableClock {
  let now = { wallMs: startMs, monotonicMs: 1_234.5 };
  return {
    now: () => now,
    advance(durationMs) {
      now = { wallMs: now.wallMs + durationMs, monotonicMs: now.monotonicMs + durationMs };
    },
    jump(durationMs) {
      now = { wallMs: now.wallMs + durationMs, monotonicMs: now.monotonicMs };
    },
  };
}
