-- Whose number a line of the access log is about, and why somebody looked. tag: HMAC-SHA-256 of the NIK under the secret,
-- so that a log that is handed over names nobody to whoever has no NIK to ask for. A line of the access log that is named here
-- cannot be taken away.
CREATE TABLE subject_key (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  secret BLOB NOT NULL CHECK (length(secret) = 32)
) STRICT;
INSERT INTO subject_key (id, secret) VALUES (1, randomblob(32));

CREATE TABLE subject_access (
  access INTEGER PRIMARY KEY REFERENCES access_log (access_id),
  tag BLOB NOT NULL CHECK (length(tag) = 16),
  why TEXT NOT NULL CHECK (why <> '')
) STRICT;
CREATE INDEX subject_access_tag ON subject_access (tag);
CREATE TRIGGER subject_access_is_never_changed BEFORE UPDATE ON subject_access
BEGIN
  SELECT raise(ABORT, 'the access log is never changed');
END;
CREATE TRIGGER subject_access_is_never_shortened BEFORE DELETE ON subject_access
BEGIN
  SELECT raise(ABORT, 'the access log is never shortened');
END;

-- What an officer answered to an objection; one answer each, never changed. code, facts_hash: the answer contested.
CREATE TABLE objection_decision (
  objection BLOB PRIMARY KEY REFERENCES objection (record),
  proposal BLOB NOT NULL REFERENCES proposal (record),
  outcome TEXT NOT NULL CHECK (outcome IN ('granted', 'refused')),
  code TEXT NOT NULL,
  facts_hash BLOB NOT NULL,
  reason TEXT NOT NULL CHECK (reason <> ''),
  actor TEXT NOT NULL,
  at_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX objection_decision_proposal ON objection_decision (proposal);

-- What officers ruled does not count against a proposal, by a granted objection. reference: a coverage, a rival proposal,
-- or the code of the cycle whose window it missed.
CREATE TABLE ruling (
  id INTEGER PRIMARY KEY,
  proposal BLOB NOT NULL REFERENCES proposal (record),
  reference BLOB NOT NULL CHECK (length(reference) > 0),
  objection BLOB NOT NULL REFERENCES objection_decision (objection)
) STRICT;
CREATE INDEX ruling_proposal ON ruling (proposal);

-- Coverages that ended before their list says; the last row of a reference is in force. month_until: the last month that
-- counts. By reference alone, so that it holds again when a list that was taken back is imported once more.
CREATE TABLE coverage_end (
  id INTEGER PRIMARY KEY,
  reference BLOB NOT NULL CHECK (length(reference) = 32),
  month_until INTEGER NOT NULL,
  objection BLOB NOT NULL REFERENCES objection_decision (objection)
) STRICT;
CREATE INDEX coverage_end_reference ON coverage_end (reference);
