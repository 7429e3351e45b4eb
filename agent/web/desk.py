"""What all pages of the counter share: who may use them, how a form becomes a record once, how free text is checked.

A form leads to one record however often it is sent: its receipt and the record are written in the same transaction. A
refusal leaves neither, so that the same form can be sent again after the cure. Must never show what another program
did not check: every text that is stored goes through `agent/domain`.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from aiohttp import web

from agent.domain.fields import Fault, FieldError, check_text
from agent.domain.numbering import NumberingError
from agent.domain.refusal import Refusal
from agent.domain.requests import Person
from agent.store import Desk
from agent.web.office import Office
from chassis.database import Connection
from chassis.web import Form, account_of, form_key_of, recall, remember, roles
from chassis.web.accounts import record_access
from language import say

COUNTER_ROLES = ("clerk", "secretary", "head")
at_counter = roles(*COUNTER_ROLES)
SUPERIORS = ("secretary", "head")
by_superior = roles(*SUPERIORS)
"""Voiding takes back what was said under the village's name."""

REASON_LENGTH_MIN = 5
"""Shorter is no reason but a way past the field."""
REASON_LENGTH_MAX = 300


@dataclass(frozen=True, slots=True)
class Sent:
    """Where a form led; `is_repeat`: it had been sent before, and this is what it made then."""

    location: str
    is_repeat: bool


async def send_once(
    office: Office, request: web.Request, form: Form, work: Callable[[Desk], Awaitable[str | Refusal]]
) -> Sent | Refusal:
    """Run `work` (it returns where it led) unless this form was already sent; all in one transaction."""
    key, account_id = form_key_of(form), account_of(request).account_id

    async def transaction(desk: Desk) -> Sent | Refusal:
        earlier = await recall(desk.connection, key, account_id)
        if earlier is not None:
            return Sent(earlier, is_repeat=True)
        made = await work(desk)
        if isinstance(made, Refusal):
            raise _Refused(made)  # what was written before the no is undone with it
        await remember(desk.connection, key, account_id, made, desk.now_ms)
        return Sent(made, is_repeat=False)

    try:
        return await office.store.write(transaction)
    except _Refused as no:
        return no.refusal
    except NumberingError as error:
        return Refusal("numbering", str(error))


class _Refused(Exception):
    def __init__(self, refusal: Refusal) -> None:
        super().__init__(refusal.code)
        self.refusal = refusal


def person_of(office: Office, request: web.Request) -> Person:
    """Whoever is signed in, and as whom they may sign."""
    account = account_of(request)
    return office.settings.person(account.login, account.role)


def check_reason(form: Form) -> str | FieldError:
    """The reason for taking something back (field `reason`): one line, printable, more than a word."""
    reason = check_text(form.text("reason"), REASON_LENGTH_MAX, required=True)
    if isinstance(reason, str) and len(reason) < REASON_LENGTH_MIN:
        reason = Fault(
            "too_short",
            say("tulis alasannya, paling sedikit {reason_length_min} huruf.", reason_length_min=REASON_LENGTH_MIN),
        )
    return reason.at("reason", say("Alasan")) if isinstance(reason, Fault) else reason


async def note_look(office: Office, request: web.Request, action: str, subject: bytes) -> None:
    """Every look at somebody's full data leaves a line in the trail, before it is shown."""
    now_ms, actor = office.stamper.now_ms(), account_of(request).login

    async def note(connection: Connection) -> None:
        await record_access(connection, now_ms=now_ms, actor=actor, action=action, subject=subject.hex())

    await office.store.database.transact(note)


def steps_seen(form: Form) -> int:
    """How many steps the request had made when its form was opened; what is no number matches none."""
    text = form.text("seen")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else -1
