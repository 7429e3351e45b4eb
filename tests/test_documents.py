"""docs/protocol.md tells the truth: its tables are read and compared with the code, field by field and code by code."""

import re
import types
import zlib
from enum import Enum
from hashlib import sha256
from pathlib import Path
from typing import Annotated, Any, Union, cast, get_args, get_origin, get_type_hints

import msgspec
import pytest

from agent.sync import PUT_OFF_SECONDS
from central import enrolment, ingest
from central.web.sync import Door, Wakeups
from protocol import VERSION, codec, errors, feed, messages, ops, parcel, schemes, seal, session
from protocol.codec import Message
from protocol.dictionary import DICTIONARY
from protocol.errors import REMEDY, STATUS, Code
from protocol.messages import Directive
from protocol.ops import BODIES

ROOT = Path(__file__).parent.parent
PROTOCOL = (ROOT / "docs" / "protocol.md").read_text(encoding="utf-8")
GOLDEN = ROOT / "tests" / "fixtures" / "wire" / "v1"

MODULES = (ops, messages, feed, schemes, parcel)
WIRE_TYPES = {
    kind.__name__: kind
    for module in MODULES
    for kind in vars(module).values()
    if isinstance(kind, type)
    and issubclass(kind, Message | ops.Body | ops.Header)
    and kind not in (Message, ops.Body)
    and kind.__module__ == module.__name__
}

# --- reading the document ---------------------------------------------------------------------------------------------


def section(heading: str) -> str:
    """The text under a heading, up to the next heading of any depth."""
    found = re.search(rf"^#+ {re.escape(heading)}\n(.*?)(?=^#|\Z)", PROTOCOL, re.MULTILINE | re.DOTALL)
    assert found, f"docs/protocol.md has no heading {heading!r}"
    return found[1]


def table(heading: str) -> list[list[str]]:
    """The rows of the table under a heading, without its head; code marks taken off."""
    rows = [line for line in section(heading).splitlines() if line.startswith("|")]
    assert len(rows) > 2, f"no table under {heading!r}"
    return [[cell.strip().strip("`") for cell in line.strip("|").split("|")] for line in rows[2:]]


# --- the code's own words ---------------------------------------------------------------------------------------------


def type_text(kind: Any, limits: msgspec.Meta | None = None) -> str:
    """How the document writes a field's type and limits."""
    origin, arguments = get_origin(kind), get_args(kind)
    if kind == ops.Village:
        return "text 10 digits"
    if origin is Annotated:
        return type_text(arguments[0], next(a for a in arguments[1:] if isinstance(a, msgspec.Meta)))
    if origin in (Union, types.UnionType):
        return " or ".join("nil" if a is type(None) else type_text(a) for a in arguments)
    if origin is list or (origin is tuple and arguments[-1] is Ellipsis):
        most = f" ≤ {limits.max_length}" if limits and limits.max_length else ""
        return f"list{most} of {type_text(arguments[0])}"
    if origin is tuple:
        return "[" + ", ".join(type_text(a) for a in arguments) + "]"
    if issubclass(kind, Enum):
        return "text: " + ", ".join(member.value for member in kind)
    if issubclass(kind, msgspec.Struct):
        return kind.__name__
    return {str: "text", bytes: "bytes", int: "int", bool: "bool"}[kind] + _range(limits)


def _range(limits: msgspec.Meta | None) -> str:
    if limits is None:
        return ""
    if limits.ge is not None:
        return f" {_power(limits.ge)}…{_power(limits.le)}"
    if limits.min_length == limits.max_length:
        return f" {limits.max_length}"
    return f" {limits.min_length}–{limits.max_length}" if limits.min_length else f" ≤ {limits.max_length}"


def _power(number: Any) -> str:
    return {2**53: "2^53", -(2**53): "-2^53", 2**31: "2^31"}.get(number, str(number))


