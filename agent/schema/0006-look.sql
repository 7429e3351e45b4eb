-- A letter is asked for by the number on the paper in hand, or by its running number.
CREATE INDEX letter_printed ON letter (printed_number COLLATE NOCASE);
CREATE INDEX letter_number ON letter (number);
