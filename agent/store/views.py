"""What pages read, made from ops: the same function serves a fresh letter, a pulled log and a rebuild.

An op that this program cannot read changes no view and stays in the log; an upgrade rebuilds. Only this file and
`feed.py` write the views.
"""

import msgspec

from agent.domain.events import WITHDRAWN, EventKind, state_after
from agent.domain.numbering import day_wib
from agent.domain.requests import AFTER, Move, State
from agent.domain.residents import search_key
from chassis.database import Connection
from protocol.names import name_key
from protocol.ops import (
    HASH_BYTES,
    ID_BYTES,
    AttachmentAdded,
    AttachmentRemoved,
    CardBound,
    DeliberationHeld,
    DossierSent,
    IdentityAnswered,
    IncomingRegistered,
    LetterHandedOver,
    LetterIssued,
    LetterVoided,
    LogOpened,
    NumberHigh,
    NumbersConfirmed,
    NumbersVoided,
    ObjectionMade,
    Op,
    ProposalFromReport,
    ProposalMade,
    ProposalWithAnswers,
    ProposalWithdrawn,
    ProposalWithFormer,
    ReportVerified,
    RequestMoved,
    RequestOpened,
    ResidentEvent,
    ResidentRecorded,
    Unreadable,
    read_header,
    read_op,
)

RESIDENTS_MAKING = 1
"""Raise it with every change to what the residents' views hold or how they are computed."""
REMADE_AT_ONCE = 2_000
"""Ops read at once while views are made again: some 2 MB."""

_EVENTS = frozenset(kind.value for kind in EventKind)
_RESIDENT_KINDS = frozenset({"resident_recorded", "resident_event"})
_RESIDENT_COLUMNS = (
    "nik, kk, name, name_key, name_joined, birth_place, birth_date, sex, mother, father, religion, marital_status,"
    " occupation, relation, address, hamlet, rt, rw, recorded_ms"
).split(", ")
_PUT_RESIDENT = (
    f"INSERT INTO resident (id, {', '.join(_RESIDENT_COLUMNS)})"
    f" VALUES ({', '.join(f'${at}' for at in range(1, len(_RESIDENT_COLUMNS) + 2))})"
    f" ON CONFLICT (id) DO UPDATE SET {', '.join(f'{column} = excluded.{column}' for column in _RESIDENT_COLUMNS)}"
)


async def apply(connection: Connection, op: Op, ordinal: int) -> None:
    """The effect of one op on the views. Applying ops in the order of the logs gives the same views again."""
    try:
        header, body = read_op(op)
    except Unreadable:
        return
    at_ms = header.claimed_ms
    match body:
        case LogOpened() | NumbersConfirmed():
            for high in body.numbers:
                await raise_floor(connection, high)
        case ResidentRecorded():
            await _put_resident(connection, op.record_id, body, at_ms)
        case ResidentEvent():
            await _put_event(connection, op, ordinal, body, at_ms)
        case LetterIssued():
            await _put_letter(connection, op, ordinal, body, at_ms)
        case LetterVoided():
            await connection.execute(
                "UPDATE letter SET voided_reason = $1, voided_ms = $2 WHERE id = $3 AND voided_reason IS NULL",
                body.reason,
                at_ms,
                body.letter,
            )
        case NumbersVoided():
            await connection.execute_many(
                "INSERT OR IGNORE INTO number_used (series, year, number, record, is_void) VALUES ($1, $2, $3, $4, 1)",
                [(body.series, body.year, n, op.record_id) for n in range(body.first, body.last + 1)],
            )
            await _put_void(connection, op.record_id, body)
            await raise_floor(connection, NumberHigh(body.series, body.year, body.last))
        case IncomingRegistered():
            await _put_incoming(connection, op.record_id, body, at_ms)
        case LetterHandedOver():
            await _put_handover(connection, op.record_id, body, at_ms)
        case ProposalMade():
            await _put_proposal(connection, op, ordinal, body, at_ms)
        case ProposalWithdrawn():
            await connection.execute(
                "UPDATE proposal SET withdrawn_reason = $1 WHERE id = $2", body.reason, body.proposal
            )
        case DeliberationHeld():
            await _put_deliberation(connection, op, ordinal, body, at_ms)
        case ObjectionMade():
            await connection.execute(
                "INSERT OR IGNORE INTO objection (id, log, seq, proposal, grounds, evidence, written_ms)"
                " VALUES ($1, $2, $3, $4, $5, $6, $7)",
                op.record_id,
                ordinal,
                op.seq,
                body.proposal,
                body.grounds,
                body.evidence,
                at_ms,
            )
        case ReportVerified():
            await _put_visit(connection, op, ordinal, body, at_ms)
        case IdentityAnswered():
            await connection.execute(
                "INSERT OR IGNORE INTO identity_answer (id, log, seq, pair, proposal, answer, how, note, actor, written_ms)"
                " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
                op.record_id,
                ordinal,
                op.seq,
                body.pair,
                body.proposal,
                body.answer,
                body.how,
                body.note,
                body.actor,
                at_ms,
            )
        case RequestOpened():
            await _put_request(connection, op, ordinal, body, at_ms)
        case CardBound():
            await _bind_card(connection, body, at_ms)
        case RequestMoved():
            await _move_request(connection, op, ordinal, body, at_ms)
        case AttachmentAdded():
            await _put_attachment(connection, op, ordinal, body, at_ms)
        case AttachmentRemoved():
            await connection.execute(
                "UPDATE attachment SET removed_reason = $1, removed_by = $2, removed_ms = $3"
                " WHERE id = $4 AND removed_reason IS NULL",
                body.reason,
                body.actor,
                at_ms,
                body.attachment,
            )
        case DossierSent():
            await _put_dossier(connection, op, ordinal, body, at_ms)


