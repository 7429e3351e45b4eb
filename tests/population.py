"""A whole regency of invented residents: 1.79 million in some seconds, in columns.

What it is for: acceptance tests and benchmarks at true size. `population(seed, villages, residents)` gives households as
they are: couples, single parents, children with their mother's name, twins, people who left another card some years ago,
people who have died or moved. `population[i]` is the `Person` that everything else in the tests knows, and
`tests.builders.dirty(rng, person)` makes of it a row as real lists have them, which carries its truth (the NIK).
What it must never do: name a real person. Words come from the demo's lists of common given names and from syllables.

Serials of one birth date in one district run from 1 without gaps, as in the registry: the neighbour of a NIK is somebody.
"""

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
from numpy.typing import NDArray

from deploy.demo.people import COMMUNITIES, DISTRICT_SPLIT_YEAR, STREETS
from protocol.ids import DAY_OFFSET_WOMAN, Kk, Nik, Sex, district_of
from protocol.regions import Village, districts
from tests.builders import TODAY, Person

Ints = NDArray[np.int64]

RESIDENTS_A_HOUSEHOLD_MIN = 2.4
"""Homes are made for this many, which is fewer than they turn out to have (2.7); the last ones are cut."""
CARDS_LEFT = 0.12
"""Share of heads and wives who were on another card of the same village within ten years: married out, or split off."""
TWINS, TWINS_ALIKE = 0.012, 0.5
"""Share of later children who are twins of the one before; share of those whose names differ in one word only."""
MOVED, DEAD = 0.02, 0.01
BORN_ELSEWHERE = 0.1
YEAR = 365.25
ROLES = ("KEPALA KELUARGA", "ISTRI", "ANAK")
HEAD, WIFE, CHILD = range(3)
CHILDREN = (0.12, 0.22, 0.36, 0.20, 0.10)
"""Shares of couples with 0 to 4 children still on their card."""

_ROOTS = (
    "KAR PAR SAR MAR WAR HAR SUM SUT SUK SUN SUP SUR TUK PON NGAD WAG RAS SAT JUM DAR KUS MUL SUG RUS TAR "
    "HAS SAL MUS HOS FAT ROF SUB MAT JUN MUN BUH MIS ZAIN LAT FIR RAM"
).split()
_ENDINGS = {
    Sex.MALE: "DI TO NO MAN MIN JO YONO WANTO NARTO ADI AN UDIN IL IRI AKI ANSYAH".split(),
    Sex.FEMALE: "INI INAH IYAH IYEM ATI ASIH ARTI INGSIH ANIYAH ATUN IFAH WATI UL IANA ANTI".split(),
}


@dataclass(frozen=True)
class _Vocabulary:
    """Words of one community and sex by number, and how often each is drawn (running sums to 1)."""

    given: Ints
    often: NDArray[np.float64]
    before: Ints
    after: Ints
    single: float


class Population(Sequence[Person]):
    """Residents by number, household after household. The arrays are one entry a resident, or one a household.

    `born` and `issued`: days as `date.toordinal`. `former`: number of the household whose card one was on before, or -1.
    `twin_of`: number of the sibling born the same day, or -1. `moved_to`: place in `villages`, or -1.
    """

    def __init__(self, villages: Sequence[Village], words: Sequence[str], columns: dict[str, Ints]) -> None:
        self.villages, self._words = villages, words
        self.nik, self.born, self.sex, self.role = (columns[name] for name in ("nik", "born", "sex", "role"))
        self.household, self.former, self.twin_of = (columns[name] for name in ("household", "former", "twin_of"))
        self.moved_to, self.is_dead = columns["moved_to"], columns["is_dead"].astype(bool)
        self.kk, self.village, self.rt, self.rw = (columns[name] for name in ("kk", "village", "rt", "rw"))
        self.street, self._names, self._mothers = columns["street"], columns["names"], columns["mothers"]

    def __len__(self) -> int:
        return len(self.nik)

    def __getitem__(self, number: int) -> Person:  # type: ignore[override]
        home = int(self.household[number])
        village = self.villages[self.village[home]]
        return Person(
            nik=Nik(f"{self.nik[number]:016d}"),
            kk=self._card(home),
            name=self._name(self._names[number]),
            sex=Sex.MALE if self.sex[number] == 0 else Sex.FEMALE,
            birth_date=date.fromordinal(int(self.born[number])),
            mother_name=self._name(self._mothers[number]),
            role=ROLES[self.role[number]],
            village=village.code,
            address=f"{'JL.' if village.is_ward else 'DUSUN'} {STREETS[self.street[home]]}",
            rt=f"{self.rt[home]:03d}",
            rw=f"{self.rw[home]:03d}",
        )

    def former_kk(self, number: int) -> Kk | None:
        """The card this resident was on before, if any."""
        home = int(self.former[number])
        return None if home < 0 else self._card(home)

    def members(self, household: int) -> range:
        """Numbers of the residents on one card; the first is its head."""
        first, until = np.searchsorted(self.household, (household, household + 1))
        return range(int(first), int(until))

    def households(self) -> Iterator[range]:
        starts = np.searchsorted(self.household, np.arange(int(self.household[-1]) + 2))
        yield from (range(int(a), int(b)) for a, b in itertools.pairwise(starts))

    def _card(self, household: int) -> Kk:
        return Kk(f"{self.kk[household]:016d}")

    def _name(self, numbers: Ints) -> str:
        return " ".join(self._words[word] for word in numbers if word)


