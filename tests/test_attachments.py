"""Pictures on the road: after the records, whole or again, never in anybody's way, to the centre that the log convinces."""

import io
from collections.abc import Callable
from hashlib import sha256

import pytest
from PIL import Image

from agent.store import attachments
from agent.store.attachments import Place
from agent.sync import PUT_OFF_SECONDS, _authorization
from central.audit import audit
from central.store import boxes
from chassis.database import Connection
from protocol.codec import decode, encode
from protocol.messages import ATTACHMENT_BYTES_MAX, AttachmentSent, Failure
from protocol.ops import Position
from protocol.session import HALT_SECONDS
from tests.central.desk import DESA, OTHER_DESA, RULES
from tests.test_road import Village, at_village

__all__ = ["at_village"]
ABOUT = b"a" * 16
PATH = "/v1/attachments/"


def jpeg(shade: int = 0, size: int = 0) -> bytes:
    """Larger than it must be where `size` says so: what is behind the picture's end is passed over by every reader."""
    out = io.BytesIO()
    Image.new("L", (40, 30), shade).save(out, "JPEG")
    return out.getvalue().ljust(size, b"\0")


async def take(box: Village, picture: bytes, label: str = "KTP") -> bytes:
    made = await box.store.write(lambda desk: attachments.add(desk, ABOUT, label, (label,), picture, "sri"))
    assert isinstance(made, bytes)
    return made


async def aside(box: Village) -> float | None:
    while (rest := await box.courier.step_aside()) == 0:
        pass
    return rest


async def held(box: Village) -> dict[bytes, bytes]:
    sql = "SELECT sha256, content FROM attachment_content WHERE village = $1"
    rows = await box.regency.database.read(lambda c: c.fetch_all(sql, DESA))
    return {row[0]: row[1] for row in rows}


async def places(box: Village) -> list[Place]:
    rows = await box.store.database.read(lambda c: attachments.of_record(c, ABOUT))
    return [row.place for row in rows]


async def post(box: Village, digest: bytes, body: bytes) -> tuple[int, str]:
    """(status, code of the failure or empty)."""
    headers = _authorization(box.courier.session.token)
    reply = await box.road.road.request("POST", PATH + digest.hex(), {}, headers, body, 20)
    return reply.status, "" if reply.status == 200 else decode(reply.body, Failure).code


async def connected(box: Village) -> None:
    await box.up()
    await box.down()


async def place_of(box: Village, attachment: bytes) -> Position:
    row = await box.store.database.read(
        lambda c: c.fetch_one(
            "SELECT log_id, op.seq, hash FROM op JOIN log ON ordinal = log WHERE substr(hash, 1, 16) = $1", attachment
        )
    )
    assert row is not None
    return Position(row[0], row[1], row[2])


# --- the box ----------------------------------------------------------------------------------------------------------


async def test_a_picture_goes_once_its_record_is_acknowledged_and_no_sooner(at_village: Village) -> None:
    box, picture = at_village, jpeg(size=ATTACHMENT_BYTES_MAX)
    await connected(box)
    await take(box, picture)
    assert await aside(box) is None
    assert await held(box) == {}, "its record waits"
    await box.up()
    assert await aside(box) is None
    assert await held(box) == {sha256(picture).digest(): picture}
    assert await places(box) == [Place.SENT]
    assert await box.store.database.read(lambda c: attachments.picture(c, sha256(picture).digest())) == picture
    asked = box.courier.status.attempts["ok"]
    assert await aside(box) is None
    assert box.courier.status.attempts["ok"] == asked, "and then nobody asks again"
    await box.regency.settle()
    assert (await box.regency.database.read(lambda c: audit(c, RULES))).problems == []


