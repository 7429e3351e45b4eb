"""Invented residents for the demo and for tests: households, names, numbers, and the errors that real lists have.

What it is for: the same seed gives the same village, so a test or a demo can be told again.
What it must never do: name a real person. Names are drawn word by word from common given names; numbers are well formed but
belong to nobody we know. Randomness comes in as `random.Random(seed)`, the date as an argument.
Place in the flow: the demo fills its boxes with it; `tests/builders.py` passes it on to the tests.
"""

import csv
import io
import random
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date, timedelta

from msgspec import Struct
from msgspec.structs import replace

from protocol.ids import DAY_OFFSET_WOMAN, Kk, Nik, Sex, VillageCode, district_of
from protocol.regions import Village, districts, villages

TODAY = date(2021, 5, 17)
"""When the invented people live, unless told otherwise: the time of the demo's story."""
AGE_MAX = 88
CHILDREN_MAX = 4
TWINS = 0.02
"""Share of later children who are twins of the one before; more than in truth, so that a small village has some."""
BETWEEN_BIRTHS = timedelta(days=400)
DISTRICT_SPLIT_YEAR = 2017
"""About when Blimbingsari became a district; it only decides which code an invented person carries."""
SERIALS = 60
"""Serials of one birth date in one district go up to here; few get beyond a dozen in truth."""

# Share of rows with each error, as measured in real lists.
RATE_NIK_MISSING = 0.02
RATE_NIK_WRONG_DIGIT = 0.05
RATE_NIK_SWAPPED = 0.02
RATE_NIK_DESTROYED = 0.01
RATE_KK_WRONG = 0.16
RATE_NAME_SPELLED_OTHERWISE = 0.15
RATE_NAME_TITLE = 0.08
RATE_BIRTH_DATE_SWAPPED = 0.03
RATE_BIRTH_DATE_PLACEHOLDER = 0.02
RATE_MOTHER_MISSING = 0.30
RATE_TWICE_IN_LIST = 0.03
RATE_IN_TWO_VILLAGES = 0.015
RATE_MOVED = 0.02
RATE_DEAD = 0.01


class Person(Struct, frozen=True, kw_only=True):
    """One resident as the civil registry would have it. `mother_name` is her maiden name, as on the family card."""

    nik: Nik
    kk: Kk
    name: str
    sex: Sex
    birth_date: date
    mother_name: str
    role: str
    village: VillageCode
    address: str
    rt: str
    rw: str


class Household(Struct, frozen=True, kw_only=True):
    """The people of one family card; the first is its head."""

    kk: Kk
    village: VillageCode
    address: str
    members: tuple[Person, ...]

    @property
    def head(self) -> Person:
        return self.members[0]


class Entry(Struct, frozen=True, kw_only=True):
    """A person as some list has them: numbers are text, and may be wrong. `truth` and `faults` are for judging answers."""

    nik: str
    kk: str
    name: str
    sex: Sex
    birth_date: date | None
    mother_name: str
    village: VillageCode
    address: str
    rt: str
    rw: str
    is_deceased: bool
    truth: Nik
    faults: tuple[str, ...]


# ---------------------------------------------------------------------------------------------------- names


class _Names(Struct, frozen=True):
    """Common given names of one community; `share` is its part of the population."""

    share: int
    men: Sequence[str]
    women: Sequence[str]
    men_before: Sequence[str]
    women_before: Sequence[str]
    men_after: Sequence[str]
    women_after: Sequence[str]
    mononyms: float


def _list(text: str) -> list[str]:
    return text.split()


