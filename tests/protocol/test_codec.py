"""A frame from a hostile, cut, confused or older peer ends as a ProtocolError, cheaply, and never as anything else."""

import gzip
import struct
import time
import tracemalloc
import zlib
from hashlib import sha256
from typing import Any

import msgpack
import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol import codec, feed, messages, ops, schemes
from protocol.codec import (
    BATCH_OPS_MAX,
    FRAME_BYTES_MAX,
    SENT_BYTES_MAX,
    Message,
    decode,
    deflate,
    encode,
    inflate,
    pack,
    unpack,
)
from protocol.dictionary import DICTIONARY
from protocol.errors import Code, ProtocolError
from tests.protocol import samples
from tests.protocol.strategies import values_of

MEMORY_MAX = 64 * 1024 * 1024
"""What any one bad request may cost (the rule for bad input)."""
SECONDS_MAX = 1.0
CANARY_NIK = "3510256507850001"

MESSAGE_TYPES = sorted(
    {
        kind
        for module in (feed, messages, ops, schemes)
        for kind in vars(module).values()
        if isinstance(kind, type) and issubclass(kind, Message) and kind is not Message
    },
    key=lambda kind: kind.__name__,
)
HELLO_FRAME = encode(samples.HELLO_SIGNED)


class Probe(Message, frozen=True):
    """One field of each primitive type."""

    number: int = 0
    octets: bytes = b""
    text: str = ""
    flag: bool = False
    inner: ops.Position | None = None
    pairs: list[tuple[ops.Word, int]] = []


def refusal(raw: bytes, kind: Any = Probe) -> ProtocolError:
    """The error of these msgpack bytes, sent in a proper frame."""
    with pytest.raises(ProtocolError) as caught:
        decode(deflate(raw), kind)
    return caught.value


def squeezed(raw: bytes, dictionary: bytes = DICTIONARY) -> bytes:
    stream = zlib.compressobj(9, zdict=dictionary)
    return stream.compress(raw) + stream.flush()


# --- what is written can be read --------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", MESSAGE_TYPES, ids=lambda kind: kind.__name__)
@given(data=st.data())
def test_every_message_comes_back_as_it_was(kind: type[Message], data: st.DataObject) -> None:
    value = data.draw(values_of(kind))
    assert decode(encode(value), kind) == value


@pytest.mark.parametrize("sample", samples.MESSAGES, ids=lambda sample: sample.name)
def test_a_plain_msgpack_library_reads_the_same_array(sample: samples.Sample) -> None:
    plain = msgpack.unpackb(inflate(encode(sample.message)))
    assert isinstance(plain, list)
    assert len(plain) == len(sample.message.__struct_fields__)
    assert unpack(msgpack.packb(plain), type(sample.message)) == sample.message


def test_the_dictionary_is_part_of_the_protocol() -> None:
    assert sha256(DICTIONARY).hexdigest() == "f5a25f189d3308f51be72974f7b5f46cca347944ecf7efd8295be0119241ee58"
    assert HELLO_FRAME[2:6] == struct.pack(">I", zlib.adler32(DICTIONARY))


def test_a_frame_of_exactly_the_limit_opens_and_one_byte_more_is_neither_sent_nor_read() -> None:
    full = bytes(FRAME_BYTES_MAX)
    assert inflate(deflate(full)) == full
    with pytest.raises(ProtocolError) as sent:
        deflate(full + b"\0")
    with pytest.raises(ProtocolError) as read:
        inflate(squeezed(full + b"\0"))
    assert sent.value.code is read.value.code is Code.TOO_LARGE


def test_what_compresses_badly_is_refused_by_its_sender(noise: bytes) -> None:
    with pytest.raises(ProtocolError) as caught:
        deflate(noise)
    assert caught.value.code is Code.TOO_LARGE


@pytest.fixture(scope="module")
def noise() -> bytes:
    """Bytes that no compression makes smaller, the same in every run."""
    blocks = (SENT_BYTES_MAX + 1) // 32 + 1
    return b"".join(sha256(b"%d" % number).digest() for number in range(blocks))


# --- frames -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("sample", samples.MESSAGES, ids=lambda sample: sample.name)
def test_a_frame_cut_at_any_byte_is_malformed(sample: samples.Sample) -> None:
    frame = encode(sample.message)
    for length in range(len(frame)):
        with pytest.raises(ProtocolError) as caught:
            decode(frame[:length], type(sample.message))
        assert caught.value.code is Code.MALFORMED, length


