"""Who becomes a village's server: whoever holds the one-time token, once, within its hours."""

from dataclasses import replace

import pytest

from central.enrolment import TOKEN_HOURS
from central.store import boxes
from chassis.database import ConstraintViolated
from chassis.signing import Key, verify
from protocol.codec import encode
from protocol.messages import CERTIFICATE, LOGS_MAX, Certificate, EnrolReply, EnrolRequest, open_signed
from protocol.ops import NumberHigh
from tests.central.desk import DESA, OTHER_DESA, Machine, Refused, Regency, opened

KEY, OTHER_KEY = Key.from_seed(b"b" * 32), Key.from_seed(b"c" * 32)


async def enrol(
    regency: Regency, token: str, key: Key = KEY, fingerprint: bytes = b"host", village: str = DESA
) -> EnrolReply:
    request = EnrolRequest(token, key.public, fingerprint, village)
    return opened(await regency.enrolment.enrol(encode(request)), EnrolReply)


async def test_a_token_buys_a_certificate_of_the_machines_own_key(regency: Regency) -> None:
    token = await regency.enrolment.give_token(DESA, "command:test")
    reply = await enrol(regency, token)
    assert reply.central_key == regency.key.public
    certificate = open_signed(
        CERTIFICATE, reply.certificate, Certificate, lambda m, s: verify(regency.key.public, m, s)
    )
    assert certificate == Certificate(DESA, 1, KEY.public, regency.clock.at_ms)
    assert reply.timeline == await regency.timeline()
    assert reply.logs == []


async def test_a_token_is_good_for_one_machine(regency: Regency) -> None:
    token = await regency.enrolment.give_token(DESA, "command:test")
    await enrol(regency, token)
    for key, fingerprint in ((OTHER_KEY, b"host"), (KEY, b"other host"), (OTHER_KEY, b"other host")):
        with pytest.raises(Refused, match="bad_token"):
            await enrol(regency, token, key, fingerprint)
    assert await regency.rows("SELECT public_key FROM box") == [(KEY.public,)]


async def test_a_machine_whose_answer_was_lost_gets_the_same_again(regency: Regency) -> None:
    token = await regency.enrolment.give_token(DESA, "command:test")
    first = await enrol(regency, token)
    regency.clock.advance(seconds=TOKEN_HOURS * 3600)
    again = await enrol(regency, token)
    assert (again.certificate, again.timeline) == (first.certificate, first.timeline)
    assert await regency.rows("SELECT serial, state FROM box") == [(1, "active")]


async def test_an_answer_that_was_used_is_not_given_again(regency: Regency, machine: Machine) -> None:
    """The machine has said hello, so it has its certificate: whoever asks with these keys now is a copy."""
    token = await regency.enrolment.give_token(DESA, "command:test")
    reply = await enrol(regency, token)
    await regency.greet(replace(machine, key=KEY, fingerprint=b"host", certificate=reply.certificate, nonce=b""))
    with pytest.raises(Refused, match="bad_token"):
        await enrol(regency, token)


async def test_a_machine_that_was_replaced_before_it_asked_again_is_refused(regency: Regency) -> None:
    token = await regency.enrolment.give_token(DESA, "command:test")
    await enrol(regency, token)
    await enrol(regency, await regency.enrolment.give_token(DESA, "command:test"), OTHER_KEY)
    with pytest.raises(Refused, match="bad_token"):
        await enrol(regency, token)
    assert await regency.rows("SELECT serial, state FROM box") == [(1, "replaced"), (2, "active")]


async def test_a_token_that_was_typed_in_another_village_is_not_used_up(regency: Regency) -> None:
    token = await regency.enrolment.give_token(DESA, "command:test")
    with pytest.raises(Refused, match=f"wrong_village.*{DESA}"):
        await enrol(regency, token, village=OTHER_DESA)
    assert await regency.value("SELECT count(*) FROM box") == 0
    await enrol(regency, token)
    with pytest.raises(Refused, match="bad_token"):
        await enrol(regency, token, village=OTHER_DESA)


async def test_the_machine_that_was_in_use_all_the_time_knows_its_numbers(regency: Regency) -> None:
    for _ in range(2):
        reply = await enrol(regency, await regency.enrolment.give_token(DESA, "command:test"))
        assert not reply.is_agenda_needed


async def test_in_another_machine_s_place_only_the_agenda_knows_all_numbers(regency: Regency) -> None:
    await enrol(regency, await regency.enrolment.give_token(DESA, "command:test"))
    token = await regency.enrolment.give_token(DESA, "command:test")
    for _ in range(2):  # the answer that is given again says the same
        assert (await enrol(regency, token, OTHER_KEY, b"other host")).is_agenda_needed
    back = await enrol(regency, await regency.enrolment.give_token(DESA, "command:test"))
    assert back.is_agenda_needed, "the other one may have numbered meanwhile"