async def complete_voids(connection: Connection) -> None:
    """Reasons of voided numbers that an older program applied without keeping them; reads the log only when one lacks."""
    lacking = {
        row[0]
        for row in await connection.fetch_all(
            "SELECT DISTINCT record FROM number_used WHERE is_void = 1 AND record NOT IN (SELECT record FROM number_void)"
        )
    }
    if not lacking:
        return
    for row in await connection.fetch_all(
        "SELECT log.log_id, op.seq, op.hash, op.header, op.body FROM op JOIN log ON log.ordinal = op.log"
        " WHERE substr(op.hash, 1, 16) IN (SELECT record FROM number_used WHERE is_void = 1)"
    ):
        op = Op(row[0], row[1], row[2], row[3], row[4])
        _, body = read_op(op)
        if isinstance(body, NumbersVoided):
            await _put_void(connection, op.record_id, body)


async def _put_void(connection: Connection, record_id: bytes, body: NumbersVoided) -> None:
    await connection.execute(
        "INSERT OR IGNORE INTO number_void (record, series, year, first, last, reason) VALUES ($1, $2, $3, $4, $5, $6)",
        record_id,
        body.series,
        body.year,
        body.first,
        body.last,
        body.reason,
    )


async def raise_floor(connection: Connection, high: NumberHigh) -> None:
    """Numbers up to this one exist somewhere; never lowers what is known."""
    await connection.execute(
        "INSERT INTO number_floor (series, year, number) VALUES ($1, $2, $3)"
        " ON CONFLICT (series, year) DO UPDATE SET number = max(number, excluded.number)",
        high.series,
        high.year,
        high.number,
    )


async def make_residents(connection: Connection) -> None:
    """Make the residents' views again from the logs where they are of an older making: a new kind of row, or of search key."""
    made = await connection.fetch_value("SELECT residents_making FROM box")
    if made == RESIDENTS_MAKING:
        return
    for view in ("resident", "household_membership", "resident_event"):
        await connection.execute(f"DELETE FROM {view}")
    for log in await connection.fetch_all("SELECT ordinal, log_id, head_seq FROM log ORDER BY ordinal"):
        for after in range(0, log["head_seq"], REMADE_AT_ONCE):
            rows = await connection.fetch_all(
                "SELECT seq, hash, header, body FROM op WHERE log = $1 AND seq > $2 AND seq <= $3 ORDER BY seq",
                log["ordinal"],
                after,
                after + REMADE_AT_ONCE,
            )
            for row in rows:
                op = Op(log["log_id"], row["seq"], row["hash"], row["header"], row["body"])
                if _is_of_residents(op):
                    await apply(connection, op, log["ordinal"])
    await connection.execute("UPDATE box SET residents_making = $1", RESIDENTS_MAKING)


def _is_of_residents(op: Op) -> bool:
    try:
        return read_header(op.header).kind in _RESIDENT_KINDS
    except Unreadable:
        return False


async def _put_resident(connection: Connection, record_id: bytes, body: ResidentRecorded, at_ms: int) -> None:
    """The newest registration of a resident stands; earlier ones remain readable in the log."""
    resident = body.resident or record_id
    values = (
        resident,
        body.nik,
        body.kk,
        body.name,
        f" {search_key(body.name)}",  # each word has a blank before it, so that one pattern finds where words begin
        name_key(body.name),
        body.birth_place,
        body.birth_date,
        body.sex,
        body.mother,
        body.father,
        body.religion,
        body.marital_status,
        body.occupation,
        body.relation,
        body.address,
        body.hamlet,
        body.rt,
        body.rw,
        at_ms,
    )
    await connection.execute(_PUT_RESIDENT, *values)
    await _put_kk(connection, resident, body.kk, day_wib(at_ms))


