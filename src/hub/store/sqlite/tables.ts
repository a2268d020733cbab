import { DummyDriver, Kysely, SqliteAdapter, SqliteIntrospector, SqliteQueryCompiler } from 'kysely';
import type { Generated, Selectable } from 'kysely';
import type { AuditAction } from '../../../domain/audit.ts';
import type { OperatorRole } from '../../../domain/operators.ts';
import type { Billing, Standing } from '../../../domain/principal.ts';

export interface AccountTable {
  row: Generated<number>;
  api: string;
  id: string;
  tier: string;
  standing: Standing;
  billing: Billing;
  trial_ends_ms: number | null;
  purchased: number;
  allowance_month: number;
  allowance_used: number;
  created_ms: number;
}

export interface GrantTable {
  row: Generated<number>;
  account_row: number;
  ref: string | null;
  credits: number;
  granted_ms: number;
}

export interface KeyTable {
  row: Generated<number>;
  id: Uint8Array;
  api: string;
  account_row: number;
  name: string;
  hint: string;
  digest: Uint8Array;
  pepper_id: string;
  /** At most FORMER_DIGESTS_MAX, the latest first. */
  former_digests: Uint8Array | null;
  /** As `toProfileText` writes it. */
  profile: string;
  /** The profile's tier, for the index alone. */
  tier: Generated<string>;
  created_ms: number;
  expires_ms: number | null;
  revoked_ms: number | null;
  last_used_ms: number | null;
  sealed: Uint8Array | null;
  sealing_key_id: string | null;
}

export interface ChangeTable {
  seq: Generated<number>;
  what: 'account' | 'key';
  row: number;
}

export interface OperatorTable {
  row: Generated<number>;
  name: string;
  role: OperatorRole;
  digest: Uint8Array;
  pepper_id: string;
  created_ms: number;
  revoked_ms: number | null;
  last_used_ms: number | null;
}

export interface AuditTable {
  seq: Generated<number>;
  at_ms: number;
  actor: string;
  source: string;
  request_id: string;
  action: AuditAction;
  api: string;
  object: string;
  /** JSON of `AuditChanges`. */
  changed: string;
}

interface Tables {
  accounts: AccountTable;
  grants: GrantTable;
  keys: KeyTable;
  changes: ChangeTable;
  operators: OperatorTable;
  audit: AuditTable;
}

export type AccountRow = Selectable<AccountTable>;
export type KeyRow = Selectable<KeyTable>;
export type OperatorRow = Selectable<OperatorTable>;
export type AuditRow = Selectable<AuditTable>;

/** Writes typed SQL and runs none: a `SqliteConnection` does, synchronously, inside its own transactions. */
export const sql = new Kysely<Tables>({
  dialect: {
    createAdapter: () => new SqliteAdapter(),
    createDriver: () => new DummyDriver(),
    createIntrospector: (database) => new SqliteIntrospector(database),
    createQueryCompiler: () => new SqliteQueryCompiler(),
  },
});
