import type { Denial } from '../../domain/decision.ts';
import type { Limit, LimitCharge } from '../../domain/limit.ts';
import type { Tier } from '../../domain/policy.ts';
import type { Principal } from '../../domain/principal.ts';
import type { Taken } from '../../ports.ts';

/**
 * What the check takes: the tier's limits and the key's own, which can only tighten them. Where a tier has limits for sessions, these
 * stand in place of its key limits, and all sessions of a key are counted together, apart from the key's own requests.
 */
export function planLimits(tier: Tier, principal: Principal): readonly LimitCharge[] {
  const { credential, profile, subject, account } = principal;
  const ofTier = credential === 'session' ? (tier.sessionLimits ?? tier.limits) : tier.limits;
  const limits = profile.limits.length === 0 ? ofTier : tightest([...ofTier, ...profile.limits]);
  const charges: LimitCharge[] = [];
  for (const limit of limits)
    charges.push({ limit, subject: limit.scope === 'account' ? account.subject : subject });
  return charges;
}

/** One limit for each scope and window, the one with the smaller count. */
function tightest(limits: readonly Limit[]): readonly Limit[] {
  const byIdentity = new Map<string, Limit>();
  for (const limit of limits) {
    const identity = `${limit.scope} ${limit.windowMs}`;
    const other = byIdentity.get(identity);
    if (other === undefined || limit.count < other.count) byIdentity.set(identity, limit);
  }
  return [...byIdentity.values()];
}

export function judgeTake(taken: Taken): Denial | undefined {
  return taken.granted ? undefined : { code: 'rate_limited' };
}
