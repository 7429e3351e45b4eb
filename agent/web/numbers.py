"""Letter numbers after a loss: confirm the last one from the paper agenda, and say why missing ones carry no letter."""

from collections.abc import Mapping

from aiohttp import web

from agent.domain.fields import FieldError
from agent.domain.incoming import SERIES_INCOMING
from agent.domain.numbering import NUMBER_MAX, SERIES_ALL, NumberingError, SeriesPolicy, date_wib
from agent.domain.refusal import NUMBER_RANGE, NUMBER_TOO_LOW
from agent.store import Desk, highest, letters
from agent.web.desk import at_counter, by_superior, check_reason
from agent.web.office import Office
from agent.web.words import series_name
from chassis.database import Connection
from chassis.web import Form, RequestRefused, account_of, add_notice, page, read_form
from language import say
from protocol.ops import NumberHigh

NUMBER_DIGITS_MAX = len(str(NUMBER_MAX))
STEP_MAX = 200
"""A number this far above all that is known is as likely a slip of the keyboard as an old agenda: asked once more."""
FAR = say("Nomor itu jauh lebih tinggi daripada yang tercatat di kabupaten dan server ini:")
NOT_A_NUMBER = say("Tulis nomor terakhir di buku agenda dengan angka; 0 bila belum ada surat.")


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

    @at_counter
    async def show(self, request: web.Request) -> web.StreamResponse:
        return await self._page(request, {}, Form())

    @at_counter
    async def confirm(self, request: web.Request) -> web.StreamResponse:
        """The clerk read the last line of the paper agenda for each series shown."""
        form = await read_form(request)
        if await self._office.store.is_numbering_known():  # sent twice, or by two clerks: there is nothing left to ask
            await add_notice(request, say("Nomor terakhir sudah dipastikan sebelumnya. Tidak ada yang diubah."))
            raise web.HTTPSeeOther("/numbers")
        typed = {(series, year): form.text(f"last-{series}-{year}") for series, year in await self._series()}
        errors: dict[str, str] = {
            f"last-{s}-{y}": NOT_A_NUMBER for (s, y), text in typed.items() if not _is_number(text)
        }
        if errors:
            return await self._page(request, errors, form)
        confirmed, actor = [NumberHigh(s, y, int(text)) for (s, y), text in typed.items()], account_of(request).login

        is_sure = bool(form.text("sure"))

        async def work(desk: Desk) -> dict[str, str]:
            known = await desk.highest()
            odd = {f"last-{n.series}-{n.year}": _doubt(n, known, is_sure=is_sure) for n in confirmed}
            errors = {field: sentence for field, sentence in odd.items() if sentence}
            if not errors:
                await desk.confirm_numbers(confirmed, "agenda", actor)
            return errors

        errors = await self._office.store.write(work)
        if errors:
            return await self._page(request, errors, form)
        await add_notice(request, say("Nomor terakhir sudah dipastikan. Surat dapat diterbitkan lagi."))
        raise web.HTTPSeeOther("/numbers")

    @by_superior
    async def void(self, request: web.Request) -> web.StreamResponse:
        form = await read_form(request)
        series, year, first, last = (form.text(name) for name in ("series", "year", "first", "last"))
        if not all(_is_number(text) for text in (year, first, last)):
            raise RequestRefused(400, "number_range", NUMBER_RANGE.sentence)
        field, reason = f"reason-{series}-{year}-{first}", check_reason(form)
        if isinstance(reason, FieldError):
            return await self._page(request, {field: reason.message}, form)
        actor, span = account_of(request).login, (int(first), int(last))
        refused = await self._office.store.write(
            lambda desk: letters.void_numbers(desk, series, int(year), span, reason, actor)
        )
        if refused is not None:
            return await self._page(request, {field: refused.sentence}, form)
        raise web.HTTPSeeOther("/numbers")

    async def _series(self) -> list[tuple[str, int]]:
        """The series to confirm: those known, this year's of the office's policy, and that of incoming letters."""
        known = set(await self._office.store.database.read(highest))
        year = date_wib(self._office.stamper.now_ms()).year
        known.add((SERIES_INCOMING, year))
        policy = self._office.numbering()
        if not isinstance(policy, NumberingError):
            match policy.series:
                case SeriesPolicy.ONE:
                    known.add((SERIES_ALL, year))
                case SeriesPolicy.PER_CODE:
                    known |= {(kind.code(year), year) for kind in self._office.kinds.values()}
                case SeriesPolicy.PER_KIND:
                    known |= {(key, year) for key in self._office.kinds}
        return sorted(s for s in known if s[1] >= year - 1)

    async def _page(self, request: web.Request, errors: Mapping[str, str], form: Form) -> web.StreamResponse:
        async def look(connection: Connection) -> dict[str, object]:
            return {"known": await highest(connection), "missing": await letters.missing_numbers(connection)}

        context = await self._office.store.database.read(look)
        policy = self._office.numbering()
        context |= {
            "is_known": await self._office.store.is_numbering_known(),
            "series": await self._series(),
            "policy_error": str(policy) if isinstance(policy, NumberingError) else "",
            "errors": errors,
            "series_name": series_name,
            "typed": form.as_dict(),
            "must_be_sure": any(sentence.startswith(FAR) for sentence in errors.values()),
        }
        return await page(request, "numbers.html", context, status=422 if errors else 200)


def _doubt(typed: NumberHigh, known: Mapping[tuple[str, int], int], *, is_sure: bool) -> str:
    """What speaks against a number; empty for nothing. A number once confirmed can never be lowered again."""
    lowest = known.get((typed.series, typed.year), 0)
    if typed.number < lowest:
        return NUMBER_TOO_LOW.sentence
    if typed.number > lowest + STEP_MAX and not is_sure:
        return say(
            "{far} {lowest}. Baca sekali lagi di buku agenda; bila memang {number}, centang di bawah.",
            far=FAR,
            lowest=lowest,
            number=typed.number,
        )
    return ""


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= NUMBER_DIGITS_MAX and int(text) <= NUMBER_MAX
