"""What residents report online about themselves or a neighbour: checked as typed, looked at once, and the answer to it.

A report is looked at as if its village proposed the person at that moment: what is proved to be covered goes no further,
and everything else, above all whatever is unknown, goes to the village. Must never tell a reporter anything but that the
report arrived: whoever could read more would learn who gets aid. Pure.
Place in the flow: `central/web/public` reads a form -> here -> `central/reports` keeps it and tells the village.
"""

import unicodedata
from collections.abc import Iterable, Mapping
from enum import StrEnum

from msgspec import Struct

from central.domain.decisions import ACCEPTED, REJECTED, Proposal, Verdict, key_kk, key_nik
from central.domain.reasons import ReasonCode
from central.domain.rosters import Fate
from protocol.feed import Cycle
from protocol.ids import InvalidCode, KkProblem, NikProblem, parse_kk, parse_nik, parse_village_code
from protocol.regions import UnknownRegion, village
from protocol.schemes import DeterminedBy, Rulebook

NAME_LENGTH_MAX = 100
ADDRESS_LENGTH_MIN, ADDRESS_LENGTH_MAX = 3, 200
NEED_LENGTH_MIN, NEED_LENGTH_MAX = 10, 600
"""Shorter says nothing to whoever visits; longer is read by nobody at a worklist."""
CONTACT_LENGTH_MAX = 60
KEPT_DAYS = 365
"""How long after its window a report is needed: until objections are over and the year's accounts are audited."""

_DAY_MS = 86_400_000
_NAME_MARKS = frozenset(" .,'’‘ʼ`-/()")
_COVERED = frozenset(
    {
        ReasonCode.COVERED_BY_SCHEME,
        ReasonCode.COVERED_HOUSEHOLD,
        ReasonCode.PROPOSED_ELSEWHERE,
        ReasonCode.ALREADY_ON_ROSTER,
    }
)


class For(StrEnum):
    """Whose need it is."""

    SELF = "self"
    NEIGHBOUR = "neighbour"


class Answer(StrEnum):
    """What the look at the centre's own records says; no reporter ever sees it."""

    COVERED = "covered"
    UNCOVERED = "uncovered"
    UNKNOWN = "unknown"


class Need(Struct, frozen=True):
    """A report as its reporter wrote it. `nik`, `kk` and `contact` may be empty."""

    scheme: str
    cycle: str
    village: str
    reported_for: str
    name: str
    nik: str
    kk: str
    address: str
    need: str
    contact: str


class Verification(Struct, frozen=True, array_like=True):
    """What a village found on its visit, as its log says. Times in ms since 1970."""

    record: bytes
    village: str
    epoch: int
    seq: int
    report: bytes
    visited_on: str
    visitor: str
    finding: str
    note: str
    actor: str
    claimed_ms: int
    received_ms: int


def fate_of(answer: Answer, *, is_repeat: bool, finding: str, is_proposed: bool) -> tuple[Fate, str]:
    """What became of a report as a row of its cycle, and why. `finding`: of the visit that stands, empty before one;
    `is_proposed`: a proposal of its village rests on it and has a fate of its own."""
    if is_proposed:
        return Fate.MERGED, "proposed"
    if answer is Answer.COVERED:
        return Fate.REJECTED, "covered"
    if is_repeat:
        return Fate.MERGED, "repeats"
    match finding:
        case "":
            return Fate.HELD, "not_visited"
        case "worthy":
            return Fate.HELD, "not_proposed"
        case "unworthy":
            return Fate.REJECTED, finding
        case _:
            return Fate.DROPPED, finding


def windows(book: Rulebook, cycles: Iterable[Cycle], now_ms: int) -> list[Cycle]:
    """The cycles for which need can be reported now."""
    return [c for c in cycles if c.opens_ms <= now_ms < c.closes_ms and _is_reportable(book, c)]


def next_window(book: Rulebook, cycles: Iterable[Cycle], now_ms: int) -> Cycle | None:
    """The one that opens next."""
    coming = [c for c in cycles if c.opens_ms > now_ms and _is_reportable(book, c)]
    return min(coming, key=lambda c: (c.opens_ms, c.code), default=None)


def _is_reportable(book: Rulebook, cycle: Cycle) -> bool:
    """What a ministry fixes is only forwarded by villages: nobody here could answer."""
    scheme = book.schemes.get(cycle.scheme)
    return scheme is not None and scheme.determined_by is not DeterminedBy.MINISTRY


def kept_until_ms(cycle: Cycle) -> int:
    return cycle.closes_ms + KEPT_DAYS * _DAY_MS


