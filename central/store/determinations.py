"""Determined lists, the answers they made final, and what was reported of their payment. Only this file writes `roster`,
`final_decision` and `payment_result`. A list is never changed; a correction is another list.
"""

import zlib
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace

import msgspec

from central.domain.decisions import Verdict
from central.domain.determination import RosterList, determined_reference, read_list
from central.domain.payments import PAID, Payment
from central.store import former_cards, likely, trail
from chassis.database import Connection, Row


@dataclass(frozen=True, slots=True)
class Determined:
    """A list that was locked. `content`: the very bytes that `hash` names and `signature` signs."""

    cycle: str
    number: int
    kind: str
    hash: bytes
    signature: bytes
    recipients: int
    total_rupiah: int
    claimed_by: str
    locked_by: str
    locked_ms: int
    content: bytes

    @property
    def list(self) -> RosterList:
        return read_list(self.content)


_COLUMNS = "cycle, number, kind, hash, signature, recipients, total_rupiah, claimed_by, locked_by, locked_ms, content FROM roster"


def _determined(row: Row) -> Determined:
    found = Determined(*row)
    return replace(found, content=zlib.decompress(found.content))


async def add(connection: Connection, found: Determined, replaces: bytes) -> None:
    await connection.execute(
        "INSERT INTO roster (cycle, number, kind, replaces, hash, signature, content, recipients, total_rupiah,"
        " claimed_by, locked_by, locked_ms) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)",
        *(found.cycle, found.number, found.kind, replaces, found.hash, found.signature, zlib.compress(found.content)),
        *(found.recipients, found.total_rupiah, found.claimed_by, found.locked_by, found.locked_ms),
    )
    action = f"roster_{found.kind}"
    await trail.record(
        connection, at_ms=found.locked_ms, actor=found.locked_by, action=action, subject=found.hash.hex()
    )


async def of_cycle(connection: Connection, cycle: str) -> list[Determined]:
    """In the order in which they were locked; the last is in force."""
    rows = await connection.fetch_all(f"SELECT {_COLUMNS} WHERE cycle = $1 ORDER BY number", cycle)
    return [_determined(row) for row in rows]


async def in_force(connection: Connection, cycle: str) -> Determined | None:
    row = await connection.fetch_one(f"SELECT {_COLUMNS} WHERE cycle = $1 ORDER BY number DESC LIMIT 1", cycle)
    return None if row is None else _determined(row)


async def one(connection: Connection, cycle: str, number: int) -> Determined | None:
    row = await connection.fetch_one(f"SELECT {_COLUMNS} WHERE cycle = $1 AND number = $2", cycle, number)
    return None if row is None else _determined(row)


async def is_determined(connection: Connection, digest: bytes) -> bool:
    """Is this a locked list?"""
    return await connection.fetch_value("SELECT 1 FROM roster WHERE hash = $1", digest) is not None


async def every(connection: Connection) -> list[Determined]:
    return [_determined(row) for row in await connection.fetch_all(f"SELECT {_COLUMNS} ORDER BY id")]


async def locked_cycles(connection: Connection) -> dict[str, tuple[int, int]]:
    """(recipients, rupiah) of the list in force, by cycle."""
    rows = await connection.fetch_all("SELECT cycle, recipients, total_rupiah FROM roster ORDER BY cycle, number")
    return {row[0]: (row[1], row[2]) for row in rows}


# --- final answers ----------------------------------------------------------------------------------------------------


async def put_finals(
    connection: Connection,
    cycle: str,
    roster: bytes,
    finals: Mapping[bytes, Verdict],
    judged: Mapping[bytes, str],
) -> None:
    """Answers on proposals that a lock fixes, told again by the pipeline. `judged`: `outcome/code` of `decide` before it."""
    await connection.execute_many(
        "INSERT INTO final_decision (record, cycle, roster, verdict, judged) VALUES ($1, $2, $3, $4, $5)"
        " ON CONFLICT (record) DO UPDATE SET roster = excluded.roster, verdict = excluded.verdict",
        [
            (record.hex(), cycle, roster, msgspec.msgpack.encode(verdict), judged[record])
            for record, verdict in finals.items()
        ],
    )
    await connection.execute_many(
        "UPDATE proposal SET is_dirty = 1 WHERE record = $1", [(record,) for record in finals]
    )


