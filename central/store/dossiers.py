"""Dossiers at the centre: which letter is on its way to which agency, how far it is, and who took each step.

A step is taken from the state that its form showed: of two people at once one wins. The letter is read from its
village's log when it is opened. Only this file writes `dossier`, `dossier_step`, `dossier_countersign`, `dossier_result`,
`dossier_result_part` and `letter_void`.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import sha256

import msgspec

from central.domain.agencies import Seat
from central.domain.dossiers import OPEN, Dossier, State
from central.store import attachments, feeds, logs, trail
from central.store.attachments import AttachmentLine
from chassis.database import Connection, Row
from protocol.codec import encode, pack
from protocol.feed import PART_BYTES_MAX, Countersign, DossierState, ResultFile
from protocol.messages import FilePart
from protocol.ops import ID_BYTES, DossierSent, LetterIssued, Op, Unreadable, read_op

PAGE_ROWS = 50


@dataclass(frozen=True, slots=True)
class DossierLine:
    """A dossier as the worklist shows it: no person, no letter number."""

    record: bytes
    village: str
    title: str
    state: State
    claimed_ms: int
    received_ms: int
    moved_ms: int
    is_again: bool
    is_void: bool


@dataclass(frozen=True, slots=True)
class Step:
    state: State
    note: str
    at_ms: int
    actor: str


@dataclass(frozen=True, slots=True)
class Opened:
    """A dossier with everything that stands in its village's log, and the photographs that lie beside its letter. `letter`
    is None where the log holds no such letter."""

    line: DossierLine
    sent: DossierSent | None
    letter: LetterIssued | None
    steps: list[Step]
    countersign: Countersign | None
    result: ResultFile | None
    photographs: list[AttachmentLine]

    @property
    def is_letter_valid(self) -> bool:
        return self.letter is not None and not self.line.is_void


async def add(connection: Connection, dossiers: Iterable[Dossier]) -> None:
    """Records of a log; one that is there already (it was pulled and sent again) changes nothing."""
    for each in dossiers:
        await connection.execute(
            "INSERT INTO dossier (record, village, epoch, seq, letter, letter_log, letter_seq, letter_hash, former, agency,"
            " title, claimed_ms, received_ms, state, moved_ms)"
            " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, 'sent', $13) ON CONFLICT (record) DO NOTHING",
            each.record,
            each.village,
            each.epoch,
            each.seq,
            each.letter_hash[:ID_BYTES],
            each.letter_log,
            each.letter_seq,
            each.letter_hash,
            each.former,
            each.agency,
            each.title,
            each.claimed_ms,
            each.received_ms,
        )


async def note_void(connection: Connection, village: str, letters: Iterable[bytes]) -> None:
    await connection.execute_many(
        "INSERT INTO letter_void (village, letter) VALUES ($1, $2) ON CONFLICT (village, letter) DO NOTHING",
        [(village, letter) for letter in letters],
    )


@dataclass(frozen=True, slots=True)
class Outcome:
    """What the last step brings beside its note: who countersigned, the file that goes to the village."""

    countersign: Countersign | None = None
    media_type: str = ""
    content: bytes = b""


NOTHING = Outcome()


async def take_step(
    connection: Connection,
    record: bytes,
    seen: State,
    step: State,
    note: str,
    actor: str,
    now_ms: int,
    outcome: Outcome = NOTHING,
) -> str | None:
    """Go from the state that was seen to the next and tell the village; its code, or None where somebody was first."""
    moved = await connection.execute(
        "UPDATE dossier SET state = $1, moved_ms = $2 WHERE record = $3 AND state = $4", step, now_ms, record, seen
    )
    if moved != 1:
        return None
    village: str = await connection.fetch_value("SELECT village FROM dossier WHERE record = $1", record)
    await connection.execute(
        "INSERT INTO dossier_step (record, number, state, note, at_ms, actor) VALUES ($1,"
        " (SELECT coalesce(max(number), 0) + 1 FROM dossier_step WHERE record = $1), $2, $3, $4, $5)",
        record,
        step,
        note,
        now_ms,
        actor,
    )
    signed = outcome.countersign
    if signed is not None:
        await connection.execute(
            "INSERT INTO dossier_countersign (record, name, capacity, position, rank, nip, actor, at_ms)"
            " VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
            *(record, signed.name, signed.capacity, signed.position, signed.rank, signed.nip, actor, now_ms),
        )
    file = await _keep_result(connection, record, village, outcome) if outcome.content else None
    told = pack(DossierState(record, step, note, now_ms, signed, file))
    await feeds.publish(connection, village, [feeds.Publication("dossier_state", record, told, critical=False)], now_ms)
    await trail.record(connection, at_ms=now_ms, actor=actor, action=f"dossier_{step}", subject=record.hex())
    return village


async def _keep_result(connection: Connection, record: bytes, village: str, outcome: Outcome) -> ResultFile:
    """Cut the file into the frames in which its village will fetch it."""
    content = outcome.content
    cuts = (content[at : at + PART_BYTES_MAX] for at in range(0, len(content), PART_BYTES_MAX))
    frames = [encode(FilePart(cut)) for cut in cuts]
    parts = [sha256(frame).digest() for frame in frames]
    file = ResultFile(sha256(content).digest(), len(content), outcome.media_type, parts)
    await connection.execute(
        "INSERT INTO dossier_result (record, village, sha256, size, media_type) VALUES ($1, $2, $3, $4, $5)",
        *(record, village, file.sha256, file.size, file.media_type),
    )
    await connection.execute_many(
        "INSERT INTO dossier_result_part (record, number, digest, frame) VALUES ($1, $2, $3, $4)",
        [(record, at, digest, frame) for at, (digest, frame) in enumerate(zip(parts, frames, strict=True))],
    )
    return file


async def result_part(connection: Connection, digest: bytes, village: str) -> bytes | None:
    """The frame of a part, if it belongs to a dossier of this village."""
    frame: bytes | None = await connection.fetch_value(
        "SELECT p.frame FROM dossier_result_part AS p JOIN dossier_result AS r ON r.record = p.record"
        " WHERE p.digest = $1 AND r.village = $2 LIMIT 1",
        digest,
        village,
    )
    return frame


async def last_countersign(connection: Connection, actor: str) -> Countersign | None:
    """As whom this person countersigned the last time: their form begins with it."""
    return await _countersign(connection, "actor = $1 ORDER BY at_ms DESC LIMIT 1", actor)


async def _countersign(connection: Connection, which: str, value: object) -> Countersign | None:
    row = await connection.fetch_one(
        f"SELECT name, capacity, position, rank, nip FROM dossier_countersign WHERE {which}", value
    )
    return None if row is None else Countersign(*row)


async def result_of(connection: Connection, record: bytes) -> ResultFile | None:
    row = await connection.fetch_one("SELECT sha256, size, media_type FROM dossier_result WHERE record = $1", record)
    if row is None:
        return None
    parts = await connection.fetch_all(
        "SELECT digest FROM dossier_result_part WHERE record = $1 ORDER BY number", record
    )
    return ResultFile(row[0], row[1], row[2], [part[0] for part in parts])


async def worklist(
    connection: Connection, seat: Seat, state: str, village: str, page: int
) -> tuple[list[DossierLine], int]:
    """One page of what was sent to this office, and how many in all: what waits longest first, what is over last.

    `state`: one of them, `open` for all that are not over, empty for all.
    """
    args = _asked(seat, state, village)
    total: int = await connection.fetch_value("SELECT count(*) FROM dossier" + _OF_SEAT, *args)
    rows = await connection.fetch_all(
        f"{_LINES}{_OF_SEAT} ORDER BY state IN ('done', 'returned'),"
        " iif(state IN ('done', 'returned'), -moved_ms, received_ms), record LIMIT $4 OFFSET $5",
        *args,
        PAGE_ROWS,
        (page - 1) * PAGE_ROWS,
    )
    return [_line(row) for row in rows], total


async def counts(connection: Connection, seat: Seat) -> dict[str, int]:
    """What was sent to this office, by state."""
    rows = await connection.fetch_all(f"SELECT state, count(*) FROM dossier{_OF_SEAT} GROUP BY state", *_asked(seat))
    return {row[0]: row[1] for row in rows}


async def line(connection: Connection, seat: Seat, record: bytes) -> DossierLine | None:
    """None where there is none or it was sent to somebody else."""
    row = await connection.fetch_one(f"{_LINES}{_OF_SEAT} AND record = $4", *_asked(seat), record)
    return None if row is None else _line(row)


async def open_dossier(connection: Connection, seat: Seat, record: bytes) -> Opened | None:
    """The same with its letter, read from the village's log."""
    found = await line(connection, seat, record)
    place = await connection.fetch_one(
        "SELECT log.log_id, dossier.seq, letter_log, letter_seq, letter_hash FROM dossier"
        " JOIN log ON log.village = dossier.village AND log.epoch = dossier.epoch WHERE record = $1",
        record,
    )
    if found is None or place is None:
        return None
    sent = await _read(connection, found.village, place[0], place[1], record)
    letter = await _read(connection, found.village, place[2], place[3], place[4])
    rows = await connection.fetch_all(
        "SELECT state, note, at_ms, actor FROM dossier_step WHERE record = $1 ORDER BY number", record
    )
    return Opened(
        found,
        sent if isinstance(sent, DossierSent) else None,
        letter if isinstance(letter, LetterIssued) else None,
        [Step(State(row[0]), row[1], row[2], row[3]) for row in rows],
        await _countersign(connection, "record = $1", record),
        await result_of(connection, record),
        await attachments.of_record(connection, found.village, place[4][:ID_BYTES]),
    )


