"""Deliberations: the minutes of musdes or muskel, which proposals of their cycles refer to."""

from collections.abc import Mapping
from datetime import date

from aiohttp import web

from agent.domain.fields import Fault, FieldError, check_date, check_name, check_number, check_text
from agent.domain.numbering import date_wib
from agent.store import Desk, cycles, deliberations
from agent.store.deliberations import Minutes
from agent.web.desk import at_counter, send_once
from agent.web.office import Office
from agent.web.words import DELIBERATIONS, cycle_choice, cycle_names, letter_state
from chassis.web import Form, account_of, page, read_form
from language import say
from protocol.feed import Cycle
from protocol.regions import VillageKind

ID = "{id:[0-9a-f]{32}}"
LINE_LENGTH_MAX = 200
SUMMARY_LENGTH_MAX = 1000
ATTENDANCE_MAX = 10_000
"""More do not fit any village hall: a slip of the keyboard."""
CYCLES_MAX = 32
LABELS = {
    "number": say("Nomor berita acara"),
    "held_on": say("Tanggal musyawarah"),
    "place": say("Tempat"),
    "chair": say("Pimpinan musyawarah"),
    "attendance": say("Jumlah hadir"),
    "summary": say("Hasil"),
}


class DeliberationPages:
    """/deliberations and below."""

    def __init__(self, office: Office) -> None:
        self._office = office
        is_ward = office.settings.home.kind is VillageKind.KELURAHAN
        self._kind = "muskel" if is_ward else "musdes"

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get("/deliberations", self.list),
            web.get("/deliberations/new", self.new),
            web.post("/deliberations/new", self.hold),
            web.get(f"/deliberations/{ID}", self.one),
        ]

    @at_counter
    async def list(self, request: web.Request) -> web.StreamResponse:
        rows = await self._office.store.database.read(deliberations.recent)
        names = cycle_names(await self._office.store.database.read(cycles))
        context = {"rows": rows, "names": names, "kinds": DELIBERATIONS, "kind": self._kind}
        return await page(request, "deliberations.html", context)

    @at_counter
    async def one(self, request: web.Request) -> web.StreamResponse:
        name = bytes.fromhex(request.match_info["id"])
        row = await self._office.store.database.read(lambda c: deliberations.find(c, name))
        if row is None:
            raise web.HTTPNotFound
        names = cycle_names(await self._office.store.database.read(cycles))
        context = {"row": row, "names": names, "kinds": DELIBERATIONS, "state": letter_state(row.is_acked, None)}
        return await page(request, "deliberation.html", context)

    @at_counter
    async def new(self, request: web.Request) -> web.StreamResponse:
        return await self._form(request, Form(), {})

    @at_counter
    async def hold(self, request: web.Request) -> web.StreamResponse:
        form, actor = await read_form(request), account_of(request).login
        known = await self._office.store.database.read(cycles)
        minutes = _read(form, self._kind, known, date_wib(self._office.stamper.now_ms()))
        if not isinstance(minutes, Minutes):
            return await self._form(request, form, minutes)

        async def work(desk: Desk) -> str:
            return f"/deliberations/{(await deliberations.hold(desk, minutes, actor)).hex()}"

        sent = await send_once(self._office, request, form, work)
        raise web.HTTPSeeOther(getattr(sent, "location", "/deliberations"))

    async def _form(self, request: web.Request, form: Form, errors: Mapping[str, str]) -> web.StreamResponse:
        known = await self._office.store.database.read(cycles)
        context = {
            "title": DELIBERATIONS[self._kind],
            "labels": LABELS,
            "cycles": [(cycle.code, cycle_choice(cycle)) for cycle in known],
            "chosen": set(form.all("cycles")),
            "values": {name: form.text(name) for name in LABELS},
            "errors": errors,
            "form_key": form.text("form_key") or None,
        }
        return await page(request, "deliberation_form.html", context, status=422 if errors else 200)


def _read(form: Form, kind: str, known: list[Cycle], today: date) -> Minutes | dict[str, str]:
    """The minutes, or what is wrong with each field."""
    held_on = check_date(form.text("held_on"), required=True)
    if isinstance(held_on, date) and held_on > today:
        held_on = Fault("in_the_future", say("belum terjadi. Catat sesudah musyawarah selesai."))
    attendance = check_number(form.text("attendance"), required=True)
    if isinstance(attendance, int) and not 0 < attendance <= ATTENDANCE_MAX:
        attendance = Fault("out_of_range", say("paling sedikit 1 orang. Periksa daftar hadir."))
    number = check_text(form.text("number"), LINE_LENGTH_MAX, required=True)
    place = check_text(form.text("place"), LINE_LENGTH_MAX, required=True)
    chair = check_name(form.text("chair"), required=True, length_max=LINE_LENGTH_MAX)
    summary = check_text(form.text("summary"), SUMMARY_LENGTH_MAX, required=False)
    codes = {cycle.code for cycle in known}
    chosen = list(dict.fromkeys(form.all("cycles")))
    answers: dict[str, object] = {
        "number": number,
        "held_on": held_on,
        "place": place,
        "chair": chair,
        "attendance": attendance,
        "summary": summary,
    }
    faults = [answer.at(name, LABELS[name]) for name, answer in answers.items() if isinstance(answer, Fault)]
    if not chosen or len(chosen) > CYCLES_MAX or not codes.issuperset(chosen):
        faults.append(FieldError("cycles", "required", say("Periode yang dibahas: pilih paling sedikit satu.")))
    if faults:
        return {fault.field: fault.message for fault in faults}
    assert isinstance(held_on, date)
    assert isinstance(attendance, int)
    return Minutes(kind, str(number), held_on.isoformat(), str(place), str(chair), attendance, chosen, str(summary))
