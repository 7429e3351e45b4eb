"""The sheet: every word that stands on the paper of a letter, in plain text, before anything is laid out.

Between the letter (data) and the press (typography). The press adds no word of its own and the sheet no measure.
Must never show a void letter or a draft as if it were valid.
"""

from collections.abc import Mapping
from datetime import date
from enum import StrEnum
from typing import Literal, assert_never

import msgspec

from agent.domain.fields import FamilyMember
from agent.domain.letters import Draft, Letter, Letterhead, Signer, address_line, camat_title, head_title
from protocol.ids import Sex
from protocol.letter_kinds import CAMAT_ASKED, YES, FieldType, LetterKind
from protocol.letter_texts import (
    SIGNERS,
    Block,
    FamilyTable,
    LetterText,
    Paragraphs,
    PeopleTable,
    Rows,
    Spot,
    Value,
    date_words,
    fill,
)

NUMBER_OF_A_DRAFT = "(belum terbit)"
DOTTED_LINE = "." * 40
"""Where the office has entered no signer's name yet, the pen fills it in."""


class Standing(StrEnum):
    """What a letter is worth; printed across the sheet when it is not plainly issued."""

    ISSUED = ""
    DRAFT = "PRATINJAU"
    VOID = "DIBATALKAN"


class SheetBlock(msgspec.Struct, frozen=True, kw_only=True):
    """One block of the body: paragraphs, rows with colons, or a table of people, whose last column takes what is left
    over when it is `wide`."""

    type: Literal["paragraphs", "rows", "family"]
    paragraphs: tuple[str, ...] = ()
    header: tuple[str, ...] = ()
    rows: tuple[tuple[str, ...], ...] = ()
    wide: bool = False


class Signature(msgspec.Struct, frozen=True, kw_only=True):
    """Lines above the room for the hand, the name under it, lines below the name."""

    heading: tuple[str, ...]
    name: str
    below: tuple[str, ...] = ()


class SigningList(msgspec.Struct, frozen=True, kw_only=True):
    """People who sign one under the other, each beside their name and who that is."""

    heading: str
    header: tuple[str, ...]
    people: tuple[tuple[str, str], ...]


class LetterSheet(msgspec.Struct, frozen=True, kw_only=True):
    """All words of one letter, in the order of the page. `signatures` stand two by two, left to right; a lone one right.

    `has_seal_room`: the lower left corner is kept free for the seal, also where somebody signs on the left.
    """

    letterhead: tuple[str, ...]
    office_address: str
    title: str
    number: str
    blocks: tuple[SheetBlock, ...]
    place_and_date: str
    signing_lists: tuple[SigningList, ...]
    signatures: tuple[Signature, ...]
    has_seal_room: bool
    standing: Standing
    void_reason: str
    dated: date


def letter_sheet(
    letter: Letter, kind: LetterKind, text: LetterText, *, void_reason: str = "", camat: Signer | None = None
) -> LetterSheet:
    """The sheet of an issued letter; with a reason, of a void one, which then says so across the page.

    `camat`: who countersigned. It is no part of the letter: its seal is made of the sheet without.
    """
    standing = Standing.VOID if void_reason else Standing.ISSUED
    return _sheet(letter, kind, text, letter.printed_number, standing, void_reason, camat)


def has_camat_block(draft: Draft, text: LetterText) -> bool:
    """Whether the page leaves room for the camat."""
    return any(spot.who == "camat" and _is_wanted(spot, draft, {}) for spot in text.spots)


def draft_sheet(draft: Draft, kind: LetterKind, text: LetterText) -> LetterSheet:
    """The sheet as it will be, marked as a preview and without a number: it must be of no use on paper."""
    return _sheet(draft, kind, text, NUMBER_OF_A_DRAFT, Standing.DRAFT, "")


