"""The lock of a roster: what is asked before it, why it is refused, and the list as the bytes that are signed. Pure.

A list is one canonical JSON text: who is paid, who waits, the fate of every row, the act that fixes it. Its SHA-256 names
it and the regency's key signs that. Must never be lenient: whatever does not tie out is named, with its cure, and nothing
is locked. Place in the flow: `rosters.settle` -> here -> central/rosters (one transaction) -> central/store/determinations.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date
from hashlib import sha256

import msgspec
from msgspec import Struct

from central.domain.decisions import CARRIED_EPOCH, Proposal, Verdict, day_text, key_kk, key_nik
from central.domain.rosters import OBJECTION_OPEN, Body, Draft, Fate, InputRow, Outcome
from protocol.ids import DistrictCode, InvalidCode, parse_village_code
from protocol.ops import ID_BYTES
from protocol.regions import UnknownRegion, Village, district, village
from protocol.schemes import DeterminedBy

_LIST = b"kampung/roster/1"
_MINUTES = b"kampung/minutes/1"
_CARRIED = b"kampung/carried/1"
_FINAL = b"kampung/final/1"
_DETERMINED = b"kampung/determined/1"
_encode = msgspec.json.Encoder(order="deterministic").encode

FIRST = "first"
CHANNEL_BANK, CHANNEL_CASH = "Transfer bank", "Tunai di kantor"


class Perkades(Struct, frozen=True):
    """One village's own regulation that determines its recipients."""

    village: str
    number: str
    dated: str


class Act(Struct, frozen=True, kw_only=True):
    """The formal act: `instrument` is SK or Perkades; figures as that paper states them; `silent`: the villages that it
    names as not heard. Of a scheme that villages determine each has its own (`by_village`), and `dated` is the last day."""

    instrument: str
    number: str
    dated: str
    recipients: int
    total_rupiah: int
    silent: tuple[str, ...] = ()
    by_village: tuple[Perkades, ...] = ()


class Entry(Struct, frozen=True, kw_only=True):
    """One person on a list. `number`: the place in it. `bank` and the rest are as the proposal gave them."""

    number: int
    record: bytes
    village: str
    nik: str
    kk: str
    name: str
    birth_date: str
    sex: str
    mother: str
    bank: str = ""
    account_number: str = ""
    account_name: str = ""

    @property
    def channel(self) -> str:
        return CHANNEL_BANK if self.bank and self.account_number else CHANNEL_CASH


class LedgerLine(Struct, frozen=True, kw_only=True):
    """The fate of one input row, as it stands in the list."""

    record: bytes
    origin: str
    file: str
    row: int
    fate: str
    reason: str
    into: bytes = b""


class Removal(Struct, frozen=True):
    """Somebody whom a later list takes off."""

    record: bytes
    reason: str


class RosterList(Struct, frozen=True, kw_only=True):
    """A list as it is signed. `kind`: first, replacement, follow_up or amendment; of the last three `replaces` is the hash
    of the list before, and `removed` and `added` say what changes (`added`: records, also of amended entries).
    `last_number`: the highest number any entry ever had."""

    cycle: str
    scheme: str
    kind: str
    number: int
    replaces: bytes
    amount_rupiah: int
    quota: int
    budget_rupiah: int
    act: Act
    entries: tuple[Entry, ...]
    waiting: tuple[Entry, ...]
    ledger: tuple[LedgerLine, ...] = ()
    removed: tuple[Removal, ...] = ()
    added: tuple[bytes, ...] = ()
    last_number: int = 0

    @property
    def total_rupiah(self) -> int:
        return len(self.entries) * self.amount_rupiah

    @property
    def payable(self) -> tuple[Entry, ...]:
        """Who is paid by this very list: all of a first one, else who is new or amended."""
        added = set(self.added)
        return self.entries if self.kind == FIRST else tuple(e for e in self.entries if e.record in added)


class Refused(Struct, frozen=True):
    """Why nothing is locked. `code` for machines, the sentence for the officer; `count`: how many it is about."""

    code: str
    sentence: str
    count: int = 0


class Scan(Struct, frozen=True):
    """Signed minutes that were uploaded: for which place, and which list they were printed with."""

    body: Body
    place: str
    list_hash: bytes


