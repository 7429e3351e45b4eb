-- Photographs of documents, as the villages' logs name them. is_removed: the village took it back.
CREATE TABLE attachment (
  record BLOB PRIMARY KEY CHECK (length(record) = 16),
  village TEXT NOT NULL,
  epoch INTEGER NOT NULL,
  seq INTEGER NOT NULL,
  about BLOB NOT NULL CHECK (length(about) = 16),
  label TEXT NOT NULL,
  sha256 BLOB NOT NULL CHECK (length(sha256) = 32),
  size INTEGER NOT NULL,
  media_type TEXT NOT NULL,
  claimed_ms INTEGER NOT NULL,
  is_removed INTEGER NOT NULL DEFAULT 0
) STRICT, WITHOUT ROWID;
CREATE INDEX attachment_about ON attachment (village, about);

-- What came of them, under the name of its own hash, each once a village.
CREATE TABLE attachment_content (
  village TEXT NOT NULL,
  sha256 BLOB NOT NULL CHECK (length(sha256) = 32),
  received_ms INTEGER NOT NULL,
  content BLOB NOT NULL,
  PRIMARY KEY (village, sha256)
) STRICT;
