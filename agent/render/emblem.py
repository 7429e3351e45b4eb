"""The emblem beside the letterhead: the office's own file, made ready once, when it is chosen.

Nothing is shipped: a regency's arms are the regency's to give. A picture is read within limits, made no larger than
paper shows and wrapped as SVG; a drawing stays as it is. It stands in the compiler's inputs as text, like the seal.

A file that comes through a page is judged in a process beside, with limits set before its first byte: a drawing of a few
lines can ask for all memory, and every letter would be set with it. The process is this file itself.
"""

import asyncio
import base64
import io
import re
import resource
import sys
import time
from enum import StrEnum
from pathlib import Path
from xml.etree import ElementTree

import typst
from PIL import Image

FILE_BYTES_MAX = 4 * 1024 * 1024
DRAWING_BYTES_MAX = 200_000
"""It is read anew for every page; the arms of a regency, traced, have some 50,000."""
DRAWING_DEPTH_MAX = 64
"""Elements inside each other; a drawing program makes a dozen, and the compiler's stack bears some thousands."""
PIXELS_MAX = 12_000_000
SIDE_PIXELS = 400
"""Some 22 mm on paper: 450 points an inch, more than an office's printer sets."""
COLOURS = 256
"""Arms have a dozen; it keeps a PDF small."""
SETTING_SECONDS_MAX = 0.5
"""On a page by itself. Arms take milliseconds; what takes longer holds up every letter."""
WAIT_SECONDS_MAX = 20
CPU_SECONDS_MAX = 10
MEMORY_BYTES_MAX = 1024 * 1024 * 1024
"""Of addresses, most of it the compiler's fonts; a drawing that asks for more is a bomb."""
_TRIAL = (
    b'#set page(width: auto, height: auto, margin: 0pt)\n#image(bytes(sys.inputs.emblem), format: "svg", height: 20mm)'
)
_OUTSIDE = re.compile(r"^\s*(?!#|data:image/)\S")
"""A reference that is neither into the drawing itself nor a picture inside it."""
_LIVE = {"script", "foreignObject"}
"""Elements that are no drawing. Nothing of ours runs them; a letter that is sent on should hold none."""
_REFUSED, _BROKEN = 3, 4
"""Exit codes of the process beside; anything else but 0 is the limits' work."""


class Fault(StrEnum):
    """Why a file cannot stand on paper."""

    MISSING = "cannot be read"
    TOO_LARGE = f"is larger than {FILE_BYTES_MAX // 1024**2} MB: give a smaller picture"
    DRAWING_TOO_LARGE = f"is a drawing of more than {DRAWING_BYTES_MAX} bytes: give it as a PNG"
    ENTITIES = "defines entities: save it as a plain SVG"
    NO_SVG = "is no SVG: give a PNG, a JPEG or an SVG"
    OTHER_XML = "is XML, but no SVG: give a PNG, a JPEG or an SVG"
    OUTSIDE = "refers to another file: save it with everything inside"
    LIVE = "holds a script or a page: save it as a plain SVG"
    TOO_MANY_PIXELS = f"has more than {PIXELS_MAX // 10**6} million pixels: give a smaller one"
    UNREADABLE = "is no picture that can be read: give a PNG, a JPEG or an SVG"
    TOO_HEAVY = "cannot be set on a page: give a PNG, or a plainer SVG"


class EmblemRefused(Exception):
    """The file cannot stand on paper; the message says why and what to do, for operators."""

    def __init__(self, fault: Fault, name: object = "the file") -> None:
        super().__init__(f"{name} {fault.value}")
        self.fault = fault


def read_emblem(path: Path) -> str:
    """The emblem as SVG, from an operator's PNG, JPEG or SVG file. Raises EmblemRefused."""
    try:
        with path.open("rb") as file:
            content = file.read(FILE_BYTES_MAX + 1)
    except OSError as error:
        raise EmblemRefused(Fault.MISSING, f"{path} ({error.strerror})") from error
    try:
        return make_emblem(content)
    except EmblemRefused as refused:
        raise EmblemRefused(refused.fault, path) from refused


def make_emblem(content: bytes) -> str:
    """The emblem as SVG, tried on a page. Raises EmblemRefused."""
    if len(content) > FILE_BYTES_MAX:
        raise EmblemRefused(Fault.TOO_LARGE)
    is_drawing = content.lstrip(b"\xef\xbb\xbf \t\r\n").startswith((b"<?xml", b"<svg", b"<!--", b"<!DOCTYPE"))
    emblem = _drawing(content) if is_drawing else _picture(content)
    show_emblem("")  # the compiler and its fonts are not the drawing's weight
    started = time.monotonic()
    try:
        show_emblem(emblem)
    except typst.TypstError as error:
        raise EmblemRefused(Fault.TOO_HEAVY) from error
    if time.monotonic() - started > SETTING_SECONDS_MAX:
        raise EmblemRefused(Fault.TOO_HEAVY)
    return emblem


