import type { Limit, Subject } from './limit.ts';

export type Standing = 'ok' | 'suspended' | 'disabled';
export type Billing = 'active' | 'trialing' | 'trial_not_started' | 'inactive';

export const STANDINGS: readonly Standing[] = ['ok', 'suspended', 'disabled'];
export const BILLINGS: readonly Billing[] = ['active', 'trialing', 'trial_not_started', 'inactive'];

/** A set of IP addresses; an address that cannot be read is in no set. */
export interface AddressSet {
  contains(address: string): boolean;
}

/** What a key may do, shared by all keys for which it is the same. */
export interface KeyProfile {
  /** Index into the API's tiers; -1: the key names none, the account's counts; -2: it names one that the configuration does not know. */
  readonly tier: number;
  readonly permissions: ReadonlySet<string>;
  /** '' for none. */
  readonly role: string;
  /** undefined: any address. */
  readonly allowlist: AddressSet | undefined;
  /** The key's own limits, all of scope `key`. */
  readonly limits: readonly Limit[];
}

/** What an account may be called: a letter or digit, then at most 63 of `A-Z a-z 0-9 . _ : @ -`. */
export const ACCOUNT_ID = /^[A-Za-z0-9][A-Za-z0-9._:@-]{0,63}$/;

/** The row of an account that no store has: it has no credits. */
export const ACCOUNT_ROW_NONE = 0;

/** An account as the edge knows it. */
export interface Account {
  /** The store's number of this account, unique over all APIs; ACCOUNT_ROW_NONE for one that an issuer outside knows alone. */
  readonly row: number;
  /** The account's name within its API. */
  readonly id: string;
  /** Index into the API's tiers; -2 when the configuration does not know the stored one. */
  readonly tier: number;
  readonly standing: Standing;
  readonly billing: Billing;
  /** Wall time from which `trialing` no longer holds; Infinity where none is set. */
  readonly trialEndsMs: number;
  readonly subject: Subject;
}

/** As what a request speaks: an API key itself, a token that a key or an issuer outside vouches for, or a session of a key. */
export type CredentialKind = 'api_key' | 'jwt' | 'session';

/** A known, unrevoked API key and its account; or whom a token speaks for, with what its key may do. */
export interface Principal {
  readonly credential: CredentialKind;
  /** `ses_` and 24 hexadecimal digits; present for a session alone. */
  readonly sessionId?: string;
  /** The store's number of this key; 0 for a key declared in a configuration file, and where there is no key. */
  readonly keyRow: number;
  /** `key_` and 24 hexadecimal digits; '' where an issuer outside vouches and there is no key. */
  readonly keyId: string;
  /** Wall time from which the key is refused; Infinity where none is set. */
  readonly expiresAtMs: number;
  /** Whom limits of scope `key` and `session` count. */
  readonly subject: Subject;
  readonly profile: KeyProfile;
  readonly account: Account;
  /** True where the same object stands for this key or session until something changes, so that what is made of it may be remembered by it. */
  readonly kept?: boolean | undefined;
}

/** A tier index that stands for a name which the configuration does not know. */
export const TIER_UNKNOWN = -2;
/** A key that names no tier of its own. */
export const TIER_OF_ACCOUNT = -1;

/** A tier can lower the key's and never raise it; one that the configuration does not know stays what it is. */
export function lowerTier(profile: KeyProfile, tier: number): KeyProfile {
  if (tier === TIER_OF_ACCOUNT) return profile;
  const own = profile.tier;
  return { ...profile, tier: own === TIER_OF_ACCOUNT ? tier : Math.min(own, tier) };
}
