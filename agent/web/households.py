"""A family card: who is on it, who was, and since when. Reached by a resident, never by a number in an address."""

from aiohttp import web

from agent.store import residents
from agent.store.residents import Registered
from agent.web.desk import at_counter, note_look
from agent.web.office import Office
from agent.web.residents import ID, find_resident
from chassis.database import Connection
from chassis.web import page


class HouseholdPages:
    """/residents/{id}/household."""

    def __init__(self, office: Office) -> None:
        self._office = office

    def routes(self) -> list[web.RouteDef]:
        return [web.get(f"/residents/{ID}/household", self.one)]

    @at_counter
    async def one(self, request: web.Request) -> web.StreamResponse:
        person = await find_resident(self._office, request.match_info["id"])
        kk = person.resident.kk
        if not kk:
            raise web.HTTPSeeOther(f"/residents/{person.id.hex()}")
        await note_look(self._office, request, "view_household", person.id)

        async def look(connection: Connection) -> dict[str, object]:
            members = await residents.household(connection, kk)
            return {
                "members": members,
                "cards": {each.id: await _since(connection, each, kk) for each in members},
                "former": await residents.former_members(connection, kk),
            }

        context = await self._office.store.database.read(look)
        return await page(request, "household.html", context | {"person": person})


async def _since(connection: Connection, member: Registered, kk: str) -> str:
    """The day on which the village wrote a member down on this card."""
    times = await residents.cards(connection, member.id)
    return next((time.since_on for time in times if time.kk == kk and time.until_on is None), "")
