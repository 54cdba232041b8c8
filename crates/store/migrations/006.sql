-- Since when a revoked certificate was no good, where that was before its revocation (RFC 5280
-- §5.3.2). It stands on CRLs, so it belongs to the index that they are written from.
ALTER TABLE certificate ADD COLUMN invalid_since INTEGER;
DROP INDEX certificate_on_crl;
CREATE INDEX certificate_on_crl
    ON certificate (authority_id, shard, not_after, serial, state_at, reason, invalid_since)
    WHERE state >= 3;
CREATE INDEX certificate_issued ON certificate (issued_at) WHERE state IN (1, 2, 3);

ALTER TABLE company ADD COLUMN closed_at INTEGER; -- NULL: open

-- Changes of e-mail addresses that wait for their confirmation, at most one a seat. The row stays
-- afterwards: it counts how often a change was asked for of late.
CREATE TABLE email_change (
    seat_id  INTEGER PRIMARY KEY REFERENCES seat,
    email    TEXT,                          -- NULL: nothing waits
    number   INTEGER NOT NULL,              -- of the request; each replaces the one before
    asked_at INTEGER NOT NULL,
    since    INTEGER NOT NULL,              -- first request that counts
    count    INTEGER NOT NULL
) STRICT;

-- The links that confirm one: each attempt to send the mail makes its own, and keeps its hash only.
CREATE TABLE email_link (
    hash    BLOB PRIMARY KEY,               -- SHA-256 of the nonce
    seat_id INTEGER NOT NULL REFERENCES seat,
    ends_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX email_link_by_seat ON email_link (seat_id);
