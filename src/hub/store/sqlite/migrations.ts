import { SESSIONS } from './session-tables.ts';

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

/** A revoked operator stays in its table for ever: the audit log speaks of it by name. */
const OPERATORS = `
CREATE TABLE operators (
  row INTEGER PRIMARY KEY,
  name TEXT NOT NULL UNIQUE CHECK (length(name) BETWEEN 1 AND 64),
  role TEXT NOT NULL CHECK (role IN ('read', 'write')),
  digest BLOB NOT NULL UNIQUE CHECK (length(digest) = 32),
  pepper_id TEXT NOT NULL,
  created_ms INTEGER NOT NULL,
  revoked_ms INTEGER,
  last_used_ms INTEGER
) STRICT;
CREATE TRIGGER operators_stay_revoked BEFORE UPDATE OF revoked_ms ON operators
WHEN OLD.revoked_ms IS NOT NULL AND NEW.revoked_ms IS NOT OLD.revoked_ms
BEGIN
  SELECT RAISE(ABORT, 'a revocation is irreversible');
END;
`;

/** What stands in it stays as it is: REPLACE, which deletes without asking the trigger on DELETE, is refused when it inserts. */
const AUDIT = `
CREATE TABLE audit (
  seq INTEGER PRIMARY KEY AUTOINCREMENT,
  at_ms INTEGER NOT NULL,
  actor TEXT NOT NULL CHECK (actor <> ''),
  source TEXT NOT NULL CHECK (source <> ''),
  request_id TEXT NOT NULL,
  action TEXT NOT NULL CHECK (action <> ''),
  api TEXT NOT NULL,
  object TEXT NOT NULL,
  changed TEXT NOT NULL CHECK (json_valid(changed))
) STRICT;
CREATE INDEX audit_by_object ON audit (object, seq);
CREATE TRIGGER audit_keeps_entries BEFORE UPDATE ON audit
BEGIN
  SELECT RAISE(ABORT, 'the audit log is append-only');
END;
CREATE TRIGGER audit_keeps_all BEFORE DELETE ON audit
BEGIN
  SELECT RAISE(ABORT, 'the audit log is append-only');
END;
CREATE TRIGGER audit_replaces_none BEFORE INSERT ON audit
WHEN EXISTS (SELECT 1 FROM audit WHERE seq = NEW.seq)
BEGIN
  SELECT RAISE(ABORT, 'the audit log is append-only');
END;
`;

/**
 * What limits have counted, and how the counters' own time stood to the wall clock when that was last written.
 * An entry is two numbers of 64 bits: the counters' time of its last use, and how many uses it holds.
 */
const WINDOWS = `
CREATE TABLE windows (
  row INTEGER PRIMARY KEY,
  subject BLOB NOT NULL CHECK (length(subject) = 12),
  scope TEXT NOT NULL CHECK (scope IN ('key', 'account')),
  window_ms INTEGER NOT NULL CHECK (window_ms > 0),
  ends_ms REAL NOT NULL,
  entries BLOB NOT NULL CHECK (length(entries) BETWEEN 16 AND 1024 AND length(entries) % 16 = 0),
  UNIQUE (subject, scope, window_ms)
) STRICT;
CREATE TABLE counter_clock (
  row INTEGER PRIMARY KEY CHECK (row = 1),
  counter_ms REAL NOT NULL,
  wall_ms REAL NOT NULL
) STRICT;
`;

/**
 * A key that was used under a retired pepper is digested anew. An edge may still know it by an earlier digest, and must be told
 * that this is gone, whatever becomes of the key's row in the log meanwhile: so the key itself remembers, the latest first.
 */
const FORMER_DIGESTS = `
ALTER TABLE keys ADD COLUMN former_digests BLOB CHECK (length(former_digests) IN (32, 64));
CREATE INDEX keys_by_pepper ON keys (pepper_id, revoked_ms);
DROP TRIGGER keys_log_update;
CREATE TRIGGER keys_log_update AFTER UPDATE OF profile, expires_ms, revoked_ms, digest ON keys
BEGIN
  DELETE FROM changes WHERE what = 'key' AND row = NEW.row;
  INSERT INTO changes (what, row) VALUES ('key', NEW.row);
END;
`;

