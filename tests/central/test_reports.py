"""Online reports at the centre: what may be reported, the look that is taken at once, what the village gets, how it ends."""

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from central.domain.reports import Answer, Need, next_window, read_need, windows
from central.rosters import read_left_out
from central.store import facts, feeds, trail
from central.store import reports as shelf
from protocol.feed import Cycle, Report, report_key
from protocol.ops import ProposalFromReport, ReportVerified
from protocol.schemes import month
from tests.central.desk import DAY_MS, DESA, OTHER_DESA, RULES, START_MS, Machine, Regency, kk, nik, proposal_body
from tests.central.desk import siksng_row as row

LAPOR = Cycle("LAPOR-2021-05", "LAPOR", "Laporan Mei 2021", month(2021, 5), month(2021, 7), 0, START_MS + DAY_MS, 14)
TYPED = {
    "cycle": LAPOR.code,
    "reported_for": "neighbour",
    "name": "Siti Contoh",
    "nik": nik(1),
    "kk": "",
    "village": DESA,
    "address": "Dusun Krajan RT 1",
    "need": "Kehilangan pekerjaan sejak Maret",
    "contact": "",
}


async def report(regency: Regency, form_key: str = "", **changes: str) -> shelf.Received:
    made = await regency.report(LAPOR, form_key=form_key, **changes)
    found = await regency.database.read(lambda c: shelf.find(c, made))
    assert found is not None
    return found


async def told(regency: Regency, village: str = DESA) -> dict[bytes, Report]:
    """What a village's feed says of reports."""
    states = await regency.database.read(lambda c: feeds.states(c, village))
    found = {s.key: msgspec.msgpack.decode(s.value, type=Report) for s in states if s.kind == "report"}
    assert all(not s.critical for s in states if s.kind == "report")
    return found


def verify(machine: Machine, about: bytes, finding: str = "worthy", note: str = "") -> bytes:
    body = ReportVerified(machine.salt(), about, "2021-05-03", "Kepala dusun", finding, note, "sri")
    return machine.write(body).record_id


@pytest.fixture
async def open_regency(regency: Regency) -> Regency:
    await regency.put_cycle(LAPOR)
    return regency


# --- as typed ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("field", "typed", "said"),
    [
        ("cycle", "", "Bantuan: pilih"),
        ("cycle", "APBD-PANGAN-2021-05", "Bantuan: pilih"),
        ("reported_for", "anybody", "Laporan untuk: pilih"),
        ("name", "", "Nama: wajib diisi"),
        ("name", "x" * 101, "Nama: paling panjang"),
        ("name", "<script>alert(1)</script>", "huruf saja"),
        ("name", "'; DROP TABLE report", "huruf saja"),
        ("name", "=cmd|' /C calc'!A0", "huruf saja"),
        ("name", "Si\u200bti", "huruf saja"),
        ("name", "\U0001f600", "huruf saja"),
        ("name", "...", "satu huruf pun"),
        ("nik", "351025", "NIK: jumlah angkanya harus 16"),
        ("nik", "١٢٣٤٥٦٧٨٩٠١٢٣٤٥٦", "NIK: hanya boleh berisi angka"),
        ("kk", "12", "Nomor KK: jumlah angkanya harus 16"),
        ("village", "3510259999", "Desa atau kelurahan: pilih"),
        ("village", "", "Desa atau kelurahan: pilih"),
        ("address", "x", "Alamat: tulis paling sedikit"),
        ("need", "lapar", "Keadaan dan kebutuhan: tulis paling sedikit"),
        ("need", "x" * 601, "Keadaan dan kebutuhan: paling panjang"),
        ("need", "Rumah roboh \u202ekemarin", "karakter tersembunyi"),
        ("contact", "0" * 61, "Nomor telepon: paling panjang"),
    ],
)
def test_what_is_wrong_says_so_under_its_field_and_nothing_else_does(field: str, typed: str, said: str) -> None:
    read = read_need(TYPED | {field: typed}, [LAPOR])
    assert isinstance(read, dict)
    assert list(read) == [field]
    assert said in read[field]


@given(st.dictionaries(st.sampled_from(sorted(TYPED)), st.text(max_size=700)))
def test_whatever_is_typed_is_kept_in_one_printable_line_or_refused(typed: dict[str, str]) -> None:
    read = read_need(TYPED | typed, [LAPOR])
    if isinstance(read, Need):
        assert all(text.isprintable() and text == text.strip() for text in msgspec.structs.astuple(read))
    else:
        assert read


