-- What a proposal's form asked beside the person (msgpack [[key, answer], ...]); null until it is read from the log again.
ALTER TABLE proposal ADD COLUMN answers BLOB;

-- From now on an answer's hash holds what the rules said, so every answer is looked at once more.
UPDATE proposal SET is_dirty = 1;

-- For the lock of a cycle; `decide` reads none of the three. quota: recipients. validations: who must agree, separated by ;
ALTER TABLE cycle ADD COLUMN quota INTEGER CHECK (quota > 0);
ALTER TABLE cycle ADD COLUMN budget_rupiah INTEGER CHECK (budget_rupiah > 0);
ALTER TABLE cycle ADD COLUMN validations TEXT NOT NULL DEFAULT '';

-- A change of the rules as an officer drafted it, and what another said of it. change: JSON, see domain/rule_changes.
-- differences: JSON [[what, before, after], ...] as whoever judged it saw them. A row is judged once and never changed after.
CREATE TABLE rule_change (
  id INTEGER PRIMARY KEY,
  change TEXT NOT NULL,
  reason TEXT NOT NULL CHECK (reason <> ''),
  drafted_by TEXT NOT NULL,
  drafted_ms INTEGER NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('waiting', 'approved', 'refused')),
  judged_by TEXT NOT NULL DEFAULT '',
  judged_ms INTEGER NOT NULL DEFAULT 0,
  judged_reason TEXT NOT NULL DEFAULT '',
  differences TEXT NOT NULL DEFAULT '',
  CHECK ((state = 'waiting') = (judged_by = '')),
  CHECK (judged_by <> drafted_by OR judged_by = ''),
  CHECK (state <> 'refused' OR judged_reason <> '')
) STRICT;
CREATE INDEX rule_change_waiting ON rule_change (id) WHERE state = 'waiting';

-- Every edition of the rules after the one that ships with the program, whole; the last one is in force. content: msgpack of
-- domain/rule_changes.Edition; digest: its SHA-256.
CREATE TABLE rule_edition (
  number INTEGER PRIMARY KEY,
  change INTEGER NOT NULL UNIQUE REFERENCES rule_change (id),
  content BLOB NOT NULL,
  digest BLOB NOT NULL CHECK (length(digest) = 32)
) STRICT;
