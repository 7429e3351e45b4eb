"""The office's registers: which books there are, their columns, and each entry in words.

The books are those of Permendagri 47/2016: buku agenda, buku ekspedisi, buku induk penduduk, buku mutasi penduduk, with
the columns of the model forms as far as a village has them on record. One line of words serves the page, the paper and
the spreadsheet alike, so that they cannot disagree. Must never read a clock or a database.
"""

import datetime
from collections.abc import Mapping, Sequence
from typing import assert_never

import msgspec

from agent.domain.events import EventKind, State, state_words
from agent.domain.letters import Letterhead, address_line, head_title
from agent.domain.numbering import SERIES_ALL
from agent.domain.residents import full_address
from agent.domain.sheets import DOTTED_LINE, Signature, letterhead_lines, office_address
from protocol.letter_texts import date_words, is_printable
from protocol.regions import VillageKind

VOLUME_ROWS = 2_000
"""Lines of one printed volume: some 60 pages, and half a second and 150 MB of a process beside the pages."""


class Column(msgspec.Struct, frozen=True, array_like=True):
    """`width`: its share of the page in print."""

    label: str
    width: float


class Book(msgspec.Struct, frozen=True, kw_only=True):
    """A register. `key` names it in addresses, file names and the access trail; `masked`: columns of whole numbers of people."""

    key: str
    title: str
    columns: tuple[Column, ...]
    is_yearly: bool = True
    masked: tuple[int, ...] = ()
    on_page: tuple[int, ...] = ()

    @property
    def shown(self) -> tuple[int, ...]:
        """The columns that a screen has room for: those named, else all."""
        return self.on_page or tuple(range(len(self.columns)))


class Line(msgspec.Struct, frozen=True):
    """One entry: a cell for each column; the record that has a page of its own, else empty."""

    cells: tuple[str, ...]
    record: bytes = b""
    is_void: bool = False


class OutgoingEntry(msgspec.Struct, frozen=True, kw_only=True):
    """A letter, or the numbers `number` to `last` that carry none (`letter` empty). `void_reason`: None for a valid letter."""

    letter: bytes
    series: str
    number: int
    last: int
    printed_number: str
    issued_on: str
    kind: str
    subject_name: str
    void_reason: str | None


class IncomingEntry(msgspec.Struct, frozen=True, kw_only=True):
    """An incoming letter, or numbers that carry none (`incoming` empty, `void_reason` set)."""

    incoming: bytes
    number: int
    last: int
    received_on: str
    sender: str
    their_number: str
    dated: str
    subject: str
    disposition: str
    void_reason: str | None


class HandoverEntry(msgspec.Struct, frozen=True, kw_only=True):
    """A letter handed over. `place`: its place in the year's book, 0 where a search found it."""

    letter: bytes
    place: int
    handed_on: str
    recipient: str
    received_by: str
    actor: str
    printed_number: str
    issued_on: str
    kind: str
    is_void: bool


class ResidentEntry(msgspec.Struct, frozen=True, kw_only=True):
    """A resident. `place`: their place in the book, 0 where a search found them."""

    resident: bytes
    place: int
    name: str
    sex: str
    marital_status: str
    birth_place: str
    birth_date: str
    religion: str
    occupation: str
    address: str
    hamlet: str
    rt: str
    rw: str
    relation: str
    nik: str
    kk: str
    state: State
    state_on: str


class MutationEntry(msgspec.Struct, frozen=True, kw_only=True):
    """A birth, a death or a move, and whom it is about as on record now. `place`: its place in the year's book, 0 where
    a search found it; `where`: where somebody was born or died, moved to or came from."""

    resident: bytes
    place: int
    name: str
    sex: str
    birth_place: str
    birth_date: str
    kind: EventKind
    happened_on: str
    where: str
    reference: str
    note: str


class BookHead(msgspec.Struct, frozen=True, kw_only=True):
    """All words of a printed book but its lines. `volume`: empty, or which volume of how many this is."""

    letterhead: tuple[str, ...]
    office_address: str
    title: str
    period: str
    volume: str
    columns: tuple[Column, ...]
    signatures: tuple[Signature, ...]
    dated: datetime.date


OUTGOING = Book(
    key="outgoing",
    title="Buku agenda surat keluar",
    columns=(
        Column("No.", 1),
        Column("Nomor surat", 3.3),
        Column("Tanggal", 2),
        Column("Isi singkat", 4.2),
        Column("Ditujukan kepada", 4),
        Column("Keterangan", 3),
    ),
)


