"""Workbooks (XLSX, XLS, ODS) as CSV text: unpacked in a child process with limits, never in this one.

What it must never do: unpack a byte of a workbook here (160 KB of XLSX can cost a gigabyte), or write one to disk.
Place in the flow: whoever takes lists from people calls `as_csv`, then reads every list as text.
"""

import asyncio
import sys
from pathlib import Path

SECONDS_MAX = 30
"""Longest wait; an honest list of 30,000 rows takes two seconds."""
CSV_BYTES_MAX = 32 * 1024 * 1024
"""Text of a workbook: four times the largest CSV that is taken."""

_CHILD = Path(__file__).with_name("spreadsheet_child.py")
_SIGNATURES = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0")
_CURE = "Buka berkasnya dengan Excel atau LibreOffice, lalu simpan sebagai CSV."
_SENTENCES = {
    3: "Berkas ini dikunci kata sandi. Simpan ulang tanpa kata sandi.",
    5: "Berkas ini tidak memuat lembar yang terisi. Periksa apakah berkas yang dipilih sudah benar.",
    6: f"Lembar di berkas ini terlalu besar. {_CURE}",
}
_BROKEN = f"Berkas ini tidak dapat dibaca sebagai lembar kerja. {_CURE}"


class WorkbookRefused(Exception):
    """The message is Indonesian and names the cure."""


def is_workbook(content: bytes) -> bool:
    """By its first bytes, whatever its name says."""
    return content.startswith(_SIGNATURES)


async def as_csv(content: bytes) -> bytes:
    """The first visible sheet that has rows, as CSV (`;`, UTF-8): line n is row n of the sheet. Raises WorkbookRefused."""
    child = await asyncio.create_subprocess_exec(
        sys.executable,
        "-I",
        str(_CHILD),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,  # a traceback would carry cells into the log
        limit=CSV_BYTES_MAX,
    )
    try:
        text = await asyncio.wait_for(_exchange(child, content), SECONDS_MAX)
    except TimeoutError:
        raise WorkbookRefused(_BROKEN) from None
    finally:
        if child.returncode is None:
            child.kill()
            await child.wait()
    if child.returncode != 0:
        raise WorkbookRefused(_SENTENCES.get(child.returncode or 0, _BROKEN))
    return text


async def _exchange(child: asyncio.subprocess.Process, content: bytes) -> bytes:
    assert child.stdin is not None
    assert child.stdout is not None
    feeding = asyncio.create_task(_feed(child.stdin, content))
    text = bytearray()
    while chunk := await child.stdout.read(64 * 1024):
        text += chunk
        if len(text) > CSV_BYTES_MAX:
            feeding.cancel()
            raise WorkbookRefused(_SENTENCES[6])
    await feeding
    await child.wait()
    return bytes(text)


async def _feed(stdin: asyncio.StreamWriter, content: bytes) -> None:
    try:
        stdin.write(content)
        await stdin.drain()
        stdin.close()
        await stdin.wait_closed()
    except (BrokenPipeError, ConnectionResetError):
        pass  # the child gave up early; its exit code says why
