"""The requests and replies of `/v1`, and exactly which bytes are signed.

Signed things travel as `Signed(payload, signature)`: the payload's bytes are signed as they stand, behind a domain
string that names what is being signed, so that no signature can be passed off as another.
"""

from collections.abc import Callable
from hashlib import sha256
from typing import Annotated, TypeVar

from msgspec import Meta

from protocol.codec import BATCH_OPS_MAX, Message, pack, unpack
from protocol.errors import Code, ProtocolError
from protocol.feed import ITEMS_MAX, PART_BYTES_MAX, Item, State
from protocol.ops import Hash, Id, Line, Millis, Number, NumberHigh, Position, Seq, Village, Word

HEALTH_MAX = 12
"""Health numbers a box may report: enough for the fleet page, too few to become a second metrics system."""
LOGS_MAX = 64
"""Logs of one village: each is a restore or a replacement, so more means that something else is wrong."""

ATTACHMENT_BYTES_MAX = 256 * 1024
"""One picture, sent whole: four seconds of a 0.5 Mbit/s village line, so that one cut off is simply sent again."""

HALTED = "halted_"
"""Beginning of the health number of a box that a directive or an error code stopped; the rest is that word."""

Signature = Annotated[bytes, Meta(min_length=64, max_length=64)]
PublicKey = Annotated[bytes, Meta(min_length=32, max_length=32)]
Nonce = Annotated[bytes, Meta(max_length=16)]
Health = Annotated[list[tuple[Word, int]], Meta(max_length=HEALTH_MAX)]

HELLO = b"kampung/hello/1"
WELCOME = b"kampung/welcome/1"
CERTIFICATE = b"kampung/certificate/1"
RECEIPT = b"kampung/receipt/1"
ANCHOR = b"kampung/anchor/1"
MANIFEST = b"kampung/manifest/1"

M = TypeVar("M", bound=Message)
Sign = Callable[[bytes], bytes]
"""message -> 64-byte Ed25519 signature; the key lives with the caller."""
Verify = Callable[[bytes, bytes], bool]
"""(message, signature) -> is it the key holder's?"""


class Signed(Message, frozen=True):
    payload: Annotated[bytes, Meta(max_length=1024 * 1024)]
    signature: Signature


def sign(domain: bytes, message: Message, key: Sign) -> Signed:
    payload = pack(message)
    return Signed(payload, key(domain + payload))


def open_signed(domain: bytes, signed: Signed, kind: type[M], verify: Verify) -> M:
    """The payload, once its signature holds. Raises ProtocolError(BAD_SIGNATURE | MALFORMED)."""
    if not verify(domain + signed.payload, signed.signature):
        raise ProtocolError(Code.BAD_SIGNATURE, domain.decode("ascii"))
    return unpack(signed.payload, kind)


class Certificate(Message, frozen=True):
    """The regency's word that this key is the village's box. `serial` counts the enrolments of a village."""

    village: Village
    serial: Seq
    public_key: PublicKey
    issued_ms: Millis


class Anchor(Message, frozen=True):
    """A point in the centre's history that an op can cite: 'written after this'. `root` covers all log heads."""

    timeline: Id
    seq: Seq
    at_ms: Millis
    root: Hash
    prev_hash: Annotated[bytes, Meta(max_length=32)]


class Receipt(Message, frozen=True):
    """The centre's signed word that it durably holds a log up to a position, and since when."""

    village: Village
    position: Position
    received_ms: Millis
    timeline: Id


class Mark(Message, frozen=True):
    """What the box last told a clerk, kept outside its database (design: the mark file)."""

    position: Position
    numbers: Annotated[list[NumberHigh], Meta(max_length=4096)]


class Cursors(Message, frozen=True):
    """How far a box has stored and applied each feed, and of which timeline. An empty timeline: nothing yet."""

    timeline: Annotated[bytes, Meta(max_length=16)]
    village_stored: Seq
    village_applied: Seq
    regency_stored: Seq
    regency_applied: Seq


class EnrolRequest(Message, frozen=True):
    token: Word
    public_key: PublicKey
    fingerprint: Annotated[bytes, Meta(max_length=32)]
    village: Village  # as in the box's settings: another village's token, typed here by mistake, must stay unused


class LogHead(Message, frozen=True):
    """One log of a village as the centre holds it.

    `relation` to the head the box presented: `known` (same history, one may be longer), `fork` (the centre holds
    another op at that place), `other` (a log the box did not present).
    """

    epoch: Seq
    head: Position
    relation: Word


class EnrolReply(Message, frozen=True):
    certificate: Signed
    central_key: PublicKey
    timeline: Id
    logs: Annotated[list[LogHead], Meta(max_length=LOGS_MAX)]
    numbers: Annotated[list[NumberHigh], Meta(max_length=4096)]
    is_agenda_needed: bool  # another machine may have numbered letters that the centre has not heard of


