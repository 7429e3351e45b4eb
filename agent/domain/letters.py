"""Letters: the kinds an office issues, the answers each kind asks for, and the letter as it left the desk.

A letter is kind + subject + fields + signer, copied at the moment of issue, so that no later correction of a resident,
a code table or an office alters what was signed. Must never number anything (`numbering`), word anything (`sheets`)
or lay anything out (`agent/render`). What a kind is, both sides agree on in `protocol/letter_kinds`.

SPM is Surat Pernyataan Miskin, which the applicant declares and the village head only acknowledges; it never stands
for Standar Pelayanan Minimal or Surat Perintah Membayar.
"""

import datetime
import re
from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import assert_never

import msgspec

from agent.domain.fields import (
    FamilyMember,
    Fault,
    FieldError,
    FieldValue,
    check_area,
    check_choice,
    check_date,
    check_digits,
    check_documents,
    check_kk,
    check_members,
    check_moment,
    check_name,
    check_nik,
    check_number,
    check_rupiah,
    check_text,
    check_year,
    collect,
    decode_value,
    encode_value,
)
from agent.domain.people import PeopleAnswer, check_people
from language import say
from protocol.ids import Sex
from protocol.letter_kinds import (
    WRITTEN,
    DeclaredBy,
    FieldDefinition,
    FieldType,
    LetterKind,
)
from protocol.regions import VillageKind

LETTER_ID_BYTES = 16

_NAMES_BLOCK = re.compile(r"\bRT\b", re.IGNORECASE)

Fields = tuple[tuple[str, FieldValue], ...]
"""Checked answers by field name, in the order of the kind's questions."""


class Letterhead(msgspec.Struct, frozen=True, kw_only=True):
    """The office, as the head of its letters names it."""

    regency: str
    district: str
    village: str
    village_kind: VillageKind
    address: str
    postcode: str = ""
    phone: str = ""
    email: str = ""


class Signer(msgspec.Struct, frozen=True, kw_only=True):
    """Who signs, copied into the letter. `title` may have several lines (see `signer_title`); `nip` for civil servants.

    `rank`: only of a camat, see `camat_signer`; it is no part of a letter's record.
    """

    name: str
    title: str
    nip: str = ""
    rank: str = ""


class Capacity(StrEnum):
    """In which capacity somebody signs: as the head, for the head, or as acting head."""

    HEAD = ""
    FOR_THE_HEAD = "a.n."
    THROUGH_SECRETARY = "u.b."
    ACTING = "Plt."
    DAILY_ACTING = "Plh."
    CARETAKER = "Pj."


class Subject(msgspec.Struct, frozen=True, kw_only=True):
    """The resident as the letter prints them: a copy of the moment of issue."""

    nik: str
    kk: str
    name: str
    birth_place: str
    birth_date: datetime.date
    sex: Sex
    religion: str
    marital_status: str
    occupation: str
    address: str
    rt: str
    rw: str


class Draft(msgspec.Struct, frozen=True, kw_only=True):
    """A letter that is written but has no number yet: what a clerk sees before saying "terbitkan"."""

    kind: str
    title: str
    declared_by: DeclaredBy
    date: datetime.date
    valid_until: datetime.date | None
    subject: Subject
    fields: Fields
    signer: Signer
    letterhead: Letterhead
    text_version: int

    def field(self, name: str) -> FieldValue:
        """The answer to a question of the kind; empty where it was not asked."""
        return dict(self.fields).get(name, "")


class Letter(Draft, frozen=True, kw_only=True):
    """A letter as it left the desk. `printed_number` is kept as text and never changes, whatever becomes of code tables."""

    letter_id: bytes
    series: str
    year: int
    number: int
    printed_number: str

    def __post_init__(self) -> None:
        if len(self.letter_id) != LETTER_ID_BYTES:
            raise ValueError(f"a letter id has {LETTER_ID_BYTES} bytes, not {len(self.letter_id)}")
        if self.number < 1 or not self.printed_number:
            raise ValueError("a letter has a number from 1 on and its printed form")
        if self.year != self.date.year:
            raise ValueError("the year of a letter is the year of its date")


