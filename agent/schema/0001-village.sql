-- A village's archive: the log of everything the village ever said, and the views that pages read.
-- Every view can be made again from `op`; nothing is ever deleted because the centre lacks it.

-- One row. before_*: the head before the last transaction, so that a start can tell "died between commit and mark"
-- (the mark stands there) from "somebody put back an older file". vouched_*: how far the mark reached when an older file
-- was found: what the centre gives back up to there was known, also after the mark has moved on to a new log.
CREATE TABLE box (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  village TEXT NOT NULL CHECK (length(village) = 10),
  numbering TEXT NOT NULL CHECK (numbering IN ('known', 'unknown')),
  current_log INTEGER,
  before_log BLOB,
  before_seq INTEGER NOT NULL DEFAULT 0,
  before_hash BLOB,
  vouched_log BLOB,
  vouched_seq INTEGER NOT NULL DEFAULT 0
) STRICT;

-- The logs of this village; box.current_log is written to, the others are history. acked_seq: acknowledged by the centre.
CREATE TABLE log (
  ordinal INTEGER PRIMARY KEY,
  log_id BLOB NOT NULL UNIQUE CHECK (length(log_id) = 16),
  head_seq INTEGER NOT NULL CHECK (head_seq >= 0),
  head_hash BLOB NOT NULL CHECK (length(head_hash) = 32),
  acked_seq INTEGER NOT NULL DEFAULT 0 CHECK (acked_seq >= 0 AND acked_seq <= head_seq)
) STRICT;

CREATE TABLE op (
  log INTEGER NOT NULL REFERENCES log (ordinal),
  seq INTEGER NOT NULL CHECK (seq > 0),
  hash BLOB NOT NULL CHECK (length(hash) = 32),
  header BLOB NOT NULL,
  body BLOB NOT NULL,
  written_ms INTEGER NOT NULL,
  PRIMARY KEY (log, seq)
) STRICT, WITHOUT ROWID;

-- The centre's signed word for what it holds; a restored centre gets it back together with the ops.
CREATE TABLE receipt (
  log INTEGER NOT NULL REFERENCES log (ordinal),
  seq INTEGER NOT NULL,
  received_ms INTEGER NOT NULL,
  payload BLOB NOT NULL,
  signature BLOB NOT NULL,
  PRIMARY KEY (log, seq)
) STRICT, WITHOUT ROWID;

CREATE TABLE resident (
  id BLOB PRIMARY KEY CHECK (length(id) = 16),
  nik TEXT NOT NULL,
  kk TEXT NOT NULL,
  name TEXT NOT NULL,
  name_key TEXT NOT NULL,
  birth_place TEXT NOT NULL,
  birth_date TEXT NOT NULL,
  sex TEXT NOT NULL,
  mother TEXT NOT NULL,
  father TEXT NOT NULL,
  religion TEXT NOT NULL,
  marital_status TEXT NOT NULL,
  occupation TEXT NOT NULL,
  relation TEXT NOT NULL,
  address TEXT NOT NULL,
  hamlet TEXT NOT NULL,
  rt TEXT NOT NULL,
  rw TEXT NOT NULL,
  recorded_ms INTEGER NOT NULL
) STRICT;
CREATE INDEX resident_nik ON resident (nik);
CREATE INDEX resident_kk ON resident (kk);
CREATE INDEX resident_name ON resident (name_key);

CREATE TABLE letter (
  id BLOB PRIMARY KEY CHECK (length(id) = 16),
  log INTEGER NOT NULL,
  seq INTEGER NOT NULL,
  kind TEXT NOT NULL,
  series TEXT NOT NULL,
  year INTEGER NOT NULL,
  number INTEGER NOT NULL CHECK (number > 0),
  printed_number TEXT NOT NULL,
  issued_on TEXT NOT NULL,
  resident BLOB NOT NULL,
  subject_name TEXT NOT NULL,
  written_ms INTEGER NOT NULL,
  voided_reason TEXT,
  voided_ms INTEGER
) STRICT;
CREATE INDEX letter_recent ON letter (written_ms DESC);
CREATE INDEX letter_resident ON letter (resident);

