"""The centre's word in the village's database: items stored in order, applied as far as this program understands.

Stored and applied are two cursors: an unknown critical item stops applying, never storing. A known kind whose value
cannot be read is the centre's fault: it is kept, counted and shown as such, and stops nothing. The digest over the
current values is always computed from what stands here and compared with what the centre says.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import msgspec

from agent.store import editions, results
from chassis.database import Connection
from protocol.codec import pack, unpack
from protocol.errors import Code, ProtocolError
from protocol.feed import (
    EMPTY_DIGEST,
    FEEDS,
    REGENCY,
    VALUES,
    VILLAGE,
    Decision,
    DossierState,
    Item,
    ObjectionDecided,
    State,
    replace,
)
from protocol.messages import Cursors

_PASSED = frozenset({"scheme", "exclusions"})
"""Kinds that are applied by keeping their value: nothing here reads them yet, so nothing here may judge them."""


@dataclass(frozen=True, slots=True)
class DigestMismatch:
    """Own digest and the centre's differ after the same item: the feed state must be fetched anew, and ops told."""

    feed: str
    seq: int
    own: bytes
    central: bytes


@dataclass(frozen=True, slots=True)
class Trouble:
    """What the centre said and this program does not show: values it cannot read, items that wait for an upgrade."""

    unreadable: int
    waiting: int


@dataclass(frozen=True, slots=True)
class _Cursor:
    timeline: bytes
    stored: int
    applied: int
    digest: bytes


async def cursors(connection: Connection) -> Cursors:
    village, regency = await _cursor(connection, "village"), await _cursor(connection, "regency")
    same = village.timeline == regency.timeline
    return Cursors(
        timeline=village.timeline if same else b"",
        village_stored=village.stored,
        village_applied=village.applied,
        regency_stored=regency.stored,
        regency_applied=regency.applied,
    )


async def store_items(
    connection: Connection, feed: str, timeline: bytes, items: Sequence[Item], now_ms: int
) -> DigestMismatch | None:
    """Store items that follow the stored cursor, apply what can be. Items seen before are passed over.

    Raises ProtocolError(GAP) when items are missing in between: the feed is dense, so something is wrong.
    """
    cursor = await _cursor(connection, feed)
    if cursor.timeline != timeline:
        raise ProtocolError(Code.SNAPSHOT, "items of another timeline")
    for item in items:
        if item.seq <= cursor.stored:
            continue
        if item.seq != cursor.stored + 1:
            raise ProtocolError(Code.GAP, f"feed item {item.seq} after {cursor.stored}")
        cursor, mismatch = await _take(connection, feed, cursor, item, now_ms)
        if mismatch:
            return mismatch
    await _save(connection, feed, cursor)
    return None


async def _take(
    connection: Connection, feed: str, cursor: _Cursor, item: Item, now_ms: int
) -> tuple[_Cursor, DigestMismatch | None]:
    if cursor.applied < cursor.stored or not _is_understood(item.kind, item.critical):
        await connection.execute(
            "INSERT INTO feed_pending (feed, seq, kind, critical, key, value, digest) VALUES ($1, $2, $3, $4, $5, $6, $7)",
            feed,
            item.seq,
            item.kind,
            int(item.critical),
            item.key,
            item.value,
            item.digest,
        )
        return _Cursor(cursor.timeline, item.seq, cursor.applied, cursor.digest), None
    digest = await _apply(connection, feed, cursor.digest, item, now_ms)
    cursor = _Cursor(cursor.timeline, item.seq, item.seq, digest)
    return cursor, None if digest == item.digest else DigestMismatch(feed, item.seq, digest, item.digest)


async def apply_pending(connection: Connection, now_ms: int) -> DigestMismatch | None:
    """After an upgrade: read what the former program could not, apply what was stored behind an item it did not know.

    A snapshot that held such an item leaves no order to resume in; it is asked for again.
    """
    await _read_again(connection, now_ms)
    for feed in FEEDS:
        cursor = await _cursor(connection, feed)
        rows = await connection.fetch_all(
            "SELECT seq, kind, critical, key, value, digest FROM feed_pending WHERE feed = $1 ORDER BY seq", feed
        )
        if cursor.applied < cursor.stored and (not rows or rows[0][0] != cursor.applied + 1):
            if await _is_state_understood(connection, feed):
                await forget_timeline(connection, feed)
            continue
        for row in rows:
            item = Item(row[0], row[1], bool(row[2]), row[3], row[4], row[5])
            if not _is_understood(item.kind, item.critical):
                break
            digest = await _apply(connection, feed, cursor.digest, item, now_ms)
            cursor = _Cursor(cursor.timeline, cursor.stored, item.seq, digest)
            await connection.execute("DELETE FROM feed_pending WHERE feed = $1 AND seq = $2", feed, item.seq)
            await _save(connection, feed, cursor)
            if digest != item.digest:
                return DigestMismatch(feed, item.seq, digest, item.digest)
    return None