def address_line(address: str, rt: str, rw: str) -> str:
    """`Jalan Kenanga 5, RT 003 RW 001`; many write RT and RW into the address as well, and once is enough."""
    block = " ".join(f"{label} {value}" for label, value in (("RT", rt), ("RW", rw)) if value)
    return ", ".join(part for part in (address, block) if part) if not _NAMES_BLOCK.search(address) else address


def by_group(catalogue: Mapping[str, LetterKind]) -> list[tuple[str, list[LetterKind]]]:
    """The kinds by the use under which a clerk looks for them: uses in the catalogue's order, kinds by the alphabet."""
    groups: dict[str, list[LetterKind]] = {}
    for kind in catalogue.values():
        groups.setdefault(kind.group, []).append(kind)
    return [(group, sorted(kinds, key=lambda kind: kind.short_title)) for group, kinds in groups.items()]


def with_office_codes(kind: LetterKind, codes: Mapping[str, str]) -> LetterKind:
    """The kind under the office's own classification code, where it has one."""
    own = codes.get(kind.key)
    return kind if own is None else msgspec.structs.replace(kind, code_until_2022=own, code_from_2023=own)


def check_fields(
    kind: LetterKind,
    raw: Mapping[str, str],
    household: Sequence[FamilyMember],
    people: Mapping[str, PeopleAnswer] | None = None,
    *,
    known: Mapping[str, FamilyMember] | None = None,
    today: datetime.date = datetime.date.max,
) -> Fields | list[FieldError]:
    """The kind's answers, checked, or every fault at once. Inputs that are not questions of the kind are ignored.

    `people`: the answers to questions for people, by field; `known`: residents by the NIKs written there.
    """
    asked = people or {}
    answers = {
        field.name: check_people(
            asked.get(field.name, PeopleAnswer()),
            household,
            known or {},
            required=field.required,
            most=field.length_max,
        )
        if field.type in WRITTEN
        else _check_field(field, raw.get(field.name, ""), household)
        for field in kind.fields
    }
    for field in kind.fields:
        answers[field.name] = _check_order(field, answers, today)
    errors = collect(answers, {field.name: field.label for field in kind.fields})
    if errors:
        return errors
    return tuple((name, answer) for name, answer in answers.items() if not isinstance(answer, Fault))


def encode_fields(fields: Fields) -> list[tuple[str, str]]:
    """Fields as the pairs of text that go into the letter's record."""
    return [(name, encode_value(value)) for name, value in fields]


def decode_fields(kind: LetterKind, pairs: Sequence[tuple[str, str]]) -> Fields:
    """The fields of a record; one that the kind does not ask for, or asks for in another way by now, is read as text."""
    types = {field.name: field.type for field in kind.fields}

    def decode(name: str, text: str) -> FieldValue:
        try:
            return decode_value(text, types.get(name, FieldType.TEXT))
        except ValueError:
            return text

    return tuple((name, decode(name, text)) for name, text in pairs)


def signer_title(capacity: Capacity, own_title: str, head_title: str, secretary_title: str = "") -> str:
    """The lines above a signature: `a.n. KEPALA DESA X` over `SEKRETARIS DESA`, `Plt. KEPALA DESA X`, and so on."""
    match capacity:
        case Capacity.HEAD:
            return head_title
        case Capacity.ACTING | Capacity.DAILY_ACTING | Capacity.CARETAKER:
            return f"{capacity} {head_title}"
        case Capacity.FOR_THE_HEAD:
            return f"{capacity} {head_title}\n{own_title}"
        case Capacity.THROUGH_SECRETARY:
            return f"{Capacity.FOR_THE_HEAD} {head_title}\n{secretary_title}\n{capacity}\n{own_title}"


def head_title(letterhead: Letterhead) -> str:
    """`Kepala Desa Sukojati` or `Lurah Singonegaran`."""
    return f"{'Kepala Desa' if letterhead.village_kind is VillageKind.DESA else 'Lurah'} {letterhead.village}"


def secretary_title(letterhead: Letterhead) -> str:
    """`Sekretaris Desa` or `Sekretaris Kelurahan`."""
    return f"Sekretaris {letterhead.village_kind.value.capitalize()}"


