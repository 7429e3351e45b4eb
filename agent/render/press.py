"""The press: a sheet in, a PDF or its preview out.

Layouts are files of the program; the words of a letter reach them as JSON in `sys.inputs` and are set as plain text, so
no name can ever be code. Fonts are those inside the typst wheel, system fonts are ignored, the time in the document is
the letter's date: the same sheet gives the same bytes on every machine of the same release. The preview is the same
page as SVG. Must never word or judge a letter.

One compiler is kept warm per process (its first page costs some 50 ms, the next a few); it is not re-entrant, hence
the lock. A page takes milliseconds: a web handler should still call through a thread.
"""

import re
from contextlib import suppress
from datetime import date, datetime, time
from enum import StrEnum
from functools import cache
from math import isqrt
from pathlib import Path
from threading import Lock
from typing import Any, Literal

import msgspec
import typst
import zxingcpp

from agent.domain.numbering import WIB
from agent.domain.sheets import LetterSheet
from agent.render.fit import POINTS_PER_MM, estimate_points

COPY_MARK = "SALINAN"
SHEET_BYTES_MAX = 64_000
"""A sheet as JSON; the longest that checked answers can make has some 15,000. More is not a letter."""

SIZES_POINTS = (12, 11.5, 11, 10, 9, 8)
"""From the size of an official letter down to the smallest that can be read: one or two are tried, seldom more."""

SEAL_QUIET_MODULES = 4
"""The white margin that ISO/IEC 18004 asks for."""

_DARK = re.compile(rb"\x00+")
_NO_ROOM = "panicked with: no room"
LAYOUTS = Path(__file__).parent / "layouts"
_LOCK = Lock()


class Paper(StrEnum):
    """What lies in the printer. F4 (folio, 215 x 330 mm) is what Indonesian offices buy."""

    A4 = "A4"
    F4 = "F4"


TEXT_MM = {Paper.A4: (165.0, 265.0), Paper.F4: (170.0, 298.0)}
"""Width and height inside the margins of the layout."""


class CannotPrint(Exception):
    """The sheet cannot be set. Carries no word of the letter, because the error may be logged."""


class _NoRoom(Exception):
    """At this size the letter needs more than one page."""


def render_pdf(sheet: LetterSheet, paper: Paper, *, copy: bool = False, seal: str = "", emblem: str = "") -> bytes:
    """The letter as PDF/A-2b. `copy` marks a reprint SALINAN; `seal`: the text of its QR code;
    `emblem`: an SVG. Raises CannotPrint."""
    with _LOCK:
        document = _set("pdf", sheet, paper, copy=copy, seal=seal, emblem=emblem)
    return document[0]


def render_svg(sheet: LetterSheet, paper: Paper, *, copy: bool = False, seal: str = "", emblem: str = "") -> list[str]:
    """The same pages for the screen, one SVG each. Raises CannotPrint."""
    with _LOCK:
        pages = _set("svg", sheet, paper, copy=copy, seal=seal, emblem=emblem)
    return [page.decode() for page in pages]


def _set(
    form: Literal["pdf", "svg"], sheet: LetterSheet, paper: Paper, *, copy: bool, seal: str, emblem: str
) -> list[bytes]:
    """One page at the largest size that fits, or as many as it takes at the smallest: no word is ever lost."""
    words = msgspec.json.encode(sheet)
    if len(words) > SHEET_BYTES_MAX:
        raise CannotPrint(f"a sheet of {len(words)} bytes is no letter; at most {SHEET_BYTES_MAX} are set")
    inputs = {"sheet": words.decode(), "paper": paper.value, "copy": COPY_MARK if copy else "", "emblem": emblem}
    inputs["seal"] = _draw_code(seal) if seal else ""
    for size in _sizes(sheet, paper):
        with suppress(_NoRoom):
            return _compile(form, inputs, "once", size, sheet.dated)
    return _compile(form, inputs, "flow", SIZES_POINTS[-1], sheet.dated)


def _sizes(sheet: LetterSheet, paper: Paper) -> tuple[float, ...]:
    """What to try: all sizes for a letter under a text from before the seal, as when it was first printed; for others
    from the size that should do."""
    if not sheet.has_seal_room:
        return SIZES_POINTS
    width, height = TEXT_MM[paper]
    room = height * POINTS_PER_MM
    return tuple(size for size in SIZES_POINTS[:-1] if estimate_points(sheet, size, width) <= room) + SIZES_POINTS[-1:]


def _draw_code(seal: str) -> str:
    """The QR code as one SVG path, a module a unit, with its margin; level M bears 15 % of dirt and folds."""
    code = zxingcpp.create_barcode(seal, zxingcpp.BarcodeFormat.QRCode, ec_level="M")
    image: Any = code.to_image(scale=1, add_quiet_zones=False)  # a buffer, which its stubs do not say
    cells, margin = bytes(memoryview(image)), SEAL_QUIET_MODULES
    side = isqrt(len(cells))
    rows = (((y, run) for run in _DARK.finditer(cells, y * side, (y + 1) * side)) for y in range(side))
    drawn = "".join(
        f"M{run.start() - y * side + margin} {y + margin}.5h{len(run[0])}" for row in rows for y, run in row
    )
    whole = side + 2 * margin
    return f'<svg xmlns="http://www.w3.org/2000/svg" width="{whole}" height="{whole}"><path stroke="#000" d="{drawn}"/></svg>'


def _compile(
    form: Literal["pdf", "svg"], inputs: dict[str, str], fitting: str, size: float, dated: date
) -> list[bytes]:
    try:
        pages = _compiler().compile(
            format=form,
            sys_inputs={**inputs, "fitting": fitting, "size": str(size)},
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
