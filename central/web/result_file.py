"""The file that an agency gives back: looked into by what it is, not by what it is called, before anybody keeps it.

A picture is read and written anew, so that nothing but its pixels goes on. A PDF goes on as it came, for only its maker's
bytes are the document: it must begin and end like one and must not say that it runs, opens or holds something else. That
catches accidents and plain tricks, not every hidden one, so a village gets it with no rights in our pages.
"""

import io
import re

from PIL import Image, ImageOps

from protocol.feed import RESULT_BYTES_MAX

PIXELS_MAX = 40_000_000
"""A4 at 600 dots to the inch has 35 million; held at once, at most four bytes each."""
SIDE_PIXELS = 3_508
"""A4 at 300 dots to the inch: what a printer shows of a scanned page."""
QUALITIES = (85, 70, 50)
"""JPEG: the first that fits into the limit."""
PDF, JPEG = "application/pdf", "image/jpeg"
_TAIL = 1_024
_ACTIVE = re.compile(rb"/(JavaScript|JS|Launch|EmbeddedFiles?|RichMedia|XFA|OpenAction|AA|Encrypt)(?![A-Za-z0-9])")


class ResultRefused(Exception):
    """The file cannot be used; the message says why and what to do, in Indonesian."""


def check_result(content: bytes) -> tuple[str, bytes]:
    """(media type, the bytes that go to the village). Raises ResultRefused. Takes up to a second for a large picture."""
    if len(content) > RESULT_BYTES_MAX:
        raise ResultRefused("lebih dari 2 MB. Perkecil, atau pindai dengan ketajaman lebih rendah.")
    if content.startswith(b"%PDF-"):
        return PDF, _check_pdf(content)
    return JPEG, _read_picture(content)


def _check_pdf(content: bytes) -> bytes:
    if b"%%EOF" not in content[-_TAIL:]:
        raise ResultRefused("PDF itu tidak lengkap. Simpan ulang, lalu pilih lagi.")
    if _ACTIVE.search(content):
        raise ResultRefused("PDF itu terkunci atau memuat program atau lampiran. Cetak ke PDF biasa, lalu pilih lagi.")
    return content


def _read_picture(content: bytes) -> bytes:
    try:
        with Image.open(io.BytesIO(content), formats=("JPEG", "PNG")) as picture:
            picture.draft("RGB", (SIDE_PIXELS, SIDE_PIXELS))
            if picture.width * picture.height > PIXELS_MAX:
                raise ResultRefused("gambar itu terlalu besar. Perkecil, lalu pilih lagi.")
            page = ImageOps.exif_transpose(picture).convert("RGB")
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        raise ResultRefused("bukan PDF, JPEG, atau PNG yang dapat dibaca. Pilih berkas lain.") from error
    page.thumbnail((SIDE_PIXELS, SIDE_PIXELS))
    for quality in QUALITIES:
        written = io.BytesIO()
        page.save(written, "JPEG", quality=quality)
        if written.tell() <= RESULT_BYTES_MAX:
            return written.getvalue()
    raise ResultRefused("gambar itu terlalu rinci untuk dikirim. Pindai dengan ketajaman lebih rendah.")
