-- What one list covers is asked for when it comes, goes, or is said to the villages; without this each of the regency's 217
-- village lists walks all that the others brought.
CREATE INDEX coverage_import ON coverage (import);
