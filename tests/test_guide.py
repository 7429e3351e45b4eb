"""docs/petunjuk tells the truth: what it links to exists, and what it calls by name stands on the pages under that name."""

import re
from pathlib import Path

import pytest

from agent.domain.commands import PLACES, WORDS
from agent.web.app import NAVIGATION
from deploy.petunjuk import PICTURES
from protocol.letter_kinds import read_catalogue

ROOT = Path(__file__).parent.parent
GUIDE = ROOT / "docs" / "petunjuk"
CHAPTERS = sorted(GUIDE.glob("*.md"))
PICTURE_BYTES_MAX = 200_000
KEYS = {"Tab", "Enter", "tebal"}
"""Bold words that stand on the keyboard, and the one that says what bold means."""
DATA = ROOT / "agent" / "data"


def on_the_pages() -> str:
    """All that pages can say: their templates, and the words that programs put into them."""
    templates = [*(ROOT / "agent/web/templates").glob("*.html"), *(ROOT / "chassis/web/templates").rglob("*.html")]
    sources = [*templates, *(ROOT / "agent/web").glob("*.py"), DATA / "letters.csv"]
    text = "\n".join(path.read_text(encoding="utf-8") for path in sources)
    return re.sub(r"<(?!%)[^<>]*>", "", text)


def bold(text: str) -> list[str]:
    return [" ".join(found.split()) for found in re.findall(r"\*\*(.+?)\*\*", text, re.DOTALL)]


@pytest.mark.parametrize("chapter", CHAPTERS, ids=lambda path: path.stem)
def test_links_pictures_and_words(chapter: Path) -> None:
    text = chapter.read_text(encoding="utf-8")
    for target in re.findall(r"\]\(([^)]+)\)", text):
        assert (GUIDE / target).is_file(), f"{chapter.name} points at {target}, which is not there"
    pages = on_the_pages()
    for words in set(bold(text)) - KEYS:
        assert words in pages, f"{chapter.name} names {words!r}, which stands on no page"


@pytest.mark.parametrize("chapter", CHAPTERS, ids=lambda path: path.stem)
def test_commands_are_understood(chapter: Path) -> None:
    kinds = read_catalogue(
        *((DATA / name).read_text(encoding="utf-8") for name in ("letters.csv", "letter_fields.csv"))
    )
    known = {*WORDS, *PLACES, *kinds}
    for typed in re.findall(r"`([^`]+)`", chapter.read_text(encoding="utf-8")):
        first = typed.split()[0]
        assert first in known or "/" in first or typed in {"sit am", "moch", "tulisan seperti ini"}, typed


def test_every_chapter_is_listed_and_every_picture_shown() -> None:
    text = "".join(path.read_text(encoding="utf-8") for path in CHAPTERS)
    listed = re.findall(r"\]\((\w[\w-]*\.md)\)", (GUIDE / "README.md").read_text(encoding="utf-8"))
    assert sorted(listed) == sorted(path.name for path in CHAPTERS if path.stem != "README")
    shown = set(re.findall(r"\(gambar/([\w-]+)\.png\)", text))
    assert shown == set(PICTURES) == {path.stem for path in (GUIDE / "gambar").iterdir()}


def test_pictures_are_small() -> None:
    assert max(path.stat().st_size for path in (GUIDE / "gambar").iterdir()) <= PICTURE_BYTES_MAX


def test_the_menu_is_explained() -> None:
    named = {words for path in CHAPTERS for words in bold(path.read_text(encoding="utf-8"))}
    entries = {entry for group in NAVIGATION for entry in (group, *group.entries)}
    assert {entry.label for entry in entries} <= named, "a menu entry that no chapter names"
