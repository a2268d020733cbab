import type { AuditEntry, AuditQuery } from './audit.ts';
import type { CreatedOperator, NewOperator, OperatorView } from './operators.ts';
import type { Billing, Standing } from './principal.ts';

/**
 * What operators do with accounts and keys, whoever asks: command line, control socket, admin API.
 * Times are ISO 8601 in UTC with whole seconds; absent times are null. A refused operation changes nothing and throws `OperationRefused`.
 */
export interface Operations {
  createAccount(input: NewAccount): Promise<AccountView>;
  showAccount(account: AccountRef): Promise<AccountView>;
  setAccount(account: AccountRef, change: AccountChange): Promise<AccountView>;
  /** Adds purchased credits. A `ref` counts once, ever: a second grant under it changes nothing and answers the account as it is. */
  grantCredits(account: AccountRef, grant: CreditGrant): Promise<AccountView>;
  createKey(input: NewKey): Promise<CreatedKey>;
  showKey(key: KeyRef): Promise<KeyView>;
  listKeys(query: KeyQuery): Promise<Page<KeyView>>;
  setKey(key: KeyRef, change: KeyChange): Promise<KeyView>;
  /** A new key with the old one's rights; the old one works on for `overlapMs`. */
  rotateKey(key: KeyRef, overlapMs: number): Promise<CreatedKey>;
  revokeKey(key: KeyRef): Promise<Revocation>;
  /** Takes over keys made elsewhere; all of a batch or none. At most IMPORT_BATCH_MAX at once. */
  importKeys(keys: readonly ImportedKey[]): Promise<readonly KeyView[]>;
  /** Sessions that have not ended, in the order in which they were made. */
  listSessions(query: SessionQuery): Promise<Page<SessionView>>;
  /** For a day after its end, too. */
  showSession(session: SessionRef): Promise<SessionView>;
  /** Ends a session, all of a key, or all of an account, for good. Done again it changes nothing. */
  revokeSessions(selection: SessionSelection): Promise<SessionsRevoked>;
  /** Those that sign, will sign, or have signed tokens that may be about; none before the API's first session. */
  listSigningKeys(api: string): Promise<readonly SigningKeyView[]>;
  /** A new signing key. `published` is refused while a key is published that does not sign yet. */
  rotateSigningKey(rotation: SigningKeyRotation): Promise<SigningKeyView>;
  createOperator(input: NewOperator): Promise<CreatedOperator>;
  /** All there are or were, in the order in which they were made; at most OPERATORS_MAX. */
  listOperators(): Promise<readonly OperatorView[]>;
  /** Irreversible; the first revocation's time stays. */
  revokeOperator(name: string): Promise<OperatorView>;
  /** Newest first. */
  listAudit(query: AuditQuery): Promise<Page<AuditEntry>>;
}

export const IMPORT_BATCH_MAX = 50;
export const PAGE_MAX = 500;
export const OVERLAP_DEFAULT_MS = 24 * 3_600_000;
export const OVERLAP_MAX_MS = 30 * 24 * 3_600_000;

export type OperationFault = 'invalid' | 'not_found' | 'conflict' | 'read_only' | 'unavailable';

/** Why an operation was not done. The message is for the person who asked and names what to change. */
export class OperationRefused extends Error {
  override readonly name = 'OperationRefused';
  readonly fault: OperationFault;

  constructor(fault: OperationFault, message: string) {
    super(message);
    this.fault = fault;
  }
}

export interface AccountRef {
  readonly api: string;
  readonly id: string;
}

export interface KeyRef {
  readonly api: string;
  readonly id: string;
}

export interface NewAccount extends AccountRef {
  /** Default: the API's default tier. */
  readonly tier?: string;
  /** Default: `active`, or `trial_not_started` where the API has billing. */
  readonly billing?: Billing;
  readonly trialEnds?: string;
  /** Purchased credits to begin with; default 0. */
  readonly credits?: number;
}

export interface AccountChange {
  readonly tier?: string;
  readonly billing?: Billing;
  readonly trialEnds?: string | null;
  readonly standing?: Standing;
}

export interface CreditGrant {
  readonly credits: number;
  readonly ref?: string;
}

export interface AccountView {
  readonly id: string;
  readonly api: string;
  readonly tier: string | null;
  readonly standing: Standing;
  readonly billing: Billing;
  readonly trial_ends: string | null;
  readonly credits: {
    /** Left now: what remains of the month's allowance, and purchased. */
    readonly remaining: number;
    readonly monthly_allowance: number;
    readonly purchased: number;
  };
  readonly created_at: string;
}

export interface KeyRights {
  readonly tier?: string;
  readonly permissions?: readonly string[];
  readonly role?: string;
  /** Addresses or CIDR blocks; absent: any address. */
  readonly allowIps?: readonly string[];
  /** `10/minute`; they come on top of the tier's. */
  readonly limits?: readonly string[];
  readonly expiresAt?: string;
}

