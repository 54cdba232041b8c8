-- So many seconds pass for whatever is put off, and it is due.
UPDATE outbox SET next_at = 0, created_at = created_at - :seconds,
    tried_from = tried_from - :seconds WHERE next_at IS NOT NULL;