INCOMING = Book(
    key="incoming",
    title="Buku agenda surat masuk",
    columns=(
        Column("No.", 1),
        Column("Tanggal diterima", 1.8),
        Column("Nomor surat", 2.8),
        Column("Tanggal surat", 1.8),
        Column("Pengirim", 3),
        Column("Isi singkat", 4),
        Column("Disposisi", 3),
        Column("Keterangan", 1.8),
    ),
)


EXPEDITION = Book(
    key="expedition",
    title="Buku ekspedisi",
    columns=(
        Column("No.", 1),
        Column("Tanggal penyerahan", 1.9),
        Column("Nomor surat", 3.4),
        Column("Tanggal surat", 1.9),
        Column("Isi singkat", 3.4),
        Column("Ditujukan kepada", 3.4),
        Column("Diterima oleh", 2.6),
        Column("Petugas", 1.6),
    ),
)


RESIDENTS = Book(
    key="residents",
    title="Buku induk penduduk",
    columns=(
        Column("No.", 1),
        Column("Nama lengkap", 3.6),
        Column("L/P", 0.8),
        Column("Status kawin", 1.9),
        Column("Tempat lahir", 2.7),
        Column("Tanggal lahir", 2.1),
        Column("Agama", 1.7),
        Column("Pekerjaan", 2.3),
        Column("Alamat", 3.2),
        Column("Kedudukan dalam keluarga", 2.1),
        Column("NIK", 2.8),
        Column("Nomor KK", 2.8),
        Column("Keterangan", 1.9),
    ),
    is_yearly=False,
    masked=(10, 11),
    on_page=(0, 1, 2, 5, 8, 9, 10, 12),
)
"""The paper book never loses anybody: who died or moved away stays in their line, and its last column says so."""


MUTATIONS = Book(
    key="mutations",
    title="Buku mutasi penduduk",
    columns=(
        Column("No.", 1),
        Column("Nama lengkap", 3.4),
        Column("Tempat lahir", 2.4),
        Column("Tanggal lahir", 2.1),
        Column("L/P", 0.8),
        Column("Datang dari", 3),
        Column("Tanggal datang atau lahir", 2.1),
        Column("Pindah ke", 3),
        Column("Tanggal pindah", 2.1),
        Column("Meninggal di", 2.5),
        Column("Tanggal meninggal", 2.1),
        Column("Keterangan", 3),
    ),
    on_page=(0, 1, 5, 6, 7, 8, 9, 10, 11),
)
"""A birth is an addition: the model form has no other columns for it."""


def mutation_line(entry: MutationEntry) -> Line:
    """What happened stands in the two columns of its kind, the other four stay empty; the remarks say what it rests on."""
    added = moved = died = ("", "")
    what, where, day = _HAPPENED[entry.kind], entry.where or "-", iso_words(entry.happened_on)
    match entry.kind:
        case EventKind.BORN:
            added = (f"Lahir di {where}", day)
        case EventKind.MOVED_IN:
            added = (where, day)
        case EventKind.MOVED_OUT:
            moved = (where, day)
        case EventKind.DIED:
            died = (where, day)
        case _:
            assert_never(entry.kind)
    remarks = "; ".join(part for part in (what, entry.reference, entry.note) if part)
    number = str(entry.place) if entry.place else ""
    who = (entry.name, entry.birth_place or "-", iso_words(entry.birth_date), entry.sex)
    return Line((number, *who, *added, *moved, *died, remarks), entry.resident)


_HAPPENED = {
    EventKind.BORN: "Lahir",
    EventKind.MOVED_IN: "Datang",
    EventKind.MOVED_OUT: "Pindah",
    EventKind.DIED: "Meninggal",
}


def resident_line(entry: ResidentEntry, village_kind: VillageKind) -> Line:
    """A resident with their whole numbers; a page shows them masked (`Book.masked`)."""
    address = full_address(entry.address, entry.hamlet, village_kind)
    remarks = state_words(entry.state, entry.state_on)
    cells = (
        str(entry.place) if entry.place else "",
        entry.name,
        entry.sex,
        entry.marital_status or "-",
        entry.birth_place or "-",
        iso_words(entry.birth_date),
        entry.religion or "-",
        entry.occupation or "-",
        address_line(address, entry.rt, entry.rw) or "-",
        entry.relation or "-",
        entry.nik,
        entry.kk or "-",
        remarks[:1].upper() + remarks[1:],
    )
    return Line(cells, entry.resident, is_void=entry.state is not State.HERE)


