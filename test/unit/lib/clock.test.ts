import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createClock } from '../../../src/lib/clock.ts';

function driven() {
  const at = { wall: 1_000_000, monotonic: 50 };
  const clock = createClock({ wall: () => at.wall, monotonic: () => at.monotonic });
  return { at, clock };
}

test('a system clock set back does not take the wall time with it, and time runs on', () => {
  const { at, clock } = driven();
  const before = clock.now().wallMs;
  at.wall -= 3_600_000;
  at.monotonic += 250;
  expect(clock.now().wallMs).toBe(before + 250);
  at.monotonic += 750;
  expect(clock.now().wallMs).toBe(before + 1_000);
});

test('a jump forward is adopted', () => {
  const { at, clock } = driven();
  at.wall += 3_600_000;
  at.monotonic += 1;
  expect(clock.now().wallMs).toBe(1_000_000 + 3_600_000);
});

test('wherever both sources jump, neither reading ever goes back, and wall time keeps the pace of the monotonic clock at least', () => {
  const step = fc.record({
    wall: fc.integer({ min: -10_000, max: 10_000 }),
    monotonic: fc.integer({ min: -5, max: 5_000 }),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 50 }), (steps) => {
      const { at, clock } = driven();
      let last = clock.now();
      for (const { wall, monotonic } of steps) {
        at.wall += wall;
        at.monotonic += monotonic;
        const now = clock.now();
        expect(now.monotonicMs).toBeGreaterThanOrEqual(last.monotonicMs);
        expect(now.wallMs - last.wallMs).toBeGreaterThanOrEqual(now.monotonicMs - last.monotonicMs);
        last = now;
      }
    }),
  );
});

test('the monotonic side alone is that of a reading at the same instant, and never goes back', () => {
  const { at, clock } = driven();
  at.monotonic += 7;
  expect(clock.monotonicMs()).toBe(57);
  expect(clock.now().monotonicMs).toBe(57);
  at.monotonic -= 20;
  expect(clock.monotonicMs()).toBe(57);
});
