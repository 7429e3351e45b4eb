"""Reads a roster row by row. Never raises, whatever the bytes.

Place in the flow: the import page and `agent import-residents` call `read_roster` with the bytes of a file.
"""

from collections.abc import Sequence
from datetime import date

from agent.domain.fields import Fault
from agent.domain.residents import LABELS
from agent.domain.rosters.columns import CODES, cell_of, is_known_header, map_columns
from agent.domain.rosters.dates import read_date
from agent.domain.rosters.rows import Fate, Remark, Roster, RosterRow, RowReport
from language import say
from protocol import ids
from protocol.ids import NikProblem, is_placeholder, mask_nik, parse_nik
from protocol.lists.cells import ROW_BREAKS, TOTAL, Endings, clean_number, refuse_destroyed, shorten, show_masked
from protocol.lists.dates import Order, order_of
from protocol.lists.tables import (
    BrokenRow,
    FileProblem,
    Header,
    ListRefused,
    RawRow,
    clean_text,
    decode_table,
    find_header,
    read_rows,
)
from protocol.regions import Village, find_village

ROWS_MAX = 30_000
"""The largest village of the regency has some 20,000 people; more is a district's file, and would fill a small server's memory."""

_GONE = ("MENINGGAL", "WAFAT", "PINDAH", "MATI")
_EMPTY_WORDS = frozenset({"", "-", "--", "NULL", "N/A"})
_FIELDS = tuple(field for field in LABELS if field not in ("nik", "birth_date"))


def read_roster(data: bytes, today: date, home: Village) -> Roster | ListRefused:
    """The whole file, or why it is refused. `home`: rows that name another village are refused."""
    lines = decode_table(data)
    if isinstance(lines, ListRefused):
        return lines
    if len(lines) > ROWS_MAX:
        return ListRefused(
            FileProblem.TOO_MANY_ROWS,
            say(
                "Berkas berisi lebih dari {rows_max} baris. Impor hanya penduduk {place}.",
                rows_max=ROWS_MAX,
                place=home.place,
            ),
        )
    header = find_header(lines, is_known_header)
    if header is None:
        return ListRefused(
            FileProblem.NO_HEADER,
            say(
                "Baris judul (NIK, Nama, Tanggal Lahir, ...) tidak ditemukan. Periksa apakah ini daftar penduduk SIAK atau OpenSID"
                " yang disimpan sebagai CSV."
            ),
        )
    mapped = map_columns(header)
    if isinstance(mapped, ListRefused):
        return mapped
    return _Reading(header, *mapped, today=today, home=home).run(lines)


