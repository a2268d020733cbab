import type { AuditChange, AuditChanges, AuditValue } from '../../../domain/audit.ts';
import { toIsoInstant } from '../../../lib/instant.ts';
import type { AuditListQuery, AuditPage, Authorship, StoredAudit } from '../audit.ts';
import { LIST_PAGE_MAX } from '../keys.ts';
import type { SqliteConnection } from './connection.ts';
import { sql } from './tables.ts';
import type { AuditRow } from './tables.ts';

/** What a change was about; '' where there is none. */
export interface AuditObject {
  readonly api: string;
  readonly id: string;
}

/** The members of something before and after a change, under the names that its readers know. */
export type AuditMembers = Readonly<Record<string, AuditValue>>;

/** Writes down a change, inside its own transaction. */
export function insertAudit(
  connection: SqliteConnection,
  by: Authorship,
  { api, id }: AuditObject,
  changed: AuditChanges,
): void {
  connection.run(
    sql.insertInto('audit').values({
      at_ms: by.atMs,
      actor: by.actor,
      source: by.source,
      request_id: by.requestId,
      action: by.action,
      api,
      object: id,
      changed: JSON.stringify(changed),
    }),
  );
}

/** Everything of a new thing that is not empty. */
export function toCreation(members: AuditMembers): AuditChanges {
  return toDifference({}, members);
}

/** The members that differ; those that are not known before count as null, as does an empty list. */
export function toDifference(before: AuditMembers, after: AuditMembers): AuditChanges {
  const changes: Record<string, AuditChange> = {};
  for (const [name, value] of Object.entries(after)) {
    const [from, to] = [toValue(before[name]), toValue(value)];
    if (JSON.stringify(from) !== JSON.stringify(to)) changes[name] = { from, to };
  }
  return changes;
}

export function isEmpty(changes: AuditChanges): boolean {
  return Object.keys(changes).length === 0;
}

/** How many, where there were any. */
export function countOrNull(count: number): number | null {
  return count === 0 ? null : count;
}

/** ISO 8601 in UTC, with milliseconds where there are any: two times that differ are written differently. */
export function toAuditTime(instantMs: number | null): string | null {
  return instantMs === null ? null : toIsoInstant(instantMs).replace('.000Z', 'Z');
}

function toValue(value: AuditValue | undefined): AuditValue {
  if (value === undefined || value === '') return null;
  return typeof value === 'object' && value !== null && value.length === 0 ? null : value;
}

const CURSOR = /^[1-9]\d{0,14}$/;

/** undefined for a cursor that no page gave. */
export function listAudit(connection: SqliteConnection, query: AuditListQuery): AuditPage | undefined {
  const { after, object } = query;
  if (after !== undefined && !CURSOR.test(after)) return undefined;
  const limit = Math.min(query.limit, LIST_PAGE_MAX);
  let selected = sql
    .selectFrom('audit')
    .selectAll()
    .orderBy('seq', 'desc')
    .limit(limit + 1);
  if (after !== undefined) selected = selected.where('seq', '<', Number(after));
  if (object !== undefined) selected = selected.where('object', '=', object);
  const rows = connection.all(selected);
  const entries = rows.slice(0, limit).map(fromAuditRow);
  return { entries, next: rows.length > limit ? String(entries.at(-1)?.seq) : null };
}

function fromAuditRow(row: AuditRow): StoredAudit {
  return {
    seq: row.seq,
    atMs: row.at_ms,
    actor: row.actor,
    source: row.source,
    requestId: row.request_id,
    action: row.action,
    api: row.api,
    object: row.object,
    changed: JSON.parse(row.changed) as AuditChanges,
  };
}
