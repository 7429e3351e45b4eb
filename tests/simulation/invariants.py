"""The promises, checked over everything that exists once the world has come to rest. Design: I1 to I11.

Computed afresh from bytes where it matters: the chain is hashed here with its own few lines, so that a fault in the
product's `chain` cannot excuse itself.
"""

from hashlib import sha256
from typing import TYPE_CHECKING, Any

import msgspec

from agent.store import aid, inspection, letters
from central.audit import audit
from central.domain.decisions import key_kk, key_nik
from central.store import facts, logs, rule_changes
from chassis.database import Connection, drive
from protocol.feed import EMPTY_DIGEST, Decision, DossierState, replace
from protocol.ops import GENESIS, LetterIssued, Op, ProposalMade, Unreadable, read_op
from protocol.schemes import Claim, Effect, Unit, relation
from tests.central import kept
from tests.simulation.people import Printed

if TYPE_CHECKING:
    from tests.simulation.machine import Machine
    from tests.simulation.village import Village
    from tests.simulation.world import World

WITHOUT_EVIDENCE = ("nik_invalid", "not_for_ward", "criteria_not_met")
"""Rejections that rest on the proposal itself."""


def is_held(world: "World", machine: "Machine", log_id: bytes, seq: int) -> bool:
    """Does the centre hold this machine's op at a place, byte for byte?"""

    async def own(connection: Connection) -> Any:
        return await connection.fetch_value(
            "SELECT op.hash FROM op JOIN log ON log.ordinal = op.log WHERE log.log_id = $1 AND op.seq = $2", log_id, seq
        )

    async def held(connection: Connection) -> list[bytes | None]:
        epochs = await logs.of_log_id(connection, machine.village, log_id)
        return [await logs.hash_at(connection, log, seq) for log in epochs]

    return machine.read(own) in drive(world.regency.disk.read(held))


def check_all(world: "World") -> list[str]:
    """Everything that does not hold."""
    found = _check_centre(world)
    for village in world.villages:
        found += [f"{village.code}: {problem}" for problem in _check_village(world, village)]
    return found


# --- the centre -------------------------------------------------------------------------------------------------------


def _check_centre(world: "World") -> list[str]:
    def read(work: Any) -> Any:
        return drive(world.regency.disk.read(work))

    found = [f"audit: {problem}" for problem in read(lambda c: audit(c, world.regency.rules)).problems]
    found += read(_check_chains) + read(_check_ops) + read(_check_feeds)
    found += read(lambda c: _check_decisions(c, world)) + read(_check_clashes)
    return found + _check_seen(world)


def _check_seen(world: "World") -> list[str]:
    """I1: what a clerk saw succeed is at the centre, unless its last disk was destroyed."""
    held = dict.fromkeys(world.regency.hashes())
    return [
        f"I1 {seen.village}: a {seen.kind} that {seen.machine} showed as saved is lost"
        for record, seen in world.ledger.seen.items()
        if record not in held and record not in world.ledger.gone
    ]


async def _check_chains(connection: Connection) -> list[str]:
    """I3, I4: every epoch is one unbroken chain from its start or from the place where it left another."""
    found = []
    for (village,) in await connection.fetch_all("SELECT DISTINCT village FROM log ORDER BY village"):
        for log in await logs.of_village(connection, village):
            ops = await logs.read(connection, log, 0, 1_000_000)
            prev, seq = GENESIS, 0
            for op in ops:
                seq += 1
                if op.seq != seq or op.hash != _hash(op, prev):
                    found.append(f"I3 {village}, epoch {log.epoch}: the chain breaks at {seq}")
                    break
                prev = op.hash
            if seq != log.head.seq:
                found.append(f"I3 {village}, epoch {log.epoch}: ends at {seq}, its head is {log.head.seq}")
    return found


def _hash(op: Op, prev: bytes) -> bytes:
    digest = sha256(b"kampung/body/1" + op.body).digest()
    return sha256(b"kampung/op/1" + op.log_id + op.seq.to_bytes(8, "big") + prev + digest + op.header).digest()


async def _check_ops(connection: Connection) -> list[str]:
    """I2: nothing twice. I7: what can be read as a proposal is one; what cannot is named on the feed."""
    found = []
    everything = await kept.ops(connection)
    twice = len(everything) - len({each.op.hash for each in everything})
    if twice:
        found.append(f"I2 {twice} ops are stored twice")
    kinds = {(feed, item.key): item.kind for feed, item in await kept.said(connection)}
    for village, _, op, reason in everything:
        told = kinds.get((village, op.record_id))
        try:
            _, read = read_op(op)
        except Unreadable as error:
            if reason != error.reason or told != "quarantined":
                found.append(f"I7 {village}: an op that is {error.reason} was not reported")
            continue
        if isinstance(read, ProposalMade) and told != "decision":
            found.append(f"I7 {village}: a proposal has no decision on the feed")
        if reason:
            found.append(f"I7 {village}: a readable op is quarantined as {reason}")
    return found


