import { randomBytes } from 'node:crypto';
import type { Clock } from '../src/ports.ts';

/** A clock that stands still until a test moves it. */
export interface TestClock extends Clock {
  /** Both sides move on, as when time passes. */
  advance(durationMs: number): void;
  /** The wall side alone moves on, as when an operator or NTP sets the clock. */
  jump(durationMs: number): void;
}

/** Begins at a wall time; the monotonic side begins at an arbitrary number, so that nothing can confuse the two. */
export function createTestClock(startMs: number): TestClock {
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

/** Request ids in a row that a test can foretell, in the form of version 4 UUIDs. */
export interface TestRequestIds {
  readonly next: () => string;
  readonly last: () => string;
  readonly count: () => number;
}

export function createTestRequestIds(): TestRequestIds {
  let count = 0;
  return {
    next: () => toRequestId((count += 1)),
    last: () => toRequestId(count),
    count: () => count,
  };
}

function toRequestId(count: number): string {
  return `00000000-0000-4000-8000-${count.toString(16).padStart(12, '0')}`;
}

/** Real randomness: two keys of a test must differ, and nothing may depend on how. */
export function testRandomBytes(n: number): Uint8Array {
  return new Uint8Array(randomBytes(n));
}
