-- Reminders, mails of more kinds, and what they have to know.

ALTER TABLE seat ADD COLUMN lang TEXT;          -- of its mails; NULL: the service's
ALTER TABLE seat ADD COLUMN unattended INTEGER NOT NULL DEFAULT 0; -- its PC says it renews by itself
ALTER TABLE branch ADD COLUMN email TEXT;       -- where its digest goes

ALTER TABLE credential ADD COLUMN lapse_told_at INTEGER; -- when its user was told, or never will be
CREATE INDEX credential_lapse_untold ON credential (lapses_at)
    WHERE state = 0 AND lapse_told_at IS NULL;
CREATE INDEX credential_by_state ON credential (state, lapses_at);

-- A mail waits (next_at), was sent (sent_at), cannot be delivered (failed_at; after sent_at
-- where a mail server reports it later), or is not wanted any more (dropped_at).
ALTER TABLE outbox ADD COLUMN seat_id INTEGER REFERENCES seat;
ALTER TABLE outbox ADD COLUMN branch_id INTEGER REFERENCES branch;
ALTER TABLE outbox ADD COLUMN tried_from INTEGER; -- it waited for us, or an operator asked to try once more
ALTER TABLE outbox ADD COLUMN delayed_at INTEGER; -- a mail server reports that it is late
ALTER TABLE outbox ADD COLUMN failed_at INTEGER;
ALTER TABLE outbox ADD COLUMN dropped_at INTEGER;
UPDATE outbox SET failed_at = created_at WHERE next_at IS NULL AND sent_at IS NULL;
CREATE INDEX outbox_by_seat ON outbox (seat_id) WHERE seat_id IS NOT NULL;
CREATE INDEX outbox_waiting ON outbox (service_id, created_at) WHERE next_at IS NOT NULL;
CREATE INDEX outbox_failed ON outbox (service_id, failed_at)
    WHERE failed_at IS NOT NULL AND dropped_at IS NULL;

-- One row a reminder, for good: none is made twice, whoever makes it.
CREATE TABLE reminder (
    certificate_id INTEGER NOT NULL REFERENCES certificate,
    threshold_days INTEGER NOT NULL,
    at             INTEGER NOT NULL,
    mail_id        INTEGER REFERENCES outbox, -- NULL: there was no address; the branch is told
    PRIMARY KEY (certificate_id, threshold_days)
) STRICT, WITHOUT ROWID;

-- The thresholds that certificate.next_notice_at was worked out for. When a service's settings
-- say others, its certificates are gone through again, from `after` on.
CREATE TABLE notice_plan (
    service_id    INTEGER PRIMARY KEY REFERENCES service,
    reminder_days TEXT NOT NULL,            -- JSON
    after         INTEGER                   -- certificate.id; NULL: done
) STRICT;

-- One row a branch and day of the service's zone, whether there was something to tell or not.
CREATE TABLE digest (
    branch_id INTEGER NOT NULL REFERENCES branch,
    day       TEXT NOT NULL,                -- 2027-02-16
    at        INTEGER NOT NULL,
    mail_id   INTEGER REFERENCES outbox,    -- NULL: there was nothing to tell
    PRIMARY KEY (branch_id, day)
) STRICT, WITHOUT ROWID;

-- Texts of mails that a service says in its own words.
CREATE TABLE mail_template (
    service_id INTEGER NOT NULL REFERENCES service,
    lang       TEXT NOT NULL,
    message    TEXT NOT NULL,               -- id
    source     TEXT NOT NULL,               -- Fluent
    PRIMARY KEY (service_id, lang, message)
) STRICT, WITHOUT ROWID;