def test_no_altered_byte_makes_another_message() -> None:
    refused = 0
    for place in range(len(HELLO_FRAME)):
        for bit in range(8):
            altered = bytearray(HELLO_FRAME)
            altered[place] ^= 1 << bit
            try:
                assert decode(bytes(altered), messages.Signed) == samples.HELLO_SIGNED  # a padding bit of deflate
            except ProtocolError:
                refused += 1
    assert refused >= 8 * len(HELLO_FRAME) - 7


@pytest.mark.parametrize("rest", [b"\0", b"\n", HELLO_FRAME, b"\x78\x9c", bytes(4096)], ids=lambda rest: str(len(rest)))
def test_nothing_may_follow_the_end_of_a_frame(rest: bytes) -> None:
    with pytest.raises(ProtocolError, match="bytes after the end of the frame"):
        decode(HELLO_FRAME + rest, messages.Signed)


@pytest.mark.parametrize("rest", [b"\0", b"\xc0", b"\xc1", pack(samples.HELLO_SIGNED)], ids=lambda rest: str(len(rest)))
def test_nothing_may_follow_the_end_of_a_message(rest: bytes) -> None:
    error = refusal(pack(samples.HELLO_SIGNED) + rest, messages.Signed)
    assert error.code is Code.MALFORMED


@pytest.mark.parametrize(
    "frame",
    [
        b"",
        b"\x78",
        b"<!DOCTYPE html><title>Login Wi-Fi</title>",
        b"{}",
        zlib.compress(pack(samples.HELLO_SIGNED)),
        zlib.compress(pack(samples.HELLO_SIGNED))[2:-4],
        gzip.compress(pack(samples.HELLO_SIGNED)),
        pack(samples.HELLO_SIGNED),
        squeezed(pack(samples.HELLO_SIGNED), DICTIONARY[:-1]),
        squeezed(pack(samples.HELLO_SIGNED), b"another dictionary"),
    ],
    ids=["empty", "one-byte", "html", "json", "no-dictionary", "raw", "gzip", "bare", "dictionary-cut", "dictionary"],
)
def test_what_is_no_frame_of_version_1_is_malformed(frame: bytes) -> None:
    with pytest.raises(ProtocolError) as caught:
        decode(frame, messages.Signed)
    assert caught.value.code is Code.MALFORMED


def test_an_over_long_frame_is_refused_unopened() -> None:
    with pytest.raises(ProtocolError) as caught:
        decode(HELLO_FRAME + bytes(SENT_BYTES_MAX), messages.Signed)
    assert caught.value.code is Code.TOO_LARGE


# --- cost -------------------------------------------------------------------------------------------------------------

_EMPTIES = b"\xdc\x40\x00" + b"\x90" * BATCH_OPS_MAX
COSTLY = {
    "zeros": bytes(FRAME_BYTES_MAX * 8),
    "empty arrays": b"\xdc\x01\xff" + _EMPTIES * 511,
    "short strings": b"\xdd\x00\x2a\x00\x00" + b"\xa2no" * 2_752_512,
    "lengths nested": b"\xdc\x40\x00" * 100_000,
    "depth": b"\x91" * 100_000,
    "depth to the limit": b"\x91" * FRAME_BYTES_MAX,
}


@pytest.mark.parametrize("raw", COSTLY.values(), ids=COSTLY.keys())
@pytest.mark.parametrize("kind", [Probe, messages.Append, messages.Chunk], ids=lambda kind: kind.__name__)
def test_a_small_frame_costs_little_time_and_memory(raw: bytes, kind: type[Message]) -> None:
    frame = squeezed(raw)
    began = time.perf_counter()
    with pytest.raises(ProtocolError):
        decode(frame, kind)
    assert time.perf_counter() - began < SECONDS_MAX
    tracemalloc.start()
    try:
        with pytest.raises(ProtocolError):
            decode(frame, kind)
        assert tracemalloc.get_traced_memory()[1] < MEMORY_MAX
    finally:
        tracemalloc.stop()


# --- msgpack ----------------------------------------------------------------------------------------------------------

_START = b"\x96\x00\xc4\x00\xa0\xc2\xc0\x90"
"""A whole Probe; what follows replaces or extends it."""


@pytest.mark.parametrize(
    "raw",
    [
        b"\xdb\xff\xff\xff\xff",
        b"\xc6\xff\xff\xff\xff",
        b"\xdd\xff\xff\xff\xff",
        b"\xdf\xff\xff\xff\xff",
        b"\xc9\xff\xff\xff\xff\x01",
        b"\x96\x00\xc6\xff\xff\xff\xff",
        b"\x96\x00\xc4\x00\xdb\xff\xff\xff\xff",
        b"\x96\x00\xc4\x00\xa0\xc2\xc0\xdd\xff\xff\xff\xff",
        b"\xdd\xff\xff\xff\xff" + _START[1:],
        b"\x97" + _START[1:] + b"\xdd\xff\xff\xff\xff",
    ],
)
def test_lengths_of_four_billion_are_refused(raw: bytes) -> None:
    assert refusal(raw).code is Code.MALFORMED


