"""After the lock: replacement, follow-up and amendment lists that say what they replace, locked by two people like the first."""

import pytest

from central import audit
from central.domain.corrections import Correction, Kind, read_correction
from central.domain.determination import Act, RosterList, signed_message
from central.domain.papers import payment_table
from central.domain.payments import Payment
from central.domain.rosters import Fate, Terms
from central.rosters import Drafts, Lock, LockRefused
from central.store import determinations
from central.store.determinations import Determined
from chassis.signing import verify
from tests.central.desk import Machine, Regency
from tests.central.roster_desk import NGAJI, act_of, open_cycle, rule, settled, teach

TERMS = Terms(amount_rupiah=700_000, quota=2, budget_rupiah=1_400_000)


def lock_of(regency: Regency) -> Lock:
    drafts = Drafts(regency.database, regency.rules)
    return Lock(regency.database, drafts, regency.key.sign, regency.clock.random)


async def locked(regency: Regency, act: Act, asked: Correction | None = None) -> Determined:
    await lock_of(regency).claim(NGAJI.code, act, "sari", regency.clock.now_ms(), asked)
    found = await lock_of(regency).lock(NGAJI.code, "budi", regency.clock.now_ms())
    await regency.settle()
    return found


@pytest.fixture
async def first(regency: Regency, machine: Machine) -> RosterList:
    """Two recipients, two who wait."""
    await open_cycle(regency, TERMS)
    for number in range(1, 5):
        teach(machine, number, claimed_ms=NGAJI.opens_ms + number)
    await regency.send(machine)
    await regency.settle()
    regency.clock.advance(days=18)
    await regency.greet(machine)
    return (await locked(regency, act_of(await settled(regency)))).list


def act(recipients: int = 2, **changes: object) -> Act:
    told: dict[str, object] = {
        "instrument": "SK",
        "number": "188/102/KEP/2021",
        "dated": "2021-06-10",
        "recipients": recipients,
        "total_rupiah": recipients * 700_000,
    }
    return Act(**(told | changes))  # type: ignore[arg-type]


REPLACE_FIRST = Correction(kind=Kind.REPLACEMENT, removed=((1, "meninggal dunia"),), places=1)


async def test_somebody_goes_and_the_next_who_waits_comes(regency: Regency, first: RosterList) -> None:
    gone, stays = first.entries
    next_one, last_one = first.waiting
    done = await locked(regency, act(), REPLACE_FIRST)
    found = done.list
    before = await regency.database.read(lambda c: determinations.one(c, NGAJI.code, 1))
    assert before is not None
    assert (found.kind, found.number, found.replaces) == ("replacement", 2, before.hash)
    assert verify(regency.key.public, signed_message(done.hash), done.signature)
    assert [(e.number, e.record) for e in found.entries] == [(2, stays.record), (3, next_one.record)]
    assert [e.record for e in found.waiting] == [last_one.record]
    assert [(r.record, r.reason) for r in found.removed] == [(gone.record, "meninggal dunia")]
    assert [row[0] for row in payment_table(found, done.hash)] == ["3"], "who was paid before is not paid again"
    told = await regency.decisions()
    assert (told[gone.record].outcome, told[gone.record].code) == ("rejected", "validator_refused")
    assert "meninggal dunia" in told[gone.record].sentence
    assert (told[next_one.record].outcome, told[last_one.record].code) == ("accepted", "quota_full")
    assert all(told[each.record].is_final for each in (gone, stays, next_one, last_one))
    covered = {row[0] for row in await regency.rows("SELECT match_nik FROM coverage")}
    assert covered == {stays.nik, next_one.nik}
    assert (await regency.database.read(lambda c: audit.audit(c, regency.rules))).problems == []


async def test_who_waits_and_is_no_longer_entitled_is_passed_over(regency: Regency, first: RosterList) -> None:
    await rule(regency, first.waiting[0].record, Fate.DROPPED)
    found = (await locked(regency, act(), REPLACE_FIRST)).list
    assert found.added == (first.waiting[1].record,)


