"""Pictures as SVG text: the regency as a grid of tiles, and a funnel. Pure: numbers and words in, markup out.

Colours are classes of the style sheet, so that light, dark and paper follow the page. Nothing is told by colour alone: every
tile has a sign or a number. For who cannot see it the whole is one picture with title and description, and the page has the
same numbers as a table beside it. Must never hold a person's data.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from markupsafe import Markup

COLUMNS = 5
"""Districts beside each other: 25 make a square."""
TILES = 5
"""Villages beside each other within a district."""
TILE_WIDTH, TILE_HEIGHT, GAP = 34, 22, 3
LABEL_HEIGHT = 20
BLOCK_WIDTH = TILES * (TILE_WIDTH + GAP) + 10
WIDTH = COLUMNS * BLOCK_WIDTH
BAR_HEIGHT, BAR_GAP, BAR_START, BAR_WIDTH = 26, 10, 250, 600


@dataclass(frozen=True, slots=True)
class Tile:
    """A village. `kind`: a class of the style sheet (good, wait, bad, plain). `sign`: what stands in the tile, a few
    characters. `words`: shown where a pointer rests. `part`: how far the tile is filled, 0 to 1.
    """

    kind: str
    sign: str
    words: str
    part: float = 1.0


@dataclass(frozen=True, slots=True)
class Block:
    """A district with its villages."""

    label: str
    tiles: Sequence[Tile]


@dataclass(frozen=True, slots=True)
class Step:
    """A bar of a funnel; `depth` 1 for a part of the step above."""

    label: str
    count: int
    kind: str = "plain"
    depth: int = 0


def tile_grid(blocks: Sequence[Block], *, name: str, title: str, description: str) -> Markup:
    """Districts in rows of five in the order given; `name` makes the ids of this picture its own."""
    parts, y = [], 0
    for row in (blocks[at : at + COLUMNS] for at in range(0, len(blocks), COLUMNS)):
        for column, block in enumerate(row):
            parts.append(_block(block, column * BLOCK_WIDTH, y))
        lines = max((-(-len(block.tiles) // TILES) for block in row), default=0)
        y += LABEL_HEIGHT + lines * (TILE_HEIGHT + GAP) + 8
    return _picture("".join(parts), WIDTH, y, name, title, description)


def _block(block: Block, x: int, y: int) -> str:
    parts = [f'<text class="label" x="{x}" y="{y + 14}">{escape(block.label)}</text>']
    for n, tile in enumerate(block.tiles):
        parts.append(
            _tile(tile, x + n % TILES * (TILE_WIDTH + GAP), y + LABEL_HEIGHT + n // TILES * (TILE_HEIGHT + GAP))
        )
    return "".join(parts)


def _tile(tile: Tile, x: int, y: int) -> str:
    filled = round(min(max(tile.part, 0.0), 1.0) * TILE_HEIGHT)
    parts = [f"<g><title>{escape(tile.words)}</title>"]
    if filled == TILE_HEIGHT:
        parts.append(_rect(f"{tile.kind} frame-{tile.kind}", x, y, TILE_WIDTH, TILE_HEIGHT))
    else:
        parts.append(_rect(tile.kind, x, y + TILE_HEIGHT - filled, TILE_WIDTH, filled) if filled else "")
        parts.append(_rect(f"frame-{tile.kind}", x, y, TILE_WIDTH, TILE_HEIGHT))
    if tile.sign:
        parts.append(f'<text x="{x + TILE_WIDTH // 2}" y="{y + 15}">{escape(tile.sign)}</text>')
    return "".join(parts) + "</g>"


def _rect(kind: str, x: int, y: int, width: int, height: int) -> str:
    return f'<rect class="{kind}" x="{x}" y="{y}" width="{width}" height="{height}"/>'


def funnel(steps: Sequence[Step], *, name: str, title: str, description: str) -> Markup:
    """Bars under each other, as long as their share of the first."""
    most = max((step.count for step in steps), default=0) or 1
    parts = []
    for n, step in enumerate(steps):
        y = n * (BAR_HEIGHT + BAR_GAP)
        width = round(BAR_WIDTH * step.count / most)
        label, count = escape(step.label), f"{step.count:,}".replace(",", ".")
        parts.append(f'<text class="label" x="{step.depth * 20}" y="{y + 18}">{label}</text>')
        if width:
            parts.append(_rect(f"{step.kind} frame-{step.kind}", BAR_START, y, width, BAR_HEIGHT))
        parts.append(f'<text class="label" x="{BAR_START + width + 8}" y="{y + 18}">{count}</text>')
    height = len(steps) * (BAR_HEIGHT + BAR_GAP)
    return _picture("".join(parts), BAR_START + BAR_WIDTH + 90, height, name, title, description)


def _picture(inside: str, width: int, height: int, name: str, title: str, description: str) -> Markup:
    ids = f"{name}-title {name}-description"
    head = f'<title id="{name}-title">{escape(title)}</title><desc id="{name}-description">{escape(description)}</desc>'
    return Markup(  # noqa: S704 - everything that is not of this file went through escape
        f'<svg class="picture" role="img" aria-labelledby="{ids}" viewBox="-2 -2 {width + 4} {height + 4}"'
        f' xmlns="http://www.w3.org/2000/svg">{head}{inside}</svg>'
    )
