"""The coverage sets on the regency's feed, and their key on each village's own, sealed to its box.

A list never changes once it is imported, so an import says its own sets and nothing else. With a new month comes a new
key, and every set is said anew under it; only then a coverage that was ruled to have ended leaves them. A lock, whose
transaction must not grow with the villages, only notes what is to be said (`put_off`); it is said right after, or with
whatever is said next.
"""

from collections.abc import Callable, Collection

import msgspec

from central.domain.coverage_sets import Covered, make_sets
from central.store import feeds
from central.store.facts import COVERAGE_UNTIL
from chassis.database import Connection
from chassis.signing import seal
from protocol.codec import pack, unpack
from protocol.coverage import KEY_BYTES, list_key, part_key, set_id
from protocol.feed import REGENCY, CoverageKey, CoverageList, CoveragePart
from protocol.ops import ID_BYTES
from protocol.schemes import RuleSet

_KEY = b"coverage_key"
_RULES = b"exclusions"


async def publish(
    connection: Connection, month: int, chance: Callable[[int], bytes], now_ms: int, import_id: int | None = None
) -> None:
    """Say the sets of an import; all there are where the month is another one than the key's, or none has been made.

    `month`: today's, 12 * year + month - 1. Without `import_id` nothing is said unless the key changes.
    """
    wanted = {row[0] for row in await connection.fetch_all("SELECT import FROM coverage_unsaid")}
    if import_id is not None:
        wanted.add(import_id)
    newest, is_anew = await _newest(connection), False
    if newest is None or newest[1] != month:
        if await connection.fetch_value("SELECT 1 FROM coverage LIMIT 1") is None:
            return
        newest, is_anew = await _renew(connection, month, chance, now_ms), True
    elif not wanted:
        return
    key_id, _, secret = newest
    covered = await _covered(connection, None if is_anew else wanted)
    items = []
    for each in make_sets(key_id, secret, covered):
        for part in each.parts:
            key = part_key(part.set_id, part.part)
            items.append(feeds.Publication("coverage_part", key, pack(part), critical=False))
        key = list_key(each.heading.set_id)
        items.append(feeds.Publication("coverage_list", key, pack(each.heading), critical=False))
    await feeds.publish(connection, REGENCY, items, now_ms)
    await connection.execute("DELETE FROM coverage_unsaid")


async def put_off(connection: Connection, import_id: int) -> None:
    """The sets of an import are said with the next `publish`."""
    await connection.execute("INSERT INTO coverage_unsaid (import) VALUES ($1)", import_id)


async def withdraw(connection: Connection, import_id: int, now_ms: int) -> None:
    """Say that nobody is in the sets of an import: a village then holds no list that it could look into."""
    rows = await connection.fetch_all(
        "SELECT DISTINCT digest, scheme, component, month_from, month_until, coverage.as_of FROM coverage"
        " JOIN import_file ON import_file.id = coverage.import WHERE coverage.import = $1",
        import_id,
    )
    items = []
    for source, scheme, component, first, until, as_of in rows:
        name = set_id(source, scheme, component, first, until)
        said = await feeds.current(connection, REGENCY, list_key(name))
        if said is None:
            continue
        heading = unpack(said, CoverageList)
        for number in range(heading.parts):
            part = CoveragePart(name, heading.key_id, number, 0, b"")
            items.append(feeds.Publication("coverage_part", part_key(name, number), pack(part), critical=False))
        nobody = CoverageList(name, heading.key_id, scheme, component, first, until, as_of, 0)
        items.append(feeds.Publication("coverage_list", list_key(name), pack(nobody), critical=False))
    await feeds.publish(connection, REGENCY, items, now_ms)


async def tell_key(connection: Connection, village: str, public_key: bytes, now_ms: int) -> None:
    """The key in use, to a village's new machine."""
    newest = await _newest(connection)
    if newest is None:
        return
    key_id, month, secret = newest
    sealed = seal(public_key, secret)
    if sealed is None:
        return
    value = pack(CoverageKey(key_id, month, sealed))
    await feeds.publish(connection, village, [feeds.Publication("coverage_key", _KEY, value, critical=False)], now_ms)


async def publish_rules(connection: Connection, rules: RuleSet, now_ms: int) -> bool:
    """The rule book the villages check with, when it is not what was said last; whether it was said."""
    value = pack(rules)
    seq = await connection.fetch_value("SELECT seq FROM feed_key WHERE feed = $1 AND key = $2", REGENCY, _RULES)
    said = await feeds.said_at(connection, REGENCY, [seq] if seq else [])
    if said and said[0].value == value:
        return False
    await feeds.publish(connection, REGENCY, [feeds.Publication("exclusions", _RULES, value)], now_ms)
    return True


async def _newest(connection: Connection) -> tuple[bytes, int, bytes] | None:
    row = await connection.fetch_one(
        "SELECT key_id, month, secret FROM coverage_key ORDER BY made_ms DESC, month DESC LIMIT 1"
    )
    return None if row is None else (row[0], row[1], row[2])


async def _renew(
    connection: Connection, month: int, chance: Callable[[int], bytes], now_ms: int
) -> tuple[bytes, int, bytes]:
    key_id, secret = chance(ID_BYTES), chance(KEY_BYTES)
    await connection.execute(
        "INSERT INTO coverage_key (key_id, month, secret, made_ms) VALUES ($1, $2, $3, $4)",
        key_id,
        month,
        secret,
        now_ms,
    )
    await connection.execute("DELETE FROM coverage_key WHERE key_id != $1", key_id)
    for row in await connection.fetch_all("SELECT village, public_key FROM box WHERE state = 'active'"):
        await tell_key(connection, row[0], row[1], now_ms)
    return key_id, month, secret


async def _covered(connection: Connection, imports: Collection[int] | None) -> list[Covered]:
    """Of these lists, or of all."""
    wanted, args = "", list[str]()
    if imports is not None:
        wanted = "coverage.import IN (SELECT value FROM json_each($1)) AND"
        args = [msgspec.json.encode(sorted(imports)).decode()]
    rows = await connection.fetch_all(
        f"SELECT digest, scheme, component, month_from, {COVERAGE_UNTIL} AS until, coverage.as_of,"
        " coalesce(match_nik, ''), coalesce(match_kk, '') FROM coverage JOIN import_file"
        f" ON import_file.id = coverage.import WHERE {wanted} until >= month_from",
        *args,
    )
    return [Covered(*tuple(row)) for row in rows]
