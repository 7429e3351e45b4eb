"""The slip a resident takes home when a proposal is refused or held: what was said, what to do, until when. Pure.

Masked throughout: it may be left lying about. Never another person's data.
"""

from datetime import date

import msgspec

from agent.domain.letters import Letterhead
from agent.domain.sheets import letterhead_lines, office_address
from agent.domain.texts import date_words
from protocol.feed import Decision
from protocol.ids import mask_name, mask_nik
from protocol.receipts import receipt_code

TITLES = {"rejected": "Pemberitahuan usulan ditolak", "needs_review": "Pemberitahuan usulan perlu diperiksa"}


class Slip(msgspec.Struct, frozen=True):
    """Everything that stands on the slip, as plain text."""

    letterhead: tuple[str, ...]
    office_address: str
    title: str
    code: str
    facts: tuple[tuple[str, str], ...]
    sentence: str
    next_sentence: str
    deadline: str
    is_provisional: bool
    place_and_date: str
    dated: date


def refusal_slip(
    decision: Decision, name: str, nik: str, cycle_name: str, office: Letterhead, today: date
) -> Slip | None:
    """None where there is nothing to give: no answer that refuses or asks."""
    title = TITLES.get(decision.outcome)
    if title is None or not decision.sentence:
        return None
    facts = (("Nama", mask_name(name)), ("NIK", mask_nik(nik)), ("Program", cycle_name))
    return Slip(
        letterhead=letterhead_lines(office),
        office_address=office_address(office),
        title=title,
        code=receipt_code(decision.proposal),
        facts=facts,
        sentence=decision.sentence,
        next_sentence=decision.next_sentence,
        deadline=_deadline(decision.objection_until),
        is_provisional=not decision.is_final,
        place_and_date=f"{office.village}, {date_words(today)}",
        dated=today,
    )


def _deadline(iso: str) -> str:
    try:
        return date_words(date.fromisoformat(iso))
    except ValueError:
        return ""
