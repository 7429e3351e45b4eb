-- What became of a resident, kept by the events below. Every reader of `resident` sees the dead and the moved; they are only marked.
ALTER TABLE resident ADD COLUMN state TEXT NOT NULL DEFAULT 'here';
ALTER TABLE resident ADD COLUMN state_on TEXT NOT NULL DEFAULT '';

-- The name as one word, for NURHASAN and NUR HASAN; name_key has a blank before each word from this making on.
ALTER TABLE resident ADD COLUMN name_joined TEXT NOT NULL DEFAULT '';
CREATE INDEX resident_name_joined ON resident (name_joined);
CREATE INDEX resident_block ON resident (rt, rw);
DROP INDEX resident_name;

-- Every family card a resident was ever on. since_on, until_on: days (WIB) on which the village wrote it down; no until_on: still.
CREATE TABLE household_membership (
  id INTEGER PRIMARY KEY,
  resident BLOB NOT NULL,
  kk TEXT NOT NULL,
  since_on TEXT NOT NULL,
  until_on TEXT
) STRICT;
CREATE INDEX household_membership_resident ON household_membership (resident);
CREATE INDEX household_membership_kk ON household_membership (kk);

-- Births, deaths, moves. withdrawn_reason: it was written by mistake.
CREATE TABLE resident_event (
  id BLOB PRIMARY KEY CHECK (length(id) = 16),
  log INTEGER NOT NULL,
  seq INTEGER NOT NULL,
  resident BLOB NOT NULL,
  kind TEXT NOT NULL,
  happened_on TEXT NOT NULL,
  place TEXT NOT NULL,
  reference TEXT NOT NULL,
  note TEXT NOT NULL,
  actor TEXT NOT NULL,
  written_ms INTEGER NOT NULL,
  withdrawn_reason TEXT
) STRICT;
CREATE INDEX resident_event_resident ON resident_event (resident);
CREATE INDEX resident_event_day ON resident_event (happened_on);

-- Which making of the residents' views the rows are of; an older one is made again from the log at the next start.
ALTER TABLE box ADD COLUMN residents_making INTEGER NOT NULL DEFAULT 0;

-- Roster files that were taken in: the same file twice is refused. `remarks`: what there was to say about single rows, masked.
-- This is how the box came by its residents, not what it knows of them: the residents themselves are ops.
CREATE TABLE roster_import (
  id INTEGER PRIMARY KEY,
  digest BLOB NOT NULL UNIQUE CHECK (length(digest) = 32),
  file_name TEXT NOT NULL,
  imported_ms INTEGER NOT NULL,
  imported_by TEXT NOT NULL,
  new INTEGER NOT NULL,
  changed INTEGER NOT NULL,
  same INTEGER NOT NULL,
  refused INTEGER NOT NULL,
  passed_over INTEGER NOT NULL,
  remarks BLOB NOT NULL
) STRICT;
