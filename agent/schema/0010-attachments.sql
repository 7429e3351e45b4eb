-- Photographs of documents, as the log names them; with the other views it can be made again from `op`.
CREATE TABLE attachment (
  id BLOB PRIMARY KEY CHECK (length(id) = 16),
  log INTEGER NOT NULL,
  seq INTEGER NOT NULL,
  about BLOB NOT NULL CHECK (length(about) = 16),
  label TEXT NOT NULL,
  sha256 BLOB NOT NULL CHECK (length(sha256) = 32),
  size INTEGER NOT NULL,
  media_type TEXT NOT NULL,
  actor TEXT NOT NULL,
  written_ms INTEGER NOT NULL,
  removed_reason TEXT,
  removed_by TEXT,
  removed_ms INTEGER
) STRICT;
CREATE INDEX attachment_about ON attachment (about);
CREATE INDEX attachment_sha256 ON attachment (sha256);

-- One row a picture that the log names. Pictures are no part of the log, so a server made again from the centre's records has none:
-- content is NULL then. told: in which history of the centre is_held was learnt; x'' where it was not asked yet.
CREATE TABLE picture (
  sha256 BLOB PRIMARY KEY CHECK (length(sha256) = 32),
  told BLOB NOT NULL DEFAULT x'',
  is_held INTEGER NOT NULL DEFAULT 0,
  content BLOB -- last, so that asking for the others does not read through a picture
) STRICT;
CREATE INDEX picture_waiting ON picture (sha256) WHERE is_held = 0;
CREATE INDEX picture_told ON picture (told);