def population(seed: int, villages: Sequence[Village], residents: int, *, today: date = TODAY) -> Population:
    """Exactly so many residents of these villages; the same seed, the same people."""
    draw = np.random.default_rng(seed)
    words, vocabularies = _vocabularies()
    homes = round(residents / RESIDENTS_A_HOUSEHOLD_MIN) + 8
    community = draw.choice(len(COMMUNITIES), homes, p=[names.share / 100 for names in COMMUNITIES])
    size = draw.lognormal(0, 0.4, len(villages))
    village = np.sort(draw.choice(len(villages), homes, p=size / size.sum()))
    people = _households(draw, homes, today)
    people = {name: column[:residents] for name, column in people.items()}
    home = people["household"]
    names = _draw_names(draw, vocabularies, community[home], people["sex"])
    mothers = _draw_names(draw, vocabularies, community[home], np.ones(residents, np.int64))
    _name_twins(draw, names, people)
    mothers[people["mother"] >= 0] = names[people["mother"][people["mother"] >= 0]]
    former = _former(draw, people, village)
    issued = today.toordinal() - draw.integers(1, round(12 * YEAR), homes)
    here = np.array([int(each.district.code) for each in villages])[village]
    columns = people | {
        "nik": _niks(draw, villages, village[home], people),
        "kk": _numbered(here * 10**6 + _ddmmyy(issued, np.zeros(homes, np.int64))),
        "village": village,
        "rt": draw.integers(1, 7, homes),
        "rw": draw.integers(1, 10, homes),
        "street": draw.integers(0, len(STREETS), homes),
        "names": names,
        "mothers": mothers,
        "former": former,
        "moved_to": np.where(draw.random(residents) < MOVED, draw.integers(0, len(villages), residents), -1),
        "is_dead": (draw.random(residents) < DEAD).astype(np.int64),
    }
    return Population(villages, words, columns)


# ---------------------------------------------------------------------------------------------- households


def _households(draw: np.random.Generator, homes: int, today: date) -> dict[str, Ints]:
    """One head a home, a wife in most, children of hers; one row a resident, home after home, eldest child first."""
    now = today.toordinal()
    head_sex = (draw.random(homes) >= 0.85).astype(np.int64)
    head_born = now - draw.integers(round(21 * YEAR), round(88 * YEAR), homes)
    has_wife = (head_sex == 0) & (draw.random(homes) < 0.85)
    wife_born = head_born + draw.integers(-round(3 * YEAR), round(9 * YEAR), homes)
    grown = now - draw.integers(round(18 * YEAR), round(22 * YEAR), homes)  # not all on one day
    wife_born = np.where(wife_born > now - round(18 * YEAR), grown, wife_born)
    mother_born = np.where(has_wife, wife_born, head_born)
    may_have = has_wife | (head_sex == 1)
    count = np.where(may_have, draw.choice(len(CHILDREN), homes, p=CHILDREN), 0)
    home = np.repeat(np.arange(homes), count)
    place = np.arange(len(home)) - np.repeat(np.cumsum(count) - count, count)
    eldest = np.maximum(mother_born + round(18 * YEAR), now - round(25 * YEAR))
    gap = draw.integers(400, 1500, len(home))
    born = eldest[home] + np.where(place == 0, draw.integers(0, 1500, len(home)), 0)
    is_twin = (place > 0) & (draw.random(len(home)) < TWINS)
    steps = np.where((place > 0) & ~is_twin, gap, 0)
    first = np.repeat(np.cumsum(count) - count, count)
    walked = np.cumsum(steps)
    born = born[first] + walked - walked[first]
    is_kept = (born <= now) & (born <= mother_born[home] + round(42 * YEAR))
    sex = draw.integers(0, 2, len(home))
    wives = np.flatnonzero(has_wife)
    column_home = np.concatenate([np.arange(homes), wives, home[is_kept]])
    kinds = np.concatenate([np.full(homes, HEAD), np.full(len(wives), WIFE), np.full(int(is_kept.sum()), CHILD)])
    column_born = np.concatenate([head_born, wife_born[wives], born[is_kept]])
    column_sex = np.concatenate([head_sex, np.ones(len(wives), np.int64), sex[is_kept]])
    twin = np.concatenate([np.zeros(homes + len(wives), bool), is_twin[is_kept]])
    order = np.lexsort((column_born, kinds, column_home))
    household, role = column_home[order], kinds[order]
    numbers = np.arange(len(order))
    heads = np.searchsorted(household, np.arange(homes))
    mother = heads[household] + has_wife[household]
    return {
        "household": household,
        "role": role,
        "born": column_born[order],
        "sex": column_sex[order],
        "twin_of": np.where(twin[order], numbers - 1, -1),
        "mother": np.where(role == CHILD, mother, -1),
    }


