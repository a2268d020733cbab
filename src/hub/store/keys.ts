import type { StoredProfile } from '../../domain/feed-records.ts';
import type { Source, StoredRef } from './ref.ts';

/*
 * Keys, as a database keeps them, and which peppers they are digested under.
 */

export interface StoredKey extends StoredRef {
  readonly source: Source;
  readonly account: string;
  readonly name: string;
  readonly hint: string;
  readonly profile: StoredProfile;
  readonly createdMs: number;
  readonly expiresMs: number | null;
  readonly revokedMs: number | null;
  readonly lastUsedMs: number | null;
}

/** What makes a key this key and no other; all of it is new when a key is rotated. */
export interface KeyMaterial {
  /** `key_` and 24 hexadecimal digits. */
  readonly id: string;
  readonly hint: string;
  /** Under the current pepper; eight words, as `lib/key-digest` writes them. */
  readonly digest: Int32Array;
  readonly pepperId: string;
  /** The same key under each retired pepper: where the store knows one of them, the key is no new one. */
  readonly retiredDigests: readonly Int32Array[];
  readonly sealed: SealedKey | null;
}

export interface SealedKey {
  readonly bytes: Uint8Array;
  readonly sealingKeyId: string;
}

export interface KeyInsert extends KeyMaterial {
  readonly api: string;
  readonly account: string;
  readonly name: string;
  readonly profile: StoredProfile;
  readonly createdMs: number;
  readonly expiresMs: number | null;
}

export type KeysInserted =
  | { readonly result: 'inserted'; readonly keys: readonly StoredKey[] }
  /** `index`: the first key of the batch for which this holds. */
  | { readonly result: 'account_unknown' | 'duplicate'; readonly index: number };

/** Absent members stay as they are; `allowlist: null` allows any address again. */
export interface KeyUpdate {
  readonly name?: string;
  readonly expiresMs?: number | null;
  readonly tier?: string;
  readonly permissions?: readonly string[];
  readonly role?: string;
  readonly allowlist?: readonly string[] | null;
  readonly limits?: readonly string[];
}

export type KeyUpdated =
  { readonly result: 'updated'; readonly key: StoredKey } | { readonly result: 'unknown' | 'revoked' };

export interface KeyRotation extends StoredRef {
  readonly replacement: KeyMaterial;
  readonly atMs: number;
  /** The old key ends now or sooner, never later than it would have. */
  readonly oldExpiresMs: number;
}

export type KeyRotated =
  | { readonly result: 'rotated'; readonly key: StoredKey }
  | { readonly result: 'unknown' | 'revoked' | 'expired' };

/** `seq`: the change that every edge must have confirmed before the key is dead everywhere. */
export interface KeyRevoked {
  readonly key: StoredKey;
  readonly seq: number;
}

/** Keys in one page of a list. */
export const LIST_PAGE_MAX = 500;

export interface KeyListQuery {
  readonly api: string;
  readonly account?: string;
  /** `next` of the page before. */
  readonly after?: string;
  /** 1 to LIST_PAGE_MAX. */
  readonly limit: number;
}

export interface KeyPage {
  readonly keys: readonly StoredKey[];
  readonly next: string | null;
}

/** A key that was presented under a digest of a retired pepper, and its digest under another one. */
export interface RedigestedKey {
  readonly row: number;
  /** Eight words. */
  readonly digest: Int32Array;
  readonly pepperId: string;
}

/** Keys in one step of a count: it takes about a millisecond. */
export const COUNT_STEP_MAX = 10_000;

/** Keys and operators' tokens digested under one pepper. */
export interface PepperUse {
  readonly pepperId: string;
  readonly keys: number;
}

/** How far a count has come. */
export interface PepperCursor {
  readonly pepperId: string;
  readonly row: number;
}

export interface PepperCount {
  /** To be added to what the steps before have counted. */
  readonly counted: readonly PepperUse[];
  /** null: all is counted. */
  readonly next: PepperCursor | null;
}
