"""Status: what was decided on one's own proposal, why, and until when to object, for whoever has its code and PIN.

Must never show anybody's data, not even a name: the answer alone, in the words that were sent to the village. A wrong code
and a wrong PIN are answered alike, and guessing is slowed down per code. Place in the flow: the village's counter gives
the PIN (op `status_pin_given`) -> `central/store/pins` -> here.
"""

from aiohttp import web

from central.store import facts, overview, pins
from central.web.desk import Desk
from central.web.public.pace import SOURCE
from central.web.words import OUTCOMES
from chassis.database import Connection
from chassis.web import page, public, read_form
from chassis.web.accounts import record_access
from chassis.web.throttle import begin_attempt, forgive
from protocol.receipts import parse_pin, parse_receipt_code

CODE_SHOWN_MAX = 20
NOT_A_CODE = "Kode tanda terima: ada huruf yang salah atau kurang. Cocokkan dengan kertasnya, misalnya 7K3Q-XM2D-9RD."
NOT_A_PIN = "PIN: tulis delapan angka, misalnya 4821-0937."
NO_MATCH = (
    "Kode tanda terima dan PIN itu tidak cocok. Periksa keduanya. PIN yang baru dapat diminta di kantor desa atau"
    " kelurahan, dengan menunjukkan KTP."
)
WAIT = "Terlalu banyak isian yang keliru untuk kode ini. Tunggu {seconds} detik, lalu coba lagi."
ANYBODY = "public"


class StatusPages:
    """/status."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def routes(self) -> list[web.RouteDef]:
        return [web.get("/status", self.ask), web.post("/status", self.show)]

    @public
    async def ask(self, request: web.Request) -> web.StreamResponse:
        return await page(request, "status.html", {"code": ""})

    @public
    async def show(self, request: web.Request) -> web.StreamResponse:
        form = await read_form(request)
        typed = form.text("code")[:CODE_SHOWN_MAX]
        span, digits = parse_receipt_code(typed), parse_pin(form.text("pin"))
        errors = {"code": "" if span else NOT_A_CODE, "pin": "" if digits else NOT_A_PIN}
        if span is None or digits is None:
            return await self._refuse(request, typed, {k: v for k, v in errors.items() if v})
        proposal, wait_seconds = await self._open(request, span, digits)
        if proposal is None:
            fault = WAIT.format(seconds=wait_seconds) if wait_seconds else NO_MATCH
            return await self._refuse(request, typed, {"code": fault})
        return await self._answer(request, proposal)

    async def _open(self, request: web.Request, span: tuple[bytes, bytes], digits: str) -> tuple[bytes | None, int]:
        """The proposal, or None and how long to wait before the next guess; a look that succeeds is written down."""
        database, now_ms, source = self._desk.database, self._desk.clock.now_ms(), request[SOURCE]
        name = f"status {span[0].hex()}"
        wait_seconds = await database.transact(lambda c: begin_attempt(c, name, source, now_ms))
        if wait_seconds:
            return None, wait_seconds

        async def look(connection: Connection) -> bytes | None:
            found = await pins.opened(connection, *span, digits)
            if found is not None:
                await forgive(connection, name, source)
                await record_access(connection, now_ms=now_ms, actor=ANYBODY, action="view_status", subject=found.hex())
            return found

        return await database.transact(look), 0

    async def _answer(self, request: web.Request, proposal: bytes) -> web.StreamResponse:
        trail = await self._desk.database.read(lambda c: overview.trail(c, proposal))
        assert trail is not None
        cycles = await self._desk.database.read(facts.cycles)
        said = trail.decision
        names = {each.code: each.name for each in cycles}
        context = {
            "said": said,
            "cycle": names.get(said.cycle, said.cycle),
            "outcome": OUTCOMES[said.outcome],
            "received_ms": trail.received_ms,
        }
        return await page(request, "status_answer.html", context)

    async def _refuse(self, request: web.Request, code: str, errors: dict[str, str]) -> web.StreamResponse:
        return await page(request, "status.html", {"code": code, "errors": errors}, status=422)
