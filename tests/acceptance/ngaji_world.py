"""What is planted for the Quran teachers of 2021: who is proposed where, with which dirt, and what must become of each row.

What it is for: `guru_ngaji` plays it to a centre and holds every fate against `Plan.expected`.
What it must never do: ask the centre anything; the truth is known before the first file is read. Counts are exact at scale
1: 16,018 proposals and 10,714 recipients in 2020, 12,373 in 2021.
"""

import csv
import io
import random
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum

import numpy as np
from msgspec.structs import replace

from protocol.ids import NikProblem, is_placeholder, parse_nik
from protocol.regions import Village, villages
from tests.builders import Entry, as_entry, dirty, siksng_csv
from tests.population import Population, population

RESIDENTS = 1_790_000
GROWN_YEARS = 20
TODAY = date(2021, 5, 3)

FAMILIES = {"PKH": 110_000, "BST": 30_000, "BPNT": 70_000, "BLT-DD": 35_000, "INSENTIF-APBD": 5_000}
"""250,000 covered families at scale 1."""
PROPOSED_2020 = {
    "good": 10_714, "few_pupils": 1_900, "short": 800, "servant": 400, "covered": 900, "again": 604, "bad_nik": 300,
    "refused": 250, "dead": 100, "moved": 50,
}  # fmt: skip
"""16,018."""
GONE_2021 = {"dead": 107, "moved": 214, "refused": 120, "covered": 180}
"""Of 10,714 recipients brought over 10,093 stay."""
NEW_2021, NEW_IN_VILLAGES, TWIN_PAIRS, TWIN_SLIPS = 2_280, 1_200, 40, 6
"""New recipients, who of them villages propose, pairs of twins among these, and twins who come under the other's NIK first."""
VILLAGES_ALSO = {"again": 500, "few_pupils": 90, "short": 40, "servant": 20, "covered": 60}
FILES_ALSO = {"again": 600, "few_pupils": 240, "servant": 60, "covered": 150}
"""Over all three files, beside the new ones; `again`: recipients of last year."""
FILES = ("usulan-penyuluh.csv", "usulan-forum-tpq.csv", "usulan-lembaga.xlsx")
TWICE, TWO_VILLAGES = 0.03, 0.015


class Case(StrEnum):
    """A row's own story. LISTED_DEAD: the list itself says so."""

    GOOD = "good"
    BAD_NIK = "bad_nik"
    WRONG_NIK = "wrong_nik"
    UNQUALIFIED = "unqualified"
    COVERED = "covered"
    COVERED_UNSEEN = "covered_unseen"
    REFUSED = "refused"
    DEAD = "dead"
    LISTED_DEAD = "listed_dead"
    MOVED = "moved"
    WITHDRAWN = "withdrawn"


KEPT, MERGED = ("kept", ""), ("merged", "")
FATES = {
    Case.BAD_NIK: ("rejected", "nik_invalid"),
    Case.WRONG_NIK: ("rejected", "validator_refused"),
    Case.UNQUALIFIED: ("rejected", "criteria_not_met"),
    Case.COVERED: ("rejected", "covered_by_scheme"),
    Case.COVERED_UNSEEN: ("rejected", "validator_refused"),
    Case.REFUSED: ("rejected", "validator_refused"),
    Case.DEAD: ("dropped", "deceased"),
    Case.LISTED_DEAD: ("dropped", ""),
    Case.MOVED: ("dropped", "moved_out"),
    Case.WITHDRAWN: ("dropped", "withdrawn"),
}


@dataclass(frozen=True)
class Row:
    """A proposal as it is brought: who it is in truth, what it says, its story."""

    person: int
    entry: Entry
    case: Case
    answers: tuple[tuple[str, str], ...]


@dataclass
class CyclePlan:
    """`by_village`: what each village proposes in its order; `lists`: rows of each file in theirs; `insentif`: the
    overlapping list; `gone`: stories of those brought over, by person."""

    by_village: dict[str, list[Row]] = field(default_factory=lambda: defaultdict(list))
    lists: dict[str, list[Row]] = field(default_factory=dict)
    insentif: list[tuple[int, Entry]] = field(default_factory=list)
    gone: dict[int, Case] = field(default_factory=dict)
    slips: list[tuple[str, Row, Row]] = field(default_factory=list)
    """Village, the row under a twin's NIK that is taken back, and the right one."""

    def rows(self) -> Iterator[Row]:
        for rows in (*self.by_village.values(), *self.lists.values()):
            yield from rows
        for _, wrong, right in self.slips:
            yield from (wrong, right)