def test_a_window_is_open_for_what_the_regency_or_a_village_decides() -> None:
    ministry = msgspec.structs.replace(LAPOR, code="PKH-2021", scheme="PKH")
    later = msgspec.structs.replace(LAPOR, code="LATER", opens_ms=START_MS + 1)
    unheard_of = msgspec.structs.replace(LAPOR, code="X", scheme="X")
    every = [LAPOR, ministry, later, unheard_of]
    assert windows(RULES.book, every, START_MS) == [LAPOR]
    assert windows(RULES.book, every, LAPOR.closes_ms) == []
    assert next_window(RULES.book, every, START_MS) == later
    assert next_window(RULES.book, every, START_MS + 1) is None


# --- looked at at once --------------------------------------------------------------------------------------------------


async def test_who_is_covered_is_kept_with_the_reason_and_told_to_nobody(open_regency: Regency) -> None:
    await open_regency.import_list(row(nik(1), kk(1), "SITI CONTOH"))
    kept = await report(open_regency)
    assert (kept.answer, kept.look.code) == (Answer.COVERED, "covered_by_scheme")
    assert "Program Keluarga Harapan" in kept.look.sentence
    assert kept.look.rule.startswith("LAPOR - PKH")
    assert await told(open_regency) == {}


async def test_who_is_in_no_list_goes_to_the_village_with_what_was_typed(open_regency: Regency) -> None:
    kept = await report(open_regency, kk=kk(1), contact="0812-0000-0000")
    assert kept.answer is Answer.UNCOVERED
    (said,) = (await told(open_regency)).items()
    assert said == (
        report_key(kept.id),
        Report(
            report=kept.id,
            scheme="LAPOR",
            cycle=LAPOR.code,
            nik=nik(1),
            kk=kk(1),
            name="Siti Contoh",
            address="Dusun Krajan RT 1",
            need="Kehilangan pekerjaan sejak Maret",
            contact="0812-0000-0000",
            reported_for="neighbour",
            check="uncovered",
            received_ms=START_MS,
        ),
    )
    assert await told(open_regency, OTHER_DESA) == {}
    assert await open_regency.value("SELECT count(*) FROM proposal") == 0, "a look proposes nobody"


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"nik": ""}, "nobody can be looked up"),
        ({"nik": "", "kk": kk(1)}, "a family card alone names nobody"),
        ({"name": "Bambang Sutejo"}, "the list has another person under that NIK"),
        ({"nik": "9999999999999999"}, "a placeholder stands for many"),
    ],
)
async def test_unknown_is_never_taken_for_covered_nor_for_clear(
    open_regency: Regency, changes: dict[str, str], why: str
) -> None:
    await open_regency.import_list(row(nik(1), kk(1), "SITI CONTOH"))
    kept = await report(open_regency, **changes)
    assert kept.answer is Answer.UNKNOWN, why
    assert [said.check for said in (await told(open_regency)).values()] == ["unknown"]


async def test_the_familys_card_covers_with_a_nik_beside_it(open_regency: Regency) -> None:
    await open_regency.import_list(row(nik(1), kk(1), "SITI CONTOH"))
    kept = await report(open_regency, nik=nik(2), kk=kk(1), name="Budi Contoh")
    assert (kept.answer, kept.look.code) == (Answer.COVERED, "covered_household")


async def test_whom_a_village_proposed_already_is_not_visited_again(open_regency: Regency, machine: Machine) -> None:
    machine.propose(cycle=LAPOR, nik=nik(1), kk=kk(1), name="SITI CONTOH")
    await open_regency.send(machine)
    await open_regency.settle()
    before = await open_regency.rows("SELECT record, outcome, facts_hash FROM proposal")
    open_regency.clock.advance(seconds=1)
    kept = await report(open_regency)
    assert (kept.answer, kept.look.code) == (Answer.COVERED, "proposed_elsewhere")
    await open_regency.settle()
    assert await open_regency.rows("SELECT record, outcome, facts_hash FROM proposal") == before


async def test_the_same_form_twice_is_one_report(open_regency: Regency) -> None:
    first = await report(open_regency, form_key="k" * 32)
    again = await report(open_regency, form_key="k" * 32)
    assert first == again
    assert await open_regency.value("SELECT count(*) FROM report") == 1
    entries = await open_regency.rows("SELECT actor, action, subject FROM audit_trail")
    assert (("public", "report_need", first.id.hex())) in entries
    assert await open_regency.database.read(trail.check) == []


