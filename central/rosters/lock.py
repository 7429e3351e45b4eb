"""The lock of a cycle: one officer lays the list before another, who fixes it. Two people, and not a byte may differ.

What is locked is signed with the regency's key, kept as bytes, counted as coverage of its recipients (so that it blocks
what it excludes), and makes the cycle's answers final. Must never lock what `determination` refuses, nor anything that changed
since it was laid before. Place in the flow: pages -> here -> stores, one transaction; the pipeline tells the villages.
"""

from collections.abc import Callable
from dataclasses import dataclass
from secrets import token_bytes

from central.domain.corrections import Correction, Kind, asked_of, correct, removed_verdict
from central.domain.coverage_sets import month_of
from central.domain.decisions import ACCEPTED, Coverage, Verdict, key_kk, key_nik
from central.domain.determination import (
    FIRST,
    Act,
    Entry,
    Refused,
    RosterList,
    check_act,
    determined_reference,
    entries_of,
    final_verdict,
    first_list,
    list_hash,
    obstacles,
    read_list,
    signed_message,
    write_list,
)
from central.domain.rosters import Draft, Fate, Origin
from central.rosters.draft import Drafts, Gathered, Looked, circumstances, stamp_of
from central.store import answers, coverage_sets, determinations, facts, imports, likely, rosters
from central.store.determinations import Determined
from central.store.imports import ImportFile
from chassis.database import Connection, Database
from protocol.names import name_key

Sign = Callable[[bytes], bytes]

CHANGED = Refused("changed", "Sejak halaman ini dibuka ada fakta baru. Periksa angkanya lagi, lalu ulangi.")
NO_CLAIM = Refused("no_claim", "Belum ada daftar yang diajukan, atau rekan Anda baru saja menutupnya.")
SAME_OFFICER = Refused("same_officer", "Daftar ini Anda sendiri yang mengajukan. Petugas lain yang harus mengunci.")
NOT_LOCKED = Refused("not_locked", "Periode ini belum dikunci. Kunci daftar pertamanya dahulu.")
UNDECIDED = Refused("undecided", "Masih ada usulan yang dihitung. Tunggu sebentar, lalu ulangi.")
DIFFERS = Refused(
    "differs", "Daftar berubah sejak diajukan. Kembalikan pengajuan itu, lalu ajukan daftar yang sekarang."
)


_OVER = (Fate.MERGED, Fate.DROPPED, Fate.REJECTED)


class LockRefused(Exception):
    """Nothing was locked; each reason is an Indonesian sentence."""

    def __init__(self, *reasons: Refused) -> None:
        super().__init__(", ".join(reason.code for reason in reasons))
        self.reasons = reasons


@dataclass(frozen=True, slots=True)
class Lock:
    """Who may lock with what. `sign`: the regency's key."""

    database: Database
    drafts: Drafts
    sign: Sign
    chance: Callable[[int], bytes] = token_bytes

    async def claim(self, code: str, act: Act, actor: str, now_ms: int, asked: Correction | None = None) -> bytes:
        """Lay a list before a second officer; its hash. `asked`: the next list of a cycle that is locked. Raises LockRefused."""
        looked = await self._looked(code)
        content = write_list(await self._list(looked, act, now_ms, asked))
        digest = list_hash(content)

        async def work(connection: Connection) -> None:
            await _require_unchanged(connection, looked)
            await rosters.put_claim(connection, code, content, digest, actor, now_ms)

        await self.database.transact(work)
        return digest

    async def lock(self, code: str, actor: str, now_ms: int) -> Determined:
        """Fix the list that another officer laid here. Raises LockRefused."""
        claim = await self.database.read(lambda c: rosters.open_claim(c, code))
        if claim is None:
            raise LockRefused(NO_CLAIM)
        if claim.actor == actor:
            raise LockRefused(SAME_OFFICER)
        looked = await self._looked(code)
        claimed, former = read_list(claim.content), await self.database.read(lambda c: determinations.in_force(c, code))
        asked = asked_of(claimed, former.list) if former is not None and claimed.kind != FIRST else None
        found = await self._list(looked, claimed.act, now_ms, asked)
        if write_list(found) != claim.content:
            raise LockRefused(DIFFERS)
        locked = Determined(
            cycle=code,
            number=found.number,
            kind=found.kind,
            hash=claim.hash,
            signature=self.sign(signed_message(claim.hash)),
            recipients=len(found.entries),
            total_rupiah=found.total_rupiah,
            claimed_by=claim.actor,
            locked_by=actor,
            locked_ms=now_ms,
            content=claim.content,
        )

        async def work(connection: Connection) -> None:
            await _require_unchanged(connection, looked)
            await determinations.add(connection, locked, found.replaces)
            await rosters.close_claim(connection, code, "locked", actor)
            await _cover(connection, locked, found, looked.found)
            await determinations.put_finals(connection, code, locked.hash, *_finals(looked, found, locked.hash))

        await self.database.transact(work)
        # in a new month all sets are said anew, to every village: nobody waits for that with the lock's transaction open
        month = month_of(now_ms)
        await self.database.transact(lambda c: coverage_sets.publish(c, month, self.chance, now_ms))
        return locked

    async def _looked(self, code: str) -> Looked:
        looked = await self.drafts.look(code)
        if looked is None:
            raise LockRefused(NO_CLAIM)
        return looked

    async def _list(self, looked: Looked, act: Act, now_ms: int, asked: Correction | None) -> RosterList:
        """What would be signed. Raises LockRefused with everything that stands in its way."""
        if asked is not None:
            return await self._corrected(looked, act, now_ms, asked)
        found, draft = looked.found, looked.draft
        met = await self.database.read(lambda c: circumstances(c, found.rules, found.cycle, now_ms))
        reasons = obstacles(draft, found.cycle.code, met)
        reasons += check_act(
            [row.proposal.village for row in draft.recipients],
            draft.terms.amount_rupiah,
            act,
            met.determined_by,
            met.silent,
        )
        if reasons:
            raise LockRefused(*reasons)
        known = await self.database.read(lambda c: _accounts(c, found, draft))
        return first_list(draft, found.cycle.code, found.cycle.scheme, act, known)

    async def _corrected(self, looked: Looked, act: Act, now_ms: int, asked: Correction) -> RosterList:
        """The list that follows the one in force; who waits comes only while the facts still speak for them."""
        cycle = looked.found.cycle
        met = await self.database.read(lambda c: circumstances(c, looked.found.rules, cycle, now_ms))
        former = await self.database.read(lambda c: determinations.in_force(c, cycle.code))
        if former is None:
            raise LockRefused(NOT_LOCKED)
        paid = await self.database.read(lambda c: determinations.paid(c, cycle.code))
        queue = await self.database.read(lambda c: _queue(c, looked.found, looked.draft))
        unit = looked.found.rules.book.schemes[cycle.scheme].unit
        found = correct(former.list, former.hash, asked, queue=queue, unit=unit, paid=paid, act=act)
        if not isinstance(found, RosterList):
            raise LockRefused(*found)
        reasons = check_act([entry.village for entry in found.entries], found.amount_rupiah, act, met.determined_by, ())
        if met.undecided:
            reasons.append(UNDECIDED)
        if reasons:
            raise LockRefused(*reasons)
        return found


