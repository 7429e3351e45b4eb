-- Who is likely one person under two numbers. A birth date is the block in which records are compared.
CREATE INDEX proposal_birth ON proposal (birth_date);
CREATE INDEX coverage_birth ON coverage (birth_date);

-- Found when the later of the two came in, and kept: what was held for it stays held, however full a block becomes.
-- record: hex of a proposal's; other: the record of a proposal (which names this one too) or the reference of a coverage; key: what may be said of the two.
CREATE TABLE likely (
  record TEXT NOT NULL,
  other BLOB NOT NULL,
  key BLOB NOT NULL,
  PRIMARY KEY (record, other)
) STRICT, WITHOUT ROWID;
CREATE INDEX likely_other ON likely (other);
