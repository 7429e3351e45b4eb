"""Letter kinds: what one is, which questions its form asks, and how it is read from the tables that somebody published.

Both sides must agree on it: the centre refuses what a box could not read, and a box reads by these very rules. A kind is
a row of `letters.csv`, its questions are rows of `letter_fields.csv`, its wording is a text (`protocol/letter_texts`). The
three together under one version are an edition: a letter is printed again from the edition it was written in, for ever.

Versions below `PUBLISHED_FROM` ship with the program, from there on they are the regency's, so that no upgrade of a box
can take a number that the regency has used. Must never guess: what is not plainly right is refused with file, line and
cure, before any clerk sees it.
"""

import csv
import datetime
import io
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from enum import StrEnum
from typing import ClassVar, Literal, get_args

import msgspec

from protocol.feed import LetterEdition, letter_edition_message
from protocol.letter_texts import LetterText, TextError, ValueType, is_printable, parse_text, read_texts

PUBLISHED_FROM = 100
"""The first version that the regency publishes."""
VERSION_MAX = 9_999
KEY_CHARACTERS_MAX = 40
LINE_CHARACTERS_MAX = 300
"""A title, label, hint or list of documents: what a line on the wire holds."""
FIELDS_MAX = 40
"""Questions of one kind: the longest form that ships has a dozen."""
ANSWER_CHARACTERS_MAX = 1000
"""Longest answer in characters: more does not stay on one page of a letter."""
PEOPLE_MAX = 20
"""People in one answer: twenty rows still make one page."""
VALID_DAYS_MAX = 3_650
CODES_CHANGED_IN = 2023
"""Permendagri 83/2022 replaced the classification codes of Permendagri 78/2012 for letters from 2023 on."""

DeclaredBy = Literal["village", "applicant", "heirs"]

CAMAT_ASKED = "countersigned_by_camat"
DOCUMENTS_SEEN = "required_documents"
"""Questions that follow from the kind's own row and not from `letter_fields.csv`: recorded among the letter's fields."""
YES, NO = "Ya", "Tidak"

_WIDELY_KNOWN = re.compile(r"Surat (?:Keterangan|Pengantar|Pernyataan) ")
_KEY = re.compile(r"[a-z][a-z_]*", re.ASCII)
_FIELD = re.compile(r"[a-z][a-z0-9_]*", re.ASCII)
_CODE = re.compile(r"[0-9A-Za-z.\-/]{0,20}", re.ASCII)
_FILE = re.compile(r"([a-z_]+)-([1-9][0-9]{0,3})\.txt", re.ASCII)
_OF_THE_FORM = frozenset(
    {"kind", "resident", "request", "again", "seen", "signer", "csrf", "form_key", "change", "later", "rows"}
    | {"date_confirmed", CAMAT_ASKED, DOCUMENTS_SEEN}
)
"""Names that a form of the counter uses itself."""
_KIND_COLUMNS = (
    *("key", "title_id", "code_until_2022", "code_from_2023", "extra_fields", "countersigned_by_camat", "forward_to"),
    *("required_documents", "kiosk", "valid_days", "declared_by"),
)
_FIELD_COLUMNS = ("kind", "field", "type", "required", "length_max", "label_id", "hint_id", "placeholder", "choices")
"""Without these columns a table cannot be read; one that this program does not know is passed over."""


class FieldType(StrEnum):
    """How a field is asked, checked and kept."""

    TEXT = "text"
    NAME = "name"
    CHOICE = "choice"
    NUMBER = "number"
    RUPIAH = "rupiah"
    AREA = "area"
    YEAR = "year"
    DIGITS = "digits"
    DATE = "date"
    MOMENT = "moment"
    NIK = "nik"
    KK = "kk"
    MEMBER = "member"
    MEMBERS = "members"
    PERSON = "person"
    PEOPLE = "people"
    WITNESSES = "witnesses"
    DOCUMENTS = "documents"


PICKED = frozenset({FieldType.MEMBER, FieldType.MEMBERS, FieldType.PERSON, FieldType.PEOPLE})
"""Answered by picking from the household on screen."""
WRITTEN = frozenset({FieldType.PERSON, FieldType.PEOPLE, FieldType.WITNESSES})
"""Answered, also or only, by writing people down in rows."""


