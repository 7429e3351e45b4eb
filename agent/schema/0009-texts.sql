-- Every edition of a letter kind that the regency ever said, as it came: letters are printed again from it, whatever a
-- restored centre forgot or says anew. Nothing is taken away or changed; what may be used, `agent/domain/catalogue.py` says.
CREATE TABLE letter_edition (
  place INTEGER PRIMARY KEY,
  value BLOB NOT NULL UNIQUE
) STRICT;
INSERT INTO letter_edition (value) SELECT DISTINCT value FROM feed_state WHERE feed = 'regency' AND kind = 'letter_edition';
