"""The regency at a glance: which villages lag, what became of proposals, who is on the way to receive. Numbers only."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence

from aiohttp import web

from central.store import facts, overview
from central.web.desk import Desk
from central.web.fleet import EVERYBODY
from central.web.pictures import Block, Step, Tile, funnel, tile_grid
from central.web.words import LAGS, OUTCOMES, FleetLine, fleet_line, lag_of
from chassis.database import Connection
from chassis.web import page, roles
from chassis.web.formats import ago, angka
from protocol.regions import Village, districts, villages

SIGN_MOST = 9_999
"""A tile holds four digits; more is said in words."""


class PicturePages:
    """/fleet/map and /pictures."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def routes(self) -> list[web.RouteDef]:
        return [web.get("/fleet/map", self.map), web.get("/pictures", self.pictures)]

    @roles(*EVERYBODY)
    async def map(self, request: web.Request) -> web.StreamResponse:
        now_ms = self._desk.clock.now_ms()
        found = await self._desk.database.read(overview.villages)
        lines = {each.code: fleet_line(each, found.get(each.code), now_ms) for each in villages()}
        lags = {code: lag_of(line, now_ms) for code, line in lines.items()}
        counts = Counter(lags.values())

        def tile(each: Village) -> Tile:
            words, kind, sign = LAGS[lags[each.code]]
            return Tile(kind, sign, f"{each.name}: {words}{_since(lines[each.code], now_ms)}")

        picture = tile_grid(
            _blocks(tile),
            name="map",
            title=f"Peta armada: {len(lines)} desa dan kelurahan menurut keterlambatan",
            description="; ".join(f"{counts[lag]} {words.lower()}" for lag, (words, _, _) in LAGS.items()),
        )
        rows = [
            (each.name, [sum(lags[v.code] == lag for v in villages() if v.district == each) for lag in LAGS])
            for each in districts()
        ]
        return await page(request, "fleet_map.html", {"picture": picture, "lags": LAGS, "counts": counts, "rows": rows})

    @roles(*EVERYBODY)
    async def pictures(self, request: web.Request) -> web.StreamResponse:
        chosen = request.query.get("cycle", "")[:64]

        async def look(connection: Connection) -> dict[str, object]:
            return {
                "cycles": await facts.cycles(connection),
                "decided": await overview.decision_counts(connection),
                "accepted": await overview.accepted_by_village(connection, chosen),
            }

        context = await self._desk.database.read(look)
        accepted: Mapping[str, int] = dict(context["accepted"])  # type: ignore[call-overload]
        outcomes: Counter[str] = Counter()
        for cycle, outcome, _, count in context["decided"]:  # type: ignore[attr-defined]
            outcomes[outcome] += count if chosen in {"", cycle} else 0
        most = max(accepted.values(), default=0) or 1

        def tile(each: Village) -> Tile:
            count = accepted.get(each.code, 0)
            sign = angka(min(count, SIGN_MOST)) + ("+" if count > SIGN_MOST else "")
            return Tile("good" if count else "plain", sign, f"{each.name}: {count} disetujui", count / most)

        roster = tile_grid(
            _blocks(tile),
            name="roster",
            title=f"Calon penerima menurut desa: {sum(accepted.values())} usulan disetujui",
            description=f"Angka pada setiap kotak adalah usulan yang disetujui; terbanyak {max(accepted.values(), default=0)}.",
        )
        rows = [(each.name, [(v.name, accepted.get(v.code, 0)) for v in _of(each.code)]) for each in districts()]
        context |= {"chosen": chosen, "roster": roster, "rows": rows, "steps": _steps(outcomes)}
        context["funnel"] = _funnel(_steps(outcomes))
        return await page(request, "pictures.html", context)


def _of(district: str) -> list[Village]:
    return [each for each in villages() if each.district.code == district]


def _blocks(tile: Callable[[Village], Tile]) -> Sequence[Block]:
    return [Block(each.name, [tile(v) for v in _of(each.code)]) for each in districts()]


def _since(line: FleetLine, now_ms: int) -> str:
    return f", terakhir terdengar {ago(line.last_contact_ms, now_ms)} lalu" if line.last_contact_ms else ""


def _steps(outcomes: Mapping[str, int]) -> list[Step]:
    """Everything that came in, and what it became."""
    total = sum(outcomes.values())
    return [
        Step("Usulan diterima", total),
        Step("Tidak ditarik desa", total - outcomes.get("withdrawn", 0)),
        *(
            Step(OUTCOMES[outcome][0], outcomes.get(outcome, 0), OUTCOMES[outcome][1], 1)
            for outcome in ("accepted", "needs_review", "rejected")
        ),
    ]


def _funnel(steps: Sequence[Step]) -> object:
    words = "; ".join(f"{step.label.lower()} {step.count}" for step in steps)
    return funnel(steps, name="funnel", title="Perjalanan usulan", description=words)
