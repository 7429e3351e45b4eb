"""What the centre answers a box, and what it never does: acknowledge what it does not hold, or hold what was not sent."""

import random
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from central import ingest
from central.ingest import CHUNK_MS, LOG_OPS_MAX, Quiet, count_of
from central.store import boxes, logs, overview
from chassis.database import drive
from chassis.signing import Key
from protocol import VERSION
from protocol.codec import decode, encode
from protocol.feed import Notice
from protocol.messages import (
    MANIFEST,
    RECEIPT,
    Append,
    Certificate,
    Chunk,
    Cursors,
    Directive,
    FeedReply,
    LogReply,
    Manifest,
    Mark,
    Receipt,
    SnapshotReply,
    open_signed,
    sign,
)
from protocol.ops import NumberHigh, Position, start_of
from tests.central.desk import (
    BLT_DD,
    DESA,
    OTHER_DESA,
    Machine,
    Refused,
    Regency,
    in_memory,
    kk,
    nik,
    opened,
    unpack,
)

EMPTY = Cursors(b"", 0, 0, 0, 0)


async def refusal_of(work: object) -> Refused:
    with pytest.raises(Refused) as caught:
        await work  # type: ignore[misc]
    return caught.value


def other_history(machine: Machine, from_seq: int) -> Machine:
    """An image of the disk up to a place, which then went its own way."""
    image = machine.copy()
    del image.ops[from_seq:]
    image.salts += 1_000
    return image


# --- append -----------------------------------------------------------------------------------------------------------


async def test_what_is_acknowledged_is_held(regency: Regency, machine: Machine) -> None:
    machine.propose()
    machine.issue(1)
    appended = await regency.send(machine)
    assert appended.position == machine.head
    assert await regency.heads() == {1: (3, machine.head.hash)}
    assert regency.batches_kept == 1
    await regency.settle()
    assert [each.op for each in await regency.ops()] == machine.ops


async def test_the_same_batch_again_changes_nothing_and_is_acknowledged_again(
    regency: Regency, machine: Machine
) -> None:
    machine.propose()
    first = await regency.send(machine)
    for _ in range(10):
        again = await regency.send(machine)
        assert again.position == first.position
    assert await regency.value("SELECT count(*) FROM batch") == 1
    await regency.settle()
    assert (await regency.send(machine)).position == first.position
    assert len(await regency.ops()) == 2
    assert await regency.value("SELECT count(*) FROM proposal") == 1


async def test_a_batch_that_is_partly_held_adds_only_the_rest(regency: Regency, machine: Machine) -> None:
    for _ in range(4):
        machine.propose()
    await regency.send(machine, 1, 3)
    assert (await regency.send(machine, 2)).position == machine.head
    await regency.settle()
    assert len(await regency.ops()) == 5
    assert (await regency.send(machine, 2, 4)).position == machine.head, "an older batch: the head is what is held"


async def test_a_batch_beyond_the_head_is_told_where_the_head_is(regency: Regency, machine: Machine) -> None:
    for _ in range(4):
        machine.propose()
    await regency.send(machine, 1, 2)
    refused = await refusal_of(regency.send(machine, 4))
    assert (refused.code, refused.position) == ("gap", machine.ops[1].position)
    assert await regency.heads() == {1: (2, machine.ops[1].hash)}


async def test_a_log_that_begins_in_the_middle_is_a_gap(regency: Regency, machine: Machine) -> None:
    machine.propose()
    refused = await refusal_of(regency.send(machine, 2))
    assert (refused.code, refused.position) == ("gap", start_of(machine.log_id))


@pytest.mark.parametrize("is_tabulated", [False, True])
async def test_other_bytes_in_a_held_place_are_a_fork(regency: Regency, machine: Machine, is_tabulated: bool) -> None:
    for _ in range(3):
        machine.propose()
    await regency.send(machine)
    if is_tabulated:
        await regency.settle()
    image = other_history(machine, 2)
    image.propose()
    refused = await refusal_of(regency.send(image, 3))
    assert (refused.code, refused.position) == ("fork", machine.head)
    image.propose()
    image.propose()
    refused = await refusal_of(regency.send(image))
    assert refused.code == "fork", "also when it is longer than what is held"
    assert await regency.heads() == {1: (4, machine.head.hash)}


async def test_a_place_that_never_was_is_a_fork_or_a_gap(regency: Regency, machine: Machine) -> None:
    machine.propose()
    await regency.send(machine)
    invented = Position(machine.log_id, 1, bytes(32))
    batch = machine.batch_of(machine.ops[1:], invented)
    hashes_of_another_history = await refusal_of(regency.append(machine, batch))
    assert hashes_of_another_history.code in {"fork", "bad_signature"}


