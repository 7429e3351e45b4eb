"""What the centre says: feed items, their running digest, and the values they carry.

Two feeds reach a village: its own (decisions, notices) and the regency's (schemes, exclusion rules, cycles). Each is
dense: item n+1 follows item n, in the order in which the centre committed them. An item with a key that was seen
before replaces the earlier value. The digest over the current values lets each side prove it holds the same.
"""

from hashlib import sha256
from typing import Annotated

import msgspec
from msgspec import Meta

from protocol.codec import Message
from protocol.ops import Date, Hash, Id, Line, Millis, Number, Seq, Text, Village, Word

VILLAGE = "village"
REGENCY = "regency"
FEEDS = (VILLAGE, REGENCY)

ITEMS_MAX = 1_000
"""Items in one reply: at most a few hundred kilobytes, a few seconds of a thin line."""
CHUNK_BYTES_MAX = 256 * 1024
"""A snapshot's chunk before compression: what a thin line carries in seconds, so that a cut loses little."""
PART_BYTES_MAX = 128 * 1024
"""A part of a file: half of a chunk, so that it fits whatever the compression does not gain, and a cut loses seconds."""
RESULT_BYTES_MAX = 2 * 1024 * 1024
"""A scanned page or a few; the line of a village carries it in half a minute."""
RESULT_PARTS_MAX = RESULT_BYTES_MAX // PART_BYTES_MAX

_MODULUS = 1 << 256
_ITEM = b"kampung/item/1"
_REVOCATIONS = b"kampung/revocations/1"
_LETTER_TEXT = b"kampung/letter-text/1"


class Item(Message, frozen=True):
    """One step of a feed. `digest` is the running digest after it (see `add`, `replace`)."""

    seq: Seq
    kind: Word
    critical: bool
    key: Annotated[bytes, Meta(min_length=1, max_length=80)]
    value: Annotated[bytes, Meta(max_length=64 * 1024)]
    digest: Hash


class State(Message, frozen=True):
    """The current value of one key, as a snapshot carries it."""

    seq: Seq
    kind: Word
    critical: bool
    key: Annotated[bytes, Meta(min_length=1, max_length=80)]
    value: Annotated[bytes, Meta(max_length=64 * 1024)]


EMPTY_DIGEST = bytes(32)


def weight(key: bytes, value: bytes) -> int:
    """What one current (key, value) adds to the digest."""
    return int.from_bytes(sha256(b"".join((_ITEM, len(key).to_bytes(2, "big"), key, value))).digest(), "big")


def replace(digest: bytes, key: bytes, old: bytes | None, new: bytes | None) -> bytes:
    """The digest after `key` changed from `old` to `new` (None: absent)."""
    return shift(digest, 0 if old is None else weight(key, old), 0 if new is None else weight(key, new))


def shift(digest: bytes, less: int, more: int) -> bytes:
    """The digest after one weight went and another came. Sum modulo 2^256, so order does not matter."""
    return ((int.from_bytes(digest, "big") - less + more) % _MODULUS).to_bytes(32, "big")


class Evidence(Message, frozen=True):
    """One fact a decision rests on: which scheme or proposal, its months, where and as of when. Never another person's data."""

    kind: Word  # coverage | proposal | cycle | nik
    scheme: Word
    period: Word
    place: Line
    as_of: Date
    reference: Annotated[bytes, Meta(max_length=32)]  # record id or source row digest, for the auditor


class Decision(Message, frozen=True):
    """The centre's answer on one proposal. Key: the proposal's record id."""

    proposal: Id
    outcome: Word  # accepted | rejected | needs_review | withdrawn
    code: Word  # reason code; empty when accepted
    sentence: Text  # what the clerk reads aloud, in Indonesian
    next_step: Word
    next_sentence: Text
    objection_until: Date
    scheme: Word
    cycle: Word
    period: Word
    rule: Line  # the rule that decided, with its legal basis
    evidence: Annotated[list[Evidence], Meta(max_length=32)]
    facts_hash: Hash
    is_final: bool
    decided_ms: Millis


class Cycle(Message, frozen=True):
    """One round of a scheme. Months are counted 12 * year + month - 1; times are milliseconds since 1970. Key: its code."""

    code: Word
    scheme: Word
    name: Line
    month_from: Number
    month_until: Number
    opens_ms: Millis
    closes_ms: Millis
    objection_days: Number