def _sheet(
    draft: Draft,
    kind: LetterKind,
    text: LetterText,
    number: str,
    standing: Standing,
    void_reason: str,
    camat: Signer | None = None,
) -> LetterSheet:
    if (draft.kind, draft.text_version) != (text.kind, text.version) or draft.kind != kind.key:
        raise ValueError(
            f"a letter {draft.kind} in version {draft.text_version} is not worded by {text.kind}-{text.version}"
        )
    values = _values(draft, kind)
    people = _people(draft, kind)
    filled = (_fill_block(block, values, _members(draft, kind), people) for block in text.blocks)
    spots = text.spots or _spots_of_old(draft)
    return LetterSheet(
        letterhead=letterhead_lines(draft.letterhead),
        office_address=office_address(draft.letterhead),
        title=(text.title or draft.title).upper(),
        number=number,
        blocks=tuple(block for block in filled if block is not None),
        place_and_date=f"{draft.letterhead.village}, {date_words(draft.date)}",
        signing_lists=tuple(_signing_list(spot, people[spot.who]) for spot in spots if spot.who in _many(kind, people)),
        signatures=tuple(
            _signature(spot, draft, people, camat)
            for spot in spots
            if spot.who not in _many(kind, people) and _is_wanted(spot, draft, people)
        ),
        has_seal_room=bool(text.spots),
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
            values[f"{field.placeholder}_lahir"] = member.birth_date
            values[f"{field.placeholder}_hubungan"] = member.relation if isinstance(member, FamilyMember) else ""
        elif field.type is FieldType.PERSON:
            person = answer[0] if isinstance(answer, tuple) and answer else None
            values[f"{field.placeholder}_nama"] = person.name if person else ""
            values[f"{field.placeholder}_nik"] = person.nik if person else ""
            values[f"{field.placeholder}_lahir"] = person.birth_date if person else None
            values[f"{field.placeholder}_hubungan"] = person.relation if person else ""
        elif not isinstance(answer, tuple):
            values[field.placeholder] = answer
    return values


def _people(draft: Draft, kind: LetterKind) -> dict[str, tuple[FamilyMember, ...]]:
    """The people of each field for people, by placeholder."""
    answers = ((field.placeholder, draft.field(field.name)) for field in kind.fields)
    return {placeholder: answer for placeholder, answer in answers if isinstance(answer, tuple)}


def _members(draft: Draft, kind: LetterKind) -> tuple[FamilyMember, ...]:
    for field in kind.fields:
        answer = draft.field(field.name)
        if field.type is FieldType.MEMBERS and isinstance(answer, tuple):
            return answer
    return ()


def _fill_block(
    block: Block,
    values: Mapping[str, Value],
    members: tuple[FamilyMember, ...],
    people: Mapping[str, tuple[FamilyMember, ...]],
) -> SheetBlock | None:
    match block:
        case Paragraphs(templates=templates):
            paragraphs = tuple(text for template in templates if (text := fill(template, values)) is not None)
            return SheetBlock(type="paragraphs", paragraphs=paragraphs) if paragraphs else None
        case Rows(rows=rows):
            filled = tuple((label, text) for label, template in rows if (text := fill(template, values)) is not None)
            return SheetBlock(type="rows", rows=filled) if filled else None
        case FamilyTable(introduction=introduction):
            return _family_block(fill(introduction, values), members)
        case PeopleTable(field=field, introduction=introduction):
            return _people_block(fill(introduction, values), people.get(field, ()))
        case _:
            assert_never(block)


FAMILY_HEADER = ("No.", "Nama", "NIK", "Tanggal lahir", "Hubungan")
PEOPLE_HEADER = ("No.", "Nama", "NIK", "Tanggal lahir", "Keterangan")


def _family_block(introduction: str | None, members: tuple[FamilyMember, ...]) -> SheetBlock | None:
    if not members or introduction is None:
        return None
    return SheetBlock(
        type="family", paragraphs=(introduction,), header=FAMILY_HEADER, rows=_people_rows(members), wide=False
    )


def _people_block(introduction: str | None, people: tuple[FamilyMember, ...]) -> SheetBlock | None:
    """The same, without the columns in which nobody has anything."""
    if not people or introduction is None:
        return None
    rows = _people_rows(people)
    kept = [place for place in range(len(PEOPLE_HEADER)) if any(row[place] for row in rows)]
    return SheetBlock(
        type="family",
        paragraphs=(introduction,),
        header=tuple(PEOPLE_HEADER[place] for place in kept),
        rows=tuple(tuple(row[place] for place in kept) for row in rows),
        wide=len(PEOPLE_HEADER) - 1 in kept,
    )


def _people_rows(people: tuple[FamilyMember, ...]) -> tuple[tuple[str, ...], ...]:
    return tuple(
        (f"{place}.", who.name, who.nik, date_words(who.birth_date) if who.birth_date else "", who.relation)
        for place, who in enumerate(people, start=1)
    )


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


def _spots_of_old(draft: Draft) -> tuple[Spot, ...]:
    """Who signs under a text that does not say so itself."""
    if draft.declared_by == "village":
        return (Spot("", "kepala"),)
    return (Spot("Mengetahui,", "kepala"), Spot("Yang menyatakan,", "pemohon"))


def _many(kind: LetterKind, people: Mapping[str, tuple[FamilyMember, ...]]) -> set[str]:
    """The fields whose people sign one under the other."""
    return {
        field.placeholder
        for field in kind.fields
        if field.type in {FieldType.MEMBERS, FieldType.PEOPLE, FieldType.WITNESSES} and people.get(field.placeholder)
    }


def _is_wanted(spot: Spot, draft: Draft, people: Mapping[str, tuple[FamilyMember, ...]]) -> bool:
    """The camat signs unless the letter was asked and said no, by its own record; others if the letter names them."""
    if spot.who == "camat":
        return dict(draft.fields).get(CAMAT_ASKED, YES) == YES
    return spot.who in SIGNERS or bool(people.get(spot.who))


def _signature(
    spot: Spot, draft: Draft, people: Mapping[str, tuple[FamilyMember, ...]], camat: Signer | None
) -> Signature:
    heading = (spot.heading,) if spot.heading else ()
    match spot.who:
        case "kepala":
            return _signed_by(heading, draft.signer)
        case "camat" if camat is not None:
            return _signed_by(heading, camat)
        case "camat":
            title = (camat_title(draft.letterhead).upper(),)
            return Signature(heading=(*heading, *title), name=DOTTED_LINE, below=("NIP.",))
        case "pemohon":
            return Signature(heading=heading, name=draft.subject.name.upper())
        case "pena":
            return Signature(heading=heading, name=DOTTED_LINE)
        case _:
            return Signature(heading=heading, name=people[spot.who][0].name.upper())


def _signed_by(heading: tuple[str, ...], signer: Signer) -> Signature:
    title = tuple(
        line.upper() if line[:4] not in ("a.n.", "u.b.") else line[:4] + line[4:].upper()
        for line in signer.title.split("\n")
    )
    ranked = (signer.rank,) if signer.rank else ()
    numbered = (f"NIP. {signer.nip}",) if signer.nip else ()
    return Signature(heading=(*heading, *title), name=signer.name or DOTTED_LINE, below=(*ranked, *numbered))


def _signing_list(spot: Spot, people: tuple[FamilyMember, ...]) -> SigningList:
    return SigningList(
        heading=spot.heading,
        header=("No.", "Nama", "Tanda tangan"),
        people=tuple((who.name.upper(), _who(who)) for who in people),
    )


def _who(person: FamilyMember) -> str:
    return ", ".join(part for part in (f"NIK {person.nik}" if person.nik else "", person.relation) if part)
