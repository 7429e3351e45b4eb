"""People in a letter who are not its subject: picked from the household, or written down in rows.

Heirs, parents, followers and witnesses often live elsewhere. A row that holds the NIK of somebody on record here needs no
more; for anybody else the name is enough, because a letter must not wait for a number that nobody has at hand. Must never
look anybody up: whom the village knows comes in as an argument.
"""

from collections.abc import Mapping, Sequence
from datetime import date

import msgspec

from agent.domain.fields import (
    FIELD_TEXT_MAX,
    FamilyMember,
    Fault,
    check_date,
    check_name,
    check_nik,
    check_text,
    encode_value,
    write_date,
)
from language import say
from protocol.ids import Nik, is_placeholder

NOTE_LENGTH_MAX = 150
"""Longest word on who somebody is: a relation, or a trade and an address."""


class PersonRow(msgspec.Struct, frozen=True):
    """One row as typed."""

    nik: str = ""
    name: str = ""
    born: str = ""
    note: str = ""

    @property
    def is_empty(self) -> bool:
        return not (self.nik.strip() or self.name.strip() or self.born.strip() or self.note.strip())


PARTS: tuple[str, ...] = PersonRow.__struct_fields__
"""What a row asks, in its order."""


class PeopleAnswer(msgspec.Struct, frozen=True):
    """What the form says about people: the NIKs that were ticked, and the rows."""

    picked: tuple[str, ...] = ()
    rows: tuple[PersonRow, ...] = ()


def check_people(
    answer: PeopleAnswer,
    household: Sequence[FamilyMember],
    known: Mapping[str, FamilyMember],
    *,
    required: bool,
    most: int,
) -> tuple[FamilyMember, ...] | Fault:
    """Those picked, in the household's order, then the rows, nobody twice. `known`: residents by the NIKs in the rows.

    A row about somebody picked says who that is in this letter: an heir is a daughter, whatever the family card says.
    """
    if not set(answer.picked) <= {member.nik for member in household}:
        return Fault(
            "not_in_household", say("ada yang bukan anggota kartu keluarga ini. Pilih dari daftar anggota keluarga.")
        )
    people = [member for member in household if member.nik in set(answer.picked)]
    for place, row in enumerate((row for row in answer.rows if not row.is_empty), start=1):
        person = _check_row(row, known)
        if isinstance(person, Fault):
            return Fault(person.code, say("baris {place}, {message}", place=place, message=person.message))
        _add(people, person)
    if not people and required:
        return Fault("required", say("wajib diisi. Pilih dari keluarga atau tulis namanya."))
    if len(people) > most:
        return Fault(
            "too_many", say("paling banyak {most} orang, ini {people}. Kurangi.", most=most, people=len(people))
        )
    if len(encode_value(tuple(people))) > FIELD_TEXT_MAX:
        return Fault("too_long", say("nama dan keterangannya terlalu panjang untuk satu surat. Singkatkan."))
    return tuple(people)


def ask_again(people: Sequence[FamilyMember], household: Sequence[FamilyMember]) -> PeopleAnswer:
    """The answer of which `check_people` makes these people: who is in the household is ticked, the rest are rows.

    Who is in this letter somebody else than on the family card has a row as well. A placeholder that several share ticks
    nobody. Empty `household`: nobody can be ticked, as with witnesses.
    """
    niks = [member.nik for member in household]
    members = {member.nik: member for member in household if niks.count(member.nik) == 1}
    picked, rows = [], []
    for person in people:
        member = members.get(person.nik)
        if member is not None and (_is_own(person.nik) or member == person):
            picked.append(person.nik)
            if person.relation == member.relation:
                continue
        born = write_date(person.birth_date) if person.birth_date else ""
        rows.append(PersonRow(nik=person.nik, name=person.name, born=born, note=person.relation))
    return PeopleAnswer(tuple(picked), tuple(rows))


def _add(people: list[FamilyMember], person: FamilyMember) -> None:
    for place, other in enumerate(people):
        if _is_own(person.nik) and person.nik == other.nik:
            people[place] = msgspec.structs.replace(other, relation=person.relation or other.relation)
            return
    people.append(person)


def _is_own(nik: str) -> bool:
    """Whether a NIK tells who somebody is: a placeholder is shared by many."""
    return bool(nik) and not is_placeholder(Nik(nik))


def _check_row(row: PersonRow, known: Mapping[str, FamilyMember]) -> FamilyMember | Fault:
    nik = check_nik(row.nik, required=False)
    if isinstance(nik, Fault):
        return Fault(nik.code, say("NIK: {message}", message=nik.message))
    on_record = known.get(nik) if _is_own(nik) else None
    if not row.name.strip() and on_record is None:
        cure = say("NIK ini belum terdaftar di sini; tulis namanya.") if nik else say("tulis namanya.")
        return Fault("name_missing", say("nama: {cure}", cure=cure))
    name = check_name(row.name or (on_record.name if on_record else ""), required=True)
    if isinstance(name, Fault):
        return Fault(name.code, say("nama: {message}", message=name.message))
    born = check_date(row.born, required=False)
    if isinstance(born, Fault):
        return Fault(born.code, say("tanggal lahir: {message}", message=born.message))
    note = check_text(row.note, NOTE_LENGTH_MAX, required=False)
    if isinstance(note, Fault):
        return Fault(note.code, say("keterangan: {message}", message=note.message))
    return FamilyMember(nik, name, note, born or _born(on_record))


def _born(on_record: FamilyMember | None) -> date | None:
    return on_record.birth_date if on_record else None
