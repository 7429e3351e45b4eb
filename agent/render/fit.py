"""How high a letter stands at a size, estimated: so that the press sets nearly every page once.

Setting a page that does not fit costs as much as one that does, and measuring it first costs twice that; adding up lines
costs nothing. The estimate only chooses where to begin: whether the page fits is for the layout to say, and a wrong guess
costs one more try or half a point of size. A change here may reprint a letter in another size than it was issued in: the
numbers stay as they are for this layout. They are those of `layouts/surat.typ` in em; the widths are means of Libertinus Serif.
"""

from collections.abc import Sequence
from math import ceil
from typing import assert_never

from agent.domain.sheets import LetterSheet, SheetBlock, Signature, SigningList

POINTS_PER_MM = 72 / 25.4
SEAL_MM = 28
LINE = 1.395
"""From one line of a paragraph to the next."""
PARAGRAPH = 1.8
"""A paragraph of one line with the space above it."""
ROW = 1.365
HEAD = 12.7
"""Letterhead, title and number, with the office's address on one line."""
LABEL_WIDTH, LABEL_MARGIN = 11.5, 15.9
SIGNATURE = 9.35
"""Where somebody signs: the space above, the room for the hand, the name; without the lines of the heading."""
SIGNATURE_LINE = 1.13
TABLE_SIZE = 0.88
SIGNING_LIST, SIGNING_ROW = 2.4, 2.42


def estimate_points(sheet: LetterSheet, size: float, width_mm: float) -> float:
    """The height of everything on the sheet at that size, in points; `width_mm`: of the text."""
    width = width_mm * POINTS_PER_MM / size
    ems = HEAD + sum(_block(block, width) for block in sheet.blocks)
    ems += sum(_signing_list(each, width) for each in sheet.signing_lists)
    ems += _signatures(sheet.signatures, width)
    has_seal_below = sheet.has_seal_room and len(sheet.signatures) > 1
    return ems * size + (SEAL_MM * POINTS_PER_MM + size if has_seal_below else 0)


def _block(block: SheetBlock, width: float) -> float:
    match block.type:
        case "paragraphs":
            return sum(_paragraph(text, width) for text in block.paragraphs)
        case "rows":
            return 1.15 - 0.72 + sum(_row(label, words, width) for label, words in block.rows)
        case "family":
            return _paragraph(block.paragraphs[0], width) + _table(block, width / TABLE_SIZE) * TABLE_SIZE
        case _:
            assert_never(block.type)


def _paragraph(text: str, width: float) -> float:
    return PARAGRAPH + (_lines(text, width, indent=3) - 1) * LINE


def _row(label: str, words: str, width: float) -> float:
    lines = max(_lines(label, LABEL_WIDTH), _lines(words, width - LABEL_MARGIN))
    return ROW + (lines - 1) * LINE


def _table(block: SheetBlock, width: float) -> float:
    """Narrow columns take what their words need; the name, and a wide last column, share the rest."""
    columns = list(zip(block.header, *block.rows, strict=True))
    widths = [max(map(text_width, column)) + 1 for column in columns]
    free = {1, len(columns) - 1} if block.wide else {1}
    shared = (width - sum(each for place, each in enumerate(widths) if place not in free)) / len(free)
    rows = (max(_lines(row[place], max(shared - 1, 1)) for place in free) for row in block.rows)
    return 1.4 + 1.35 + sum(1.35 + (lines - 1) * 1.1 for lines in rows)


def _signing_list(each: SigningList, width: float) -> float:
    half = width / 2 / 0.92 - 2
    rows = (_lines(name, half) + (_lines(who, half) if who else 0) for name, who in each.people)
    return SIGNING_LIST + sum(max(SIGNING_ROW, 0.7 + lines * 1.0) for lines in rows)


def _signatures(signatures: Sequence[Signature], width: float) -> float:
    """Two by two; the first pair under the place and date."""
    height = 1.0
    for start in range(0, len(signatures), 2):
        pair = signatures[start : start + 2]
        lines = max(sum(_lines(line, width / 2 - 1) for line in one.heading) for one in pair)
        names = max(_lines(one.name, width / 2 - 1, scale=1.05) for one in pair)
        height += SIGNATURE + (lines - 1 + names - 1 + max(len(one.below) for one in pair)) * SIGNATURE_LINE
    return height


def _lines(text: str, width: float, *, indent: float = 0, scale: float = 1) -> int:
    return max(1, ceil((text_width(text) * scale + indent) / (width - 0.5)))


def text_width(text: str) -> float:
    """In em."""
    return sum(0.24 if character in " .,:;()" else 0.625 if character.isupper() else 0.455 for character in text)
