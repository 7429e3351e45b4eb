"""Photographs of documents beside a letter, a request, a proposal or a visit: how many, how large, under which name. Pure.

The log keeps the fact (about what, which document, which picture by its SHA-256); the picture lies beside it in the
database. A picture is taken back by a fact with a reason, never by deleting: what was shown once can be asked about.
"""

from collections.abc import Collection

from agent.domain.refusal import Refusal
from language import say
from protocol.letter_kinds import LetterKind
from protocol.messages import ATTACHMENT_BYTES_MAX

UPLOAD_BYTES_MAX = 10 * 1024 * 1024
"""What a telephone of these years writes for one photograph, with room."""
SIDE_PIXELS_MAX = 1_600
"""Longest side of a kept picture: an A4 sheet has 140 dots an inch then, and its small print can be read."""
PICTURE_BYTES_MAX = ATTACHMENT_BYTES_MAX
"""A kept picture: what the road takes in one request."""
ATTACHMENTS_MAX = 12
"""Standing photographs of one letter, request or proposal: the longest list of documents has six, some of two pages."""
KIOSK_ATTACHMENTS_MAX = 4
"""Photographs in one visit: a visitor has a minute between two presses, and people wait behind."""
MEDIA_TYPE = "image/jpeg"
"""All that is ever kept, whatever was uploaded."""
OTHER_DOCUMENT = "Dokumen lain"
"""For a document that the kind does not ask for. Kept as it stands; pages say it."""
VISIT_PHOTO = "Foto rumah"
"""What whoever verifies an online report takes home."""

TOO_MANY = Refusal(
    "too_many_attachments",
    say("Sudah ada {most} foto. Hapus foto yang tidak diperlukan, lalu tambahkan lagi.", most=ATTACHMENTS_MAX),
)
TOO_MANY_AT_KIOSK = Refusal(
    "too_many_attachments",
    say("Sudah {most} foto. Dokumen lainnya ditunjukkan kepada petugas di loket.", most=KIOSK_ATTACHMENTS_MAX),
)
ALREADY_ATTACHED = Refusal(
    "already_attached", say("Foto yang sama sudah tersimpan untuk dokumen itu. Tidak ada foto baru.")
)
ATTACHMENT_NOT_FOUND = Refusal(
    "attachment_not_found", say("Foto ini tidak tercatat di kantor ini, atau sudah dihapus.")
)
UNKNOWN_DOCUMENT = Refusal("unknown_document", say("Dokumen: pilih salah satu dari daftar."))


def letter_documents(kind: LetterKind) -> tuple[str, ...]:
    """What can be photographed for a letter of this kind: the documents it asks for, and any other."""
    return (*kind.required_documents, OTHER_DOCUMENT)


def may_attach(
    label: str, documents: Collection[str], standing: Collection[tuple[str, bytes]], sha256: bytes
) -> Refusal | None:
    """May a picture be added to what stands already, given as (document, SHA-256) pairs?"""
    if label not in documents:
        return UNKNOWN_DOCUMENT
    if (label, sha256) in standing:
        return ALREADY_ATTACHED
    return TOO_MANY if len(standing) >= ATTACHMENTS_MAX else None
