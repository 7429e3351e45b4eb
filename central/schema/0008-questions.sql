-- What officers asked villages about two records that share a NIK, and what the villages answered. key: hex of
-- domain/identities.pair_key; value: the question as it was published (protocol/feed.IdentityQuestion).
CREATE TABLE identity_question (
  key TEXT NOT NULL CHECK (length(key) = 64),
  village TEXT NOT NULL,
  proposal BLOB NOT NULL REFERENCES proposal (record),
  value BLOB NOT NULL,
  actor TEXT NOT NULL,
  at_ms INTEGER NOT NULL,
  PRIMARY KEY (key, village)
) STRICT, WITHOUT ROWID;

CREATE TABLE identity_answer (
  record BLOB PRIMARY KEY CHECK (length(record) = 16),
  key TEXT NOT NULL CHECK (length(key) = 64),
  village TEXT NOT NULL,
  epoch INTEGER NOT NULL,
  seq INTEGER NOT NULL,
  answer TEXT NOT NULL,
  how TEXT NOT NULL,
  note TEXT NOT NULL,
  actor TEXT NOT NULL,
  claimed_ms INTEGER NOT NULL,
  received_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX identity_answer_key ON identity_answer (key, village);
