"""Reads a posted form within limits, once, and refuses what no keyboard produces.

Must never write anything to disk or keep a body longer than its limit. Place in the flow: the guard reads the form (it
needs the token), handlers get the same object from `read_form`.
"""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import parse_qsl

from aiohttp import BodyPartReader, web

from chassis.web.declarations import FORM_BYTES_MAX
from chassis.web.refusals import RequestRefused
from language import say

FIELDS_MAX = 500  # the longest form of ours is a validation list of 100 rows with a few fields each
FIELD_NAME_CHARACTERS_MAX = 100
FILE_NAME_CHARACTERS_MAX = 120
CHUNK_BYTES = 64 * 1024

# Line breaks and tabs come from text areas. The others are control characters, halves of surrogate pairs, and the
# marks that reverse the direction of text: they make a page or a log show something else than what is stored.
FORBIDDEN_CHARACTER = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")


@dataclass(frozen=True)
class Upload:
    """One file of a form. `file_name` is only for showing: never a path."""

    field: str
    file_name: str
    content: bytes


@dataclass(frozen=True)
class Form:
    """The fields in the order they were sent."""

    fields: tuple[tuple[str, str], ...] = ()
    uploads: tuple[Upload, ...] = ()

    def raw(self, name: str) -> str:
        """The first value as it was sent; empty when the field is absent."""
        return next((value for key, value in self.fields if key == name), "")

    def text(self, name: str) -> str:
        """The first value without surrounding white space; empty when the field is absent."""
        return self.raw(name).strip()

    def all(self, name: str) -> list[str]:
        """Every value of a repeated field."""
        return [value for key, value in self.fields if key == name]

    def upload(self, name: str) -> Upload | None:
        """The first file of this field; None when none was chosen."""
        return next((upload for upload in self.uploads if upload.field == name), None)

    def as_dict(self) -> dict[str, str]:
        """Name to first value, trimmed: for `msgspec.convert(…, strict=False)` and for showing a form again."""
        return {key: self.text(key) for key, _ in self.fields}

    def __contains__(self, name: object) -> bool:
        return any(key == name for key, _ in self.fields)


FORM = web.RequestKey("form", Form)


async def read_form(request: web.Request, bytes_max: int = FORM_BYTES_MAX) -> Form:
    """The posted form; the same object however often it is asked for. Raises RequestRefused."""
    form = request.get(FORM)
    if form is None:
        form = await _parse(request, bytes_max)
        request[FORM] = form
    return form


async def _parse(request: web.Request, bytes_max: int) -> Form:
    if request.headers.get("Content-Encoding", "identity") != "identity":
        raise _type_unknown()
    match request.content_type:
        case "application/x-www-form-urlencoded":
            form = _parse_urlencoded(await _read_body(request, bytes_max))
        case "multipart/form-data":
            form = await _parse_multipart(request, bytes_max)
        case _ if not request.can_read_body:
            form = Form()
        case _:
            raise _type_unknown()
    for name, value in form.fields:
        if len(name) > FIELD_NAME_CHARACTERS_MAX:
            raise _malformed()
        if FORBIDDEN_CHARACTER.search(name) or FORBIDDEN_CHARACTER.search(value):
            raise RequestRefused(
                400, "form_control_character", say("Isian memuat karakter tersembunyi. Ketik ulang isian itu.")
            )
    return form


async def _read_body(request: web.Request, bytes_max: int) -> bytes:
    body = bytearray()
    async for chunk in request.content.iter_chunked(CHUNK_BYTES):
        body += chunk
        if len(body) > bytes_max:
            raise _too_large()
    return bytes(body)


def _parse_urlencoded(body: bytes) -> Form:
    try:
        pairs = parse_qsl(
            body.decode("ascii"),
            keep_blank_values=True,
            strict_parsing=bool(body),
            encoding="utf-8",
            errors="strict",
            max_num_fields=FIELDS_MAX,
        )
    except ValueError:
        raise _malformed() from None
    return Form(tuple((name, _unify_line_ends(value)) for name, value in pairs))


async def _parse_multipart(request: web.Request, bytes_max: int) -> Form:
    fields: list[tuple[str, str]] = []
    uploads: list[Upload] = []
    remaining = bytes_max
    try:
        async for part in await request.multipart():
            if not isinstance(part, BodyPartReader) or part.name is None or len(fields) + len(uploads) >= FIELDS_MAX:
                raise _malformed()
            content = await _read_part(part, remaining)
            remaining -= len(content)
            if part.filename is None:
                fields.append((part.name, _unify_line_ends(content.decode("utf-8"))))
            elif part.filename or content:
                uploads.append(Upload(part.name, tame_file_name(part.filename), content))
    except (ValueError, LookupError, AssertionError, web.HTTPException):
        # What aiohttp raises for a broken multipart body; it has no exception of its own.
        raise _malformed() from None
    return Form(tuple(fields), tuple(uploads))


async def _read_part(part: BodyPartReader, bytes_max: int) -> bytes:
    content = bytearray()
    while chunk := await part.read_chunk(CHUNK_BYTES):
        content += chunk
        if len(content) > bytes_max:
            raise _too_large()
    return bytes(content)


def tame_file_name(name: str) -> str:
    """The last part of a name, without anything that could break out of a header, a page or a folder."""
    last = re.split(r"[\\/]", name)[-1]
    return "".join(_printable(last))[:FILE_NAME_CHARACTERS_MAX].strip(" .") or "berkas"


def _printable(name: str) -> Iterator[str]:
    for character in name:
        if character not in "\"';" and unicodedata.category(character)[0] != "C":
            yield character


def _unify_line_ends(value: str) -> str:
    return value.replace("\r\n", "\n").replace("\r", "\n")


def _malformed() -> RequestRefused:
    return RequestRefused(400, "form_malformed", say("Isian tidak dapat dibaca. Kembali dan kirim sekali lagi."))


def _too_large() -> RequestRefused:
    return RequestRefused(413, "form_too_large", say("Isian atau berkas terlalu besar."))


def _type_unknown() -> RequestRefused:
    return RequestRefused(415, "form_type_unknown", say("Jenis isian ini tidak dikenal."))
