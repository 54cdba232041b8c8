-- Which certificate a renewal replaces. Of those made before this column the seat and the second
-- of the renewal tell: both were written by one transaction.
ALTER TABLE certificate ADD COLUMN replaces BLOB;
UPDATE certificate SET replaces = (
    SELECT old.serial FROM certificate old
    WHERE old.seat_id = certificate.seat_id AND old.superseded_at = certificate.issued_at
        AND old.id < certificate.id
    ORDER BY old.id DESC LIMIT 1)
WHERE seat_id IN (SELECT seat_id FROM certificate WHERE superseded_at IS NOT NULL);
CREATE INDEX certificate_by_replaced ON certificate (replaces) WHERE replaces IS NOT NULL;

-- How many of a CA's certificates stand how, and until when, without reading one of them.
CREATE INDEX certificate_by_state ON certificate (authority_id, state, not_after);

-- When gateways admitted a certificate. Apart from the certificate, whose row is a hundred times as
-- long: a use a minute of a million certificates rewrites few pages, and no index.
CREATE TABLE certificate_use (
    certificate_id INTEGER PRIMARY KEY REFERENCES certificate,
    first_used_at  INTEGER NOT NULL,
    last_used_at   INTEGER NOT NULL
) STRICT;

-- Superseded certificates whose successor was seen at a gateway. A row goes when it is settled.
CREATE TABLE retirement (
    service_id     INTEGER NOT NULL REFERENCES service,
    seen_at        INTEGER NOT NULL,        -- first use of the successor
    certificate_id INTEGER NOT NULL REFERENCES certificate,
    PRIMARY KEY (service_id, seen_at, certificate_id)
) STRICT, WITHOUT ROWID;

-- The newest report of each gateway, by the certificate that signed it.
CREATE TABLE gateway_report (
    serial      BLOB NOT NULL REFERENCES own_certificate,
    service_id  INTEGER NOT NULL REFERENCES service,
    sequence    INTEGER NOT NULL,
    reported_at INTEGER NOT NULL,           -- by our clock
    sent_at     INTEGER NOT NULL,           -- by the gateway's
    position    INTEGER NOT NULL,           -- of the revocation feed that it knows
    PRIMARY KEY (service_id, serial)
) STRICT, WITHOUT ROWID;

-- For the figures of `tegata status`.
CREATE INDEX own_certificate_by_purpose ON own_certificate (purpose, not_after);
