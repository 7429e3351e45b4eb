"""Whom an account validates for: a village, or the LPTQ of a district. Pure.

An account's scope says it: `village/3510252010` or `lptq/351025`.
"""

from dataclasses import dataclass

from central.domain.agencies import ScopeError
from central.domain.rosters import Body
from protocol.ids import DistrictCode, InvalidCode, parse_village_code
from protocol.regions import UnknownRegion, district, village

VALIDATOR = "validator"
"""The role of those who validate."""


@dataclass(frozen=True, slots=True)
class Bench:
    """A body and its place: the code of a village or of a district."""

    body: Body
    place: str
    name: str

    def serves(self, village_code: str) -> bool:
        return village_code.startswith(self.place)


def read_bench(scope: str) -> Bench:
    """Raises ScopeError, which says how a scope is written."""
    word, _, code = scope.partition("/")
    try:
        if word == Body.LPTQ:
            found = district(DistrictCode(code))
            return Bench(Body.LPTQ, found.code, f"LPTQ Kecamatan {found.name}")
        if word == Body.VILLAGE:
            home = village(parse_village_code(code))
            return Bench(Body.VILLAGE, home.code, home.place)
    except (InvalidCode, UnknownRegion) as error:
        raise ScopeError(str(error)) from None
    raise ScopeError(f"{scope!r}: write village/ and a village's code, or lptq/ and a district's, like lptq/351025")
