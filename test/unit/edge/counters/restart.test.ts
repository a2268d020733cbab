import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { MINUTE_MS } from '../../../../src/domain/time.ts';
import type { Limit, LimitCharge } from '../../../../src/domain/limit.ts';
import type { Now } from '../../../../src/domain/time.ts';
import { WALL_SLACK_MS } from '../../../../src/edge/counters/counter-time.ts';
import { createMemoryCounters } from '../../../../src/edge/counters/memory.ts';
import { createWriteBehind } from '../../../../src/edge/counters/write-behind.ts';
import type { Taken } from '../../../../src/ports.ts';
import { createMemoryKeeper } from './keeper.ts';
import { limitOf } from './operations.ts';

/*
 * An edge's counters over several lives of its process, held to an exact log in true time, which no process can see:
 * each life reads a monotonic clock that begins anew, and a wall clock that jumps.
 */

const EXACT = [
  limitOf(2, 1_000),
  limitOf(3, MINUTE_MS),
  limitOf(3, 61_000),
  limitOf(6, 90_000, 'account'),
  limitOf(4, 90_000, 'session'),
];
const MERGED = [limitOf(70, 630_000), limitOf(65, 6_300)];
/** Times that fall on the ends of windows, and around them. */
const TIMES_MS = [0, 1, 4, 5, 6, 450, 995, 1_000, 30_000, 59_994, 60_000, 60_500, 60_999, 61_000, 89_990];

type Step =
  | { readonly kind: 'take'; readonly times: number; readonly charges: readonly LimitCharge[] }
  | { readonly kind: 'give_back' | 'round' }
  | { readonly kind: 'pass' | 'jump' | 'jump_and_round'; readonly ms: number }
  | { readonly kind: 'outage'; readonly down: boolean }
  | { readonly kind: 'stop' | 'kill'; readonly ms: number; readonly setBackMs: number };

test('over clean stops no window ever holds more than its limit, whatever the wall clock did while a process ran or back while none did', async () => {
  const kinds: Step['kind'][] = ['take', 'take', 'give_back', 'round', 'pass', 'jump', 'outage', 'stop'];
  await forAll({ kinds, limits: [...EXACT, ...MERGED], setBackMaxMs: 100_000 }, (life, ask) => {
    if (!ask.taken.granted) return;
    for (const charge of ask.charges) {
      expect(life.within(charge)).toBeLessThanOrEqual(charge.limit.count);
    }
  });
});

test('a kill forgets nothing but what no round had kept: uses, those of windows of a minute or less among them, and a jump of the wall clock', async () => {
  const kinds: Step['kind'][] = [
    'take',
    'take',
    'give_back',
    'round',
    'pass',
    'jump_and_round',
    'outage',
    'kill',
  ];
  await forAll(
    { kinds: [...kinds, 'stop', 'kill'], limits: [...EXACT, ...MERGED], setBackMaxMs: 100_000 },
    (life, ask) => {
      if (!ask.taken.granted) return;
      for (const charge of ask.charges) {
        expect(life.within(charge)).toBeLessThanOrEqual(charge.limit.count);
      }
    },
  );
});

test('over clean stops nothing is refused that fits, but for WALL_SLACK_MS for each stop', async () => {
  const kinds: Step['kind'][] = ['take', 'take', 'give_back', 'round', 'pass', 'jump', 'outage', 'stop'];
  await forAll({ kinds, limits: EXACT, setBackMaxMs: 0 }, (life, { charges, taken }) => {
    if (taken.granted) return;
    const full = charges.filter(
      (charge) =>
        life.within(charge, life.starts * WALL_SLACK_MS) + demandOf(charge, charges) > charge.limit.count,
    );
    expect(full).not.toEqual([]);
  });
});

