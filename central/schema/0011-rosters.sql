-- What a cycle pays, to how many, who must validate, and whose recipients come over; the last row of a cycle is in force.
-- quota, budget_rupiah: 0 means no limit. required_validations: words of domain/rosters.Body. former: a cycle, or empty.
CREATE TABLE cycle_terms (
  id INTEGER PRIMARY KEY,
  cycle TEXT NOT NULL,
  quota INTEGER NOT NULL CHECK (quota >= 0),
  budget_rupiah INTEGER NOT NULL CHECK (budget_rupiah >= 0),
  amount_rupiah INTEGER NOT NULL CHECK (amount_rupiah > 0),
  required_validations TEXT NOT NULL,
  former TEXT NOT NULL,
  actor TEXT NOT NULL,
  at_ms INTEGER NOT NULL
) STRICT;
CREATE INDEX cycle_terms_cycle ON cycle_terms (cycle);

-- What the village and the LPTQ said of a row of the ledger; the last row of (cycle, record, body) is in force.
-- detail: the date of a death, the place somebody moved to, the reason of a no.
CREATE TABLE validation (
  id INTEGER PRIMARY KEY,
  cycle TEXT NOT NULL,
  record BLOB NOT NULL CHECK (length(record) = 16),
  body TEXT NOT NULL CHECK (body IN ('village', 'lptq')),
  answer TEXT NOT NULL CHECK (answer IN ('agreed', 'refused', 'deceased', 'moved')),
  detail TEXT NOT NULL CHECK ((detail = '') = (answer = 'agreed')),
  actor TEXT NOT NULL,
  at_ms INTEGER NOT NULL
) STRICT;
CREATE INDEX validation_record ON validation (cycle, record);

-- What an officer decided on a row that was held, or whom an officer took off; the last row of (cycle, record) counts.
CREATE TABLE roster_ruling (
  id INTEGER PRIMARY KEY,
  cycle TEXT NOT NULL,
  record BLOB NOT NULL CHECK (length(record) = 16),
  fate TEXT NOT NULL CHECK (fate IN ('kept', 'rejected', 'dropped')),
  reason TEXT NOT NULL CHECK (reason <> ''),
  actor TEXT NOT NULL,
  at_ms INTEGER NOT NULL
) STRICT;
CREATE INDEX roster_ruling_cycle ON roster_ruling (cycle);

-- Signed scans of the minutes of validation. place: a village's or district's code. list_hash: of the very list that was
-- printed; a scan counts only while that list stands.
CREATE TABLE roster_minutes (
  cycle TEXT NOT NULL,
  body TEXT NOT NULL CHECK (body IN ('village', 'lptq')),
  place TEXT NOT NULL,
  list_hash BLOB NOT NULL CHECK (length(list_hash) = 32),
  sha256 BLOB NOT NULL CHECK (length(sha256) = 32),
  media_type TEXT NOT NULL,
  content BLOB NOT NULL,
  actor TEXT NOT NULL,
  at_ms INTEGER NOT NULL,
  PRIMARY KEY (cycle, body, place, list_hash)
) STRICT;

-- A list that one officer laid before another. hash: of what would be locked; content: the claim (domain/determination).
CREATE TABLE roster_claim (
  id INTEGER PRIMARY KEY,
  cycle TEXT NOT NULL,
  content BLOB NOT NULL,
  hash BLOB NOT NULL CHECK (length(hash) = 32),
  state TEXT NOT NULL CHECK (state IN ('open', 'locked', 'returned')),
  actor TEXT NOT NULL,
  at_ms INTEGER NOT NULL,
  closed_by TEXT NOT NULL DEFAULT ''
) STRICT;
CREATE UNIQUE INDEX roster_claim_open ON roster_claim (cycle) WHERE state = 'open';

-- Determined lists, as the bytes that were signed (zlib). A correction is a new list that names the one it replaces.
CREATE TABLE roster (
  id INTEGER PRIMARY KEY,
  cycle TEXT NOT NULL,
  number INTEGER NOT NULL CHECK (number > 0),
  kind TEXT NOT NULL CHECK (kind IN ('first', 'replacement', 'follow_up', 'amendment')),
  replaces BLOB NOT NULL CHECK (length(replaces) = iif(kind = 'first', 0, 32)),
  hash BLOB NOT NULL UNIQUE CHECK (length(hash) = 32),
  signature BLOB NOT NULL CHECK (length(signature) = 64),
  content BLOB NOT NULL,
  recipients INTEGER NOT NULL,
  total_rupiah INTEGER NOT NULL,
  claimed_by TEXT NOT NULL,
  locked_by TEXT NOT NULL CHECK (locked_by <> claimed_by),
  locked_ms INTEGER NOT NULL,
  UNIQUE (cycle, number)
) STRICT;
CREATE TRIGGER roster_is_never_changed BEFORE UPDATE ON roster
BEGIN
  SELECT raise(ABORT, 'a determined list is never changed');
END;
CREATE TRIGGER roster_is_never_deleted BEFORE DELETE ON roster
BEGIN
  SELECT raise(ABORT, 'a determined list is never deleted');
END;

-- Answers that a lock made final, by the hex of their record: verdict is msgpack of domain/decisions.Verdict, judged what `decide` had said then.
CREATE TABLE final_decision (
  record TEXT PRIMARY KEY CHECK (length(record) = 32),
  cycle TEXT NOT NULL,
  roster BLOB NOT NULL CHECK (length(roster) = 32),
  verdict BLOB NOT NULL,
  judged TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX final_decision_cycle ON final_decision (cycle);

-- What the bank and the villages reported; the last row of (roster, entry) is in force. entry: the list's own number.
CREATE TABLE payment_result (
  id INTEGER PRIMARY KEY,
  roster BLOB NOT NULL CHECK (length(roster) = 32),
  entry INTEGER NOT NULL CHECK (entry > 0),
  state TEXT NOT NULL CHECK (state IN ('paid', 'failed')),
  paid_on TEXT NOT NULL,
  reason TEXT NOT NULL,
  file BLOB NOT NULL CHECK (length(file) = 32),
  actor TEXT NOT NULL,
  at_ms INTEGER NOT NULL
) STRICT;
CREATE INDEX payment_result_entry ON payment_result (roster, entry);
CREATE INDEX payment_result_file ON payment_result (file);
