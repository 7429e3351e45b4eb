"""The hash chain names one history, every kind comes back as written, and what cannot be read says why."""

from hashlib import sha256

import msgpack
import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol import ops
from protocol.codec import pack
from protocol.errors import Code, ProtocolError
from protocol.ops import (
    BODIES,
    GENESIS,
    ID_BYTES,
    KINDS,
    OP_BYTES_MAX,
    AnyBody,
    Header,
    NumberHigh,
    Op,
    Position,
    Unreadable,
    chain,
    head_message,
    highest,
    make_op,
    number_list,
    op_hash,
    read_body,
    read_header,
    read_op,
    start_of,
    write_body,
)
from tests.protocol import samples
from tests.protocol.strategies import values_of

REASONS = {"bad_header", "unknown_kind", "future_schema", "bad_body"}
HEADER = read_header(samples.OPS[0].header)
any_place = st.builds(
    Position, st.binary(min_size=16, max_size=16), st.integers(0, 2**52), st.binary(min_size=32, max_size=32)
)
any_pairs = st.lists(st.tuples(st.binary(max_size=60), st.binary(max_size=60)), max_size=8)
any_body = st.sampled_from(sorted(KINDS, key=lambda kind: kind.__name__)).flatmap(values_of)


def reason_of(header: bytes, body: bytes) -> str:
    with pytest.raises(Unreadable) as caught:
        read_body(read_header(header), body)
    assert caught.value.reason in REASONS
    return caught.value.reason


def header_like(**changes: object) -> bytes:
    values = {name: getattr(HEADER, name) for name in Header.__struct_fields__} | changes
    return msgpack.packb(list(values.values()))


# --- the chain --------------------------------------------------------------------------------------------------------


@given(any_place, any_pairs)
def test_a_batch_hashes_like_its_ops_one_by_one(after: Position, pairs: list[tuple[bytes, bytes]]) -> None:
    one_by_one, at = [], after
    for header, body in pairs:
        op = make_op(at, header, body)
        assert (op.log_id, op.seq, op.position.hash) == (after.log_id, at.seq + 1, op.hash)
        one_by_one.append(op.hash)
        at = op.position
    assert chain(after, [header for header, _ in pairs], [body for _, body in pairs]) == one_by_one


@given(any_place, any_pairs, st.integers(0, 8))
def test_a_batch_may_be_cut_anywhere(after: Position, pairs: list[tuple[bytes, bytes]], cut: int) -> None:
    headers, bodies = [header for header, _ in pairs], [body for _, body in pairs]
    whole = chain(after, headers, bodies)
    cut = min(cut, len(pairs))
    first = whole[:cut]
    middle = Position(after.log_id, after.seq + cut, first[-1] if first else after.hash)
    assert first + chain(middle, headers[cut:], bodies[cut:]) == whole


