"""Locking a cycle: refused with each reason named; then signed, immutable, final for the villages, blocking what it excludes."""

from dataclasses import dataclass, field
from typing import Any

import msgspec
import pytest

from central import audit, reconcile
from central.domain import objections as objection_rules
from central.domain.decisions import Proposal
from central.domain.determination import Act, Perkades, list_hash, read_list, signed_message
from central.domain.identities import Identity, IdentityVerdict
from central.domain.papers import payment_sheet
from central.domain.rosters import Fate, Origin, Reply, Terms, Validation, late_rows
from central.rosters import Drafts, Lock, LockRefused, circumstances, read_ledger
from central.store import determinations, identities, objections
from central.store.identities import Said
from chassis.database import Connection, DatabaseError
from chassis.signing import verify
from protocol.codec import unpack
from protocol.feed import REGENCY, CoverageList, Cycle, Decision
from protocol.regions import villages
from protocol.schemes import month
from tests.central.desk import BLT_DD, DAY_MS, DESA, OTHER_DESA, PANGAN, Machine, Regency, kk, nik, siksng_row
from tests.central.roster_desk import (
    NGAJI,
    act_of,
    codes_in_the_way,
    in_the_way,
    open_cycle,
    rule,
    scan_all,
    settled,
    teach,
    validate,
)


def lock_of(regency: Regency, database: Any = None) -> Lock:
    drafts = Drafts(regency.database, regency.rules)
    return Lock(database or regency.database, drafts, regency.key.sign, regency.clock.random)


async def after_the_window(regency: Regency, *machines: Machine, cycle: Cycle = NGAJI) -> None:
    """Everything is here, nothing is proposed or contested any more, and these villages were in touch since."""
    regency.clock.advance(seconds=10)
    for each in machines:
        await regency.send(each)
    await regency.settle()
    regency.clock.advance(days=15 + cycle.objection_days)
    for each in machines:
        await regency.greet(each)


@pytest.fixture
async def ready(regency: Regency, machine: Machine, neighbour: Machine) -> list[bytes]:
    """Three teachers, one of them proposed twice, validated and with signed minutes."""
    await open_cycle(regency)
    records = [teach(machine, 1), teach(machine, 2), teach(neighbour, 3)]
    records.append(teach(neighbour, 1, claimed_ms=regency.clock.now_ms() + 1000))
    await after_the_window(regency, machine, neighbour)
    await validate(regency, *records[:3])
    await scan_all(regency)
    return records


async def refused(regency: Regency, act: Act, actor: str = "sari") -> list[str]:
    with pytest.raises(LockRefused) as caught:
        await lock_of(regency).claim(NGAJI.code, act, actor, regency.clock.now_ms())
    assert await regency.value("SELECT count(*) FROM roster_claim") == 0
    return [reason.code for reason in caught.value.reasons]


async def lock(regency: Regency, first: str = "sari", second: str = "budi") -> determinations.Determined:
    now_ms = regency.clock.now_ms()
    await lock_of(regency).claim(NGAJI.code, act_of(await settled(regency)), first, now_ms)
    return await lock_of(regency).lock(NGAJI.code, second, now_ms)


async def test_every_obstacle_is_named(regency: Regency, machine: Machine, neighbour: Machine) -> None:
    await open_cycle(regency)
    good, late = teach(machine, 1), teach(neighbour, 3)
    await regency.send(machine)
    assert "undecided" in await codes_in_the_way(regency)
    await regency.settle()
    assert await codes_in_the_way(regency) == ["window_open", "not_validated", "empty"]
    regency.clock.advance(days=15)
    await regency.send(neighbour)
    await regency.settle()
    assert await codes_in_the_way(regency) == ["objections_window", "held", "not_validated", "empty"]
    regency.clock.advance(days=3)
    await validate(regency, good, late)
    assert await codes_in_the_way(regency) == ["held", "minutes_missing"]
    await rule(regency, late, Fate.KEPT)
    assert await codes_in_the_way(regency) == ["minutes_missing"]
    await scan_all(regency)
    assert await codes_in_the_way(regency) == []
    await validate(regency, late, reply=Validation(Reply.DECEASED, "1 Mei 2021"))
    assert await codes_in_the_way(regency) == [], "the scan of the other district is still of the present list"


