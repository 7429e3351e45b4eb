"""The one way in: `Store.write` makes ops and views durable together, then the mark, then tells the clerk.

Knows which log is written to, opens a new one where continuing the old would rewrite history, and guards numbering
after a loss. Must never touch the network. Place in the flow: web -> domain -> here; sync reads what is written here.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeVar

import msgspec

from agent.domain.recovery import Verdict, judge
from agent.store import feed, oplog, views
from agent.store.mark import MarkKeeper
from chassis.database import Connection, Database
from protocol.codec import pack
from protocol.feed import Cycle
from protocol.messages import Anchor, EnrolReply, Mark, Receipt, Signed, anchor_hash
from protocol.ops import (
    ID_BYTES,
    AnyBody,
    Header,
    LogOpened,
    NumberHigh,
    NumbersConfirmed,
    Op,
    Position,
    make_op,
    number_list,
    start_of,
    write_body,
)
from protocol.session import Condition, Local

T = TypeVar("T")
Numbers = dict[tuple[str, int], int]


class Stamper(Protocol):
    """Clocks and chance, which belong to the machine: the running box has real ones, the simulator virtual ones."""

    boot_id: bytes

    def now_ms(self) -> int:
        """Milliseconds since 1970 by the box's own clock, whatever that is worth."""

    def mono_ms(self) -> int: ...

    def random(self, size: int) -> bytes: ...


@dataclass(slots=True)
class CitedAnchor:
    """The newest anchor the centre sent; kept in memory only and written with the next op."""

    seq: int = 0
    hash: bytes = b""

    def see(self, payload: bytes, anchor: Anchor) -> None:
        self.seq, self.hash = anchor.seq, anchor_hash(payload)


class Desk:
    """A write in progress: the connection of its transaction, and `append`."""

    def __init__(self, connection: Connection, store: "Store", ordinal: int, head: Position) -> None:
        self.connection = connection
        self._store = store
        self._ordinal = ordinal
        self._before = head
        self.head = head

    @property
    def now_ms(self) -> int:
        return self._store.stamper.now_ms()

    async def append(self, body_of: Callable[[bytes], AnyBody]) -> Op:
        """Write one op; `body_of` gets the fresh salt."""
        stamper, anchor = self._store.stamper, self._store.anchor
        kind, schema, body = write_body(body_of(stamper.random(16)))
        now_ms = stamper.now_ms()
        header = Header(1, kind, schema, now_ms, stamper.boot_id, stamper.mono_ms(), anchor.seq, anchor.hash)
        op = make_op(self.head, pack(header), body)
        await oplog.append(self.connection, self._ordinal, op, now_ms)
        self.head = op.position
        return op

    async def is_numbering_known(self) -> bool:
        return await is_numbering_known(self.connection)

    async def highest(self) -> Numbers:
        return await highest(self.connection)

    async def confirm_numbers(self, numbers: list[NumberHigh], how: str, actor: str) -> None:
        """The clerk read the paper agenda (how=agenda): numbering may go on above these."""
        await self.append(lambda salt: NumbersConfirmed(salt=salt, numbers=numbers, how=how, actor=actor))
        await _set_numbering(self.connection, "known")

    async def close(self) -> Mark | None:
        """The mark this transaction leads to; None when nothing was written."""
        if self.head == self._before:
            return None
        await _note_before(self.connection, self._before)
        return await _mark_at(self.connection, self.head)


