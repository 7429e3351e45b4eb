"""What the one field on the first page was told: a person, a letter's number, or a command and what it is about.

The rule only reads words; whether there is such a person or letter is asked by `agent/web/command`. A name may begin
like a command ("Surati", "Wali"), so more than one reading may come back: the first that finds something holds. Must
never guess at a letter's kind: words that fit several kinds name none.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

ABBREVIATION_LENGTH_MIN = 2
"""A lone letter is somebody still typing a name."""
RUNNING_NUMBER_DIGITS_MAX = 5
"""More digits are a NIK or a KK."""


class Place(StrEnum):
    """Pages that a word alone opens."""

    RESIDENTS = "residents"
    NEW_RESIDENT = "new resident"
    LETTERS = "letters"
    PROPOSALS = "proposals"
    NUMBERS = "numbers"
    SYNC = "sync"


@dataclass(frozen=True, slots=True)
class OpenPage:
    """A word of the menu."""

    place: Place


@dataclass(frozen=True, slots=True)
class FindResident:
    """A NIK, a KK or a name, or the beginning of one."""

    who: str


@dataclass(frozen=True, slots=True)
class FindLetter:
    """A printed number or its beginning, or a running number (digits alone)."""

    number: str


@dataclass(frozen=True, slots=True)
class WriteLetter:
    """A letter of this kind for somebody; `who` may still be empty."""

    kind: str
    who: str


@dataclass(frozen=True, slots=True)
class Propose:
    """Aid for somebody."""

    who: str


@dataclass(frozen=True, slots=True)
class VoidLetter:
    """Take back the letter of this number; the number may still be empty."""

    number: str


Command = OpenPage | FindResident | FindLetter | WriteLetter | Propose | VoidLetter

WORDS = {
    "surat": "surat",
    "cari": "cari",
    "usul": "usul",
    "usulan": "usul",
    "usulkan": "usul",
    "nomor": "nomor",
    "nomer": "nomor",
    "batal": "batal",
    "batalkan": "batal",
}
"""Command words, and the command each stands for."""
PLACES = {
    "cari": Place.RESIDENTS,
    "penduduk": Place.RESIDENTS,
    "baru": Place.NEW_RESIDENT,
    "surat": Place.LETTERS,
    "usul": Place.PROPOSALS,
    "usulan": Place.PROPOSALS,
    "usulkan": Place.PROPOSALS,
    "nomor": Place.NUMBERS,
    "nomer": Place.NUMBERS,
    "sinkronisasi": Place.SYNC,
}
"""Words that open a page when they stand alone."""
_COMMON_WORDS = frozenset("SURAT KETERANGAN PENGANTAR PERNYATAAN IZIN PENDUDUK".split())
"""Words of titles that tell no kind from another."""


def read_command(typed: str, kinds: Mapping[str, str]) -> tuple[Command, ...]:
    """What `typed` may mean, likeliest first; empty for an empty field. `kinds`: the letters' keys and titles."""
    words = typed.split()
    if not words:
        return ()
    first, rest = words[0].casefold().rstrip(":"), " ".join(words[1:])
    person = FindResident(" ".join(words))
    if not rest and first in PLACES:
        return (OpenPage(PLACES[first]),)
    if first in WORDS:
        return (*_obey(WORDS[first], rest, kinds), person)
    if first in kinds:
        return (WriteLetter(first, rest), person)
    meant = {command for word, command in WORDS.items() if word.startswith(first)}
    if rest and len(first) >= ABBREVIATION_LENGTH_MIN and len(meant) == 1:
        return (person, *_obey(meant.pop(), rest, kinds))
    return _plain(" ".join(words))


def _plain(typed: str) -> tuple[Command, ...]:
    """Without a command: a letter's number as printed, a few digits, or somebody."""
    if "/" in typed and any(character.isdigit() for character in typed):
        return (FindLetter(_number(typed)),)
    if is_number(typed) and len("".join(typed.split())) <= RUNNING_NUMBER_DIGITS_MAX:
        return (FindResident(typed), FindLetter(_number(typed)))
    return (FindResident(typed),)


def is_number(typed: str) -> bool:
    """Digits alone, grouped or not."""
    digits = "".join(typed.split())
    return digits.isascii() and digits.isdigit()


def _obey(command: str, rest: str, kinds: Mapping[str, str]) -> tuple[Command, ...]:
    match command:
        case "surat":
            kind, who = _kind(rest, kinds)
            return (WriteLetter(kind, who),) if kind else _plain(who)
        case "usul":
            return (Propose(rest),)
        case "nomor":
            return (FindLetter(_number(rest)),)
        case "batal":
            return (VoidLetter(_number(rest)),)
        case _:
            return _plain(rest)


def _kind(rest: str, kinds: Mapping[str, str]) -> tuple[str, str]:
    """The kind that the first words name, and what follows them.

    By its key, or by words of its title; empty where they fit several kinds and are the whole title of none.
    """
    word, _, who = rest.partition(" ")
    if word.casefold() in kinds:
        return word.casefold(), who
    words, said, fitting = rest.split(), set[str](), list(kinds)
    while words:
        narrower = [key for key in fitting if words[0].upper() in _telling_words(kinds[key])]
        if not narrower and words[0].upper() not in _COMMON_WORDS:
            break
        fitting = narrower or fitting
        said |= {words.pop(0).upper()} - _COMMON_WORDS
    whole = [key for key in fitting if _telling_words(kinds[key]) == said]
    named = whole if len(whole) == 1 else fitting
    return (named[0] if said and len(named) == 1 else "", " ".join(words))


def _telling_words(title: str) -> set[str]:
    return set(title.upper().replace("/", " ").split()) - _COMMON_WORDS


def _number(typed: str) -> str:
    """A letter's number as it is kept: no blanks, and without the dots of somebody who wrote "and so on"."""
    return "".join(typed.split()).rstrip(".…")
