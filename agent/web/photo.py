"""Photographs as a telephone or a scanner takes them: the text of a QR code on one, or the picture to keep of a document.

Only decodes, within limits; what the picture says is nobody's here. Place in the flow: the page that checks letters and
those that take photographs of documents ask.
"""

import io
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import zxingcpp
from PIL import Image, ImageOps

from agent.domain.attachments import PICTURE_BYTES_MAX, SIDE_PIXELS_MAX
from language import say

PIXELS_MAX = 12_000_000
"""Held at once, at most four bytes each. A larger JPEG is read at a half, a quarter or an eighth of its size."""
WEBP_PIXELS_MAX = 4_000_000
"""Its reader needs sixteen bytes for each (measured: 192 MB for twelve million); no telephone writes it, messengers' are small."""
SIDE_PIXELS = 2_000
"""A letter that fills the picture has five pixels for each module of its code at this size."""
FORMATS = ("JPEG", "PNG", "WEBP")
SIDES = (SIDE_PIXELS_MAX, 1_200, 900, 600)
QUALITIES = (80, 65, 50)
"""Tried in turn until a picture is small enough: a document at 1,600 pixels is at the first, a photograph of gravel is not."""
Size = tuple[int, int]
"""Width and height in pixels."""


class PhotoRefused(Exception):
    """The file cannot be used; the message says why, in Indonesian."""


def find_code(content: bytes, prefix: str) -> str | None:
    """The first QR text with this prefix; None where the picture shows none. Raises PhotoRefused."""
    with _opened(content, "L", lambda size: (SIDE_PIXELS, SIDE_PIXELS)) as photo:
        found = zxingcpp.read_barcodes(photo.convert("L"), zxingcpp.BarcodeFormats(zxingcpp.BarcodeFormat.QRCode))
    texts = (str(code.text) for code in found)
    return next((text for text in texts if text.startswith(prefix)), None)


def develop(content: bytes) -> bytes:
    """The photograph of a document as it is kept: a JPEG of at most `PICTURE_BYTES_MAX`, upright, its longest side at most
    `SIDE_PIXELS_MAX`, and nothing in it but the picture: no place, no time, no name of a telephone. Raises PhotoRefused."""
    with _opened(content, "RGB", _kept_size) as photo:
        drawn = photo.convert("RGBA" if photo.has_transparency_data else "RGB") if photo.mode != "RGB" else photo
        drawn.thumbnail((SIDE_PIXELS_MAX, SIDE_PIXELS_MAX), Image.Resampling.LANCZOS)
        upright = ImageOps.exif_transpose(drawn)
        plain = Image.new(
            "RGB", upright.size, "white"
        )  # a fresh canvas: what the file said beside its pixels stays behind
        plain.paste(upright, mask=upright if upright.mode == "RGBA" else None)
        return _squeeze(plain)


def _squeeze(plain: Image.Image) -> bytes:
    for side in SIDES:
        plain.thumbnail((side, side), Image.Resampling.LANCZOS)
        for quality in QUALITIES:
            out = io.BytesIO()
            plain.save(out, "JPEG", quality=quality, optimize=True)
            if out.tell() <= PICTURE_BYTES_MAX:
                return out.getvalue()
    raise AssertionError("600 pixels a side at half quality are always below the limit")


def _kept_size(size: Size) -> Size:
    """The size with `SIDE_PIXELS_MAX` for its longest side."""
    longest = max(*size, 1)
    return size[0] * SIDE_PIXELS_MAX // longest, size[1] * SIDE_PIXELS_MAX // longest


@contextmanager
def _opened(content: bytes, mode: str, least: Callable[[Size], Size]) -> Iterator[Image.Image]:
    """The photograph, a large JPEG already reduced to no less than `least` of its size. Raises PhotoRefused, also later."""
    try:
        with Image.open(io.BytesIO(content), formats=FORMATS) as photo:
            photo.draft(mode, least(photo.size))
            most = WEBP_PIXELS_MAX if photo.format == "WEBP" else PIXELS_MAX
            if photo.width * photo.height > most:
                raise PhotoRefused(say("Foto terlalu besar. Perkecil, atau foto bagian yang perlu saja."))
            yield photo
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        raise PhotoRefused(say("Berkas itu bukan foto yang dapat dibaca. Pilih foto JPEG, PNG, atau WebP.")) from error
