"""Which sets the villages check against, made from coverages. Pure; the form is `protocol/coverage`'s."""

from collections.abc import Iterable
from datetime import UTC, datetime

from msgspec import Struct

from protocol.coverage import cut, digest, set_id
from protocol.feed import CoverageList, CoveragePart
from protocol.schemes import Unit, month

_WIB_SECONDS = 7 * 3_600


def month_of(ms: int) -> int:
    """The month in WIB, 12 * year + month - 1."""
    at = datetime.fromtimestamp(ms / 1000 + _WIB_SECONDS, UTC)
    return month(at.year, at.month)


class Covered(Struct, frozen=True):
    """One coverage as far as a set speaks of it. `source`: digest of the list's file. Empty numbers are not known."""

    source: bytes
    scheme: str
    component: str
    first: int
    until: int
    as_of: str
    nik: str
    kk: str


class CoverageSet(Struct, frozen=True):
    heading: CoverageList
    parts: list[CoveragePart]


def make_sets(key_id: bytes, secret: bytes, covered: Iterable[Covered]) -> list[CoverageSet]:
    """One set for each list, scheme, component and span of months, in a fixed order."""
    grouped: dict[tuple[bytes, str, str, int, int, str], list[Covered]] = {}
    for each in covered:
        about = (each.source, each.scheme, each.component, each.first, each.until, each.as_of)
        grouped.setdefault(about, []).append(each)
    made = []
    for source, scheme, component, first, until, as_of in sorted(grouped):
        name = set_id(source, scheme, component, first, until)
        inside = grouped[source, scheme, component, first, until, as_of]
        digests = [digest(secret, name, Unit.PERSON, each.nik) for each in inside if each.nik]
        digests += [digest(secret, name, Unit.HOUSEHOLD, each.kk) for each in inside if each.kk]
        parts = cut(key_id, name, digests)
        heading = CoverageList(name, key_id, scheme, component, first, until, as_of, len(parts))
        made.append(CoverageSet(heading, parts))
    return made
