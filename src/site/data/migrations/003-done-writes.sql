-- What a request with an idempotency key has written, in the transaction of the write itself: done once, though a process
-- is killed between the write and its answer. `result` is sealed with the key, which the table does not hold.
CREATE TABLE done_writes (
  id BLOB PRIMARY KEY,
  result BLOB NOT NULL,
  at INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX done_writes_at ON done_writes (at);
