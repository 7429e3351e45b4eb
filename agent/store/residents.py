"""Residents in the village's database: register, correct, search as fast as a clerk types."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import msgspec

from agent.domain import refusal
from agent.domain.events import State
from agent.domain.refusal import Refusal
from agent.domain.residents import Resident, Search, place_on_card, read_search
from agent.store.desk import Desk
from chassis.database import Connection, Row
from protocol import ops
from protocol.ids import Nik, Sex, is_placeholder
from protocol.ops import FORMER_KKS_MAX

_COLUMNS = (
    "id, nik, kk, name, birth_place, birth_date, sex, mother, father, religion, marital_status, occupation, relation,"
    " address, hamlet, rt, rw, state, state_on"
)
PROVISIONAL_SERIAL_DIGITS = 5
"""What is left of sixteen digits behind the 0 and the village's code."""
_NAMES = _COLUMNS.split(", ")


@dataclass(frozen=True, slots=True)
class Registered:
    """A resident with the id of their registration, and what became of them (`state_on`: since when, or empty)."""

    id: bytes
    resident: Resident
    state: State = State.HERE
    state_on: str = ""


async def register(desk: Desk, resident: Resident, actor: str, *, replaces: bytes = b"") -> bytes | Refusal:
    """Write a new resident, or correct the one whose id is `replaces`. The id is the record id of the first registration."""
    if replaces and await desk.connection.fetch_value("SELECT 1 FROM resident WHERE id = $1", replaces) is None:
        return refusal.RESIDENT_NOT_FOUND
    holder = await desk.connection.fetch_value("SELECT id FROM resident WHERE nik = $1", resident.nik)
    if holder is not None and holder != replaces and not is_placeholder(Nik(resident.nik)):
        return refusal.NIK_TAKEN
    return await record(desk, resident, actor, replaces=replaces)


async def record(desk: Desk, resident: Resident, actor: str, *, replaces: bytes = b"") -> bytes:
    """The same for a caller that has looked up in this transaction who holds the NIK."""
    op = await desk.append(lambda salt: _to_wire(resident, salt, replaces, actor))
    return replaces or op.record_id


async def register_all(desk: Desk, residents: Sequence[Resident], actor: str) -> int:
    """Register many in one transaction; those whose NIK is already on record are left as they are."""
    written = 0
    for resident in residents:
        if isinstance(await register(desk, resident, actor), bytes):
            written += 1
    return written


async def get(connection: Connection, resident_id: bytes) -> Registered | None:
    row = await connection.fetch_one(f"SELECT {_COLUMNS} FROM resident WHERE id = $1", resident_id)
    return None if row is None else _registered(row)


async def with_niks(connection: Connection, niks: Sequence[str]) -> list[Registered]:
    """Everybody on record under one of these NIKs; a placeholder may be several people's."""
    places = ", ".join(f"${at}" for at in range(1, len(niks) + 1))
    rows = await connection.fetch_all(f"SELECT {_COLUMNS} FROM resident WHERE nik IN ({places})", *niks)
    return [_registered(r) for r in rows]


async def of_nik(connection: Connection, nik: str) -> Registered | None:
    """The one resident with this NIK; nobody for a placeholder, which stands for many."""
    if is_placeholder(Nik(nik)):
        return None
    rows = await connection.fetch_all(f"SELECT {_COLUMNS} FROM resident WHERE nik = $1 LIMIT 2", nik)
    return _registered(rows[0]) if len(rows) == 1 else None


async def household(connection: Connection, kk: str) -> list[Registered]:
    """The members of a family card as it prints them; empty without one."""
    if not kk:
        return []
    rows = await connection.fetch_all(f"SELECT {_COLUMNS} FROM resident WHERE kk = $1 ORDER BY birth_date LIMIT 50", kk)
    return sorted(map(_registered, rows), key=lambda each: place_on_card(each.resident))


@dataclass(frozen=True, slots=True)
class CardTime:
    """Somebody's time on a family card, by the days on which the village wrote it down; no `until_on`: still."""

    kk: str
    since_on: str
    until_on: str | None


async def cards(connection: Connection, resident_id: bytes) -> list[CardTime]:
    """Every family card a resident was ever on, the newest first."""
    rows = await connection.fetch_all(
        "SELECT kk, since_on, until_on FROM household_membership WHERE resident = $1 ORDER BY id DESC", resident_id
    )
    return [CardTime(*row) for row in rows]


