"""From a file's bytes to its table: a workbook is unpacked in a child process first, text is read here."""

import asyncio

from central.domain.lists import Table, open_table
from chassis.spreadsheets import CENTRE, Workbook, WorkbookRefused, is_workbook, read_workbook
from protocol.lists.tables import FILE_BYTES_MAX, ListRefused


class ImportRefused(Exception):
    """The whole file is refused and nothing was taken over; the message is Indonesian and names the cure."""


async def as_text(content: bytes, sheet: int = 0) -> Workbook:
    """The file as delimited text; of a workbook the sheet with that number (0: the first with rows) and all their names."""
    if not is_workbook(content):
        return Workbook(content, (), 0)
    if len(content) > FILE_BYTES_MAX:
        raise ImportRefused("Berkas terlalu besar. Bagi per kecamatan, lalu impor satu per satu.")
    try:
        return await read_workbook(content, sheet, CENTRE)
    except WorkbookRefused as refused:
        raise ImportRefused(str(refused)) from None


def table_of(text: bytes) -> Table:
    """Raises ImportRefused. Takes a second for a very long list."""
    table = open_table(text)
    if isinstance(table, ListRefused):
        raise ImportRefused(table.sentence)
    return table


async def open_list(content: bytes, sheet: int = 0) -> tuple[Table, Workbook]:
    """Both, beside the event loop."""
    book = await as_text(content, sheet)
    return await asyncio.to_thread(table_of, book.text), book