async def test_a_batch_without_ops_or_with_another_number_of_bodies_is_malformed(
    regency: Regency, machine: Machine
) -> None:
    machine.propose()
    empty = Append(start_of(machine.log_id), [], [], bytes(64))
    assert (await refusal_of(regency.append(machine, empty))).code == "malformed"
    assert (await refusal_of(regency.quarantine(machine, empty))).code == "malformed"
    uneven = Append(start_of(machine.log_id), [machine.ops[0].header], [], bytes(64))
    assert (await refusal_of(regency.append(machine, uneven))).code == "malformed"


async def test_the_head_must_be_signed_by_this_machine(regency: Regency, machine: Machine) -> None:
    batch = machine.batch()
    forged = Append(batch.after, batch.headers, batch.bodies, bytes(64))
    assert (await refusal_of(regency.append(machine, forged))).code == "bad_signature"
    shortened = Append(batch.after, [*batch.headers, b"x"], [*batch.bodies, b"y"], batch.signature)
    assert (await refusal_of(regency.append(machine, shortened))).code == "bad_signature"
    assert await regency.heads() == {}


async def test_one_villages_log_is_never_anothers(regency: Regency, machine: Machine, neighbour: Machine) -> None:
    await regency.send(machine)
    thief = replace(neighbour, log_id=machine.log_id, ops=[])
    thief.open_log()
    assert (await refusal_of(regency.send(thief))).code == "wrong_village"
    borrowed = replace(machine, session=neighbour.session)
    assert (await refusal_of(regency.send(borrowed))).code == "bad_signature"
    assert await regency.heads(OTHER_DESA) == {}


@pytest.mark.parametrize("session", [b"", bytes(32), b"short"])
async def test_without_a_session_nothing_is_taken(regency: Regency, machine: Machine, session: bytes) -> None:
    machine.session = session
    assert (await refusal_of(regency.send(machine))).code == "superseded"
    assert (await refusal_of(regency.quarantine(machine, machine.batch()))).code == "superseded"
    assert await regency.value("SELECT count(*) FROM batch") == 0


async def test_a_newer_session_ends_the_former(regency: Regency, machine: Machine) -> None:
    former = machine.copy()
    await regency.greet(machine)
    assert (await refusal_of(regency.send(former))).code == "superseded"
    await regency.send(machine)


@pytest.mark.parametrize("body", [b"", b"\x00", b"x" * 1_000, encode(Mark(start_of(bytes(16)), []))])
async def test_bytes_that_are_no_frame_are_malformed(regency: Regency, machine: Machine, body: bytes) -> None:
    for answer in (
        await regency.ingest.append(machine.session, body),
        await regency.ingest.quarantine(machine.session, body),
        await regency.ingest.hello(body),
    ):
        with pytest.raises(Refused, match="malformed"):
            opened(answer, Append)


async def test_the_first_op_must_open_the_log(regency: Regency, machine: Machine) -> None:
    machine.ops.clear()
    machine.propose()
    assert (await refusal_of(regency.send(machine))).code == "malformed"
    machine.ops.clear()
    machine.write_raw(b"\xc1", b"\xc1")
    assert (await refusal_of(regency.send(machine))).code == "malformed"
    assert await regency.heads() == {}


async def test_a_new_log_seals_its_parent(regency: Regency, machine: Machine) -> None:
    machine.propose()
    await regency.send(machine)
    successor = replace(machine, log_id=b"second log......", ops=[])
    successor.open_log(parent=machine.head, how="restored")
    await regency.send(successor)
    assert await regency.rows("SELECT epoch, parent_epoch, sealed_seq FROM log ORDER BY epoch") == [
        (1, None, 2),
        (2, 1, None),
    ]
    assert (await regency.send(machine)).position == machine.head, "what is held is acknowledged for ever"
    machine.propose()
    assert (await refusal_of(regency.send(machine, 3))).code == "sealed"
    assert (await refusal_of(regency.send(machine, 2))).code == "sealed", "also when part of it is held"


async def test_a_parent_the_centre_does_not_hold_must_come_first(regency: Regency, machine: Machine) -> None:
    machine.propose()
    successor = replace(machine, log_id=b"second log......", ops=[])
    successor.open_log(parent=machine.head, how="restored")
    assert (await refusal_of(regency.send(successor))).code == "parent_missing"
    await regency.send(machine, 1, 1)
    assert (await refusal_of(regency.send(successor))).code == "parent_missing", "the parent ends before that place"
    await regency.send(machine)
    await regency.send(successor)