@dataclass
class World:
    people: Population
    homes: tuple[Village, ...]
    first: CyclePlan
    second: CyclePlan
    covered: dict[str, bytes]
    """Lists of families by file name: SIKS-NG for PKH and BST, a BPNT payment list, BNBA lists a village."""
    recipients_first: int
    recipients_second: int


def plant(scale: float = 1.0, seed: int = 2021) -> World:
    """The same seed and scale, the same world."""
    return _Planting(scale, seed).world()


class _Planting:
    def __init__(self, scale: float, seed: int) -> None:
        self.scale, self.rng = scale, random.Random(seed)
        homes = villages()
        self.homes = tuple(homes if scale == 1 else self.rng.sample(list(homes), max(3, round(len(homes) * scale))))
        self.people = population(seed, self.homes, round(RESIDENTS * scale), today=TODAY)
        draw = np.random.default_rng(seed)
        grown = np.flatnonzero(self.people.born < TODAY.toordinal() - GROWN_YEARS * 365.25)
        alone = self.people.twin_of < 0
        alone[self.people.twin_of[self.people.twin_of >= 0]] = False
        self.twins = [n for n in grown.tolist() if self.people.twin_of[n] >= 0]
        self.pool: Iterator[int] = iter(draw.permutation(grown[alone[grown]]).tolist())

    def n(self, count: int) -> int:
        return count if self.scale == 1 else max(1, round(count * self.scale))

    def take(self, count: int) -> list[int]:
        return [next(self.pool) for _ in range(count)]

    def world(self) -> World:
        first, good = self._first()
        second = self._second(good)
        stay = len(good) - sum(self.n(count) for count in GONE_2021.values())
        return World(
            self.people, self.homes, first, second, self._families(), len(good), stay + self.n(NEW_2021)
        )  # fmt: skip

    # --- 2020: villages alone ---

    def _first(self) -> tuple[CyclePlan, list[int]]:
        plan, who = CyclePlan(), {name: self.take(self.n(count)) for name, count in PROPOSED_2020.items()}
        again = self.rng.sample(who["good"], len(who.pop("again")))
        rows = [self._row(person, name) for name, persons in who.items() for person in persons]
        rows += [self._elsewhere(self._row(person, "good")) for person in again]
        self._spread(plan, rows)
        plan.insentif = [(p, as_entry(self.people[p])) for p in who["covered"]]
        plan.insentif += [(p, dirty(self.rng, self.people[p])) for p in self.take(self.n(3_000))]
        return plan, who["good"]

    # --- 2021 ---

    def _second(self, good: list[int]) -> CyclePlan:
        plan, left = CyclePlan(), self.rng.sample(good, len(good))
        for name, count in GONE_2021.items():
            plan.gone |= {left.pop(): Case(name) for _ in range(self.n(count))}
        holders = [person for person, case in plan.gone.items() if case is Case.COVERED]
        plan.insentif = [(p, as_entry(self.people[p])) for p in holders]
        rows = [self._row(person, "good") for person in self._new_in_villages(plan)]
        rows += [self._row(left.pop(), "good") for _ in range(self.n(VILLAGES_ALSO["again"]))]
        for name in ("few_pupils", "short", "servant"):
            rows += [self._row(person, name) for person in self.take(self.n(VILLAGES_ALSO[name]))]
        rows += [self._holder(plan, False) for _ in range(self.n(VILLAGES_ALSO["covered"]))]
        self._spread(plan, rows)
        self._lists(plan, left)
        plan.insentif += [
            (p, dirty(self.rng, self.people[p]))
            for p in self.take(self.n(FAMILIES["INSENTIF-APBD"]) - len(plan.insentif))
        ]
        self.rng.shuffle(plan.insentif)
        return plan

    def _new_in_villages(self, plan: CyclePlan) -> list[int]:
        """Twins are two people, also where the village first writes the other's number."""
        pairs = [(n, int(self.people.twin_of[n])) for n in self.rng.sample(self.twins, self.n(TWIN_PAIRS))]
        pairs = [pair for at, pair in enumerate(pairs) if not set(pair) & {p for each in pairs[:at] for p in each}]
        persons = [person for pair in pairs for person in pair]
        for number, other in [pair for pair in pairs if self._differ(*pair)][: self.n(TWIN_SLIPS)]:
            persons.remove(number)
            right = self._row(number, "good")
            wrong = Row(
                number, replace(right.entry, nik=self.people[other].nik), Case.WITHDRAWN, right.answers
            )  # fmt: skip
            plan.slips.append((right.entry.village, wrong, right))
        new = self.n(NEW_IN_VILLAGES) - len(persons) - len(plan.slips)
        return persons + self.take(new)

    def _differ(self, one: int, other: int) -> bool:
        return self.people[one].name.split() != self.people[other].name.split()

    def _lists(self, plan: CyclePlan, left: list[int]) -> None:
        """Each row with the dirt of real lists; as many good persons as are wanted, however many rows that takes."""
        rows: list[Row] = []
        wanted = self.n(NEW_2021) - self.n(NEW_IN_VILLAGES)
        while wanted:
            mine = self._listed(next(self.pool), "good")
            rows += mine
            wanted -= any(row.case is Case.GOOD for row in mine)
        for _ in range(self.n(FILES_ALSO["again"])):
            rows += self._listed(left.pop(), "good")
        for name in ("few_pupils", "servant"):
            for person in self.take(self.n(FILES_ALSO[name])):
                rows.append(self._spoil(self._row(person, name)))
        rows += [self._spoil(self._holder(plan, True)) for _ in range(self.n(FILES_ALSO["covered"]))]
        self.rng.shuffle(rows)
        for at, name in enumerate(FILES):
            plan.lists[name] = rows[at :: len(FILES)]

    def _listed(self, person: int, name: str) -> list[Row]:
        rows = [self._spoil(self._row(person, name))]
        if self.rng.random() < TWICE:
            rows.append(self._spoil(self._row(person, name)))
        if self.rng.random() < TWO_VILLAGES:
            rows.append(self._elsewhere(self._spoil(self._row(person, name))))
        return rows

    def _spoil(self, row: Row) -> Row:
        """The gravest of what the dirt did to a row is its story."""
        entry = dirty(self.rng, self.people[row.person])
        if entry.is_deceased:
            return Row(row.person, entry, Case.LISTED_DEAD, row.answers)
        if "moved" in entry.faults:
            return Row(row.person, entry, Case.MOVED, row.answers)
        nik = parse_nik(entry.nik)
        if isinstance(nik, NikProblem) or is_placeholder(nik):
            return Row(row.person, entry, Case.BAD_NIK, row.answers)
        if nik != entry.truth:
            return Row(row.person, entry, Case.WRONG_NIK, row.answers)
        return Row(row.person, entry, row.case, row.answers)

    def _holder(self, plan: CyclePlan, is_dirty: bool) -> Row:
        """Somebody with another incentive of the regency, on a list that may have their number wrong."""
        person = next(self.pool)
        entry = dirty(self.rng, self.people[person]) if is_dirty else as_entry(self.people[person])
        plan.insentif.append((person, entry))
        row = self._row(person, "good")
        is_seen = entry.nik == entry.truth and not entry.is_deceased
        return Row(person, row.entry, Case.COVERED if is_seen else Case.COVERED_UNSEEN, row.answers)

    # --- rows ---

    def _row(self, person: int, name: str) -> Row:
        case = {"few_pupils": "unqualified", "short": "unqualified", "servant": "unqualified"}.get(name, name)
        entry = as_entry(self.people[person])
        if case == "bad_nik":
            entry = replace(entry, nik=entry.nik[:15])
        since = (2020, 3) if name == "short" else (self.rng.randint(2001, 2016), self.rng.randint(1, 12))
        pupils = self.rng.randint(1, 9) if name == "few_pupils" else self.rng.randint(10, 60)
        answers = [("pupils", str(pupils)), ("teaching_since", f"{since[0]}-{since[1]:02d}")]
        answers += [("civil_servant", "ya" if name == "servant" else "tidak")]
        if self.rng.random() < 0.7:
            answers += [("bank", "BANK CONTOH"), ("account_number", f"{10**9 + person}"), ("account_name", entry.name)]
        return Row(person, entry, Case(case), tuple(answers))

    def _elsewhere(self, row: Row) -> Row:
        village = self.rng.choice([home.code for home in self.homes if home.code != row.entry.village])
        return Row(row.person, replace(row.entry, village=village), row.case, row.answers)

    def _spread(self, plan: CyclePlan, rows: list[Row]) -> None:
        self.rng.shuffle(rows)
        for row in rows:
            plan.by_village[row.entry.village].append(row)

    # --- families that other schemes cover ---

    def _families(self) -> dict[str, bytes]:
        starts = np.flatnonzero(self.people.role == 0).tolist()
        heads = self.rng.sample(starts, sum(self.n(FAMILIES[name]) for name in ("PKH", "BST", "BPNT", "BLT-DD")))
        take = iter(dirty(self.rng, self.people[head]) for head in heads)
        both = [(next(take), {"PKH": "2021-01 s/d 2021-12"}) for _ in range(self.n(FAMILIES["PKH"]))]
        both += [(next(take), {"BST": "2021-01 s/d 2021-04"}) for _ in range(self.n(FAMILIES["BST"]))]
        found = {"siks-ng.csv": siksng_csv(both).encode()}
        found["bpnt.csv"] = _bpnt([next(take) for _ in range(self.n(FAMILIES["BPNT"]))])
        rest = defaultdict(list)
        for entry in (next(take) for _ in range(self.n(FAMILIES["BLT-DD"]))):
            rest[entry.village].append(entry)
        return found | {f"blt-dd-{code}.csv": _bnba(entries) for code, entries in sorted(rest.items())}


