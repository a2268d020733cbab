import type { Billing, Standing } from './principal.ts';
import type { SessionKey } from './session.ts';

/*
 * What the hub tells the edge of: one record for each account, key, session and signing key.
 */

/** Which account's id a fixed record and a header can carry, whatever a store holds: visible ASCII. */
export const CARRIED_ACCOUNT_ID = /^[\x21-\x7e]{1,64}$/;
export const ACCOUNT_ID_LENGTH_MAX = 64;
/** A key of 256 characters, a nonce and a tag. */
export const SEALED_KEY_BYTES_MAX = 1_024;
/** Characters of a profile's text; some hundred allowlist entries. */
export const PROFILE_TEXT_LENGTH_MAX = 16_384;

export interface AccountRecord {
  readonly api: number;
  readonly row: number;
  readonly id: string;
  readonly tier: string;
  readonly standing: Standing;
  readonly billing: Billing;
  /** Infinity where none is set. */
  readonly trialEndsMs: number;
  /** Three words: the subject under which the account is counted, and by which it is found: `subjectOf` API name and id (lib/subject.ts). */
  readonly subject: Int32Array;
}

export interface KeyRecord {
  readonly api: number;
  /** 0 for a declared key. */
  readonly row: number;
  readonly accountRow: number;
  /** Canonical JSON of `StoredProfile`: equal text, equal profile. */
  readonly profile: string;
  /** Infinity where none is set. */
  readonly expiresAtMs: number;
  /** Three words: the 96 bits of the key's id. */
  readonly id: Int32Array;
  /** Eight words: the HMAC-SHA-256 of the key. */
  readonly digest: Int32Array;
  /** The key itself, sealed; present alone where customers sign tokens with it. */
  readonly sealed?: SealedKeyRecord;
}

/** A key as a sealing key keeps it, bound to its API and id (lib/seal.ts). */
export interface SealedKeyRecord {
  readonly sealingKeyId: string;
  /** At most SEALED_KEY_BYTES_MAX. */
  readonly bytes: Uint8Array;
}

/** A session that has not ended. Whether it has run out is for the receiver to see. */
export interface SessionRecord {
  readonly api: number;
  /** Three words: the 96 bits of the session's id. */
  readonly id: Int32Array;
  /** Three words: the 96 bits of the id of the key it was exchanged for, stored or declared. */
  readonly keyId: Int32Array;
  /** Wall time from which it is no session any more. */
  readonly expiresAtMs: number;
}

/** A key whose signatures count: one that will sign, signs, or has signed tokens that may be about. */
export interface SigningKeyRecord extends SessionKey {
  readonly api: number;
}

/** To what a sealed key is bound: it can be opened as this key of this API and as no other. */
export function sealingContext(apiName: string, keyId: string): string {
  return `${apiName}/${keyId}`;
}

/** What a key's record says of its rights, as text; the receiver knows what the words mean. */
export interface StoredProfile {
  /** '' for none. */
  readonly tier: string;
  readonly permissions: readonly string[];
  readonly role: string;
  /** undefined: any address. */
  readonly allowlist?: readonly string[];
  /** `10/minute`. */
  readonly limits: readonly string[];
}

export interface FeedSink {
  account(record: AccountRecord): void;
  accountGone(api: number, row: number): void;
  key(record: KeyRecord): void;
  keyGone(api: number, digest: Int32Array): void;
  session(record: SessionRecord): void;
  /** `id`: three words. */
  sessionGone(api: number, id: Int32Array): void;
  signingKey(record: SigningKeyRecord): void;
  signingKeyGone(api: number, kid: string): void;
}

/** The one text for a profile: members in fixed order, lists sorted, so that equal profiles are found equal. */
export function toProfileText(profile: StoredProfile): string {
  return JSON.stringify({
    tier: profile.tier,
    permissions: [...profile.permissions].sort(),
    role: profile.role,
    ...(profile.allowlist === undefined ? {} : { allowlist: [...profile.allowlist].sort() }),
    limits: [...profile.limits].sort(),
  });
}

export function fromProfileText(text: string): StoredProfile {
  return JSON.parse(text) as StoredProfile;
}
