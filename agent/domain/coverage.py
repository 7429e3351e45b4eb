"""The check at the counter: clear, overlap, or unknown, from what this office has heard of other schemes' lists. Pure.

Overlap means "hold and tell": the centre alone refuses. Unknown is never taken for clear, and neither stops a proposal
from being recorded. What excludes what is `protocol/schemes`' answer, the same that the centre gives.
"""

from collections.abc import Iterable, Sequence
from enum import StrEnum

from msgspec import Struct

from protocol.feed import CoverageList, Cycle
from protocol.schemes import Claim, Effect, Rulebook, Unit, relation


class Answer(StrEnum):
    """The three values, as they also travel with the proposal."""

    CLEAR = "clear"
    OVERLAP = "overlap"
    UNKNOWN = "unknown"


class Hit(Struct, frozen=True):
    """Somebody who is probably in a list: the person, or only the household."""

    scheme: str
    first: int
    until: int
    as_of: str
    link: Unit


class Check(Struct, frozen=True):
    """The answer for one cycle. `missing`: schemes that exclude this one and whose lists this office has not heard of.

    `as_of`: the date of the oldest list that it rests on, empty where there is none. `notes`: hits that no rule forbids.
    """

    answer: Answer
    hits: tuple[Hit, ...] = ()
    notes: tuple[Hit, ...] = ()
    missing: tuple[str, ...] = ()
    as_of: str = ""


NOTHING_KNOWN = Check(Answer.UNKNOWN)
"""No rule book, no key, or no list has arrived."""


def relevant(book: Rulebook, cycle: Cycle, lists: Iterable[CoverageList]) -> list[CoverageList]:
    """The lists worth a look-up: those in which a hit could mean anything for this cycle."""
    claim = _claim(cycle)
    return [each for each in lists if any(_effect(book, claim, each, link) is not Effect.ALLOW for link in Unit)]


def judge(
    book: Rulebook, cycle: Cycle, lists: Sequence[CoverageList], found: Iterable[tuple[CoverageList, Unit]]
) -> Check:
    """`lists`: those that could be looked into; `found`: in which of them, and by which number."""
    claim = _claim(cycle)
    hits: list[Hit] = []
    notes: list[Hit] = []
    for each, link in found:
        effect = _effect(book, claim, each, link)
        if effect is not Effect.ALLOW:
            hit = Hit(each.scheme, each.first, each.until, each.as_of, link)
            (hits if effect is Effect.REJECT else notes).append(hit)
    excluding = _excluding(book, cycle)
    heard = [each for each in lists if each.scheme in excluding and _claim_of(each).overlaps(claim)]
    missing = tuple(sorted(excluding - {each.scheme for each in heard}))
    answer = Answer.OVERLAP if hits else Answer.UNKNOWN if missing else Answer.CLEAR
    rests_on = hits or heard
    as_of = min((each.as_of for each in rests_on if each.as_of), default="")
    return Check(answer, _sorted(hits), _sorted(notes), missing, as_of)


def _sorted(hits: Iterable[Hit]) -> tuple[Hit, ...]:
    return tuple(sorted(set(hits), key=lambda hit: (hit.scheme, hit.first, hit.until, hit.as_of, hit.link.value)))


def _claim(cycle: Cycle) -> Claim:
    return Claim(cycle.scheme, "", cycle.month_from, cycle.month_until)


def _claim_of(each: CoverageList) -> Claim:
    return Claim(each.scheme, each.component, each.first, each.until)


def _effect(book: Rulebook, claim: Claim, each: CoverageList, link: Unit) -> Effect:
    return relation(book, claim, _claim_of(each), link).effect


def _excluding(book: Rulebook, cycle: Cycle) -> set[str]:
    """Other schemes of which some component in these months would refuse this one, to a person or a household."""
    claim = _claim(cycle)
    return {
        scheme.code
        for scheme in book.rules.schemes
        if scheme.code != cycle.scheme
        and any(
            relation(book, claim, Claim(scheme.code, component, claim.first, claim.until), link).effect is Effect.REJECT
            for component in ("", *scheme.components)
            for link in Unit
        )
    }
