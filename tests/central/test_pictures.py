"""Pictures as markup: true to the numbers, harmless whatever the words, and never told by colour alone."""

import re
from xml.etree import ElementTree

import pytest

from central.web.pictures import BAR_WIDTH, TILE_HEIGHT, Block, Step, Tile, funnel, tile_grid
from central.web.words import LAGS, fleet_line, lag_of
from protocol.regions import villages
from tests.central.desk import DESA, OTHER_DESA
from tests.central.test_web_pages import Hall, hall

__all__ = ["hall"]
SVG = "{http://www.w3.org/2000/svg}"
NASTY = '</svg><script>alert("x")</script>'


def grid(blocks: list[Block]) -> ElementTree.Element:
    return ElementTree.fromstring(tile_grid(blocks, name="map", title="Peta", description="dua"))


def test_every_tile_stands_inside_the_picture_and_none_on_another() -> None:
    blocks = [Block(f"Kecamatan {n}", [Tile("good", "", f"desa {n}/{m}") for m in range(n % 19)]) for n in range(25)]
    root = grid(blocks)
    left, top, width, height = map(int, root.attrib["viewBox"].split())
    frames = [r.attrib for r in root.iter(f"{SVG}rect") if "frame-" in r.attrib["class"]]
    places = {(int(f["x"]), int(f["y"])) for f in frames}
    assert len(places) == len(frames) == sum(n % 19 for n in range(25))
    for f in frames:
        assert left < int(f["x"])
        assert int(f["x"]) + int(f["width"]) < left + width
        assert top < int(f["y"])
        assert int(f["y"]) + int(f["height"]) < top + height


def test_a_tile_is_filled_by_its_part_and_says_so_in_words() -> None:
    root = grid(
        [Block("A", [Tile("good", "3", "tiga", 0.5), Tile("plain", "0", "nol", 0.0), Tile("bad", "!", "x", 7)])]
    )
    filled = [int(r.attrib["height"]) for r in root.iter(f"{SVG}rect") if not r.attrib["class"].startswith("frame-")]
    assert filled == [TILE_HEIGHT // 2, TILE_HEIGHT]
    assert [t.text for t in root.iter(f"{SVG}title")] == ["Peta", "tiga", "nol", "x"]


def test_words_are_text_wherever_they_stand() -> None:
    for picture in (
        tile_grid([Block(NASTY, [Tile("good", NASTY, NASTY)])], name="map", title=NASTY, description=NASTY),
        funnel([Step(NASTY, 1)], name="funnel", title=NASTY, description=NASTY),
    ):
        root = ElementTree.fromstring(picture)
        assert "<script" not in picture
        assert NASTY in [t.text for t in root.iter(f"{SVG}text")]
        assert root.attrib["role"] == "img"
        ids = root.attrib["aria-labelledby"].split()
        assert {e.attrib.get("id") for e in root} >= set(ids)


@pytest.mark.parametrize("counts", [[], [0, 0], [16_018, 10_714, 5_304]])
def test_a_bar_is_as_long_as_its_share_of_the_first(counts: list[int]) -> None:
    steps = [Step(f"s{n}", count) for n, count in enumerate(counts)]
    root = ElementTree.fromstring(funnel(steps, name="f", title="t", description="d"))
    bars = [int(r.attrib["width"]) for r in root.iter(f"{SVG}rect") if r.attrib["class"] == "plain frame-plain"]
    assert bars == [round(BAR_WIDTH * n / counts[0]) for n in counts if n]
    assert [t.text for t in root.iter(f"{SVG}text")][1::2] == [f"{n:,}".replace(",", ".") for n in counts]


def test_every_lag_has_a_sign_of_its_own_and_who_never_came_is_absent() -> None:
    signs = [sign for _, _, sign in LAGS.values()]
    assert len(set(signs)) == len(signs)
    assert lag_of(fleet_line(villages()[0], None, 0), 0) == "absent"


async def test_the_map_shows_each_village_by_its_lag_and_the_table_adds_up(hall: Hall) -> None:
    _, html = await hall.get("/fleet/map")
    assert html.count("<g><title>") == len(villages()) == 217
    names = {v.code: v.name for v in villages()}
    told = dict(re.findall(r"<title>([^:<]+): ([^,<]+)", html))
    assert told[names[DESA]] == LAGS["now"][0]
    assert told[names[OTHER_DESA]] == LAGS["trouble"][0]
    numbers = [int(n) for n in re.findall(r'<td class="number">(\d+)</td>', html)]
    assert sum(numbers) == 217
    assert (await hall.get("/fleet/map", "agency"))[0] == 403


async def test_funnel_and_roster_count_what_was_decided(hall: Hall) -> None:
    text = await hall.text("/pictures")
    for said in ("usulan diterima 6", "disetujui 2", "perlu diperiksa 1", "ditolak 2", "Tidak ditarik desa 5"):
        assert said in text, said
    _, html = await hall.get("/pictures")
    assert "Sukojati: 2 disetujui" in html
    one = await hall.text("/pictures?cycle=BLT-DD-2021-05")
    assert "usulan diterima 1" in one
    assert "disetujui 0" in one
