"""What pages read, made from ops: the same function serves a fresh letter, a pulled log and a rebuild.

An op that this program cannot read changes no view and stays in the log; an upgrade rebuilds. Only this file and
`feed.py` write the views.
"""

import msgspec

from agent.domain.residents import search_key
from chassis.database import Connection
from protocol.ops import (
    ID_BYTES,
    DossierSent,
    LetterIssued,
    LetterVoided,
    LogOpened,
    NumberHigh,
    NumbersConfirmed,
    NumbersVoided,
    Op,
    ProposalMade,
    ProposalWithdrawn,
    ResidentRecorded,
    Unreadable,
    read_op,
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
            await raise_floor(connection, NumberHigh(body.series, body.year, body.last))
        case ProposalMade():
            await _put_proposal(connection, op, ordinal, body, at_ms)
        case ProposalWithdrawn():
            await connection.execute(
                "UPDATE proposal SET withdrawn_reason = $1 WHERE id = $2", body.reason, body.proposal
            )
        case DossierSent():
            await _put_dossier(connection, op, ordinal, body, at_ms)


async def raise_floor(connection: Connection, high: NumberHigh) -> None:
    """Numbers up to this one exist somewhere; never lowers what is known."""
    await connection.execute(
        "INSERT INTO number_floor (series, year, number) VALUES ($1, $2, $3)"
        " ON CONFLICT (series, year) DO UPDATE SET number = max(number, excluded.number)",
        high.series,
        high.year,
        high.number,
    )


async def _put_resident(connection: Connection, record_id: bytes, body: ResidentRecorded, at_ms: int) -> None:
    """The newest registration of a resident stands; earlier ones remain readable in the log."""
    await connection.execute(
        "INSERT OR REPLACE INTO resident (id, nik, kk, name, name_key, birth_place, birth_date, sex, mother, father,"
        " religion, marital_status, occupation, relation, address, hamlet, rt, rw, recorded_ms)"
        " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19)",
        body.resident or record_id,
        body.nik,
        body.kk,
        body.name,
        search_key(body.name),
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


async def _resident_of(connection: Connection, nik: str) -> bytes:
    """The proposal names a person by NIK, as the centre knows them; here it is tied to the registration."""
    found: bytes | None = await connection.fetch_value("SELECT id FROM resident WHERE nik = $1", nik)
    return found or b""


async def _put_proposal(connection: Connection, op: Op, ordinal: int, body: ProposalMade, at_ms: int) -> None:
    await connection.execute(
        "INSERT OR IGNORE INTO proposal (id, log, seq, scheme, cycle, resident, nik, kk, name, written_ms)"
        " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
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
