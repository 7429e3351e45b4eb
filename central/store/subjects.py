"""Everything the centre holds about one person, found by their NIK: for their right to see it, and for the auditor.

Reads only. What stands in tables is found by indexes, in milliseconds at any size; `in_logs` walks the villages' records and
takes seconds to a minute, `in_files` the imported lists. Must never be shown without a line in the log of looks (`access`).
"""

import zlib
from collections.abc import AsyncIterator, Iterable, Iterator
from typing import Any

import msgspec

from central.domain.batches import Batch
from central.store import feeds, logs
from chassis.database import Connection
from protocol.codec import inflate
from protocol.errors import ProtocolError
from protocol.feed import Decision
from protocol.lists.tables import ListRefused, decode_table
from protocol.ops import Op, Unreadable, read_op
from protocol.schemes import month_text

BATCHES_AT_ONCE = 64
"""A village in touch has a batch for each op, one that was cut off two megabytes in each: neither fills the memory."""
Row = dict[str, Any]
HOPS_MAX = 3
"""A letter, the dossier it went with, the photograph beside it: records that name a record that names the person."""


async def proposals(connection: Connection, nik: str) -> list[Row]:
    """As their villages wrote them, oldest first; `record` in hex."""
    rows = await connection.fetch_all(
        "SELECT hex(record) AS record, village, epoch, seq, scheme, cycle, nik, kk, name, birth_date, sex, mother,"
        " claimed_ms, anchor_ms, received_ms, is_withdrawn, outcome, code, hex(facts_hash) AS facts_hash, decided_ms"
        " FROM proposal WHERE match_nik = $1 ORDER BY received_ms, record",
        nik,
    )
    return [_plain(dict(zip(row.keys(), row, strict=True))) for row in rows]


async def answers(connection: Connection, village: str, record: str) -> list[Row]:
    """Every answer that was ever said on a proposal, also those that another took the place of."""
    key, seq, found = bytes.fromhex(record), 0, []
    while items := await feeds.after(connection, village, seq):
        seq = items[-1].seq
        for item in items:
            if item.key == key and item.kind == "decision":
                said = msgspec.msgpack.decode(item.value, type=Decision)
                found.append(
                    {
                        "proposal": record,
                        "feed_item": item.seq,
                        "decided_ms": said.decided_ms,
                        "outcome": said.outcome,
                        "code": said.code,
                        "sentence": said.sentence,
                        "rule": said.rule,
                        "facts_hash": said.facts_hash.hex(),
                    }
                )
    return found


async def coverages(connection: Connection, column: str, keys: Iterable[str]) -> list[Row]:
    """`column`: match_nik or match_kk. Months as `2021-05`; `ended`: the last month an officer ruled, where one did."""
    rows = await connection.fetch_all(
        "SELECT import_file.name AS file, coverage.row, scheme, component, month_from, month_until,"
        " (SELECT month_until FROM coverage_end WHERE reference = coverage.reference ORDER BY id DESC LIMIT 1) AS ended,"
        " village, coverage.as_of, permission, imported_ms, imported_by, hex(reference) AS reference"
        f" FROM json_each($1) AS key CROSS JOIN coverage ON {column} = key.value"
        " JOIN import_file ON import_file.id = coverage.import ORDER BY scheme, month_from, reference",
        msgspec.json.encode(sorted(keys)).decode(),
    )
    found = []
    for row in rows:
        each = _plain(dict(zip(row.keys(), row, strict=True)))
        for name in ("month_from", "month_until", "ended"):
            each[name] = "" if each[name] is None else month_text(each[name])
        found.append(each)
    return found


async def identity_verdicts(connection: Connection, nik: str) -> list[Row]:
    """What officers said about this NIK standing for one person or two."""
    return await _rows(
        connection,
        "SELECT hex(proposal) AS proposal, identity, until, reason, actor, identity_verdict.at_ms"
        " FROM identity_verdict JOIN proposal ON record = proposal WHERE match_nik = $1 ORDER BY id",
        nik,
    )


async def objections(connection: Connection, nik: str) -> list[Row]:
    """What the person put against an answer, and what was decided on it."""
    return await _rows(
        connection,
        "SELECT hex(objection.record) AS objection, hex(objection.proposal) AS proposal, objection.village, grounds,"
        " evidence, objection.actor AS taken_by, objection.received_ms, d.outcome, d.reason, d.actor AS decided_by, d.at_ms"
        " FROM proposal JOIN objection ON objection.proposal = proposal.record AND objection.village = proposal.village"
        " LEFT JOIN objection_decision AS d ON d.objection = objection.record WHERE match_nik = $1"
        " ORDER BY objection.received_ms",
        nik,
    )


async def audit_trail(connection: Connection, subjects: Iterable[str]) -> list[Row]:
    """What people did at the centre to these records (hex, in small letters)."""
    return await _rows(
        connection,
        "SELECT at_ms, actor, action, subject FROM audit_trail WHERE subject IN (SELECT value FROM json_each($1))"
        " ORDER BY seq",
        msgspec.json.encode(sorted(subjects)).decode(),
    )


