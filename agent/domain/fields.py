"""What a clerk types, checked: text that can be stored, printed and read back without surprise.

Letters and residents both ask here. Nothing is repaired in silence except white space; everything else is accepted as
it stands or refused with a sentence that names the cure. Must never let a character through that hides (bidi
overrides, zero-width, control) or that the letter's typeface cannot print: such a letter would be found out only at
the printer, with the resident waiting.
"""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from datetime import date, datetime, time
from typing import TypeVar

import msgspec

from language import listed, say
from protocol import ids
from protocol.letter_kinds import ANSWER_CHARACTERS_MAX, PEOPLE_MAX, FieldType
from protocol.letter_texts import is_printable

NAME_LENGTH_MAX = 300
"""Longest name or single line: what a line on the wire holds. The registry prints far less; nobody is cut short."""
TEXT_LENGTH_MAX = ANSWER_CHARACTERS_MAX
"""Longest free text of a field."""
FIELD_TEXT_MAX = 4000
"""Longest encoded field on the wire."""
MEMBERS_MAX = PEOPLE_MAX
"""Family members in one letter: the largest households have some fifteen."""
NUMBER_MAX = 2**31
"""Largest whole number of a field: what the wire holds; in rupiah it is two billion."""
AREA_M2_MAX = 10_000_000
"""Largest area of a field, ten square kilometres: no parcel of a village is larger."""
YEAR_MIN, YEAR_MAX = 1800, 2199
"""Outside of these a year is a slip of the keyboard."""

_DATE_SEPARATOR = re.compile("[-/. ]")
_AREA = re.compile(r"([0-9]{1,3}(?:\.[0-9]{3})*|[0-9]+)(?:,([0-9]{1,2}))?", re.ASCII)
_MOMENT = re.compile(r"(.*?)(?:(?:[T ]|, ?) *([0-9]{1,2})[.:]([0-9]{2}))?", re.ASCII)
_NAME_PUNCTUATION = " .,'’‘ʼ`-/()\""
_HIDDEN_CATEGORIES = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
_SPACES = frozenset("\t\n\r\u00a0\u2002\u2003\u2007\u2009\u202f")


class FieldError(msgspec.Struct, frozen=True):
    """One thing wrong with one field. `code` is for tests and metrics, `message` is read by the clerk."""

    field: str
    code: str
    message: str


class FamilyMember(msgspec.Struct, frozen=True):
    """A person as a letter prints them: one of the household, or written down by hand and then perhaps without NIK or
    birth date. `relation` is the place in the family; of a witness, who that is."""

    nik: str
    name: str
    relation: str
    birth_date: date | None


FieldValue = str | int | date | tuple[FamilyMember, ...]
"""A choice is its own word; one person is a tuple of one; a moment is a datetime, or a date where the hour is not known;
an optional field left empty is an empty string or tuple."""


class Fault(msgspec.Struct, frozen=True):
    """Why a value was refused; becomes a FieldError once the field's name is known."""

    code: str
    message: str

    def at(self, field: str, label: str) -> FieldError:
        return FieldError(field, self.code, say("{label}: {message}", label=say(label), message=self.message))


Parsed = TypeVar("Parsed")


def check_text(raw: str, length_max: int, *, required: bool) -> str | Fault:
    """One line of text: white space folded to single blanks, composed characters, nothing hidden, all printable."""
    if len(raw) > length_max * 4:
        return _too_long(len(raw), length_max)
    spaced = "".join(" " if character in _SPACES else character for character in raw)
    text = " ".join(word for word in unicodedata.normalize("NFC", spaced).split(" ") if word)
    if not text:
        return Fault("required", say("wajib diisi.")) if required else ""
    return _character_fault(text) or (_too_long(len(text), length_max) if len(text) > length_max else text)