_JAVANESE = _Names(
    46,
    _list(
        "AGUS BAMBANG BUDI DARMANTO DWI EDI EKO HARIYANTO HERI JOKO KARYONO MULYONO NGADIMAN PAIMIN PONIMAN PRAYITNO RIYANTO "
        "SAMSUL SLAMET SUGENG SUGIANTO SUKARDI SUMARNO SUPARMAN SUPRIYADI SUROSO SUTRISNO SUYANTO SUYATNO TEGUH TRI TUKIMAN "
        "WAGIMAN WAHYU WIDODO YULIANTO"
    ),
    _list(
        "ASIH DEWI DWI ENDANG ERNAWATI INDAH KARTINI LASMI LESTARI MARSINI MUJIATI NANIK NGATINI PARTINI PONIYEM RATNA RUMIATI "
        "SARINAH SRI SUHARTI SULASTRI SUMARNI SUPRAPTI SURATMI SUTINI TITIK TRI TUMINAH WAHYUNI WIWIK YULIATI"
    ),
    (),
    ("SRI", "SITI"),
    _list("HANDOKO HIDAYAT KURNIAWAN NUGROHO PRASETYO PURNOMO SANTOSO SAPUTRO SETIAWAN UTOMO WIBOWO"),
    _list("HANDAYANI LESTARI NINGSIH PUSPITA RAHAYU UTAMI WULANDARI"),
    0.55,
)
_USING = _Names(
    28,
    _list(
        "ADENAN ASNAN BASUNI BUSAIRI HADI HASNAN HASAN HUSEN JUMANTO KATENO KUSNADI MASHUDI MISLAN NURHADI PURNADI RIDWAN SANURI "
        "SAPUAN SARENGAT SERAD SUHAIMI SUMITRO TIMBUL TOHIRIN UNTUNG ZAINUL"
    ),
    _list(
        "AENI ASMAWATI HAYATI HOLIFAH ISTIQOMAH JAMILAH KHOTIJAH LUTFIAH MASRIFAH MISNATI MUSRIFAH NUR PONATI RUKMINI SAODAH "
        "SUNARIYAH SUPINAH TEMU UMI WASIATI ZUBAIDAH"
    ),
    ("AHMAD", "MOHAMAD", "NUR"),
    ("SITI", "NUR", "UMI"),
    _list("ROHMAN SOLEH WAHID FAUZI HASAN MAULANA"),
    _list("HIDAYATI HASANAH KHASANAH ROHMAH MUNAWAROH"),
    0.50,
)
_MADURESE = _Names(
    18,
    _list(
        "ABDULLAH BUHARI FATHOR HOLIL HOSNAN JUNAIDI MARSUKI MATRAWI MISTAR MOHALLI MUNIR RASYID ROFIQ SADIK SAHRAWI SALEH SATRAWI "
        "SUBAIRI SUHRI SULAIMAN TAUFIK"
    ),
    _list(
        "AMINAH ASIYAH FATIMAH HALIMAH HASANAH HOSNIYAH MAIMUNAH MARYAM MISRIYAH NURAINI RAHMAH ROHANA SALEHA SITTI SUMIYATI "
        "SURAYYA TOYYIBAH ZAINAB"
    ),
    ("MOH", "MUHAMMAD", "ABD", "ACH", "MAT"),
    ("SITI", "NUR"),
    _list("RAHMAN HAMID HALIM MAJID KARIM SYUKUR"),
    _list("HOLIDAH JANNAH HASANAH LAILA QOMARIYAH"),
    0.30,
)
_BALINESE = _Names(
    8,
    _list("ARTA ADNYANA DARMA MERTA PARWATA SUARDANA SUARTA SUDIRA SUKADANA SUPUTRA WIDIANA WIRAWAN"),
    _list("ARIANI ARTINI ASTUTI MURNIATI PUSPAWATI RAI SUARTINI SUDIANI SUKERTI WIDIASIH YULIANTI"),
    ("I WAYAN", "I MADE", "I NYOMAN", "I KETUT", "I GEDE", "I PUTU"),
    ("NI WAYAN", "NI MADE", "NI NYOMAN", "NI KETUT", "NI LUH", "NI PUTU"),
    (),
    (),
    0.0,
)
COMMUNITIES = (_JAVANESE, _USING, _MADURESE, _BALINESE)
STREETS = _list(
    "MAWAR MELATI KENANGA ANGGREK DAHLIA FLAMBOYAN CEMPAKA NANGKA MANGGIS RAMBUTAN SALAK JERUK KERINCI SEMERU RAUNG"
)
_TITLES_BEFORE, _TITLES_AFTER = ("H. ", "HJ. ", "DRS. ", "KH. "), (", S.PD", ", SE", ", S.AG", " (ALM)")


def _draw_community(rng: random.Random) -> _Names:
    return rng.choices(COMMUNITIES, weights=[names.share for names in COMMUNITIES])[0]


def _draw_name(rng: random.Random, names: _Names, sex: Sex) -> str:
    """One word in half of the cases, as is common; else with a word before or after."""
    is_man = sex is Sex.MALE
    given, before = (names.men, names.men_before) if is_man else (names.women, names.women_before)
    after = names.men_after if is_man else names.women_after
    first = rng.choice(given)
    if rng.random() < names.mononyms:
        return first
    if before and (not after or rng.random() < 0.5):
        return f"{rng.choice([word for word in before if word != first])} {first}"
    return f"{first} {rng.choice([word for word in after if word != first])}"


