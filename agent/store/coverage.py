"""The coverage sets in the village's database: heard on the feeds, asked one part at a time.

The key of the sets stands here sealed to the box, whose own key lies outside the database and its backups.
"""

from collections.abc import Callable, Sequence
from typing import TypeVar

from agent.domain.coverage import NOTHING_KNOWN, Check, judge, relevant
from chassis.database import Connection
from protocol import coverage
from protocol.codec import Message, unpack
from protocol.criteria import in_months
from protocol.errors import ProtocolError
from protocol.feed import REGENCY, VILLAGE, CoverageKey, CoverageList, CoveragePart, Cycle
from protocol.ids import Kk, Nik, is_placeholder, parse_kk, parse_nik
from protocol.schemes import Criterion, Rulebook, RuleSet, Unit

Unseal = Callable[[bytes], bytes | None]
Told = TypeVar("Told", bound=Message)


async def check(connection: Connection, unseal: Unseal, cycles: Sequence[Cycle], nik: str, kk: str) -> dict[str, Check]:
    """By code of cycle. Unknown for all where the rules or the key are not here, or nobody can be found by this NIK."""
    nothing = {cycle.code: NOTHING_KNOWN for cycle in cycles}
    book, key = await _rulebook(connection), await _key(connection, unseal)
    numbers = _numbers(nik, kk)
    if book is None or key is None or Unit.PERSON not in numbers:
        return nothing
    key_id, secret = key
    lists = [each for each in await _lists(connection) if each.key_id == key_id]
    found: dict[bytes, list[tuple[CoverageList, Unit]] | None] = {}
    checked = {}
    for cycle in cycles:
        asked, hits = [], []
        for each in relevant(book, cycle, lists):
            if each.set_id not in found:
                found[each.set_id] = await _look_up(connection, secret, each, numbers)
            inside = found[each.set_id]
            if inside is not None:
                asked.append(each)
                hits += inside
        checked[cycle.code] = judge(book, cycle, asked, hits)
    return checked


async def scheme_names(connection: Connection) -> dict[str, str]:
    """By code, as the regency names them; empty while its rule book is not here."""
    book = await _rulebook(connection)
    return {} if book is None else {code: scheme.name for code, scheme in book.schemes.items()}


async def demands(connection: Connection, cycle: Cycle) -> list[Criterion]:
    """What the cycle's scheme demands of the answers, as the regency's rule book says; nothing while it is not here."""
    book = await _rulebook(connection)
    return [] if book is None else in_months(book.criteria.get(cycle.scheme, ()), cycle.month_from)


def _numbers(nik: str, kk: str) -> dict[Unit, str]:
    """What people are found by, as the centre does: no malformed number, no placeholder."""
    numbers = {}
    person, household = parse_nik(nik), parse_kk(kk)
    if isinstance(person, str) and not is_placeholder(Nik(person)):
        numbers[Unit.PERSON] = str(person)
    if isinstance(household, str) and not is_placeholder(Kk(household)):
        numbers[Unit.HOUSEHOLD] = str(household)
    return numbers


async def _look_up(
    connection: Connection, secret: bytes, each: CoverageList, numbers: dict[Unit, str]
) -> list[tuple[CoverageList, Unit]] | None:
    """As the person if by the NIK, else as the household; None where a part that was asked for is not here as yet."""
    for unit, number in numbers.items():
        wanted = coverage.digest(secret, each.set_id, unit, number)
        part = await _part(connection, each, coverage.part_of(wanted, each.parts)) if each.parts else None
        if part is None or part.key_id != each.key_id:
            return None
        if coverage.is_in(part, wanted):
            return [(each, unit)]
    return []


async def _rulebook(connection: Connection) -> Rulebook | None:
    rules = await _value(connection, REGENCY, b"exclusions", RuleSet)
    return None if rules is None else Rulebook(rules)


async def _key(connection: Connection, unseal: Unseal) -> tuple[bytes, bytes] | None:
    said = await _value(connection, VILLAGE, b"coverage_key", CoverageKey)
    secret = unseal(said.sealed) if said is not None else None
    return (said.key_id, secret) if said is not None and secret is not None else None


async def _lists(connection: Connection) -> list[CoverageList]:
    rows = await connection.fetch_all(
        "SELECT value FROM feed_state WHERE feed = $1 AND kind = 'coverage_list' AND is_readable = 1", REGENCY
    )
    return [unpack(row[0], CoverageList) for row in rows]


async def _part(connection: Connection, each: CoverageList, number: int) -> CoveragePart | None:
    return await _value(connection, REGENCY, coverage.part_key(each.set_id, number), CoveragePart)


async def _value(connection: Connection, feed: str, key: bytes, kind: type[Told]) -> Told | None:
    """What a feed says under a key; None where it says nothing, or nothing that can be read."""
    value = await connection.fetch_value("SELECT value FROM feed_state WHERE feed = $1 AND key = $2", feed, key)
    try:
        return None if value is None else unpack(value, kind)
    except ProtocolError:
        return None
