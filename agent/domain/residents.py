"""Residents: what the village knows of a person, checked when it is written down, and found again by name.

A check refuses what cannot be stored or printed and warns of what looks odd; it never corrects a person's data by
itself. The search key is for the box's own instant search only: what it folds together is *shown* as alike, never
merged, refused or sent anywhere (the centre has its own evidence for who is who).
"""

import re
import unicodedata
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
from protocol import ids
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
    "kk": "Nomor KK",
    "name": "Nama",
    "birth_place": "Tempat lahir",
    "birth_date": "Tanggal lahir",
    "sex": "Jenis kelamin",
    "mother": "Nama ibu kandung",
    "father": "Nama ayah",
    "religion": "Agama",
    "marital_status": "Status perkawinan",
    "occupation": "Pekerjaan",
    "relation": "Hubungan dalam keluarga",
    "address": "Alamat",
    "hamlet": "Dusun/Lingkungan",
    "rt": "RT",
    "rw": "RW",
}
"""The questions of the form, in its order."""

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
        ResidentWarning("nik", warning.value, warning.sentence)
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
                "nik", "nik_placeholder", "NIK sementara: surat dapat dicetak, usulan bantuan tidak dapat dicocokkan."
            )
        )
    if not resident.kk:
        warnings.append(
            ResidentWarning(
                "kk", "kk_empty", "Nomor KK kosong: anggota keluarga dan bantuan keluarga tidak dapat diperiksa."
            )
        )
    if sum(character.isalpha() for character in resident.name) == 1:
        warnings.append(
            ResidentWarning("name", "name_one_letter", "Nama hanya satu huruf. Cocokkan dengan KTP-el atau KK.")
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
        address=_full_address(resident, village_kind),
        rt=resident.rt,
        rw=resident.rw,
    )


def member_of(resident: Resident) -> FamilyMember:
    """A resident as a member of the household in a letter."""
    return FamilyMember(resident.nik, resident.name, resident.relation, resident.birth_date)


# --- finding a name again ------------------------------------------------------------------------------------------

_TITLES_BEFORE = frozenset(
    (
        "ALM ALMH ALMARHUM ALMARHUMAH BAPAK BPK IBU H HJ HAJI HAJJAH KH KYAI NYAI UST USTADZ USTADZAH "
        "DR DRA DRS DRH IR PROF R RR"
    ).split()
)
_TITLES_AFTER = frozenset(
    (
        "ALM ALMH ALMARHUM ALMARHUMAH SPD SPDI SPDSD SAG SE SH SIP SKM SKEP SKOM SSOS SSI ST STP SPT "
        "MPD MPDI MM MSI MH MA AMD AMK AMKEB"
    ).split()
)
_FIRST_NAME_VARIANTS = {
    "MUHAMMAD": (
        "M MD MH MOH MUH MOCH MUCH MOKH MOHAMAD MOHAMMAD MOHAMED MOHAMMED MUHAMAD MUHAMMED "
        "MOCHAMAD MOCHAMMAD MUCHAMAD MUCHAMMAD MOKHAMAD MOKHAMMAD"
    ),
    "AHMAD": "ACH AKH AHM ACHMAD AKHMAD AHMED ACHMED",
    "ABDUL": "ABD ABDL ABDOEL",
    "SITI": "ST STI SITTI SITTY SITY",
}
_FIRST_NAMES = {variant: name for name, variants in _FIRST_NAME_VARIANTS.items() for variant in variants.split()}
_FOLDS = (("OE", "U"), ("DJ", "J"), ("TJ", "C"), ("SJ", "S"), ("SY", "S"), ("CH", "H"), ("KH", "H"), ("V", "F"))
_DOUBLED = re.compile(r"(.)\1+")
_APOSTROPHES = "'’‘ʼ`"
_NOT_LETTERS = re.compile(r"[^A-Z0-9]+")


def search_key(name: str) -> str:
    """A name as searched: upper case, without titles, old and new spelling alike. Never displayed, never a proof."""
    return _join(_first_name(_tokens(name)))


