"""The three-valued check, from the regency's import of a list to the words at the counter."""

import random
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import date
from hashlib import sha256
from pathlib import Path

import msgspec
import pytest

from agent.domain.coverage import NOTHING_KNOWN, Answer, Check
from agent.store import coverage
from agent.web.words import check_words
from central.domain.decisions import Coverage
from central.domain.rule_changes import EndExclusion
from central.imports import undo
from central.store import coverage_sets, facts, feeds, imports
from central.store.imports import ImportFile
from chassis.database import Connection
from protocol.feed import REGENCY, VILLAGE, CoverageKey, Cycle, Item, State
from protocol.ids import parse_village_code
from protocol.regions import village
from protocol.schemes import Unit, month
from tests.agent.office import CYCLE, SUKOJATI, Counter, open_counter, tell, words_of
from tests.builders import as_entry, siksng_csv, village_people
from tests.central.desk import DESA, OTHER_DESA, PANGAN, RULES, START_MS, Machine, Regency, in_memory, kk, nik

assert DESA == SUKOJATI
YEAR = "2021-01 s/d 2021-12"
SCHEMES = ("PKH", "BPNT", "BST")
"""All that exclude the food parcel in May 2021 and stand in a ministry's list; beside them BLT-DD does."""
TODAY = date(2021, 5, 17)


@dataclass
class Desk:
    """A regency and one counter, joined by hand."""

    regency: Regency
    box: Machine
    counter: Counter

    async def carry(self) -> None:
        """Both feeds reach the counter."""
        for name, own in ((DESA, VILLAGE), (REGENCY, REGENCY)):
            items: list[Item] = await self.regency.database.read(lambda c, n=name: feeds.after(c, n, 0))  # type: ignore[misc]
            states = {i.key: State(i.seq, i.kind, i.critical, i.key, i.value) for i in items}
            await tell(self.counter.store, own, list(states.values()), self.counter.stamps.now_ms())

    async def check(self, number: str, card: str, cycle: Cycle = PANGAN) -> Check:
        store = self.counter.store
        found = await store.database.read(lambda c: coverage.check(c, self.box.key.unseal, [cycle], number, card))
        return found[cycle.code]

    async def cover(self, scheme: str, number: int) -> None:
        """A list of one household in a scheme that no ministry's list tells of."""
        source = sha256(scheme.encode()).digest()
        row = Coverage(source, scheme, "", nik(number), kk(number), "", 12 * 2021, 12 * 2021 + 11, DESA, "2021-05-02")
        file = ImportFile(source, scheme, "contoh", "2021-05-02", 0, "command:test", b"")

        async def work(connection: Connection) -> None:
            clock = self.regency.clock
            import_id = await imports.put(connection, file)
            await facts.add_coverages(connection, import_id, [(1, row)])
            await imports.mark_done(connection, import_id, "command:test", 0)
            await coverage_sets.publish(connection, 12 * 2021 + 4, clock.random, clock.now_ms(), import_id)

        await self.regency.database.transact(work)

    async def publish_rules(self) -> bool:
        now_ms = self.regency.clock.now_ms()
        return await self.regency.database.transact(lambda c: coverage_sets.publish_rules(c, RULES.book.rules, now_ms))


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    counter, database = await open_counter(tmp_path), in_memory()
    regency = Regency(database)
    yield Desk(regency, await regency.enrol(DESA), counter)
    await counter.close()
    await database.close()


def list_of(*columns: str, number: int = 2) -> bytes:
    """A list in which one household is in each of these programmes, each with another NIK and card from `number` on."""
    (person,) = village_people(random.Random(1), village(parse_village_code(OTHER_DESA)), 1)
    rows = []
    for place, column in enumerate(columns, start=number):
        rows.append((msgspec.structs.replace(as_entry(person), nik=nik(place), kk=kk(place)), {column: YEAR}))
    return siksng_csv(rows).encode()


async def test_unknown_until_rules_key_and_every_excluding_list_are_here(desk: Desk) -> None:
    assert await desk.check(nik(1), kk(1)) == NOTHING_KNOWN
    await desk.publish_rules()
    await desk.carry()
    assert await desk.check(nik(1), kk(1)) == NOTHING_KNOWN, "no key has been made"
    await desk.regency.import_list(list_of("PKH", "BPNT"), as_of="2021-04-30")
    await desk.carry()
    check = await desk.check(nik(1), kk(1))
    assert (check.answer, check.missing, check.as_of) == (Answer.UNKNOWN, ("BLT-DD", "BST"), "2021-04-30")
    await desk.regency.import_list(list_of("BST", number=8), name="lain.csv", as_of="2021-05-02")
    await desk.cover("BLT-DD", 9)
    await desk.carry()
    check = await desk.check(nik(1), kk(1))
    assert check == Check(Answer.CLEAR, as_of="2021-04-30")
    assert (await desk.check("9999999999999999", kk(1))).answer is Answer.UNKNOWN, "nobody is found by a placeholder"


