"""An officer who brings lists to the centre's own pages: from the file to the report, and the files that people bring."""

import asyncio
import csv
import io
import re
import struct
import zipfile
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from html import escape, unescape

import pytest
import pytest_asyncio
from aiohttp import ClientResponse, FormData

from central.domain.lists import Kind
from tests.central.desk import PANGAN, kk, nik
from tests.central.test_web_pages import Hall, opened_hall

ORIGIN = {"kind": "coverage", "permission": "MoU 7/2021", "as_of": "2021-04-30"}
WAITS = 6_000
"""Looks at the page that refreshes itself, 20 ms apart."""
DESA = ("SUKOJATI", "BLIMBINGSARI")
TITLES = {
    Kind.COVERAGE: ["NIK", "No KK", "Nama", "Desa", "Kecamatan", "Bansos", "Periode"],
    Kind.PROPOSALS: ["NIK", "No KK", "Nama", "Desa", "Kecamatan"],
}
OF_ALL_ROWS = {Kind.COVERAGE: {}, Kind.PROPOSALS: {"cycle": PANGAN.code}}
"""What an officer has to say of a list in these titles."""


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def hall(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Hall]:
    """One office for all cases of a module: each brings people of its own."""
    async with opened_hall(tmp_path_factory.mktemp("centre")) as hall:
        yield hall


# ------------------------------------------------------------------------------------------------- the pages


async def bring(
    hall: Hall, content: bytes, name: str = "daftar.csv", role: str = "officer", **said: str
) -> tuple[str, str]:
    """Where it led, and the page."""
    browser = await hall.browser(role)
    html = await (await browser.get("/imports")).text()
    form = FormData()
    form.add_field("csrf", token_of(html))
    for key, value in (ORIGIN | said).items():
        form.add_field(key, value)
    form.add_field("file", content, filename=name, content_type="application/octet-stream")
    return await settled(hall, await browser.post("/imports", form), role)


async def settled(hall: Hall, answer: ClientResponse, role: str = "officer") -> tuple[str, str]:
    """Follows the page that refreshes itself to where it ends."""
    browser = await hall.browser(role)
    for _ in range(WAITS):
        if not answer.url.path.endswith("/progress"):
            return answer.url.path, await answer.text()
        assert answer.headers["Refresh"] == "2"
        await asyncio.sleep(0.02)
        answer = await browser.get(str(answer.url.relative()))
    raise AssertionError("it never ended")


async def send(hall: Hall, path: str, html: str, role: str = "officer", **fields: str) -> tuple[str, str]:
    browser = await hall.browser(role)
    return await settled(hall, await browser.post(path, {"csrf": token_of(html), **fields}), role)


def token_of(html: str) -> str:
    found: str = re.findall(r'name="csrf" value="([^"]+)"', html)[0]
    return found


def columns(html: str) -> dict[str, str]:
    """The mapping as the page offers it."""
    found = {}
    for number, options in re.findall(r'<select id="column-(\d+)"[^>]*>(.*?)</select>', html, re.DOTALL):
        chosen = re.findall(r'value="([^"]*)" selected', options)
        found[f"column-{number}"] = chosen[0] if chosen else ""
    return found


def errors_of(html: str) -> str:
    """What the error summary says; empty where there is none."""
    found = re.findall(r'<[a-z]+[^>]*class="[^"]*error-summary[^"]*".*?</ul>', html, re.DOTALL)
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", " ".join(found))).split())


@dataclass
class Told:
    """What an officer saw of a list. `refused`: the error summary where it came to nothing; `rows`: the report's, by line."""

    number: int = 0
    refused: str = ""
    rows: dict[int, list[str]] = field(default_factory=dict)
    """Fate, and every remark as `column: value: reason`."""

    def fates(self) -> list[str]:
        return [said[0] for said in self.rows.values()]