class _Reading:
    """One pass over the rows; remembers whom it has seen."""

    def __init__(
        self, header: Header, fields: dict[str, int], ignored: tuple[str, ...], *, today: date, home: Village
    ) -> None:
        self.header = header
        self.fields = fields
        self.columns = {field: shorten(header.cells[at]) for field, at in fields.items()}
        self.ignored = ignored
        self.today = today
        self.home = home
        self.order = Order.DAY_FIRST
        self.rows: list[RosterRow] = []
        self.reports: list[RowReport] = []
        self.seen: dict[tuple[str, ...], int] = {}
        self.endings = {"nik": Endings(), "kk": Endings()}

    def run(self, lines: Sequence[str]) -> Roster | ListRefused:
        raw = list(read_rows(lines, self.header))
        if not raw:
            return ListRefused(
                FileProblem.EMPTY, say("Berkas hanya berisi baris judul. Periksa apakah unduhannya sudah lengkap.")
            )
        self.order = order_of(
            clean_text(cell_of(row.cells, self.fields, "birth_date")) for row in raw if isinstance(row, RawRow)
        )
        for row in raw:
            if isinstance(row, BrokenRow):
                self._report(row.line, Fate.REFUSED, Remark("row_broken", ROW_BREAKS[row.problem]))
            else:
                self._read(row)
        for field, endings in self.endings.items():
            if endings.are_destroyed():
                return refuse_destroyed(self.columns[field])
        return Roster(rows=self.rows, reports=self.reports, ignored=self.ignored)

    def _report(self, line: int, fate: Fate, remark: Remark) -> None:
        self.reports.append(RowReport(line, fate, (remark,)))

    def _cell(self, row: RawRow, field: str) -> str:
        return cell_of(row.cells, self.fields, field)

    def _read(self, row: RawRow) -> None:
        passed_over = self._find_no_person(row)
        if passed_over is not None:
            self._report(row.line, Fate.PASSED_OVER, passed_over)
            return
        nik, kk = (self._number(field, row) for field in ("nik", "kk"))
        refused = self._find_fault(row, nik)
        if refused is not None:
            self._report(row.line, Fate.REFUSED, refused)
            return
        self._keep(row, nik, kk)

    def _find_no_person(self, row: RawRow) -> Remark | None:
        filled = [cell for cell in row.cells if cell]
        if not filled:
            return Remark("blank", say("Baris kosong."))
        if sum(map(is_known_header, filled)) > len(filled) // 2:
            return Remark("header_again", say("Baris judul terulang."))
        if not self._cell(row, "nik") and TOTAL.match(clean_text(filled[0]).upper()):
            return Remark("total", say("Baris jumlah."))
        return None

    def _number(self, field: str, row: RawRow) -> str:
        digits = clean_number(self._cell(row, field))
        self.endings[field].count(digits)
        return digits

    def _find_fault(self, row: RawRow, nik: str) -> Remark | None:
        """What makes it impossible to say who this row is about, or shows that they are not this village's."""
        problem = parse_nik(nik)
        if isinstance(problem, NikProblem):
            return self._remark("nik", problem.value, problem.sentence, mask_nik(nik) if nik else "")
        # a placeholder is on many people's papers: there the name and birth date make it the same person
        person = (nik, *(self._cell(row, field) for field in ("name", "birth_date") if is_placeholder(problem)))
        earlier = self.seen.setdefault(person, row.line)
        if earlier != row.line:
            reason = say("Orang ini sudah ada pada baris {earlier}. Biarkan satu baris saja.", earlier=earlier)
            return self._remark("nik", "nik_twice", reason, mask_nik(nik))
        named = clean_text(self._cell(row, "village"))
        district = clean_text(self._cell(row, "district")) or self.home.district.name
        if named and find_village(named, district) != self.home:
            reason = say("Baris ini untuk desa/kelurahan lain, bukan {name}.", name=self.home.name)
            return self._remark("village", "other_village", reason, show_masked(named))
        return None

    def _remark(self, field: str, code: str, reason: str, value: str = "") -> Remark:
        return Remark(code, reason, self.columns.get(field, ""), value)

    def _keep(self, row: RawRow, nik: str, kk: str) -> None:
        values = {"nik": nik}
        for field in _FIELDS:
            text = kk if field == "kk" else clean_text(self._cell(row, field)).lstrip("'").strip()
            text = CODES.get(field, {}).get(text, text)
            if text.upper() not in _EMPTY_WORDS and not (field == "occupation" and text.isdigit()):
                values[field] = text
        if "address" not in values and "hamlet" in values:
            values["address"] = values["hamlet"]  # rosters of hamlets without street names leave the address empty
        remarks = self._read_birth_date(row, nik, values)
        status = clean_text(self._cell(row, "status")).upper()
        if any(word in status for word in _GONE):
            reason = say("Berkas mencatat orang ini meninggal atau pindah. Catat peristiwanya di halaman penduduk itu.")
            remarks.append(self._remark("status", "gone", reason, show_masked(status, _GONE.__contains__)))
        self.rows.append(RosterRow(line=row.line, nik=nik, values=values, columns=self.columns, remarks=tuple(remarks)))

    def _read_birth_date(self, row: RawRow, nik: str, values: dict[str, str]) -> list[Remark]:
        """Puts the date into `values`; what cannot be read is told, and what is on record stays."""
        cell = clean_text(self._cell(row, "birth_date")).lstrip("'").strip()
        if not cell:
            return []
        born = read_date(cell, self.order, ids.birth_date(ids.Nik(nik), self.today))
        if isinstance(born, Fault):
            return [self._remark("birth_date", born.code, f"{LABELS['birth_date']}: {born.message}", show_masked(cell))]
        values["birth_date"] = born.isoformat()
        return []
