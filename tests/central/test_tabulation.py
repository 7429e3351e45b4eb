"""Reading what was acknowledged: everything is kept, what cannot be read is named, and nothing stops the log."""

import pytest

from central.pipeline import judge, judge_next
from central.store import logs
from protocol.codec import pack
from protocol.feed import NumberClash, Quarantined
from protocol.ops import HEADER_VERSION, Header, IncomingRegistered, NumberHigh, NumbersConfirmed, NumbersVoided, Op
from tests.central.desk import DESA, OTHER_DESA, START_MS, Machine, Regency, nik, proposal_body, unpack

GOOD = pack(proposal_body(bytes(16)))


def header(kind: str = "proposal_made", *, schema: int = 1, v: int = HEADER_VERSION) -> bytes:
    return pack(Header(v, kind, schema, START_MS, bytes(8), 1, 0, b""))


UNREADABLE = [
    pytest.param(b"\xc1", GOOD, "bad_header", id="bytes that are no header"),
    pytest.param(header(v=2), GOOD, "future_schema", id="a header of a later program"),
    pytest.param(header(schema=9), GOOD, "future_schema", id="a body of a later program"),
    pytest.param(header("photograph"), GOOD, "unknown_kind", id="a kind nobody knows"),
    pytest.param(header(), b"\x91\x01", "bad_body", id="a body of another shape"),
    pytest.param(header(), b"\x91" * 5_000 + b"\x90", "bad_body", id="thousands of nested arrays"),
    pytest.param(header("log_opened"), GOOD, "bad_body", id="a body of another kind"),
]


@pytest.mark.parametrize(("raw_header", "raw_body", "reason"), UNREADABLE)
async def test_what_cannot_be_read_is_kept_named_and_passed_over(
    regency: Regency, machine: Machine, raw_header: bytes, raw_body: bytes, reason: str
) -> None:
    bad = machine.write_raw(raw_header, raw_body)
    good = machine.propose()
    assert (await regency.send(machine)).position == machine.head, "acknowledged: it is held, readable or not"
    await regency.settle()
    assert [(o.op.seq, o.reason, o.op.body) for o in await regency.ops() if o.reason] == [(2, reason, raw_body)]
    assert await regency.value("SELECT tabulated_seq FROM log") == 3
    told = await regency.said("quarantined", DESA)
    assert [item.key for item in told] == [bad.record_id]
    assert unpack(told[0].value, Quarantined) == Quarantined(bad.record_id, 2, reason)
    assert good.record_id in await regency.decisions()


async def test_a_batch_is_tabulated_once(regency: Regency, machine: Machine) -> None:
    proposed = machine.propose()
    await regency.send(machine)
    batch = await regency.database.read(logs.next_batch)
    assert batch is not None
    for expected in ({DESA}, set()):  # the second time another process was first
        said = await regency.database.transact(lambda c: judge(c, regency.rules, 0, batch))
        assert said == expected
    assert set(await regency.decisions()) == {proposed.record_id}
    assert await regency.database.read(logs.next_batch) is None


async def test_a_logs_batches_are_read_in_order_and_between_logs_the_smallest_first(
    regency: Regency, machine: Machine, neighbour: Machine
) -> None:
    machine.propose()
    machine.propose()
    neighbour.propose()
    await regency.send(machine, 1, 2)
    await regency.send(neighbour)
    await regency.send(machine, 3)
    read = []
    while (batch := await regency.database.read(logs.next_batch)) is not None:
        read.append((batch.village, batch.first_seq, batch.last_seq))
        behind = await regency.database.read(lambda c, batch=batch: logs.batch_at(c, batch.behind))  # type: ignore[misc]
        assert (behind is None) == (read[-1] != (DESA, 1, 2))
        await regency.database.transact(lambda c: judge_next(c, regency.rules, 0))
    assert sorted(read) == [(OTHER_DESA, 1, 2), (DESA, 1, 2), (DESA, 3, 3)]
    assert read.index((DESA, 1, 2)) < read.index((DESA, 3, 3))


async def test_a_proposal_is_read_with_what_can_be_proved_of_its_time(regency: Regency, machine: Machine) -> None:
    anchored_ms = regency.clock.at_ms
    regency.clock.advance(days=2)
    cited = machine.propose(nik=nik(1), claimed_ms=START_MS + 5)
    machine.anchor_hash = bytes(32)
    invented = machine.propose(nik=nik(2), claimed_ms=START_MS + 6)
    await regency.send(machine)
    await regency.settle()
    rows = await regency.rows("SELECT record, claimed_ms, anchor_ms, received_ms FROM proposal ORDER BY seq")
    assert rows == [
        (cited.record_id, START_MS + 5, anchored_ms, regency.clock.at_ms),
        (invented.record_id, START_MS + 6, 0, regency.clock.at_ms),
    ]


async def test_people_are_found_by_good_numbers_only(regency: Regency, machine: Machine) -> None:
    machine.propose(nik=nik(1))
    machine.propose(nik="9999999999999999", kk="0000000000000000")
    machine.propose(nik="12", kk="salah")
    await regency.send(machine)
    await regency.settle()
    assert await regency.rows("SELECT nik, match_nik, match_kk FROM proposal ORDER BY seq") == [
        (nik(1), nik(1), "3510250101100001"),
        ("9999999999999999", None, None),
        ("12", None, None),
    ]


