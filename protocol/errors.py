"""The closed set of error codes on the road, and what a box does about each.

A *refusal* by the rules is an ordinary value elsewhere; what stands here is a conversation gone wrong. Every code has
a cure in `docs/protocol.md`; a test compares the two lists.
"""

from enum import StrEnum


class Code(StrEnum):
    """Why the centre would not take a request. The wire carries the text, never a number that could be reused."""

    MALFORMED = "malformed"
    TOO_LARGE = "too_large"
    UNSUPPORTED = "unsupported"
    BAD_TOKEN = "bad_token"  # noqa: S105 - a code, not a secret
    UNKNOWN_BOX = "unknown_box"
    REVOKED = "revoked"
    BAD_SIGNATURE = "bad_signature"
    SUPERSEDED = "superseded"
    WRONG_VILLAGE = "wrong_village"
    GAP = "gap"
    FORK = "fork"
    SEALED = "sealed"
    PARENT_MISSING = "parent_missing"
    UNKNOWN_LOG = "unknown_log"
    UNKNOWN_CHUNK = "unknown_chunk"
    UNKNOWN_ATTACHMENT = "unknown_attachment"
    SNAPSHOT = "snapshot"
    BUSY = "busy"
    INTERNAL = "internal"


class Remedy(StrEnum):
    """What the box does next."""

    GREET = "greet"  # say hello again and compare heads
    WAIT = "wait"  # the same request later
    HALT = "halt"  # stop and tell a human
    SNAPSHOT = "snapshot"  # fetch the whole feed state


STATUS: dict[Code, int] = {
    Code.MALFORMED: 400,
    Code.TOO_LARGE: 413,
    Code.UNSUPPORTED: 415,
    Code.BAD_TOKEN: 403,
    Code.UNKNOWN_BOX: 403,
    Code.REVOKED: 403,
    Code.BAD_SIGNATURE: 403,
    Code.SUPERSEDED: 412,
    Code.WRONG_VILLAGE: 403,
    Code.GAP: 409,
    Code.FORK: 409,
    Code.SEALED: 409,
    Code.PARENT_MISSING: 409,
    Code.UNKNOWN_LOG: 404,
    Code.UNKNOWN_CHUNK: 404,
    Code.UNKNOWN_ATTACHMENT: 404,
    Code.SNAPSHOT: 409,
    Code.BUSY: 503,
    Code.INTERNAL: 500,
}
"""The HTTP status each code travels under."""

REMEDY: dict[Code, Remedy] = {
    Code.MALFORMED: Remedy.HALT,
    Code.TOO_LARGE: Remedy.WAIT,
    Code.UNSUPPORTED: Remedy.HALT,
    Code.BAD_TOKEN: Remedy.HALT,
    Code.UNKNOWN_BOX: Remedy.HALT,
    Code.REVOKED: Remedy.HALT,
    Code.BAD_SIGNATURE: Remedy.HALT,
    Code.SUPERSEDED: Remedy.GREET,
    Code.WRONG_VILLAGE: Remedy.HALT,
    Code.GAP: Remedy.GREET,
    Code.FORK: Remedy.GREET,
    Code.SEALED: Remedy.GREET,
    Code.PARENT_MISSING: Remedy.GREET,
    Code.UNKNOWN_LOG: Remedy.GREET,
    Code.UNKNOWN_CHUNK: Remedy.SNAPSHOT,
    Code.UNKNOWN_ATTACHMENT: Remedy.WAIT,
    Code.SNAPSHOT: Remedy.SNAPSHOT,
    Code.BUSY: Remedy.WAIT,
    Code.INTERNAL: Remedy.WAIT,
}
"""HALT means: another try with the same bytes cannot succeed, a human must look."""


class ProtocolError(Exception):
    """A request or reply that breaks the protocol. `detail` is for operators and never carries personal data."""

    def __init__(self, code: Code, detail: str = "", *, retry_seconds: int = 0) -> None:
        super().__init__(f"{code}: {detail}" if detail else str(code))
        self.code = code
        self.detail = detail
        self.retry_seconds = retry_seconds