def handover_line(entry: HandoverEntry, titles: Mapping[str, str]) -> Line:
    """A handover; a letter that this server does not hold (any more) is still in the book."""
    title = titles.get(entry.kind, entry.kind) or "Surat tidak ada di server ini"
    cells = (
        str(entry.place) if entry.place else "",
        iso_words(entry.handed_on),
        entry.printed_number or "-",
        iso_words(entry.issued_on),
        f"{title} (BATAL)" if entry.is_void else title,
        entry.recipient,
        entry.received_by or "-",
        entry.actor,
    )
    return Line(cells, entry.letter if entry.printed_number else b"")


def incoming_line(entry: IncomingEntry) -> Line:
    """An incoming letter as the agenda shows it."""
    cells = (
        number_words(SERIES_ALL, entry.number, entry.last),
        iso_words(entry.received_on),
        entry.their_number or "-",
        iso_words(entry.dated),
        entry.sender or "-",
        entry.subject or "Nomor tanpa surat",
        entry.disposition,
        "" if entry.void_reason is None else f"BATAL: {entry.void_reason}",
    )
    return Line(cells, entry.incoming, is_void=entry.void_reason is not None)


def outgoing_line(entry: OutgoingEntry, titles: Mapping[str, str]) -> Line:
    """A letter of any kind; one that the catalogue does not know (any more) is named by its key."""
    reason = None if entry.void_reason is None else f"BATAL: {entry.void_reason}"
    cells = (
        number_words(entry.series, entry.number, entry.last),
        entry.printed_number or "-",
        iso_words(entry.issued_on),
        titles.get(entry.kind, entry.kind) or "Nomor tanpa surat",
        entry.subject_name or "-",
        reason or "",
    )
    return Line(cells, entry.letter, is_void=reason is not None)


def number_words(series: str, first: int, last: int) -> str:
    """`12`, `12 s/d 15` (a spreadsheet takes `12-15` for a date), or `sktm 12` in an office with several series."""
    numbers = str(first) if first == last else f"{first} s/d {last}"
    return numbers if series == SERIES_ALL else f"{series} {numbers}"


def iso_words(text: str) -> str:
    """`5 Mei 2021` for a date as records carry it; a dash for none, any other text as it stands."""
    if not text:
        return "-"
    try:
        return date_words(datetime.date.fromisoformat(text))
    except ValueError:
        return text


def volumes(lines: int) -> int:
    """In how many volumes a book of so many lines is printed; an empty book has one."""
    return max(1, -(-lines // VOLUME_ROWS))


def book_head(
    book: Book,
    letterhead: Letterhead,
    *,
    head_name: str,
    head_nip: str,
    period: str,
    volume: tuple[int, int],
    dated: datetime.date,
) -> BookHead:
    """The first page's head and the last page's signatures: the secretary keeps the book, the head has seen it."""
    number, of = volume
    secretary = "Sekretaris Desa" if letterhead.village_kind is VillageKind.DESA else "Sekretaris Lurah"
    below = (f"NIP. {head_nip}",) if head_nip else ()
    return BookHead(
        letterhead=letterhead_lines(letterhead),
        office_address=office_address(letterhead),
        title=book.title.upper(),
        period=period,
        volume=f"Jilid {number} dari {of}" if of > 1 else "",
        columns=book.columns,
        signatures=(
            Signature(
                heading=("Mengetahui,", head_title(letterhead).upper()), name=head_name or DOTTED_LINE, below=below
            ),
            Signature(heading=(f"{letterhead.village}, {date_words(dated)}", secretary.upper()), name=DOTTED_LINE),
        ),
        dated=dated,
    )


def print_cells(cells: Sequence[str]) -> list[str]:
    """Cells for the press: a character that its typeface lacks becomes a question mark, or the whole book could not be set.

    Nothing typed here holds one (`fields`); a record that another program wrote may. Page and spreadsheet show it as it is.
    """
    return [cell if cell.isascii() and cell.isprintable() else _in_typeface(cell) for cell in cells]


def _in_typeface(cell: str) -> str:
    return "".join(character if is_printable(character) else "?" for character in cell)
