import type { Denial } from '../../domain/decision.ts';
import type { Account, Standing } from '../../domain/principal.ts';
import type { Now } from '../../domain/time.ts';

const REFUSED_STANDING: Readonly<Record<Standing, Denial | undefined>> = {
  ok: undefined,
  suspended: { code: 'account_suspended' },
  disabled: { code: 'account_disabled' },
};

export function checkStanding(account: Account): Denial | undefined {
  return REFUSED_STANDING[account.standing];
}

/** Whether the account's trial or subscription pays for requests. A trial is over at the very instant it ends, whatever job has or has not run. */
export function checkBilling(account: Account, now: Now): Denial | undefined {
  switch (account.billing) {
    case 'active':
      return undefined;
    case 'trialing':
      return now.wallMs >= account.trialEndsMs ? { code: 'trial_expired' } : undefined;
    case 'trial_not_started':
      return { code: 'trial_not_started' };
    case 'inactive':
      return { code: 'subscription_inactive' };
  }
}
