"""The registers as rows: how many a year has, some of them in order, and those that a search finds.

Only reads. A search looks through one year of one book; `LIKE` on an index that holds all it asks for.
"""

import re
from dataclasses import dataclass

from agent.domain.events import EventKind, State
from agent.domain.incoming import SERIES_INCOMING
from agent.domain.registers import HandoverEntry, IncomingEntry, MutationEntry, OutgoingEntry, ResidentEntry
from chassis.database import Connection

NUMBERS_TYPED_MAX = 8
"""Runs of digits taken from what was typed: a printed number has four or five."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """One year of a book; `typed` narrows it to a number or to names, `kind` (outgoing letters only) to one kind."""

    year: int
    typed: str = ""
    kind: str = ""


async def years(connection: Connection) -> list[int]:
    """Years in which a number was used or a letter handed over."""
    rows = await connection.fetch_all(
        "WITH RECURSIVE handed (year) AS (SELECT max(year) FROM handover UNION ALL"  # one step a year, not one a row
        " SELECT (SELECT max(year) FROM handover WHERE year < handed.year) FROM handed WHERE handed.year IS NOT NULL)"
        " SELECT year FROM number_floor UNION SELECT year FROM handed WHERE year IS NOT NULL"
    )
    return [r[0] for r in rows]


# --- outgoing ---------------------------------------------------------------------------------------------------------


async def count_outgoing(connection: Connection, wanted: Wanted) -> int:
    letters, voids, args = _outgoing(wanted)
    total: int = await connection.fetch_value(
        f"SELECT (SELECT count(*) FROM letter WHERE {letters}) + (SELECT count(*) FROM number_void WHERE {voids})",
        *args,
    )
    return total


async def outgoing(
    connection: Connection, wanted: Wanted, *, limit: int, offset: int, is_newest_first: bool = False
) -> list[OutgoingEntry]:
    """Letters and voided ranges by series and number. The places are found in the index, only the rows shown are read."""
    letters, voids, args = _outgoing(wanted)
    down = " DESC" if is_newest_first else ""
    rows = await connection.fetch_all(
        "SELECT coalesce(letter.id, x''), place.series, place.number, coalesce(number_void.last, place.number),"
        " coalesce(letter.printed_number, ''), coalesce(letter.issued_on, ''), coalesce(letter.kind, ''),"
        " coalesce(letter.subject_name, ''), coalesce(number_void.reason, letter.voided_reason)"
        " FROM (SELECT series, number, rowid AS letter, NULL AS void FROM letter"
        f" WHERE {letters} UNION ALL"
        f" SELECT series, first, NULL, rowid FROM number_void WHERE {voids}"
        f" ORDER BY 1{down}, 2{down} LIMIT {limit:d} OFFSET {offset:d}) AS place"
        " LEFT JOIN letter ON letter.rowid = place.letter LEFT JOIN number_void ON number_void.rowid = place.void"
        f" ORDER BY place.series{down}, place.number{down}",
        *args,
    )
    return [
        OutgoingEntry(
            letter=r[0],
            series=r[1],
            number=r[2],
            last=r[3],
            printed_number=r[4],
            issued_on=r[5],
            kind=r[6],
            subject_name=r[7],
            void_reason=r[8],
        )
        for r in rows
    ]


def _outgoing(wanted: Wanted) -> tuple[str, str, list[object]]:
    """The conditions on letters and on voided ranges, and their arguments."""
    letters, voids = ["year = $1"], [f"year = $1 AND series != '{SERIES_INCOMING}'"]
    args: list[object] = [wanted.year]
    if wanted.kind:
        args.append(wanted.kind)
        letters.append(f"kind = ${len(args)}")
        voids.append("0")
    numbers = numbers_in(wanted.typed)
    if numbers:
        listed = ", ".join(str(number) for number in numbers)
        letters.append(f"number IN ({listed})")
        voids.append("(" + " OR ".join(f"{number} BETWEEN first AND last" for number in numbers) + ")")
        if not wanted.typed.isdigit():
            args.append(wanted.typed)
            letters.append(f"printed_number = ${len(args)}")
            voids.append("0")
    elif wanted.typed:
        letters.append(begins(wanted.typed, "subject_name", args))
        voids.append("0")
    return " AND ".join(letters), " AND ".join(voids), args


# --- incoming ---------------------------------------------------------------------------------------------------------


async def count_incoming(connection: Connection, wanted: Wanted) -> int:
    total: int = await connection.fetch_value(
        "SELECT (SELECT count(*) FROM incoming WHERE year = $1)"
        f" + (SELECT count(*) FROM number_void WHERE year = $1 AND series = '{SERIES_INCOMING}')",
        wanted.year,
    )
    return total


async def incoming(
    connection: Connection, wanted: Wanted, *, limit: int, offset: int, is_newest_first: bool = False
) -> list[IncomingEntry]:
    """Incoming letters and voided ranges by number. A search looks at the number, the sender, their number and the subject."""
    args: list[object] = [wanted.year]
    letters, voids = ["year = $1"], ["year = $1", f"series = '{SERIES_INCOMING}'"]
    if wanted.typed.isascii() and wanted.typed.isdigit():
        number = int(wanted.typed[:NUMBERS_TYPED_MAX])
        letters.append(f"number = {number}")
        voids.append(f"{number} BETWEEN first AND last")
    elif wanted.typed:
        letters.append(begins(wanted.typed, "sender || ' ' || subject || ' ' || their_number", args))
        voids.append("0")
    down = " DESC" if is_newest_first else ""
    rows = await connection.fetch_all(
        "SELECT coalesce(incoming.id, x''), place.number, coalesce(number_void.last, place.number),"
        " coalesce(received_on, ''), coalesce(sender, ''), coalesce(their_number, ''), coalesce(dated, ''),"
        " coalesce(subject, ''), coalesce(disposition, ''), number_void.reason"
        " FROM (SELECT number, rowid AS letter, NULL AS void FROM incoming"
        f" WHERE {' AND '.join(letters)} UNION ALL"
        f" SELECT first, NULL, rowid FROM number_void WHERE {' AND '.join(voids)}"
        f" ORDER BY 1{down} LIMIT {limit:d} OFFSET {offset:d}) AS place"
        " LEFT JOIN incoming ON incoming.rowid = place.letter LEFT JOIN number_void ON number_void.rowid = place.void"
        f" ORDER BY place.number{down}",
        *args,
    )
    return [
        IncomingEntry(
            incoming=r[0],
            number=r[1],
            last=r[2],
            received_on=r[3],
            sender=r[4],
            their_number=r[5],
            dated=r[6],
            subject=r[7],
            disposition=r[8],
            void_reason=r[9],
        )
        for r in rows
    ]


# --- handed over ------------------------------------------------------------------------------------------------------


async def count_handovers(connection: Connection, wanted: Wanted) -> int:
    total: int = await connection.fetch_value("SELECT count(*) FROM handover WHERE year = $1", wanted.year)
    return total


async def handovers(
    connection: Connection, wanted: Wanted, *, limit: int, offset: int, is_newest_first: bool = False
) -> list[HandoverEntry]:
    """Letters handed over, by day and by when it was written down. A search looks at both people, or at the letter's number."""
    args: list[object] = [wanted.year]
    where = "year = $1"
    if numbers := numbers_in(wanted.typed):
        args.append(wanted.typed)
        where += (
            " AND letter IN (SELECT id FROM letter WHERE year IN ($1, $1 - 1)"
            f" AND number IN ({', '.join(map(str, numbers))}) AND $2 IN (printed_number, CAST(number AS TEXT)))"
        )
    elif wanted.typed:
        where += " AND " + begins(wanted.typed, "recipient || ' ' || received_by", args)
    down = " DESC" if is_newest_first else ""
    order = f"handed_on{down}, handover.written_ms{down}, handover.rowid{down}"
    rows = await connection.fetch_all(
        "SELECT letter, handed_on, recipient, received_by, actor, coalesce(printed_number, ''), coalesce(issued_on, ''),"
        " coalesce(kind, ''), voided_reason IS NOT NULL FROM handover LEFT JOIN letter ON letter.id = handover.letter"
        f" WHERE handover.rowid IN (SELECT rowid FROM handover WHERE {where}"
        f" ORDER BY {order} LIMIT {limit:d} OFFSET {offset:d}) ORDER BY {order}",
        *args,
    )
    whole = await count_handovers(connection, wanted)
    return [
        HandoverEntry(
            letter=r[0],
            place=_place(wanted, offset + n, whole if is_newest_first else 0),
            handed_on=r[1],
            recipient=r[2],
            received_by=r[3],
            actor=r[4],
            printed_number=r[5],
            issued_on=r[6],
            kind=r[7],
            is_void=bool(r[8]),
        )
        for n, r in enumerate(rows)
    ]


