"""The aid desk: a scheme's own questions, minutes, what came back, slips, receipt codes, objections."""

import io
import re
from datetime import date

import msgspec
import pytest
from pypdf import PdfReader

from agent import data
from agent.domain.fields import FieldError
from agent.domain.proposal_fields import FieldsRefused, Kind, Question, check_answers, read_questions, shown
from agent.domain.slips import slip_of
from agent.render.slips import render_slip
from agent.store import aid, feed, residents
from chassis.database import Connection
from protocol import ops
from protocol.codec import pack
from protocol.feed import Cycle, Decision, ObjectionDecided, State
from protocol.ids import Kk
from protocol.receipts import ALPHABET, parse_pin, pin_verifier, receipt_code
from protocol.schemes import Criterion, Measure, RuleSet
from tests.agent.office import CYCLE, QUESTIONS, SENTENCE, START_MS, Counter, decision_state, tell, words_of
from tests.chassis.conftest import Browser

TEACHERS = Cycle(
    code="GURU-NGAJI-2021",
    scheme="GURU-NGAJI",
    name="Insentif guru ngaji 2021",
    month_from=12 * 2021,
    month_until=12 * 2021 + 11,
    opens_ms=CYCLE.opens_ms,
    closes_ms=CYCLE.closes_ms,
    objection_days=14,
)
ANSWERS = {
    "ask_place_of_teaching": "TPQ Al-Hikmah",
    "ask_teaching_address": "Dusun Krajan RT 1",
    "ask_pupils": "35",
    "ask_teaching_since": "07-2015",
    "ask_civil_servant": "tidak",
    "ask_phone": "0812-3456-7890",
}
KEPT = [
    ("place_of_teaching", "TPQ Al-Hikmah"),
    ("teaching_address", "Dusun Krajan RT 1"),
    ("pupils", "35"),
    ("teaching_since", "2015-07"),
    ("civil_servant", "tidak"),
    ("phone", "081234567890"),
]


async def test_a_proposal_says_which_cards_its_person_left_and_only_then(counter: Counter) -> None:
    await open_cycles(counter)
    moved, settled = list(counter.people.values())[:2]

    async def proposed(resident: bytes) -> ops.AnyBody:
        found = await counter.store.database.read(lambda c: residents.get(c, resident))
        assert found is not None
        record = await counter.store.write(lambda d: aid.propose(d, CYCLE.code, found, "", "sri"))
        assert isinstance(record, bytes)
        return await made(counter, record.hex())

    found = await counter.store.database.read(lambda c: residents.get(c, moved))
    assert found is not None
    first = found.resident.kk
    married = msgspec.structs.replace(found.resident, kk=Kk("3510252606210001"))
    await counter.store.write(lambda d: residents.register(d, married, "sri", replaces=moved))
    body = await proposed(moved)
    assert isinstance(body, ops.ProposalWithFormer)
    assert (body.kk, body.former_kks) == ("3510252606210001", [(first, 12 * 2021 + 5 - 1)])
    assert type(await proposed(settled)) is ops.ProposalWithAnswers


async def open_cycles(counter: Counter) -> None:
    cycles = [State(n, "cycle", True, c.code.encode(), pack(c)) for n, c in enumerate((CYCLE, TEACHERS), start=1)]
    await tell(counter.store, "regency", cycles, START_MS)


async def made(counter: Counter, address: str) -> ops.ProposalMade:
    found = await counter.store.database.read(lambda c: aid.made(c, bytes.fromhex(address.rpartition("/")[2])))
    assert found is not None
    return found


# --- questions ---------------------------------------------------------------------------------------------------------


def test_the_shipped_questions_are_those_of_the_table_but_photographs() -> None:
    assert sorted(QUESTIONS) == ["BLT-DD", "GURU-NGAJI", "LAPOR"]
    assert [len(QUESTIONS[scheme]) for scheme in sorted(QUESTIONS)] == [2, 10, 3]
    assert {question.kind for each in QUESTIONS.values() for question in each} == set(Kind)
    assert "photo" in data.proposal_fields_csv()


