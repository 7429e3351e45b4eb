"""Overlaps inside the imported lists, by pair of schemes and district: numbers only, as a page and as a table to keep."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from aiohttp import web

from central.domain.overlaps import OverlapLine
from central.overlaps import OverlapReport
from central.web.desk import Desk
from central.web.fleet import EVERYBODY
from chassis.csv_text import MARK, csv_text
from chassis.web import page, roles
from protocol.regions import UnknownRegion, district, districts
from protocol.schemes import Effect, Unit

LINKS = {Unit.PERSON: "orang", Unit.HOUSEHOLD: "keluarga"}
EFFECTS = {Effect.REJECT: ("Tidak boleh rangkap", "bad"), Effect.WARN: ("Belum diatur", "wait")}
MOST_SHOWN = 3
HEADINGS = ("program", "program lain", "dihitung per", "aturan", "kode kecamatan", "kecamatan", "jumlah", "dasar")


@dataclass(frozen=True, slots=True)
class PairLine:
    """A pair of schemes with its districts, those with most first."""

    scheme: str
    other: str
    link: Unit
    effect: Effect
    basis: str
    count: int
    districts: list[tuple[str, int]]


class OverlapPages:
    """/overlaps and /overlaps.csv."""

    def __init__(self, desk: Desk) -> None:
        self._report = OverlapReport(desk.database, desk.rules)

    def routes(self) -> list[web.RouteDef]:
        return [web.get("/overlaps", self.list), web.get("/overlaps.csv", self.csv)]

    @roles(*EVERYBODY)
    async def list(self, request: web.Request) -> web.StreamResponse:
        chosen = request.query.get("district", "")[:6]
        lines = [x for x in await self._report.lines() if chosen in {"", x.district}]
        context = {"pairs": by_pair(lines), "links": LINKS, "effects": EFFECTS, "districts": districts()}
        return await page(request, "overlaps.html", context | {"chosen": chosen, "most": MOST_SHOWN})

    @roles(*EVERYBODY)
    async def csv(self, request: web.Request) -> web.StreamResponse:
        rows = [
            (*names, x.district, district_name(x.district), str(x.count), x.basis)
            for x in await self._report.lines()
            for names in [(x.scheme, x.other, LINKS[x.link], EFFECTS[x.effect][0])]
        ]
        body = (MARK + csv_text([HEADINGS, *rows], ";")).encode()
        headers = {"Content-Disposition": 'attachment; filename="tumpang-tindih.csv"'}
        return web.Response(body=body, content_type="text/csv", charset="utf-8", headers=headers)


def by_pair(lines: Iterable[OverlapLine]) -> list[PairLine]:
    """What may not be first; the counts of districts add up, so who stands in two of them counts in both."""
    found: defaultdict[tuple[str, str, Unit, Effect, str], list[OverlapLine]] = defaultdict(list)
    for x in lines:
        found[x.scheme, x.other, x.link, x.effect, x.basis].append(x)
    pairs = [
        PairLine(*key, sum(x.count for x in each), [(district_name(x.district), x.count) for x in each])
        for key, each in found.items()
    ]
    return sorted(pairs, key=lambda p: (p.effect is not Effect.REJECT, -p.count, p.scheme, p.other, p.link.value))


def district_name(code: str) -> str:
    try:
        return district(code).name  # type: ignore[arg-type]
    except UnknownRegion:
        return "tidak disebutkan"
