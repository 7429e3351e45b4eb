"""Files of proposals in the village's database: what a file would write, and the writing, in small transactions.

An import that was cut off is simply done again: whom it wrote already is then proposed already.
"""

from collections.abc import Iterator, Sequence

import msgspec

from agent.domain import refusal
from agent.domain.coverage import NOTHING_KNOWN, Check
from agent.domain.proposal_lists import ListRow, ProposalList
from agent.domain.refusal import Refusal
from agent.store import aid, coverage, cycles, residents
from agent.store.coverage import Unseal
from agent.store.desk import Desk, Store
from agent.store.residents import Registered
from chassis.database import Connection
from protocol.ids import mask_nik

BATCH_ROWS = 20
"""Rows of one transaction: some tens of milliseconds, so that a clerk beside does not notice."""


class RowReport(msgspec.Struct, frozen=True):
    """What becomes of a row: None is proposed (or can be), else why not. `check`: the counter's, of who can be proposed."""

    line: int
    nik: str
    refused: str | None
    check: Check = NOTHING_KNOWN


async def preview(store: Store, unseal: Unseal, cycle: str, listed: ProposalList) -> list[RowReport]:
    """What an import would do now, row by row in the file's order; writes nothing."""
    reports = _faults(listed)
    for batch in _batches(listed.rows):

        async def look(connection: Connection, batch: Sequence[ListRow] = batch) -> list[RowReport]:
            return [await _foresee(connection, unseal, cycle, row) for row in batch]

        reports += await store.database.read(look)
    return sorted(reports, key=lambda report: report.line)


async def take_in(store: Store, unseal: Unseal, cycle: str, listed: ProposalList, actor: str) -> list[RowReport]:
    """Propose everybody who can be; what became of each row."""
    reports = _faults(listed)
    for batch in _batches(listed.rows):

        async def write(desk: Desk, batch: Sequence[ListRow] = batch) -> list[RowReport]:
            return [await _propose(desk, unseal, cycle, row, actor) for row in batch]

        reports += await store.write(write)
    return sorted(reports, key=lambda report: report.line)


def _faults(listed: ProposalList) -> list[RowReport]:
    return [RowReport(fault.line, fault.nik, fault.sentence) for fault in listed.faults]


def _batches(rows: Sequence[ListRow]) -> Iterator[Sequence[ListRow]]:
    for at in range(0, len(rows), BATCH_ROWS):
        yield rows[at : at + BATCH_ROWS]


async def _foresee(connection: Connection, unseal: Unseal, cycle: str, row: ListRow) -> RowReport:
    person = await _resident(connection, row.nik)
    if person is None:
        return _report(row, refusal.RESIDENT_NOT_FOUND)
    if await aid.is_proposed(connection, cycle, row.nik):
        return _report(row, refusal.ALREADY_PROPOSED)
    return _report(row, await _check(connection, unseal, cycle, person))


async def _propose(desk: Desk, unseal: Unseal, cycle: str, row: ListRow, actor: str) -> RowReport:
    person = await _resident(desk.connection, row.nik)
    if person is None:
        return _report(row, refusal.RESIDENT_NOT_FOUND)
    check = await _check(desk.connection, unseal, cycle, person)
    made = await aid.propose(desk, cycle, person, row.note, actor, aid.Asked(row.answers, check))
    return _report(row, made if isinstance(made, Refusal) else check)


async def _resident(connection: Connection, nik: str) -> Registered | None:
    found = await connection.fetch_value("SELECT id FROM resident WHERE nik = $1", nik)
    return None if found is None else await residents.get(connection, found)


async def _check(connection: Connection, unseal: Unseal, cycle: str, person: Registered) -> Check:
    chosen = [each for each in await cycles(connection) if each.code == cycle]
    checked = await coverage.check(connection, unseal, chosen, person.resident.nik, person.resident.kk)
    return checked.get(cycle, NOTHING_KNOWN)


def _report(row: ListRow, outcome: Refusal | Check) -> RowReport:
    shown = mask_nik(row.nik)
    if isinstance(outcome, Refusal):
        return RowReport(row.line, shown, outcome.sentence)
    return RowReport(row.line, shown, None, outcome)
