-- Who is likely one person under two numbers is looked for among those born on one day.
CREATE INDEX proposal_birth ON proposal (birth_date);
CREATE INDEX coverage_birth ON coverage (birth_date);

-- record: hex of a proposal's; other: the record of a proposal (which names this one too) or the reference of a coverage;
-- key: what may be said of the two. It follows from the two records, and goes with them.
CREATE TABLE likely (
  record TEXT NOT NULL,
  other BLOB NOT NULL,
  key BLOB NOT NULL,
  PRIMARY KEY (record, other)
) STRICT, WITHOUT ROWID;
CREATE INDEX likely_other ON likely (other);
