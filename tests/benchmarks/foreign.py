"""Other people's programs as peers: how one says that it is not here, and how its server is started and ended.

None of them is a dependency: a peer that is not installed is named with its cure and left out of the run. Servers listen
on loopback alone, in a folder of the run, and are ended by their own process and no other.
"""

import contextlib
import subprocess
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from pathlib import Path

from tests.benchmarks.peers import Row

MEASURE_SECONDS_MAX = 120
"""One peer in one run: a peer that hangs must not hold up the others for ever."""
END_SECONDS_MAX = 10
EXTRA = ".venv/bin/pip install '.[bench]'"

Measure = Callable[[Path, Sequence[Row]], Awaitable[dict[str, float]]]
"""Figures by name, in records a second, of these rows in an empty folder of their own."""


class Absent(Exception):
    """Not installed here; says what would cure it."""


@contextlib.contextmanager
def running(
    command: Sequence[str | Path], log: Path, environment: Mapping[str, str] | None = None
) -> Iterator[subprocess.Popen[bytes]]:
    """A server for as long as the block lasts; its standard output can be read, the rest is in the log."""
    with log.open("ab") as errors:
        process = subprocess.Popen([*map(str, command)], stdout=subprocess.PIPE, stderr=errors, env=environment)
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(END_SECONDS_MAX)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        assert process.stdout is not None
        process.stdout.close()
