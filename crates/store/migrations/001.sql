-- Times are Unix seconds. States are numbered in crates/store/src/{credential,certificate}.rs.

CREATE TABLE service (
    id        INTEGER PRIMARY KEY,
    tenant    TEXT NOT NULL,
    issuer    TEXT NOT NULL,
    settings  TEXT NOT NULL,               -- JSON, versioned by its own reader
    UNIQUE (tenant, issuer)
) STRICT;

CREATE TABLE authority (
    id          INTEGER PRIMARY KEY,
    service_id  INTEGER REFERENCES service, -- NULL: a root
    name        TEXT NOT NULL UNIQUE,       -- also the key's file name
    certificate BLOB NOT NULL,
    crl_number  INTEGER NOT NULL DEFAULT 0  -- last one used, also by a CRL that was never out
) STRICT;

CREATE TABLE crl (
    authority_id INTEGER PRIMARY KEY REFERENCES authority,
    number       INTEGER NOT NULL,
    position     INTEGER NOT NULL,          -- status_change.seq it covers
    this_update  INTEGER NOT NULL,
    next_update  INTEGER NOT NULL,
    der          BLOB NOT NULL
) STRICT;

CREATE TABLE branch (
    id         INTEGER PRIMARY KEY,
    service_id INTEGER NOT NULL REFERENCES service,
    code       TEXT NOT NULL,
    name       TEXT NOT NULL,
    UNIQUE (service_id, code)
) STRICT;

CREATE TABLE company (
    id         INTEGER PRIMARY KEY,
    service_id INTEGER NOT NULL REFERENCES service,
    branch_id  INTEGER NOT NULL REFERENCES branch,
    code       TEXT NOT NULL,
    name       TEXT NOT NULL,
    next_seat  INTEGER NOT NULL DEFAULT 401, -- number of the next seat; never falls
    UNIQUE (service_id, code)
) STRICT;

CREATE TABLE seat (
    id         INTEGER PRIMARY KEY,
    service_id INTEGER NOT NULL REFERENCES service,
    company_id INTEGER NOT NULL REFERENCES company,
    user_id    TEXT NOT NULL,
    open       INTEGER NOT NULL DEFAULT 1,
    email      TEXT,
    UNIQUE (service_id, user_id)
) STRICT;
CREATE INDEX seat_by_company ON seat (company_id);

-- One row a seat: a reset overwrites it, the audit log remembers.
CREATE TABLE credential (
    seat_id    INTEGER PRIMARY KEY REFERENCES seat,
    hash       TEXT NOT NULL,               -- Argon2id in PHC form
    created_at INTEGER NOT NULL,
    lapses_at  INTEGER NOT NULL,
    state      INTEGER NOT NULL,
    failures   INTEGER NOT NULL DEFAULT 0,
    state_at   INTEGER NOT NULL,
    key_hash   BLOB,
    serial     BLOB
) STRICT;

CREATE TABLE certificate (
    id             INTEGER PRIMARY KEY,
    serial         BLOB NOT NULL UNIQUE,
    authority_id   INTEGER NOT NULL REFERENCES authority,
    seat_id        INTEGER NOT NULL REFERENCES seat,
    key_hash       BLOB NOT NULL,
    tbs_hash       BLOB NOT NULL,           -- of what was to be signed, from the intent on
    not_before     INTEGER NOT NULL,
    not_after      INTEGER NOT NULL,
    state          INTEGER NOT NULL,
    state_at       INTEGER NOT NULL,
    issued_at      INTEGER,
    superseded_at  INTEGER,
    reason         INTEGER,
    next_notice_at INTEGER,                 -- when the next reminder is due
    der            BLOB
) STRICT;
CREATE INDEX certificate_by_seat ON certificate (seat_id);
CREATE INDEX certificate_by_key ON certificate (key_hash);
CREATE INDEX certificate_planned ON certificate (state) WHERE state = 0;
CREATE INDEX certificate_on_crl ON certificate (authority_id) WHERE state >= 3;
CREATE INDEX certificate_notice ON certificate (next_notice_at) WHERE next_notice_at IS NOT NULL;
CREATE INDEX certificate_expiry ON certificate (not_after);

-- The revocation feed: every change of what relying parties are told, in order, for good.
CREATE TABLE status_change (
    seq        INTEGER PRIMARY KEY AUTOINCREMENT,
    service_id INTEGER NOT NULL REFERENCES service,
    serial     BLOB NOT NULL,
    status     INTEGER NOT NULL,            -- 0 good, 1 held, 2 revoked
    at         INTEGER NOT NULL
) STRICT;
CREATE INDEX status_change_by_service ON status_change (service_id, seq);

-- Append-only; hash = SHA-256(previous hash || body).
CREATE TABLE audit (
    seq  INTEGER PRIMARY KEY,
    body TEXT NOT NULL,
    hash BLOB NOT NULL
) STRICT;
CREATE TRIGGER audit_never_updated BEFORE UPDATE ON audit
BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END;
CREATE TRIGGER audit_never_deleted BEFORE DELETE ON audit
BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END;

-- Certificates for this system's own servers, under the same issuing CA.
CREATE TABLE own_certificate (
    serial       BLOB PRIMARY KEY,
    authority_id INTEGER NOT NULL REFERENCES authority,
    purpose      TEXT NOT NULL,             -- 'site' or 'gateway'; also the key's file name
    not_after    INTEGER NOT NULL,
    der          BLOB NOT NULL
) STRICT;

-- Mails to be sent. A row is claimed by moving next_at ahead, so that a crash delays a mail
-- but does not lose it.
CREATE TABLE outbox (
    id         INTEGER PRIMARY KEY,
    service_id INTEGER NOT NULL REFERENCES service,
    kind       TEXT NOT NULL,
    recipient  TEXT NOT NULL,
    lang       TEXT NOT NULL,
    detail     TEXT NOT NULL,               -- JSON, what the text of this kind needs
    created_at INTEGER NOT NULL,
    next_at    INTEGER,                     -- NULL: done with
    attempts   INTEGER NOT NULL DEFAULT 0,
    sent_at    INTEGER,
    error      TEXT
) STRICT;
CREATE INDEX outbox_due ON outbox (next_at) WHERE next_at IS NOT NULL;
