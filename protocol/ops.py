"""What a village says: ops, the hash chain that binds them into a log, and the bodies of every kind.

An op is a header and a body, both msgpack arrays, kept and hashed as the exact bytes the box wrote; nothing is ever
encoded again. `log_id`, `seq`, `prev_hash` and the digest of the body enter the hash but do not travel: both sides
compute them. The record id is the first half of the op's hash, so no body needs an id of its own.

Adding a kind or a schema: add its Struct and its line in `BODIES`; never change or remove one that was ever shipped.
"""

from collections.abc import Iterable, Sequence
from hashlib import sha256
from typing import Annotated, TypeAlias

import msgspec
from msgspec import Meta

from protocol.codec import Message, pack
from protocol.errors import Code, ProtocolError

OP_BYTES_MAX = 64 * 1024
"""Header and body of one op together; a photograph travels as an attachment, not in an op."""
HASH_BYTES = 32
ID_BYTES = 16
HEADER_VERSION = 1
"""`v` of a header. Another number would mean that the same elements say something else."""
GENESIS = bytes(HASH_BYTES)
"""The prev_hash of seq 1."""

_OP = b"kampung/op/1"
_BODY = b"kampung/body/1"
_HEAD = b"kampung/head/1"

Hash = Annotated[bytes, Meta(min_length=HASH_BYTES, max_length=HASH_BYTES)]
Id = Annotated[bytes, Meta(min_length=ID_BYTES, max_length=ID_BYTES)]
MaybeHash = Annotated[bytes, Meta(max_length=HASH_BYTES)]
"""Thirty-two bytes, or none."""
MaybeId = Annotated[bytes, Meta(max_length=ID_BYTES)]
"""Sixteen bytes, or none: 'this record starts here'."""
Word = Annotated[str, Meta(max_length=64)]
Line = Annotated[str, Meta(max_length=300)]
Text = Annotated[str, Meta(max_length=4000)]
Date = Annotated[str, Meta(max_length=10)]
"""`2021-05-17`, or empty where it is not known."""
Village = Annotated[str, Meta(min_length=10, max_length=10, pattern="^[0-9]{10}$")]
Seq = Annotated[int, Meta(ge=0, le=2**53)]
Millis = Annotated[int, Meta(ge=-(2**53), le=2**53)]
"""Milliseconds since 1970 by some clock; a box's clock may be ten years off, so negative is legal."""
Number = Annotated[int, Meta(ge=0, le=2**31)]
FORMER_KKS_MAX = 16
"""Nobody changes card more than once a year; who seems to was corrected often."""


class Position(Message, frozen=True):
    """A place in a log. A bare number is never a cursor: the hash says *which* history."""

    log_id: Id
    seq: Seq
    hash: Hash


def start_of(log_id: bytes) -> Position:
    """The place before the first op of a log."""
    return Position(log_id, 0, GENESIS)


class Header(msgspec.Struct, array_like=True, frozen=True, forbid_unknown_fields=True):
    """What the box knew about time and kind when it wrote the op. Clocks order nothing; the anchor bounds from below."""

    v: int
    kind: Word
    schema: int
    claimed_ms: Millis
    boot_id: Annotated[bytes, Meta(min_length=8, max_length=8)]
    mono_ms: Seq
    anchor_seq: Seq
    anchor_hash: Annotated[bytes, Meta(max_length=HASH_BYTES)]


class Op(msgspec.Struct, frozen=True):
    """One entry of a log, with what both sides compute."""

    log_id: bytes
    seq: int
    hash: bytes
    header: bytes
    body: bytes

    @property
    def record_id(self) -> bytes:
        return self.hash[:ID_BYTES]

    @property
    def position(self) -> Position:
        return Position(self.log_id, self.seq, self.hash)


def op_hash(log_id: bytes, seq: int, prev_hash: bytes, header: bytes, body: bytes) -> bytes:
    """SHA-256 over domain, log, place, predecessor, digest of the body, header: all fixed-size but the last."""
    digest = sha256(_BODY + body).digest()
    return sha256(b"".join((_OP, log_id, seq.to_bytes(8, "big"), prev_hash, digest, header))).digest()