def fields_of(kind: type[msgspec.Struct]) -> list[tuple[str, str, str]]:
    hints = get_type_hints(kind, include_extras=True)
    return [(str(n), name, type_text(hints[name])) for n, name in enumerate(kind.__struct_fields__)]


# --- the comparisons --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", sorted(WIRE_TYPES))
def test_every_type_has_its_table_of_fields(name: str) -> None:
    rows = [(row[0], row[1], row[2]) for row in table(name)]
    assert rows == fields_of(WIRE_TYPES[name])
    assert all(row[3] for row in table(name)), "every field is explained"


def test_no_table_describes_a_type_that_is_gone() -> None:
    headings = re.findall(r"^#+ ([A-Z][A-Za-z]+)\n", PROTOCOL, re.MULTILINE)
    described = {heading for heading in headings if "| # | field |" in section(heading)}
    assert described == set(WIRE_TYPES)


def test_error_codes() -> None:
    rows = table("Error codes")
    assert [row[0] for row in rows] == [str(code) for code in Code]
    for code, status, remedy, cause, cure in rows:
        assert int(status) == STATUS[Code(code)], code
        assert remedy == REMEDY[Code(code)], code
        assert cause
        assert cure


def test_directives() -> None:
    words = [value for name, value in vars(Directive).items() if name.isupper()]
    rows = table("Directives")
    assert [row[0] for row in rows] == words
    assert all(len(row) == 4 and all(row) for row in rows)


def test_op_kinds() -> None:
    assert [(row[0], int(row[1]), row[2]) for row in table("Op kinds")] == [
        (kind, schema, body.__name__) for (kind, schema), body in BODIES.items()
    ]


def test_reasons_for_an_unreadable_op() -> None:
    assert {row[0] for row in table("Ops that cannot be read")} == {
        "bad_header",
        "unknown_kind",
        "future_schema",
        "bad_body",
    }


def test_feed_values() -> None:
    known = feed.VALUES | {"scheme": schemes.Scheme, "exclusions": schemes.RuleSet}
    assert {row[1]: row[2] for row in table("Kinds of items")} == {kind: v.__name__ for kind, v in known.items()}


def test_phases() -> None:
    assert [row[0] for row in table("The up lane")] == [str(phase) for phase in session.Phase]


def test_conditions() -> None:
    assert {row[0] for row in table("What a start learns")} == {str(condition) for condition in session.Condition}


def test_what_is_hashed_and_signed() -> None:
    domains = {value for value in vars(messages).values() if isinstance(value, bytes)}
    domains |= {
        ops._OP,
        ops._BODY,
        ops._HEAD,
        feed._ITEM,
        feed._REVOCATIONS,
        feed._LETTER_TEXT,
        seal._KEY_ID,
        seal._NIK,
        seal._WORDS,
    }
    assert {row[0].strip('"') for row in table("Byte strings that are hashed or signed")} == {
        domain.decode() for domain in domains if domain.startswith(b"kampung/")
    }


