import type { Billing, Standing } from '../../domain/principal.ts';
import type { Source, StoredRef } from './ref.ts';

/*
 * Accounts and their credits, as a database keeps them.
 */

/** The most that an account holds of purchased credits: with a month's allowance on top, numbers keep their last digit. */
export const CREDITS_MAX = 9_000_000_000_000_000;

export interface StoredAccount extends StoredRef {
  readonly source: Source;
  readonly tier: string;
  readonly standing: Standing;
  readonly billing: Billing;
  readonly trialEndsMs: number | null;
  /** Credits bought and not spent, 0 to CREDITS_MAX. */
  readonly purchased: number;
  /** The month, as `monthOf` numbers it, in which `allowanceUsed` was spent; in a later one nothing has been. */
  readonly allowanceMonth: number;
  readonly allowanceUsed: number;
  readonly createdMs: number;
}

export interface AccountInsert extends StoredRef {
  readonly tier: string;
  readonly billing: Billing;
  readonly trialEndsMs: number | null;
  readonly credits: number;
  readonly createdMs: number;
}

/** Absent members stay as they are. */
export interface AccountUpdate {
  readonly tier?: string;
  readonly standing?: Standing;
  readonly billing?: Billing;
  readonly trialEndsMs?: number | null;
}

export type AccountUpdated =
  | { readonly result: 'updated'; readonly account: StoredAccount }
  | { readonly result: 'unknown' }
  /** `trialing` would be left without an end. */
  | { readonly result: 'trial_without_end' };

export interface GrantInsert {
  /** 1 to CREDITS_MAX. */
  readonly credits: number;
  /** null: a grant that may be repeated. */
  readonly ref: string | null;
  readonly atMs: number;
}

export type Granted =
  /** `repeated`: the reference had been counted before; nothing was added. */
  | { readonly result: 'granted' | 'repeated'; readonly account: StoredAccount }
  | { readonly result: 'unknown' }
  /** The balance would exceed CREDITS_MAX. */
  | { readonly result: 'too_many' };

export interface TierInUse {
  readonly api: string;
  readonly tier: string;
}
