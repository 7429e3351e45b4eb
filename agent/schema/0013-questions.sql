-- What the village answered to the regency's questions whether two records of one NIK are one person; the questions
-- themselves are read from feed_state. Of several on one pair the newest in the log stands.
CREATE TABLE identity_answer (
  id BLOB PRIMARY KEY CHECK (length(id) = 16),
  log INTEGER NOT NULL,
  seq INTEGER NOT NULL,
  pair BLOB NOT NULL CHECK (length(pair) = 32),
  proposal BLOB NOT NULL,
  answer TEXT NOT NULL,
  how TEXT NOT NULL,
  note TEXT NOT NULL,
  actor TEXT NOT NULL,
  written_ms INTEGER NOT NULL
) STRICT;
CREATE INDEX identity_answer_pair ON identity_answer (pair, log, seq);