class Store:
    """A village's archive. `open` first; then `write` and `database.read`."""

    def __init__(self, database: Database, mark: MarkKeeper, stamper: Stamper, village: str) -> None:
        self.database = database
        self.mark = mark
        self.stamper = stamper
        self.village = village
        self.anchor = CitedAnchor()
        self.condition = Condition.UNKNOWN
        self.on_written: Callable[[], None] = lambda: None

    async def open(self) -> Verdict:
        """Compare the database with the mark and remember what that means. Must be called before any write."""

        async def work(connection: Connection) -> Verdict:
            await connection.execute(
                "INSERT INTO box (id, village, numbering) VALUES (1, $1, 'unknown') ON CONFLICT (id) DO NOTHING",
                self.village,
            )
            found = await connection.fetch_value("SELECT village FROM box")
            if found != self.village:
                raise WrongVillage(found, self.village)
            await views.make_residents(connection)
            await feed.apply_pending(connection, self.stamper.now_ms())
            await views.complete_voids(connection)
            return await self._judge(connection)

        verdict = await self.database.transact(work)
        self.condition = verdict.condition
        if verdict.advance:
            await self._write_mark()
        return verdict

    async def _judge(self, connection: Connection) -> Verdict:
        mark = self.mark.read()
        current = await oplog.current(connection)
        row = await connection.fetch_one("SELECT before_log, before_seq, before_hash FROM box")
        before = Position(row[0], row[1], row[2]) if row and row[0] is not None else None
        at_mark = None
        if mark is not None:
            at_mark = await oplog.hash_at(connection, mark.position.log_id, mark.position.seq)
            await self._learn(connection, mark.numbers)
        verdict = judge(current[1] if current else None, before, at_mark, mark)
        match verdict.condition:
            case Condition.FRESH if mark is None:
                await _set_numbering(connection, "unknown")
            case Condition.UNKNOWN:
                await _set_numbering(connection, "unknown")
            case Condition.RESTORED:  # the mark, which is no part of any backup, knows the highest numbers
                await _set_numbering(connection, "known" if mark and mark.numbers else "unknown")
                await _note_vouched(connection, mark)
        return verdict

    async def note_enrolment(self, reply: EnrolReply, *, is_first: bool) -> None:
        """What the centre says of numbers, before this box is its village's server: no letter is numbered in between."""
        await self.learn(reply.numbers)
        if is_first:
            await self.note_first_of_village()
        elif reply.is_agenda_needed:
            await self._doubt_numbers()

    async def _doubt_numbers(self) -> None:
        """Numbering waits for the agenda; also after a restore, so the mark vouches for no number any more."""
        await self.database.transact(lambda connection: _set_numbering(connection, "unknown"))
        mark = self.mark.read()
        if mark is not None:
            self.mark.write(Mark(mark.position, []))

    async def note_first_of_village(self) -> None:
        """The centre said at enrolment that this village never had a log: numbers begin at 1."""
        if self.condition is Condition.FRESH:
            # outside the database, so that an empty one that is put back later is not taken for a beginning
            self.mark.write(Mark(start_of(bytes(ID_BYTES)), []))
            await self.database.transact(lambda connection: _set_numbering(connection, "known"))

    async def _write_mark(self) -> None:
        async def work(connection: Connection) -> Mark | None:
            current = await oplog.current(connection)
            return None if current is None else await _mark_at(connection, current[1])

        mark = await self.database.read(work)
        if mark is not None:
            self.mark.write(mark)

    async def write(self, work: Callable[[Desk], Awaitable[T]]) -> T:
        """Run `work` in one transaction; when it wrote ops, the mark is on disk too before this returns.

        Where the last known head may not be the last there was, a new log is opened first: continuing the old one
        could give two histories one place.
        """

        async def transaction(connection: Connection) -> tuple[T, Mark | None]:
            desk = await self._desk(connection)
            result = await work(desk)
            return result, await desk.close()

        def after_commit(outcome: tuple[T, Mark | None]) -> None:
            if outcome[1] is not None:
                self.mark.write(outcome[1])
                self.condition = Condition.INTACT

        result, mark = await self.database.transact(transaction, after_commit=after_commit)
        if mark is not None:
            self.on_written()
        return result

    async def _desk(self, connection: Connection) -> Desk:
        current = await oplog.current(connection)
        if current is not None and self.condition is Condition.INTACT:
            return Desk(connection, self, *current)
        return await self._reopen(
            connection, {Condition.FRESH: "first", Condition.RESTORED: "restored"}.get(self.condition, "replaced")
        )

    async def open_log(self, how: str) -> None:
        """Open a new log now; `how` as in the session's OpenLog. A no-op when a write has just opened one."""
        if how in {"first", "restored"} and self.condition is Condition.INTACT:
            return

        async def transaction(connection: Connection) -> Mark | None:
            if how in {"replaced", "fork"}:  # what another machine or branch numbered and never sent is on paper only
                await _set_numbering(connection, "unknown")
            return await (await self._reopen(connection, how)).close()

        def after_commit(mark: Mark | None) -> None:
            if mark is not None:
                self.mark.write(mark)
                self.condition = Condition.INTACT

        await self.database.transact(transaction, after_commit=after_commit)
        self.on_written()

    async def _reopen(self, connection: Connection, how: str) -> Desk:
        """The parent is the newest head this database holds; `before` is then the old head, as for any transaction."""
        newest = await oplog.heads(connection)
        current = await oplog.current(connection)
        pulled = [head for ordinal, head, _ in newest if head.seq and (current is None or ordinal > current[0])]
        parent = pulled[-1] if pulled else (current[1] if current else None)
        ordinal, start = await oplog.open_log(connection, self.stamper.random(16))
        await connection.execute("UPDATE box SET current_log = $1", ordinal)
        desk = Desk(connection, self, ordinal, start)
        numbers = number_list(await highest(connection))
        await desk.append(lambda salt: LogOpened(salt=salt, parent=parent, numbers=numbers, how=how))
        if current is not None:
            desk._before = current[1]
        return desk

    async def put_back(self, after: Position, headers: Sequence[bytes], bodies: Sequence[bytes]) -> Position:
        """Own ops that the centre gave back; the place they reach.

        Where they go beyond the mark, the mark is an older copy too, and what was numbered after it and never sent
        stands on paper only: numbering waits for the agenda.
        """

        async def transaction(connection: Connection) -> tuple[Position, Mark | None]:
            before, known = await oplog.current(connection), self.mark.read()
            head = await oplog.put_back(connection, after, headers, bodies, self.stamper.now_ms())
            if headers and not _reaches(known, head) and not await _is_vouched(connection, head):
                await _set_numbering(connection, "unknown")
            current = await oplog.current(connection)
            if self.condition is not Condition.INTACT or current is None or before is None:
                return head, None
            if before != current:
                await _note_before(connection, before[1])
            return head, await _mark_at(connection, current[1])

        def after_commit(outcome: tuple[Position, Mark | None]) -> None:
            if outcome[1] is not None:
                self.mark.write(outcome[1])

        head, _ = await self.database.transact(transaction, after_commit=after_commit)
        return head

    async def rejudge(self) -> Condition:
        """After pulling: the missing tail may be back, and then the log simply goes on."""
        if self.condition is Condition.RESTORED:

            async def work(connection: Connection) -> Condition:
                mark = self.mark.read()
                if mark is None:
                    return Condition.UNKNOWN
                current = await oplog.current(connection)
                held = await oplog.hash_at(connection, mark.position.log_id, mark.position.seq)
                is_whole = (
                    held == mark.position.hash and current is not None and current[1].log_id == mark.position.log_id
                )
                return Condition.INTACT if is_whole else Condition.RESTORED

            self.condition = await self.database.read(work)
            if self.condition is Condition.INTACT:
                await self._write_mark()
        return self.condition

    async def learn(self, numbers: list[NumberHigh]) -> None:
        """Numbers that exist according to the centre: never handed out again."""
        if numbers:
            await self.database.transact(lambda connection: self._learn(connection, numbers))

    async def _learn(self, connection: Connection, numbers: list[NumberHigh]) -> None:
        for high in numbers:
            await views.raise_floor(connection, high)

    async def confirm_numbers(self, numbers: list[NumberHigh], how: str, actor: str) -> None:
        """`Desk.confirm_numbers` in a transaction of its own."""
        await self.write(lambda desk: desk.confirm_numbers(numbers, how, actor))

    async def acknowledge(self, receipt: Receipt, signed: Signed) -> None:
        """The centre's signed word, already verified, for a place in one of this box's logs."""
        await self.database.transact(lambda c: oplog.acknowledge(c, receipt.position, receipt, signed))

    async def local(self) -> Local:
        """What the session needs to know."""
        logs = await self.database.read(oplog.local_logs)
        return Local(self.condition, logs)

    async def is_numbering_known(self) -> bool:
        return await self.database.read(is_numbering_known)


