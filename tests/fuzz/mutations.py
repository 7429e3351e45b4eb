"""What happens to a file on its way: bits flip, ends are lost, pieces of other files get in, members of a zip are exchanged.

Everything is drawn from the `Random` that is given, so that a case can be made again.
"""

import io
import struct
import zipfile
import zlib
from collections.abc import Callable
from random import Random

FILE_BYTES_MAX = 400_000
"""A mutation that doubles what it finds stops here: length is what the limits' own tests are for."""
SPAN_MAX = 4_000
MEMBER_BYTES_MAX = 2_000_000
PIECES = (
    *(
        b'"',
        b'""',
        b"\0",
        b"\r",
        b"\n",
        b"\r\n",
        b";",
        b",",
        b"\t",
        b"|",
        b"'",
        b"\xef\xbb\xbf",
        b"\xff\xfe",
        b"\xfe\xff",
    ),
    *(
        b"3.51E+15",
        b"-600000",
        b"Rp 1.500.000,00",
        b"=cmd|' /C calc'!A0",
        b'="3510256507850001"',
        b"#REF!",
        b"NaN",
        b"-0",
    ),
    *(
        b"1e999",
        b"9" * 400,
        b"A" * 25_000,
        b"NIK;NIK",
        b"Nama",
        b"JUMLAH",
        b"PINDAH",
        b"29/02/1900",
        b"\xd9\xa1\xd9\xa2\xd9\xa3",
    ),
    *(
        b"\xe2\x80\xae",
        b"\xf0\x9f\x98\x80",
        b"\xed\xa0\x80",
        b"%PDF-1.7",
        b"PK\x03\x04",
        b"\xd0\xcf\x11\xe0",
        b"<html>",
    ),
    *(b"&e;", b'<!ENTITY e "x">', b"</row>", b"<row>", b'r="A1"', b'r="XFD1048576"', b't="s"', b"<v>99999999</v>"),
)
"""What has broken a reader somewhere, or means something to one."""

Mutation = Callable[[Random, bytes, bytes], bytes]
"""A file, and another to take from, to what became of it."""


def mutate(rng: Random, content: bytes, other: bytes) -> bytes:
    """One to four things that go wrong, one after the other."""
    for _ in range(rng.randint(1, 4)):
        ways = OF_ZIPS if content.startswith(b"PK\x03\x04") and rng.random() < 0.8 else OF_BYTES
        content = rng.choice(ways)(rng, content, other)[:FILE_BYTES_MAX]
    return content


def flip(rng: Random, content: bytes, _other: bytes) -> bytes:
    changed = bytearray(content)
    for _ in range(min(len(changed), rng.choice((1, 1, 2, 8, 64)))):
        changed[rng.randrange(len(changed))] ^= 1 << rng.randrange(8)
    return bytes(changed)


def overwrite(rng: Random, content: bytes, _other: bytes) -> bytes:
    """A number of the format set to what nobody expects."""
    at = _place(rng, content)
    value = rng.choice((0, 1, 0x7F, 0xFF, 0x7FFF, 0xFFFF, 0x7FFFFFFF, 0xFFFFFFFF))
    packed = struct.pack("<I", value)[: rng.choice((1, 2, 4))]
    return content[:at] + packed + content[at + len(packed) :]


def cut(rng: Random, content: bytes, _other: bytes) -> bytes:
    return content[: _place(rng, content)]


def drop(rng: Random, content: bytes, _other: bytes) -> bytes:
    at, span = _place(rng, content), rng.randint(1, SPAN_MAX)
    return content[:at] + content[at + span :]


def repeat(rng: Random, content: bytes, _other: bytes) -> bytes:
    at, span = _place(rng, content), rng.randint(1, SPAN_MAX)
    return content[:at] + content[at : at + span] * rng.randint(2, 5) + content[at + span :]


def insert(rng: Random, content: bytes, _other: bytes) -> bytes:
    at = _place(rng, content)
    return content[:at] + rng.choice((*PIECES, rng.randbytes(rng.randint(1, 40)))) + content[at:]


def splice(rng: Random, content: bytes, other: bytes) -> bytes:
    """The first part of one file and the last of another."""
    return content[: _place(rng, content)] + other[_place(rng, other) :]


def recode(rng: Random, content: bytes, _other: bytes) -> bytes:
    """Read as one encoding and saved as another, as editors do."""
    read, saved = rng.choice(("utf-8", "cp1252", "utf-16")), rng.choice(("utf-16", "utf-8-sig", "utf-16-be", "cp1252"))
    return content.decode(read, "replace").encode(saved, "replace")


def _place(rng: Random, content: bytes) -> int:
    """Where something happens: anywhere, or near the beginning, where headers are."""
    return rng.randint(0, min(len(content), rng.choice((64, 600, len(content)))))


# ------------------------------------------------------------------------------------------------ inside a zip


def change_member(rng: Random, content: bytes, other: bytes) -> bytes:
    def change(members: dict[str, bytes]) -> None:
        name = rng.choice(list(members))
        members[name] = rng.choice(OF_BYTES)(rng, members[name], other)

    return _rezip(rng, content, change)


def lose_member(rng: Random, content: bytes, _other: bytes) -> bytes:
    return _rezip(rng, content, lambda members: members.pop(rng.choice(list(members))))


def add_member(rng: Random, content: bytes, _other: bytes) -> bytes:
    names = (
        "../../slip.txt",
        "/etc/slip.txt",
        "xl/vbaProject.bin",
        "xl/worksheets/sheet2.xml",
        "META-INF/manifest.xml",
        "xl/",
    )
    return _rezip(rng, content, lambda members: members.update({rng.choice(names): rng.choice(PIECES)}))


def exchange_members(rng: Random, content: bytes, _other: bytes) -> bytes:
    def change(members: dict[str, bytes]) -> None:
        one, two = rng.choice(list(members)), rng.choice(list(members))
        members[one], members[two] = members[two], members[one]

    return _rezip(rng, content, change)


def _rezip(rng: Random, content: bytes, change: Callable[[dict[str, bytes]], object]) -> bytes:
    """The same archive with its members changed; the file as it was where it is no archive any more."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as old:
            members = {each.filename: old.read(each) for each in old.infolist() if each.file_size < MEMBER_BYTES_MAX}
    except (
        zipfile.BadZipFile,
        zlib.error,
        ValueError,
        OSError,
        RuntimeError,
        NotImplementedError,
        EOFError,
        struct.error,
    ):
        return flip(rng, content, b"")
    if not members:
        return content
    change(members)
    out = io.BytesIO()
    method = rng.choice((zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED))
    with zipfile.ZipFile(out, "w") as new:
        for name, member in members.items():
            if not name:  # one that a flipped bit has emptied: the library cannot write it
                continue
            new.writestr(zipfile.ZipInfo(name), member[:MEMBER_BYTES_MAX], method)  # no clock in it
    return out.getvalue()


OF_BYTES: tuple[Mutation, ...] = (flip, flip, overwrite, cut, drop, repeat, insert, insert, insert, splice, recode)
OF_ZIPS: tuple[Mutation, ...] = (
    change_member,
    change_member,
    change_member,
    lose_member,
    add_member,
    exchange_members,
    flip,
)
