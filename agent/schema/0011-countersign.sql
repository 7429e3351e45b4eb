-- What came with an agency's last step: the camat's countersign (msgpack of protocol.feed.Countersign), and the file that
-- the agency gave back. content: NULL until the part has arrived.
ALTER TABLE dossier_state ADD COLUMN countersign BLOB;

CREATE TABLE dossier_result (
  dossier BLOB PRIMARY KEY CHECK (length(dossier) = 16),
  sha256 BLOB NOT NULL CHECK (length(sha256) = 32),
  size INTEGER NOT NULL CHECK (size > 0),
  media_type TEXT NOT NULL
) STRICT;

CREATE TABLE dossier_result_part (
  dossier BLOB NOT NULL REFERENCES dossier_result (dossier) ON DELETE CASCADE,
  number INTEGER NOT NULL,
  digest BLOB NOT NULL CHECK (length(digest) = 32),
  content BLOB,
  PRIMARY KEY (dossier, number)
) STRICT, WITHOUT ROWID;
CREATE INDEX dossier_result_missing ON dossier_result_part (digest) WHERE content IS NULL;
