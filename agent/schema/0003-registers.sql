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

-- Like the two further down it holds all that a search asks for: a year is looked through without touching its rows.
CREATE INDEX letter_register ON letter (year, series, number, kind, subject_name);

CREATE TABLE incoming (
  id BLOB PRIMARY KEY CHECK (length(id) = 16),
  series TEXT NOT NULL,
  year INTEGER NOT NULL,
  number INTEGER NOT NULL CHECK (number > 0),
  received_on TEXT NOT NULL,
  sender TEXT NOT NULL,
  their_number TEXT NOT NULL,
  dated TEXT NOT NULL,
  subject TEXT NOT NULL,
  disposition TEXT NOT NULL,
  recorded_ms INTEGER NOT NULL
) STRICT;
CREATE INDEX incoming_register ON incoming (year, number, sender, subject, their_number);

-- letter: of the register of outgoing letters; a log may name one that this server does not hold.
CREATE TABLE handover (
  id BLOB PRIMARY KEY CHECK (length(id) = 16),
  letter BLOB NOT NULL,
  year INTEGER NOT NULL,
  handed_on TEXT NOT NULL,
  recipient TEXT NOT NULL,
  received_by TEXT NOT NULL,
  actor TEXT NOT NULL,
  written_ms INTEGER NOT NULL
) STRICT;
CREATE INDEX handover_register ON handover (year, handed_on, written_ms, recipient, received_by);
CREATE INDEX handover_letter ON handover (letter);

-- The register of residents goes from neighbourhood to neighbourhood and household to household.
CREATE INDEX resident_register ON resident (rw, rt, kk, birth_date);
