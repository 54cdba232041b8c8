-- Keys that are never certified, whoever asks, for good. Nothing is taken off: neither by
-- housekeeping nor when the certificate that brought a key here has long expired.
CREATE TABLE blocked_key (
    key_hash BLOB PRIMARY KEY,              -- a fingerprint of crates/ca/src/quality/fingerprint.rs
    at       INTEGER NOT NULL,
    source   TEXT NOT NULL                  -- who or what says so
) STRICT, WITHOUT ROWID;
CREATE TRIGGER blocked_key_never_updated BEFORE UPDATE ON blocked_key
BEGIN SELECT RAISE(ABORT, 'a blocked key stays as it is'); END;
CREATE TRIGGER blocked_key_never_deleted BEFORE DELETE ON blocked_key
BEGIN SELECT RAISE(ABORT, 'a blocked key stays blocked'); END;

INSERT INTO blocked_key (key_hash, at, source)
SELECT key_hash, min(state_at), 'keyCompromise of ' || lower(hex(serial)) FROM certificate
WHERE state = 4 AND reason = 1 GROUP BY key_hash;