class Quarantined(Message, frozen=True):
    """An op of this village that the centre stores but cannot read or apply. Key: its record id."""

    record: Id
    seq: Seq
    reason: Word


class NumberClash(Message, frozen=True):
    """One letter number on two records. Key: the later record's id."""

    series: Word
    year: Number
    number: Number
    first_record: Id
    second_record: Id


class Notice(Message, frozen=True):
    """Something the village's people must know about their own server, e.g. code `clone_suspected`. Key: the code."""

    code: Word
    at_ms: Millis


class VillageKey(Message, frozen=True):
    """A key that seals a village's letters, now or formerly. Key: `key:` and the key's id (`protocol.seal.key_id`).

    A key that was replaced still vouches for its letters; one that was revoked for those dated before that day.
    """

    village: Village
    serial: Seq
    public_key: Hash
    enrolled_ms: Millis
    revoked_ms: Millis | None


class LetterRevoked(Message, frozen=True):
    """A letter that its village declared void, at `revoked_ms` by the village's clock. Key: see `revocation_key`."""

    village: Village
    letter: Id
    revoked_ms: Millis


class Revocations(Message, frozen=True):
    """The regency's signed word: keys and revocations up to item `seq`, after which the digest was this, are all that
    the centre knew at `as_of_ms`. Key: `revocations`."""

    seq: Seq
    digest: Hash
    as_of_ms: Seq
    signature: Annotated[bytes, Meta(min_length=64, max_length=64)]


def revocation_key(village: str, letter: bytes) -> bytes:
    """Village and letter: no village can take another's letter back, nor speak over its words."""
    return b"void:" + village.encode("ascii") + letter


def revocations_message(seq: int, digest: bytes, as_of_ms: int) -> bytes:
    """What the centre signs in a `Revocations`."""
    return b"".join((_REVOCATIONS, seq.to_bytes(8, "big"), digest, as_of_ms.to_bytes(8, "big")))


class LetterEdition(Message, frozen=True):
    """One version of a letter kind as the regency publishes it: its row, its questions and its text (`letter_kinds`).

    Key: see `letter_edition_key`. A version that was published is never said otherwise; a change is the next version.
    Signed by itself, so that it stays the regency's word wherever it is kept or carried.
    """

    kind: Word
    version: Number
    valid_from: Date
    is_retired: bool
    row: Annotated[str, Meta(max_length=4_000)]  # letters.csv: heading and row
    questions: Annotated[str, Meta(max_length=20_000)]  # letter_fields.csv: heading and rows
    text: Annotated[str, Meta(max_length=20_000)]
    signature: Annotated[bytes, Meta(min_length=64, max_length=64)]


LETTER_EDITION_KEYS = b"letter_edition:"


def letter_edition_key(kind: str, version: int) -> bytes:
    """Kind and version: what was said of a version cannot be replaced by another."""
    return LETTER_EDITION_KEYS + f"{kind}-{version}".encode()


def letter_edition_message(said: LetterEdition) -> bytes:
    """What the centre signs in a `LetterEdition`: all of it, each part behind its length."""
    parts = (said.kind, str(said.version), said.valid_from, "retired" if said.is_retired else "in use")
    texts = [part.encode() for part in (*parts, said.row, said.questions, said.text)]
    return _LETTER_TEXT + b"".join(len(text).to_bytes(4, "big") + text for text in texts)


class CoverageKey(Message, frozen=True):
    """The month's key of the coverage sets, sealed to the village's own box key (X25519 of its Ed25519 key, libsodium's
    sealed box). Key: "coverage_key"."""

    key_id: Id
    month: Number
    sealed: Annotated[bytes, Meta(max_length=128)]


class CoverageList(Message, frozen=True):
    """The heading of a coverage set: what its list is about, and as of when. Key: "coverage_list:" and the set's id."""

    set_id: Id
    key_id: Id
    scheme: Word
    component: Word
    first: Number
    until: Number
    as_of: Date
    parts: Annotated[int, Meta(ge=0, le=4096)]


