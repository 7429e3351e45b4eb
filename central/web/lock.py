"""The lock: an officer lays a cycle's list before another, who locks it; and every later list that corrects it, in the same way.

Must never decide what may be locked: every reason comes from central/rosters/lock. Place in the flow: the roster's page ->
here -> the determined list's page.
"""

from datetime import date

from aiohttp import web

from central.domain.corrections import Correction, Kind, read_correction
from central.domain.determination import Act, Perkades, Refused, find_village, obstacles, read_list
from central.domain.papers import total_words
from central.rosters import Drafts, Gathered, Lock, LockRefused, circumstances
from central.store import determinations, rosters
from central.web.desk import Desk
from central.web.rosters import CYCLE, asked_draft, one_line, short_place
from central.web.words import LIST_KINDS
from chassis.database import Connection
from chassis.web import (
    Form,
    RequestRefused,
    account_of,
    add_notice,
    form_key_of,
    page,
    read_form,
    recall,
    remember,
    roles,
)
from protocol.feed import REGENCY
from protocol.schemes import DeterminedBy

ACT_LENGTH_MAX = 80
RUPIAH_MAX = 10**13
ACT_FIELDS = ("number", "dated", "recipients", "total", "perkades")
FIELD_OF = {
    "act_number": "number",
    "act_villages": "perkades",
    "act_recipients": "recipients",
    "act_total": "total",
    "unknown_entry": "lines",
    "already_paid": "lines",
    "waiting_short": "places",
}
"""Where the lock's reasons stand on the form; the others are about the list itself."""


class LockPages:
    """/rosters/{cycle}/lock."""

    def __init__(self, desk: Desk, drafts: Drafts) -> None:
        self._desk = desk
        self._drafts = drafts

    def routes(self) -> list[web.RouteDef]:
        one = f"/rosters/{CYCLE}/lock"
        return [web.get(one, self.ask), web.post(one, self.lock)]

    @roles("officer")
    async def ask(self, request: web.Request) -> web.StreamResponse:
        return await self._show_lock(request, Form(), ())

    @roles("officer")
    async def lock(self, request: web.Request) -> web.StreamResponse:
        form, account = await read_form(request), account_of(request)
        key, now_ms = form_key_of(form), self._desk.clock.now_ms()
        earlier = await self._desk.database.read(lambda c: recall(c, key, account.account_id))
        if earlier is not None:
            raise web.HTTPSeeOther(earlier)  # sent twice: the first time did it
        found, _ = await asked_draft(request, self._drafts)
        try:
            location, said = await self._step(form, found, account.login, now_ms)
        except LockRefused as refused:
            return await self._show_lock(request, form, refused.reasons)
        await self._desk.database.transact(lambda c: remember(c, key, account.account_id, location, now_ms))
        await add_notice(request, said)
        raise web.HTTPSeeOther(location)

    async def _step(self, form: Form, found: Gathered, actor: str, now_ms: int) -> tuple[str, str]:
        """Where it leads, and what was done. Raises LockRefused."""
        code = found.cycle.code
        match form.text("step"):
            case "claim":
                act, asked = _read_act(form, self._determined_by(found)), _read_correction(form)
                await self._lock().claim(code, act, actor, now_ms, asked)
                return f"/rosters/{code}/lock", "Daftar diajukan. Petugas lain harus memeriksa dan menguncinya."
            case "lock":
                locked = await self._lock().lock(code, actor, now_ms)
                self._desk.on_published(REGENCY)
                return f"/rosters/{code}/lists/{locked.number}", f"Periode dikunci: {total_words(locked.list)}."
            case "return":
                await self._desk.database.transact(lambda c: rosters.return_claim(c, code, actor, now_ms))
                return f"/rosters/{code}/lock", "Pengajuan dikembalikan."
        raise RequestRefused(400, "unknown_step", "Halaman ini tidak lengkap. Muat ulang lalu pilih kembali.")

    async def _show_lock(self, request: web.Request, form: Form, reasons: tuple[Refused, ...]) -> web.StreamResponse:
        found, draft = await asked_draft(request, self._drafts)
        code, now_ms = found.cycle.code, self._desk.clock.now_ms()

        async def look(connection: Connection) -> dict[str, object]:
            met = await circumstances(connection, found.rules, found.cycle, now_ms)
            claim = await rosters.open_claim(connection, code)
            last = await determinations.in_force(connection, code)
            return {"met": met, "claim": claim, "last": last, "obstacles": obstacles(draft, code, met)}

        context = await self._desk.database.read(look)
        claim = context["claim"]
        wanted = "Perkades" if self._determined_by(found) is DeterminedBy.VILLAGE else "SK"
        context |= {"cycle": found.cycle, "draft": draft, "instrument": wanted, "place": short_place}
        if isinstance(claim, rosters.Claim):
            claimed = read_list(claim.content)
            context |= {"claimed": claimed, "claimed_silent": [short_place(code) for code in claimed.act.silent]}
        context |= {"errors": {FIELD_OF.get(each.code, each.code): each.sentence for each in reasons}}
        context |= {"act": {name: form.text(name) for name in ACT_FIELDS}, "named": set(form.all("silent"))}
        context |= {"form_key": form.text("form_key") or None, "total": draft.total_rupiah}
        villages = sorted({row.proposal.village for row in draft.recipients})
        context |= {"perkades": form.raw("perkades") or "\n".join(f"{code}; ; " for code in villages)}
        context |= {"kinds": [(kind.value, LIST_KINDS[kind]) for kind in Kind], "kind": form.text("kind")}
        context |= {"lines": form.raw("lines"), "places": form.text("places"), "kind_words": LIST_KINDS}
        return await page(request, "lock.html", context, status=422 if reasons else 200)

    def _determined_by(self, found: Gathered) -> DeterminedBy | None:
        scheme = found.rules.book.schemes.get(found.cycle.scheme)
        return scheme.determined_by if scheme else None

    def _lock(self) -> Lock:
        if self._desk.sign is None:
            raise RequestRefused(503, "no_key", "Kunci kabupaten tidak tersedia di sini. Hubungi petugas TI kabupaten.")
        return Lock(self._desk.database, self._drafts, self._desk.sign)