@pytest.mark.parametrize(
    ("kind", "typed", "kept"),
    [
        (Kind.TEXT, "  TPQ   Al-Hikmah ", "TPQ Al-Hikmah"),
        (Kind.NUMBER, "1.035", "1035"),
        (Kind.MONTH, "7-2015", "2015-07"),
        (Kind.MONTH, "2015-07", "2015-07"),
        (Kind.PHONE, "+62 812 3456 7890", "6281234567890"),
        (Kind.RUPIAH, "Rp 1.500.000", "1500000"),
        (Kind.CHOICE, "B", "b"),
    ],
)
def test_an_answer_is_kept_in_one_form(kind: Kind, typed: str, kept: str) -> None:
    question = Question("q", kind, True, "Pertanyaan", ("a", "b") if kind is Kind.CHOICE else ())
    assert check_answers([question], {"q": typed}) == (("q", kept),)


@pytest.mark.parametrize(
    ("kind", "typed", "code"),
    [
        (Kind.TEXT, "", "required"),
        (Kind.TEXT, "a\u202eb", "hidden_character"),
        (Kind.TEXT, "x" * 201, "too_long"),
        (Kind.NUMBER, "tiga", "not_a_number"),
        (Kind.NUMBER, "١٢", "not_a_number"),
        (Kind.MONTH, "13-2015", "not_a_month"),
        (Kind.MONTH, "2015", "not_a_month"),
        (Kind.PHONE, "0812", "not_a_phone"),
        (Kind.PHONE, "٠٨١٢٣٤٥٦٧٨٩", "not_a_phone"),
        (Kind.RUPIAH, "1,5 juta", "not_a_number"),
        (Kind.CHOICE, "c", "not_a_choice"),
    ],
)
def test_a_wrong_answer_names_its_question_and_the_cure(kind: Kind, typed: str, code: str) -> None:
    question = Question("q", kind, True, "Pertanyaan", ("a", "b") if kind is Kind.CHOICE else ())
    (fault,) = check_answers([question], {"q": typed})
    assert isinstance(fault, FieldError)
    assert (fault.field, fault.code) == ("q", code)
    assert fault.message.startswith("Pertanyaan: ")


def test_what_is_optional_may_stay_empty_and_what_is_kept_is_shown_as_people_read_it() -> None:
    assert check_answers([Question("q", Kind.PHONE, False, "Telepon")], {}) == ()
    assert shown(Question("q", Kind.RUPIAH, False, "Penghasilan"), "1500000") == "Rp 1.500.000"
    assert shown(QUESTIONS["BLT-DD"][0], "sakit_menahun") == "Sakit menahun"


@pytest.mark.parametrize(
    "row",
    [
        "X,a,colour,yes,Warna",
        "X,a,text,perhaps,Warna",
        "X,,text,yes,Warna",
        "X,a,choice: ,yes,Warna",
        "X,a,text: b,yes,W",
    ],
)
def test_a_table_that_cannot_be_asked_is_refused_by_row(row: str) -> None:
    with pytest.raises(FieldsRefused, match="row 2"):
        read_questions(f"scheme,field,kind,required,label_id\n{row}\n")


async def test_the_form_says_what_the_scheme_demands_and_what_the_answers_lack(counter: Counter) -> None:
    """The regency's rule book says it; nothing is stopped by it, the regency decides."""
    await open_cycles(counter)
    few = Criterion("GURU-NGAJI", "pupils", Measure.AT_LEAST, "40", "Jumlah santri", 12 * 2020, None, "contoh")
    ended = msgspec.structs.replace(few, value="99", until=12 * 2020 + 11)
    rules = State(3, "exclusions", True, b"exclusions", pack(RuleSet((), (), (few, ended))))
    cycles = [State(n, "cycle", True, c.code.encode(), pack(c)) for n, c in enumerate((CYCLE, TEACHERS), start=1)]
    await tell(counter.store, "regency", [*cycles, rules], START_MS)
    clerk = await counter.browser()
    form = await clerk.fields_of(await clerk.get(f"/proposals/new?resident={counter.somebody}"))
    asked = await clerk.post("/proposals/new", {**form, "cycle": TEACHERS.code, "note": ""})
    assert "Syarat program ini: Jumlah santri paling sedikit 40 ." in words_of(await asked.text())
    sent = await clerk.post("/proposals/new", {**await clerk.fields_of(asked), **ANSWERS})
    page = words_of(await sent.text())
    assert "menurut jawabannya syarat program belum terpenuhi: Jumlah santri paling sedikit 40" in page
    assert await counter.value("SELECT count(*) FROM proposal") == 1