async def _check_feeds(connection: Connection) -> list[str]:
    """I5: dense, and every item's digest is what its values make."""
    found = []
    for feed, head in await connection.fetch_all("SELECT feed, seq FROM feed_head ORDER BY feed"):
        items = [item for _, item in await kept.said(connection, feed)]
        digest, values = EMPTY_DIGEST, {}
        for n, item in enumerate(items, start=1):
            digest = replace(digest, item.key, values.get(item.key), item.value)
            values[item.key] = item.value
            if item.seq != n or item.digest != digest:
                found.append(f"I5 feed {feed}: item {n} is {item.seq}, digest right: {item.digest == digest}")
                break
        if len(items) != head:
            found.append(f"I5 feed {feed}: {len(items)} items up to {head}")
    return found


async def _check_decisions(connection: Connection, world: "World") -> list[str]:
    """I6: nobody accepted twice where schemes exclude each other, nobody rejected without evidence that exists."""
    said = {(feed, item.seq): item.value for feed, item in await kept.said(connection)}
    rows = await connection.fetch_all("SELECT record, outcome, code, village, feed_seq FROM proposal ORDER BY record")
    proposals = {p.record: p for p, _ in await facts.all_proposals(connection)}
    coverages = {c.reference for c in await facts.all_coverages(connection)}
    cycles = {c.code: c for c in await facts.cycles(connection)}
    found = []
    accepted = []
    for record, outcome, code, village, feed_seq in rows:
        decision = msgspec.msgpack.decode(said[village, feed_seq], type=Decision)
        if (decision.proposal, decision.outcome, decision.code) != (record, outcome, code):
            found.append("I7 the answer in force is not the one that was said")
        if outcome == "rejected" and code not in WITHOUT_EVIDENCE:
            known = [e for e in decision.evidence if e.kind == "cycle" or e.reference in coverages | proposals.keys()]
            if not decision.evidence or len(known) != len(decision.evidence):
                found.append(f"I6 a rejection ({code}) rests on nothing")
        if outcome == "accepted":
            accepted.append(proposals[record])
    book = (await rule_changes.in_force(connection, world.regency.rules)).book
    for n, a in enumerate(accepted):
        for b in accepted[n + 1 :]:
            same_nik = key_nik(a.nik) is not None and key_nik(a.nik) == key_nik(b.nik)
            same_kk = key_kk(a.kk) is not None and key_kk(a.kk) == key_kk(b.kk)
            if not same_nik and not same_kk:
                continue
            link = Unit.PERSON if same_nik else Unit.HOUSEHOLD
            one, other = (Claim(p.scheme, "", cycles[p.cycle].month_from, cycles[p.cycle].month_until) for p in (a, b))
            if Effect.REJECT in (relation(book, one, other, link).effect, relation(book, other, one, link).effect):
                found.append(f"I6 accepted twice: {a.scheme} in {a.village} and {b.scheme} in {b.village}")
    return found


async def _check_clashes(connection: Connection) -> list[str]:
    """I8: one number on two records is always reported, at the centre and on the village's feed."""
    holders: dict[tuple[str, Printed], list[bytes]] = {}
    for village, _, op, _ in await kept.ops(connection):
        try:
            _, read = read_op(op)
        except Unreadable:
            continue
        if isinstance(read, LetterIssued):
            key = (village, Printed(read.series, read.year, read.number))
            holders.setdefault(key, []).append(op.record_id)
    found = []
    keys = {(feed, item.key) for feed, item in await kept.said(connection)}
    for (village, printed), records in holders.items():
        reported = await connection.fetch_all(
            "SELECT second_record FROM number_clash WHERE village = $1 AND series = $2 AND year = $3 AND number = $4",
            village,
            printed.series,
            printed.year,
            printed.number,
        )
        if len(reported) != len(records) - 1:
            found.append(f"I8 {village}: {printed} on {len(records)} records, {len(reported)} clashes reported")
        for (record,) in reported:
            if (village, b"clash:" + record) not in keys:
                found.append(f"I8 {village}: the village was not told of a clash")
    return found


# --- a village --------------------------------------------------------------------------------------------------------


def _check_village(world: "World", village: "Village") -> list[str]:
    machine = village.alive[0]
    found = drive(inspection.inspect(machine.store))
    held = dict.fromkeys(world.regency.hashes())
    if any(each not in held for each in machine.hashes()):
        found.append("I1 the box holds ops that the centre does not")
    found += _check_answers(world, village, machine) + _check_dossiers(world, village, machine)
    return found + _check_numbers(world, village, machine)