# -------------------------------------------------------------------------------------------------- numbers


def make_nik(rng: random.Random, district: str, birth_date: date, sex: Sex, taken: set[str]) -> Nik:
    """A NIK that says this district, date and sex, and that is not in `taken` (where it is then put)."""
    day = birth_date.day + (DAY_OFFSET_WOMAN if sex is Sex.FEMALE else 0)
    return Nik(_draw_number(rng, f"{district}{day:02d}{birth_date:%m%y}", taken))


def make_kk(rng: random.Random, district: str, issued: date, taken: set[str]) -> Kk:
    """A KK number issued in this district on this day, not in `taken` (where it is then put)."""
    return Kk(_draw_number(rng, f"{district}{issued:%d%m%y}", taken))


def _draw_number(rng: random.Random, start: str, taken: set[str]) -> str:
    serial = rng.randint(1, SERIALS)
    while f"{start}{serial:04d}" in taken:
        serial += 1
    number = f"{start}{serial:04d}"
    taken.add(number)
    return number


def _draw_birth_district(rng: random.Random, village: Village, birth_date: date) -> str:
    """A NIK keeps the district of first registration: mostly here, before a split the old one, else where they came from."""
    if rng.random() < 0.1:
        return rng.choice(districts()).code
    if village.retired_code is not None and birth_date.year < DISTRICT_SPLIT_YEAR:
        return district_of(village.retired_code)
    return village.district.code


def _draw_date(rng: random.Random, earliest: date, latest: date) -> date:
    return earliest + timedelta(days=rng.randint(0, max(0, (latest - earliest).days)))


def _years_before(day: date, years: int) -> date:
    return day - timedelta(days=round(years * 365.25))


# -------------------------------------------------------------------------------------------------- people


def household(rng: random.Random, village: Village, *, today: date = TODAY, taken: set[str] | None = None) -> Household:
    """One family card: one person, a couple, or a couple (or one parent) with children. `taken` keeps numbers unique."""
    numbers = set() if taken is None else taken
    names = _draw_community(rng)
    rt, rw = f"{rng.randint(1, 6):03d}", f"{rng.randint(1, 9):03d}"
    card = _Card(
        kk=make_kk(rng, village.district.code, _draw_date(rng, _years_before(today, 12), today), numbers),
        village=village,
        address=f"DUSUN {rng.choice(STREETS)}"
        if not village.is_ward
        else f"JL. {rng.choice(STREETS)} {rng.randint(1, 90)}",
        rt=rt,
        rw=rw,
    )
    head_sex = Sex.MALE if rng.random() < 0.85 else Sex.FEMALE
    born = _draw_date(rng, _years_before(today, AGE_MAX), _years_before(today, 21))
    members = [_person(rng, card, names, head_sex, born, "KEPALA KELUARGA", None, numbers)]
    mother = members[0] if head_sex is Sex.FEMALE else None
    if head_sex is Sex.MALE and rng.random() < 0.85:
        wife_born = min(_draw_date(rng, _years_before(born, 3), _years_before(born, -9)), _years_before(today, 18))
        mother = _person(rng, card, names, Sex.FEMALE, wife_born, "ISTRI", None, numbers)
        members.append(mother)
    members += _children(rng, card, names, mother, today, numbers) if mother is not None else []
    return Household(kk=card.kk, village=village.code, address=card.address, members=tuple(members))


class _Card(Struct, frozen=True, kw_only=True):
    kk: Kk
    village: Village
    address: str
    rt: str
    rw: str


def _children(
    rng: random.Random, card: _Card, names: _Names, mother: Person, today: date, taken: set[str]
) -> list[Person]:
    """Children still on the card: born when she was 18 to 42, not yet 25; sometimes twins."""
    earliest = max(_years_before(mother.birth_date, -18), _years_before(today, 25))
    latest = min(_years_before(mother.birth_date, -42), today)
    if latest <= earliest:
        return []
    found: list[Person] = []
    for _ in range(rng.randint(0, CHILDREN_MAX)):
        is_twin = bool(found) and rng.random() < TWINS
        born = found[-1].birth_date if is_twin else _draw_date(rng, earliest, latest)
        if is_twin or all(abs(born - other.birth_date) > BETWEEN_BIRTHS for other in found):
            found.append(_person(rng, card, names, rng.choice(list(Sex)), born, "ANAK", mother.name, taken))
    return sorted(found, key=lambda child: child.birth_date)


