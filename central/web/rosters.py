"""Rosters before their lock: what would be paid if a cycle were locked now, by village and row by row, and an officer's word on
a row that is held. What is determined stands on `determinations.py`'s pages.
"""

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass

from aiohttp import web

from central.domain.determination import find_village, obstacles
from central.domain.rosters import OBJECTION_OPEN, Draft, Fate, InputRow, Outcome, Ruling, late_rows
from central.rosters import Drafts, Gathered, circumstances
from central.store import access, determinations, facts, rosters
from central.web.decisions import READERS, place, village_asked
from central.web.desk import Desk
from central.web.fleet import EVERYBODY
from central.web.words import BODIES, FATES, LIST_KINDS, OUTCOMES, REASONS, REPLIES, ROSTER_REASONS, RULINGS
from chassis.database import Connection
from chassis.web import (
    Form,
    account_of,
    add_notice,
    form_key_of,
    page,
    page_count,
    page_number,
    read_form,
    roles,
    submit_once,
)
from protocol.ids import DistrictCode
from protocol.regions import UnknownRegion, district

PAGE_ROWS = 50
WHY = "memeriksa satu baris daftar penerima"
LATE_SHOWN_MAX = 100
DISTRICT_DIGITS = 6
"""A village's code begins with its district's."""
REASON_LENGTH_MIN, REASON_LENGTH_MAX = 5, 200
CYCLE = "{cycle:[A-Z0-9][A-Z0-9-]{1,63}}"


@dataclass(frozen=True, slots=True)
class PlaceLine:
    """A district or village of a roster: how many rows of each fate, and what is paid there."""

    place: str
    counts: Mapping[Fate, int]
    total_rupiah: int

    @property
    def rows(self) -> int:
        return sum(self.counts.values())


class RosterPages:
    """/rosters, /rosters/{cycle} and its rows."""

    def __init__(self, desk: Desk, drafts: Drafts) -> None:
        self._desk = desk
        self._drafts = drafts

    def routes(self) -> list[web.RouteDef]:
        one = f"/rosters/{CYCLE}"
        row = one + "/rows/{record:[0-9a-f]{32}}"
        return [
            web.get("/rosters", self.list),
            web.get(one, self.one),
            web.get(f"{one}/rows", self.rows),
            web.get(row, self.row),
            web.post(row, self.rule),
        ]

    @roles(*EVERYBODY)
    async def list(self, request: web.Request) -> web.StreamResponse:
        async def look(connection: Connection) -> dict[str, object]:
            cycles = await facts.cycles(connection)
            terms = {c.code: await rosters.terms_of(connection, c.code) for c in cycles}
            locked = await determinations.locked_cycles(connection)
            return {"cycles": cycles, "terms": terms, "locked": locked}

        return await page(request, "rosters.html", await self._desk.database.read(look))

    @roles(*EVERYBODY)
    async def one(self, request: web.Request) -> web.StreamResponse:
        found, draft = await asked_draft(request, self._drafts)
        now_ms = self._desk.clock.now_ms()

        async def look(connection: Connection) -> dict[str, object]:
            met = await circumstances(connection, found.rules, found.cycle, now_ms)
            lists = await determinations.of_cycle(connection, found.cycle.code)
            judged = await determinations.judged(connection, found.cycle.code)
            silent = [short_place(code) for code in met.silent]
            late = late_rows(draft, judged) if lists else []
            return {
                "met": met,
                "lists": lists,
                "silent": silent,
                "late": late,
                "judged": judged,
                "obstacles": obstacles(draft, found.cycle.code, met),
            }

        context = await self._desk.database.read(look)
        context |= {"cycle": found.cycle, "terms": found.terms, "draft": draft, "counts": draft.count(), "fates": FATES}
        within = request.query.get("district", "")[:DISTRICT_DIGITS]
        context |= {
            "places": by_place(draft, within),
            "within": within,
            "place": short_place,
            "fate_keys": list(Fate),
            "kinds": LIST_KINDS,
        }
        context |= {"required": [BODIES[body] for body in found.terms.required]}
        context |= {"place_of": place, "readers": READERS, "late_max": LATE_SHOWN_MAX, "outcome_words": OUTCOMES}
        context |= {"fate_words": [FATES[fate] for fate in Fate]}
        return await page(request, "roster.html", context)

    @roles(*EVERYBODY)
    async def rows(self, request: web.Request) -> web.StreamResponse:
        found, draft = await asked_draft(request, self._drafts)
        village, fault = village_asked(request)
        fate = request.query.get("fate", "")
        reasons = REASONS | ROSTER_REASONS
        chosen = [
            row
            for row in draft.rows
            if fate in {"", draft.outcomes[row.record].fate} and village in {"", row.proposal.village}
        ]
        pages = page_count(len(chosen), PAGE_ROWS)
        number = page_number(request.query.get("page", ""), pages)
        shown = chosen[(number - 1) * PAGE_ROWS : number * PAGE_ROWS]
        context: dict[str, object] = {
            "cycle": found.cycle,
            "outcomes": draft.outcomes,
            "lines": shown,
            "reasons": reasons,
        }
        context |= {"total": len(chosen), "number": number, "pages": pages, "fate": fate, "village": village}
        context |= {"fault": fault, "fates": FATES, "place": place, "readers": READERS, "bodies": BODIES}
        return await page(request, "roster_rows.html", context)

    @roles(*READERS)
    async def row(self, request: web.Request) -> web.StreamResponse:
        return await self._show(request, Form(), {})

    @roles("officer")
    async def rule(self, request: web.Request) -> web.StreamResponse:
        form = await read_form(request)
        found, draft = await asked_draft(request, self._drafts)
        row, outcome = _asked_row(request, draft)
        ruling = _read_ruling(form, rulings_for(outcome))
        if not isinstance(ruling, Ruling):
            return await self._show(request, form, ruling)
        account, now_ms = account_of(request), self._desk.clock.now_ms()
        here = f"/rosters/{found.cycle.code}/rows/{row.record.hex()}"

        async def work(connection: Connection) -> str:
            if await determinations.is_open(connection, found.cycle.code, row.record):
                await rosters.put_ruling(connection, found.cycle.code, row.record, ruling, account.login, now_ms)
            return here

        await self._desk.database.transact(
            lambda c: submit_once(c, form_key_of(form), account.account_id, now_ms, work)
        )
        await add_notice(request, "Putusan disimpan dan hasil baris ini dihitung lagi.")
        raise web.HTTPSeeOther(here)

    async def _show(self, request: web.Request, form: Form, errors: Mapping[str, str]) -> web.StreamResponse:
        found, draft = await asked_draft(request, self._drafts)
        row, outcome = _asked_row(request, draft)
        account, now_ms = account_of(request), self._desk.clock.now_ms()

        async def look(connection: Connection) -> dict[str, object]:
            subject = row.record.hex()
            await access.record_view(
                connection,
                now_ms=now_ms,
                actor=account.login,
                action="view_roster_row",
                subject=subject,
                niks=[row.proposal.nik],
                why=WHY,
            )
            said = await rosters.said_on(connection, found.cycle.code, row.record)
            is_open = await determinations.is_open(connection, found.cycle.code, row.record)
            return {"said": said, "is_open": is_open}

        context = await self._desk.database.transact(look)
        allowed = rulings_for(outcome) if account.role == "officer" and context["is_open"] else []
        context |= {"cycle": found.cycle, "row": row, "outcome": outcome, "fates": FATES, "place": place}
        context |= {
            "reasons": REASONS | ROSTER_REASONS,
            "bodies": BODIES,
            "replies": REPLIES,
            "outcome_words": OUTCOMES,
        }
        context |= {"options": [(each.value, RULINGS[each]) for each in allowed], "errors": errors}
        context |= {"chosen": form.text("fate"), "reason": form.text("reason"), "reason_max": REASON_LENGTH_MAX}
        context |= {"form_key": form.text("form_key") or None, "is_proposal": row.origin.value == "proposal"}
        return await page(request, "roster_row.html", context, status=422 if errors else 200)