describe('a window over a restart', () => {
  const day = of(limitOf(2, 86_400_000));
  const minute = of(limitOf(2, MINUTE_MS));

  test('counts on to its very end, and WALL_SLACK_MS longer', async () => {
    const life = new Lives();
    life.take([day]);
    await life.stop({ ms: 3_600_000, setBackMs: 0 });
    life.pass(86_400_000 - 3_600_000 + WALL_SLACK_MS - 1);
    expect(life.remaining(day)).toBe(1);
    life.pass(1);
    expect(life.remaining(day)).toBe(2);
  });

  test('of a minute is kept by a clean stop and forgotten by a kill; a longer one needs a round', async () => {
    const life = new Lives();
    life.take([day, minute]);
    await life.stop({ ms: 10, setBackMs: 0 });
    expect([life.remaining(day), life.remaining(minute)]).toEqual([1, 1]);
    life.take([day, minute]);
    await life.kill({ ms: 10, setBackMs: 0 });
    expect([life.remaining(day), life.remaining(minute)]).toEqual([1, 1]);
    life.take([day, minute]);
    await life.round();
    await life.kill({ ms: 10, setBackMs: 0 });
    expect([life.remaining(day), life.remaining(minute)]).toEqual([0, 1]);
  });

  test('is not opened by a wall clock that was set forward under a process that was killed after its next round', async () => {
    const life = new Lives();
    life.take([day]);
    await life.round();
    life.jump(80_000_000);
    await life.round();
    await life.kill({ ms: 86_400_000 - 1, setBackMs: 0 });
    expect(life.remaining(day)).toBe(1);
    await life.kill({ ms: 1 + 2 * WALL_SLACK_MS, setBackMs: 0 });
    expect(life.remaining(day)).toBe(2);
  });

  test('stands still while nothing runs and the wall clock is set back, and never counts from a time to come', async () => {
    const life = new Lives();
    life.take([day]);
    life.pass(1_000_000);
    await life.stop({ ms: 500_000, setBackMs: 900_000_000 });
    life.pass(86_400_000 - 1_000_000 - 1);
    expect(life.remaining(day)).toBe(1);
    life.pass(1);
    expect(life.remaining(day)).toBe(2);
  });

  test('that has ended takes no counter', async () => {
    const life = new Lives();
    life.take([day]);
    await life.stop({ ms: 86_400_000 + WALL_SLACK_MS, setBackMs: 0 });
    expect(life.usage().counters).toBe(0);
  });
});

interface Ask {
  readonly charges: readonly LimitCharge[];
  readonly taken: Taken;
}

interface Use {
  readonly name: string;
  readonly atMs: number;
  kept: boolean;
}

interface Stop {
  readonly ms: number;
  readonly setBackMs: number;
}

class Lives {
  starts = 0;
  private trueMs = 1_000_000;
  private wallAheadMs = 1_700_000_000_000;
  private bornMs = 1_000_000;
  private uses: Use[] = [];
  private taken: Ask[] = [];
  private readonly keeper = createMemoryKeeper();
  private counters = createMemoryCounters({ slotsMax: 1_000 });
  private behind = this.begin();

  take(charges: readonly LimitCharge[]): Ask {
    const ask = { charges, taken: this.counters.take(charges, this.now()) };
    if (ask.taken.granted) {
      this.taken.push(ask);
      for (const charge of charges) this.uses.push({ name: nameOf(charge), atMs: this.trueMs, kept: false });
    }
    return ask;
  }

  giveBack(): void {
    const ask = this.taken.pop();
    if (ask === undefined) return;
    this.counters.giveBack(ask.charges, ask.taken, this.now());
    for (const charge of ask.charges) {
      const index = this.uses.findLastIndex(({ name }) => name === nameOf(charge));
      // A use that has ended is left alone: it is kept as it was, and counts once more in the slack of a restart.
      const heldMs = this.trueMs - (this.uses[index]?.atMs ?? -Infinity);
      if (heldMs < charge.limit.windowMs) this.uses.splice(index, 1);
    }
  }

  async round(): Promise<void> {
    await this.behind.keepChanged();
    if (this.keeper.down) return;
    for (const use of this.uses) use.kept ||= windowOf(use.name) > MINUTE_MS;
  }

  pass(ms: number): void {
    this.trueMs += ms;
  }

  jump(ms: number): void {
    this.wallAheadMs += ms;
  }

  outage(down: boolean): void {
    this.keeper.down = down;
  }

  async stop(stop: Stop): Promise<void> {
    this.keeper.down = false;
    expect(await this.behind.keepAll(1)).toBe(true);
    for (const use of this.uses) use.kept = true;
    await this.beginAgain(stop);
  }

  async kill(stop: Stop): Promise<void> {
    this.keeper.down = false;
    this.uses = this.uses.filter(({ kept }) => kept);
    await this.beginAgain(stop);
  }

  /** Uses in the window that ends now, or in one that is longer by `moreMs`. */
  within(charge: LimitCharge, moreMs = 0): number {
    const sinceMs = this.trueMs - charge.limit.windowMs - moreMs;
    return this.uses.filter(({ name, atMs }) => name === nameOf(charge) && atMs > sinceMs).length;
  }