def _person(
    rng: random.Random,
    card: _Card,
    names: _Names,
    sex: Sex,
    birth_date: date,
    role: str,
    mother_name: str | None,
    taken: set[str],
) -> Person:
    return Person(
        nik=make_nik(rng, _draw_birth_district(rng, card.village, birth_date), birth_date, sex, taken),
        kk=card.kk,
        name=_draw_name(rng, names, sex),
        sex=sex,
        birth_date=birth_date,
        mother_name=mother_name or _draw_name(rng, names, Sex.FEMALE),
        role=role,
        village=card.village.code,
        address=card.address,
        rt=card.rt,
        rw=card.rw,
    )


def village_people(
    rng: random.Random, village: Village, n: int, *, today: date = TODAY, taken: set[str] | None = None
) -> list[Person]:
    """Exactly n residents, household by household (the last one may be cut). Pass one `taken` for several villages."""
    numbers = set() if taken is None else taken
    people: list[Person] = []
    while len(people) < n:
        people += household(rng, village, today=today, taken=numbers).members
    return people[:n]


# ---------------------------------------------------------------------------------------------------- dirt


def as_entry(person: Person) -> Entry:
    """The person as a list without errors has them."""
    return Entry(
        nik=person.nik,
        kk=person.kk,
        name=person.name,
        sex=person.sex,
        birth_date=person.birth_date,
        mother_name=person.mother_name,
        village=person.village,
        address=person.address,
        rt=person.rt,
        rw=person.rw,
        is_deceased=False,
        truth=person.nik,
        faults=(),
    )


def dirty(rng: random.Random, person: Person) -> Entry:
    """The person as a real list has them: each kind of error at its rate, independent of the others."""
    entry = as_entry(person)
    for fault, (rate, spoil) in _FAULTS.items():
        if rng.random() < rate:
            entry = replace(spoil(rng, entry), faults=(*entry.faults, fault))
    return entry


def dirty_list(rng: random.Random, people: Iterable[Person]) -> list[Entry]:
    """A list of these people with its errors; some stand in it twice, some also for another village. Shuffled."""
    entries: list[Entry] = []
    for person in people:
        entries.append(dirty(rng, person))
        if rng.random() < RATE_TWICE_IN_LIST:
            again = dirty(rng, person)
            entries.append(replace(again, faults=(*again.faults, "twice_in_list")))
        if rng.random() < RATE_IN_TWO_VILLAGES:
            again = _move(rng, dirty(rng, person))
            entries.append(replace(again, faults=(*again.faults, "in_two_villages")))
    rng.shuffle(entries)
    return entries


def _change_digit(rng: random.Random, number: str) -> str:
    at = rng.randrange(len(number))
    other = rng.choice([digit for digit in "0123456789" if digit != number[at]])
    return number[:at] + other + number[at + 1 :]


def _swap_digits(rng: random.Random, number: str) -> str:
    places = [at for at in range(len(number) - 1) if number[at] != number[at + 1]]
    if not places:
        return number
    at = rng.choice(places)
    return number[:at] + number[at + 1] + number[at] + number[at + 2 :]


def _lose_nik(_: random.Random, entry: Entry) -> Entry:
    return replace(entry, nik="")


def _mistype_nik(rng: random.Random, entry: Entry) -> Entry:
    return replace(entry, nik=_change_digit(rng, entry.nik)) if entry.nik else entry


def _swap_nik(rng: random.Random, entry: Entry) -> Entry:
    return replace(entry, nik=_swap_digits(rng, entry.nik))


def _destroy_nik(_: random.Random, entry: Entry) -> Entry:
    """What a spreadsheet makes of a long number: 3.51025E+15."""
    return replace(entry, nik=f"{int(entry.nik):.5E}") if entry.nik else entry


def _spoil_kk(rng: random.Random, entry: Entry) -> Entry:
    """A typing error, or the card of years ago: another date of issue and serial."""
    if rng.random() < 0.3:
        return replace(entry, kk=_change_digit(rng, entry.kk))
    return replace(
        entry, kk=make_kk(rng, entry.kk[:6], _draw_date(rng, date(2005, 1, 1), date(2012, 12, 31)), {entry.kk})
    )


_RESPELLINGS = (
    ("U", "OE"),
    ("J", "DJ"),
    ("Y", "J"),
    ("AHMAD", "ACHMAD"),
    ("MOHAMAD", "MOCH"),
    ("SITI", "ST"),
    ("F", "V"),
    ("NN", "N"),
)