async def test_a_person_and_a_household_in_a_list_of_another_village_are_held_by_scheme_and_months(desk: Desk) -> None:
    await desk.publish_rules()
    await desk.regency.import_list(list_of(*SCHEMES), as_of="2021-05-02")
    await desk.cover("BLT-DD", 5)
    await desk.carry()
    for number, scheme in enumerate((*SCHEMES, "BLT-DD"), start=2):
        (hit,) = (await desk.check(nik(number), kk(99))).hits
        assert (hit.scheme, hit.link, hit.first, hit.until) == (scheme, Unit.PERSON, 12 * 2021, 12 * 2021 + 11)
        (hit,) = (await desk.check(nik(90), kk(number))).hits
        assert (hit.scheme, hit.link, hit.as_of) == (scheme, Unit.HOUSEHOLD, "2021-05-02")
    later = msgspec.structs.replace(PANGAN, month_from=12 * 2022, month_until=12 * 2022 + 2)
    assert (await desk.check(nik(2), kk(2), later)).answer is Answer.UNKNOWN, "the list says nothing of 2022"


async def test_a_list_that_was_undone_is_as_if_never_heard_of(desk: Desk) -> None:
    await desk.publish_rules()
    done = await desk.regency.import_list(list_of("PKH"))
    await desk.carry()
    assert (await desk.check(nik(2), kk(2))).answer is Answer.OVERLAP
    await undo(desk.regency.database, done.id, reason="berkas salah", actor="rini", now_ms=START_MS)
    await desk.carry()
    check = await desk.check(nik(2), kk(2))
    assert (check.answer, "PKH" in check.missing) == (Answer.UNKNOWN, True)
    await desk.regency.import_list(list_of("PKH"))
    await desk.carry()
    assert (await desk.check(nik(2), kk(2))).answer is Answer.OVERLAP


async def test_what_no_rule_forbids_is_a_note_and_an_overlap_shows_though_lists_are_missing(desk: Desk) -> None:
    await desk.publish_rules()
    await desk.regency.import_list(list_of("PKH"))
    await desk.carry()
    check = await desk.check(nik(2), kk(2))
    assert check.answer is Answer.OVERLAP
    assert set(check.missing) == {"BLT-DD", "BPNT", "BST"}
    unregulated = msgspec.structs.replace(PANGAN, scheme="RANTANG-KASIH", code="RANTANG")
    check = await desk.check(nik(2), kk(2), unregulated)
    assert [hit.scheme for hit in check.notes] == ["PKH"]
    assert not check.hits


async def test_no_number_leaves_the_centre_and_a_strange_key_opens_nothing(desk: Desk) -> None:
    await desk.publish_rules()
    await desk.regency.import_list(list_of(*SCHEMES))
    await desk.carry()
    said = await desk.counter.store.database.read(lambda c: c.fetch_all("SELECT key, value FROM feed_state"))
    everything = b"".join(bytes(row[0]) + bytes(row[1]) for row in said)
    secret = await desk.regency.value("SELECT secret FROM coverage_key")
    assert secret not in everything
    assert not any(number(n).encode() in everything for n in range(2, 6) for number in (nik, kk))
    stranger = await desk.regency.enrol(OTHER_DESA)
    found = await desk.counter.store.database.read(
        lambda c: coverage.check(c, stranger.key.unseal, [PANGAN], nik(2), kk(2))
    )
    assert found[PANGAN.code] == NOTHING_KNOWN


