"""When a letter may travel to an agency, and what goes with it. Pure.

diterima -> diproses -> selesai | dikembalikan (with a reason): the agency's steps; only one that came back is sent again.
A letter with a block for the camat can travel to the camat, whoever else it goes to, and goes there first.
"""

from collections.abc import Mapping, Sequence

from agent.domain import refusal
from agent.domain.refusal import Refusal
from protocol.letter_kinds import LetterKind

CAMAT = "camat"
"""The agency that countersigns, as the centre's list of agencies names it."""
RETURNED = "returned"
DONE = "done"
OPEN = frozenset({"", "received", "processing"})
"""Steps after which the agency still has something to do; empty: it has not taken one yet."""


def road_of(kind: LetterKind, *, has_camat_block: bool) -> tuple[str, ...]:
    """The agencies that the letter may be sent to, in their order."""
    stations = (CAMAT if has_camat_block else "", kind.forward_to)
    return tuple(dict.fromkeys(station for station in stations if station))


def check_sending(road: Sequence[str], agency: str, last: Mapping[str, str]) -> Refusal | None:
    """Why the letter does not travel to this agency now. `last`: the last step of its dossiers by agency.

    A letter that is with the camat, or came back from there, goes no further. One that was never sent there does: the
    camat may have signed the paper.
    """
    if agency not in road:
        return refusal.NOT_FORWARDED
    if agency in last and last[agency] != RETURNED:
        return refusal.DOSSIER_ON_ITS_WAY if last[agency] in OPEN else refusal.DOSSIER_DONE
    if agency != CAMAT and last.get(CAMAT, DONE) != DONE:
        return refusal.CAMAT_FIRST
    return None


def open_stations(road: Sequence[str], last: Mapping[str, str]) -> list[str]:
    """The agencies that the letter can be sent to now."""
    return [agency for agency in road if check_sending(road, agency, last) is None]


def labels_of(kind: LetterKind) -> list[tuple[str, str]]:
    """The wording of the kind's questions, by name: the agency reads the answers under them."""
    return [(field.name, field.label) for field in kind.fields]


def ticked_documents(kind: LetterKind, ticked: Sequence[str]) -> list[str]:
    """Of the kind's documents those that were ticked, in the catalogue's order; what it does not ask for is ignored."""
    return [document for document in kind.required_documents if document in ticked]