  remaining(charge: LimitCharge): number | undefined {
    return this.counters.peek([charge], this.now())[0]?.remaining;
  }

  usage() {
    return this.counters.usage();
  }

  private begin() {
    return createWriteBehind({
      counters: this.counters,
      hub: this.keeper,
      clock: { now: () => this.now() },
    });
  }

  private async beginAgain({ ms, setBackMs }: Stop): Promise<void> {
    this.trueMs += ms;
    this.wallAheadMs -= setBackMs;
    this.bornMs = this.trueMs;
    this.taken = [];
    this.starts += 1;
    this.counters = createMemoryCounters({ slotsMax: 1_000 });
    this.behind = this.begin();
    await this.behind.load();
  }

  private now(): Now {
    return { wallMs: this.trueMs + this.wallAheadMs, monotonicMs: this.trueMs - this.bornMs + 250.5 };
  }
}

interface Lived {
  readonly kinds: readonly Step['kind'][];
  readonly limits: readonly Limit[];
  readonly setBackMaxMs: number;
}

async function forAll({ kinds, limits, setBackMaxMs }: Lived, check: (life: Lives, ask: Ask) => void) {
  // Few limits a life, so that they are reached.
  const steps = fc.uniqueArray(fc.constantFrom(...limits), { minLength: 1, maxLength: 2 }).chain((chosen) => {
    const step = fc.oneof(...kinds.map((kind) => stepOf(kind, chosen, setBackMaxMs)));
    return fc.array(step, { minLength: 8, maxLength: 50, size: 'max' });
  });
  await fc.assert(
    fc.asyncProperty(steps, async (life) => play(life, check)),
    { numRuns: 400 },
  );
}

async function play(steps: readonly Step[], check: (life: Lives, ask: Ask) => void): Promise<void> {
  const life = new Lives();
  for (const step of steps) {
    if (step.kind === 'take') {
      for (let time = 0; time < step.times; time += 1) check(life, life.take(step.charges));
    } else if (step.kind === 'give_back') life.giveBack();
    else if (step.kind === 'round') await life.round();
    else if (step.kind === 'pass') life.pass(step.ms);
    else if (step.kind === 'jump') life.jump(step.ms);
    else if (step.kind === 'outage') life.outage(step.down);
    else if (step.kind === 'jump_and_round') {
      life.outage(false);
      life.jump(step.ms);
      await life.round();
    } else if ('setBackMs' in step) await life[step.kind](step);
  }
}

function stepOf(kind: Step['kind'], limits: readonly Limit[], setBackMaxMs: number): fc.Arbitrary<Step> {
  const someMs = fc.oneof(
    { weight: 3, arbitrary: fc.constantFrom(...TIMES_MS) },
    { weight: 1, arbitrary: fc.nat({ max: 100_000 }) },
  );
  if (kind === 'take') {
    const charges = fc.uniqueArray(fc.constantFrom(...limits), { minLength: 1, maxLength: 3 });
    return fc.record({
      kind: fc.constant(kind),
      times: fc.oneof(fc.constant(1), fc.integer({ min: 1, max: 5 }), fc.constant(75)),
      charges: charges.map((chosen) => chosen.map(of)),
    });
  }
  if (kind === 'pass' || kind === 'jump' || kind === 'jump_and_round')
    return fc.record({ kind: fc.constant(kind), ms: someMs });
  if (kind === 'outage') return fc.record({ kind: fc.constant(kind), down: fc.boolean() });
  if (kind === 'stop' || kind === 'kill') {
    return fc.record({
      kind: fc.constant(kind),
      ms: someMs,
      setBackMs: fc.oneof(
        { weight: 3, arbitrary: fc.constant(0) },
        { weight: 1, arbitrary: fc.nat({ max: setBackMaxMs }) },
      ),
    });
  }
  return fc.record({ kind: fc.constant(kind) });
}

function of(limit: Limit): LimitCharge {
  return { limit, subject: { word0: 7, word1: -7, word2: 77 } };
}

function demandOf(charge: LimitCharge, charges: readonly LimitCharge[]): number {
  return charges.filter((other) => nameOf(other) === nameOf(charge)).length;
}

function nameOf({ limit }: LimitCharge): string {
  return `${limit.scope} ${limit.windowMs}`;
}

function windowOf(name: string): number {
  return Number(name.split(' ')[1]);
}