async def test_a_scan_counts_only_for_the_list_that_was_printed(regency: Regency, ready: list[bytes]) -> None:
    assert await codes_in_the_way(regency) == []
    await validate(regency, ready[1], reply=Validation(Reply.REFUSED, "tidak mengajar"))
    assert await codes_in_the_way(regency) == ["minutes_missing"]


async def test_the_paper_must_say_what_the_list_says(regency: Regency, ready: list[bytes]) -> None:
    draft = await settled(regency)
    assert (len(draft.recipients), draft.total_rupiah) == (3, 2_100_000)
    assert await refused(regency, act_of(draft, recipients=4)) == ["act_recipients"]
    assert await refused(regency, act_of(draft, total_rupiah=2_100_001)) == ["act_total"]
    assert await refused(regency, act_of(draft, number=" ")) == ["act_number"]
    assert await refused(regency, act_of(draft, instrument="Perkades")) == ["act_number"]


async def test_a_silent_village_is_named_or_nothing_is_locked(
    regency: Regency, machine: Machine, neighbour: Machine
) -> None:
    await open_cycle(regency)
    record = teach(machine, 1)
    await after_the_window(regency, machine)
    await validate(regency, record)
    await scan_all(regency)
    draft = await settled(regency)
    assert await refused(regency, act_of(draft)) == ["silent"]
    act = act_of(draft, silent=(OTHER_DESA,))
    await lock_of(regency).claim(NGAJI.code, act, "sari", regency.clock.now_ms())
    locked = await lock_of(regency).lock(NGAJI.code, "budi", regency.clock.now_ms())
    assert locked.list.act.silent == (OTHER_DESA,)


async def test_two_people_lock_and_not_a_byte_may_differ(regency: Regency, ready: list[bytes]) -> None:
    now_ms, act = regency.clock.now_ms(), act_of(await settled(regency))
    with pytest.raises(LockRefused, match="no_claim"):
        await lock_of(regency).lock(NGAJI.code, "budi", now_ms)
    await lock_of(regency).claim(NGAJI.code, act, "sari", now_ms)
    with pytest.raises(LockRefused, match="same_officer"):
        await lock_of(regency).lock(NGAJI.code, "sari", now_ms)
    await rule(regency, ready[2], Fate.DROPPED)
    await scan_all(regency)
    with pytest.raises(LockRefused, match="act_recipients, act_total"):
        await lock_of(regency).lock(NGAJI.code, "budi", now_ms)
    await lock_of(regency).claim(NGAJI.code, act_of(await settled(regency)), "sari", now_ms)
    assert (await lock_of(regency).lock(NGAJI.code, "budi", now_ms)).recipients == 2


async def test_the_list_is_signed_and_never_changed(regency: Regency, ready: list[bytes]) -> None:
    locked = await lock(regency)
    assert locked.hash == list_hash(locked.content)
    assert verify(regency.key.public, signed_message(locked.hash), locked.signature)
    kept = await regency.database.read(lambda c: determinations.in_force(c, NGAJI.code))
    assert kept == locked
    found = read_list(locked.content)
    assert [e.number for e in found.entries] == [1, 2, 3]
    assert sorted((e.village, e.nik) for e in found.entries) == sorted(
        [(OTHER_DESA, nik(3)), (DESA, nik(1)), (DESA, nik(2))]
    )
    assert found.total_rupiah == locked.total_rupiah == 2_100_000
    for change in ("UPDATE roster SET recipients = 1", "DELETE FROM roster"):
        with pytest.raises(DatabaseError):
            await regency.database.transact(lambda c, sql=change: c.execute(sql))
    ledger = await read_ledger(regency.database, regency.rules, NGAJI.code)
    assert ledger is not None
    assert {line.record: line.fate for line in ledger} == dict.fromkeys(ready[:3], "kept") | {ready[3]: "merged"}


