"""A file of proposals for one cycle: a row a person, found by NIK, with the scheme's own questions as columns. Pure.

Never raises, whatever the bytes; a bad row is that row's problem. What a row names must be checked against this office's
residents before anything is written: see `agent/store/proposal_lists`.
"""

from collections.abc import Sequence

from msgspec import Struct

from agent.domain.fields import Fault, check_text
from agent.domain.proposal_fields import Answers, Question, check_answers
from language import say
from protocol.ids import NikProblem, is_placeholder, mask_nik, parse_nik
from protocol.lists.cells import ROW_BREAKS, clean_number, shorten
from protocol.lists.tables import (
    BrokenRow,
    FileProblem,
    Header,
    ListRefused,
    RawRow,
    decode_table,
    find_header,
    plain_header,
    read_rows,
)

ROWS_MAX = 500
"""Proposals of one village for one cycle; more is a district's file."""
NOTE_LENGTH_MAX = 300
_NIK, _NOTE = "nik", "catatan"
_PASSED_OVER = frozenset({"no", "nama", "namalengkap", "kk", "nokk", "nomorkk", "alamat", "rt", "rw"})
"""Columns that people keep beside the NIK; the office's own register says it better."""


class ListRow(Struct, frozen=True):
    """A row that can be proposed as far as the file tells."""

    line: int
    nik: str
    answers: Answers
    note: str


class RowFault(Struct, frozen=True):
    """Why a row cannot be proposed; `nik` masked, empty where it cannot be read."""

    line: int
    nik: str
    sentence: str


class ProposalList(Struct, frozen=True):
    """`ignored`: columns that nothing here asks for."""

    rows: tuple[ListRow, ...]
    faults: tuple[RowFault, ...]
    ignored: tuple[str, ...]


def column_names(questions: Sequence[Question]) -> list[str]:
    """The columns a file may have, as the page names them."""
    return ["NIK", *(question.label for question in questions), say("Catatan")]


def read_list(data: bytes, questions: Sequence[Question]) -> ProposalList | ListRefused:
    """The whole file, or why it is refused."""
    lines = decode_table(data)
    if isinstance(lines, ListRefused):
        return lines
    names = {plain_header(word): question.name for question in questions for word in (question.label, question.name)}
    known = names.keys() | _PASSED_OVER | {_NIK, _NOTE}
    header = find_header(lines, lambda cell: plain_header(cell) in known) or _lone_nik(lines)
    if header is None:
        return ListRefused(
            FileProblem.NO_HEADER,
            say(
                "Baris judul tidak ditemukan. Tulis judul kolom: {column_names}.",
                column_names=", ".join(column_names(questions)),
            ),
        )
    titles = [plain_header(cell) for cell in header.cells]
    twice = next(
        (cell for cell, title in zip(header.cells, titles, strict=True) if titles.count(title) > 1 and title), ""
    )
    if twice:
        return ListRefused(
            FileProblem.COLUMN_TWICE, say("Kolom “{twice}” ada dua kali. Hapus salah satunya.", twice=shorten(twice))
        )
    if _NIK not in titles:
        return ListRefused(
            FileProblem.COLUMN_MISSING, say("Kolom NIK tidak ada. Tambahkan kolom NIK, lalu kirim lagi.")
        )
    raw = list(read_rows(lines, header))
    if not raw or len(raw) > ROWS_MAX:
        problem = FileProblem.TOO_MANY_ROWS if raw else FileProblem.EMPTY
        return ListRefused(
            problem,
            say(
                "Berkas harus berisi 1 sampai {rows_max} baris di bawah judul, ini {raw}.",
                rows_max=ROWS_MAX,
                raw=len(raw),
            ),
        )
    return _read(raw, titles, names, questions, tuple(shorten(c) for c in header.cells if plain_header(c) not in known))


def _lone_nik(lines: Sequence[str]) -> Header | None:
    """A single column of NIKs is a table too."""
    at = next((at for at, line in enumerate(lines) if line.strip()), 0)
    cells = [lines[at].strip(' \ufeff"')]
    return Header(at + 1, 1, ";", cells) if plain_header(cells[0]) == _NIK else None


def _read(
    raw: Sequence[RawRow | BrokenRow],
    titles: Sequence[str],
    names: dict[str, str],
    questions: Sequence[Question],
    ignored: tuple[str, ...],
) -> ProposalList:
    rows, faults, seen = [], [], dict[str, int]()
    for each in raw:
        if isinstance(each, BrokenRow):
            faults.append(RowFault(each.line, "", ROW_BREAKS[each.problem]))
            continue
        cells = dict(zip(titles, each.cells, strict=True))
        read = _read_row(each.line, cells, names, questions)
        if isinstance(read, ListRow) and read.nik in seen:
            read = RowFault(
                each.line, mask_nik(read.nik), say("NIK ini sudah ada pada baris {seen}.", seen=seen[read.nik])
            )
        if isinstance(read, RowFault):
            faults.append(read)
        else:
            seen[read.nik] = each.line
            rows.append(read)
    return ProposalList(tuple(rows), tuple(faults), ignored)


def _read_row(
    line: int, cells: dict[str, str], names: dict[str, str], questions: Sequence[Question]
) -> ListRow | RowFault:
    number = clean_number(cells[_NIK])
    nik, shown = parse_nik(number), mask_nik(number)
    if isinstance(nik, NikProblem):
        return RowFault(line, shown, say("NIK: {phrase}.", phrase=say(nik.phrase)))
    if is_placeholder(nik):
        return RowFault(line, shown, say("NIK: ini NIK sementara, bukan NIK tetap."))
    answers = check_answers(questions, {names[title]: cell for title, cell in cells.items() if title in names})
    if isinstance(answers, list):
        return RowFault(line, shown, " ".join(fault.message for fault in answers))
    note = check_text(cells.get(_NOTE, ""), NOTE_LENGTH_MAX, required=False)
    if isinstance(note, Fault):
        return RowFault(line, shown, say("Catatan: {message}", message=note.message))
    return ListRow(line, str(nik), answers, note)
