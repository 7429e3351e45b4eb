"""Who this box is: its key, its certificate, the nonce of its last session and the machine's fingerprint.

Lives in a folder of its own, outside the database, its backups and any image, so that a copy of the data is not a copy
of the box. Files are replaced whole and fsynced.
"""

import os
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Self

from agent.domain.seals import Trust
from chassis.signing import Key, KeyRefused, verify
from protocol.codec import pack, unpack
from protocol.errors import ProtocolError
from protocol.messages import CERTIFICATE, Certificate, EnrolReply, Signed, open_signed
from protocol.seal import SealKey

MACHINE_ID_FILES = (Path("/etc/machine-id"), Path("/sys/class/dmi/id/product_uuid"))
_FINGERPRINT = b"kampung/fingerprint/1"
_TOKEN = b"kampung/token-file/1"
_FRESH = "box.key.new-"


class NotEnrolled(Exception):
    """This box has no certificate yet: run `agent enrol`."""


@dataclass(slots=True)
class BoxIdentity:
    """An enrolled box."""

    folder: Path
    key: Key
    village: str
    serial: int
    certificate: Signed
    central_key: bytes
    fingerprint: bytes
    nonce: bytes

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Raises NotEnrolled or KeyRefused."""
        try:
            enrolled = unpack((folder / "certificate").read_bytes(), EnrolReply)
        except FileNotFoundError as error:
            raise NotEnrolled(
                "this village server is not enrolled: run `agent enrol` with a token from the centre"
            ) from error
        except OSError as error:  # nothing is wrong with the enrolment: somebody else is asking
            raise KeyRefused(f"{error.filename}: {error.strerror}: run this as the user of the service") from error
        except ProtocolError as error:
            raise KeyRefused(f"the certificate in {folder} is damaged: enrol this server again") from error
        key = Key.load(folder / "box.key")
        certificate = _open_certificate(enrolled)
        if certificate.public_key != key.public:
            raise KeyRefused(f"key and certificate in {folder} do not belong together: enrol this server again")
        return cls(
            folder=folder,
            key=key,
            village=certificate.village,
            serial=certificate.serial,
            certificate=enrolled.certificate,
            central_key=enrolled.central_key,
            fingerprint=fingerprint(),
            nonce=_read(folder / "nonce"),
        )

    def sign(self, message: bytes) -> bytes:
        return self.key.sign(message)

    def verify_central(self, message: bytes, signature: bytes) -> bool:
        return verify(self.central_key, message, signature)

    def keep_nonce(self, nonce: bytes) -> None:
        replace_file(self.folder / "nonce", nonce)
        self.nonce = nonce


def trust_of(who: BoxIdentity | None) -> Trust:
    """What this server checks seals by; None: it is not enrolled."""
    if who is None:
        return Trust(own_key=None, central_key=b"", verify=verify)
    return Trust(own_key=SealKey(who.village, who.key.public, None), central_key=who.central_key, verify=verify)


def prepare_key(folder: Path, token: str) -> Key:
    """The key for an enrolment with this token, beside the one in use until the centre has answered.

    Made once for a token, so that a lost answer can be asked for again; another token gets another key, so that one left
    in an image never becomes two villages'.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    fresh = _fresh_key(folder, token)
    for left in folder.glob(_FRESH + "*"):
        if left != fresh:
            left.unlink()
    try:
        return Key.load(fresh) if fresh.exists() else Key.create(fresh)
    except KeyRefused:  # cut off while it was written: nobody was told of it
        fresh.unlink()
        return Key.create(fresh)


def check_enrolment(key: Key, village: str, reply: EnrolReply) -> Certificate:
    """The certificate in an answer. Raises KeyRefused when it is another key's or another village's."""
    certificate = _open_certificate(reply)
    if certificate.public_key != key.public:
        raise KeyRefused("the centre answered with a certificate of another key: check its address in the settings")
    if certificate.village != village:
        raise KeyRefused(f"that token is for village {certificate.village}; the settings say {village}")
    return certificate


def keep_enrolment(folder: Path, token: str, reply: EnrolReply) -> None:
    """Put key and certificate of a checked answer in force.

    The certificate goes last: without it the box is simply not enrolled, and the same token is answered once more.
    """
    fresh = _fresh_key(folder, token)
    (folder / "certificate").unlink(missing_ok=True)
    replace_file(folder / "box.key", fresh.read_bytes())
    replace_file(folder / "nonce", b"")
    replace_file(folder / "certificate", pack(reply))
    fresh.unlink()


def _fresh_key(folder: Path, token: str) -> Path:
    return folder / (_FRESH + sha256(_TOKEN + token.encode()).hexdigest()[:16])


def _open_certificate(enrolled: EnrolReply) -> Certificate:
    return open_signed(CERTIFICATE, enrolled.certificate, Certificate, lambda m, s: verify(enrolled.central_key, m, s))


def fingerprint() -> bytes:
    """What tells this machine from a copy of its disk, as far as the system lets us read it."""
    parts = [path.read_bytes() for path in MACHINE_ID_FILES if _is_readable(path)]
    return sha256(_FINGERPRINT + b"\x00".join(parts)).digest()[:16]


def _is_readable(path: Path) -> bool:
    return os.access(path, os.R_OK)


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return b""


def replace_file(path: Path, content: bytes) -> None:
    """The new content or the old, whatever happens; on disk when this returns."""
    partial = path.with_name(path.name + ".partial")
    try:
        descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
        with os.fdopen(
            descriptor, "wb"
        ) as file:  # writes all of it or raises: a bare write on a full disk cuts it short
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        partial.replace(path)
    except OSError as error:
        partial.unlink(missing_ok=True)
        raise OSError(error.errno, error.strerror, str(path)) from error
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
