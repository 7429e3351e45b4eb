"""What a scheme asks of a proposal beside the person: one row of `proposal_fields.csv` a question. Pure.

A kind is checked as its words say: text, whole number, month, yes or no, phone, rupiah, choice: a|b|c. A row of kind photo is no
question of the form: its photograph is taken on the proposal's page (`agent/domain/attachments.py`).
"""

import csv
import io
import re
from collections.abc import Mapping, Sequence
from enum import StrEnum

from msgspec import Struct

from agent.domain.fields import Fault, FieldError, check_choice, check_number, check_text
from language import say
from protocol.schemes import month_text, parse_month

TEXT_LENGTH_MAX = 200
"""Longest answer: an address, an organisation's full name."""
QUESTIONS_MAX = 32
"""What the wire holds; the longest form has ten."""
PHONE_DIGITS = range(8, 16)
"""Indonesian numbers with their area or country code."""
YES_NO = ("ya", "tidak")

_PHOTO = "photo"
_CHOICE = "choice:"
_MONTH_WRITTEN = re.compile(r"([0-9]{1,2})[-/ ]([0-9]{4})")


Answers = tuple[tuple[str, str], ...]
"""(name, answer) pairs, as they travel."""


class Kind(StrEnum):
    TEXT = "text"
    NUMBER = "whole number"
    MONTH = "month"
    YES_NO = "yes or no"
    PHONE = "phone"
    RUPIAH = "rupiah"
    CHOICE = "choice"


class Question(Struct, frozen=True):
    """`choices`: the words that are kept; the page shows them with `choice_label`."""

    name: str
    kind: Kind
    is_required: bool
    label: str
    choices: tuple[str, ...] = ()

    @property
    def hint(self) -> str:
        return _HINTS.get(self.kind, "")


_HINTS = {
    Kind.NUMBER: say("Angka saja"),
    Kind.MONTH: say("Bulan dan tahun, misalnya 07-2015"),
    Kind.PHONE: say("Angka, misalnya 081234567890"),
    Kind.RUPIAH: say("Rupiah, misalnya 1.500.000"),
}


class FieldsRefused(ValueError):
    """`proposal_fields.csv` cannot be used; the message names the row."""


def read_questions(text: str) -> dict[str, tuple[Question, ...]]:
    """The questions of each scheme, in the order of the table. Raises FieldsRefused."""
    found: dict[str, list[Question]] = {}
    for number, row in enumerate(csv.DictReader(io.StringIO(text)), start=2):
        try:
            scheme, name, kind, required = row["scheme"], row["field"], row["kind"], row["required"]
            label = row["label_id"]
        except KeyError as error:
            raise FieldsRefused(f"proposal_fields.csv: the column {error} is missing") from None
        if kind == _PHOTO:
            continue
        word, _, choices = kind.partition(":")
        if word not in set(Kind) or required not in {"yes", "no"} or not (scheme and name and label):
            raise FieldsRefused(f"proposal_fields.csv, row {number}: unknown kind, or an empty or unknown cell")
        options = tuple(part.strip() for part in choices.split("|")) if choices else ()
        options = YES_NO if word == Kind.YES_NO else options
        if (word == Kind.CHOICE) != bool(choices) or "" in options:
            raise FieldsRefused(f"proposal_fields.csv, row {number}: a choice names its answers, like choice: a|b")
        questions = found.setdefault(scheme, [])
        if name in {question.name for question in questions} or len(questions) == QUESTIONS_MAX:
            raise FieldsRefused(f"proposal_fields.csv, row {number}: {name} stands there twice, or there are too many")
        questions.append(Question(name, Kind(word), required == "yes", label, options))
    return {scheme: tuple(questions) for scheme, questions in found.items()}


def read_photos(text: str) -> dict[str, tuple[str, ...]]:
    """What each scheme asks to be photographed, by the label of the row. `read_questions` refuses a table without its columns."""
    found: dict[str, list[str]] = {}
    for row in csv.DictReader(io.StringIO(text)):
        if row["kind"] == _PHOTO:
            found.setdefault(row["scheme"], []).append(row["label_id"])
    return {scheme: tuple(labels) for scheme, labels in found.items()}


def check_answers(questions: Sequence[Question], raw: Mapping[str, str]) -> Answers | list[FieldError]:
    """(name, answer) of every question that was answered, as it is kept; or every fault at once."""
    checked = [(question, _check(question, raw.get(question.name, ""))) for question in questions]
    faults = [answer.at(question.name, question.label) for question, answer in checked if isinstance(answer, Fault)]
    if faults:
        return faults
    return tuple((question.name, str(answer)) for question, answer in checked if answer != "")


def _check(question: Question, raw: str) -> str | int | Fault:
    match question.kind:
        case Kind.TEXT:
            return check_text(raw, TEXT_LENGTH_MAX, required=question.is_required)
        case Kind.NUMBER:
            return check_number(raw, required=question.is_required)
        case Kind.RUPIAH:
            return check_number(re.sub(r"^\s*Rp\.?\s*", "", raw, flags=re.IGNORECASE), required=question.is_required)
        case Kind.MONTH:
            return _check_month(raw.strip(), required=question.is_required)
        case Kind.PHONE:
            return _check_phone(raw, required=question.is_required)
        case Kind.CHOICE | Kind.YES_NO:
            return check_choice(raw, question.choices, required=question.is_required)


def _check_month(raw: str, *, required: bool) -> str | Fault:
    """`07-2015` as people write it, `2015-07` as browsers send it; kept as `2015-07`."""
    if not raw:
        return Fault("required", say("wajib diisi, misalnya 07-2015.")) if required else ""
    turned = _MONTH_WRITTEN.fullmatch(raw)
    try:
        return month_text(parse_month(f"{turned[2]}-{int(turned[1]):02d}" if turned else raw))
    except ValueError:
        return Fault("not_a_month", say("bukan bulan dan tahun. Tulis misalnya 07-2015."))


def _check_phone(raw: str, *, required: bool) -> str | Fault:
    """Digits with blanks, dots, strokes and a leading plus as people write them; kept as digits."""
    digits = re.sub(r"[\s.()-]", "", raw)
    if not digits:
        return Fault("required", say("wajib diisi.")) if required else ""
    plain = digits.removeprefix("+")
    if not (plain.isascii() and plain.isdigit()) or len(plain) not in PHONE_DIGITS:
        return Fault("not_a_phone", say("bukan nomor telepon. Tulis angkanya, misalnya 081234567890."))
    return plain


def choice_label(choice: str) -> str:
    """`sakit_menahun` as people read it."""
    return say(choice.replace("_", " ").capitalize())


def shown(question: Question, answer: str) -> str:
    """A kept answer as people read it."""
    match question.kind:
        case Kind.CHOICE | Kind.YES_NO:
            return choice_label(answer)
        case Kind.RUPIAH:
            return f"Rp {int(answer):,}".replace(",", ".") if answer.isdigit() else answer
        case _:
            return answer
