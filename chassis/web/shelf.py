"""Style sheets and scripts, read once at start-up and served from memory under an address that changes with them.

The address carries the digest of the content, so browsers may keep a file for a year and still get the new one after an
upgrade. Must never serve anything that was not there at start-up.
"""

import gzip
import hashlib
import mimetypes
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib.resources.abc import Traversable

from aiohttp import web

from chassis.web.declarations import public
from chassis.web.refusals import RequestRefused

SHELF_BYTES_MAX = 8 * 1024 * 1024  # all of it stays in memory
TYPES = {".woff2": "font/woff2", ".svg": "image/svg+xml", ".js": "text/javascript", ".css": "text/css"}
KEPT_FOR_A_YEAR = "public, max-age=31536000, immutable"


@dataclass(frozen=True)
class StaticFile:
    """`packed` is the content as gzip, empty where that saves nothing."""

    content: bytes
    packed: bytes
    content_type: str
    version: str


class Shelf:
    """The static files of a program; those of a later folder win over those of an earlier one."""

    def __init__(self, folders: Sequence[Traversable]) -> None:
        self._files = {name: _load(file) for folder in folders for name, file in _walk(folder, "")}
        if sum(len(file.content) for file in self._files.values()) > SHELF_BYTES_MAX:
            raise ValueError(f"static files take more than {SHELF_BYTES_MAX} bytes")

    def url(self, name: str) -> str:
        """The address of a file, for templates. Raises KeyError for a file that does not exist."""
        return f"/static/{name}?v={self._files[name].version}"

    @public
    async def serve(self, request: web.Request) -> web.StreamResponse:
        file = self._files.get(request.match_info["name"])
        if file is None:
            raise RequestRefused(404, "not_found", "Berkas ini tidak ada.")
        is_exact = request.query.get("v") == file.version
        etag = f'W/"{file.version}"'
        headers = {
            "Cache-Control": KEPT_FOR_A_YEAR if is_exact else "no-cache",
            "ETag": etag,
            "Vary": "Accept-Encoding",
        }
        if request.headers.get("If-None-Match") == etag:
            return web.Response(status=304, headers=headers)
        charset = "utf-8" if file.content_type.startswith("text/") else None
        body = file.content
        if file.packed and "gzip" in request.headers.get("Accept-Encoding", ""):
            body, headers["Content-Encoding"] = file.packed, "gzip"
        return web.Response(body=body, content_type=file.content_type, charset=charset, headers=headers)


def _walk(folder: Traversable, prefix: str) -> Iterator[tuple[str, Traversable]]:
    for entry in folder.iterdir():
        name = f"{prefix}{entry.name}"
        if entry.is_dir():
            yield from _walk(entry, f"{name}/")
        elif not name.endswith((".md", ".py", ".pyc")):
            yield name, entry


def _load(file: Traversable) -> StaticFile:
    content = file.read_bytes()
    ending = "." + file.name.rpartition(".")[2]
    content_type = TYPES.get(ending) or mimetypes.guess_type(file.name)[0] or "application/octet-stream"
    packed = gzip.compress(content, mtime=0)
    return StaticFile(
        content, packed if len(packed) < len(content) else b"", content_type, hashlib.sha256(content).hexdigest()[:16]
    )
