"""The 25 districts (kecamatan) and 217 villages of Banyuwangi, by code, or by name within a district.

What it is for: village and centre must mean the same place by the same code or words.
What it must never do: find a village by its name alone. Tamansari, Watukebo and Karangrejo each exist twice, and
Bagorejo/Bangorejo or Pengatigan/Pengantigan differ by a letter; so names are compared exactly, never by likeness.
Place in the flow: forms, imports and sentences ask here; the table itself is `regions_data.py`.
"""

import enum
import re

from msgspec import Struct

from protocol.ids import DistrictCode, VillageCode, dotted
from protocol.regions_data import TABLE


class VillageKind(enum.Enum):
    """A desa has a kepala desa, a musdes and Dana Desa; a kelurahan (ward) has a lurah, a muskel and none."""

    DESA = "desa"
    KELURAHAN = "kelurahan"


class District(Struct, frozen=True, kw_only=True):
    """A kecamatan."""

    code: DistrictCode
    name: str


class Village(Struct, frozen=True, kw_only=True):
    """A desa or kelurahan. `retired_code` is the one it had before its district was split off, if any."""

    code: VillageCode
    kind: VillageKind
    name: str
    district: District
    postcode: str
    older_spelling: str | None
    retired_code: VillageCode | None

    @property
    def is_ward(self) -> bool:
        return self.kind is VillageKind.KELURAHAN

    @property
    def place(self) -> str:
        """How a sentence names it; with the district, as the name alone may mean two places."""
        return f"{self.kind.value.capitalize()} {self.name}, Kecamatan {self.district.name}"


class UnknownRegion(LookupError):
    """A well-formed code that is none of Banyuwangi's; the message says what to check."""


def _read_table() -> tuple[dict[DistrictCode, District], dict[VillageCode, Village]]:
    found_districts: dict[DistrictCode, District] = {}
    found_villages: dict[VillageCode, Village] = {}
    for line in TABLE.splitlines():
        code, kind, name, postcode, older, retired = line.split(",")
        if kind == "kecamatan":
            found_districts[DistrictCode(code)] = District(code=DistrictCode(code), name=name)
            continue
        found_villages[VillageCode(code)] = Village(
            code=VillageCode(code),
            kind=VillageKind(kind),
            name=name,
            district=found_districts[DistrictCode(code[:6])],
            postcode=postcode,
            older_spelling=older or None,
            retired_code=VillageCode(retired) if retired else None,
        )
    return found_districts, found_villages


_DISTRICTS, _VILLAGES = _read_table()
_RETIRED = {each.retired_code: each for each in _VILLAGES.values() if each.retired_code}


def districts() -> tuple[District, ...]:
    """All of them, in the order of their codes."""
    return tuple(_DISTRICTS.values())


def villages() -> tuple[Village, ...]:
    """All of them, in the order of their codes."""
    return tuple(_VILLAGES.values())


def district(code: DistrictCode) -> District:
    """Raises UnknownRegion."""
    try:
        return _DISTRICTS[code]
    except KeyError:
        raise UnknownRegion(
            f"{dotted(code)} is no kecamatan of Banyuwangi; its codes are 35.10.01 to 35.10.25"
        ) from None


def village(code: VillageCode) -> Village:
    """The village that has this code today. Raises UnknownRegion, which names the new code of a retired one."""
    try:
        return _VILLAGES[code]
    except KeyError:
        successor = _RETIRED.get(code)
        cure = f"it is now {dotted(successor.code)}" if successor else "check it against the list of villages"
        raise UnknownRegion(f"{dotted(code)} is no village of Banyuwangi today; {cure}") from None


def village_by_any_code(code: VillageCode) -> Village | None:
    """For lists made elsewhere: the village that has this code or had it before its district was split."""
    return _VILLAGES.get(code) or _RETIRED.get(code)


# ------------------------------------------------------------------------------------------------ by name

_PREFIX = re.compile(r"(KECAMATAN|KEC|DESA|DS|KELURAHAN|KEL)[. ]+")
_NOT_A_LETTER = re.compile(r"[^A-Z]+")


def _plain(name: str) -> str:
    """Compare-only form: no prefix, no blanks, no case; `Kec. Macan Putih` and `MACANPUTIH` are the same words."""
    words = name.strip().upper()
    prefix = _PREFIX.match(words)
    return _NOT_A_LETTER.sub("", words[prefix.end() :] if prefix else words)


def _index_names() -> dict[tuple[DistrictCode, str], Village]:
    """(district, plain name) to village. Today's names first: a former name or district never hides a present one."""
    index = {(each.district.code, _plain(each.name)): each for each in _VILLAGES.values()}
    for each in _VILLAGES.values():
        names = [each.name] if each.older_spelling is None else [each.name, each.older_spelling]
        codes = [each.code] if each.retired_code is None else [each.code, each.retired_code]
        for code in codes:
            for name in names:
                index.setdefault((DistrictCode(code[:6]), _plain(name)), each)
    return index


_DISTRICT_NAMES = {_plain(each.name): each for each in _DISTRICTS.values()}
_NAMES = _index_names()


def find_district(name: str) -> District | None:
    """By its exact name, whatever the case, blanks or a leading `Kec.`."""
    return _DISTRICT_NAMES.get(_plain(name))


def find_village(name: str, district_name: str) -> Village | None:
    """By exact name or older spelling within a district (also the district it belonged to before a split)."""
    within = find_district(district_name)
    return _NAMES.get((within.code, _plain(name))) if within else None