# --- as typed ---------------------------------------------------------------------------------------------------------


def read_need(typed: Mapping[str, str], opened: Iterable[Cycle]) -> Need | dict[str, str]:
    """The report; or by field, in the order of the form, what is wrong and how to put it right."""
    cycle = next((c for c in opened if c.code == typed.get("cycle")), None)
    lines = {field: one_line(typed.get(field, "")) for field in ("name", "address", "need", "contact")}
    nik, kk = ("".join(typed.get(field, "").split()) for field in ("nik", "kk"))
    home = _village_code(typed.get("village", ""))
    faults = {
        "cycle": "" if cycle else "Bantuan: pilih salah satu yang masih menerima laporan.",
        "reported_for": "" if typed.get("reported_for") in set(For) else "Laporan untuk: pilih salah satu.",
        "name": _name_fault(lines["name"]),
        "nik": _nik_fault(nik),
        "kk": _kk_fault(kk),
        "village": "" if home else "Desa atau kelurahan: pilih tempat tinggal orang yang dilaporkan.",
        "address": _text_fault("Alamat", lines["address"], ADDRESS_LENGTH_MIN, ADDRESS_LENGTH_MAX),
        "need": _text_fault("Keadaan dan kebutuhan", lines["need"], NEED_LENGTH_MIN, NEED_LENGTH_MAX),
        "contact": _text_fault("Nomor telepon", lines["contact"], 0, CONTACT_LENGTH_MAX),
    }
    if any(faults.values()) or cycle is None:
        return {field: fault for field, fault in faults.items() if fault}
    return Need(
        scheme=cycle.scheme,
        cycle=cycle.code,
        village=home,
        reported_for=typed["reported_for"],
        nik=nik,
        kk=kk,
        **lines,
    )


def one_line(text: str) -> str:
    """Composed characters, white space folded to single blanks."""
    return " ".join(unicodedata.normalize("NFC", text).split())


def _name_fault(name: str) -> str:
    if not name:
        return "Nama: wajib diisi, seperti orang itu dikenal di kampungnya."
    if len(name) > NAME_LENGTH_MAX:
        return f"Nama: paling panjang {NAME_LENGTH_MAX} huruf."
    if not all(c.isalpha() or c in _NAME_MARKS for c in name):
        return "Nama: tulis dengan huruf saja, seperti di KTP atau seperti orang itu dikenal."
    return "" if any(c.isalpha() for c in name) else "Nama: tidak memuat satu huruf pun."


def _nik_fault(nik: str) -> str:
    problem = parse_nik(nik) if nik else None
    if not isinstance(problem, NikProblem):
        return ""
    return f"NIK: {problem.phrase}. Cocokkan dengan KTP, atau kosongkan bila tidak tahu."


def _kk_fault(kk: str) -> str:
    problem = parse_kk(kk) if kk else None
    if not isinstance(problem, KkProblem):
        return ""
    return f"Nomor KK: {problem.phrase}. Cocokkan dengan kartu keluarga, atau kosongkan bila tidak tahu."


def _text_fault(label: str, text: str, least: int, most: int) -> str:
    if len(text) < least:
        return f"{label}: tulis paling sedikit {least} huruf."
    if len(text) > most:
        return f"{label}: paling panjang {most} huruf, ini {len(text)}. Singkatkan."
    return "" if text.isprintable() else f"{label}: ada karakter tersembunyi. Hapus isian ini dan ketik ulang."


def _village_code(typed: str) -> str:
    try:
        return village(parse_village_code(typed)).code
    except (InvalidCode, UnknownRegion):
        return ""


# --- looked at --------------------------------------------------------------------------------------------------------


def as_proposal(report: bytes, need: Need, now_ms: int) -> Proposal:
    """The proposal that the village would make now."""
    return Proposal(
        record=report,
        village=need.village,
        epoch=0,
        seq=0,
        scheme=need.scheme,
        cycle=need.cycle,
        nik=need.nik,
        kk=need.kk,
        match_nik=key_nik(need.nik),
        match_kk=key_kk(need.kk),
        name=need.name,
        birth_date="",
        sex="",
        mother="",
        claimed_ms=now_ms,
        anchor_ms=0,
        received_ms=now_ms,
    )


def answer_of(verdict: Verdict) -> Answer:
    """Only proof that the person is covered holds a report back. Without a NIK there is none: a family card alone names
    nobody, and a slip of the keyboard must not cost somebody the visit.
    """
    if verdict.outcome == REJECTED and verdict.code in _COVERED:
        return Answer.COVERED
    return Answer.UNCOVERED if verdict.outcome == ACCEPTED else Answer.UNKNOWN
