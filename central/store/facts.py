"""The facts decisions rest on: proposals with the answer in force, withdrawals, coverages, cycles.

A proposal comes in with its answer. A later change of facts marks the proposals it could touch as dirty, and
`central/reconcile` decides their neighbourhoods again.
"""

from collections.abc import Collection, Container, Iterable

import msgspec
from msgspec import Struct
from msgspec.structs import astuple

from central.domain.decisions import Coverage, Proposal
from central.domain.rule_changes import CycleTerms
from central.store import former_cards
from chassis.database import Connection, Row
from protocol.feed import Cycle


class Answer(Struct, frozen=True):
    """What was said last on a proposal; `feed_seq` is the place of its words on the village's feed."""

    outcome: str
    code: str
    facts_hash: bytes
    decided_ms: int
    feed_seq: int


async def add_proposals(connection: Connection, answered: Collection[tuple[Proposal, Answer]]) -> None:
    await connection.execute_many(
        f"INSERT INTO proposal ({_PROPOSAL}, answers, former_kks, rt, rw, {_ANSWER})"
        " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15,"
        " $16, $17, $18, $19, $20, $21, $22, $23, $24, $25, $26, $27) ON CONFLICT (record) DO NOTHING",
        [astuple(proposal) + astuple(answer) for proposal, answer in answered],
    )
    await former_cards.put(connection, (proposal for proposal, _ in answered))


async def put_answers(connection: Connection, answers: Iterable[tuple[bytes, Answer]]) -> None:
    """(record, what is said now) of proposals that were answered before."""
    await connection.execute_many(
        "UPDATE proposal SET outcome = $2, code = $3, facts_hash = $4, decided_ms = $5, feed_seq = $6 WHERE record = $1",
        [(record, *astuple(answer)) for record, answer in answers],
    )


async def withdraw(connection: Connection, village: str, proposal: bytes) -> None:
    """Only a village's own proposal can be withdrawn by it."""
    await connection.execute(
        "INSERT INTO withdrawal (village, proposal) VALUES ($1, $2) ON CONFLICT (village, proposal) DO NOTHING",
        village,
        proposal,
    )
    await connection.execute(
        "UPDATE proposal SET is_withdrawn = 1, is_dirty = 1 WHERE record = $1 AND village = $2", proposal, village
    )


async def withdrawn(connection: Connection, village: str) -> set[bytes]:
    """The proposals a village took back, read or not yet read."""
    rows = await connection.fetch_all("SELECT proposal FROM withdrawal WHERE village = $1", village)
    return {r[0] for r in rows}


async def mark_source(connection: Connection, import_id: int, records: Iterable[bytes]) -> None:
    """These proposals came from a list."""
    await connection.execute_many(
        "UPDATE proposal SET import = $1 WHERE record = $2", [(import_id, record) for record in records]
    )


async def list_names(connection: Connection, cycle: str) -> dict[bytes, str]:
    """The file's name of each proposal that came from a list, by record."""
    rows = await connection.fetch_all(
        "SELECT proposal.record, import_file.name FROM proposal JOIN import_file ON import_file.id = proposal.import"
        " WHERE proposal.cycle = $1",
        cycle,
    )
    return dict(map(tuple, rows))


async def withdraw_listed(connection: Connection, import_id: int) -> None:
    """A list is undone: what it proposed counts as taken back, so that whoever stood behind it is decided again."""
    await connection.execute("UPDATE proposal SET is_withdrawn = 1, is_dirty = 1 WHERE import = $1", import_id)


Answered = tuple[Proposal, Answer]


async def dirty(connection: Connection, limit: int) -> list[Answered]:
    rows = await connection.fetch_all(f"SELECT {_READ}, {_ANSWER} FROM proposal WHERE is_dirty = 1 LIMIT $1", limit)
    return [_answered(r) for r in rows]


async def count_dirty(connection: Connection) -> int:
    total: int = await connection.fetch_value("SELECT count(*) FROM proposal WHERE is_dirty = 1")
    return total


async def last_told(connection: Connection, cycle: str, codes: Iterable[str]) -> int:
    """When a refusal for one of these reasons was last told in a cycle, in ms since 1970; 0 where none stands."""
    found: int | None = await connection.fetch_value(
        "SELECT max(decided_ms) FROM proposal WHERE cycle = $1 AND outcome = 'rejected' AND is_withdrawn = 0"
        " AND code IN (SELECT value FROM json_each($2))",
        cycle,
        msgspec.json.encode(sorted(codes)).decode(),
    )
    return found or 0


async def is_any_dirty(connection: Connection) -> bool:
    return await connection.fetch_value("SELECT 1 FROM proposal WHERE is_dirty = 1 LIMIT 1") is not None


async def find(connection: Connection, record: bytes) -> Answered | None:
    row = await connection.fetch_one(f"SELECT {_READ}, {_ANSWER} FROM proposal WHERE record = $1", record)
    return None if row is None else _answered(row)


async def of_cycle(connection: Connection, cycle: str) -> list[Answered]:
    rows = await connection.fetch_all(f"SELECT {_READ}, {_ANSWER} FROM proposal WHERE cycle = $1", cycle)
    return [_answered(r) for r in rows]


