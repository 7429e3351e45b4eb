"""Reads a list row by row, and gives every row its fate.

What it must never do: raise on any bytes, stop at a bad row, or drop one without a report.
Place in the flow: `central/imports` calls `read_siksng` with the bytes of a file.
"""

from collections.abc import Mapping, Sequence

from msgspec import Struct

from central.domain.matching import SAME_NAME_MIN, match_nik, name_key, name_similarity
from central.domain.periods import Span, parse_period
from central.domain.siksng.cells import find_place, read_answer, read_deceased, read_inactive, show_period
from central.domain.siksng.columns import SCHEME_COLUMNS, Columns, is_known_header, map_columns, scheme_names
from central.domain.siksng.rows import CoverageRow, Fate, Remark, RemarkCode, RowReport, SiksngList
from protocol.ids import Kk, KkProblem, Nik, NikProblem, VillageCode, is_placeholder, mask_nik, parse_kk, parse_nik
from protocol.lists.cells import ROW_BREAKS, TOTAL, Endings, clean_number, refuse_destroyed, shorten
from protocol.lists.tables import (
    BrokenRow,
    FileProblem,
    Header,
    ListRefused,
    RawRow,
    clean_text,
    decode_table,
    find_header,
    plain_header,
    read_rows,
)


def read_siksng(
    data: bytes, *, schemes: Mapping[str, str] = SCHEME_COLUMNS, default_period: Span | None = None
) -> SiksngList | ListRefused:
    """The whole list, or why the file is refused. Never raises, whatever the bytes.

    `default_period` is what an officer states for rows without a period; without it such rows are rejected.
    """
    lines = decode_table(data)
    if isinstance(lines, ListRefused):
        return lines
    known = scheme_names(schemes)
    header = find_header(lines, lambda cell: is_known_header(cell, known))
    if header is None:
        return ListRefused(
            FileProblem.NO_HEADER,
            "Baris judul (NIK, NOKK, Nama, ...) tidak ditemukan. Periksa apakah ini daftar SIKS-NG yang disimpan sebagai CSV.",
        )
    columns = map_columns(header, schemes)
    return columns if isinstance(columns, ListRefused) else _Reading(columns, default_period).run(lines, header)