# --- residents --------------------------------------------------------------------------------------------------------


async def count_residents(connection: Connection, _wanted: Wanted) -> int:
    total: int = await connection.fetch_value("SELECT count(*) FROM resident")
    return total


async def residents(connection: Connection, wanted: Wanted, *, limit: int, offset: int) -> list[ResidentEntry]:
    """Residents by neighbourhood, household and age. A search takes the beginning of a NIK or KK, else of the name's words."""
    args: list[object] = []
    where, digits = "1", _digits_in(wanted.typed)
    if digits:
        args = [digits, digits + ":"]  # ':' follows '9'
        where = "(nik >= $1 AND nik < $2) OR (kk >= $1 AND kk < $2)"
    elif wanted.typed:
        where = begins(wanted.typed, "name", args)
    order = "rw, rt, kk, birth_date, rowid"
    rows = await connection.fetch_all(
        "SELECT id, name, sex, marital_status, birth_place, birth_date, religion, occupation, address, hamlet,"
        f" rt, rw, relation, nik, kk, state, state_on FROM resident WHERE rowid IN (SELECT rowid FROM resident WHERE {where}"
        f" ORDER BY {order} LIMIT {limit:d} OFFSET {offset:d}) ORDER BY {order}",
        *args,
    )
    return [
        ResidentEntry(
            resident=r[0],
            place=_place(wanted, offset + n, 0),
            name=r[1],
            sex=r[2],
            marital_status=r[3],
            birth_place=r[4],
            birth_date=r[5],
            religion=r[6],
            occupation=r[7],
            address=r[8],
            hamlet=r[9],
            rt=r[10],
            rw=r[11],
            relation=r[12],
            nik=r[13],
            kk=r[14],
            state=State(r[15]),
            state_on=r[16],
        )
        for n, r in enumerate(rows)
    ]


