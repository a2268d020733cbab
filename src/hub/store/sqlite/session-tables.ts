/**
 * Sessions, and the keys that sign their tokens: one step of the migrations, which never changes once released.
 * Of a refresh token only the latest one's digest is kept; an ended session keeps none. The numbers of live and of ended
 * sessions are counted by triggers, because a bound on a million rows must not be asked by walking them.
 */
export const SESSIONS = `
CREATE TABLE sessions (
  row INTEGER PRIMARY KEY,
  id BLOB NOT NULL UNIQUE CHECK (length(id) = 12),
  api TEXT NOT NULL CHECK (api <> ''),
  key_id BLOB NOT NULL CHECK (length(key_id) = 12),
  account_row INTEGER NOT NULL REFERENCES accounts (row),
  created_ms INTEGER NOT NULL,
  refreshed_ms INTEGER NOT NULL,
  expires_ms INTEGER NOT NULL,
  dies_ms INTEGER NOT NULL,
  generation INTEGER NOT NULL CHECK (generation BETWEEN 0 AND 4294967295),
  digest BLOB CHECK (length(digest) = 32),
  pepper_id TEXT,
  repeated INTEGER NOT NULL CHECK (repeated IN (0, 1)),
  ended_ms INTEGER,
  ended_why TEXT CHECK (ended_why IN ('logout', 'revoked', 'reused', 'key', 'account', 'replaced', 'expired')),
  CHECK (dies_ms <= expires_ms),
  CHECK ((digest IS NULL) = (pepper_id IS NULL)),
  CHECK ((ended_ms IS NULL) = (ended_why IS NULL)),
  CHECK (ended_ms IS NULL OR digest IS NULL)
) STRICT;
CREATE INDEX sessions_by_api ON sessions (api) WHERE ended_ms IS NULL;
CREATE INDEX sessions_by_key ON sessions (key_id, refreshed_ms) WHERE ended_ms IS NULL;
CREATE INDEX sessions_by_account ON sessions (account_row, refreshed_ms) WHERE ended_ms IS NULL;
CREATE INDEX sessions_by_death ON sessions (dies_ms) WHERE ended_ms IS NULL;
CREATE INDEX sessions_by_end ON sessions (ended_ms) WHERE ended_ms IS NOT NULL;
CREATE TRIGGER sessions_stay_ended BEFORE UPDATE ON sessions
WHEN OLD.ended_ms IS NOT NULL
BEGIN
  SELECT RAISE(ABORT, 'a session has ended for good');
END;

CREATE TABLE live_sessions (
  row INTEGER PRIMARY KEY CHECK (row = 1),
  count INTEGER NOT NULL CHECK (count >= 0),
  ended INTEGER NOT NULL CHECK (ended >= 0)
) STRICT;
INSERT INTO live_sessions (row, count, ended) VALUES (1, 0, 0);

CREATE TABLE signing_keys (
  row INTEGER PRIMARY KEY,
  api TEXT NOT NULL CHECK (api <> ''),
  kid TEXT NOT NULL CHECK (kid <> ''),
  algorithm TEXT NOT NULL CHECK (algorithm IN ('EdDSA', 'ES256')),
  jwk TEXT NOT NULL CHECK (json_valid(jwk) AND json_extract(jwk, '$.d') IS NULL),
  sealed BLOB,
  sealing_key_id TEXT,
  published_ms INTEGER NOT NULL,
  signs_from_ms INTEGER NOT NULL CHECK (signs_from_ms >= published_ms),
  gone_ms INTEGER,
  UNIQUE (api, kid),
  CHECK ((sealed IS NULL) = (sealing_key_id IS NULL)),
  CHECK ((sealed IS NULL) = (gone_ms IS NOT NULL))
) STRICT;
CREATE TRIGGER signing_keys_stay_gone BEFORE UPDATE ON signing_keys
WHEN OLD.gone_ms IS NOT NULL
BEGIN
  SELECT RAISE(ABORT, 'a signing key is gone for good');
END;

DROP TRIGGER accounts_log_insert;
DROP TRIGGER accounts_log_update;
DROP TRIGGER keys_log_insert;
DROP TRIGGER keys_log_update;
ALTER TABLE changes RENAME TO changes_before;
CREATE TABLE changes (
  seq INTEGER PRIMARY KEY AUTOINCREMENT,
  what TEXT NOT NULL CHECK (what IN ('account', 'key', 'session', 'signing_key')),
  row INTEGER NOT NULL,
  UNIQUE (what, row)
) STRICT;
INSERT INTO changes (seq, what, row) SELECT seq, what, row FROM changes_before ORDER BY seq;
DROP TABLE changes_before;

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
CREATE TRIGGER keys_log_update AFTER UPDATE OF profile, expires_ms, revoked_ms, digest, sealed ON keys
BEGIN
  DELETE FROM changes WHERE what = 'key' AND row = NEW.row;
  INSERT INTO changes (what, row) VALUES ('key', NEW.row);
END;
CREATE TRIGGER sessions_log_insert AFTER INSERT ON sessions
BEGIN
  INSERT INTO changes (what, row) VALUES ('session', NEW.row);
  UPDATE live_sessions SET count = count + (NEW.ended_ms IS NULL), ended = ended + (NEW.ended_ms IS NOT NULL);
END;
CREATE TRIGGER sessions_log_end AFTER UPDATE OF ended_ms ON sessions
WHEN OLD.ended_ms IS NULL AND NEW.ended_ms IS NOT NULL
BEGIN
  DELETE FROM changes WHERE what = 'session' AND row = NEW.row;
  INSERT INTO changes (what, row) VALUES ('session', NEW.row);
  UPDATE live_sessions SET count = count - 1, ended = ended + 1;
END;
CREATE TRIGGER sessions_delete_ended BEFORE DELETE ON sessions
WHEN OLD.ended_ms IS NULL
BEGIN
  SELECT RAISE(ABORT, 'a live session is ended before it is deleted');
END;
CREATE TRIGGER sessions_log_delete AFTER DELETE ON sessions
BEGIN
  DELETE FROM changes WHERE what = 'session' AND row = OLD.row;
  UPDATE live_sessions SET ended = ended - 1;
END;
CREATE TRIGGER signing_keys_log_insert AFTER INSERT ON signing_keys
BEGIN
  INSERT INTO changes (what, row) VALUES ('signing_key', NEW.row);
END;
CREATE TRIGGER signing_keys_log_gone AFTER UPDATE OF gone_ms ON signing_keys
BEGIN
  DELETE FROM changes WHERE what = 'signing_key' AND row = NEW.row;
  INSERT INTO changes (what, row) VALUES ('signing_key', NEW.row);
END;
CREATE TRIGGER signing_keys_log_delete AFTER DELETE ON signing_keys
BEGIN
  DELETE FROM changes WHERE what = 'signing_key' AND row = OLD.row;
END;
`;