def camat_title(letterhead: Letterhead) -> str:
    """`Camat Blimbingsari`"""
    return f"Camat {letterhead.district}"


def camat_signer(
    letterhead: Letterhead, *, name: str, capacity: str, position: str, rank: str = "", nip: str = ""
) -> Signer:
    """Who countersigned, as the letter names them. A capacity that this program does not know stands as it came."""
    try:
        title = signer_title(Capacity(capacity), position, camat_title(letterhead))
    except ValueError:
        title = f"{capacity} {camat_title(letterhead)}"
    return Signer(name=name, title=title, nip=nip, rank=rank)


def write_draft(
    kind: LetterKind,
    subject: Subject,
    fields: Fields,
    signer: Signer,
    letterhead: Letterhead,
    *,
    dated: datetime.date,
    text_version: int,
) -> Draft:
    """A letter ready to be shown and, once confirmed, numbered."""
    return Draft(
        kind=kind.key,
        title=kind.title,
        declared_by=kind.declared_by,
        date=dated,
        valid_until=kind.valid_until(dated),
        subject=subject,
        fields=fields,
        signer=signer,
        letterhead=letterhead,
        text_version=text_version,
    )


def number_draft(draft: Draft, letter_id: bytes, series: str, number: int, printed_number: str) -> Letter:
    """The letter that a draft becomes with its number and its record."""
    return Letter(
        **msgspec.structs.asdict(draft),
        letter_id=letter_id,
        series=series,
        year=draft.date.year,
        number=number,
        printed_number=printed_number,
    )


def _check_field(field: FieldDefinition, raw: str, household: Sequence[FamilyMember]) -> FieldValue | Fault:
    required = field.required
    match field.type:
        case FieldType.TEXT:
            return check_text(raw, field.length_max, required=required)
        case FieldType.NAME:
            return check_name(raw, required=required, length_max=field.length_max)
        case FieldType.CHOICE:
            return check_choice(raw, field.choices, required=required)
        case FieldType.NUMBER:
            return check_number(raw, required=required)
        case FieldType.RUPIAH:
            return check_rupiah(raw, required=required)
        case FieldType.AREA:
            return check_area(raw, required=required)
        case FieldType.YEAR:
            return check_year(raw, required=required)
        case FieldType.DIGITS:
            return check_digits(raw, field.length_max, required=required)
        case FieldType.NIK:
            return check_nik(raw, required=required)
        case FieldType.KK:
            return check_kk(raw, required=required)
        case FieldType.DATE:
            return _or_empty(check_date(raw, required=required))
        case FieldType.MOMENT:
            return _or_empty(check_moment(raw, required=required))
        case FieldType.DOCUMENTS:
            return check_documents(raw, field.choices)
        case FieldType.MEMBER | FieldType.MEMBERS:
            return check_members(raw, household, required=required, most=field.length_max)
        case FieldType.PERSON | FieldType.PEOPLE | FieldType.WITNESSES:
            raise ValueError(f"{field.name}: people are checked by check_people")
        case _:
            assert_never(field.type)


def _check_order(
    field: FieldDefinition, answers: Mapping[str, FieldValue | Fault], today: datetime.date
) -> FieldValue | Fault:
    """A date or moment that must have happened, or must not precede another one."""
    answer = answers[field.name]
    if not isinstance(answer, datetime.date):
        return answer
    if field.is_past and _day(answer) > today:
        return Fault("in_the_future", say("tanggal ini belum terjadi. Periksa tahunnya."))
    earlier = answers.get(field.not_before)
    if isinstance(earlier, datetime.date) and _precedes(answer, earlier):
        return Fault("before_its_beginning", say("lebih awal daripada mulainya. Periksa kedua tanggal."))
    return answer


def _precedes(one: datetime.date, other: datetime.date) -> bool:
    """By the hour where both have one, else by the day."""
    if isinstance(one, datetime.datetime) and isinstance(other, datetime.datetime):
        return one < other
    return _day(one) < _day(other)


def _day(moment: datetime.date) -> datetime.date:
    return moment.date() if isinstance(moment, datetime.datetime) else moment


def _or_empty(day: datetime.date | Fault | None) -> datetime.date | Fault | str:
    return "" if day is None else day
