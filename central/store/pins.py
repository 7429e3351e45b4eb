"""Which proposal a receipt code and a PIN open. Only this file writes `status_pin`."""

import hmac
from collections.abc import Iterable

from msgspec.structs import astuple

from central.domain.batches import StatusPin
from chassis.database import Connection
from protocol.receipts import pin_verifier


async def add(connection: Connection, pins: Iterable[StatusPin]) -> None:
    await connection.execute_many(
        "INSERT INTO status_pin (record, village, epoch, seq, proposal, salt, verifier)"
        " VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (record) DO NOTHING",
        [astuple(each) for each in pins],
    )


async def all_records(connection: Connection) -> dict[bytes, StatusPin]:
    """Every PIN's verifier, for the audit."""
    rows = await connection.fetch_all("SELECT record, village, epoch, seq, proposal, salt, verifier FROM status_pin")
    return {row[0]: StatusPin(*row) for row in rows}


async def opened(connection: Connection, first: bytes, last: bytes, digits: str) -> bytes | None:
    """The proposal between these record ids whose newest PIN this is; a PIN that its own village did not give opens none."""
    rows = await connection.fetch_all(
        "SELECT proposal.record, salt, verifier FROM proposal JOIN status_pin ON status_pin.proposal = proposal.record"
        " AND status_pin.village = proposal.village WHERE proposal.record BETWEEN $1 AND $2"
        " ORDER BY status_pin.epoch DESC, status_pin.seq DESC LIMIT 1",
        first,
        last,
    )
    for record, salt, verifier in map(tuple, rows):
        if hmac.compare_digest(pin_verifier(salt, record, digits), verifier):
            return bytes(record)
    return None
