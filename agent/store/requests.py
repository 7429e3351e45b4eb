"""Requests for letters in the village's database: open, move on under the office's route, issue, and the lists of work.

Every move is checked again inside its transaction against what stands there now: of two people who press at once one
wins, and the other reads who was first. Must never number anything itself: issuing goes through `letters.issue`.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time

from agent.domain import numbering, refusal
from agent.domain.letters import Draft, Fields, Letter, Letterhead, Signer, decode_fields, encode_fields, write_draft
from agent.domain.numbering import WIB, date_wib
from agent.domain.refusal import Refusal
from agent.domain.requests import OPEN, Move, Person, Route, State, is_reason_needed, may, moves, overtaken
from agent.store import attachments, letters
from agent.store.desk import Desk
from chassis.database import Connection, Row
from protocol import ops
from protocol.letter_kinds import LetterKind

STEPS_MAX = 200
"""Steps shown of one request: nobody sends one back a hundred times."""
KIOSK = "kiosk"
COUNTER = "counter"


@dataclass(frozen=True, slots=True)
class RequestRow:
    """A request as lists show it. `queue` is the day's number at the kiosk, 0 at the counter; `name` is the resident's."""

    id: bytes
    kind: str
    resident: bytes
    name: str
    source: str
    queue: int
    state: State
    steps: int
    letter: bytes | None
    opened_by: str
    opened_ms: int
    moved_ms: int


@dataclass(frozen=True, slots=True)
class Step:
    """Who did what and when."""

    move: Move
    actor: str
    reason: str
    at_ms: int


async def open_request(
    desk: Desk, kind: LetterKind, resident: bytes, fields: Sequence[tuple[str, str]], *, source: str, actor: str
) -> RequestRow:
    """A resident asks for a letter. At the kiosk it gets the day's next queue number, which is no letter's number."""
    queue = await _next_queue(desk) if source == KIOSK else 0
    op = await desk.append(
        lambda salt: ops.RequestOpened(
            salt=salt, kind=kind.key, resident=resident, source=source, queue=queue, fields=list(fields), actor=actor
        )
    )
    found = await find(desk.connection, op.record_id)
    assert found is not None, "the view is written with the op"
    return found


async def ask_at_kiosk(desk: Desk, kind: LetterKind, resident: bytes, purpose: str) -> RequestRow:
    """A request from the kiosk; asking again for what still waits gives the same queue number."""
    waiting_id = await desk.connection.fetch_value(
        "SELECT id FROM letter_request WHERE state = $1 AND kind = $2 AND resident = $3 AND source = $4 AND opened_ms >= $5",
        State.REQUESTED.value,
        kind.key,
        resident,
        KIOSK,
        _midnight_ms(desk.now_ms),
    )
    found = None if waiting_id is None else await find(desk.connection, waiting_id)
    return found or await open_request(desk, kind, resident, [("purpose", purpose)], source=KIOSK, actor=KIOSK)


async def move(
    desk: Desk,
    request_id: bytes,
    chosen: Move,
    person: Person,
    routes: Mapping[str, Route],
    *,
    seen: int,
    reason: str = "",
    draft: Draft | None = None,
    letter: bytes = b"",
) -> Refusal | None:
    """Take one step. `seen`: the number of steps on the page that was pressed. `draft` comes with verify: what it fixes."""
    found = await find(desk.connection, request_id)
    if found is None:
        return refusal.REQUEST_NOT_FOUND
    if found.steps != seen or chosen not in moves(found.state, routes.get(found.kind, Route())):
        return await _overtaken(desk.connection, found)
    if not may(person, chosen):
        return refusal.NOT_YOUR_STEP
    assert (draft is not None) == (chosen is Move.VERIFY)
    assert bool(letter) == (chosen is Move.ISSUE)
    assert bool(reason) == is_reason_needed(chosen)
    paper = None if draft is None else _paper(draft, found.resident)
    signer = draft.signer if draft is not None else person.signs_as if chosen is Move.SIGN else None
    await desk.append(
        lambda salt: ops.RequestMoved(
            salt=salt,
            request=request_id,
            move=chosen.value,
            paper=paper,
            signer=None if signer is None else ops.RequestSigner(signer.name, signer.title, signer.nip),
            letter=letter,
            reason=reason,
            actor=person.login,
        )
    )
    return None


async def issue(
    desk: Desk,
    request_id: bytes,
    person: Person,
    routes: Mapping[str, Route],
    kind_at: letters.KindAt,
    letterhead: Letterhead,
    policy: numbering.NumberingPolicy,
    *,
    seen: int,
    is_date_confirmed: bool,
) -> Letter | Refusal:
    """Give the letter its number and note on the request that it did, or neither."""
    found = await find(desk.connection, request_id)
    if found is None:
        return refusal.REQUEST_NOT_FOUND
    if found.steps != seen or Move.ISSUE not in moves(found.state, routes.get(found.kind, Route())):
        return await _overtaken(desk.connection, found)
    draft = await read_draft(desk.connection, found, kind_at, letterhead, date_wib(desk.now_ms))
    kind = None if draft is None else kind_at(draft.kind, draft.text_version)
    if draft is None or kind is None:
        return refusal.REQUEST_NOT_FOUND
    letter = await letters.issue(
        desk, draft, kind, policy, found.resident, person.login, is_date_confirmed=is_date_confirmed
    )
    if isinstance(letter, Refusal):
        return letter
    refused = await move(desk, request_id, Move.ISSUE, person, routes, seen=seen, letter=letter.letter_id)
    if refused is not None:
        raise RuntimeError(f"checked above, refused below: {refused.code}")  # rolls the number back
    await attachments.carry_over(desk, request_id, letter.letter_id, person.login)
    return letter


async def find(connection: Connection, request_id: bytes) -> RequestRow | None:
    row = await connection.fetch_one(_ROWS + " WHERE letter_request.id = $1", request_id)
    return None if row is None else _row(row)


async def of_letter(connection: Connection, letter_id: bytes) -> bytes | None:
    """The request that a letter answers, if any."""
    found: bytes | None = await connection.fetch_value("SELECT id FROM letter_request WHERE letter = $1", letter_id)
    return found


async def steps(connection: Connection, request_id: bytes) -> list[Step]:
    rows = await connection.fetch_all(
        "SELECT move, actor, reason, at_ms FROM request_step WHERE request = $1 ORDER BY step LIMIT $2",
        request_id,
        STEPS_MAX,
    )
    return [Step(Move(r[0]), r[1], r[2], r[3]) for r in rows]


async def answers(connection: Connection, row: RequestRow, kind: LetterKind) -> Fields:
    """The answers as last verified, else as they were asked for."""
    moved = await _moved(connection, row.id, Move.VERIFY)
    if moved is not None and moved.paper is not None:
        return decode_fields(kind, moved.paper.fields)
    opened = await connection.fetch_one(
        "SELECT op.header, op.body FROM letter_request JOIN op USING (log, seq) WHERE letter_request.id = $1", row.id
    )
    body = None if opened is None else ops.read_body(ops.read_header(opened[0]), opened[1])
    return decode_fields(kind, body.fields) if isinstance(body, ops.RequestOpened) else ()


async def read_draft(
    connection: Connection, row: RequestRow, kind_at: letters.KindAt, letterhead: Letterhead, dated: date
) -> Draft | None:
    """The letter as it was last verified, in the wording of then, with whoever signed it; None before it was verified."""
    moved = await _moved(connection, row.id, Move.VERIFY)
    kind = None if moved is None or moved.paper is None else kind_at(row.kind, moved.paper.text_version)
    if moved is None or moved.paper is None or kind is None:
        return None
    signed = await _moved(connection, row.id, Move.SIGN) if row.state in (State.SIGNED, State.ISSUED) else None
    signer = (signed.signer if signed is not None else None) or moved.signer
    assert signer is not None, "verifying names a signer"
    return write_draft(
        kind,
        letters.subject_from_wire(moved.paper.subject),
        decode_fields(kind, moved.paper.fields),
        Signer(name=signer.name, title=signer.title, nip=signer.nip),
        letterhead,
        dated=dated,
        text_version=moved.paper.text_version,
    )


async def waiting(
    connection: Connection, pairs: Sequence[tuple[State, str]], *, limit: int, offset: int = 0
) -> list[RequestRow]:
    """Requests in these (state, kind) pairs, longest waiting first."""
    rows = await connection.fetch_all(
        f"{_ROWS} WHERE {_IN_PAIRS} ORDER BY letter_request.moved_ms, letter_request.id LIMIT $2 OFFSET $3",
        _encode(pairs),
        limit,
        offset,
    )
    return [_row(r) for r in rows]


async def count_waiting(connection: Connection, pairs: Sequence[tuple[State, str]]) -> int:
    total: int = await connection.fetch_value(f"SELECT count(*) FROM letter_request WHERE {_IN_PAIRS}", _encode(pairs))
    return total


async def listed(connection: Connection, *, is_open: bool, limit: int, offset: int = 0) -> list[RequestRow]:
    """All that are under way, or all that have ended; the last moved first."""
    rows = await connection.fetch_all(
        f"{_ROWS} WHERE letter_request.state {'IN' if is_open else 'NOT IN'} ({_OPEN})"
        " ORDER BY letter_request.moved_ms DESC, letter_request.id LIMIT $1 OFFSET $2",
        limit,
        offset,
    )
    return [_row(r) for r in rows]


async def count(connection: Connection, *, is_open: bool) -> int:
    total: int = await connection.fetch_value(
        f"SELECT count(*) FROM letter_request WHERE state IN ({_OPEN if is_open else _ENDED})"
    )
    return total


_OPEN = ", ".join(f"'{state.value}'" for state in sorted(OPEN))
_ENDED = ", ".join(f"'{state.value}'" for state in sorted(frozenset(State) - OPEN))
_IN_PAIRS = "(letter_request.state, letter_request.kind) IN (SELECT value ->> 0, value ->> 1 FROM json_each($1))"
_ROWS = (
    "SELECT letter_request.id, letter_request.kind, letter_request.resident, coalesce(resident.name, ''),"
    " letter_request.source, letter_request.queue, letter_request.state, letter_request.steps, letter_request.letter,"
    " letter_request.opened_by, letter_request.opened_ms, letter_request.moved_ms"
    " FROM letter_request LEFT JOIN resident ON resident.id = letter_request.resident"
)


def _encode(pairs: Sequence[tuple[State, str]]) -> str:
    return json.dumps([[state.value, kind] for state, kind in pairs])


def _row(row: Row) -> RequestRow:
    return RequestRow(
        row[0],
        row[1],
        row[2],
        row[3],
        row[4],
        row[5],
        State(row[6]),
        row[7],
        row[8],
        row[9],
        row[10],
        row[11],
    )


def _paper(draft: Draft, resident: bytes) -> ops.RequestPaper:
    return ops.RequestPaper(
        letters.subject_to_wire(draft.subject, resident), encode_fields(draft.fields), draft.text_version
    )


async def _moved(connection: Connection, request_id: bytes, chosen: Move) -> ops.RequestMoved | None:
    """The last move of this kind, from its own record."""
    row = await connection.fetch_one(
        "SELECT op.header, op.body FROM request_step JOIN op USING (log, seq)"
        " WHERE request_step.request = $1 AND request_step.move = $2 ORDER BY request_step.step DESC LIMIT 1",
        request_id,
        chosen.value,
    )
    body = None if row is None else ops.read_body(ops.read_header(row[0]), row[1])
    return body if isinstance(body, ops.RequestMoved) else None


async def _overtaken(connection: Connection, found: RequestRow) -> Refusal:
    taken = await connection.fetch_one(
        "SELECT move, actor, at_ms FROM request_step WHERE request = $1 ORDER BY step DESC LIMIT 1", found.id
    )
    return overtaken(None if taken is None else (Move(taken[0]), taken[1], taken[2]))


async def _next_queue(desk: Desk) -> int:
    """From 1 each day in WIB."""
    last: int | None = await desk.connection.fetch_value(
        "SELECT max(queue) FROM letter_request WHERE queue > 0 AND opened_ms >= $1", _midnight_ms(desk.now_ms)
    )
    return (last or 0) + 1


def _midnight_ms(now_ms: int) -> int:
    """When this day began in WIB."""
    return int(datetime.combine(date_wib(now_ms), time(), WIB).timestamp()) * 1000
