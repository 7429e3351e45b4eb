"""The slip a resident takes home: the receipt of a proposal, or why it is refused or held, what to do, until when. Pure.

Masked throughout: it may be left lying about. Never another person's data.
"""

from datetime import date

import msgspec

from agent.domain.letters import Letterhead
from agent.domain.sheets import letterhead_lines, office_address
from protocol.feed import Decision
from protocol.ids import mask_name, mask_nik
from protocol.letter_texts import date_words
from protocol.receipts import receipt_code

TITLES = {"rejected": "Pemberitahuan usulan ditolak", "needs_review": "Pemberitahuan usulan perlu diperiksa"}

RECEIPT_TITLE = "Tanda terima usulan"
RECEIVED = "Usulan sudah dicatat di kantor ini. Kabupaten yang memutuskan; jawabannya dapat ditanyakan di kantor ini."


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


def slip_of(
    proposal: bytes, decision: Decision | None, name: str, nik: str, cycle_name: str, office: Letterhead, today: date
) -> Slip | None:
    """The receipt before there is an answer, the refusal or question after; None of any other answer."""
    title = TITLES.get(decision.outcome) if decision else RECEIPT_TITLE
    if title is None:
        return None
    return Slip(
        letterhead=letterhead_lines(office),
        office_address=office_address(office),
        title=title,
        code=receipt_code(proposal),
        facts=(("Nama", mask_name(name)), ("NIK", mask_nik(nik)), ("Program", cycle_name)),
        sentence=decision.sentence if decision else RECEIVED,
        next_sentence=decision.next_sentence if decision else "",
        deadline=_deadline(decision.objection_until) if decision else "",
        is_provisional=decision is not None and not decision.is_final,
        place_and_date=f"{office.village}, {date_words(today)}",
        dated=today,
    )


def _deadline(iso: str) -> str:
    try:
        return date_words(date.fromisoformat(iso))
    except ValueError:
        return ""
