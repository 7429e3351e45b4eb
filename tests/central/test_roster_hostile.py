# ruff: noqa: F811 - the fixture `hall` is imported
"""Files that mean harm, and files that come twice, half, or from two desks at once: the rest of test_roster_cases' table."""

import asyncio
import resource
import tracemalloc
from pathlib import Path

import pytest
from aiohttp import FormData

from central.domain.lists import Kind
from central.imports import ImportRefused, table_of
from chassis.database import Connection
from chassis.spreadsheets import Limits, WorkbookRefused, read_workbook
from chassis.web.accounts import create_account
from tests.central.desk import nik
from tests.central.list_desk import (
    ORIGIN,
    bring,
    cells_of,
    columns,
    compound,
    csv_list,
    errors_of,
    hall,  # noqa: F401 - a fixture
    held,
    offer,
    person,
    rezipped,
    send,
    settled,
    token_of,
)
from tests.central.test_web_pages import HASH, Hall
from tests.chassis.test_spreadsheets import bomb, workbook

pytestmark = pytest.mark.asyncio(loop_scope="module")
C, P = Kind.COVERAGE, Kind.PROPOSALS
SECRET = "rahasia-di-luar-berkas"


# --------------------------------------------------------------------------------------------- hostile files


async def test_a_bomb_costs_the_child_and_nobody_else(hall: Hall) -> None:
    """The officer gets a page that says it is being opened, everybody else gets theirs, and in the end there is a sentence."""
    browser, before = await hall.browser(), await held(hall)
    size = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    form = FormData()
    for key, value in (ORIGIN | {"csrf": token_of(await (await browser.get("/imports")).text())}).items():
        form.add_field(key, value)
    form.add_field("file", bomb(12_000_000), filename="bom.xlsx")
    answer = await browser.post("/imports", form)
    assert answer.url.path.endswith("/progress")
    assert (await browser.get("/decisions")).status == 200
    answer = await browser.get(str(answer.url.relative()))
    assert answer.url.path.endswith("/progress"), "the others did not have to wait for it"
    _, html = await settled(hall, answer)
    assert "terlalu besar. Buka berkasnya dengan Excel" in errors_of(html)
    assert await held(hall) == before
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - size < 64 * 1024


async def test_the_child_has_the_memory_that_it_is_given() -> None:
    limits = Limits(memory_bytes=200 * 1024 * 1024)
    with pytest.raises(WorkbookRefused, match="terlalu besar"):
        await read_workbook(bomb(5_000_000), 0, limits)


ENTITIES = '<!DOCTYPE x [<!ENTITY e SYSTEM "file://{path}"><!ENTITY a "bbbbbbbbbb"><!ENTITY c "&a;&a;&a;&a;&a;">]>'
SHEET = """<?xml version="1.0"?>{entities}
<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>
<row r="1">{head}</row><row r="2">{row}</row></sheetData></worksheet>"""


def sheet_of(kind: Kind, name: str, entities: str = "") -> bytes:
    def inline(cells: list[str]) -> str:
        return "".join(f'<c t="inlineStr"><is><t>{cell}</t></is></c>' for cell in cells)

    head, row = cells_of(kind, person(49, Nama=name))
    return SHEET.format(entities=entities, head=inline(head), row=inline(row)).encode()


@pytest.mark.parametrize("kind", Kind)
@pytest.mark.parametrize("name", ["&e;", "&c;"])
async def test_an_entity_is_never_resolved(hall: Hall, kind: Kind, name: str, tmp_path: Path) -> None:
    """Neither a file beside the program nor a text that grows: a list has no use for either."""
    (tmp_path / "secret.txt").write_text(SECRET)
    entities = ENTITIES.format(path=tmp_path / "secret.txt")
    content = rezipped(workbook(list(cells_of(kind, person(49)))), {MEMBER: sheet_of(kind, name, entities)})
    before = await held(hall)
    told = await offer(hall, content, kind, "xxe.xlsx")
    assert "tidak dapat dibaca sebagai lembar kerja. Buka berkasnya dengan Excel" in told.refused
    assert SECRET not in str(told)
    assert await held(hall) == before


MEMBER = "xl/worksheets/sheet1.xml"


@pytest.mark.parametrize("kind", Kind)
async def test_what_a_workbook_carries_beside_its_cells_does_nothing(hall: Hall, kind: Kind, tmp_path: Path) -> None:
    """Members that leave their folder, and a macro: only cells are read, and nothing is ever unpacked to a disk."""
    slip = tmp_path / "slip.txt"
    more = {f"../../..{slip}": b"x", str(slip): b"x", "xl/vbaProject.bin": compound("VBA", b"Shell")}
    content = rezipped(workbook(list(cells_of(kind, person(49)))), {MEMBER: sheet_of(kind, "MAWAR"), **more})
    told = await offer(hall, content, kind, "makro.xlsm")
    assert told.fates() == ["Dipakai"]
    assert list(tmp_path.iterdir()) == []


