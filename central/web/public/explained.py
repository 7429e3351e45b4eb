"""How decisions are made, in plain words. A text; what it says is what `central/domain/decisions` does."""

from aiohttp import web

from chassis.web import page, public


class ExplainedPages:
    """/decisions."""

    def routes(self) -> list[web.RouteDef]:
        return [web.get("/decisions", self.show)]

    @public
    async def show(self, request: web.Request) -> web.StreamResponse:
        return await page(request, "decisions.html")