async def test_a_receipt_of_ours_proves_when_an_op_first_came(regency: Regency, machine: Machine) -> None:
    machine.propose()
    appended = await regency.send(machine)
    fresh = Regency(in_memory(), clock=regency.clock, key=regency.key)
    fresh.clock.advance(days=20)
    restored = await fresh.enrol(DESA)
    moved = replace(machine, certificate=restored.certificate, nonce=b"", fingerprint=restored.fingerprint)
    await fresh.greet(moved)
    forged = sign(RECEIPT, Receipt(DESA, machine.head, 0, bytes(16)), moved.key.sign)
    elsewhere = sign(RECEIPT, Receipt(OTHER_DESA, machine.head, 0, bytes(16)), fresh.key.sign)
    batch = moved.batch_of(moved.ops, start_of(moved.log_id), [forged, elsewhere, appended.receipt])
    await fresh.append(moved, batch)
    await fresh.settle()
    assert await fresh.rows("SELECT DISTINCT received_ms FROM proposal") == [(regency.clock.at_ms - 20 * 86_400_000,)]


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**32), st.lists(st.tuples(st.integers(1, 9), st.integers(0, 6)), min_size=1, max_size=12))
def test_whatever_pieces_arrive_in_whatever_order_the_log_is_what_was_written(
    seed: int, pieces: list[tuple[int, int]]
) -> None:
    """Any slices, any repeats: the centre holds a prefix of what was written, and acknowledges only what it holds."""

    async def run() -> None:
        regency = Regency(in_memory())
        machine = await regency.enrol()
        await regency.greet(machine)
        machine.open_log()
        for _ in range(8):
            machine.propose()
        rng = random.Random(seed)
        acknowledged = 0
        for first, more in [*pieces, (1, 0), (1, 8)]:
            try:
                appended = await regency.send(machine, first, first + more)
            except Refused as refused:
                assert (refused.code, first > acknowledged + 1) == ("gap", True)  # noqa: PT017
            else:
                assert appended.position == machine.ops[appended.position.seq - 1].position
                assert appended.position.seq >= acknowledged
                acknowledged = appended.position.seq
            if rng.random() < 0.4:
                await regency.settle()
        await regency.settle()
        assert [each.op for each in await regency.ops()] == machine.ops

    drive(run())


# --- hello ------------------------------------------------------------------------------------------------------------


async def test_hello_gives_a_session_and_the_state_of_the_road(regency: Regency, machine: Machine) -> None:
    machine.propose()
    await regency.send(machine)
    welcome = await regency.greet(
        machine, mark=Mark(machine.head, [NumberHigh("470", 2021, 7)]), health=[("outbox_ops", 3)], software="1.2"
    )
    assert welcome.directive == Directive.OK
    assert [(h.epoch, h.head, h.relation) for h in welcome.logs] == [(1, machine.head, "known")]
    assert welcome.numbers == [NumberHigh("470", 2021, 7)]
    assert welcome.central_ms == regency.clock.at_ms
    box = await regency.database.read(lambda c: boxes.newest(c, DESA))
    assert box is not None
    assert (box.software, box.health, box.last_contact_ms) == ("1.2", [("outbox_ops", 3)], regency.clock.at_ms)


async def test_the_clock_skew_is_the_machines_clock_against_ours(regency: Regency, machine: Machine) -> None:
    await regency.greet(machine, clock_ms=regency.clock.at_ms - 90_000)
    assert await regency.value("SELECT clock_skew_ms FROM box") == -90_000


async def test_a_mark_never_acknowledges_anything(regency: Regency, machine: Machine) -> None:
    machine.propose()
    welcome = await regency.greet(machine, mark=Mark(machine.head, []))
    assert welcome.directive == Directive.SEND_FROM
    assert welcome.logs == []


async def test_every_relation_of_heads_has_its_directive(regency: Regency, machine: Machine) -> None:
    machine.propose()
    await regency.send(machine)
    old = other_history(machine, 1)
    assert (await regency.greet(old)).directive == Directive.PULL_OWN_LOG
    empty = replace(old, ops=[])
    assert (await regency.greet(empty)).directive == Directive.NEW_LOG
    forked = replace(empty, ops=machine.ops[:1], salts=5_000)
    forked.propose()
    welcome = await regency.greet(forked)
    assert (welcome.directive, [h.relation for h in welcome.logs]) == (Directive.FORK, ["fork"])
    ahead = replace(forked, ops=list(machine.ops))
    ahead.propose()
    assert (await regency.greet(ahead)).directive == Directive.SEND_FROM


async def test_a_program_too_old_or_too_new_gets_no_session(regency: Regency, machine: Machine) -> None:
    old = await regency.greet(machine, version_min=VERSION - 1, version_max=VERSION - 1)
    new = await regency.greet(machine, version_min=VERSION + 1, version_max=VERSION + 1)
    assert (old.directive, old.session, old.logs) == (Directive.TOO_OLD, b"", [])
    assert (new.directive, new.session) == (Directive.TOO_NEW, b"")
    assert await halted(regency) == "too_new"
    await regency.send(machine)
    await regency.greet(machine)
    assert await halted(regency) == ""


