"""A list is taken whole or not at all, once; every row has a fate, and nothing of it is lost."""

import random
import zlib
from hashlib import sha256

import pytest
from msgspec.structs import replace

from central.audit import audit
from central.domain.lists import Kind
from central.domain.rosters import Terms
from central.imports import ImportRefused, accept, undo
from central.rosters import read_ledger, read_left_out
from central.store import coverage_sets, facts, imports, trail
from chassis.database import ConstraintViolated
from protocol.ids import parse_village_code
from protocol.regions import village
from tests.builders import Entry, as_entry, dirty_list, siksng_csv, village_people
from tests.central.desk import DESA, OTHER_DESA, PANGAN, Machine, Regency, kk, nik, siksng_row
from tests.central.roster_desk import open_cycle

YEAR = {"PKH": "2021-01 s/d 2021-12"}


def people(count: int = 3) -> list[Entry]:
    return [as_entry(p) for p in village_people(random.Random(7), village(parse_village_code(OTHER_DESA)), count)]


def csv_of(entries: list[Entry]) -> bytes:
    return siksng_csv([(entry, YEAR) for entry in entries]).encode()


async def test_a_list_is_recorded_with_who_brought_it_and_every_rows_fate(regency: Regency) -> None:
    content = csv_of(people(3))
    done = await regency.import_list(content)
    assert (done.id, done.rows, await fates(regency), done.facts, done.state) == (1, 3, {"kept": 3}, 3, "done")
    assert await regency.rows(
        "SELECT digest, name, permission, as_of, imported_ms, imported_by, rows FROM import_file"
    ) == [(sha256(content).digest(), "pkh.csv", "contoh", "2021-04-30", regency.clock.at_ms, "command:test", 3)]
    assert zlib.decompress(await regency.value("SELECT content FROM import_file")) == content
    assert await regency.rows("SELECT import, row, fate, reason FROM import_row") == [
        (1, 2, "kept", ""),
        (1, 3, "kept", ""),
        (1, 4, "kept", ""),
    ]
    rows = await regency.rows("SELECT import, row, scheme, village, as_of FROM coverage ORDER BY row")
    assert rows == [(1, n, "PKH", OTHER_DESA, "2021-04-30") for n in (2, 3, 4)]
    assert await regency.rows("SELECT actor, action, subject FROM audit_trail") == [
        ("command:test", "import_coverage", sha256(content).hexdigest())
    ]


async def test_the_same_bytes_twice_are_refused_and_change_nothing(regency: Regency) -> None:
    content = csv_of(people())
    await regency.import_list(content)
    before = await counts(regency)
    with pytest.raises(ImportRefused, match=r"sudah diimpor sebagai pkh\.csv"):
        await regency.import_list(content, name="another name.csv", as_of="2021-05-01")
    assert await counts(regency) == before


async def fates(regency: Regency, number: int = 1) -> dict[str, int]:
    return await regency.database.read(lambda c: imports.fates(c, number))


async def counts(regency: Regency) -> list[int]:
    tables = ("import_file", "import_row", "coverage", "audit_trail")
    return [await regency.value(f"SELECT count(*) FROM {table}") for table in tables]


