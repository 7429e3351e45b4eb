"""What a regency publishes, for tests: the folder of fixtures, signed, and as states of its feed."""

from collections.abc import Callable
from pathlib import Path

import msgspec

from protocol.codec import pack
from protocol.feed import LetterEdition, State, letter_edition_key, letter_edition_message
from protocol.letter_kinds import read_publication
from tests.agent.office import CYCLE, REGENCY_KEY

FOLDER = Path(__file__).parent.parent / "fixtures" / "letters"
LETTERS, FIELDS = ((FOLDER / name).read_text("utf-8") for name in ("letters.csv", "letter_fields.csv"))
TEXTS = {path.name: path.read_text("utf-8") for path in (FOLDER / "texts").iterdir()}
SKTM, BBM = read_publication(LETTERS, FIELDS, TEXTS, REGENCY_KEY.sign)


def changed(
    said: LetterEdition, key: Callable[[bytes], bytes] = REGENCY_KEY.sign, **changes: str | int | bool
) -> LetterEdition:
    """Another edition, signed anew."""
    other = msgspec.structs.replace(said, **changes)
    return msgspec.structs.replace(other, signature=key(letter_edition_message(other)))


def states(*said: LetterEdition) -> list[State]:
    """The regency's feed with these editions, each under a key of its own: no box relies on the key."""
    cycle = State(1, "cycle", True, CYCLE.code.encode(), pack(CYCLE))
    keys = [letter_edition_key(each.kind, each.version) + b"." * n for n, each in enumerate(said)]
    pairs = enumerate(zip(keys, said, strict=True), start=2)
    return [cycle, *(State(n, "letter_edition", False, key, pack(each)) for n, (key, each) in pairs)]
