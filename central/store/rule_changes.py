"""Changes of the rules: drafted by one officer, judged by another; and the editions that came of them.

The last edition is in force; none is ever changed or deleted. Approving writes the edition, tells the villages and marks
what it touches to be decided again, in one transaction. Only this file writes `rule_change` and `rule_edition`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256

import msgspec

from central.domain.answers import Rules
from central.domain.rule_changes import Book, Change, Edition, PutCycle, apply, read_change, touched, write_change
from central.domain.rule_words import Difference, differences
from central.store import coverage_sets, determinations, facts, feeds, trail
from chassis.database import Connection, Row
from protocol.codec import pack
from protocol.feed import REGENCY, Cycle
from protocol.schemes import Rulebook

WAITING, APPROVED, REFUSED = "waiting", "approved", "refused"
PAGE_ROWS = 50
"""Judged changes on one page."""


@dataclass(frozen=True, slots=True)
class Draft:
    """A change and what became of it. `differences`: as whoever judged it saw them; empty while it waits."""

    id: int
    change: Change
    reason: str
    drafted_by: str
    drafted_ms: int
    state: str
    judged_by: str
    judged_ms: int
    judged_reason: str
    differences: Sequence[Difference]


# --- the edition in force ---------------------------------------------------------------------------------------------


async def digest(connection: Connection) -> bytes:
    """Of the edition in force; empty for the one that ships with the program."""
    found: bytes | None = await connection.fetch_value("SELECT digest FROM rule_edition ORDER BY number DESC LIMIT 1")
    return found or b""


async def in_force(connection: Connection, first: Rules) -> Rules:
    """The rules in force; `first`: with the edition that ships with the program."""
    content = await _content(connection)
    if content is None:
        return first
    return Rules(_rulebook(content), first.reasons, sha256(content).digest(), first.former_terms)


async def book(connection: Connection, first: Edition) -> Book:
    """What a change is applied to: the edition in force with the cycles."""
    content = await _content(connection)
    edition = first if content is None else read_edition(content)
    locked = await determinations.locked_cycles(connection)
    return Book(edition, await facts.terms(connection), frozenset(locked))


async def _content(connection: Connection) -> bytes | None:
    content: bytes | None = await connection.fetch_value(
        "SELECT content FROM rule_edition ORDER BY number DESC LIMIT 1"
    )
    return content


@lru_cache(maxsize=4)
def _rulebook(content: bytes) -> Rulebook:
    return Rulebook(read_edition(content).rules)


def read_edition(content: bytes) -> Edition:
    return msgspec.msgpack.decode(content, type=Edition)


async def edition_at(connection: Connection, at_ms: int) -> int:
    """The number of the edition in force at a time; 0 for the one that ships with the program."""
    found: int | None = await connection.fetch_value(
        "SELECT max(number) FROM rule_edition JOIN rule_change ON rule_change.id = rule_edition.change"
        " WHERE judged_ms <= $1",
        at_ms,
    )
    return found or 0


async def check(connection: Connection) -> list[str]:
    """Is every edition what the trail says was approved? Empty when it is."""
    problems = []
    rows = await connection.fetch_all("SELECT number, change, content, digest FROM rule_edition ORDER BY number")
    said = await connection.fetch_all(f"SELECT subject FROM audit_trail WHERE action = '{_ACTION}{APPROVED}'")
    approved = {row[0] for row in said}
    for at, (number, change, content, kept) in enumerate(map(tuple, rows), start=1):
        if number != at or sha256(content).digest() != kept or _subject(change, kept) not in approved:
            problems.append(f"rules: edition {number} is not what was approved")
    return problems


# --- drafts -----------------------------------------------------------------------------------------------------------


async def draft(connection: Connection, change: Change, *, reason: str, actor: str, now_ms: int) -> int:
    """Keep a change until somebody else judges it; its id."""
    change_id: int = await connection.fetch_value(
        "INSERT INTO rule_change (change, reason, drafted_by, drafted_ms, state) VALUES ($1, $2, $3, $4, $5) RETURNING id",
        write_change(change),
        reason,
        actor,
        now_ms,
        WAITING,
    )
    await _note(connection, "drafted", str(change_id), actor, now_ms)
    return change_id


async def approve(connection: Connection, found: Draft, before: Book, *, actor: str, now_ms: int) -> None:
    """Put a waiting change in force. Raises ChangeRefused where it no longer fits the book."""
    after = apply(before, found.change)
    await _judge(connection, found, APPROVED, "", differences(before, after), actor, now_ms)
    content = b"" if isinstance(found.change, PutCycle) else msgspec.msgpack.encode(after.edition)
    await _note(connection, APPROVED, _subject(found.id, sha256(content).digest()), actor, now_ms)
    if isinstance(found.change, PutCycle):
        await facts.put_terms(connection, found.change.terms)
        await publish_cycle(connection, found.change.terms.cycle, now_ms)
        return
    await connection.execute(
        "INSERT INTO rule_edition (number, change, content, digest)"
        " SELECT coalesce(max(number), 0) + 1, $1, $2, $3 FROM rule_edition",
        found.id,
        content,
        sha256(content).digest(),
    )
    await coverage_sets.publish_rules(connection, after.edition.rules, now_ms)
    for scheme in sorted(touched(before, after)):
        await facts.disturb(connection, scheme, before.locked)


async def refuse(
    connection: Connection, found: Draft, shown: Sequence[Difference], *, reason: str, actor: str, now_ms: int
) -> None:
    await _judge(connection, found, REFUSED, reason, shown, actor, now_ms)
    await _note(connection, REFUSED, str(found.id), actor, now_ms)


async def publish_cycle(connection: Connection, cycle: Cycle, now_ms: int) -> None:
    item = feeds.Publication("cycle", b"cycle:" + cycle.code.encode(), pack(cycle))
    await feeds.publish(connection, REGENCY, [item], now_ms)


async def _judge(
    connection: Connection,
    found: Draft,
    state: str,
    reason: str,
    shown: Sequence[Difference],
    actor: str,
    now_ms: int,
) -> None:
    assert actor != found.drafted_by, "four eyes: the page refuses this before"
    done = await connection.execute(
        "UPDATE rule_change SET state = $2, judged_by = $3, judged_ms = $4, judged_reason = $5, differences = $6"
        " WHERE id = $1 AND state = 'waiting'",
        found.id,
        state,
        actor,
        now_ms,
        reason,
        msgspec.json.encode(shown).decode(),
    )
    assert done == 1, "judged once"


_ACTION = "rule_change_"


def _subject(change_id: int, content: bytes) -> str:
    """With what it made of the rules, so that the trail's chain holds every edition too."""
    return f"{change_id}:{content.hex()}"


