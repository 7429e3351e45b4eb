"""Collects what was brought to a cycle and settles it: the what-if before the lock. Reads only.

`gather` reads, in one transaction; `draft` computes, a second or so of processor for a regency, so it runs beside. Place in
the flow: pages and commands ask here; `central/rosters/lock` asks again inside its own transaction.
"""

import asyncio
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass

from msgspec.structs import replace

from central.domain.answers import Rules, policy
from central.domain.decisions import Case, Coverage, Pairs, Proposal, Verdict
from central.domain.determination import Circumstances, LedgerLine, carry, determined_reference, ledger_line
from central.domain.identities import IdentityVerdict
from central.domain.objections import is_over, last_day
from central.domain.reasons import NextStep, ReasonCode
from central.domain.rosters import Draft, InputRow, Origin, Rulings, Terms, Validations, settle, weigh
from central.reconcile import collect
from central.store import (
    boxes,
    determinations,
    facts,
    identities,
    imports,
    logs,
    objections,
    reports,
    rosters,
    rule_changes,
)
from chassis.database import Connection, Database
from protocol.feed import Cycle

REPORTS = "laporan warga"
"""Stands for the file in the ledger's lines of residents' reports."""


@dataclass(frozen=True, slots=True)
class Gathered:
    """Everything that a cycle's fates follow from. `rules`: those in force; `carried`: recipients of the cycle before, as
    rows of this one; `carried_accounts`: bank, number and owner of theirs; `files`: name of the list by record, of
    proposals that came in one; `objected`: of contested answers, as `settle` takes them; `determined`: references of the
    coverages of its own lists.
    """

    rules: Rules
    cycle: Cycle
    cycles: Mapping[str, Cycle]
    terms: Terms
    proposals: Sequence[Proposal]
    carried: Sequence[Proposal]
    carried_accounts: Mapping[bytes, tuple[str, str, str]]
    files: Mapping[bytes, str]
    around: Sequence[Proposal]
    coverages: Sequence[Coverage]
    likely: Pairs
    identities: Mapping[bytes, IdentityVerdict]
    finals: Mapping[bytes, Verdict]
    validations: Validations
    rulings: Rulings
    objected: Set[bytes]
    determined: Set[bytes]

    @property
    def late(self) -> set[bytes]:
        """Proposals that came after the cycle was locked; none before."""
        return {p.record for p in self.proposals if p.record not in self.finals} if self.determined else set()


async def gather(connection: Connection, first: Rules, code: str) -> Gathered | None:
    """None where there is no such cycle, or nobody said yet what it pays."""
    cycles = {c.code: c for c in await facts.cycles(connection)}
    terms = await rosters.terms_of(connection, code)
    if code not in cycles or terms is None:
        return None
    answered = await facts.of_cycle(connection, code)
    former = await determinations.in_force(connection, terms.former) if terms.former else None
    before = former.list if former else None
    carried = carry(before, former.hash, code) if before and former else []
    around = await collect(connection, answered, carried)
    determined = {
        determined_reference(each.hash, entry.record)
        for each in await determinations.of_cycle(connection, code)
        for entry in each.list.entries
    }
    mine = {p.record for p, _ in answered} | {p.record for p in carried}
    finals = await determinations.finals(connection, around.proposals.keys())
    return Gathered(
        rules=await rule_changes.in_force(connection, first),
        cycle=cycles[code],
        cycles=cycles,
        terms=terms,
        proposals=[p for p, _ in answered],
        carried=carried,
        carried_accounts={
            p.record: (entry.bank, entry.account_number, entry.account_name)
            for p, entry in zip(carried, before.entries if before else (), strict=True)
        },
        files=await facts.list_names(connection, code),
        around=[p for r, p in around.proposals.items() if r not in mine],
        coverages=list(around.coverages.values()),
        likely=around.likely,
        identities=await identities.in_force(connection),
        finals=finals,
        validations=await rosters.validations(connection, code),
        rulings=await rosters.rulings(connection, code),
        objected=await objections.open_in(connection, code) - finals.keys(),
        determined=determined,
    )


def draft(found: Gathered) -> Draft:
    """The fates as the facts stand, whatever was locked of this cycle; who came after the lock is judged behind it."""
    own = [*found.carried, *found.proposals]
    weighed = weigh(own, found.cycle.closes_ms, found.terms, found.validations, found.rulings)
    verdicts = _judge(found, weighed)
    former = {p.record for p in found.carried}
    rows = [
        InputRow(
            proposal=p,
            origin=Origin.FORMER if p.record in former else Origin.PROPOSAL,
            file=found.terms.former if p.record in former else found.files.get(p.record, p.village),
            number=p.seq,
            verdict=verdicts[p.record],
        )
        for p in own
    ]
    return settle(rows, found.terms, found.validations, found.rulings, found.objected)


