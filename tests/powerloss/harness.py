"""Records a day, crashes it at every moment, and adds up what was found."""

import random
import tempfile
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.powerloss import centre, village
from tests.powerloss.crash import crash_states, plan
from tests.powerloss.recording import Told

PARTS = ("village", "centre")
DAY_STATES_MAX = 3_000
"""Crash states drawn from one recorded day; beyond that another day, of another seed, tells more."""
EXAMPLES_MAX = 5
IN_MEMORY = Path("/dev/shm")

_days = {"village": village, "centre": centre}


@dataclass(slots=True)
class Score:
    """`told`: promises made in the days recorded. `lost` and `corrupt` count states."""

    states: int = 0
    told: int = 0
    lost: int = 0
    corrupt: int = 0
    examples: list[str] = field(default_factory=list)

    def add(self, other: "Score") -> None:
        self.states += other.states
        self.told += other.told
        self.lost += other.lost
        self.corrupt += other.corrupt
        self.examples = (self.examples + other.examples)[:EXAMPLES_MAX]


def run_part(part: str, states: int, seed: int, synchronous: str, jobs: int) -> Score:
    """`states` crash states of one or more days."""
    days = -(-states // DAY_STATES_MAX)
    total = Score()
    with ProcessPoolExecutor(jobs) as pool:
        for n in range(days):
            share = states // days + (n < states % days)
            work = [(part, share, seed + n, synchronous, slice_, jobs) for slice_ in range(jobs)]
            for score in pool.map(_run_slice, work):
                total.add(score)
    return total


def _run_slice(work: tuple[str, int, int, str, int, int]) -> Score:
    """One process's share: the same day, every `jobs`-th moment."""
    part, states, seed, synchronous, slice_, jobs = work
    return crash_day(part, states, seed, synchronous, slice(slice_, None, jobs))


def crash_day(part: str, states: int, seed: int, synchronous: str = "", share: slice = slice(None)) -> Score:
    """Record the day of `seed` and examine crash states of the moments in `share`."""
    module: Any = _days[part]
    with tempfile.TemporaryDirectory(dir=IN_MEMORY if IN_MEMORY.is_dir() else None) as folder:
        recorded, crashed = Path(folder, "recorded"), Path(folder, "crashed")
        recorded.mkdir()
        crashed.mkdir()
        day = module.record_day(recorded, seed, synchronous)
        events = day.recording.events
        wanted = plan(events, states, random.Random(seed))
        mine = set(range(len(events))[share])
        wanted = [n if moment in mine else 0 for moment, n in enumerate(wanted)]
        return _crash(module, day, wanted, seed, crashed, counts_told=0 in mine)


def _crash(module: Any, day: Any, wanted: Sequence[int], seed: int, folder: Path, *, counts_told: bool) -> Score:
    events = day.recording.events
    score = Score(told=sum(isinstance(event, Told) for event in events) if counts_told else 0)
    promised: list[Any] = []
    at = 0
    for state in crash_states(events, wanted, seed):
        promised += [event.what for event in events[at : state.moment] if isinstance(event, Told)]
        at = state.moment
        _put(folder, state.files)
        found = module.examine(day, state, folder, promised)
        score.states += 1
        score.lost += bool(found.lost)
        score.corrupt += bool(found.corrupt)
        if (found.lost or found.corrupt) and len(score.examples) < EXAMPLES_MAX:
            score.examples.append(f"seed {seed}, after event {state.moment}, {state.how}: {found.lost + found.corrupt}")
    return score


def _put(folder: Path, files: dict[str, bytes | None]) -> None:
    for old in folder.iterdir():
        old.unlink()
    for name, content in files.items():
        if content is not None:
            (folder / name).write_bytes(content)
