"""Whom a breach touched: everybody a village's server can have held data of, or whom an account saw. Reads only.

Law 27/2022, article 46: whose data was not protected is told so, in writing, within three times 24 hours. What is found here
is a NIK and where it was found; a look at them is recorded by whoever asks (`access`).
"""

from dataclasses import dataclass, field

from central.store import access, logs, subjects
from chassis.database import Connection
from protocol.errors import ProtocolError
from protocol.ops import Unreadable, read_op

NOTICE_MS = 3 * 24 * 3_600_000
"""Article 46 (1): the notice is due this long after the breach became known."""
_KNOWN = "SELECT nik FROM proposal UNION SELECT match_nik FROM coverage UNION SELECT nik FROM report"


@dataclass(slots=True)
class Touched:
    """`people`: NIKs; `places`: how many rows of each kind they were found in; `unknown`: people who were seen, by a tag that
    no number at the centre answers to any more."""

    people: set[str] = field(default_factory=set)
    places: dict[str, int] = field(default_factory=dict)
    unknown: int = 0

    def add(self, place: str, nik: str) -> None:
        self.places[place] = self.places.get(place, 0) + 1
        if nik:
            self.people.add(nik)


async def by_account(connection: Connection, login: str, first_ms: int, until_ms: int) -> Touched:
    """Whose full number an account was shown, in ms since 1970, the end not counted."""
    found, tags = Touched(), set[bytes]()
    rows = await connection.fetch_all(
        "SELECT action, tag FROM access_log LEFT JOIN subject_access ON access = access_id"
        " WHERE actor = $1 AND at_ms >= $2 AND at_ms < $3",
        login,
        first_ms,
        until_ms,
    )
    for action, tag in rows:
        found.add(action, "")
        if tag:
            tags.add(tag)
    for row in await connection.fetch_all(_KNOWN) if tags else []:
        tag = await access.tag_of(connection, row[0] or "")
        if row[0] and tag in tags:
            found.people.add(row[0])
            tags.discard(tag)
    found.unknown = len(tags)
    return found


async def by_village(connection: Connection, village: str, until_ms: int) -> Touched:
    """Whom the records name that its server wrote, or was told, before a time. Its own register of residents is not at the
    centre: whoever stands there alone is not among them."""
    found = Touched()
    for log in await logs.of_village(connection, village):
        seq = 0
        while batches := await logs.batches_after(connection, log, seq, subjects.BATCHES_AT_ONCE):
            for batch in (each for each in batches if each.received_ms < until_ms):
                for op in batch.ops(log.head.log_id):
                    try:
                        header, body = read_op(op)
                    except (Unreadable, ProtocolError):
                        found.add("unreadable", "")
                        continue
                    if nik := getattr(body, "nik", ""):
                        found.add(header.kind, nik)
            seq = batches[-1].first_seq
    for row in await connection.fetch_all(
        "SELECT nik FROM report WHERE village = $1 AND answer <> 'covered' AND repeats IS NULL AND received_ms < $2",
        village,
        until_ms,
    ):
        found.add("report", row[0])
    return found
