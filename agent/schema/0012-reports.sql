-- What the village found when it visited whom an online report is about; the reports themselves are read from feed_state.
-- report: the centre's id. Of several visits the newest in the log stands.
CREATE TABLE report_verification (
  id BLOB PRIMARY KEY CHECK (length(id) = 16),
  log INTEGER NOT NULL,
  seq INTEGER NOT NULL,
  report BLOB NOT NULL,
  visited_on TEXT NOT NULL,
  visitor TEXT NOT NULL,
  finding TEXT NOT NULL,
  note TEXT NOT NULL,
  actor TEXT NOT NULL,
  written_ms INTEGER NOT NULL
) STRICT;
CREATE INDEX report_verification_report ON report_verification (report, log, seq);

-- The online report that a proposal follows from; empty for most.
ALTER TABLE proposal ADD COLUMN report BLOB NOT NULL DEFAULT x'';
CREATE INDEX proposal_report ON proposal (report) WHERE report != x'';
