-- PINs that residents got at their village's counter to ask how a proposal stands; the newest of a proposal holds.
-- verifier, under salt: protocol/receipts.
CREATE TABLE status_pin (
  record BLOB PRIMARY KEY CHECK (length(record) = 16),
  village TEXT NOT NULL,
  epoch INTEGER NOT NULL,
  seq INTEGER NOT NULL,
  proposal BLOB NOT NULL,
  salt BLOB NOT NULL,
  verifier BLOB NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX status_pin_proposal ON status_pin (proposal, village, epoch, seq);
