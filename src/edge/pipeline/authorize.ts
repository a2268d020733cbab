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
  return andThen(admit(check, ports), (admitted): Eventually<Decision> => {
    if ('kind' in admitted) return admitted;
    return andThen(spendOnce(admitted, ports), (spending) => toDecision(spending, admitted));
  });
}

/** The same stages up to the limits, which are looked at and not taken. */
export function inspect(check: Check, ports: AuthorizePorts): Eventually<Decision> {
  return andThen(admit(check, ports), (admitted): Eventually<Decision> => {
    if ('kind' in admitted) return admitted;
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
function admit({ request, place, now }: Check, ports: AuthenticatePorts): Eventually<Admitted | Decision> {
  if (place.route === undefined) return deny(place.denial);
  const { api, area } = place;
  if (isFreePreflight(area, request)) return { kind: 'allow' };

  const credential = readCredential(area, request.headers);
  if ('code' in credential) return deny(credential);
  const presented = { api, credential, now, withinMs: patienceOf(request) };
  return andThen(authenticate(presented, ports), (principal): Admitted | Decision => {
    if (principal instanceof DependencyDown) return { kind: 'outage', dependency: principal.dependency };
    return 'code' in principal ? deny(principal) : admitPrincipal({ request, place, now }, principal);
  });
}

/** The stages that judge who is known. */
function admitPrincipal(
  { request, place, now }: Check & { readonly place: Found },
  principal: Principal,
): Admitted | Decision {
  const { api, route } = place;
  const early =
    checkAddress(principal.profile.allowlist, request, api.clientAddress) ??
    checkStanding(principal.account) ??
    (api.billing ? checkBilling(principal.account, now) : undefined);
  if (early !== undefined) return { kind: 'deny', denial: early, principal };

  const tier = findTier(api, principal);
  if (tier === undefined) return { kind: 'outage', dependency: 'configuration', principal };
  const lacking = checkNeeds(route, tier, principal.profile);
  if (lacking !== undefined) return { kind: 'deny', denial: lacking, principal, tier };
  return { api, route, request, now, principal, tier, charges: planLimits(tier, principal) };
}

function deny(denial: Denial): Decision {
  return { kind: 'deny', denial };
}

function toDecision(spending: Spending, { principal, tier }: Admitted): Decision {
  switch (spending.kind) {
    case 'spent': {
      const { limits, degraded } = spending;
      return { kind: 'allow', principal, tier, limits, ...(degraded === undefined ? {} : { degraded }) };
    }
    case 'refused':
      return { kind: 'deny', denial: spending.denial, principal, tier, limits: spending.limits };
    case 'outage':
      return { kind: 'outage', dependency: spending.dependency, principal, tier };
  }
}
