"""Whom a breach touched is counted from what the centre knows; what is due is erased, said in the trail, and breaks no chain."""

import pytest

from central.audit import audit
from central.store import access, breaches, retention
from central.store.breaches import Touched
from central.store.reports import find
from central.store.retention import Erased, Limits
from tests.central.desk import DAY_MS, DESA, OTHER_DESA, RULES, START_MS, Machine, Regency, kk, nik
from tests.central.test_reports import LAPOR

NEVER = Limits(reports_ms=0, pictures_ms=0, logins_ms=0)


@pytest.fixture
async def busy(regency: Regency, machine: Machine, neighbour: Machine) -> Regency:
    await regency.put_cycle()
    await regency.put_cycle(LAPOR)
    for number in (1, 2, 1):
        machine.propose(nik=nik(number), kk=kk(number))
    neighbour.propose(nik=nik(3), kk=kk(3))
    for each in (machine, neighbour):
        await regency.send(each)
    await regency.settle()
    await regency.report(LAPOR, nik=nik(4))
    return regency


async def test_a_lost_server_touches_whom_its_records_name_and_nobody_else(busy: Regency) -> None:
    now_ms = busy.clock.now_ms()
    found = await busy.database.read(lambda c: breaches.by_village(c, DESA, now_ms + 1))
    assert found.people == {nik(1), nik(2), nik(4)}
    assert found.places == {"proposal_made": 3, "report": 1}
    before = await busy.database.read(lambda c: breaches.by_village(c, DESA, START_MS))
    assert before == Touched()
    other = await busy.database.read(lambda c: breaches.by_village(c, OTHER_DESA, now_ms + 1))
    assert other.people == {nik(3)}


async def test_an_account_touches_whom_it_was_shown_in_that_time(busy: Regency) -> None:
    async def look(at_ms: int, *numbers: int, actor: str = "sari") -> None:
        niks = [nik(number) for number in numbers]
        await busy.database.transact(
            lambda c: access.record_view(
                c, now_ms=at_ms, actor=actor, action="view_decision", subject="x", niks=niks, why="memeriksa"
            )
        )

    await look(START_MS, 1, 2)
    await look(START_MS, 9)
    await look(START_MS + DAY_MS, 3)
    await look(START_MS, 4, actor="budi")
    found = await busy.database.read(lambda c: breaches.by_account(c, "sari", START_MS, START_MS + DAY_MS))
    assert found.people == {nik(1), nik(2)}
    assert found.unknown == 1, "somebody was seen whom no record of the centre names any more"
    assert found.places == {"view_decision": 3}


async def test_a_report_goes_when_its_own_day_has_passed_with_those_that_repeat_it(busy: Regency) -> None:
    busy.clock.advance(seconds=1)
    again = await busy.report(LAPOR, form_key="a" * 32, nik=nik(4))
    kept = await busy.database.read(lambda c: find(c, again))
    assert kept is not None
    assert kept.repeats
    (await_ms,) = {kept.kept_until_ms}
    now_ms = busy.clock.now_ms()
    for limit, gone in ((await_ms, 0), (await_ms + 1, 2)):
        limits = Limits(reports_ms=limit, pictures_ms=0, logins_ms=0)
        assert await busy.database.read(lambda c, x=limits: retention.due(c, x)) == Erased(gone, 0, 0)  # type: ignore[misc]
        done = await busy.database.transact(
            lambda c, x=limits: retention.erase(c, x, actor="command:root", now_ms=now_ms)  # type: ignore[misc]
        )
        assert done == Erased(gone, 0, 0)
    assert await busy.value("SELECT count(*) FROM report") == 0
    assert await busy.rows("SELECT actor, subject FROM audit_trail WHERE action LIKE 'erase%'") == [
        ("command:root", "2")
    ]
    assert (await busy.database.read(lambda c: audit(c, RULES))).problems == []


async def test_photographs_go_only_where_the_office_says_so_and_the_log_still_names_them(
    busy: Regency, machine: Machine
) -> None:
    letter = machine.issue(1)
    machine.attach(letter.record_id, b"a picture", "KTP")
    await busy.send(machine, len(machine.ops) - 2)
    await busy.settle()
    now_ms = busy.clock.now_ms()
    await busy.database.transact(
        lambda c: c.execute(
            "INSERT INTO attachment_content (village, sha256, received_ms, content)"
            " SELECT village, sha256, $1, x'00' FROM attachment",
            now_ms,
        )
    )
    assert await busy.database.read(lambda c: retention.due(c, NEVER)) == Erased(0, 0, 0)
    limits = Limits(reports_ms=0, pictures_ms=now_ms + 1, logins_ms=0)
    done = await busy.database.transact(lambda c: retention.erase(c, limits, actor="command:root", now_ms=now_ms))
    assert done == Erased(0, 1, 0)
    assert await busy.value("SELECT count(*) FROM attachment") == 1
    assert (await busy.database.read(lambda c: audit(c, RULES))).problems == []