@pytest.mark.parametrize("place", ["at the top", "in a field", "in an unknown element"])
@pytest.mark.parametrize("depth", [1024, 100_000])
def test_depth_is_refused_wherever_it_stands(place: str, depth: int) -> None:
    nest = b"\x91" * depth + b"\xc0"
    raw = {"at the top": nest, "in a field": b"\x91" + nest, "in an unknown element": b"\x97" + _START[1:] + nest}
    assert refusal(raw[place]).code is Code.MALFORMED


NOT_OURS = {
    "float": 1.0,
    "fraction": 0.5,
    "NaN": float("nan"),
    "infinity": float("inf"),
    "map": {"a": 1},
    "empty map": {},
    "extension": msgpack.ExtType(5, b"x"),
    "empty extension": msgpack.ExtType(5, b""),
    "timestamp": msgpack.Timestamp(1, 0),
}
DEFAULTS = [0, b"", "", False, None, []]


@pytest.mark.parametrize("value", NOT_OURS.values(), ids=NOT_OURS.keys())
@pytest.mark.parametrize("field", range(len(DEFAULTS)), ids=Probe.__struct_fields__)
def test_no_field_takes_a_float_a_map_or_an_extension(value: object, field: int) -> None:
    raw = msgpack.packb([*DEFAULTS[:field], value, *DEFAULTS[field + 1 :]])
    assert refusal(raw).code is Code.MALFORMED


def test_a_map_with_a_key_twice_is_refused_like_any_map() -> None:
    assert refusal(b"\x82\xa1a\x01\xa1a\x02").code is Code.MALFORMED
    assert refusal(b"\x91\x82\xa1a\x01\xa1a\x02").code is Code.MALFORMED


OTHER_TYPES = [0, b"x", "aGVsbG8=", True, None, []]


@pytest.mark.parametrize("field", range(len(DEFAULTS)), ids=Probe.__struct_fields__)
@pytest.mark.parametrize("other", range(len(OTHER_TYPES)), ids=["int", "bytes", "str", "bool", "nil", "array"])
def test_no_type_passes_for_another(field: int, other: int) -> None:
    raw = msgpack.packb([*DEFAULTS[:field], OTHER_TYPES[other], *DEFAULTS[field + 1 :]])
    if field == other or (other == 4 and field == 4):
        assert isinstance(unpack(raw, Probe), Probe)
    else:
        assert refusal(raw).code is Code.MALFORMED


@pytest.mark.parametrize("top", [b"\xc0", b"\x00", b"\xa1x", b"\xc4\x01x", b"\xc3", b"\xcb" + bytes(8), b"\xc1", b""])
def test_a_frame_holds_one_array(top: bytes) -> None:
    assert refusal(top).code is Code.MALFORMED


@pytest.mark.parametrize("text", [b"\xff", b"\xc3", b"\xc0\x80", b"\xed\xa0\x80", b"\xf4\x90\x80\x80", b"a\x80"])
def test_text_is_strict_utf_8(text: bytes) -> None:
    raw = b"\x96\x00\xc4\x00" + bytes([0xA0 + len(text)]) + text + b"\xc2\xc0\x90"
    assert refusal(raw).code is Code.MALFORMED
    with pytest.raises(ops.Unreadable):
        ops.read_header(b"\x98\x01" + bytes([0xA0 + len(text)]) + text + bytes(6))


def test_appended_elements_are_passed_over_and_missing_ones_are_not_invented() -> None:
    failure = messages.Failure("gap", "", 0)
    longer = [*msgpack.unpackb(pack(failure)), {"later": 1.5}, [1, 2], None]
    assert decode(deflate(msgpack.packb(longer)), messages.Failure) == failure
    assert decode(deflate(msgpack.packb(["gap", "", 0])), messages.Failure) == failure
    assert refusal(msgpack.packb(["gap", ""]), messages.Failure).code is Code.MALFORMED
    old_append = msgpack.unpackb(pack(samples.append_of(samples.OPS, ops.start_of(samples.LOG))))[:4]
    assert decode(deflate(msgpack.packb(old_append)), messages.Append).receipts == []


# --- limits of types --------------------------------------------------------------------------------------------------

POSITION = [samples.LOG, 1, bytes(32)]


