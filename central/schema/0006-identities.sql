-- What officers said about two records that share a NIK; the last row of a key is in force, none is ever changed. key: hex
-- of domain/identities.pair_key. until: the last month (12 * year + month - 1) in which both are allowed, else 0.
CREATE TABLE identity_verdict (
  id INTEGER PRIMARY KEY,
  key TEXT NOT NULL CHECK (length(key) = 64),
  identity TEXT NOT NULL CHECK (identity IN ('same', 'different', 'overlap_allowed')),
  until INTEGER NOT NULL CHECK ((until > 0) = (identity = 'overlap_allowed')),
  proposal BLOB NOT NULL REFERENCES proposal (record),
  reason TEXT NOT NULL,
  actor TEXT NOT NULL,
  at_ms INTEGER NOT NULL
) STRICT;
CREATE INDEX identity_verdict_key ON identity_verdict (key);
