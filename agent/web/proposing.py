"""Proposing: choose the cycle, see what the check says, answer the scheme's own questions, and it is written down.

The check is shown before anything is written and stops nothing. A scheme without questions is proposed in one step.
Place in the flow: a resident's page leads here; `agent/store/aid` keeps.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from aiohttp import web

from agent.domain.coverage import NOTHING_KNOWN, Check
from agent.domain.fields import Fault, check_text
from agent.domain.numbering import date_wib
from agent.domain.proposal_fields import Question, check_answers, choice_label
from agent.domain.refusal import DELIBERATION_UNKNOWN, Refusal
from agent.store import Desk, aid, coverage, cycles, deliberations, reports
from agent.store.deliberations import DeliberationRow
from agent.store.residents import Registered
from agent.web.desk import at_counter, send_once
from agent.web.office import Office
from agent.web.residents import find_resident
from agent.web.words import check_words, cycle_choice, deliberation_choice, is_open
from chassis.database import Connection
from chassis.web import Form, account_of, add_notice, page, read_form
from language import say
from protocol.criteria import demand, examine
from protocol.feed import Cycle
from protocol.schemes import Criterion

NOTE_LENGTH_MAX = 300
UNMET = say(
    "Usulan tercatat, tetapi menurut jawabannya syarat program belum terpenuhi: {demands}. Kabupaten yang memutuskan; bila"
    " jawabannya keliru, tarik usulan ini dan usulkan lagi."
)
CYCLE_NOT_CHOSEN = say("Program dan periode: pilih salah satu.")
RECORD = re.compile("[0-9a-f]{32}")
ASKED = "asked"
"""Form field: the cycle whose questions the clerk has before them."""
PREFIX = "ask_"
"""Before the names of a scheme's questions, so that none can be taken for a field of ours."""


@dataclass(frozen=True, slots=True)
class Sight:
    """What the form shows of the office's own knowledge."""

    cycles: list[Cycle]
    checks: dict[str, Check]
    schemes: dict[str, str]
    minutes: list[DeliberationRow]
    demands: list[Criterion]


REPORTED_AS = {"self": "diri_sendiri", "neighbour": "tetangga"}
"""An online report's words for the answers of the question `reported_for`."""


