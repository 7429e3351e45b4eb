# ruff: noqa: F811 - the fixtures `counter` and `hall` are imported
"""No export of the village or the centre acts in the spreadsheet that opens it: every address that gives out a table, walked
with hostile names in the archive. A new export is found by what it answers, and has to be in the tables of routes anyway.
"""

import csv
import io
import re
from collections.abc import Awaitable, Callable
from itertools import cycle
from pathlib import Path

import openpyxl
from aiohttp import ClientResponse
from msgspec.structs import replace
from typer.testing import CliRunner

from central.__main__ import program as centre_program
from central.domain.determination import list_hash, signed_message, write_list
from central.domain.lists import Kind
from central.store import determinations
from central.store.determinations import Determined
from chassis.csv_text import FORMULA_STARTS, UNSEEN
from chassis.database import Connection
from tests.agent.conftest import counter  # noqa: F401 - a fixture
from tests.agent.office import Counter
from tests.agent.test_web_counter import paths as village_paths
from tests.agent.test_web_registers import hand_over
from tests.central.desk import BLT_DD, nik
from tests.central.list_desk import bring, columns, csv_list, person, send
from tests.central.test_web_pages import Hall, hall, paths  # noqa: F401 - a fixture

HOSTILE = (
    "=cmd|'/C calc'!A0",
    "+cmd|'/C calc'!A0",
    "-2+3+cmd|'/C calc'!A0",
    "@SUM(1+1)*cmd|'/C calc'!A0",
    "\t=1+1",
    "\r=1+1",
    "\n=1+1",
    " =1+1",
    "\u00a0=1+1",
    '=HYPERLINK("http://x","SITI")',
)
TABLES = {"text/csv": "csv", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": "xlsx"}
LONG = re.compile(r"[0-9]{12,}")
"""From here on a spreadsheet rounds a number."""


def cells_of_csv(content: bytes, delimiter: str = ";") -> list[str]:
    """Every cell; no one of them begins a formula, or is a number that would be rounded."""
    text = content.decode("utf-8-sig")
    cells = [cell for row in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter) for cell in row]
    for cell in cells:
        assert cell == "-" or not cell.lstrip(UNSEEN).startswith(FORMULA_STARTS), cell
        assert not LONG.fullmatch(cell), "a long number that is no text"
    return cells


def cells_of_xlsx(content: bytes) -> list[str]:
    """Every cell of every sheet; none is a formula or a link, and no number is long."""
    book = openpyxl.load_workbook(io.BytesIO(content))
    assert book.vba_archive is None
    cells = [cell for sheet in book for row in sheet.iter_rows() for cell in row if cell.value is not None]
    for cell in cells:
        assert cell.data_type in ("s", "n"), (cell.coordinate, cell.data_type)
        assert cell.hyperlink is None
        assert cell.data_type == "s" or not LONG.fullmatch(str(cell.value)), "a number that would be rounded"
    return [str(cell.value) for cell in cells]


async def walk(addresses: dict[str, str], get: Callable[[str], Awaitable[ClientResponse]]) -> dict[str, list[str]]:
    """The cells of every table that is given out, by route."""
    found = {}
    for route, path in addresses.items():
        answer = await get(path)
        kind = TABLES.get(answer.headers.get("Content-Type", "").partition(";")[0])
        if kind is not None:
            content = await answer.read()
            found[route] = cells_of_csv(content) if kind == "csv" else cells_of_xlsx(content)
    return found


def has_hostile(cells: list[str]) -> bool:
    return any("cmd|" in cell for cell in cells)


async def test_the_villages_books(counter: Counter) -> None:
    head, clerk = await counter.browser("head"), await counter.browser()
    addresses = await village_paths(counter, clerk)
    assert await hand_over(clerk, await counter.issue(clerk), received_by="kurir") == 303

    async def poison(connection: Connection) -> None:
        """As a log of another program could bring them: what is typed here is checked."""
        for table, column in POISONED:
            rows = await connection.fetch_all(f"SELECT rowid FROM {table}")
            for (row,), words in zip(rows, cycle(HOSTILE)):
                await connection.execute(f"UPDATE {table} SET {column} = $1 WHERE rowid = $2", words, row)

    await counter.store.database.transact(poison)
    found = await walk(addresses, head.get)
    assert found.keys() == {route for route in addresses if route.endswith(("/csv", "/xlsx"))}
    assert len(found) == 10
    for route, cells in found.items():
        assert has_hostile(cells), f"nothing hostile was in {route}"


