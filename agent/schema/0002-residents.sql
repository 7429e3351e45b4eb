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
