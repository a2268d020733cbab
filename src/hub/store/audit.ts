import type { AuditAction, AuditChanges } from '../../domain/audit.ts';

/** Who changes something, how and when. The store writes it down in the transaction of the change; where nothing changes, it writes nothing. */
export interface Authorship {
  readonly actor: string;
  readonly source: string;
  /** '' where the request has none. */
  readonly requestId: string;
  readonly action: AuditAction;
  readonly atMs: number;
}

export interface AuditListQuery {
  readonly object?: string;
  /** `next` of the page before. */
  readonly after?: string;
  /** 1 to LIST_PAGE_MAX. */
  readonly limit: number;
}

export interface StoredAudit {
  readonly seq: number;
  readonly atMs: number;
  readonly actor: string;
  readonly source: string;
  readonly requestId: string;
  readonly action: AuditAction;
  /** '' where there is none, as is the object's. */
  readonly api: string;
  readonly object: string;
  readonly changed: AuditChanges;
}

export interface AuditPage {
  readonly entries: readonly StoredAudit[];
  readonly next: string | null;
}
