"""What an acknowledged batch says, as far as its own bytes tell: proposals, withdrawals, objections, letter numbers and
voids, dossiers, photographs, visits to whom online reports are about, answers to questions, what
cannot be read.

Pure, and by far the most work of tabulating, so a large batch can be read in another process while the last one is
decided. Place in the flow: ingest keeps a batch -> here -> tabulation brings it in -> reconcile decides.
"""

from collections.abc import Iterable

import msgspec
from msgspec import Struct

from central.domain.attachments import Attachment
from central.domain.decisions import Proposal, key_kk, key_nik, pack_answers, pack_former
from central.domain.dossiers import Dossier
from central.domain.identities import Answer
from central.domain.reports import Verification
from protocol.codec import decode
from protocol.messages import Append
from protocol.ops import (
    HASH_BYTES,
    ID_BYTES,
    AnyBody,
    AttachmentAdded,
    AttachmentRemoved,
    DossierSent,
    Header,
    IdentityAnswered,
    IncomingRegistered,
    LetterIssued,
    LetterVoided,
    LogOpened,
    NumberHigh,
    NumbersConfirmed,
    NumbersVoided,
    ObjectionMade,
    Op,
    ProposalFromReport,
    ProposalMade,
    ProposalWithAnswers,
    ProposalWithdrawn,
    ProposalWithFormer,
    ReportVerified,
    StatusPinGiven,
    Unreadable,
    highest,
    number_list,
    read_body,
    read_header,
)

Name = tuple[str, int, int]
"""(village, epoch, first seq): names a batch."""


class Batch(Struct, frozen=True):
    """Ops acknowledged at once, as they came. `skip`: ops at the frame's start that were held before.

    `proofs`: msgpack [(seq, ms), ...], signed receipts by which everything up to seq was held at that time.
    """

    village: str
    epoch: int
    first_seq: int
    last_seq: int
    skip: int
    frame: bytes
    hashes: bytes
    proofs: bytes
    received_ms: int

    @property
    def name(self) -> Name:
        return self.village, self.epoch, self.first_seq

    @property
    def behind(self) -> Name:
        """The next batch of the same log."""
        return self.village, self.epoch, self.last_seq + 1

    def ops(self, log_id: bytes) -> list[Op]:
        opened = decode(self.frame, Append)
        return [
            Op(log_id, seq, self.hashes[at : at + HASH_BYTES], header, body)
            for seq, at, header, body in zip(
                range(self.first_seq, self.last_seq + 1),
                range(0, len(self.hashes), HASH_BYTES),
                opened.headers[self.skip :],
                opened.bodies[self.skip :],
                strict=True,
            )
        ]


class LetterRun(Struct, array_like=True):
    """Letters of one series whose numbers follow each other: the record ids of first, first + 1, ..."""

    series: str
    year: int
    first: int
    records: list[bytes]

    @property
    def last(self) -> int:
        return self.first + len(self.records) - 1


class ReadFault(Struct, frozen=True, array_like=True):
    """An op that is kept but cannot be read, and why (see `protocol.ops.Unreadable`)."""

    record: bytes
    seq: int
    reason: str


class Objection(Struct, frozen=True, array_like=True):
    """What a resident put against an answer, as the village wrote it down."""

    record: bytes
    proposal: bytes
    grounds: str
    evidence: str
    actor: str
    claimed_ms: int
    received_ms: int


class StatusPin(Struct, frozen=True, array_like=True):
    """What tells the PIN of a proposal from a wrong one."""

    record: bytes
    village: str
    epoch: int
    seq: int
    proposal: bytes
    salt: bytes
    verifier: bytes


class Reading(Struct, array_like=True):
    """What one batch adds up to. `anchors`: the anchor that each proposal cites, which the centre has yet to look up.

    `numbers`: the highest per series and year that the ops name. `voided`: letters, and when by the village's clock.
    `from_reports`: proposals, and the online report each follows from. It travels between processes as an array: new
    fields stand at the end.
    """

    proposals: list[Proposal] = []
    anchors: list[bytes] = []
    withdrawn: list[bytes] = []
    letters: list[LetterRun] = []
    numbers: list[NumberHigh] = []
    faults: list[ReadFault] = []
    voided: list[tuple[bytes, int]] = []
    objections: list[Objection] = []
    dossiers: list[Dossier] = []
    attachments: list[Attachment] = []
    removed: list[bytes] = []
    verifications: list[Verification] = []
    from_reports: list[tuple[bytes, bytes]] = []
    answers: list[Answer] = []
    pins: list[StatusPin] = []


def read_batch(batch: Batch) -> Reading:
    """Every op of the batch ends in one list of the reading, or says nothing that the centre reads."""
    opened = decode(batch.frame, Append)
    desk = _Desk(batch, msgspec.msgpack.decode(batch.proofs, type=list[tuple[int, int]]))
    seq, at = batch.first_seq, 0
    for raw_header, raw_body in zip(opened.headers[batch.skip :], opened.bodies[batch.skip :], strict=True):
        record = batch.hashes[at : at + ID_BYTES]
        try:
            header = read_header(raw_header)
            desk.sort(record, seq, header, read_body(header, raw_body))
        except Unreadable as error:
            desk.reading.faults.append(ReadFault(record, seq, error.reason))
        seq, at = seq + 1, at + HASH_BYTES
    return desk.finish()


