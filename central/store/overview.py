"""What officers and operators look at: the fleet, the decisions, counted and listed. Reads only."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import msgspec

from central.domain.decisions import LIST_EPOCH
from central.store import boxes, feeds, logs
from central.store.boxes import Box
from chassis.database import Connection
from protocol.feed import Decision
from protocol.messages import HALTED
from protocol.ops import ProposalWithAnswers, read_op

PAGE_ROWS = 50


@dataclass(frozen=True, slots=True)
class VillageState:
    """One enrolled village: its machine, and what the centre itself counts."""

    box: Box
    feed_head: int
    quarantined: int
    held: int

    @property
    def feed_pending(self) -> int:
        return max(0, self.feed_head - self.box.cursors[0])

    @property
    def unapplied(self) -> int:
        """Items of both feeds that the box stored and that its program does not know yet."""
        village_stored, village_applied, regency_stored, regency_applied = self.box.cursors
        return village_stored - village_applied + regency_stored - regency_applied

    def health(self, name: str) -> int | None:
        """A number the box reported about itself; None when it reported none."""
        return dict(self.box.health).get(name)

    @property
    def halted(self) -> str:
        """The directive or error code that stopped the box, as it reported; empty while it is at work."""
        return next((name.removeprefix(HALTED) for name, _ in self.box.health if name.startswith(HALTED)), "")


async def villages(connection: Connection) -> dict[str, VillageState]:
    """Every enrolled village by code."""
    heads = dict(await _pairs(connection, "SELECT feed, seq FROM feed_head"))
    quarantined = dict(await _pairs(connection, "SELECT village, count(*) FROM unreadable GROUP BY village"))
    held = dict(await _pairs(connection, "SELECT village, sum(head_seq - branch_seq) FROM log GROUP BY village"))
    return {
        box.village: VillageState(
            box, heads.get(box.village, 0), quarantined.get(box.village, 0), held.get(box.village, 0)
        )
        for box in await boxes.fleet(connection)
    }


async def _pairs(connection: Connection, sql: str, *args: object) -> list[tuple[str, int]]:
    return [(r[0], r[1]) for r in await connection.fetch_all(sql, *args)]


@dataclass(frozen=True, slots=True)
class LogRow:
    epoch: int
    head_seq: int
    tabulated_seq: int
    branch_seq: int
    sealed_seq: int | None


async def logs_of(connection: Connection, village: str) -> list[LogRow]:
    rows = await connection.fetch_all(
        "SELECT epoch, head_seq, tabulated_seq, branch_seq, sealed_seq FROM log WHERE village = $1 ORDER BY epoch",
        village,
    )
    return [LogRow(*r) for r in rows]


async def machines_of(connection: Connection, village: str) -> list[tuple[int, str, int, int | None]]:
    """(serial, state, enrolled_ms, last_contact_ms), newest first."""
    rows = await connection.fetch_all(
        "SELECT serial, state, enrolled_ms, last_contact_ms FROM box WHERE village = $1 ORDER BY serial DESC", village
    )
    return [(r[0], r[1], r[2], r[3]) for r in rows]


async def quarantined_of(connection: Connection, village: str) -> list[tuple[str, int]]:
    """(reason, how many ops)."""
    sql = "SELECT reason, count(*) FROM unreadable WHERE village = $1 GROUP BY reason ORDER BY reason"
    return await _pairs(connection, sql, village)


async def clashes_of(connection: Connection, village: str) -> list[tuple[str, int, int]]:
    """(series, year, number) that two records hold."""
    rows = await connection.fetch_all(
        "SELECT series, year, number FROM number_clash WHERE village = $1 ORDER BY year DESC, number", village
    )
    return [(r[0], r[1], r[2]) for r in rows]


# --- decisions --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class DecisionLine:
    """A decision as lists show it."""

    proposal: bytes
    village: str
    name: str
    cycle: str
    outcome: str
    code: str
    decided_ms: int


@dataclass(frozen=True, slots=True)
class Source:
    """The row of an imported list that a coverage was read from."""

    import_id: int
    name: str
    row: int


@dataclass(frozen=True, slots=True)
class Trail:
    """Everything about one proposal that an officer or auditor may ask: who, when, what was answered, was it delivered."""

    village: str
    epoch: int
    seq: int
    nik: str
    kk: str
    name: str
    birth_date: str
    claimed_ms: int
    anchor_ms: int
    received_ms: int
    is_withdrawn: bool
    decision: Decision
    feed_seq: int
    source: Source | None
    stored_seq: int
    applied_seq: int
    sources: Mapping[bytes, Source] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Filter:
    """Which decisions; empty means any."""

    outcome: str = ""
    cycle: str = ""
    village: str = ""


async def decisions(connection: Connection, chosen: Filter, page: int) -> tuple[list[DecisionLine], int]:
    """One page, newest first, and how many there are in all."""
    where = " WHERE ($1 = '' OR outcome = $1) AND ($2 = '' OR cycle = $2) AND ($3 = '' OR village = $3)"
    total: int = await connection.fetch_value(
        "SELECT count(*) FROM proposal" + where, chosen.outcome, chosen.cycle, chosen.village
    )
    rows = await connection.fetch_all(
        f"SELECT record, village, name, cycle, outcome, code, decided_ms FROM proposal{where}"
        " ORDER BY decided_ms DESC, record LIMIT $4 OFFSET $5",
        chosen.outcome,
        chosen.cycle,
        chosen.village,
        PAGE_ROWS,
        (page - 1) * PAGE_ROWS,
    )
    return [DecisionLine(*r) for r in rows], total


async def trail(connection: Connection, proposal: bytes) -> Trail | None:
    row = await connection.fetch_one(
        "SELECT proposal.village, epoch, proposal.seq, nik, kk, name, birth_date, claimed_ms, anchor_ms, received_ms,"
        " is_withdrawn, feed_seq, import FROM proposal WHERE record = $1",
        proposal,
    )
    if row is None:
        return None
    values = dict(zip(row.keys(), row, strict=True))
    del values["import"]
    name = await connection.fetch_value("SELECT name FROM import_file WHERE id = $1", row["import"])
    said = await feeds.said_at(connection, row["village"], [row["feed_seq"]])
    decision = msgspec.msgpack.decode(said[0].value, type=Decision)
    box = await boxes.newest(connection, row["village"])
    return Trail(
        **values | {"is_withdrawn": bool(row["is_withdrawn"])},
        decision=decision,
        source=Source(row["import"], name, row["seq"]) if name is not None else None,
        stored_seq=box.cursors[0] if box else 0,
        applied_seq=box.cursors[1] if box else 0,
        sources=await _sources(connection, decision),
    )


async def asked(connection: Connection, trail: Trail) -> ProposalWithAnswers | None:
    """What its form asked beside the person, from the village's own record; None of a proposal of the first schema."""
    if trail.epoch == LIST_EPOCH:
        return None
    op = await logs.op_at(connection, trail.village, trail.epoch, trail.seq)
    body = read_op(op)[1] if op else None
    return body if isinstance(body, ProposalWithAnswers) else None


