"""A letter's way at an agency: diterima -> diproses -> selesai | dikembalikan with a reason. Pure."""

import unicodedata
from collections.abc import Mapping
from enum import StrEnum

from msgspec import Struct

from protocol.feed import Countersign

NOTE_LENGTH_MAX = 300
"""What a village's page and the feed's value hold."""
CAMAT = "camat"
"""The agency whose "done" is a countersign."""
HEAD = "camat"
"""The form's word for the camat in person, who on the wire has no word: nobody is taken for the camat by leaving it out."""
CAPACITIES = {HEAD: "Camat", "a.n.": "Atas nama (a.n.) Camat", "Plt.": "Pelaksana tugas (Plt.) Camat"}
SIGNER_LENGTH_MAX = 80
"""What fits above or below a signature."""
NIP_DIGITS = 18
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


def steps_from(state: State, *, is_letter_valid: bool, is_camat: bool = False) -> tuple[State, ...]:
    """What the agency can do next; a letter that its village voided, or that cannot be found, only goes back.

    The camat reads and countersigns, in one step: there is no work in between that a village would wait to hear of.
    """
    following = (State.DONE, State.RETURNED) if is_camat and state in OPEN else _NEXT[state]
    return tuple(step for step in following if is_letter_valid or step is State.RETURNED)


def check_countersign(raw: Mapping[str, str]) -> Countersign | dict[str, str]:
    """Who countersigns, from the form's fields, or every fault by field. Nothing is filled in for them."""
    name, position, rank = (" ".join(raw.get(key, "").split()) for key in ("name", "position", "rank"))
    nip, capacity = "".join(raw.get("nip", "").split()), raw.get("capacity", "")
    faults = {}
    for key, label, value in (("name", "Nama", name), ("position", "Jabatan", position), ("rank", "Pangkat", rank)):
        if len(value) > SIGNER_LENGTH_MAX or not value.isprintable():
            faults[key] = f"{label}: paling banyak {SIGNER_LENGTH_MAX} huruf yang dapat dicetak."
    if not name:
        faults["name"] = "Nama: tulis nama yang menandatangani."
    if capacity not in CAPACITIES:
        faults["capacity"] = "Menandatangani sebagai: pilih dari daftar."
    if capacity == "a.n." and not position:
        faults["position"] = "Jabatan: tulis jabatan yang menandatangani atas nama camat."
    if nip and not (nip.isascii() and nip.isdigit() and len(nip) == NIP_DIGITS):
        faults["nip"] = f"NIP: {NIP_DIGITS} angka."
    elif not nip and not rank:
        faults["nip"] = "NIP: isi NIP, atau pangkat bila tanpa NIP."
    signs_as = "" if capacity == HEAD else capacity
    return faults or Countersign(name, signs_as, position if capacity == "a.n." else "", rank, nip)


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
