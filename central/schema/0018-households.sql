-- Family cards that a proposal's person left before (msgpack [[card, month], ...]), and which proposals each card ties.
ALTER TABLE proposal ADD COLUMN former_kks BLOB NOT NULL DEFAULT x'';
CREATE TABLE former_card (
  card TEXT NOT NULL,
  proposal BLOB NOT NULL CHECK (length(proposal) = 16),
  PRIMARY KEY (card, proposal)
) STRICT, WITHOUT ROWID;
CREATE INDEX former_card_proposal ON former_card (proposal);

-- Who was proposed on more than one card is decided again: a card left shortly before now holds.
UPDATE proposal SET is_dirty = 1 WHERE match_nik IN
  (SELECT match_nik FROM proposal WHERE match_nik IS NOT NULL AND match_kk IS NOT NULL
   GROUP BY match_nik HAVING count(DISTINCT match_kk) > 1);