async def test_a_second_report_on_somebody_waits_with_the_first_and_counts_again_after_the_visit(
    open_regency: Regency, machine: Machine
) -> None:
    first = await report(open_regency)
    second = await report(open_regency)
    assert second.repeats == first.id
    elsewhere = await report(open_regency, village=OTHER_DESA)
    assert elsewhere.repeats == b"", "another village may be the right one"
    verify(machine, first.id, "not_found")
    await open_regency.send(machine)
    await open_regency.settle()
    third = await report(open_regency)
    assert third.repeats == b""
    assert [said.report for said in (await told(open_regency)).values()] == [first.id, third.id]


# --- what the village found ---------------------------------------------------------------------------------------------


async def follow_up(regency: Regency, machine: Machine, about: bytes) -> bytes:
    plain = msgspec.structs.asdict(proposal_body(machine.salt(), cycle=LAPOR, nik=nik(1), kk=kk(1)))
    asked: dict[str, Any] = {"fields": [], "check": "unknown", "check_as_of": "", "deliberation": b"", "report": about}
    return machine.write(ProposalFromReport(**plain, **asked)).record_id


async def test_report_visit_proposal_and_decision_can_be_followed(open_regency: Regency, machine: Machine) -> None:
    kept = await report(open_regency)
    verify(machine, kept.id, "not_found", "rumah kosong")
    verify(machine, kept.id, "worthy", "dinding bambu")
    proposal = await follow_up(open_regency, machine, kept.id)
    await open_regency.send(machine)
    await open_regency.settle()
    assert await open_regency.value("SELECT count(*) FROM unreadable") == 0
    found = await open_regency.database.read(lambda c: shelf.verifications(c, kept.id, DESA))
    assert [(v.finding, v.note) for v in found] == [("worthy", "dinding bambu"), ("not_found", "rumah kosong")]
    (line,) = await open_regency.database.read(lambda c: shelf.lines(c, "verified", 1))
    assert (line.finding, line.proposals) == ("worthy", 1)
    (then,) = await open_regency.database.read(lambda c: shelf.follow_ups(c, kept.id, DESA))
    assert (then.proposal, then.outcome) == (proposal, "accepted")
    assert await open_regency.database.read(lambda c: shelf.of_proposal(c, proposal)) == kept.id


async def test_no_village_closes_or_claims_a_report_of_another(open_regency: Regency, neighbour: Machine) -> None:
    kept = await report(open_regency)
    verify(neighbour, kept.id, "worthy")
    proposal = await follow_up(open_regency, neighbour, kept.id)
    await open_regency.send(neighbour)
    await open_regency.settle()
    (line,) = await open_regency.database.read(lambda c: shelf.lines(c, "waiting", 1))
    assert (line.id, line.finding, line.proposals) == (kept.id, "", 0)
    assert await open_regency.database.read(lambda c: shelf.of_proposal(c, proposal)) is None


async def test_reports_are_counted_by_what_became_of_them(open_regency: Regency, machine: Machine) -> None:
    assert await open_regency.database.read(shelf.counts) == dict.fromkeys(shelf.STATES, 0)
    await open_regency.import_list(row(nik(9), kk(9), "DEWI CONTOH"))
    first = await report(open_regency)
    await report(open_regency)
    await report(open_regency, nik=nik(9), name="Dewi Contoh")
    await report(open_regency, nik="")
    verify(machine, first.id)
    await open_regency.send(machine)
    await open_regency.settle()
    assert await open_regency.database.read(shelf.counts) == {
        "": 4,
        "waiting": 1,
        "verified": 1,
        "covered": 1,
        "repeated": 1,
    }
    assert len(await open_regency.database.read(facts.all_proposals)) == 0


async def test_every_report_has_one_fate_in_the_ledger_of_its_cycle(open_regency: Regency, machine: Machine) -> None:
    regency = open_regency
    await regency.import_list(row(nik(9), kk(9), "SITI CONTOH"))
    await report(regency, nik=nik(9))
    about = {}
    for number, finding in enumerate(("", "worthy", "unworthy", "moved", "proposed"), start=1):
        regency.clock.advance(seconds=1)
        about[finding] = (await report(regency, nik=nik(number))).id
    regency.clock.advance(seconds=1)
    await report(regency, nik=nik(1))
    for finding in ("worthy", "unworthy", "moved"):
        verify(machine, about[finding], finding)
    await follow_up(regency, machine, about["proposed"])
    await regency.send(machine)
    await regency.settle()
    lines = await read_left_out(regency.database, LAPOR.code)
    assert [(line.row, line.fate, line.reason) for line in lines] == [
        (1, "rejected", "covered"),
        (2, "held", "not_visited"),
        (3, "held", "not_proposed"),
        (4, "rejected", "unworthy"),
        (5, "dropped", "moved"),
        (6, "merged", "proposed"),
        (7, "merged", "repeats"),
    ]