async def is_open(connection: Connection, cycle: str, record: bytes) -> bool:
    """May anybody still say something of this row? Until the lock of all, after it of proposals that came since."""
    if await in_force(connection, cycle) is None:
        return True
    is_proposal = await connection.fetch_value("SELECT 1 FROM proposal WHERE record = $1", record) is not None
    return is_proposal and not await finals(connection, [record])


async def finals(connection: Connection, records: Collection[bytes] | None = None) -> dict[bytes, Verdict]:
    """The final answers on these proposals, or all there are."""
    if records is not None and (not records or await _is_none_final(connection)):
        return {}
    wanted = None if records is None else msgspec.json.encode([record.hex() for record in records]).decode()
    rows = await connection.fetch_all(
        "SELECT record, verdict FROM final_decision WHERE $1 IS NULL OR record IN (SELECT value FROM json_each($1))",
        wanted,
    )
    return {bytes.fromhex(row[0]): _verdict(row[1]) for row in rows}


async def judged(connection: Connection, cycle: str) -> dict[bytes, str]:
    """What `decide` had said at the lock, of every proposal whose answer it fixed."""
    rows = await connection.fetch_all("SELECT record, judged FROM final_decision WHERE cycle = $1", cycle)
    return {bytes.fromhex(row[0]): row[1] for row in rows}


async def uncover(connection: Connection, cycle: str, records: Collection[bytes]) -> None:
    """Whom a later list takes off is no longer covered by what an earlier one determined; whoever that blocked is judged anew."""
    references = [
        (determined_reference(each.hash, record),) for each in await of_cycle(connection, cycle) for record in records
    ]
    for column in ("match_nik", "match_kk"):
        await connection.execute_many(
            f"UPDATE proposal SET is_dirty = 1 WHERE {column} = (SELECT {column} FROM coverage WHERE reference = $1)",
            references,
        )
    await likely.disturb(connection, [reference for (reference,) in references])
    await former_cards.disturb(connection, [reference for (reference,) in references])
    await connection.execute_many("DELETE FROM coverage WHERE reference = $1", references)


async def _is_none_final(connection: Connection) -> bool:
    return await connection.fetch_value("SELECT 1 FROM final_decision LIMIT 1") is None


def _verdict(content: bytes) -> Verdict:
    return msgspec.msgpack.decode(content, type=Verdict)


# --- payment ----------------------------------------------------------------------------------------------------------


async def add_payments(
    connection: Connection, roster: bytes, file: bytes, payments: Iterable[Payment], actor: str, now_ms: int
) -> None:
    await connection.execute_many(
        "INSERT INTO payment_result (roster, entry, state, paid_on, reason, file, actor, at_ms)"
        " VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
        [(roster, p.entry, p.state, p.paid_on, p.reason, file, actor, now_ms) for p in payments],
    )
    await trail.record(connection, at_ms=now_ms, actor=actor, action="payment_results", subject=file.hex())


async def is_known_file(connection: Connection, file: bytes) -> bool:
    return await connection.fetch_value("SELECT 1 FROM payment_result WHERE file = $1 LIMIT 1", file) is not None


async def paid(connection: Connection, cycle: str) -> set[int]:
    """Numbers of entries of a cycle whose last word is that they were paid; they keep their numbers from list to list."""
    rows = await connection.fetch_all(
        "SELECT entry, state FROM payment_result JOIN roster ON roster.hash = payment_result.roster WHERE cycle = $1"
        " ORDER BY payment_result.id",
        cycle,
    )
    last = {row[0]: row[1] for row in rows}
    return {entry for entry, state in last.items() if state == PAID}


async def payments(connection: Connection, roster: bytes) -> dict[int, Payment]:
    """The last word on each entry of a list."""
    rows = await connection.fetch_all(
        "SELECT entry, state, paid_on, reason FROM payment_result WHERE roster = $1 ORDER BY id", roster
    )
    return {row[0]: Payment(*row) for row in rows}
