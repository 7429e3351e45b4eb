"""The second language of the pages: Indonesian sentences that know what they were made of.

The source text is Indonesian, so Indonesian is complete by construction. A sentence is a plain `str` everywhere (rules,
records, prints, logs: always Indonesian) that remembers its template and its values; only the page that is shown turns it
into the reader's language, by `Words.into`. Pure; imports none of ours, so that rules may word a refusal with it. Reading a
catalogue is `language/catalogue.py`, keeping it complete is `python -m language`.
"""

from collections.abc import Mapping, Sequence
from typing import Any

THOUSANDS = "."
"""Parts the thousands of a figure; an entry of the catalogue like any other."""

Catalogue = Mapping[str, str]
"""Indonesian template to the other language's; empty for Indonesian."""


class Words(str):
    """`say("Menunggu {ops} catatan", ops=3)`: the Indonesian sentence, its template and its values.

    Must be made plain (`str(words)`) before it is encoded: msgspec takes no kinds of strings but `str`.
    """

    msgid: str
    values: Mapping[str, Any]

    def __new__(cls, msgid: str, /, **values: Any) -> "Words":
        words = super().__new__(cls, msgid.format(**values) if values else msgid)
        words.msgid, words.values = str(msgid), values
        return words

    def into(self, catalogue: Catalogue) -> str:
        """The sentence in the catalogue's language; what the catalogue lacks stays Indonesian."""
        template = catalogue.get(self.msgid, self.msgid) if self.msgid else ""
        if not self.values:
            return template
        return template.format(**{name: translated(value, catalogue) for name, value in self.values.items()})


class Figure(Words):
    """A number as people read it: its thousands are parted as the language parts them."""

    def into(self, catalogue: Catalogue) -> str:
        return self.replace(THOUSANDS, catalogue.get(THOUSANDS, THOUSANDS))


class Listed(Words):
    """Several words with commas between them."""

    parts: tuple[str, ...]

    def into(self, catalogue: Catalogue) -> str:
        return ", ".join(str(translated(part, catalogue)) for part in self.parts)


def say(msgid: str, /, **values: Any) -> Words:
    """An Indonesian sentence for people; `{name}` in it stands for a value. Text from a table of ours may be said too."""
    return msgid if isinstance(msgid, Words) and not values else Words(msgid, **values)


def listed(parts: Sequence[str]) -> Words:
    """`KTP, KK`: each part is said."""
    words = Listed(", ".join(parts))
    words.parts = tuple(say(part) for part in parts)
    return words


def translated(value: Any, catalogue: Catalogue) -> Any:
    """A sentence in the catalogue's language; anything else as it is."""
    return value.into(catalogue) if isinstance(value, Words) else value


MONTHS = (
    say("Januari"),
    say("Februari"),
    say("Maret"),
    say("April"),
    say("Mei"),
    say("Juni"),
    say("Juli"),
    say("Agustus"),
    say("September"),
    say("Oktober"),
    say("November"),
    say("Desember"),
)
"""Their one home: pages, letters and decisions name months alike."""