def make_op(after: Position, header: bytes, body: bytes) -> Op:
    """The op that follows a position."""
    if len(header) + len(body) > OP_BYTES_MAX:
        raise ProtocolError(Code.TOO_LARGE, f"op of {len(header) + len(body)} bytes")
    seq = after.seq + 1
    return Op(after.log_id, seq, op_hash(after.log_id, seq, after.hash, header, body), header, body)


def chain(after: Position, headers: Sequence[bytes], bodies: Sequence[bytes]) -> list[bytes]:
    """The hashes of a batch that continues a position. One tight loop: it is the cost of verifying a backlog."""
    if len(headers) != len(bodies):
        raise ProtocolError(Code.MALFORMED, "headers and bodies differ in number")
    hashes: list[bytes] = []
    prefix, prev, seq = _OP + after.log_id, after.hash, after.seq
    for header, body in zip(headers, bodies, strict=True):
        if len(header) + len(body) > OP_BYTES_MAX:
            raise ProtocolError(Code.TOO_LARGE, f"op of {len(header) + len(body)} bytes")
        seq += 1
        prev = sha256(prefix + seq.to_bytes(8, "big") + prev + sha256(_BODY + body).digest() + header).digest()
        hashes.append(prev)
    return hashes


def head_message(village: str, head: Position) -> bytes:
    """What a box signs with each append: this village stands at this head."""
    return b"".join((_HEAD, village.encode("ascii"), head.log_id, head.seq.to_bytes(8, "big"), head.hash))


# --- bodies: the first element of each is a random salt, so that a digest tells nothing about a short body ------------


class Body(msgspec.Struct, array_like=True, frozen=True, forbid_unknown_fields=True):
    salt: Id  # not kw_only: msgspec would move it to the end of the array


class NumberHigh(Message, frozen=True):
    """The highest letter number used in a series and year."""

    series: Word
    year: Number
    number: Number


class Subject(Message, frozen=True):
    """The resident as the letter prints them: a copy, so that a later correction alters no issued letter."""

    resident: MaybeId
    nik: Word
    kk: Word
    name: Line
    birth_place: Line
    birth_date: Date
    sex: Word
    religion: Word
    marital_status: Word
    occupation: Line
    address: Line
    rt: Word
    rw: Word


class Letterhead(Message, frozen=True):
    """The office as its letter names it, copied for the same reason. `village_kind`: desa or kelurahan."""

    regency: Line
    district: Line
    village: Line
    village_kind: Word
    address: Line
    postcode: Word
    phone: Word
    email: Line


class LogOpened(Body, frozen=True):
    """Always the first op of a log. `how` is one of first, restored, replaced, fork."""

    parent: Position | None
    numbers: Annotated[list[NumberHigh], Meta(max_length=4096)]
    how: Word


class NumbersConfirmed(Body, frozen=True):
    """After a loss: the highest numbers as a person read them from the paper agenda (how=agenda) or the centre's (central)."""

    numbers: Annotated[list[NumberHigh], Meta(max_length=4096)]
    how: Word
    actor: Word


class ResidentRecorded(Body, frozen=True):
    """A resident as registered (`resident` empty) or as corrected (`resident` = record id of the first registration)."""

    resident: MaybeId
    nik: Word
    kk: Word
    name: Line
    birth_place: Line
    birth_date: Date
    sex: Word
    mother: Line
    father: Line
    religion: Word
    marital_status: Word
    occupation: Line
    relation: Word
    address: Line
    hamlet: Line
    rt: Word
    rw: Word
    actor: Word


class ResidentEvent(Body, frozen=True):
    """What happened to a resident on record: born, died, moved_out, moved_in; or `withdrawn`: the event `withdraws` was
    written by mistake. `place`: where, where to or where from; `reference`: the paper it rests on."""

    resident: Id
    event: Word
    happened_on: Date
    place: Line
    reference: Line
    note: Line
    withdraws: MaybeId
    actor: Word


