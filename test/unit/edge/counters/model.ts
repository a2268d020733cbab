import type { LimitCharge, LimitState } from '../../../../src/domain/limit.ts';
import type { Taken } from '../../../../src/ports.ts';

interface Run {
  lastMs: number;
  uses: number;
}

/** The same rules as the packed counters, written down over a Map of arrays: nothing is packed, freed, or reused. Times are whole milliseconds. */
export function createModelCounters() {
  const runsOf = new Map<string, Run[]>();
  let latestMs = -Infinity;

  const runs = (charge: LimitCharge): Run[] => {
    const { subject, limit } = charge;
    const name = [subject.word0, subject.word1, subject.word2, limit.scope, limit.windowMs].join();
    const known = (runsOf.get(name) ?? []).filter((run) => latestMs - run.lastMs < limit.windowMs);
    runsOf.set(name, known);
    return known;
  };
  const usesOf = (list: readonly Run[]) => list.reduce((sum, run) => sum + run.uses, 0);

  function stateOf(charge: LimitCharge, demand: number): LimitState {
    const list = runs(charge);
    const { limit } = charge;
    const used = usesOf(list);
    const endOf = (nth: number) => {
      const ends = list.flatMap((run) => Array.from({ length: run.uses }, () => run.lastMs + limit.windowMs));
      return (ends[nth - 1] ?? Infinity) - latestMs;
    };
    return {
      limit,
      remaining: Math.max(0, limit.count - used),
      resetMs: used === 0 ? 0 : endOf(Math.max(1, used - limit.count + 1)),
      waitMs: used + demand <= limit.count ? 0 : endOf(used + demand - limit.count),
    };
  }

  return {
    take(charges: readonly LimitCharge[], atMs: number): Taken {
      latestMs = Math.max(latestMs, atMs);
      const granted = charges.every(
        (charge) => usesOf(runs(charge)) + demandOf(charge, charges) <= charge.limit.count,
      );
      if (granted) for (const charge of charges) add(charge, runs(charge), latestMs);
      const states = charges.map((charge) => stateOf(charge, demandOf(charge, charges)));
      return { granted, states, takenAtMs: latestMs };
    },
    giveBack(charges: readonly LimitCharge[], taken: Taken, atMs: number): void {
      latestMs = Math.max(latestMs, atMs);
      if (!taken.granted) return;
      for (const charge of charges) undo(charge, runs(charge), { takenAtMs: taken.takenAtMs, latestMs });
    },
    peek(charges: readonly LimitCharge[], atMs: number): readonly LimitState[] {
      latestMs = Math.max(latestMs, atMs);
      return charges.map((charge) => stateOf(charge, demandOf(charge, charges)));
    },
  };
}

function demandOf(charge: LimitCharge, charges: readonly LimitCharge[]): number {
  return charges.filter((other) => sameCounter(other, charge)).length;
}

function bucket(timeMs: number, { limit }: LimitCharge): number {
  return Math.floor((timeMs * 63) / limit.windowMs);
}

function add(charge: LimitCharge, list: Run[], atMs: number): void {
  const newest = list.at(-1);
  const merges = charge.limit.count > 64 && newest !== undefined;
  if (newest?.lastMs === atMs || (merges && bucket(newest.lastMs, charge) === bucket(atMs, charge))) {
    list.splice(-1, 1, { lastMs: atMs, uses: (newest?.uses ?? 0) + 1 });
    return;
  }
  // The one trace that packing leaves: 64 entries are the most, so exact ones are merged where they would be more.
  if (list.length === 64) {
    const merged = Map.groupBy(list, (run) => bucket(run.lastMs, charge));
    const joined = [...merged.values()].map((group) => ({
      lastMs: Math.max(...group.map((run) => run.lastMs)),
      uses: group.reduce((sum, run) => sum + run.uses, 0),
    }));
    list.splice(0, list.length, ...joined);
  }
  list.push({ lastMs: atMs, uses: 1 });
}

function undo(charge: LimitCharge, list: Run[], time: { takenAtMs: number; latestMs: number }): void {
  if (time.latestMs - time.takenAtMs >= charge.limit.windowMs) return;
  const index = list.findIndex((run) => run.lastMs >= time.takenAtMs);
  const run = list[index];
  if (run === undefined || bucket(run.lastMs, charge) !== bucket(time.takenAtMs, charge)) return;
  if (run.uses === 1) list.splice(index, 1);
  else run.uses -= 1;
}

function sameCounter(a: LimitCharge, b: LimitCharge): boolean {
  return a.limit.scope === b.limit.scope && a.limit.windowMs === b.limit.windowMs && sameSubject(a, b);
}

function sameSubject({ subject: a }: LimitCharge, { subject: b }: LimitCharge): boolean {
  return a.word0 === b.word0 && a.word1 === b.word1 && a.word2 === b.word2;
}
