"""Checks a list, takes it over, and undoes it: a bad row is that row's problem, the same file twice is refused.

A check stores its findings in batches and changes no fact; taking over is one transaction, so nothing is ever half done;
an undo takes the facts out, and the decisions that rested on them are made again.
Place in the flow: pages and commands open a file (`opening`), confirm a plan, and come here.
"""

from collections.abc import Awaitable, Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from hashlib import sha256
from secrets import token_bytes
from typing import TypeVar

import msgspec

from central import reconcile
from central.domain.answers import Rules, policy, speak
from central.domain.coverage_sets import month_of
from central.domain.decisions import LIST_EPOCH, Coverage, Proposal, decide, key_kk, key_nik, pack_answers
from central.domain.lists import (
    CoverageRow,
    Fate,
    Kind,
    ListReading,
    Plan,
    ProposalRow,
    Table,
    find_faults,
)
from central.domain.lists.reading import Batch
from central.imports.opening import ImportRefused
from central.store import coverage_sets, determinations, facts, imports, likely, trail
from central.store.imports import ImportFile, ImportRecord
from chassis.database import Connection, Database
from protocol.feed import REGENCY, Cycle

_ROW = b"kampung/coverage/1"
_PROPOSED = b"kampung/proposal-row/1"
_WIB_SECONDS = 7 * 3_600
REASON_CHARACTERS = (5, 300)
"""Of an undo: shorter is no reason but a way past the field."""

T = TypeVar("T")


@dataclass(slots=True)
class Progress:
    """How far a check or a taking-over is; read by whoever shows it, while it goes on. `total`: an upper bound."""

    total: int = 0
    rows: int = 0
    on_change: Callable[[], None] = lambda: None

    def begin(self, total: int) -> None:
        self.total, self.rows = total, 0
        self.on_change()

    def add(self, rows: int) -> None:
        self.rows += rows
        self.on_change()


@dataclass(frozen=True, slots=True)
class Checked:
    """What a check found."""

    rows: int
    fates: dict[str, int]
    facts: int


async def _here(call: Callable[[], T]) -> T:
    return call()


async def bring(database: Database, file: ImportFile, packed: bytes | None = None) -> ImportRecord:
    """Keep a file as a draft, or find the one of the same bytes that is still open.

    Raises ImportRefused when these very bytes are imported.
    """

    async def work(connection: Connection) -> ImportRecord:
        earlier = await imports.find_digest(connection, file.digest)
        if earlier is not None and earlier.is_done:
            raise ImportRefused(f"Berkas ini sudah diimpor sebagai {earlier.name}. Tidak ada yang diubah.")
        if earlier is None:
            import_id = await imports.put(connection, file, packed)
        else:
            import_id = earlier.id
            await imports.describe(connection, import_id, file.kind, file.permission, file.as_of)
        found = await imports.get(connection, import_id)
        assert found is not None
        return found

    return await database.transact(work)


async def check(
    database: Database,
    import_id: int,
    table: Table,
    plan: Plan,
    rules: Rules,
    now_ms: int,
    progress: Progress | None = None,
    beside: Callable[[Callable[[], Batch | None]], Awaitable[Batch | None]] = _here,
) -> Checked:
    """Read every row and store what would become of it. `beside`: where a batch is read, for a program that serves pages.

    Raises ImportRefused when the plan cannot be used or the file cannot stand as a whole.
    """
    progress = progress or Progress()
    progress.begin(table.total)
    cycles = await database.read(facts.cycles)
    _require_plan(table, plan, rules, cycles)
    names = {code: scheme.name for code, scheme in rules.book.schemes.items()}
    reading = ListReading(table, plan, names, _today(now_ms))
    batches: Iterator[Batch] = reading.batches()
    encoded = msgspec.json.encode(plan)

    async def begin(connection: Connection) -> None:
        if (await _require(connection, import_id)).is_done:
            raise ImportRefused("Daftar ini sudah diimpor. Batalkan dahulu bila akan diimpor dengan cara lain.")
        await imports.begin_check(connection, import_id, encoded)

    await database.transact(begin)
    fates: dict[str, int] = {}
    number = found = 0
    while (batch := await beside(lambda: next(batches, None))) is not None:
        await database.transact(
            lambda c, b=batch, n=number: imports.add_rows(c, import_id, n, b.reports, b.readings)  # type: ignore[misc]
        )
        for report in batch.reports:
            fates[report.fate.value] = fates.get(report.fate.value, 0) + 1
        number, found = number + 1, found + len(batch.readings)
        progress.add(len(batch.reports))
    refused = reading.refusal()
    if refused is not None:
        await database.transact(begin)
        raise ImportRefused(refused.sentence)
    await database.transact(lambda c: imports.end_check(c, import_id, sum(fates.values()), found))
    return Checked(sum(fates.values()), fates, found)