async def test_a_picture_that_is_cut_off_is_sent_again_and_is_one(at_village: Village) -> None:
    box, picture = at_village, jpeg()
    await connected(box)
    await take(box, picture)
    await box.up()
    address = PATH + sha256(picture).hexdigest()
    box.road.spoilt[address] = lambda body: body[: len(body) // 2]
    await box.courier.step_aside()
    assert await held(box) == {}
    assert box.courier.session.halted == "", "a picture stops nothing"
    box.road.spoilt.clear()
    box.stamps.mono += int(PUT_OFF_SECONDS * 1000) + 1000
    await aside(box)
    assert list(await held(box)) == [sha256(picture).digest()]


async def test_what_was_taken_back_before_it_went_does_not_go(at_village: Village) -> None:
    box = at_village
    await connected(box)
    made = await take(box, jpeg())
    await box.store.write(lambda desk: attachments.remove(desk, made, "foto buram", "sri"))
    await box.up()
    assert await aside(box) is None
    assert await held(box) == {}


async def test_one_picture_that_cannot_go_does_not_keep_the_others(at_village: Village) -> None:
    box, first, second = at_village, jpeg(10), jpeg(200)
    await connected(box)
    await take(box, first)
    await take(box, second, "KK")
    await box.up()
    await box.store.database.transact(
        lambda c: c.execute("UPDATE picture SET content = x'00' WHERE sha256 = $1", sha256(first).digest())
    )
    rest = await aside(box)
    assert rest is not None
    assert 0 < rest <= PUT_OFF_SECONDS
    assert list(await held(box)) == [sha256(second).digest()]
    assert box.courier.session.halted == ""
    await box.write()
    assert await box.up() is None, "records go on"


async def test_a_centre_that_knows_no_pictures_stops_no_record(at_village: Village) -> None:
    box = at_village
    await connected(box)
    await take(box, jpeg())
    await box.up()
    asked = box.courier.road

    class Older:
        async def request(self, method: str, path: str, *rest: object) -> object:
            return await asked.request(method, path.replace("/v1/attachments/", "/v1/unheard/"), *rest)  # type: ignore[arg-type]

    box.courier.road = Older()  # type: ignore[assignment]
    rest = await aside(box)
    assert rest is not None
    assert rest >= HALT_SECONDS - 1
    await box.write()
    assert await box.up() is None
    assert box.courier.session.halted == ""


async def test_a_lost_session_is_only_greeted_anew(at_village: Village) -> None:
    box = at_village
    await connected(box)
    await take(box, jpeg())
    await box.up()
    await box.regency.ingest.start()
    assert await aside(box) is None
    assert box.courier.session.token == b""
    box.stamps.mono += 200_000
    await box.up()
    await aside(box)
    assert len(await held(box)) == 1


async def test_a_centre_from_an_older_backup_gets_the_pictures_it_lost_and_no_other_twice(at_village: Village) -> None:
    box, first, second = at_village, jpeg(10), jpeg(200)
    await connected(box)
    await take(box, first)
    await take(box, second, "KK")
    await box.up()
    await aside(box)

    async def lose(connection: Connection) -> None:
        await connection.execute("DELETE FROM attachment_content WHERE sha256 = $1", sha256(first).digest())

    await box.regency.database.transact(lose)
    await box.regency.database.transact(lambda c: boxes.start_timeline(c, b"T" * 16, box.regency.clock.at_ms))
    await box.down()
    sent = 0

    def count(body: bytes) -> bytes:
        nonlocal sent
        sent += 1
        return body

    box.road.spoilt = {PATH + sha256(each).hexdigest(): count for each in (first, second)}
    await aside(box)
    assert sent == 3, "two questions, one picture"
    assert set(await held(box)) == {sha256(first).digest(), sha256(second).digest()}


async def test_a_box_made_again_from_its_log_learns_where_its_pictures_are(at_village: Village) -> None:
    box, first, second = at_village, jpeg(10), jpeg(200)
    await connected(box)
    await take(box, first)
    await box.up()
    await aside(box)
    await take(box, second, "KK")
    await box.up()
    await box.store.database.transact(lambda c: c.execute("UPDATE picture SET content = NULL, told = x'', is_held = 0"))
    assert await places(box) == [Place.ASKED, Place.ASKED]
    assert await aside(box) is None
    assert await places(box) == [Place.CENTRE_ONLY, Place.LOST]


# --- the centre -------------------------------------------------------------------------------------------------------


def _as_it_is(body: AttachmentSent) -> AttachmentSent:
    return body


@pytest.mark.parametrize(
    ("change", "answer"),
    [
        (_as_it_is, (200, "")),
        (lambda b: AttachmentSent(b.at, b""), (200, "")),
        (lambda b: AttachmentSent(b.at, b.content + b"\0"), (400, "malformed")),
        (lambda b: AttachmentSent(b.at, bytes(ATTACHMENT_BYTES_MAX + 1)), (413, "too_large")),
        (
            lambda b: AttachmentSent(Position(b.at.log_id, b.at.seq - 1, b.at.hash), b.content),
            (404, "unknown_attachment"),
        ),
        (lambda b: AttachmentSent(Position(b.at.log_id, 0, bytes(32)), b.content), (404, "unknown_attachment")),
        (lambda b: AttachmentSent(Position(b"x" * 16, b.at.seq, b.at.hash), b.content), (404, "unknown_attachment")),
    ],
    ids=["right", "question", "other bytes", "too large", "another place", "no place", "another log"],
)
async def test_the_centre_keeps_what_the_log_names_and_nothing_else(
    at_village: Village, change: Callable[[AttachmentSent], AttachmentSent], answer: tuple[int, str]
) -> None:
    box, picture = at_village, jpeg()
    await connected(box)
    at = await place_of(box, await take(box, picture))
    await box.up()
    body = encode(change(AttachmentSent(at, picture)))
    for _ in range(2):
        assert await post(box, sha256(picture).digest(), body) == answer
    assert len(await held(box)) == (change is _as_it_is)


async def test_a_picture_of_another_size_than_its_record_says_is_refused(at_village: Village) -> None:
    box, picture = at_village, jpeg()
    await connected(box)

    async def lie(desk: object) -> bytes:
        return await attachments._append(desk, ABOUT, "KTP", sha256(picture).digest(), 7, "sri")  # type: ignore[arg-type]

    at = await place_of(box, await box.store.write(lie))
    await box.up()
    sent = encode(AttachmentSent(at, picture))
    assert await post(box, sha256(picture).digest(), sent) == (404, "unknown_attachment")


async def test_a_stranger_and_another_village_leave_nothing(at_village: Village) -> None:
    box, picture = at_village, jpeg()
    await connected(box)
    at = await place_of(box, await take(box, picture))
    await box.up()
    token, box.courier.session.token = box.courier.session.token, b"x" * 32
    sent = encode(AttachmentSent(at, picture))
    assert await post(box, sha256(picture).digest(), sent) == (412, "superseded")
    other = await box.regency.enrol(OTHER_DESA)
    box.courier.session.token = (await box.regency.greet(other)).session
    assert await post(box, sha256(picture).digest(), sent) == (404, "unknown_attachment")
    box.courier.session.token = token
    assert await post(box, sha256(picture).digest(), bytes(ATTACHMENT_BYTES_MAX * 2)) == (413, "too_large")
    assert await post(box, sha256(picture).digest()[:31], sent) == (400, "malformed")
    assert await box.regency.value("SELECT count(*) FROM attachment_content") == 0


async def test_the_audit_finds_a_picture_that_was_changed(at_village: Village) -> None:
    box = at_village
    await connected(box)
    await take(box, jpeg())
    await box.up()
    await aside(box)
    await box.regency.settle()
    await box.regency.database.transact(lambda c: c.execute("UPDATE attachment_content SET content = x'ffd8ff'"))
    [problem] = (await box.regency.database.read(lambda c: audit(c, RULES))).problems
    assert problem == "pictures: 1 differ from their names"
