"""One person's data at the centre and what was done with it: the answer to whoever asks for theirs, and to the auditor.

Gathers from `store/subjects` in short reads, so that a centre at work goes on beside it. Every gathering is a look at a
full number and is recorded first, with its reason. Place in the flow: `kampung-central subject-report` and `why`, and the
page "Warga", which leaves the walk through logs and lists to the command.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from central import reconcile
from central.domain.answers import Rules
from central.domain.decisions import key_nik
from central.domain.explanations import in_words
from central.store import access, subjects
from central.store.subjects import Row
from chassis.database import Connection, Database
from protocol.ids import NikProblem, parse_nik

REASON_LENGTH_MIN, REASON_LENGTH_MAX = 5, 300
"""Shorter is no reason but a way past the field."""
Report = dict[str, Any]
"""By section: a list of rows, each a record of names and values; `person` is one such record."""


@dataclass(frozen=True, slots=True)
class Inquiry:
    """Who asks about whom, and why."""

    nik: str
    actor: str
    why: str


def check_nik(text: str) -> tuple[str, str]:
    """(the number people are found by, what is wrong with it in Indonesian); one of them is empty."""
    problem = parse_nik(text)
    if isinstance(problem, NikProblem):
        return "", problem.sentence
    nik = key_nik(text)
    return (nik, "") if nik else ("", "Ini NIK sementara, bukan NIK tetap: orang tidak dapat dicari dengannya.")


async def report(database: Database, rules: Rules, asked: Inquiry, now_ms: int, *, in_full: bool = True) -> Report:
    """All there is; without `in_full` only what indexes find, for a page."""
    nik = asked.nik
    await database.transact(lambda c: record(c, asked, "subject_report", now_ms))
    found: Report = {"person": {"nik": nik}}
    found["proposals"] = await database.read(lambda c: subjects.proposals(c, nik))
    found["explanations"] = await _explanations(database, rules, found["proposals"])
    found["answers"] = []
    for each in found["proposals"]:
        found["answers"] += await _read(database, subjects.answers, each["village"], each["record"])
    found["records"], found["list_rows"] = [], []
    if in_full:
        for village in await database.read(subjects.villages):
            found["records"] += await _read(database, subjects.in_logs, village, nik)
        for import_id in await database.read(subjects.import_ids):
            found["list_rows"] += await _read(database, subjects.in_files, import_id, nik)
    kks = {each["kk"] for each in found["proposals"] if each["kk"]} | _cards(found["records"], nik)
    found["person"] |= {"names": sorted({each["name"] for each in found["proposals"]}), "family_cards": sorted(kks)}
    found["coverages"] = await database.read(lambda c: subjects.coverages(c, "match_nik", [nik]))
    own = {each["reference"] for each in found["coverages"]}
    of_cards = await database.read(lambda c: subjects.coverages(c, "match_kk", kks))
    found["household_coverages"] = [each for each in of_cards if each["reference"] not in own]
    found["identity_verdicts"] = await database.read(lambda c: subjects.identity_verdicts(c, nik))
    found["objections"] = await database.read(lambda c: subjects.objections(c, nik))
    dossiers = {each["record"] for each in found["records"] if each["kind"] == "dossier_sent"}
    found["dossier_steps"] = await database.read(lambda c: subjects.dossiers_of(c, dossiers))
    handled = dossiers | {each["record"] for each in found["proposals"]}
    handled |= {each["objection"] for each in found["objections"]}
    found["audit_trail"] = await database.read(lambda c: subjects.audit_trail(c, handled))
    looks = await database.read(lambda c: access.of_person(c, nik))
    found["access_log"] = [
        {"at_ms": x.at_ms, "actor": x.actor, "action": x.action, "subject": x.subject, "why": x.why} for x in looks
    ]
    return found


async def why(database: Database, rules: Rules, asked: Inquiry, now_ms: int) -> list[Row]:
    """Of each proposal of a person: the answer in force, in words, and whether it still follows from the facts."""
    await database.transact(lambda c: record(c, asked, "why", now_ms))
    found = await database.read(lambda c: subjects.proposals(c, asked.nik))
    return await _explanations(database, rules, found)


async def record(connection: Connection, asked: Inquiry, action: str, now_ms: int) -> None:
    await access.record_view(
        connection, now_ms=now_ms, actor=asked.actor, action=action, subject="", niks=[asked.nik], why=asked.why
    )


async def _explanations(database: Database, rules: Rules, proposals: list[Row]) -> list[Row]:
    found = []
    for each in proposals:
        told = await _read(database, reconcile.explain, rules, bytes.fromhex(each["record"]))
        code = told.verdict.code
        sentence = rules.reasons.sentence(code, told.verdict.values) if code else ""
        found.append(
            {
                "proposal": each["record"],
                "village": each["village"],
                "cycle": each["cycle"],
                "outcome": each["outcome"],
                "code": each["code"],
                "rule": told.verdict.rule,
                "facts_hash": told.verdict.facts_hash.hex(),
                "follows_from_the_facts": told.verdict.facts_hash.hex() == each["facts_hash"],
                "order_is_certain": told.is_order_certain,
                "words": in_words(told, sentence),
            }
        )
    return found


async def _read(database: Database, ask: Callable[..., Any], *args: Any) -> Any:
    return await database.read(lambda connection: ask(connection, *args))


def _cards(records: list[Row], nik: str) -> set[str]:
    """Family cards on which the villages' records put this very person."""
    return {said["kk"] for each in records if (said := each["said"]).get("nik") == nik and said.get("kk")}