class FieldDefinition(msgspec.Struct, frozen=True, kw_only=True):
    """A question of a letter kind: one row of `letter_fields.csv`."""

    name: str
    type: FieldType
    required: bool
    length_max: int
    label: str
    hint: str
    placeholder: str
    choices: tuple[str, ...] = ()
    not_before: str = ""
    """Of a date or moment: the field it must not precede."""
    is_past: bool = False
    """Of a date or moment: it must have happened."""


class CatalogueError(ValueError):
    """The catalogue contradicts itself; the message names the row. A fault of the program or of a published file."""


class Countersign(StrEnum):
    """Whether the camat countersigns."""

    NO = "no"
    OPTIONAL = "optional"
    YES = "yes"


class LetterKind(msgspec.Struct, frozen=True, kw_only=True):
    """One kind of letter: a row of `letters.csv` with its fields. `group`: the use under which a clerk looks for it;
    `is_frequent`: among the few that stand first."""

    SPM: ClassVar[str] = "spm"
    SKTM: ClassVar[str] = "sktm"
    SKD: ClassVar[str] = "skd"

    key: str
    title: str
    code_until_2022: str
    code_from_2023: str
    fields: tuple[FieldDefinition, ...]
    countersigned_by_camat: Countersign
    forward_to: str
    required_documents: tuple[str, ...]
    kiosk: bool
    valid_days: int | None
    declared_by: DeclaredBy
    group: str = "Umum"
    is_frequent: bool = False

    @property
    def short_title(self) -> str:
        """What tells this kind from the others, first: a list is searched by its first letters."""
        return _WIDELY_KNOWN.sub("", self.title) or self.title

    def code(self, year: int) -> str:
        """The classification code (`{klas}`) of a letter of that year."""
        return self.code_until_2022 if year < CODES_CHANGED_IN else self.code_from_2023

    def valid_until(self, issued_on: datetime.date) -> datetime.date | None:
        """The last day on which the letter is valid; None where it does not expire."""
        return None if self.valid_days is None else issued_on + datetime.timedelta(days=self.valid_days)


_ONE_PERSON = frozenset({FieldType.MEMBER, FieldType.PERSON})
_PARTS = ("nama", "nik", "lahir", "hubungan")
"""What a text may say of one person, each under a placeholder of its own."""


class Edition(msgspec.Struct, frozen=True, kw_only=True):
    """One version of a kind: what its form asks and how it reads. Nothing new is written in it before `valid_from`, nor at
    all when it withdraws the kind (`is_retired`)."""

    kind: LetterKind
    text: LetterText
    valid_from: datetime.date = datetime.date.min
    is_retired: bool = False

    @property
    def version(self) -> int:
        return self.text.version


# --- reading tables ---------------------------------------------------------------------------------------------------

Row = Mapping[str, str]


def read_catalogue(letters_csv: str, fields_csv: str) -> dict[str, LetterKind]:
    """The letter kinds by key. Raises CatalogueError, naming file, line and row, where the two tables do not fit together."""
    questions: dict[str, list[FieldDefinition]] = {}
    for where, row in _rows("letter_fields.csv", fields_csv, _FIELD_COLUMNS):
        questions.setdefault(row["kind"], []).append(_read_field(f"{where} ({row['kind']}.{row['field']})", row))
    kinds: dict[str, LetterKind] = {}
    for where, row in _rows("letters.csv", letters_csv, _KIND_COLUMNS):
        kind = _read_kind(f"{where} ({row['key']})", row, questions.pop(row["key"], []))
        if kind.key in kinds:
            raise CatalogueError(f"{where}: {kind.key} has a row already; keep one")
        kinds[kind.key] = kind
    if questions:
        raise CatalogueError(f"letter_fields.csv: no such letter kind: {', '.join(sorted(questions))}")
    return kinds


def read_shipped(letters_csv: str, fields_csv: str, texts: Mapping[str, str]) -> dict[tuple[str, int], Edition]:
    """The editions that ship with the program, by kind and version: one row for all versions of a kind."""
    kinds = read_catalogue(letters_csv, fields_csv)
    worded = read_texts(texts, {key: vocabulary_of(kind) for key, kind in kinds.items()})
    if ahead := [version for _, version in worded if version >= PUBLISHED_FROM]:
        raise CatalogueError(
            f"texts: version {ahead[0]} is the regency's to publish; what ships stays below {PUBLISHED_FROM}"
        )
    return {
        (key, version): Edition(kind=kinds[key], text=text)
        for key in kinds
        for (worded_kind, version), text in worded.items()
        if worded_kind == key
    }