LIMITS = {
    "frame on the wire": codec.SENT_BYTES_MAX,
    "frame inflated": codec.FRAME_BYTES_MAX,
    "enrol or hello on the wire": codec.GREETING_SENT_BYTES_MAX,
    "enrol or hello inflated": codec.GREETING_BYTES_MAX,
    "ops in a frame": codec.BATCH_OPS_MAX,
    "header and body of an op": ops.OP_BYTES_MAX,
    "items per feed in a reply": feed.ITEMS_MAX,
    "part of a file": feed.PART_BYTES_MAX,
    "file of a result": feed.RESULT_BYTES_MAX,
    "values in a snapshot chunk": feed.CHUNK_BYTES_MAX,
    "ops in a log reply": ingest.LOG_OPS_MAX,
    "logs in a hello, a welcome or an enrolment's answer": messages.LOGS_MAX,
    "receipts with a batch": ingest.PROOFS_MAX,
    "health numbers": messages.HEALTH_MAX,
    "bytes of a picture": messages.ATTACHMENT_BYTES_MAX,
    "picture with its place, on the wire and inflated": ingest.ATTACHMENT_FRAME_BYTES_MAX,
    "a picture put off goes again after, seconds": PUT_OFF_SECONDS,
    "bytes of a parcel": parcel.PARCEL_BYTES_MAX,
    "hours a token holds": enrolment.TOKEN_HOURS,
    "first batch, ops": session.BATCH_OPS_START,
    "exchange that lets a batch double, seconds": session.EXCHANGE_SECONDS_TARGET,
    "growth of a batch, times": session.GROWTH_MAX,
    "first backoff, seconds": session.BACKOFF_SECONDS_START,
    "longest backoff, seconds": session.BACKOFF_SECONDS_MAX,
    "longest spread, seconds": ingest.SPREAD_SECONDS_MAX,
    "longest wait a centre can ask for, seconds": session.RETRY_SECONDS_MAX,
    "a halted box asks again after, seconds": session.HALT_SECONDS,
    "long-poll, seconds": session.FEED_WAIT_SECONDS,
    "conflicts in a row": session.LOOP_CONFLICTS_MAX,
    "within, seconds": session.LOOP_SECONDS,
}


def test_limits() -> None:
    assert {row[0]: float(row[1].replace(",", "")) for row in table("Limits")} == LIMITS


def test_requests() -> None:
    """Every request of the table is a route of the door, and there is no other."""
    door = Door(cast(ingest.Ingest, None), cast(enrolment.Enrolment, None), Wakeups()).application()
    routes = {
        (route.method, re.sub(r"\{.*\}", "{}", route.resource.canonical))
        for route in door.router.routes()
        if route.resource is not None and route.method != "HEAD"  # which aiohttp answers wherever it answers GET
    }
    described = [row[0].split(" ", 1) for row in table("Requests")]
    assert {(method, re.sub(r"\{.*\}", "{}", path)) for method, path in described} == routes


def test_what_a_parcel_begins_with() -> None:
    assert {found.encode() for found in re.findall(r"`(KMPG\w+)`", section("Parcels"))} == {
        parcel.OUTBOX,
        parcel.ACKNOWLEDGEMENTS,
    }


def test_the_dictionary_and_the_version() -> None:
    words = section("The preset dictionary")
    assert sha256(DICTIONARY).hexdigest() in words
    assert f"{zlib.adler32(DICTIONARY):08x}" in words
    assert f"{len(DICTIONARY):,} bytes" in words
    assert codec.MEDIA_TYPE in PROTOCOL
    assert f"This is version {VERSION}." in PROTOCOL


def test_every_byte_shown_stands_in_the_golden_files() -> None:
    golden = "".join(path.read_text(encoding="utf-8") for path in GOLDEN.glob("*.json"))
    golden += "".join(path.read_bytes().hex() for path in GOLDEN.glob("*.bin"))
    shown = re.findall(r"\b[0-9a-f]{16,}\b", PROTOCOL)
    assert len(shown) > 10
    assert not [run for run in shown if run not in golden]


def test_every_file_and_heading_it_points_at_exists() -> None:
    headings = {_anchor(found) for found in re.findall(r"^#+ (.+)$", PROTOCOL, re.MULTILINE)}
    for target in re.findall(r"\]\(([^)]+)\)", PROTOCOL):
        path, _, anchor = target.partition("#")
        assert not path or (ROOT / "docs" / path).exists(), target
        assert not anchor or anchor in headings, target
    for name in re.findall(r"`(tests/[a-z0-9_/.]+)`", PROTOCOL):
        assert (ROOT / name).exists(), name


def _anchor(heading: str) -> str:
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


def test_remedies_are_explained() -> None:
    words = section("Errors")
    assert all(f"**{remedy}**" in words for remedy in errors.Remedy)
