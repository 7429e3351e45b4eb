"""Overlaps inside the imported lists: exactly those of the rules, by month, each person once."""

import csv
import io
from itertools import combinations

from hypothesis import given, settings
from hypothesis import strategies as st

from central.domain.overlaps import Held, Tally
from central.overlaps import OverlapReport
from central.store import facts, overlaps
from chassis.database import Connection
from protocol.schemes import Claim, Effect, Unit, month, relation
from tests.central.desk import OTHER_DESA, RULES, Regency, kk, nik, siksng_row
from tests.central.test_decisions import coverage
from tests.central.test_web_pages import Hall, hall

__all__ = ["hall"]
FIRST, LAST = month(2021, 1), month(2021, 12)
GLAGAH = OTHER_DESA[:6]


def held(number: int, scheme: str, *, card: int = 0, first: int = FIRST, until: int = LAST) -> Held:
    return Held(nik(number), kk(card or number), scheme, "", first, until, GLAGAH)


def told(*coverages: Held) -> list[tuple[str, str, Unit, Effect, int]]:
    tally = Tally(RULES.book)
    tally.add(coverages)
    return [(x.scheme, x.other, x.link, x.effect, x.count) for x in tally.lines()]


def test_one_person_in_two_excluding_schemes_counts_once_however_many_rows() -> None:
    rows = [held(1, "PKH"), held(1, "BST"), held(1, "BST", until=FIRST + 1)]
    assert ("BST", "PKH", Unit.PERSON, Effect.REJECT, 1) in told(*rows)


def test_months_that_do_not_meet_are_no_overlap_and_what_is_allowed_is_none() -> None:
    assert told(held(1, "PKH", until=FIRST + 2), held(1, "BST", first=FIRST + 3)) == []
    assert told(held(1, "PKH"), held(1, "BPNT")) == [], "the ministry allows both"


def test_two_members_of_a_household_are_a_households_overlap() -> None:
    assert told(held(1, "PKH", card=9), held(2, "BST", card=9)) == [("BST", "PKH", Unit.HOUSEHOLD, Effect.REJECT, 1)]


schemes = st.sampled_from(["PKH", "BPNT", "BST", "BLT-DD", "PBI-JKN", "INSENTIF-APBD", "GURU-NGAJI"])
spans = st.tuples(st.integers(FIRST, FIRST + 4), st.integers(0, 4))
people = st.builds(
    lambda number, card, scheme, span: Held(
        nik(number) if number else "", kk(card) if card else "", scheme, "", span[0], span[0] + span[1], GLAGAH
    ),
    st.integers(0, 3),
    st.integers(0, 2),
    schemes,
    spans,
)


@settings(max_examples=150, deadline=None)
@given(st.lists(people, max_size=9))
def test_it_is_what_comparing_everybody_with_everybody_finds(coverages: list[Held]) -> None:
    found: dict[tuple[str, str, Unit, Effect, str], set[str]] = {}
    for one, other in combinations(coverages, 2):
        if one.nik and one.nik == other.nik:
            link, key = Unit.PERSON, one.nik
        elif one.kk and one.kk == other.kk:
            link, key = Unit.HOUSEHOLD, one.kk
        else:
            continue
        a, b = (Claim(x.scheme, "", x.first, x.until) for x in (one, other))
        answers = [relation(RULES.book, a, b, link), relation(RULES.book, b, a, link)]
        worst = max(answers, key=lambda x: [Effect.ALLOW, Effect.WARN, Effect.REJECT].index(x.effect))
        if worst.effect is not Effect.ALLOW:
            pair = min(one.scheme, other.scheme), max(one.scheme, other.scheme)
            basis = worst.rule.basis if worst.rule else worst.ground.sentence
            found.setdefault((*pair, link, worst.effect, basis), set()).add(key)
    tally = Tally(RULES.book)
    tally.add(coverages)
    assert {(x.scheme, x.other, x.link, x.effect, x.basis): x.count for x in tally.lines()} == {
        key: len(keys) for key, keys in found.items()
    }


async def test_every_coverage_stands_in_one_part_and_the_report_follows_the_lists(regency: Regency) -> None:
    report = OverlapReport(regency.database, RULES)
    assert await report.lines() == []
    await regency.import_list(siksng_row(nik(1), kk(9), "SITI"))
    other = coverage("BST", nik=nik(1), kk=kk(9))

    async def add(connection: Connection) -> None:
        await facts.add_coverages(connection, 1, [(3, other)])

    await regency.database.transact(add)
    (line,) = await report.lines()
    assert (line.scheme, line.other, line.count, line.district) == ("BST", "PKH", 1, GLAGAH)
    parts = [await regency.database.read(lambda c, p=p: overlaps.part_of(c, p)) for p in range(overlaps.PARTS)]  # type: ignore[misc]
    assert sum(map(len, parts)) == 2


async def test_the_page_and_the_table_to_keep(hall: Hall) -> None:
    assert "Tidak ada tumpang tindih" in await hall.text("/overlaps")
    regency = hall.story.regency
    await regency.database.transact(lambda c: facts.add_coverages(c, 1, [(3, coverage("BST", nik=nik(2), kk=kk(9)))]))
    text = await hall.text("/overlaps", "auditor")
    assert "BST PKH 1 orang Tidak boleh rangkap Glagah 1" in text
    assert "Tidak ada tumpang tindih" in await hall.text("/overlaps?district=351001")
    status, table = await hall.get("/overlaps.csv")
    assert status == 200
    rows = list(csv.reader(io.StringIO(table.removeprefix("\ufeff")), delimiter=";"))
    assert rows[0][0] == "program"
    assert rows[1][:7] == ["BST", "PKH", "orang", "Tidak boleh rangkap", GLAGAH, "Glagah", "1"]
    assert nik(2) not in table
