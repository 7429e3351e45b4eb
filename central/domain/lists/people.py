"""Who a row is about: numbers, name, place, birth date, sex, mother; and what is odd about them.

What it must never do: stop a row for an oddity that the others of its cells make up for.
Place in the flow: `reading.py` asks once a row, then says what of.
"""

from collections.abc import Sequence
from datetime import date

from msgspec import Struct

from central.domain.lists.cells import find_place, read_house_number, read_sex, show_period, split_rt_rw
from central.domain.lists.plans import Plan
from central.domain.lists.rows import Remark, RemarkCode
from central.domain.lists.table import Table
from protocol import ids
from protocol.ids import (
    InvalidCode,
    Kk,
    KkProblem,
    Nik,
    NikProblem,
    VillageCode,
    is_placeholder,
    mask_nik,
    parse_kk,
    parse_nik,
    parse_village_code,
)
from protocol.lists.cells import Endings, clean_number, refuse_destroyed, shorten, show_masked
from protocol.lists.dates import DateProblem, Order, read_date, shown_order
from protocol.lists.tables import ListRefused, clean_text
from protocol.names import name_key

TEXT_CHARS_MAX = 120
"""A longer name is a cell that slipped."""


class ListedPerson(Struct, gc=False):
    """What a row says about a person. `nik` and `kk` are match keys; `nik_text` and `kk_text` what is written."""

    line: int
    nik: Nik | None
    kk: Kk | None
    nik_text: str
    kk_text: str
    name: str
    name_key: str
    village: VillageCode | None
    birth_date: str
    sex: str
    mother: str
    rt: str
    rw: str


