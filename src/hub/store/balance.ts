import { monthOf } from '../../domain/time.ts';
import type { StoredAccount } from './accounts.ts';

/**
 * Credits left at a wall time: what remains of the month's allowance, and purchased ones.
 * A clock that went back to an earlier month opens no second allowance.
 */
export function remainingCredits(
  account: Pick<StoredAccount, 'purchased' | 'allowanceMonth' | 'allowanceUsed'>,
  allowance: number,
  wallMs: number,
): number {
  const used = account.allowanceMonth < monthOf(wallMs) ? 0 : account.allowanceUsed;
  return Math.max(0, allowance - used) + account.purchased;
}
