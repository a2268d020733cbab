import type { ChargeOutcome, ChargeResult, CreditCharge } from '../../domain/credits.ts';
import type { Denial } from '../../domain/decision.ts';
import type { Api, Route } from '../../domain/policy.ts';
import type { Principal } from '../../domain/principal.ts';
import type { Now } from '../../domain/time.ts';

/** What the check costs its account; undefined for a route that is free. The allowance is the account's, whatever the key's tier. */
export function planCharge(
  place: { readonly api: Api; readonly route: Route },
  principal: Principal,
  now: Now,
) {
  const { account, keyRow } = principal;
  if (place.route.cost === 0) return undefined;
  const charge: CreditCharge = {
    accountRow: account.row,
    keyRow,
    cost: place.route.cost,
    allowance: place.api.tiers[account.tier]?.monthlyCredits ?? 0,
    wallMs: now.wallMs,
  };
  return charge;
}

const REFUSED_CHARGE: Readonly<Record<ChargeResult, Denial | undefined>> = {
  charged: undefined,
  insufficient: { code: 'insufficient_credits' },
  key_gone: { code: 'credential_invalid', fault: 'revoked_meanwhile' },
  account_gone: { code: 'account_suspended' },
};

export function judgeCharge(outcome: ChargeOutcome): Denial | undefined {
  return REFUSED_CHARGE[outcome.result];
}
