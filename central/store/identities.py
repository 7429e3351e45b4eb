"""Identity verdicts of the centre's officers, questions to villages and their answers: facts that `decide` rests on.
Only this file writes `identity_verdict`, `identity_question` and `identity_answer`.

A verdict names a proposal that is here, so whatever arrives later with that NIK is tied to it and decided with it.
"""

from collections.abc import Collection
from dataclasses import dataclass

import msgspec

from central.domain.identities import Answer, Identity, IdentityVerdict, of_villages
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
        "UPDATE proposal SET is_dirty = 1 WHERE record = $1"
        " OR match_nik = (SELECT match_nik FROM proposal WHERE record = $1)",
        proposal,
    )
    action = f"identity_{said.verdict.identity}"
    await trail.record(connection, at_ms=said.at_ms, actor=said.actor, action=action, subject=proposal.hex())


async def in_force(connection: Connection, keys: Collection[bytes] | None = None) -> dict[bytes, IdentityVerdict]:
    """Of these keys, or of all: the officer's word, else what the villages that were asked agree on."""
    villages: dict[bytes, list[str]] = {}
    for each in await answers(connection, keys):
        villages.setdefault(each.pair, []).append(each.answer)
    agreed = {key: verdict for key, said in villages.items() if (verdict := of_villages(said)) is not None}
    return agreed | {key: said.verdict for key, said in (await said_on(connection, keys)).items()}


async def said_on(connection: Connection, keys: Collection[bytes] | None = None) -> dict[bytes, Said]:
    """What officers said, with reason, officer and time."""
    rows = await connection.fetch_all(
        "SELECT key, identity, until, reason, actor, at_ms FROM identity_verdict"
        " WHERE $1 IS NULL OR key IN (SELECT value FROM json_each($1)) ORDER BY id",
        _wanted(keys),
    )
    return {bytes.fromhex(r[0]): Said(IdentityVerdict(Identity(r[1]), r[2]), r[3], r[4], r[5]) for r in rows}


# --- questions to villages --------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Asked:
    """A question as it was published (`value`: protocol/feed.IdentityQuestion), by whom and when."""

    key: bytes
    village: str
    proposal: bytes
    value: bytes
    actor: str
    at_ms: int


async def ask(connection: Connection, question: Asked) -> bool:
    """Keep a question; False when this village was asked about this pair before: nobody is asked twice."""
    added = await connection.execute(
        "INSERT INTO identity_question (key, village, proposal, value, actor, at_ms) VALUES ($1, $2, $3, $4, $5, $6)"
        " ON CONFLICT (key, village) DO NOTHING",
        question.key.hex(),
        question.village,
        question.proposal,
        question.value,
        question.actor,
        question.at_ms,
    )
    if added:
        subject = question.proposal.hex()
        await trail.record(
            connection, at_ms=question.at_ms, actor=question.actor, action="identity_asked", subject=subject
        )
    return bool(added)


async def questions(connection: Connection, keys: Collection[bytes]) -> list[Asked]:
    """All that was asked about these pairs."""
    rows = await connection.fetch_all(
        "SELECT key, village, proposal, value, actor, at_ms FROM identity_question"
        " WHERE key IN (SELECT value FROM json_each($1)) ORDER BY key, village",
        _wanted(keys),
    )
    return [Asked(bytes.fromhex(r[0]), r[1], r[2], r[3], r[4], r[5]) for r in rows]


async def is_asked(connection: Connection, key: bytes) -> bool:
    """Is some village asked about this pair that has not answered yet?"""
    row = await connection.fetch_value(
        "SELECT 1 FROM identity_question AS q WHERE key = $1 AND NOT EXISTS (SELECT 1 FROM identity_answer AS a"
        " WHERE a.key = q.key AND a.village = q.village) LIMIT 1",
        key.hex(),
    )
    return row is not None


async def take_back(connection: Connection, village: str, proposals: Collection[bytes]) -> list[Asked]:
    """What a village was asked for the sake of these own proposals and never answered: it counts as not asked, so that whoever
    takes their place can be asked about. That it was asked stays in the trail."""
    rows = await connection.fetch_all(
        "SELECT key, proposal, value, actor, at_ms FROM identity_question AS q WHERE village = $1"
        " AND hex(proposal) IN (SELECT value FROM json_each($2))"
        " AND NOT EXISTS (SELECT 1 FROM identity_answer AS a WHERE a.key = q.key AND a.village = q.village) ORDER BY key",
        village,
        msgspec.json.encode([proposal.hex().upper() for proposal in proposals]).decode(),
    )
    for row in rows:
        await connection.execute("DELETE FROM identity_question WHERE key = $1 AND village = $2", row[0], village)
    return [Asked(bytes.fromhex(row[0]), village, *tuple(row)[1:]) for row in rows]


async def add_answers(connection: Connection, village: str, given: Collection[Answer]) -> None:
    """What a village answered; what it was never asked is kept and has no say."""
    await connection.execute_many(
        "INSERT INTO identity_answer (record, key, village, epoch, seq, answer, how, note, actor, claimed_ms, received_ms)"
        " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) ON CONFLICT (record) DO NOTHING",
        [
            (
                each.record,
                each.pair.hex(),
                village,
                each.epoch,
                each.seq,
                each.answer,
                each.how,
                each.note,
                each.actor,
                each.claimed_ms,
                each.received_ms,
            )
            for each in given
        ],
    )
    for asked in await questions(connection, {each.pair for each in given}):
        await connection.execute(
            "UPDATE proposal SET is_dirty = 1 WHERE record = $1"
            " OR match_nik = (SELECT match_nik FROM proposal WHERE record = $1)",
            asked.proposal,
        )


async def answers(connection: Connection, keys: Collection[bytes] | None = None) -> list[Answer]:
    """The newest answer of each village that was asked, for these pairs or for all."""
    rows = await connection.fetch_all(
        "SELECT record, key, village, epoch, seq, answer, how, note, identity_answer.actor, claimed_ms, received_ms"
        " FROM identity_answer JOIN identity_question USING (key, village)"
        " WHERE $1 IS NULL OR key IN (SELECT value FROM json_each($1)) ORDER BY key, village, epoch, seq",
        _wanted(keys),
    )
    newest = {(r[1], r[2]): Answer(r[0], bytes.fromhex(r[1]), *tuple(r)[2:]) for r in rows}
    return list(newest.values())


async def all_records(connection: Connection) -> dict[bytes, Answer]:
    """Every answer, also one to a question that was never asked, for the audit."""
    rows = await connection.fetch_all(
        "SELECT record, key, village, epoch, seq, answer, how, note, actor, claimed_ms, received_ms FROM identity_answer"
    )
    return {r[0]: Answer(r[0], bytes.fromhex(r[1]), *tuple(r)[2:]) for r in rows}


def _wanted(keys: Collection[bytes] | None) -> str | None:
    return None if keys is None else msgspec.json.encode([key.hex() for key in keys]).decode()
