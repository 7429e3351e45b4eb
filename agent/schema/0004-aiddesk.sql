-- Minutes of the village's deliberations, and the cycles each spoke of.
CREATE TABLE deliberation (
  id BLOB PRIMARY KEY CHECK (length(id) = 16),
  log INTEGER NOT NULL,
  seq INTEGER NOT NULL,
  kind TEXT NOT NULL,
  number TEXT NOT NULL,
  held_on TEXT NOT NULL,
  place TEXT NOT NULL,
  chair TEXT NOT NULL,
  attendance INTEGER NOT NULL,
  summary TEXT NOT NULL,
  written_ms INTEGER NOT NULL
) STRICT;
CREATE INDEX deliberation_recent ON deliberation (held_on DESC);

CREATE TABLE deliberation_cycle (
  deliberation BLOB NOT NULL,
  cycle TEXT NOT NULL,
  PRIMARY KEY (cycle, deliberation)
) STRICT, WITHOUT ROWID;

-- What residents put against an answer.
CREATE TABLE objection (
  id BLOB PRIMARY KEY CHECK (length(id) = 16),
  log INTEGER NOT NULL,
  seq INTEGER NOT NULL,
  proposal BLOB NOT NULL,
  grounds TEXT NOT NULL,
  evidence TEXT NOT NULL,
  written_ms INTEGER NOT NULL
) STRICT;
CREATE INDEX objection_proposal ON objection (proposal);

ALTER TABLE proposal ADD COLUMN deliberation BLOB NOT NULL DEFAULT x'';
CREATE INDEX proposal_deliberation ON proposal (deliberation) WHERE deliberation != x'';

-- The last day for an objection (2021-05-31), empty where there is none: the worklist is sorted by it.
ALTER TABLE decision ADD COLUMN objection_until TEXT NOT NULL DEFAULT '';
