"""Admits a village's machine: a one-time token, bound to the village, for a certificate of the key the machine made.

An answer gets lost on a thin line, so the same request is answered again, until that machine was heard. Must never give
a second machine anything for one token.
"""

import base64
from dataclasses import dataclass
from hashlib import sha256

from central.ingest import Answer, Clock, Revocations, Signer, failure
from central.store import boxes, coverage_sets, logs, seals
from central.store.boxes import Box
from chassis.database import Connection, Database
from protocol.codec import GREETING_BYTES_MAX, decode, encode
from protocol.errors import Code, ProtocolError
from protocol.messages import CERTIFICATE, LOGS_MAX, Certificate, EnrolReply, EnrolRequest, sign

TOKEN_BYTES = 20
TOKEN_HOURS = 72
"""A token is typed or sent the day before a visit; after a weekend it is stale."""
_TOKEN = b"kampung/token/1"


@dataclass(slots=True)
class Enrolment:
    """Gives tokens to operators and certificates to machines."""

    database: Database
    key: Signer
    clock: Clock
    revocations: Revocations

    async def give_token(self, village: str, created_by: str) -> str:
        """A new token for a village; only its digest is kept."""
        token = base64.b32encode(self.clock.random(TOKEN_BYTES)).decode().lower()
        expires_ms = self.clock.now_ms() + TOKEN_HOURS * 3_600_000

        async def work(connection: Connection) -> None:
            await boxes.add_token(connection, _digest(token), village, expires_ms, created_by)

        await self.database.transact(work)
        return token

    def _next_serial(self, village: str, newest: int) -> int:
        """One above the newest; after a restore of the centre never one that was revoked in the time that is lost."""
        serial = newest + 1
        while self.revocations.is_revoked(village, serial):
            serial += 1
        return serial

    async def enrol(self, body: bytes) -> Answer:
        try:
            return Answer(200, encode(await self._enrol(decode(body, EnrolRequest, GREETING_BYTES_MAX))))
        except ProtocolError as error:
            return failure(error)

    async def _enrol(self, request: EnrolRequest) -> EnrolReply:
        now_ms = self.clock.now_ms()

        async def work(connection: Connection) -> EnrolReply:
            box = await self._box_for(connection, request, now_ms)
            await seals.publish_keys(connection, [box], self.revocations.is_revoked, now_ms)
            certificate = Certificate(box.village, box.serial, box.public_key, box.enrolled_ms)
            timeline = await boxes.timeline(connection)
            if timeline is None:
                timeline = self.clock.random(16)
                await boxes.start_timeline(connection, timeline, now_ms)
            heads = (await logs.heads(connection, box.village))[-LOGS_MAX:]
            return EnrolReply(
                certificate=sign(CERTIFICATE, certificate, self.key.sign),
                central_key=self.key.public,
                timeline=timeline,
                logs=heads,
                numbers=await logs.numbers(connection, box.village),
                is_agenda_needed=await self._is_agenda_needed(connection, box, is_first=not heads),
            )

        return await self.database.transact(work)

    async def _is_agenda_needed(self, connection: Connection, box: Box, *, is_first: bool) -> bool:
        """Did another machine perhaps number letters for this village, after which nobody has heard of it?

        The one that was in use all the time and is enrolled again knows its numbers. After an alarm about a copy, after a
        revocation, and in the place of another machine only the paper agenda knows them all.
        """
        former = await boxes.former(connection, box)
        if former is None:
            return not is_first or box.serial > 1
        is_shut_out = former.state == "revoked" or self.revocations.is_revoked(former.village, former.serial)
        is_doubtful = is_shut_out or former.clone_suspected_ms is not None
        return is_doubtful or former.fingerprint != box.fingerprint

    async def _box_for(self, connection: Connection, request: EnrolRequest, now_ms: int) -> Box:
        """A new machine for an unused token; for a used one the machine that asks again because no answer came."""
        digest = _digest(request.token)
        village = await boxes.use_token(connection, digest, now_ms)
        if village not in {None, request.village}:
            raise ProtocolError(Code.WRONG_VILLAGE, f"that token is for village {village}: it was not used up")
        if village is not None:
            newest = await boxes.newest(connection, village)
            serial = self._next_serial(village, newest.serial if newest else 0)
            await boxes.add(
                connection,
                village,
                serial,
                request.public_key,
                request.fingerprint,
                now_ms,
                token_digest=digest,
            )
            await coverage_sets.tell_key(connection, village, request.public_key, now_ms)
        box = await boxes.bought_with(connection, digest)
        if box is None or not _is_asking_again(box, request):
            raise ProtocolError(Code.BAD_TOKEN, "the token is unknown, used or older than 72 hours: ask for a new one")
        return box


def _is_asking_again(box: Box, request: EnrolRequest) -> bool:
    """The same keys on the same machine, which never said hello: it cannot have its certificate yet, or not use it."""
    is_same = (box.public_key, box.fingerprint, box.village) == (
        request.public_key,
        request.fingerprint,
        request.village,
    )
    return is_same and box.state == "active" and not box.nonce


def _digest(token: str) -> bytes:
    return sha256(_TOKEN + token.strip().lower().encode()).digest()
