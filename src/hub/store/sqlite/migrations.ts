/** A step from one form of the database to the next. Once released, a migration never changes. */
export interface Migration {
  /** 1, 2, 3, … without gaps. */
  readonly number: number;
  readonly name: string;
  readonly sql: string;
}

const ACCOUNTS = `
CREATE TABLE accounts (
  row INTEGER PRIMARY KEY,
  api TEXT NOT NULL CHECK (api <> ''),
  id TEXT NOT NULL CHECK (length(id) BETWEEN 1 AND 64),
  tier TEXT NOT NULL,
  standing TEXT NOT NULL CHECK (standing IN ('ok', 'suspended', 'disabled')),
  billing TEXT NOT NULL CHECK (billing IN ('active', 'trialing', 'trial_not_started', 'inactive')),
  trial_ends_ms INTEGER,
  purchased INTEGER NOT NULL CHECK (purchased BETWEEN 0 AND 9007199254740991),
  allowance_month INTEGER NOT NULL CHECK (allowance_month >= 0),
  allowance_used INTEGER NOT NULL CHECK (allowance_used BETWEEN 0 AND 9007199254740991),
  created_ms INTEGER NOT NULL,
  UNIQUE (api, id),
  CHECK (billing <> 'trialing' OR trial_ends_ms IS NOT NULL)
) STRICT;
CREATE INDEX accounts_by_tier ON accounts (api, tier);

CREATE TABLE grants (
  row INTEGER PRIMARY KEY,
  account_row INTEGER NOT NULL REFERENCES accounts (row),
  ref TEXT CHECK (length(ref) BETWEEN 1 AND 128),
  credits INTEGER NOT NULL CHECK (credits BETWEEN 1 AND 9007199254740991),
  granted_ms INTEGER NOT NULL,
  UNIQUE (account_row, ref)
) STRICT;
`;

/** A revoked key stays in its table for ever, so that neither its id nor its digest is ever taken again. */
const KEYS = `
CREATE TABLE keys (
  row INTEGER PRIMARY KEY,
  id BLOB NOT NULL UNIQUE CHECK (length(id) = 12),
  api TEXT NOT NULL CHECK (api <> ''),
  account_row INTEGER NOT NULL REFERENCES accounts (row),
  name TEXT NOT NULL CHECK (length(name) BETWEEN 1 AND 100),
  hint TEXT NOT NULL,
  digest BLOB NOT NULL CHECK (length(digest) = 32),
  pepper_id TEXT NOT NULL,
  profile TEXT NOT NULL CHECK (json_valid(profile)),
  tier TEXT NOT NULL GENERATED ALWAYS AS (json_extract(profile, '$.tier')) VIRTUAL,
  created_ms INTEGER NOT NULL,
  expires_ms INTEGER,
  revoked_ms INTEGER,
  last_used_ms INTEGER,
  sealed BLOB,
  sealing_key_id TEXT,
  UNIQUE (api, digest),
  CHECK ((sealed IS NULL) = (sealing_key_id IS NULL))
) STRICT;
CREATE INDEX keys_by_api ON keys (api);
CREATE INDEX keys_by_account ON keys (account_row);
CREATE INDEX keys_by_tier ON keys (api, tier) WHERE revoked_ms IS NULL;
CREATE TRIGGER keys_stay_revoked BEFORE UPDATE OF revoked_ms ON keys
WHEN OLD.revoked_ms IS NOT NULL AND NEW.revoked_ms IS NOT OLD.revoked_ms
BEGIN
  SELECT RAISE(ABORT, 'a revocation is irreversible');
END;
`;

/**
 * Which rows an edge must read again, each once, under the number of its latest change: the log never outgrows the tables.
 * Triggers write it, so that no writer can forget to; they watch only the columns that edges know, so that charges cost nothing.
 */
const CHANGES = `
CREATE TABLE changes (
  seq INTEGER PRIMARY KEY AUTOINCREMENT,
  what TEXT NOT NULL CHECK (what IN ('account', 'key')),
  row INTEGER NOT NULL,
  UNIQUE (what, row)
) STRICT;
CREATE TRIGGER accounts_log_insert AFTER INSERT ON accounts
BEGIN
  INSERT INTO changes (what, row) VALUES ('account', NEW.row);
END;
CREATE TRIGGER accounts_log_update AFTER UPDATE OF tier, standing, billing, trial_ends_ms ON accounts
BEGIN
  DELETE FROM changes WHERE what = 'account' AND row = NEW.row;
  INSERT INTO changes (what, row) VALUES ('account', NEW.row);
END;
CREATE TRIGGER keys_log_insert AFTER INSERT ON keys
BEGIN
  INSERT INTO changes (what, row) VALUES ('key', NEW.row);
END;
CREATE TRIGGER keys_log_update AFTER UPDATE OF profile, expires_ms, revoked_ms ON keys
BEGIN
  DELETE FROM changes WHERE what = 'key' AND row = NEW.row;
  INSERT INTO changes (what, row) VALUES ('key', NEW.row);
END;
`;

/** In order; a new one goes at the end. */
export const MIGRATIONS: readonly Migration[] = [
  { number: 1, name: 'accounts and their credits', sql: ACCOUNTS },
  { number: 2, name: 'keys', sql: KEYS },
  { number: 3, name: 'log of changes', sql: CHANGES },
];
