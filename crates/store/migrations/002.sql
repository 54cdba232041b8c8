-- CRLs by shard. Shard 0 is the CRL over everything that a CA issued, for certificates that name
-- no shard; the others are filled one after the other, and a certificate keeps its own for life.
ALTER TABLE authority ADD COLUMN complete_crl INTEGER NOT NULL DEFAULT 1; -- publish shard 0
ALTER TABLE authority ADD COLUMN issues_from INTEGER NOT NULL DEFAULT 0;
ALTER TABLE authority ADD COLUMN retired_at INTEGER;    -- from then on it only publishes status
ALTER TABLE authority ADD COLUMN parent_id INTEGER REFERENCES authority; -- NULL: a root
ALTER TABLE authority ADD COLUMN revoked_at INTEGER;
ALTER TABLE authority ADD COLUMN revoked_reason INTEGER;
UPDATE authority SET parent_id = (SELECT min(id) FROM authority WHERE service_id IS NULL)
    WHERE service_id IS NOT NULL;
ALTER TABLE own_certificate ADD COLUMN shard INTEGER NOT NULL DEFAULT 0;
ALTER TABLE own_certificate ADD COLUMN revoked_at INTEGER;
ALTER TABLE own_certificate ADD COLUMN revoked_reason INTEGER;
ALTER TABLE certificate ADD COLUMN shard INTEGER NOT NULL DEFAULT 0;

CREATE TABLE crl_shard (
    authority_id INTEGER NOT NULL REFERENCES authority,
    number       INTEGER NOT NULL,          -- from 1
    address      TEXT NOT NULL,             -- of its CRL, as it stands in the certificates
    issued       INTEGER NOT NULL DEFAULT 0,
    not_after    INTEGER NOT NULL DEFAULT 0, -- when the last of its certificates ends
    PRIMARY KEY (authority_id, number)
) STRICT, WITHOUT ROWID;

-- Everything that a CRL says of a certificate, in one index.
DROP INDEX certificate_on_crl;
CREATE INDEX certificate_on_crl
    ON certificate (authority_id, shard, not_after, serial, state_at, reason) WHERE state >= 3;

-- Serial numbers that this database does not know but that stay revoked: what an older copy of
-- it forgot.
CREATE TABLE unaccounted (
    serial       BLOB PRIMARY KEY,
    authority_id INTEGER NOT NULL REFERENCES authority,
    shard        INTEGER NOT NULL,
    at           INTEGER NOT NULL,
    reason       INTEGER NOT NULL,
    not_after    INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX unaccounted_on_crl ON unaccounted (authority_id, shard, not_after);

ALTER TABLE status_change ADD COLUMN authority_id INTEGER REFERENCES authority;
ALTER TABLE status_change ADD COLUMN shard INTEGER NOT NULL DEFAULT 0;
UPDATE status_change SET authority_id =
    (SELECT authority_id FROM certificate WHERE certificate.serial = status_change.serial);
CREATE INDEX status_change_by_shard ON status_change (authority_id, shard, seq);
CREATE INDEX status_change_by_serial ON status_change (serial);
CREATE INDEX status_change_by_authority ON status_change (authority_id, seq);

-- A full CRL for each shard and, where there are deltas, the newest delta.
CREATE TABLE published_crl (
    authority_id INTEGER NOT NULL REFERENCES authority,
    shard        INTEGER NOT NULL,
    delta        INTEGER NOT NULL,          -- 0 full, 1 delta
    number       INTEGER NOT NULL,
    position     INTEGER NOT NULL,          -- status_change.seq it covers
    this_update  INTEGER NOT NULL,
    next_update  INTEGER NOT NULL,
    entries      INTEGER NOT NULL,
    der          BLOB NOT NULL,
    PRIMARY KEY (authority_id, shard, delta)
) STRICT;
INSERT INTO published_crl
    SELECT authority_id, 0, 0, number, position, this_update, next_update, 0, der FROM crl;
DROP TABLE crl;

-- The full CRL that deltas build on: all changes behind its position are on each of them.
CREATE TABLE delta_base (
    authority_id INTEGER NOT NULL REFERENCES authority,
    shard        INTEGER NOT NULL,
    number       INTEGER NOT NULL,
    position     INTEGER NOT NULL,
    PRIMARY KEY (authority_id, shard)
) STRICT, WITHOUT ROWID;

-- That there is an anchor outside, and since when: one that is gone is noticed.
CREATE TABLE anchor (
    at INTEGER NOT NULL
) STRICT;

-- Each time that an operator took an older copy of this database for the present one, knowing
-- that what came after it is lost. Their number is the epoch: what was said outside in an
-- earlier one is not held against the present.
CREATE TABLE rollback (
    last_entry INTEGER NOT NULL,            -- audit.seq at which the older copy ended
    at         INTEGER NOT NULL
) STRICT;
