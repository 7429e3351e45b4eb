"""Residents in the village's database: register, correct, search as fast as a clerk types."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import msgspec

from agent.domain import refusal
from agent.domain.refusal import Refusal
from agent.domain.residents import Resident, search_words
from agent.store.desk import Desk
from chassis.database import Connection, Row
from protocol import ops
from protocol.ids import Nik, Sex, is_placeholder

_COLUMNS = (
    "id, nik, kk, name, birth_place, birth_date, sex, mother, father, religion, marital_status, occupation, relation,"
    " address, hamlet, rt, rw"
)


@dataclass(frozen=True, slots=True)
class Registered:
    """A resident with the id of their registration."""

    id: bytes
    resident: Resident


async def register(desk: Desk, resident: Resident, actor: str, *, replaces: bytes = b"") -> bytes | Refusal:
    """Write a new resident, or correct the one whose id is `replaces`. The id is the record id of the first registration."""
    if replaces and await desk.connection.fetch_value("SELECT 1 FROM resident WHERE id = $1", replaces) is None:
        return refusal.RESIDENT_NOT_FOUND
    holder = await desk.connection.fetch_value("SELECT id FROM resident WHERE nik = $1", resident.nik)
    if holder is not None and holder != replaces and not is_placeholder(Nik(resident.nik)):
        return refusal.NIK_TAKEN
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


async def of_nik(connection: Connection, nik: str) -> Registered | None:
    """The one resident with this NIK; nobody for a placeholder, which stands for many."""
    if is_placeholder(Nik(nik)):
        return None
    rows = await connection.fetch_all(f"SELECT {_COLUMNS} FROM resident WHERE nik = $1 LIMIT 2", nik)
    return _registered(rows[0]) if len(rows) == 1 else None


async def household(connection: Connection, kk: str) -> list[Registered]:
    """The members of a family card; empty without one."""
    if not kk:
        return []
    rows = await connection.fetch_all(f"SELECT {_COLUMNS} FROM resident WHERE kk = $1 ORDER BY birth_date LIMIT 50", kk)
    return [_registered(r) for r in rows]


async def search(connection: Connection, typed: str, limit: int) -> list[Registered]:
    """By the beginning of a NIK or KK (digits, grouped or not), else by the beginnings of a name's words in any order."""
    digits = "".join(typed.split())
    if digits.isascii() and digits.isdigit():
        where, args = "(nik >= $1 AND nik < $2) OR (kk >= $1 AND kk < $2)", [digits, digits + ":"]  # ':' follows '9'
    else:
        where, args = _like(search_words(typed))
    if not where:
        return []
    rows = await connection.fetch_all(
        f"SELECT {_COLUMNS} FROM resident WHERE {where} ORDER BY name, birth_date LIMIT {limit:d}", *args
    )
    return [_registered(r) for r in rows]


def _like(words: tuple[tuple[str, ...], ...]) -> tuple[str, list[str]]:
    """Every word must begin a word of the name, in one of its forms."""
    args = [f"% {_escape(form)}%" for forms in words for form in forms]
    places = iter(range(1, len(args) + 1))
    any_form = (" OR ".join(f"(' ' || name_key) LIKE ${next(places)} ESCAPE '!'" for _ in forms) for forms in words)
    return " AND ".join(f"({condition})" for condition in any_form), args


async def count(connection: Connection) -> int:
    total: int = await connection.fetch_value("SELECT count(*) FROM resident")
    return total


def _escape(text: str) -> str:
    return text.replace("!", "!!").replace("%", "!%").replace("_", "!_")


def _registered(row: Row) -> Registered:
    values = dict(zip(row.keys(), row, strict=True))
    values |= {"birth_date": date.fromisoformat(row["birth_date"]), "sex": Sex(row["sex"])}
    resident_id: bytes = values.pop("id")
    return Registered(resident_id, Resident(**values))


def _to_wire(resident: Resident, salt: bytes, replaces: bytes, actor: str) -> ops.ResidentRecorded:
    values = msgspec.structs.asdict(resident) | {
        "birth_date": resident.birth_date.isoformat(),
        "sex": resident.sex.value,
    }
    return ops.ResidentRecorded(salt=salt, resident=replaces, actor=actor, **values)
