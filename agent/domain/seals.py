"""A letter's seal from its sheet, and the answer on a seal that somebody shows.

What the seal is and when it holds says `protocol/seal`; here is only what this office puts in and gets out.
"""

from collections.abc import Callable, Iterator
from typing import Any

import msgspec

from agent.domain.letters import Letter
from agent.domain.sheets import LetterSheet
from protocol import seal
from protocol.seal import Seal, SealKey, Standing

_NOT_WORDS = frozenset({"standing", "void_reason", "dated", "type"})
"""Of a sheet: what is not set as words of the letter as it was issued."""


class Trust(msgspec.Struct, frozen=True, kw_only=True):
    """What a server checks seals by, beside what the regency sent: its own key, which it knows first, and the regency's.

    `own_key` None and `central_key` empty: a server that is not enrolled. `verify`: (public key, message, signature).
    """

    own_key: SealKey | None
    central_key: bytes
    verify: Callable[[bytes, bytes, bytes], bool]


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of a shown code. `seal` only where its signature holds: nothing else of it may be believed.

    `revoked_ms`: of the letter or, with `is_key_revoked`, of its village's key. `list_as_of_ms`: of the revocation list.
    """

    standing: Standing
    seal: Seal | None = None
    revoked_ms: int | None = None
    is_key_revoked: bool = False
    list_as_of_ms: int | None = None


def seal_of(letter: Letter, sheet: LetterSheet, village: str, salt: bytes) -> Seal:
    """The seal of a letter as its sheet prints it; `salt`: that of its record."""
    return seal.make(
        letter=letter.letter_id,
        kind=letter.kind,
        number=letter.printed_number,
        village=village,
        issued_on=letter.date,
        valid_until=letter.valid_until,
        name=letter.subject.name,
        nik=letter.subject.nik,
        words=printed_words(sheet),
        salt=salt,
    )


def printed_words(sheet: LetterSheet) -> list[str]:
    """All texts on the paper, in the order of the sheet; empty ones left out, so that a field more changes no old letter."""
    return [text for text in _texts(msgspec.to_builtins(sheet)) if text]


def _texts(value: Any) -> Iterator[str]:
    match value:
        case str():
            yield value
        case dict():
            for name, inner in value.items():
                if name not in _NOT_WORDS:
                    yield from _texts(inner)
        case list() | tuple():
            for inner in value:
                yield from _texts(inner)
