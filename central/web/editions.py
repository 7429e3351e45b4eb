"""The wording of letters that villages have from the regency: which kinds, which versions, from when. Reads only."""

from aiohttp import web

from central.store import editions
from central.web.desk import Desk
from central.web.fleet import EVERYBODY
from chassis.web import page, roles
from protocol.feed import LetterEdition
from protocol.letter_kinds import CatalogueError, read_edition
from protocol.letter_texts import TextError


class EditionPages:
    """/letters."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def routes(self) -> list[web.RouteDef]:
        return [web.get("/letters", self.list)]

    @roles(*EVERYBODY)
    async def list(self, request: web.Request) -> web.StreamResponse:
        found = await self._desk.database.read(editions.listed)
        return await page(request, "letters.html", {"editions": [(each, _title(each)) for each in found]})


def _title(said: LetterEdition) -> str:
    """As clerks read it; the bare key for what this program cannot read (any more)."""
    try:
        return read_edition(said).kind.title
    except (CatalogueError, TextError):
        return said.kind
