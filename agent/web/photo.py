"""The text of a QR code on a photograph, as a telephone or a scanner takes it.

Only decodes, within limits; what the text says is nobody's here. Place in the flow: the page that checks letters asks.
"""

import io

import zxingcpp
from PIL import Image

from language import say

PHOTO_BYTES_MAX = 8 * 1024 * 1024
"""What a telephone of these years writes for one photograph."""
PIXELS_MAX = 12_000_000
"""Held at once, at most four bytes each. A larger JPEG is read at a half, a quarter or an eighth of its size."""
SIDE_PIXELS = 2_000
"""A letter that fills the picture has five pixels for each module of its code at this size."""
FORMATS = ("JPEG", "PNG", "WEBP")


class PhotoRefused(Exception):
    """The file cannot be used; the message says why, in Indonesian."""


def find_code(content: bytes, prefix: str) -> str | None:
    """The first QR text with this prefix; None where the picture shows none. Raises PhotoRefused."""
    try:
        with Image.open(io.BytesIO(content), formats=FORMATS) as photo:
            photo.draft("L", (SIDE_PIXELS, SIDE_PIXELS))
            if photo.width * photo.height > PIXELS_MAX:
                raise PhotoRefused(say("Foto terlalu besar. Perkecil, atau foto kodenya saja."))
            found = zxingcpp.read_barcodes(photo.convert("L"), zxingcpp.BarcodeFormats(zxingcpp.BarcodeFormat.QRCode))
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        raise PhotoRefused(say("Berkas itu bukan foto yang dapat dibaca. Pilih foto JPEG, PNG, atau WebP.")) from error
    texts = (str(code.text) for code in found)
    return next((text for text in texts if text.startswith(prefix)), None)