@pytest.mark.parametrize(
    ("kind", "good", "bad"),
    [
        (ops.Position, POSITION, [samples.LOG, -1, bytes(32)]),
        (ops.Position, [samples.LOG, 2**53, bytes(32)], [samples.LOG, 2**53 + 1, bytes(32)]),
        (ops.Position, POSITION, [samples.LOG, 2**64 - 1, bytes(32)]),
        (ops.Position, POSITION, [samples.LOG[:-1], 1, bytes(32)]),
        (ops.Position, POSITION, [samples.LOG, 1, bytes(33)]),
        (messages.Failure, ["x" * 64, "y" * 300, 0], ["x" * 65, "", 0]),
        (messages.Failure, ["é" * 64, "", 0], ["gap", "é" * 301, 0]),
        (messages.LogReply, [0, POSITION, [b""] * BATCH_OPS_MAX, [], False], [0, POSITION, [b""] * (BATCH_OPS_MAX + 1), [], False]),
        (messages.LogReply, [0, POSITION, [], [b""] * BATCH_OPS_MAX, False], [0, POSITION, [], [b""] * (BATCH_OPS_MAX + 1), False]),
        (feed.Item, [1, "k", True, b"k" * 80, bytes(65536), bytes(32)], [1, "k", True, b"k" * 81, b"", bytes(32)]),
        (feed.Item, [1, "k", True, b"k", b"", bytes(32)], [1, "k", True, b"", b"", bytes(32)]),
        (feed.Item, [1, "k", True, b"k", b"", bytes(32)], [1, "k", True, b"k", bytes(65537), bytes(32)]),
        (messages.Signed, [bytes(2**20), bytes(64)], [bytes(2**20 + 1), bytes(64)]),
        (messages.Signed, [b"", bytes(64)], [b"", bytes(63)]),
        (messages.Certificate, ["3510252010", 1, bytes(32), 0], ["35.10.25.2010", 1, bytes(32), 0]),
        (messages.Certificate, ["3510252010", 1, bytes(32), 0], ["351025201٠", 1, bytes(32), 0]),
        (messages.Certificate, ["3510252010", 1, bytes(32), -(2**53)], ["351025201\n", 1, bytes(32), 0]),
    ],
)  # fmt: skip
def test_limits_hold_to_the_byte(kind: type[Message], good: list[object], bad: list[object]) -> None:
    assert isinstance(unpack(msgpack.packb(good), kind), kind)
    assert refusal(msgpack.packb(bad), kind).code is Code.MALFORMED


def test_a_refusal_never_repeats_what_was_sent() -> None:
    for field in range(len(DEFAULTS)):
        for value in (CANARY_NIK, CANARY_NIK.encode(), int(CANARY_NIK), [CANARY_NIK]):
            raw = msgpack.packb([*DEFAULTS[:field], value, *DEFAULTS[field + 1 :]])
            error = _open_either_way(deflate(raw), Probe)
            assert error is None or (CANARY_NIK not in str(error) and len(error.detail) <= codec.DETAIL_CHARS_MAX)


# --- anything at all --------------------------------------------------------------------------------------------------


@given(st.binary(max_size=400), st.sampled_from(MESSAGE_TYPES))
def test_any_bytes_as_a_frame_raise_nothing_but_protocol_errors(frame: bytes, kind: type[Message]) -> None:
    _open_either_way(frame, kind)


@given(st.binary(max_size=400), st.sampled_from(MESSAGE_TYPES))
def test_any_bytes_inside_a_frame_raise_nothing_but_protocol_errors(raw: bytes, kind: type[Message]) -> None:
    _open_either_way(deflate(raw), kind)


_PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | st.floats() | st.text(max_size=8) | st.binary(max_size=70),
    lambda inner: st.lists(inner, max_size=8) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=30,
)  # fmt: skip


@given(_PLAIN, st.sampled_from(MESSAGE_TYPES))
def test_any_msgpack_raises_nothing_but_protocol_errors(value: Any, kind: type[Message]) -> None:
    _open_either_way(deflate(msgpack.packb(value)), kind)


@given(st.sampled_from(samples.MESSAGES), st.integers(0, 10_000), st.integers(0, 255))
def test_a_message_with_one_wrong_byte_raises_nothing_but_protocol_errors(
    sample: samples.Sample, place: int, byte: int
) -> None:
    raw = bytearray(pack(sample.message))
    raw[place % len(raw)] = byte
    _open_either_way(deflate(bytes(raw)), type(sample.message))


def _open_either_way(frame: bytes, kind: type[msgspec.Struct]) -> ProtocolError | None:
    """The refusal, if any; whatever else is raised fails the test."""
    try:
        value = decode(frame, kind)
    except ProtocolError as error:
        return error
    assert isinstance(value, kind)
    return None