async def test_the_villages_are_told_final_and_nothing_flips_it(
    regency: Regency, ready: list[bytes], machine: Machine
) -> None:
    assert not any(each.is_final for each in (await regency.decisions()).values())
    await lock(regency)
    await regency.settle()
    told = await regency.decisions()
    assert all(told[record].is_final for record in ready)
    assert [told[record].outcome for record in ready] == ["accepted", "accepted", "accepted", "rejected"]
    assert "Usulan dari" in told[ready[3]].sentence
    machine.withdraw(ready[0])
    late = teach(machine, 2)
    await regency.send(machine, len(machine.ops) - 1)
    await regency.settle()
    after = await regency.decisions()
    assert [after[record] for record in ready] == [told[record] for record in ready]
    assert after[late].code == "window_closed"
    assert not after[late].is_final
    judged = await regency.database.read(lambda c: determinations.judged(c, NGAJI.code))
    assert {row.record for row in late_rows(await settled(regency), judged)} == {
        ready[0],
        ready[3],
        late,
    }, "shown as late"
    found = await regency.database.read(lambda c: audit.audit(c, regency.rules))
    assert found.problems == []


async def test_the_audit_finds_a_list_that_is_not_what_was_signed(regency: Regency, ready: list[bytes]) -> None:
    await lock(regency)
    await regency.settle()

    async def damage(connection: Connection) -> None:
        await connection.execute("DROP TRIGGER roster_is_never_changed")
        await connection.execute("UPDATE roster SET total_rupiah = total_rupiah + 700000")

    await regency.database.transact(damage)
    found = await regency.database.read(lambda c: audit.audit(c, regency.rules))
    assert found.problems == ["roster GURU-NGAJI-2021, list 1: not what was signed"]


async def test_who_waits_is_told_the_place_in_the_queue(regency: Regency, machine: Machine) -> None:
    await open_cycle(regency, Terms(amount_rupiah=700_000, quota=1))
    first, second = teach(machine, 1), teach(machine, 2, claimed_ms=regency.clock.now_ms() + 1)
    await after_the_window(regency, machine)
    locked = await lock(regency)
    await regency.settle()
    told = (await regency.decisions())[max(first, second, key=lambda r: r != locked.list.entries[0].record)]
    assert (told.outcome, told.code, told.is_final) == ("rejected", "quota_full", True)
    assert told.sentence == "Kuota program sudah penuh; masuk daftar tunggu nomor 1."


async def test_a_determined_person_is_covered(regency: Regency, ready: list[bytes], machine: Machine) -> None:
    """Another incentive of the regency for the same year is refused because of the list."""
    await lock(regency)
    await regency.settle()
    other = msgspec.structs.replace(
        NGAJI,
        code="INSENTIF-2021",
        scheme="INSENTIF-APBD",
        name="Insentif lain",
        closes_ms=NGAJI.closes_ms + 90 * DAY_MS,
    )
    await regency.put_cycle(other)
    wanted = teach(machine, 1, cycle=other)
    await regency.send(machine, len(machine.ops))
    await regency.settle()
    told: Decision = (await regency.decisions())[wanted]
    assert (told.outcome, told.code) == ("rejected", "covered_by_scheme")
    assert "GURU-NGAJI" in told.rule


def following_year() -> Cycle:
    return msgspec.structs.replace(
        NGAJI,
        code="GURU-NGAJI-2022",
        month_from=month(2022, 1),
        month_until=month(2022, 12),
        closes_ms=NGAJI.closes_ms + 90 * DAY_MS,
    )


async def test_last_years_recipients_come_over_and_go_first(
    regency: Regency, ready: list[bytes], machine: Machine
) -> None:
    await lock(regency)
    await regency.settle()
    following = following_year()
    await open_cycle(regency, Terms(amount_rupiah=800_000, former=NGAJI.code), following)
    again, fresh = teach(machine, 1, cycle=following), teach(machine, 9, cycle=following)
    await regency.send(machine, len(machine.ops) - 1)
    await regency.settle()
    draft = await settled(regency, following)
    assert len(draft.rows) == 5
    assert draft.outcomes[again].fate is Fate.MERGED
    assert draft.outcomes[fresh].fate is Fate.KEPT
    assert draft.recipients[-1].record == fresh
    assert {row.file for row in draft.recipients[:3]} == {NGAJI.code}
    assert draft.total_rupiah == 4 * 800_000


