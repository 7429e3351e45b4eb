-- The camat's countersign of a letter, given with the step "done". rank or nip may be empty, not both.
CREATE TABLE dossier_countersign (
  record BLOB PRIMARY KEY REFERENCES dossier (record),
  name TEXT NOT NULL CHECK (name <> ''),
  capacity TEXT NOT NULL CHECK (capacity IN ('', 'a.n.', 'Plt.')),
  position TEXT NOT NULL,
  rank TEXT NOT NULL,
  nip TEXT NOT NULL,
  actor TEXT NOT NULL,
  at_ms INTEGER NOT NULL,
  CHECK (rank <> '' OR nip <> '')
) STRICT, WITHOUT ROWID;
CREATE INDEX dossier_countersign_actor ON dossier_countersign (actor, at_ms);

-- The file that an agency gave back with the step "done"; its bytes are those in the parts, one behind the other.
CREATE TABLE dossier_result (
  record BLOB PRIMARY KEY REFERENCES dossier (record),
  village TEXT NOT NULL,
  sha256 BLOB NOT NULL CHECK (length(sha256) = 32),
  size INTEGER NOT NULL CHECK (size > 0),
  media_type TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- frame: as it travels (protocol.messages.FilePart), named by its SHA-256.
CREATE TABLE dossier_result_part (
  record BLOB NOT NULL REFERENCES dossier_result (record),
  number INTEGER NOT NULL,
  digest BLOB NOT NULL CHECK (length(digest) = 32),
  frame BLOB NOT NULL,
  PRIMARY KEY (record, number)
) STRICT;
CREATE INDEX dossier_result_digest ON dossier_result_part (digest);
