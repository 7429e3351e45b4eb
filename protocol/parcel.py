"""Frames in a file, for a village whose line is down for weeks: the outbox travels on a stick, acknowledgements go back.

A parcel is eight bytes of magic, then for each frame its length in four bytes, big-endian, and the frame. The first
frame says whose parcel it is; the others are the very frames that `POST /v1/append` takes, or its answers.
"""

from collections.abc import Iterable, Sequence
from typing import Annotated

from msgspec import Meta

from protocol.codec import SENT_BYTES_MAX, Message, decode, encode
from protocol.errors import Code, ProtocolError
from protocol.messages import Appended, Signed
from protocol.ops import Village, Word

OUTBOX = b"KMPGBOX1"
ACKNOWLEDGEMENTS = b"KMPGACK1"
PARCEL_BYTES_MAX = 256 * 1024 * 1024
"""Some years of one village; more is not a parcel."""


class Label(Message, frozen=True):
    """Whose outbox this is. The certificate proves the key that signed every frame's head."""

    village: Village
    certificate: Signed
    software: Word


class Acknowledgements(Message, frozen=True):
    """What the centre made of a parcel, to be carried back."""

    village: Village
    appended: Annotated[list[Appended], Meta(max_length=16_384)]


def wrap(magic: bytes, frames: Iterable[bytes]) -> bytes:
    return magic + b"".join(len(frame).to_bytes(4, "big") + frame for frame in frames)


def unwrap(magic: bytes, parcel: bytes) -> list[bytes]:
    """The frames of a parcel. Raises ProtocolError(MALFORMED | TOO_LARGE) for another file, a cut or a damaged length."""
    if len(parcel) > PARCEL_BYTES_MAX:
        raise ProtocolError(Code.TOO_LARGE, "larger than a parcel may be")
    if parcel[:8] != magic:
        raise ProtocolError(Code.MALFORMED, "this file is not such a parcel")
    frames = []
    at = 8
    while at < len(parcel):
        size = int.from_bytes(parcel[at : at + 4], "big")
        frame = parcel[at + 4 : at + 4 + size]
        if size > SENT_BYTES_MAX or len(frame) != size or at + 4 > len(parcel):
            raise ProtocolError(Code.MALFORMED, "the parcel is cut short or damaged: copy the file again")
        frames.append(frame)
        at += 4 + size
    return frames


def pack_acknowledgements(village: str, appended: Sequence[Appended]) -> bytes:
    return wrap(ACKNOWLEDGEMENTS, [encode(Acknowledgements(village, list(appended)))])


def read_acknowledgements(parcel: bytes) -> Acknowledgements:
    """Raises ProtocolError."""
    frames = unwrap(ACKNOWLEDGEMENTS, parcel)
    if len(frames) != 1:
        raise ProtocolError(Code.MALFORMED, "one frame of acknowledgements is expected")
    return decode(frames[0], Acknowledgements)
