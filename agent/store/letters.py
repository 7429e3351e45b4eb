"""Letters in the village's database: number and issue in one transaction, void with a reason, find again exactly as issued."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

import msgspec

from agent.domain import numbering, refusal
from agent.domain.commands import is_number
from agent.domain.letters import Draft, Letter, Letterhead, Signer, Subject, decode_fields, encode_fields, number_draft
from agent.domain.refusal import Refusal
from agent.store.desk import Desk
from chassis.database import Connection, Row
from protocol import ops
from protocol.ids import Sex
from protocol.letter_kinds import LetterKind
from protocol.ops import NumberHigh

LIST_MAX = 200
"""Letters on one page of the register."""
VOID_RANGE_MAX = 5_000
"""Numbers voided by one record: more than any office loses with one disk."""


@dataclass(frozen=True, slots=True)
class LetterRow:
    """A letter as lists show it. `is_acked`: the centre holds its record."""

    id: bytes
    kind: str
    number: int
    printed_number: str
    issued_on: str
    subject_name: str
    written_ms: int
    voided_reason: str | None
    is_acked: bool
    resident: bytes


async def issue(
    desk: Desk,
    draft: Draft,
    kind: LetterKind,
    policy: numbering.NumberingPolicy,
    resident: bytes,
    actor: str,
    *,
    is_date_confirmed: bool,
) -> Letter | Refusal:
    """Give the draft its number and write it. The next number is read and used inside this one transaction."""
    if not await desk.is_numbering_known():
        return refusal.NUMBERING_UNKNOWN
    last_ms = await desk.connection.fetch_value("SELECT max(written_ms) FROM letter")
    if numbering.needs_date_confirmation(last_ms, desk.now_ms) and not is_date_confirmed:
        return refusal.DATE_UNCONFIRMED
    year = draft.date.year
    series = numbering.series_of(kind, policy, year)
    number = numbering.next_number(await desk.highest(), series, year)
    printed = numbering.print_number(policy, kind, number, draft.date)
    op = await desk.append(lambda salt: _to_wire(draft, salt, series, number, printed, resident, actor))
    return number_draft(draft, op.record_id, series, number, printed)


async def void(desk: Desk, letter_id: bytes, reason: str, actor: str) -> Refusal | None:
    """Declare a letter invalid. Its number stays used; the letter stays readable, marked void."""
    row = await desk.connection.fetch_one("SELECT voided_reason FROM letter WHERE id = $1", letter_id)
    if row is None:
        return refusal.LETTER_NOT_FOUND
    if row[0] is not None:
        return refusal.LETTER_ALREADY_VOID
    await desk.append(lambda salt: ops.LetterVoided(salt=salt, letter=letter_id, reason=reason, actor=actor))
    return None


async def void_numbers(
    desk: Desk, series: str, year: int, span: tuple[int, int], reason: str, actor: str
) -> Refusal | None:
    """Say why numbers carry no letter (lost with a disk, spoiled paper). Only numbers that exist and are free of a record."""
    first, last = span
    highest = (await desk.highest()).get((series, year), 0)
    used = await desk.connection.fetch_value(
        "SELECT count(*) FROM number_used WHERE series = $1 AND year = $2 AND number BETWEEN $3 AND $4",
        series,
        year,
        first,
        last,
    )
    if not 1 <= first <= last <= highest or last - first >= VOID_RANGE_MAX or used:
        return refusal.NUMBER_RANGE
    await desk.append(
        lambda salt: ops.NumbersVoided(
            salt=salt, series=series, year=year, first=first, last=last, reason=reason, actor=actor
        )
    )
    return None


async def missing_numbers(connection: Connection) -> list[tuple[str, int, int, int]]:
    """Numbers that exist by all accounts but carry neither a letter nor a void here: (series, year, first, last)."""
    missing = []
    for series, year, highest in await connection.fetch_all(
        "SELECT series, year, number FROM number_floor ORDER BY year, series"
    ):
        used = await connection.fetch_value(
            "SELECT count(DISTINCT number) FROM number_used WHERE series = $1 AND year = $2 AND number <= $3",
            series,
            year,
            highest,
        )
        if used == highest:  # as it is but after a loss: fifty thousand numbers are counted, not read
            continue
        rows = await connection.fetch_all(
            "SELECT DISTINCT number FROM number_used WHERE series = $1 AND year = $2", series, year
        )
        missing += [(series, year, first, last) for first, last in numbering.gaps([r[0] for r in rows], [], highest)]
    return missing


KindAt = Callable[[str, int], LetterKind | None]
"""(kind, version of its text) -> the kind as it was then; None: nobody here knows it (yet)."""


async def find(connection: Connection, letter_id: bytes, kind_at: KindAt) -> tuple[Letter, LetterRow] | None:
    """The letter exactly as issued, from its own record, and its row."""
    row = await connection.fetch_one(_ROWS + " WHERE letter.id = $1", letter_id)
    if row is None:
        return None
    header_body = await connection.fetch_one(
        "SELECT header, body FROM op WHERE log = $1 AND seq = $2", row["log"], row["seq"]
    )
    if header_body is None:
        return None
    body = ops.read_body(ops.read_header(header_body[0]), header_body[1])
    kind = kind_at(body.kind, body.text_version) if isinstance(body, ops.LetterIssued) else None
    if not isinstance(body, ops.LetterIssued) or kind is None:
        return None  # written by a newer program, or in a kind yet to come again from the regency: readable after that
    return _from_wire(letter_id, body, kind), _row(row)


async def row(connection: Connection, letter_id: bytes) -> LetterRow | None:
    """A letter as lists show it."""
    found = await connection.fetch_one(_ROWS + " WHERE letter.id = $1", letter_id)
    return None if found is None else _row(found)


async def is_held(connection: Connection, letter_id: bytes) -> bool:
    """Whether this server holds that letter: of two on one number one may stand on a copy's branch only."""
    return await connection.fetch_value("SELECT 1 FROM letter WHERE id = $1", letter_id) is not None