async def all_proposals(connection: Connection) -> list[Answered]:
    return [_answered(r) for r in await connection.fetch_all(f"SELECT {_READ}, {_ANSWER} FROM proposal")]


async def all_coverages(connection: Connection) -> list[Coverage]:
    return [_coverage(r) for r in await connection.fetch_all(f"SELECT {_COVERAGE} FROM coverage")]


async def proposals_by(
    connection: Connection, column: str, keys: Collection[str], known: Container[bytes]
) -> list[Answered]:
    """Those not known yet; `column` is match_nik or match_kk."""
    rows = await connection.fetch_all(
        f"SELECT {_READ}, {_ANSWER} FROM json_each($1) AS key CROSS JOIN proposal ON {column} = key.value",
        _json(keys),
    )
    return [_answered(r) for r in rows if r[0] not in known]


async def coverages_by(connection: Connection, column: str, keys: Collection[str]) -> list[Coverage]:
    rows = await connection.fetch_all(
        f"SELECT {_COVERAGE} FROM json_each($1) AS key CROSS JOIN coverage ON {column} = key.value", _json(keys)
    )
    return [_coverage(r) for r in rows]


async def doubted(connection: Connection, limit: int) -> list[tuple[Proposal, str]]:
    """Held because somebody else bears the NIK or is alike under another, with the reason's code; the longest held first."""
    rows = await connection.fetch_all(
        f"SELECT {_READ}, {_ANSWER} FROM proposal WHERE {_DOUBTED} ORDER BY decided_ms, record LIMIT $1", limit
    )
    return [(proposal, answer.code) for proposal, answer in map(_answered, rows)]


async def count_doubted(connection: Connection) -> int:
    total: int = await connection.fetch_value(f"SELECT count(*) FROM proposal WHERE {_DOUBTED}")
    return total


async def coverage(connection: Connection, reference: bytes) -> Coverage | None:
    row = await connection.fetch_one(f"SELECT {_COVERAGE} FROM coverage WHERE reference = $1", reference)
    return None if row is None else _coverage(row)


async def proposals_left(connection: Connection, kks: Collection[str], known: Container[bytes]) -> list[Answered]:
    """Those not known yet whose person left one of these cards, as their village says."""
    rows = await connection.fetch_all(
        f"SELECT {_READ}, {_ANSWER} FROM json_each($1) AS key CROSS JOIN former_card ON former_card.card = key.value"
        " CROSS JOIN proposal ON proposal.record = former_card.proposal",
        _json(kks),
    )
    return [_answered(r) for r in rows if r[0] not in known]


def _json(keys: Collection[str]) -> str:
    """One text for any number of keys."""
    return msgspec.json.encode(list(keys)).decode()


async def settle(connection: Connection, records: Iterable[bytes]) -> None:
    """These proposals are decided as the facts stand."""
    await connection.execute_many(
        "UPDATE proposal SET is_dirty = 0 WHERE record = $1 AND is_dirty = 1", [(r,) for r in records]
    )


async def disturb(connection: Connection, scheme: str, but_not: Iterable[str]) -> None:
    """The rules of a scheme changed: its proposals are decided again, except in these cycles."""
    await connection.execute(
        "UPDATE proposal SET is_dirty = 1 WHERE scheme = $1 AND cycle NOT IN (SELECT value FROM json_each($2))",
        scheme,
        _json([*but_not]),
    )


async def is_any_unasked(connection: Connection) -> bool:
    return await connection.fetch_value("SELECT 1 FROM proposal WHERE answers IS NULL LIMIT 1") is not None


async def fill_answers(connection: Connection, answers: Iterable[tuple[bytes, bytes]]) -> None:
    """(record, answers) of proposals whose answers were not kept when they were brought in."""
    await connection.execute_many("UPDATE proposal SET answers = $2 WHERE record = $1 AND answers IS NULL", [*answers])


async def say_again(connection: Connection) -> None:
    """Every answer is given anew, changed or not.

    For an officer, once the villages have sent again what a restored centre had lost: until then a village keeps answers
    that this centre no longer knows, as unconfirmed, and where facts are lost for good nothing else would ever move it.
    """
    await connection.execute("UPDATE proposal SET facts_hash = x'', is_dirty = 1")


# --- coverages --------------------------------------------------------------------------------------------------------


async def add_coverages(connection: Connection, import_id: int, rows: Iterable[tuple[int, Coverage]]) -> None:
    """(source row, coverage) of one list; proposals of the same people or households become dirty."""
    await put_coverages(connection, import_id, rows)
    await disturb_covered(connection, import_id)


