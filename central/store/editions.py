"""The wording of letters as the regency published it: editions stand on its feed and nowhere else, and none ever changes."""

from collections.abc import Sequence

from central.store import feeds, trail
from chassis.database import Connection
from protocol.codec import pack, unpack
from protocol.feed import LETTER_EDITION_KEYS, REGENCY, LetterEdition, letter_edition_key


class EditionRefused(Exception):
    """What was to be published contradicts what was; nothing was published. The message names the cure."""


async def publish(
    connection: Connection, wanted: Sequence[LetterEdition], *, actor: str, now_ms: int
) -> list[LetterEdition]:
    """Tell every village, all or nothing; those that were not published before. Raises EditionRefused."""
    former = {(each.kind, each.version): each for each in await listed(connection)}
    news = [each for each in wanted if former.get((each.kind, each.version)) != each]
    for each in news:
        last = max((version for kind, version in former if kind == each.kind), default=0)
        if each.version <= last:
            raise EditionRefused(
                f"texts/{each.kind}-{each.version}.txt: {each.kind} is published up to version {last} and that never"
                f" changes, nor its row or questions: name the new text {each.kind}-{last + 1}.txt"
            )
    items = [
        feeds.Publication("letter_edition", letter_edition_key(each.kind, each.version), pack(each), critical=False)
        for each in news
    ]
    await feeds.publish(connection, REGENCY, items, now_ms)
    for each in news:
        subject = f"{each.kind}-{each.version}"
        await trail.record(connection, at_ms=now_ms, actor=actor, action="letters_publish", subject=subject)
    return news


async def listed(connection: Connection) -> list[LetterEdition]:
    """Everything published, by kind and version."""
    found = [unpack(item.value, LetterEdition) for item in await feeds.under(connection, REGENCY, LETTER_EDITION_KEYS)]
    return sorted(found, key=lambda each: (each.kind, each.version))
