import type { After } from '../../../../src/edge/tokens/timers.ts';
import type { TestClock } from '../../../world.ts';

/** Timers that ring when a test moves the clock. */
export interface TestTimers {
  readonly after: After;
  /** Timers that wait. */
  readonly count: () => number;
  /** Moves the clock on, in steps from one timer to the next, and lets what each began go on. */
  advance(durationMs: number): Promise<void>;
}

interface Waiting {
  readonly dueMs: number;
  readonly run: () => void;
}

export function createTestTimers(clock: TestClock): TestTimers {
  const waiting = new Set<Waiting>();
  return {
    after(delayMs, run) {
      const timer = { dueMs: clock.now().monotonicMs + delayMs, run };
      waiting.add(timer);
      return () => void waiting.delete(timer);
    },
    count: () => waiting.size,
    async advance(durationMs) {
      const endMs = clock.now().monotonicMs + durationMs;
      for (;;) {
        const [next] = [...waiting].filter(({ dueMs }) => dueMs <= endMs).sort((a, b) => a.dueMs - b.dueMs);
        if (next === undefined) break;
        clock.advance(Math.max(0, next.dueMs - clock.now().monotonicMs));
        waiting.delete(next);
        next.run();
        await settled();
      }
      clock.advance(endMs - clock.now().monotonicMs);
      await settled();
    },
  };
}

/** Every promise that can go on without the outside has gone on. */
export function settled(): Promise<void> {
  return new Promise((resolve) => void setImmediate(resolve));
}
