-- What a cycle pays each recipient, and the determined cycle whose recipients come over (or empty), stand beside quota, budget
-- and validations. So far they were set in a table of their own, past the second officer; the last word there comes over.
ALTER TABLE cycle ADD COLUMN amount_rupiah INTEGER CHECK (amount_rupiah > 0);
ALTER TABLE cycle ADD COLUMN former TEXT NOT NULL DEFAULT '';
UPDATE cycle SET
  amount_rupiah = (SELECT t.amount_rupiah FROM cycle_terms AS t WHERE t.cycle = cycle.code ORDER BY t.id DESC LIMIT 1),
  former = (SELECT t.former FROM cycle_terms AS t WHERE t.cycle = cycle.code ORDER BY t.id DESC LIMIT 1),
  quota = coalesce(quota,
    (SELECT nullif(t.quota, 0) FROM cycle_terms AS t WHERE t.cycle = cycle.code ORDER BY t.id DESC LIMIT 1)),
  budget_rupiah = coalesce(budget_rupiah,
    (SELECT nullif(t.budget_rupiah, 0) FROM cycle_terms AS t WHERE t.cycle = cycle.code ORDER BY t.id DESC LIMIT 1)),
  validations = coalesce(nullif(validations, ''),
    (SELECT replace(t.required_validations, ' ', ';') FROM cycle_terms AS t WHERE t.cycle = cycle.code ORDER BY t.id DESC LIMIT 1))
WHERE code IN (SELECT t.cycle FROM cycle_terms AS t);
DROP TABLE cycle_terms;

-- Determined lists that the coverage sets on the regency's feed do not hold yet.
CREATE TABLE coverage_unsaid (
  import INTEGER PRIMARY KEY REFERENCES import_file (id)
) STRICT;