async def test_a_list_that_fails_half_way_leaves_nothing(
    regency: Regency, machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever goes wrong while it is taken over: no coverage, no trail, nobody dirty, and it can be taken over after."""
    entries = people(40)
    await regency.put_cycle()
    machine.propose(nik=entries[0].nik, kk=entries[0].kk)
    await regency.send(machine)
    await regency.settle()
    content = csv_of(entries)

    async def fail(*_: object) -> None:
        raise ConstraintViolated("the disk is a stranger", "other")

    with monkeypatch.context() as broken:
        broken.setattr(coverage_sets, "publish", fail)
        with pytest.raises(ConstraintViolated):
            await regency.import_list(content)
    assert await counts(regency) == [1, 40, 0, 0]
    assert not await regency.database.read(facts.is_any_dirty)
    await regency.import_list(content)
    assert (await counts(regency))[2] == 40


async def test_a_bad_row_is_that_rows_problem(regency: Regency) -> None:
    entries = people(4)
    entries[1] = replace(entries[1], nik="12", kk="13")
    entries[2] = replace(entries[2], is_deceased=True)
    done = await regency.import_list(csv_of(entries))
    assert (done.rows, await fates(regency), done.facts) == (4, {"kept": 2, "rejected": 1, "dropped": 1}, 2)
    reasons = await regency.rows("SELECT row, fate, reason FROM import_row WHERE fate != 'kept' ORDER BY row")
    assert [(row, fate) for row, fate, _ in reasons] == [(3, "rejected"), (4, "dropped")]
    assert all(reason for _, _, reason in reasons)


async def test_every_row_of_a_dirty_list_has_exactly_one_fate_and_no_number_or_name_is_in_it(regency: Regency) -> None:
    rng = random.Random(11)
    home = village(parse_village_code(OTHER_DESA))
    entries = dirty_list(rng, village_people(rng, home, 300))
    done = await regency.import_list(csv_of(entries))
    assert done.rows == len(entries) == sum((await fates(regency)).values())
    assert await regency.value("SELECT count(DISTINCT row) FROM import_row") == len(entries)
    told = " ".join(reason for (reason,) in await regency.rows("SELECT DISTINCT reason FROM import_row"))
    for entry in entries:
        assert not entry.nik or entry.nik not in told
        assert entry.kk not in told
        assert entry.name not in told


async def test_the_line_an_answer_rests_on_can_be_found_again(regency: Regency, machine: Machine) -> None:
    entry = replace(people(1)[0], nik=nik(1), kk=kk(5), name="SITI CONTOH")
    await regency.put_cycle()
    proposed = machine.propose(nik=nik(1))
    await regency.send(machine)
    content = csv_of([people(2)[1], entry])
    await regency.import_list(content)
    await regency.settle()
    reference = (await regency.decisions())[proposed.record_id].evidence[0].reference
    row = await regency.value("SELECT row FROM coverage WHERE reference = $1", reference)
    assert nik(1) in content.decode().splitlines()[row - 1]


async def test_the_same_person_in_two_lists_is_covered_by_each(regency: Regency) -> None:
    entries = people(2)
    await regency.import_list(csv_of(entries), name="april.csv", as_of="2021-04-30")
    await regency.import_list(csv_of(entries[:1]), name="mei.csv", as_of="2021-05-31")
    assert await regency.value("SELECT count(*) FROM coverage") == 3
    found = await regency.database.read(lambda c: imports.find_digest(c, sha256(csv_of(entries[:1])).digest()))
    assert found is not None
    assert found.name == "mei.csv"


@pytest.mark.parametrize("content", [b"", b"\xff\xfe\x00", b"a,b\n1,2\n", b"NIK,NOKK,Nama\n1,2,3\n", b"\x00" * 100])
async def test_what_is_no_list_is_refused_with_the_cure(regency: Regency, content: bytes) -> None:
    with pytest.raises(ImportRefused) as refused:
        await regency.import_list(content)
    assert len(str(refused.value)) > 20
    assert (await counts(regency))[1:] == [0, 0, 0]  # a table that needs a word from an officer waits as a draft


async def test_the_trail_shows_a_row_that_was_taken_out_or_changed(regency: Regency) -> None:
    for n in range(1, 4):
        await regency.import_list(csv_of(people(n)))
    assert await regency.database.read(trail.check) == []
    image = regency.database.serialize()  # type: ignore[attr-defined]
    for tampering in (
        "UPDATE audit_trail SET actor = 'command:other' WHERE seq = 2",
        "DELETE FROM audit_trail WHERE seq = 1",
        "UPDATE audit_trail SET seq = 9 WHERE seq = 3",
    ):
        await regency.database.transact(lambda c, sql=tampering: c.execute(sql))  # type: ignore[misc]
        assert await regency.database.read(trail.check), tampering
        regency.database.deserialize(image)  # type: ignore[attr-defined]


# ------------------------------------------------------------------------------------------ undo, and again


async def undone(regency: Regency, number: int = 1) -> None:
    await undo(regency.database, number, reason="berkas salah", actor="rini", now_ms=regency.clock.at_ms)
    await regency.settle()


async def test_an_undo_takes_the_facts_out_and_decides_again(regency: Regency, machine: Machine) -> None:
    await regency.put_cycle()
    record = machine.propose(nik=nik(1), kk=kk(1), name="SITI CONTOH").record_id
    await regency.send(machine)
    await regency.settle()
    content = csv_of([replace(people(1)[0], nik=nik(1), kk=kk(5), name="SITI CONTOH")])
    await regency.import_list(content)
    await regency.settle()
    assert (await regency.outcome(record))[0] == "rejected"
    await undone(regency)
    assert (await regency.outcome(record))[0] == "accepted"
    assert await counts(regency) == [1, 1, 0, 2]  # the file, its report and the trail stay
    assert await regency.rows("SELECT actor, action FROM audit_trail ORDER BY seq DESC LIMIT 1") == [
        ("rini", "import_undone")
    ]
    await undone(regency)  # twice is once
    assert (await counts(regency))[3] == 2
    again = await regency.import_list(content)
    await regency.settle()
    assert (again.id, again.taken, again.state) == (1, 2, "done")
    assert (await regency.outcome(record))[0] == "rejected"
    assert (await regency.database.read(lambda c: audit(c, regency.rules))).problems == []


async def test_an_undo_needs_a_reason_and_something_to_undo(regency: Regency) -> None:
    for number, reason, words in ((1, "x", "alasan"), (1, "berkas salah", "tidak ada lagi")):
        with pytest.raises(ImportRefused, match=words):
            await undo(regency.database, number, reason=reason, actor="rini", now_ms=0)


async def test_all_or_nothing_takes_nothing_where_a_row_is_bad(regency: Regency) -> None:
    entries = people(3)
    entries[1] = replace(entries[1], nik="12", kk="13")
    with pytest.raises(ImportRefused, match="1 baris ditolak"):
        await regency.import_list(csv_of(entries), is_whole=True)
    assert (await counts(regency))[2:] == [0, 0]
    done = await accept(regency.database, 1, rules=regency.rules, actor="rini", now_ms=regency.clock.at_ms)
    assert (done.record.facts, (await counts(regency))[2]) == (2, 2)
    again = await accept(regency.database, 1, rules=regency.rules, actor="budi", now_ms=regency.clock.at_ms)
    assert (again.record.imported_by, again.record.taken) == ("rini", 1)


async def test_a_draft_that_nobody_took_over_goes_after_a_week(regency: Regency) -> None:
    entries = people(3)
    entries[1] = replace(entries[1], nik="12", kk="13")
    with pytest.raises(ImportRefused):
        await regency.import_list(csv_of(entries), is_whole=True)
    regency.clock.advance(days=8)
    await regency.import_list(csv_of(people(2)))
    assert [row[0] for row in await regency.rows("SELECT rows FROM import_file")] == [2]


# --------------------------------------------------------------------------------------------- proposals


def proposed(*lines: str) -> bytes:
    return "\n".join(["NIK,No KK,Nama,Desa,Kecamatan", *lines]).encode()


async def import_proposals(regency: Regency, *lines: str, name: str = "lembaga.csv") -> imports.ImportRecord:
    regency.clock.advance(seconds=60)
    done = await regency.import_list(proposed(*lines), name=name, kind=Kind.PROPOSALS, cycle=PANGAN.code)
    await regency.settle()
    return done


async def test_a_bodys_proposals_are_decided_like_a_villages(regency: Regency, machine: Machine) -> None:
    await regency.put_cycle()
    own = machine.propose(nik=nik(1), kk=kk(1), name="SITI CONTOH").record_id
    await regency.send(machine)
    await regency.import_list(siksng_row(nik(3), kk(9), "DEWI RAHAYU"))
    await regency.settle()
    done = await import_proposals(
        regency,
        f"{nik(1)},{kk(1)},SITI CONTOH,SUKOJATI,BLIMBINGSARI",
        f"{nik(2)},{kk(2)},BUDI HARTONO,SUKOJATI,BLIMBINGSARI",
        f"{nik(3)},{kk(3)},DEWI RAHAYU,SUKOJATI,BLIMBINGSARI",
        f"123,{kk(4)},AGUS,SUKOJATI,BLIMBINGSARI",
    )
    assert (done.facts, done.kind) == (4, Kind.PROPOSALS)
    rows = await regency.rows("SELECT seq, epoch, village, import, outcome, code FROM proposal ORDER BY epoch, seq")
    assert [tuple(row) for row in rows] == [
        (2, 0, DESA, 2, "rejected", "proposed_elsewhere"),
        (3, 0, DESA, 2, "accepted", ""),
        (4, 0, DESA, 2, "rejected", "covered_by_scheme"),
        (5, 0, DESA, 2, "rejected", "nik_invalid"),
        (2, 1, DESA, None, "accepted", ""),
    ]
    assert await regency.outcome(own) == ("accepted", "")
    assert (await regency.database.read(lambda c: audit(c, regency.rules))).problems == []


async def test_an_undone_list_of_proposals_stands_in_nobodys_way(regency: Regency, machine: Machine) -> None:
    await regency.put_cycle()
    await import_proposals(regency, f"{nik(1)},{kk(1)},SITI CONTOH,SUKOJATI,BLIMBINGSARI")
    regency.clock.advance(seconds=60)
    own = machine.propose(nik=nik(1), kk=kk(1), name="SITI CONTOH", claimed_ms=regency.clock.at_ms).record_id
    await regency.send(machine)
    await regency.settle()
    assert (await regency.outcome(own))[0] == "rejected"
    await undone(regency)
    assert (await regency.outcome(own))[0] == "accepted"
    assert await regency.value("SELECT outcome FROM proposal WHERE epoch = 0") == "withdrawn"
    await import_proposals(regency, f"{nik(1)},{kk(1)},SITI CONTOH,SUKOJATI,BLIMBINGSARI")
    assert await regency.value("SELECT count(*) FROM proposal WHERE epoch = 0") == 2
    assert (await regency.outcome(own))[0] == "accepted"
    assert (await regency.database.read(lambda c: audit(c, regency.rules))).problems == []


async def test_every_line_of_a_cycles_lists_has_its_fate_in_the_ledger(regency: Regency) -> None:
    pays = Terms(amount_rupiah=300_000)
    await open_cycle(regency, pays, PANGAN)
    done = await import_proposals(
        regency,
        f"{nik(1)},{kk(1)},SITI CONTOH,SUKOJATI,BLIMBINGSARI",
        f"{nik(1)},{kk(1)},SITI CONTOH,SUKOJATI,BLIMBINGSARI",
        f"{nik(2)},{kk(2)},RUDI CONTOH,TAKADADESA,BLIMBINGSARI",
        ",,,,",
    )
    ledger = await read_ledger(regency.database, regency.rules, PANGAN.code)
    left_out = await read_left_out(regency.database, PANGAN.code)
    assert ledger is not None
    assert [line.fate for line in ledger] == ["kept"]
    places = {(line.file, line.row): line.fate for line in [*ledger, *left_out]}
    assert len(places) == done.rows == 4, "each line once"
    assert sorted(places.values()) == ["dropped", "kept", "merged", "rejected"]
    assert all(line.reason and not line.record for line in left_out)
    assert await read_left_out(regency.database, "OTHER-2021") == []
