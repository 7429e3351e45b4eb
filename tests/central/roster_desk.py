"""A cycle of Quran teachers at a regency for tests: villages that propose, bodies that validate, lists that are locked."""

from typing import Any

from central.domain.determination import (
    Act,
    Entry,
    Refused,
    RosterList,
    Scan,
    list_hash,
    lists_of,
    minutes_hash,
    obstacles,
    signed_message,
    write_list,
)
from central.domain.rosters import Body, Draft, Fate, Reply, Ruling, Terms, Validation
from central.domain.rule_changes import CycleTerms
from central.rosters import circumstances, draft, gather
from central.store import determinations, facts, rosters
from central.store.determinations import Determined
from chassis.database import Connection
from protocol.feed import Cycle
from protocol.schemes import month
from tests.central.desk import BLT_DD, DAY_MS, DESA, PANGAN, START_MS, Machine, Regency, Story, kk, nik

NGAJI = Cycle(
    code="GURU-NGAJI-2021",
    scheme="GURU-NGAJI",
    name="Insentif guru ngaji 2021",
    month_from=month(2021, 1),
    month_until=month(2021, 12),
    opens_ms=START_MS - 30 * DAY_MS,
    closes_ms=START_MS + 14 * DAY_MS,
    objection_days=3,
)
BOTH = (Body.VILLAGE, Body.LPTQ)
PAYS = Terms(amount_rupiah=700_000, required=BOTH)
QUALIFIED = (("pupils", "12"), ("teaching_since", "2015-07"), ("civil_servant", "tidak"))
"""Answers that meet the scheme's criteria."""
PDF = b"%PDF-1.7\nsigned\n%%EOF\n"


def terms_of(cycle: Cycle, terms: Terms) -> CycleTerms:
    """As two officers agreed on them."""
    limits = (terms.quota or None, terms.budget_rupiah or None)
    return CycleTerms(cycle, *limits, tuple(terms.required), terms.amount_rupiah, terms.former)


async def open_cycle(regency: Regency, terms: Terms = PAYS, cycle: Cycle = NGAJI) -> None:
    await regency.put_cycle(cycle)
    await regency.database.transact(lambda c: facts.put_terms(c, terms_of(cycle, terms)))


def teach(machine: Machine, number: int, *, cycle: Cycle = NGAJI, **changes: Any) -> bytes:
    """Propose the teacher of that number; the record."""
    told = {"nik": nik(number), "kk": kk(number), "name": f"GURU CONTOH {chr(64 + number)}"} | changes
    return machine.answer(QUALIFIED, cycle=cycle, **told).record_id


def teach_with_answers(machine: Machine, number: int, *answers: tuple[str, str]) -> bytes:
    """The same with what the scheme's form asks."""
    told = {"nik": nik(number), "kk": kk(number), "name": f"GURU CONTOH {chr(64 + number)}"}
    said = {**dict(QUALIFIED), **dict(answers)}
    return machine.answer(list(said.items()), cycle=NGAJI, **told).record_id


async def settled(regency: Regency, cycle: Cycle = NGAJI) -> Draft:
    found = await regency.database.read(lambda c: gather(c, regency.rules, cycle.code))
    assert found is not None
    return draft(found)


async def validate(regency: Regency, *records: bytes, reply: Validation | None = None, cycle: Cycle = NGAJI) -> None:
    """Both bodies say so."""
    said = [(record, reply or Validation(Reply.AGREED)) for record in records]
    now_ms = regency.clock.now_ms()

    async def work(connection: Connection) -> None:
        for body in BOTH:
            await rosters.add_validations(connection, cycle.code, body, said, f"pemeriksa-{body}", now_ms)

    await regency.database.transact(work)


async def rule(regency: Regency, record: bytes, fate: Fate, cycle: Cycle = NGAJI) -> None:
    ruling, now_ms = Ruling(fate, "diputuskan petugas"), regency.clock.now_ms()
    await regency.database.transact(lambda c: rosters.put_ruling(c, cycle.code, record, ruling, "petugas", now_ms))


async def scan_all(regency: Regency, cycle: Cycle = NGAJI, found: Draft | None = None) -> None:
    """Signed minutes of every place's present list; `found`: where somebody has drafted it already."""
    found, now_ms = found or await settled(regency, cycle), regency.clock.now_ms()

    async def work(connection: Connection) -> None:
        for body in found.terms.required:
            for place, rows in lists_of(found, body).items():
                scan = Scan(body, place, minutes_hash(cycle.code, body, place, rows))
                await rosters.put_scan(connection, cycle.code, scan, "application/pdf", PDF, "petugas", now_ms)

    await regency.database.transact(work)


async def in_the_way(regency: Regency, cycle: Cycle = NGAJI) -> list[Refused]:
    found, now_ms = await settled(regency, cycle), regency.clock.now_ms()
    met = await regency.database.read(lambda c: circumstances(c, regency.rules, cycle, now_ms))
    return obstacles(found, cycle.code, met)


