"""The sheet: every word that stands on the paper of a letter, in plain text, before anything is laid out.

Between the letter (data) and the press (typography). The press adds no word of its own and the sheet no measure.
Must never show a void letter or a draft as if it were valid.
"""

from collections.abc import Mapping
from datetime import date
from enum import StrEnum
from typing import Literal, assert_never

import msgspec

from agent.domain.fields import FamilyMember, FieldType
from agent.domain.letters import Draft, Letter, Letterhead, LetterKind, address_line, head_title
from agent.domain.texts import Block, FamilyTable, LetterText, Paragraphs, Rows, Value, ValueType, date_words, fill
from protocol.ids import Sex

COMMON_VOCABULARY: Mapping[str, ValueType] = {
    "nama": ValueType.TEXT,
    "nik": ValueType.TEXT,
    "kk": ValueType.TEXT,
    "tempat_lahir": ValueType.TEXT,
    "tgl_lahir": ValueType.DATE,
    "jenis_kelamin": ValueType.TEXT,
    "agama": ValueType.TEXT,
    "status_kawin": ValueType.TEXT,
    "pekerjaan": ValueType.TEXT,
    "alamat": ValueType.TEXT,
    "sebutan_desa": ValueType.TEXT,
    "desa": ValueType.TEXT,
    "kecamatan": ValueType.TEXT,
    "kabupaten": ValueType.TEXT,
    "kepala": ValueType.TEXT,
    "tgl_surat": ValueType.DATE,
    "berlaku_sampai": ValueType.DATE,
    "jumlah_anggota": ValueType.NUMBER,
}
"""What every text may mention. The fields of the kind are added under their own placeholders."""

NUMBER_OF_A_DRAFT = "(belum terbit)"
DOTTED_LINE = "." * 40
"""Where the office has entered no signer's name yet, the pen fills it in."""


class Standing(StrEnum):
    """What a letter is worth; printed across the sheet when it is not plainly issued."""

    ISSUED = ""
    DRAFT = "PRATINJAU"
    VOID = "DIBATALKAN"


class SheetBlock(msgspec.Struct, frozen=True, kw_only=True):
    """One block of the body: paragraphs, rows with colons, or the table of family members."""

    type: Literal["paragraphs", "rows", "family"]
    paragraphs: tuple[str, ...] = ()
    rows: tuple[tuple[str, ...], ...] = ()


class Signature(msgspec.Struct, frozen=True, kw_only=True):
    """Lines above the room for the hand, the name under it, lines below the name."""

    heading: tuple[str, ...]
    name: str
    below: tuple[str, ...] = ()


class LetterSheet(msgspec.Struct, frozen=True, kw_only=True):
    """All words of one letter, in the order of the page. `signatures` stand side by side, left to right."""

    letterhead: tuple[str, ...]
    office_address: str
    title: str
    number: str
    blocks: tuple[SheetBlock, ...]
    place_and_date: str
    signatures: tuple[Signature, ...]
    standing: Standing
    void_reason: str
    dated: date


def vocabulary_of(kind: LetterKind) -> dict[str, ValueType]:
    """The placeholders that a text of the kind may use, and what each stands for."""
    vocabulary = dict(COMMON_VOCABULARY)
    for field in kind.fields:
        if field.type is FieldType.MEMBER:
            vocabulary[f"{field.placeholder}_nama"] = ValueType.TEXT
            vocabulary[f"{field.placeholder}_nik"] = ValueType.TEXT
        elif field.type is not FieldType.MEMBERS:
            vocabulary[field.placeholder] = ValueType.NUMBER if field.type is FieldType.NUMBER else ValueType.TEXT
    return vocabulary


def letter_sheet(letter: Letter, kind: LetterKind, text: LetterText, *, void_reason: str = "") -> LetterSheet:
    """The sheet of an issued letter; with a reason, of a void one, which then says so across the page."""
    standing = Standing.VOID if void_reason else Standing.ISSUED
    return _sheet(letter, kind, text, letter.printed_number, standing, void_reason)


def draft_sheet(draft: Draft, kind: LetterKind, text: LetterText) -> LetterSheet:
    """The sheet as it will be, marked as a preview and without a number: it must be of no use on paper."""
    return _sheet(draft, kind, text, NUMBER_OF_A_DRAFT, Standing.DRAFT, "")


def _sheet(
    draft: Draft, kind: LetterKind, text: LetterText, number: str, standing: Standing, void_reason: str
) -> LetterSheet:
    if (draft.kind, draft.text_version) != (text.kind, text.version) or draft.kind != kind.key:
        raise ValueError(
            f"a letter {draft.kind} in version {draft.text_version} is not worded by {text.kind}-{text.version}"
        )
    values = _values(draft, kind)
    members = _members(draft, kind)
    filled = (_fill_block(block, values, members) for block in text.blocks)
    return LetterSheet(
        letterhead=letterhead_lines(draft.letterhead),
        office_address=office_address(draft.letterhead),
        title=draft.title.upper(),
        number=number,
        blocks=tuple(block for block in filled if block is not None),
        place_and_date=f"{draft.letterhead.village}, {date_words(draft.date)}",
        signatures=_signatures(draft),
        standing=standing,
        void_reason=void_reason,
        dated=draft.date,
    )


