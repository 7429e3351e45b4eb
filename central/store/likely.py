"""Who is likely one person under two numbers, kept when the later of two records comes in. Only this file writes `likely`.

What is kept follows from the two records alone, so it is the same in whatever order they came: a pair stands here when
`days_beside` brings the two together, neither a sex nor two good numbers part them, and `compare` says LIKELY. Place in the
flow: `reconcile` looks for new proposals, an import or a lock for new coverages -> here -> `decide` holds both until a
person has judged.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence

import msgspec

from central.domain.decisions import (
    Coverage,
    Pairs,
    Proposal,
    Trace,
    days_beside,
    likely_key,
    may_be_likely,
    trace,
)
from central.domain.matching import WEAK_DAYS
from central.store import facts
from chassis.database import Connection, Row

RECORDS_AT_ONCE = 10_000
"""New coverages compared at once: some ten megabytes."""


async def find(connection: Connection, new: Sequence[Proposal]) -> Pairs:
    """Of proposals that are not kept yet: with each other, and with what is kept."""
    beside = _Beside(_trace_of(p) for p in new)
    pairs = [*beside.among_themselves()]
    days = _json(beside.days())
    for table in _TRACED:
        pairs += beside.with_others(trace(*row) for row in await _kept(connection, table, days, beside.vague_years))
    return await _compared(connection, dict.fromkeys(pairs), {p.record: p for p in new})


async def note_covered(connection: Connection, import_id: int) -> None:
    """New coverages of one list: proposals that are likely about their people become dirty."""
    after = b""
    while rows := await _listed(connection, import_id, after):
        after = rows[-1][0]
        beside = _Beside(trace(*row) for row in rows)
        kept = (trace(*row) for row in await _kept(connection, "proposal", _json(beside.days()), beside.vague_years))
        pairs = {(theirs, own): None for own, theirs in beside.with_others(kept)}
        await put(connection, await _compared(connection, pairs, {}))
    await _disturb(connection, import_id)


async def forget_covered(connection: Connection, import_id: int) -> None:
    """A list is undone: whoever was likely on it is decided again without it. Before its coverages go."""
    await _disturb(connection, import_id)
    await connection.execute(
        "DELETE FROM likely WHERE other IN (SELECT reference FROM coverage WHERE import = $1)", import_id
    )


async def put(connection: Connection, pairs: Pairs) -> None:
    found = [(one.hex(), other, key) for one, others in pairs.items() for other, key in others.items()]
    if found:
        await connection.execute_many(
            "INSERT INTO likely (record, other, key) VALUES ($1, $2, $3) ON CONFLICT (record, other) DO NOTHING", found
        )


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


async def disturb(connection: Connection, references: Collection[bytes]) -> None:
    """What is known of these coverages changed: whoever is likely on them is decided again."""
    for reference in references:
        rows = await connection.fetch_all("SELECT record FROM likely WHERE other = $1", reference)
        await _mark_dirty(connection, rows)


async def _disturb(connection: Connection, import_id: int) -> None:
    rows = await connection.fetch_all(
        "SELECT record FROM likely JOIN coverage ON other = reference WHERE import = $1", import_id
    )
    await _mark_dirty(connection, rows)


async def _mark_dirty(connection: Connection, rows: Iterable[Row]) -> None:
    await connection.execute_many(
        "UPDATE proposal SET is_dirty = 1 WHERE record = $1", [(bytes.fromhex(r[0]),) for r in rows]
    )


def _pairs(rows: Iterable[Row]) -> Pairs:
    pairs: dict[bytes, dict[bytes, bytes]] = {}
    for record, other, key in rows:
        pairs.setdefault(bytes.fromhex(record), {})[other] = key
    return pairs


# --- who is compared with whom ---

_Ids = tuple[bytes, bytes]


class _Beside:
    """Records that come in, by the days and years under which others are looked for."""

    def __init__(self, traces: Iterable[Trace]) -> None:
        self._by_day: defaultdict[str, list[Trace]] = defaultdict(list)  # the day itself, and day and month mixed up
        self._certain: defaultdict[str, list[Trace]] = defaultdict(list)  # by year
        self._vague: defaultdict[str, list[Trace]] = defaultdict(list)
        self._traces = [each for each in traces if each.day]
        for each in self._traces:
            if each.is_vague:
                self._vague[each.day[:4]].append(each)
                continue
            self._certain[each.day[:4]].append(each)
            for day in days_beside(each.day):
                self._by_day[day].append(each)

    def days(self) -> Collection[str]:
        """Day and sex of whoever is looked for: those beside them, and those whose day is written for want of a better one."""
        own = {(each.day, sex) for each in self._traces for sex in (each.sex or "LP")}
        years = {(day[:4], sex) for day, sex in own}
        return {day + sex for born, sex in own for day in days_beside(born)} | {
            f"{year}-{day}{sex}" for year, sex in years for day in WEAK_DAYS
        }

    @property
    def vague_years(self) -> Collection[str]:
        """In which everybody is looked for."""
        return self._vague.keys()

    def among_themselves(self) -> Iterator[_Ids]:
        for each in self._traces:
            for other in self._beside(each):
                if each.record < other.record and may_be_likely(each, other):
                    yield each.record, other.record

    def with_others(self, others: Iterable[Trace]) -> Iterator[_Ids]:
        """(of ours, of the others)."""
        for other in others:
            for each in self._beside(other):
                if may_be_likely(each, other):
                    yield each.record, other.record

    def _beside(self, other: Trace) -> Iterator[Trace]:
        year = other.day[:4]
        if other.is_vague:
            yield from self._certain.get(year, ())
        else:
            yield from self._by_day.get(other.day, ())
        if year in self._vague:
            yield from self._vague[year]


async def _compared(connection: Connection, pairs: Collection[_Ids], known: dict[bytes, Proposal]) -> Pairs:
    """Of pairs that may be likely those that are: the first of each is a proposal. Two proposals name each other."""
    wanted = {record for pair in pairs for record in pair} - known.keys()
    kept: dict[bytes, Proposal | Coverage] = {**known}
    for record in wanted:  # few: nearly everybody has a good number
        found = await facts.find(connection, record)
        fact = found[0] if found else await facts.coverage(connection, record)
        if fact is not None:
            kept[record] = fact
    said: dict[bytes, dict[bytes, bytes]] = {}
    for one, other in pairs:
        a, b = kept[one], kept[other]
        assert isinstance(a, Proposal)
        key = likely_key(a, b)
        if key is not None:
            said.setdefault(one, {})[other] = key
            if isinstance(b, Proposal):
                said.setdefault(other, {})[one] = key
    return said


def _trace_of(p: Proposal) -> Trace:
    return trace(p.record, p.birth_date, p.sex, p.match_nik, p.name)


_TRACED = {
    "proposal": "record, birth_date, sex, match_nik, name",
    "coverage": "reference, birth_date, sex, match_nik, name_key",
}


async def _kept(connection: Connection, table: str, days: str, vague_years: Collection[str]) -> list[Row]:
    """Those kept that are worth a look; some twice. `days`: a JSON list of days with a sex; who has none is of either."""
    rows = await connection.fetch_all(
        "WITH key (day, own) AS MATERIALIZED (SELECT substr(value, 1, 10), substr(value, 11) FROM json_each($1))"
        f" SELECT {_TRACED[table]} FROM key CROSS JOIN {table} ON birth_date = day AND sex IN (own, '')",
        days,
    )
    if vague_years:
        rows += await connection.fetch_all(
            f"SELECT {_TRACED[table]} FROM json_each($1) AS year CROSS JOIN {table}"
            " ON birth_date >= year.value AND birth_date < year.value || '~'",
            _json(vague_years),
        )
    return rows


async def _listed(connection: Connection, import_id: int, after: bytes) -> list[Row]:
    """Of one list, by reference, those after this one that tell a birth date."""
    return await connection.fetch_all(
        f"SELECT {_TRACED['coverage']} FROM coverage WHERE import = $1 AND reference > $2 AND birth_date <> ''"
        " ORDER BY reference LIMIT $3",
        import_id,
        after,
        RECORDS_AT_ONCE,
    )


def _json(keys: Collection[str]) -> str:
    return msgspec.json.encode(list(keys)).decode()
