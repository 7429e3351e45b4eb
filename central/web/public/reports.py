"""Lapor: whoever is in need, or knows somebody who is, says so; the answer is a code and nothing else.

Must never show what the centre knows, nor answer sooner or say more for one person than for another. Two steps: the district,
then the form with its villages. Place in the flow: here -> `central/reports` in one transaction -> the village's feed.
"""

import asyncio
from collections.abc import Mapping

from aiohttp import web

from central import reports
from central.domain import reports as rules_of_reports
from central.domain.reports import For, Need, next_window, read_need, windows
from central.store import facts
from central.web.desk import Desk
from chassis.web import Form, form_key_of, page, public, read_form
from protocol.feed import Cycle
from protocol.ids import DistrictCode
from protocol.receipts import receipt_code
from protocol.regions import District, districts, villages

DISTRICT_NOT_CHOSEN = "Kecamatan: pilih kecamatan tempat tinggal orang yang dilaporkan."
FIELDS = ("cycle", "reported_for", "name", "nik", "kk", "village", "address", "need", "contact")
REPORTED_FOR = [
    (For.SELF.value, "Diri sendiri atau keluarga serumah"),
    (For.NEIGHBOUR.value, "Tetangga atau orang lain"),
]


class ReportPages:
    """/ and /report."""

    def __init__(self, desk: Desk, answer_seconds: float) -> None:
        self._desk = desk
        self._answer_seconds = answer_seconds

    def routes(self) -> list[web.RouteDef]:
        return [web.get("/", self.start), web.get("/report", self.ask), web.post("/report", self.send)]

    @public
    async def start(self, request: web.Request) -> web.StreamResponse:
        return await self._start(request, {})

    @public
    async def ask(self, request: web.Request) -> web.StreamResponse:
        district = _district(request.query.get("district", ""))
        if district is None:
            return await self._start(request, {"district": DISTRICT_NOT_CHOSEN})
        return await self._form(request, district, Form(), {})

    @public
    async def send(self, request: web.Request) -> web.StreamResponse:
        form, now_ms = await read_form(request), self._desk.clock.now_ms()
        form_key, district = form_key_of(form), _district(form.text("district"))
        need = read_need(form.as_dict(), await self._windows(now_ms))
        if district is None:
            return await self._start(request, {"district": DISTRICT_NOT_CHOSEN})
        if not isinstance(need, Need):
            return await self._form(request, district, form, need)
        report, _ = await asyncio.gather(self._receive(need, form_key, now_ms), asyncio.sleep(self._answer_seconds))
        return await page(request, "received.html", {"code": receipt_code(report)})

    async def _receive(self, need: Need, form_key: str, now_ms: int) -> bytes:
        chance = self._desk.clock.random(16)
        report, is_news = await self._desk.database.transact(
            lambda c: reports.receive(c, self._desk.rules, need, chance, form_key, now_ms)
        )
        if is_news:
            self._desk.on_published(need.village)
        return report

    async def _windows(self, now_ms: int) -> list[Cycle]:
        rules = await self._desk.rules_in_force()
        return windows(rules.book, await self._desk.database.read(facts.cycles), now_ms)

    async def _start(self, request: web.Request, errors: Mapping[str, str]) -> web.StreamResponse:
        now_ms, cycles = self._desk.clock.now_ms(), await self._desk.database.read(facts.cycles)
        rules = await self._desk.rules_in_force()
        context = {
            "opened": windows(rules.book, cycles, now_ms),
            "coming": next_window(rules.book, cycles, now_ms),
            "districts": [(each.code, each.name) for each in sorted(districts(), key=lambda d: d.name)],
            "errors": errors,
        }
        return await page(request, "start.html", context, status=422 if errors else 200)

    async def _form(
        self, request: web.Request, district: District, form: Form, errors: Mapping[str, str]
    ) -> web.StreamResponse:
        opened = await self._windows(self._desk.clock.now_ms())
        if not opened:
            return await self._start(request, {})
        places = sorted((each for each in villages() if each.district == district), key=lambda v: v.name)
        context = {
            "district": district,
            "cycles": [(each.code, each.name) for each in opened],
            "places": [(each.code, f"{each.kind.value.capitalize()} {each.name}") for each in places],
            "reported_for": REPORTED_FOR,
            "values": {field: form.text(field) for field in FIELDS},
            "limits": rules_of_reports,
            "errors": errors,
            "form_key": form.text("form_key") or None,
        }
        return await page(request, "report.html", context, status=422 if errors else 200)


def _district(typed: str) -> District | None:
    return next((each for each in districts() if each.code == DistrictCode(typed)), None)