async def asked_draft(request: web.Request, drafts: Drafts) -> tuple[Gathered, Draft]:
    """The cycle of the address, settled as the facts stand. Raises HTTPNotFound."""
    looked = await drafts.look(request.match_info["cycle"])
    if looked is None:
        raise web.HTTPNotFound
    return looked.found, looked.draft


def by_place(draft: Draft, within: str) -> list[PlaceLine]:
    """The districts of a roster, or the villages of one of them: all 217 at once nobody reads."""
    counts: dict[str, dict[Fate, int]] = {}
    for row in draft.rows:
        village = row.proposal.village
        if village.startswith(within):
            of_place = counts.setdefault(village if within else village[:DISTRICT_DIGITS], dict.fromkeys(Fate, 0))
            of_place[draft.outcomes[row.record].fate] += 1
    return [PlaceLine(place, c, c[Fate.KEPT] * draft.terms.amount_rupiah) for place, c in sorted(counts.items())]


def rulings_for(outcome: Outcome) -> list[Fate]:
    """What an officer may decide on a row as it stands (see domain/rosters)."""
    if outcome.fate is Fate.KEPT or outcome.code == "not_validated":
        return [Fate.DROPPED]
    if outcome.fate is not Fate.HELD or outcome.code == OBJECTION_OPEN:
        return []  # an objection is answered on its own page
    if outcome.code in {"received_late", "disagreement"}:
        return [Fate.KEPT, Fate.REJECTED]
    return [Fate.REJECTED, Fate.DROPPED]


def short_place(code: str) -> str:
    """`Glagah, Kemiren`: district first, so that a list by code reads as one by place."""
    home = find_village(code)
    if home is not None:
        return f"{home.district.name}, {home.name}"
    try:
        return district(DistrictCode(code)).name
    except UnknownRegion:
        return code


def _asked_row(request: web.Request, draft: Draft) -> tuple[InputRow, Outcome]:
    record = bytes.fromhex(request.match_info["record"])
    outcome = draft.outcomes.get(record)
    if outcome is None:
        raise web.HTTPNotFound
    return next(row for row in draft.rows if row.record == record), outcome


def _read_ruling(form: Form, allowed: list[Fate]) -> Ruling | dict[str, str]:
    chosen = next((fate for fate in allowed if fate.value == form.text("fate")), None)
    reason = one_line(form.text("reason"))
    errors = {} if chosen else {"fate": "Putusan: pilih salah satu."}
    if not REASON_LENGTH_MIN <= len(reason) <= REASON_LENGTH_MAX or not reason.isprintable():
        errors["reason"] = f"Alasan: tulis {REASON_LENGTH_MIN} sampai {REASON_LENGTH_MAX} huruf yang dapat dicetak."
    return errors if errors or chosen is None else Ruling(chosen, reason)


def one_line(text: str) -> str:
    return " ".join(unicodedata.normalize("NFC", text).split())
