"""A determined list is never changed: what has to change afterwards is a new list that names the one it replaces. Pure.

Replacement: somebody goes, the next in the queue comes. Follow-up: some of the queue come. The queue is whoever waits, and
whoever came late and was let in, in the order of the roster. Amendment: an account was wrong. Numbers of
entries stay what they were, so that a payment is known by its number; only who is new or amended is paid by the new list.
Place in the flow: an officer's form -> here -> the same lock by two people as the first list (central/rosters/lock).
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from enum import StrEnum

from msgspec import Struct
from msgspec.structs import replace

from central.domain.decisions import REJECTED, Verdict, key_kk, key_nik
from central.domain.determination import Act, Entry, Refused, Removal, RosterList
from central.domain.reasons import ReasonCode
from protocol.schemes import Unit

LINES_MAX = 200
"""Lines of one correction: a form that is still read before it is signed."""
WORDS_MAX = 200


class Kind(StrEnum):
    REPLACEMENT = "replacement"
    FOLLOW_UP = "follow_up"
    AMENDMENT = "amendment"


class Correction(Struct, frozen=True, kw_only=True):
    """What is asked for. `removed`: (entry number, reason); `places`: how many of those who wait come;
    `accounts`: (bank, account number, owner) by entry number."""

    kind: Kind
    removed: tuple[tuple[int, str], ...] = ()
    places: int = 0
    accounts: tuple[tuple[int, tuple[str, str, str]], ...] = ()


def read_correction(kind: Kind, lines: str, places: str) -> Correction | str:
    """From a form: a line is `number; reason`, of an amendment `number; bank; account number; owner`. Else what is wrong."""
    rows = [[part.strip() for part in line.split(";")] for line in lines.split("\n") if line.strip()]
    if len(rows) > LINES_MAX:
        return f"Paling banyak {LINES_MAX} baris dalam satu daftar."
    if kind is Kind.FOLLOW_UP:
        count = int(places) if places.isascii() and places.isdigit() and len(places) < 7 else 0
        if rows or not count:
            return "Daftar susulan: isi berapa orang dari daftar tunggu, dan kosongkan baris-barisnya."
        return Correction(kind=kind, places=count)
    width, shape = (2, "nomor; alasan") if kind is Kind.REPLACEMENT else (4, "nomor; bank; nomor rekening; atas nama")
    for at, row in enumerate(rows, start=1):
        if len(row) != width or not all(_is_word(part) for part in row) or _number(row[0]) is None:
            return f"Baris {at}: tulis {shape}."
    if not rows:
        return f"Tulis paling sedikit satu baris: {shape}."
    numbers = [_number(row[0]) or 0 for row in rows]
    if len(set(numbers)) < len(numbers):
        return "Satu nomor ditulis dua kali. Hapus salah satu."
    if kind is Kind.REPLACEMENT:
        removed = tuple(sorted((number, row[1]) for number, row in zip(numbers, rows, strict=True)))
        return Correction(kind=kind, removed=removed, places=len(removed))
    accounts = tuple(sorted((number, (row[1], row[2], row[3])) for number, row in zip(numbers, rows, strict=True)))
    return Correction(kind=kind, accounts=accounts)


def asked_of(found: RosterList, former: RosterList) -> Correction:
    """What a correction was asked for, from the list it became."""
    numbers = {entry.record: entry.number for entry in (*former.entries, *found.entries)}
    kind = Kind(found.kind)
    removed = tuple(sorted((numbers[each.record], each.reason) for each in found.removed))
    if kind is not Kind.AMENDMENT:
        return Correction(kind=kind, removed=removed, places=len(found.added))
    amended = [entry for entry in found.entries if entry.record in found.added]
    accounts = tuple(sorted((e.number, (e.bank, e.account_number, e.account_name)) for e in amended))
    return Correction(kind=kind, accounts=accounts)


def correct(
    former: RosterList,
    digest: bytes,
    asked: Correction,
    *,
    queue: Sequence[Entry],
    unit: Unit,
    paid: Collection[int],
    act: Act,
) -> RosterList | list[Refused]:
    """The next list, or why there is none. `queue`: whom the facts speak for, in order; `paid`: entry numbers."""
    by_number = {entry.number: entry for entry in former.entries}
    refused = _check(asked, by_number, paid)
    going = {by_number[number].record for number, _ in asked.removed if number in by_number}
    kept = [_amended(entry, dict(asked.accounts)) for entry in former.entries if entry.record not in going]
    waiting = _strangers(queue, kept, unit)
    coming = waiting[: asked.places]
    if len(coming) < asked.places:
        sentence = f"Daftar tunggu hanya memuat {len(coming)} orang yang masih memenuhi syarat, diminta {asked.places}."
        refused.append(Refused("waiting_short", sentence))
    if refused:
        return refused
    last = former.last_number
    added = [replace(entry, number=number) for number, entry in enumerate(coming, start=last + 1)]
    found = replace(
        former,
        kind=asked.kind.value,
        number=former.number + 1,
        replaces=digest,
        act=act,
        entries=(*kept, *added),
        waiting=tuple(replace(entry, number=at) for at, entry in enumerate(waiting[asked.places :], start=1)),
        ledger=(),
        removed=tuple(Removal(by_number[number].record, reason) for number, reason in asked.removed),
        added=(*(entry.record for entry in added), *(by_number[number].record for number, _ in asked.accounts)),
        last_number=last + len(added),
    )
    return _sums(found) or found


def removed_verdict(reason: str) -> Verdict:
    """What the village of somebody who is taken off is told."""
    values = {"validator": "petugas kabupaten", "reason": reason}
    return Verdict(REJECTED, ReasonCode.VALIDATOR_REFUSED, values)


def _strangers(queue: Sequence[Entry], kept: Sequence[Entry], unit: Unit) -> list[Entry]:
    """Those of the queue who are nobody on the list, nor anybody before them: one person is never paid by two records."""
    key = key_kk if unit is Unit.HOUSEHOLD else key_nik
    seen = {_key(entry, key) for entry in kept} - {None}
    found = []
    for entry in queue:
        who = _key(entry, key)
        if who is None or who not in seen:
            found.append(entry)
            seen.add(who)
    return found


def _key(entry: Entry, key: Callable[[str], str | None]) -> str | None:
    return key(entry.kk if key is key_kk else entry.nik)


def _check(asked: Correction, by_number: Mapping[int, Entry], paid: Collection[int]) -> list[Refused]:
    numbers = [number for number, _ in (*asked.removed, *asked.accounts)]
    refused = []
    unknown = [number for number in numbers if number not in by_number]
    if unknown:
        refused.append(Refused("unknown_entry", f"Nomor {_shown(unknown)} tidak ada pada daftar yang berlaku."))
    already = [number for number in numbers if number in paid]
    if already:
        refused.append(Refused("already_paid", f"Nomor {_shown(already)} sudah dibayar, jadi tidak dapat diubah."))
    return refused


def _sums(found: RosterList) -> list[Refused]:
    refused = []
    if found.quota and len(found.entries) > found.quota:
        refused.append(Refused("quota", f"{len(found.entries)} penerima melebihi kuota {found.quota}."))
    if found.budget_rupiah and found.total_rupiah > found.budget_rupiah:
        refused.append(Refused("budget", f"Rp{found.total_rupiah} melebihi anggaran Rp{found.budget_rupiah}."))
    if len({entry.record for entry in found.entries}) != len(found.entries):
        refused.append(Refused("twice", "Satu orang tercantum dua kali."))
    return refused


def _amended(entry: Entry, accounts: Mapping[int, tuple[str, str, str]]) -> Entry:
    if entry.number not in accounts:
        return entry
    bank, number, owner = accounts[entry.number]
    return replace(entry, bank=bank, account_number=number, account_name=owner)


def _number(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 9 else None


def _is_word(text: str) -> bool:
    return 0 < len(text) <= WORDS_MAX and text.isprintable()


def _shown(numbers: Sequence[int]) -> str:
    return ", ".join(map(str, numbers[:10])) + (", …" if len(numbers) > 10 else "")
