-- The keys of the coverage sets, one a month; the newest is in use.
CREATE TABLE coverage_key (
  key_id BLOB PRIMARY KEY CHECK (length(key_id) = 16),
  month INTEGER NOT NULL,
  secret BLOB NOT NULL CHECK (length(secret) = 32),
  made_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- What residents put against an answer, as their villages wrote it down. claimed_ms: by the village server's clock.
CREATE TABLE objection (
  record BLOB PRIMARY KEY CHECK (length(record) = 16),
  village TEXT NOT NULL,
  proposal BLOB NOT NULL,
  grounds TEXT NOT NULL,
  evidence TEXT NOT NULL,
  actor TEXT NOT NULL,
  claimed_ms INTEGER NOT NULL,
  received_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX objection_recent ON objection (received_ms DESC);
CREATE INDEX objection_proposal ON objection (proposal);
