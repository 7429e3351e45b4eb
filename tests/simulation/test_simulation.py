"""The simulator itself: a handful of worlds hold, the same seed tells the same story, and broken systems are caught."""

import json
import os
import subprocess
import sys
from collections import Counter

import pytest

from tests.simulation.mutants import MUTANTS, SEEDS_MAX
from tests.simulation.world import World

SEEDS = range(1, 9)
"""`make test` runs hundreds through the command; these only keep the file honest."""


@pytest.mark.parametrize("seed", SEEDS)
def test_a_world_keeps_every_promise(seed: int) -> None:
    outcome = World(seed).run()
    assert outcome.violations == []
    assert outcome.ops > 0


def test_a_few_worlds_meet_most_kinds_of_faults() -> None:
    """One world may be calm; together they must not be."""
    met: Counter[str] = Counter()
    for seed in range(100, 120):
        met += World(seed).run().faults
    assert len(met) >= 15, sorted(met)


def test_the_same_seed_tells_the_same_story() -> None:
    assert World(7).run().trace == World(7).run().trace
    assert World(7).run().trace != World(8).run().trace


def test_the_story_does_not_depend_on_the_hash_seed() -> None:
    program = "from tests.simulation.world import World; print(World(5).run().trace)"
    traces = [
        subprocess.run(
            [sys.executable, "-c", program],
            env={**os.environ, "PYTHONHASHSEED": hash_seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for hash_seed in ("0", "1", "42")
    ]
    assert len(dict.fromkeys(traces)) == 1


def test_the_last_line_is_one_json_object() -> None:
    done = _simulate("--seeds", "6", "--seed", "3", "--jobs", "2")
    found = json.loads(done.stdout.splitlines()[-1])
    assert done.returncode == 0, found
    assert list(found) == ["seeds", "faults", "ops", "virtual_days", "violations", "replay"]
    assert (found["seeds"], found["violations"], found["replay"]) == (6, [], None)


@pytest.mark.parametrize("mutant", sorted(MUTANTS))
def test_a_broken_system_is_caught(mutant: str) -> None:
    done = _simulate("--seeds", str(SEEDS_MAX), "--mutant", mutant, "--stop-at-first")
    found = json.loads(done.stdout.splitlines()[-1])
    assert done.returncode == 1
    assert found["violations"]
    assert mutant in found["replay"]


def _simulate(*args: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "tests.simulation", *args], capture_output=True, text=True, check=False
    )