async def halted(regency: Regency) -> str:
    """Why the village's machine stands still, as the fleet page knows it."""
    return (await regency.database.read(overview.villages))[DESA].halted


async def test_what_a_stranger_to_the_session_says_of_its_health_is_not_the_village_s(
    regency: Regency, machine: Machine
) -> None:
    await regency.send(machine)
    copy = replace(machine, fingerprint=b"another host....")
    for directive in (Directive.AGAIN, Directive.DUPLICATE):
        assert (await regency.greet(copy, health=[("halted_duplicate", 1)])).directive == directive
    assert await halted(regency) == ""


async def test_nobody_can_speak_for_a_village_without_its_key(regency: Regency, machine: Machine) -> None:
    stranger = replace(machine, key=Key.from_seed(b"s" * 32))
    assert (await refusal_of(regency.greet(stranger))).code == "bad_signature"
    own_word = replace(
        machine, certificate=sign(b"kampung/certificate/1", decode_certificate(machine), machine.key.sign)
    )
    assert (await refusal_of(regency.greet(own_word))).code == "bad_signature"
    assert (await refusal_of(regency.greet(machine, village=OTHER_DESA))).code == "wrong_village"


def decode_certificate(machine: Machine) -> Certificate:
    return unpack(machine.certificate.payload, Certificate)


async def test_the_answer_to_a_lost_answer_is_the_same_session(regency: Regency) -> None:
    machine = await regency.enrol()
    before = machine.copy()
    first = await regency.greet(machine)
    again = await regency.greet(before)
    assert (again.session, again.nonce) == (first.session, first.nonce)


async def test_once_the_session_was_used_the_former_nonce_is_only_asked_again(regency: Regency) -> None:
    machine = await regency.enrol()
    before = machine.copy()
    await regency.greet(machine)
    machine.open_log()
    await regency.send(machine)
    welcome = await regency.greet(before)
    assert (welcome.directive, welcome.session) == (Directive.AGAIN, b"")
    assert welcome.challenge
    assert await regency.value("SELECT clone_suspected_ms FROM box") is None, "it may be a late copy of an old request"
    machine.propose()
    await regency.send(machine, 2)


async def test_a_late_duplicate_raises_no_alarm_however_often_it_comes(regency: Regency) -> None:
    machine = await regency.enrol()
    late = machine.hello(regency.clock.at_ms)
    await regency.greet(machine)
    machine.open_log()
    await regency.send(machine)
    for _ in range(5):
        await regency.ingest.hello(late)
    assert await regency.value("SELECT clone_suspected_ms FROM box") is None
    assert regency.published == []
    await regency.greet(machine)
    machine.propose()
    await regency.send(machine)


async def test_a_living_copy_is_named_a_clone_and_the_session_in_force_stays(regency: Regency) -> None:
    machine = await regency.enrol()
    await regency.greet(machine)
    machine.open_log()
    await regency.send(machine)
    clone = machine.copy()
    await regency.greet(machine)
    await regency.send(machine)  # the session is used: the clone's nonce is two sessions old
    clone.fingerprint = b"another host...."
    asked = await regency.greet(clone)
    assert asked.directive == Directive.AGAIN
    named = await regency.greet(clone)
    assert (named.directive, named.session) == (Directive.DUPLICATE, b"")
    assert await regency.value("SELECT clone_suspected_ms FROM box") == regency.clock.at_ms
    assert regency.published == [DESA]
    machine.propose()
    await regency.send(machine, 2)
    reply = await regency.feed(machine, Cursors(await regency.timeline(), 0, 0, 0, 0))
    assert isinstance(reply, FeedReply)
    assert unpack(reply.village[0].value, Notice).code == "clone_suspected"


async def test_the_same_nonce_from_another_host_is_a_clone_too(regency: Regency, machine: Machine) -> None:
    moved = machine.copy()
    moved.fingerprint = b"another host...."
    assert (await regency.greet(moved)).directive == Directive.AGAIN
    assert (await regency.greet(moved)).directive == Directive.DUPLICATE


async def test_an_alarm_is_told_once(regency: Regency, machine: Machine) -> None:
    clone = machine.copy()
    clone.fingerprint = b"another host...."
    for _ in range(6):
        await regency.greet(clone)
    assert len(await regency.said("notice")) == 1


async def test_a_guessed_challenge_is_worth_nothing(regency: Regency, machine: Machine) -> None:
    clone = machine.copy()
    clone.fingerprint = b"another host...."
    clone.challenge = b"guessed challeng"
    assert (await regency.greet(clone)).directive == Directive.AGAIN


