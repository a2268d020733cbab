/** One check's demand for credits. */
export interface CreditCharge {
  /** The store's numbers; `keyRow` is 0 for a declared key. */
  readonly accountRow: number;
  readonly keyRow: number;
  /** At least 1. */
  readonly cost: number;
  /** What the account's tier grants each month. */
  readonly allowance: number;
  /** The wall time of the check: decides the month. */
  readonly wallMs: number;
}

/** `key_gone`, `account_gone`: revoked, suspended or disabled while the check was on its way. */
export type ChargeResult = 'charged' | 'insufficient' | 'key_gone' | 'account_gone';

export interface ChargeOutcome {
  readonly result: ChargeResult;
  /** Credits left to the account after this charge, allowance and purchased together. */
  readonly remaining: number;
}

/** An outcome with what booking it back needs to know. */
export interface ChargeReceipt extends Omit<ChargeOutcome, 'result'> {
  /** `balance_unknown`: the store lost some of what was charged before to damage. A check is told of an outage. */
  readonly result: ChargeResult | 'balance_unknown';
  /** How much of the cost was taken from purchased credits, the rest from the month's allowance; 0 unless charged. */
  readonly fromPurchased: number;
  /** The calendar month (`monthOf`) whose allowance was spent: the check's own or, where that is older, the latest one that the store knows; 0 unless charged. */
  readonly month: number;
}

/** A committed charge whose check was answered without it: what was taken goes back to where it came from. */
export interface Refund {
  readonly accountRow: number;
  readonly fromAllowance: number;
  readonly fromPurchased: number;
  /** The receipt's: an allowance goes back to the month it was taken from, or has lapsed with it. */
  readonly month: number;
}
