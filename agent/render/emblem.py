"""The emblem beside the letterhead: the office's own file, made ready once at start.

Nothing is shipped: a regency's arms are the regency's to give. A picture is read within limits, made no larger than
paper shows and wrapped as SVG; a drawing stays as it is. It stands in the compiler's inputs as text, like the seal.
"""

import base64
import io
import re
from pathlib import Path
from xml.etree import ElementTree

import typst
from PIL import Image

FILE_BYTES_MAX = 4 * 1024 * 1024
DRAWING_BYTES_MAX = 200_000
"""It is read anew for every page; the arms of a regency, traced, have some 50,000."""
PIXELS_MAX = 12_000_000
SIDE_PIXELS = 400
"""Some 22 mm on paper: 450 points an inch, more than an office's printer sets."""
COLOURS = 256
"""Arms have a dozen; it keeps a PDF small."""
_TRIAL = b'#image(bytes(sys.inputs.emblem), format: "svg", height: 20mm)'
_OUTSIDE = re.compile(r"^\s*(?!#|data:image/)\S")
"""A reference that is neither into the drawing itself nor a picture inside it."""


class EmblemRefused(Exception):
    """The file cannot stand on paper; the message says why and what to do, for operators."""


def read_emblem(path: Path) -> str:
    """The emblem as SVG, from a PNG, a JPEG or an SVG file. Raises EmblemRefused."""
    try:
        with path.open("rb") as file:
            content = file.read(FILE_BYTES_MAX + 1)
    except OSError as error:
        raise EmblemRefused(f"{path} cannot be read: {error.strerror}") from error
    if len(content) > FILE_BYTES_MAX:
        raise EmblemRefused(f"{path} is larger than {FILE_BYTES_MAX // 1024**2} MB: give a smaller picture")
    is_drawing = content.lstrip(b"\xef\xbb\xbf \t\r\n").startswith((b"<?xml", b"<svg", b"<!--", b"<!DOCTYPE"))
    emblem = _drawing(path, content) if is_drawing else _picture(path, content)
    try:
        typst.compile(_TRIAL, sys_inputs={"emblem": emblem}, ignore_system_fonts=True)
    except typst.TypstError as error:
        raise EmblemRefused(f"{path} cannot be set on a page: give a PNG, or a plainer SVG") from error
    return emblem


def _drawing(path: Path, content: bytes) -> str:
    if len(content) > DRAWING_BYTES_MAX:
        raise EmblemRefused(f"{path} is a drawing of more than {DRAWING_BYTES_MAX} bytes: give it as a PNG")
    if b"<!ENTITY" in content:
        raise EmblemRefused(f"{path} defines entities: save it as a plain SVG")
    try:
        root = ElementTree.fromstring(content)  # noqa: S314 - an operator's own file, small and without entities
    except ElementTree.ParseError as error:
        raise EmblemRefused(f"{path} is no SVG: {error}") from error
    if root.tag != "{http://www.w3.org/2000/svg}svg":
        raise EmblemRefused(f"{path} is XML, but no SVG: give a PNG, a JPEG or an SVG")
    for element in root.iter():
        for name, value in element.attrib.items():
            if name.rpartition("}")[2] == "href" and _OUTSIDE.match(value):
                raise EmblemRefused(f"{path} refers to another file: save it with everything inside")
    return ElementTree.tostring(root, encoding="unicode")


def _picture(path: Path, content: bytes) -> str:
    """Made anew from its pixels: nothing else that the file carries reaches a letter."""
    try:
        with Image.open(io.BytesIO(content), formats=("PNG", "JPEG")) as picture:
            if picture.width * picture.height > PIXELS_MAX:
                raise EmblemRefused(f"{path} has more than {PIXELS_MAX // 10**6} million pixels: give a smaller one")
            picture.draft("RGB", (SIDE_PIXELS, SIDE_PIXELS))
            small = picture.convert("RGBA")
            small.thumbnail((SIDE_PIXELS, SIDE_PIXELS))
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        raise EmblemRefused(f"{path} is no picture that can be read: give a PNG, a JPEG or an SVG") from error
    file = io.BytesIO()
    small.quantize(COLOURS, Image.Quantize.FASTOCTREE).save(file, "PNG", optimize=True)
    width, height = small.size
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}"><image width="{width}"'
        f' height="{height}" href="data:image/png;base64,{base64.b64encode(file.getvalue()).decode()}"/></svg>'
    )
