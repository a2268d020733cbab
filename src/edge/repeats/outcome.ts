import type { LimitState } from '../../domain/limit.ts';
import type { Spending } from '../../domain/spending.ts';

/** A spending that may be remembered: an outage says nothing about the check, so its repeat tries again. */
export type Settled = Exclude<Spending, { readonly kind: 'outage' }>;

/** The outcomes that nearly all checks have, by number. Any other one is kept as an object. */
const OUTCOMES: readonly Settled[] = [
  { kind: 'spent', limits: [] },
  { kind: 'spent', limits: [], degraded: 'limits' },
  { kind: 'spent', limits: [], degraded: 'credits' },
  { kind: 'refused', limits: [], denial: { code: 'rate_limited' } },
  { kind: 'refused', limits: [], denial: { code: 'insufficient_credits' } },
];

/** The number of a spending's outcome, its limits left aside; undefined where it has none. */
export function toOutcome(spending: Settled): number | undefined {
  let index = 0;
  for (const outcome of OUTCOMES) {
    if (isSameOutcome(outcome, spending)) return index;
    index += 1;
  }
  return undefined;
}

export function fromOutcome(index: number, limits: readonly LimitState[]): Settled {
  const outcome = OUTCOMES[index];
  if (outcome === undefined) throw new RangeError('no such outcome');
  return { ...outcome, limits };
}

/** How a limit stands `ageMs` later, as far as this check can tell: the same times, come nearer. */
export function toAged(state: LimitState, ageMs: number): LimitState {
  return {
    limit: state.limit,
    remaining: state.remaining,
    resetMs: Math.max(0, state.resetMs - ageMs),
    waitMs: Math.max(0, state.waitMs - ageMs),
  };
}

function isSameOutcome(a: Settled, b: Settled): boolean {
  if (a.kind === 'spent') return b.kind === 'spent' && a.degraded === b.degraded;
  return b.kind === 'refused' && a.denial.code === b.denial.code;
}