def _values(draft: Draft, kind: LetterKind) -> dict[str, Value]:
    subject, office = draft.subject, draft.letterhead
    values: dict[str, Value] = {
        "nama": subject.name,
        "nik": subject.nik,
        "kk": subject.kk,
        "tempat_lahir": subject.birth_place,
        "tgl_lahir": subject.birth_date,
        "jenis_kelamin": "LAKI-LAKI" if subject.sex is Sex.MALE else "PEREMPUAN",
        "agama": subject.religion,
        "status_kawin": subject.marital_status,
        "pekerjaan": subject.occupation,
        "alamat": _address(draft),
        "sebutan_desa": office.village_kind.value.capitalize(),
        "desa": office.village,
        "kecamatan": office.district,
        "kabupaten": office.regency,
        "kepala": head_title(office),
        "tgl_surat": draft.date,
        "berlaku_sampai": draft.valid_until,
        "jumlah_anggota": len(_members(draft, kind)),
    }
    for field in kind.fields:
        answer = draft.field(field.name)
        if field.type is FieldType.MEMBER:
            # Nobody chosen means the applicant: the form says so.
            member = answer[0] if isinstance(answer, tuple) and answer else subject
            values[f"{field.placeholder}_nama"] = member.name
            values[f"{field.placeholder}_nik"] = member.nik
        elif not isinstance(answer, tuple):
            values[field.placeholder] = answer
    return values


def _members(draft: Draft, kind: LetterKind) -> tuple[FamilyMember, ...]:
    for field in kind.fields:
        answer = draft.field(field.name)
        if field.type is FieldType.MEMBERS and isinstance(answer, tuple):
            return answer
    return ()


def _fill_block(block: Block, values: Mapping[str, Value], members: tuple[FamilyMember, ...]) -> SheetBlock | None:
    match block:
        case Paragraphs(templates=templates):
            paragraphs = tuple(text for template in templates if (text := fill(template, values)) is not None)
            return SheetBlock(type="paragraphs", paragraphs=paragraphs) if paragraphs else None
        case Rows(rows=rows):
            filled = tuple((label, text) for label, template in rows if (text := fill(template, values)) is not None)
            return SheetBlock(type="rows", rows=filled) if filled else None
        case FamilyTable(introduction=introduction):
            return _family_block(fill(introduction, values), members)
        case _:
            assert_never(block)


def _family_block(introduction: str | None, members: tuple[FamilyMember, ...]) -> SheetBlock | None:
    if not members or introduction is None:
        return None
    rows = tuple(
        (f"{place}.", member.name, member.nik, date_words(member.birth_date), member.relation)
        for place, member in enumerate(members, start=1)
    )
    return SheetBlock(type="family", paragraphs=(introduction,), rows=rows)


def letterhead_lines(office: Letterhead) -> tuple[str, ...]:
    return (
        f"PEMERINTAH KABUPATEN {office.regency}".upper(),
        f"KECAMATAN {office.district}".upper(),
        f"KANTOR {office.village_kind.value} {office.village}".upper(),
    )


def office_address(office: Letterhead) -> str:
    named = (
        ("", office.address),
        ("Telp. ", office.phone),
        ("Pos-el: ", office.email),
        ("Kode Pos ", office.postcode),
    )
    return ", ".join(f"{label}{value}" for label, value in named if value)


def _address(draft: Draft) -> str:
    subject, office = draft.subject, draft.letterhead
    place = f"{office.village_kind.value.capitalize()} {office.village}, Kecamatan {office.district}, Kabupaten {office.regency}"
    return ", ".join(part for part in (address_line(subject.address, subject.rt, subject.rw), place) if part)


def _signatures(draft: Draft) -> tuple[Signature, ...]:
    signer = draft.signer
    title = tuple(
        line.upper() if line[:4] not in ("a.n.", "u.b.") else line[:4] + line[4:].upper()
        for line in signer.title.split("\n")
    )
    below = (f"NIP. {signer.nip}",) if signer.nip else ()
    office = Signature(heading=title, name=signer.name or DOTTED_LINE, below=below)
    if draft.declared_by == "village":
        return (office,)
    acknowledged = Signature(heading=("Mengetahui,", *title), name=office.name, below=below)
    return (acknowledged, Signature(heading=("Yang menyatakan,",), name=draft.subject.name.upper()))
