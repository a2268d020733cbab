import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { LimitCharge } from '../../../../src/domain/limit.ts';
import { createMemoryCounters } from '../../../../src/edge/counters/memory.ts';
import type { Taken } from '../../../../src/ports.ts';
import { createModelCounters } from './model.ts';
import { LIMITS, operations } from './operations.ts';
import type { Operation } from './operations.ts';

test('answers as a Map of arrays would, whatever is packed, moved, freed and reused', () => {
  fc.assert(
    fc.property(operations({ limits: LIMITS, subjects: 3, time: 'whole' }), (steps) => {
      compare(steps);
    }),
    { numRuns: 150 },
  );
});

test('answers as a Map of arrays would for many subjects, while the table grows and is swept', () => {
  fc.assert(
    fc.property(operations({ limits: LIMITS.slice(0, 5), subjects: 5_000, time: 'whole' }), (steps) => {
      compare(steps.map((step) => ({ ...step, charges: step.charges.flatMap(withNeighbours) })));
    }),
    { numRuns: 25 },
  );
});

function compare(steps: readonly Operation[]): void {
  const counters = createMemoryCounters({ slotsMax: 100_000 });
  const model = createModelCounters();
  const granted: { readonly charges: readonly LimitCharge[]; readonly taken: Taken }[] = [];
  let elapsedMs = 0;
  for (const step of steps) {
    elapsedMs += step.passMs;
    for (let time = 0; time < step.times; time += 1) {
      elapsedMs += step.stepMs;
      const atMs = elapsedMs - step.lagMs;
      const now = { wallMs: 0, monotonicMs: atMs };
      if (step.kind === 'take') {
        const taken = counters.take(step.charges, now);
        expect(taken).toEqual(model.take(step.charges, atMs));
        if (taken.granted) granted.push({ charges: step.charges, taken });
      } else if (step.kind === 'giveBack') {
        const [back] = granted.splice(step.which % Math.max(1, granted.length), 1);
        if (back === undefined) continue;
        counters.giveBack(back.charges, back.taken, now);
        model.giveBack(back.charges, back.taken, atMs);
      }
      expect(counters.peek(step.charges, now)).toEqual(model.peek(step.charges, atMs));
    }
  }
}

/** The same charge for the subjects next to it, so that few operations touch many counters. */
function withNeighbours({ limit, subject }: LimitCharge): readonly LimitCharge[] {
  return Array.from({ length: 20 }, (_, offset) => ({
    limit,
    subject: { ...subject, word0: subject.word0 + offset * 257 },
  }));
}
