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