class LetterIssued(Body, frozen=True):
    """A letter that left the desk with its number. `fields` are (key, value) pairs of the kind's own questions."""

    kind: Word
    series: Word
    year: Number
    number: Number
    printed_number: Line
    issued_on: Date
    valid_until: Date
    subject: Subject
    fields: Annotated[list[tuple[Word, Text]], Meta(max_length=32)]
    signer_name: Line
    signer_title: Line
    signer_nip: Word
    letterhead: Letterhead
    text_version: Number
    actor: Word


class LetterVoided(Body, frozen=True):
    letter: Id
    reason: Line
    actor: Word


class NumbersVoided(Body, frozen=True):
    """Numbers `first` to `last` that carry no letter, and why: a gap exists only as such a row."""

    series: Word
    year: Number
    first: Number
    last: Number
    reason: Line
    actor: Word


class ProposalMade(Body, frozen=True):
    """The village asks for aid for a person (and through the family card, for a household) in one cycle."""

    scheme: Word
    cycle: Word
    nik: Word
    kk: Word
    name: Line
    birth_date: Date
    sex: Word
    mother: Line
    address: Line
    rt: Word
    rw: Word
    note: Line
    actor: Word


class ProposalWithAnswers(ProposalMade, frozen=True):
    """The same with the scheme's own questions, what the counter's check said, and the deliberation that agreed to it.

    `fields` are (key, answer) pairs. `check`: clear, overlap or unknown; `check_as_of`: the oldest list it rests on.
    """

    fields: Annotated[list[tuple[Word, Line]], Meta(max_length=32)]
    check: Word
    check_as_of: Date
    deliberation: MaybeId


class ProposalFromReport(ProposalWithAnswers, frozen=True):
    """The same for a person whom the village found worthy when it verified the online report of this id."""

    report: Id


class ProposalWithFormer(ProposalWithAnswers, frozen=True):
    """The same with the other family cards this person was on and the month (12 * year + month - 1) each was left, the last
    to be left first. `report`: the online report it follows from; empty for none.

    Written only where there are such cards, so that a centre that is behind still reads most proposals.
    """

    report: MaybeId
    former_kks: Annotated[list[tuple[Word, Number]], Meta(max_length=FORMER_KKS_MAX)]


class DeliberationHeld(Body, frozen=True):
    """The village's meeting (`kind`: musdes or muskel) that agreed on proposals of these cycles, as its minutes say."""

    kind: Word
    number: Line
    held_on: Date
    place: Line
    chair: Line
    attendance: Number
    cycles: Annotated[list[Word], Meta(max_length=32)]
    summary: Text
    actor: Word


class ObjectionMade(Body, frozen=True):
    """A resident contests the answer on a proposal: why, and what they brought to show for it."""

    proposal: Id
    grounds: Text
    evidence: Line
    actor: Word


class ReportVerified(Body, frozen=True):
    """What the village found when it visited whom an online report (`protocol.feed.Report`) is about.

    `finding`: worthy, unworthy, not_found, moved or deceased. Of several on one report the newest stands.
    """

    report: Id
    visited_on: Date
    visitor: Line
    finding: Word
    note: Line
    actor: Word


class IdentityAnswered(Body, frozen=True):
    """What the village says to the regency's question `pair` (`protocol.feed.IdentityQuestion`) about its proposal.

    `answer`: same, different or unknown; `how`: papers, visit or known. Of several on one question the newest stands.
    """

    pair: Hash
    proposal: Id
    answer: Word
    how: Word
    note: Line
    actor: Word


class StatusPinGiven(Body, frozen=True):
    """Somebody who showed who they are got a PIN to ask how their proposal stands. The newest of a proposal holds.

    `verifier`: `protocol.receipts.pin_verifier` under this body's salt; the PIN itself is kept nowhere.
    """

    proposal: Id
    verifier: Hash
    actor: Word