async def test_a_list_adds_its_own_sets_and_a_new_month_says_all_anew_in_the_same_keys(desk: Desk) -> None:
    await desk.regency.import_list(list_of("PKH"))
    first = await desk.regency.database.read(lambda c: feeds.after(c, REGENCY, 0))
    await desk.regency.import_list(list_of("BST", number=5), name="bst.csv")
    items = await desk.regency.database.read(lambda c: feeds.after(c, REGENCY, len(first)))
    assert [item.kind for item in items] == ["coverage_part", "coverage_list"]
    desk.regency.clock.advance(days=31)
    now_ms, month = desk.regency.clock.now_ms(), 12 * 2021 + 5
    chance = desk.regency.clock.random
    for _ in range(2):
        await desk.regency.database.transact(lambda c: coverage_sets.publish(c, month, chance, now_ms))
    states = await desk.regency.database.read(lambda c: feeds.states(c, REGENCY))
    sets = [state for state in states if state.kind.startswith("coverage")]
    assert len(sets) == 4
    assert all(state.seq > len(first) + len(items) for state in sets), "said anew, once"
    assert await desk.regency.value("SELECT count(*) FROM coverage_key") == 1
    await desk.publish_rules()
    await desk.carry()
    assert (await desk.check(nik(2), kk(2))).answer is Answer.OVERLAP


async def test_a_set_under_another_key_or_without_its_part_is_not_looked_into(desk: Desk) -> None:
    await desk.publish_rules()
    await desk.regency.import_list(list_of(*SCHEMES))
    await desk.carry()
    store = desk.counter.store
    await store.database.transact(lambda c: c.execute("DELETE FROM feed_state WHERE kind = 'coverage_part'"))
    check = await desk.check(nik(2), kk(2))
    assert (check.answer, check.missing) == (Answer.UNKNOWN, ("BLT-DD", "BPNT", "BST", "PKH"))


async def test_a_machine_enrolled_later_gets_the_key_too(desk: Desk) -> None:
    await desk.regency.import_list(list_of("PKH"))
    replaced = await desk.regency.enrol(DESA, seed=2)
    (item,) = [i for i in await desk.regency.database.read(lambda c: feeds.states(c, DESA)) if i.kind == "coverage_key"]
    said = msgspec.msgpack.decode(item.value, type=CoverageKey)
    assert replaced.key.unseal(said.sealed) == await desk.regency.value("SELECT secret FROM coverage_key")
    assert desk.box.key.unseal(said.sealed) is None


async def test_rules_are_said_when_they_changed_and_only_then(desk: Desk) -> None:
    assert await desk.publish_rules()
    assert not await desk.publish_rules()


async def test_a_rule_that_two_officers_ended_is_ended_at_the_counter_too(desk: Desk) -> None:
    await desk.publish_rules()
    await desk.regency.import_list(list_of("PKH"))
    await desk.carry()
    assert (await desk.check(nik(2), kk(2))).answer is Answer.OVERLAP
    rule = next(r for r in RULES.book.rules.exclusions if (r.scheme, r.other_scheme) == (PANGAN.scheme, "PKH"))
    await desk.regency.approve(EndExclusion(rule, month(2021, 4)))
    await desk.carry()
    check = await desk.check(nik(2), kk(2))
    assert (check.hits, [note.scheme for note in check.notes]) == ((), ["PKH"])
    assert await desk.counter.value("SELECT count(*) FROM feed_state WHERE kind = 'exclusions'") == 1


async def test_the_form_tells_the_clerk_before_anything_is_written(desk: Desk) -> None:
    clerk = await desk.counter.browser()
    form = f"/proposals/new?resident={desk.counter.somebody}"
    assert "Daftar bantuan lain belum sampai di kantor ini." in words_of(await (await clerk.get(form)).text())
    person = await desk.counter.value("SELECT nik FROM resident WHERE id = $1", bytes.fromhex(desk.counter.somebody))
    content = list_of(*SCHEMES).replace(nik(2).encode(), person.encode())
    await desk.publish_rules()
    await desk.regency.import_list(content)
    await desk.carry()
    object.__setattr__(desk.counter.office, "unseal", desk.box.key.unseal)
    await desk.regency.put_cycle(CYCLE)
    await desk.carry()
    text = words_of(await (await clerk.get(form)).text())
    assert "Tahan Kemungkinan orang ini tercakup Program Keluarga Harapan Januari 2021 sampai Desember 2021." in text
    assert "Data per 30 April 2021, 17 hari yang lalu." in text
    assert "usulan tetap dapat dicatat" in text
    assert await desk.counter.propose(clerk), "a hit never stops a proposal"


@pytest.mark.parametrize("check", [NOTHING_KNOWN, Check(Answer.CLEAR), Check(Answer.UNKNOWN, missing=("PKH",))])
def test_only_clear_is_shown_as_clear(check: Check) -> None:
    lamp, kind, _ = check_words(check, {}, TODAY)
    assert (kind == "good") == (lamp == "Tidak ditemukan") == (check.answer is Answer.CLEAR)