async def _sources(connection: Connection, decision: Decision) -> dict[bytes, Source]:
    """Evidence that comes from a list, by its reference: the very row an auditor wants to see."""
    found = {}
    for evidence in decision.evidence:
        row = await connection.fetch_one(
            "SELECT import, name, row FROM coverage JOIN import_file ON import_file.id = coverage.import"
            " WHERE reference = $1",
            evidence.reference,
        )
        if row is not None:
            found[evidence.reference] = Source(*row)
    return found


async def decision_counts(connection: Connection) -> list[tuple[str, str, str, int]]:
    """(cycle, outcome, code, how many)."""
    rows = await connection.fetch_all(
        "SELECT cycle, outcome, code, count(*) FROM proposal GROUP BY cycle, outcome, code ORDER BY cycle, outcome, code"
    )
    return [(r[0], r[1], r[2], r[3]) for r in rows]


async def accepted_by_village(connection: Connection, cycle: str) -> list[tuple[str, int]]:
    """How many proposals of a cycle, or of all, each village has that are accepted."""
    sql = (
        "SELECT village, count(*) FROM proposal WHERE outcome = 'accepted' AND ($1 = '' OR cycle = $1) GROUP BY village"
    )
    return await _pairs(connection, sql, cycle)


# --- numbers for the metrics ------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Numbers:
    """One look at everything that is counted."""

    villages: dict[str, VillageState]
    decisions: Sequence[tuple[str, str, int]]
    quarantined: Sequence[tuple[str, int]]
    undecided: int
    oldest_undecided_ms: int | None
    waiting: int
    clashes: int
    clones: int
    enrolments: int
    feed_items: int


async def numbers(connection: Connection) -> Numbers:
    found = await villages(connection)
    outcomes = await connection.fetch_all("SELECT scheme, outcome, count(*) FROM proposal GROUP BY scheme, outcome")
    dirty = await connection.fetch_one("SELECT count(*), min(received_ms) FROM proposal WHERE is_dirty = 1")
    count = connection.fetch_value
    return Numbers(
        villages=found,
        decisions=[(r[0], r[1], r[2]) for r in outcomes],
        quarantined=await _pairs(connection, "SELECT reason, count(*) FROM unreadable GROUP BY reason"),
        undecided=dirty[0] if dirty else 0,
        oldest_undecided_ms=dirty[1] if dirty else None,
        waiting=await logs.count_waiting(connection),
        clashes=await count("SELECT count(*) FROM number_clash"),
        clones=sum(state.box.clone_suspected_ms is not None for state in found.values()),
        enrolments=await count("SELECT count(*) FROM box"),
        feed_items=await count("SELECT coalesce(sum(seq), 0) FROM feed_head"),
    )
