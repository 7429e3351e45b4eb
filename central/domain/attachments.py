"""A photograph of a document as its village names it. Pure.

The picture is no part of the log: it comes by itself, later or never, and is named by its SHA-256.
"""

from msgspec import Struct

MEDIA_TYPE = "image/jpeg"
"""What is shown. Anything else is kept and shown to nobody."""


class Attachment(Struct, frozen=True, array_like=True):
    """`about`: record id of the letter, request or proposal that it lies beside; `size` in bytes."""

    record: bytes
    village: str
    epoch: int
    seq: int
    about: bytes
    label: str
    sha256: bytes
    size: int
    media_type: str
    claimed_ms: int