async def recent(connection: Connection, *, limit: int = LIST_MAX, offset: int = 0) -> list[LetterRow]:
    """The register, newest first."""
    rows = await connection.fetch_all(
        _ROWS + " ORDER BY letter.written_ms DESC, letter.number DESC, letter.id LIMIT $1 OFFSET $2", limit, offset
    )
    return [_row(r) for r in rows]


async def by_number(connection: Connection, typed: str, limit: int) -> list[LetterRow]:
    """By the running number (digits alone), else by the beginning of the number as printed; highest or newest first."""
    if not typed:
        return []
    args: tuple[object, ...]
    if is_number(typed):
        where, order, args = "letter.number = $1", "letter.written_ms", (min(int(typed), numbering.NUMBER_MAX + 1),)
    else:
        where, order, args = _PRINTED, _PRINTED_ORDER, (typed, typed + LAST_CHARACTER)
    rows = await connection.fetch_all(_ROWS + f" WHERE {where} ORDER BY {order} DESC LIMIT {limit:d}", *args)
    return [_row(r) for r in rows]


async def of_resident(connection: Connection, resident: bytes) -> list[LetterRow]:
    rows = await connection.fetch_all(
        _ROWS + " WHERE letter.resident = $1 ORDER BY letter.written_ms DESC LIMIT $2", resident, LIST_MAX
    )
    return [_row(r) for r in rows]


async def count(connection: Connection) -> int:
    total: int = await connection.fetch_value("SELECT count(*) FROM letter")
    return total


async def count_on(connection: Connection, day: date) -> int:
    """Letters that bear this date."""
    total: int = await connection.fetch_value("SELECT count(*) FROM letter WHERE issued_on = $1", day.isoformat())
    return total


async def count_by_kind(connection: Connection) -> dict[str, int]:
    """Letters ever issued here, by kind."""
    return {r[0]: r[1] for r in await connection.fetch_all("SELECT kind, count(*) FROM letter GROUP BY kind")}


async def numbers(connection: Connection) -> list[NumberHigh]:
    """The highest number of each series and year."""
    rows = await connection.fetch_all("SELECT series, year, number FROM number_floor ORDER BY year DESC, series")
    return [NumberHigh(r[0], r[1], r[2]) for r in rows]


_ROWS = (
    "SELECT letter.id, letter.kind, letter.number, letter.printed_number, letter.issued_on, letter.subject_name,"
    " letter.written_ms, letter.voided_reason, letter.seq <= log.acked_seq AS is_acked, letter.resident, letter.log,"
    " letter.seq"
    " FROM letter JOIN log ON log.ordinal = letter.log"
)

_PRINTED = "letter.printed_number COLLATE NOCASE >= $1 AND letter.printed_number COLLATE NOCASE < $2"
_PRINTED_ORDER = "letter.printed_number COLLATE NOCASE"
"""As the index has it: the beginning that a whole year's letters share must not sort them all."""
LAST_CHARACTER = "\U0010ffff"
"""Sorts behind whatever may follow a beginning."""


def _row(row: Row) -> LetterRow:
    return LetterRow(row[0], row[1], row[2], row[3], row[4], row[5], row[6], row[7], bool(row[8]), row[9])


def _to_wire(
    draft: Draft, salt: bytes, series: str, number: int, printed_number: str, resident: bytes, actor: str
) -> ops.LetterIssued:
    return ops.LetterIssued(
        salt=salt,
        kind=draft.kind,
        series=series,
        year=draft.date.year,
        number=number,
        printed_number=printed_number,
        issued_on=draft.date.isoformat(),
        valid_until=draft.valid_until.isoformat() if draft.valid_until else "",
        subject=subject_to_wire(draft.subject, resident),
        fields=encode_fields(draft.fields),
        signer_name=draft.signer.name,
        signer_title=draft.signer.title,
        signer_nip=draft.signer.nip,
        letterhead=ops.Letterhead(**msgspec.structs.asdict(draft.letterhead)),
        text_version=draft.text_version,
        actor=actor,
    )


def subject_to_wire(subject: Subject, resident: bytes) -> ops.Subject:
    """The resident as printed, in the form of a record."""
    values = msgspec.structs.asdict(subject) | {
        "birth_date": subject.birth_date.isoformat(),
        "sex": subject.sex.value,
    }
    return ops.Subject(resident=resident, **values)


def subject_from_wire(subject: ops.Subject) -> Subject:
    """The same, read from a record."""
    values = {name: value for name, value in msgspec.structs.asdict(subject).items() if name != "resident"}
    values |= {"birth_date": date.fromisoformat(subject.birth_date), "sex": Sex(subject.sex)}
    return Subject(**values)


def _from_wire(letter_id: bytes, body: ops.LetterIssued, kind: LetterKind) -> Letter:
    return Letter(
        letter_id=letter_id,
        kind=body.kind,
        title=kind.title,
        declared_by=kind.declared_by,
        date=date.fromisoformat(body.issued_on),
        valid_until=date.fromisoformat(body.valid_until) if body.valid_until else None,
        subject=subject_from_wire(body.subject),
        fields=decode_fields(kind, body.fields),
        signer=Signer(name=body.signer_name, title=body.signer_title, nip=body.signer_nip),
        letterhead=msgspec.convert(msgspec.structs.asdict(body.letterhead), Letterhead),
        text_version=body.text_version,
        series=body.series,
        year=body.year,
        number=body.number,
        printed_number=body.printed_number,
    )