def _require_plan(table: Table, plan: Plan, rules: Rules, cycles: Iterable[Cycle]) -> None:
    faults = find_faults(table, plan, rules.book.schemes, [cycle.code for cycle in cycles])
    if faults:
        raise ImportRefused(" ".join(fault.sentence for fault in faults))


def _today(now_ms: int) -> date:
    return datetime.fromtimestamp(now_ms / 1000 + _WIB_SECONDS, UTC).date()


@dataclass(frozen=True, slots=True)
class Taken:
    """A list whose facts are in force; `feeds` have news."""

    record: ImportRecord
    feeds: set[str] = field(default_factory=set)


async def accept(
    database: Database,
    import_id: int,
    *,
    rules: Rules,
    actor: str,
    now_ms: int,
    is_whole: bool = False,
    chance: Callable[[int], bytes] = token_bytes,
    progress: Progress | None = None,
) -> Taken:
    """Take a checked list over, in one transaction. `is_whole`: only if no row of it was rejected.

    Raises ImportRefused. Whoever comes second finds it done, and nothing is done twice.
    """
    progress = progress or Progress()

    async def work(connection: Connection) -> Taken:
        record = await _require(connection, import_id)
        if record.is_done:
            return Taken(record)
        if not record.is_checked:
            raise ImportRefused("Daftar ini belum diperiksa. Periksa dahulu, lalu impor.")
        rejected = await imports.count_rows(connection, import_id, Fate.REJECTED.value)
        if is_whole and rejected:
            raise ImportRefused(
                f"{rejected} baris ditolak, jadi tidak ada yang diimpor. Perbaiki berkasnya lebih dahulu."
            )
        progress.begin(record.facts)
        taking = _Taking(connection, record, rules, now_ms, progress)
        feeds = await taking.coverages(chance) if record.kind is Kind.COVERAGE else await taking.proposals()
        await imports.mark_done(connection, import_id, actor, now_ms)
        action = f"import_{record.kind.value}"
        await trail.record(connection, at_ms=now_ms, actor=actor, action=action, subject=record.digest.hex())
        return Taken(await _require(connection, import_id), feeds)

    return await database.transact(work)


async def _require(connection: Connection, import_id: int) -> ImportRecord:
    record = await imports.get(connection, import_id)
    if record is None:
        raise ImportRefused("Daftar itu tidak ada lagi.")
    return record


