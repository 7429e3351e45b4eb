"""Births, deaths, moves and family cards: what somebody is after them, and what the village still knows of the past."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from agent.domain.events import Event, EventKind, State, check_event, may_record, state_after
from agent.domain.refusal import ALREADY_DEAD, Refusal
from agent.store import events, registers, residents, views
from agent.store.registers import Wanted
from chassis.database import Connection
from protocol import ops
from protocol.ids import Kk, Nik, is_placeholder
from tests.agent.office import SUKOJATI, Counter

BORN, TODAY = date(1980, 3, 4), date(2021, 5, 17)
VIEWS = (
    "SELECT * FROM resident ORDER BY id",
    "SELECT resident, kk, since_on, until_on FROM household_membership ORDER BY resident, id",
    "SELECT * FROM resident_event ORDER BY id",
)


def event(kind: EventKind, day: str, **changes: str) -> Event:
    made = Event(kind=kind, happened_on=date.fromisoformat(day), place="Jember", reference="", note="")
    return structs.replace(made, **changes)


@pytest.mark.parametrize(
    ("kind", "raw", "faults"),
    [
        (EventKind.DIED, {"happened_on": "16-05-2021"}, {}),
        (EventKind.DIED, {}, {"happened_on": "required"}),
        (EventKind.DIED, {"happened_on": "18-05-2021"}, {"happened_on": "in_the_future"}),
        (EventKind.DIED, {"happened_on": "03-03-1980"}, {"happened_on": "before_birth"}),
        (EventKind.MOVED_OUT, {"happened_on": "16-05-2021"}, {"place": "required"}),
        (
            EventKind.MOVED_IN,
            {"happened_on": "?", "place": "a\u200bb"},
            {"happened_on": "not_a_date", "place": "hidden_character"},
        ),
    ],
)
def test_what_an_event_needs(kind: EventKind, raw: dict[str, str], faults: dict[str, str]) -> None:
    checked = check_event(raw, kind, BORN, TODAY)
    assert ({error.field: error.code for error in checked} if isinstance(checked, list) else {}) == faults


def test_dates_decide_and_nobody_comes_back_from_death() -> None:
    assert state_after([]) == (State.HERE, "")
    assert state_after([("moved_out", "2021-05-01")]) == (State.MOVED, "2021-05-01")
    assert state_after([("moved_out", "2021-05-01"), ("moved_in", "2021-05-01")]) == (State.HERE, "2021-05-01")
    late = [("moved_in", "2021-05-03"), ("moved_out", "2021-05-01")]
    assert state_after(late) == (State.HERE, "2021-05-03"), "an old move that was written down late"
    assert state_after([("died", "2021-05-01"), ("moved_in", "2021-05-02")]) == (State.DEAD, "2021-05-01")


@given(st.lists(st.tuples(st.sampled_from([kind.value for kind in EventKind]), st.dates().map(str)), max_size=6))
def test_whoever_died_is_dead_whatever_else_is_written(written: list[tuple[str, str]]) -> None:
    state, _ = state_after(written)
    assert (state is State.DEAD) == any(kind == "died" for kind, _ in written)


def test_what_cannot_happen_is_refused() -> None:
    assert {kind: may_record(kind, State.DEAD) for kind in EventKind} == dict.fromkeys(EventKind, ALREADY_DEAD)
    assert may_record(EventKind.MOVED_OUT, State.MOVED) is not None
    assert may_record(EventKind.MOVED_IN, State.HERE) is not None
    assert may_record(EventKind.DIED, State.MOVED) is None, "news of a death comes from elsewhere too"


# --- in the village's database --------------------------------------------------------------------------------------


async def record(counter: Counter, resident: bytes, made: Event) -> bytes | Refusal:
    return await counter.store.write(lambda desk: events.record(desk, resident, made, "sri"))


async def state_of(counter: Counter, resident: bytes) -> State:
    found = await counter.store.database.read(lambda c: residents.get(c, resident))
    assert found is not None
    return found.state


async def correct(counter: Counter, resident: bytes, **changes: object) -> None:
    found = await counter.store.database.read(lambda c: residents.get(c, resident))
    assert found is not None
    changed = structs.replace(found.resident, **changes)
    made = await counter.store.write(lambda desk: residents.register(desk, changed, "sri", replaces=resident))
    assert made == resident


async def test_the_dead_and_the_moved_are_found_as_before_and_marked(counter: Counter) -> None:
    dead, moved = list(counter.people.items())[:2]
    await record(counter, dead[1], event(EventKind.DIED, "2021-05-01"))
    await record(counter, moved[1], event(EventKind.MOVED_OUT, "2021-05-02"))
    for (nik, _), state in ((dead, State.DEAD), (moved, State.MOVED)):
        [found] = await counter.store.database.read(lambda c, nik=nik: residents.search(c, nik, 5))  # type: ignore[misc]
        assert found.state is state
    assert await record(counter, dead[1], event(EventKind.MOVED_OUT, "2021-05-03")) is ALREADY_DEAD
    await correct(counter, dead[1], occupation="NELAYAN")
    assert await state_of(counter, dead[1]) is State.DEAD, "a correction raises nobody from the dead"


async def test_a_death_that_was_a_mistake_is_taken_back_and_stays_readable(counter: Counter) -> None:
    resident = next(iter(counter.people.values()))
    made = await record(counter, resident, event(EventKind.DIED, "2021-05-01"))
    assert isinstance(made, bytes)
    withdrawn = await counter.store.write(lambda desk: events.withdraw(desk, resident, made, "salah orang", "sri"))
    assert withdrawn is None
    assert await state_of(counter, resident) is State.HERE
    again = await counter.store.write(lambda desk: events.withdraw(desk, resident, made, "salah orang", "sri"))
    assert isinstance(again, Refusal)
    [row] = await counter.store.database.read(lambda c: events.of_resident(c, resident))
    assert (row.kind, row.withdrawn_reason) == (EventKind.DIED, "salah orang")
    assert await counter.store.database.read(registers.mutation_years) == []
    assert await counter.store.database.read(lambda c: registers.count_mutations(c, Wanted(2021))) == 0


async def test_an_event_of_a_later_program_stays_in_the_log_and_breaks_no_page(counter: Counter) -> None:
    resident = next(iter(counter.people.values()))

    def married(salt: bytes) -> ops.ResidentEvent:
        return ops.ResidentEvent(salt, resident, "married", "2021-05-01", "", "", "", b"", "sri")

    await counter.store.write(lambda desk: desk.append(married))
    assert await counter.store.database.read(lambda c: events.of_resident(c, resident)) == []
    assert await state_of(counter, resident) is State.HERE


async def test_another_card_closes_the_former_one(counter: Counter) -> None:
    resident = next(iter(counter.people.values()))
    first = await counter.value("SELECT kk FROM resident WHERE id = $1", resident)
    await correct(counter, resident, occupation="NELAYAN")
    counter.stamps.ms += 40 * 86_400_000
    await correct(counter, resident, kk=Kk("3510252606210001"))
    cards = await counter.store.database.read(lambda c: residents.cards(c, resident))
    assert [(card.kk, card.since_on, card.until_on) for card in cards] == [
        ("3510252606210001", "2021-06-26", None),
        (first, "2021-05-17", "2021-06-26"),
    ]
    former = await counter.store.database.read(lambda c: residents.former_members(c, first))
    assert [(each.id, time.until_on) for each, time in former] == [(resident, "2021-06-26")]
    await correct(counter, resident, kk="")
    cards = await counter.store.database.read(lambda c: residents.cards(c, resident))
    assert all(card.until_on for card in cards)


async def test_the_head_stands_first_on_the_card(counter: Counter) -> None:
    kk = await counter.value("SELECT kk FROM resident GROUP BY kk ORDER BY count(*) DESC LIMIT 1")
    members = await counter.store.database.read(lambda c: residents.household(c, kk))
    assert len(members) > 2
    youngest = members[-1].id
    await correct(counter, youngest, relation="KEPALA KELUARGA")
    members = await counter.store.database.read(lambda c: residents.household(c, kk))
    assert members[0].id == youngest


async def test_provisional_numbers_follow_each_other_and_identify_nobody(counter: Counter) -> None:
    first = await counter.store.database.read(lambda c: residents.provisional_nik(c, SUKOJATI))
    assert first == f"0{SUKOJATI}00001"
    assert is_placeholder(Nik(first))
    await correct(counter, next(iter(counter.people.values())), nik=first)
    second = await counter.store.database.read(lambda c: residents.provisional_nik(c, SUKOJATI))
    assert second == f"0{SUKOJATI}00002"


async def test_the_views_are_made_again_from_the_log_as_they_were(counter: Counter) -> None:
    one, two = list(counter.people.values())[:2]
    await record(counter, one, event(EventKind.MOVED_OUT, "2021-05-01"))
    made = await record(counter, two, event(EventKind.DIED, "2021-05-01"))
    assert isinstance(made, bytes)
    await counter.store.write(lambda desk: events.withdraw(desk, two, made, "salah orang", "sri"))
    await correct(counter, two, kk=Kk("3510252606210001"))

    async def rows(connection: Connection) -> list[list[tuple[object, ...]]]:
        return [[tuple(row) for row in await connection.fetch_all(view)] for view in VIEWS]

    before = await counter.store.database.read(rows)

    async def spoil(connection: Connection) -> None:
        await connection.execute("UPDATE resident SET name_key = 'x', state = 'here'")
        await connection.execute("DELETE FROM household_membership")
        await connection.execute("UPDATE box SET residents_making = $1", views.RESIDENTS_MAKING - 1)

    await counter.store.database.transact(spoil)
    assert await counter.store.database.read(rows) != before
    await counter.store.open()
    assert await counter.store.database.read(rows) == before
