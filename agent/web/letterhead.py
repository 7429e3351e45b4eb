"""The letterhead: what the settings say, and the emblem, which whoever answers for the letters puts in place or takes away.

The words are the settings' and changed by IT staff. The emblem is judged in a process beside (`render/emblem`), kept in
the archive, and stands from the next letter on: one that was printed keeps its own.
"""

import asyncio

from aiohttp import web

from agent.domain.sheets import letterhead_lines, office_address
from agent.render.emblem import (
    DRAWING_BYTES_MAX,
    FILE_BYTES_MAX,
    PIXELS_MAX,
    EmblemRefused,
    Fault,
    judge_emblem,
    show_emblem,
)
from agent.store import emblems
from agent.web.desk import SUPERIORS, by_superior
from agent.web.office import Office
from chassis.database import Connection
from chassis.web import account_of, add_notice, page, read_form, roles
from language import say

FORM_BYTES_MAX = FILE_BYTES_MAX + 64 * 1024
PICTURE_HEADERS = {"Cache-Control": "no-store", "Content-Security-Policy": "default-src 'none'; sandbox"}
NOTHING_CHOSEN = say("Lambang: pilih berkasnya dahulu.")
_PLAIN = say("Lambang: berkas itu tidak dapat dicetak. Pilih PNG, atau simpan ulang sebagai SVG biasa.")
SENTENCES = {
    Fault.MISSING: NOTHING_CHOSEN,
    Fault.TOO_LARGE: say(
        "Lambang: paling besar {megabytes} MB. Perkecil gambarnya.", megabytes=FILE_BYTES_MAX // 1024**2
    ),
    Fault.DRAWING_TOO_LARGE: say(
        "Lambang: gambar SVG paling besar {kilobytes} KB. Simpan sebagai PNG.", kilobytes=DRAWING_BYTES_MAX // 1000
    ),
    Fault.TOO_MANY_PIXELS: say(
        "Lambang: paling banyak {millions} juta titik gambar. Perkecil gambarnya.", millions=PIXELS_MAX // 10**6
    ),
    Fault.UNREADABLE: say("Lambang: berkas itu bukan gambar yang dapat dibaca. Pilih PNG, JPEG, atau SVG."),
    Fault.NO_SVG: say("Lambang: berkas itu bukan SVG yang utuh. Pilih PNG, JPEG, atau SVG lain."),
    Fault.OTHER_XML: say("Lambang: berkas itu bukan gambar. Pilih PNG, JPEG, atau SVG."),
    Fault.OUTSIDE: say(
        "Lambang: gambar itu merujuk ke berkas lain. Simpan dengan semua isinya di dalam, atau sebagai PNG."
    ),
    Fault.ENTITIES: _PLAIN,
    Fault.LIVE: _PLAIN,
    Fault.TOO_HEAVY: _PLAIN,
}


class LetterheadPages:
    """/letterhead."""

    def __init__(self, office: Office) -> None:
        self._office = office

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get("/letterhead", self.show),
            web.post("/letterhead", self.put),
            web.post("/letterhead/remove", self.remove),
            web.get("/letterhead/emblem", self.picture),
        ]

    @by_superior
    async def show(self, request: web.Request) -> web.StreamResponse:
        return await self._page(request, "")

    @roles(*SUPERIORS, body_bytes_max=FORM_BYTES_MAX)
    async def put(self, request: web.Request) -> web.StreamResponse:
        form = await read_form(request, FORM_BYTES_MAX)
        upload = form.upload("emblem")
        if upload is None or not upload.content:
            return await self._page(request, NOTHING_CHOSEN)
        try:
            async with self._office.darkroom:
                emblem = await judge_emblem(upload.content)
        except EmblemRefused as refused:
            return await self._page(request, SENTENCES[refused.fault])
        return await self._keep(request, emblem, say("Lambang tersimpan. Surat berikutnya memakainya."))

    @by_superior
    async def remove(self, request: web.Request) -> web.StreamResponse:
        notice = say("Lambang dihapus. Surat berikutnya tanpa lambang.")
        return await self._keep(request, "", notice)

    @by_superior
    async def picture(self, request: web.Request) -> web.StreamResponse:
        emblem = await self._office.emblem()
        if not emblem:
            raise web.HTTPNotFound
        content = await asyncio.to_thread(show_emblem, emblem)
        return web.Response(body=content, content_type="image/png", headers=PICTURE_HEADERS)

    async def _keep(self, request: web.Request, emblem: str, notice: str) -> web.StreamResponse:
        actor, now_ms = account_of(request).login, self._office.stamper.now_ms()

        async def work(connection: Connection) -> None:
            await emblems.put(connection, emblem, actor, now_ms)

        await self._office.store.database.transact(work)
        await add_notice(request, notice)
        raise web.HTTPSeeOther("/letterhead")

    async def _page(self, request: web.Request, error: str) -> web.StreamResponse:
        row = await self._office.store.database.read(emblems.newest)
        head = self._office.settings.letterhead()
        context = {
            "lines": letterhead_lines(head),
            "address": office_address(head),
            "row": row,
            "is_shown": bool(await self._office.emblem()),
            "errors": {"emblem": error} if error else {},
            "megabytes": FILE_BYTES_MAX // 1024**2,
        }
        return await page(request, "letterhead.html", context, status=422 if error else 200)
