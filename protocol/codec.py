"""The only file that knows messages as bytes: a frame is a zlib stream with a preset dictionary around one msgpack array.

Every limit on what a peer may send stands here, and is applied before memory is spent: a frame is inflated only up to
`FRAME_BYTES_MAX`, then opened by msgpack with limits on every length, then checked against the message's type.
Maps, floats, extension types and trailing bytes are refused everywhere.
"""

import zlib
from typing import Any, TypeVar

import msgpack
import msgspec

from protocol.dictionary import DICTIONARY
from protocol.errors import Code, ProtocolError

MEDIA_TYPE = "application/vnd.kampung.v1"

SENT_BYTES_MAX = 2 * 1024 * 1024
"""Compressed size of one frame: half a minute of a 0.5 Mbit/s village link."""
FRAME_BYTES_MAX = 8 * 1024 * 1024
"""Inflated size of one frame: bounds what a deflate bomb can cost the centre."""
BATCH_OPS_MAX = 16_384
"""Ops in one frame: measured to fill 89 % of a 20 ms, 20 Mbit/s line; more only delays the acknowledgement."""
LEVEL_SMALL, LEVEL_BULK, BULK_BYTES = 6, 3, 256 * 1024
"""zlib levels: small frames are squeezed, bulk frames (an outage's backlog) are not worth the processor time."""

T = TypeVar("T")


class Message(msgspec.Struct, array_like=True, frozen=True):
    """A frame's content. Later versions may append elements at the end; readers pass over what they do not know."""


def pack(value: msgspec.Struct) -> bytes:
    """The msgpack array of one value, exactly as it is hashed, signed and stored."""
    return msgspec.msgpack.encode(value)


def encode(message: Message) -> bytes:
    """One frame. Raises ProtocolError(TOO_LARGE) rather than send what the other side must refuse."""
    return deflate(pack(message))


def deflate(raw: bytes) -> bytes:
    if len(raw) > FRAME_BYTES_MAX:
        raise ProtocolError(Code.TOO_LARGE, f"frame of {len(raw)} bytes before compression")
    squeeze = zlib.compressobj(LEVEL_BULK if len(raw) > BULK_BYTES else LEVEL_SMALL, zdict=DICTIONARY)
    return squeeze.compress(raw) + squeeze.flush()


def inflate(frame: bytes) -> bytes:
    """The msgpack bytes of a frame. Raises ProtocolError on a bomb, a cut, a wrong dictionary or anything after the end."""
    if len(frame) > SENT_BYTES_MAX:
        raise ProtocolError(Code.TOO_LARGE, f"frame of {len(frame)} bytes")
    stream = zlib.decompressobj(zdict=DICTIONARY)
    try:
        raw = stream.decompress(frame, FRAME_BYTES_MAX)
    except zlib.error as error:
        raise ProtocolError(Code.MALFORMED, "not a zlib stream with the preset dictionary") from error
    if not stream.eof:
        raise ProtocolError(
            Code.TOO_LARGE if stream.unconsumed_tail else Code.MALFORMED, "frame too large when inflated, or cut short"
        )
    if stream.unused_data:
        raise ProtocolError(Code.MALFORMED, "bytes after the end of the frame")
    return raw


def decode(frame: bytes, kind: type[T]) -> T:
    """Open a frame as a message of the given type. Raises ProtocolError(MALFORMED | TOO_LARGE)."""
    return unpack(inflate(frame), kind)


def unpack(raw: bytes, kind: type[T]) -> T:
    """Read msgpack bytes from a peer as a value of the given type."""
    return convert(open_array(raw), kind)


def open_array(raw: bytes) -> Any:
    """Plain lists, integers, strings and byte strings, within limits. Raises ProtocolError(MALFORMED)."""
    try:
        return msgpack.unpackb(
            raw,
            raw=False,
            use_list=True,
            strict_map_key=True,
            max_array_len=BATCH_OPS_MAX,
            max_map_len=0,
            max_ext_len=0,
            max_bin_len=FRAME_BYTES_MAX,
            max_str_len=64 * 1024,
        )
    except (ValueError, TypeError, RecursionError) as error:  # every failure of msgpack is one of these
        raise ProtocolError(Code.MALFORMED, f"not msgpack within limits ({type(error).__name__})") from error


def convert(value: Any, kind: type[T]) -> T:
    try:
        return msgspec.convert(value, kind, strict=True)
    except msgspec.ValidationError as error:
        raise ProtocolError(Code.MALFORMED, _where(error)) from error


def _where(error: msgspec.ValidationError) -> str:
    """msgspec names the expected type and the path, never the value; so its words may be passed on."""
    return str(error)[:200]