async def test_a_new_enrolment_ends_the_alarm_and_the_former_machine(regency: Regency, machine: Machine) -> None:
    clone = machine.copy()
    clone.fingerprint = b"another host...."
    await regency.greet(clone)
    await regency.greet(clone)
    newcomer = await regency.enrol(DESA, seed=2)
    assert (await regency.greet(newcomer)).directive == Directive.OK
    assert (await refusal_of(regency.greet(machine))).code == "revoked"
    assert (await refusal_of(regency.send(machine))).code == "superseded"
    newest = await regency.database.read(lambda c: boxes.newest(c, DESA))
    assert newest is not None
    assert (newest.serial, newest.clone_suspected_ms) == (2, None)


async def test_a_revoked_machine_stays_out(regency: Regency, machine: Machine) -> None:
    assert await regency.database.transact(lambda c: boxes.revoke(c, DESA, 1))
    assert (await refusal_of(regency.send(machine))).code == "superseded"
    assert (await refusal_of(regency.greet(machine))).code == "revoked"
    assert not await regency.database.transact(lambda c: boxes.revoke(c, DESA, 1))


async def test_a_restored_database_brings_no_revoked_machine_back(regency: Regency, machine: Machine) -> None:
    regency.revoked.known.add((DESA, 1))
    assert (await refusal_of(regency.greet(machine))).code == "revoked"


# --- a restored centre ------------------------------------------------------------------------------------------------


async def restored(regency: Regency) -> bytes:
    """An image of the centre's database, to go back to."""
    return regency.database.serialize()  # type: ignore[attr-defined,no-any-return]


async def test_a_centre_that_lost_what_it_acknowledged_starts_a_new_timeline(
    regency: Regency, machine: Machine
) -> None:
    await regency.send(machine)
    image, before = await restored(regency), await regency.timeline()
    machine.propose()
    await regency.send(machine)
    regency.database.deserialize(image)  # type: ignore[attr-defined]
    welcome = await regency.greet(machine)
    assert welcome.timeline != before
    assert welcome.directive == Directive.SEND_FROM
    await regency.send(machine, 2)
    assert await regency.heads() == {1: (2, machine.head.hash)}
    assert (await regency.greet(machine)).timeline == welcome.timeline, "once is enough"


async def test_a_centre_that_forgot_the_machine_takes_the_certificates_word(regency: Regency, machine: Machine) -> None:
    await regency.send(machine)
    forgetful = Regency(in_memory(), clock=regency.clock, key=regency.key)
    welcome = await forgetful.greet(machine)
    assert welcome.directive == Directive.SEND_FROM
    await forgetful.send(machine)
    assert await forgetful.heads() == {1: (1, machine.head.hash)}


async def test_a_nonce_the_centre_forgot_giving_is_no_clone(regency: Regency, machine: Machine) -> None:
    image = await restored(regency)
    for _ in range(3):
        await regency.greet(machine)
    regency.database.deserialize(image)  # type: ignore[attr-defined]
    before = await regency.timeline()
    assert count_of(machine.nonce) == 4
    welcome = await regency.greet(machine, cursors=Cursors(before, 0, 0, 0, 0))
    assert welcome.session
    assert welcome.timeline != before, "a nonce from the future: this database is the older copy"


async def test_an_invented_nonce_opens_nothing(regency: Regency, machine: Machine) -> None:
    machine.nonce = (9).to_bytes(8, "big") + b"invented"
    before = await regency.timeline()
    assert (await regency.greet(machine)).directive == Directive.AGAIN
    assert await regency.timeline() == before


async def test_a_receipt_of_an_earlier_timeline_says_nothing_about_this_one(regency: Regency, machine: Machine) -> None:
    await regency.send(machine)
    await regency.database.transact(lambda c: boxes.start_timeline(c, b"new timeline....", 1))
    await regency.greet(machine)
    assert await regency.timeline() == b"new timeline...."


# --- quarantine -------------------------------------------------------------------------------------------------------


async def test_a_branch_is_kept_beside_the_log_and_judged_like_it(regency: Regency, machine: Machine) -> None:
    await regency.put_cycle()
    for n in range(3):
        machine.propose(nik=nik(n + 1), kk=kk(n + 1))
    await regency.send(machine)
    image = other_history(machine, 2)
    branch_op = image.propose(nik=nik(9), kk=kk(9))
    assert (await refusal_of(regency.send(image, 3))).code == "fork"
    appended = await regency.quarantine(image, image.batch())
    assert appended.position == image.head
    assert await regency.rows("SELECT epoch, log_id, parent_epoch, branch_seq, head_seq FROM log ORDER BY epoch") == [
        (1, machine.log_id, None, 0, 4),
        (2, machine.log_id, 1, 2, 3),
    ]
    await regency.settle()
    assert await regency.outcome(branch_op.record_id) == ("accepted", "")
    assert len(await regency.decisions()) == 4


