"""The regency's questions whether two records of one NIK are one person: what can be answered, and the form for it. Pure.

Must never merge or refuse anybody: the answer is a fact that the regency decides by. Place in the flow: the feed brings a
question -> `agent/web/questions` reads the form -> `agent/store/questions` writes the answer down.
"""

from collections.abc import Mapping
from enum import StrEnum

from msgspec import Struct

from agent.domain.fields import Fault, FieldError, check_text, collect
from language import say

NOTE_LENGTH_MAX = 300
QUESTION_LABELS = {"answer": say("Jawaban"), "how": say("Bagaimana diketahui"), "note": say("Catatan")}


class Answer(StrEnum):
    """What a village can say about the two."""

    SAME = "same"
    DIFFERENT = "different"
    UNKNOWN = "unknown"


class How(StrEnum):
    """How it knows."""

    PAPERS = "papers"
    VISIT = "visit"
    KNOWN = "known"


class Answered(Struct, frozen=True):
    """The form, checked. `how` is empty where nobody knows."""

    answer: Answer
    how: str
    note: str


def check_answer(typed: Mapping[str, str]) -> Answered | list[FieldError]:
    """The answer, or every fault in the order of the form. Who answers same or different says how they know."""
    answer = next((each for each in Answer if each == typed.get("answer")), None)
    how = next((each for each in How if each == typed.get("how")), None)
    is_known = answer in (Answer.SAME, Answer.DIFFERENT)
    read: dict[str, object | Fault] = {
        "answer": answer or Fault("required", say("pilih salah satu.")),
        "how": Fault("required", say("pilih salah satu.")) if is_known and how is None else how,
        "note": check_text(typed.get("note", ""), NOTE_LENGTH_MAX, required=False),
    }
    errors, note = collect(read, QUESTION_LABELS), read["note"]
    if errors or answer is None or not isinstance(note, str):
        return errors
    return Answered(answer, how.value if is_known and how else "", note)
