"""Aid schemes, and the answer to "may these two be combined?".

What it is for: a village must warn at the counter with the answer the centre will give, so the rules travel as data and
are read by one function on both sides.
What it must never do: decide a proposal, look for coverage or know an amount. It compares two claims and names the rule.
Place in the flow: `central/domain/catalogue.py` reads the rules from files, the regency's feed carries them to the boxes;
the counter's check and the centre's decision both ask `relation`.

Months are whole numbers, 12 * year + month - 1, so that periods are compared by counting.
"""

import enum
import re
from collections.abc import Iterable, Iterator
from typing import Annotated, NewType

from msgspec import Meta, Struct

from protocol.codec import Message
from protocol.ops import Line, Number, Word

Month = NewType("Month", int)
"""12 * year + month - 1."""

RULES_MAX = 400
"""Rules (or schemes) in force at once: a row is 100 to 160 bytes, and the value of a feed item holds 64 KiB."""
COMPONENTS_MAX = 64
"""Components of one scheme; PKH, the largest, has seven."""
YEAR_MIN, YEAR_MAX = 1990, 2099
"""Months outside are typing errors: no scheme is older, and a file of today does not plan the next century."""

_MONTH = re.compile(r"([0-9]{4})-([0-9]{2})")


def month(year: int, number: int) -> Month:
    """Month 1 to 12 of a year. Raises ValueError when out of range."""
    if not (YEAR_MIN <= year <= YEAR_MAX and 1 <= number <= 12):
        raise ValueError(f"{year}-{number} is no month between {YEAR_MIN}-01 and {YEAR_MAX}-12")
    return Month(12 * year + number - 1)


def parse_month(text: str) -> Month:
    """`2021-05`. Raises ValueError."""
    found = _MONTH.fullmatch(text.strip())
    if found is None:
        raise ValueError("a month is written like 2021-05")
    return month(int(found[1]), int(found[2]))


def month_text(value: int) -> str:
    """`2021-05`."""
    return f"{value // 12:04d}-{value % 12 + 1:02d}"


# --------------------------------------------------------------------------------------------- what travels


class Level(enum.Enum):
    """Who pays."""

    CENTRAL = "central"
    PROVINCE = "province"
    REGENCY = "regency"
    VILLAGE = "village"


class Unit(enum.Enum):
    """Whom a scheme or a rule is about; also how two claims are linked: by the person, or only by the family card."""

    PERSON = "person"
    HOUSEHOLD = "household"


class Effect(enum.Enum):
    """What follows when both are held in the same month."""

    ALLOW = "allow"
    WARN = "warn"
    REJECT = "reject"


class DeterminedBy(enum.Enum):
    """Who fixes the recipients. A ministry's scheme is only imported or forwarded here."""

    MINISTRY = "ministry"
    PROVINCE = "province"
    REGENCY = "regency"
    VILLAGE = "village"


class Scheme(Message, frozen=True):
    """An aid programme. A lower `priority` goes first where two schemes compete for one person."""

    code: Word
    name: Line
    level: Level
    unit: Unit
    priority: Number
    components: Annotated[tuple[Word, ...], Meta(max_length=COMPONENTS_MAX)]
    determined_by: DeterminedBy
    owner: Line


class ExclusionRule(Message, frozen=True):
    """One dated row. An empty component means any; `until` None means until further notice; `basis` is the legal basis."""

    scheme: Word
    component: Word
    other_scheme: Word
    other_component: Word
    unit: Unit
    effect: Effect
    is_symmetric: bool
    first: Number
    until: Number | None
    basis: Line


class Measure(enum.Enum):
    """How an answer is held against a criterion's value. YEARS: the answer is a month, at least so many whole years before
    the first month of the cycle."""

    AT_LEAST = "at_least"
    AT_MOST = "at_most"
    YEARS = "years"
    IS = "is"


class Criterion(Message, frozen=True):
    """What a scheme demands of one answer of its form (`field`), in cycles that begin from `first` to `until`.

    `value`: a whole number in digits, or for IS the answer itself. `label`: what the demand is about as people read it
    ("Jumlah santri"); for IS the whole demand ("Bukan ASN").
    """

    scheme: Word
    field: Word
    measure: Measure
    value: Word
    label: Line
    first: Number
    until: Number | None
    basis: Line


