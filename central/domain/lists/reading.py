"""Reads a list row by row, in batches, and gives every row its fate.

What it must never do: raise on any bytes, stop at a bad row, or drop one without a report.
Place in the flow: `central/imports` walks `ListReading.batches` and stores each; `refusal` then says whether the file
stands as a whole.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date

from msgspec import Struct

from central.domain.lists.cells import (
    read_amount,
    read_answer,
    read_deceased,
    read_inactive,
    read_moved,
    read_question,
    says_moved,
    scheme_by_name,
    show_period,
)
from central.domain.lists.columns import ANSWERS, HAS, PERIOD_OF
from central.domain.lists.people import ListedPerson, PeopleReader
from central.domain.lists.plans import Kind, Plan, other_programmes
from central.domain.lists.rows import CoverageRow, Fate, ProposalRow, Reading, Remark, RemarkCode, RowReport
from central.domain.lists.table import Table, is_numbering
from central.domain.matching import SAME_NAME_MIN, name_similarity
from central.domain.periods import Span, parse_period
from protocol.ids import Nik, mask_nik
from protocol.lists.cells import ROW_BREAKS, TOTAL, shorten, show_masked
from protocol.lists.dates import order_of
from protocol.lists.tables import BrokenRow, ListRefused, RawRow, clean_text, plain_header
from protocol.names import name_key
from protocol.schemes import Month

BATCH_ROWS = 2_000
"""Rows of one batch: some 50 ms of reading, and a transaction that no append has to wait long for."""


class Batch(Struct, frozen=True):
    """Rows in the order of the file."""

    reports: list[RowReport]
    readings: list[Reading]


class ListReading:
    """One pass over the rows; remembers whom it has seen, to find people who stand in the list twice.

    `schemes`: code to name of all there are, for lists that name the scheme in each row.
    """

    def __init__(self, table: Table, plan: Plan, schemes: Mapping[str, str], today: date) -> None:
        self._table, self._plan = table, plan
        self._people = PeopleReader(table, plan, today)
        self._ended = [
            (plan.place(meaning), code, read, reason)
            for meaning, code, read, reason in _ENDED
            if plan.place(meaning) >= 0
        ]
        self._nik, self._kk = plan.place("nik"), plan.place("kk")
        self._nik_title = plain_header(table.titles[self._nik]) if self._nik >= 0 else "nik"
        self._what: _Coverages | _Proposals = (
            _Coverages(table, plan, schemes, self._people)
            if plan.kind is Kind.COVERAGE
            else _Proposals(table, plan, self._people)
        )
        self._seen: dict[tuple[object, ...], int] = {}
        self._nik_owners: dict[Nik, tuple[str, int]] = {}

    def batches(self) -> Iterator[Batch]:
        """All rows, each exactly once; titles above the table too."""
        batch = Batch([], [])
        for number, line in enumerate(self._table.lines[: self._table.header.line - 1], start=1):
            if line.strip():
                batch.reports.append(_no_person(number, Fate.DROPPED, RemarkCode.TITLE, "Baris judul di atas tabel."))
        for row in self._table.rows():
            if isinstance(row, BrokenRow):
                reason = ROW_BREAKS[row.problem]
                batch.reports.append(_no_person(row.line, Fate.REJECTED, RemarkCode.ROW_BROKEN, reason))
            else:
                batch.reports.append(self._read(row, batch.readings))
            if len(batch.reports) >= BATCH_ROWS:
                yield batch
                batch = Batch([], [])
        if batch.reports:
            yield batch

    def refusal(self) -> ListRefused | None:
        """Whether the whole file must be refused, now that all rows were read."""
        return self._people.destroyed()

    def _read(self, row: RawRow, readings: list[Reading]) -> RowReport:
        """The fate of one row: first whether it is about a living recipient at all, then who, then of what."""
        cells = row.cells
        no_recipient = self._find_no_recipient(cells)
        if no_recipient is not None:
            fate, remark = no_recipient
            return RowReport(row.line, fate, 0, (remark,))
        cells.append("")  # stands for every column that is not there
        remarks: list[Remark] = []
        person = self._people.read(row.line, cells, remarks)
        found, refusal = self._what.read(person, cells, remarks)
        if refusal is not None:
            return RowReport(row.line, refusal, 0, tuple(remarks))
        self._note_shared(person, remarks)
        return self._keep(person, found, readings, remarks)

    def _find_no_recipient(self, cells: Sequence[str]) -> tuple[Fate, Remark] | None:
        """Rows that are no row of a person, and persons who are no longer paid."""
        first = cells[0] or next((cell for cell in cells if cell), "")
        if not first:
            return Fate.DROPPED, Remark(RemarkCode.BLANK, "Baris kosong.")
        nik = cells[self._nik] if self._nik >= 0 else ""
        if len(nik) < 16 and not nik.strip("'").isdigit():
            remark = self._find_furniture(cells, first, nik)
            if remark is not None:
                return Fate.DROPPED, remark
        elif len(nik) <= 2 and is_numbering(cells):
            return Fate.DROPPED, Remark(RemarkCode.HEADER_AGAIN, "Baris nomor kolom.")
        for at, code, read, reason in self._ended:
            if says_moved(cells[at]):
                return Fate.DROPPED, Remark(RemarkCode.MOVED, _MOVED, self._people.title(at))
            has_ended = read(cells[at])
            if has_ended is None:
                return Fate.REJECTED, _unclear_answer(self._people.title(at), cells[at])
            if has_ended:
                return Fate.DROPPED, Remark(code, reason, self._people.title(at))
        return None

    def _find_furniture(self, cells: Sequence[str], first: str, nik: str) -> Remark | None:
        """Totals and headers again, as they stand at the end of a page."""
        kk = cells[self._kk] if self._kk >= 0 else ""
        if not nik and not kk and TOTAL.match(first.upper()):
            return Remark(RemarkCode.TOTAL, "Baris jumlah, bukan penerima.")
        if nik and plain_header(nik) == self._nik_title:
            return Remark(RemarkCode.HEADER_AGAIN, "Baris judul yang terulang.")
        return None

    def _note_shared(self, person: ListedPerson, remarks: list[Remark]) -> None:
        if person.nik is None:
            return
        owner, line = self._nik_owners.setdefault(person.nik, (person.name_key, person.line))
        if line != person.line and name_similarity(owner, person.name_key) < SAME_NAME_MIN:
            reason = f"NIK ini juga dipakai pada baris {line} dengan nama lain. Keduanya disimpan untuk diperiksa."
            remarks.append(Remark(RemarkCode.NIK_SHARED, reason, self._people.title(self._nik), mask_nik(person.nik)))

    def _identify(self, person: ListedPerson) -> tuple[str, str]:
        """Number and name by which a second row of the same person is known: one NIK and a like name, or one KK and name.

        A row without any good number is nobody's second.
        """
        if person.nik is None:
            return (person.kk, person.name_key) if person.kk else (f"#{person.line}", "")
        owner, _ = self._nik_owners[person.nik]
        if owner == person.name_key:
            return person.nik, owner
        is_owner = name_similarity(owner, person.name_key) >= SAME_NAME_MIN
        return person.nik, owner if is_owner else person.name_key

    def _keep(
        self, person: ListedPerson, found: Sequence[Reading], readings: list[Reading], remarks: list[Remark]
    ) -> RowReport:
        """Store what the row adds; what an earlier row of the same person has said already is merged into that one."""
        added, earlier = 0, None
        who = self._identify(person)
        for each in found:
            about = _about(each)
            line = self._seen.setdefault((*who, *about), person.line)
            if line != person.line:
                earlier = line
                continue
            readings.append(each)
            added += 1
        if earlier is not None:
            reason = f"Sama dengan baris {earlier}; orang yang sama tercantum dua kali."
            remarks.insert(0, Remark(RemarkCode.SAME_AS_ROW, reason))
        return RowReport(person.line, Fate.KEPT if added else Fate.MERGED, added, tuple(remarks))


class _Proposals:
    """Each row proposes one person to the plan's cycle."""

    def __init__(self, table: Table, plan: Plan, people: PeopleReader) -> None:
        self._people = people
        self._asked = [
            (field, kind, at, order_of(table.column(at)))
            for field, kind in ANSWERS.items()
            if (at := plan.place(field)) >= 0
        ]

    def read(
        self, person: ListedPerson, cells: Sequence[str], remarks: list[Remark]
    ) -> tuple[list[Reading], Fate | None]:
        """What the row asks for, or why it asks for nothing. A bad NIK is no reason: the decision will say so."""
        fatal = [remark for remark in remarks if remark.code in _NO_PROPOSAL]
        if fatal or person.village is None:
            rest = [remark for remark in remarks if remark.code not in _NO_PROPOSAL]
            remarks[:] = [*(fatal or [Remark(RemarkCode.VILLAGE_UNKNOWN, "Desa tidak diisi.")]), *rest]
            return [], Fate.REJECTED
        return [
            ProposalRow(
                source_row=person.line,
                village=person.village,
                nik=person.nik_text[:_NUMBER_CHARS_MAX],
                kk=person.kk_text[:_NUMBER_CHARS_MAX],
                name=person.name,
                birth_date=person.birth_date,
                sex=person.sex,
                mother=person.mother,
                answers=tuple(self._answers(cells, remarks)),
                rt=person.rt,
                rw=person.rw,
            )
        ], None

    def _answers(self, cells: Sequence[str], remarks: list[Remark]) -> Iterator[tuple[str, str]]:
        """An empty cell answers nothing; one that cannot be read neither, and is told."""
        for field, kind, at, order in self._asked:
            if not cells[at]:
                continue
            answer = read_question(kind, cells[at], order)
            if answer is not None:
                yield field, answer
                continue
            reason = f"{_CURES[kind]} Baris ini dipakai tanpa jawaban itu, dan petugas yang menilai."
            title = self._people.title(at)
            remarks.append(Remark(RemarkCode.QUESTION_UNCLEAR, reason, title, show_masked(cells[at])))


