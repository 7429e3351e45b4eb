"""Residents' reports at the village: what the feed brings, what a visit finds, and the proposal that follows from it."""

from datetime import date
from typing import Any

import msgspec
import pytest

from agent.domain.fields import FieldError
from agent.domain.reports import Finding, Visit, check_visit
from agent.store import aid, feed, reports
from agent.store.feed import Trouble
from chassis.database import Connection
from protocol import ops
from protocol.codec import pack
from protocol.feed import EMPTY_DIGEST, VALUES, Cycle, Item, Report, State, replace, report_key
from protocol.ids import mask_nik
from protocol.receipts import receipt_code
from protocol.schemes import month
from tests.agent.office import CYCLE, START_MS, TIMELINE, Counter, tell, words_of
from tests.chassis.conftest import Browser

LAPOR = Cycle(
    "LAPOR-2021-05", "LAPOR", "Laporan Mei 2021", month(2021, 5), month(2021, 7), CYCLE.opens_ms, CYCLE.closes_ms, 14
)
TODAY = date(2021, 5, 17)
FOUND = {"visited_on": "17-05-2021", "visitor": "Kepala dusun", "finding": "worthy", "note": ""}


def report(n: int = 1, **changes: Any) -> Report:
    usual: dict[str, Any] = {
        "report": bytes([n]) * 16,
        "scheme": LAPOR.scheme,
        "cycle": LAPOR.code,
        "nik": "",
        "kk": "",
        "name": "SITI CONTOH",
        "address": "Dusun Krajan, dekat balai",
        "need": "Kehilangan pekerjaan sejak Maret",
        "contact": "0812-0000-0000",
        "reported_for": "neighbour",
        "check": "uncovered",
        "received_ms": START_MS,
    }
    return Report(**usual | changes)


def state(said: Report, seq: int = 1) -> State:
    return State(seq, "report", False, report_key(said.report), pack(said))


async def hear(counter: Counter, *said: Report) -> None:
    cycles = [State(n, "cycle", True, c.code.encode(), pack(c)) for n, c in enumerate((CYCLE, LAPOR), start=1)]
    await tell(counter.store, "regency", cycles, START_MS)
    await counter.tell(*(state(each, n) for n, each in enumerate(said, start=1)))


def address(n: int = 1) -> str:
    return f"/reports/{(bytes([n]) * 16).hex()}"


async def verify(counter: Counter, clerk: Browser, n: int = 1, **changes: str) -> int:
    fields = await clerk.fields_of(await clerk.get(f"{address(n)}/verify"))
    sent = await clerk.post(f"{address(n)}/verify", fields | FOUND | changes, allow_redirects=False)
    return sent.status


async def known(counter: Counter) -> dict[str, str]:
    """NIK and name of somebody on record."""
    resident = next(iter(counter.people.values()))
    sql = "SELECT nik || '/' || name FROM resident WHERE id = $1"
    nik, _, name = (await counter.value(sql, resident)).partition("/")
    return {"nik": nik, "name": name}


# --- the form -----------------------------------------------------------------------------------------------------------


def test_a_visit_is_read_as_it_was_typed() -> None:
    assert check_visit(FOUND, TODAY, TODAY) == Visit(TODAY, "Kepala dusun", Finding.WORTHY, "")


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"visited_on": ""}, "Tanggal kunjungan: wajib diisi."),
        ({"visited_on": "besok"}, "Tanggal kunjungan: bukan tanggal"),
        ({"visited_on": "18-05-2021"}, "Tanggal kunjungan: belum terjadi"),
        ({"visited_on": "16-05-2021"}, "Tanggal kunjungan: lebih awal dari laporannya"),
        ({"visitor": ""}, "Yang berkunjung: wajib diisi."),
        ({"visitor": "x" * 101}, "Yang berkunjung: paling panjang"),
        ({"finding": ""}, "Hasil kunjungan: pilih salah satu."),
        ({"finding": "rich"}, "Hasil kunjungan: pilih salah satu."),
        ({"finding": "unworthy"}, "Catatan: wajib diisi."),
        ({"note": "a\u202eb"}, "Catatan: ada karakter tersembunyi"),
    ],
)
def test_what_is_wrong_with_a_visit_says_so(changed: dict[str, str], said: str) -> None:
    (fault,) = check_visit(FOUND | changed, TODAY, TODAY)  # type: ignore[misc]
    assert isinstance(fault, FieldError)
    assert fault.message.startswith(said)


