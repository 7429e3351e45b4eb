"""Residents: what the village knows of a person, checked when it is written down, and found again by name.

A check refuses what cannot be stored or printed and warns of what looks odd; it never corrects a person's data by
itself. The search key is for the box's own instant search only: what it folds together is *shown* as alike, never
merged, refused or sent anywhere (the centre has its own evidence for who is who).
"""

import re
from collections.abc import Mapping
from datetime import date

import msgspec

from agent.domain.fields import (
    NAME_LENGTH_MAX,
    FamilyMember,
    Fault,
    FieldError,
    check_choice,
    check_date,
    check_kk,
    check_name,
    check_nik,
    check_text,
    collect,
)
from agent.domain.letters import Subject
from language import say
from protocol import ids, names
from protocol.ids import Sex
from protocol.regions import VillageKind

AGE_YEARS_MAX = 120
"""Older than the oldest Indonesian on record: a mistyped year."""
BLOCK_DIGITS_MAX = 3
"""RT and RW have up to three digits."""

RELIGIONS = ("ISLAM", "KRISTEN", "KATOLIK", "HINDU", "BUDDHA", "KHONGHUCU", "KEPERCAYAAN TERHADAP TUHAN YME")
MARITAL_STATUSES = ("BELUM KAWIN", "KAWIN", "KAWIN TERCATAT", "KAWIN BELUM TERCATAT", "CERAI HIDUP", "CERAI MATI")
RELATIONS = (
    "KEPALA KELUARGA",
    "SUAMI",
    "ISTRI",
    "ANAK",
    "MENANTU",
    "CUCU",
    "ORANG TUA",
    "MERTUA",
    "FAMILI LAIN",
    "PEMBANTU",
    "LAINNYA",
)
"""SHDK, the place in the household, as the family card prints it."""

LABELS = {
    "nik": "NIK",
    "kk": say("Nomor KK"),
    "name": say("Nama"),
    "birth_place": say("Tempat lahir"),
    "birth_date": say("Tanggal lahir"),
    "sex": say("Jenis kelamin"),
    "mother": say("Nama ibu kandung"),
    "father": say("Nama ayah"),
    "religion": say("Agama"),
    "marital_status": say("Status perkawinan"),
    "occupation": say("Pekerjaan"),
    "relation": say("Hubungan dalam keluarga"),
    "address": say("Alamat"),
    "hamlet": say("Dusun/Lingkungan"),
    "rt": "RT",
    "rw": "RW",
}
"""The questions of the form, in its order."""

REQUIRED = frozenset({"nik", "name", "birth_place", "birth_date", "sex", "address"})
"""What a letter cannot do without."""

_SYNONYMS = {
    "LAKI-LAKI": "L",
    "LAKI - LAKI": "L",
    "LK": "L",
    "PEREMPUAN": "P",
    "PR": "P",
    "BUDHA": "BUDDHA",
    "KONGHUCU": "KHONGHUCU",
    "KONGHUCHU": "KHONGHUCU",
    "KRISTEN PROTESTAN": "KRISTEN",
    "KATHOLIK": "KATOLIK",
    "KEPERCAYAAN": "KEPERCAYAAN TERHADAP TUHAN YME",
    "ORANGTUA": "ORANG TUA",
    "SUDAH KAWIN": "KAWIN",
    "ISTERI": "ISTRI",
}
"""Spellings that registers and older cards use for the same word."""


class Resident(msgspec.Struct, frozen=True, kw_only=True):
    """A person as the village has them on record. `kk` and most details may be empty; `nik` may be a placeholder."""

    nik: str
    kk: str
    name: str
    birth_place: str
    birth_date: date
    sex: Sex
    mother: str
    father: str
    religion: str
    marital_status: str
    occupation: str
    relation: str
    address: str
    hamlet: str
    rt: str
    rw: str


class ResidentWarning(msgspec.Struct, frozen=True):
    """Something odd that a clerk should look at and may leave as it is."""

    field: str
    code: str
    message: str


