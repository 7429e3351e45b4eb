"""Does a proposal meet what its scheme demands? The village may say so at the counter, the centre decides by the same rule.

What it is for: criteria travel with the rule book and are held against the answers of the proposal's form. Pure.
What it must never do: take an answer that is missing, or cannot be read, for met or for failed: that is unknown.
Place in the flow: `protocol/schemes` carries the criteria; the centre's `decide` asks `examine`.
"""

import re
from collections.abc import Iterable, Mapping

from msgspec import Struct

from protocol.schemes import Criterion, Measure, parse_month


class Examined(Struct, frozen=True):
    """What became of a scheme's criteria, in their order; those in neither list are met."""

    failed: tuple[Criterion, ...] = ()
    unknown: tuple[Criterion, ...] = ()


def in_months(criteria: Iterable[Criterion], first: int) -> list[Criterion]:
    """Those that a cycle with this first month comes under."""
    return [each for each in criteria if each.first <= first and (each.until is None or first <= each.until)]


def examine(criteria: Iterable[Criterion], answers: Mapping[str, str], first: int) -> Examined:
    """Hold a proposal's answers against the criteria of its scheme; `first` is the cycle's first month."""
    failed, unknown = [], []
    for each in in_months(criteria, first):
        met = _is_met(each, answers.get(each.field, ""), first)
        if met is None:
            unknown.append(each)
        elif not met:
            failed.append(each)
    return Examined(tuple(failed), tuple(unknown))


def _is_met(criterion: Criterion, answer: str, first: int) -> bool | None:
    """None where the answer does not tell."""
    if not answer:
        return None
    if criterion.measure is Measure.IS:
        return answer == criterion.value
    wanted = _whole(criterion.value)
    if wanted is None:
        return None
    if criterion.measure is Measure.YEARS:
        return _is_long_enough(answer, first - 12 * wanted)
    given = _whole(answer)
    if given is None:
        return None
    return given <= wanted if criterion.measure is Measure.AT_MOST else given >= wanted


def _whole(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) <= _DIGITS_MAX else None


_DIGITS_MAX = 18
"""More is no number that anybody meant."""


def _is_long_enough(since: str, latest: int) -> bool | None:
    """Since this month or an earlier one? Of a year without a month both ends must say the same."""
    earliest_text, latest_text = (f"{since}-01", f"{since}-12") if _YEAR.fullmatch(since) else (since, since)
    try:
        is_surely, is_perhaps = parse_month(latest_text) <= latest, parse_month(earliest_text) <= latest
    except ValueError:
        return None
    return is_surely if is_surely == is_perhaps else None


_YEAR = re.compile(r"[0-9]{4}")


def demand(criterion: Criterion) -> str:
    """`Jumlah santri paling sedikit 10`: the criterion as it is read aloud."""
    match criterion.measure:
        case Measure.AT_LEAST:
            return f"{criterion.label} paling sedikit {criterion.value}"
        case Measure.AT_MOST:
            return f"{criterion.label} paling banyak {criterion.value}"
        case Measure.YEARS:
            return f"{criterion.label} paling sedikit {criterion.value} tahun pada bulan pertama periode"
        case Measure.IS:
            return criterion.label
