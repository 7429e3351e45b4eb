"""Pages: errors without tracebacks, menus by role, parts that screen readers understand, colours that can be read."""

import hashlib
import io
import re
from datetime import UTC, date, timedelta, timezone
from pathlib import Path

import jinja2
import pytest

from chassis.web import formats, page_count, page_number
from chassis.web.shelf import Shelf
from language import say

from .conftest import Office

STATIC = Path(__file__).parents[2] / "chassis" / "web" / "static"
TEMPLATES = Path(__file__).parents[2] / "chassis" / "web" / "templates"
CANARY = "3510256506900001"


async def test_a_bug_is_one_apology_with_a_reference(office: Office, log_stream: io.StringIO) -> None:
    answer = await office.browse().get("/bug")
    text = await answer.text()
    assert answer.status == 500
    assert "Maaf, terjadi kesalahan" in text
    reference = re.search(r"<strong>([0-9a-f]{8})</strong>", text)
    assert reference is not None
    assert "RuntimeError" not in text
    assert CANARY not in text
    assert CANARY not in log_stream.getvalue()
    assert "RuntimeError" in log_stream.getvalue()
    assert reference[1] in log_stream.getvalue()


async def test_a_template_with_an_unknown_variable_is_a_bug_not_a_blank(office: Office) -> None:
    assert (await office.browse().get("/broken")).status == 500


async def test_missing_pages_and_wrong_methods_are_pages_too(office: Office) -> None:
    browser = office.browse()
    missing = await browser.get(f"/nowhere/{CANARY}")
    assert missing.status == 404
    assert "Halaman tidak ada" in await missing.text()
    assert CANARY not in await missing.text()
    wrong = await browser.client.request("DELETE", "/login", headers={"Origin": browser.origin})
    assert wrong.status == 405
    assert "POST" in wrong.headers["Allow"]


async def test_whoever_does_not_ask_for_html_gets_a_code(office: Office) -> None:
    answer = await office.browse().get("/nowhere", headers={"Accept": "application/json"})
    assert await answer.text() == "not_found\n"


async def test_the_menu_shows_what_the_role_may_open(office: Office) -> None:
    browser = office.browse()
    await browser.sign_in("librarian")
    text = await (await browser.get("/loans/new")).text()
    assert 'href="/loans" aria-current="page"' in text
    assert "/audit" not in text
    assert "Semua tersimpan" in text
    stranger = await (await office.browse().get("/search")).text()
    assert "Semua tersimpan" not in stranger
    assert "Menu utama" not in stranger


async def test_a_notice_is_shown_once(office: Office) -> None:
    browser = office.browse()
    await browser.sign_in("librarian")
    done = await browser.submit("/loans/new", title="Saman")
    assert "Buku dipinjamkan." in await done.text()
    assert "Buku dipinjamkan." not in await (await browser.get("/loans/1")).text()


async def test_pages_hold_no_inline_script_or_style(office: Office) -> None:
    browser = office.browse()
    pages = [await (await browser.get("/login")).text()]
    await browser.sign_in("librarian")
    pages += [await (await browser.get(path)).text() for path in ("/", "/loans/new", "/nowhere")]
    for text in pages:
        assert not re.search(r"<script(?![^>]*\ssrc=)", text)
        assert not re.search(r"<style|\sstyle=|\son[a-z]+=|javascript:", text)
        assert not re.search(r"""(?:src|href)=["'](?:https?:)?//""", text)


async def test_static_files_are_kept_by_browsers_until_they_change(office: Office) -> None:
    browser = office.browse()
    text = await (await browser.get("/login")).text()
    address = re.search(r'href="(/static/office\.css\?v=[0-9a-f]{16})"', text)
    assert address is not None
    exact = await browser.get(address[1])
    assert exact.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert exact.headers["Content-Type"] == "text/css; charset=utf-8"
    stale = await browser.get("/static/office.css?v=0000000000000000")
    assert stale.headers["Cache-Control"] == "no-cache"
    again = await browser.get("/static/office.css", headers={"If-None-Match": exact.headers["ETag"]})
    assert again.status == 304


@pytest.mark.parametrize("name", ["none.css", "../layout.py", "%2e%2e/layout.py", "vendor/VENDORED.md", "vendor"])
async def test_nothing_else_is_served(office: Office, name: str) -> None:
    assert (await office.browse().get(f"/static/{name}")).status == 404


def test_an_unknown_static_file_is_a_bug() -> None:
    with pytest.raises(KeyError):
        Shelf([STATIC]).url("none.css")


def test_vendored_files_are_the_ones_we_say() -> None:
    table = (STATIC / "vendor" / "VENDORED.md").read_text()
    rows = re.findall(r"^\| ([\w./]+) \| \S+ \| [\d.]+ \| .*?\(([\w./]+)\) \| ([0-9a-f]{64}) \|$", table, re.MULTILINE)
    listed = {name: digest for name, _, digest in rows}
    licences = {licence for _, licence, _ in rows}
    files = {
        str(file.relative_to(STATIC / "vendor")): file for file in (STATIC / "vendor").rglob("*") if file.is_file()
    }
    assert set(files) == {*listed, *licences, "VENDORED.md"}
    for name, digest in listed.items():
        assert hashlib.sha256(files[name].read_bytes()).hexdigest() == digest