def check_name(raw: str, *, required: bool, length_max: int = NAME_LENGTH_MAX) -> str | Fault:
    """A person's name: letters and the few marks that names carry. One letter is a name; digits and `<` are not."""
    text = check_text(raw, length_max, required=required)
    if isinstance(text, Fault) or not text:
        return text
    for character in text:
        if not (character.isalpha() or character in _NAME_PUNCTUATION):
            return Fault(
                "not_a_name",
                say(
                    "tanda {character} tidak dipakai dalam nama. Tulis nama seperti di KTP atau KK.",
                    character=repr(character),
                ),
            )
    if not any(character.isalpha() for character in text):
        return Fault("not_a_name", say("tidak memuat satu huruf pun. Tulis nama seperti di KTP atau KK."))
    return text


def check_choice(raw: str, choices: Sequence[str], *, required: bool) -> str | Fault:
    """One of a closed list, whatever its letter case."""
    wanted = raw.strip().casefold()
    if not wanted:
        return Fault("required", say("wajib dipilih: {choices}.", choices=listed(choices))) if required else ""
    for choice in choices:
        if choice.casefold() == wanted:
            return choice
    return Fault("not_a_choice", say("tidak ada dalam daftar. Pilih salah satu: {choices}.", choices=listed(choices)))


def check_number(raw: str, *, required: bool) -> int | str | Fault:
    """A whole number, thousands dotted or not (`1.500.000`). ASCII digits only: '١٢٣'.isdigit() is true."""
    text = raw.strip()
    if not text:
        return Fault("required", say("wajib diisi dengan angka.")) if required else ""
    digits = text.replace(".", "")
    if not (digits.isascii() and digits.isdigit()) or not _is_well_dotted(text):
        return Fault("not_a_number", say("bukan bilangan bulat. Tulis angka saja, misalnya 1500000 atau 1.500.000."))
    if len(digits) > len(str(NUMBER_MAX)) or int(digits) > NUMBER_MAX:
        return Fault("number_too_large", say("terlalu besar. Periksa kembali angkanya."))
    return int(digits)


def check_nik(raw: str, *, required: bool) -> str | Fault:
    """A NIK typed by hand, in groups or not. Placeholders are accepted: people without a proper NIK need letters too."""
    digits = "".join(raw.split())
    if not digits and not required:
        return ""
    nik = ids.parse_nik(digits)
    if not isinstance(nik, ids.NikProblem):
        return nik
    counted = say(", ini {digits}", digits=len(digits)) if nik is ids.NikProblem.LENGTH else ""
    return Fault(
        nik.value, say("{phrase}{counted}. Cocokkan dengan KTP-el atau KK.", phrase=say(nik.phrase), counted=counted)
    )


def check_kk(raw: str, *, required: bool) -> str | Fault:
    """A family card number typed by hand, in groups or not."""
    digits = "".join(raw.split())
    if not digits and not required:
        return ""
    kk = ids.parse_kk(digits)
    if not isinstance(kk, ids.KkProblem):
        return kk
    counted = say(", ini {digits}", digits=len(digits)) if kk is ids.KkProblem.LENGTH else ""
    return Fault(
        kk.value, say("{phrase}{counted}. Cocokkan dengan kartu keluarga.", phrase=say(kk.phrase), counted=counted)
    )


def check_members(
    raw: str, household: Sequence[FamilyMember], *, required: bool, most: int
) -> tuple[FamilyMember, ...] | Fault:
    """Members picked by NIK (separated by blanks or commas) from the household on screen, in the household's order."""
    wanted = raw.replace(",", " ").split()
    if not wanted:
        return Fault("required", say("pilih anggota keluarga.")) if required else ()
    known = {member.nik for member in household}
    if any(nik not in known for nik in wanted):
        return Fault(
            "not_in_household", say("ada yang bukan anggota kartu keluarga ini. Pilih dari daftar anggota keluarga.")
        )
    members = tuple(member for member in household if member.nik in set(wanted))
    if len(members) > most:
        return Fault(
            "too_many",
            say("paling banyak {most} orang, terpilih {members}. Kurangi pilihan.", most=most, members=len(members)),
        )
    if len(encode_value(members)) > FIELD_TEXT_MAX:
        return Fault("too_long", say("nama-nama anggota terlalu panjang untuk satu surat. Kurangi pilihan."))
    return members


