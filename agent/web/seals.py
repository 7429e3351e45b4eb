"""Seals at the counter: the code on a letter that is printed here, and the page that checks the code of any letter.

Checking asks nobody: it holds without a network, by the key list and the revocations that the regency sent. Must never
show what an unproved code says, nor put one into a URL or a log.
"""

import asyncio
from typing import Any

from aiohttp import web

from agent.domain.attachments import UPLOAD_BYTES_MAX
from agent.domain.fields import FieldError
from agent.domain.letters import Letter
from agent.domain.numbering import WIB
from agent.domain.seals import Answer, seal_of
from agent.domain.sheets import LetterSheet
from agent.identity import trust_of
from agent.store import letters, seals
from agent.web.desk import COUNTER_ROLES, at_counter
from agent.web.office import Office
from agent.web.photo import PhotoRefused, find_code
from agent.web.words import place
from chassis.web import Form, page, read_form, roles
from chassis.web.formats import hari, tanggal
from language import say
from protocol import seal
from protocol.seal import Standing

FORM_BYTES_MAX = UPLOAD_BYTES_MAX + 64 * 1024
NOTHING_GIVEN = say("Pindai kodenya, tempel teksnya, atau pilih foto surat.")
NO_CODE = say("Tidak ada kode keaslian yang terbaca pada foto itu. Foto lagi lebih dekat, rata, dan terang.")
TITLES = {
    Standing.VALID: (say("Sah"), "good"),
    Standing.REVOKED: (say("Dicabut"), "bad"),
    Standing.EXPIRED: (say("Kedaluwarsa"), "bad"),
    Standing.UNKNOWN_KEY: (say("Kunci tak dikenal"), "bad"),
    Standing.DAMAGED: (say("Rusak"), "bad"),
    Standing.LIST_TOO_OLD: (say("Belum pasti: daftar cabut terlalu lama"), "wait"),
}


DRAFT_CODE = seal.PREFIX + "PRATINJAU"
"""Stands in a preview where the letter's code will be, so that the page is the one that is printed; whoever scans it reads
that it is none."""


def draft_text(office: Office) -> str:
    """What stands in the QR code of a letter that has no number yet."""
    return "" if office.identity is None else DRAFT_CODE


async def seal_text(office: Office, letter: Letter, sheet: LetterSheet) -> str:
    """What stands in the QR code of a letter; empty for one that is printed without: void, from before there were seals,
    or of a server that is not enrolled and so has no key that anybody knows."""
    who = office.identity
    if who is None or sheet.void_reason:
        return ""
    salt = await office.store.database.read(lambda c: seals.salt_of(c, letter.letter_id))
    if salt is None:
        return ""
    return seal.write(seal_of(letter, sheet, who.village, salt), who.key.public, who.sign)


async def check_text(office: Office, text: str) -> Answer:
    """The answer on a code, by what this server knows now."""
    settings, now_ms = office.settings, office.stamper.now_ms()
    trust, days_max = trust_of(office.identity), settings.revocations_days_max
    return await office.store.database.read(lambda c: seals.check(c, text, trust, now_ms=now_ms, days_max=days_max))


class SealPages:
    """/verify."""

    def __init__(self, office: Office) -> None:
        self._office = office

    def routes(self) -> list[web.RouteDef]:
        return [web.get("/verify", self.ask), web.post("/verify", self.check)]

    @at_counter
    async def ask(self, request: web.Request) -> web.StreamResponse:
        return await page(request, "verify.html", {"errors": {}, "answer": None})

    @roles(*COUNTER_ROLES, body_bytes_max=FORM_BYTES_MAX)
    async def check(self, request: web.Request) -> web.StreamResponse:
        form = await read_form(request, FORM_BYTES_MAX)
        text = form.text("code") or await _on_photo(form)
        if isinstance(text, FieldError):
            errors = {text.field: text.message}
            return await page(request, "verify.html", {"errors": errors, "answer": None}, status=422)
        answer = await check_text(self._office, text)
        return await page(request, "verify.html", {"errors": {}, **await self._shown(answer)})

    async def _shown(self, answer: Answer) -> dict[str, Any]:
        title, kind = TITLES[answer.standing]
        held = None
        said = answer.seal
        if said is not None and said.village == self._office.settings.village:
            letter = said.letter
            is_held = await self._office.store.database.read(lambda c: letters.is_held(c, letter))
            held = f"/letters/{letter.hex()}" if is_held else None
        known = None if said is None else self._office.kinds.get(said.kind)
        return {
            "answer": answer,
            "title": title,
            "kind": kind,
            "sentence": sentence(answer, self._office.settings.revocations_days_max),
            "facts": [] if said is None else facts(answer, say(known.title) if known else said.kind),
            "held": held,
        }


