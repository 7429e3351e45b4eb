"""No power failure loses what somebody was told; a database that syncs less does, and that is noticed."""

import random
from pathlib import Path

import pytest

from agent.store import MarkFile
from protocol.messages import Mark
from protocol.ops import NumberHigh, start_of
from tests.powerloss.crash import Disk, choose, crash_states, plan
from tests.powerloss.harness import PARTS, crash_day
from tests.powerloss.recording import Delete, Recording, Sync, Told, Truncate, Write, recorded_mark

STATES = 300
MUTANT_STATES = 60


@pytest.mark.parametrize("part", PARTS)
def test_a_power_failure_loses_nothing_that_was_told(part: str) -> None:
    score = crash_day(part, STATES, seed=7)
    assert score.states > STATES * 0.9
    assert score.told > 50
    assert not score.lost
    assert not score.corrupt, score.examples


@pytest.mark.parametrize("part", PARTS)
def test_syncing_less_loses_what_was_told(part: str) -> None:
    """The states are worth something only when they show what `synchronous=NORMAL` would cost."""
    assert crash_day(part, MUTANT_STATES, seed=7, synchronous="normal").lost


def test_a_mark_without_sync_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    """The mark protects nothing while it may still be in the page cache when the clerk hears of a letter."""
    take = Disk.take
    monkeypatch.setattr(Disk, "take", lambda self, event: event == Sync("mark") or take(self, event))
    assert crash_day("village", MUTANT_STATES, seed=7).corrupt


def test_both_slots_of_the_mark_are_never_torn_at_once(tmp_path: Path) -> None:
    marks = [Mark(start_of(bytes(16)), [NumberHigh("470", 2021, n)]) for n in range(1, 9)]
    recording = Recording(tmp_path / "recorded")
    recording.folder.mkdir()
    with recorded_mark(recording):
        file = MarkFile(recording.folder / "mark")
        for mark in marks:
            file.write(mark)
            recording.told(mark)
        file.close()
    told: list[Mark] = []
    at = 0
    for state in crash_states(recording.events, plan(recording.events, 200, random.Random(1)), 1):
        told += [e.what for e in recording.events[at : state.moment] if isinstance(e, Told)]
        at = state.moment
        content = state.files.get("mark")
        if content is not None:
            (tmp_path / "mark").write_bytes(content)
            found = MarkFile(tmp_path / "mark").read()
            assert not told or found in marks[len(told) - 1 : len(told) + 1]


# --- the model of the disk itself -------------------------------------------------------------------------------------


def test_what_was_synced_stays_whatever_else_happens() -> None:
    disk = Disk()
    for event in (Write("f", 0, b"abcd"), Sync("f"), Write("f", 2, b"XY"), Write("g", 0, b"new")):
        disk.take(event)
    assert disk.after([False, False]) == {"f": b"abcd", "g": None}
    assert disk.after([True, True]) == {"f": b"abXY", "g": b"new"}


def test_a_write_is_torn_at_the_sectors_of_the_file() -> None:
    disk = Disk()
    disk.take(Write("f", 500, b"a" * 600))  # sectors: 500-512, 512-1024, 1024-1100
    content = disk.after([(False, True, False)])["f"]
    assert content == bytes(512) + b"a" * 512
    assert disk.after([(True, False, True)])["f"] == bytes(500) + b"a" * 12 + bytes(512) + b"a" * 76


def test_a_deletion_is_durable_with_the_next_sync() -> None:
    disk = Disk()
    for event in (Write("f", 0, b"abcd"), Sync("f"), Delete("f")):
        disk.take(event)
    assert disk.after([False]) == {"f": b"abcd"}
    disk.take(Sync("g"))
    assert disk.after([]) == {"f": None}


@pytest.mark.parametrize("how", ["cut", "reordered", "torn"])
def test_every_way_of_crashing_gives_one_fate_to_each_pending_event(how: str) -> None:
    pending = [Write("f", 0, b"a" * 2000), Truncate("f", 100), Delete("g"), Write("f", 700, b"b" * 10)]
    for seed in range(50):
        assert len(choose(pending, how, random.Random(seed))) == len(pending)