def check_date(raw: str, *, required: bool) -> date | Fault | None:
    """A calendar date: `1980-12-31` as browsers send it; `31-12-1980`, with strokes, dots or blanks as people write it."""
    text = raw.strip()
    if not text:
        return Fault("required", say("wajib diisi.")) if required else None
    parts = _DATE_SEPARATOR.split(text)
    if len(parts) != 3 or not all(part.isascii() and part.isdigit() for part in parts):
        return Fault("not_a_date", say("bukan tanggal. Tulis hari-bulan-tahun, misalnya 31-12-1980."))
    year, month, day = parts if len(parts[0]) == 4 else reversed(parts)
    if len(year) != 4:
        return Fault("not_a_date", say("tahun harus empat angka, misalnya 31-12-1980."))
    try:
        return date(int(year), int(month), int(day))
    except ValueError:
        return Fault("not_a_date", say("tanggal ini tidak ada di kalender. Periksa hari dan bulannya."))


def check_moment(raw: str, *, required: bool) -> date | Fault | None:
    """A date with or without an hour: `17-05-2021 08.30`, `2021-05-17T08:30`. A datetime, naive in WIB, or a date."""
    match = _MOMENT.fullmatch(" ".join(raw.split()))
    if match is None:
        return Fault("not_a_moment", say("tulis tanggal dan jam, misalnya 31-12-2020 08.30."))
    day = check_date(match[1], required=required)
    if not isinstance(day, date) or match[2] is None:
        return day
    if int(match[2]) > 23 or int(match[3]) > 59:
        return Fault("not_a_moment", say("jam ini tidak ada. Tulis dari 00.00 sampai 23.59, misalnya 08.30."))
    return datetime.combine(day, time(int(match[2]), int(match[3])))


def write_date(day: date) -> str:
    """A date or moment as people type it, which `check_date` and `check_moment` read back: `17-05-2021 08.30`."""
    clock = f" {day:%H.%M}" if isinstance(day, datetime) else ""
    return f"{day.day:02}-{day.month:02}-{day.year:04}{clock}"


def check_rupiah(raw: str, *, required: bool) -> int | str | Fault:
    """An amount of whole rupiah, with or without `Rp`, `,00` and `,-`."""
    text = raw.strip()
    if text[:2].casefold() == "rp":
        text = text[2:].lstrip(". ")
    return check_number(text.removesuffix(",-").removesuffix(",00"), required=required)


def check_area(raw: str, *, required: bool) -> str | Fault:
    """Square metres, at most two decimals: `1.250` or `120,5`; kept as people write it, dotted, without a unit."""
    text = raw.strip()
    if not text:
        return Fault("required", say("wajib diisi dengan angka.")) if required else ""
    match = _AREA.fullmatch(re.sub(r" *m(2|\u00b2)$", "", text, flags=re.IGNORECASE))
    if match is None:
        return Fault("not_an_area", say("tulis luas dalam meter persegi, misalnya 1250 atau 120,5."))
    whole, decimals = int(match[1].replace(".", "")[:12]), (match[2] or "").rstrip("0")
    if whole > AREA_M2_MAX or not (whole or decimals):
        return Fault("area_out_of_range", say("luas ini tidak mungkin. Periksa kembali angkanya."))
    return f"{whole:,}".replace(",", ".") + (f",{decimals}" if decimals else "")