async def codes_in_the_way(regency: Regency, cycle: Cycle = NGAJI) -> list[str]:
    return [each.code for each in await in_the_way(regency, cycle)]


def act_of(found: Draft, **changes: Any) -> Act:
    """An SK that says what the draft says."""
    told: dict[str, Any] = {
        "instrument": "SK",
        "number": "188/101/KEP/429.011/2021",
        "dated": "2021-06-01",
        "recipients": len(found.recipients),
        "total_rupiah": found.total_rupiah,
    }
    return Act(**(told | changes))


async def fill_rosters(story: Story) -> None:
    """For pages: a cycle with a row for each, validated by its village with signed minutes, and a determined list of another."""
    regency, now_ms = story.regency, story.regency.clock.now_ms()
    terms = Terms(amount_rupiah=300_000, quota=100, budget_rupiah=90_000_000, required=(Body.VILLAGE,))
    entry = Entry(
        number=1,
        record=story.accepted,
        village=DESA,
        nik=nik(1),
        kk=kk(1),
        name="=GURU CONTOH",
        birth_date="1985-07-25",
        sex="P",
        mother="",
    )
    act = Act(instrument="Perkades", number="1/2021", dated="2021-05-18", recipients=1, total_rupiah=300_000)
    found = RosterList(
        cycle=BLT_DD.code,
        scheme=BLT_DD.scheme,
        kind="first",
        number=1,
        replaces=b"",
        amount_rupiah=300_000,
        quota=0,
        budget_rupiah=0,
        act=act,
        entries=(entry,),
        waiting=(),
    )
    content = write_list(found)
    digest = list_hash(content)
    signature = regency.key.sign(signed_message(digest))
    locked = Determined(BLT_DD.code, 1, "first", digest, signature, 1, 300_000, "sari", "budi", now_ms, content)

    async def work(connection: Connection) -> None:
        await facts.put_terms(connection, terms_of(PANGAN, terms))
        said = [(story.nasty, Validation(Reply.AGREED))]
        await rosters.add_validations(connection, PANGAN.code, Body.VILLAGE, said, "pemeriksa", now_ms)
        await determinations.add(connection, locked, b"")

    await regency.database.transact(work)
    await regency.settle()
    await scan_all(regency, PANGAN)


def roster_paths(story: Story) -> dict[str, str]:
    """One address for every route of rosters, by its pattern."""
    pangan, listed = f"/rosters/{PANGAN.code}", f"/rosters/{BLT_DD.code}/lists/1"
    return {
        "/rosters": "/rosters",
        "/rosters/{cycle}": pangan,
        "/rosters/{cycle}/rows": f"{pangan}/rows",
        "/rosters/{cycle}/rows/{record}": f"{pangan}/rows/{story.accepted.hex()}",
        "/rosters/validations": "/rosters/validations",
        "/rosters/{cycle}/validations": f"{pangan}/validations",
        "/rosters/{cycle}/minutes": f"{pangan}/minutes",
        "/rosters/{cycle}/minutes/{body}/{place}": f"{pangan}/minutes/village/{DESA}",
        "/rosters/{cycle}/minutes/{body}/{place}/scan": f"{pangan}/minutes/village/{DESA}/scan",
        "/rosters/{cycle}/lock": f"{pangan}/lock",
        "/rosters/{cycle}/lists/{number}": listed,
        "/rosters/{cycle}/lists/{number}/payment.csv": f"{listed}/payment.csv",
        "/rosters/{cycle}/lists/{number}/payment.xlsx": f"{listed}/payment.xlsx",
        "/rosters/{cycle}/lists/{number}/payment/{district}": f"{listed}/payment/{DESA[:6]}",
    }


_WHOLE = {"officer", "admin", "auditor"}
ROSTER_READERS = {
    "/rosters/{cycle}/rows/{record}": _WHOLE,
    "/rosters/validations": {"validator"},
    "/rosters/{cycle}/validations": {"validator"},
    "/rosters/{cycle}/minutes": _WHOLE,
    "/rosters/{cycle}/minutes/{body}/{place}": _WHOLE,
    "/rosters/{cycle}/minutes/{body}/{place}/scan": _WHOLE,
    "/rosters/{cycle}/lock": {"officer"},
    "/rosters/{cycle}/lists/{number}/payment.csv": _WHOLE,
    "/rosters/{cycle}/lists/{number}/payment.xlsx": _WHOLE,
    "/rosters/{cycle}/lists/{number}/payment/{district}": _WHOLE,
}
ROSTER_FORMS = {
    "/rosters/{cycle}/rows/{record}",
    "/rosters/{cycle}/validations",
    "/rosters/{cycle}/minutes/{body}/{place}",
    "/rosters/{cycle}/lock",
    "/rosters/{cycle}/lists/{number}",
}