class ProposingPages:
    """/proposals/new."""

    def __init__(self, office: Office) -> None:
        self._office = office

    def routes(self) -> list[web.RouteDef]:
        return [web.get("/proposals/new", self.new), web.post("/proposals/new", self.propose)]

    @at_counter
    async def new(self, request: web.Request) -> web.StreamResponse:
        form = await self._from_report(request.query.get("report", ""))
        asked = form.text("cycle") if await self._questions(form.text("cycle")) else ""
        return await self._form(request, request.query.get("resident", ""), form, {}, asked=asked)

    @at_counter
    async def propose(self, request: web.Request) -> web.StreamResponse:
        form = await read_form(request)
        resident, code, actor = form.text("resident"), form.text("cycle"), account_of(request).login
        person = await find_resident(self._office, resident)
        questions, report = await self._questions(code), _record(form.text("report"))
        if questions and form.text(ASKED) != code:
            return await self._form(request, resident, form, {}, asked=code)
        asked, errors = _read(form, questions)
        if errors or asked is None:
            return await self._form(request, resident, form, errors, asked=form.text(ASKED))
        note, answers, minutes = asked

        async def work(desk: Desk) -> str | Refusal:
            check = await self._check(desk.connection, code, person)
            made = await aid.propose(desk, code, person, note, actor, aid.Asked(answers, check, minutes, report))
            return made if isinstance(made, Refusal) else f"/proposals/{made.hex()}"

        sent = await send_once(self._office, request, form, work)
        if isinstance(sent, Refusal):
            at = "deliberation" if sent is DELIBERATION_UNKNOWN else "cycle"
            return await self._form(request, resident, form, {at: sent.sentence}, asked=form.text(ASKED))
        if sent.is_repeat:
            await add_notice(
                request, say("Isian itu sudah dikirim sebelumnya; inilah usulannya. Tidak ada usulan baru.")
            )
        elif unmet := await self._unmet(code, answers):
            await add_notice(request, say(UNMET, demands="; ".join(unmet)))
        raise web.HTTPSeeOther(sent.location)

    async def _from_report(self, text: str) -> Form:
        """What an online report tells already, as if it had been typed; nothing for a report that is not here."""
        report = _record(text)
        found = await self._office.store.database.read(lambda c: reports.find(c, report)) if report else None
        if found is None:
            return Form()
        said = found.report
        typed = {"report": text, "cycle": said.cycle, "note": said.need[:NOTE_LENGTH_MAX]}
        if said.reported_for in REPORTED_AS:
            typed[f"{PREFIX}reported_for"] = REPORTED_AS[said.reported_for]
        return Form(tuple(typed.items()))

    async def _unmet(self, code: str, answers: tuple[tuple[str, str], ...]) -> list[str]:
        """What the regency will find these answers to lack; it is written down all the same."""

        async def look(connection: Connection) -> list[str]:
            cycle = next((c for c in await cycles(connection) if c.code == code), None)
            found = await coverage.demands(connection, cycle) if cycle else []
            return [demand(each) for each in examine(found, dict(answers), cycle.month_from).failed] if cycle else []

        return await self._office.store.database.read(look)

    async def _questions(self, code: str) -> tuple[Question, ...]:
        known = await self._office.store.database.read(cycles)
        return next((self._office.questions.get(c.scheme, ()) for c in known if c.code == code), ())

    async def _check(self, connection: Connection, code: str, person: Registered) -> Check:
        chosen = [cycle for cycle in await cycles(connection) if cycle.code == code]
        who = person.resident
        found = await coverage.check(connection, self._office.unseal, chosen, who.nik, who.kk)
        return found.get(code, NOTHING_KNOWN)

    async def _form(
        self, request: web.Request, resident: str, form: Form, errors: Mapping[str, str], *, asked: str = ""
    ) -> web.StreamResponse:
        person = await find_resident(self._office, resident)
        now_ms = self._office.stamper.now_ms()
        sight = await self._look(person, now_ms, asked)
        today = date_wib(now_ms)
        scheme = next((cycle.scheme for cycle in sight.cycles if cycle.code == asked), "")
        context = {
            "person": person,
            "options": [(cycle.code, cycle_choice(cycle)) for cycle in sight.cycles],
            "checks": [(c.name, *check_words(sight.checks[c.code], sight.schemes, today)) for c in sight.cycles],
            "minutes": [(each.id.hex(), deliberation_choice(each)) for each in sight.minutes],
            "cycle": form.text("cycle"),
            "note": form.text("note"),
            "deliberation": form.text("deliberation"),
            "report": form.text("report"),
            "reported_as": form.text(f"{PREFIX}reported_for"),
            "asked": asked,
            "prefix": PREFIX,
            "questions": self._office.questions.get(scheme, ()),
            "demands": [demand(each) for each in sight.demands],
            "values": {each.name: form.text(PREFIX + each.name) for each in self._office.questions.get(scheme, ())},
            "choice_label": choice_label,
            "errors": errors,
            "form_key": form.text("form_key") or None,
        }
        return await page(request, "proposal_form.html", context, status=422 if errors else 200)

    async def _look(self, person: Registered, now_ms: int, asked: str) -> Sight:
        who = person.resident

        async def look(connection: Connection) -> Sight:
            opened = [c for c in await cycles(connection) if is_open(c, now_ms) and asked in {"", c.code}]
            return Sight(
                opened,
                await coverage.check(connection, self._office.unseal, opened, who.nik, who.kk),
                await coverage.scheme_names(connection),
                await deliberations.of_cycles(connection, [cycle.code for cycle in opened]),
                await coverage.demands(connection, opened[0]) if asked and opened else [],
            )

        return await self._office.store.database.read(look)


def _record(text: str) -> bytes:
    """The id that a page wrote into its form; empty for anything else."""
    return bytes.fromhex(text) if RECORD.fullmatch(text) else b""


def _read(
    form: Form, questions: tuple[Question, ...]
) -> tuple[tuple[str, tuple[tuple[str, str], ...], bytes] | None, dict[str, str]]:
    """Note, answers and minutes, and what is wrong with any of them."""
    errors: dict[str, str] = {} if form.text("cycle") else {"cycle": CYCLE_NOT_CHOSEN}
    answers = check_answers(questions, {each.name: form.text(PREFIX + each.name) for each in questions})
    if isinstance(answers, list):
        errors |= {PREFIX + fault.field: fault.message for fault in answers}
    note = check_text(form.text("note"), NOTE_LENGTH_MAX, required=False)
    if isinstance(note, Fault):
        errors["note"] = say("Catatan: {message}", message=note.message)
    try:
        minutes = bytes.fromhex(form.text("deliberation"))
    except ValueError:
        errors["deliberation"], minutes = DELIBERATION_UNKNOWN.sentence, b""
    if errors or isinstance(answers, list) or isinstance(note, Fault):
        return None, errors
    return (note, answers, minutes), {}