class CoveragePart(Message, frozen=True):
    """Some of a set's digests (see `protocol.coverage`). Key: "coverage_part:", the set's id, the part as two bytes."""

    set_id: Id
    key_id: Id
    part: Number
    count: Number
    gaps: Annotated[bytes, Meta(max_length=60_000)]


class Countersign(Message, frozen=True):
    """The camat's "diketahui", and who gave it: the camat (`capacity` empty), somebody for them, or who acts as camat."""

    name: Line
    capacity: Word  # empty | a.n. | Plt.
    position: Line  # of who signs a.n., like Sekretaris Kecamatan; else empty
    rank: Line
    nip: Word  # empty where only the rank is printed


class ResultFile(Message, frozen=True):
    """The file that an agency gave back. Its bytes are those of the `parts`, one behind the other (`messages.FilePart`)."""

    sha256: Hash
    size: Annotated[int, Meta(ge=1, le=RESULT_BYTES_MAX)]
    media_type: Word  # application/pdf | image/jpeg
    parts: Annotated[list[Hash], Meta(max_length=RESULT_PARTS_MAX)]


class DossierState(Message, frozen=True):
    """How far the agency is with a dossier. Key: the dossier's record id.

    `countersign` and `result` came later, at the end: who does not know them sees a dossier that is done.
    """

    dossier: Id
    state: Word  # received | processing | done | returned
    note: Line  # the agency's words; the reason where it came back
    at_ms: Millis
    countersign: Countersign | None = None
    result: ResultFile | None = None


class Report(Message, frozen=True):
    """A resident's need as reported online, for the village to verify (op `report_verified`). Key: see `report_key`.

    What the reporter did not know is empty. `check` is what the centre found at once: uncovered or unknown; what is
    covered is told to nobody. The reporter's code is the receipt code of `report`.
    """

    report: Id
    scheme: Word
    cycle: Word
    nik: Word
    kk: Word
    name: Line
    address: Line
    need: Text
    contact: Line
    reported_for: Word  # self | neighbour
    check: Word
    received_ms: Millis


REPORT_KEYS = b"report:"


def report_key(report: bytes) -> bytes:
    """Apart from the record ids of proposals, under which decisions are said."""
    return REPORT_KEYS + report


class IdentityQuestion(Message, frozen=True):
    """Are the person of a village's own proposal and another record with that NIK one person? Asked of the village, which
    knows them (op `identity_answered`). Key: see `question_key`.

    `pair`: what `question_key` is made of. Of the other record only what helps to judge: the masked name (empty where a
    list holds none), the scheme of a list (empty for a proposal), the place. `compared`: (field, how the two relate:
    same, alike, different or missing). `answer`: how it ended (same, different, overlap_allowed by an officer, or unknown, also
    where the proposal was withdrawn first), empty while it is open.
    """

    pair: Hash
    proposal: Id
    other_name: Line
    other_scheme: Word
    other_place: Line
    compared: Annotated[list[tuple[Word, Word]], Meta(max_length=16)]
    asked_ms: Millis
    answer_by: Date
    answer: Word = ""


QUESTION_KEYS = b"question:"


def question_key(pair: bytes) -> bytes:
    return QUESTION_KEYS + pair


class ObjectionDecided(Message, frozen=True):
    """What an officer answered to an objection. Key: the objection's record id.

    A yes changes the facts; the decision that follows from them comes as an item of its own.
    """

    objection: Id
    proposal: Id
    outcome: Word  # granted | refused | settled
    reason: Text  # as it is read to the resident, in Indonesian
    at_ms: Millis


VALUES: dict[str, type[msgspec.Struct]] = {
    "decision": Decision,
    "cycle": Cycle,
    "coverage_key": CoverageKey,
    "coverage_list": CoverageList,
    "coverage_part": CoveragePart,
    "quarantined": Quarantined,
    "number_clash": NumberClash,
    "notice": Notice,
    "village_key": VillageKey,
    "letter_revoked": LetterRevoked,
    "revocations": Revocations,
    "letter_edition": LetterEdition,
    "dossier_state": DossierState,
    "report": Report,
    "identity_question": IdentityQuestion,
    "objection_decided": ObjectionDecided,
}
"""The kinds this program applies. `scheme` and `exclusions` travel with `protocol.schemes`' own types.
A kind that is not known is stored; when it is critical, applying stops there until the program is upgraded."""
