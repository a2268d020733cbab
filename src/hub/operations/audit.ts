import type { AuditEntry } from '../../domain/audit.ts';
import { PAGE_MAX } from '../../domain/operations.ts';
import type { Operations } from '../../domain/operations.ts';
import type { StoredAudit } from '../store/audit.ts';
import { ask } from './context.ts';
import type { OperationsDeps } from './context.ts';
import { invalid, readWhole } from './fields.ts';
import { toSeconds } from './views.ts';

export function createAuditOperations({ reads }: OperationsDeps): Pick<Operations, 'listAudit'> {
  return {
    async listAudit({ limit = PAGE_MAX, ...query }) {
      const asked = { ...query, limit: readWhole(limit, { what: 'limit', min: 1, max: PAGE_MAX }) };
      const page = await ask(reads.listAudit(asked));
      if (page === undefined) throw invalid('after: the "next" of the page before');
      return { items: page.entries.map(toAuditEntry), next: page.next };
    },
  };
}

function toAuditEntry(stored: StoredAudit): AuditEntry {
  const { seq, atMs, actor, source, action, changed } = stored;
  return {
    seq,
    at: toSeconds(atMs),
    actor,
    source,
    request_id: orNull(stored.requestId),
    action,
    api: orNull(stored.api),
    object: orNull(stored.object),
    changed,
  };
}

function orNull(text: string): string | null {
  return text === '' ? null : text;
}
