-- Who signed a change of an e-mail address, and when by the clock of their PC.
ALTER TABLE email_change ADD COLUMN signed_by BLOB;    -- serial number; NULL: an office asked
ALTER TABLE email_change ADD COLUMN signed_at INTEGER; -- the newest ever taken up; it only grows