async def test_a_schemes_questions_are_asked_checked_and_travel(counter: Counter) -> None:
    await open_cycles(counter)
    clerk = await counter.browser()
    form = await clerk.fields_of(await clerk.get(f"/proposals/new?resident={counter.somebody}"))
    asked = await clerk.post("/proposals/new", {**form, "cycle": TEACHERS.code, "note": ""})
    assert asked.status == 200
    assert "Jumlah santri" in await asked.text()
    fields = await clerk.fields_of(asked)
    assert fields["asked"] == TEACHERS.code
    wrong = await clerk.post("/proposals/new", {**fields, **ANSWERS, "ask_pupils": "banyak", "ask_teaching_since": ""})
    text = await wrong.text()
    assert wrong.status == 422
    assert 'href="#ask_pupils"' in text
    assert 'href="#ask_teaching_since"' in text
    assert 'value="TPQ Al-Hikmah"' in text, "what was right is kept"
    assert await counter.value("SELECT count(*) FROM proposal") == 0
    sent = await clerk.post("/proposals/new", {**await clerk.fields_of(wrong), **ANSWERS}, allow_redirects=False)
    assert sent.status == 303
    body = await made(counter, sent.headers["Location"])
    assert isinstance(body, ops.ProposalWithAnswers)
    assert (body.fields, body.check, body.deliberation) == (KEPT, "unknown", b"")
    page = words_of(await (await clerk.get(sent.headers["Location"])).text())
    assert "Jumlah santri 35" in page
    assert "ASN Tidak" in page
    assert "Pemeriksaan di kantor saat diusulkan: Belum diketahui." in page


async def test_a_proposal_of_the_first_schema_is_shown_as_before(counter: Counter) -> None:
    def old(salt: bytes) -> ops.ProposalMade:
        return ops.ProposalMade(
            salt, CYCLE.scheme, CYCLE.code, "3510256507850001", "", "SITI", "", "P", "", "", "", "", "", "clerk"
        )

    op = await counter.store.write(lambda desk: desk.append(old))
    assert type(ops.read_op(op)[1]) is ops.ProposalMade
    assert ops.read_header(op.header).schema == 1
    clerk = await counter.browser()
    page = words_of(await (await clerk.get(f"/proposals/{op.record_id.hex()}")).text())
    assert "Usulan untuk SITI" in page
    assert "Pemeriksaan di kantor" not in page


# --- deliberations -----------------------------------------------------------------------------------------------------


async def test_minutes_are_written_and_a_proposal_refers_to_them(counter: Counter) -> None:
    clerk = await counter.browser()
    address = await counter.deliberate(clerk)
    path = f"/proposals/new?resident={counter.somebody}"
    text = await (await clerk.get(path)).text()
    assert "Musyawarah desa 140/05/2021, 10 Mei 2021" in text
    name = address.rpartition("/")[2]
    form = await clerk.fields_of(await clerk.get(path)) | {"cycle": CYCLE.code, "note": ""}
    for wrong in ("ff" * 16, "bukan"):
        refused = await clerk.post("/proposals/new", {**form, "deliberation": wrong})
        assert refused.status == 422
        assert "Berita acara itu tidak memuat periode ini" in await refused.text()
    sent = await clerk.post("/proposals/new", {**form, "deliberation": name}, allow_redirects=False)
    body = await made(counter, sent.headers["Location"])
    assert isinstance(body, ops.ProposalWithAnswers)
    assert body.deliberation.hex() == name
    assert "140/05/2021" in words_of(await (await clerk.get(sent.headers["Location"])).text())
    page = words_of(await (await clerk.get(address)).text())
    assert "Usulan yang mengacu 1" in page
    assert "Jumlah hadir 43" in page


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"number": ""}, "Nomor berita acara: wajib diisi."),
        ({"held_on": "18-05-2021"}, "Tanggal musyawarah: belum terjadi."),
        ({"held_on": "31-02-2021"}, "Tanggal musyawarah: tanggal ini tidak ada"),
        ({"attendance": "0"}, "Jumlah hadir: paling sedikit 1 orang."),
        ({"chair": "<script>"}, "Pimpinan musyawarah: tanda"),
        ({"cycles": ""}, "Periode yang dibahas: pilih paling sedikit satu."),
        ({"cycles": "TIDAK-ADA"}, "Periode yang dibahas: pilih paling sedikit satu."),
    ],
)
async def test_minutes_that_are_wrong_say_what(counter: Counter, changed: dict[str, str], said: str) -> None:
    clerk = await counter.browser()
    form = await clerk.fields_of(await clerk.get("/deliberations/new"))
    form |= {"number": "1", "held_on": "10-05-2021", "place": "Balai", "chair": "SLAMET", "attendance": "43"}
    answer = await clerk.post("/deliberations/new", form | {"cycles": CYCLE.code} | changed)
    assert answer.status == 422
    assert said in words_of(await answer.text())
    assert await counter.value("SELECT count(*) FROM deliberation") == 0