# --- births, deaths, moves --------------------------------------------------------------------------------------------

_MUTATIONS = (
    "resident_event event JOIN resident ON resident.id = event.resident"
    " WHERE happened_on >= $1 AND happened_on <= $2 AND withdrawn_reason IS NULL"
)


async def mutation_years(connection: Connection) -> list[int]:
    """Years in which somebody was born, died or moved, by the day on which it happened."""
    rows = await connection.fetch_all(
        "SELECT DISTINCT substr(happened_on, 1, 4) FROM resident_event WHERE withdrawn_reason IS NULL AND happened_on != ''"
    )
    return [int(r[0]) for r in rows]


async def count_mutations(connection: Connection, wanted: Wanted) -> int:
    total: int = await connection.fetch_value(f"SELECT count(*) FROM {_MUTATIONS}", *_days(wanted.year))
    return total


async def mutations(
    connection: Connection, wanted: Wanted, *, limit: int, offset: int, is_newest_first: bool = False
) -> list[MutationEntry]:
    """What happened in a year, by day and by when it was written down; withdrawn events are left out. A search takes the
    beginning of a NIK, else of the name's words."""
    args: list[object] = list(_days(wanted.year))
    where, digits = _MUTATIONS, _digits_in(wanted.typed)
    if digits:
        args += [digits, digits + ":"]
        where += " AND nik >= $3 AND nik < $4"
    elif wanted.typed:
        where += " AND " + begins(wanted.typed, "name", args)
    down = " DESC" if is_newest_first else ""
    rows = await connection.fetch_all(
        "SELECT resident.id, name, sex, birth_place, birth_date, kind, happened_on, place, reference, note"
        f" FROM {where} ORDER BY happened_on{down}, log{down}, seq{down} LIMIT {limit:d} OFFSET {offset:d}",
        *args,
    )
    whole = await count_mutations(connection, wanted)
    return [
        MutationEntry(
            resident=r[0],
            place=_place(wanted, offset + n, whole if is_newest_first else 0),
            name=r[1],
            sex=r[2],
            birth_place=r[3],
            birth_date=r[4],
            kind=EventKind(r[5]),
            happened_on=r[6],
            where=r[7],
            reference=r[8],
            note=r[9],
        )
        for n, r in enumerate(rows)
    ]


def _days(year: int) -> tuple[str, str]:
    return f"{year:04d}-01-01", f"{year:04d}-12-31"


def _place(wanted: Wanted, n: int, whole: int) -> int:
    """The place in its book of row `n`, from zero; `whole`: lines of a book that is read from its end, else 0."""
    if wanted.typed:
        return 0
    return whole - n if whole else n + 1


# --- what was typed ---------------------------------------------------------------------------------------------------


def _digits_in(typed: str) -> str:
    """A NIK or family card number as typed, in groups or not; empty for anything else."""
    digits = "".join(typed.split())
    return digits if digits.isascii() and digits.isdigit() else ""


def numbers_in(typed: str) -> list[int]:
    """The numbers that a typed letter number may mean: `123`, or any part of `470/123/429.508.03/2021`; none for a name."""
    if not re.fullmatch(r"[0-9A-Za-z ./_-]*[0-9][0-9A-Za-z ./_-]*", typed):
        return []
    return sorted({int(run) for run in re.findall(r"[0-9]{1,5}", typed)})[:NUMBERS_TYPED_MAX]


def begins(typed: str, column: str, args: list[object]) -> str:
    """Each typed word begins a word of the column; letter case does not count. Adds to the arguments."""
    conditions = []
    for word in typed.split()[:8]:
        args.append("% " + word.replace("!", "!!").replace("%", "!%").replace("_", "!_") + "%")
        conditions.append(f"(' ' || {column}) LIKE ${len(args)} ESCAPE '!'")
    return "(" + " AND ".join(conditions) + ")"