async def _put_kk(connection: Connection, resident: bytes, kk: str, day: str) -> None:
    """Another family card than the one a resident was on closes that one."""
    row = await connection.fetch_one(
        "SELECT id, kk FROM household_membership WHERE resident = $1 AND until_on IS NULL", resident
    )
    if row is not None and row["kk"] == kk:
        return
    if row is not None:
        await connection.execute("UPDATE household_membership SET until_on = $1 WHERE id = $2", day, row["id"])
    if kk:
        await connection.execute(
            "INSERT INTO household_membership (resident, kk, since_on) VALUES ($1, $2, $3)", resident, kk, day
        )


async def _put_event(connection: Connection, op: Op, ordinal: int, body: ResidentEvent, at_ms: int) -> None:
    if body.event == WITHDRAWN:
        await connection.execute(
            "UPDATE resident_event SET withdrawn_reason = $1 WHERE id = $2 AND resident = $3 AND withdrawn_reason IS NULL",
            body.note,
            body.withdraws,
            body.resident,
        )
    elif body.event in _EVENTS:  # any other word is a later program's; the log keeps it
        await connection.execute(
            "INSERT OR IGNORE INTO resident_event (id, log, seq, resident, kind, happened_on, place, reference, note, actor,"
            " written_ms) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
            op.record_id,
            ordinal,
            op.seq,
            body.resident,
            body.event,
            body.happened_on,
            body.place,
            body.reference,
            body.note,
            body.actor,
            at_ms,
        )
    events = await connection.fetch_all(
        "SELECT kind, happened_on FROM resident_event WHERE resident = $1 AND withdrawn_reason IS NULL ORDER BY log, seq",
        body.resident,
    )
    state, since = state_after((row[0], row[1]) for row in events)
    await connection.execute(
        "UPDATE resident SET state = $1, state_on = $2 WHERE id = $3", state.value, since, body.resident
    )


async def _put_letter(connection: Connection, op: Op, ordinal: int, body: LetterIssued, at_ms: int) -> None:
    await connection.execute(
        "INSERT OR IGNORE INTO letter (id, log, seq, kind, series, year, number, printed_number, issued_on, resident,"
        " subject_name, written_ms) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)",
        op.record_id,
        ordinal,
        op.seq,
        body.kind,
        body.series,
        body.year,
        body.number,
        body.printed_number,
        body.issued_on,
        body.subject.resident,
        body.subject.name,
        at_ms,
    )
    await connection.execute(
        "INSERT OR IGNORE INTO number_used (series, year, number, record, is_void) VALUES ($1, $2, $3, $4, 0)",
        body.series,
        body.year,
        body.number,
        op.record_id,
    )
    await raise_floor(connection, NumberHigh(body.series, body.year, body.number))


async def _put_incoming(connection: Connection, record_id: bytes, body: IncomingRegistered, at_ms: int) -> None:
    """The newest entry of an incoming letter stands; its number was taken by the first."""
    await connection.execute(
        "INSERT OR REPLACE INTO incoming (id, series, year, number, received_on, sender, their_number, dated, subject,"
        " disposition, recorded_ms) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
        body.incoming or record_id,
        body.series,
        body.year,
        body.number,
        body.received_on,
        body.sender,
        body.their_number,
        body.dated,
        body.subject,
        body.disposition,
        at_ms,
    )
    await connection.execute(
        "INSERT OR IGNORE INTO number_used (series, year, number, record, is_void) VALUES ($1, $2, $3, $4, 0)",
        body.series,
        body.year,
        body.number,
        body.incoming or record_id,
    )
    await raise_floor(connection, NumberHigh(body.series, body.year, body.number))


async def _put_handover(connection: Connection, record_id: bytes, body: LetterHandedOver, at_ms: int) -> None:
    await connection.execute(
        "INSERT OR IGNORE INTO handover (id, letter, year, handed_on, recipient, received_by, actor, written_ms)"
        " VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
        record_id,
        body.letter,
        int(body.handed_on[:4]) if body.handed_on[:4].isdigit() else 0,
        body.handed_on,
        body.recipient,
        body.received_by,
        body.actor,
        at_ms,
    )


async def _resident_of(connection: Connection, nik: str) -> bytes:
    """The proposal names a person by NIK, as the centre knows them; here it is tied to the registration."""
    found: bytes | None = await connection.fetch_value("SELECT id FROM resident WHERE nik = $1", nik)
    return found or b""