async def _note(connection: Connection, what: str, subject: str, actor: str, now_ms: int) -> None:
    await trail.record(connection, at_ms=now_ms, actor=actor, action=_ACTION + what, subject=subject)


async def find(connection: Connection, change_id: int) -> Draft | None:
    row = await connection.fetch_one(f"SELECT {_COLUMNS} FROM rule_change WHERE id = $1", change_id)
    return None if row is None else _draft(row)


async def waiting(connection: Connection) -> list[Draft]:
    """Oldest first: they wait."""
    return [
        _draft(r) for r in await connection.fetch_all(f"SELECT {_COLUMNS} FROM rule_change WHERE state = 'waiting'")
    ]


async def count_judged(connection: Connection) -> int:
    total: int = await connection.fetch_value("SELECT count(*) FROM rule_change WHERE state <> 'waiting'")
    return total


async def judged(connection: Connection, number: int) -> list[Draft]:
    """One page of them, newest first; pages count from 1."""
    rows = await connection.fetch_all(
        f"SELECT {_COLUMNS} FROM rule_change WHERE state <> 'waiting' ORDER BY judged_ms DESC, id DESC LIMIT $1 OFFSET $2",
        PAGE_ROWS,
        (number - 1) * PAGE_ROWS,
    )
    return [_draft(r) for r in rows]


_COLUMNS = (
    "id, change, reason, drafted_by, drafted_ms, state, judged_by, judged_ms, judged_reason, coalesce(nullif(differences,"
    " ''), '[]')"
)


def _draft(row: Row) -> Draft:
    said = msgspec.json.decode(row[9], type=list[Difference])
    return Draft(row[0], read_change(row[1]), row[2], row[3], row[4], row[5], row[6], row[7], row[8], said)