def _read_act(form: Form, determined_by: DeterminedBy | None) -> Act:
    """Raises LockRefused for what cannot be read; whether it is true the lock decides."""
    reasons = []
    number, dated = one_line(form.text("number")), form.text("dated")
    by_village: tuple[Perkades, ...] = ()
    if determined_by is DeterminedBy.VILLAGE:
        try:
            by_village = read_perkades(form.raw("perkades"))
            number, dated = f"{len(by_village)} desa", max(each.dated for each in by_village)
        except ValueError as error:
            reasons.append(Refused("perkades", f"Perkades: {error}"))
    elif not 0 < len(number) <= ACT_LENGTH_MAX or not number.isprintable():
        reasons.append(Refused("number", f"Nomor SK: isi paling panjang {ACT_LENGTH_MAX} huruf."))
    elif not _is_day(dated):
        reasons.append(Refused("dated", "Tanggal SK: isi tanggalnya, misalnya 2021-06-01."))
    recipients, total = _whole(form.text("recipients")), _whole(form.text("total"))
    if recipients is None:
        reasons.append(Refused("recipients", "Jumlah penerima: tulis angka saja, misalnya 12.373."))
    if total is None:
        reasons.append(Refused("total", "Jumlah uang: tulis angka rupiah saja, misalnya 8.661.100.000."))
    if reasons or recipients is None or total is None:
        raise LockRefused(*reasons)
    return Act(
        instrument="Perkades" if determined_by is DeterminedBy.VILLAGE else "SK",
        number=number,
        dated=dated,
        recipients=recipients,
        total_rupiah=total,
        silent=tuple(sorted({code for code in form.all("silent") if find_village(code)})),
        by_village=by_village,
    )


def read_perkades(lines: str) -> tuple[Perkades, ...]:
    """`village; number; day` a line. Raises ValueError with what is wrong."""
    found: dict[str, Perkades] = {}
    for at, line in enumerate((line for line in lines.split("\n") if line.strip()), start=1):
        code, number, dated = ([part.strip() for part in line.split(";")] + ["", ""])[:3]
        home = find_village(code)
        if home is None or not 0 < len(number) <= ACT_LENGTH_MAX or not number.isprintable() or not _is_day(dated):
            raise ValueError(f"baris {at}: tulis kode desa; nomor; tanggal, misalnya 3510252010; 3/2021; 2021-05-28.")
        found[home.code] = Perkades(home.code, number, dated)
    if not found:
        raise ValueError("tulis satu baris tiap desa: kode desa; nomor; tanggal.")
    return tuple(each for _, each in sorted(found.items()))


def _is_day(text: str) -> bool:
    try:
        return len(text) == 10 and date.fromisoformat(text) is not None
    except ValueError:
        return False


def _read_correction(form: Form) -> Correction | None:
    """What the next list changes; None of a first one, whose form does not ask. Raises LockRefused."""
    if "kind" not in form:
        return None
    kind = next((each for each in Kind if each.value == form.text("kind")), None)
    if kind is None:
        raise LockRefused(Refused("kind", "Jenis daftar: pilih salah satu."))
    found = read_correction(kind, form.raw("lines"), form.text("places"))
    if isinstance(found, str):
        raise LockRefused(Refused("lines", found))
    return found


def _whole(text: str) -> int | None:
    """`12.373`, `Rp 8.661.100.000`: whole numbers as people write them; None for anything else."""
    bare = text.removeprefix("Rp").replace(".", "").replace(" ", "")
    return int(bare) if bare.isascii() and bare.isdigit() and int(bare) < RUPIAH_MAX else None
