-- What an officer of the regency answered to an objection, as the centre told. is_unconfirmed: newer than what a restored
-- centre still knows.
CREATE TABLE objection_decision (
  objection BLOB PRIMARY KEY CHECK (length(objection) = 16),
  proposal BLOB NOT NULL CHECK (length(proposal) = 16),
  outcome TEXT NOT NULL,
  reason TEXT NOT NULL,
  at_ms INTEGER NOT NULL,
  arrived_ms INTEGER NOT NULL,
  is_unconfirmed INTEGER NOT NULL DEFAULT 0
) STRICT, WITHOUT ROWID;
CREATE INDEX objection_decision_proposal ON objection_decision (proposal);

-- What came before this program knew the kind is read when it starts.
UPDATE feed_state SET is_readable = 0 WHERE kind = 'objection_decided';
