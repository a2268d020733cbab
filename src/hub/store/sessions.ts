import type { SessionEnd } from '../../domain/operations.ts';
import type { SessionKey } from '../../domain/session.ts';
import { DAY_MS, MINUTE_MS } from '../../domain/time.ts';
import { ACCESS_LIFETIME_MAX_MS } from '../../domain/token.ts';
import type { StoredRef } from './ref.ts';

/*
 * Sessions and the keys that sign their tokens, as a database keeps them. Of a refresh token it has the digest of the latest alone;
 * earlier ones are known by their generation, and the latest but one by what is derived from it.
 */

/**
 * Live sessions of one key, and of one account: where there are as many, the one that was refreshed longest ago ends.
 * All of an account end in one transaction, for which charges wait: some sixty milliseconds, half the budget of a check.
 */
export const SESSIONS_PER_KEY_MAX = 1_000;
export const SESSIONS_PER_ACCOUNT_MAX = 2_500;
/** Live sessions of all APIs together: where there are as many, none is added. */
export const SESSIONS_MAX = 1_000_000;
/** The refresh token before the latest is taken once more, for an answer that was lost, within so many milliseconds of its use. */
export const REPEAT_MS = 10_000;
/** How long a signing key is kept after another has followed it: until its last token has expired, on a clock that is a minute behind too. */
export const SIGNING_KEY_KEPT_MS = ACCESS_LIFETIME_MAX_MS + MINUTE_MS;
/** How long it is remembered that a session has ended or a signing key has gone: far longer than any edge is behind. */
export const ENDED_KEPT_MS = DAY_MS;
/** Ended sessions that are remembered for so long; where there are more, those that ended first go after ENDED_KEPT_MIN_MS. */
export const ENDED_SESSIONS_MAX = 1_000_000;
/** Longer than any edge is behind. */
export const ENDED_KEPT_MIN_MS = 10 * MINUTE_MS;

/** The API's name, and `ses_` with 24 hexadecimal digits. */
export interface StoredSession extends StoredRef {
  /** `key_` and 24 hexadecimal digits. */
  readonly key: string;
  readonly account: string;
  readonly createdMs: number;
  /** The latest exchange or refresh. */
  readonly refreshedMs: number;
  readonly expiresMs: number;
  /** When it runs out unless it is refreshed before; at most `expiresMs`. */
  readonly diesMs: number;
  /** Pairs given before the latest. */
  readonly generation: number;
  readonly endedMs: number | null;
  readonly endedWhy: SessionEnd | null;
}

/** A refresh token's digest under one pepper. */
export interface TokenDigest {
  /** Eight words, as `lib/key-digest` writes them. */
  readonly digest: Int32Array;
  readonly pepperId: string;
}

export interface SessionInsert extends StoredRef {
  readonly key: string;
  readonly atMs: number;
  readonly expiresMs: number;
  readonly diesMs: number;
  /** null: the session has no refresh token. */
  readonly refresh: TokenDigest | null;
}

/** A session with what its tokens say of its key. */
export interface GrantedSession {
  readonly session: StoredSession;
  readonly permissions: readonly string[];
  /** null where the key does not expire. */
  readonly keyExpiresMs: number | null;
}

export type SessionInserted =
  | ({ readonly result: 'inserted' } & GrantedSession)
  /** `key_gone`: unknown, revoked or expired. `account_gone`: suspended or disabled. */
  | { readonly result: 'key_gone' | 'account_gone' | 'sessions_full' };

export interface SessionRotation extends StoredRef {
  /** Which generation the presented token is of, at least 0. */
  readonly generation: number;
  /** The presented token under each pepper. */
  readonly presented: readonly TokenDigest[];
  /** What would follow it, derived under each pepper and digested under the same, the current one first. */
  readonly successors: readonly TokenDigest[];
  /** Absent: whichever. */
  readonly key?: string;
  /** Who shows the token; absent: unknown, which no key with an allowlist allows. */
  readonly clientAddress?: string;
  readonly atMs: number;
  /** How long the session may then be without a refresh. */
  readonly idleMs: number;
}

export type SessionRotated =
  /** `successor`: the place in `successors` of the token that is the latest now. `repeated`: it was before; the answer had been lost. */
  | ({ readonly result: 'rotated' | 'repeated'; readonly successor: number } & GrantedSession)
  /** The session has ended with this. */
  | { readonly result: 'reused'; readonly session: StoredSession }
  /** Its key is not allowed from there; nothing has changed. */
  | { readonly result: 'elsewhere' }
  | { readonly result: 'unknown' }
  | { readonly result: 'ended' };

export interface SessionsEnding {
  readonly api: string;
  /** Exactly one: a session, all of a key, all of an account. */
  readonly of: { readonly session: string } | { readonly key: string } | { readonly account: string };
  readonly why: SessionEnd;
  readonly atMs: number;
}

export interface SessionsEnded {
  /** How many were live. */
  readonly ended: number;
  /** The change that every edge must have confirmed before they are dead everywhere. */
  readonly seq: number;
}

export interface SessionListQuery {
  readonly api: string;
  readonly account?: string;
  readonly key?: string;
  /** `next` of the page before. */
  readonly after?: string;
  /** 1 to LIST_PAGE_MAX. */
  readonly limit: number;
}

export interface SessionPage {
  readonly sessions: readonly StoredSession[];
  readonly next: string | null;
}

/** A key that signs access tokens from a time on, until a later one does. */
export interface StoredSigningKey extends SessionKey {
  readonly api: string;
  readonly publishedMs: number;
  /** Wall time from which it signs, until the next one's. */
  readonly signsFromMs: number;
  /** The private key, sealed. */
  readonly sealed: Uint8Array;
  readonly sealingKeyId: string;
}

export interface SigningKeyInsert extends StoredSigningKey {
  /** The kid that is the latest of its API; '' where it has none. Where it is another by now, nothing is inserted. */
  readonly after: string;
  /** Whether the API's other keys stay until their tokens have expired, or go now, private halves and all. */
  readonly others: 'stay' | 'go';
}

/** `keys`: all that the API has then, as `listSigningKeys` has them. */
export interface SigningKeyInserted {
  readonly result: 'inserted' | 'raced' | 'too_many';
  readonly keys: readonly StoredSigningKey[];
}

/** A private key that was opened with a retired sealing key, sealed anew. */
export type ResealedSigningKey = Pick<StoredSigningKey, 'api' | 'kid' | 'sealed' | 'sealingKeyId'>;
