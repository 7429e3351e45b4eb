-- What residents reported on the public pages, with the look that was taken at once: `look` is a `protocol.feed.Decision`,
-- what would have been answered to a proposal. covered: kept for officers, told to nobody. repeats: somebody reported the
-- same person before, and that report was still open; the village has one. Personal data: needed until kept_until_ms.
CREATE TABLE report (
  id BLOB PRIMARY KEY CHECK (length(id) = 16),
  form_key TEXT NOT NULL UNIQUE,
  scheme TEXT NOT NULL,
  cycle TEXT NOT NULL,
  village TEXT NOT NULL,
  reported_for TEXT NOT NULL CHECK (reported_for IN ('self', 'neighbour')),
  name TEXT NOT NULL,
  nik TEXT NOT NULL,
  kk TEXT NOT NULL,
  address TEXT NOT NULL,
  need TEXT NOT NULL,
  contact TEXT NOT NULL,
  received_ms INTEGER NOT NULL,
  kept_until_ms INTEGER NOT NULL,
  answer TEXT NOT NULL CHECK (answer IN ('covered', 'uncovered', 'unknown')),
  look BLOB NOT NULL,
  repeats BLOB REFERENCES report (id) CHECK (repeats != id)
) STRICT, WITHOUT ROWID;
CREATE INDEX report_recent ON report (received_ms DESC);
CREATE INDEX report_person ON report (nik, cycle) WHERE nik != '';

-- What the villages found on their visits; of a report the newest of its own village stands. No reference to `report`: a
-- restored centre may have lost it.
CREATE TABLE report_verification (
  record BLOB PRIMARY KEY CHECK (length(record) = 16),
  village TEXT NOT NULL,
  epoch INTEGER NOT NULL,
  seq INTEGER NOT NULL,
  report BLOB NOT NULL,
  visited_on TEXT NOT NULL,
  visitor TEXT NOT NULL,
  finding TEXT NOT NULL,
  note TEXT NOT NULL,
  actor TEXT NOT NULL,
  claimed_ms INTEGER NOT NULL,
  received_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX report_verification_report ON report_verification (report, village, epoch, seq);

-- Which proposal followed from which report.
CREATE TABLE report_proposal (
  proposal BLOB PRIMARY KEY CHECK (length(proposal) = 16),
  village TEXT NOT NULL,
  report BLOB NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX report_proposal_report ON report_proposal (report);

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