class PeopleReader:
    """Reads the columns of persons of one list, and judges the columns of numbers as a whole."""

    def __init__(self, table: Table, plan: Plan, today: date) -> None:
        place = plan.place
        self.titles = [shorten(title) for title in table.titles]
        self._nik, self._kk, self._name = place("nik"), place("kk"), place("name")
        self._birth, self._sex, self._mother = place("birth_date"), place("sex"), place("mother")
        self._code, self._village, self._district = place("village_code"), place("village"), place("district")
        self._rt, self._rw, self._rt_rw = place("rt"), place("rw"), place("rt_rw")
        self._home = _code_or_none(plan.village)
        self._has_places = max(self._code, self._village) >= 0
        self._order = _order(table, plan, self._birth)
        self._today = today
        self._nik_endings, self._kk_endings = Endings(), Endings()

    def title(self, at: int) -> str:
        return self.titles[at] if at >= 0 else ""

    def has_number(self, cells: Sequence[str]) -> bool:
        return bool(cells[self._nik] or cells[self._kk])

    def destroyed(self) -> ListRefused | None:
        """Whether a spreadsheet has destroyed a column of numbers; asked when all rows were read."""
        for at, endings in ((self._nik, self._nik_endings), (self._kk, self._kk_endings)):
            if endings.are_destroyed():
                return refuse_destroyed(self.title(at))
        return None

    def read(self, line: int, cells: Sequence[str], remarks: list[Remark]) -> ListedPerson:
        """`cells` end with an empty one, which stands for every column that is not there. Adds to `remarks`."""
        nik_text, kk_text = clean_number(cells[self._nik]), clean_number(cells[self._kk])
        nik, kk = self._read_nik(nik_text, remarks), self._read_kk(kk_text, remarks)
        name = clean_text(cells[self._name])[:TEXT_CHARS_MAX]
        key = name_key(name)
        if not key:
            remarks.append(Remark(RemarkCode.NAME_MISSING, "Nama tidak diisi.", self.title(self._name)))
        rt, rw = split_rt_rw(cells[self._rt_rw]) if cells[self._rt_rw] else ("", "")
        rt, rw = read_house_number(cells[self._rt]) or rt, read_house_number(cells[self._rw]) or rw
        return ListedPerson(
            line,
            nik,
            kk,
            nik_text,
            kk_text,
            name,
            key,
            self._read_village(cells, remarks),
            self._read_birth_date(cells[self._birth], nik, remarks) if cells[self._birth] else "",
            self._read_sex(cells[self._sex], remarks) if cells[self._sex] else "",
            clean_text(cells[self._mother])[:TEXT_CHARS_MAX] if cells[self._mother] else "",
            rt,
            rw,
        )

    def _read_nik(self, text: str, remarks: list[Remark]) -> Nik | None:
        self._nik_endings.count(text)
        nik = parse_nik(text)
        if not isinstance(nik, NikProblem) and not is_placeholder(nik):
            return nik
        if self._nik >= 0:
            reason = nik.sentence if isinstance(nik, NikProblem) else _PLACEHOLDER
            code = RemarkCode.NIK_WRONG if isinstance(nik, NikProblem) else RemarkCode.NIK_PLACEHOLDER
            remarks.append(Remark(code, reason, self.title(self._nik), _masked(text)))
        return None

    def _read_kk(self, text: str, remarks: list[Remark]) -> Kk | None:
        self._kk_endings.count(text)
        kk = parse_kk(text)
        if not isinstance(kk, KkProblem) and not is_placeholder(kk):
            return kk
        if self._kk >= 0:
            reason = kk.sentence if isinstance(kk, KkProblem) else _PLACEHOLDER
            code = RemarkCode.KK_WRONG if isinstance(kk, KkProblem) else RemarkCode.KK_PLACEHOLDER
            remarks.append(Remark(code, reason, self.title(self._kk), _masked(text)))
        return None

    def _read_village(self, cells: Sequence[str], remarks: list[Remark]) -> VillageCode | None:
        code, name = cells[self._code], cells[self._village]
        if self._home is not None and not code and not name:
            return self._home
        found = find_place(code, name, cells[self._district])
        if found is None and self._has_places:
            reason = "Desa tidak dikenali dari kode maupun dari nama desa dan kecamatan, atau keduanya tidak cocok."
            at = self._code if code else self._village
            remarks.append(Remark(RemarkCode.VILLAGE_UNKNOWN, reason, self.title(at), show_period(cells[at])))
        return found.code if found else None

    def _read_birth_date(self, cell: str, nik: Nik | None, remarks: list[Remark]) -> str:
        text = clean_text(cell).lstrip("'").strip()
        if "," in text:  # BANYUWANGI, 17-05-1985
            text = text.rpartition(",")[2].strip()
        in_nik = ids.birth_date(nik, self._today) if nik is not None and self._order is Order.MIXED else None
        born = read_date(text, self._order, in_nik)
        if isinstance(born, DateProblem):
            remarks.append(Remark(RemarkCode.DATE_UNCLEAR, _DATES[born], self.title(self._birth), show_masked(text)))
            return ""
        return born.isoformat()

    def _read_sex(self, cell: str, remarks: list[Remark]) -> str:
        sex = read_sex(cell)
        if sex is None:
            reason = "Jenis kelamin harus L atau P; baris ini dipakai tanpa jenis kelamin."
            remarks.append(Remark(RemarkCode.SEX_UNCLEAR, reason, self.title(self._sex), show_masked(cell)))
        return sex or ""


_PLACEHOLDER = "Nomor sementara atau pengganti tidak dapat dipakai untuk mencocokkan orang atau keluarga."
_DATES = {
    DateProblem.UNREADABLE: "Bukan tanggal; baris ini dipakai tanpa tanggal lahir.",
    DateProblem.TWO_READINGS: "Hari dan bulan dapat tertukar dan NIK tidak memastikan; baris ini dipakai tanpa tanggal lahir.",
}


def _order(table: Table, plan: Plan, at: int) -> Order:
    """What the officer said; else what the column shows (`find_faults` has asked where it shows nothing)."""
    if plan.date_order in Order._value2member_map_:
        return Order(plan.date_order)
    return (shown_order(table.column(at)) if at >= 0 else None) or Order.MIXED


def _code_or_none(text: str) -> VillageCode | None:
    try:
        return parse_village_code(text) if text else None
    except InvalidCode:
        return None


def _masked(cell: str) -> str:
    """A number in a report. Stars for an empty cell would say that something stood there."""
    return mask_nik(cell) if cell else ""
