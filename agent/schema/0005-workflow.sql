-- Requests for letters on their way from being asked for to being handed over.

-- steps: how many moves were made; a page that shows an older count may not move it on.
CREATE TABLE letter_request (
  id BLOB PRIMARY KEY CHECK (length(id) = 16),
  log INTEGER NOT NULL,
  seq INTEGER NOT NULL,
  kind TEXT NOT NULL,
  resident BLOB NOT NULL,
  source TEXT NOT NULL,
  queue INTEGER NOT NULL,
  state TEXT NOT NULL,
  steps INTEGER NOT NULL DEFAULT 0 CHECK (steps >= 0),
  letter BLOB,
  opened_by TEXT NOT NULL,
  opened_ms INTEGER NOT NULL,
  moved_ms INTEGER NOT NULL
) STRICT;
CREATE INDEX letter_request_state ON letter_request (state, kind, moved_ms);
CREATE INDEX letter_request_recent ON letter_request (moved_ms DESC);
CREATE INDEX letter_request_letter ON letter_request (letter) WHERE letter IS NOT NULL;
CREATE INDEX letter_request_kiosk ON letter_request (opened_ms) WHERE queue > 0;

-- Who did what and when; log and seq lead to the op, which holds the paper and the signer.
CREATE TABLE request_step (
  request BLOB NOT NULL REFERENCES letter_request (id),
  step INTEGER NOT NULL CHECK (step > 0),
  log INTEGER NOT NULL,
  seq INTEGER NOT NULL,
  move TEXT NOT NULL,
  actor TEXT NOT NULL,
  reason TEXT NOT NULL,
  at_ms INTEGER NOT NULL,
  PRIMARY KEY (request, step)
) STRICT, WITHOUT ROWID;

-- The e-KTP that stands for a resident at the kiosk; of its number only a digest is kept.
CREATE TABLE kiosk_card (
  card BLOB PRIMARY KEY CHECK (length(card) = 32),
  resident BLOB NOT NULL UNIQUE,
  bound_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