def check_year(raw: str, *, required: bool) -> int | str | Fault:
    """A calendar year in four digits."""
    text = raw.strip()
    if not text:
        return Fault("required", say("wajib diisi dengan tahun.")) if required else ""
    if not (text.isascii() and text.isdigit() and len(text) == 4 and YEAR_MIN <= int(text) <= YEAR_MAX):
        return Fault("not_a_year", say("tulis tahun dengan empat angka, misalnya 2015."))
    return int(text)


def check_digits(raw: str, count: int, *, required: bool) -> str | Fault:
    """A number that is a name (NIB, region code): exactly so many digits, grouped by blanks or dots or not."""
    digits = "".join(raw.split()).replace(".", "")
    if not digits:
        return Fault("required", say("wajib diisi dengan angka.")) if required else ""
    if not (digits.isascii() and digits.isdigit()):
        return Fault("not_digits", say("tulis angka saja."))
    if len(digits) != count:
        return Fault(
            "wrong_length",
            say("jumlah angkanya harus {count}, ini {digits}. Periksa kembali.", count=count, digits=len(digits)),
        )
    return digits


def check_documents(raw: str, documents: Sequence[str]) -> str | Fault:
    """What was ticked, one a line, as one text: `KTP; KK`. A document that is not on the list is an old form."""
    ticked = set(raw.split("\n")) - {""}
    if ticked - set(documents):
        return Fault("not_a_document", say("daftar syarat surat ini berubah. Centang sekali lagi."))
    return "; ".join(document for document in documents if document in ticked)


def encode_value(value: FieldValue) -> str:
    """A value as the text that travels: people one a line, parts parted by tabs (no checked text holds either)."""
    if isinstance(value, tuple):
        return "\n".join(
            f"{m.nik}\t{m.name}\t{m.relation}\t{m.birth_date.isoformat() if m.birth_date else ''}" for m in value
        )
    return value.isoformat() if isinstance(value, date) else str(value)


def decode_value(text: str, type_: FieldType) -> FieldValue:
    """The value of a text written by `encode_value`. Raises ValueError on anything else."""
    match type_:
        case FieldType.MEMBER | FieldType.MEMBERS | FieldType.PERSON | FieldType.PEOPLE | FieldType.WITNESSES:
            return tuple(_decode_member(line) for line in text.split("\n") if line)
        case FieldType.NUMBER | FieldType.RUPIAH | FieldType.YEAR:
            return int(text) if text else ""
        case FieldType.DATE | FieldType.MOMENT:
            return (datetime.fromisoformat(text) if "T" in text else date.fromisoformat(text)) if text else ""
        case _:
            return text


def collect(answers: Mapping[str, object | Fault], labels: Mapping[str, str]) -> list[FieldError]:
    """The faults among checked answers, under the labels the clerk sees."""
    return [answer.at(name, labels[name]) for name, answer in answers.items() if isinstance(answer, Fault)]


def _decode_member(line: str) -> FamilyMember:
    nik, name, relation, born = line.split("\t")
    return FamilyMember(nik, name, relation, date.fromisoformat(born) if born else None)


def _is_well_dotted(text: str) -> bool:
    groups = text.split(".")
    return len(groups) == 1 or (1 <= len(groups[0]) <= 3 and all(len(group) == 3 for group in groups[1:]))


def _too_long(length: int, length_max: int) -> Fault:
    return Fault(
        "too_long",
        say("paling panjang {length_max} huruf, ini {length}. Singkatkan.", length_max=length_max, length=length),
    )


def _character_fault(text: str) -> Fault | None:
    for character in text:
        if unicodedata.category(character) in _HIDDEN_CATEGORIES:
            point = f"U+{ord(character):04X}"
            return Fault(
                "hidden_character",
                say("ada karakter tersembunyi ({point}). Hapus isian ini dan ketik ulang, jangan tempel.", point=point),
            )
        if not is_printable(character):
            return Fault(
                "unprintable",
                say(
                    "karakter {character} tidak dapat dicetak. Tulis dengan huruf Latin biasa.",
                    character=repr(character),
                ),
            )
    return None
