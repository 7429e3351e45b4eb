"""Who is likely one person under two numbers, as it was found when the later of two records came in. Only this file
writes `likely`.

Looks among records of one birth date; a day that is written where none is known is no block, and one of more than
BLOCK_MAX records is not walked. Who is found by other blocks alone (`blocking.Block`) is not held. Place in the flow:
`reconcile` looks for new proposals, an import or a lock for new coverages -> here -> `decide` holds both until a person
has judged.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date
from functools import lru_cache

import msgspec

from central.domain.blocking import BLOCK_MAX
from central.domain.decisions import Coverage, Pairs, Proposal, known_of, likely_among
from central.domain.matching import is_weak
from central.store import facts
from chassis.database import Connection, Row

RECORDS_AT_ONCE = 10_000
"""New coverages compared at once: some ten megabytes."""
Found = list[tuple[bytes, bytes, bytes]]
_Fact = Proposal | Coverage
_Blocks = Mapping[str, Sequence[_Fact]]
"""By birth date. A name is made ready for comparing only where there is somebody to compare: most are alone."""


async def find(connection: Connection, new: Sequence[Proposal]) -> Pairs:
    """Of proposals that are not kept yet: with each other, and with what is kept."""
    blocks = _blocks(new)
    days = [*blocks]
    kept = [*await facts.proposals_born(connection, days, BLOCK_MAX)]
    covered = [*await facts.coverages_born(connection, days, BLOCK_MAX)]
    known = _blocks([*kept, *covered])
    pairs: dict[bytes, dict[bytes, bytes]] = {}
    proposals = {p.record for p in new} | {p.record for p in kept}
    for block, own in blocks.items():
        for one, other, key in _walk(own, known.get(block, ())):
            pairs.setdefault(one, {})[other] = key
            if other in proposals:
                pairs.setdefault(other, {})[one] = key
    return pairs


async def note_covered(connection: Connection, import_id: int) -> None:
    """New coverages of one list: proposals that are likely about their people become dirty."""
    after = b""
    while coverages := await facts.coverages_listed(connection, import_id, after, RECORDS_AT_ONCE):
        after = coverages[-1].reference
        blocks = _blocks(coverages)
        known = _blocks(await facts.proposals_born(connection, [*blocks], BLOCK_MAX))
        found = [
            (proposal, coverage, key)
            for block, own in known.items()
            for proposal, coverage, key in _walk_across(own, blocks.get(block, ()))
        ]
        await _add(connection, found)
    await _disturb(connection, import_id)


async def forget_covered(connection: Connection, import_id: int) -> None:
    """A list is undone: whoever was likely on it is decided again without it. Before its coverages go."""
    await _disturb(connection, import_id)
    await connection.execute(
        "DELETE FROM likely WHERE other IN (SELECT reference FROM coverage WHERE import = $1)", import_id
    )


async def put(connection: Connection, pairs: Pairs) -> None:
    await _add(connection, [(one, other, key) for one, others in pairs.items() for other, key in others.items()])


async def of(connection: Connection, records: Collection[bytes]) -> Pairs:
    """What was found of these proposals."""
    wanted = msgspec.json.encode([r.hex() for r in records]).decode()
    rows = await connection.fetch_all(
        "SELECT record, other, likely.key FROM json_each($1) AS wanted CROSS JOIN likely ON record = wanted.value",
        wanted,
    )
    return _pairs(rows)


async def every(connection: Connection) -> Pairs:
    rows = await connection.fetch_all("SELECT record, other, key FROM likely")
    return _pairs(rows)


def _pairs(rows: Iterable[Row]) -> Pairs:
    pairs: dict[bytes, dict[bytes, bytes]] = {}
    for record, other, key in rows:
        pairs.setdefault(bytes.fromhex(record), {})[other] = key
    return pairs


async def _add(connection: Connection, found: Found) -> None:
    if found:
        await connection.execute_many(
            "INSERT INTO likely (record, other, key) VALUES ($1, $2, $3) ON CONFLICT (record, other) DO NOTHING",
            [(record.hex(), other, key) for record, other, key in found],
        )


async def _disturb(connection: Connection, import_id: int) -> None:
    rows = await connection.fetch_all(
        "SELECT record FROM likely JOIN coverage ON other = reference WHERE import = $1", import_id
    )
    await connection.execute_many(
        "UPDATE proposal SET is_dirty = 1 WHERE record = $1", [(bytes.fromhex(r[0]),) for r in rows]
    )


async def disturb(connection: Connection, references: Collection[bytes]) -> None:
    """What is known of these coverages changed: whoever is likely on them is decided again."""
    for reference in references:
        rows = await connection.fetch_all("SELECT record FROM likely WHERE other = $1", reference)
        await connection.execute_many(
            "UPDATE proposal SET is_dirty = 1 WHERE record = $1", [(bytes.fromhex(r[0]),) for r in rows]
        )


def _walk(new: Sequence[_Fact], known: Sequence[_Fact]) -> Found:
    if not 1 < len(new) + len(known) <= BLOCK_MAX:
        return []
    return likely_among([known_of(each) for each in new], [known_of(each) for each in known])


def _walk_across(proposals: Sequence[_Fact], coverages: Sequence[_Fact]) -> Found:
    if len(proposals) + len(coverages) > BLOCK_MAX:
        return []
    covered = [known_of(each) for each in coverages]
    return [each for one in proposals for each in likely_among([known_of(one)], covered)]


def _blocks(records: Iterable[_Fact]) -> _Blocks:
    blocks: dict[str, list[_Fact]] = {}
    for each in records:
        if not _is_weak(each.birth_date):
            blocks.setdefault(each.birth_date, []).append(each)
    return blocks


@lru_cache(maxsize=65_536)
def _is_weak(day: str) -> bool:
    """Also where it is no date at all."""
    try:
        return is_weak(date.fromisoformat(day))
    except ValueError:
        return True
