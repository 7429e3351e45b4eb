"""Reads the catalogue that ships with the program: `.po` as translators edit it, so there is no compiled copy to forget."""

from contextvars import ContextVar
from functools import cache
from importlib import resources
from importlib.resources.abc import Traversable

from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po

from language import Catalogue

INDONESIAN = "id"
ENGLISH = "en"
LANGUAGES = {INDONESIAN: "Bahasa Indonesia", ENGLISH: "English"}
"""What a reader may choose, each named in itself."""

READING: ContextVar[Catalogue] = ContextVar("reading", default={})  # noqa: B039 - nobody writes into a catalogue
"""The catalogue of the page being made, set while it is made and at no other time."""


def catalogue_file(language: str) -> Traversable:
    """Where a language's sentences are kept."""
    return resources.files("language") / "locale" / language / "LC_MESSAGES" / "kampung.po"


def read_file(language: str) -> Catalog:
    """Every entry with all a translator wrote."""
    with catalogue_file(language).open("rb") as file:
        return read_po(file, locale=language)


@cache
def catalogue(language: str) -> Catalogue:
    """A language's sentences; empty for Indonesian. Read once, at the start."""
    if language == INDONESIAN:
        return {}
    return {
        str(entry.id): str(entry.string)
        for entry in read_file(language)
        if entry.id and entry.string and not entry.fuzzy
    }