# --- what came back ----------------------------------------------------------------------------------------------------


async def answered(counter: Counter, clerk: Browser, *untils: str, outcome: str = "rejected") -> list[str]:
    """Proposals of different people with answers that end on these days."""
    people = list(counter.people.values())
    addresses = [await counter.propose(clerk, people[n].hex()) for n in range(len(untils))]
    states = []
    for address, until in zip(addresses, untils, strict=True):
        state = decision_state(address, outcome=outcome)
        decision = msgspec.structs.replace(
            msgspec.msgpack.decode(state.value, type=Decision), objection_until=until, sentence=f"Sampai {until}."
        )
        states.append(msgspec.structs.replace(state, value=pack(decision)))
    await counter.tell(*states)
    return addresses


async def test_the_worklist_begins_with_the_nearest_deadline_and_drops_what_is_read_and_over(counter: Counter) -> None:
    clerk = await counter.browser()
    over, last, first, none = await answered(counter, clerk, "2021-05-16", "2021-05-31", "2021-05-18", "")
    text = await (await clerk.get("/worklist")).text()
    assert "4 usulan ditolak atau perlu diperiksa, 4 belum dibaca." in words_of(text)
    assert re.findall(r'href="(/proposals/[0-9a-f]{32})"', text) == [over, first, last, none]
    assert text.count(">Baru<") == 4
    await clerk.get(over)
    text = await (await clerk.get("/worklist")).text()
    assert re.findall(r'href="(/proposals/[0-9a-f]{32})"', text) == [first, last, none]
    await clerk.get(first)
    assert "3 usulan ditolak atau perlu diperiksa, 2 belum dibaca." in words_of(
        await (await clerk.get("/worklist")).text()
    )
    home = await (await clerk.get("/")).text()
    assert re.findall(r'href="(/proposals/[0-9a-f]{32})"', home) == [first, last, none]


async def test_a_receipt_code_opens_the_proposal_and_a_wrong_one_says_so(counter: Counter) -> None:
    clerk = await counter.browser()
    address = await counter.propose(clerk)
    code = receipt_code(bytes.fromhex(address.rpartition("/")[2]))
    assert code in await (await clerk.get(address)).text()
    form = await clerk.fields_of(await clerk.get("/worklist"))
    for typed in (code, code.lower().replace("-", " "), code.replace("0", "O").replace("1", "l")):
        found = await clerk.post("/proposals/find", {**form, "code": typed}, allow_redirects=False)
        assert (found.status, found.headers.get("Location")) == (303, address), typed
    wrong = code[:-1] + ALPHABET[(ALPHABET.index(code[-1]) + 1) % 31]
    for typed, said in ((wrong, "ada huruf yang salah"), (receipt_code(b"n" * 16), "tidak ada di kantor ini")):
        answer = await clerk.post("/proposals/find", {**form, "code": typed})
        assert answer.status == 422
        assert said in words_of(await answer.text())


# --- the slip ----------------------------------------------------------------------------------------------------------


async def slip_words(clerk: Browser, address: str) -> str:
    (page,) = PdfReader(io.BytesIO(await (await clerk.get(f"{address}/slip")).read())).pages
    return " ".join(page.extract_text().split())


