"""Databases end here: the rest of the program sees `Database` and `Connection`, never a driver.

`SqliteDatabase` serves a running program (aiosqlite, one writer thread, one reader thread); `InPlaceDatabase` serves
the simulator and short commands (the calling thread, no event loop). Must never know what the tables mean.
"""

from chassis.database.interface import (
    Connection,
    ConstraintViolated,
    Database,
    DatabaseBusy,
    DatabaseClosed,
    DatabaseError,
    DatabaseFailed,
    Row,
    StatementRefused,
    WorkSuspended,
    drive,
)
from chassis.database.migrations import (
    MigrationAltered,
    MigrationFailed,
    MigrationFolder,
    MigrationSource,
    SchemaRefused,
    SchemaTooNew,
)
from chassis.database.sqlite import (
    BOX,
    SERVER,
    InPlaceDatabase,
    Room,
    SqliteDatabase,
    components_in,
    rewrite_placeholders,
)

__all__ = [
    "BOX",
    "SERVER",
    "Connection",
    "ConstraintViolated",
    "Database",
    "DatabaseBusy",
    "DatabaseClosed",
    "DatabaseError",
    "DatabaseFailed",
    "InPlaceDatabase",
    "MigrationAltered",
    "MigrationFailed",
    "MigrationFolder",
    "MigrationSource",
    "Room",
    "Row",
    "SchemaRefused",
    "SchemaTooNew",
    "SqliteDatabase",
    "StatementRefused",
    "WorkSuspended",
    "components_in",
    "drive",
    "rewrite_placeholders",
]