async def test_a_withdrawal_may_be_read_before_its_proposal(regency: Regency, machine: Machine) -> None:
    branch = machine.copy()
    await regency.send(machine)
    proposed = branch.propose()
    machine.withdraw(proposed.record_id)
    await regency.send(machine, 2)
    await regency.settle()
    await regency.quarantine(branch, branch.batch())
    await regency.settle()
    assert await regency.outcome(proposed.record_id) == ("withdrawn", "")


async def test_a_village_withdraws_only_its_own_proposals(
    regency: Regency, machine: Machine, neighbour: Machine
) -> None:
    proposed = machine.propose()
    await regency.send(machine)
    neighbour.withdraw(proposed.record_id)
    await regency.send(neighbour)
    await regency.settle()
    assert await regency.value("SELECT is_withdrawn FROM proposal") == 0


async def test_proposed_and_withdrawn_in_one_batch(regency: Regency, machine: Machine) -> None:
    proposed = machine.propose()
    machine.withdraw(proposed.record_id)
    await regency.send(machine)
    await regency.settle()
    assert await regency.outcome(proposed.record_id) == ("withdrawn", "")


# --- letter numbers ---------------------------------------------------------------------------------------------------


async def test_the_highest_number_of_each_series_is_known(regency: Regency, machine: Machine) -> None:
    machine.issue(1)
    machine.issue(2)
    machine.issue(7, series="474")
    machine.issue(3, year=2020)
    machine.write(NumbersVoided(machine.salt(), "470", 2021, 3, 5, "listrik padam", "sri"))
    machine.write(NumbersConfirmed(machine.salt(), [NumberHigh("475", 2021, 9)], "agenda", "sri"))
    await regency.send(machine)
    await regency.settle()
    welcome = await regency.greet(machine)
    assert welcome.numbers == [
        NumberHigh("470", 2020, 3),
        NumberHigh("470", 2021, 5),
        NumberHigh("474", 2021, 7),
        NumberHigh("475", 2021, 9),
    ]


async def test_one_number_on_two_letters_is_told_to_the_village(regency: Regency, machine: Machine) -> None:
    await regency.send(machine)
    restored = machine.copy()
    restored.salts += 100
    first = machine.issue(1)
    await regency.send(machine, 2)
    second = restored.issue(1)
    await regency.quarantine(restored, restored.batch())
    await regency.settle()
    told = await regency.said("number_clash", DESA)
    clash = NumberClash("470", 2021, 1, first.record_id, second.record_id)
    assert [unpack(item.value, NumberClash) for item in told] == [clash]
    assert await regency.rows("SELECT village, number, first_record, second_record FROM number_clash") == [
        (DESA, 1, first.record_id, second.record_id)
    ]


async def test_a_clash_within_one_batch_is_found_too(regency: Regency, machine: Machine) -> None:
    machine.issue(5)
    machine.issue(4)
    machine.issue(5)
    machine.issue(4)
    await regency.send(machine)
    await regency.settle()
    assert await regency.rows("SELECT number FROM number_clash ORDER BY number") == [(4,), (5,)]
    assert await regency.rows("SELECT first, last FROM letter_run ORDER BY last") == [(4, 4), (5, 5)]


async def test_the_same_number_elsewhere_is_no_clash(regency: Regency, machine: Machine, neighbour: Machine) -> None:
    machine.issue(1)
    machine.issue(1, series="474")
    machine.issue(1, year=2020)
    neighbour.issue(1)
    await regency.send(machine)
    await regency.send(neighbour)
    await regency.settle()
    assert await regency.value("SELECT count(*) FROM number_clash") == 0
    assert await regency.value("SELECT count(*) FROM letter_run") == 4


async def test_incoming_letters_are_numbered_like_those_issued_and_a_correction_is_no_clash(
    regency: Regency, machine: Machine
) -> None:
    def entered(number: int, incoming: bytes = b"") -> Op:
        return machine.write(
            IncomingRegistered(
                salt=machine.salt(),
                incoming=incoming,
                series="surat-masuk",
                year=2021,
                number=number,
                received_on="2021-05-03",
                sender="Camat",
                their_number="",
                dated="",
                subject="Undangan",
                disposition="",
                actor="sri",
            )
        )

    first = entered(1)
    entered(2)
    entered(1, incoming=first.record_id)
    await regency.send(machine)
    await regency.settle()
    assert await regency.rows("SELECT number FROM number_clash") == []
    assert (await regency.greet(machine)).numbers == [NumberHigh("surat-masuk", 2021, 2)]
    second = entered(2)
    await regency.send(machine, second.seq)
    await regency.settle()
    assert await regency.rows("SELECT number, second_record FROM number_clash") == [(2, second.record_id)]


async def test_a_letters_bytes_are_never_touched(regency: Regency, machine: Machine) -> None:
    issued = machine.issue(1)
    await regency.send(machine)
    await regency.settle()
    assert (await regency.ops())[1].op == issued
