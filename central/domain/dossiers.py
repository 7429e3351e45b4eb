"""A letter's way at an agency: diterima -> diproses -> selesai | dikembalikan with a reason. Pure."""

import unicodedata
from collections.abc import Mapping
from enum import StrEnum

from msgspec import Struct

NOTE_LENGTH_MAX = 300
"""What a village's page and the feed's value hold."""
REASON_LENGTH_MIN = 5
"""Shorter is no reason but a way past the field."""


class State(StrEnum):
    """How far the agency is. SENT: it has not taken a step yet."""

    SENT = "sent"
    RECEIVED = "received"
    PROCESSING = "processing"
    DONE = "done"
    RETURNED = "returned"


OPEN = (State.SENT, State.RECEIVED, State.PROCESSING)
_NEXT: Mapping[State, tuple[State, ...]] = {
    State.SENT: (State.RECEIVED, State.RETURNED),
    State.RECEIVED: (State.PROCESSING, State.RETURNED),
    State.PROCESSING: (State.DONE, State.RETURNED),
    State.DONE: (),
    State.RETURNED: (),
}


class Dossier(Struct, frozen=True, array_like=True):
    """A dossier as its village sent it. The letter stands in the village's log at (`letter_log`, `letter_seq`)."""

    record: bytes
    village: str
    epoch: int
    seq: int
    letter_log: bytes
    letter_seq: int
    letter_hash: bytes
    former: bytes
    agency: str
    title: str
    claimed_ms: int
    received_ms: int


def steps_from(state: State, *, is_letter_valid: bool) -> tuple[State, ...]:
    """What the agency can do next; a letter that its village voided, or that cannot be found, only goes back."""
    return tuple(step for step in _NEXT[state] if is_letter_valid or step is State.RETURNED)


def check_note(step: State, raw: str) -> tuple[str, str]:
    """(note, fault): one line of printable text; returning needs a reason. A fault says what to do, in Indonesian."""
    note = " ".join(unicodedata.normalize("NFC", raw).split())
    if len(note) > NOTE_LENGTH_MAX:
        return "", f"Catatan: terlalu panjang, paling banyak {NOTE_LENGTH_MAX} huruf."
    if not note.isprintable():
        return "", "Catatan: ada tanda yang tidak dapat dicetak. Ketik ulang catatannya."
    if step is State.RETURNED and len(note) < REASON_LENGTH_MIN:
        return "", f"Alasan pengembalian: tulis alasannya, paling sedikit {REASON_LENGTH_MIN} huruf."
    return note, ""
