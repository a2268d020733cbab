import fc from 'fast-check';
import type { Limit, LimitCharge, LimitScope } from '../../../../src/domain/limit.ts';

/** One step against a counter store: time passes, then something is asked `times` over, with `stepMs` between. */
export interface Operation {
  readonly kind: 'take' | 'peek' | 'giveBack';
  readonly charges: readonly LimitCharge[];
  readonly passMs: number;
  readonly times: number;
  readonly stepMs: number;
  /** Which of the takes that were granted is given back. */
  readonly which: number;
  /** How far the clock's readings lie behind what was read before. */
  readonly lagMs: number;
}

export function limitOf(count: number, windowMs: number, scope: LimitScope = 'key'): Limit {
  return { scope, count, windowMs, name: `${scope}-${windowMs}` };
}

/** Several counts share a window, so that the same counter is asked with changing counts, exact and merged. */
export const LIMITS: readonly Limit[] = [
  limitOf(1, 10),
  limitOf(3, 100),
  limitOf(20, 1_000),
  limitOf(5, 1_000, 'account'),
  limitOf(7, 1_000, 'session'),
  limitOf(64, 6_300),
  limitOf(65, 6_300),
  limitOf(40, 6_300),
  limitOf(300, 6_300),
  limitOf(100, 777, 'account'),
  limitOf(1_000, 63_000),
];

export interface OperationOptions {
  readonly limits: readonly Limit[];
  readonly subjects: number;
  /** Whole milliseconds, or any. */
  readonly time: 'whole' | 'fractional';
}

/** Lists of operations that crowd the edges: the same instant, exact windows, W/63, and bursts that fill rings. */
export function operations({ limits, subjects, time }: OperationOptions): fc.Arbitrary<readonly Operation[]> {
  const windows = limits.map((limit) => limit.windowMs);
  const anyMs =
    time === 'whole'
      ? fc.nat({ max: 2_000 })
      : fc.double({ min: 0, max: 2_000, noNaN: true, noDefaultInfinity: true });
  const passMs = fc.oneof(
    { weight: 4, arbitrary: fc.constantFrom(0, 1, 5) },
    { weight: 4, arbitrary: anyMs },
    { weight: 1, arbitrary: fc.constantFrom(...windows) },
    { weight: 1, arbitrary: fc.constantFrom(...windows.map((windowMs) => Math.floor(windowMs / 63))) },
  );
  const charge = fc
    .record({ limit: fc.constantFrom(...limits), number: fc.nat({ max: subjects - 1 }) })
    .map(({ limit, number }): LimitCharge => ({
      limit,
      subject: { word0: number, word1: ~number, word2: 7 },
    }));
  const operation = fc.record({
    kind: fc.constantFrom<Operation['kind']>('take', 'take', 'take', 'take', 'peek', 'giveBack'),
    charges: fc.array(charge, { minLength: 1, maxLength: 3 }),
    passMs,
    times: fc.oneof({ weight: 3, arbitrary: fc.constant(1) }, { weight: 1, arbitrary: fc.nat({ max: 90 }) }),
    stepMs: fc.constantFrom(0, 1, 3, 20, 99, 100, 101),
    which: fc.nat({ max: 50 }),
    lagMs: fc.oneof({ weight: 5, arbitrary: fc.constant(0) }, { weight: 1, arbitrary: anyMs }),
  });
  return fc.array(operation, { minLength: 1, maxLength: 60, size: 'max' });
}