async def put_coverages(connection: Connection, import_id: int, rows: Iterable[tuple[int, Coverage]]) -> None:
    """A part of a list; `disturb_covered` must follow in the same transaction."""
    await connection.execute_many(
        "INSERT INTO coverage (reference, import, row, scheme, component, match_nik, match_kk, name_key, month_from,"
        " month_until, village, as_of, birth_date, sex, mother_key, rt, rw, amount) VALUES ($1, $2, $3, $4, $5, $6, $7, $8,"
        " $9, $10, $11, $12, $13, $14, $15, $16, $17, $18)"
        " ON CONFLICT (reference) DO NOTHING",
        [
            (
                c.reference,
                import_id,
                row,
                c.scheme,
                c.component,
                c.nik or None,
                c.kk or None,
                c.name_key,
                c.first,
                c.until,
                c.village,
                c.as_of,
                c.birth_date,
                c.sex,
                c.mother_key,
                c.rt,
                c.rw,
                c.amount,
            )
            for row, c in rows
        ],
    )


async def disturb_covered(connection: Connection, import_id: int) -> None:
    """Proposals of the people and households of a list become dirty."""
    for column in ("match_nik", "match_kk"):
        await connection.execute(
            f"UPDATE proposal SET is_dirty = 1 WHERE {column} IN (SELECT {column} FROM coverage WHERE import = $1)",
            import_id,
        )
    await former_cards.disturb_covered(connection, import_id)


async def remove_coverages(connection: Connection, import_id: int) -> None:
    """A list is undone: whoever it covered is decided again without it."""
    await disturb_covered(connection, import_id)
    await connection.execute("DELETE FROM coverage WHERE import = $1", import_id)


# --- cycles -----------------------------------------------------------------------------------------------------------


async def put_terms(connection: Connection, terms: CycleTerms) -> None:
    """A new or changed cycle with what its lock will ask; its proposals become dirty."""
    await put_cycle(connection, terms.cycle)
    await connection.execute(
        "UPDATE cycle SET quota = $2, budget_rupiah = $3, validations = $4, amount_rupiah = $5, former = $6"
        " WHERE code = $1",
        terms.cycle.code,
        terms.quota,
        terms.budget_rupiah,
        ";".join(terms.validations),
        terms.amount_rupiah,
        terms.former,
    )


async def terms(connection: Connection) -> dict[str, CycleTerms]:
    """Every cycle with what its lock will ask, by code."""
    rows = await connection.fetch_all(
        "SELECT code, quota, budget_rupiah, validations, amount_rupiah, former FROM cycle"
    )
    asked = {row[0]: (row[1], row[2], tuple(filter(None, row[3].split(";"))), row[4], row[5]) for row in rows}
    return {cycle.code: CycleTerms(cycle, *asked[cycle.code]) for cycle in await cycles(connection)}


async def put_cycle(connection: Connection, cycle: Cycle) -> None:
    """A new or changed cycle; its proposals become dirty, and what its lock will ask stays."""
    await connection.execute(
        "INSERT INTO cycle (code, scheme, name, month_from, month_until, opens_ms, closes_ms, objection_days)"
        " VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (code) DO UPDATE SET scheme = excluded.scheme,"
        " name = excluded.name, month_from = excluded.month_from, month_until = excluded.month_until,"
        " opens_ms = excluded.opens_ms, closes_ms = excluded.closes_ms, objection_days = excluded.objection_days",
        cycle.code,
        cycle.scheme,
        cycle.name,
        cycle.month_from,
        cycle.month_until,
        cycle.opens_ms,
        cycle.closes_ms,
        cycle.objection_days,
    )
    await connection.execute("UPDATE proposal SET is_dirty = 1 WHERE cycle = $1", cycle.code)


async def cycles(connection: Connection) -> list[Cycle]:
    rows = await connection.fetch_all(
        "SELECT code, scheme, name, month_from, month_until, opens_ms, closes_ms, objection_days FROM cycle ORDER BY code"
    )
    return [Cycle(*r) for r in rows]


# --- rows ------------------------------------------------------------------------------------------------------------

_DOUBTED = "outcome = 'needs_review' AND code IN ('identity_conflict', 'possible_duplicate')"
_PROPOSAL = (
    "record, village, epoch, seq, scheme, cycle, nik, kk, match_nik, match_kk, name, birth_date, sex, mother, claimed_ms,"
    " anchor_ms, received_ms, is_withdrawn"
)
_READ = _PROPOSAL + ", coalesce(answers, x''), former_kks, rt, rw"


def _answered(row: Row) -> Answered:
    values = tuple(row)
    return Proposal(*values[:_PROPOSAL_COLUMNS]), Answer(*values[_PROPOSAL_COLUMNS:])


_PROPOSAL_COLUMNS = len(Proposal.__struct_fields__)
_ANSWER = "outcome, code, facts_hash, decided_ms, feed_seq"

COVERAGE_UNTIL = (
    "min(month_until, coalesce((SELECT month_until FROM coverage_end WHERE reference = coverage.reference"
    " ORDER BY id DESC LIMIT 1), month_until))"
)
"""The last month of a coverage: as its list says, or earlier where an officer ruled so."""
_COVERAGE = (
    "reference, scheme, component, coalesce(match_nik, ''), coalesce(match_kk, ''), name_key, month_from,"
    f" {COVERAGE_UNTIL}, village, as_of, birth_date, sex, mother_key, rt, rw, amount"
)


def _coverage(row: Row) -> Coverage:
    return Coverage(*tuple(row))