class _Coverages:
    """Each row covers one person or household in the schemes it names."""

    def __init__(self, table: Table, plan: Plan, schemes: Mapping[str, str], people: PeopleReader) -> None:
        self._plan, self._people = plan, people
        self._flags = plan.schemes_with(HAS)
        self._periods = plan.schemes_with(PERIOD_OF)
        self._others = other_programmes(table, plan)
        self._names = scheme_by_name(schemes)
        self._scheme, self._component = plan.place("scheme"), plan.place("component")
        self._period, self._amount = plan.place("period"), plan.place("amount")
        self._default = Span(Month(plan.first), Month(plan.until)) if plan.first else None

    def read(
        self, person: ListedPerson, cells: Sequence[str], remarks: list[Remark]
    ) -> tuple[list[Reading], Fate | None]:
        faults: list[Remark] = []
        spans = self._read_schemes(cells, faults)
        if not spans:
            # Rows of nobody's programme are most of some lists: what is wrong with their numbers matters to nobody.
            is_fault = any(remark.code in _SCHEME_FAULTS for remark in faults)
            remarks[:] = faults
            return [], Fate.REJECTED if is_fault else Fate.DROPPED
        if person.nik is None and person.kk is None:
            if not (person.name_key and person.birth_date):
                remarks[:] = [each for each in remarks if each.code in _NUMBER_FAULTS] + faults
                return [], Fate.REJECTED
            # whoever is paid under a wrong number is paid: an officer is asked about proposals that resemble the row
            remarks.insert(0, Remark(RemarkCode.NO_NUMBER, _NO_NUMBER))
        amount = read_amount(cells[self._amount])
        if amount is None:
            reason = "Nilai bantuan tidak dapat dibaca; baris ini dipakai tanpa nilainya. Tulis misalnya 600000."
            faults.append(
                Remark(
                    RemarkCode.AMOUNT_UNCLEAR,
                    reason,
                    self._people.title(self._amount),
                    show_masked(cells[self._amount]),
                )
            )
        remarks += faults
        component = clean_text(cells[self._component])[:_COMPONENT_CHARS_MAX] or self._plan.component
        mother = name_key(person.mother) if person.mother else ""
        return [
            CoverageRow(
                source_row=person.line,
                scheme=scheme,
                component=component,
                nik=person.nik,
                kk=person.kk,
                name_key=person.name_key,
                village=person.village,
                first=span.first,
                until=span.until,
                birth_date=person.birth_date,
                sex=person.sex,
                mother_key=mother,
                rt=person.rt,
                rw=person.rw,
                amount=amount or 0,
            )
            for scheme, span in spans.items()
        ], None

    def _read_schemes(self, cells: Sequence[str], remarks: list[Remark]) -> dict[str, Span]:
        """The months in each scheme that the row says YA to. A cell that is not understood leaves the others standing."""
        spans: dict[str, Span] = {}
        for scheme, at in self._flags.items():
            answer = read_answer(cells[at])
            if answer is None:
                remarks.append(_unclear_answer(self._people.title(at), cells[at]))
            elif answer:
                self._add_span(scheme, cells, spans, remarks)
        if not self._flags or cells[self._scheme]:
            named = self._read_scheme(cells[self._scheme], remarks)
            if named and named not in spans:
                self._add_span(named, cells, spans, remarks)
        if not spans and not remarks:
            others = [name for name, at in self._others.items() if read_answer(cells[at])]
            rest = f" Program {', '.join(map(shorten, others))} belum ada dalam daftar program." if others else ""
            remarks.append(Remark(RemarkCode.NO_SCHEME, f"Tidak terdaftar dalam program yang dikenal.{rest}"))
        return spans

    def _read_scheme(self, cell: str, remarks: list[Remark]) -> str:
        """The scheme that a row names, else the list's; empty where it names one that is none of ours."""
        if not cell:
            return self._plan.scheme
        scheme = self._names.get(plain_header(cell), "")
        if not scheme:
            reason = "Program ini tidak ada dalam daftar program."
            title = self._people.title(self._scheme)
            remarks.append(Remark(RemarkCode.SCHEME_UNKNOWN, reason, title, show_masked(cell)))
        return scheme

    def _add_span(self, scheme: str, cells: Sequence[str], spans: dict[str, Span], remarks: list[Remark]) -> None:
        at = self._periods.get(scheme, self._period)
        text = cells[at]
        if not text:
            if self._default is not None:
                spans[scheme] = self._default
                return
            reason = f"Periode {scheme} tidak diisi. Isi kolomnya atau tentukan periode saat impor."
            remarks.append(Remark(RemarkCode.PERIOD_MISSING, reason))
            return
        span = parse_period(text, scheme)
        if span is not None:
            spans[scheme] = span
            return
        cure = "Tulis seperti 2021-01 s/d 2021-12, JAN-MAR 2021 atau 2021-05."
        reason = f"Periode {scheme} tidak dapat dibaca. {cure}"
        remarks.append(Remark(RemarkCode.PERIOD_UNCLEAR, reason, self._people.title(at), show_period(text)))


