"""The people of the story: residents who live in one village and are known in another, and the lists they stand on."""

from dataclasses import dataclass
from datetime import date
from functools import lru_cache

from msgspec.structs import replace

from agent import data
from agent.domain import letters, numbering
from agent.domain.letters import Draft, Letterhead, Signer
from agent.domain.residents import Resident, subject_of
from central.domain.decisions import Coverage
from central.domain.rule_changes import AddCriterion, AddExclusion, Change, PutScheme
from central.rules import shipped_edition
from protocol.feed import Cycle
from protocol.ids import Sex
from protocol.letter_kinds import LetterKind, read_catalogue
from protocol.names import name_key
from protocol.regions import VillageKind
from protocol.schemes import Criterion, Effect, ExclusionRule, Measure, Unit, month
from tests.simulation.clockwork import DAY, Clockwork

VILLAGES = ("3510252010", "3510152004", "3510161010", "3510252001", "3510152001")
HOUSEHOLDS = 7
NAMES = (
    "SITI AMINAH",
    "SUYATNO",
    "SUYANTO",
    "NUR HASAN",
    "NUR HASANAH",
    "SLAMET",
    "KATENO",
    "NI LUH SUDIANI",
    "H. SALEH",
)
COVERING = ("PKH", "BPNT", "BST", "PROV-JATIM", "BPUM")
CYCLES = (("P-2021-05", "APBD-PANGAN"), ("D-2021-05", "BLT-DD"), ("G-2021-05", "APBD-GIZI"))


def population(clockwork: Clockwork) -> list[Resident]:
    """Some households; a few people share a NIK with somebody else by mistake, one has a placeholder."""
    people = []
    for house in range(1, HOUSEHOLDS + 1):
        kk = f"351025010110{house:04d}"
        for _ in range(clockwork.chance.randint(1, 3)):
            people.append(_resident(clockwork, len(people) + 1, kk))
    twin = people[0]
    people.append(_resident(clockwork, len(people) + 1, people[-1].kk, nik=twin.nik))
    people.append(_resident(clockwork, len(people) + 1, people[1].kk, nik="0351025201000001"))
    return people


def _resident(clockwork: Clockwork, serial: int, kk: str, nik: str = "") -> Resident:
    return Resident(
        nik=nik or f"35102501019{serial:05d}",
        kk=kk,
        name=clockwork.chance.choice(NAMES),
        birth_place="BANYUWANGI",
        birth_date=date(1990, 1, 1),
        sex=Sex("L"),
        mother="AMINAH",
        father="",
        religion="ISLAM",
        marital_status="KAWIN",
        occupation="PETANI",
        relation="ISTRI",
        address="JL MAWAR",
        hamlet="KRAJAN",
        rt="001",
        rw="002",
    )


def some_list(clockwork: Clockwork, people: list[Resident], serial: int) -> list[Coverage]:
    """A few people or households of another scheme, as a list would name them."""
    covered = []
    for row in range(clockwork.chance.randint(1, 3)):
        person = clockwork.chance.choice(people)
        is_household = clockwork.happens(0.4)
        first = month(2021, clockwork.chance.choice((1, 4, 6)))
        covered.append(
            Coverage(
                reference=serial.to_bytes(16, "big") + row.to_bytes(16, "big"),
                scheme=clockwork.chance.choice(COVERING),
                component="",
                nik="" if is_household else person.nik,
                kk=person.kk,
                name_key=name_key(person.name),
                first=first,
                until=first + clockwork.chance.choice((0, 2, 11)),
                village=clockwork.chance.choice(VILLAGES),
                as_of="2021-05-01",
            )
        )
    return covered


def first_cycles(clockwork: Clockwork) -> list[Cycle]:
    """Open from before the story begins; they close in its midst or long after."""
    return [_cycle(clockwork, code, scheme, clockwork.chance.choice((3, 40))) for code, scheme in CYCLES]


def _cycle(clockwork: Clockwork, code: str, scheme: str, days: int) -> Cycle:
    now_ms = clockwork.now_ms
    return Cycle(code, scheme, f"Program {code}", month(2021, 5), month(2021, 7), now_ms - DAY, now_ms + days * DAY, 14)


def changed_rule(clockwork: Clockwork) -> Change:
    """Two officers change what excludes what, what is demanded, or which scheme goes first."""
    (_, scheme), effect = clockwork.chance.choice(CYCLES), clockwork.chance.choice(list(Effect))
    other = clockwork.chance.choice((*COVERING, *(code for _, code in CYCLES)))
    first = month(2021, clockwork.chance.choice((1, 5, 6, 7)))
    until = clockwork.chance.choice((None, month(2021, 12)))
    match clockwork.chance.choice(("exclusion", "exclusion", "criterion", "priority")):
        case "exclusion":
            unit = clockwork.chance.choice(list(Unit))
            return AddExclusion(ExclusionRule(scheme, "", other, "", unit, effect, True, first, until, "contoh"))
        case "criterion":
            return AddCriterion(
                Criterion(scheme, "income", Measure.AT_MOST, "1", "Penghasilan", first, until, "contoh")
            )
        case _:
            known = next(each for each in shipped_edition().rules.schemes if each.code == scheme)
            return PutScheme(replace(known, priority=clockwork.chance.randint(1, 99)))


def changed_cycle(clockwork: Clockwork) -> Cycle:
    """An officer moves a window: a decision may turn either way."""
    code, scheme = clockwork.chance.choice(CYCLES)
    return _cycle(clockwork, code, scheme, clockwork.chance.choice((1, 5, 40)))


# --- letters ----------------------------------------------------------------------------------------------------------

HEAD = Signer(name="H. AHMAD FAUZI, S.Sos.", title="Kepala Desa")
OFFICE = Letterhead(
    regency="Banyuwangi",
    district="Blimbingsari",
    village="Sukojati",
    village_kind=VillageKind.DESA,
    address="Jalan Raya Sukojati Nomor 12",
)
KINDS = ("skd", "sktm", "spm")


@lru_cache(maxsize=1)
def catalogue() -> dict[str, LetterKind]:
    return read_catalogue(data.letters_csv(), data.letter_fields_csv())


@lru_cache(maxsize=8)
def policy(village: str) -> numbering.NumberingPolicy:
    """Some offices count all letters together, others by kind."""
    is_one = VILLAGES.index(village) % 2 == 0
    return numbering.numbering_policy(
        numbering.SeriesPolicy.ONE if is_one else numbering.SeriesPolicy.PER_KIND,
        "{klas}/{nomor:03d}/{kode_instansi}/{tahun}",
        kode_desa=village,
        kode_instansi="429.508.03",
    )


def draft(kind: str, resident: Resident, dated: date) -> Draft:
    answers = {"purpose": "pembukaan rekening bank", "hospital": "RSUD Blambangan"}
    fields = letters.check_fields(catalogue()[kind], answers, ())
    assert isinstance(fields, tuple)
    return letters.write_draft(
        catalogue()[kind], subject_of(resident, VillageKind.DESA), fields, HEAD, OFFICE, dated=dated, text_version=1
    )


@dataclass(frozen=True, slots=True)
class Printed:
    """A number on paper: what the book in the drawer says, whatever became of the disk."""

    series: str
    year: int
    number: int
