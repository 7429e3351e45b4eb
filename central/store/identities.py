"""Identity verdicts of the centre's officers: facts that `decide` rests on. Only this file writes `identity_verdict`.

A verdict names a proposal that is here, so whatever arrives later with that NIK is tied to it and decided with it.
"""

from collections.abc import Collection
from dataclasses import dataclass

import msgspec

from central.domain.identities import Identity, IdentityVerdict
from central.store import trail
from chassis.database import Connection


@dataclass(frozen=True, slots=True)
class Said:
    """A verdict in force, with who gave it, when and why."""

    verdict: IdentityVerdict
    reason: str
    actor: str
    at_ms: int


async def put(connection: Connection, key: bytes, proposal: bytes, said: Said) -> None:
    """Keep a verdict about a proposal and another record of its NIK; all who bear that NIK become dirty."""
    await connection.execute(
        "INSERT INTO identity_verdict (key, identity, until, proposal, reason, actor, at_ms)"
        " VALUES ($1, $2, $3, $4, $5, $6, $7)",
        key.hex(),
        said.verdict.identity.value,
        said.verdict.until,
        proposal,
        said.reason,
        said.actor,
        said.at_ms,
    )
    await connection.execute(
        "UPDATE proposal SET is_dirty = 1 WHERE match_nik = (SELECT match_nik FROM proposal WHERE record = $1)",
        proposal,
    )
    action = f"identity_{said.verdict.identity}"
    await trail.record(connection, at_ms=said.at_ms, actor=said.actor, action=action, subject=proposal.hex())


async def in_force(connection: Connection, keys: Collection[bytes] | None = None) -> dict[bytes, IdentityVerdict]:
    """Of these keys, or of all."""
    return {key: said.verdict for key, said in (await said_on(connection, keys)).items()}


async def said_on(connection: Connection, keys: Collection[bytes] | None = None) -> dict[bytes, Said]:
    """The same with reason, officer and time."""
    wanted = None if keys is None else msgspec.json.encode([key.hex() for key in keys]).decode()
    rows = await connection.fetch_all(
        "SELECT key, identity, until, reason, actor, at_ms FROM identity_verdict"
        " WHERE $1 IS NULL OR key IN (SELECT value FROM json_each($1)) ORDER BY id",
        wanted,
    )
    return {bytes.fromhex(r[0]): Said(IdentityVerdict(Identity(r[1]), r[2]), r[3], r[4], r[5]) for r in rows}
