import type { Api } from '../../domain/policy.ts';
import type { SessionRules } from '../../domain/token.ts';

/**
 * Sessions: what an API key is exchanged for. An access token is a JWT of RFC 9068 that the edge believes while the session lives;
 * a refresh token buys the next pair, once. Refusals are values. Rejects with `DependencyDown('directory')` where the store does not
 * answer: then nothing was granted, or nobody was told what.
 */
export interface SessionEngine {
  /**
   * A new session of a key. Whoever asks has shown the key itself; that it and its account still stand is asked again in the same transaction.
   * Where the key or its account has as many sessions as it may have, the one that was refreshed longest ago ends.
   */
  exchange(api: Api, wanted: ExchangeWanted): Promise<SessionAnswer>;
  /**
   * The next pair for a refresh token. The same token again within REPEAT_MS gets the same pair, once, for an answer that was lost;
   * later or again it is stolen, and its session ends for good. Requests under way with one token share one answer.
   */
  refresh(api: Api, wanted: RefreshWanted): Promise<SessionAnswer>;
  /** Ends the session of a refresh or access token, expired or not (RFC 7009 §2.1). What is no token of ours ends nothing. */
  logout(api: Api, token: string): Promise<LoggedOut>;
  /** The session of a refresh or access token, ended or not; undefined for what is no token of ours. */
  findSessionId(api: Api, token: string): Promise<string | undefined>;
  /** The API's JWK set (RFC 7517 §5): the key that signs, the one that will, and each whose tokens may be about. No private member. */
  jwks(api: Api): Promise<JwkSet>;
}

export interface ExchangeWanted {
  /** `key_` and 24 hexadecimal digits, stored or declared. */
  readonly keyId: string;
  /** `access_only`: without a refresh token (RFC 6749 §4.4.3); such a session lives as long as its one access token. */
  readonly grant: 'refreshable' | 'access_only';
}

export interface RefreshWanted {
  readonly refreshToken: string;
  /** Present where the client has shown who it is: a token of another key's session is unknown to it (RFC 6749 §6). */
  readonly keyId?: string;
  /** The client's; absent: unknown, which no key with an allowlist allows. */
  readonly clientAddress?: string;
  /** Under which the request is answered, for the audit log. */
  readonly requestId?: string;
}

export type SessionAnswer =
  | { readonly result: 'granted'; readonly tokens: SessionTokens }
  | { readonly result: 'refused'; readonly reason: SessionRefusal };

/**
 * For logs and metrics: outside, the key's and the token's look the same each.
 * `sessions_full`: the store has as many sessions as it may have; asking again later may help.
 */
export type SessionRefusal =
  | 'no_sessions'
  | 'key_gone'
  | 'account_gone'
  | 'token_unknown'
  | 'session_ended'
  | 'token_reused'
  | 'address_not_allowed'
  | 'sessions_full';

export interface SessionTokens {
  /** `ses_` and 24 hexadecimal digits. */
  readonly sessionId: string;
  readonly keyId: string;
  readonly account: string;
  readonly accessToken: string;
  /** Whole seconds from now, at least 0. */
  readonly expiresInSeconds: number;
  /** The key's permissions with blanks between them (RFC 6749 §3.3); '' for none. */
  readonly scope: string;
  /** Absent for a session without one. */
  readonly refreshToken?: string;
  /** Wall time at which the session ends, however often it is refreshed. */
  readonly sessionExpiresAtMs: number;
}

export interface LoggedOut {
  readonly result: 'ended' | 'unknown';
}

/** How long a JWK set may be kept by whoever fetches it, in seconds: a new key is published for longer before it signs. */
export const JWKS_CACHE_SECONDS = 300;

/** Ready to be sent as JSON. */
export interface JwkSet {
  readonly keys: readonly PublicJwk[];
}

/** Public members alone (RFC 7517 §4, RFC 7518 §6.2.1, RFC 8037 §2). */
export interface PublicJwk {
  readonly kty: string;
  readonly crv: string;
  readonly x: string;
  readonly y?: string;
  readonly kid: string;
  readonly alg: SessionRules['algorithm'];
  readonly use: 'sig';
}