async def test_a_branch_sent_again_is_the_same_branch(regency: Regency, machine: Machine) -> None:
    machine.propose()
    await regency.send(machine)
    image = other_history(machine, 1)
    image.propose()
    for _ in range(4):
        await regency.quarantine(image, image.batch())
        await regency.quarantine(image, image.batch(2))
        await regency.settle()
    assert sorted(await regency.heads()) == [1, 2]
    image.propose()
    await regency.quarantine(image, image.batch(3))
    image.propose()
    await regency.quarantine(image, image.batch())
    assert (await regency.heads())[2] == (4, image.head.hash)
    await regency.settle()
    branch = [each for each in await regency.ops() if each.epoch == 2]
    assert len(branch) == 3, "the shared op is not stored twice"


async def test_another_op_at_a_place_that_only_a_branch_reaches_is_a_fork(regency: Regency, machine: Machine) -> None:
    machine.propose()
    await regency.send(machine)
    branch = other_history(machine, 1)
    for _ in range(4):
        branch.propose()
    await regency.quarantine(branch, branch.batch())
    third = other_history(branch, 4)
    third.salts += 77
    third.propose()
    refused = await refusal_of(regency.append(third, third.batch(5)))
    assert (refused.code, refused.position) == ("fork", branch.head)


async def test_a_branch_of_a_branch(regency: Regency, machine: Machine) -> None:
    for _ in range(2):
        machine.propose()
    await regency.send(machine)
    second = other_history(machine, 1)
    for _ in range(3):
        second.propose()
    await regency.quarantine(second, second.batch())
    third = other_history(second, 3)
    third.salts += 77
    third.propose()
    await regency.quarantine(third, third.batch())
    await regency.settle()
    assert await regency.rows("SELECT epoch, parent_epoch, branch_seq, head_seq FROM log ORDER BY epoch") == [
        (1, None, 0, 3),
        (2, 1, 1, 4),
        (3, 2, 3, 4),
    ]
    reply = opened(await regency.ingest.read_log(machine.session, machine.log_id, 3, 0), LogReply)
    assert reply.bodies == [op.body for op in third.ops]


async def test_what_continues_the_head_needs_no_branch(regency: Regency, machine: Machine) -> None:
    machine.propose()
    await regency.send(machine)
    machine.propose()
    await regency.quarantine(machine, machine.batch())
    assert await regency.heads() == {1: (3, machine.head.hash)}


async def test_what_comes_after_the_seal_is_kept_as_a_branch(regency: Regency, machine: Machine) -> None:
    await regency.send(machine)
    successor = replace(machine, log_id=b"second log......", ops=[])
    successor.open_log(parent=machine.head, how="restored")
    await regency.send(successor)
    machine.propose()
    assert (await regency.quarantine(machine, machine.batch())).position == machine.head
    assert (await regency.quarantine(machine, machine.batch(2))).position == machine.head
    assert await regency.rows("SELECT epoch, parent_epoch, branch_seq, head_seq FROM log ORDER BY epoch") == [
        (1, None, 0, 1),
        (2, 1, 0, 1),
        (3, 1, 1, 2),
    ]


async def test_a_branch_that_begins_nowhere_is_a_gap(regency: Regency, machine: Machine) -> None:
    machine.propose()
    assert (await refusal_of(regency.quarantine(machine, machine.batch(2)))).code == "gap"
    assert await regency.heads() == {}


async def test_a_branch_must_be_signed_too(regency: Regency, machine: Machine) -> None:
    await regency.send(machine)
    machine.propose()
    batch = machine.batch()
    unsigned = Append(batch.after, batch.headers, batch.bodies, bytes(64))
    assert (await refusal_of(regency.quarantine(machine, unsigned))).code == "bad_signature"


# --- a parcel ---------------------------------------------------------------------------------------------------------


async def test_a_parcel_taken_twice_changes_nothing(regency: Regency, machine: Machine) -> None:
    for _ in range(3):
        machine.propose()
    parcel = machine.parcel(machine.batch(1, 2), machine.batch(3))
    first = await regency.ingest.take_parcel(parcel)
    await regency.settle()
    again = await regency.ingest.take_parcel(parcel)
    assert [a.position for a in first.appended] == [machine.ops[1].position, machine.head]
    assert [a.position for a in again.appended] == [machine.head, machine.head], "the head says what is held by now"
    assert await regency.value("SELECT count(*) FROM proposal") == 3


