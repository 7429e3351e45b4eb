"""One person or two? The regency's question about somebody this village proposed, and the village's answer.

Must never show the other record's NIK or full name: the regency sends neither. Place in the flow: the feed brings a
question -> the worklist -> here -> the answer travels to the regency, which decides.
"""

from collections.abc import Iterator, Sequence

from aiohttp import web

from agent.domain.fields import FieldError
from agent.domain.questions import NOTE_LENGTH_MAX, QUESTION_LABELS, Answer, How, check_answer
from agent.domain.refusal import Refusal
from agent.store import Desk, aid, questions
from agent.store.aid import ProposalRow
from agent.store.questions import QuestionRow
from agent.web.desk import at_counter, note_look, send_once
from agent.web.office import Office
from agent.web.words import ANSWERS, COMPARED, FIELDS_COMPARED, HOW, SEXES, letter_state, place, question_state
from chassis.database import Connection
from chassis.web import Form, account_of, add_notice, page, read_form
from chassis.web.formats import tanggal_iso
from language import say
from protocol.ops import ProposalMade

PAIR = "{pair:[0-9a-f]{64}}"
VIEWED = "view_question"
"""What the trail of looks calls opening a question."""


class QuestionPages:
    """/questions/{pair}."""

    def __init__(self, office: Office) -> None:
        self._office = office

    def routes(self) -> list[web.RouteDef]:
        return [web.get(f"/questions/{PAIR}", self.ask), web.post(f"/questions/{PAIR}", self.answer)]

    @at_counter
    async def ask(self, request: web.Request) -> web.StreamResponse:
        return await self._form(request, Form(), [])

    @at_counter
    async def answer(self, request: web.Request) -> web.StreamResponse:
        pair, form, actor = _pair(request), await read_form(request), account_of(request).login
        answered = check_answer(form.as_dict())
        if isinstance(answered, list):
            return await self._form(request, form, answered)

        async def work(desk: Desk) -> str | Refusal:
            made = await questions.answer(desk, pair, answered, actor)
            return made if isinstance(made, Refusal) else "/worklist"

        sent = await send_once(self._office, request, form, work)
        if isinstance(sent, Refusal):
            return await self._form(request, form, [FieldError("answer", sent.code, sent.sentence)])
        if not sent.is_repeat:
            await add_notice(request, say("Jawaban dicatat dan dikirim ke kabupaten."))
        raise web.HTTPSeeOther(sent.location)

    async def _form(self, request: web.Request, form: Form, errors: Sequence[FieldError]) -> web.StreamResponse:
        pair = _pair(request)
        row, proposal, made = await self._office.store.database.read(lambda c: _find(c, pair))
        await note_look(self._office, request, VIEWED, row.question.proposal)
        context = {
            "row": row,
            "proposal": proposal,
            "compared": list(_compared(row, made)),
            "has_other_nik": any(field == "nik" for field, _ in row.question.compared),
            "place": place,
            "state": question_state,
            "answer_state": lambda each: letter_state(each.is_acked, None),
            "answer_words": ANSWERS,
            "how_words": HOW,
            "labels": QUESTION_LABELS,
            "answers": [(each.value, ANSWERS[each][0]) for each in Answer],
            "hows": [(each.value, HOW[each]) for each in How],
            "values": {field: form.text(field) for field in QUESTION_LABELS},
            "note_max": NOTE_LENGTH_MAX,
            "errors": {error.field: error.message for error in errors},
            "form_key": form.text("form_key") or None,
        }
        return await page(request, "question.html", context, status=422 if errors else 200)


async def _find(connection: Connection, pair: bytes) -> tuple[QuestionRow, ProposalRow, ProposalMade]:
    """The question, the village's own proposal and its record. Raises HTTPNotFound."""
    row = await questions.find(connection, pair)
    if row is None:
        raise web.HTTPNotFound
    proposal, made = (
        await aid.find(connection, row.question.proposal),
        await aid.made(connection, row.question.proposal),
    )
    if proposal is None or not isinstance(made, ProposalMade):
        raise web.HTTPNotFound
    return row, proposal, made


def _compared(row: QuestionRow, made: ProposalMade) -> Iterator[tuple[str, str, str, tuple[str, str]]]:
    """(field, here, in the other record, how the two relate); fields that a newer centre compares are passed over."""
    here = {
        "name": made.name,
        "birth_date": tanggal_iso(made.birth_date),
        "sex": SEXES.get(made.sex, made.sex),
        "mother": made.mother,
        "kk": made.kk,
    }
    for field, relation in row.question.compared:
        if field in here and relation in COMPARED:
            other = row.question.other_name if field == "name" else ""
            yield FIELDS_COMPARED[field], here[field], other, COMPARED[relation]


def _pair(request: web.Request) -> bytes:
    return bytes.fromhex(request.match_info["pair"])