def _check_answers(world: "World", village: "Village", machine: "Machine") -> list[str]:
    """I9, I10: every answer is here as the centre gave it, and both sides say the same of the feed."""

    async def told(connection: Connection) -> tuple[dict[bytes, bytes], dict[str, bytes]]:
        said = {item.seq: item.value for _, item in await kept.said(connection, village.code)}
        rows = await connection.fetch_all("SELECT record, feed_seq FROM proposal WHERE village = $1", village.code)
        heads = await connection.fetch_all(
            "SELECT feed, digest FROM feed_head WHERE feed IN ($1, 'regency')", village.code
        )
        return {r[0]: said[r[1]] for r in rows}, {"regency" if r[0] == "regency" else "village": r[1] for r in heads}

    async def heard(connection: Connection) -> tuple[dict[bytes, tuple[bytes, int]], dict[str, bytes]]:
        rows = await connection.fetch_all("SELECT proposal, value, is_unconfirmed FROM decision")
        cursors = await connection.fetch_all("SELECT feed, digest FROM feed_cursor")
        return {r[0]: (r[1], r[2]) for r in rows}, {r[0]: r[1] for r in cursors}

    answers, digests = drive(world.regency.disk.read(told))
    own, own_digests = machine.read(heard)
    found = []
    for proposal, value in answers.items():
        if own.get(proposal) != (value, 0):
            found.append(f"I9 an answer is {'unconfirmed or older' if proposal in own else 'missing'} in the box")
    for record, (_, is_unconfirmed) in own.items():
        if record not in answers and not is_unconfirmed:
            found.append("I9 the box shows as confirmed an answer that the centre does not know")
    for feed, digest in own_digests.items():
        if digest != digests.get(feed, EMPTY_DIGEST):
            found.append(f"I10 the digests of feed {feed} differ")
    for row in machine.read(aid.recent):
        if row.decision is None:
            found.append("I9 a proposal in the box has no answer")
    return found


def _check_dossiers(world: "World", village: "Village", machine: "Machine") -> list[str]:
    """I9: every dossier is at the centre, and every step of an agency in the box as it was said last."""

    async def told(connection: Connection) -> tuple[dict[bytes, str], dict[bytes, DossierState]]:
        rows = await connection.fetch_all("SELECT record, state FROM dossier WHERE village = $1", village.code)
        items = [item for _, item in await kept.said(connection, village.code) if item.kind == "dossier_state"]
        steps = {item.key: msgspec.msgpack.decode(item.value, type=DossierState) for item in items}
        return {row[0]: row[1] for row in rows}, steps

    async def heard(connection: Connection) -> tuple[set[bytes], dict[bytes, tuple[str, int, int]]]:
        sent = await connection.fetch_all("SELECT id FROM dossier")
        rows = await connection.fetch_all("SELECT dossier, state, at_ms, is_unconfirmed FROM dossier_state")
        return {row[0] for row in sent}, {row[0]: (row[1], row[2], row[3]) for row in rows}

    states, steps = drive(world.regency.disk.read(told))
    sent, own = machine.read(heard)
    found = (
        [f"I9 {len(sent - states.keys())} dossiers of the box are not at the centre"] if sent - states.keys() else []
    )
    for record, state in states.items():
        if state != (steps[record].state if record in steps else "sent"):
            found.append("I9 a dossier stands elsewhere than the village was told")
    for record, step in steps.items():
        state, at_ms, is_unconfirmed = own.get(record, ("", 0, 0))
        is_newer_of_lost_history = bool(is_unconfirmed) and at_ms > step.at_ms
        if (state, at_ms, is_unconfirmed) != (step.state, step.at_ms, 0) and not is_newer_of_lost_history:
            found.append(
                f"I9 a step of an agency is {'older or unconfirmed' if record in own else 'missing'} in the box"
            )
    for record, (_, _, is_unconfirmed) in own.items():
        if record not in steps and not is_unconfirmed:
            found.append("I9 the box shows as confirmed a step that the centre does not know")
    return found


def _check_numbers(world: "World", village: "Village", machine: "Machine") -> list[str]:
    """I1, I8: a printed number whose record is gone is named as missing, and nothing else is."""

    async def used(connection: Connection) -> list[Any]:
        return await connection.fetch_all("SELECT DISTINCT series, year, number FROM number_used")

    agenda = world.ledger.agenda(village.code)
    missing: dict[Printed, None] = {}
    for series, year, first, last in machine.read(letters.missing_numbers):
        missing |= dict.fromkeys(Printed(series, year, n) for n in range(first, last + 1))
    carried = {Printed(*row) for row in machine.read(used)}
    found = [
        f"I8 {p} is called missing, but was never used"
        for p in missing
        if p not in agenda.lines and p not in agenda.unseen
    ]
    for printed in agenda.lines:
        if printed not in missing and printed not in carried:
            found.append(f"I1 {printed} was printed; the box knows neither its letter nor that it is missing")
    return found
