"""Letter numbers after a loss: confirm the last one from the paper agenda, and say why missing ones carry no letter."""

from collections.abc import Mapping

from aiohttp import web

from agent.domain.numbering import NUMBER_MAX, NumberingError, SeriesPolicy, date_wib
from agent.domain.refusal import NUMBER_TOO_LOW
from agent.store import highest, letters
from agent.web.office import Office
from chassis.database import Connection
from chassis.web import account_of, add_notice, page, read_form, roles, signed_in
from protocol.ops import NumberHigh

REASON_CHARS = (5, 300)


class NumberPages:
    """/numbers."""

    def __init__(self, office: Office) -> None:
        self._office = office

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get("/numbers", self.show),
            web.post("/numbers/confirm", self.confirm),
            web.post("/numbers/void", self.void),
        ]

    @signed_in
    async def show(self, request: web.Request) -> web.StreamResponse:
        return await self._page(request, {})

    @signed_in
    async def confirm(self, request: web.Request) -> web.StreamResponse:
        """The clerk read the last line of the paper agenda for each series shown."""
        form = await read_form(request)
        known = await self._office.store.database.read(highest)
        confirmed, errors = [], {}
        for series, year in await self._series():
            name = f"last-{series}-{year}"
            typed = form.text(name)
            if not (typed.isascii() and typed.isdigit() and len(typed) <= 5 and int(typed) <= NUMBER_MAX):
                errors[name] = "Tulis nomor terakhir di buku agenda dengan angka; 0 bila belum ada surat."
            elif int(typed) < known.get((series, year), 0):
                errors[name] = NUMBER_TOO_LOW.sentence
            else:
                confirmed.append(NumberHigh(series, year, int(typed)))
        if errors:
            return await self._page(request, errors)
        await self._office.store.confirm_numbers(confirmed, "agenda", account_of(request).login)
        await add_notice(request, "Nomor terakhir sudah dipastikan. Surat dapat diterbitkan lagi.")
        raise web.HTTPSeeOther("/numbers")

    @roles("secretary", "head")
    async def void(self, request: web.Request) -> web.StreamResponse:
        form = await read_form(request)
        series, year, first, last = form.text("series"), form.text("year"), form.text("first"), form.text("last")
        reason = form.text("reason")
        if not all(text.isascii() and text.isdigit() and len(text) <= 5 for text in (year, first, last)):
            raise web.HTTPBadRequest
        if not REASON_CHARS[0] <= len(reason) <= REASON_CHARS[1]:
            return await self._page(
                request, {f"reason-{series}-{year}-{first}": "Tulis alasannya, 5 sampai 300 huruf."}
            )
        actor, span = account_of(request).login, (int(first), int(last))
        refused = await self._office.store.write(
            lambda desk: letters.void_numbers(desk, series, int(year), span, reason, actor)
        )
        if refused is not None:
            return await self._page(request, {f"reason-{series}-{year}-{first}": refused.sentence})
        raise web.HTTPSeeOther("/numbers")

    async def _series(self) -> list[tuple[str, int]]:
        """The series to confirm: those known, and this year's of the office's policy."""
        known = set(await self._office.store.database.read(highest))
        year = date_wib(self._office.stamper.now_ms()).year
        policy = self._office.numbering()
        if not isinstance(policy, NumberingError):
            match policy.series:
                case SeriesPolicy.ONE:
                    known.add(("semua", year))
                case SeriesPolicy.PER_CODE:
                    known |= {(kind.code(year), year) for kind in self._office.kinds.values()}
                case SeriesPolicy.PER_KIND:
                    known |= {(key, year) for key in self._office.kinds}
        return sorted(s for s in known if s[1] >= year - 1)

    async def _page(self, request: web.Request, errors: Mapping[str, str]) -> web.StreamResponse:
        async def look(connection: Connection) -> dict[str, object]:
            return {"known": await highest(connection), "missing": await letters.missing_numbers(connection)}

        context = await self._office.store.database.read(look)
        policy = self._office.numbering()
        context |= {
            "is_known": await self._office.store.is_numbering_known(),
            "series": await self._series(),
            "policy_error": str(policy) if isinstance(policy, NumberingError) else "",
            "errors": errors,
        }
        return await page(request, "numbers.html", context, status=422 if errors else 200)
