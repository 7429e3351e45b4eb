"""Why, and everything about one person: complete, recorded as a look, and quick where the lists are long."""

import json
import re
from typing import Any

import pytest

from central import subject
from central.domain.subject_words import SECTIONS, as_text
from central.store import access
from central.subject import Inquiry
from chassis.database import DatabaseError
from tests.central.desk import (
    DESA,
    NASTY_NAME,
    OTHER_DESA,
    PANGAN,
    RULES,
    START_MS,
    Machine,
    Regency,
    kk,
    nik,
    siksng_row,
)
from tests.central.test_web_pages import Hall, hall

__all__ = ["hall"]
ASKED = Inquiry(nik(1), "rini", "permintaan warga")


async def explained(regency: Regency, number: str = nik(1)) -> list[dict[str, Any]]:
    asked = Inquiry(number, "rini", "permintaan warga")
    return await subject.why(regency.database, RULES, asked, START_MS)


async def test_a_refusal_is_explained_by_rule_evidence_and_facts(regency: Regency, machine: Machine) -> None:
    await regency.put_cycle()
    await regency.import_list(siksng_row(nik(1), kk(9), "SITI CONTOH"))
    record = machine.propose(nik=nik(1), kk=kk(1)).record_id
    await regency.send(machine)
    await regency.settle()
    (told,) = await explained(regency)
    assert (told["proposal"], told["outcome"], told["code"]) == (record.hex(), "rejected", "covered_by_scheme")
    assert told["rule"].startswith("APBD-PANGAN - PKH: ")
    assert told["facts_hash"] == (await regency.decisions())[record].facts_hash.hex()
    assert told["follows_from_the_facts"]
    words = "\n".join(told["words"])
    for said in ("Hasil: ditolak. Sudah terdaftar", "Program Keluarga Harapan", "orang yang sama (NIK sama)"):
        assert said in words, said
    assert "Tidak boleh rangkap. Dasar: " in words
    assert "SITI" not in words


async def test_an_acceptance_says_that_nothing_stood_against_it(regency: Regency, machine: Machine) -> None:
    await regency.put_cycle()
    machine.propose(nik=nik(1), kk=kk(1))
    await regency.send(machine)
    await regency.settle()
    (told,) = await explained(regency)
    assert told["words"][:3] == [
        "Hasil: disetujui.",
        "Tidak ada aturan yang melarang.",
        "Yang diperhitungkan: tidak ada bantuan atau usulan lain.",
    ]


async def test_rivals_are_told_in_their_order_and_what_nobody_can_prove_is_said(
    regency: Regency, machine: Machine, neighbour: Machine
) -> None:
    await regency.put_cycle()
    first = machine.propose(nik=nik(1), kk=kk(1)).record_id
    second = neighbour.propose(nik=nik(1), kk=kk(1), claimed_ms=START_MS + 1).record_id
    await regency.send(machine)
    await regency.send(neighbour)
    await regency.settle()
    told = {each["proposal"]: each for each in await explained(regency)}
    assert {told[r.hex()]["outcome"] for r in (first, second)} == {"accepted", "rejected"}
    assert not told[first.hex()]["order_is_certain"], "both were written before either was received"
    refused = next(each for each in told.values() if each["outcome"] == "rejected")
    words = "\n".join(refused["words"])
    assert "1. Usulan dari" in words
    assert "2. Usulan ini" in words
    assert "tidak dapat dibedakan dengan pasti" in words
    regency.clock.advance(days=1)
    await regency.greet(neighbour)
    third = neighbour.propose(nik=nik(1), kk=kk(1), claimed_ms=regency.clock.at_ms).record_id
    await regency.send(neighbour, len(neighbour.ops))
    await regency.settle()
    told = {each["proposal"]: each for each in await explained(regency)}
    late = next(line for line in told[third.hex()]["words"] if "1. Usulan dari" in line)
    assert "tidak dapat dibedakan" not in late, "its anchor proves that it was written after the first was received"


async def test_the_report_holds_everything_and_who_looked(hall: Hall) -> None:
    story, regency = hall.story, hall.story.regency
    letter = story.desa.issue(1)
    about_letter = story.desa.void(letter.record_id)
    await regency.send(story.desa, len(story.desa.ops) - 1)
    await regency.settle()
    asked = Inquiry(nik(2), "rini", "permintaan warga")
    found = await subject.report(regency.database, RULES, asked, START_MS)
    assert found.keys() == {"person", *SECTIONS}
    assert [(x["record"], x["name"], x["nik"]) for x in found["proposals"]] == [
        (story.refused.hex(), "DEWI RAHAYU", nik(2))
    ]
    assert [x["outcome"] for x in found["answers"]] == ["accepted", "rejected"], "also what was said first"
    assert [(x["file"], x["row"], x["permission"]) for x in found["coverages"]] == [("pkh.csv", 2, "contoh")]
    assert nik(2) in found["list_rows"][0]["line"]
    assert found["list_rows"][0]["fate"] == "kept"
    assert [x["grounds"] for x in found["objections"]] == ["Sudah keluar dari PKH"]
    records = {x["record"]: x for x in found["records"]}
    assert records.keys() == {story.refused.hex(), story.objection.hex()}
    assert records[story.refused.hex()]["said"]["mother"] == "DEWI CONTOH"
    assert [(x["actor"], x["action"], x["why"]) for x in found["access_log"]] == [
        ("rini", "subject_report", "permintaan warga")
    ]
    text = as_text(found)
    assert text.startswith(f"Laporan data pribadi: NIK {nik(2)}")
    assert all(title in text for title in SECTIONS.values())
    json.dumps(found)
    of_letter = await subject.report(regency.database, RULES, Inquiry("3510256507850001", "rini", "x" * 5), START_MS)
    assert {x["record"] for x in of_letter["records"]} >= {letter.record_id.hex(), about_letter.record_id.hex()}


