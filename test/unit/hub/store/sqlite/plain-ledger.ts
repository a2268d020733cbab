import type { ChargeReceipt, CreditCharge, Refund } from '../../../../../src/domain/credits.ts';
import { monthOf } from '../../../../../src/domain/time.ts';

interface PlainAccount {
  standing: 'ok' | 'suspended' | 'disabled';
  purchased: number;
  allowanceMonth: number;
  allowanceUsed: number;
}

/** What charges, refunds, grants and operators did, written down without a database: slow and plainly right. Accounts and keys by their rows. */
export class PlainLedger {
  readonly accounts = new Map<number, PlainAccount>();
  /** Of keys that are not revoked, the rows of their accounts. */
  readonly keys = new Map<number, number>();

  addAccount(row: number, purchased: number): void {
    this.accounts.set(row, { standing: 'ok', purchased, allowanceMonth: 0, allowanceUsed: 0 });
  }

  charge({ accountRow, keyRow, cost, allowance, wallMs }: CreditCharge): ChargeReceipt {
    const account = this.accounts.get(accountRow);
    if (account === undefined) return { result: 'account_gone', remaining: 0, fromPurchased: 0, month: 0 };
    const month = monthOf(wallMs);
    const used = month > account.allowanceMonth ? 0 : account.allowanceUsed;
    const ofAllowance = Math.max(0, allowance - used);
    const remaining = ofAllowance + account.purchased;
    const refused = { remaining, fromPurchased: 0, month: 0 };
    if (keyRow !== 0 && this.keys.get(keyRow) !== accountRow) return { result: 'key_gone', ...refused };
    if (account.standing !== 'ok') return { result: 'account_gone', ...refused };
    if (remaining < cost) return { result: 'insufficient', ...refused };
    const fromPurchased = Math.max(0, cost - ofAllowance);
    account.purchased -= fromPurchased;
    account.allowanceUsed = used + cost - fromPurchased;
    account.allowanceMonth = Math.max(month, account.allowanceMonth);
    return { result: 'charged', remaining: remaining - cost, fromPurchased, month: account.allowanceMonth };
  }

  refund({ accountRow, fromAllowance, fromPurchased, month }: Refund): void {
    const account = this.accounts.get(accountRow);
    if (account === undefined) return;
    account.purchased += fromPurchased;
    if (account.allowanceMonth === month)
      account.allowanceUsed = Math.max(0, account.allowanceUsed - fromAllowance);
  }
}