class ProposalWithdrawn(Body, frozen=True):
    proposal: Id
    reason: Line
    actor: Word


class IncomingRegistered(Body, frozen=True):
    """A letter that came in, as entered in the agenda (`incoming` empty) or as corrected (`incoming` = first record's id).

    It takes its number in a series of its own, by the rules of `LetterIssued`; a correction keeps it.
    """

    incoming: MaybeId
    series: Word
    year: Number
    number: Number
    received_on: Date
    sender: Line
    their_number: Line
    dated: Date
    subject: Line
    disposition: Line
    actor: Word


class LetterHandedOver(Body, frozen=True):
    """A letter left the office: for whom, and who took it. One letter may go out more than once."""

    letter: Id
    handed_on: Date
    recipient: Line
    received_by: Line
    actor: Word


class RequestOpened(Body, frozen=True):
    """A resident asks for a letter. `source`: counter or kiosk; `queue`: the day's number at the kiosk, 0 at the counter."""

    kind: Word
    resident: MaybeId
    source: Word
    queue: Number
    fields: Annotated[list[tuple[Word, Text]], Meta(max_length=32)]
    actor: Word


class RequestPaper(Message, frozen=True):
    """What will be printed, fixed when it was verified: exactly this is approved, signed and issued."""

    subject: Subject
    fields: Annotated[list[tuple[Word, Text]], Meta(max_length=32)]
    text_version: Number


class RequestSigner(Message, frozen=True):
    """Who signs, as the letter will print it."""

    name: Line
    title: Line
    nip: Word


class RequestMoved(Body, frozen=True):
    """One step of a request. `move`: verify, approve, sign, issue, hand_over, reject or close.

    `paper` comes with verify, `signer` with verify (a pen will sign) or sign (a login did), `letter` with issue.
    """

    request: Id
    move: Word
    paper: RequestPaper | None
    signer: RequestSigner | None
    letter: MaybeId
    reason: Line
    actor: Word


class AttachmentAdded(Body, frozen=True):
    """A photograph of a document: it lies beside the letter, request or proposal of record id `about`, or beside the
    online report of that id.

    `label`: which document it shows. The picture itself is no part of the log: `sha256` and `size` (bytes) name it, and
    it travels by itself (docs/protocol.md, attachments).
    """

    about: Id
    label: Line
    sha256: Hash
    size: Number
    media_type: Word
    actor: Word


class AttachmentRemoved(Body, frozen=True):
    """The photograph of record id `attachment` does not stand any more, and why."""

    attachment: Id
    reason: Line
    actor: Word


class CardBound(Body, frozen=True):
    """A clerk saw resident and e-KTP together: the card stands for them at the kiosk. Empty `card`: none does any more.

    `card` is SHA-256("kampung/card/1" followed by the number that a reader types): enough to know it again.
    """

    resident: Id
    card: MaybeHash
    actor: Word


class DossierSent(Body, frozen=True):
    """An issued letter on its way to the agency of its kind. `former`: the dossier that came back and that this one
    takes the place of; empty for the first.

    `title` and `labels` are the letter's title and the wording of its questions, (key, label) pairs, so that the agency
    reads the letter without the village's catalogue; the answers stand in the letter alone. `documents`: what lies beside.
    """

    letter: Position
    former: MaybeId
    agency: Word
    title: Line
    labels: Annotated[list[tuple[Word, Line]], Meta(max_length=32)]
    documents: Annotated[list[Line], Meta(max_length=32)]
    note: Line
    actor: Word


AnyBody: TypeAlias = (
    LogOpened
    | NumbersConfirmed
    | ResidentRecorded
    | LetterIssued
    | LetterVoided
    | NumbersVoided
    | ProposalMade
    | ProposalWithAnswers
    | ProposalFromReport
    | ProposalWithFormer
    | ProposalWithdrawn
    | ResidentEvent
    | IncomingRegistered
    | LetterHandedOver
    | DeliberationHeld
    | ObjectionMade
    | ReportVerified
    | IdentityAnswered
    | StatusPinGiven
    | RequestOpened
    | RequestMoved
    | AttachmentAdded
    | AttachmentRemoved
    | CardBound
    | DossierSent
)