# --- the minutes of validation ----------------------------------------------------------------------------------------


def place_of(body: Body, row: InputRow) -> str:
    """The code of the place whose minutes list a row: its village, or that village's district."""
    return row.proposal.village if body is Body.VILLAGE else row.proposal.village[:6]


def lists_of(draft: Draft, body: Body) -> dict[str, list[InputRow]]:
    """Who stands in the minutes of each place, in the roster's order; quota and budget have no say in them."""
    found: dict[str, list[InputRow]] = {}
    candidates = {row.record for row in draft.candidates()}
    for row in draft.rows:
        if row.record in candidates:
            found.setdefault(place_of(body, row), []).append(row)
    return dict(sorted(found.items()))


def minutes_hash(cycle: str, body: Body, place: str, rows: Iterable[InputRow]) -> bytes:
    """SHA-256 over who stands in the minutes, which is printed on them: another list makes a scan worthless."""
    people = [(r.record, r.proposal.nik, r.proposal.name) for r in sorted(rows, key=lambda r: r.record)]
    return sha256(_MINUTES + msgspec.msgpack.encode((cycle, body.value, place, people))).digest()


def minutes_missing(draft: Draft, cycle: str, scans: Collection[Scan]) -> list[tuple[Body, str]]:
    """The places whose signed minutes of the present list are not here."""
    held = {(scan.body, scan.place, scan.list_hash) for scan in scans}
    return [
        (body, place)
        for body in draft.terms.required
        for place, rows in lists_of(draft, body).items()
        if (body, place, minutes_hash(cycle, body, place, rows)) not in held
    ]


# --- the lock ---------------------------------------------------------------------------------------------------------


class Circumstances(Struct, frozen=True, kw_only=True):
    """What the lock looks at beside the rows. `silent`: codes of villages not heard since the window closed; `contestable`: the
    last day on which an answer may still be contested, None once it has passed."""

    determined_by: DeterminedBy | None
    is_open: bool
    is_locked: bool
    undecided: int
    silent: Collection[str]
    scans: Collection[Scan]
    contestable: date | None = None


def obstacles(draft: Draft, cycle: str, found: Circumstances) -> list[Refused]:
    """What stands in the way whatever the act says; empty when the list may be laid before a second officer."""
    refused = []
    if found.determined_by not in {DeterminedBy.REGENCY, DeterminedBy.VILLAGE}:
        refused.append(
            Refused("not_ours", "Program ini ditetapkan kementerian atau provinsi, bukan di sini. Impor daftarnya.")
        )
    if found.is_locked:
        refused.append(Refused("locked", "Periode ini sudah dikunci. Buat daftar pengganti, susulan, atau perbaikan."))
    if found.is_open:
        refused.append(Refused("window_open", "Masa usulan belum ditutup. Kunci sesudah masa usulan berakhir."))
    elif found.contestable:
        day = day_text(found.contestable.isoformat())
        sentence = f"Masa sanggah belum berakhir: jawaban masih dapat disanggah sampai {day}. Kunci sesudah hari itu."
        refused.append(Refused("objections_window", sentence))
    if found.undecided:
        sentence = f"{_n(found.undecided)} usulan masih dihitung. Tunggu sebentar, lalu muat ulang halaman ini."
        refused.append(Refused("undecided", sentence, found.undecided))
    unvalidated = [o for o in draft.outcomes.values() if o.fate is Fate.HELD and o.asked in set(Body)]
    contested = sum(outcome.code == OBJECTION_OPEN for outcome in draft.outcomes.values())
    if contested:
        sentence = f"{_n(contested)} sanggahan belum dijawab. Putuskan dahulu pada halaman Sanggahan."
        refused.append(Refused("objections_open", sentence, contested))
    others = draft.count()[Fate.HELD] - len(unvalidated) - contested
    if others:
        sentence = f"{_n(others)} baris masih ditahan. Putuskan atau tanyakan dahulu tiap baris itu."
        refused.append(Refused("held", sentence, others))
    if unvalidated:
        sentence = f"{_n(len(unvalidated))} baris belum divalidasi {_bodies(unvalidated)}."
        refused.append(Refused("not_validated", sentence, len(unvalidated)))
    missing = minutes_missing(draft, cycle, found.scans)
    if missing:
        sentence = (
            f"Pindaian berita acara bertanda tangan belum ada dari {_n(len(missing))} tempat: {_places(missing)}."
        )
        refused.append(Refused("minutes_missing", sentence, len(missing)))
    if not draft.recipients:
        refused.append(Refused("empty", "Daftar penerima kosong: tidak ada yang dapat ditetapkan."))
    return refused + sums(draft)