async def test_a_parcel_from_before_a_restore_is_kept_as_a_branch(regency: Regency, machine: Machine) -> None:
    machine.propose()
    await regency.send(machine)
    image = other_history(machine, 1)
    image.propose()
    taken = await regency.ingest.take_parcel(image.parcel(image.batch()))
    assert taken.appended[0].position == image.head
    assert sorted(await regency.heads()) == [1, 2]


async def test_a_replaced_machine_may_still_bring_its_records_a_revoked_one_may_not(
    regency: Regency, machine: Machine
) -> None:
    await regency.enrol(DESA, seed=2)
    await regency.ingest.take_parcel(machine.parcel(machine.batch()))
    assert await regency.heads() == {1: (1, machine.head.hash)}
    regency.revoked.known.add((DESA, 1))
    machine.propose()
    with pytest.raises(Exception, match="revoked"):
        await regency.ingest.take_parcel(machine.parcel(machine.batch()))
    assert await regency.heads() == {1: (1, machine.ops[0].hash)}


async def test_a_damaged_or_strange_parcel_is_refused_whole(regency: Regency, machine: Machine) -> None:
    parcel = machine.parcel(machine.batch())
    for damaged in (b"", parcel[:8], parcel[:-1], b"KMPGACK1" + parcel[8:], parcel + b"\x00\x00\x00\x09x"):
        with pytest.raises(Exception, match="malformed"):
            await regency.ingest.take_parcel(damaged)
    stranger = Regency(in_memory(), key=Key.from_seed(b"z" * 32))
    with pytest.raises(Exception, match="bad_signature"):
        await stranger.ingest.take_parcel(parcel)
    assert await regency.heads() == {}


# --- own log ----------------------------------------------------------------------------------------------------------


async def test_a_village_reads_its_own_log_back(regency: Regency, machine: Machine) -> None:
    for _ in range(5):
        machine.propose()
    await regency.send(machine)
    reply = opened(await regency.ingest.read_log(machine.session, machine.log_id, 1, 2), LogReply)
    assert reply.after == machine.ops[1].position
    assert reply.headers == [op.header for op in machine.ops[2:]]
    assert not reply.has_more
    assert len(machine.ops) < LOG_OPS_MAX


async def test_records_that_do_not_compress_are_read_back_too(regency: Regency, machine: Machine) -> None:
    """A page is cut by what a frame may weigh when nothing in it compresses."""
    noise = random.Random(7)
    for _ in range(2):
        held = len(machine.ops)
        for _ in range(20):
            machine.write_raw(noise.randbytes(1000), noise.randbytes(63_000))
        await regency.send(machine, held)
    await regency.settle()
    bodies: list[bytes] = []
    while len(bodies) < len(machine.ops):
        reply = opened(await regency.ingest.read_log(machine.session, machine.log_id, 1, len(bodies)), LogReply)
        bodies += reply.bodies
        assert reply.has_more == (len(bodies) < len(machine.ops))
    assert bodies == [op.body for op in machine.ops]


async def test_the_end_of_a_long_log_is_read_as_quickly_as_its_beginning() -> None:
    """A village in touch has a batch for each op: reading on must not walk over all of them again."""
    database = in_memory()
    regency = Regency(database)
    machine = await regency.enrol()
    await regency.greet(machine)
    machine.open_log()
    await regency.send(machine)
    for _ in range(600):
        machine.propose()
        await regency.send(machine, len(machine.ops))
    (log,) = await regency.database.read(lambda c: logs.of_village(c, machine.village))
    steps = 0

    def count() -> None:
        nonlocal steps
        steps += 100

    database._sqlite.set_progress_handler(count, 100)
    found = await regency.database.read(lambda c: logs.read(c, log, 590, 8))
    database._sqlite.set_progress_handler(None, 0)
    assert found == machine.ops[590:598]
    assert steps <= 8 * 100, "instructions of SQLite: some tens for each op, not some for every batch before it"


async def test_nobody_reads_anothers_log(regency: Regency, machine: Machine, neighbour: Machine) -> None:
    await regency.send(machine)
    await regency.settle()
    stolen = await regency.ingest.read_log(neighbour.session, machine.log_id, 1, 0)
    assert stolen.status == 404
    for epoch, seq in ((2, 0), (1, 2)):
        assert (await regency.ingest.read_log(machine.session, machine.log_id, epoch, seq)).status == 404


