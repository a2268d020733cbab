import { DummyDriver, Kysely, SqliteAdapter, SqliteIntrospector, SqliteQueryCompiler } from 'kysely';
import type { Generated, Selectable } from 'kysely';
import type { AuditAction } from '../../../domain/audit.ts';
import type { OperatorRole } from '../../../domain/operators.ts';
import type { Billing, Standing } from '../../../domain/principal.ts';
import type { SessionKey } from '../../../domain/session.ts';
import type { SessionEnd } from '../../../domain/operations.ts';

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
  what: 'account' | 'key' | 'session' | 'signing_key';
  row: number;
}

export interface SessionTable {
  row: Generated<number>;
  id: Uint8Array;
  api: string;
  key_id: Uint8Array;
  account_row: number;
  created_ms: number;
  refreshed_ms: number;
  expires_ms: number;
  dies_ms: number;
  generation: number;
  digest: Uint8Array | null;
  pepper_id: string | null;
  /** 1: the token before the latest was taken once more. */
  repeated: number;
  ended_ms: number | null;
  ended_why: SessionEnd | null;
}

export interface SigningKeyTable {
  row: Generated<number>;
  api: string;
  kid: string;
  algorithm: SessionKey['algorithm'];
  jwk: string;
  /** null once the key is gone, as is the id. */
  sealed: Uint8Array | null;
  sealing_key_id: string | null;
  published_ms: number;
  signs_from_ms: number;
  gone_ms: number | null;
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
  sessions: SessionTable;
  signing_keys: SigningKeyTable;
  operators: OperatorTable;
  audit: AuditTable;
}

export type AccountRow = Selectable<AccountTable>;
export type KeyRow = Selectable<KeyTable>;
export type SessionRow = Selectable<SessionTable>;
export type SigningKeyRow = Selectable<SigningKeyTable>;
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
