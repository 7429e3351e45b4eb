"""The path of a letter from being asked for to being handed over: which step comes next, and who may take it.

Asked for (at the counter or the kiosk) -> verified by a clerk -> approved by the secretary -> signed by the head or a
named delegate under their own login -> issued with its number -> handed over. An office chooses, for all letters or for
single kinds, whether approval and signing are steps of their own; without either the clerk verifies and issues in one
step and a pen signs. At every step before the number it can be sent back to the clerk with a reason.

Must never give a number: that is `agent/store/letters.issue`. Must never decide by anything but state, route and person.
"""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from enum import StrEnum
from typing import assert_never

import msgspec

from agent.domain.letters import Signer
from agent.domain.numbering import WIB
from agent.domain.refusal import Refusal
from language import say


class State(StrEnum):
    """Where a request stands."""

    REQUESTED = "requested"
    RETURNED = "returned"
    VERIFIED = "verified"
    APPROVED = "approved"
    SIGNED = "signed"
    ISSUED = "issued"
    HANDED_OVER = "handed_over"
    CLOSED = "closed"


class Move(StrEnum):
    """What a person does to a request."""

    VERIFY = "verify"
    APPROVE = "approve"
    SIGN = "sign"
    ISSUE = "issue"
    HAND_OVER = "hand_over"
    REJECT = "reject"
    CLOSE = "close"


AFTER: Mapping[Move, State] = {
    Move.VERIFY: State.VERIFIED,
    Move.APPROVE: State.APPROVED,
    Move.SIGN: State.SIGNED,
    Move.ISSUE: State.ISSUED,
    Move.HAND_OVER: State.HANDED_OVER,
    Move.REJECT: State.RETURNED,
    Move.CLOSE: State.CLOSED,
}
"""Where a move leads, whatever the office's route: so the log alone tells where a request stands."""

OPEN = frozenset(State) - {State.HANDED_OVER, State.CLOSED}
WITH_CLERK = frozenset({State.REQUESTED, State.RETURNED})
UNDERWAY = frozenset({State.VERIFIED, State.APPROVED, State.SIGNED})
"""Verified and without a number: what can be sent back."""


class Route(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which steps an office asks for between verifying and issuing. Neither: the clerk issues and a pen signs."""

    approval: bool = False
    signing: bool = False

    @property
    def is_direct(self) -> bool:
        return not self.approval and not self.signing


class Person(msgspec.Struct, frozen=True, kw_only=True):
    """Whoever is at the screen. `signs_as`: what a letter prints when they sign; None for who may not."""

    login: str
    role: str
    signs_as: Signer | None = None


def next_move(state: State, route: Route) -> Move | None:
    """The step that brings a request on; None at the end of its path."""
    match state:
        case State.REQUESTED | State.RETURNED:
            return Move.VERIFY
        case State.VERIFIED if route.approval:
            return Move.APPROVE
        case State.VERIFIED | State.APPROVED if route.signing:
            return Move.SIGN
        case State.VERIFIED | State.APPROVED | State.SIGNED:
            return Move.ISSUE
        case State.ISSUED:
            return Move.HAND_OVER
        case State.HANDED_OVER | State.CLOSED:
            return None
        case _:
            assert_never(state)


def moves(state: State, route: Route) -> frozenset[Move]:
    """Every step that can be taken now, by whoever may."""
    onward = next_move(state, route)
    possible = {onward} if onward else set()
    if state in UNDERWAY:
        possible.add(Move.REJECT)
    if state in WITH_CLERK:
        possible.add(Move.CLOSE)
    return frozenset(possible)


def may(person: Person, move: Move) -> bool:
    """Approving is the secretary's or, above them, the head's; signing is for whom a letter names. The rest is the counter's."""
    match move:
        case Move.APPROVE:
            return person.role in ("secretary", "head")
        case Move.SIGN:
            return person.signs_as is not None
        case Move.VERIFY | Move.ISSUE | Move.HAND_OVER | Move.REJECT | Move.CLOSE:
            return True
        case _:
            assert_never(move)


def waits_for(person: Person, move: Move) -> bool:
    """Whether this step is the person's own work: what is the clerk's does not fill the head's list, though they may do it."""
    match move:
        case Move.APPROVE:
            return person.role == "secretary"
        case Move.SIGN:
            return may(person, move)
        case _:
            return person.role == "clerk"


def waiting_pairs(person: Person, routes: Mapping[str, Route], kinds: Iterable[str]) -> list[tuple[State, str]]:
    """The (state, kind of letter) pairs that this person is to bring on."""
    return [
        (state, kind)
        for kind in kinds
        for state in sorted(OPEN)
        if (move := next_move(state, routes[kind])) is not None and waits_for(person, move)
    ]


def is_reason_needed(move: Move) -> bool:
    return move in (Move.REJECT, Move.CLOSE)


DONE: Mapping[Move, str] = {
    Move.VERIFY: say("diverifikasi"),
    Move.APPROVE: say("disetujui"),
    Move.SIGN: say("ditandatangani"),
    Move.ISSUE: say("diterbitkan"),
    Move.HAND_OVER: say("diserahkan"),
    Move.REJECT: say("dikembalikan"),
    Move.CLOSE: say("ditutup"),
}
"""What was done, in the clerk's words."""


def overtaken(last: tuple[Move, str, int] | None) -> Refusal:
    """Somebody was faster, or the page is old. `last`: the newest move, who made it and when (ms)."""
    if last is None:
        said = say("Langkah ini tidak berlaku bagi permohonan yang baru masuk")
    else:
        move, actor, at_ms = last
        at = datetime.fromtimestamp(at_ms / 1000, UTC).astimezone(WIB)
        said = say(
            "Permohonan ini sudah {done} oleh {actor} pukul {at}", done=DONE[move], actor=actor, at=f"{at:%H.%M}"
        )
    return Refusal(
        "request_overtaken",
        say("{said}. Yang Anda tekan tidak dijalankan: periksa keadaannya sekarang, lalu lanjutkan.", said=said),
    )
