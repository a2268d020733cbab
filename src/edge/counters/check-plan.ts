import type { LimitCharge, LimitState } from '../../domain/limit.ts';
import type { CounterTable } from './counter-table.ts';
import { USES_MAX } from './window.ts';
import type { WindowView } from './window.ts';

/** Charges in one check: its tier's limits and its key's own. */
export const CHARGES_MAX = 64;

/**
 * The charges of one check against the table: `read` them, ask whether all of them fit, count them, tell how they stand.
 * One plan serves check after check, so that a take allocates nothing but its answer.
 */
export class CheckPlan {
  /** Counters that would have to be created. */
  private missing = 0;
  private atMs = 0;
  private charges: readonly LimitCharge[] = [];
  private readonly table: CounterTable;
  /** By the charge's place: the first place that names the same counter. The rest is kept at that place alone. */
  private readonly firsts = new Int32Array(CHARGES_MAX);
  /** The counter's slot; -1 where it has none yet. */
  private readonly slots = new Int32Array(CHARGES_MAX);
  /** Uses that count in it. */
  private readonly used = new Int32Array(CHARGES_MAX);
  /** Stays open on the counter from reading it to telling of it: opened once instead of three times, 0.1 µs of a check with two limits. */
  private readonly views: WindowView[] = [];
  /** How many charges name it. */
  private readonly demands = new Int32Array(CHARGES_MAX);

  constructor(table: CounterTable) {
    this.table = table;
  }

  /** Finds the counters and drops what has ended in them. Creating or freeing counters elsewhere makes this stale. */
  read(charges: readonly LimitCharge[], atMs: number): void {
    if (charges.length > CHARGES_MAX) throw new RangeError('a check has too many charges');
    this.charges = charges;
    this.atMs = atMs;
    this.missing = 0;
    let place = 0;
    for (const charge of charges) {
      const first = this.firstPlaceOf(charge, place);
      this.firsts[place] = first;
      this.demands[first] = first === place ? 1 : this.demandAt(first) + 1;
      if (first === place) this.readCounter(charge, place);
      place += 1;
    }
  }

  fits(): boolean {
    let place = 0;
    for (const { limit } of this.charges) {
      if (this.usedAt(place) + this.demandAt(place) > Math.min(limit.count, USES_MAX)) return false;
      place += 1;
    }
    return true;
  }

  /** Whether what is missing can be created; where not, `sweepSteps` slots are looked at first for counters that are idle. */
  hasRoom(sweepSteps: number): boolean {
    if (this.missing <= this.table.room) return true;
    this.table.sweepAll(sweepSteps, this.atMs);
    this.read(this.charges, this.atMs);
    return this.missing <= this.table.room;
  }

  /** Counts one use of every charge. It was asked whether they fit and whether there is room. */
  count(): void {
    let place = 0;
    for (const charge of this.charges) {
      const first = this.firsts[place] ?? 0;
      const view = this.viewAt(first);
      if (this.slots[first] === -1) view.open((this.slots[first] = this.table.create(charge)));
      view.add(this.atMs, charge.limit.count);
      this.used[first] = view.used;
      place += 1;
    }
    this.missing = 0;
  }

  /** How every limit stands now. */
  states(): readonly LimitState[] {
    const states: LimitState[] = [];
    for (const charge of this.charges) states.push(this.stateOf(charge, states.length));
    return states;
  }

  private firstPlaceOf(charge: LimitCharge, place: number): number {
    let first = 0;
    for (const other of this.charges) {
      if (first === place || namesSameCounter(other, charge)) break;
      first += 1;
    }
    return first;
  }

  private readCounter(charge: LimitCharge, place: number): void {
    const slot = this.table.find(charge);
    this.slots[place] = slot;
    if (slot === -1) {
      this.missing += 1;
      this.used[place] = 0;
    } else {
      this.used[place] = this.viewAt(place).open(slot).dropEnded(this.atMs);
    }
  }

  private stateOf({ limit }: LimitCharge, place: number): LimitState {
    const count = Math.min(limit.count, USES_MAX);
    const demand = this.demandAt(place);
    const used = this.usedAt(place);
    const excess = used + demand - count;
    return {
      limit,
      remaining: Math.max(0, count - used),
      resetMs: used === 0 ? 0 : this.untilEnded(place, Math.max(1, used - count + 1)),
      waitMs: excess <= 0 ? 0 : this.waitFor(place, excess),
    };
  }

  private waitFor(place: number, excess: number): number {
    return excess > this.usedAt(place) ? Infinity : this.untilEnded(place, excess);
  }

  /** Milliseconds until the oldest `uses` of a counter have ended. Asking again after them finds them ended: rounding is added, never lost. */
  private untilEnded(place: number, uses: number): number {
    const { atMs } = this;
    const view = this.viewAt(this.firsts[place] ?? 0);
    const sinceMs = view.lastOfOldest(uses);
    const ms = sinceMs + view.windowMs - atMs;
    if (atMs + ms - sinceMs >= view.windowMs) return ms;
    return ms + 2 * Number.EPSILON * (atMs + ms);
  }

  private usedAt(place: number): number {
    return this.used[this.firsts[place] ?? 0] ?? 0;
  }

  /** There are as many as a check ever had charges. */
  private viewAt(place: number): WindowView {
    return (this.views[place] ??= this.table.createView());
  }

  private demandAt(place: number): number {
    return this.demands[this.firsts[place] ?? 0] ?? 0;
  }
}

/** Subjects are the same where their 32 bits are, signed or not: the table keeps nothing else of them. */
function namesSameCounter(a: LimitCharge, b: LimitCharge): boolean {
  if (a === b) return true;
  return (
    a.limit.windowMs === b.limit.windowMs &&
    a.limit.scope === b.limit.scope &&
    (a.subject.word0 ^ b.subject.word0) === 0 &&
    (a.subject.word1 ^ b.subject.word1) === 0 &&
    (a.subject.word2 ^ b.subject.word2) === 0
  );
}