def _about(reading: Reading) -> tuple[object, ...]:
    """What a second row of a person has to repeat to add nothing. Somebody proposed in two villages is two proposals: the
    first may come to nothing because they live in the second, so which of them stands is the decision's to say.
    """
    if isinstance(reading, CoverageRow):
        return reading.scheme, reading.component, reading.first, reading.until
    return (reading.village,)


_CURES = {
    "whole number": "Isi kolom ini harus bilangan bulat, misalnya 12.",
    "month": "Isi kolom ini harus bulan atau tahun, misalnya 2015-07.",
    "yes or no": "Isi kolom ini harus YA atau TIDAK.",
}
_COMPONENT_CHARS_MAX = 40
_NUMBER_CHARS_MAX = 24
"""A NIK has 16 characters; what is longer is wrong whatever follows."""
_PAID_NO_LONGER = "bukan penerima yang masih dibayar."
_MOVED = f"Tercatat pindah; {_PAID_NO_LONGER}"
_ENDED = (
    ("deceased", RemarkCode.DECEASED, read_deceased, f"Tercatat meninggal dunia; {_PAID_NO_LONGER}"),
    ("inactive", RemarkCode.INACTIVE, read_inactive, f"Tercatat nonaktif; {_PAID_NO_LONGER}"),
    ("moved", RemarkCode.MOVED, read_moved, _MOVED),
)
_SCHEME_FAULTS = frozenset(
    {RemarkCode.ANSWER_UNCLEAR, RemarkCode.PERIOD_MISSING, RemarkCode.PERIOD_UNCLEAR, RemarkCode.SCHEME_UNKNOWN}
)
_NO_NUMBER = "Tanpa NIK dan KK yang benar baris ini hanya dicocokkan menurut nama, tanggal lahir dan keluarga, dan petugas menilai."
_NUMBER_FAULTS = frozenset(
    {RemarkCode.NIK_WRONG, RemarkCode.NIK_PLACEHOLDER, RemarkCode.KK_WRONG, RemarkCode.KK_PLACEHOLDER}
)
_NO_PROPOSAL = frozenset({RemarkCode.NAME_MISSING, RemarkCode.VILLAGE_UNKNOWN})


def _no_person(row: int, fate: Fate, code: RemarkCode, reason: str) -> RowReport:
    return RowReport(row, fate, 0, (Remark(code, reason),))


def _unclear_answer(title: str, cell: str) -> Remark:
    return Remark(RemarkCode.ANSWER_UNCLEAR, "Isi kolom ini harus YA atau TIDAK.", title, show_period(cell))
