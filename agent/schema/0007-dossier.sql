-- Letters on their way to an agency. documents: msgpack list of words.
CREATE TABLE dossier (
  id BLOB PRIMARY KEY CHECK (length(id) = 16),
  log INTEGER NOT NULL,
  seq INTEGER NOT NULL,
  letter BLOB NOT NULL CHECK (length(letter) = 16),
  former BLOB NOT NULL,
  agency TEXT NOT NULL,
  documents BLOB NOT NULL,
  note TEXT NOT NULL,
  written_ms INTEGER NOT NULL
) STRICT;
CREATE INDEX dossier_letter ON dossier (letter);
CREATE INDEX dossier_recent ON dossier (written_ms DESC);
CREATE INDEX dossier_former ON dossier (former) WHERE former <> x'';

-- How far the agency is, as the centre told. is_unconfirmed: newer than what a restored centre still knows. is_read: the
-- letter's page was opened since it arrived; known to this server alone.
CREATE TABLE dossier_state (
  dossier BLOB PRIMARY KEY CHECK (length(dossier) = 16),
  state TEXT NOT NULL,
  note TEXT NOT NULL,
  at_ms INTEGER NOT NULL,
  is_unconfirmed INTEGER NOT NULL DEFAULT 0,
  is_read INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX dossier_state_unread ON dossier_state (dossier) WHERE is_read = 0;
