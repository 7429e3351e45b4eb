"""The override report tells each time a person decided otherwise, with the one before them."""

from central import reconcile
from central.domain.identities import Identity, IdentityVerdict
from central.domain.objections import Outcome, Ruling
from central.store import identities, overrides
from central.store.identities import Said
from tests.central.desk import START_MS, Machine, Regency, kk, nik, siksng_row
from tests.central.test_objections import answer, contest, evidence_of, rule
from tests.central.test_web_pages import Hall, hall

__all__ = ["hall"]


async def judge(regency: Regency, proposal: bytes, identity: Identity, actor: str, at_ms: int) -> None:
    (key,) = await regency.database.read(lambda c: reconcile.contested(c, proposal))
    said = Said(IdentityVerdict(identity), "KTP diperiksa", actor, at_ms)
    await regency.database.transact(lambda c: identities.put(c, key, proposal, said))
    await regency.settle()


async def test_verdicts_and_granted_objections_stand_there_with_both_officers(
    regency: Regency, machine: Machine
) -> None:
    await regency.put_cycle()
    await regency.import_list(siksng_row(nik(1), kk(9), "BUDI HARTONO"))
    proposal = machine.propose(nik=nik(1), kk=kk(1)).record_id
    await regency.send(machine)
    await regency.settle()
    await judge(regency, proposal, Identity.DIFFERENT, "rini", START_MS)
    await judge(regency, proposal, Identity.SAME, "joko", START_MS + 1)
    objection = machine.object_to(proposal).record_id
    await regency.send(machine, len(machine.ops))
    await regency.settle()
    regency.clock.advance(days=1)
    ruling = Ruling(Outcome.GRANTED, "Surat pendamping", await evidence_of(regency, proposal))
    await answer(regency, objection, ruling, "sari")
    found = await regency.database.read(lambda c: overrides.lines(c, 1))
    assert [(x.kind, x.was, x.became, x.officer, x.first_officer, x.outcome) for x in found] == [
        ("objection", "covered_by_scheme", "aside", "sari", "joko", "accepted"),
        ("identity", "different", "same", "joko", "rini", "accepted"),
        ("identity", "identity_conflict", "different", "rini", "", "accepted"),
    ]
    assert await regency.database.read(overrides.count) == 3


async def test_what_confirmed_the_rules_is_no_override(regency: Regency, machine: Machine) -> None:
    _, objection = await contest(regency, machine)
    await answer(regency, objection, Ruling(Outcome.REFUSED, "Masih menerima"))
    assert await regency.database.read(overrides.count) == 0
    assert await regency.database.read(lambda c: overrides.lines(c, 1)) == []


async def test_the_page_tells_it_in_words(hall: Hall) -> None:
    assert "Belum ada koreksi" in await hall.text("/overrides", "auditor")
    (reference,) = await evidence_of(hall.story.regency, hall.story.refused)
    yes = {"way": "ended", "since": "2021-03-15", "reason": "Surat pendamping diperiksa", "evidence": reference.hex()}
    assert (await rule(hall, "officer", hall.story.objection, **yes))[0] == 303
    text = await hall.text("/overrides", "auditor")
    assert "1 kali petugas memutuskan lain" in text
    for said in (
        "Sudah menerima bantuan lain",
        "kepesertaan itu sudah berakhir",
        "Surat pendamping diperiksa",
        "aturan",
    ):
        assert said in text
