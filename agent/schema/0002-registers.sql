-- The office's registers: what a page, a print and an export of one year read.

-- One row a record of voided numbers, with its reason; number_used holds the same numbers one by one.
CREATE TABLE number_void (
  record BLOB PRIMARY KEY CHECK (length(record) = 16),
  series TEXT NOT NULL,
  year INTEGER NOT NULL,
  first INTEGER NOT NULL CHECK (first > 0),
  last INTEGER NOT NULL CHECK (last >= first),
  reason TEXT NOT NULL
) STRICT;
CREATE INDEX number_void_register ON number_void (year, series, first);

-- Holds all that a search of the register asks for: 50,000 letters are looked through without touching their rows.
CREATE INDEX letter_register ON letter (year, series, number, kind, subject_name);
