"""Proves that the centre holds what it acknowledged and said what follows from it. Reads everything, changes nothing.

Recomputes: every log's chain, that acknowledged heads stand on stored ops, every feed's items and digests, every
decision from all facts at once (batch), every determined list, and the trail of what people did.
"""

from collections import Counter
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

import msgspec
from msgspec.structs import replace

from central.domain.answers import Rules, policy
from central.domain.batches import read_batch
from central.domain.decisions import LIST_EPOCH, decide
from central.domain.determination import list_hash
from central.reconcile import is_told
from central.store import (
    attachments,
    determinations,
    dossiers,
    facts,
    feeds,
    identities,
    likely,
    logs,
    pins,
    reports,
    rule_changes,
    rulings,
    trail,
)
from chassis.database import Connection
from protocol import feed as feed_digest
from protocol.errors import ProtocolError
from protocol.feed import EMPTY_DIGEST, REGENCY, revocation_key
from protocol.ops import chain, start_of

OPS_AT_ONCE = 4_096


@dataclass(slots=True)
class Findings:
    """Counts of what was checked, and what is wrong in words for an operator."""

    ops: int = 0
    feed_items: int = 0
    decisions: int = 0
    problems: list[str] = field(default_factory=list)


async def audit(connection: Connection, rules: Rules) -> Findings:
    """Every batch must be tabulated and decided first; what still waits is counted as a problem of time, not of truth."""
    found = Findings()
    for row in await connection.fetch_all("SELECT DISTINCT village FROM log ORDER BY village"):
        await _check_logs(connection, row[0], found)
    for row in await connection.fetch_all("SELECT feed FROM feed_head ORDER BY feed"):
        await _check_feed(connection, row[0], found)
    await _check_batches(connection, found)
    await _check_pictures(connection, found)
    await _check_decisions(connection, rules, found)
    await _check_rosters(connection, found)
    found.problems += await trail.check(connection)
    return found


async def _check_logs(connection: Connection, village: str, found: Findings) -> None:
    for log in await logs.of_village(connection, village):
        at, name = start_of(log.head.log_id), f"village {village}, log {log.epoch}"
        try:
            while ops := await logs.read(connection, log, at.seq, OPS_AT_ONCE):
                if [op.hash for op in ops] != chain(at, [op.header for op in ops], [op.body for op in ops]):
                    break
                found.ops += sum(op.seq > log.branch_seq for op in ops)
                at = ops[-1].position
        except ProtocolError:
            found.problems.append(f"{name}: what is kept after {at.seq} cannot be read")
        if at != log.head:
            found.problems.append(f"{name}: acknowledged up to {log.head.seq}, held and unbroken up to {at.seq}")


async def _check_batches(connection: Connection, found: Findings) -> None:
    """Every proposal, visit, answer to a question and PIN stands in the tables as its village wrote it, and no other, and
    every dossier and photograph at its place; every void letter was told to all."""
    kept_dossiers, lost_dossiers = await dossiers.all_records(connection), 0
    kept_photographs, lost_photographs = await attachments.all_records(connection), 0
    said: dict[str, dict[bytes, Any]] = {
        "visits": await reports.all_verifications(connection),
        "answers of villages": await identities.all_records(connection),
        "PINs": await pins.all_records(connection),
    }
    strayed = Counter[str]()
    answered = await facts.all_proposals(connection)
    kept = {proposal.record: proposal for proposal, _ in answered if proposal.epoch != LIST_EPOCH}
    told_to_all = await feeds.keys(connection, REGENCY)
    missing = wrong = silent = 0
    async for batch in logs.tabulated(connection):
        try:
            reading = read_batch(batch)
        except ProtocolError:
            continue  # said by the check of the logs
        silent += sum(revocation_key(batch.village, letter) not in told_to_all for letter, _ in reading.voided)
        lost_dossiers += sum(
            kept_dossiers.pop(each.record, None) != (each.village, each.epoch, each.seq) for each in reading.dossiers
        )
        lost_photographs += sum(
            kept_photographs.pop(each.record, None) != (each.village, each.epoch, each.seq)
            for each in reading.attachments
        )
        read: tuple[list[Any], ...] = reading.verifications, reading.answers, reading.pins
        for name, written in zip(said, read, strict=True):
            strayed[name] += sum(said[name].pop(each.record, None) != each for each in written)
        for proposal in reading.proposals:
            told = kept.pop(proposal.record, None)
            missing += told is None
            wrong += told is not None and told != replace(
                proposal, anchor_ms=told.anchor_ms, is_withdrawn=told.is_withdrawn
            )
    if missing or wrong or kept:
        found.problems.append(
            f"proposals: {missing} of the logs are missing, {wrong} differ from the log, {len(kept)} stand in no log"
        )
    if lost_dossiers or kept_dossiers:
        found.problems.append(
            f"dossiers: {lost_dossiers} of the logs are missing, {len(kept_dossiers)} stand in no log"
        )
    if lost_photographs or kept_photographs:
        found.problems.append(
            f"photographs: {lost_photographs} of the logs are missing, {len(kept_photographs)} stand in no log"
        )
    found.problems += [
        f"{name}: {strayed[name]} are not as their logs have them, {len(rows)} stand in no log"
        for name, rows in said.items()
        if strayed[name] or rows
    ]
    if silent:
        found.problems.append(f"letters: {silent} that their village declared void are not on the list of all")