async def test_a_report_of_nobody_is_empty_and_still_a_look(regency: Regency) -> None:
    found = await subject.report(regency.database, RULES, Inquiry(nik(77), "rini", "permintaan"), START_MS)
    assert all(not found[key] for key in SECTIONS if key != "access_log")
    assert len(found["access_log"]) == 1


async def test_looks_are_found_by_number_and_name_nobody(hall: Hall) -> None:
    regency = hall.story.regency
    await hall.get(f"/decisions/{hall.story.refused.hex()}", "auditor")
    await hall.get(f"/decisions/{hall.story.accepted.hex()}", "officer")
    of_refused = await regency.database.read(lambda c: access.of_person(c, nik(2)))
    assert [(x.actor, x.action, x.subject) for x in of_refused] == [
        ("auditor", "view_decision", hall.story.refused.hex())
    ]
    kept = await regency.rows("SELECT hex(tag), why FROM subject_access")
    assert len({tag for tag, _ in kept}) == 2
    assert nik(2) not in str(kept)


@pytest.mark.parametrize(
    "sql",
    [
        "UPDATE subject_access SET why = 'lain'",
        "DELETE FROM subject_access",
        "DELETE FROM access_log WHERE access_id IN (SELECT access FROM subject_access)",
        "UPDATE access_log SET actor = 'lain'",
    ],
)
async def test_the_log_of_looks_is_neither_changed_nor_shortened(hall: Hall, sql: str) -> None:
    await hall.get(f"/decisions/{hall.story.refused.hex()}", "auditor")
    with pytest.raises(DatabaseError):
        await hall.story.regency.database.transact(lambda c: c.execute(sql))


async def test_a_dossiers_look_is_one_at_its_subject(hall: Hall) -> None:
    await hall.get(f"/dossiers/{hall.story.dossier.hex()}", "agency")
    await hall.get(f"/dossiers/{hall.story.dossier.hex()}/photographs/{hall.story.photograph.hex()}", "agency")
    looks = await hall.story.regency.database.read(lambda c: access.of_person(c, "3510256507850001"))
    assert [(x.actor, x.action) for x in looks] == [("agency", "view_attachment"), ("agency", "view_dossier")]


# --- pages ------------------------------------------------------------------------------------------------------------


async def form_of(hall: Hall, path: str, role: str, **fields: str) -> tuple[int, str]:
    browser = await hall.browser(role)
    known = await browser.fields_of(await browser.get(path))
    answer = await browser.post(path, known | fields, allow_redirects=False)
    return answer.status, await answer.text()


async def test_the_auditor_types_a_number_and_reads_the_trail(hall: Hall) -> None:
    status, html = await form_of(hall, "/subjects", "auditor", nik=nik(2), reason="Pemeriksaan triwulan")
    assert status == 200
    assert "DEWI RAHAYU" in html
    assert "Program Keluarga Harapan" in html
    assert f'href="/decisions/{hall.story.refused.hex()}"' in html
    assert "Pemeriksaan triwulan" in html, "this very look stands in it"
    assert not re.search(r'(?:href|action)="[^"]*[0-9]{16}[^"]*"', html.replace(hall.story.refused.hex(), ""))
    status, html = await form_of(hall, "/access", "auditor", nik=nik(2), reason="Aduan warga")
    assert status == 200
    assert "Pemeriksaan triwulan" in html
    assert "mencari data satu warga" in html


@pytest.mark.parametrize("path", ["/subjects", "/access"])
async def test_without_number_or_reason_nothing_is_shown(hall: Hall, path: str) -> None:
    status, html = await form_of(hall, path, "auditor", nik="12", reason="x")
    assert status == 422
    assert 'href="#nik"' in html
    assert 'href="#reason"' in html
    assert await hall.story.regency.value("SELECT count(*) FROM subject_access") == 0


async def test_a_hostile_name_is_text_in_the_report(hall: Hall) -> None:
    _, html = await form_of(hall, "/subjects", "auditor", nik=nik(3), reason="Pemeriksaan")
    assert NASTY_NAME not in html
    assert "&lt;script&gt;" in html


async def test_the_decision_page_explains_itself(hall: Hall) -> None:
    text = await hall.text(f"/decisions/{hall.story.refused.hex()}", "auditor")
    assert "Mengapa" in text
    assert "orang yang sama (NIK sama). Tidak boleh rangkap. Dasar:" in text
    assert PANGAN.code not in text.partition("Mengapa")[2]
    assert DESA != OTHER_DESA
