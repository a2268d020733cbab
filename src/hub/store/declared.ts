import type { StoredProfile } from '../../domain/feed-records.ts';
import type { Billing } from '../../domain/principal.ts';
import type { SealedKey } from './keys.ts';
import type { StoredRef } from './ref.ts';

/** An account that a configuration file declares. It is kept in the store for its credits and standing; tier and billing are the file's. */
export interface DeclaredAccount extends StoredRef {
  readonly tier: string;
  readonly billing: Billing;
  readonly trialEndsMs: number | null;
  readonly createdMs: number;
}

/** A key that a configuration file declares. It never enters the store. */
export interface DeclaredKey {
  readonly api: string;
  readonly account: string;
  readonly name: string;
  readonly hint: string;
  /** Under the current pepper; eight words. */
  readonly digest: Int32Array;
  /** The same key under each retired pepper; none where it is declared by its digest. */
  readonly retiredDigests: readonly Int32Array[];
  /** The key itself, sealed for edges in memory alone; null where its API seals none, or where it is declared by its digest. */
  readonly sealed: SealedKey | null;
  readonly profile: StoredProfile;
  readonly expiresMs: number | null;
  /** When this process came to know it. */
  readonly createdMs: number;
}

export interface Declared {
  readonly accounts: readonly DeclaredAccount[];
  readonly keys: readonly DeclaredKey[];
}

export const NOTHING_DECLARED: Declared = { accounts: [], keys: [] };