async def _check_pictures(connection: Connection, found: Findings) -> None:
    """Each is what its name says."""
    changed = 0
    for village, digest in await attachments.contents(connection):
        changed += sha256(await attachments.content(connection, village, digest) or b"").digest() != digest
    if changed:
        found.problems.append(f"pictures: {changed} differ from their names")


async def _check_feed(connection: Connection, feed: str, found: Findings) -> None:
    """Said again from the first item: also what was replaced since must still be what was said."""
    head = await feeds.head(connection, feed)
    said: dict[bytes, bytes] = {}
    seq, digest = 0, EMPTY_DIGEST
    try:
        while items := await feeds.after(connection, feed, seq):
            for item in items:
                digest = feed_digest.replace(digest, item.key, said.get(item.key), item.value)
                if item.seq != seq + 1 or item.digest != digest:
                    found.problems.append(f"feed {feed}: item {item.seq} is not what was said after item {seq}")
                    return
                said[item.key] = item.value
                seq = item.seq
                found.feed_items += 1
    except msgspec.MsgspecError:
        found.problems.append(f"feed {feed}: what was said after item {seq} cannot be read")
    if (seq, digest) != head:
        found.problems.append(f"feed {feed}: ends at item {seq}, but {head[0]} were published")


async def _check_decisions(connection: Connection, rules: Rules, found: Findings) -> None:
    rules = await rule_changes.in_force(connection, rules)
    found.problems += await rule_changes.check(connection)
    cycles = {c.code: c for c in await facts.cycles(connection)}
    answered = await facts.all_proposals(connection)
    coverages, said = await facts.all_coverages(connection), await identities.in_force(connection)
    finals, aside = await determinations.finals(connection), await rulings.aside(connection)
    proposals = [p for p, _ in answered]
    pairs = await likely.every(connection)
    verdicts = decide(policy(rules, cycles), proposals, coverages, said, pairs, finals, aside)
    told = {proposal.record: answer for proposal, answer in answered}
    waiting = await facts.count_dirty(connection)
    found.decisions = len(told)
    wrong = sum(not is_told(verdict, told[record]) for record, verdict in verdicts.items())
    if wrong > waiting:
        found.problems.append(
            f"decisions: {wrong} differ from what all facts together say; {waiting} are being decided"
        )


async def _check_rosters(connection: Connection, found: Findings) -> None:
    """Each determined list has the bytes that its hash names, ties out, and replaces the one before."""
    before: dict[str, bytes] = {}
    for each in await determinations.every(connection):
        listed = each.list
        is_whole = (
            list_hash(each.content) == each.hash
            and (listed.cycle, listed.number) == (each.cycle, each.number)
            and (len(listed.entries), listed.total_rupiah) == (each.recipients, each.total_rupiah)
            and listed.replaces == before.get(each.cycle, b"")
        )
        before[each.cycle] = each.hash
        if not is_whole:
            found.problems.append(f"roster {each.cycle}, list {each.number}: not what was signed")
