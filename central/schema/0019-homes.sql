-- Where a proposal's person lives says who is alike; empty for those that were brought in before.
ALTER TABLE proposal ADD COLUMN rt TEXT NOT NULL DEFAULT '';
ALTER TABLE proposal ADD COLUMN rw TEXT NOT NULL DEFAULT '';

-- All that is looked at of a long list's people born on one day, so that the list itself is not read.
DROP INDEX coverage_birth;
CREATE INDEX coverage_birth ON coverage (birth_date, sex, match_nik, name_key);