async def _on_photo(form: Form) -> str | FieldError:
    """The code on the uploaded photograph, or what the clerk must do for one to be read."""
    photo = form.upload("photo")
    if photo is None or not photo.content:
        return FieldError("code", "nothing_given", NOTHING_GIVEN)
    try:
        found = await asyncio.to_thread(find_code, photo.content, seal.PREFIX)
    except PhotoRefused as refused:
        return FieldError("photo", "photo_refused", str(refused))
    return found or FieldError("photo", "no_code", NO_CODE)


def sentence(answer: Answer, days_max: int) -> str:
    """What the answer means and what to do now."""
    said = answer.seal
    office = "" if said is None else place(said.village) or said.village
    as_of = "" if answer.list_as_of_ms is None else hari(answer.list_as_of_ms, WIB)
    match answer.standing:
        case Standing.VALID:
            return say(
                "Surat ini diterbitkan oleh {office}, dan tidak dicabut menurut daftar kabupaten per {as_of}. "
                "Cocokkan data di bawah dengan kertasnya: bila ada yang berbeda, kertas itu palsu.",
                office=office,
                as_of=as_of,
            )
        case Standing.REVOKED if answer.is_key_revoked:
            return say(
                "Kunci server {office}, sudah dicabut pada tanggal surat ini. Jangan diterima; hubungi kantor itu.",
                office=office,
            )
        case Standing.REVOKED:
            day = "" if answer.revoked_ms is None else say(" pada {day}", day=hari(answer.revoked_ms, WIB))
            return say(
                "Surat ini sudah dibatalkan oleh {office}{day}. Jangan diterima; mintalah surat yang baru.",
                office=office,
                day=day,
            )
        case Standing.EXPIRED:
            until = "" if said is None or said.valid_until is None else tanggal(said.valid_until)
            return say(
                "Surat ini asli, tetapi hanya berlaku sampai {until}. Mintalah surat yang baru di {office}.",
                until=until,
                office=office,
            )
        case Standing.UNKNOWN_KEY:
            return say(
                "Kode ini tidak ditandatangani oleh kantor desa atau kelurahan mana pun yang dikenal server ini."
                " Jangan diterima sebelum menghubungi kantor yang tertulis di kertas."
            )
        case Standing.DAMAGED:
            return say(
                "Kode ini bukan kode keaslian, tidak lengkap, atau sudah diubah. Pindai sekali lagi;"
                " bila jawabannya tetap, jangan diterima."
            )
        case Standing.LIST_TOO_OLD:
            age = say("terakhir per {as_of}", as_of=as_of) if as_of else say("belum pernah diterima")
            return say(
                "Surat ini asli, tetapi daftar cabut dari kabupaten {age}, lebih lama dari {days_max} hari. "
                "Mungkin surat ini sudah dicabut: sambungkan server ke kabupaten, atau hubungi {office}.",
                age=age,
                days_max=days_max,
                office=office,
            )


def facts(answer: Answer, title: str) -> list[tuple[str, str]]:
    """What to compare with the paper, by eye."""
    said = answer.seal
    if said is None:
        return []
    until = say("tanpa batas waktu") if said.valid_until is None else tanggal(said.valid_until)
    return [
        (say("Jenis surat"), title),
        (say("Nomor surat"), said.number),
        (say("Diterbitkan oleh"), place(said.village) or said.village),
        (say("Tanggal surat"), tanggal(said.issued_on)),
        (say("Berlaku sampai"), until),
        (say("Nama (disamarkan)"), said.masked_name),
    ]