@pytest.mark.parametrize("how", ["revoked here", "revoked before a restore", "copied"])
async def test_after_a_revocation_or_an_alarm_only_the_agenda_knows_all_numbers(
    regency: Regency, machine: Machine, how: str
) -> None:
    await regency.send(machine)
    match how:
        case "revoked here":
            await regency.database.transact(lambda c: boxes.revoke(c, DESA, 1))
        case "revoked before a restore":
            regency.revoked.known.add((DESA, 1))
        case _:
            copy = replace(machine, fingerprint=b"another host....")
            await regency.greet(copy)
            await regency.greet(copy)
    token = await regency.enrolment.give_token(DESA, "command:test")
    assert (await enrol(regency, token, KEY, machine.fingerprint)).is_agenda_needed


async def test_an_answer_carries_the_numbers_that_the_centre_knows(regency: Regency, machine: Machine) -> None:
    machine.issue(7)
    await regency.send(machine)
    await regency.settle()
    reply = await enrol(regency, await regency.enrolment.give_token(DESA, "command:test"))
    assert reply.numbers == [NumberHigh("470", 2021, 7)]


async def test_a_village_with_very_many_logs_can_still_be_enrolled(regency: Regency, machine: Machine) -> None:
    for n in range(LOGS_MAX + 1):
        machine.log_id, machine.ops = n.to_bytes(16, "big"), []
        machine.open_log()
        await regency.send(machine)
    reply = await enrol(regency, await regency.enrolment.give_token(DESA, "command:test"))
    assert len(reply.logs) == LOGS_MAX
    assert reply.logs[-1].head == machine.head


async def test_the_database_too_knows_one_machine_for_a_token(regency: Regency) -> None:
    token = await regency.enrolment.give_token(DESA, "command:test")
    await enrol(regency, token)
    digest = await regency.value("SELECT digest FROM enrolment_token")
    with pytest.raises(ConstraintViolated):
        await regency.database.transact(
            lambda c: boxes.add(c, DESA, 2, OTHER_KEY.public, b"host", 0, token_digest=digest)
        )


async def test_a_token_is_typed_by_people(regency: Regency) -> None:
    token = await regency.enrolment.give_token(DESA, "command:test")
    assert token == token.lower()
    assert len(token) == 32
    await enrol(regency, f" {token.upper()}\n")


@pytest.mark.parametrize("token", ["", "a" * 32, "Ç" * 20])
async def test_an_invented_token_buys_nothing(regency: Regency, token: str) -> None:
    await regency.enrolment.give_token(DESA, "command:test")
    with pytest.raises(Refused, match="bad_token"):
        await enrol(regency, token)


async def test_a_token_goes_stale(regency: Regency) -> None:
    token = await regency.enrolment.give_token(DESA, "command:test")
    regency.clock.advance(seconds=TOKEN_HOURS * 3600)
    with pytest.raises(Refused, match="bad_token"):
        await enrol(regency, token)
    assert await regency.value("SELECT used_ms FROM enrolment_token") is None


async def test_only_the_digest_of_a_token_is_kept(regency: Regency) -> None:
    token = await regency.enrolment.give_token(DESA, "command:test")
    row = (await regency.rows("SELECT * FROM enrolment_token"))[0]
    assert token not in str(row)
    assert row[1] == DESA
    assert row[4] == "command:test"


async def test_a_second_machine_takes_the_place_of_the_first_and_learns_its_logs(
    regency: Regency, machine: Machine
) -> None:
    await regency.send(machine)
    reply = await enrol(regency, await regency.enrolment.give_token(DESA, "command:test"))
    assert [(head.epoch, head.head) for head in reply.logs] == [(1, machine.head)]
    assert await regency.rows("SELECT serial, state, session IS NULL FROM box ORDER BY serial") == [
        (1, "replaced", 1),
        (2, "active", 1),
    ]


async def test_of_very_many_logs_the_newest_are_named(regency: Regency, machine: Machine) -> None:
    """A longer list than the message may hold could not be read, and no machine be enrolled for this village any more."""
    for number in range(LOGS_MAX + 2):
        machine.log_id, machine.ops = number.to_bytes(16, "big"), []
        machine.open_log()
        await regency.send(machine)
    reply = await enrol(regency, await regency.enrolment.give_token(DESA, "command:test"))
    assert [head.epoch for head in reply.logs] == list(range(3, LOGS_MAX + 3))


async def test_villages_are_enrolled_side_by_side(regency: Regency, machine: Machine, neighbour: Machine) -> None:
    await regency.send(machine)
    await regency.send(neighbour)
    assert await regency.rows("SELECT village, serial, state FROM box ORDER BY village") == [
        (OTHER_DESA, 1, "active"),
        (DESA, 1, "active"),
    ]


@pytest.mark.parametrize("body", [b"", b"x", encode(Certificate(DESA, 1, KEY.public, 0))])
async def test_bytes_that_are_no_request_are_malformed(regency: Regency, body: bytes) -> None:
    with pytest.raises(Refused, match="malformed"):
        opened(await regency.enrolment.enrol(body), EnrolReply)


async def test_a_serial_that_was_revoked_is_not_given_again(regency: Regency) -> None:
    """A restored centre has forgotten which machines it revoked; the list beside the database has not."""
    regency.revoked.known |= {(DESA, 1), (DESA, 2)}
    reply = await enrol(regency, await regency.enrolment.give_token(DESA, "command:test"))
    certificate = open_signed(
        CERTIFICATE, reply.certificate, Certificate, lambda m, s: verify(regency.key.public, m, s)
    )
    assert certificate.serial == 3