class _Reading:
    """One pass over the rows; remembers what it has seen, to find people who stand in the list twice."""

    def __init__(self, columns: Columns, default_period: Span | None) -> None:
        self.columns = columns
        self.default_period = default_period
        self.coverages: list[CoverageRow] = []
        self.reports: list[RowReport] = []
        self.seen: dict[tuple[str, str, str, int, int], int] = {}
        self.nik_owners: dict[Nik, tuple[str, int]] = {}
        self.endings = {"nik": Endings(), "kk": Endings()}

    def run(self, lines: Sequence[str], header: Header) -> SiksngList | ListRefused:
        for number, line in enumerate(lines[: header.line - 1], start=1):
            if line.strip():
                self._report(number, Fate.DROPPED, RemarkCode.TITLE, "Baris judul di atas tabel.")
        for row in read_rows(lines, header):
            if isinstance(row, BrokenRow):
                self._report(row.line, Fate.REJECTED, RemarkCode.ROW_BROKEN, ROW_BREAKS[row.problem])
            else:
                self.reports.append(self._read(row))
        for field, endings in self.endings.items():
            if endings.are_destroyed():
                return refuse_destroyed(self.columns.title(field))
        if len(self.reports) == sum(report.row < header.line for report in self.reports):
            return ListRefused(
                FileProblem.EMPTY, "Berkas hanya berisi baris judul. Periksa apakah unduhannya sudah lengkap."
            )
        return SiksngList(coverages=self.coverages, reports=self.reports, ignored_columns=self.columns.ignored)

    def _report(self, row: int, fate: Fate, code: RemarkCode, reason: str) -> None:
        self.reports.append(RowReport(row, fate, 0, (Remark(code, reason),)))

    def _read(self, row: RawRow) -> RowReport:
        """The fate of one row: first whether it is about a living recipient at all, then who, then of what."""
        refused = self._find_no_recipient(row)
        if refused is not None:
            fate, remark = refused
            return RowReport(row.line, fate, 0, (remark,))
        spans, remarks = self._read_schemes(row)
        if not spans:
            fate = Fate.REJECTED if any(remark.code in _SCHEME_FAULTS for remark in remarks) else Fate.DROPPED
            return RowReport(row.line, fate, 0, tuple(remarks))
        nik, kk, faults = self._read_numbers(row)
        if nik is None and kk is None:
            return RowReport(row.line, Fate.REJECTED, 0, (*faults, *remarks))
        person = self._read_person(row, nik, kk)
        return self._keep(person, spans, (*faults, *self._remarks_on(person, row), *remarks))

    def _find_no_recipient(self, row: RawRow) -> tuple[Fate, Remark] | None:
        """Rows that are no row of a person, and persons who are no longer paid."""
        cells = row.cells
        first = next((cell for cell in cells if cell), "")
        if not first:
            return Fate.DROPPED, Remark(RemarkCode.BLANK, "Baris kosong.")
        nik = self.columns.cell(cells, "nik")
        if not nik and not self.columns.cell(cells, "kk") and TOTAL.match(first.upper()):
            return Fate.DROPPED, Remark(RemarkCode.TOTAL, "Baris jumlah, bukan penerima.")
        if plain_header(nik) == plain_header(self.columns.title("nik")):
            return Fate.DROPPED, Remark(RemarkCode.HEADER_AGAIN, "Baris judul yang terulang.")
        for field, code, read, reason in _ENDED:
            has_ended = read(self.columns.cell(cells, field))
            if has_ended is None:
                return Fate.REJECTED, _unclear_answer(self.columns.title(field), self.columns.cell(cells, field))
            if has_ended:
                return Fate.DROPPED, Remark(code, reason, self.columns.title(field))
        return None

    def _read_schemes(self, row: RawRow) -> tuple[dict[str, Span], list[Remark]]:
        """The months in each scheme that the row says YA to. A cell that is not understood leaves the others standing."""
        spans: dict[str, Span] = {}
        remarks: list[Remark] = []
        for scheme, at in self.columns.flags.items():
            answer = read_answer(row.cells[at])
            if answer is None:
                remarks.append(_unclear_answer(self.columns.names[at], row.cells[at]))
            elif answer:
                span = self._read_span(scheme, row)
                if isinstance(span, Remark):
                    remarks.append(span)
                else:
                    spans[scheme] = span
        others = [name for name, at in self.columns.others.items() if read_answer(row.cells[at])]
        if not spans and not remarks:
            rest = f" Program {', '.join(map(shorten, others))} belum ada dalam daftar program." if others else ""
            remarks.append(Remark(RemarkCode.NO_SCHEME, f"Tidak terdaftar dalam program yang dikenal.{rest}"))
        return spans, remarks

    def _read_span(self, scheme: str, row: RawRow) -> Span | Remark:
        at = self.columns.periods.get(scheme, self.columns.fields.get("period"))
        text = row.cells[at] if at is not None else ""
        if not text:
            if self.default_period is not None:
                return self.default_period
            return Remark(
                RemarkCode.PERIOD_MISSING,
                f"Periode {scheme} tidak diisi. Isi kolomnya atau tentukan periode saat impor.",
            )
        span = parse_period(text, scheme)
        if span is not None:
            return span
        cure = "Tulis seperti 2021-01 s/d 2021-12, JAN-MAR 2021 atau 2021-05."
        title = self.columns.names[at] if at is not None else ""
        return Remark(
            RemarkCode.PERIOD_UNCLEAR, f"Periode {scheme} tidak dapat dibaca. {cure}", title, show_period(text)
        )

    def _read_numbers(self, row: RawRow) -> tuple[Nik | None, Kk | None, list[Remark]]:
        """NIK and KK as match keys. A wrong one is told and left out; the other may still carry the row."""
        raw_nik, raw_kk = self.columns.cell(row.cells, "nik"), self.columns.cell(row.cells, "kk")
        nik, kk = parse_nik(self._digits("nik", raw_nik)), parse_kk(self._digits("kk", raw_kk))
        remarks = []
        if isinstance(nik, NikProblem) or is_placeholder(nik):
            reason = nik.sentence if isinstance(nik, NikProblem) else _PLACEHOLDER
            code = RemarkCode.NIK_WRONG if isinstance(nik, NikProblem) else RemarkCode.NIK_PLACEHOLDER
            remarks.append(Remark(code, reason, self.columns.title("nik"), _masked(raw_nik)))
        if isinstance(kk, KkProblem) or is_placeholder(kk):
            reason = kk.sentence if isinstance(kk, KkProblem) else _PLACEHOLDER
            code = RemarkCode.KK_WRONG if isinstance(kk, KkProblem) else RemarkCode.KK_PLACEHOLDER
            remarks.append(Remark(code, reason, self.columns.title("kk"), _masked(raw_kk)))
        return (
            None if isinstance(nik, NikProblem) else match_nik(nik),
            None if isinstance(kk, KkProblem) or is_placeholder(kk) else kk,
            remarks,
        )

    def _digits(self, field: str, cell: str) -> str:
        digits = clean_number(cell)
        self.endings[field].count(digits)
        return digits

    def _read_person(self, row: RawRow, nik: Nik | None, kk: Kk | None) -> "_Recipient":
        name = clean_text(self.columns.cell(row.cells, "name"))
        village = find_place(
            *(self.columns.cell(row.cells, field) for field in ("village_code", "village", "district"))
        )
        return _Recipient(row.line, nik, kk, name, name_key(name), village.code if village else None)

    def _remarks_on(self, person: "_Recipient", row: RawRow) -> list[Remark]:
        """Oddities that do not stop a row."""
        remarks = []
        if not person.name_key:
            remarks.append(Remark(RemarkCode.NAME_MISSING, "Nama tidak diisi.", self.columns.title("name")))
        if person.village is None:
            reason = "Desa tidak dikenali dari kode maupun dari nama desa dan kecamatan, atau keduanya tidak cocok."
            field = "village_code" if self.columns.cell(row.cells, "village_code") else "village"
            shown = self.columns.cell(row.cells, field)
            remarks.append(Remark(RemarkCode.VILLAGE_UNKNOWN, reason, self.columns.title(field), show_period(shown)))
        if person.nik is not None:
            owner, line = self.nik_owners.setdefault(person.nik, (person.name_key, person.line))
            if line != person.line and name_similarity(owner, person.name_key) < SAME_NAME_MIN:
                reason = f"NIK ini juga dipakai pada baris {line} dengan nama lain. Keduanya disimpan untuk diperiksa."
                remarks.append(Remark(RemarkCode.NIK_SHARED, reason, self.columns.title("nik"), mask_nik(person.nik)))
        return remarks

    def _identify(self, person: "_Recipient") -> tuple[str, str]:
        """Number and name by which a second row of the same person is known: one NIK and a like name, or one KK and name."""
        if person.nik is None:
            return person.kk or "", person.name_key
        owner, _ = self.nik_owners[person.nik]
        is_owner = name_similarity(owner, person.name_key) >= SAME_NAME_MIN
        return person.nik, owner if is_owner else person.name_key

    def _keep(self, person: "_Recipient", spans: Mapping[str, Span], remarks: tuple[Remark, ...]) -> RowReport:
        """Store what the row adds; what an earlier row of the same person has said already is merged into that one."""
        added, earlier = 0, None
        for scheme, span in spans.items():
            key = (*self._identify(person), scheme, span.first, span.until)
            line = self.seen.setdefault(key, person.line)
            if line != person.line:
                earlier = line
                continue
            self.coverages.append(person.coverage(scheme, span))
            added += 1
        if earlier is not None:
            reason = f"Sama dengan baris {earlier}; orang yang sama tercantum dua kali."
            remarks = (Remark(RemarkCode.SAME_AS_ROW, reason), *remarks)
        return RowReport(person.line, Fate.KEPT if added else Fate.MERGED, added, remarks)