class Hello(Message, frozen=True):
    """Payload of `POST /v1/hello`, signed by the box under HELLO."""

    version_min: int
    version_max: int
    village: Village
    certificate: Signed
    logs: Annotated[list[Position], Meta(max_length=LOGS_MAX)]  # heads of the box's logs, oldest first
    mark: Mark | None
    receipt: Signed | None  # the newest acknowledgement the box holds
    cursors: Cursors
    nonce: Nonce  # from the previous welcome; empty at the first hello after an enrolment
    challenge: Nonce  # from a welcome with directive `again`: proves that a living machine asks, not a late duplicate
    boot_id: Annotated[bytes, Meta(max_length=8)]
    fingerprint: Annotated[bytes, Meta(max_length=32)]
    clock_ms: Millis
    health: Health
    software: Word


class Directive:
    """What the centre tells a box at hello; the closed set is explained in docs/protocol.md."""

    OK = "ok"
    SEND_FROM = "send_from"
    PULL_OWN_LOG = "pull_own_log"
    NEW_LOG = "new_log"
    FORK = "fork"
    AGAIN = "again"
    DUPLICATE = "duplicate"
    TOO_OLD = "too_old"
    TOO_NEW = "too_new"
    WAIT = "wait"


class Welcome(Message, frozen=True):
    """Payload of the answer to a hello, signed by the centre under WELCOME. `request` is SHA-256 of the hello's payload."""

    request: Hash
    version: int
    directive: Word
    session: Annotated[bytes, Meta(max_length=32)]
    nonce: Nonce
    challenge: Nonce
    timeline: Id
    anchor: Signed
    logs: Annotated[list[LogHead], Meta(max_length=LOGS_MAX)]
    numbers: Annotated[list[NumberHigh], Meta(max_length=4096)]
    spread_seconds: int
    retry_seconds: int
    central_ms: Millis


class Append(Message, frozen=True):
    """Ops that continue `after`. `receipts` prove an earlier receipt, when a restored centre gets ops again."""

    after: Position
    headers: Annotated[list[bytes], Meta(max_length=BATCH_OPS_MAX)]
    bodies: Annotated[list[bytes], Meta(max_length=BATCH_OPS_MAX)]
    signature: Signature  # of the new head, see ops.head_message
    receipts: Annotated[list[Signed], Meta(max_length=256)] = []


class Appended(Message, frozen=True):
    """The acknowledgement: only for what was compared and durably committed."""

    position: Position
    receipt: Signed
    anchor: Signed


class AttachmentSent(Message, frozen=True):
    """A picture, and where the op stands that names it. Empty `content` asks whether the centre holds it."""

    at: Position
    content: bytes


class AttachmentHeld(Message, frozen=True):
    """What the centre durably holds under this name: all of it, or nothing (`size` 0)."""

    sha256: Hash
    size: Number


class FeedReply(Message, frozen=True):
    timeline: Id
    anchor: Signed
    village: Annotated[list[Item], Meta(max_length=ITEMS_MAX)]
    regency: Annotated[list[Item], Meta(max_length=ITEMS_MAX)]
    village_head: Seq
    regency_head: Seq


class Manifest(Message, frozen=True):
    """What a feed's whole state is made of, signed by the centre under MANIFEST."""

    feed: Word
    village: Annotated[str, Meta(max_length=10)]  # empty for the regency's feed
    timeline: Id
    seq: Seq
    digest: Hash
    chunks: Annotated[list[Hash], Meta(max_length=16_384)]


class SnapshotReply(Message, frozen=True):
    """Body of a 409 `snapshot`: the manifests of the feeds that must be fetched whole."""

    code: Word
    anchor: Signed
    manifests: Annotated[list[Signed], Meta(max_length=2)]


class Chunk(Message, frozen=True):
    """A part of a snapshot; named by the SHA-256 of its frame."""

    states: Annotated[list[State], Meta(max_length=BATCH_OPS_MAX)]


class FilePart(Message, frozen=True):
    """A part of a file; named by the SHA-256 of its frame, and asked for like a snapshot's chunk."""

    content: Annotated[bytes, Meta(min_length=1, max_length=PART_BYTES_MAX)]


class LogReply(Message, frozen=True):
    """The box's own ops back. `after` repeats the request's place with the centre's hash there."""

    epoch: Seq
    after: Position
    headers: Annotated[list[bytes], Meta(max_length=BATCH_OPS_MAX)]
    bodies: Annotated[list[bytes], Meta(max_length=BATCH_OPS_MAX)]
    has_more: bool


class Failure(Message, frozen=True):
    """Body of every answer that is not a success. `detail` is for operators; it never carries personal data."""

    code: Word
    detail: Line
    retry_seconds: int
    position: Position | None = None


def anchor_hash(anchor_payload: bytes) -> bytes:
    """The hash an op cites: of the signed anchor's payload under its domain."""
    return sha256(ANCHOR + anchor_payload).digest()
