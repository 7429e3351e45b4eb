"""All SQL of the centre, one file a noun: boxes, logs, feeds, facts (proposals, coverages, cycles), decisions."""