def check_resident(raw: Mapping[str, str], today: date) -> Resident | list[FieldError]:
    """The resident a form or an import row describes, or every fault at once. Names stay as they were written."""
    answers: dict[str, object | Fault] = {
        "nik": check_nik(raw.get("nik", ""), required=True),
        "kk": check_kk(raw.get("kk", ""), required=False),
        "birth_date": _check_birth_date(raw.get("birth_date", ""), today),
        "sex": _check_sex(raw.get("sex", "")),
    }
    for field, required in (("name", True), ("mother", False), ("father", False)):
        answers[field] = check_name(raw.get(field, ""), required=required)
    for field, required in (("birth_place", True), ("address", True), ("occupation", False), ("hamlet", False)):
        answers[field] = check_text(raw.get(field, ""), NAME_LENGTH_MAX, required=required)
    for field, words in (("religion", RELIGIONS), ("marital_status", MARITAL_STATUSES), ("relation", RELATIONS)):
        answers[field] = check_choice(_canonical(raw.get(field, "")), words, required=False)
    for field in ("rt", "rw"):
        answers[field] = _check_block(raw.get(field, ""))
    ordered = {field: answers[field] for field in LABELS}
    return collect(ordered, LABELS) or msgspec.convert(ordered, Resident)


def resident_warnings(resident: Resident, residence: ids.VillageCode | None = None) -> list[ResidentWarning]:
    """What does not fit together. A NIK outlives moves and corrections, so none of this is ever a reason to refuse."""
    warnings = [
        ResidentWarning("nik", warning.value, say(warning.sentence))
        for warning in ids.nik_warnings(
            ids.Nik(resident.nik),
            residence=residence,
            recorded_birth_date=resident.birth_date,
            recorded_sex=resident.sex,
        )
    ]
    if ids.is_placeholder(ids.Nik(resident.nik)):
        warnings.append(
            ResidentWarning(
                "nik",
                "nik_placeholder",
                say("NIK sementara: surat dapat dicetak, usulan bantuan tidak dapat dicocokkan."),
            )
        )
    if not resident.kk:
        warnings.append(
            ResidentWarning(
                "kk", "kk_empty", say("Nomor KK kosong: anggota keluarga dan bantuan keluarga tidak dapat diperiksa.")
            )
        )
    if sum(character.isalpha() for character in resident.name) == 1:
        warnings.append(
            ResidentWarning("name", "name_one_letter", say("Nama hanya satu huruf. Cocokkan dengan KTP-el atau KK."))
        )
    return warnings


def subject_of(resident: Resident, village_kind: VillageKind) -> Subject:
    """The copy of a resident that goes into a letter. The hamlet becomes part of the address, as on the family card."""
    return Subject(
        nik=resident.nik,
        kk=resident.kk,
        name=resident.name,
        birth_place=resident.birth_place,
        birth_date=resident.birth_date,
        sex=resident.sex,
        religion=resident.religion,
        marital_status=resident.marital_status,
        occupation=resident.occupation,
        address=full_address(resident.address, resident.hamlet, village_kind),
        rt=resident.rt,
        rw=resident.rw,
    )


def member_of(resident: Resident) -> FamilyMember:
    """A resident as a member of the household in a letter."""
    return FamilyMember(resident.nik, resident.name, resident.relation, resident.birth_date)


def place_on_card(resident: Resident) -> tuple[int, date]:
    """Sorts the members of a family card: the head first, then as the card orders relations, the older before the younger."""
    known = resident.relation in RELATIONS
    return RELATIONS.index(resident.relation) if known else len(RELATIONS), resident.birth_date


# --- finding a name again ------------------------------------------------------------------------------------------


def search_key(name: str) -> str:
    """A name as searched: its words in the spelling that all spellings fold to. Never displayed, never a proof."""
    return " ".join(names.word_keys(name))


class Search(msgspec.Struct, frozen=True, kw_only=True):
    """What a clerk typed: the beginning of a number, or words of a name, or neither; and RT and RW, three digits or empty.

    `joined` is the name as one word: NURHASAN is written for NUR HASAN and the other way round.
    """

    digits: str = ""
    words: tuple[tuple[str, ...], ...] = ()
    joined: str = ""
    rt: str = ""
    rw: str = ""

    @property
    def is_block_only(self) -> bool:
        return bool(self.rt or self.rw) and not (self.digits or self.words)