async def test_a_server_that_opens_logs_without_end_is_held_up(
    regency: Regency, machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each would make every later question about the village's logs slower; what is held already is still taken again."""
    monkeypatch.setattr(ingest, "EPOCHS_MAX", 3)
    machine.propose()
    await regency.send(machine)
    branches = []
    for n in range(3):
        branch = replace(machine, ops=machine.ops[:1], salts=100 * (n + 1))
        branch.propose()
        branches.append(branch)
    for branch in branches[:2]:
        await regency.quarantine(branch, branch.batch())
    assert (await refusal_of(regency.quarantine(branches[2], branches[2].batch()))).code == "busy"
    other = replace(machine, log_id=b"another log.....", ops=[])
    other.open_log()
    assert (await refusal_of(regency.send(other))).code == "busy"
    assert (await refusal_of(regency.quarantine(other, other.batch()))).code == "busy"
    assert len(await regency.heads()) == 3
    await regency.quarantine(branches[1], branches[1].batch())
    machine.propose()
    await regency.send(machine)


# --- feed -------------------------------------------------------------------------------------------------------------


async def test_chunks_of_former_snapshots_are_thrown_away(regency: Regency, machine: Machine) -> None:
    await regency.put_cycle()
    await regency.feed(machine, EMPTY)
    assert await regency.value("SELECT count(*) FROM chunk") == 1
    regency.clock.advance(seconds=CHUNK_MS / 1000 + 1)
    await regency.put_cycle(BLT_DD)
    await regency.feed(machine, EMPTY)
    assert await regency.value("SELECT count(*) FROM chunk") == 1


async def test_the_first_feed_request_is_answered_with_manifests(regency: Regency, machine: Machine) -> None:
    await regency.put_cycle()
    reply = await regency.feed(machine, EMPTY)
    assert isinstance(reply, SnapshotReply)
    manifests = [open_signed(MANIFEST, m, Manifest, lambda *_: True) for m in reply.manifests]
    assert [(m.feed, m.village, m.seq) for m in manifests] == [("village", DESA, 0), ("regency", "", 2)]
    chunk = await regency.ingest.read_chunk(machine.session, manifests[1].chunks[0])
    assert [state.kind for state in opened(chunk, Chunk).states] == ["village_key", "cycle"]


async def test_a_villages_chunk_is_for_that_village_alone(
    regency: Regency, machine: Machine, neighbour: Machine
) -> None:
    machine.propose()
    await regency.send(machine)
    await regency.settle()
    reply = await regency.feed(machine, EMPTY)
    assert isinstance(reply, SnapshotReply)
    own = open_signed(MANIFEST, reply.manifests[0], Manifest, lambda *_: True)
    assert (await regency.ingest.read_chunk(machine.session, own.chunks[0])).status == 200
    assert (await regency.ingest.read_chunk(neighbour.session, own.chunks[0])).status == 404
    assert (await regency.ingest.read_chunk(machine.session, bytes(32))).status == 404


async def test_news_then_quiet(regency: Regency, machine: Machine) -> None:
    timeline = await regency.timeline()
    machine.propose()
    await regency.send(machine)
    await regency.settle()
    reply = await regency.feed(machine, Cursors(timeline, 0, 0, 0, 0))
    assert isinstance(reply, FeedReply)
    assert [item.kind for item in reply.village] == ["decision"]
    assert [item.kind for item in reply.regency] == ["village_key"]
    assert await regency.feed(machine, Cursors(timeline, 1, 1, 1, 1), [("outbox_ops", 0)]) is None
    assert await regency.rows("SELECT village_stored, village_applied FROM box") == [(1, 1)]
    quiet = await regency.ingest.feed(machine.session, Cursors(timeline, 1, 1, 1, 1), None)
    assert quiet == Quiet(DESA)


async def test_a_cursor_beyond_the_head_shows_that_the_centre_is_older(regency: Regency, machine: Machine) -> None:
    timeline = await regency.timeline()
    reply = await regency.feed(machine, Cursors(timeline, 5, 5, 0, 0))
    assert isinstance(reply, SnapshotReply)
    assert await regency.timeline() != timeline


async def test_a_cursor_of_another_timeline_gets_a_snapshot_and_changes_nothing(
    regency: Regency, machine: Machine
) -> None:
    timeline = await regency.timeline()
    reply = await regency.feed(machine, Cursors(b"another timeline", 5, 5, 0, 0))
    assert isinstance(reply, SnapshotReply)
    assert await regency.timeline() == timeline


async def test_the_feed_needs_a_session(regency: Regency, machine: Machine) -> None:
    machine.session = bytes(32)
    assert (await refusal_of(regency.feed(machine, EMPTY))).code == "superseded"


def test_answers_are_frames_that_boxes_can_read() -> None:
    async def run() -> None:
        regency = Regency(in_memory())
        machine = await regency.enrol()
        await regency.greet(machine)
        answer = await regency.ingest.append(machine.session, b"")
        assert decode(answer.body, type(Refused(answer).failure)).detail

    drive(run())
