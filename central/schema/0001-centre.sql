-- The centre: every village's log as the village wrote it, what was read from it, what was decided and said back.
-- Primary keys begin with the village where a table grows with the villages.

-- One row. timeline: this history of the centre; a restore starts another.
CREATE TABLE centre (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  timeline BLOB NOT NULL CHECK (length(timeline) = 16),
  started_ms INTEGER NOT NULL
) STRICT;

-- One-time tokens, kept as digests.
CREATE TABLE enrolment_token (
  digest BLOB PRIMARY KEY CHECK (length(digest) = 32),
  village TEXT NOT NULL,
  expires_ms INTEGER NOT NULL,
  used_ms INTEGER,
  created_by TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- Every machine a village ever enrolled; the highest serial is the one in use. token: the digest of the token that it
-- was bought with; null where a restored centre learned of the machine by its certificate.
CREATE TABLE box (
  village TEXT NOT NULL,
  serial INTEGER NOT NULL,
  public_key BLOB NOT NULL CHECK (length(public_key) = 32),
  state TEXT NOT NULL CHECK (state IN ('active', 'replaced', 'revoked')),
  fingerprint BLOB NOT NULL,
  enrolled_ms INTEGER NOT NULL,
  token BLOB CHECK (length(token) = 32),
  nonce BLOB NOT NULL DEFAULT x'',
  nonce_before BLOB NOT NULL DEFAULT x'',
  is_session_used INTEGER NOT NULL DEFAULT 0,
  session BLOB,
  challenge BLOB NOT NULL DEFAULT x'',
  clone_suspected_ms INTEGER,
  last_contact_ms INTEGER,
  last_append_ms INTEGER,
  clock_skew_ms INTEGER NOT NULL DEFAULT 0,
  software TEXT NOT NULL DEFAULT '',
  health BLOB NOT NULL DEFAULT x'90',
  village_stored INTEGER NOT NULL DEFAULT 0,
  village_applied INTEGER NOT NULL DEFAULT 0,
  regency_stored INTEGER NOT NULL DEFAULT 0,
  regency_applied INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY (village, serial)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX box_session ON box (session) WHERE session IS NOT NULL;
CREATE UNIQUE INDEX box_token ON box (token) WHERE token IS NOT NULL;

-- A village's logs. epoch: the ordinal the centre gives them. A branch of a fork has the log_id of the log it left.
CREATE TABLE log (
  village TEXT NOT NULL,
  epoch INTEGER NOT NULL,
  log_id BLOB NOT NULL CHECK (length(log_id) = 16),
  parent_epoch INTEGER,
  branch_seq INTEGER NOT NULL DEFAULT 0,
  head_seq INTEGER NOT NULL CHECK (head_seq >= 0),
  head_hash BLOB NOT NULL CHECK (length(head_hash) = 32),
  tabulated_seq INTEGER NOT NULL DEFAULT 0 CHECK (tabulated_seq <= head_seq),
  sealed_seq INTEGER,
  PRIMARY KEY (village, epoch)
) STRICT, WITHOUT ROWID;
CREATE INDEX log_id ON log (village, log_id);

-- The ops as they came: whole frames, kept for good, and the hashes that were compared. skip: ops at the frame's start
-- that were held before. log.tabulated_seq says which are read.
CREATE TABLE batch (
  village TEXT NOT NULL,
  epoch INTEGER NOT NULL,
  first_seq INTEGER NOT NULL CHECK (first_seq > 0),
  last_seq INTEGER NOT NULL CHECK (last_seq >= first_seq),
  skip INTEGER NOT NULL,
  frame BLOB NOT NULL,
  hashes BLOB NOT NULL CHECK (length(hashes) = 32 * (last_seq - first_seq + 1)),
  proofs BLOB NOT NULL,
  received_ms INTEGER NOT NULL,
  PRIMARY KEY (village, epoch, first_seq)
) STRICT;

-- Ops that are kept but cannot be read or applied, and why.
CREATE TABLE unreadable (
  village TEXT NOT NULL,
  epoch INTEGER NOT NULL,
  seq INTEGER NOT NULL,
  reason TEXT NOT NULL,
  PRIMARY KEY (village, epoch, seq)
) STRICT, WITHOUT ROWID;

CREATE TABLE anchor (
  seq INTEGER PRIMARY KEY,
  at_ms INTEGER NOT NULL,
  hash BLOB NOT NULL,
  payload BLOB NOT NULL,
  signature BLOB NOT NULL
) STRICT;
CREATE INDEX anchor_hash ON anchor (hash);

-- Which record holds each letter number: records are those of first, first + 1, ..., last; runs do not overlap.
CREATE TABLE letter_run (
  village TEXT NOT NULL,
  series TEXT NOT NULL,
  year INTEGER NOT NULL,
  last INTEGER NOT NULL,
  first INTEGER NOT NULL,
  records BLOB NOT NULL CHECK (length(records) = 16 * (last - first + 1)),
  PRIMARY KEY (village, series, year, last)
) STRICT;

CREATE TABLE number_clash (
  village TEXT NOT NULL,
  series TEXT NOT NULL,
  year INTEGER NOT NULL,
  number INTEGER NOT NULL,
  first_record BLOB NOT NULL,
  second_record BLOB NOT NULL,
  found_ms INTEGER NOT NULL,
  PRIMARY KEY (village, second_record)
) STRICT, WITHOUT ROWID;

-- The highest number known to exist, from ops and from the marks that boxes report (which are never acknowledgements).
CREATE TABLE number_high (
  village TEXT NOT NULL,
  series TEXT NOT NULL,
  year INTEGER NOT NULL,
  number INTEGER NOT NULL,
  PRIMARY KEY (village, series, year)
) STRICT, WITHOUT ROWID;

-- What a village asked for, and the answer in force, decided in the transaction that brings it in; its words stand
-- in feed_page (feed = village, seq = feed_seq). match_nik, match_kk: keys people are found by; null where the number is
-- malformed or a placeholder. is_dirty: a fact changed that may touch the answer.
CREATE TABLE proposal (
  record BLOB NOT NULL CHECK (length(record) = 16),
  village TEXT NOT NULL,
  epoch INTEGER NOT NULL,
  seq INTEGER NOT NULL,
  scheme TEXT NOT NULL,
  cycle TEXT NOT NULL,
  nik TEXT NOT NULL,
  kk TEXT NOT NULL,
  match_nik TEXT,
  match_kk TEXT,
  name TEXT NOT NULL,
  birth_date TEXT NOT NULL,
  sex TEXT NOT NULL,
  mother TEXT NOT NULL,
  claimed_ms INTEGER NOT NULL,
  anchor_ms INTEGER NOT NULL,
  received_ms INTEGER NOT NULL,
  is_withdrawn INTEGER NOT NULL,
  is_dirty INTEGER NOT NULL DEFAULT 0,
  outcome TEXT NOT NULL,
  code TEXT NOT NULL,
  facts_hash BLOB NOT NULL,
  decided_ms INTEGER NOT NULL,
  feed_seq INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX proposal_record ON proposal (record);
CREATE INDEX proposal_nik ON proposal (match_nik) WHERE match_nik IS NOT NULL;
CREATE INDEX proposal_kk ON proposal (match_kk) WHERE match_kk IS NOT NULL;
CREATE INDEX proposal_dirty ON proposal (is_dirty) WHERE is_dirty = 1;
CREATE INDEX proposal_decided ON proposal (decided_ms);

-- A withdrawal may be read before its proposal (two branches), so it is kept by itself.
CREATE TABLE withdrawal (
  village TEXT NOT NULL,
  proposal BLOB NOT NULL,
  PRIMARY KEY (village, proposal)
) STRICT, WITHOUT ROWID;

CREATE TABLE cycle (
  code TEXT PRIMARY KEY,
  scheme TEXT NOT NULL,
  name TEXT NOT NULL,
  month_from INTEGER NOT NULL,
  month_until INTEGER NOT NULL CHECK (month_until >= month_from),
  opens_ms INTEGER NOT NULL,
  closes_ms INTEGER NOT NULL CHECK (closes_ms > opens_ms),
  objection_days INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- A list that was imported: what it is, who brought it, under which permission. The same file twice is refused by digest.
CREATE TABLE import_file (
  id INTEGER PRIMARY KEY,
  digest BLOB NOT NULL UNIQUE CHECK (length(digest) = 32),
  name TEXT NOT NULL,
  permission TEXT NOT NULL,
  as_of TEXT NOT NULL,
  imported_ms INTEGER NOT NULL,
  imported_by TEXT NOT NULL,
  rows INTEGER NOT NULL,
  content BLOB NOT NULL
) STRICT;

-- Every row has exactly one fate; the row as it came stands in the file's content (zlib), by its line number.
CREATE TABLE import_row (
  import INTEGER NOT NULL REFERENCES import_file (id),
  row INTEGER NOT NULL,
  fate TEXT NOT NULL,
  reason TEXT NOT NULL,
  PRIMARY KEY (import, row)
) STRICT, WITHOUT ROWID;

CREATE TABLE coverage (
  reference BLOB PRIMARY KEY CHECK (length(reference) = 32),
  import INTEGER NOT NULL REFERENCES import_file (id),
  row INTEGER NOT NULL,
  scheme TEXT NOT NULL,
  component TEXT NOT NULL,
  match_nik TEXT,
  match_kk TEXT,
  name_key TEXT NOT NULL,
  month_from INTEGER NOT NULL,
  month_until INTEGER NOT NULL,
  village TEXT NOT NULL,
  as_of TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX coverage_nik ON coverage (match_nik) WHERE match_nik IS NOT NULL;
CREATE INDEX coverage_kk ON coverage (match_kk) WHERE match_kk IS NOT NULL;

-- feed: a village's code, or 'regency'. Dense: seq is taken in the deciding transaction.
CREATE TABLE feed_head (
  feed TEXT PRIMARY KEY,
  seq INTEGER NOT NULL,
  digest BLOB NOT NULL CHECK (length(digest) = 32)
) STRICT, WITHOUT ROWID;

-- What was said, in pages: items is msgpack [[seq, kind, critical, key, value, digest], ...], seq from first_seq to last_seq.
CREATE TABLE feed_page (
  feed TEXT NOT NULL,
  first_seq INTEGER NOT NULL,
  last_seq INTEGER NOT NULL,
  items BLOB NOT NULL,
  published_ms INTEGER NOT NULL,
  PRIMARY KEY (feed, last_seq)
) STRICT;

-- Where each key was said last. A decision's place is known by its proposal.
CREATE TABLE feed_key (
  feed TEXT NOT NULL,
  key BLOB NOT NULL,
  seq INTEGER NOT NULL,
  PRIMARY KEY (feed, key)
) STRICT, WITHOUT ROWID;

-- Chunks of snapshots that were offered; made again when needed, so they may be thrown away at any time. Two villages
-- that were told the same have a chunk of the same digest, each its own.
CREATE TABLE chunk (
  digest BLOB NOT NULL CHECK (length(digest) = 32),
  village TEXT NOT NULL,
  frame BLOB NOT NULL,
  made_ms INTEGER NOT NULL,
  PRIMARY KEY (digest, village)
) STRICT, WITHOUT ROWID;

-- What people and machines did at the centre; each row carries the hash of the one before.
CREATE TABLE audit_trail (
  seq INTEGER PRIMARY KEY,
  at_ms INTEGER NOT NULL,
  actor TEXT NOT NULL,
  action TEXT NOT NULL,
  subject TEXT NOT NULL,
  hash BLOB NOT NULL
) STRICT;
