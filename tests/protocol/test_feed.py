"""The digest of a feed depends on what is in it and on nothing else, and every value fits its item."""

from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol import feed
from protocol.codec import FRAME_BYTES_MAX, encode, pack, unpack
from protocol.feed import EMPTY_DIGEST, ITEMS_MAX, VALUES, Item, State, replace, weight
from protocol.messages import FeedReply
from protocol.schemes import RuleSet, Scheme
from tests.protocol import samples
from tests.protocol.strategies import values_of

keys = st.binary(min_size=1, max_size=3)
octets = st.binary(max_size=3)
states = st.dictionaries(keys, octets, max_size=6)
ALL_VALUES = VALUES | {"scheme": Scheme, "exclusions": RuleSet}


def digest_of(values: dict[bytes, bytes]) -> bytes:
    digest = EMPTY_DIGEST
    for key, value in values.items():
        digest = replace(digest, key, None, value)
    return digest


@given(states, st.randoms())
def test_the_order_of_arrival_does_not_matter(values: dict[bytes, bytes], order: object) -> None:
    shuffled = list(values.items())
    order.shuffle(shuffled)  # type: ignore[attr-defined]
    assert digest_of(dict(shuffled)) == digest_of(values)


@given(states, st.lists(st.tuples(keys, octets), max_size=12))
def test_replacing_one_by_one_leads_where_the_end_state_stands(
    values: dict[bytes, bytes], changes: list[tuple[bytes, bytes]]
) -> None:
    digest = digest_of(values)
    for key, value in changes:
        digest = replace(digest, key, values.get(key), value)
        values[key] = value
    assert digest == digest_of(values)


@given(states, keys, octets, octets)
def test_a_replacement_is_a_removal_and_an_addition(
    values: dict[bytes, bytes], key: bytes, old: bytes, new: bytes
) -> None:
    values[key] = old
    digest = digest_of(values)
    assert replace(digest, key, old, new) == replace(replace(digest, key, old, None), key, None, new)
    assert replace(digest, key, old, old) == digest
    assert replace(digest, key, None, None) == digest


@given(states)
def test_removing_everything_leaves_the_empty_digest(values: dict[bytes, bytes]) -> None:
    digest = digest_of(values)
    for key, value in values.items():
        digest = replace(digest, key, value, None)
    assert digest == EMPTY_DIGEST


@given(states, states)
def test_other_contents_have_another_digest(one: dict[bytes, bytes], other: dict[bytes, bytes]) -> None:
    assert (digest_of(one) == digest_of(other)) == (one == other)


def test_no_byte_can_move_between_key_and_value() -> None:
    assert weight(b"ab", b"c") != weight(b"a", b"bc")


def test_the_sum_wraps_at_256_bits() -> None:
    top = (2**256 - 1).to_bytes(32, "big")
    wrapped = replace(top, b"k", None, b"v")
    assert int.from_bytes(wrapped, "big") == weight(b"k", b"v") - 1
    assert replace(wrapped, b"k", b"v", None) == top


def test_the_digest_is_what_the_document_says() -> None:
    one = int.from_bytes(sha256(b"kampung/item/1" + b"\x00\x01" + b"k" + b"v").digest(), "big")
    two = int.from_bytes(sha256(b"kampung/item/1" + b"\x00\x03" + b"key" + b"").digest(), "big")
    assert digest_of({b"k": b"v", b"key": b""}) == ((one + two) % 2**256).to_bytes(32, "big")


def test_the_samples_hold_every_kind_of_value() -> None:
    kinds = {kind for kind, _, _, _ in samples.VILLAGE_VALUES + samples.REGENCY_VALUES}
    assert kinds == set(ALL_VALUES)


@pytest.mark.parametrize("kind", sorted(ALL_VALUES))
@given(data=st.data())
def test_every_value_comes_back_as_it_was(kind: str, data: st.DataObject) -> None:
    value = data.draw(values_of(ALL_VALUES[kind]))
    assert unpack(pack(value), ALL_VALUES[kind]) == value


@pytest.mark.parametrize("item", samples.VILLAGE_ITEMS + samples.REGENCY_ITEMS, ids=lambda item: item.kind)
def test_an_item_and_its_state_say_the_same(item: Item) -> None:
    state = State(item.seq, item.kind, item.critical, item.key, item.value)
    assert pack(state)[1:] == pack(item)[1 : -len(item.digest) - 2]
    assert unpack(item.value, ALL_VALUES[item.kind]) is not None


def test_two_feeds_and_no_more() -> None:
    assert feed.FEEDS == ("village", "regency")


def test_a_full_reply_of_ordinary_items_fits_a_frame() -> None:
    item = samples.VILLAGE_ITEMS[0]
    reply = FeedReply(samples.TIMELINE, samples.ANCHOR_SIGNED, [item] * ITEMS_MAX, [item] * ITEMS_MAX, 1, 1)
    assert len(pack(reply)) < FRAME_BYTES_MAX
    assert encode(reply)