async def test_what_is_said_of_a_former_proposal_holds_for_whom_it_brought_over(
    regency: Regency, ready: list[bytes], machine: Machine
) -> None:
    await lock(regency)
    await regency.settle()
    following = following_year()
    await open_cycle(regency, Terms(amount_rupiah=800_000, former=NGAJI.code), following)
    other = teach(machine, 1, cycle=following, name="BAMBANG HARIYANTO")
    await regency.send(machine, len(machine.ops))
    await regency.settle()
    before = await settled(regency, following)
    held = {row.origin for row in before.held()}
    assert held == {Origin.FORMER, Origin.PROPOSAL}
    others = await regency.database.read(lambda c: reconcile.contested(c, other))
    (key,) = [key for key, each in others.items() if isinstance(each, Proposal)]
    said = Said(IdentityVerdict(Identity.DIFFERENT), "diperiksa dengan KTP", "sari", regency.clock.now_ms())
    await regency.database.transact(lambda c: identities.put(c, key, other, said))
    await regency.settle()
    assert (await settled(regency, following)).held() == []


async def test_each_village_determines_its_own_by_its_perkades(
    regency: Regency, machine: Machine, neighbour: Machine
) -> None:
    await open_cycle(regency, Terms(amount_rupiah=300_000), BLT_DD)
    teach(machine, 1, cycle=BLT_DD)
    teach(neighbour, 2, cycle=BLT_DD)
    await after_the_window(regency, machine, neighbour, cycle=BLT_DD)
    own, other = Perkades(DESA, "3/2021", "2021-05-20"), Perkades(OTHER_DESA, "7/2021", "2021-05-21")
    paper = act_of(await settled(regency, BLT_DD), instrument="Perkades", number="2 desa", by_village=(own,))
    with pytest.raises(LockRefused, match="act_villages"):
        await lock_of(regency).claim(BLT_DD.code, paper, "sari", regency.clock.now_ms())
    paper = msgspec.structs.replace(paper, by_village=(own, other))
    await lock_of(regency).claim(BLT_DD.code, paper, "sari", regency.clock.now_ms())
    locked = await lock_of(regency).lock(BLT_DD.code, "budi", regency.clock.now_ms())
    assert locked.list.act.by_village == (own, other)
    sheet = payment_sheet("BLT", locked.list, locked.hash, DESA[:6])
    assert sheet.subtitle[2:] == ("Perkades Sukojati Nomor 3/2021, 20 Mei 2021",)


async def test_a_scheme_of_a_ministry_is_not_locked_here(regency: Regency, machine: Machine) -> None:
    cycle = msgspec.structs.replace(NGAJI, code="PKH-2021", scheme="PKH")
    await open_cycle(regency, Terms(amount_rupiah=1), cycle)
    teach(machine, 1, cycle=cycle)
    await after_the_window(regency, machine)
    assert await codes_in_the_way(regency, cycle) == ["not_ours"]


@dataclass
class Counted:
    """A database that notes how many statements each transaction ran."""

    database: Any
    statements: list[int] = field(default_factory=list)

    async def read(self, work: Any) -> Any:
        return await self.database.read(work)

    async def transact(self, work: Any) -> Any:
        async def counted(connection: Connection) -> Any:
            ran = _Counting(connection)
            found = await work(ran)
            self.statements.append(ran.count)
            return found

        return await self.database.transact(counted)


class Killed(Exception):
    """The program ended between two transactions."""


class Torn(Counted):
    async def transact(self, work: Any) -> Any:
        if self.statements:
            raise Killed
        return await super().transact(work)


class _Counting:
    def __init__(self, connection: Connection) -> None:
        self._connection, self.count = connection, 0

    def __getattr__(self, name: str) -> Any:
        self.count += 1
        return getattr(self._connection, name)