@dataclass(slots=True)
class _Taking:
    """One list on its way into the facts, inside one transaction."""

    connection: Connection
    record: ImportRecord
    rules: Rules
    now_ms: int
    progress: Progress

    async def coverages(self, chance: Callable[[int], bytes]) -> set[str]:
        for number in await imports.parts(self.connection, self.record.id):
            rows = await imports.part(self.connection, self.record.id, number)
            named = [(row.source_row, self._coverage(row)) for row in rows if isinstance(row, CoverageRow)]
            await facts.put_coverages(self.connection, self.record.id, named)
            self.progress.add(len(rows))
        await facts.disturb_covered(self.connection, self.record.id)
        await likely.note_covered(self.connection, self.record.id)
        await coverage_sets.publish(self.connection, month_of(self.now_ms), chance, self.now_ms, self.record.id)
        return {REGENCY}

    def _coverage(self, row: CoverageRow) -> Coverage:
        """Named by file, row and scheme, so that the auditor finds the very line an answer rests on."""
        place = f"{row.source_row}/{row.scheme}/{row.component}/{row.first}/{self.record.taken}".encode()
        return Coverage(
            sha256(_ROW + self.record.digest + place).digest(),
            row.scheme,
            row.component,
            row.nik or "",
            row.kk or "",
            row.name_key,
            row.first,
            row.until,
            row.village or "",
            self.record.as_of,
            row.birth_date,
            row.sex,
            row.mother_key,
            row.rt,
            row.rw,
            row.amount,
        )

    async def proposals(self) -> set[str]:
        """Each is a proposal like a village's, received now, and is decided as it comes in."""
        plan = msgspec.json.decode(self.record.plan, type=Plan)
        cycles = {cycle.code: cycle for cycle in await facts.cycles(self.connection)}
        cycle = cycles.get(plan.cycle)
        if cycle is None:
            raise ImportRefused("Periode yang diusulkan tidak ada lagi. Pilih periode lain, lalu periksa lagi.")
        in_force, villages = policy(self.rules, cycles), set[str]()
        for number in await imports.parts(self.connection, self.record.id):
            rows = await imports.part(self.connection, self.record.id, number)
            proposed = [self._proposal(row, cycle) for row in rows if isinstance(row, ProposalRow)]
            verdicts = decide(in_force, proposed, ())
            new = [(p, speak(self.rules, p, cycle, verdicts[p.record], self.now_ms)) for p in proposed]
            villages |= await reconcile.reconcile(self.connection, self.rules, self.now_ms, new)
            await facts.mark_source(self.connection, self.record.id, [p.record for p in proposed])
            self.progress.add(len(rows))
        return villages

    def _proposal(self, row: ProposalRow, cycle: Cycle) -> Proposal:
        """Named by file and row. A list proves no earlier time than that of its import."""
        place = f"{row.source_row}/{self.record.taken}".encode()
        return Proposal(
            sha256(_PROPOSED + self.record.digest + place).digest()[:16],
            row.village,
            LIST_EPOCH,
            row.source_row,
            cycle.scheme,
            cycle.code,
            row.nik,
            row.kk,
            key_nik(row.nik),
            key_kk(row.kk),
            row.name,
            row.birth_date,
            row.sex,
            row.mother,
            self.now_ms,
            0,
            self.now_ms,
            answers=pack_answers(row.answers),
            rt=row.rt,
            rw=row.rw,
        )


async def undo(database: Database, import_id: int, *, reason: str, actor: str, now_ms: int) -> Taken:
    """Take a list's facts out of force: coverages go, proposals are withdrawn, villages forget the list, and whatever
    rested on it is decided again. The file, its rows' fates and the trail stay. Raises ImportRefused.
    """
    reason = " ".join(reason.split())
    if not REASON_CHARACTERS[0] <= len(reason) <= REASON_CHARACTERS[1] or not reason.isprintable():
        raise ImportRefused("Tulis alasan pembatalan, 5 sampai 300 huruf.")

    async def work(connection: Connection) -> Taken:
        record = await _require(connection, import_id)
        if record.is_undone:
            return Taken(record)
        if not record.is_done:
            raise ImportRefused("Daftar ini belum diimpor, jadi tidak ada yang dibatalkan.")
        if await determinations.is_determined(connection, record.digest):
            raise ImportRefused("Daftar ini sudah ditetapkan. Kurangi penerimanya dengan daftar perbaikan.")
        if record.kind is Kind.COVERAGE:
            await coverage_sets.withdraw(connection, record.id, now_ms)
            await likely.forget_covered(connection, record.id)
            await facts.remove_coverages(connection, record.id)
        else:
            await facts.withdraw_listed(connection, record.id)
        await imports.mark_undone(connection, record.id, actor, reason, now_ms)
        await trail.record(connection, at_ms=now_ms, actor=actor, action="import_undone", subject=record.digest.hex())
        return Taken(await _require(connection, import_id), {REGENCY})

    return await database.transact(work)