def sums(draft: Draft) -> list[Refused]:
    """Every row has one fate, the kept are the recipients, and money and places suffice; empty when all ties out."""
    counts, terms = draft.count(), draft.terms
    wrong = []
    if sum(counts.values()) != len(draft.rows) or len({row.record for row in draft.rows}) != len(draft.rows):
        wrong.append(
            Refused("fates", f"{_n(len(draft.rows))} baris masuk, {_n(sum(counts.values()))} baris berhasil jelas.")
        )
    if counts[Fate.KEPT] != len(draft.recipients):
        wrong.append(Refused("kept", f"{_n(counts[Fate.KEPT])} baris dipakai, {_n(len(draft.recipients))} penerima."))
    if terms.quota and len(draft.recipients) > terms.quota:
        wrong.append(Refused("quota", f"{_n(len(draft.recipients))} penerima melebihi kuota {_n(terms.quota)}."))
    if terms.budget_rupiah and draft.total_rupiah > terms.budget_rupiah:
        wrong.append(Refused("budget", f"Rp{_n(draft.total_rupiah)} melebihi anggaran Rp{_n(terms.budget_rupiah)}."))
    return wrong


def check_act(
    places: Sequence[str], amount_rupiah: int, act: Act, determined_by: DeterminedBy | None, silent: Collection[str]
) -> list[Refused]:
    """Does the paper say what the list says? One sentence for each thing that it does not. `places`: the village of each
    recipient."""
    recipients, total_rupiah = len(places), len(places) * amount_rupiah
    wanted = "Perkades" if determined_by is DeterminedBy.VILLAGE else "SK"
    refused = []
    missing = sorted(set(places) - {each.village for each in act.by_village})
    if determined_by is DeterminedBy.VILLAGE and missing:
        sentence = (
            f"Perkades: {_n(len(missing))} desa belum ada nomornya ({_names(missing)}). Tulis satu baris tiap desa."
        )
        refused.append(Refused("act_villages", sentence, len(missing)))
    if act.instrument != wanted or not act.number.strip():
        refused.append(Refused("act_number", f"Nomor {wanted}: isi nomor {wanted} penetapan."))
    if act.recipients != recipients:
        sentence = f"Jumlah penerima: {wanted} menyebut {_n(act.recipients)}, daftar ini {_n(recipients)}."
        refused.append(Refused("act_recipients", sentence))
    if act.total_rupiah != total_rupiah:
        sentence = f"Jumlah uang: {wanted} menyebut Rp{_n(act.total_rupiah)}, daftar ini Rp{_n(total_rupiah)}."
        refused.append(Refused("act_total", sentence))
    unnamed = sorted(set(silent) - set(act.silent))
    if unnamed:
        sentence = f"Desa yang belum terdengar: {_n(len(unnamed))} desa belum disebut ({_names(unnamed)}). Centang tiap desa itu."
        refused.append(Refused("silent", sentence, len(unnamed)))
    return refused


Accounts = Mapping[bytes, tuple[str, str, str]]
"""Bank, account number and account's owner by record, where a proposal gave them."""


def first_list(draft: Draft, cycle: str, scheme: str, act: Act, accounts: Accounts) -> RosterList:
    """What is signed at the first lock of a cycle: by village, then in the roster's order."""
    paid = sorted(draft.recipients, key=lambda row: row.proposal.village)
    return RosterList(
        cycle=cycle,
        scheme=scheme,
        kind=FIRST,
        number=1,
        replaces=b"",
        amount_rupiah=draft.terms.amount_rupiah,
        quota=draft.terms.quota,
        budget_rupiah=draft.terms.budget_rupiah,
        act=act,
        entries=entries_of(paid, accounts),
        waiting=entries_of(draft.waiting, accounts),
        ledger=tuple(ledger_line(row, draft.outcomes[row.record]) for row in draft.rows),
        last_number=len(paid),
    )


