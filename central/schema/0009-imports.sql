-- Lists of any shape: looked at, mapped, checked and only then taken over; and undone as a whole.

-- kind: what a row becomes. plan: msgspec JSON of domain/lists Plan, as the officer confirmed it last. taken: how often the
-- list was taken over; names of facts carry it, so that a list taken again after an undo is told anew. The file stays when
-- its facts go: one file is one row for good.
ALTER TABLE import_file ADD COLUMN kind TEXT NOT NULL DEFAULT 'coverage' CHECK (kind IN ('coverage', 'proposals'));
ALTER TABLE import_file ADD COLUMN state TEXT NOT NULL DEFAULT 'done'
  CHECK (state IN ('draft', 'checked', 'done', 'undone'));
ALTER TABLE import_file ADD COLUMN plan BLOB NOT NULL DEFAULT x'';
ALTER TABLE import_file ADD COLUMN facts INTEGER NOT NULL DEFAULT 0;
ALTER TABLE import_file ADD COLUMN taken INTEGER NOT NULL DEFAULT 1;
ALTER TABLE import_file ADD COLUMN undone_ms INTEGER;
ALTER TABLE import_file ADD COLUMN undone_by TEXT NOT NULL DEFAULT '';
ALTER TABLE import_file ADD COLUMN undone_reason TEXT NOT NULL DEFAULT '';
UPDATE import_file SET facts = (SELECT count(*) FROM coverage WHERE coverage.import = import_file.id);

-- JSON [[column, masked value, reason], ...]; empty where there is nothing to say.
ALTER TABLE import_row ADD COLUMN remarks TEXT NOT NULL DEFAULT '';

-- What the checked rows would become, in parts, until the list is taken over or checked again.
CREATE TABLE import_part (
  import INTEGER NOT NULL REFERENCES import_file (id),
  part INTEGER NOT NULL,
  readings BLOB NOT NULL,
  PRIMARY KEY (import, part)
) STRICT;

-- As far as the list tells: birth_date ISO, sex L or P, mother_key as name_key, amount in rupiah of one payment; else '' or 0.
ALTER TABLE coverage ADD COLUMN birth_date TEXT NOT NULL DEFAULT '';
ALTER TABLE coverage ADD COLUMN sex TEXT NOT NULL DEFAULT '';
ALTER TABLE coverage ADD COLUMN mother_key TEXT NOT NULL DEFAULT '';
ALTER TABLE coverage ADD COLUMN rt TEXT NOT NULL DEFAULT '';
ALTER TABLE coverage ADD COLUMN rw TEXT NOT NULL DEFAULT '';
ALTER TABLE coverage ADD COLUMN amount INTEGER NOT NULL DEFAULT 0 CHECK (amount >= 0);

-- A body's proposal comes from a list: import names it, epoch is 0 and seq the row; null for a village's own.
ALTER TABLE proposal ADD COLUMN import INTEGER REFERENCES import_file (id);
CREATE INDEX proposal_import ON proposal (import) WHERE import IS NOT NULL;
