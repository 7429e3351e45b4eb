"""Lists that nobody would write, thrown at everything that reads lists: `python -m tests.fuzz --seconds 600`."""