/** Sessions of a key are counted apart from the key's own requests; and an edge must hear of a key that was sealed anew. */
const SESSION_WINDOWS = `
ALTER TABLE windows RENAME TO windows_before;
CREATE TABLE windows (
  row INTEGER PRIMARY KEY,
  subject BLOB NOT NULL CHECK (length(subject) = 12),
  scope TEXT NOT NULL CHECK (scope IN ('key', 'account', 'session')),
  window_ms INTEGER NOT NULL CHECK (window_ms > 0),
  ends_ms REAL NOT NULL,
  entries BLOB NOT NULL CHECK (length(entries) BETWEEN 16 AND 1024 AND length(entries) % 16 = 0),
  UNIQUE (subject, scope, window_ms)
) STRICT;
INSERT INTO windows SELECT row, subject, scope, window_ms, ends_ms, entries FROM windows_before;
DROP TABLE windows_before;
CREATE INDEX keys_by_sealing_key ON keys (sealing_key_id) WHERE sealing_key_id IS NOT NULL AND revoked_ms IS NULL;
DROP TRIGGER keys_log_update;
CREATE TRIGGER keys_log_update AFTER UPDATE OF profile, expires_ms, revoked_ms, digest, sealed ON keys
BEGIN
  DELETE FROM changes WHERE what = 'key' AND row = NEW.row;
  INSERT INTO changes (what, row) VALUES ('key', NEW.row);
END;
`;

/**
 * What was charged and given back, a turn a row, until it is booked into the accounts. An entry is four numbers of 64 bits: the
 * account's row, what was taken from its purchased credits, and its allowance as it stands afterwards: the month, how much is used.
 */
const CHARGE_LOG = `
CREATE TABLE charge_log (
  seq INTEGER PRIMARY KEY,
  entries BLOB NOT NULL CHECK (length(entries) > 0 AND length(entries) % 32 = 0)
) STRICT;
`;

/**
 * What limits have counted, a batch a row, until what is not told again becomes a row of `windows`. For each window five words of 32 bits
 * (its subject, its scope and how many entries it has), its length as a number of 64 bits, and its entries as in `windows`. No number of
 * a row is given twice: of two rows that tell of a window the greater is right.
 */
const WINDOW_LOG = `
CREATE TABLE window_log (
  seq INTEGER PRIMARY KEY AUTOINCREMENT,
  words BLOB NOT NULL CHECK (length(words) BETWEEN 20 AND 5120 AND length(words) % 20 = 0),
  window_ms BLOB NOT NULL CHECK (length(window_ms) * 5 = length(words) * 2),
  entries BLOB NOT NULL CHECK (length(entries) <= 65536 AND length(entries) % 16 = 0)
) STRICT;
`;

/**
 * What was taken out of `charge_log` and could not be booked: parts that no charge has written, and what was charged to an account
 * that is not there. An account that is named here is charged nothing until an operator has looked, and deleted the row.
 */
const DAMAGED_CHARGES = `
CREATE TABLE damaged_charges (
  number INTEGER PRIMARY KEY AUTOINCREMENT,
  log_row REAL NOT NULL,
  entries BLOB NOT NULL
) STRICT;
`;

/** In order; a new one goes at the end. */
export const MIGRATIONS: readonly Migration[] = [
  { number: 1, name: 'accounts and their credits', sql: ACCOUNTS },
  { number: 2, name: 'keys', sql: KEYS },
  { number: 3, name: 'log of changes', sql: CHANGES },
  { number: 4, name: 'operators of the admin API', sql: OPERATORS },
  { number: 5, name: 'audit log', sql: AUDIT },
  { number: 6, name: 'windows of limits', sql: WINDOWS },
  { number: 7, name: 'former digests of keys', sql: FORMER_DIGESTS },
  { number: 8, name: 'windows of sessions, keys sealed anew', sql: SESSION_WINDOWS },
  { number: 9, name: 'sessions and their signing keys', sql: SESSIONS },
  { number: 10, name: 'log of charges', sql: CHARGE_LOG },
  { number: 11, name: 'log of windows', sql: WINDOW_LOG },
  { number: 12, name: 'damaged charges', sql: DAMAGED_CHARGES },
];