def read_edition(said: LetterEdition) -> Edition:
    """What the regency published, for use. Raises CatalogueError or TextError where this program cannot read it."""
    kinds = read_catalogue(said.row, said.questions)
    if set(kinds) != {said.kind}:
        raise CatalogueError(f"letters.csv: one row, for {said.kind}, and no other")
    kind, name = kinds[said.kind], f"{said.kind}-{said.version}.txt"
    if not PUBLISHED_FROM <= said.version <= VERSION_MAX:
        raise CatalogueError(f"{name}: {_NUMBERS}")
    return Edition(
        kind=kind,
        text=parse_text(name, said.text, kind.key, said.version, vocabulary_of(kind)),
        valid_from=_read_date(name, said.valid_from),
        is_retired=said.is_retired,
    )


_NUMBERS = f"a published version has a number from {PUBLISHED_FROM} to {VERSION_MAX}; those below ship with the program"


def read_publication(
    letters_csv: str, fields_csv: str, texts: Mapping[str, str], sign: Callable[[bytes], bytes]
) -> list[LetterEdition]:
    """A folder of the regency's, checked as a whole and signed kind by kind. Raises CatalogueError or TextError.

    `letters_csv` has two columns more than the table that ships: `valid_from` (a date) and, if wanted, `retired` (yes).
    """
    kinds = read_catalogue(letters_csv, fields_csv)
    versions = _versions(texts, kinds)
    said = []
    for where, row in _rows("letters.csv", letters_csv, (*_KIND_COLUMNS, "valid_from")):
        key = row["key"]
        if key not in versions:
            raise CatalogueError(f"{where} ({key}): there is no texts/{key}-<version>.txt beside it")
        asked = [
            (row_where, found) for row_where, found in _rows("letter_fields.csv", fields_csv) if found["kind"] == key
        ]
        unsigned = LetterEdition(
            kind=key,
            version=versions[key],
            valid_from=_read_date(f"{where} ({key})", row["valid_from"]).isoformat(),
            is_retired=_read_flag(where, "retired", row.get("retired") or "no"),
            row=_table([row]),
            questions=_table([found for _, found in asked]) or ",".join(_FIELD_COLUMNS) + "\n",
            text=texts[f"{key}-{versions[key]}.txt"],
            signature=bytes(64),
        )
        read_edition(unsigned)
        said.append(msgspec.structs.replace(unsigned, signature=sign(letter_edition_message(unsigned))))
    if not said:
        raise CatalogueError("letters.csv: no row; write one for each kind to be published")
    return said


def _versions(texts: Mapping[str, str], kinds: Mapping[str, LetterKind]) -> dict[str, int]:
    """The version of each kind in a folder: one text for each row."""
    versions: dict[str, int] = {}
    for name in sorted(texts):
        match = _FILE.fullmatch(name)
        if match is None or match[1] not in kinds:
            raise TextError(f"texts/{name}: name it <kind>-<version>.txt after a row of letters.csv")
        if match[1] in versions:
            raise TextError(f"texts/{name}: {match[1]} has another text here; publish one version at a time")
        versions[match[1]] = int(match[2])
    return versions


