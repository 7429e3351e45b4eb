"""Power-loss states: what may stand on a disk when the current fails, built from a recording of every write and sync."""