def luminance(colour: str) -> float:
    channels = [int(colour[start : start + 2], 16) / 255 for start in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(first: str, second: str) -> float:
    light, dark = sorted((luminance(first), luminance(second)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_every_colour_pair_can_be_read(theme: str) -> None:
    """WCAG 2.2: 4.5 for text, 3 for the focus ring."""
    blocks = (STATIC / "office.css").read_text().split("@media (prefers-color-scheme: dark)")
    colours = dict(re.findall(r"--office-([\w-]+): (#[0-9a-f]{6});", blocks[theme == "dark"]))
    text_pairs = [(f"{kind}-ink", f"{kind}-paper") for kind in ("good", "wait", "bad", "plain")]
    text_pairs += [("ink", "paper"), ("ink", "band"), ("quiet", "paper"), ("quiet", "band"), ("brand-ink", "brand")]
    text_pairs += [("bad-ink", "paper")]
    for ink, paper in text_pairs:
        assert contrast(colours[ink], colours[paper]) >= 4.5, (ink, paper)
    assert contrast(colours["focus"], colours["paper"]) >= 3


def render(source: str, **context: object) -> str:
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES), autoescape=True, undefined=jinja2.StrictUndefined
    )
    environment.globals["_"] = say
    head = '{% import "chassis/forms.html" as forms %}{% import "chassis/parts.html" as parts %}'
    return re.sub(r"\s+", " ", environment.from_string(head + source).render(context))


def test_an_error_is_linked_named_and_announced() -> None:
    errors = {"title": 'Isi <judul> "buku".'}
    text = render(
        '{{ forms.error_summary(errors) }}{{ forms.field("title", "Judul", "x", errors, "Sampul") }}', errors=errors
    )
    assert '<a href="#title">Isi &lt;judul&gt; &#34;buku&#34;.</a>' in text
    assert 'role="alert" tabindex="-1" autofocus' in text
    assert 'aria-invalid="true" aria-describedby="title-hint title-error"' in text
    assert '<label for="title">Judul</label>' in text
    assert "aria-invalid" not in render('{{ forms.field("title", "Judul") }}')


def test_each_form_part_keeps_what_was_typed() -> None:
    text = render(
        '{{ forms.textarea("a", "A", "<b>") }}{{ forms.select("b", "B", [(1, "satu"), (2, "dua")], "2") }}'
        '{{ forms.radios("c", "C", [("x", "X"), ("y", "Y")], "y", {"c": "Pilih."}) }}'
        '{{ forms.checkbox("d", "D", is_checked=true) }}{{ forms.file("e", "E", accept=".csv", is_optional=true) }}'
    )
    assert "&lt;b&gt;</textarea>" in text
    assert '<option value="2" selected>dua</option>' in text
    assert 'value="y" checked>' in text
    assert 'aria-describedby="c-error"' in text
    assert 'value="ya" checked' in text
    assert "(boleh kosong)" in text


def test_tables_badges_and_page_numbers() -> None:
    text = render(
        '{% call parts.table("Buku", ["Judul", "Lembar"], numeric=[1]) %}<tr><td>{{ x }}</td></tr>{% endcall %}'
        '{{ parts.badge("Terbit", "good") }}{{ parts.pagination(2, 3, "/loans?page=") }}{{ parts.pagination(1, 1, "/") }}'
        '{{ parts.facts([("Judul", x)]) }}',
        x="<i>",
    )
    assert '<th scope="col" class="number">Lembar</th>' in text
    assert "<td>&lt;i&gt;</td>" in text
    assert '<span class="badge badge-good">Terbit</span>' in text
    assert 'rel="prev" href="/loans?page=1"' in text
    assert 'rel="next" href="/loans?page=3"' in text
    assert text.count("<nav") == 1


def test_formats_are_indonesian() -> None:
    assert formats.tanggal(date(2021, 5, 5)) == "5 Mei 2021"
    assert formats.waktu(1_620_000_000_000, timezone(timedelta(hours=7))) == "3 Mei 2021 07.00"
    assert formats.hari(1_620_000_000_000, timezone(timedelta(hours=7))) == "3 Mei 2021"
    assert formats.hari(2**62, UTC) == formats.NO_CALENDAR
    assert formats.tanggal_iso("2021-05-05") == "5 Mei 2021"
    assert formats.tanggal_iso("2021-02-31") == "2021-02-31"
    assert formats.bulan("2021-05..2021-05") == "Mei 2021"
    assert formats.bulan("2021-05..2021-07") == "Mei-Juli 2021"
    assert formats.bulan("2020-11..2021-01") == "November 2020-Januari 2021"
    assert formats.bulan("2021-13..2022-01") == "2021-13..2022-01"
    assert formats.angka(12373) == "12.373"
    assert formats.rupiah(8_661_100_000) == "Rp8.661.100.000"
    assert formats.rupiah(-700_000) == "-Rp700.000"


@pytest.mark.parametrize(
    ("asked", "pages", "number"),
    [("", 3, 1), ("2", 3, 2), ("99", 3, 3), ("0", 3, 1), ("-1", 3, 1), ("٣", 3, 1), ("9" * 5000, 3, 1), ("x", 1, 1)],
)
def test_any_page_asked_for_is_one_that_exists(asked: str, pages: int, number: int) -> None:
    assert page_number(asked, pages) == number


def test_an_empty_list_has_one_page() -> None:
    assert [page_count(total, 50) for total in (0, 1, 50, 51)] == [1, 1, 1, 2]