# --- the pages ----------------------------------------------------------------------------------------------------------


async def test_what_the_regency_sends_waits_for_a_visit_and_is_done_after_it(counter: Counter) -> None:
    await hear(counter, report(1), report(2, name="BUDI CONTOH", check="unknown"))
    clerk = await counter.browser()
    for path in ("/", "/worklist"):
        assert "2 laporan warga menunggu kunjungan" in words_of(await (await clerk.get(path)).text())
    listed = words_of(await (await clerk.get("/reports")).text())
    assert listed.index("SITI CONTOH") < listed.index("BUDI CONTOH"), "who waits longest stands first"
    page = words_of(await (await clerk.get(address(2))).text())
    for said in ("BUDI CONTOH", "Kepesertaan belum diketahui", "Dusun Krajan, dekat balai", "0812-0000-0000"):
        assert said in page, said
    assert await verify(counter, clerk, finding="not_found") == 303
    assert "SITI CONTOH" not in words_of(await (await clerk.get("/reports")).text())
    assert "Orangnya tidak ditemukan" in words_of(await (await clerk.get("/reports?show=done")).text())
    looks = "SELECT count(*) FROM access_log WHERE action = 'view_report' AND subject = $1"
    assert await counter.value(looks, (b"\x02" * 16).hex()) == 1


async def test_a_visit_is_written_once_and_a_later_one_corrects_it(counter: Counter) -> None:
    await hear(counter, report())
    clerk = await counter.browser()
    fields = await clerk.fields_of(await clerk.get(f"{address()}/verify"))
    wrong = await clerk.post(f"{address()}/verify", fields | FOUND | {"finding": "", "visitor": ""})
    text = await wrong.text()
    assert wrong.status == 422
    assert 'href="#finding"' in text
    assert 'href="#visitor"' in text
    for _ in range(2):
        sent = await clerk.post(f"{address()}/verify", fields | FOUND, allow_redirects=False)
        assert (sent.status, sent.headers["Location"]) == (303, address())
    assert await counter.value("SELECT count(*) FROM report_verification") == 1
    assert await verify(counter, clerk, finding="moved", note="ke Jember") == 303
    page = words_of(await (await clerk.get(address())).text())
    assert page.index("Sudah pindah") < page.index("Benar, layak dibantu")
    rows = await counter.store.database.read(lambda c: reports.visits(c, b"\x01" * 16))
    assert [(row.finding, row.actor) for row in rows] == [("moved", "clerk"), ("worthy", "clerk")]
    assert (await clerk.get(address(9))).status == 404
    assert (await clerk.get(f"{address(9)}/verify")).status == 404


async def test_only_who_was_found_worthy_is_proposed_with_what_is_known_filled_in(counter: Counter) -> None:
    who = await known(counter)
    await hear(counter, report(**who))
    clerk = await counter.browser()
    assert "/proposals/new" not in await (await clerk.get(address())).text()
    await verify(counter, clerk)
    html = await (await clerk.get(address())).text()
    assert mask_nik(who["nik"]) in html
    path = f"/proposals/new?resident={counter.somebody}&report={address().rpartition('/')[2]}"
    assert path.replace("&", "&amp;") in html
    asked = await clerk.get(path)
    text = await asked.text()
    assert "Penghasilan per bulan" in text, "the cycle is known, so its questions stand there at once"
    assert 'value="tetangga" selected' in text
    assert "Kehilangan pekerjaan sejak Maret" in text
    fields = await clerk.fields_of(asked)
    answers = {
        "note": "Kehilangan pekerjaan sejak Maret",
        "ask_impact": "kehilangan_pekerjaan",
        "ask_reported_for": "tetangga",
        "deliberation": "",
    }
    sent = await clerk.post("/proposals/new", fields | answers, allow_redirects=False)
    assert sent.status == 303, words_of(await sent.text())
    proposal = bytes.fromhex(sent.headers["Location"].rpartition("/")[2])
    made = await counter.store.database.read(lambda c: aid.made(c, proposal))
    assert isinstance(made, ops.ProposalFromReport)
    assert (made.report, made.cycle, made.note) == (b"\x01" * 16, LAPOR.code, "Kehilangan pekerjaan sejak Maret")
    assert address() in await (await clerk.get(sent.headers["Location"])).text()
    after = await (await clerk.get(address())).text()
    assert sent.headers["Location"] in after
    assert "/proposals/new" not in after, "it was done"