def _table(rows: Sequence[Row]) -> str:
    """Rows with their heading, as text; empty where there are none."""
    if not rows:
        return ""
    target = io.StringIO()
    writer = csv.DictWriter(target, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return target.getvalue()


def _rows(file: str, content: str, columns: Sequence[str] = ()) -> Iterator[tuple[str, Row]]:
    """(file and line, cells by column) of each row; columns left out at a row's end are empty. Raises CatalogueError."""
    reader = csv.DictReader(io.StringIO(content), strict=True)
    try:
        lacking = [column for column in columns if column not in (reader.fieldnames or ())]
        if lacking:
            raise CatalogueError(f"{file}, line 1: the heading lacks {', '.join(lacking)}")
        for cells in reader:
            where = f"{file}, line {reader.line_num}"
            if None in cells or any(cells[column] is None for column in columns):
                raise CatalogueError(f"{where}: the row has not as many cells as the heading; check commas and quotes")
            row = {column: cell or "" for column, cell in cells.items()}
            for column, cell in row.items():
                if strange := sorted({character for character in cell if not is_printable(character)}):
                    raise CatalogueError(
                        f"{where}: {column} holds {strange[0]!r}, which no letter can print; retype it"
                    )
            yield where, row
    except csv.Error as error:
        raise CatalogueError(f"{file}, line {reader.line_num + 1}: {error}; check the quotes") from error


def _read_kind(where: str, row: Row, fields: Sequence[FieldDefinition]) -> LetterKind:
    asked = [name for name in row["extra_fields"].split(";") if name]
    if not _KEY.fullmatch(row["key"]) or len(row["key"]) > KEY_CHARACTERS_MAX:
        raise CatalogueError(f"{where}: key has 1 to {KEY_CHARACTERS_MAX} small letters and underscores")
    if asked != [field.name for field in fields]:
        raise CatalogueError(f"{where}: extra_fields do not match the rows of letter_fields.csv, in number or order")
    if strange := {field.not_before for field in fields} - {"", *asked}:
        raise CatalogueError(f"{where}: not_before names no field: {', '.join(strange)}")
    if row["declared_by"] not in get_args(DeclaredBy):
        raise CatalogueError(f"{where}: declared_by must be one of {', '.join(get_args(DeclaredBy))}")
    if not all(_CODE.fullmatch(row[column]) for column in ("code_until_2022", "code_from_2023")):
        raise CatalogueError(f"{where}: a classification code has digits, letters, dots and hyphens, like 400.12.2.1")
    for column in ("title_id", "forward_to", "required_documents"):
        if len(row[column]) > LINE_CHARACTERS_MAX or (column == "title_id" and not row[column].strip()):
            raise CatalogueError(f"{where}: {column} has 1 to {LINE_CHARACTERS_MAX} characters")
    try:
        countersigned = Countersign(row["countersigned_by_camat"])
    except ValueError as error:
        raise CatalogueError(f"{where}: countersigned_by_camat must be one of {', '.join(Countersign)}") from error
    documents = tuple(part for part in row["required_documents"].split(";") if part)
    kind = LetterKind(
        key=row["key"],
        title=row["title_id"],
        code_until_2022=row["code_until_2022"],
        code_from_2023=row["code_from_2023"],
        fields=(*fields, *_implied(countersigned, documents)),
        countersigned_by_camat=countersigned,
        forward_to=row["forward_to"],
        required_documents=documents,
        kiosk=_read_flag(where, "kiosk", row["kiosk"]),
        valid_days=_read_number(where, "valid_days", row["valid_days"], VALID_DAYS_MAX) if row["valid_days"] else None,
        declared_by=msgspec.convert(row["declared_by"], DeclaredBy),
        group=row.get("group") or "Umum",
        is_frequent=row.get("frequent") == "yes",
    )
    _check_names(where, kind)
    return kind


def _check_names(where: str, kind: LetterKind) -> None:
    """Every question has a name and a placeholder of its own, and takes none that a form or every text uses already."""
    names = [field.name for field in kind.fields if field.name not in (CAMAT_ASKED, DOCUMENTS_SEEN)]
    placeholders = [field.placeholder for field in kind.fields if field.type is not FieldType.MEMBERS]
    placeholders += [
        f"{field.placeholder}_{part}" for field in kind.fields if field.type in _ONE_PERSON for part in _PARTS
    ]
    taken = [name for name in names if name in _OF_THE_FORM or names.count(name) > 1]
    taken += [name for name in placeholders if name in COMMON_VOCABULARY or placeholders.count(name) > 1]
    if taken:
        raise CatalogueError(
            f"{where}: choose another name or placeholder, this one is taken: {', '.join(sorted(set(taken)))}"
        )
    if len(names) > FIELDS_MAX:
        raise CatalogueError(f"{where}: at most {FIELDS_MAX} questions")


def _read_field(where: str, row: Row) -> FieldDefinition:
    try:
        kind = FieldType(row["type"])
    except ValueError as error:
        raise CatalogueError(f"{where}: type {row['type']!r} is none of {', '.join(FieldType)}") from error
    choices = tuple(part for part in row["choices"].split(";") if part)
    if kind is FieldType.DOCUMENTS:
        raise CatalogueError(f"{where}: documents are asked for by required_documents in letters.csv")
    if not _FIELD.fullmatch(row["field"]) or not _KEY.fullmatch(row["placeholder"]):
        raise CatalogueError(
            f"{where}: field and placeholder have small letters and underscores, beginning with a letter"
        )
    if (kind is FieldType.CHOICE) != bool(choices):
        raise CatalogueError(f"{where}: a choice has its words in choices, parted by ;, and no other type has any")
    if (
        not row["label_id"].strip()
        or max(map(len, (row["label_id"], row["hint_id"], row["choices"]))) > LINE_CHARACTERS_MAX
    ):
        raise CatalogueError(
            f"{where}: label_id is needed; label_id, hint_id and choices have at most {LINE_CHARACTERS_MAX}"
        )
    most = PEOPLE_MAX if kind in PICKED | WRITTEN else ANSWER_CHARACTERS_MAX
    return FieldDefinition(
        name=row["field"],
        type=kind,
        required=_read_flag(where, "required", row["required"]),
        length_max=_read_number(where, "length_max", row["length_max"], most),
        label=row["label_id"],
        hint=row["hint_id"],
        placeholder=row["placeholder"],
        choices=choices,
        not_before=row.get("not_before") or "",
        is_past=row.get("is_past") == "yes",
    )


def _read_flag(where: str, column: str, cell: str) -> bool:
    if cell not in ("yes", "no"):
        raise CatalogueError(f"{where}: {column} is yes or no, not {cell!r}")
    return cell == "yes"


def _read_number(where: str, column: str, cell: str, most: int) -> int:
    if not (cell.isascii() and cell.isdigit() and len(cell) < 6 and 1 <= int(cell) <= most):
        raise CatalogueError(f"{where}: {column} is a whole number from 1 to {most}, not {cell!r}")
    return int(cell)


def _read_date(where: str, cell: str) -> datetime.date:
    try:
        return datetime.datetime.strptime(cell, "%Y-%m-%d").replace(tzinfo=datetime.UTC).date()
    except ValueError as error:
        raise CatalogueError(f"{where}: valid_from is the first day of the new version, like 2026-12-01") from error


def _implied(countersigned: Countersign, documents: tuple[str, ...]) -> list[FieldDefinition]:
    """Whether the camat shall countersign, where that is open; and which of the required documents were shown."""
    implied = []
    if countersigned is Countersign.OPTIONAL:
        implied.append(
            FieldDefinition(
                name=CAMAT_ASKED,
                type=FieldType.CHOICE,
                required=False,
                length_max=5,
                label="Diketahui camat",
                hint="bila instansi tujuan memintanya",
                placeholder="diketahui_camat",
                choices=(NO, YES),
            )
        )
    if documents:
        implied.append(
            FieldDefinition(
                name=DOCUMENTS_SEEN,
                type=FieldType.DOCUMENTS,
                required=False,
                length_max=sum(map(len, documents)) + 2 * len(documents),
                label="Syarat yang ditunjukkan",
                hint="centang yang sudah dilihat; surat tetap dapat terbit bila belum lengkap",
                placeholder="syarat",
                choices=documents,
            )
        )
    return implied


_ONE_PERSON = frozenset({FieldType.MEMBER, FieldType.PERSON})
_PARTS = ("nama", "nik", "lahir", "hubungan")
"""What a text may say of one person, each under a placeholder of its own."""

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


def vocabulary_of(kind: LetterKind) -> dict[str, ValueType]:
    """The placeholders that a text of the kind may use, and what each stands for."""
    vocabulary = dict(COMMON_VOCABULARY)
    for field in kind.fields:
        match field.type:
            case FieldType.MEMBER | FieldType.PERSON:
                vocabulary[f"{field.placeholder}_nama"] = ValueType.TEXT
                vocabulary[f"{field.placeholder}_nik"] = ValueType.TEXT
                vocabulary[f"{field.placeholder}_lahir"] = ValueType.DATE
                vocabulary[f"{field.placeholder}_hubungan"] = ValueType.TEXT
                vocabulary[field.placeholder] = ValueType.PEOPLE
            case FieldType.PEOPLE | FieldType.WITNESSES:
                vocabulary[field.placeholder] = ValueType.PEOPLE
            case FieldType.NUMBER | FieldType.RUPIAH | FieldType.YEAR:
                vocabulary[field.placeholder] = ValueType.NUMBER
            case FieldType.DATE | FieldType.MOMENT:
                vocabulary[field.placeholder] = ValueType.DATE
            case FieldType.MEMBERS:
                pass
            case _:
                vocabulary[field.placeholder] = ValueType.TEXT
    return vocabulary
