"""The agencies that take letters on, and which of them an account works for. Pure.

An agency of the regency (Dukcapil) takes the letters of every village, one of a district (KUA) only those of its own
district's. An account's scope says which: `Dukcapil`, or `KUA/351025`.
"""

import csv
import io
from collections.abc import Mapping
from dataclasses import dataclass

from protocol.ids import DistrictCode
from protocol.regions import UnknownRegion, district, villages


@dataclass(frozen=True, slots=True)
class Agency:
    """`key`: as the catalogue of letters names it in `forward_to`."""

    key: str
    name: str
    is_of_district: bool


@dataclass(frozen=True, slots=True)
class Seat:
    """One agency's office. `district`: code of the district it serves; empty where it serves the regency."""

    agency: Agency
    district: str

    @property
    def name(self) -> str:
        """`Kantor Urusan Agama Blimbingsari`"""
        return f"{self.agency.name} {district(DistrictCode(self.district)).name}" if self.district else self.agency.name

    @property
    def villages(self) -> list[str]:
        """Codes of the villages it serves."""
        return [each.code for each in villages() if self.district in {"", each.district.code}]


class ScopeError(ValueError):
    """A scope that names no agency's office; the message says how it is written."""


def parse_agencies(text: str) -> dict[str, Agency]:
    """The table `agencies.csv` by key. Raises ValueError for a seat that is neither regency nor district."""
    agencies = {}
    for row in csv.DictReader(io.StringIO(text)):
        if row["seat"] not in ("regency", "district"):
            raise ValueError(f"agencies.csv, {row['key']}: seat must be regency or district")
        agencies[row["key"]] = Agency(row["key"], row["name"], row["seat"] == "district")
    return agencies


def read_seat(scope: str, agencies: Mapping[str, Agency]) -> Seat:
    """The office that a scope names. Raises ScopeError."""
    key, slash, code = scope.partition("/")
    agency = agencies.get(key)
    if agency is None:
        raise ScopeError(f"{key!r} is none of the agencies: {', '.join(agencies)}")
    if not agency.is_of_district:
        if slash:
            raise ScopeError(f"{key} serves the whole regency: write {key}")
        return Seat(agency, "")
    try:
        return Seat(agency, district(DistrictCode(code)).code)
    except UnknownRegion:
        raise ScopeError(
            f"{key} serves one district: write {key}/ and the district's code, like {key}/351025"
        ) from None
