"""Periksa surat: is a letter of a village genuine? Answered in the browser where it can, here where it cannot.

The page, its script and the list stay in the browser after the first visit, so that a code is checked without a network.
Must never put a code into an address or a log, nor show what an unproved one says. Place in the flow: the regency's feed
holds keys and void letters -> `central/store/seals` -> here and `static/seals.js`, which answer alike.
"""

import time
from collections.abc import Callable
from importlib import resources
from typing import Any

from aiohttp import web

from central.domain.seals import DAYS_MAX, Checked, SealList, check
from central.store import seals
from central.web.decisions import place
from central.web.desk import Desk
from chassis.signing import verify
from chassis.web import page, public, read_form
from chassis.web.formats import tanggal
from protocol.seal import TEXT_LENGTH_MAX, Seal, Standing, day_of

LIST_SECONDS = 60
"""How long a list serves before it is made anew: with 50,000 void letters that takes a second."""
ANSWERS: dict[Standing, tuple[str, str, str]] = {
    Standing.VALID: (
        "Sah",
        "good",
        "Surat ini diterbitkan oleh {office}, dan tidak dicabut menurut daftar kabupaten per {as_of}. Cocokkan data di"
        " bawah dengan kertasnya: bila ada yang berbeda, kertas itu palsu.",
    ),
    Standing.REVOKED: (
        "Dicabut",
        "bad",
        "Surat ini sudah dibatalkan oleh {office}, atau kuncinya sudah dicabut pada tanggal surat itu. Jangan diterima;"
        " mintalah surat yang baru.",
    ),
    Standing.EXPIRED: (
        "Kedaluwarsa",
        "bad",
        "Surat ini asli, tetapi hanya berlaku sampai {until}. Mintalah surat yang baru di {office}.",
    ),
    Standing.UNKNOWN_KEY: (
        "Kunci tak dikenal",
        "bad",
        "Kode ini tidak ditandatangani oleh kantor desa atau kelurahan mana pun menurut daftar kabupaten per {as_of}."
        " Jangan diterima sebelum menghubungi kantor yang tertulis di kertas.",
    ),
    Standing.DAMAGED: (
        "Rusak",
        "bad",
        "Kode ini bukan kode keaslian, tidak lengkap, atau sudah diubah. Salin sekali lagi; bila jawabannya tetap, jangan"
        " diterima.",
    ),
    Standing.LIST_TOO_OLD: (
        "Belum pasti: daftar cabut terlalu lama",
        "wait",
        "Surat ini asli, tetapi daftar kabupaten yang tersimpan di sini berasal dari {as_of}. Mungkin surat ini sudah"
        " dicabut: sambungkan ke internet lalu periksa lagi, atau hubungi {office}.",
    ),
}
LABELS = ("Jenis surat", "Nomor surat", "Diterbitkan oleh", "Tanggal surat", "Berlaku sampai", "Nama (disamarkan)")
NOTHING_GIVEN = "Kode keaslian: tempel teksnya, yang diawali SK1:"
_WIB_MS, _DAY_MS = 7 * 3_600_000, 86_400_000


class SealPages:
    """/verify, the list at /verify/list, and what keeps both in the browser."""

    def __init__(self, desk: Desk, static: Callable[[str], str]) -> None:
        self._desk = desk
        self._worker = (resources.files("central.web.public") / "worker.js").read_text(encoding="utf-8")
        names = ("vendor/pico/pico.min.css", "office.css", "icon.svg", "seals.js")
        kept = ["/verify", "/verify/list", *map(static, names)]
        # a new program, or a new look, is a new worker: the browser fetches all of it again
        self._worker = self._worker.replace("KEPT", ", ".join(f'"{each}"' for each in kept))
        self._list: SealList | None = None
        self._made_at = 0.0

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get("/verify", self.ask),
            web.post("/verify", self.check),
            web.get("/verify/list", self.list),
            web.get("/verify-worker.js", self.worker),
        ]

    @public
    async def ask(self, request: web.Request) -> web.StreamResponse:
        return await page(request, "verify.html", {"answer": None, **self._words()})

    @public
    async def check(self, request: web.Request) -> web.StreamResponse:
        text = (await read_form(request)).text("code")
        if not text:
            context = {"answer": None, "errors": {"code": NOTHING_GIVEN}, **self._words()}
            return await page(request, "verify.html", context, status=422)
        known = await self._known()
        checked = check(text, known, (self._desk.clock.now_ms() + _WIB_MS) // _DAY_MS, verify)
        return await page(request, "verify.html", {**_shown(checked, known), **self._words()})

    @public
    async def list(self, request: web.Request) -> web.StreamResponse:
        known = await self._known()
        keys = {
            key_id.hex(): {
                "village": key.village,
                "place": place(key.village),
                "public_key": key.public_key.hex(),
                "revoked_day": None if key.revoked_on is None else key.revoked_on.toordinal() - day_of(0).toordinal(),
            }
            for key_id, key in known.keys.items()
        }
        revoked = sorted(village + letter.hex() for village, letter in known.revoked)
        return web.json_response({"as_of_ms": known.as_of_ms, "days_max": DAYS_MAX, "keys": keys, "revoked": revoked})

    @public
    async def worker(self, request: web.Request) -> web.StreamResponse:
        return web.Response(text=self._worker, content_type="text/javascript", headers={"Cache-Control": "no-cache"})

    async def _known(self) -> SealList:
        now_ms = self._desk.clock.now_ms()
        if self._list is None or time.monotonic() - self._made_at > LIST_SECONDS:
            self._list = await self._desk.database.read(lambda c: seals.known(c, now_ms))
            self._made_at = time.monotonic()
        return self._list

    def _words(self) -> dict[str, Any]:
        return {"answers": ANSWERS, "labels": LABELS, "code_max": TEXT_LENGTH_MAX}


def _shown(checked: Checked, known: SealList) -> dict[str, Any]:
    title, kind, sentence = ANSWERS[checked.standing]
    said = checked.seal
    words = {
        "office": place(said.village) if said else "",
        "until": _day(said.valid_until_day) if said and said.valid_until_day is not None else "",
        "as_of": _day((known.as_of_ms + _WIB_MS) // _DAY_MS),
    }
    facts = list(zip(LABELS, _facts(said), strict=True)) if said else []
    return {"answer": (title, kind, sentence.format(**words)), "facts": facts}


def _facts(said: Seal) -> tuple[str, ...]:
    until = "tanpa batas waktu" if said.valid_until_day is None else _day(said.valid_until_day)
    issued = _day(said.issued_day)
    return (said.kind.upper(), said.number, place(said.village), issued, until, said.masked_name)


def _day(days: int) -> str:
    return str(tanggal(day_of(days)))
