"""The press: a sheet in, a PDF or its preview out.

Layouts are files of the program; the words of a letter reach them as JSON in `sys.inputs` and are set as plain text, so
no name can ever be code. Fonts are those inside the typst wheel, system fonts are ignored, the time in the document is
the letter's date: the same sheet gives the same bytes on every machine of the same release. The preview is the same
page as SVG. Must never word or judge a letter.

One compiler is kept warm per process (its first page costs some 50 ms, the next a few); it is not re-entrant, hence
the lock. A page takes milliseconds: a web handler should still call through a thread.
"""

from contextlib import suppress
from datetime import date, datetime, time
from enum import StrEnum
from functools import cache
from pathlib import Path
from threading import Lock
from typing import Literal

import msgspec
import typst

from agent.domain.numbering import WIB
from agent.domain.sheets import LetterSheet

COPY_MARK = "SALINAN"
SHEET_BYTES_MAX = 64_000
"""A sheet as JSON; the longest that checked answers can make has some 15,000. More is not a letter."""

SIZES_POINTS = ("12", "11.5", "11", "10", "9", "8")
"""From the size of an official letter down to the smallest that can be read: six tries of some 10 ms at most."""

_NO_ROOM = "panicked with: no room"
LAYOUTS = Path(__file__).parent / "layouts"
_LOCK = Lock()


class Paper(StrEnum):
    """What lies in the printer. F4 (folio, 215 x 330 mm) is what Indonesian offices buy."""

    A4 = "A4"
    F4 = "F4"


class CannotPrint(Exception):
    """The sheet cannot be set. Carries no word of the letter, because the error may be logged."""


class _NoRoom(Exception):
    """At this size the letter needs more than one page."""


def render_pdf(sheet: LetterSheet, paper: Paper, *, copy: bool = False) -> bytes:
    """The letter as PDF/A-2b. `copy` marks a reprint SALINAN. Raises CannotPrint."""
    with _LOCK:
        document = _set("pdf", sheet, paper, copy=copy)
    return document[0]


def render_svg(sheet: LetterSheet, paper: Paper, *, copy: bool = False) -> list[str]:
    """The same pages for the screen, one SVG each. Raises CannotPrint."""
    with _LOCK:
        pages = _set("svg", sheet, paper, copy=copy)
    return [page.decode() for page in pages]


def _set(form: Literal["pdf", "svg"], sheet: LetterSheet, paper: Paper, *, copy: bool) -> list[bytes]:
    """One page at the largest size that fits, or as many as it takes at the smallest: no word is ever lost."""
    words = msgspec.json.encode(sheet)
    if len(words) > SHEET_BYTES_MAX:
        raise CannotPrint(f"a sheet of {len(words)} bytes is no letter; at most {SHEET_BYTES_MAX} are set")
    inputs = {"sheet": words.decode(), "paper": paper.value, "copy": COPY_MARK if copy else "", "flows": "no"}
    for size in SIZES_POINTS:
        with suppress(_NoRoom):
            return _compile(form, {**inputs, "size": size}, sheet.dated)
    return _compile(form, {**inputs, "size": SIZES_POINTS[-1], "flows": "yes"}, sheet.dated)


def _compile(form: Literal["pdf", "svg"], inputs: dict[str, str], dated: date) -> list[bytes]:
    try:
        pages = _compiler().compile(
            format=form,
            sys_inputs=inputs,
            pdf_standards=["a-2b"] if form == "pdf" else [],
            timestamp=datetime.combine(dated, time(), WIB),
        )
    except typst.TypstError as error:
        if _NO_ROOM in error.message:
            raise _NoRoom from None
        # The compiler's message quotes the text it could not set, so it stops here.
        raise CannotPrint("the page could not be set; most likely a character that the typeface lacks") from None
    return pages if isinstance(pages, list) else [pages or b""]


@cache
def _compiler() -> typst.Compiler:
    """Only embedded fonts, no packages: nothing is ever fetched."""
    fonts = typst.Fonts(include_system_fonts=False, include_embedded_fonts=True)
    return typst.Compiler(str(LAYOUTS / "surat.typ"), root=str(LAYOUTS), font_paths=fonts)