# --- the shapes of files ----------------------------------------------------------------------------------------------

PROPOSAL_HEAD = (
    "No", "NIK", "No KK", "Nama Guru Ngaji", "Tanggal Lahir", "L/P", "Nama Ibu Kandung", "Kode Desa", "Desa/Kelurahan",
    "Kecamatan", "Keterangan Meninggal", "Jumlah Santri", "Mengajar Sejak", "ASN", "Bank", "Nomor Rekening", "Atas Nama",
)  # fmt: skip
_ASKED = ("pupils", "teaching_since", "civil_servant", "bank", "account_number", "account_name")


def proposal_cells(rows: Iterable[Row]) -> list[list[str]]:
    places = {village.code: village for village in villages()}
    found = []
    for number, row in enumerate(rows, start=1):
        entry, home, said = row.entry, places[row.entry.village], dict(row.answers)
        cells = [str(number), entry.nik, entry.kk, entry.name, _day(entry), entry.sex.value, entry.mother_name]
        cells += [home.code, home.name.upper(), home.district.name.upper(), "MENINGGAL" if entry.is_deceased else ""]
        found.append(cells + [said.get(field, "") for field in _ASKED])
    return found


def insentif_csv(rows: Iterable[tuple[int, Entry]]) -> bytes:
    head = "No;NIK;Nama;Tgl Lahir;L/P;Nama Ibu Kandung;Kode Desa;RT/RW;Nominal;Meninggal".split(";")
    cells = []
    for number, (_, e) in enumerate(rows, start=1):
        who = (str(number), e.nik, e.name, _day(e), e.sex.value, e.mother_name, e.village)
        cells.append([*who, f"{e.rt}/{e.rw}", "Rp 500.000,00", "YA" if e.is_deceased else "TIDAK"])
    return table(head, cells, ";")