def read_search(typed: str) -> Search:
    """`siti rt 3 rw 1`, `siti 3/1`, `RT/RW 003/001`, `3510 2544`, `moh ali`: in any order and letter case."""
    rest, blocks = typed.upper(), {"rt": "", "rw": ""}
    for pattern in _BLOCK_WORDS:
        found = pattern.search(rest)
        if found is not None:
            blocks |= {name: number.zfill(BLOCK_DIGITS_MAX) for name, number in found.groupdict().items()}
            rest = f"{rest[: found.start()]} {rest[found.end() :]}"
    digits = "".join(rest.split())
    if digits.isascii() and digits.isdigit():
        return Search(digits=digits, rt=blocks["rt"], rw=blocks["rw"])
    return Search(words=search_words(rest), joined=names.name_key(rest), rt=blocks["rt"], rw=blocks["rw"])


_BLOCK_WORDS = (
    re.compile(r"(?:\bRT ?/ ?RW\b[ .:]*)?(?<![0-9])(?P<rt>[0-9]{1,3}) ?/ ?(?P<rw>[0-9]{1,3})(?![0-9])"),
    re.compile(r"\bRT[ .:]*(?P<rt>[0-9]{1,3})\b"),
    re.compile(r"\bRW[ .:]*(?P<rw>[0-9]{1,3})\b"),
)


def search_words(typed: str) -> tuple[tuple[str, ...], ...]:
    """For each word typed, the beginnings of a search key's word that it may stand for.

    An unfinished `moh` may become MOHTAR or mean MUHAMMAD, so either will do. A lone letter is somebody still typing.
    """
    words = names.name_words(typed)
    if len(words) == 1 and len(words[0]) == 1:
        return ((names.fold(words[0]),),)
    return tuple(tuple(dict.fromkeys(map(names.fold, (word, names.first_word(word))))) for word in words)


def full_address(address: str, hamlet: str, village_kind: VillageKind) -> str:
    """`Jalan Kenanga 5, Dusun Krajan`; a hamlet that the address names already is not named twice."""
    if not hamlet or hamlet.casefold() in address.casefold():
        return address
    if hamlet.upper().startswith(("DUSUN", "LINGKUNGAN", "DSN", "LINK")):
        return f"{address}, {hamlet}"
    return f"{address}, {'Dusun' if village_kind is VillageKind.DESA else 'Lingkungan'} {hamlet}"


# --- single answers ------------------------------------------------------------------------------------------------


def _canonical(raw: str) -> str:
    word = " ".join(raw.upper().split())
    return _SYNONYMS.get(word, word)


def _check_sex(raw: str) -> Sex | Fault:
    word = _canonical(raw)
    if word in ("L", "P"):
        return Sex(word)
    return Fault("not_a_choice" if word else "required", say("pilih L (laki-laki) atau P (perempuan)."))


def _check_birth_date(raw: str, today: date) -> date | Fault | None:
    born = check_date(raw, required=True)
    if not isinstance(born, date):
        return born
    if born > today:
        return Fault(
            "in_the_future",
            say("tanggal ini belum terjadi. Periksa tahunnya, atau jam komputer bila tanggalnya benar."),
        )
    if born.year < today.year - AGE_YEARS_MAX:
        return Fault(
            "too_long_ago",
            say("lebih dari {age_years_max} tahun yang lalu. Periksa tahunnya.", age_years_max=AGE_YEARS_MAX),
        )
    return born


def _check_block(raw: str) -> str | Fault:
    """RT or RW as three digits; empty, `-` and `0` mean none."""
    text = raw.strip().lstrip("0")
    if text in ("", "-"):
        return ""
    if not (text.isascii() and text.isdigit()) or len(text) > BLOCK_DIGITS_MAX:
        return Fault("not_a_block", say("tulis paling banyak tiga angka, misalnya 003."))
    return text.zfill(BLOCK_DIGITS_MAX)