BODIES: dict[tuple[str, int], type[Body]] = {
    ("log_opened", 1): LogOpened,
    ("numbers_confirmed", 1): NumbersConfirmed,
    ("resident_recorded", 1): ResidentRecorded,
    ("letter_issued", 1): LetterIssued,
    ("letter_voided", 1): LetterVoided,
    ("numbers_voided", 1): NumbersVoided,
    ("proposal_made", 1): ProposalMade,
    ("proposal_withdrawn", 1): ProposalWithdrawn,
    ("resident_event", 1): ResidentEvent,
    ("incoming_registered", 1): IncomingRegistered,
    ("letter_handed_over", 1): LetterHandedOver,
    ("proposal_made", 2): ProposalWithAnswers,
    ("deliberation_held", 1): DeliberationHeld,
    ("objection_made", 1): ObjectionMade,
    ("request_opened", 1): RequestOpened,
    ("request_moved", 1): RequestMoved,
    ("attachment_added", 1): AttachmentAdded,
    ("attachment_removed", 1): AttachmentRemoved,
    ("card_bound", 1): CardBound,
    ("dossier_sent", 1): DossierSent,
    ("proposal_made", 3): ProposalFromReport,
    ("report_verified", 1): ReportVerified,
    ("identity_answered", 1): IdentityAnswered,
    ("status_pin_given", 1): StatusPinGiven,
    ("proposal_made", 4): ProposalWithFormer,
}
"""Every kind and schema ever shipped stays here: a record written ten years ago must still be readable."""

KINDS: dict[type[Body], tuple[str, int]] = {body: key for key, body in BODIES.items()}
"""The newest schema in which each kind is written."""

_DECODERS = {key: msgspec.msgpack.Decoder(body) for key, body in BODIES.items()}
_HEADERS = msgspec.msgpack.Decoder(Header)
_UNDECODABLE = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError)
"""All that reading hostile bytes can raise; the last from thousands of nested arrays in one op."""


class Unreadable(ValueError):
    """A stored op that this program cannot read. `reason` is one of bad_header, unknown_kind, future_schema, bad_body."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def read_header(header: bytes) -> Header:
    """Raises Unreadable('bad_header' | 'future_schema')."""
    try:
        read = _HEADERS.decode(header)
    except _UNDECODABLE as error:
        raise Unreadable("bad_header") from error
    if read.v != HEADER_VERSION:
        raise Unreadable("future_schema")
    return read


def read_body(header: Header, body: bytes) -> AnyBody:
    """The typed body. Raises Unreadable: the op stays stored, and its village is told by the feed."""
    decoder = _DECODERS.get((header.kind, header.schema))
    if decoder is None:
        known = any(kind == header.kind for kind, _ in BODIES)
        raise Unreadable("future_schema" if known else "unknown_kind")
    try:
        return decoder.decode(body)  # type: ignore[return-value]
    except _UNDECODABLE as error:
        raise Unreadable("bad_body") from error


def read_op(op: Op) -> tuple[Header, AnyBody]:
    header = read_header(op.header)
    return header, read_body(header, op.body)


def write_body(body: AnyBody) -> tuple[str, int, bytes]:
    """Kind, schema and bytes of a body, in the newest schema."""
    kind, schema = KINDS[type(body)]
    return kind, schema, pack(body)


def highest(numbers: Iterable[NumberHigh]) -> dict[tuple[str, int], int]:
    """The highest number per (series, year)."""
    high: dict[tuple[str, int], int] = {}
    for n in numbers:
        high[n.series, n.year] = max(n.number, high.get((n.series, n.year), 0))
    return high


def number_list(high: dict[tuple[str, int], int]) -> list[NumberHigh]:
    """The same in wire form, in a fixed order."""
    return [NumberHigh(series, year, number) for (series, year), number in sorted(high.items())]
