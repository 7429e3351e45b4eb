"""How a long-running program of ours uses memory. Called by the composition roots only."""

import gc

COLLECT_AFTER_OBJECTS = 100_000
"""Python looks for cycles after this many new objects, not after 700: reading a batch makes a million that hold none."""


def spare_collector() -> None:
    """What was loaded at the start stays for good; the rest is looked through seldom. It took an eighth of a backlog's time."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(COLLECT_AFTER_OBJECTS, 10, 10)