POISONED = [
    ("resident", "name"),
    ("resident", "address"),
    ("letter", "subject_name"),
    ("incoming", "sender"),
    ("incoming", "subject"),
    ("handover", "recipient"),
    ("handover", "received_by"),
]


async def determine(hall: Hall) -> None:
    """A second list of the story's cycle: everybody on it has a hostile name, bank and account."""
    regency = hall.story.regency
    first = await regency.database.read(lambda c: determinations.one(c, BLT_DD.code, 1))
    assert first is not None
    before = first.list
    entries = tuple(
        replace(
            before.entries[0],
            number=n,
            record=bytes([n]) * 16,
            name=words,
            bank=words,
            account_number=nik(n),
            account_name=words,
        )
        for n, words in enumerate(HOSTILE, start=1)
    )
    found = replace(
        before,
        kind="follow_up",
        number=2,
        replaces=first.hash,
        entries=entries,
        added=tuple(each.record for each in entries),
    )
    content = write_list(found)
    digest = list_hash(content)
    signature = regency.key.sign(signed_message(digest))
    locked = Determined(
        BLT_DD.code, 2, "follow_up", digest, signature, len(entries), 300_000, "sari", "budi", 0, content
    )
    await regency.database.transact(lambda c: determinations.add(c, locked, first.hash))


async def test_the_centres_lists(hall: Hall) -> None:
    await determine(hall)
    people = [
        person(n, Nama=words.strip(), Bansos=words.strip(), Periode=words.strip()) for n, words in enumerate(HOSTILE)
    ]
    content = csv_list(Kind.COVERAGE, *people).replace(b"Bansos", b"=cmd|program")
    path, html = await bring(hall, content, "=cmd|daftar.csv")
    path, html = await send(hall, path, html, **columns(html) | {"column-5": "scheme"})
    addresses = paths(hall.story) | {"/imports/{id}/report.csv": path + "/report.csv"}
    addresses |= {
        route: addresses[route].replace("/lists/1/", "/lists/2/") for route in addresses if "payment." in route
    }
    browser = await hall.browser()
    found = await walk(addresses, browser.get)
    assert found.keys() == {route for route in addresses if route.endswith((".csv", ".xlsx"))}
    assert len(found) == 4
    del found["/overlaps.csv"]  # nothing in it was written by anybody outside this program
    for route, cells in found.items():
        assert has_hostile(cells), f"nothing hostile was in {route}"
    assert any(nik(1) in cell for cell in found["/rosters/{cycle}/lists/{number}/payment.xlsx"])


def test_the_report_of_the_import_command(tmp_path: Path) -> None:
    """The one command that writes a table."""
    settings, listed, report = (tmp_path / name for name in ("central.toml", "list.csv", "report.csv"))
    settings.write_text(f'data_folder = "{tmp_path}/data"\nidentity_folder = "{tmp_path}/identity"\n')
    listed.write_bytes(csv_list(Kind.COVERAGE, person(1, Bansos="LAIN")).replace(b"Bansos", b"=cmd|program"))
    words = ["import", str(listed), "--permission", "PKS 1", "--as-of", "2021-04-30", "--report", str(report)]
    words += ["--column", "=cmd|program=scheme", "--settings", str(settings), "--dry-run"]
    done = CliRunner().invoke(centre_program, words)
    assert done.exit_code == 0, done.output
    assert has_hostile(cells_of_csv(report.read_bytes(), ","))


def test_nothing_else_writes_workbooks_and_no_cell_is_written_by_its_look() -> None:
    """`write` and its like take `=...` for a formula and digits for a number; `write_string` takes nothing for anything."""
    root = Path(__file__).parents[1]
    sources = {
        str(path.relative_to(root)): path.read_text("utf-8")
        for room in ("agent", "central", "chassis")
        for path in (root / room).rglob("*.py")
    }
    writers = {name for name, text in sources.items() if re.search("import (xlsxwriter|openpyxl)", text)}
    assert writers == {"agent/render/books.py", "central/render/tables.py"}
    for name in writers:
        assert set(re.findall(r"sheet\.(write\w*)\(", sources[name])) <= {"write_string", "write_number"}