def test_any_flipped_bit_changes_the_hash() -> None:
    op = samples.OPS[3]
    parts = [op.log_id, op.seq.to_bytes(8, "big"), samples.OPS[2].hash, op.header, op.body]
    seen = {op.hash}
    for part, octets in enumerate(parts):
        for bit in range(8 * len(octets)):
            flipped = bytearray(octets)
            flipped[bit // 8] ^= 1 << bit % 8
            altered = [*parts[:part], bytes(flipped), *parts[part + 1 :]]
            seen.add(op_hash(altered[0], int.from_bytes(altered[1], "big"), altered[2], altered[3], altered[4]))
    assert len(seen) == 1 + 8 * sum(map(len, parts))


def test_no_byte_can_move_between_header_and_body() -> None:
    assert op_hash(samples.LOG, 1, GENESIS, b"ab", b"c") != op_hash(samples.LOG, 1, GENESIS, b"a", b"bc")
    assert op_hash(samples.LOG, 1, GENESIS, b"", b"x") != op_hash(samples.LOG, 1, GENESIS, b"x", b"")


def test_the_hash_is_what_the_document_says() -> None:
    op, before = samples.OPS[1], samples.OPS[0]
    digest = sha256(b"kampung/body/1" + op.body).digest()
    said = b"kampung/op/1" + samples.LOG + bytes(7) + b"\x02" + before.hash + digest + op.header
    assert op.hash == sha256(said).digest()
    assert op.record_id == op.hash[:ID_BYTES]


def test_a_log_begins_at_seq_1_behind_32_zero_bytes() -> None:
    assert start_of(samples.LOG) == Position(samples.LOG, 0, bytes(32))
    assert [op.seq for op in samples.OPS] == list(range(1, len(samples.OPS) + 1))


def test_two_logs_share_no_hash() -> None:
    headers, bodies = [op.header for op in samples.OPS], [op.body for op in samples.OPS]
    other = chain(start_of(samples.PARENT_LOG), headers, bodies)
    assert not set(other) & {op.hash for op in samples.OPS}


@pytest.mark.parametrize("split", [0, 1, OP_BYTES_MAX - 1, OP_BYTES_MAX])
def test_an_op_holds_64_kib_and_not_a_byte_more(split: int) -> None:
    header, body = bytes(split), bytes(OP_BYTES_MAX - split)
    start = start_of(samples.LOG)
    assert chain(start, [header], [body]) == [make_op(start, header, body).hash]
    for attempt in (lambda: make_op(start, header + b"x", body), lambda: chain(start, [header], [body + b"x"])):
        with pytest.raises(ProtocolError) as caught:
            attempt()
        assert caught.value.code is Code.TOO_LARGE


@pytest.mark.parametrize(("headers", "bodies"), [([b"h"], []), ([], [b"b"]), ([b"h"] * 3, [b"b"] * 2)])
def test_headers_and_bodies_come_in_pairs(headers: list[bytes], bodies: list[bytes]) -> None:
    with pytest.raises(ProtocolError) as caught:
        chain(start_of(samples.LOG), headers, bodies)
    assert caught.value.code is Code.MALFORMED


def test_what_a_box_signs_names_village_log_place_and_hash() -> None:
    head = samples.HEAD
    signed = {
        head_message(samples.VILLAGE, head),
        head_message("3510152004", head),
        head_message(samples.VILLAGE, Position(samples.PARENT_LOG, head.seq, head.hash)),
        head_message(samples.VILLAGE, Position(head.log_id, head.seq + 1, head.hash)),
        head_message(samples.VILLAGE, Position(head.log_id, head.seq, GENESIS)),
    }
    assert len(signed) == 5
    expected = b"kampung/head/1" + b"3510252010" + head.log_id + bytes([*bytes(7), len(samples.OPS)]) + head.hash
    assert head_message(samples.VILLAGE, head) == expected


# --- bodies -----------------------------------------------------------------------------------------------------------


def test_the_samples_hold_every_kind_and_schema_ever_shipped() -> None:
    assert {write_body(body)[:2] for body in samples.BODIES} == set(BODIES)


def test_a_shipped_kind_is_never_taken_away() -> None:
    shipped = {
        ("log_opened", 1),
        ("numbers_confirmed", 1),
        ("resident_recorded", 1),
        ("letter_issued", 1),
        ("letter_voided", 1),
        ("numbers_voided", 1),
        ("proposal_made", 1),
        ("proposal_withdrawn", 1),
        ("resident_event", 1),
        ("request_opened", 1),
        ("request_moved", 1),
        ("card_bound", 1),
        ("dossier_sent", 1),
    }
    assert shipped <= set(BODIES)


@given(any_body)
def test_every_kind_comes_back_as_it_was(body: AnyBody) -> None:
    kind, schema, raw = write_body(body)
    assert BODIES[kind, schema] is type(body)
    header = header_like(kind=kind, schema=schema)
    assert read_op(Op(samples.LOG, 1, GENESIS, header, raw)) == (read_header(header), body)


@pytest.mark.parametrize("kind", BODIES.values(), ids=lambda kind: kind.__name__)
def test_every_body_begins_with_its_salt(kind: type[ops.Body]) -> None:
    assert kind.__struct_fields__[0] == "salt"
    body = next(body for body in samples.BODIES if type(body) is kind)
    assert msgpack.unpackb(pack(body))[0] == body.salt
    assert len(body.salt) == 16


# --- what cannot be read ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("body", samples.BODIES, ids=lambda body: type(body).__name__)
def test_another_number_of_elements_is_a_bad_body(body: AnyBody) -> None:
    kind, schema, raw = write_body(body)
    header, elements = header_like(kind=kind, schema=schema), msgpack.unpackb(raw)
    assert reason_of(header, msgpack.packb(elements[:-1])) == "bad_body"
    assert reason_of(header, msgpack.packb([*elements, 0])) == "bad_body"
    assert reason_of(header, raw + b"\xc0") == "bad_body"
    assert reason_of(header, msgpack.packb([b"short", *elements[1:]])) == "bad_body"
    for length in range(len(raw)):
        assert reason_of(header, raw[:length]) == "bad_body"


@pytest.mark.parametrize(
    ("kind", "schema", "reason"),
    [
        ("letter_issued", 2, "future_schema"),
        ("letter_issued", 0, "future_schema"),
        ("letter_issued", -1, "future_schema"),
        ("letter_issued", 2**63, "future_schema"),
        ("letter_burnt", 1, "unknown_kind"),
        ("", 1, "unknown_kind"),
        ("LETTER_ISSUED", 1, "unknown_kind"),
    ],
)
def test_unknown_kinds_and_later_schemas_are_told_apart(kind: str, schema: int, reason: str) -> None:
    assert reason_of(header_like(kind=kind, schema=schema), samples.OPS[3].body) == reason


def test_a_header_of_a_later_version_is_not_guessed_at() -> None:
    with pytest.raises(Unreadable) as caught:
        read_header(header_like(v=2))
    assert caught.value.reason == "future_schema"


@pytest.mark.parametrize(
    "header",
    [
        b"",
        b"\xc0",
        b"\x80",
        b"\x98",
        samples.OPS[0].header[:-1],
        samples.OPS[0].header + b"\0",
        b"\x99" + samples.OPS[0].header[1:] + b"\xc0",
        b"\x99" + samples.OPS[0].header[1:] + b"\x91" * 60_000,
        header_like(boot_id=b"1234567"),
        header_like(boot_id=b"123456789"),
        header_like(kind="k" * 65),
        header_like(kind=b"letter_issued"),
        header_like(mono_ms=-1),
        header_like(anchor_seq=-1),
        header_like(anchor_hash=bytes(33)),
        header_like(claimed_ms=1.5),
        header_like(claimed_ms=2**53 + 1),
        header_like(claimed_ms=float("nan")),
    ],
)
def test_a_bad_header_is_named_so(header: bytes) -> None:
    with pytest.raises(Unreadable) as caught:
        read_header(header)
    assert caught.value.reason == "bad_header"


def test_a_clock_may_be_ten_years_off_but_the_op_is_readable() -> None:
    for claimed_ms in (0, -(2**53), 2**53, 4_070_908_800_000):
        assert read_header(header_like(claimed_ms=claimed_ms)).claimed_ms == claimed_ms


def test_no_nest_of_arrays_stops_the_reader() -> None:
    place = [samples.LOG, 0, bytes(32)]
    parent = b"\x94" + b"".join(msgpack.packb(value) for value in place) + b"\x91" * 60_000
    assert reason_of(samples.OPS[0].header, b"\x94" + msgpack.packb(bytes(16)) + parent) == "bad_body"
    assert reason_of(samples.OPS[0].header, b"\x91" * 60_000) == "bad_body"
    assert (
        reason_of(samples.OPS[0].header, b"\x94" + msgpack.packb(bytes(16)) + b"\xc0\xdd\xff\xff\xff\xff") == "bad_body"
    )


@given(st.binary(max_size=200), st.binary(max_size=200), st.sampled_from(sorted(BODIES)))
def test_any_bytes_are_read_or_unreadable(header: bytes, body: bytes, key: tuple[str, int]) -> None:
    for with_header in (header, header_like(kind=key[0], schema=key[1])):
        try:
            read_op(Op(samples.LOG, 1, GENESIS, with_header, body))
        except Unreadable as unreadable:
            reason = unreadable.reason
        else:
            reason = ""
        assert not reason or reason in REASONS


# --- numbers ----------------------------------------------------------------------------------------------------------

any_numbers = st.lists(
    st.builds(NumberHigh, st.sampled_from(["470", "401", ""]), st.integers(2020, 2022), st.integers(0, 9))
)


@given(any_numbers, st.randoms())
def test_the_highest_number_per_series_and_year_whatever_the_order(numbers: list[NumberHigh], order: object) -> None:
    high = highest(numbers)
    order.shuffle(numbers)  # type: ignore[attr-defined]
    assert highest(numbers) == high
    assert highest(number_list(high)) == high
    assert number_list(high) == sorted(number_list(high), key=lambda n: (n.series, n.year))
    assert all(n.number <= high[n.series, n.year] for n in numbers)
