"""The promise a database makes to the rest of the program; no driver is imported here.

A transaction is an `async def` over `Connection`. On SQLite it is driven to its end inside one call to the database's
thread, so it must never await anything but its connection: no clock that sleeps, no socket, no other task.
Place in the flow: stores write such functions, `Database.transact` and `Database.read` run them.
"""

from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, Protocol, TypeVar

T = TypeVar("T")


class DatabaseError(Exception):
    """Anything the database says no to."""


class DatabaseFailed(DatabaseError):
    """Reading or writing the disk failed. Treat it as a crash: close, reopen, quick_check, never retry on it."""


class DatabaseBusy(DatabaseError):
    """Another process held the write lock for longer than the busy timeout. Nothing was written; a retry is safe."""


class DatabaseClosed(DatabaseError):
    """The database was used after `close()`."""


class StatementRefused(DatabaseError):
    """The database cannot run this statement (unknown table, wrong parameters, a write on a reader): a bug of ours."""


class ConstraintViolated(DatabaseError):
    """A constraint of the schema said no. `kind` is one of unique, foreign_key, check, not_null, other."""

    def __init__(self, message: str, kind: str) -> None:
        super().__init__(message)
        self.kind = kind


class WorkSuspended(DatabaseError):
    """A transaction awaited something else than its connection: a bug of ours."""


class Row(Protocol):
    """One row: by index, by column name, and unpacked in column order."""

    def __getitem__(self, key: int | str, /) -> Any: ...
    def __iter__(self) -> Iterator[Any]: ...
    def __len__(self) -> int: ...
    def keys(self) -> Iterable[str]: ...


class Connection(Protocol):
    """One open transaction. SQL uses `$1`, `$2`… on every database."""

    async def fetch_all(self, sql: str, /, *args: Any) -> list[Row]: ...
    async def fetch_one(self, sql: str, /, *args: Any) -> Row | None: ...

    async def fetch_value(self, sql: str, /, *args: Any) -> Any:
        """First column of the first row; None when there is no row."""

    async def execute(self, sql: str, /, *args: Any) -> int:
        """Rows inserted, changed or deleted."""

    async def execute_many(self, sql: str, rows: Iterable[Sequence[Any]], /) -> None: ...


Work = Callable[[Connection], Awaitable[T]]


class Database(ABC):
    """Runs transactions one after the other, and reads beside them."""

    @abstractmethod
    async def transact(self, work: Work[T], *, after_commit: Callable[[T], None] | None = None) -> T:
        """Runs `work` in one durable write transaction; rolled back when it raises, and its exception passes through.

        `after_commit` runs in the writer's thread directly after COMMIT, before any other transaction; if it raises,
        the caller gets its exception and the database counts as failed. Cancelling the caller gives up the answer,
        never the transaction.
        """

    @abstractmethod
    async def read(self, work: Work[T]) -> T:
        """Runs `work` on one unchanging snapshot that sees only committed data and cannot write."""

    @abstractmethod
    async def close(self) -> None: ...

    @property
    @abstractmethod
    def failure(self) -> str | None:
        """Why the database counts as failed; None while it is healthy."""

    @abstractmethod
    async def quick_check(self) -> list[str]:
        """Problems found in the file; an empty list means none. Reads every page: seconds on a large database."""

    @abstractmethod
    async def backup_to(self, path: Path) -> None:
        """Writes a consistent copy as one file, on disk before this returns; an older file of that name is replaced."""


def drive(work: Awaitable[T]) -> T:
    """Runs a coroutine that never suspends to its end, without an event loop."""
    steps = work.__await__()
    try:
        next(steps)
    except StopIteration as end:
        result: T = end.value
        return result
    close = getattr(steps, "close", None)
    if close is not None:
        close()
    raise WorkSuspended("a transaction may await nothing but its own connection")