def search_words(typed: str) -> tuple[tuple[str, ...], ...]:
    """For each word typed, the beginnings of a search key's word that it may stand for.

    An unfinished `moh` may become MOHTAR or mean MUHAMMAD, so either will do. A lone letter is somebody still typing.
    """
    tokens = _tokens(typed)
    if len(tokens) == 1 and len(tokens[0]) == 1:
        return ((_fold(tokens[0]),),)
    return tuple(tuple(dict.fromkeys(map(_fold, (token, _FIRST_NAMES.get(token, token))))) for token in tokens)


def _tokens(name: str) -> list[str]:
    """Upper-case tokens without titles. Titles fall only as whole tokens at the edges, and never the last one left."""
    words = _plain(name).split()
    while len(words) > 1 and words[-1].replace(".", "").strip("()") in _TITLES_AFTER:
        words.pop()
    tokens = _NOT_LETTERS.sub(" ", " ".join(words)).split()
    while len(tokens) > 1 and tokens[0] in _TITLES_BEFORE:
        tokens.pop(0)
    return tokens


def _plain(name: str) -> str:
    """Upper case without accents, apostrophes and what follows the first comma (MU'IN is also written MUIN)."""
    decomposed = unicodedata.normalize("NFKD", name.partition(",")[0]).upper()
    return "".join(
        character for character in decomposed if not unicodedata.combining(character) and character not in _APOSTROPHES
    )


def _first_name(tokens: list[str]) -> list[str]:
    """Variants of the common first names as one, in the first position only. A lone M is somebody still typing."""
    if not tokens or (len(tokens) == 1 and len(tokens[0]) == 1):
        return tokens
    return [_FIRST_NAMES.get(tokens[0], tokens[0]), *tokens[1:]]


def _join(tokens: list[str]) -> str:
    return " ".join(_fold(token) for token in tokens)


def _fold(token: str) -> str:
    for old, new in _FOLDS:
        token = token.replace(old, new)
    return _DOUBLED.sub(r"\1", token)


# --- single answers ------------------------------------------------------------------------------------------------


def _canonical(raw: str) -> str:
    word = " ".join(raw.upper().split())
    return _SYNONYMS.get(word, word)


def _check_sex(raw: str) -> Sex | Fault:
    word = _canonical(raw)
    if word in ("L", "P"):
        return Sex(word)
    return Fault("not_a_choice" if word else "required", "pilih L (laki-laki) atau P (perempuan).")


def _check_birth_date(raw: str, today: date) -> date | Fault | None:
    born = check_date(raw, required=True)
    if not isinstance(born, date):
        return born
    if born > today:
        return Fault(
            "in_the_future", "tanggal ini belum terjadi. Periksa tahunnya, atau jam komputer bila tanggalnya benar."
        )
    if born.year < today.year - AGE_YEARS_MAX:
        return Fault("too_long_ago", f"lebih dari {AGE_YEARS_MAX} tahun yang lalu. Periksa tahunnya.")
    return born


def _check_block(raw: str) -> str | Fault:
    """RT or RW as three digits; empty, `-` and `0` mean none."""
    text = raw.strip().lstrip("0")
    if text in ("", "-"):
        return ""
    if not (text.isascii() and text.isdigit()) or len(text) > BLOCK_DIGITS_MAX:
        return Fault("not_a_block", "tulis paling banyak tiga angka, misalnya 003.")
    return text.zfill(BLOCK_DIGITS_MAX)


def _full_address(resident: Resident, village_kind: VillageKind) -> str:
    hamlet = resident.hamlet
    if not hamlet or hamlet.casefold() in resident.address.casefold():
        return resident.address
    if hamlet.upper().startswith(("DUSUN", "LINGKUNGAN", "DSN", "LINK")):
        return f"{resident.address}, {hamlet}"
    return f"{resident.address}, {'Dusun' if village_kind is VillageKind.DESA else 'Lingkungan'} {hamlet}"
