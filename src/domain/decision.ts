import type { LimitState } from './limit.ts';
import type { Tier } from './policy.ts';
import type { Principal } from './principal.ts';
import type { TokenFault } from './token.ts';

/** Why a credential did not identify anyone. For logs and metrics alone: outside, all look the same. */
export type CredentialFault =
  | 'repeated'
  | 'malformed'
  | 'unknown'
  | 'expired'
  | 'unverifiable'
  | 'revoked_meanwhile'
  | 'session_ended'
  | 'account_unknown'
  | TokenFault;

/**
 * Why a request could be read in two ways, or not at all: for logs and metrics alone. `unreadable`: the gateway did not say,
 * once each, all that its dialect must say. `connection`: the client asks the next hop to drop an identity header.
 */
export type RequestFault =
  | 'unreadable'
  | 'method'
  | 'connection'
  | 'no_path'
  | 'path_length'
  | 'path_characters'
  | 'path_escapes'
  | 'path_segments';

/** What did not exist: for logs and metrics alone. */
export type PlaceFault = 'no_host' | 'other_api' | 'no_area' | 'no_route';

/** Every way to say no. A refusal knows nothing of HTTP; its status stands in one table. */
export type Denial =
  | { readonly code: 'request_ambiguous'; readonly fault: RequestFault }
  | { readonly code: 'not_found'; readonly fault: PlaceFault }
  | { readonly code: 'credential_missing' }
  | { readonly code: 'credential_invalid'; readonly fault: CredentialFault }
  | { readonly code: 'address_not_allowed' }
  | { readonly code: 'account_suspended' }
  | { readonly code: 'account_disabled' }
  | { readonly code: 'trial_not_started' }
  | { readonly code: 'trial_expired' }
  | { readonly code: 'subscription_inactive' }
  | { readonly code: 'permission_missing'; readonly permission: string }
  | { readonly code: 'feature_missing'; readonly feature: string }
  | { readonly code: 'role_missing'; readonly role: string }
  | { readonly code: 'rate_limited' }
  | { readonly code: 'insufficient_credits' };

export type DenialCode = Denial['code'];

/** Everything an answer may refuse with: denials, an outage of a dependency, a bug. */
export type RefusalCode = DenialCode | 'unavailable' | 'internal_error';

/** What the process depends on while it decides; `capacity` is its own. */
export type Dependency = 'directory' | 'limits' | 'credits' | 'tokens' | 'configuration' | 'capacity';

/**
 * What was decided and for whom.
 * `principal` and `tier` are present once they are known; `limits` once the limits stage was reached.
 */
export type Decision = Allow | Deny | Outage | Bug;

interface Known {
  readonly principal?: Principal;
  readonly tier?: Tier;
  readonly limits?: readonly LimitState[];
}

export interface Allow extends Known {
  readonly kind: 'allow';
  /** The dependency whose outage the API's owner chose to waive for this request. */
  readonly degraded?: Dependency | undefined;
}

export interface Deny extends Known {
  readonly kind: 'deny';
  readonly denial: Denial;
}

export interface Outage extends Known {
  readonly kind: 'outage';
  readonly dependency: Dependency;
}

/** Something is wrong in Tollgate itself; it has been logged where it was caught. */
export interface Bug extends Known {
  readonly kind: 'bug';
}
