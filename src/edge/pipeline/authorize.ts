import type { Decision, Denial } from '../../domain/decision.ts';
import type { Principal } from '../../domain/principal.ts';
import type { AuthzRequest } from '../../domain/request.ts';
import type { Spending } from '../../domain/spending.ts';
import type { Now } from '../../domain/time.ts';
import { DependencyDown } from '../../ports.ts';
import type { Eventually } from '../../ports.ts';
import { checkBilling, checkStanding } from './account.ts';
import { checkAddress } from './address.ts';
import { attempt } from './attempt.ts';
import { authenticate } from './authenticate.ts';
import type { AuthenticatePorts } from './authenticate.ts';
import { readCredential } from './credential.ts';
import { andThen } from './eventually.ts';
import { planLimits } from './limits.ts';
import { checkNeeds, findTier } from './permission.ts';
import { patienceOf } from './patience.ts';
import { isFreePreflight } from './preflight.ts';
import type { Found, Place } from './route.ts';
import { spendOnce } from './spend.ts';
import type { Admitted, SpendPorts } from './spend.ts';

export interface Check {
  readonly request: AuthzRequest;
  readonly place: Place;
  readonly now: Now;
}

export interface AuthorizePorts extends AuthenticatePorts, SpendPorts {}

/** The decision on one check. Whatever is not an explicit allow is a refusal. */
export function authorize(check: Check, ports: AuthorizePorts): Eventually<Decision> {
  const admitted = admit(check, ports);
  return admitted instanceof Promise
    ? admitted.then((known) => settle(known, ports))
    : settle(admitted, ports);
}

function settle(admitted: Admitted | Decision, ports: AuthorizePorts): Eventually<Decision> {
  if (admitted.kind !== 'admitted') return admitted;
  const spending = spendOnce(admitted, ports);
  return spending instanceof Promise
    ? spending.then((known) => toDecision(known, admitted))
    : toDecision(spending, admitted);
}

/** The same stages up to the limits, which are looked at and not taken. */
export function inspect(check: Check, ports: AuthorizePorts): Eventually<Decision> {
  return andThen(admit(check, ports), (admitted): Eventually<Decision> => {
    if (admitted.kind !== 'admitted') return admitted;
    const { principal, tier, charges } = admitted;
    return andThen(
      attempt(() => ports.counters.peek(charges, check.now)),
      (limits): Decision =>
        limits instanceof DependencyDown
          ? { kind: 'outage', dependency: limits.dependency, principal, tier }
          : { kind: 'allow', principal, tier, limits },
    );
  });
}

/** Every stage that changes nothing, in the order in which a request meets them. */
function admit(check: Check, ports: AuthorizePorts): Eventually<Admitted | Decision> {
  const { request, place, now } = check;
  if (place.route === undefined) return deny(place.denial);
  const { api, area } = place;
  if (isFreePreflight(area, request)) return { kind: 'allow' };

  const credential = readCredential(area, request.headers);
  if ('code' in credential) return deny(credential);
  const presented = { api, credential, now, withinMs: patienceOf(request, ports.budgetMs) };
  const known = authenticate(presented, ports);
  return known instanceof Promise
    ? known.then((principal) => admitKnown(check, place, principal))
    : admitKnown(check, place, known);
}

function admitKnown(
  check: Check,
  place: Found,
  known: Principal | Denial | DependencyDown,
): Admitted | Decision {
  if (known instanceof DependencyDown) return { kind: 'outage', dependency: known.dependency };
  return 'code' in known ? deny(known) : admitPrincipal(check, place, known);
}

/** The stages that judge who is known. */
function admitPrincipal(
  { request, now }: Check,
  { api, route }: Found,
  principal: Principal,
): Admitted | Decision {
  const early =
    checkAddress(principal.profile.allowlist, request, api.clientAddress) ??
    checkStanding(principal.account) ??
    (api.billing ? checkBilling(principal.account, now) : undefined);
  if (early !== undefined) return { kind: 'deny', denial: early, principal };

  const tier = findTier(api, principal);
  if (tier === undefined) return { kind: 'outage', dependency: 'configuration', principal };
  const lacking = checkNeeds(route, tier, principal.profile);
  if (lacking !== undefined) return { kind: 'deny', denial: lacking, principal, tier };
  const charges = planLimits(tier, principal);
  return { kind: 'admitted', api, route, request, now, principal, tier, charges };
}

function deny(denial: Denial): Decision {
  return { kind: 'deny', denial };
}

function toDecision(spending: Spending, { principal, tier }: Admitted): Decision {
  switch (spending.kind) {
    case 'spent': {
      const { limits, degraded } = spending;
      return { kind: 'allow', principal, tier, limits, degraded };
    }
    case 'refused':
      return { kind: 'deny', denial: spending.denial, principal, tier, limits: spending.limits };
    case 'outage':
      return { kind: 'outage', dependency: spending.dependency, principal, tier };
  }
}
