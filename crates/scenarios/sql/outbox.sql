SELECT * FROM outbox ORDER BY id;
