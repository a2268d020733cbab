import type { ChargeOutcome } from '../../domain/credits.ts';
import type { LimitCharge, LimitState } from '../../domain/limit.ts';
import type { Api, Route, Tier } from '../../domain/policy.ts';
import { ACCOUNT_ROW_NONE } from '../../domain/principal.ts';
import type { Principal } from '../../domain/principal.ts';
import type { AuthzRequest } from '../../domain/request.ts';
import type { Spending } from '../../domain/spending.ts';
import type { Now } from '../../domain/time.ts';
import { DependencyDown } from '../../ports.ts';
import type { CounterStore, Credits, Eventually, Repeats, Taken } from '../../ports.ts';
import { attempt, attemptThen } from './attempt.ts';
import { judgeCharge, planCharge } from './credits.ts';
import { andThen } from './eventually.ts';
import { judgeTake } from './limits.ts';
import { patienceOf } from './patience.ts';

/** A request that everything but its limits and credits speaks for. */
export interface Admitted {
  /** Tells it from a decision. */
  readonly kind: 'admitted';
  readonly api: Api;
  readonly route: Route;
  readonly request: AuthzRequest;
  readonly now: Now;
  readonly principal: Principal;
  readonly tier: Tier;
  readonly charges: readonly LimitCharge[];
}

export interface SpendPorts {
  readonly counters: CounterStore;
  readonly credits: Credits;
  readonly repeats: Repeats;
  /** Told of the credits that a check has spent. */
  readonly onCharged: (api: Api, credits: number) => void;
  /** How long a check may wait for all that it asks together, in milliseconds. */
  readonly budgetMs: number;
}

/** Takes limits and credits, all or none, and only once for a check that the gateway sends again. */
export function spendOnce(admitted: Admitted, ports: SpendPorts): Eventually<Spending> {
  const { route, charges, now } = admitted;
  // What spends nothing may as well be decided twice: remembering it costs more.
  if (charges.length === 0 && route.cost === 0) return { kind: 'spent', limits: [] };
  return ports.repeats.once(admitted, now, () => spend(admitted, ports));
}

function spend(admitted: Admitted, ports: SpendPorts): Eventually<Spending> {
  const taken = attempt(() => ports.counters.take(admitted.charges, admitted.now));
  return taken instanceof Promise
    ? taken.then((known) => chargeTaken(admitted, ports, known))
    : chargeTaken(admitted, ports, taken);
}

function chargeTaken(
  admitted: Admitted,
  ports: SpendPorts,
  taken: Taken | DependencyDown,
): Eventually<Spending> {
  if (taken instanceof DependencyDown) {
    if (admitted.api.onOutage.limits === 'deny') return { kind: 'outage', dependency: taken.dependency };
    return charge(admitted, ports, undefined);
  }
  const excess = judgeTake(taken);
  if (excess !== undefined) return { kind: 'refused', denial: excess, limits: taken.states };
  return charge(admitted, ports, taken);
}

/** Credits come last; `taken` is undefined where the limits were waived. */
function charge(admitted: Admitted, ports: SpendPorts, taken: Taken | undefined): Eventually<Spending> {
  const { request, principal, now } = admitted;
  const cost = planCharge(admitted, principal, now);
  if (cost === undefined) return spent(taken, undefined);
  if (cost.accountRow === ACCOUNT_ROW_NONE)
    return settleCharge(admitted, ports, { taken, outcome: NOTHING_TO_SPEND });
  // What the check has waited for before, a token's keys for instance, is gone from its time.
  const untilMs = now.monotonicMs + patienceOf(request, ports.budgetMs);
  return attemptThen(() => ports.credits.charge(cost, untilMs), {
    next: (outcome) => settleCharge(admitted, ports, { taken, outcome }),
    // A bug refuses as well, so it must not cost the client a request of its limits.
    onBug: (bug) =>
      andThen(giveBack(admitted, ports.counters, taken), () => {
        throw bug;
      }),
  });
}

const NOTHING_TO_SPEND: ChargeOutcome = { result: 'insufficient', remaining: 0 };

interface Charged {
  readonly taken: Taken | undefined;
  readonly outcome: ChargeOutcome | DependencyDown;
}

/** What is refused leaves its limits as they were. */
function settleCharge(
  admitted: Admitted,
  ports: SpendPorts,
  { taken, outcome }: Charged,
): Eventually<Spending> {
  const { api, route } = admitted;
  if (outcome instanceof DependencyDown) {
    if (api.onOutage.credits === 'allow') return spent(taken, outcome);
    const { dependency } = outcome;
    return andThen(giveBack(admitted, ports.counters, taken), () => ({ kind: 'outage', dependency }));
  }
  const denial = judgeCharge(outcome);
  if (denial !== undefined) {
    const limitsBack = giveBack(admitted, ports.counters, taken);
    return andThen(limitsBack, (limits) => ({ kind: 'refused', denial, limits }));
  }
  ports.onCharged(api, route.cost);
  return spent(taken, undefined);
}

function spent(taken: Taken | undefined, waived: DependencyDown | undefined): Spending {
  const limits = taken?.states ?? [];
  const degraded = waived?.dependency ?? (taken === undefined ? ('limits' as const) : undefined);
  return degraded === undefined ? { kind: 'spent', limits } : { kind: 'spent', limits, degraded };
}

/** A refused request leaves its limits as they were; what they show then is how they stand. */
function giveBack(
  { charges, now }: Admitted,
  counters: CounterStore,
  taken: Taken | undefined,
): Eventually<readonly LimitState[]> {
  if (taken === undefined) return [];
  const states = attempt(() =>
    andThen(counters.giveBack(charges, taken, now), () => counters.peek(charges, now)),
  );
  // The refusal stands whether or not the counters answer now.
  return andThen(states, (known) => (known instanceof DependencyDown ? [] : known));
}
