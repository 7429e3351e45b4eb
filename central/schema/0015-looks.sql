-- One look may show many people: a payment list that is handed out names everybody on it.
ALTER TABLE subject_access RENAME TO subject_access_of_one;
DROP INDEX subject_access_tag;
DROP TRIGGER subject_access_is_never_changed;
DROP TRIGGER subject_access_is_never_shortened;
CREATE TABLE subject_access (
  access INTEGER NOT NULL REFERENCES access_log (access_id),
  tag BLOB NOT NULL CHECK (length(tag) = 16),
  why TEXT NOT NULL CHECK (why <> ''),
  PRIMARY KEY (access, tag)
) STRICT, WITHOUT ROWID;
INSERT INTO subject_access (access, tag, why) SELECT access, tag, why FROM subject_access_of_one;
DROP TABLE subject_access_of_one;
CREATE INDEX subject_access_tag ON subject_access (tag);
CREATE TRIGGER subject_access_is_never_changed BEFORE UPDATE ON subject_access
BEGIN
  SELECT raise(ABORT, 'the access log is never changed');
END;
CREATE TRIGGER subject_access_is_never_shortened BEFORE DELETE ON subject_access
BEGIN
  SELECT raise(ABORT, 'the access log is never shortened');
END;
