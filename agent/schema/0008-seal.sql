-- Where each log stood when seals came in: letters up to there were printed without a code and are reprinted as they were.
CREATE TABLE unsealed (
  log INTEGER PRIMARY KEY REFERENCES log (ordinal),
  upto_seq INTEGER NOT NULL
) STRICT;
INSERT INTO unsealed SELECT ordinal, head_seq FROM log;
