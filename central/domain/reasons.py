"""The closed list of rejection reasons, and the sentence a clerk reads aloud for each.

What it is for: a resident hears why, in whole words, and what can be done next.
What it must never do: leave a hole in a sentence, invent a reason, or name another person. What goes into a placeholder
is the caller's duty; a place that must stay hidden (after violence, say) is passed as PLACE_WITHHELD.
Place in the flow: `catalogue.py` reads the templates from central/data, `decide` names a code, the decision carries the
filled sentence to the village by the feed.
"""

import enum
import re
from collections.abc import Mapping

from msgspec import Struct

PLACE_WITHHELD = "tempat yang tidak disebutkan"
"""What a sentence says where naming the place could endanger someone."""

_PLACEHOLDER = re.compile(r"\{([a-z_]+)\}")


class ReasonCode(enum.Enum):
    """Stable codes: on the wire, in metrics and in the register of rejections. A new one is a change of program."""

    COVERED_BY_SCHEME = "covered_by_scheme"
    COVERED_HOUSEHOLD = "covered_household"
    PROPOSED_ELSEWHERE = "proposed_elsewhere"
    ALREADY_ON_ROSTER = "already_on_roster"
    CRITERIA_NOT_MET = "criteria_not_met"
    UNDER_AGE = "under_age"
    OCCUPATION_EXCLUDED = "occupation_excluded"
    NOT_FOR_WARD = "not_for_ward"
    NOT_RESIDENT = "not_resident"
    NOT_VALIDATED = "not_validated"
    VALIDATOR_REFUSED = "validator_refused"
    WINDOW_CLOSED = "window_closed"
    RECEIVED_LATE = "received_late"
    QUOTA_FULL = "quota_full"
    DECEASED = "deceased"
    MOVED_OUT = "moved_out"
    NIK_INVALID = "nik_invalid"
    NAME_MISMATCH = "name_mismatch"
    IDENTITY_CONFLICT = "identity_conflict"
    POSSIBLE_DUPLICATE = "possible_duplicate"
    CYCLE_UNKNOWN = "cycle_unknown"


class ReasonGroup(enum.Enum):
    """What kind of no it is; reports count by it."""

    COVERED = "covered"
    CRITERIA = "criteria"
    PROCESS = "process"
    REVIEW = "review"
    CAPACITY = "capacity"
    PERSON = "person"
    DATA = "data"


class NextStep(enum.Enum):
    """What the resident can do."""

    OBJECTION = "objection"
    CORRECT = "correct"
    REVIEW = "review"
    CONFIRM = "confirm"
    WAIT = "wait"


class Reason(Struct, frozen=True, kw_only=True):
    """One row of the list."""

    code: ReasonCode
    group: ReasonGroup
    template: str
    next_step: NextStep

    @property
    def placeholders(self) -> frozenset[str]:
        return find_placeholders(self.template)


class SentenceIncomplete(ValueError):
    """A bug of the caller: a placeholder without its value, or a value that the sentence has no place for."""


class Reasons(Struct, frozen=True, kw_only=True):
    """The whole list; both mappings are complete (see catalogue)."""

    by_code: Mapping[ReasonCode, Reason]
    next_sentences: Mapping[NextStep, str]

    def sentence(self, code: ReasonCode, values: Mapping[str, str]) -> str:
        """The sentence with every placeholder filled. Raises SentenceIncomplete."""
        reason = self.by_code[code]
        surplus = sorted(values.keys() - reason.placeholders)
        if surplus:
            raise SentenceIncomplete(f"the sentence of {code.value} has no place for {', '.join(surplus)}")
        return fill(reason.template, values)

    def next_step(self, code: ReasonCode) -> NextStep:
        return self.by_code[code].next_step

    def next_sentence(self, code: ReasonCode, objection_until: str) -> str:
        """What the resident can do; the date is put in where the step has one. Raises SentenceIncomplete."""
        return fill(self.next_sentences[self.next_step(code)], {"objection_until": objection_until})


def find_placeholders(template: str) -> frozenset[str]:
    return frozenset(_PLACEHOLDER.findall(template))


def fill(template: str, values: Mapping[str, str]) -> str:
    """Plain substitution: no expressions, and a value that looks like a placeholder is not filled again."""
    missing = sorted(name for name in find_placeholders(template) if not values.get(name, "").strip())
    if missing:
        raise SentenceIncomplete(f"no value for {', '.join(missing)}")
    return _PLACEHOLDER.sub(lambda found: values[found[1]], template)