def _judge(found: Gathered, weighed: Sequence[Proposal]) -> dict[bytes, Verdict]:
    """What `decide` says of everybody as if nothing were determined; of who came late, as everything is."""
    book, late = policy(found.rules, found.cycles), found.late
    here = {p.record for p in weighed}
    in_time = [replace(p, is_withdrawn=True) if p.record in late else p for p in weighed]
    free = [c for c in found.coverages if c.reference not in found.determined]
    foreign = {record: verdict for record, verdict in found.finals.items() if record not in here}
    verdicts = Case([*in_time, *found.around], free, found.likely).decide(book, found.identities, foreign)
    if late:
        behind = Case([*weighed, *found.around], found.coverages, found.likely).decide(
            book, found.identities, found.finals
        )
        verdicts |= {record: behind[record] for record in late}
    return verdicts


async def read_ledger(database: Database, rules: Rules, code: str) -> tuple[LedgerLine, ...] | None:
    """The fate of every row of a cycle: as its first list was determined, else as the facts stand. None: see `gather`."""
    lists = await database.read(lambda c: determinations.of_cycle(c, code))
    if lists:
        return lists[0].list.ledger
    found = await database.read(lambda c: gather(c, rules, code))
    if found is None:
        return None
    settled = draft(found)
    return tuple(ledger_line(row, settled.outcomes[row.record]) for row in settled.rows)


async def read_left_out(database: Database, code: str) -> list[LedgerLine]:
    """Whatever else was brought to a cycle: with `read_ledger` every row of every input.

    Rows of lists that became nobody's proposal (the same person twice in one file, a line of totals), their reason a
    sentence; and residents' reports, numbered as they came in, of which those that led to a proposal are merged into it."""
    rows = await database.read(lambda c: imports.left_out(c, code))
    reported = await database.read(lambda c: reports.fates(c, code))
    lines = [("list", *row) for row in rows]
    lines += [("report", REPORTS, at, fate.value, reason) for at, (fate, reason) in enumerate(reported, start=1)]
    return [
        LedgerLine(record=b"", origin=origin, file=file, row=row, fate=fate, reason=reason)
        for origin, file, row, fate, reason in lines
    ]


async def circumstances(connection: Connection, rules: Rules, cycle: Cycle, now_ms: int) -> Circumstances:
    """What the lock looks at beside the rows, as it stands now."""
    scheme = rules.book.schemes.get(cycle.scheme)
    contestable = [code.value for code in ReasonCode if rules.reasons.next_step(code) is NextStep.OBJECTION]
    told_ms = await facts.last_told(connection, cycle.code, contestable)
    last = last_day(cycle.closes_ms, told_ms, cycle.objection_days)
    return Circumstances(
        determined_by=scheme.determined_by if scheme else None,
        is_open=now_ms < cycle.closes_ms,
        is_locked=await determinations.in_force(connection, cycle.code) is not None,
        undecided=await facts.count_dirty(connection) + await logs.count_waiting(connection),
        silent=await _silent(connection, cycle.closes_ms),
        scans=await rosters.scans(connection, cycle.code),
        contestable=None if is_over(last, now_ms) else last,
    )


async def _silent(connection: Connection, closes_ms: int) -> list[str]:
    """Enrolled villages that were not in touch since the window closed: what they wrote in it may still be with them."""
    fleet = await boxes.fleet(connection)
    return sorted(box.village for box in fleet if (box.last_contact_ms or 0) < closes_ms)


@dataclass(frozen=True, slots=True)
class Looked:
    """A draft, what it follows from, and a stamp that tells whether anything changed since."""

    stamp: tuple[object, ...]
    found: Gathered
    draft: Draft


@dataclass(slots=True)
class Drafts:
    """The last draft that was looked at, kept until something changes at the centre: its pages are many, its facts the same."""

    database: Database
    rules: Rules
    _kept: Looked | None = None

    async def look(self, code: str) -> Looked | None:
        """None where there is no such cycle, or nobody said yet what it pays."""
        stamp = await self.database.read(lambda c: stamp_of(c, code))
        if self._kept is None or self._kept.stamp != stamp:
            found = await self.database.read(lambda c: gather(c, self.rules, code))
            if found is None:
                return None
            self._kept = Looked(stamp, found, await asyncio.to_thread(draft, found))
        return self._kept


async def stamp_of(connection: Connection, code: str) -> tuple[object, ...]:
    """Whatever changes a draft leaves one of these behind."""
    row = await connection.fetch_one(
        "SELECT (SELECT max(seq) FROM audit_trail), (SELECT sum(seq) FROM feed_head),"
        " (SELECT count(*) FROM objection),"
        " (SELECT count(*) FROM proposal WHERE is_dirty = 1)"
    )
    assert row is not None
    return (code, *row)