@pytest.mark.parametrize("finding", ["unworthy", "not_found", "moved", "deceased", ""])
async def test_no_proposal_rests_on_a_report_that_was_not_found_worthy(counter: Counter, finding: str) -> None:
    await hear(counter, report())
    clerk = await counter.browser()
    if finding:
        assert await verify(counter, clerk, finding=finding, note="dilihat sendiri") == 303
    fields = await clerk.fields_of(await clerk.get(f"/proposals/new?resident={counter.somebody}"))
    forged = fields | {"cycle": CYCLE.code, "note": "", "report": (b"\x01" * 16).hex()}
    answer = await clerk.post("/proposals/new", forged)
    assert answer.status == 422
    assert "sesudah kunjungan menyatakan orangnya layak" in await answer.text()
    assert await counter.value("SELECT count(*) FROM proposal") == 0


async def test_the_code_of_a_report_opens_it(counter: Counter) -> None:
    await hear(counter, report(1), report(2))
    clerk = await counter.browser()
    form = await clerk.fields_of(await clerk.get("/worklist"))
    found = await clerk.post("/proposals/find", form | {"code": receipt_code(b"\x02" * 16)}, allow_redirects=False)
    assert (found.status, found.headers.get("Location")) == (303, address(2))


async def test_who_is_not_on_record_is_registered_first(counter: Counter) -> None:
    await hear(counter, report(name="ZULAIKHAH QODRIYAH"))
    clerk = await counter.browser()
    await verify(counter, clerk)
    html = await (await clerk.get(address())).text()
    assert "belum tercatat sebagai penduduk" in html
    assert 'href="/residents/new"' in html


async def test_photographs_are_taken_of_what_the_visit_found(counter: Counter) -> None:
    await hear(counter, report())
    clerk = await counter.browser()
    assert "Tambah atau hapus foto" not in await (await clerk.get(address())).text()
    await verify(counter, clerk)
    assert (await counter.attach(clerk, address(), "Foto rumah")).status == 200
    assert "Lihat foto rumah" in await (await clerk.get(address())).text()
    assert await counter.value("SELECT about FROM attachment") == b"\x01" * 16


async def test_what_residents_typed_is_text(counter: Counter) -> None:
    await hear(counter, report(need="<script>alert(1)</script> & 'x'", address='"><img src=x>'))
    clerk = await counter.browser()
    for path in ("/reports", address(), f"{address()}/verify"):
        html = await (await clerk.get(path)).text()
        assert "<script>alert" not in html
        assert "<img src=x" not in html


# --- an older program, and a view made again ----------------------------------------------------------------------------


async def test_a_box_that_does_not_know_reports_goes_on_and_shows_them_after_an_upgrade(
    counter: Counter, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = report()
    value = pack(said)
    item = Item(
        1, "report", False, report_key(said.report), value, replace(EMPTY_DIGEST, report_key(said.report), None, value)
    )

    async def store(connection: Connection) -> object:
        await connection.execute("UPDATE feed_cursor SET timeline = $1 WHERE feed = 'village'", TIMELINE)
        return await feed.store_items(connection, "village", TIMELINE, [item], START_MS)

    with monkeypatch.context() as former:
        former.delitem(VALUES, "report")
        assert await counter.store.database.transact(store) is None
        assert await counter.store.database.read(feed.trouble) == Trouble(unreadable=0, waiting=0)
    await counter.store.open()
    clerk = await counter.browser()
    assert "SITI CONTOH" in await (await clerk.get("/reports")).text()


async def test_what_nobody_can_read_hides_no_other_report(counter: Counter) -> None:
    await hear(counter, report(1))
    garbled = State(2, "report", False, report_key(b"\x02" * 16), b"\x91\xa2\xff\xfe")
    await counter.tell(state(report(1)), garbled)
    clerk = await counter.browser()
    assert "SITI CONTOH" in await (await clerk.get("/reports")).text()
    assert (await clerk.get(address(2))).status == 404


def test_a_proposal_without_a_report_keeps_the_schema_it_had() -> None:
    fields = set(ops.ProposalFromReport.__struct_fields__) - set(ops.ProposalWithAnswers.__struct_fields__)
    assert fields == {"report"}
    assert ops.KINDS[ops.ProposalWithAnswers] == ("proposal_made", 2)
    assert msgspec.structs.fields(ops.ProposalFromReport)[-1].name == "report"
