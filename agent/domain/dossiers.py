"""When a letter may travel to an agency, and what goes with it. Pure.

diterima -> diproses -> selesai | dikembalikan (with a reason): the agency's steps; only one that came back is sent again.
"""

from collections.abc import Sequence

from protocol.letter_kinds import LetterKind

RETURNED = "returned"
OPEN = frozenset({"", "received", "processing"})
"""Steps after which the agency still has something to do; empty: it has not taken one yet."""


def can_send(last_state: str | None) -> bool:
    """Of a letter's last dossier; None where it never had one."""
    return last_state is None or last_state == RETURNED


def labels_of(kind: LetterKind) -> list[tuple[str, str]]:
    """The wording of the kind's questions, by name: the agency reads the answers under them."""
    return [(field.name, field.label) for field in kind.fields]


def ticked_documents(kind: LetterKind, ticked: Sequence[str]) -> list[str]:
    """Of the kind's documents those that were ticked, in the catalogue's order; what it does not ask for is ignored."""
    return [document for document in kind.required_documents if document in ticked]
