"""One person or two? An officer judges two records that share a NIK; the decision follows from what is kept here.

Must never judge what is not in question: the pair is looked up again when the form comes in. Place in the flow: a
decision's page leads here -> central/store/identities -> the pipeline decides again and tells the village.
"""

import unicodedata
from collections.abc import Mapping
from datetime import date

from aiohttp import web

from central import questions, reconcile
from central.domain.decisions import Coverage, Proposal
from central.domain.identities import Identity, IdentityVerdict
from central.store import facts, identities
from central.store.identities import Said
from central.web.desk import Desk
from central.web.reviews import QUEUE, side_by_side
from chassis.database import Connection
from chassis.web import Form, account_of, add_notice, form_key_of, page, read_form, recall, remember, roles
from protocol.schemes import month

REASON_LENGTH_MIN = 5
"""Shorter is no reason but a way past the field."""
REASON_LENGTH_MAX = 300
YEARS = (2000, 2100)
ASK = "ask"
JUDGED = "Penilaian disimpan. Keputusannya dihitung lagi dan dikirim ke desa."
ASKED = "Pertanyaan dikirim ke desa. Jawabannya tampil di halaman usulan ini."
ASKED_BEFORE = "Desa itu sudah pernah ditanya tentang kedua catatan ini. Tunggu jawabannya, atau nilai sendiri."


class IdentityPages:
    """/decisions/{proposal}/identity/{key}."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def routes(self) -> list[web.RouteDef]:
        one = "/decisions/{proposal:[0-9a-f]{32}}/identity/{key:[0-9a-f]{64}}"
        return [web.get(one, self.ask), web.post(one, self.judge)]

    @roles("officer")
    async def ask(self, request: web.Request) -> web.StreamResponse:
        return await self._show(request, Form(), {})

    @roles("officer")
    async def judge(self, request: web.Request) -> web.StreamResponse:
        form, (proposal, key) = await read_form(request), _asked(request)
        account, form_key, now_ms = account_of(request), form_key_of(form), self._desk.clock.now_ms()
        is_queue = bool(form.text("queue"))
        read = _read(form)
        if not isinstance(read, tuple):
            return await self._show(request, form, read)
        verdict, reason = read

        async def work(connection: Connection) -> tuple[str, set[str]]:
            if await recall(connection, form_key, account.account_id) is not None:
                return JUDGED if verdict else ASKED, set()  # sent twice: the first time did it
            other = (await reconcile.contested(connection, proposal)).get(key)
            if other is None:
                raise web.HTTPNotFound
            await remember(connection, form_key, account.account_id, request.path, now_ms)
            if verdict is None:
                village = await questions.ask(connection, proposal, key, other, account.login, now_ms)
                return (ASKED, {village}) if village else (ASKED_BEFORE, set())
            await identities.put(connection, key, proposal, Said(verdict, reason, account.login, now_ms))
            return JUDGED, await questions.close(connection, key, verdict.identity, now_ms)

        notice, villages = await self._desk.database.transact(work)
        for village in villages:
            self._desk.on_published(village)
        await add_notice(request, notice)
        raise web.HTTPSeeOther(f"{QUEUE}/next" if is_queue else f"/decisions/{proposal.hex()}")

    async def _show(self, request: web.Request, form: Form, errors: Mapping[str, str]) -> web.StreamResponse:
        proposal, key = _asked(request)
        pair = await self._desk.database.read(lambda c: _pair(c, proposal, key))
        if pair is None:
            raise web.HTTPNotFound
        own, other = pair
        context = {
            "proposal": proposal.hex(),
            "other_proposal": other.record.hex() if isinstance(other, Proposal) else "",
            "lines": side_by_side(own, other),
            "is_queue": bool(form.text("queue") or request.query.get("queue")),
            "until": form.text("until"),
            "reason": form.text("reason"),
            "reason_max": REASON_LENGTH_MAX,
            "errors": errors,
            "form_key": form.text("form_key") or None,
        }
        return await page(request, "identity.html", context, status=422 if errors else 200)


def _asked(request: web.Request) -> tuple[bytes, bytes]:
    return bytes.fromhex(request.match_info["proposal"]), bytes.fromhex(request.match_info["key"])


async def _pair(connection: Connection, proposal: bytes, key: bytes) -> tuple[Proposal, Proposal | Coverage] | None:
    found, others = await facts.find(connection, proposal), await reconcile.contested(connection, proposal)
    return (found[0], others[key]) if found is not None and key in others else None


def _read(form: Form) -> tuple[IdentityVerdict | None, str] | dict[str, str]:
    """Verdict and reason (None: the village is to be asked), or what is wrong with them."""
    if form.text("identity") == ASK:
        return None, ""
    errors = {}
    chosen = next((each for each in Identity if each.value == form.text("identity")), None)
    if chosen is None:
        errors["identity"] = "Penilaian: pilih salah satu."
    until = 0
    if chosen is Identity.OVERLAP_ALLOWED:
        try:
            day = date.fromisoformat(form.text("until"))
        except ValueError:
            day = date.min
        if YEARS[0] <= day.year <= YEARS[1]:
            until = month(day.year, day.month)
        else:
            errors["until"] = "Boleh rangkap sampai: isi tanggalnya, misalnya 2021-12-31."
    reason = " ".join(unicodedata.normalize("NFC", form.text("reason")).split())
    if not REASON_LENGTH_MIN <= len(reason) <= REASON_LENGTH_MAX or not reason.isprintable():
        errors["reason"] = f"Alasan: tulis {REASON_LENGTH_MIN} sampai {REASON_LENGTH_MAX} huruf yang dapat dicetak."
    if errors or chosen is None:
        return errors
    return IdentityVerdict(chosen, until), reason
