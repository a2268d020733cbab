import type { ChargeOutcome, CreditCharge } from '../../domain/credits.ts';
import type { LimitCharge, LimitState } from '../../domain/limit.ts';
import type { Api, Route, Tier } from '../../domain/policy.ts';
import { ACCOUNT_ROW_NONE } from '../../domain/principal.ts';
import type { Principal } from '../../domain/principal.ts';
import type { AuthzRequest } from '../../domain/request.ts';
import type { Spending } from '../../domain/spending.ts';
import type { Now } from '../../domain/time.ts';
import { DependencyDown } from '../../ports.ts';
import type { CounterStore, Credits, Eventually, Repeats, Taken } from '../../ports.ts';
import { attempt } from './attempt.ts';
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
}

/** Takes limits and credits, all or none, and only once for a check that the gateway sends again. */
export function spendOnce(admitted: Admitted, ports: SpendPorts): Eventually<Spending> {
  const { api, route, request, principal, charges, now } = admitted;
  // What spends nothing may as well be decided twice: remembering it costs more.
  if (charges.length === 0 && route.cost === 0) return { kind: 'spent', limits: [] };
  const limits = charges.map((charge) => charge.limit);
  const check = { api, request, principal, limits, cost: route.cost };
  return ports.repeats.once(check, now, () => spend(admitted, ports));
}

function spend(admitted: Admitted, ports: SpendPorts): Eventually<Spending> {
  const { charges, now, api } = admitted;
  return andThen(
    attempt(() => ports.counters.take(charges, now)),
    (taken): Eventually<Spending> => {
      if (taken instanceof DependencyDown) {
        if (api.onOutage.limits === 'deny') return { kind: 'outage', dependency: taken.dependency };
        return charge(admitted, ports, undefined);
      }
      const excess = judgeTake(taken);
      if (excess !== undefined) return { kind: 'refused', denial: excess, limits: taken.states };
      return charge(admitted, ports, taken);
    },
  );
}

/** Credits come last; `taken` is undefined where the limits were waived. */
function charge(admitted: Admitted, ports: SpendPorts, taken: Taken | undefined): Eventually<Spending> {
  const cost = planCharge(admitted, admitted.principal, admitted.now);
  if (cost === undefined) return spent(taken, undefined);
  const giveLimitsBack = (): Eventually<readonly LimitState[]> => giveBack(admitted, ports.counters, taken);
  return chargeCredits(cost, admitted.request, ports.credits).then(
    (outcome): Eventually<Spending> => {
      if (outcome instanceof DependencyDown) {
        if (admitted.api.onOutage.credits === 'allow') return spent(taken, outcome);
        return andThen(giveLimitsBack(), () => ({ kind: 'outage', dependency: outcome.dependency }));
      }
      const denial = judgeCharge(outcome);
      if (denial === undefined) return spent(taken, undefined);
      return andThen(giveLimitsBack(), (limits) => ({ kind: 'refused', denial, limits }));
    },
    // A bug refuses as well, so it must not cost the client a request of its limits.
    (bug: unknown) =>
      andThen(giveLimitsBack(), () => {
        throw bug;
      }),
  );
}

const NOTHING_TO_SPEND: ChargeOutcome = { result: 'insufficient', remaining: 0 };

async function chargeCredits(
  cost: CreditCharge,
  request: AuthzRequest,
  credits: Credits,
): Promise<ChargeOutcome | DependencyDown> {
  if (cost.accountRow === ACCOUNT_ROW_NONE) return NOTHING_TO_SPEND;
  return attempt(() => credits.charge(cost, patienceOf(request)));
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