async def offer(hall: Hall, content: bytes, kind: Kind, name: str = "daftar.csv", **said: str) -> Told:
    """Bring a list, leave its columns as the titles suggest, look at the report, and import the rows that are sound.

    `said`: fields of the mapping page beside its columns.
    """
    path, html = await bring(hall, content, name, kind=kind.value)
    if refused := errors_of(html):
        return Told(0, refused)
    number = int(path.split("/")[2])
    path, html = await send(hall, path, html, **columns(html) | OF_ALL_ROWS[kind] | said)
    if refused := errors_of(html):
        return Told(number, refused)
    rows = await report(hall, number)
    path, html = await send(hall, f"/imports/{number}/accept", html, mode="valid")
    return Told(number, errors_of(html), rows)


async def report(hall: Hall, number: int) -> dict[int, list[str]]:
    text = await (await (await hall.browser()).get(f"/imports/{number}/report.csv")).text()
    rows: dict[int, list[str]] = {}
    for line, fate, *remark in list(csv.reader(io.StringIO(text.removeprefix("\ufeff")), delimiter=";"))[1:]:
        rows.setdefault(int(line), [fate])
        if any(remark):
            rows[int(line)].append(": ".join(remark))
    return rows


async def held(hall: Hall) -> dict[str, int]:
    """How much of lists is in the archive: files, rows and what they brought."""
    tables = ("import_file", "import_row", "import_part", "coverage", "proposal", "audit_trail")
    return {table: await hall.story.regency.value(f"SELECT count(*) FROM {table}") for table in tables}


async def discard(hall: Hall, number: int) -> None:
    _, html = await settled(hall, await (await hall.browser()).get(f"/imports/{number}"))
    await send(hall, f"/imports/{number}/discard", html)


async def facts_of(hall: Hall, number: int) -> int:
    """What of a list is in force."""
    regency = hall.story.regency
    found = 0
    for table in ("coverage", "proposal"):
        found += await regency.value(f"SELECT count(*) FROM {table} WHERE import = $1", number)
    return found


# ------------------------------------------------------------------------------------------------- the files


def person(number: int, **cells: str) -> dict[str, str]:
    """A row of a list that nothing is wrong with, but for the cells that are told otherwise."""
    usual = {"NIK": nik(number), "No KK": kk(number), "Nama": f"WARGA {NAMES[number % len(NAMES)]}"}
    return usual | {"Desa": DESA[0], "Kecamatan": DESA[1], "Bansos": "PKH", "Periode": "2021-01 s/d 2021-12"} | cells


NAMES = ("ANGGREK", "BUGENVIL", "CEMPARA", "DAHLIA", "EDELWEIS", "FLAMBOYAN", "GARDENIA")


def cells_of(kind: Kind, *people: dict[str, str]) -> list[list[str]]:
    """Titles and rows. A title that is none of the kind's own gets a column at the end."""
    titles = list(
        dict.fromkeys([*TITLES[kind], *(t for each in people for t in each if t not in TITLES[Kind.COVERAGE])])
    )
    return [titles, *([each.get(title, "") for title in titles] for each in people)]


def text_of(rows: list[list[str]], delimiter: str = ";") -> str:
    return "\r\n".join(delimiter.join(row) for row in rows) + "\r\n"


def csv_list(kind: Kind, *people: dict[str, str]) -> bytes:
    return text_of(cells_of(kind, *people)).encode()


