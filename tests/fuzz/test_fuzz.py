"""A few spoilt lists in every run of the suite; `make fuzz` throws more."""

import logging
from collections.abc import Iterator
from pathlib import Path
from random import Random

import pytest
import structlog

from tests.fuzz.importer import opened
from tests.fuzz.lists import seeds
from tests.fuzz.mutations import mutate

CASES = 60


@pytest.fixture(autouse=True)
def quiet() -> Iterator[None]:
    """The office's log is the fuzzer's while it runs."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.reset_defaults()


async def test_spoilt_lists_end_in_a_sentence_or_a_report(tmp_path: Path) -> None:
    async with opened(tmp_path) as fuzzer:
        for number in range(CASES):
            await fuzzer.case(2021, number)
    assert fuzzer.ends["refused"] > 5, "they are spoilt"
    assert fuzzer.ends["imported"] > 5, "and not too much to be read"


def test_a_case_can_be_made_again() -> None:
    """By its seed and number alone, whatever the day: a finding is named by them."""
    assert seeds.__wrapped__() == seeds()
    one, other = ([mutate(Random(n), each, seeds()[0]) for n, each in enumerate(seeds())] for _ in range(2))
    assert one == other