async def test_who_was_cut_off_comes_by_a_follow_up_list_and_nobody_twice(
    regency: Regency, machine: Machine, neighbour: Machine
) -> None:
    """A village was silent at the lock: one of its people is new, one is on the list already, one is refused."""
    await open_cycle(regency, Terms(amount_rupiah=700_000, budget_rupiah=2_100_000))
    listed = teach(machine, 1)
    fresh, same, third = teach(neighbour, 7), teach(neighbour, 1), teach(neighbour, 8)
    await regency.send(machine)
    await regency.settle()
    regency.clock.advance(days=18)
    await regency.greet(machine)
    first = await locked(regency, act_of(await settled(regency), silent=(neighbour.village,)))
    assert [entry.record for entry in first.list.entries] == [listed]
    await regency.send(neighbour)
    await regency.settle()
    assert [(await regency.outcome(r))[1] for r in (fresh, same, third)] == ["received_late"] * 3
    with pytest.raises(LockRefused, match="waiting_short"):
        await lock_of(regency).claim(NGAJI.code, act(), "sari", 0, Correction(kind=Kind.FOLLOW_UP, places=1))
    for record in (fresh, same):
        await rule(regency, record, Fate.KEPT)
    await rule(regency, third, Fate.REJECTED)
    outcomes = (await settled(regency)).outcomes
    assert (outcomes[fresh].fate, outcomes[same].code) == (Fate.KEPT, "covered_by_scheme")
    second = await locked(regency, act(), Correction(kind=Kind.FOLLOW_UP, places=1))
    assert [(entry.number, entry.record) for entry in second.list.entries] == [(1, listed), (2, fresh)]
    assert [row[0] for row in payment_table(second.list, second.hash)] == ["2"]
    told = await regency.decisions()
    assert [(told[r].outcome, told[r].code) for r in (listed, fresh, same, third)] == [
        ("accepted", ""),
        ("accepted", ""),
        ("rejected", "covered_by_scheme"),
        ("rejected", "validator_refused"),
    ]
    assert all(told[r].is_final for r in (listed, fresh, same, third))
    assert (await regency.database.read(lambda c: audit.audit(c, regency.rules))).problems == []


async def test_what_is_fixed_is_open_to_no_word_and_what_came_since_is(
    regency: Regency, first: RosterList, machine: Machine
) -> None:
    late = teach(machine, 9)
    await regency.send(machine, len(machine.ops))
    await regency.settle()

    async def is_open(record: bytes) -> bool:
        return await regency.database.read(lambda c: determinations.is_open(c, NGAJI.code, record))

    assert not await is_open(first.entries[0].record)
    assert await is_open(late)
    assert not await is_open(bytes(16)), "a row of last year's list is no proposal"


async def test_what_the_next_list_may_not_do(regency: Regency, first: RosterList) -> None:
    async def refused(asked: Correction, paper: Act | None = None) -> list[str]:
        with pytest.raises(LockRefused) as caught:
            await lock_of(regency).claim(NGAJI.code, paper or act(), "sari", regency.clock.now_ms(), asked)
        return [reason.code for reason in caught.value.reasons]

    assert await refused(Correction(kind=Kind.FOLLOW_UP, places=1), act(3)) == ["quota", "budget"]
    assert await refused(Correction(kind=Kind.FOLLOW_UP, places=3), act(5)) == ["waiting_short"]
    unknown = Correction(kind=Kind.REPLACEMENT, removed=((9, "pindah"),), places=1)
    assert await refused(unknown) == ["unknown_entry"]
    assert await refused(REPLACE_FIRST, act(3)) == ["act_recipients", "act_total"]
    before = await regency.database.read(lambda c: determinations.in_force(c, NGAJI.code))
    assert before is not None
    paid = [Payment(1, "paid", "2021-06-05", "")]
    await regency.database.transact(
        lambda c: determinations.add_payments(c, before.hash, b"f" * 32, paid, "sari", regency.clock.now_ms())
    )
    assert await refused(REPLACE_FIRST) == ["already_paid"]


async def test_an_account_is_amended_and_paid_again_after_a_failure(regency: Regency, first: RosterList) -> None:
    asked = Correction(kind=Kind.AMENDMENT, accounts=((2, ("Bank Jatim", "0011", "GURU CONTOH")),))
    done = await locked(regency, act(), asked)
    assert [(e.number, e.account_number) for e in done.list.entries] == [(1, ""), (2, "0011")]
    assert [row[0] for row in payment_table(done.list, done.hash)] == ["2"]
    assert {row[0] for row in await regency.rows("SELECT match_nik FROM coverage")} == {e.nik for e in first.entries}
    following = (await locked(regency, act(), REPLACE_FIRST)).list
    assert [e.number for e in following.entries] == [2, 3]
    assert following.entries[0].account_number == "0011"


async def test_a_form_says_what_is_wrong_with_it() -> None:
    assert read_correction(Kind.REPLACEMENT, "3; pindah ke Jember\n1;meninggal", "") == Correction(
        kind=Kind.REPLACEMENT, removed=((1, "meninggal"), (3, "pindah ke Jember")), places=2
    )
    assert read_correction(Kind.FOLLOW_UP, "", "12") == Correction(kind=Kind.FOLLOW_UP, places=12)
    assert read_correction(Kind.AMENDMENT, "4;BRI;0012;SITI", "") == Correction(
        kind=Kind.AMENDMENT, accounts=((4, ("BRI", "0012", "SITI")),)
    )
    for kind, lines, places in (
        (Kind.REPLACEMENT, "", ""),
        (Kind.REPLACEMENT, "satu;pindah", ""),
        (Kind.REPLACEMENT, "1;pindah\n1;pindah", ""),
        (Kind.REPLACEMENT, "1", ""),
        (Kind.FOLLOW_UP, "1;pindah", "2"),
        (Kind.FOLLOW_UP, "", "dua"),
        (Kind.AMENDMENT, "1;BRI;;SITI", ""),
    ):
        assert isinstance(read_correction(kind, lines, places), str), lines