def _respell(rng: random.Random, entry: Entry) -> Entry:
    """Old spelling, a doubled, dropped or wrong letter, or words run together."""
    name = entry.name
    fitting = [(old, new) for old, new in _RESPELLINGS if old in name]
    kind = rng.randrange(4)
    at = rng.randrange(len(name))
    if kind == 0 and fitting:
        name = name.replace(*rng.choice(fitting), 1)
    elif kind == 1 and " " in name:
        name = name.replace(" ", "", 1)
    elif kind == 2 and len(name) > 4:
        name = name[:at] + name[at + 1 :]
    else:
        name = name[:at] + name[at] + name[at:]
    return replace(entry, name=" ".join(name.split()))


def _add_title(rng: random.Random, entry: Entry) -> Entry:
    if rng.random() < 0.5:
        return replace(entry, name=rng.choice(_TITLES_BEFORE) + entry.name)
    return replace(entry, name=entry.name + rng.choice(_TITLES_AFTER))


def _swap_birth_date(_: random.Random, entry: Entry) -> Entry:
    born = entry.birth_date
    return replace(entry, birth_date=born.replace(day=born.month, month=born.day)) if born and born.day <= 12 else entry


def _blur_birth_date(rng: random.Random, entry: Entry) -> Entry:
    day, month = rng.choice([(1, 1), (1, 7), (30, 6), (31, 12)])
    return replace(entry, birth_date=entry.birth_date.replace(day=day, month=month)) if entry.birth_date else entry


def _lose_mother(_: random.Random, entry: Entry) -> Entry:
    return replace(entry, mother_name="")


def _move(rng: random.Random, entry: Entry) -> Entry:
    return replace(entry, village=rng.choice([village.code for village in villages() if village.code != entry.village]))


def _die(_: random.Random, entry: Entry) -> Entry:
    return replace(entry, is_deceased=True)


_FAULTS: Mapping[str, tuple[float, Callable[[random.Random, Entry], Entry]]] = {
    "nik_wrong_digit": (RATE_NIK_WRONG_DIGIT, _mistype_nik),
    "nik_swapped": (RATE_NIK_SWAPPED, _swap_nik),
    "nik_destroyed": (RATE_NIK_DESTROYED, _destroy_nik),
    "nik_missing": (RATE_NIK_MISSING, _lose_nik),
    "kk_wrong": (RATE_KK_WRONG, _spoil_kk),
    "name_spelled_otherwise": (RATE_NAME_SPELLED_OTHERWISE, _respell),
    "name_title": (RATE_NAME_TITLE, _add_title),
    "birth_date_swapped": (RATE_BIRTH_DATE_SWAPPED, _swap_birth_date),
    "birth_date_placeholder": (RATE_BIRTH_DATE_PLACEHOLDER, _blur_birth_date),
    "mother_missing": (RATE_MOTHER_MISSING, _lose_mother),
    "moved": (RATE_MOVED, _move),
    "dead": (RATE_DEAD, _die),
}


# ---------------------------------------------------------------------------------------------------- lists

PROGRAMMES = ("BLT", "BLT_BBM", "BNPT_PPKM", "BPNT", "BST", "PBI", "PKH")
"""The programme columns of a list, in its order."""


def siksng_csv(rows: Iterable[tuple[Entry, Mapping[str, str]]], *, delimiter: str = ",") -> str:
    """A list in SIKS-NG/DTKS shape. Each row is an entry and its programmes, as {"PKH": "2021-01 s/d 2021-12"}."""
    out = io.StringIO()
    writer = csv.writer(out, delimiter=delimiter, lineterminator="\r\n")
    head = ["id_kec", "id_desa", "kecamatan", "desa_kelurahan", "idsemesta", "NIK", "NOKK", "Nama", "Alamat"]
    periods = [f"periode_{programme.lower()}" for programme in PROGRAMMES]
    writer.writerow([*head, *PROGRAMMES, *periods, "keterangan_meninggal", "is_nonaktif"])
    places = {village.code: village for village in villages()}
    for number, (entry, programmes) in enumerate(rows, start=1):
        village = places[entry.village]
        writer.writerow(
            [village.district.code, village.code, village.district.name.upper(), village.name.upper(), f"{number:08d}"]
            + [entry.nik, entry.kk, entry.name, entry.address]
            + ["YA" if programme in programmes else "TIDAK" for programme in PROGRAMMES]
            + [programmes.get(programme, "") for programme in PROGRAMMES]
            + ["YA" if entry.is_deceased else "TIDAK", "0"]
        )
    return out.getvalue()
