"""What the centre tells every village about letters: keys, revoked letters, and as of when that is all."""

from dataclasses import replace
from types import SimpleNamespace

import pytest

from central import seals as lists
from central.__main__ import _shut_out
from central.audit import audit
from central.store import feeds
from chassis.signing import Key, verify
from protocol.codec import unpack
from protocol.feed import REGENCY, LetterRevoked, Revocations, VillageKey, revocation_key, revocations_message
from protocol.ops import LetterVoided
from protocol.seal import key_id
from tests.central.desk import DESA, OTHER_DESA, Machine, Regency

DAY_MS = 86_400_000


@pytest.fixture
def sealing(regency: Regency) -> lists.SealLists:
    return lists.SealLists(regency.database, regency.key, regency.clock, regency.revoked)


async def keys(regency: Regency) -> list[VillageKey]:
    return [unpack(item.value, VillageKey) for item in await regency.said("village_key", REGENCY)]


async def dated(regency: Regency) -> list[Revocations]:
    return [unpack(item.value, Revocations) for item in await regency.said("revocations", REGENCY)]


async def test_an_enrolled_machines_key_is_on_the_list_once(
    regency: Regency, machine: Machine, sealing: lists.SealLists
) -> None:
    (said,) = await keys(regency)
    assert (said.village, said.serial, said.public_key, said.revoked_ms) == (DESA, 1, machine.key.public, None)
    (item,) = await regency.said("village_key")
    assert item.key == b"key:" + key_id(machine.key.public)
    assert not item.critical
    await sealing.complete()
    await regency.greet(machine)
    assert len(await keys(regency)) == 1


async def test_a_replaced_key_stays_as_it_is(regency: Regency, machine: Machine) -> None:
    newer = await regency.enrol(DESA, seed=9)
    assert [(k.serial, k.public_key, k.revoked_ms) for k in await keys(regency)] == [
        (1, machine.key.public, None),
        (2, newer.key.public, None),
    ]


async def test_a_revoked_key_stays_with_the_time_of_its_revocation(
    regency: Regency, machine: Machine, sealing: lists.SealLists
) -> None:
    assert await regency.database.transact(lambda c: _shut_out(c, DESA, 1))
    first, last = await keys(regency)
    assert last.revoked_ms is not None
    assert last == replace_revoked(first, last.revoked_ms)
    await sealing.complete()
    assert not await regency.database.transact(lambda c: _shut_out(c, DESA, 1))
    assert len(await keys(regency)) == 2, "the first time is the one that counts"


def replace_revoked(key: VillageKey, at_ms: int) -> VillageKey:
    return VillageKey(key.village, key.serial, key.public_key, key.enrolled_ms, at_ms)


async def test_keys_from_before_there_was_a_list_and_revocations_from_outside_the_database(
    regency: Regency, machine: Machine, neighbour: Machine, sealing: lists.SealLists
) -> None:
    await regency.database.transact(lambda c: c.execute("DELETE FROM feed_key"))
    regency.revoked.known.add((DESA, 1))
    before = len(await keys(regency))
    await sealing.complete()
    assert [(k.village, k.revoked_ms is not None) for k in (await keys(regency))[before:]] == [
        (OTHER_DESA, False),
        (DESA, True),
    ]


async def test_a_void_letter_is_told_to_all(regency: Regency, machine: Machine) -> None:
    letter = machine.issue(1).record_id
    machine.write(LetterVoided(salt=machine.salt(), letter=letter, reason="salah nama", actor="sri"), claimed_ms=77)
    await regency.send(machine)
    assert REGENCY in await regency.settle()
    (item,) = await regency.said("letter_revoked")
    assert (item.key, item.critical) == (revocation_key(DESA, letter), False)
    assert unpack(item.value, LetterRevoked) == LetterRevoked(DESA, letter, 77)
    assert b"salah nama" not in item.value


async def test_the_audit_misses_a_revocation_that_was_not_told(regency: Regency, machine: Machine) -> None:
    letter = machine.issue(1).record_id
    machine.write(LetterVoided(salt=machine.salt(), letter=letter, reason="salah nama", actor="sri"))
    await regency.send(machine)
    await regency.settle()
    assert (await regency.database.read(lambda c: audit(c, regency.rules))).problems == []
    key = revocation_key(DESA, letter)
    await regency.database.transact(lambda c: c.execute("DELETE FROM feed_key WHERE key = $1", key))
    (problem,) = (await regency.database.read(lambda c: audit(c, regency.rules))).problems
    assert problem == "letters: 1 that their village declared void are not on the list of all"


async def test_letters_that_were_void_before_anybody_was_told(
    regency: Regency, machine: Machine, sealing: lists.SealLists
) -> None:
    letters = [machine.issue(number).record_id for number in (1, 2)]
    for letter in letters:
        machine.write(LetterVoided(salt=machine.salt(), letter=letter, reason="salah nama", actor="sri"))
    await regency.send(machine)
    await regency.settle()
    keys_of = [revocation_key(DESA, letter) for letter in letters]
    await regency.database.transact(lambda c: c.execute("DELETE FROM feed_key WHERE key = $1", keys_of[0]))
    await sealing.complete()
    assert [item.key for item in await regency.said("letter_revoked")] == [*keys_of, keys_of[0]]
    await regency.database.transact(lambda c: c.execute("DELETE FROM feed_key WHERE key = $1", keys_of[0]))
    await sealing.complete()
    assert len(await regency.said("letter_revoked")) == 3, "only before the first date"


async def test_no_village_takes_anothers_letter_back(regency: Regency, machine: Machine, neighbour: Machine) -> None:
    letter = machine.issue(1).record_id
    neighbour.write(LetterVoided(salt=neighbour.salt(), letter=letter, reason="iseng", actor="x"))
    await regency.send(machine)
    await regency.send(neighbour)
    await regency.settle()
    (item,) = await regency.said("letter_revoked")
    assert item.key == revocation_key(OTHER_DESA, letter) != revocation_key(DESA, letter)


async def test_the_list_is_dated_and_signed_once_a_day(
    regency: Regency, machine: Machine, sealing: lists.SealLists
) -> None:
    await sealing.complete()
    (first,) = await dated(regency)
    assert first.as_of_ms == regency.clock.at_ms
    items = await regency.database.read(lambda c: feeds.after(c, REGENCY, 0))
    covered = next(item for item in items if item.seq == first.seq)
    assert covered.digest == first.digest
    message = revocations_message(first.seq, first.digest, first.as_of_ms)
    assert verify(regency.key.public, message, first.signature)
    assert not verify(Key.from_seed(b"x" * 32).public, message, first.signature)
    regency.clock.advance(seconds=3_600)
    await sealing.complete()
    assert len(await dated(regency)) == 1
    regency.clock.advance(days=1)
    await sealing.complete()
    assert [each.as_of_ms - first.as_of_ms for each in await dated(regency)] == [0, DAY_MS + 3_600_000]


async def test_a_date_in_the_future_is_put_right(regency: Regency, machine: Machine, sealing: lists.SealLists) -> None:
    await sealing.complete()
    earlier = replace(sealing, clock=SimpleNamespace(now_ms=lambda: regency.clock.at_ms - 5_000))
    await earlier.complete()
    assert len(await dated(regency)) == 2