def former_kks(times: Sequence[CardTime], current: str) -> list[tuple[str, int]]:
    """Of somebody's times on cards, the newest first: (card, month left) of each other than today's, 12 * year + month - 1."""
    left: dict[str, int] = {}
    for each in times:
        if each.until_on and each.kk != current:
            day = date.fromisoformat(each.until_on)
            left.setdefault(each.kk, 12 * day.year + day.month - 1)  # also where the clock stood in another century
    return list(left.items())[:FORMER_KKS_MAX]


async def former_members(connection: Connection, kk: str) -> list[tuple[Registered, CardTime]]:
    """Who was on a family card and no longer is, the last to leave first."""
    columns = ", ".join(f"resident.{column}" for column in _COLUMNS.split(", "))
    rows = await connection.fetch_all(
        f"SELECT {columns}, old.kk AS card, old.since_on, old.until_on FROM household_membership old"
        " JOIN resident ON resident.id = old.resident"
        " WHERE old.kk = $1 AND old.until_on IS NOT NULL AND resident.kk != $1 ORDER BY old.id DESC LIMIT 50",
        kk,
    )
    return [(_registered(row), CardTime(row["card"], row["since_on"], row["until_on"])) for row in rows]


async def search(connection: Connection, typed: str, limit: int) -> list[Registered]:
    """By the beginning of a NIK or KK (digits, grouped or not) or of a name's words in any order, within an RT or RW if named."""
    wanted = read_search(typed)
    if wanted.digits:
        where, args = "((nik >= $1 AND nik < $2) OR (kk >= $1 AND kk < $2))", [wanted.digits, wanted.digits + ":"]
    elif wanted.words:
        where, args = _like(wanted)
    else:
        where, args = "true", []
    for column, number in (("rt", wanted.rt), ("rw", wanted.rw)):
        if number:
            args.append(number)
            where += f" AND {column} = ${len(args)}"
    if not args:
        return []
    rows = await connection.fetch_all(
        f"SELECT {_COLUMNS} FROM resident WHERE {where} ORDER BY name, birth_date LIMIT {limit:d}", *args
    )
    return [_registered(r) for r in rows]


def _like(wanted: Search) -> tuple[str, list[str]]:
    """Every word must begin a word of the name, in one of its forms; or the words joined begin the name joined."""
    args = [f"% {_escape(form)}%" for forms in wanted.words for form in forms]
    places = iter(range(1, len(args) + 1))
    any_form = (" OR ".join(f"name_key LIKE ${next(places)} ESCAPE '!'" for _ in forms) for forms in wanted.words)
    every_word = " AND ".join(f"({condition})" for condition in any_form)
    if not wanted.joined:
        return f"({every_word})", args
    at = len(args) + 1  # 'Z' and more cannot follow: a key is letters only
    return f"(({every_word}) OR (name_joined >= ${at} AND name_joined < ${at + 1}))", [
        *args,
        wanted.joined,
        wanted.joined + "[",
    ]


async def provisional_nik(connection: Connection, village: str) -> str:
    """A placeholder for a child that has no NIK yet: 0, the village's code, the next serial. It identifies nobody."""
    highest = await connection.fetch_value("SELECT max(nik) FROM resident WHERE nik > $1 AND nik < $2", *_span(village))
    serial = int(highest[-PROVISIONAL_SERIAL_DIGITS:]) if highest else 0
    return f"0{village}{serial + 1:0{PROVISIONAL_SERIAL_DIGITS}d}"


def _span(village: str) -> tuple[str, str]:
    return f"0{village}", f"0{village}:"  # ':' follows '9'


async def count(connection: Connection) -> int:
    total: int = await connection.fetch_value("SELECT count(*) FROM resident")
    return total


def _escape(text: str) -> str:
    return text.replace("!", "!!").replace("%", "!%").replace("_", "!_")


def _registered(row: Row) -> Registered:
    values = {column: row[column] for column in _NAMES}
    values |= {"birth_date": date.fromisoformat(row["birth_date"]), "sex": Sex(row["sex"])}
    resident_id, state, state_on = values.pop("id"), State(values.pop("state")), values.pop("state_on")
    return Registered(resident_id, Resident(**values), state, state_on)


def _to_wire(resident: Resident, salt: bytes, replaces: bytes, actor: str) -> ops.ResidentRecorded:
    values = msgspec.structs.asdict(resident) | {
        "birth_date": resident.birth_date.isoformat(),
        "sex": resident.sex.value,
    }
    return ops.ResidentRecorded(salt=salt, resident=replaces, actor=actor, **values)