async def replace_state(
    connection: Connection, feed: str, timeline: bytes, seq: int, digest: bytes, states: Sequence[State], now_ms: int
) -> DigestMismatch | None:
    """A snapshot in place of a feed's state. Decisions the centre does not know (any more) stay, marked unconfirmed."""
    await connection.execute("DELETE FROM feed_state WHERE feed = $1", feed)
    await connection.execute("DELETE FROM feed_pending WHERE feed = $1", feed)
    if feed == VILLAGE:
        await connection.execute("UPDATE decision SET is_unconfirmed = 1")
        await connection.execute("UPDATE dossier_state SET is_unconfirmed = 1")
        await connection.execute("UPDATE objection_decision SET is_unconfirmed = 1")
    own = EMPTY_DIGEST
    is_blocked = False
    for state in states:
        own = replace(own, state.key, None, state.value)
        await _keep(connection, feed, state)
        if _is_understood(state.kind, state.critical):
            await _show(connection, feed, state, now_ms, from_snapshot=True)
        else:
            is_blocked = True
    if own != digest:
        return DigestMismatch(feed, seq, own, digest)
    await _save(connection, feed, _Cursor(timeline, seq, 0 if is_blocked else seq, own))
    return None


async def forget_timeline(connection: Connection, feed: str) -> None:
    """Ask for a snapshot at the next request: an empty timeline is nobody's."""
    await connection.execute("UPDATE feed_cursor SET timeline = x'' WHERE feed = $1", feed)


async def is_told(connection: Connection) -> bool:
    """Has this server heard the regency's feed at all?"""
    return (await _cursor(connection, REGENCY)).stored > 0


async def digests(connection: Connection) -> dict[str, tuple[int, bytes]]:
    """(applied, digest) per feed, as kept."""
    rows = await connection.fetch_all("SELECT feed, applied, digest FROM feed_cursor")
    return {r[0]: (r[1], r[2]) for r in rows}


async def values(connection: Connection, kind: str, limit: int) -> list[msgspec.Struct]:
    """What the centre last told this village of one kind, newest first."""
    rows = await connection.fetch_all(
        "SELECT value FROM feed_state WHERE feed = $1 AND kind = $2 AND is_readable = 1 ORDER BY seq DESC LIMIT $3",
        VILLAGE,
        kind,
        limit,
    )
    return [msgspec.msgpack.decode(r[0], type=VALUES[kind]) for r in rows]


async def trouble(connection: Connection) -> Trouble:
    """Of both feeds."""
    unreadable: int = await connection.fetch_value("SELECT count(*) FROM feed_state WHERE is_readable = 0")
    waiting: int = await connection.fetch_value("SELECT sum(stored - applied) FROM feed_cursor")
    return Trouble(unreadable, waiting)


async def _read_again(connection: Connection, now_ms: int) -> None:
    for feed in FEEDS:
        rows = await connection.fetch_all(
            "SELECT seq, kind, critical, key, value FROM feed_state WHERE feed = $1 AND is_readable = 0", feed
        )
        for row in rows:
            state = State(row[0], row[1], bool(row[2]), row[3], row[4])
            if _is_readable(state):
                await _keep(connection, feed, state)
                await _show(connection, feed, state, now_ms, from_snapshot=True)


def _is_readable(state: State) -> bool:
    """A kind that nothing here reads is nobody's fault."""
    return state.kind not in VALUES or _read(state) is not None


def _read(state: State) -> msgspec.Struct | None:
    try:
        return unpack(state.value, VALUES[state.kind])
    except ProtocolError:
        return None


async def _is_state_understood(connection: Connection, feed: str) -> bool:
    rows = await connection.fetch_all("SELECT DISTINCT kind, critical FROM feed_state WHERE feed = $1", feed)
    return all(_is_understood(row[0], bool(row[1])) for row in rows)


def _is_understood(kind: str, critical: bool) -> bool:
    return not critical or kind in VALUES or kind in _PASSED


async def _apply(connection: Connection, feed: str, digest: bytes, item: Item, now_ms: int) -> bytes:
    old = await connection.fetch_value("SELECT value FROM feed_state WHERE feed = $1 AND key = $2", feed, item.key)
    state = State(item.seq, item.kind, item.critical, item.key, item.value)
    await _keep(connection, feed, state)
    await _show(connection, feed, state, now_ms)
    return replace(digest, item.key, old, item.value)


async def _keep(connection: Connection, feed: str, state: State) -> None:
    await connection.execute(
        "INSERT OR REPLACE INTO feed_state (feed, key, seq, kind, critical, value, is_readable)"
        " VALUES ($1, $2, $3, $4, $5, $6, $7)",
        feed,
        state.key,
        state.seq,
        state.kind,
        int(state.critical),
        state.value,
        int(_is_readable(state)),
    )


