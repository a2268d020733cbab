import type { Subject } from './limit.ts';

/** Under which rules a JWT is believed by one API, compiled from its configuration. Where nothing is set, no token is. */
export interface TokenRules {
  /** Issuers outside, each under an `iss` of its own. */
  readonly issuers: readonly IssuerRules[];
  /** Tokens that customers sign with their own API key; absent: none is believed. */
  readonly keySigned?: KeySignedRules;
  /** Sessions that the API's keys are exchanged for; absent: there are none. */
  readonly sessions?: SessionRules;
}

/** Signatures that an issuer outside may use (RFC 7518 §3.1, RFC 8037 §3.1). HMAC is not among them: whoever verifies could sign. */
export const ISSUER_ALGORITHMS = [
  'RS256',
  'RS384',
  'RS512',
  'PS256',
  'PS384',
  'PS512',
  'ES256',
  'ES384',
  'ES512',
  'EdDSA',
] as const;
export type IssuerAlgorithm = (typeof ISSUER_ALGORITHMS)[number];

/** Longer than a token may be, whoever signed it. */
export const TOKEN_CHARS_MAX = 16_384;

export interface IssuerRules {
  /** As the configuration calls it, unique within its API: a metric's label. */
  readonly name: string;
  /** The exact `iss`. */
  readonly issuer: string;
  readonly algorithms: readonly IssuerAlgorithm[];
  /** Allowed `typ`, lower case; '' allows its absence. */
  readonly types: readonly string[];
  /** One of them must be in `aud`; empty: `aud` is not asked. */
  readonly audiences: readonly string[];
  /** One of them must be `azp`; empty: `azp` is not asked. */
  readonly authorizedParties: readonly string[];
  /** How far clocks may differ, for every time in the token. */
  readonly leewayMs: number;
  /** The longest `exp` − `iat`. */
  readonly lifetimeMaxMs: number;
  readonly keys: KeySetSource;
  readonly claims: ClaimRules;
  /** Whether an account that the store does not know is allowed, at the API's default tier and without credits. */
  readonly unknownAccount: 'refuse' | 'allow';
}

/** Where an issuer's public keys come from. `fixed`: a JWK set or PEM that was read with the configuration. */
export type KeySetSource =
  | {
      readonly from: 'url';
      readonly url: string;
      /** Whether the address may be loopback, private or link-local. */
      readonly privateAddresses: 'refuse' | 'allow';
      /** How long a set that was once good serves while no newer one can be had. */
      readonly staleMaxMs: number;
    }
  | { readonly from: 'fixed'; readonly text: string };

/**
 * How claims become an account and rights. `clerk` reads both versions of Clerk's session token: the account is the organisation's id, else `sub`.
 * `plain` reads the named top-level claims.
 */
export interface ClaimRules {
  readonly format: 'clerk' | 'plain';
  /** `plain`: the claim with the account's id. */
  readonly account: string;
  /** `plain`: the claim with a list of permissions or a text with blanks between them; '' for none. */
  readonly permissions: string;
  /** `plain`: the claim with the role; '' for none. */
  readonly role: string;
  /** From the issuer's name of a permission to ours. What is not named grants nothing. */
  readonly permissionOf: Readonly<Record<string, string>>;
  /** From the issuer's name of a role to ours. */
  readonly roleOf: Readonly<Record<string, string>>;
}

export interface KeySignedRules {
  readonly leewayMs: number;
  /** The longest `exp` − `iat`. */
  readonly lifetimeMaxMs: number;
}

/** No access token lives longer, whatever the configuration says: a signing key that signs no more is kept for as long. */
export const ACCESS_LIFETIME_MAX_MS = 3_600_000;

export interface SessionRules {
  /** `iss` of the access tokens, an https origin (RFC 8414 §2). */
  readonly issuer: string;
  /** `aud` of the access tokens (RFC 9068 §2.2). */
  readonly audience: string;
  readonly algorithm: 'EdDSA' | 'ES256';
  /** At most ACCESS_LIFETIME_MAX_MS, `idleMs` and `lifetimeMs`. */
  readonly accessLifetimeMs: number;
  /** From the exchange on, however often it is refreshed. */
  readonly lifetimeMs: number;
  /** Without a refresh. */
  readonly idleMs: number;
  readonly leewayMs: number;
  /** Sessions have at most this tier: an index into the API's tiers, or TIER_OF_ACCOUNT for no bound of their own. */
  readonly tier: number;
}

/** What a wholly verified token says; `expiresAtMs` is the wall time from which it is refused, leeway included. Whether its key, session and account still stand is asked at every check. */
export type VerifiedToken =
  | {
      readonly kind: 'issuer';
      readonly rules: IssuerRules;
      readonly account: string;
      /** `subjectOf` API and account (lib/subject.ts): by what the account is found and counted. Computed once, as `subject` is. */
      readonly accountSubject: Subject;
      /** Whom limits of scope `key` count: `subjectOf` API, issuer and the token's `sub`, computed once, when the token is verified. */
      readonly subject: Subject;
      readonly permissions: ReadonlySet<string>;
      readonly role: string;
      readonly expiresAtMs: number;
    }
  | {
      readonly kind: 'key_signed';
      /** `key_` and 24 hexadecimal digits. */
      readonly keyId: string;
      /** Index of the tier that the token names, TIER_OF_ACCOUNT where it names none. It can only lower the key's. */
      readonly tier: number;
      readonly expiresAtMs: number;
    }
  | {
      readonly kind: 'session';
      /** `ses_` and 24 hexadecimal digits. */
      readonly sessionId: string;
      readonly expiresAtMs: number;
    };

/** Which rule a token breaks. For logs, metrics and people who operate: outside, all look the same. */
export const TOKEN_FAULTS = [
  'token_malformed',
  'token_header',
  'token_algorithm',
  'token_type',
  'token_issuer',
  'token_key',
  'token_signature',
  'token_claims',
  'token_expired',
  'token_not_yet_valid',
  'token_lifetime',
  'token_audience',
  'token_party',
  'token_tier',
] as const;
export type TokenFault = (typeof TOKEN_FAULTS)[number];
