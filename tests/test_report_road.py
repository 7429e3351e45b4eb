"""An online report all the way: the public page, the village's visit, its proposal, the decision, and the trail at both ends."""

from aiohttp.test_utils import TestClient, TestServer

from agent.domain.reports import Finding, Visit
from agent.store import aid, reports, residents
from agent.store.desk import Desk as Transaction
from central.store import reports as kept
from central.web.desk import Desk
from central.web.public import build_public_app
from protocol.receipts import receipt_code
from tests.central.desk import PANGAN, RULES
from tests.central.test_web_public import FORM, TYPED, code_of
from tests.chassis.conftest import Browser
from tests.test_road import Village, at_village

__all__ = ["at_village"]


async def report_online(box: Village, **typed: str) -> str:
    """Through the public page; the code that the reporter was given."""
    app = build_public_app(Desk(box.regency.database, box.regency.clock, RULES), is_proxied=False, answer_seconds=0)
    async with TestClient(TestServer(app)) as client:
        browser = Browser(client)
        fields = await browser.fields_of(await browser.get(FORM))
        answer = await browser.post("/report", fields | TYPED | typed)
        assert answer.status == 200
        return code_of(await answer.text())


async def test_an_online_report_becomes_a_visit_a_proposal_and_a_decision(at_village: Village) -> None:
    box = at_village
    await box.regency.put_cycle(PANGAN)
    await box.up()
    person = box.people[0]
    registered = await box.store.write(lambda desk: residents.register(desk, person, "sri"))
    assert isinstance(registered, bytes)
    code = await report_online(box, nik=person.nik, name=person.name, kk="")

    await box.down()
    (waiting,) = await box.store.database.read(lambda c: reports.lines(c, is_open=True, limit=9))
    report = waiting.report
    assert receipt_code(report.report) == code
    assert (report.nik, report.name, report.check) == (person.nik, person.name, "uncovered")

    visited = Visit(person.birth_date, "Kepala dusun", Finding.WORTHY, "dinding bambu")
    found = await box.store.write(lambda desk: reports.verify(desk, report.report, visited, "sri"))
    assert isinstance(found, bytes)

    async def propose(desk: Transaction) -> object:
        known = await residents.get(desk.connection, registered)
        assert known is not None
        return await aid.propose(desk, PANGAN.code, known, "", "sri", aid.Asked(report=report.report))

    proposal = await box.store.write(propose)
    assert isinstance(proposal, bytes)
    await box.up()
    await box.regency.settle()
    await box.down()

    assert await box.shown() == {proposal: ("accepted", 0)}
    assert await box.store.database.read(lambda c: reports.proposals_of(c, report.report)) == [proposal]
    assert await box.store.database.read(reports.counts) == (0, 1)
    centre, home = box.regency.database, box.store.village
    (visit,) = await centre.read(lambda c: kept.verifications(c, report.report, home))
    assert (visit.record, visit.finding, visit.note) == (found, "worthy", "dinding bambu")
    (then,) = await centre.read(lambda c: kept.follow_ups(c, report.report, home))
    assert (then.proposal, then.outcome) == (proposal, "accepted")
    assert await centre.read(kept.counts) == {"": 1, "waiting": 0, "verified": 1, "covered": 0, "repeated": 0}
    assert await box.regency.value("SELECT count(*) FROM unreadable") == 0
    assert box.courier.status.digest_mismatches == 0
