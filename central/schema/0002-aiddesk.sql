-- The keys of the coverage sets, one a month; the newest is in use.
CREATE TABLE coverage_key (
  key_id BLOB PRIMARY KEY CHECK (length(key_id) = 16),
  month INTEGER NOT NULL,
  secret BLOB NOT NULL CHECK (length(secret) = 32),
  made_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
