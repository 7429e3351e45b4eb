"""What happens to residents: born, died, moved out, moved in; and what somebody is after all that. Pure.

The dead and those who moved stay on record and are found as before; they are only marked. An event written by mistake is
withdrawn by another one, never erased.
"""

from collections.abc import Iterable, Mapping
from datetime import date
from enum import StrEnum
from typing import assert_never

import msgspec

from agent.domain import refusal
from agent.domain.fields import Fault, FieldError, check_date, check_text, collect
from agent.domain.refusal import Refusal
from language import say
from protocol.letter_texts import date_words

TEXT_LENGTH_MAX = 300
"""A line on the wire."""


class EventKind(StrEnum):
    """The four columns of the buku mutasi penduduk."""

    BORN = "born"
    DIED = "died"
    MOVED_OUT = "moved_out"
    MOVED_IN = "moved_in"


WITHDRAWN = "withdrawn"
"""On the wire in place of a kind: an earlier event was a mistake."""


class State(StrEnum):
    """What somebody is now, as far as the village knows."""

    HERE = "here"
    DEAD = "dead"
    MOVED = "moved"


class Event(msgspec.Struct, frozen=True, kw_only=True):
    """`place`: where somebody was born or died, moved to or came from. `reference`: the paper it rests on."""

    kind: EventKind
    happened_on: date
    place: str
    reference: str
    note: str


LABELS: Mapping[EventKind, Mapping[str, str]] = {
    EventKind.BORN: {
        "happened_on": say("Tanggal lahir"),
        "place": say("Tempat lahir"),
        "reference": say("Nomor surat kelahiran"),
        "note": say("Catatan"),
    },
    EventKind.DIED: {
        "happened_on": say("Tanggal meninggal"),
        "place": say("Tempat meninggal"),
        "reference": say("Nomor surat kematian"),
        "note": say("Catatan"),
    },
    EventKind.MOVED_OUT: {
        "happened_on": say("Tanggal pindah"),
        "place": say("Alamat tujuan"),
        "reference": say("Nomor surat pindah"),
        "note": say("Catatan"),
    },
    EventKind.MOVED_IN: {
        "happened_on": say("Tanggal datang"),
        "place": say("Alamat asal"),
        "reference": say("Nomor surat pindah"),
        "note": say("Catatan"),
    },
}
"""The questions of each form, in its order."""
_PLACE_REQUIRED = frozenset({EventKind.BORN, EventKind.MOVED_OUT, EventKind.MOVED_IN})


def check_event(raw: Mapping[str, str], kind: EventKind, birth_date: date, today: date) -> Event | list[FieldError]:
    """The event a form describes, or every fault at once."""
    answers: dict[str, object | Fault] = {
        "happened_on": _check_day(raw.get("happened_on", ""), birth_date, today),
        "place": check_text(raw.get("place", ""), TEXT_LENGTH_MAX, required=kind in _PLACE_REQUIRED),
        "reference": check_text(raw.get("reference", ""), TEXT_LENGTH_MAX, required=False),
        "note": check_text(raw.get("note", ""), TEXT_LENGTH_MAX, required=False),
    }
    return collect(answers, LABELS[kind]) or msgspec.convert(answers | {"kind": kind}, Event)


def may_record(kind: EventKind, state: State) -> Refusal | None:
    """What cannot happen to somebody in this state."""
    match kind, state:
        case _, State.DEAD:
            return refusal.ALREADY_DEAD
        case EventKind.MOVED_OUT, State.MOVED:
            return refusal.ALREADY_MOVED
        case EventKind.MOVED_IN, State.HERE:
            return refusal.ALREADY_HERE
        case _:
            return None


def state_after(events: Iterable[tuple[str, str]]) -> tuple[State, str]:
    """What somebody is, and since which date, after (kind, date) of all events that stand, in the order they were written.

    Dates decide, as an old move may be written down late; of two on one day the later written. Nobody comes back from death.
    """
    state, since = State.HERE, ""
    for kind, day in sorted(events, key=lambda event: event[1]):
        match kind:
            case EventKind.DIED:
                return State.DEAD, day
            case EventKind.MOVED_OUT:
                state, since = State.MOVED, day
            case EventKind.MOVED_IN | EventKind.BORN:
                state, since = State.HERE, day
    return state, since


def state_words(state: State, since: str) -> str:
    """`meninggal 3 Mei 2021`, `pindah 3 Mei 2021`; empty for who lives here."""
    match state:
        case State.HERE:
            return ""
        case State.DEAD:
            return f"meninggal {date_words(date.fromisoformat(since))}"
        case State.MOVED:
            return f"pindah {date_words(date.fromisoformat(since))}"
        case _:
            assert_never(state)


def _check_day(raw: str, birth_date: date, today: date) -> date | Fault | None:
    day = check_date(raw, required=True)
    if not isinstance(day, date):
        return day
    if day > today:
        return Fault(
            "in_the_future",
            say("tanggal ini belum terjadi. Periksa tahunnya, atau jam komputer bila tanggalnya benar."),
        )
    if day < birth_date:
        return Fault("before_birth", say("lebih awal dari tanggal lahir orang ini. Periksa tahunnya."))
    return day