async def test_the_slip_says_sentence_step_and_deadline_and_masks_the_person(counter: Counter) -> None:
    clerk = await counter.browser()
    address = await counter.propose(clerk)
    receipt = await slip_words(clerk, address)
    assert "TANDA TERIMA USULAN" in receipt
    assert receipt_code(bytes.fromhex(address[-32:])) in receipt
    await counter.tell(decision_state(address, outcome="accepted"))
    assert (await clerk.get(f"{address}/slip")).status == 404, "there is nothing to refuse or wait for"
    await counter.tell(decision_state(address))
    answer = await clerk.get(f"{address}/slip")
    assert answer.content_type == "application/pdf"
    words = await slip_words(clerk, address)
    row = await counter.store.database.read(lambda c: aid.find(c, bytes.fromhex(address.rpartition("/")[2])))
    assert row is not None
    for said in (
        SENTENCE,
        "31 Mei 2021",
        "KANTOR DESA SUKOJATI",
        receipt_code(row.id),
        row.nik[-4:],
        "masih sementara",
    ):
        assert said in words, said
    assert row.nik not in words
    assert row.name not in words
    looks = await counter.value(
        "SELECT count(*) FROM access_log WHERE action = 'print_slip' AND subject = $1", row.id.hex()
    )
    assert looks == 3, "the receipt, and the refusal twice"


def test_the_longest_sentences_stay_on_the_upper_half_or_flow_and_lose_no_word() -> None:
    state = msgspec.msgpack.decode(decision_state("/" + "ab" * 16).value, type=Decision)
    long = msgspec.structs.replace(state, sentence="kata " * 400, next_sentence="langkah " * 200)
    from pathlib import Path

    from tests.agent.office import settings

    office = settings(Path("/tmp")).letterhead()
    slip = slip_of(long.proposal, long, "W" * 300, "3510256507850001", CYCLE.name, office, date(2021, 5, 17))
    assert slip is not None
    pdf = render_slip(slip)
    assert pdf == render_slip(slip)
    words = " ".join(page.extract_text() for page in PdfReader(io.BytesIO(pdf)).pages)
    assert (words.count("kata"), words.count("langkah")) == (400, 200)


# --- objections --------------------------------------------------------------------------------------------------------


async def test_an_objection_is_read_back_then_written_once(counter: Counter) -> None:
    clerk = await counter.browser()
    address = await counter.propose(clerk)
    assert "Catat sanggahan" not in await (await clerk.get(address)).text()
    assert (await clerk.get(f"{address}/object", allow_redirects=False)).status == 303, "there is nothing to contest"
    await counter.tell(decision_state(address))
    form = await clerk.fields_of(await clerk.get(f"{address}/object"))
    short = await clerk.post(f"{address}/object/check", {**form, "grounds": "tidak", "evidence": ""})
    assert short.status == 422
    assert 'href="#grounds"' in await short.text()
    said = {"grounds": "Sudah keluar dari PKH sejak Maret <2021>", "evidence": "Surat pendamping"}
    checked = await clerk.post(f"{address}/object/check", {**form, **said})
    assert "Periksa sebelum dicatat" in words_of(await checked.text())
    assert await counter.value("SELECT count(*) FROM objection") == 0
    fields = {**await clerk.fields_of(checked)}
    fields.pop("change", None)
    for _ in range(3):
        sent = await clerk.post(f"{address}/object", fields, allow_redirects=False)
        assert (sent.status, sent.headers["Location"]) == (303, address)
    assert await counter.value("SELECT count(*) FROM objection") == 1
    page = await (await clerk.get(address)).text()
    assert "Sudah keluar dari PKH sejak Maret &lt;2021&gt;" in page
    assert "Tersimpan di kantor" in words_of(page)
    assert "10 hari kerja" in words_of(page)
    assert "Catat sanggahan" not in page
    counter.stamps.ms += 1000
    await counter.tell(decision_state(address, sentence="Masih ditolak."))
    assert "Catat sanggahan" in await (await clerk.get(address)).text(), "a new answer may be contested anew"


async def test_the_record_of_an_objection_is_the_residents_words(counter: Counter) -> None:
    clerk = await counter.browser()
    address = await counter.propose(clerk)
    await counter.tell(decision_state(address))
    form = await clerk.fields_of(await clerk.get(f"{address}/object"))
    await clerk.post(f"{address}/object", {**form, "grounds": "Belum pernah menerima", "evidence": ""})
    body = await counter.value("SELECT body FROM op ORDER BY seq DESC LIMIT 1")
    read = ops.read_body(ops.Header(1, "objection_made", 1, 0, b"b" * 8, 0, 0, b""), body)
    assert isinstance(read, ops.ObjectionMade)
    assert (read.proposal.hex(), read.grounds, read.actor) == (address[-32:], "Belum pernah menerima", "clerk")