async def _put_proposal(connection: Connection, op: Op, ordinal: int, body: ProposalMade, at_ms: int) -> None:
    await connection.execute(
        "INSERT OR IGNORE INTO proposal (id, log, seq, scheme, cycle, resident, nik, kk, name, written_ms,"
        " deliberation, report) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)",
        op.record_id,
        ordinal,
        op.seq,
        body.scheme,
        body.cycle,
        await _resident_of(connection, body.nik),
        body.nik,
        body.kk,
        body.name,
        at_ms,
        body.deliberation if isinstance(body, ProposalWithAnswers) else b"",
        body.report if isinstance(body, ProposalFromReport | ProposalWithFormer) else b"",
    )


async def _put_visit(connection: Connection, op: Op, ordinal: int, body: ReportVerified, at_ms: int) -> None:
    await connection.execute(
        "INSERT OR IGNORE INTO report_verification (id, log, seq, report, visited_on, visitor, finding, note, actor,"
        " written_ms) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
        op.record_id,
        ordinal,
        op.seq,
        body.report,
        body.visited_on,
        body.visitor,
        body.finding,
        body.note,
        body.actor,
        at_ms,
    )


async def _put_deliberation(connection: Connection, op: Op, ordinal: int, body: DeliberationHeld, at_ms: int) -> None:
    await connection.execute(
        "INSERT OR IGNORE INTO deliberation (id, log, seq, kind, number, held_on, place, chair, attendance, summary,"
        " written_ms) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
        op.record_id,
        ordinal,
        op.seq,
        body.kind,
        body.number,
        body.held_on,
        body.place,
        body.chair,
        body.attendance,
        body.summary,
        at_ms,
    )
    await connection.execute_many(
        "INSERT OR IGNORE INTO deliberation_cycle (deliberation, cycle) VALUES ($1, $2)",
        [(op.record_id, cycle) for cycle in body.cycles],
    )


async def _put_request(connection: Connection, op: Op, ordinal: int, body: RequestOpened, at_ms: int) -> None:
    await connection.execute(
        "INSERT OR IGNORE INTO letter_request (id, log, seq, kind, resident, source, queue, state, opened_by, opened_ms,"
        " moved_ms) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $10)",
        op.record_id,
        ordinal,
        op.seq,
        body.kind,
        body.resident,
        body.source,
        body.queue,
        State.REQUESTED.value,
        body.actor,
        at_ms,
    )


async def _move_request(connection: Connection, op: Op, ordinal: int, body: RequestMoved, at_ms: int) -> None:
    """A move of a request that is not here, or of a kind that only a newer program knows, changes nothing."""
    steps = await connection.fetch_value("SELECT steps FROM letter_request WHERE id = $1", body.request)
    if steps is None or body.move not in set(Move):
        return
    await connection.execute(
        "UPDATE letter_request SET state = $1, steps = $2, moved_ms = $3, letter = coalesce($4, letter) WHERE id = $5",
        AFTER[Move(body.move)].value,
        steps + 1,
        at_ms,
        body.letter or None,
        body.request,
    )
    await connection.execute(
        "INSERT INTO request_step (request, step, log, seq, move, actor, reason, at_ms)"
        " VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
        body.request,
        steps + 1,
        ordinal,
        op.seq,
        body.move,
        body.actor,
        body.reason,
        at_ms,
    )


async def _bind_card(connection: Connection, body: CardBound, at_ms: int) -> None:
    await connection.execute("DELETE FROM kiosk_card WHERE card = $1 OR resident = $2", body.card, body.resident)
    if len(body.card) == HASH_BYTES:
        await connection.execute(
            "INSERT INTO kiosk_card (card, resident, bound_ms) VALUES ($1, $2, $3)", body.card, body.resident, at_ms
        )


async def _put_attachment(connection: Connection, op: Op, ordinal: int, body: AttachmentAdded, at_ms: int) -> None:
    """The fact alone: its picture is put beside it by whoever has it (`attachments.add`), or is not here."""
    await connection.execute("INSERT OR IGNORE INTO picture (sha256) VALUES ($1)", body.sha256)
    await connection.execute(
        "INSERT OR IGNORE INTO attachment (id, log, seq, about, label, sha256, size, media_type, actor, written_ms)"
        " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
        op.record_id,
        ordinal,
        op.seq,
        body.about,
        body.label,
        body.sha256,
        body.size,
        body.media_type,
        body.actor,
        at_ms,
    )


async def _put_dossier(connection: Connection, op: Op, ordinal: int, body: DossierSent, at_ms: int) -> None:
    await connection.execute(
        "INSERT OR IGNORE INTO dossier (id, log, seq, letter, former, agency, documents, note, written_ms)"
        " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
        op.record_id,
        ordinal,
        op.seq,
        body.letter.hash[:ID_BYTES],
        body.former,
        body.agency,
        msgspec.msgpack.encode(body.documents),
        body.note,
        at_ms,
    )
