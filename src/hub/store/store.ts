import type {
  AccountInsert,
  AccountUpdate,
  AccountUpdated,
  GrantInsert,
  Granted,
  StoredAccount,
  TierInUse,
} from './accounts.ts';
import type {
  KeyInsert,
  KeyListQuery,
  KeyPage,
  KeyRevoked,
  KeyRotated,
  KeyRotation,
  KeysInserted,
  KeyUpdate,
  KeyUpdated,
  PepperCount,
  PepperCursor,
  RedigestedKey,
  StoredKey,
} from './keys.ts';
import type { Keeper } from '../../ports.ts';
import type { ResealedKey } from '../../domain/report.ts';
import type { AuditListQuery, AuditPage, Authorship } from './audit.ts';
import type { StoredRef } from './ref.ts';
import type {
  ResealedSigningKey,
  SessionInsert,
  SessionInserted,
  SessionListQuery,
  SessionPage,
  SessionRotated,
  SessionRotation,
  SessionsEnded,
  SessionsEnding,
  SigningKeyInsert,
  SigningKeyInserted,
  StoredSession,
  StoredSigningKey,
} from './sessions.ts';
import type { OperatorInsert, OperatorInserted, RedigestedOperator, StoredOperator } from './operators.ts';

/*
 * What a database is asked, whichever it is; what it keeps stands beside, by subject. All of it is plain data that can cross a thread.
 * Times are whole milliseconds of wall time; null stands for "none". What a caller may cause is answered as a value;
 * a database that does not answer throws `DependencyDown('directory')`, and then nothing was changed.
 */

/** Keys in one write transaction: more would hold up the charges that wait behind it. */
export const WRITE_BATCH_MAX = 50;
/** Last uses written in one transaction: each is a few microseconds. */
export const LAST_USES_MAX = 250;

export interface StoreReads {
  findAccount(account: StoredRef): Promise<StoredAccount | undefined>;
  /** Stored and declared keys alike. */
  findKey(key: StoredRef): Promise<StoredKey | undefined>;
  /** Stored keys in the order in which they were made, then declared ones. A cursor that no page gave is answered with undefined. */
  listKeys(query: KeyListQuery): Promise<KeyPage | undefined>;
  /** Every tier that an account has or an unrevoked key names, each once. '' stands for accounts of an API without tiers; keys that name none are left out. */
  tiersInUse(): Promise<readonly TierInUse[]>;
  /**
   * A step of counting the unrevoked keys of the store, operators' tokens among them, by the pepper of their digests: at most
   * COUNT_STEP_MAX keys. What changes between two steps may be counted twice or not at all. `after`: `next` of the step before.
   */
  countPerPepper(after?: PepperCursor): Promise<PepperCount>;
  /** Ids of the sealing keys under which an unrevoked key or a signing key of the store is kept, each once. */
  sealingKeysInUse(): Promise<readonly string[]>;
  /** The unrevoked operator whose token has this digest. */
  findOperator(digest: Int32Array): Promise<StoredOperator | undefined>;
  /** In the order in which they were made, revoked ones included. */
  listOperators(): Promise<readonly StoredOperator[]>;
  /** For as long as it is remembered, ended or not. */
  findSession(session: StoredRef): Promise<StoredSession | undefined>;
  /** Sessions that have not ended, in the order in which they were made. A cursor that no page gave is answered with undefined. */
  listSessions(query: SessionListQuery): Promise<SessionPage | undefined>;
  /** Those of an API that have not gone, the one that signs from the earliest time on first; at most SIGNING_KEYS_MAX. */
  listSigningKeys(api: string): Promise<readonly StoredSigningKey[]>;
  /** Newest first. A cursor that no page gave is answered with undefined. */
  listAudit(query: AuditListQuery): Promise<AuditPage | undefined>;
}

/** Each call is one transaction: done as a whole, what is written of its author included, durable when its promise resolves, or not done at all. */
export interface StoreWrites {
  /** undefined: the id is taken. */
  insertAccount(account: AccountInsert, by: Authorship): Promise<StoredAccount | undefined>;
  updateAccount(account: StoredRef, update: AccountUpdate, by: Authorship): Promise<AccountUpdated>;
  /** A reference counts once for an account, for ever. */
  grantCredits(account: StoredRef, grant: GrantInsert, by: Authorship): Promise<Granted>;
  /** All or none; at most WRITE_BATCH_MAX. A key that was ever known, revoked or not, is a duplicate. */
  insertKeys(keys: readonly KeyInsert[], by: Authorship): Promise<KeysInserted>;
  updateKey(key: StoredRef, update: KeyUpdate, by: Authorship): Promise<KeyUpdated>;
  /** The replacement has the old key's account, name, profile and expiry. */
  rotateKey(rotation: KeyRotation, by: Authorship): Promise<KeyRotated>;
  /** The first revocation's time stays; undefined: no such key in the store. */
  revokeKey(key: StoredRef, atMs: number, by: Authorship): Promise<KeyRevoked | undefined>;
  /**
   * Asks again whether the key and its account stand. Removes, as a refresh does, a few sessions that ran out or ended long ago, and signing keys without tokens.
   * A power cut may forget the session: its tokens are unknown then.
   */
  insertSession(session: SessionInsert): Promise<SessionInserted>;
  /**
   * Takes the latest refresh token of a session for the next; `by` is written down where the token was taken before and the session ends.
   * A power cut may forget that a token was taken, never that a session has ended.
   */
  rotateSession(rotation: SessionRotation, by: Authorship): Promise<SessionRotated>;
  /** Ends for good what is live of the choice. Written down where `by` is given. */
  endSessions(ended: SessionsEnding, by?: Authorship): Promise<SessionsEnded>;
  insertSigningKey(key: SigningKeyInsert, by: Authorship): Promise<SigningKeyInserted>;
  /** An unknown one is passed over. */
  resealSigningKey(key: ResealedSigningKey): Promise<void>;
  insertOperator(operator: OperatorInsert, by: Authorship): Promise<OperatorInserted>;
  /** The first revocation's time stays; undefined: no such operator. */
  revokeOperator(name: string, by: Authorship): Promise<StoredOperator | undefined>;
  /** Never moves back; an unknown name is passed over. A power cut may forget it. */
  recordOperatorUse(name: string, atMs: number): Promise<void>;
  /** An operator whose token was used under a retired pepper gets its digest under the current one; unknown and revoked ones are passed over. A power cut may forget it. */
  redigestOperator(operator: RedigestedOperator): Promise<void>;
  /** Writes down what changed nothing: a failed login. */
  recordAttempt(by: Authorship): Promise<void>;
  /** Pairs of key row and wall time in milliseconds, at most LAST_USES_MAX pairs, best by row: neighbours share a page. A last use never moves back; unknown rows are passed over. */
  recordLastUses(pairs: Float64Array): Promise<void>;
  /** Keys that were opened under a retired sealing key are kept under the current one; at most WRITE_BATCH_MAX. A power cut may forget it. */
  resealKeys(keys: readonly ResealedKey[]): Promise<void>;
  /** Keys that were used under a retired pepper get their digest under the current one; at most WRITE_BATCH_MAX. A power cut may forget it. */
  redigestKeys(keys: readonly RedigestedKey[]): Promise<void>;
}

/** The one writer. Reads see what the writes before them did. */
export interface Store {
  readonly reads: StoreReads;
  readonly writes: StoreWrites;
  readonly keeper: Keeper;
  close(): void;
}

/** Why a database cannot be used at all. The message is for whoever starts the program and says what to change. */
export class StoreUnusable extends Error {
  override readonly name = 'StoreUnusable';
}