async def dossiers_of(connection: Connection, records: Iterable[str]) -> list[Row]:
    """The agencies' steps with dossiers, by the dossier's record (hex)."""
    return await _rows(
        connection,
        "SELECT hex(dossier.record) AS dossier, agency, title, dossier_step.state, note, at_ms, actor"
        " FROM dossier JOIN dossier_step ON dossier_step.record = dossier.record"
        " WHERE hex(dossier.record) IN (SELECT value FROM json_each($1)) ORDER BY at_ms",
        msgspec.json.encode(sorted(record.upper() for record in records)).decode(),
    )


async def in_files(connection: Connection, import_id: int, nik: str) -> list[Row]:
    """The lines of one imported list that hold the number, as they came, with their fate."""
    file = await connection.fetch_one(
        "SELECT name, permission, as_of, content FROM import_file WHERE id = $1", import_id
    )
    lines = decode_table(zlib.decompress(file["content"])) if file is not None else []
    if file is None or isinstance(lines, ListRefused):
        return []
    found = []
    for number, line in enumerate(lines, start=1):
        if nik in line:
            fate = await connection.fetch_one(
                "SELECT fate, reason FROM import_row WHERE import = $1 AND row = $2", import_id, number
            )
            found.append(
                {
                    "file": file["name"],
                    "permission": file["permission"],
                    "as_of": file["as_of"],
                    "row": number,
                    "fate": fate[0] if fate else "",
                    "reason": fate[1] if fate else "",
                    "line": line.strip(),
                }
            )
    return found


async def import_ids(connection: Connection) -> list[int]:
    return [row[0] for row in await connection.fetch_all("SELECT id FROM import_file ORDER BY id")]


async def in_logs(connection: Connection, village: str, nik: str) -> list[Row]:
    """Every record of a village that names the person, and those that name such a record (a void, a dossier, a photograph).

    Read from the frames as they came, so that it also finds what this program does not tabulate.
    """
    wanted: set[bytes] = {nik.encode()}
    found: dict[bytes, Row] = {}
    for _ in range(HOPS_MAX):
        fresh = {
            op.record_id: _told(batch, op)
            async for batch, log_id in _batches(connection, village)
            for op in _naming(batch, log_id, wanted)
            if op.record_id not in found
        }
        found |= fresh
        wanted = set(fresh)
        if not fresh:
            break
    return sorted(found.values(), key=lambda row: (row["epoch"], row["seq"]))


async def villages(connection: Connection) -> list[str]:
    rows = await connection.fetch_all("SELECT DISTINCT village FROM log ORDER BY village")
    return [row[0] for row in rows]


async def _batches(connection: Connection, village: str) -> AsyncIterator[tuple[Batch, bytes]]:
    """(batch, log id) of every log of a village."""
    for log in await logs.of_village(connection, village):
        seq = 0
        while found := await logs.batches_after(connection, log, seq, BATCHES_AT_ONCE):
            for batch in found:
                yield batch, log.head.log_id
            seq = found[-1].first_seq


def _naming(batch: Batch, log_id: bytes, wanted: set[bytes]) -> Iterator[Op]:
    """Ops whose body holds one of these; a frame is opened only when it does."""
    try:
        raw = inflate(batch.frame)
        if not any(each in raw for each in wanted):
            return
        ops = batch.ops(log_id)
    except ProtocolError:
        return  # `kampung-central audit` names what cannot be read
    for op in ops:
        if any(each in op.body for each in wanted):
            yield op


def _told(batch: Batch, op: Op) -> Row:
    row: Row = {"record": op.record_id.hex(), "village": batch.village, "epoch": batch.epoch, "seq": op.seq}
    row |= {"received_ms": batch.received_ms}
    try:
        header, body = read_op(op)
    except Unreadable as error:
        return row | {"kind": error.reason, "claimed_ms": None, "said": {}}
    said = msgspec.to_builtins(body, builtin_types=(bytes,))
    fields = dict(zip(body.__struct_fields__, said, strict=False))
    fields.pop("salt", None)
    return row | {"kind": header.kind, "claimed_ms": header.claimed_ms, "said": _readable(fields)}


def _readable(value: Any) -> Any:
    """Ids in hex; empty answers left out."""
    match value:
        case bytes():
            return value.hex()
        case dict():
            return {k: _readable(v) for k, v in value.items() if v not in ("", b"", [], None)}
        case list() | tuple():
            return [_readable(each) for each in value]
        case _:
            return value


async def _rows(connection: Connection, sql: str, *args: object) -> list[Row]:
    return [_plain(dict(zip(r.keys(), r, strict=True))) for r in await connection.fetch_all(sql, *args)]


def _plain(row: Row) -> Row:
    """Ids as they stand in addresses: hex in small letters."""
    ids = ("record", "proposal", "objection", "reference", "facts_hash", "dossier")
    return {name: value.lower() if name in ids and isinstance(value, str) else value for name, value in row.items()}
