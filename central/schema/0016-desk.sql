-- What a cycle pays each recipient, and the determined cycle whose recipients come over (or empty), stand beside quota, budget
-- and validations. So far they were set in a table of their own, past the second officer; the last word there comes over.
ALTER TABLE cycle ADD COLUMN amount_rupiah INTEGER CHECK (amount_rupiah > 0);
ALTER TABLE cycle ADD COLUMN former TEXT NOT NULL DEFAULT '';
UPDATE cycle SET
  amount_rupiah = (SELECT t.amount_rupiah FROM cycle_terms AS t WHERE t.cycle = cycle.code ORDER BY t.id DESC LIMIT 1),
  former = (SELECT t.former FROM cycle_terms AS t WHERE t.cycle = cycle.code ORDER BY t.id DESC LIMIT 1),
  quota = coalesce(quota,
    (SELECT nullif(t.quota, 0) FROM cycle_terms AS t WHERE t.cycle = cycle.code ORDER BY t.id DESC LIMIT 1)),
  budget_rupiah = coalesce(budget_rupiah,
    (SELECT nullif(t.budget_rupiah, 0) FROM cycle_terms AS t WHERE t.cycle = cycle.code ORDER BY t.id DESC LIMIT 1)),
  validations = coalesce(nullif(validations, ''),
    (SELECT replace(t.required_validations, ' ', ';') FROM cycle_terms AS t WHERE t.cycle = cycle.code ORDER BY t.id DESC LIMIT 1))
WHERE code IN (SELECT t.cycle FROM cycle_terms AS t);
DROP TABLE cycle_terms;

-- An objection may also be answered by saying that what it contests is no longer in force: `settled`. The table is made anew for
-- that, with the two that name its rows.
CREATE TABLE ruling_kept AS SELECT * FROM ruling;
CREATE TABLE coverage_end_kept AS SELECT * FROM coverage_end;
DROP TABLE ruling;
DROP TABLE coverage_end;
CREATE TABLE objection_answer (
  objection BLOB PRIMARY KEY REFERENCES objection (record),
  proposal BLOB NOT NULL REFERENCES proposal (record),
  outcome TEXT NOT NULL CHECK (outcome IN ('granted', 'refused', 'settled')),
  code TEXT NOT NULL,
  facts_hash BLOB NOT NULL,
  reason TEXT NOT NULL CHECK (reason <> ''),
  actor TEXT NOT NULL,
  at_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
INSERT INTO objection_answer SELECT * FROM objection_decision;
DROP TABLE objection_decision;
ALTER TABLE objection_answer RENAME TO objection_decision;
CREATE INDEX objection_decision_proposal ON objection_decision (proposal);
CREATE TABLE ruling (
  id INTEGER PRIMARY KEY,
  proposal BLOB NOT NULL REFERENCES proposal (record),
  reference BLOB NOT NULL CHECK (length(reference) > 0),
  objection BLOB NOT NULL REFERENCES objection_decision (objection)
) STRICT;
CREATE INDEX ruling_proposal ON ruling (proposal);
INSERT INTO ruling SELECT * FROM ruling_kept;
DROP TABLE ruling_kept;
CREATE TABLE coverage_end (
  id INTEGER PRIMARY KEY,
  reference BLOB NOT NULL CHECK (length(reference) = 32),
  month_until INTEGER NOT NULL,
  objection BLOB NOT NULL REFERENCES objection_decision (objection)
) STRICT;
CREATE INDEX coverage_end_reference ON coverage_end (reference);
INSERT INTO coverage_end SELECT * FROM coverage_end_kept;
DROP TABLE coverage_end_kept;

-- Determined lists that the coverage sets on the regency's feed do not hold yet.
CREATE TABLE coverage_unsaid (
  import INTEGER PRIMARY KEY REFERENCES import_file (id)
) STRICT;