async def _require_unchanged(connection: Connection, looked: Looked) -> None:
    if await stamp_of(connection, looked.found.cycle.code) != looked.stamp:
        raise LockRefused(CHANGED)


async def _queue(connection: Connection, found: Gathered, draft: Draft) -> tuple[Entry, ...]:
    """Who may come on the next list, in order: nobody who is on it, nor who was taken off."""
    lists = [each.list for each in await determinations.of_cycle(connection, found.cycle.code)]
    known = {entry.record for entry in lists[-1].entries} | {gone.record for each in lists for gone in each.removed}
    rows = [row for row in draft.candidates() if row.record not in known]
    return entries_of(rows, await _accounts(connection, found, draft))


async def _accounts(connection: Connection, found: Gathered, draft: Draft) -> dict[bytes, answers.Account]:
    """Of whoever is paid or waits: of carried rows as the list before said."""
    asked = [row.proposal for row in draft.candidates() if row.origin is Origin.PROPOSAL]
    said = await answers.of_proposals(connection, asked)
    return {**found.carried_accounts, **{record: answers.account_of(each) for record, each in said.items()}}


async def _cover(connection: Connection, locked: Determined, listed: RosterList, found: Gathered) -> None:
    """From now on whom it determines is covered by the scheme, as by any list, and whom it takes off is not; the villages
    learn the former right after as digests, the latter when the sets are said anew."""
    entries = [] if listed.kind == Kind.AMENDMENT else listed.payable
    await determinations.uncover(connection, locked.cycle, [each.record for each in listed.removed])
    if not entries:
        return
    act = listed.act
    file = ImportFile(
        digest=locked.hash,
        name=f"{found.cycle.code} daftar {locked.number}",
        permission=f"{act.instrument} {act.number}",
        as_of=act.dated,
        brought_ms=locked.locked_ms,
        brought_by=locked.locked_by,
        content=locked.content,
    )
    import_id = await imports.add_whole(connection, file, [entry.number for entry in entries])
    rows = [(entry.number, _coverage(entry, locked.hash, found, act.dated)) for entry in entries]
    await facts.add_coverages(connection, import_id, rows)
    await likely.note_covered(connection, import_id)
    await coverage_sets.put_off(connection, import_id)


def _coverage(entry: Entry, digest: bytes, found: Gathered, as_of: str) -> Coverage:
    return Coverage(
        reference=determined_reference(digest, entry.record),
        scheme=found.cycle.scheme,
        component="",
        nik=key_nik(entry.nik) or "",
        kk=key_kk(entry.kk) or "",
        name_key=name_key(entry.name),
        first=found.cycle.month_from,
        until=found.cycle.month_until,
        village=entry.village,
        as_of=as_of,
    )


def _finals(looked: Looked, listed: RosterList, digest: bytes) -> tuple[dict[bytes, Verdict], dict[bytes, str]]:
    """What the villages are told for good on their proposals, and what `decide` says of them; carried rows are nobody's
    proposal of this cycle. A first list speaks of all; a later one of whom it adds and takes off, and of who came late
    and is not to come."""
    outcomes, late = looked.draft.outcomes, looked.found.late
    mine = {row.record: row for row in looked.draft.rows if row.origin is not Origin.FORMER}
    if listed.kind == FIRST:
        told = {record: outcomes[record].told for record in mine}
    else:
        told = {record: outcomes[record].told for record in late if outcomes[record].fate in _OVER}
        told |= {each.record: removed_verdict(each.reason) for each in listed.removed}
        told |= {record: Verdict(ACCEPTED) for record in listed.added}
    told = {record: verdict for record, verdict in told.items() if record in mine}
    finals = {record: final_verdict(verdict, record, digest) for record, verdict in told.items()}
    return finals, {record: mine[record].judged for record in finals}