class _Desk:
    """Sorts the ops of one batch."""

    def __init__(self, batch: Batch, proofs: list[tuple[int, int]]) -> None:
        self.reading = Reading()
        self._batch = batch
        self._proofs = proofs
        self._runs: dict[tuple[str, int], LetterRun] = {}  # the one that may go on, by series and year

    def sort(self, record: bytes, seq: int, header: Header, body: AnyBody) -> None:
        match body:
            case ProposalMade():
                received_ms = first_received(seq, self._proofs, self._batch.received_ms)
                self.reading.proposals.append(_proposal(self._batch, record, seq, header, body, received_ms))
                self.reading.anchors.append(header.anchor_hash)
                if isinstance(body, ProposalFromReport | ProposalWithFormer) and body.report:
                    self.reading.from_reports.append((record, body.report))
            case LetterIssued():
                self._add_letter(body, record)
            case IncomingRegistered() if not body.incoming:  # a correction keeps the number it has
                self._add_letter(body, record)
            case ObjectionMade():
                self._add_objection(record, seq, header, body)
            case ReportVerified():
                self.reading.verifications.append(self._verification(record, seq, header, body))
            case IdentityAnswered():
                self.reading.answers.append(
                    Answer(
                        record,
                        body.pair,
                        self._batch.village,
                        self._batch.epoch,
                        seq,
                        body.answer,
                        body.how,
                        body.note,
                        body.actor,
                        header.claimed_ms,
                        first_received(seq, self._proofs, self._batch.received_ms),
                    )
                )
            case StatusPinGiven():
                place = (record, self._batch.village, self._batch.epoch, seq)
                self.reading.pins.append(StatusPin(*place, body.proposal, body.salt, body.verifier))
            case ProposalWithdrawn():
                self.reading.withdrawn.append(body.proposal)
            case LogOpened() | NumbersConfirmed():
                self.reading.numbers += body.numbers
            case NumbersVoided():
                self.reading.numbers.append(NumberHigh(body.series, body.year, body.last))
            case DossierSent():
                self.reading.dossiers.append(self._dossier(record, seq, header, body))
            case AttachmentAdded():
                self.reading.attachments.append(
                    Attachment(
                        record,
                        self._batch.village,
                        self._batch.epoch,
                        seq,
                        body.about,
                        body.label,
                        body.sha256,
                        body.size,
                        body.media_type,
                        header.claimed_ms,
                    )
                )
            case AttachmentRemoved():
                self.reading.removed.append(body.attachment)
            case LetterVoided():
                self.reading.voided.append((body.letter, header.claimed_ms))
            case _:
                pass  # residents, cards, requests, handovers and their like stay in the log: nothing here reads them yet

    def _dossier(self, record: bytes, seq: int, header: Header, body: DossierSent) -> Dossier:
        return Dossier(
            record,
            self._batch.village,
            self._batch.epoch,
            seq,
            body.letter.log_id,
            body.letter.seq,
            body.letter.hash,
            body.former,
            body.agency,
            body.title,
            header.claimed_ms,
            first_received(seq, self._proofs, self._batch.received_ms),
        )

    def _verification(self, record: bytes, seq: int, header: Header, body: ReportVerified) -> Verification:
        return Verification(
            record,
            self._batch.village,
            self._batch.epoch,
            seq,
            body.report,
            body.visited_on,
            body.visitor,
            body.finding,
            body.note,
            body.actor,
            header.claimed_ms,
            first_received(seq, self._proofs, self._batch.received_ms),
        )

    def _add_letter(self, body: LetterIssued | IncomingRegistered, record: bytes) -> None:
        run = self._runs.get((body.series, body.year))
        if run is not None and body.number == run.last + 1:
            run.records.append(record)
            return
        run = self._runs[body.series, body.year] = LetterRun(body.series, body.year, body.number, [record])
        self.reading.letters.append(run)

    def _add_objection(self, record: bytes, seq: int, header: Header, body: ObjectionMade) -> None:
        received_ms = first_received(seq, self._proofs, self._batch.received_ms)
        self.reading.objections.append(
            Objection(record, body.proposal, body.grounds, body.evidence, body.actor, header.claimed_ms, received_ms)
        )

    def finish(self) -> Reading:
        highs = (NumberHigh(run.series, run.year, run.last) for run in self.reading.letters)
        self.reading.numbers = number_list(highest([*self.reading.numbers, *highs]))
        return self.reading


def _proposal(batch: Batch, record: bytes, seq: int, header: Header, body: ProposalMade, received_ms: int) -> Proposal:
    return Proposal(
        record,
        batch.village,
        batch.epoch,
        seq,
        body.scheme,
        body.cycle,
        body.nik,
        body.kk,
        key_nik(body.nik),
        key_kk(body.kk),
        body.name,
        body.birth_date,
        body.sex,
        body.mother,
        header.claimed_ms,
        0,
        received_ms,
        False,
        pack_answers(body.fields) if isinstance(body, ProposalWithAnswers) else b"",
        pack_former(body.former_kks, key_kk(body.kk) or "") if isinstance(body, ProposalWithFormer) else b"",
        body.rt,
        body.rw,
    )


def first_received(seq: int, proofs: Iterable[tuple[int, int]], received_ms: int) -> int:
    """A signed receipt up to a place proves that everything below was there at its time."""
    for upto, at_ms in proofs:
        if upto >= seq and at_ms < received_ms:
            received_ms = at_ms
    return received_ms
