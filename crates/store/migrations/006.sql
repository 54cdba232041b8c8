-- What became of a mail after a mail server took it, and mails that wait for what signs them.
ALTER TABLE outbox ADD COLUMN bounced_at INTEGER;   -- reported as undeliverable
ALTER TABLE outbox ADD COLUMN delayed_at INTEGER;   -- reported as late, and not yet as anything else
ALTER TABLE outbox ADD COLUMN report TEXT;          -- what the report says
ALTER TABLE outbox ADD COLUMN held_at INTEGER;      -- when it last waited for something of ours
CREATE INDEX outbox_bounced ON outbox (bounced_at) WHERE bounced_at IS NOT NULL;
CREATE INDEX own_certificate_by_purpose ON own_certificate (purpose, authority_id);