class _Recipient(Struct, frozen=True):
    line: int
    nik: Nik | None
    kk: Kk | None
    name: str
    name_key: str
    village: VillageCode | None

    def coverage(self, scheme: str, span: Span) -> CoverageRow:
        return CoverageRow(
            scheme=scheme,
            component="",
            nik=self.nik,
            kk=self.kk,
            name=self.name,
            name_key=self.name_key,
            village=self.village,
            first=span.first,
            until=span.until,
            source_row=self.line,
        )


_PLACEHOLDER = "Nomor sementara atau pengganti tidak dapat dipakai untuk mencocokkan orang atau keluarga."
_PAID_NO_LONGER = "bukan penerima yang masih dibayar."
_ENDED = (
    ("deceased", RemarkCode.DECEASED, read_deceased, f"Tercatat meninggal dunia; {_PAID_NO_LONGER}"),
    ("inactive", RemarkCode.INACTIVE, read_inactive, f"Tercatat nonaktif; {_PAID_NO_LONGER}"),
)
_SCHEME_FAULTS = frozenset({RemarkCode.ANSWER_UNCLEAR, RemarkCode.PERIOD_MISSING, RemarkCode.PERIOD_UNCLEAR})


def _masked(cell: str) -> str:
    """A number in a report. Stars for an empty cell would say that something stood there."""
    return mask_nik(cell) if cell else ""


def _unclear_answer(title: str, cell: str) -> Remark:
    return Remark(RemarkCode.ANSWER_UNCLEAR, "Isi kolom ini harus YA atau TIDAK.", title, show_period(cell))