export interface NewKey extends KeyRights {
  readonly api: string;
  readonly account: string;
  readonly name: string;
}

/** A key made elsewhere. It comes as itself, because a digest needs the pepper, which nobody else has; what is kept of it is what is kept of any key. */
export interface ImportedKey extends NewKey {
  readonly key: string;
}

/** An absent member stays as it is; null takes the right away. */
export interface KeyChange {
  readonly name?: string;
  readonly tier?: string | null;
  readonly permissions?: readonly string[];
  readonly role?: string | null;
  readonly allowIps?: readonly string[] | null;
  readonly limits?: readonly string[];
  readonly expiresAt?: string | null;
}

export type KeyStatus = 'active' | 'expired' | 'revoked';

export interface KeyView {
  /** `key_` and 24 hexadecimal digits. */
  readonly id: string;
  readonly api: string;
  readonly account: string;
  readonly name: string;
  /** The prefix, dots and the last four characters: enough to recognise the key, not to use it. */
  readonly hint: string;
  readonly status: KeyStatus;
  readonly tier: string | null;
  readonly permissions: readonly string[];
  readonly role: string | null;
  readonly allow_ips: readonly string[] | null;
  readonly limits: readonly string[];
  readonly created_at: string;
  readonly expires_at: string | null;
  readonly revoked_at: string | null;
  readonly last_used_at: string | null;
}

/** The one answer that holds the key itself. */
export interface CreatedKey extends KeyView {
  readonly key: string;
}

export interface KeyQuery {
  readonly api: string;
  readonly account?: string;
  /** The `next` of the page before. */
  readonly after?: string;
  /** 1 to PAGE_MAX; default PAGE_MAX. */
  readonly limit?: number;
}

export interface SessionRef {
  readonly api: string;
  /** `ses_` and 24 hexadecimal digits. */
  readonly id: string;
}

export interface SessionQuery {
  readonly api: string;
  readonly account?: string;
  /** A key's id. */
  readonly key?: string;
  /** The `next` of the page before. */
  readonly after?: string;
  /** 1 to PAGE_MAX; default PAGE_MAX. */
  readonly limit?: number;
}

/** Exactly one of session, key and account. */
export interface SessionSelection {
  readonly api: string;
  readonly session?: string;
  readonly key?: string;
  readonly account?: string;
}

/** `expired`: its time or its patience has run out. `ended`: somebody or something ended it before. */
export type SessionStatus = 'active' | 'expired' | 'ended';

/** Why a session ended: `reused` is a refresh token shown twice, `key` and `account` that these stand no more, `replaced` that a newer one took its place. */
export const SESSION_ENDS = ['logout', 'revoked', 'reused', 'key', 'account', 'replaced', 'expired'] as const;
export type SessionEnd = (typeof SESSION_ENDS)[number];

export interface SessionView {
  readonly id: string;
  readonly api: string;
  readonly account: string;
  readonly key: string;
  readonly status: SessionStatus;
  readonly created_at: string;
  /** The latest exchange or refresh. */
  readonly refreshed_at: string;
  /** When it runs out unless it is refreshed before. */
  readonly idle_until: string;
  readonly expires_at: string;
  readonly ended_at: string | null;
  readonly ended_why: SessionEnd | null;
}

export interface SessionsRevoked {
  /** How many were live. */
  readonly ended: number;
  /** Edges that may still know them: empty once all have confirmed. */
  readonly unconfirmed: readonly string[];
}

/** `next`: published, and signs later. `retired`: signs no more; tokens of it may be about. */
export const SIGNING_KEY_STATES = ['next', 'active', 'retired'] as const;
export type SigningKeyState = (typeof SIGNING_KEY_STATES)[number];

/**
 * `published`: the new key signs once whoever keeps the key set has had time to fetch it, and no token ends.
 * `at_once`: it signs now, and every other key goes with all tokens that it signed: for a private key that somebody else may have.
 */
export const SIGNING_KEY_STARTS = ['published', 'at_once'] as const;
export type SigningKeyStart = (typeof SIGNING_KEY_STARTS)[number];

export interface SigningKeyRotation {
  readonly api: string;
  /** Default: `published`. */
  readonly start?: SigningKeyStart;
}

/** Never the private key. */
export interface SigningKeyView {
  readonly kid: string;
  readonly api: string;
  readonly algorithm: 'EdDSA' | 'ES256';
  readonly state: SigningKeyState;
  readonly published_at: string;
  readonly signs_from: string;
  /** When its last token will have expired; null while nothing is to follow it. */
  readonly published_until: string | null;
}

export interface Page<T> {
  readonly items: readonly T[];
  /** null on the last page. */
  readonly next: string | null;
}

export interface Revocation extends KeyView {
  /** Edges that may still know the key: empty once all have confirmed. */
  readonly unconfirmed: readonly string[];
}