def compound(name: str, content: bytes) -> bytes:
    """One stream in a compound file, which is what old workbooks and encrypted new ones are ([MS-CFB])."""
    stream = content.ljust(max(4096, -(-len(content) // 512) * 512), b"\0")
    sectors = len(stream) // 512
    end, free, fat_sector = 0xFFFFFFFE, 0xFFFFFFFF, 0xFFFFFFFD
    chain = [fat_sector, end, *range(3, 2 + sectors), end]
    fat = struct.pack("<128I", *chain, *[free] * (128 - len(chain)))
    header = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(16) + struct.pack("<5H", 0x3E, 3, 0xFFFE, 9, 6) + bytes(6)
    header += struct.pack("<9I", 0, 1, 1, 0, 4096, end, 0, end, 0) + struct.pack("<109I", 0, *[free] * 108)

    def entry(title: str, kind: int, child: int, start: int, size: int) -> bytes:
        coded = title.encode("utf-16-le") + b"\0\0"
        head = coded.ljust(64, b"\0") + struct.pack("<HBB3I", len(coded), kind, 1, free, free, child)
        return head + bytes(36) + struct.pack("<IQ", start, size)

    unused = bytes(68) + struct.pack("<3I", free, free, free) + bytes(48)
    directory = entry("Root Entry", 5, 1, end, 0) + entry(name, 2, free, 2, len(stream)) + unused * 2
    return header + fat + directory + stream


def old_workbook(rows: list[list[str]], *, is_locked: bool = False) -> bytes:
    """A sheet as Excel 97 wrote it ([MS-XLS]): text in labels. `is_locked`: it says that the rest is encrypted."""

    def record(kind: int, body: bytes) -> bytes:
        return struct.pack("<HH", kind, len(body)) + body

    def text(value: str) -> bytes:
        return struct.pack("<HB", len(value), 0) + value.encode("latin-1")

    kind, end = struct.pack("<HHHHII", 0x0600, 0x0005, 0x0DBB, 1996, 0, 6), record(0x0A, b"")
    begin = record(0x0809, kind) + (record(0x2F, struct.pack("<HHH", 1, 1, 1)) if is_locked else b"")
    labels = b"".join(
        record(0x0204, struct.pack("<HHH", at, column, 0) + text(cell))
        for at, row in enumerate(rows)
        for column, cell in enumerate(row)
    )
    size = struct.pack("<IIHHH", 0, len(rows), 0, len(rows[0]), 0)
    sheet = record(0x0809, kind[:2] + b"\x10\0" + kind[4:]) + record(0x0200, size) + labels + end
    offset = len(begin) + 4 + 8 + len("Data") + len(end)
    bound = record(0x85, struct.pack("<IBBBB", offset, 0, 0, 4, 0) + b"Data")
    return compound("Workbook", begin + bound + end + sheet)


ODS_TYPE = "application/vnd.oasis.opendocument.spreadsheet"
ODS_XML = (
    '<office:document-content xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0"'
    ' xmlns:table="urn:oasis:names:tc:opendocument:xmlns:table:1.0" xmlns:text="urn:oasis:names:tc:opendocument:xmlns:text:1.0">'
    '<office:body><office:spreadsheet><table:table table:name="Data">{rows}</table:table></office:spreadsheet></office:body>'
    "</office:document-content>"
)


def open_workbook(rows: list[list[str]], *, is_locked: bool = False) -> bytes:
    """A sheet as LibreOffice keeps it (OpenDocument 1.2). `is_locked`: its manifest says that the content is encrypted."""

    def cells(row: list[str]) -> str:
        inner = "".join(
            f'<table:table-cell office:value-type="string"><text:p>{escape(cell)}</text:p></table:table-cell>'
            for cell in row
        )
        return f"<table:table-row>{inner}</table:table-row>"

    locked = '<manifest:encryption-data manifest:checksum="x"/>' if is_locked else ""
    manifest = (
        '<manifest:manifest xmlns:manifest="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0"><manifest:file-entry'
        f' manifest:full-path="content.xml" manifest:media-type="text/xml">{locked}</manifest:file-entry></manifest:manifest>'
    )
    body = ODS_XML.format(rows="".join(map(cells, rows)))
    members = {"mimetype": ODS_TYPE, "content.xml": body, "META-INF/manifest.xml": manifest}
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as book:
        for name, member in members.items():
            book.writestr(zipfile.ZipInfo(name), "\x08" * 200 if is_locked and name == "content.xml" else member)
    return out.getvalue()


def rezipped(content: bytes, change: dict[str, bytes]) -> bytes:
    """A workbook with members changed or added."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            new.writestr(name, change.get(name, old.read(name)))
        for name in change.keys() - set(old.namelist()):
            new.writestr(name, change[name])
    return out.getvalue()
