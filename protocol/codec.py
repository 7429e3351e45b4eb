"""The only file that knows messages as bytes: a frame is a zlib stream with a preset dictionary around one msgpack array.

Every limit on what a peer may send stands here, and is applied before memory is spent: a frame is inflated only up to
`FRAME_BYTES_MAX`, then walked by msgpack without building anything (whole, nothing after it, not too deep), then decoded
once by msgspec straight into its type, so that eight million empty arrays cost no more memory than their bytes.
No field holds a map, a float or an extension type, and text is never taken for bytes.
"""

from typing import TypeVar

import msgpack
import msgspec
from zlib_ng import zlib_ng

from protocol.dictionary import DICTIONARY
from protocol.errors import Code, ProtocolError

MEDIA_TYPE = "application/vnd.kampung.v1"

SENT_BYTES_MAX = 2 * 1024 * 1024
"""Compressed size of one frame: half a minute of a 0.5 Mbit/s village link."""
FRAME_BYTES_MAX = 8 * 1024 * 1024
"""Inflated size of one frame: bounds what a deflate bomb can cost the centre."""
GREETING_SENT_BYTES_MAX = 128 * 1024
GREETING_BYTES_MAX = 512 * 1024
"""The same two for an enrolment and a hello, which anybody can send: a mark of 64 KiB is the largest thing in them, and a
stranger's bomb must not cost the centre tens of milliseconds."""
BATCH_OPS_MAX = 16_384
"""Ops in one frame: measured to fill 89 % of a 20 ms, 20 Mbit/s line; more only delays the acknowledgement."""
LEVEL_SMALL, LEVEL_BULK, BULK_BYTES = 9, 4, 256 * 1024
"""zlib levels: small frames are squeezed, bulk frames (an outage's backlog) are not worth the processor time.

zlib-ng writes the same streams as zlib, takes six tenths of the time for a backlog's frames and makes them a little smaller.
"""

DETAIL_CHARS_MAX = 200
"""Of a validation message that goes back to the sender: a type and a path, with room to spare."""
_FDICT = 0x20
"""The bit of zlib's second byte that says: compressed against a preset dictionary (RFC 1950)."""

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
    squeeze = zlib_ng.compressobj(LEVEL_BULK if len(raw) > BULK_BYTES else LEVEL_SMALL, zdict=DICTIONARY)
    frame = squeeze.compress(raw) + squeeze.flush()
    if len(frame) > SENT_BYTES_MAX:
        raise ProtocolError(Code.TOO_LARGE, f"frame of {len(frame)} bytes")
    return frame


def inflate(frame: bytes, bytes_max: int = FRAME_BYTES_MAX) -> bytes:
    """The msgpack bytes of a frame. Raises ProtocolError on a bomb, a cut, a wrong dictionary or anything after the end."""
    if len(frame) > SENT_BYTES_MAX:
        raise ProtocolError(Code.TOO_LARGE, f"frame of {len(frame)} bytes")
    if len(frame) < 2 or not frame[1] & _FDICT:
        raise ProtocolError(Code.MALFORMED, "not a zlib stream with the preset dictionary")
    stream = zlib_ng.decompressobj(zdict=DICTIONARY)
    try:
        raw = stream.decompress(frame, bytes_max + 1)
    except zlib_ng.error as error:  # type: ignore[misc]  # its stub takes the class for an instance
        raise ProtocolError(Code.MALFORMED, "not a zlib stream with the preset dictionary") from error
    if len(raw) > bytes_max:
        raise ProtocolError(Code.TOO_LARGE, "frame too large when inflated")
    if not stream.eof:
        raise ProtocolError(Code.MALFORMED, "frame cut short")
    if stream.unused_data:
        raise ProtocolError(Code.MALFORMED, "bytes after the end of the frame")
    return raw


def decode(frame: bytes, kind: type[T], bytes_max: int = FRAME_BYTES_MAX) -> T:
    """Open a frame as a message of the given type. Raises ProtocolError(MALFORMED | TOO_LARGE)."""
    return unpack(inflate(frame, bytes_max), kind)


def unpack(raw: bytes, kind: type[T]) -> T:
    """Read msgpack bytes from a peer as a value of the given type. Raises ProtocolError(MALFORMED)."""
    _walk(raw)
    try:
        return msgspec.msgpack.decode(raw, type=kind)
    except msgspec.ValidationError as error:
        # its words name a path and a type, at most an unknown enum word: never a person's data
        raise ProtocolError(Code.MALFORMED, str(error)[:DETAIL_CHARS_MAX]) from error
    except (ValueError, RecursionError) as error:  # DecodeError and bad UTF-8 are ValueErrors
        raise ProtocolError(Code.MALFORMED, f"not readable msgpack ({type(error).__name__})") from error


def _walk(raw: bytes) -> None:
    """Pass over exactly one value without building it: a cut, a rest, or more than msgpack's thousand levels ends here."""
    size = max(len(raw), 1)
    unpacker = msgpack.Unpacker(read_size=size, max_buffer_size=size)
    unpacker.feed(raw)
    try:
        unpacker.skip()
    except (ValueError, msgpack.exceptions.UnpackException) as error:  # every failure of msgpack is one of these
        raise ProtocolError(Code.MALFORMED, f"not msgpack within limits ({type(error).__name__})") from error
    if unpacker.tell() != len(raw):
        raise ProtocolError(Code.MALFORMED, "bytes after the end of the message")
