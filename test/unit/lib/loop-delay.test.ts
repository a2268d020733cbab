import fc from 'fast-check';
import { expect, test } from 'vitest';
import { LATE_MS, LoopDelay, PATIENCE_MS, TICK_MS } from '../../../src/lib/loop-delay.ts';

const LATE_TURN_MS = TICK_MS + LATE_MS + 1;

/** A loop whose turns took so long, one after the other. */
function after(turns: readonly number[]): LoopDelay {
  let nowMs = 1_000;
  const loop = new LoopDelay(nowMs);
  for (const turnMs of turns) {
    nowMs += turnMs;
    loop.tick(nowMs);
  }
  return loop;
}

const lateFor = (durationMs: number): number[] =>
  Array.from({ length: 1 + Math.ceil(durationMs / LATE_TURN_MS) }, () => LATE_TURN_MS);

test('a single turn, however long, is not called behind', () => {
  for (const turnMs of [LATE_TURN_MS, PATIENCE_MS, 60_000]) expect(after([turnMs]).isBehind).toBe(false);
});

test('a loop is behind once every turn was late for PATIENCE_MS, and not before', () => {
  const turns = lateFor(PATIENCE_MS);
  expect(after(turns.slice(0, -1)).isBehind).toBe(false);
  expect(after(turns).isBehind).toBe(true);
});

test('one turn on time ends it at once', () => {
  const turns = lateFor(PATIENCE_MS);
  expect(after([...turns, TICK_MS + LATE_MS]).isBehind).toBe(false);
  expect(after([...turns, TICK_MS, LATE_TURN_MS]).isBehind).toBe(false);
});

test('a loop in which no turn is later than LATE_MS is never behind', () => {
  const onTime = fc.array(fc.integer({ min: TICK_MS, max: TICK_MS + LATE_MS }), { maxLength: 200 });
  fc.assert(fc.property(onTime, (turns) => !after(turns).isBehind));
});
