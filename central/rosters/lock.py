"""The lock of a cycle: one officer lays the list before another, who fixes it. Two people, and not a byte may differ.

What is locked is signed with the regency's key, kept as bytes, counted as coverage of its recipients (so that it blocks
what it excludes), and makes the cycle's answers final. Must never lock what `determination` refuses, nor anything that changed
since it was laid before. Place in the flow: pages -> here -> stores, one transaction; the pipeline tells the villages.
"""

from collections.abc import Callable
from dataclasses import dataclass
from secrets import token_bytes

from central.domain.answers import Rules
from central.domain.coverage_sets import month_of
from central.domain.decisions import Coverage, key_kk, key_nik
from central.domain.determination import (
    Act,
    Entry,
    Refused,
    RosterList,
    check_act,
    determined_reference,
    final_verdict,
    first_list,
    list_hash,
    obstacles,
    read_list,
    signed_message,
    write_list,
)
from central.domain.rosters import Draft, InputRow, Origin
from central.rosters.draft import Drafts, Gathered, Looked, circumstances, stamp_of
from central.store import answers, coverage_sets, determinations, facts, imports, rosters
from central.store.determinations import Determined
from central.store.imports import ImportFile
from chassis.database import Connection, Database
from protocol.names import name_key

Sign = Callable[[bytes], bytes]

CHANGED = Refused("changed", "Sejak halaman ini dibuka ada fakta baru. Periksa angkanya lagi, lalu ulangi.")
NO_CLAIM = Refused("no_claim", "Belum ada daftar yang diajukan, atau rekan Anda baru saja menutupnya.")
SAME_OFFICER = Refused("same_officer", "Daftar ini Anda sendiri yang mengajukan. Petugas lain yang harus mengunci.")
DIFFERS = Refused(
    "differs", "Daftar berubah sejak diajukan. Kembalikan pengajuan itu, lalu ajukan daftar yang sekarang."
)


class LockRefused(Exception):
    """Nothing was locked; each reason is an Indonesian sentence."""

    def __init__(self, *reasons: Refused) -> None:
        super().__init__(", ".join(reason.code for reason in reasons))
        self.reasons = reasons


@dataclass(frozen=True, slots=True)
class Lock:
    """Who may lock with what. `sign`: the regency's key."""

    database: Database
    rules: Rules
    drafts: Drafts
    sign: Sign
    chance: Callable[[int], bytes] = token_bytes

    async def claim(self, code: str, act: Act, actor: str, now_ms: int) -> bytes:
        """Lay a list before a second officer; its hash. Raises LockRefused."""
        looked = await self._looked(code)
        content = write_list(await self._list(looked, act, now_ms))
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
        found = await self._list(looked, read_list(claim.content).act, now_ms)
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
            await rosters.close_claim(connection, code, "locked", actor, "")
            await cover(connection, locked, looked.found, found.entries, self.chance)
            await _make_final(connection, locked, looked.draft)

        await self.database.transact(work)
        return locked

    async def _looked(self, code: str) -> Looked:
        looked = await self.drafts.look(code)
        if looked is None:
            raise LockRefused(NO_CLAIM)
        return looked

    async def _list(self, looked: Looked, act: Act, now_ms: int) -> RosterList:
        """What would be signed. Raises LockRefused with everything that stands in its way."""
        found, draft = looked.found, looked.draft
        met = await self.database.read(lambda c: circumstances(c, self.rules, found.cycle, now_ms))
        reasons = obstacles(draft, found.cycle.code, met) + check_act(draft, act, met.determined_by, met.silent)
        if reasons:
            raise LockRefused(*reasons)
        known = await self.database.read(lambda c: _accounts(c, found, draft))
        return first_list(draft, found.cycle.code, found.cycle.scheme, act, known)


async def _require_unchanged(connection: Connection, looked: Looked) -> None:
    if await stamp_of(connection, looked.found.cycle.code) != looked.stamp:
        raise LockRefused(CHANGED)


async def _accounts(connection: Connection, found: Gathered, draft: Draft) -> dict[bytes, answers.Account]:
    """Of whoever is paid or waits: of carried rows as the list before said."""
    asked = [row.proposal for row in draft.candidates() if row.origin is Origin.PROPOSAL]
    said = await answers.of_proposals(connection, asked)
    return {**found.carried_accounts, **{record: answers.account_of(each) for record, each in said.items()}}


async def cover(
    connection: Connection,
    locked: Determined,
    found: Gathered,
    entries: tuple[Entry, ...],
    chance: Callable[[int], bytes],
) -> None:
    """From now on these people are covered by the scheme, as by any list; the villages learn it as digests."""
    act = locked.list.act
    permission = f"{act.instrument} {act.number}"
    file = ImportFile(
        digest=locked.hash,
        name=f"{found.cycle.code} daftar {locked.number}",
        permission=permission,
        as_of=act.dated,
        imported_ms=locked.locked_ms,
        imported_by=locked.locked_by,
        rows=len(entries),
        content=locked.content,
    )
    import_id = await imports.add(connection, file, [(entry.number, "kept", "") for entry in entries])
    rows = [(entry.number, _coverage(entry, locked.hash, found, act.dated)) for entry in entries]
    await facts.add_coverages(connection, import_id, rows)
    await coverage_sets.publish(connection, month_of(locked.locked_ms), chance, locked.locked_ms, import_id)


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


async def _make_final(connection: Connection, locked: Determined, draft: Draft) -> None:
    """The villages' proposals; carried rows are nobody's proposal of this cycle."""
    mine: list[InputRow] = [row for row in draft.rows if row.origin is not Origin.FORMER]
    finals = {row.record: final_verdict(draft.outcomes[row.record], row.record, locked.hash) for row in mine}
    judged = {row.record: row.judged for row in mine}
    await determinations.put_finals(connection, locked.cycle, locked.hash, finals, judged)
