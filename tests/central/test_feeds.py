"""The centre's word to the villages: dense, in order, with a digest that proves both sides hold the same."""

from hypothesis import given, settings
from hypothesis import strategies as st

from central.store import feeds
from central.store.feeds import FEED_BYTES_MAX, Publication
from chassis.database import drive
from protocol.codec import decode
from protocol.feed import CHUNK_BYTES_MAX, EMPTY_DIGEST, ITEMS_MAX, REGENCY, replace
from protocol.messages import Chunk
from tests.central.desk import DESA, OTHER_DESA, Regency, in_memory

_BLANK = in_memory().serialize()
_SPARE = in_memory()


async def publish(regency: Regency, *items: tuple[bytes, bytes], feed: str = DESA) -> list[int]:
    publications = [Publication("notice", key, value) for key, value in items]
    return await regency.database.transact(lambda c: feeds.publish(c, feed, publications, 7))


@settings(max_examples=80, deadline=None)
@given(
    st.lists(
        st.lists(
            st.tuples(st.sampled_from([b"a", b"b", b"c", b"d"]), st.binary(max_size=3)),
            max_size=5,
        ),
        max_size=6,
    )
)
def test_whatever_is_published_the_digest_is_that_of_the_last_values(
    batches: list[list[tuple[bytes, bytes]]],
) -> None:
    _SPARE.deserialize(_BLANK)
    regency = Regency(_SPARE)
    last: dict[bytes, bytes] = {}
    total = 0
    for batch in batches:
        given_seqs = drive(publish(regency, *batch))
        assert given_seqs == list(range(total + 1, total + len(batch) + 1))
        total += len(batch)
        last |= dict(batch)
    digest = EMPTY_DIGEST
    for key, value in last.items():
        digest = replace(digest, key, None, value)
    assert drive(regency.database.read(lambda c: feeds.head(c, DESA))) == (total, digest)
    states = drive(regency.database.read(lambda c: feeds.states(c, DESA)))
    assert {s.key: s.value for s in states} == last
    assert [s.seq for s in states] == sorted(s.seq for s in states)
    items = drive(regency.database.read(lambda c: feeds.after(c, DESA, 0)))
    assert [i.seq for i in items] == list(range(1, total + 1))
    assert not items or items[-1].digest == digest


async def test_feeds_do_not_touch_each_other(regency: Regency) -> None:
    await publish(regency, (b"a", b"1"))
    await publish(regency, (b"a", b"2"), feed=OTHER_DESA)
    await publish(regency, (b"a", b"3"), feed=REGENCY)
    for feed, value in ((DESA, b"1"), (OTHER_DESA, b"2"), (REGENCY, b"3")):
        items = await regency.database.read(lambda c, feed=feed: feeds.after(c, feed, 0))  # type: ignore[misc]
        assert [(i.seq, i.value) for i in items] == [(1, value)]


async def test_publishing_nothing_changes_nothing(regency: Regency) -> None:
    assert await publish(regency) == []
    assert await regency.database.read(lambda c: feeds.after(c, DESA, 0)) == []


async def test_one_reply_is_bounded_in_items_and_bytes(regency: Regency) -> None:
    await publish(regency, *((b"%d" % n, b"x") for n in range(ITEMS_MAX + 5)))
    items = await regency.database.read(lambda c: feeds.after(c, DESA, 0))
    assert len(items) == ITEMS_MAX
    rest = await regency.database.read(lambda c: feeds.after(c, DESA, items[-1].seq))
    assert [i.seq for i in rest] == list(range(ITEMS_MAX + 1, ITEMS_MAX + 6))
    large, count = 64 * 1024, 2 * FEED_BYTES_MAX // (64 * 1024)
    await publish(regency, *((b"%d" % n, b"x" * large) for n in range(count)), feed=OTHER_DESA)
    seen: list[bytes] = []
    at = 0
    while items := await regency.database.read(lambda c: feeds.after(c, OTHER_DESA, at)):  # noqa: B023
        assert sum(len(i.value) for i in items) <= FEED_BYTES_MAX
        seen += [i.key for i in items]
        at = items[-1].seq
    assert seen == [b"%d" % n for n in range(count)]


async def test_a_snapshots_chunks_are_small_and_hold_the_whole_state(regency: Regency) -> None:
    await publish(regency, *((b"%04d" % (n % 40), b"v%d" % n + b"x" * 20_000) for n in range(60)))
    manifest = await regency.database.transact(lambda c: feeds.snapshot(c, DESA, bytes(16), 9))
    assert (manifest.seq, manifest.village) == (60, DESA)
    assert len(manifest.chunks) > 2
    states = []
    for name in manifest.chunks:
        frame = await regency.database.read(lambda c, name=name: feeds.chunk(c, name, DESA))  # type: ignore[misc]
        assert frame is not None
        part = decode(frame, Chunk).states
        assert sum(len(s.value) for s in part) <= CHUNK_BYTES_MAX
        states += part
    assert len(states) == 40
    digest = EMPTY_DIGEST
    for state in states:
        digest = replace(digest, state.key, None, state.value)
    assert digest == manifest.digest


async def test_a_snapshot_of_nothing_has_no_chunks(regency: Regency) -> None:
    manifest = await regency.database.transact(lambda c: feeds.snapshot(c, DESA, bytes(16), 9))
    assert (manifest.seq, manifest.digest, manifest.chunks) == (0, EMPTY_DIGEST, [])


async def test_old_chunks_are_thrown_away_and_made_again(regency: Regency) -> None:
    await publish(regency, (b"a", b"1"))
    first = await regency.database.transact(lambda c: feeds.snapshot(c, DESA, bytes(16), 10))
    assert await regency.database.transact(lambda c: feeds.forget_chunks(c, 10)) == 0
    assert await regency.database.transact(lambda c: feeds.forget_chunks(c, 11)) == 1
    assert await regency.database.read(lambda c: feeds.chunk(c, first.chunks[0], DESA)) is None
    again = await regency.database.transact(lambda c: feeds.snapshot(c, DESA, bytes(16), 12))
    assert again == first


async def test_two_villages_with_the_same_state_both_get_their_chunks(regency: Regency) -> None:
    """Equal states give equal frames and so one name: each village must still be able to fetch it."""
    await publish(regency, (b"clone_suspected", b"same"))
    await publish(regency, (b"clone_suspected", b"same"), feed=OTHER_DESA)
    first = await regency.database.transact(lambda c: feeds.snapshot(c, DESA, bytes(16), 1))
    second = await regency.database.transact(lambda c: feeds.snapshot(c, OTHER_DESA, bytes(16), 2))
    assert await regency.database.read(lambda c: feeds.chunk(c, second.chunks[0], OTHER_DESA)) is not None
    assert await regency.database.read(lambda c: feeds.chunk(c, first.chunks[0], DESA)) is not None


def test_changing_what_was_said_costs_the_same_on_a_long_feed() -> None:
    """A list that turns some answers of a large village must not read the whole feed for each of them."""
    database = in_memory()
    regency = Regency(database)
    keys = [b"%d" % n for n in range(4_000)]
    drive(publish(regency, *[(key, b"1") for key in keys]))
    steps = 0

    def count() -> None:
        nonlocal steps
        steps += 1_000

    database._sqlite.set_progress_handler(count, 1_000)
    drive(publish(regency, *[(key, b"2") for key in keys[:100]]))
    database._sqlite.set_progress_handler(None, 0)
    assert steps < 100 * 500, "instructions of SQLite: some hundred for each, not some for every item of the feed"
