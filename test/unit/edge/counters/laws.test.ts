import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { LimitCharge } from '../../../../src/domain/limit.ts';
import { createMemoryCounters } from '../../../../src/edge/counters/memory.ts';
import type { Taken } from '../../../../src/ports.ts';
import { LIMITS, limitOf, operations } from './operations.ts';
import type { Operation, OperationOptions } from './operations.ts';

/** Every window with one count, so that what is promised of a limit can be read off it. */
const EXACT = [
  limitOf(1, 10),
  limitOf(3, 100),
  limitOf(20, 1_000),
  limitOf(64, 6_300),
  limitOf(7, 6_300, 'account'),
];
const MERGED = [limitOf(65, 500), limitOf(100, 777), limitOf(300, 6_300), limitOf(1_000, 63_000)];

test('no window ever holds more than its limit, whatever the clock, the counts, and what is given back', () => {
  forAll({ limits: LIMITS, subjects: 2, time: 'fractional' }, (log, { charges, taken }) => {
    if (!taken.granted) return;
    for (const charge of charges)
      expect(log.within(charge, taken.takenAtMs)).toBeLessThanOrEqual(charge.limit.count);
  });
});

test('up to 64 nothing is refused that fits', () => {
  forAll({ limits: EXACT, subjects: 2, time: 'fractional' }, (log, { charges, taken }) => {
    if (taken.granted) return;
    const full = charges.filter(
      (charge) => log.within(charge, taken.takenAtMs) + demandOf(charge, charges) > charge.limit.count,
    );
    expect(full).not.toEqual([]);
  });
});

test('above 64 nothing is refused that fits although every use counted W/63 longer', () => {
  forAll({ limits: MERGED, subjects: 1, time: 'whole' }, (log, { charges, taken }) => {
    if (taken.granted) return;
    const full = charges.filter((charge) => {
      const longer = log.within(charge, taken.takenAtMs, charge.limit.windowMs / 63);
      return longer + demandOf(charge, charges) > charge.limit.count;
    });
    expect(full).not.toEqual([]);
  });
});

test('what was refused passes after the time it was told to wait, and a limit that resets allows more', () => {
  const options = { limits: LIMITS, subjects: 1, time: 'fractional' } as const;
  fc.assert(
    fc.property(operations(options), (steps) => {
      const { counters, atMs, charges } = play(steps, () => undefined);
      const at = (waitMs: number) => ({ wallMs: 0, monotonicMs: atMs + waitMs });
      const [first] = counters.peek(charges, at(0));
      const { granted, states } = counters.take(charges, at(0));
      if (granted || first === undefined) return;
      const waitMs = Math.max(...states.map((state) => state.waitMs));
      if (first.resetMs > 0 && first.resetMs < waitMs) {
        const [later] = counters.peek(charges, at(first.resetMs));
        expect(later?.remaining).toBeGreaterThan(first.remaining);
      }
      if (waitMs < Infinity) expect(counters.take(charges, at(waitMs)).granted).toBe(true);
    }),
    { numRuns: 300 },
  );
});

test('giving back what was just taken leaves everything as it was', () => {
  const options = { limits: EXACT, subjects: 2, time: 'fractional' } as const;
  fc.assert(
    fc.property(operations(options), (steps) => {
      const { counters, atMs, charges } = play(steps, () => undefined);
      const now = { wallMs: 0, monotonicMs: atMs };
      const before = counters.peek(charges, now);
      const taken = counters.take(charges, now);
      counters.giveBack(charges, taken, now);
      expect(counters.peek(charges, now)).toEqual(before);
    }),
    { numRuns: 200 },
  );
});

interface Ask {
  readonly charges: readonly LimitCharge[];
  readonly taken: Taken;
}

/** Every use that was granted and not given back, at the time of its take. */
class UseLog {
  private readonly timesOf = new Map<string, number[]>();

  record({ charges, taken }: Ask): void {
    for (const charge of charges) this.times(charge).push(taken.takenAtMs);
  }

  erase({ charges, taken }: Ask): void {
    for (const charge of charges) this.times(charge).splice(this.times(charge).indexOf(taken.takenAtMs), 1);
  }

  /** Uses in the window that ends with this instant, or in one that is longer by `moreMs`. */
  within(charge: LimitCharge, atMs: number, moreMs = 0): number {
    return this.times(charge).filter((timeMs) => atMs - timeMs < charge.limit.windowMs + moreMs).length;
  }

  private times(charge: LimitCharge): number[] {
    const name = nameOf(charge);
    const known = this.timesOf.get(name) ?? [];
    this.timesOf.set(name, known);
    return known;
  }
}

function forAll(options: OperationOptions, check: (log: UseLog, ask: Ask) => void): void {
  fc.assert(
    fc.property(operations(options), (steps) => {
      play(steps, check);
    }),
    { numRuns: 300 },
  );
}

/** Does what the steps say, under a wall clock that jumps at will, and has every take checked after it was logged. */
function play(steps: readonly Operation[], check: (log: UseLog, ask: Ask) => void) {
  const counters = createMemoryCounters({ slotsMax: 1_000 });
  const log = new UseLog();
  const granted: Ask[] = [];
  let elapsedMs = 0;
  for (const step of steps) {
    elapsedMs += step.passMs;
    for (let time = 0; time < step.times; time += 1) {
      elapsedMs += step.stepMs;
      const now = { wallMs: (step.which - 25) * 3_600_000, monotonicMs: elapsedMs - step.lagMs };
      if (step.kind === 'take') {
        const ask = { charges: step.charges, taken: counters.take(step.charges, now) };
        if (ask.taken.granted) {
          log.record(ask);
          granted.push(ask);
        }
        check(log, ask);
      } else if (step.kind === 'giveBack') {
        const [back] = granted.splice(step.which % Math.max(1, granted.length), 1);
        if (back === undefined) continue;
        counters.giveBack(back.charges, back.taken, now);
        log.erase(back);
      }
    }
  }
  return { counters, atMs: elapsedMs, charges: steps.at(-1)?.charges ?? [] };
}

function demandOf(charge: LimitCharge, charges: readonly LimitCharge[]): number {
  return charges.filter((other) => nameOf(other) === nameOf(charge)).length;
}

function nameOf({ limit, subject }: LimitCharge): string {
  return `${subject.word0} ${limit.scope} ${limit.windowMs}`;
}