class WrongVillage(Exception):
    """This database belongs to another village; nothing was changed."""

    def __init__(self, found: str, expected: str) -> None:
        super().__init__(f"the database belongs to village {found}, the settings say {expected}: check the data folder")


async def highest(connection: Connection) -> Numbers:
    rows = await connection.fetch_all("SELECT series, year, number FROM number_floor")
    return {(r[0], r[1]): r[2] for r in rows}


async def is_numbering_known(connection: Connection) -> bool:
    """May this box number letters, or must the paper agenda be read first?"""
    numbering: str = await connection.fetch_value("SELECT numbering FROM box")
    return numbering == "known"


async def cycles(connection: Connection) -> list[Cycle]:
    """The regency's cycles as last heard."""
    rows = await connection.fetch_all(
        "SELECT value FROM feed_state WHERE feed = 'regency' AND kind = 'cycle' AND is_readable = 1 ORDER BY key"
    )
    return [msgspec.msgpack.decode(r[0], type=Cycle) for r in rows]


async def _set_numbering(connection: Connection, numbering: str) -> None:
    await connection.execute("UPDATE box SET numbering = $1 WHERE numbering != $1", numbering)


async def _note_before(connection: Connection, head: Position) -> None:
    """Where the log stood before this transaction: a mark that stands there was cut off from its commit, not copied."""
    await connection.execute(
        "UPDATE box SET before_log = $1, before_seq = $2, before_hash = $3", head.log_id, head.seq, head.hash
    )


async def _mark_at(connection: Connection, head: Position) -> Mark:
    """The mark for a head. While numbering is unknown it vouches for no number, so that a restore asks again."""
    numbers = number_list(await highest(connection)) if await is_numbering_known(connection) else []
    return Mark(head, numbers)


async def _note_vouched(connection: Connection, mark: Mark | None) -> None:
    """A new log will move the mark away from the place up to which it knew the lost one."""
    if mark is not None and mark.numbers:
        await connection.execute(
            "UPDATE box SET vouched_log = $1, vouched_seq = $2", mark.position.log_id, mark.position.seq
        )


async def _is_vouched(connection: Connection, head: Position) -> bool:
    found = await connection.fetch_value(
        "SELECT 1 FROM box WHERE vouched_log = $1 AND vouched_seq >= $2", head.log_id, head.seq
    )
    return found is not None


def _reaches(mark: Mark | None, head: Position) -> bool:
    return mark is not None and mark.position.log_id == head.log_id and mark.position.seq >= head.seq