class RuleSet(Message, frozen=True):
    """Everything `relation` and `protocol.criteria` need, as one value, so that a box never reads new rules against old schemes."""

    schemes: Annotated[tuple[Scheme, ...], Meta(max_length=RULES_MAX)]
    exclusions: Annotated[tuple[ExclusionRule, ...], Meta(max_length=RULES_MAX)]
    criteria: Annotated[tuple[Criterion, ...], Meta(max_length=RULES_MAX)] = ()


# -------------------------------------------------------------------------------------------- what is asked


class Claim(Struct, frozen=True):
    """A proposal or a coverage, as far as the rules look at it. An empty component means that it is not known which."""

    scheme: str
    component: str
    first: int
    until: int | None = None

    def overlaps(self, other: "Claim") -> bool:
        """Have the two a month in common?"""
        return _common_months(self, other) is not None


class Ground(enum.Enum):
    """Why the relation is what it is."""

    RULE = "rule"
    SAME_SCHEME = "same_scheme"
    NO_COMMON_MONTH = "no_common_month"
    UNREGULATED = "unregulated"
    COMPONENT_UNKNOWN = "component_unknown"

    @property
    def sentence(self) -> str:
        return _GROUNDS[self]


_GROUNDS = {
    Ground.RULE: "Diatur dalam aturan bantuan yang tidak boleh rangkap.",
    Ground.SAME_SCHEME: "Program yang sama tidak boleh diterima dua kali dalam bulan yang sama.",
    Ground.NO_COMMON_MONTH: "Tidak ada bulan yang sama.",
    Ground.UNREGULATED: "Hubungan kedua program belum diatur.",
    Ground.COMPONENT_UNKNOWN: "Komponen bantuan belum diketahui, sehingga aturannya belum dapat dipastikan.",
}


class Relation(Struct, frozen=True):
    """The answer on two claims; `rule` is the row that decided, None where no row did."""

    effect: Effect
    ground: Ground
    rule: ExclusionRule | None = None


_APART = Relation(Effect.ALLOW, Ground.NO_COMMON_MONTH)
_SAME_SCHEME = Relation(Effect.REJECT, Ground.SAME_SCHEME)
_UNREGULATED = Relation(Effect.WARN, Ground.UNREGULATED)
_SEVERITY = {Effect.ALLOW: 0, Effect.WARN: 1, Effect.REJECT: 2}


class _Sided(Struct, frozen=True):
    """A rule as seen from one side: `mine` is the component asked of the first claim, `yours` of the second."""

    mine: str
    yours: str
    rule: ExclusionRule


class Rulebook:
    """A rule set indexed by pair of schemes. Built once per rule set; never changes."""

    def __init__(self, rules: RuleSet) -> None:
        self.rules = rules
        self.schemes = {scheme.code: scheme for scheme in rules.schemes}
        pairs: dict[tuple[str, str], list[_Sided]] = {}
        for rule in rules.exclusions:
            for pair, sided in _sides(rule):
                pairs.setdefault(pair, []).append(sided)
        self._pairs = {pair: tuple(sorted(sides, key=_rank)) for pair, sides in pairs.items()}
        self.criteria: dict[str, tuple[Criterion, ...]] = {}
        for each in rules.criteria:
            self.criteria[each.scheme] = (*self.criteria.get(each.scheme, ()), each)

    def rows(self, scheme: str, other: str) -> tuple[_Sided, ...]:
        """The rows on this pair, most specific first."""
        return self._pairs.get((scheme, other), ())

    def unit(self, scheme: str) -> Unit:
        """Of a scheme that is not known, a person: the narrower claim."""
        known = self.schemes.get(scheme)
        return known.unit if known else Unit.PERSON


def _sides(rule: ExclusionRule) -> Iterator[tuple[tuple[str, str], _Sided]]:
    yield (rule.scheme, rule.other_scheme), _Sided(rule.component, rule.other_component, rule)
    if rule.is_symmetric:
        yield (rule.other_scheme, rule.scheme), _Sided(rule.other_component, rule.component, rule)


