"""The centre's press: a sheet of domain/papers in, a PDF out; the layout is `layouts/daftar.typ`.

Words reach the layout as JSON and are set as plain text, so no name can ever be code; only fonts inside the typst wheel, no
packages, and the sheet's own date as the document's: the same sheet gives the same bytes. Must never word a sheet. A page
takes some 20 ms: web handlers call through a thread.
"""

from datetime import date, datetime, time, timedelta, timezone
from functools import cache
from pathlib import Path
from threading import Lock

import msgspec
import typst

from central.domain.papers import Sheet

ROWS_MAX = 4_000
"""Rows of one sheet; the largest district has some 1,200 recipients."""
WIB = timezone(timedelta(hours=7), "WIB")
_LAYOUTS = Path(__file__).parent / "layouts"
_LOCK = Lock()


class CannotPrint(Exception):
    """The sheet cannot be set. Carries no word of it, because the error may be logged."""


def render_pdf(sheet: Sheet) -> bytes:
    """PDF/A-2b, A4. Raises CannotPrint."""
    if len(sheet.rows) > ROWS_MAX:
        raise CannotPrint(f"{len(sheet.rows)} rows on one sheet; at most {ROWS_MAX} are set")
    try:
        with _LOCK:
            made = _compiler().compile(
                format="pdf",
                sys_inputs={"sheet": msgspec.json.encode(sheet).decode()},
                pdf_standards=["a-2b"],
                timestamp=datetime.combine(date.fromisoformat(sheet.dated), time(), WIB),
            )
    except typst.TypstError:
        raise CannotPrint("the sheet could not be set; most likely a character that the typeface lacks") from None
    return made[0] if isinstance(made, list) else made or b""


@cache
def _compiler() -> typst.Compiler:
    fonts = typst.Fonts(include_system_fonts=False, include_embedded_fonts=True)
    return typst.Compiler(str(_LAYOUTS / "daftar.typ"), root=str(_LAYOUTS), font_paths=fonts)