def show_emblem(emblem: str) -> bytes:
    """A PNG of it, as it stands on paper. Raises typst.TypstError."""
    if not emblem:
        emblem = '<svg xmlns="http://www.w3.org/2000/svg" width="1" height="1"/>'
    made = typst.compile(_TRIAL, format="png", ppi=144, sys_inputs={"emblem": emblem}, ignore_system_fonts=True)
    assert isinstance(made, bytes)
    return made


def _drawing(content: bytes) -> str:
    if len(content) > DRAWING_BYTES_MAX:
        raise EmblemRefused(Fault.DRAWING_TOO_LARGE)
    try:
        text = content.decode("utf-8-sig").lstrip()  # and no other encoding, in which an entity could hide
    except UnicodeDecodeError as error:
        raise EmblemRefused(Fault.NO_SVG) from error
    if "<!ENTITY" in text:
        raise EmblemRefused(Fault.ENTITIES)
    root = _parsed(text)
    if root.tag != "{http://www.w3.org/2000/svg}svg":
        raise EmblemRefused(Fault.OTHER_XML)
    for element in root.iter():
        if str(element.tag).rpartition("}")[2] in _LIVE:
            raise EmblemRefused(Fault.LIVE)
        for name, value in element.attrib.items():
            local = name.rpartition("}")[2]
            if local == "href" and _OUTSIDE.match(value):
                raise EmblemRefused(Fault.OUTSIDE)
            if local.startswith("on"):
                raise EmblemRefused(Fault.LIVE)
    return ElementTree.tostring(root, encoding="unicode")


def _parsed(text: str) -> ElementTree.Element:
    """The tree, no deeper than what can be walked. Raises EmblemRefused."""
    depth = 0
    root: ElementTree.Element | None = None
    try:
        for event, element in ElementTree.iterparse(io.StringIO(text), ("start", "end")):  # noqa: S314 - small and without entities
            root = element if root is None else root
            depth += 1 if event == "start" else -1
            if depth > DRAWING_DEPTH_MAX:
                raise EmblemRefused(Fault.TOO_HEAVY)
    except ElementTree.ParseError as error:
        raise EmblemRefused(Fault.NO_SVG) from error
    assert root is not None, "no document is without an element"
    return root


def _picture(content: bytes) -> str:
    """Made anew from its pixels: nothing else that the file carries reaches a letter."""
    try:
        with Image.open(io.BytesIO(content), formats=("PNG", "JPEG")) as picture:
            if picture.width * picture.height > PIXELS_MAX:
                raise EmblemRefused(Fault.TOO_MANY_PIXELS)
            picture.draft("RGB", (SIDE_PIXELS, SIDE_PIXELS))
            small = picture.convert("RGBA")
            small.thumbnail((SIDE_PIXELS, SIDE_PIXELS))
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        raise EmblemRefused(Fault.UNREADABLE) from error
    file = io.BytesIO()
    small.quantize(COLOURS, Image.Quantize.FASTOCTREE).save(file, "PNG", optimize=True)
    width, height = small.size
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}"><image width="{width}"'
        f' height="{height}" href="data:image/png;base64,{base64.b64encode(file.getvalue()).decode()}"/></svg>'
    )


async def judge_emblem(content: bytes) -> str:
    """The emblem as SVG, made in a process beside. Raises EmblemRefused."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        __name__,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        said, _ = await asyncio.wait_for(process.communicate(content), WAIT_SECONDS_MAX)
    except TimeoutError:
        raise EmblemRefused(Fault.TOO_HEAVY) from None
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    if process.returncode == 0:
        return said.decode()
    raise EmblemRefused(Fault[said.decode()] if process.returncode == _REFUSED else Fault.TOO_HEAVY)


def main() -> int:
    """A file in, its emblem or the name of its fault out."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES_MAX, MEMORY_BYTES_MAX))
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS_MAX, CPU_SECONDS_MAX))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    try:
        said, code = make_emblem(sys.stdin.buffer.read(FILE_BYTES_MAX + 1)), 0
    except EmblemRefused as refused:
        said, code = refused.fault.name, _REFUSED
    except (MemoryError, RecursionError):
        return _BROKEN
    sys.stdout.buffer.write(said.encode())
    return code


if __name__ == "__main__":
    sys.exit(main())
