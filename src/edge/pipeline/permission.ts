import type { Denial } from '../../domain/decision.ts';
import type { Api, Route, Tier } from '../../domain/policy.ts';
import { TIER_OF_ACCOUNT } from '../../domain/principal.ts';
import type { KeyProfile, Principal } from '../../domain/principal.ts';

/** The lower of the key's and the account's tier; undefined when the configuration does not know one of them. */
export function findTier(api: Api, principal: Principal): Tier | undefined {
  const { profile, account } = principal;
  const own = profile.tier === TIER_OF_ACCOUNT ? account.tier : profile.tier;
  // Negative indices stand for unknown names, and the lower of two indices is negative when either is.
  return api.tiers[Math.min(own, account.tier)];
}

/** What the route asks for beyond a valid key. */
export function checkNeeds(route: Route, tier: Tier, profile: KeyProfile): Denial | undefined {
  if (route.feature !== '' && !tier.features.has(route.feature)) {
    return { code: 'feature_missing', feature: route.feature };
  }
  if (route.permission !== '' && !profile.permissions.has(route.permission)) {
    return { code: 'permission_missing', permission: route.permission };
  }
  if (route.role !== '' && profile.role !== route.role) return { code: 'role_missing', role: route.role };
  return undefined;
}
