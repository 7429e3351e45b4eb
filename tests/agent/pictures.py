"""Photographs for tests, as telephones write them."""

import io
from typing import Any

from PIL import Image, ImageDraw

ORIENTATION, MAKER, GPS, LATITUDE = 0x0112, 0x010F, 0x8825, 2


def photograph(width: int = 2400, height: int = 1800, *, word: str = "KTP", form: str = "JPEG", **saving: Any) -> bytes:
    """A card on a table, with what a telephone adds: who made it and where it was."""
    picture = Image.new("RGB", (width, height), (120, 90, 60))
    draw = ImageDraw.Draw(picture)
    draw.rectangle((width // 10, height // 10, width * 9 // 10, height * 8 // 10), fill=(170, 205, 225))
    draw.text((width // 8, height // 8), f"{word} 3510012345670001", fill="black", font_size=height // 14)
    exif = Image.Exif()
    exif[MAKER] = "RAHASIA PABRIK"
    exif[ORIENTATION] = saving.pop("orientation", 1)
    exif.get_ifd(GPS)[LATITUDE] = (8.0, 13.0, 5.0)
    out = io.BytesIO()
    extra = {"exif": exif, "comment": b"RAHASIA CATATAN"} if form == "JPEG" else {"exif": exif}
    picture.save(out, form, **extra, **saving)
    return out.getvalue()


def noise(width: int, height: int, form: str = "JPEG") -> bytes:
    """What compresses worst."""
    out = io.BytesIO()
    Image.effect_noise((width, height), 90).convert("RGB").save(out, form, quality=90)
    return out.getvalue()