async def test_in_a_new_month_the_locks_transaction_does_not_grow_with_the_villages(
    regency: Regency, ready: list[bytes]
) -> None:
    for code in [each.code for each in villages() if each.code not in {DESA, OTHER_DESA}][:40]:
        await regency.enrol(code)
    regency.clock.advance(days=30)
    silent = (
        await regency.database.read(lambda c: circumstances(c, regency.rules, NGAJI, regency.clock.now_ms()))
    ).silent
    act, now_ms = act_of(await settled(regency), silent=tuple(silent)), regency.clock.now_ms()
    await lock_of(regency).claim(NGAJI.code, act, "sari", now_ms)
    counted = Counted(regency.database)
    await lock_of(regency, counted).lock(NGAJI.code, "budi", now_ms)
    locking, saying = counted.statements
    assert locking < 40 < saying, "each village's new key is said after the lock"
    assert len(await regency.said("coverage_key", OTHER_DESA)) == 1
    assert len(await regency.said("coverage_list", REGENCY)) == 1
    assert await regency.value("SELECT count(*) FROM coverage_unsaid") == 0


async def test_what_a_lock_left_unsaid_is_said_with_the_next_list(regency: Regency, ready: list[bytes]) -> None:
    await regency.import_list(siksng_row(nik(8), kk(8), "SITI CONTOH"))
    await regency.settle()
    now_ms = regency.clock.now_ms()
    await lock_of(regency).claim(NGAJI.code, act_of(await settled(regency)), "sari", now_ms)
    with pytest.raises(Killed):
        await lock_of(regency, Torn(regency.database)).lock(NGAJI.code, "budi", now_ms)
    before = await regency.said("coverage_list", REGENCY)
    await regency.import_list(siksng_row(nik(9), kk(9), "SITI CONTOH"), name="next.csv")
    after = await regency.said("coverage_list", REGENCY)
    told = {unpack(each.value, CoverageList).scheme for each in after if each not in before}
    assert told == {"PKH", "GURU-NGAJI"}


async def test_nothing_is_locked_while_an_answer_may_still_be_contested(regency: Regency, machine: Machine) -> None:
    await open_cycle(regency, Terms(amount_rupiah=300_000), PANGAN)
    await regency.import_list(siksng_row(nik(2), kk(2), "SITI CONTOH"))
    machine.propose(nik=nik(1), kk=kk(1))
    refused_one = machine.propose(nik=nik(2), kk=kk(2)).record_id
    await regency.send(machine)
    await regency.settle()
    assert await regency.outcome(refused_one) == ("rejected", "covered_by_scheme")
    regency.clock.at_ms = PANGAN.closes_ms + 2 * DAY_MS
    (window,) = await in_the_way(regency, PANGAN)
    assert (window.code, "sampai 31 Mei 2021" in window.sentence) == ("objections_window", True)
    await regency.import_list(siksng_row(nik(1), kk(1), "SITI CONTOH"), name="later.csv")
    await regency.settle()
    assert "sampai 2 Juni 2021" in (await in_the_way(regency, PANGAN))[0].sentence, (
        "who is refused last has as many days"
    )
    regency.clock.advance(days=15)
    assert [each.code for each in await in_the_way(regency, PANGAN)] == ["empty"]


async def test_a_contested_answer_holds_its_row_until_an_officer_has_answered(
    regency: Regency, machine: Machine
) -> None:
    await open_cycle(regency, Terms(amount_rupiah=300_000), PANGAN)
    await regency.import_list(siksng_row(nik(2), kk(2), "SITI CONTOH"))
    machine.propose(nik=nik(1), kk=kk(1))
    contested = machine.propose(nik=nik(2), kk=kk(2)).record_id
    objection = machine.object_to(contested).record_id
    await after_the_window(regency, machine, cycle=PANGAN)
    drafts = Drafts(regency.database, regency.rules)
    looked = await drafts.look(PANGAN.code)
    assert looked is not None
    outcome = looked.draft.outcomes[contested]
    assert (outcome.fate, outcome.code, outcome.asked) == (Fate.HELD, "objection_open", "officer")
    assert await codes_in_the_way(regency, PANGAN) == ["objections_open"]
    line = await regency.database.read(lambda c: objections.find(c, objection))
    assert line is not None
    said = objection_rules.Ruling(objection_rules.Outcome.SETTLED, "keputusannya sudah berubah")
    await regency.database.transact(
        lambda c: objections.decide(c, line, said, "rini", regency.clock.now_ms(), b"f" * 32)
    )
    looked = await drafts.look(PANGAN.code)
    assert looked is not None
    assert looked.draft.outcomes[contested].fate is Fate.REJECTED
    assert await codes_in_the_way(regency, PANGAN) == []
