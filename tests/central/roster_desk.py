"""A cycle of Quran teachers at a regency for tests: villages that propose, bodies that validate, lists that are locked."""

from typing import Any

from central.domain.determination import Act, Scan, lists_of, minutes_hash
from central.domain.rosters import Body, Draft, Fate, Reply, Ruling, Terms, Validation
from central.rosters import circumstances, draft, gather
from central.store import rosters
from chassis.database import Connection
from protocol.feed import Cycle
from protocol.schemes import month
from tests.central.desk import DAY_MS, START_MS, Machine, Regency, kk, nik

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
PDF = b"%PDF-1.7\nsigned\n%%EOF\n"


async def open_cycle(regency: Regency, terms: Terms = PAYS, cycle: Cycle = NGAJI) -> None:
    await regency.put_cycle(cycle)
    now_ms = regency.clock.now_ms()
    await regency.database.transact(lambda c: rosters.put_terms(c, cycle.code, terms, "petugas", now_ms))


def teach(machine: Machine, number: int, *, cycle: Cycle = NGAJI, **changes: Any) -> bytes:
    """Propose the teacher of that number; the record."""
    told = {"nik": nik(number), "kk": kk(number), "name": f"GURU CONTOH {chr(64 + number)}"} | changes
    return machine.propose(cycle=cycle, **told).record_id


async def settled(regency: Regency, cycle: Cycle = NGAJI) -> Draft:
    found = await regency.database.read(lambda c: gather(c, cycle.code))
    assert found is not None
    return draft(regency.rules, found)


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


async def scan_all(regency: Regency, cycle: Cycle = NGAJI) -> None:
    """Signed minutes of every place's present list."""
    found, now_ms = await settled(regency, cycle), regency.clock.now_ms()

    async def work(connection: Connection) -> None:
        for body in found.terms.required:
            for place, rows in lists_of(found, body).items():
                scan = Scan(body, place, minutes_hash(cycle.code, body, place, rows))
                await rosters.put_scan(connection, cycle.code, scan, "application/pdf", PDF, "petugas", now_ms)

    await regency.database.transact(work)


async def codes_in_the_way(regency: Regency, cycle: Cycle = NGAJI) -> list[str]:
    from central.domain.determination import obstacles

    found, now_ms = await settled(regency, cycle), regency.clock.now_ms()
    met = await regency.database.read(lambda c: circumstances(c, regency.rules, cycle, now_ms))
    return [each.code for each in obstacles(found, cycle.code, met)]


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