async def _show(connection: Connection, feed: str, state: State, now_ms: int, *, from_snapshot: bool = False) -> None:
    """Values that pages list get a row of their own; the others are read from `feed_state`."""
    if feed == VILLAGE and state.kind == "decision":
        await _show_decision(connection, state, now_ms, from_snapshot=from_snapshot)
    elif feed == VILLAGE and state.kind == "dossier_state":
        await _show_dossier_state(connection, state, from_snapshot=from_snapshot)
    elif feed == VILLAGE and state.kind == "objection_decided":
        await _show_objection_decided(connection, state, now_ms)
    elif feed == REGENCY and state.kind == "letter_edition" and _is_readable(state):
        await editions.keep(connection, state.value)


async def _show_dossier_state(connection: Connection, state: State, *, from_snapshot: bool) -> None:
    """A step that was read stays read: said again by a snapshot it is no news."""
    told = _read(state)
    if not isinstance(told, DossierState):
        await connection.execute("UPDATE dossier_state SET is_unconfirmed = 1 WHERE dossier = $1", state.key)
        return
    await results.tell(connection, told.dossier, told.result)
    newer = " WHERE excluded.at_ms >= dossier_state.at_ms" if from_snapshot else ""
    await connection.execute(
        "INSERT INTO dossier_state (dossier, state, note, at_ms, countersign) VALUES ($1, $2, $3, $4, $5)"
        " ON CONFLICT (dossier) DO UPDATE SET state = excluded.state, note = excluded.note, at_ms = excluded.at_ms,"
        " countersign = excluded.countersign,"
        " is_read = iif(dossier_state.at_ms = excluded.at_ms, dossier_state.is_read, 0), is_unconfirmed = 0" + newer,
        told.dossier,
        told.state,
        told.note,
        told.at_ms,
        None if told.countersign is None else pack(told.countersign),
    )


async def _show_objection_decided(connection: Connection, state: State, now_ms: int) -> None:
    """Said again by a snapshot it is no news. Each objection is answered once, so what comes is never older."""
    told = _read(state)
    if not isinstance(told, ObjectionDecided):
        await connection.execute("UPDATE objection_decision SET is_unconfirmed = 1 WHERE objection = $1", state.key)
        return
    await connection.execute(
        "INSERT INTO objection_decision (objection, proposal, outcome, reason, at_ms, arrived_ms)"
        " VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (objection) DO UPDATE SET outcome = excluded.outcome,"
        " reason = excluded.reason, arrived_ms = iif(objection_decision.at_ms = excluded.at_ms,"
        " objection_decision.arrived_ms, excluded.arrived_ms), at_ms = excluded.at_ms, is_unconfirmed = 0",
        told.objection,
        told.proposal,
        told.outcome,
        told.reason,
        told.at_ms,
        now_ms,
    )


async def _show_decision(connection: Connection, state: State, now_ms: int, *, from_snapshot: bool) -> None:
    decision = _read(state)
    if not isinstance(decision, Decision):  # whatever it says, what is shown of this proposal is not the last word
        await connection.execute("UPDATE decision SET is_unconfirmed = 1 WHERE proposal = $1", state.key)
        return
    is_speaking_now = not from_snapshot or await _is_same_answer(connection, decision)
    newer = "" if is_speaking_now else " WHERE excluded.decided_ms >= decision.decided_ms"
    await connection.execute(
        "INSERT INTO decision (proposal, outcome, code, value, decided_ms, arrived_ms, is_final, objection_until)"
        " VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (proposal) DO UPDATE SET outcome = excluded.outcome,"
        " code = excluded.code, value = excluded.value, decided_ms = excluded.decided_ms,"
        " arrived_ms = excluded.arrived_ms, is_final = excluded.is_final, objection_until = excluded.objection_until,"
        " is_unconfirmed = 0" + newer,
        decision.proposal,
        decision.outcome,
        decision.code,
        state.value,
        decision.decided_ms,
        now_ms,
        int(decision.is_final),
        decision.objection_until,
    )


async def _is_same_answer(connection: Connection, decision: Decision) -> bool:
    """Does the centre say what is shown here, from the same facts? Then it confirms it, whenever it decided that."""
    value = await connection.fetch_value("SELECT value FROM decision WHERE proposal = $1", decision.proposal)
    if value is None:
        return False
    shown = msgspec.msgpack.decode(value, type=Decision)
    return (shown.outcome, shown.code, shown.facts_hash) == (decision.outcome, decision.code, decision.facts_hash)


async def _cursor(connection: Connection, feed: str) -> _Cursor:
    row = await connection.fetch_one("SELECT timeline, stored, applied, digest FROM feed_cursor WHERE feed = $1", feed)
    assert row is not None  # made by the first migration
    return _Cursor(row[0], row[1], row[2], row[3])


async def _save(connection: Connection, feed: str, cursor: _Cursor) -> None:
    await connection.execute(
        "UPDATE feed_cursor SET timeline = $1, stored = $2, applied = $3, digest = $4 WHERE feed = $5",
        cursor.timeline,
        cursor.stored,
        cursor.applied,
        cursor.digest,
        feed,
    )
