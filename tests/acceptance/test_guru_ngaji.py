"""Guru ngaji 2021 at a fiftieth of its size; `python -m tests.acceptance.guru_ngaji` plays it whole."""

import asyncio

import pytest

from central.domain.papers import total_words
from tests.acceptance.guru_ngaji import AMOUNT_RUPIAH, Played, play
from tests.acceptance.ngaji_world import FILES, PROPOSED_2020, Case, plant
from tests.central.desk import in_memory

SCALE = 0.02


@pytest.fixture(scope="module")
def played() -> Played:
    async def work() -> Played:
        database = in_memory()
        try:
            return await play(plant(SCALE), database)
        finally:
            await database.close()

    return asyncio.run(work())


def test_every_row_of_both_years_meets_its_planted_fate(played: Played) -> None:
    assert (played.first.wrong, played.second.wrong) == ([], [])
    for told in (played.first, played.second):
        assert sum(told.fates.values()) == told.rows
        assert told.fates["held"] == 0


def test_each_who_is_owed_is_paid_once_and_nobody_else(played: Played) -> None:
    for told in (played.first, played.second):
        assert told.paid == sorted(told.owed)


def test_the_lists_are_the_planted_truth(played: Played) -> None:
    first, second = played.first.locked, played.second.locked
    assert first.recipients == played.world.recipients_first
    assert second.recipients == played.world.recipients_second
    assert second.total_rupiah == second.recipients * AMOUNT_RUPIAH
    assert total_words(second.list).startswith(f"{second.recipients} penerima, Rp")


def test_every_row_of_every_file_is_counted(played: Played) -> None:
    for name in FILES:
        assert sum(played.reports[name].values()) == len(played.world.second.lists[name])
    read = sum(played.reports[name]["kept"] for name in FILES)
    assert read == sum(line.file in FILES for line in played.second.locked.list.ledger)


def test_every_story_is_in_it(played: Played) -> None:
    """At true size the counts are those of the regency; here at least one of each."""
    assert sum(PROPOSED_2020.values()) == 16_018
    told = {row.case for plan in (played.world.first, played.world.second) for row in plan.rows()}
    told |= set(played.world.second.gone.values())
    assert told >= set(Case) - {Case.COVERED_UNSEEN}