def _rank(sided: _Sided) -> tuple[int, int, int, int, tuple[str, ...]]:
    """Most specific first: components named, then person before household; of equals the severest, then the newest.

    The tail is the row's own text, the same from both sides, so that two boxes that got the rows in another order still
    name the same one.
    """
    rule = sided.rule
    named = bool(rule.component) + bool(rule.other_component)
    text = (rule.scheme, rule.component, rule.other_scheme, rule.other_component, rule.basis, str(rule.until))
    return (-named, rule.unit is Unit.HOUSEHOLD, -_SEVERITY[rule.effect], -rule.first, text)


# -------------------------------------------------------------------------------------------------- relation


def relation(book: Rulebook, a: Claim, b: Claim, link: Unit) -> Relation:
    """May `a` be held beside `b`? `link` says whether both name the same person or only the same household.

    Asymmetric rows are about `a` standing beside an existing `b`, so put the claim in question first. The answer is that
    of the worst month the two share: a row that ends in between does not speak for the months after it, and what no row
    speaks of is a warning, never a silent yes.
    """
    shared = _common_months(a, b)
    if shared is None:
        return _APART
    rows = book.rows(a.scheme, b.scheme)
    default = _without_row(book, a, b, link)
    if not rows:
        return default
    answers = (_in_month(rows, at, a, b, link) or default for at in _turning_points(rows, shared))
    return max(answers, key=lambda answer: _SEVERITY[answer.effect])  # max keeps the earliest of equals


def _common_months(a: Claim, b: Claim) -> tuple[int, int | None] | None:
    first = max(a.first, b.first)
    ends = [until for until in (a.until, b.until) if until is not None]
    until = min(ends) if ends else None
    return None if until is not None and until < first else (first, until)


def _turning_points(rows: Iterable[_Sided], shared: tuple[int, int | None]) -> list[int]:
    """The months of the shared period at which a row begins or has ended: between two of them nothing changes."""
    first, until = shared
    points = {first}
    for sided in rows:
        points.add(sided.rule.first)
        if sided.rule.until is not None:
            points.add(sided.rule.until + 1)
    return sorted(point for point in points if point >= first and (until is None or point <= until))


def _without_row(book: Rulebook, a: Claim, b: Claim, link: Unit) -> Relation:
    """One scheme twice in a month for its own unit is a duplicate; of any other pair nobody has said anything."""
    if a.scheme == b.scheme and (link is Unit.PERSON or book.unit(a.scheme) is Unit.HOUSEHOLD):
        return _SAME_SCHEME
    return _UNREGULATED


def _in_month(rows: Iterable[_Sided], at: int, a: Claim, b: Claim, link: Unit) -> Relation | None:
    """The most specific row in force in one month. A row that might be more specific, were the component known, warns."""
    unsure: list[ExclusionRule] = []
    for sided in rows:
        rule = sided.rule
        if not _is_in_force(rule, at) or not _speaks_of(rule, a, b, link):
            continue
        fits = _fit(sided.mine, a.component), _fit(sided.yours, b.component)
        if False in fits:
            continue
        if None in fits:
            unsure.append(rule)
        elif all(maybe.effect is rule.effect for maybe in unsure):
            return Relation(rule.effect, Ground.RULE, rule)
        else:
            break
    return Relation(Effect.WARN, Ground.COMPONENT_UNKNOWN, unsure[0]) if unsure else None


def _is_in_force(rule: ExclusionRule, at: int) -> bool:
    return rule.first <= at and (rule.until is None or at <= rule.until)


def _fit(asked: str, component: str) -> bool | None:
    """True: any, or the one asked for; False: another; None: the claim does not say which."""
    if not asked or asked == component:
        return True
    return False if component else None


def _speaks_of(rule: ExclusionRule, a: Claim, b: Claim, link: Unit) -> bool:
    """Does the rule's unit reach two claims linked like this?

    A household's row also covers one person in it, save that within one scheme it is about *two* members ("a couple may
    both teach"), never one person twice. A person's row says nothing of two people in one house, save that what one
    person may hold, two may.
    """
    if link is Unit.PERSON:
        return rule.unit is Unit.PERSON or a.scheme != b.scheme
    return rule.unit is Unit.HOUSEHOLD or rule.effect is Effect.ALLOW
