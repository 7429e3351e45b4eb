"""The first page: find a resident, and see at once what came back from the regency and what the day has brought."""

from datetime import datetime, time

from aiohttp import web

from agent.domain.numbering import WIB, date_wib
from agent.store import aid, cycles, dossiers, letters, questions, reports, requests
from agent.web.desk import at_counter, person_of
from agent.web.office import Office
from agent.web.requests import words
from agent.web.words import cycle_names, edition_words, proposal_state
from chassis.database import Connection
from chassis.web import page

NEWS_MAX = 8
"""Answers on the first page: what one looks at between two visitors; all of them stand in the worklist."""


class HomePages:
    """/."""

    def __init__(self, office: Office) -> None:
        self._office = office

    def routes(self) -> list[web.RouteDef]:
        return [web.get("/", self.home)]

    @at_counter
    async def home(self, request: web.Request) -> web.StreamResponse:
        today = date_wib(self._office.stamper.now_ms())
        midnight_ms = int(datetime.combine(today, time(), WIB).timestamp()) * 1000

        pairs = self._office.work_of(person_of(self._office, request))

        async def look(connection: Connection) -> dict[str, object]:
            return {
                "mine": await requests.waiting(connection, pairs, limit=NEWS_MAX),
                "news": await aid.worklist(connection, today, limit=NEWS_MAX),
                "worklist": await aid.count_worklist(connection, today),
                "counts": await aid.counts(connection),
                "reported": await reports.count_open(connection),
                "questions": len(await questions.waiting(connection)),
                "dossiers_unread": await dossiers.count_unread(connection),
                "letters_today": await letters.count_on(connection, today),
                "proposals_today": await aid.count_since(connection, midnight_ms),
                "names": cycle_names(await cycles(connection)),
            }

        context = await self._office.store.database.read(look)
        context |= words(self._office) | {"state": proposal_state, "today": today, "typed": "", "before": ""}
        context["editions"] = [edition_words(each, today) for each in self._office.catalogue.news(today)]
        return await page(request, "home.html", context)