async def test_a_million_rows_are_refused_at_once(hall: Hall) -> None:
    content = b"NIK;Nama\n" + f"{nik(1)};WARGA\n".encode() * 1_000_000
    before = await held(hall)
    told = await offer(hall, content, C)
    assert "Berkas berisi lebih dari 300000 baris. Bagi per kecamatan" in told.refused
    assert await held(hall) == before
    tracemalloc.start()
    with pytest.raises(ImportRefused):
        table_of(content)
    grown = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert grown < 1_000_000, "a file that is too long is never made text of"


# ------------------------------------------------------------------------------------------ twice, and in part


@pytest.mark.parametrize("kind", Kind)
async def test_the_same_file_twice_changes_nothing(hall: Hall, kind: Kind) -> None:
    content = csv_list(kind, person(50))
    assert (await offer(hall, content, kind, "april.csv")).fates() == ["Dipakai"]
    before = await held(hall)
    told = await offer(hall, content, kind, "salinan.csv")
    assert "Berkas ini sudah diimpor sebagai april.csv. Tidak ada yang diubah." in told.refused
    assert await held(hall) == before


async def test_two_officers_at_once_import_once(hall: Hall) -> None:
    """The same file from two desks in the same moment, step by step: one draft, one report, one set of facts."""
    content, before = csv_list(C, *map(person, range(51, 60))), await held(hall)
    await second_officer(hall)
    desks = ("officer", SECOND)
    brought = await asyncio.gather(*(bring(hall, content, f"{role}.csv", role) for role in desks))
    assert len({path for path, _ in brought}) == 1
    path, one = brought[0][0], brought[0][0].removesuffix("/plan")
    checked = await asyncio.gather(
        *(send(hall, path, html, role, **columns(html)) for role, (_, html) in zip(desks, brought, strict=True))
    )
    assert {each for each, _ in checked} == {one}
    pages = zip(desks, checked, strict=True)
    done = await asyncio.gather(*(send(hall, one + "/accept", html, role, mode="valid") for role, (_, html) in pages))
    assert [errors_of(html) for _, html in done] == ["", ""]
    after = await held(hall)
    grown = {table: after[table] - before[table] for table in after}
    assert grown == {
        "import_file": 1,
        "import_row": 9,
        "import_part": 0,
        "coverage": 9,
        "proposal": 0,
        "audit_trail": 1,
    }


SECOND = "officer2"


async def second_officer(hall: Hall) -> None:
    async def add(connection: Connection) -> None:
        await create_account(
            connection, login=SECOND, display_name="Petugas", role="officer", scope="", password_hash=HASH, now_ms=0
        )

    await hall.story.regency.database.transact(add)


@pytest.mark.parametrize("kind", Kind)
async def test_half_a_file(hall: Hall, kind: Kind) -> None:
    """The row in which it was cut is told, the ones before it are sound, and none of those behind it is made up."""
    content = csv_list(kind, *map(person, range(60, 70)))
    told = await offer(hall, content[: len(content) // 2], kind)
    *whole, last = told.rows.values()
    assert [fate for fate, *_ in whole] == ["Dipakai"] * len(whole)
    assert 3 <= len(whole) < 6
    assert last[0] == "Ditolak"
    assert "barisnya terpotong atau bergeser" in last[1]


async def test_half_an_upload_is_nothing(hall: Hall) -> None:
    """The line is cut while the file comes in: as if nobody had sent it."""
    browser, before = await hall.browser(), await held(hall)
    token = token_of(await (await browser.get("/imports")).text())
    parts = [f'name="{name}"\r\n\r\n{value}' for name, value in ({"csrf": token} | ORIGIN).items()]
    parts.append('name="file"; filename="a.csv"\r\n\r\n' + csv_list(C, *map(person, range(70, 80))).decode())
    body = "".join(f"--x\r\nContent-Disposition: form-data; {part}\r\n" for part in parts) + "--x--\r\n"
    cookies = "; ".join(f"{name}={value}" for name, value in browser.cookies().items())
    head = [
        "POST /imports HTTP/1.1",
        f"Host: {hall.server.host}:{hall.server.port}",
        f"Origin: {browser.origin}",
        f"Cookie: {cookies}",
        "Accept: text/html",
        "Content-Type: multipart/form-data; boundary=x",
        f"Content-Length: {len(body)}",
        "Connection: close",
    ]

    async def post(sent: str) -> bytes:
        reader, writer = await asyncio.open_connection(hall.server.host, hall.server.port)
        writer.write(("\r\n".join(head) + "\r\n\r\n" + sent).encode())
        if len(sent) < len(body):
            writer.write_eof()
        answer = await reader.read()
        writer.close()
        return answer

    await post(body[: len(body) // 2])
    assert await held(hall) == before
    assert b" 303 " in (await post(body)).partition(b"\r\n")[0], "the same in full is taken"
    assert (await held(hall))["import_file"] == before["import_file"] + 1