-- One row a number that was used, by a letter or as a void. Two records on one number can only come from two branches
-- of a log (a cloned or restored server); within this server's own logs `next_number` never gives one twice.
CREATE TABLE number_used (
  series TEXT NOT NULL,
  year INTEGER NOT NULL,
  number INTEGER NOT NULL CHECK (number > 0),
  record BLOB NOT NULL,
  is_void INTEGER NOT NULL,
  PRIMARY KEY (series, year, number, record)
) STRICT, WITHOUT ROWID;

-- The highest number known to exist, wherever that was learnt (own letters, the mark, the centre, the paper agenda).
CREATE TABLE number_floor (
  series TEXT NOT NULL,
  year INTEGER NOT NULL,
  number INTEGER NOT NULL CHECK (number >= 0),
  PRIMARY KEY (series, year)
) STRICT, WITHOUT ROWID;

CREATE TABLE proposal (
  id BLOB PRIMARY KEY CHECK (length(id) = 16),
  log INTEGER NOT NULL,
  seq INTEGER NOT NULL,
  scheme TEXT NOT NULL,
  cycle TEXT NOT NULL,
  resident BLOB NOT NULL,
  nik TEXT NOT NULL,
  kk TEXT NOT NULL,
  name TEXT NOT NULL,
  written_ms INTEGER NOT NULL,
  withdrawn_reason TEXT
) STRICT;
CREATE INDEX proposal_recent ON proposal (written_ms DESC);
CREATE INDEX proposal_person ON proposal (cycle, nik);

-- The centre's answers. is_unconfirmed: newer than what a restored centre still knows ("menunggu penegasan kabupaten").
CREATE TABLE decision (
  proposal BLOB PRIMARY KEY CHECK (length(proposal) = 16),
  outcome TEXT NOT NULL,
  code TEXT NOT NULL,
  value BLOB NOT NULL,
  decided_ms INTEGER NOT NULL,
  arrived_ms INTEGER NOT NULL,
  is_final INTEGER NOT NULL,
  is_unconfirmed INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX decision_recent ON decision (arrived_ms DESC);

-- How far each feed is stored and applied, and the digest over its current values.
CREATE TABLE feed_cursor (
  feed TEXT PRIMARY KEY CHECK (feed IN ('village', 'regency')),
  timeline BLOB NOT NULL,
  stored INTEGER NOT NULL CHECK (stored >= applied),
  applied INTEGER NOT NULL,
  digest BLOB NOT NULL CHECK (length(digest) = 32)
) STRICT;
INSERT INTO feed_cursor VALUES ('village', x'', 0, 0, zeroblob(32)), ('regency', x'', 0, 0, zeroblob(32));

-- is_readable: 0 for a value of a known kind that could not be read; the centre's next value for the key replaces it.
CREATE TABLE feed_state (
  feed TEXT NOT NULL,
  key BLOB NOT NULL,
  seq INTEGER NOT NULL,
  kind TEXT NOT NULL,
  critical INTEGER NOT NULL,
  value BLOB NOT NULL,
  is_readable INTEGER NOT NULL,
  PRIMARY KEY (feed, key)
) STRICT, WITHOUT ROWID;
CREATE INDEX feed_state_kind ON feed_state (feed, kind);
CREATE INDEX feed_state_unreadable ON feed_state (feed) WHERE is_readable = 0;

-- Items stored behind a critical one that this program does not know yet; an upgrade applies them.
CREATE TABLE feed_pending (
  feed TEXT NOT NULL,
  seq INTEGER NOT NULL,
  kind TEXT NOT NULL,
  critical INTEGER NOT NULL,
  key BLOB NOT NULL,
  value BLOB NOT NULL,
  digest BLOB NOT NULL,
  PRIMARY KEY (feed, seq)
) STRICT, WITHOUT ROWID;
