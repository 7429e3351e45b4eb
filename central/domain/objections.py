"""What an officer may answer to an objection, by when, and what a yes changes. Pure.

A yes is a fact that `decide` reads: a coverage ended before its list says, or evidence does not count against this proposal.
A no and its reason go to the village as they are. Place in the flow: a village writes an objection down -> an officer who
has not ruled on this proposal before answers on its page -> `store/objections` -> decided again, and the village is told.
"""

from collections.abc import Mapping
from datetime import date, timedelta
from enum import StrEnum

from msgspec import Struct

from central.domain.reasons import ReasonCode
from protocol.schemes import month

ANSWER_WORKDAYS = 10
"""Law 30/2014 on government administration, article 77 (4): an objection is settled within ten working days."""
REASON_LENGTH_MIN, REASON_LENGTH_MAX = 10, 500
"""The resident hears it: shorter is no reason."""
YEARS = (2000, 2100)
DAY_MS, _WIB_MS = 86_400_000, 7 * 3_600_000
_EPOCH = date(1970, 1, 1)
_SATURDAY = 5


class Outcome(StrEnum):
    """SETTLED: the answer that was contested is no longer in force, so there is nothing to grant or refuse."""

    GRANTED = "granted"
    REFUSED = "refused"
    SETTLED = "settled"


class Way(StrEnum):
    """What an officer can choose."""

    ENDED = "ended"
    ASIDE = "aside"
    REFUSE = "refuse"
    SETTLE = "settle"


WAYS = {
    ReasonCode.COVERED_BY_SCHEME.value: (Way.ENDED, Way.ASIDE),
    ReasonCode.COVERED_HOUSEHOLD.value: (Way.ENDED, Way.ASIDE),
    ReasonCode.PROPOSED_ELSEWHERE.value: (Way.ASIDE,),
    ReasonCode.WINDOW_CLOSED.value: (Way.ASIDE,),
}
"""How each refusal can be undone. The others cannot be by a person: a wrong NIK is proposed anew, a ward has no village fund."""


class Ruling(Struct, frozen=True):
    """What an officer decided. `references`: of the evidence, those a yes speaks of. `month_until`: the last month that
    counts, 12 * year + month - 1; 0 unless a coverage ended.
    """

    outcome: Outcome
    reason: str
    references: frozenset[bytes] = frozenset()
    month_until: int = 0


def ways(outcome: str, code: str) -> tuple[Way, ...]:
    """What may be chosen, by the answer in force."""
    return (*WAYS.get(code, ()), Way.REFUSE) if outcome == "rejected" else (Way.SETTLE,)


def answer_by(received_ms: int) -> date:
    """The last day for the answer: weekdays are counted, public holidays are not known here and would only add days."""
    day = _EPOCH + timedelta(days=(received_ms + _WIB_MS) // DAY_MS)
    left = ANSWER_WORKDAYS
    while left:
        day += timedelta(days=1)
        left -= day.weekday() < _SATURDAY
    return day


def last_day(closes_ms: int, rejected_ms: int, objection_days: int) -> date:
    """The last day on which an answer in a cycle may be contested: its days count from the end of the proposal window, and
    from the last refusal that was told since (ms since 1970), for whom it was told to has as long as everybody."""
    return _EPOCH + timedelta(days=(max(closes_ms - 1, rejected_ms) + _WIB_MS) // DAY_MS + objection_days)


def is_over(last: date, now_ms: int) -> bool:
    """Has that day passed, in WIB?"""
    return _EPOCH + timedelta(days=(now_ms + _WIB_MS) // DAY_MS) > last


def read_ruling(
    form: Mapping[str, str], chosen: frozenset[bytes], evidence: Mapping[bytes, str], allowed: tuple[Way, ...]
) -> Ruling | dict[str, str]:
    """The ruling, or what is wrong by field. `evidence`: reference to kind, of the answer that is contested."""
    errors: dict[str, str] = {}
    way = next((each for each in allowed if each.value == form.get("way", "")), None)
    if way is None:
        errors["way"] = "Putusan: pilih salah satu."
    reason = " ".join(form.get("reason", "").split())
    if not REASON_LENGTH_MIN <= len(reason) <= REASON_LENGTH_MAX or not reason.isprintable():
        errors["reason"] = f"Alasan: tulis {REASON_LENGTH_MIN} sampai {REASON_LENGTH_MAX} huruf yang dapat dicetak."
    references, until = frozenset[bytes](), 0
    if way in (Way.ENDED, Way.ASIDE):
        references = chosen & evidence.keys()
        if not references:
            errors["evidence"] = "Bukti: pilih paling sedikit satu yang dimaksud putusan ini."
    if way is Way.ENDED:
        until = _month_before(form.get("since", ""))
        if not until:
            errors["since"] = "Berakhir sejak: isi tanggalnya, misalnya 2021-03-15."
    if errors or way is None:
        return errors
    outcome = {Way.REFUSE: Outcome.REFUSED, Way.SETTLE: Outcome.SETTLED}.get(way, Outcome.GRANTED)
    return Ruling(outcome, reason, references, until)


def _month_before(text: str) -> int:
    """The last month that counts where a coverage ended on that day: the one before it. 0 for what is no date."""
    try:
        day = date.fromisoformat(text.strip())
    except ValueError:
        return 0
    return month(day.year, day.month) - 1 if YEARS[0] <= day.year < YEARS[1] else 0
