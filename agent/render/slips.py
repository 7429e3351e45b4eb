"""A slip in, its PDF out; the layout is `layouts/slip.typ`. The same rules as the press for letters: plain text only,
embedded fonts only, the same slip gives the same bytes.
"""

from datetime import datetime, time
from functools import cache
from threading import Lock

import msgspec
import typst

from agent.domain.numbering import WIB
from agent.domain.slips import Slip
from agent.render.press import LAYOUTS, SHEET_BYTES_MAX, CannotPrint

_LOCK = Lock()


def render_slip(slip: Slip, *, emblem: str = "") -> bytes:
    """PDF/A-2b. Raises CannotPrint, which carries no word of the slip."""
    words = msgspec.json.encode(slip)
    if len(words) > SHEET_BYTES_MAX:
        raise CannotPrint(f"a slip of {len(words)} bytes; at most {SHEET_BYTES_MAX} are set")
    try:
        with _LOCK:
            pages = _compiler().compile(
                format="pdf",
                sys_inputs={"slip": words.decode(), "emblem": emblem},
                pdf_standards=["a-2b"],
                timestamp=datetime.combine(slip.dated, time(), WIB),
            )
    except typst.TypstError:
        raise CannotPrint("the slip could not be set; most likely a character that the typeface lacks") from None
    return pages[0] if isinstance(pages, list) else pages or b""


@cache
def _compiler() -> typst.Compiler:
    fonts = typst.Fonts(include_system_fonts=False, include_embedded_fonts=True)
    return typst.Compiler(str(LAYOUTS / "slip.typ"), root=str(LAYOUTS), font_paths=fonts)
