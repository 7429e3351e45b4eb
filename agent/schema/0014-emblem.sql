-- Emblems of the letterhead, as uploaded, newest last; an empty one takes the emblem away. A letter prints with the one that stood
-- when it was written: after_log and after_seq are the head of the log at that moment, because clocks go backwards.
CREATE TABLE emblem (
  id INTEGER PRIMARY KEY,
  after_log INTEGER NOT NULL,
  after_seq INTEGER NOT NULL,
  actor TEXT NOT NULL,
  written_ms INTEGER NOT NULL,
  svg TEXT NOT NULL
) STRICT;

-- The first page counts the day's letters, each time somebody comes back to it.
CREATE INDEX letter_day ON letter (issued_on);
