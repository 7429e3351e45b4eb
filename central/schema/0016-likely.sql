-- Who is likely one person under two numbers is compared within a day of birth, and within a year where a day is not known.
CREATE INDEX proposal_birth ON proposal (birth_date);
CREATE INDEX coverage_birth ON coverage (birth_date);
CREATE INDEX proposal_weak_birth ON proposal (substr(birth_date, 1, 4))
  WHERE substr(birth_date, 6) IN ('01-01', '07-01', '06-30', '12-31');
CREATE INDEX coverage_weak_birth ON coverage (substr(birth_date, 1, 4))
  WHERE substr(birth_date, 6) IN ('01-01', '07-01', '06-30', '12-31');

-- record: hex of a proposal's; other: the record of a proposal (which names this one too) or the reference of a coverage;
-- key: what may be said of the two. It follows from the two records, and goes with them.
CREATE TABLE likely (
  record TEXT NOT NULL,
  other BLOB NOT NULL,
  key BLOB NOT NULL,
  PRIMARY KEY (record, other)
) STRICT, WITHOUT ROWID;
CREATE INDEX likely_other ON likely (other);
