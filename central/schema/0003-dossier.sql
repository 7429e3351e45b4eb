-- Letters on their way through an agency. The letter itself stays in its village's log, at (letter_log, letter_seq);
-- nothing of it is copied. state: sent until the agency has taken a step.
CREATE TABLE dossier (
  record BLOB PRIMARY KEY CHECK (length(record) = 16),
  village TEXT NOT NULL,
  epoch INTEGER NOT NULL,
  seq INTEGER NOT NULL,
  letter BLOB NOT NULL CHECK (length(letter) = 16),
  letter_log BLOB NOT NULL,
  letter_seq INTEGER NOT NULL,
  letter_hash BLOB NOT NULL,
  former BLOB NOT NULL,
  agency TEXT NOT NULL,
  title TEXT NOT NULL,
  claimed_ms INTEGER NOT NULL,
  received_ms INTEGER NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('sent', 'received', 'processing', 'done', 'returned')),
  moved_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX dossier_agency ON dossier (agency, state, village);

-- What the agency's people did, in their order.
CREATE TABLE dossier_step (
  record BLOB NOT NULL REFERENCES dossier (record),
  number INTEGER NOT NULL CHECK (number > 0),
  state TEXT NOT NULL,
  note TEXT NOT NULL,
  at_ms INTEGER NOT NULL,
  actor TEXT NOT NULL,
  PRIMARY KEY (record, number)
) STRICT, WITHOUT ROWID;

-- Letters that their villages declared void; by themselves, as a void may be read before what it touches.
CREATE TABLE letter_void (
  village TEXT NOT NULL,
  letter BLOB NOT NULL CHECK (length(letter) = 16),
  PRIMARY KEY (village, letter)
) STRICT, WITHOUT ROWID;