async def picture(connection: Connection, seat: Seat, record: bytes, attachment: bytes) -> tuple[str, bytes] | None:
    """(media type, content) of a photograph beside the letter of a dossier that was sent to this office; else None."""
    found = await line(connection, seat, record)
    letter = await connection.fetch_value("SELECT letter FROM dossier WHERE record = $1", record)
    return None if found is None else await attachments.picture(connection, found.village, letter, attachment)


async def _read(connection: Connection, village: str, log_id: bytes, seq: int, hash_: bytes) -> object:
    """What the very record says whose hash begins so, in whichever branch of the log it stands."""
    for log in await logs.of_log_id(connection, village, log_id):
        ops: list[Op] = await logs.read(connection, log, seq - 1, 1) if seq else []
        if ops and ops[0].seq == seq and ops[0].hash.startswith(hash_):
            try:
                return read_op(ops[0])[1]
            except Unreadable:
                return None
    return None


async def all_records(connection: Connection) -> dict[bytes, tuple[str, int, int]]:
    """(village, epoch, seq) of every dossier, for the audit."""
    rows = await connection.fetch_all("SELECT record, village, epoch, seq FROM dossier")
    return {row[0]: (row[1], row[2], row[3]) for row in rows}


_OF_SEAT = (
    " WHERE agency = $1 AND state IN (SELECT value FROM json_each($2)) AND village IN (SELECT value FROM json_each($3))"
)


def _asked(seat: Seat, state: str = "", village: str = "") -> tuple[str, str, str]:
    """For `_OF_SEAT`. A village that the office does not serve finds nothing."""
    states = {"": list(State), "open": list(OPEN)}.get(state, [state])
    served = [code for code in seat.villages if village in {"", code}]
    return seat.agency.key, msgspec.json.encode(states).decode(), msgspec.json.encode(served).decode()


_LINES = (
    "SELECT record, village, title, state, claimed_ms, received_ms, moved_ms, former <> x'',"
    " EXISTS (SELECT 1 FROM letter_void AS v WHERE v.village = dossier.village AND v.letter = dossier.letter)"
    " FROM dossier"
)


def _line(row: Row) -> DossierLine:
    return DossierLine(row[0], row[1], row[2], State(row[3]), row[4], row[5], row[6], bool(row[7]), bool(row[8]))
