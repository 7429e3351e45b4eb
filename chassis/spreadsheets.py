"""Workbooks (XLSX, XLS, ODS) as CSV text: unpacked in a child process with limits, never in this one.

What it must never do: unpack a byte of a workbook here (160 KB of XLSX can cost a gigabyte), or write one to disk.
Place in the flow: whoever takes lists from people calls `as_csv` or `read_workbook`, then reads every list as text.
"""

import asyncio
import json
import signal
import sys
from dataclasses import dataclass
from pathlib import Path

MIB = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Limits:
    """What one workbook may cost. `csv_bytes`: its text; `cells`, `rows`: of one sheet; memory and processor are the child's."""

    seconds: float = 30
    csv_bytes: int = 32 * MIB
    memory_bytes: int = 512 * MIB
    cpu_seconds: int = 20
    cells: int = 4_000_000
    rows: int = 500_000


VILLAGE = Limits()
"""An honest list of 30,000 rows takes two seconds and 150 MB; its text is a quarter of this."""
CENTRE = Limits(
    seconds=120, csv_bytes=96 * MIB, memory_bytes=1536 * MIB, cpu_seconds=90, cells=10_000_000, rows=300_000
)
"""50,000 rows of 20 columns, each cell another text, take 320 MB; a list of more than 200,000 such rows comes as CSV."""

HEADING_BYTES_MAX = 64 * 1024
"""The names of a workbook's sheets."""

_CHILD = Path(__file__).with_name("spreadsheet_child.py")
_SIGNATURES = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0")
_CURE = "Buka berkasnya dengan Excel atau LibreOffice, lalu simpan sebagai CSV."
_TOO_LARGE = f"Lembar di berkas ini terlalu besar. {_CURE}"
_SENTENCES = {
    3: "Berkas ini dikunci kata sandi. Simpan ulang tanpa kata sandi.",
    5: "Berkas ini tidak memuat lembar yang terisi. Periksa apakah berkas yang dipilih sudah benar.",
    6: _TOO_LARGE,
    -signal.SIGABRT: _TOO_LARGE,  # how the library ends where it is given no more memory
    -signal.SIGXCPU: _TOO_LARGE,
    -signal.SIGKILL: _TOO_LARGE,
}
_TOO_MANY_ROWS = 7
_BROKEN = f"Berkas ini tidak dapat dibaca sebagai lembar kerja. {_CURE}"


class WorkbookRefused(Exception):
    """The message is Indonesian and names the cure."""


@dataclass(frozen=True, slots=True)
class Workbook:
    """One sheet as CSV (`;`, UTF-8; line n is row n), the names of all visible sheets, and which it is, counted from 1."""

    text: bytes
    sheets: tuple[str, ...]
    sheet: int


def is_workbook(content: bytes) -> bool:
    """By its first bytes, whatever its name says."""
    return content.startswith(_SIGNATURES)


async def as_csv(content: bytes, limits: Limits = VILLAGE) -> bytes:
    """The first visible sheet that has rows. Raises WorkbookRefused."""
    return (await read_workbook(content, 0, limits)).text


async def read_workbook(content: bytes, sheet: int = 0, limits: Limits = VILLAGE) -> Workbook:
    """The visible sheet with this number, counted from 1; 0: the first that has rows. Raises WorkbookRefused."""
    child = await asyncio.create_subprocess_exec(
        sys.executable,
        "-I",
        str(_CHILD),
        *map(str, (sheet, limits.memory_bytes, limits.cpu_seconds, limits.cells, limits.rows)),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,  # a traceback would carry cells into the log
        limit=HEADING_BYTES_MAX,
    )
    try:
        said = await asyncio.wait_for(_exchange(child, content, limits.csv_bytes), limits.seconds)
    except (TimeoutError, ValueError):  # ValueError: a heading without an end
        raise WorkbookRefused(_BROKEN) from None
    finally:
        if child.returncode is None:
            child.kill()
            await child.wait()
    if child.returncode == _TOO_MANY_ROWS:
        raise WorkbookRefused(f"Lembar di berkas ini berisi lebih dari {limits.rows} baris. Bagi per kecamatan.")
    if child.returncode != 0:
        raise WorkbookRefused(_SENTENCES.get(child.returncode or 0, _BROKEN))
    return said


async def _exchange(child: asyncio.subprocess.Process, content: bytes, csv_bytes_max: int) -> Workbook:
    assert child.stdin is not None
    assert child.stdout is not None
    feeding = asyncio.create_task(_feed(child.stdin, content))
    heading = await child.stdout.readline()
    text = bytearray()
    while chunk := await child.stdout.read(HEADING_BYTES_MAX):
        text += chunk
        if len(text) > csv_bytes_max:
            feeding.cancel()
            raise WorkbookRefused(_TOO_LARGE)
    await feeding
    await child.wait()
    if not heading:
        return Workbook(b"", (), 0)
    number, names = json.loads(heading)
    return Workbook(bytes(text), tuple(names), number)


async def _feed(stdin: asyncio.StreamWriter, content: bytes) -> None:
    try:
        stdin.write(content)
        await stdin.drain()
        stdin.close()
        await stdin.wait_closed()
    except (BrokenPipeError, ConnectionResetError):
        pass  # the child gave up early; its exit code says why