async def objected(counter: Counter, clerk: Browser) -> tuple[str, bytes]:
    """A refused proposal and the objection against it."""
    address = await counter.propose(clerk)
    await counter.tell(decision_state(address))
    form = await clerk.fields_of(await clerk.get(f"{address}/object"))
    await clerk.post(f"{address}/object", {**form, "grounds": "Belum pernah menerima", "evidence": ""})
    return address, await counter.value("SELECT id FROM objection")


def ruled(address: str, objection: bytes, outcome: str = "granted") -> State:
    said = ObjectionDecided(objection, bytes.fromhex(address[-32:]), outcome, "Surat <pendamping> diperiksa", START_MS)
    return State(9, "objection_decided", False, objection, pack(said))


async def test_what_became_of_an_objection_is_read_aloud_and_asked_for_until_it_was_read(counter: Counter) -> None:
    clerk = await counter.browser()
    address, objection = await objected(counter, clerk)
    await clerk.get(address)
    counter.stamps.ms += 1000
    await counter.tell(decision_state(address, outcome="accepted", sentence=""), ruled(address, objection))
    text = words_of(await (await clerk.get("/worklist")).text())
    assert "Sanggahan warga sudah diputus; bacakan putusannya." in text
    assert "1 belum dibaca" in text
    assert "Sanggahan warga sudah diputus" in await (await clerk.get("/")).text()
    page = await (await clerk.get(address)).text()
    assert "Dikabulkan" in page
    assert "10 hari kerja" not in page
    assert "Bacakan: Surat &lt;pendamping&gt; diperiksa" in page
    assert "Sanggahan warga sudah diputus" not in await (await clerk.get("/worklist")).text()


async def test_an_answer_that_a_restored_centre_lost_waits_to_be_confirmed(counter: Counter) -> None:
    clerk = await counter.browser()
    address, objection = await objected(counter, clerk)
    await counter.tell(decision_state(address), ruled(address, objection, "refused"))
    assert "Tidak dikabulkan" in await (await clerk.get(address)).text()
    await counter.tell(decision_state(address))
    assert "Tidak dikabulkan, menunggu penegasan kabupaten" in await (await clerk.get(address)).text()
    await counter.tell(decision_state(address), ruled(address, objection, "refused"))
    assert "menunggu penegasan" not in await (await clerk.get(address)).text()


async def test_an_answer_that_came_before_the_program_knew_the_kind_is_read_when_it_starts(counter: Counter) -> None:
    clerk = await counter.browser()
    address, objection = await objected(counter, clerk)
    await counter.tell(decision_state(address), ruled(address, objection))

    async def as_before(connection: Connection) -> None:
        await connection.execute("DELETE FROM objection_decision")
        await connection.execute("UPDATE feed_state SET is_readable = 0 WHERE kind = 'objection_decided'")
        await feed.apply_pending(connection, START_MS)

    await counter.store.database.transact(as_before)
    assert "Dikabulkan" in await (await clerk.get(address)).text()


# --- the PIN for the public page -----------------------------------------------------------------------------------------


async def test_a_pin_is_given_after_identification_shown_once_and_kept_nowhere(counter: Counter) -> None:
    clerk = await counter.browser()
    address = await counter.propose(clerk)
    form = await clerk.fields_of(await clerk.get(f"{address}/pin"))
    form.pop("identified", None)
    refused = await clerk.post(f"{address}/pin", form)
    assert refused.status == 422
    assert 'href="#identified"' in await refused.text()
    given = await clerk.post(f"{address}/pin", form | {"identified": "ya"})
    pin = re.findall(r"[0-9]{4}-[0-9]{4}(?=</strong>)", await given.text())
    assert len(pin) == 1
    again = await clerk.post(f"{address}/pin", form | {"identified": "ya"})
    text = await again.text()
    assert pin[0] not in text
    assert "sudah ditampilkan dan tidak disimpan" in text
    row = await counter.store.database.read(
        lambda c: c.fetch_one("SELECT header, body FROM op ORDER BY log DESC, seq DESC LIMIT 1")
    )
    assert row is not None
    body = ops.read_body(ops.read_header(row[0]), row[1])
    assert isinstance(body, ops.StatusPinGiven)
    digits = parse_pin(pin[0])
    assert digits is not None
    assert body.verifier == pin_verifier(body.salt, body.proposal, digits)
    assert address.endswith(body.proposal.hex())
    assert digits.encode() not in row[1]