def ledger_line(row: InputRow, outcome: Outcome) -> LedgerLine:
    return LedgerLine(
        record=row.record,
        origin=row.origin.value,
        file=row.file,
        row=row.number,
        fate=outcome.fate.value,
        reason=outcome.code,
        into=outcome.into,
    )


def write_list(found: RosterList) -> bytes:
    """The bytes that are kept and signed: the same list gives the same bytes."""
    return _encode(found)


def read_list(content: bytes) -> RosterList:
    return msgspec.json.decode(content, type=RosterList)


def list_hash(content: bytes) -> bytes:
    return sha256(_LIST + content).digest()


def signed_message(digest: bytes) -> bytes:
    """What the regency's key signs."""
    return _LIST + b"/signature" + digest


def final_verdict(told: Verdict, record: bytes, digest: bytes) -> Verdict:
    """What the village is told for good. It rests on the list, so its hash is of that."""
    facts = sha256(_FINAL + digest + record).digest()
    return Verdict(told.outcome, told.code, told.values, told.rule, told.evidence, facts, is_final=True)


def determined_reference(digest: bytes, record: bytes) -> bytes:
    """Names the coverage of somebody whom a list determined, 32 bytes."""
    return sha256(_DETERMINED + digest + record).digest()


def carried_record(digest: bytes, record: bytes) -> bytes:
    """Names last cycle's recipient as a row of the next."""
    return sha256(_CARRIED + digest + record).digest()[:ID_BYTES]


def carry(former: RosterList, digest: bytes, cycle: str) -> list[Proposal]:
    """Last cycle's recipients as rows of the next. They go first: their time is before everybody's."""
    return [
        Proposal(
            record=carried_record(digest, entry.record),
            village=entry.village,
            epoch=CARRIED_EPOCH,
            seq=entry.number,
            scheme=former.scheme,
            cycle=cycle,
            nik=entry.nik,
            kk=entry.kk,
            match_nik=key_nik(entry.nik),
            match_kk=key_kk(entry.kk),
            name=entry.name,
            birth_date=entry.birth_date,
            sex=entry.sex,
            mother=entry.mother,
            claimed_ms=0,
            anchor_ms=0,
            received_ms=0,
        )
        for entry in former.entries
    ]


def entries_of(rows: Sequence[InputRow], accounts: Accounts) -> tuple[Entry, ...]:
    """Rows as they stand on a list, numbered from 1."""
    found = []
    for number, row in enumerate(rows, start=1):
        p, (bank, account, owner) = row.proposal, accounts.get(row.record, ("", "", ""))
        found.append(
            Entry(
                number=number,
                record=p.record,
                village=p.village,
                nik=p.nik,
                kk=p.kk,
                name=p.name,
                birth_date=p.birth_date,
                sex=p.sex,
                mother=p.mother,
                bank=bank,
                account_number=account,
                account_name=owner,
            )
        )
    return tuple(found)


# --- words ------------------------------------------------------------------------------------------------------------


def _n(number: int) -> str:
    return f"{number:,}".replace(",", ".")


def _bodies(unvalidated: Iterable[Outcome]) -> str:
    counts = Counter(o.asked for o in unvalidated)
    names = {Body.VILLAGE.value: "desa/kelurahan", Body.LPTQ.value: "LPTQ kecamatan"}
    return " dan ".join(f"{names[asked]} ({_n(count)})" for asked, count in sorted(counts.items()))


def _places(missing: Sequence[tuple[Body, str]]) -> str:
    shown = [_name(place) if body is Body.VILLAGE else f"LPTQ {_name(place)}" for body, place in missing[:5]]
    return ", ".join(shown) + (", …" if len(missing) > 5 else "")


def _names(codes: Sequence[str]) -> str:
    return ", ".join(_name(code) for code in codes[:5]) + (", …" if len(codes) > 5 else "")


def _name(code: str) -> str:
    """A village's or district's name; the code where it is none of ours."""
    home = find_village(code)
    if home is not None:
        return home.name
    return _district(code)


def find_village(code: str) -> Village | None:
    try:
        return village(parse_village_code(code))
    except (InvalidCode, UnknownRegion):
        return None


def _district(code: str) -> str:
    try:
        return district(DistrictCode(code)).name
    except UnknownRegion:
        return code