def table(head: Iterable[str], rows: Iterable[Iterable[str]], delimiter: str = ",") -> bytes:
    out = io.StringIO()
    csv.writer(out, delimiter=delimiter, lineterminator="\r\n").writerows([head, *rows])
    return out.getvalue().encode()


def _bpnt(entries: Iterable[Entry]) -> bytes:
    head = "NAMA PENERIMA,NIK KTP,TAHAP,BANSOS,IDSEMESTA,NO KEL,NM PROV,NM KAB,NM KEC,NM KEL,ALAMAT".split(",")
    places = {village.code: village for village in villages()}
    cells = []
    for number, e in enumerate(entries, start=1):
        home = places[e.village]
        where = ("JAWA TIMUR", "BANYUWANGI", home.district.name.upper(), home.name.upper(), e.address)
        cells.append([e.name, e.nik, "Tahap 1 2021", "BPNT", str(number), e.kk, *where])
    return table(head, cells)


def _bnba(entries: Iterable[Entry]) -> bytes:
    head = (
        "NO,NIK,NAMA KEPALA KELUARGA,JENIS KELAMIN,TANGGAL LAHIR,JUMLAH ANGGOTA KELUARGA,ALAMAT,RT,RW,JENIS PEKERJAAN,KODE_JP,"
        "KRITERIA BLT,KODE_KRIT,METODE PEMBAYARAN,KODE_BAYAR"
    ).split(",")
    cells = []
    for number, e in enumerate(entries, start=1):
        who = (str(number), e.nik, e.name, e.sex.value, _day(e), "4", e.address, e.rt, e.rw)
        cells.append([*who, "PETANI", "1", "MISKIN", "1", "TUNAI", "1"])
    return table(head, cells)


def _day(entry: Entry) -> str:
    return f"{entry.birth_date:%d-%m-%Y}" if entry.birth_date else ""
