/** Everything that is written to the audit log. */
export const AUDIT_ACTIONS = [
  'account.create',
  'account.set',
  'account.grant',
  'key.create',
  'key.import',
  'key.set',
  'key.rotate',
  'key.revoke',
  'session.revoke',
  'session.reuse',
  'signing_key.create',
  'operator.create',
  'operator.revoke',
  'login.fail',
] as const;

export type AuditAction = (typeof AUDIT_ACTIONS)[number];

/** Who asks for a change, and by which way: decided where the request comes in, never by what it says of itself. */
export interface Actor {
  /** `cli:<user of the operating system>`, `operator:<name>`, `configuration` for what a file declares, `tollgate` for what it does by itself; `nobody` for a failed login. */
  readonly name: string;
  /** `cli-store` (the database opened directly), `control` (the server's unix socket), `admin <address>`, `start`, `sessions` (their endpoints), `embedding` (a program around us). */
  readonly source: string;
  /** The id under which the request was answered; '' where it has none. */
  readonly requestId: string;
}

/** One change, as it was written together with the change itself. */
export interface AuditEntry {
  /** Grows with every entry; gaps mean nothing. */
  readonly seq: number;
  readonly at: string;
  readonly actor: string;
  readonly source: string;
  readonly request_id: string | null;
  readonly action: AuditAction;
  readonly api: string | null;
  /** The account's, key's or operator's id within its API; null where there is none. */
  readonly object: string | null;
  /** What became different, by member: never a secret. */
  readonly changed: AuditChanges;
}

export type AuditChanges = Readonly<Record<string, AuditChange>>;

export interface AuditChange {
  /** null where there was nothing before. */
  readonly from: AuditValue;
  readonly to: AuditValue;
}

export type AuditValue = string | number | null | readonly string[];

export interface AuditQuery {
  /** Only entries about the account, key or operator of this id. */
  readonly object?: string;
  /** The `next` of the page before. */
  readonly after?: string;
  /** 1 to PAGE_MAX; default PAGE_MAX. */
  readonly limit?: number;
}