def _former(draw: np.random.Generator, people: dict[str, Ints], village: Ints) -> Ints:
    """Of some adults another home of their village, neighbours in the list of homes being of one village."""
    home = people["household"]
    homes = int(home[-1]) + 1
    other = (home + draw.integers(1, 200, len(home))) % homes
    has_left = (people["role"] != CHILD) & (draw.random(len(home)) < CARDS_LEFT) & (village[other] == village[home])
    return np.where(has_left, other, -1)


# ----------------------------------------------------------------------------------------------------- names


def _vocabularies() -> tuple[list[str], dict[tuple[int, int], _Vocabulary]]:
    """Every word once (the empty one is 0), and by community and sex which are drawn how often."""
    words, places = [""], {"": 0}

    def number(word: str) -> int:
        if word not in places:
            places[word] = len(words)
            words.append(word)
        return places[word]

    found = {}
    for place, names in enumerate(COMMUNITIES):
        for at, sex in enumerate((Sex.MALE, Sex.FEMALE)):
            is_man = sex is Sex.MALE
            common = names.men if is_man else names.women
            rare = [root + ending for root in _ROOTS for ending in _ENDINGS[sex]]
            given = list(dict.fromkeys([*common, *rare]))
            shares = 1 / (np.arange(len(given)) + 6)  # few words are very common, many are rare
            after = [*(names.men_after if is_man else names.women_after), *rare[::5]]
            found[place, at] = _Vocabulary(
                given=np.array([number(word) for word in given]),
                often=np.cumsum(shares / shares.sum()),
                before=np.array([number(word) for word in (names.men_before if is_man else names.women_before)] or [0]),
                after=np.array([number(word) for word in after]),
                single=names.mononyms,
            )
    return words, found


def _draw_names(
    draw: np.random.Generator, vocabularies: dict[tuple[int, int], _Vocabulary], community: Ints, sex: Ints
) -> Ints:
    """Three word numbers a person: before, given, after; 0 where there is none."""
    names = np.zeros((len(sex), 3), np.int64)
    for (place, at), words in vocabularies.items():
        here = np.flatnonzero((community == place) & (sex == at))
        n = len(here)
        given = words.given[np.minimum(np.searchsorted(words.often, draw.random(n)), len(words.given) - 1)]
        chance = draw.random(n)
        is_before = chance < (1 - words.single) / 2
        is_after = (chance >= (1 - words.single) / 2) & (chance < 1 - words.single)
        names[here, 0] = np.where(is_before, words.before[draw.integers(0, len(words.before), n)], 0)
        names[here, 1] = given
        names[here, 2] = np.where(is_after, words.after[draw.integers(0, len(words.after), n)], 0)
    return names


def _name_twins(draw: np.random.Generator, names: Ints, people: dict[str, Ints]) -> None:
    """Some parents name twins alike: one word in common, where there are two."""
    twins = np.flatnonzero((people["twin_of"] >= 0) & (draw.random(len(names)) < TWINS_ALIKE))
    same = twins[people["sex"][twins] == people["sex"][people["twin_of"][twins]]]
    names[same, 0] = names[people["twin_of"][same], 0]
    names[same, 2] = names[people["twin_of"][same], 2]


# --------------------------------------------------------------------------------------------------- numbers


def _niks(draw: np.random.Generator, villages: Sequence[Village], village: Ints, people: dict[str, Ints]) -> Ints:
    """District of first registration: mostly here, before a split the old one, else anywhere in the regency."""
    now = np.array([int(each.district.code) for each in villages])
    old = np.array([int(district_of(each.retired_code or each.code)) for each in villages])
    everywhere = np.array([int(each.code) for each in districts()])
    born = people["born"]
    code = np.where(born < date(DISTRICT_SPLIT_YEAR, 1, 1).toordinal(), old[village], now[village])
    elsewhere = draw.random(len(born)) < BORN_ELSEWHERE
    code = np.where(elsewhere, everywhere[draw.integers(0, len(everywhere), len(born))], code)
    return _numbered(code * 10**6 + _ddmmyy(born, people["sex"]))


def _numbered(starts: Ints) -> Ints:
    """Each start with a serial behind it: 1, 2, 3 ... among equals."""
    order = np.argsort(starts, kind="stable")
    ranked = starts[order]
    first = np.searchsorted(ranked, ranked)
    numbers = np.empty_like(starts)
    numbers[order] = ranked * 10_000 + (np.arange(len(starts)) - first + 1)
    return numbers


def _ddmmyy(days: Ints, sex: Ints) -> Ints:
    """DDMMYY of ordinal days, a woman's day 40 higher."""
    low = int(days.min())
    table = [date.fromordinal(day) for day in range(low, int(days.max()) + 1)]
    coded = np.array([each.day * 10_000 + each.month * 100 + each.year % 100 for each in table])
    return coded[days - low] + sex * DAY_OFFSET_WOMAN * 10_000
