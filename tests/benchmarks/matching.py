"""`python -m tests.benchmarks.matching`: who of 50,000 rows is among 300,000, with bad NIKs; beside splink, in one run.

And the exact overlap check (NIK or family card) with every decision, beside the same join in DuckDB and in SQLite. The
truth is planted by the generator, so what is found can be judged. What counts are the ratios: the machine is the same for
all. The last run stands in build/bench-matching.json. Without splink (`pip install '.[bench]'`) ours runs alone and says so.
"""

import argparse
import importlib.util
import json
import sqlite3
import statistics
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from central.domain.answers import policy_of
from central.domain.blocking import Index
from central.domain.decisions import NEEDS_REVIEW, Case, Coverage, Pairs, Policy, Proposal, key_kk, key_nik
from central.domain.matching import Band, Person, compare
from central.domain.reasons import ReasonCode
from central.domain.whole_lists import match_lists
from central.store import facts, imports, likely
from central.store.imports import ImportFile
from chassis.database import Connection, drive
from protocol.names import name_key
from protocol.schemes import month
from tests.benchmarks.matching_lists import TwoLists, two_lists
from tests.builders import Entry
from tests.central.desk import PANGAN, RULES, START_MS, in_memory

LEFT, RIGHT, RUNS, ONE_BY_ONE = 50_000, 300_000, 5, 2_000
RESULT = Path("build/bench-matching.json")
HAS_PEERS = importlib.util.find_spec("splink") is not None and importlib.util.find_spec("duckdb") is not None

out = Console(stderr=True)
Figures = dict[str, float]
Pair = tuple[int, int]


def timed(work: Callable[[], Any], runs: int) -> tuple[Any, list[float]]:
    """The last result, and the seconds of each run."""
    taken = []
    for _ in range(runs):
        started = time.perf_counter()
        result = work()
        taken.append(time.perf_counter() - started)
    return result, taken


def spread(taken: Sequence[float]) -> tuple[float, float, float]:
    return statistics.median(taken), min(taken), max(taken)


# ------------------------------------------------------------------------------------------------- who is who


def judge(lists: TwoLists, left: Sequence[Person], right: Sequence[Person], found: set[Pair]) -> Figures:
    """F1 of all pairs, and of those that no equal NIK shows."""

    def is_hidden(pair: Pair) -> bool:
        nik = left[pair[0]].nik
        return nik is None or nik != right[pair[1]].nik

    hidden, planted = set(filter(is_hidden, found)), set(filter(is_hidden, lists.truth))
    bad = set(filter(lists.is_bad, lists.truth))
    return {
        "f1": f1(found, lists.truth),
        "f1_without_equal_nik": f1(hidden, planted),
        "bad_niks_found": len(bad & found) / max(1, len(bad)),
        "pairs_planted": len(lists.truth),
        "pairs_planted_with_bad_nik": len(bad),
    }


def f1(found: set[Pair], truth: set[Pair]) -> float:
    return 2 * len(found & truth) / max(1, len(found) + len(truth))


def ours(lists: TwoLists, left: list[Person], right: list[Person], runs: int) -> Figures:
    began = time.process_time()
    matches, taken = timed(lambda: match_lists(left, right), runs)
    cpu = (time.process_time() - began) / runs
    certain = {(i, j) for i, j, band in matches.pairs if band is Band.CERTAIN}
    likely = {(i, j) for i, j, band in matches.pairs if band is Band.LIKELY}
    held = {i for i, _, band in matches.pairs if band is not Band.CERTAIN}
    figures = judge(lists, left, right, certain | likely)
    figures["seconds"], figures["seconds_min"], figures["seconds_max"] = spread(taken)
    figures |= {
        "cpu_seconds": cpu,
        "wrong_merges": len(certain - lists.truth),
        "likely": len(likely),
        "likely_and_two_people": len(likely - lists.truth),
        "held_of_all_rows": len(held) / (len(left) + len(right)),
        "held_of_the_shorter_list": len(held) / len(left),
        "huge_blocks": len(matches.skipped),
    }
    return figures


def one_by_one(left: Sequence[Person], right: Sequence[Person]) -> Figures:
    """A person who comes in alone: found among all the others and compared, in milliseconds."""
    index = Index(right)
    taken = []
    for person in left[:ONE_BY_ONE]:
        started = time.perf_counter()
        for number in index.candidates(person).numbers:
            compare(person, right[number])
        taken.append((time.perf_counter() - started) * 1_000)
    taken.sort()
    return {"one_person_p50_ms": taken[len(taken) // 2], "one_person_p95_ms": taken[len(taken) * 95 // 100]}


def splink(lists: TwoLists, left: list[Person], right: list[Person]) -> Figures:
    """At the weight that gives the best F1 on this truth, which nobody would know in an office."""
    from tests.benchmarks.splink_peer import link

    began = time.process_time()
    linked = link(left, right)
    cpu = time.process_time() - began
    best, at, right_so_far = 0.0, 0, 0
    for number, (_, i, j) in enumerate(linked.pairs, start=1):
        right_so_far += (i, j) in lists.truth
        score = 2 * right_so_far / (number + len(lists.truth))
        if score > best:
            best, at = score, number
    figures = judge(lists, left, right, {(i, j) for _, i, j in linked.pairs[:at]})
    return figures | {
        "seconds": linked.training + linked.predicting,
        "seconds_predicting": linked.predicting,
        "cpu_seconds": cpu,
    }


# ------------------------------------------------------------------------------------------------------ overlap


def proposals(entries: Iterable[Entry]) -> list[Proposal]:
    return [
        Proposal(
            record=number.to_bytes(16, "big"),
            village=entry.village,
            epoch=1,
            seq=number,
            scheme=PANGAN.scheme,
            cycle=PANGAN.code,
            nik=entry.nik,
            kk=entry.kk,
            match_nik=key_nik(entry.nik),
            match_kk=key_kk(entry.kk),
            name=entry.name,
            birth_date=entry.birth_date.isoformat() if entry.birth_date else "",
            sex=entry.sex.value,
            mother=entry.mother_name,
            claimed_ms=START_MS,
            anchor_ms=0,
            received_ms=START_MS,
            rt=entry.rt,
            rw=entry.rw,
        )
        for number, entry in enumerate(entries)
    ]


def coverages(entries: Iterable[Entry]) -> list[Coverage]:
    return [
        Coverage(
            reference=sha256(number.to_bytes(8, "big")).digest(),
            scheme="PKH",
            component="",
            nik=key_nik(entry.nik) or "",
            kk=key_kk(entry.kk) or "",
            name_key=name_key(entry.name),
            first=month(2021, 1),
            until=month(2021, 12),
            village=entry.village,
            as_of="2021-04-30",
            birth_date=entry.birth_date.isoformat() if entry.birth_date else "",
            sex=entry.sex.value,
            mother_key=name_key(entry.mother_name),
            rt=entry.rt,
            rw=entry.rw,
        )
        for number, entry in enumerate(entries)
    ]


def overlap(lists: TwoLists, runs: int) -> Figures:
    """From facts in memory: who shares a NIK or a card (and of one NIK, whose names differ), then every proposal decided.
    The joins find who shares one, and decide nothing.
    """
    proposed, covered = proposals(lists.left), coverages(lists.right)
    policy = Policy(RULES.book, {PANGAN.code: policy_of(PANGAN)})
    _, checked = timed(lambda: Case(proposed, covered), runs)
    verdicts, taken = timed(lambda: Case(proposed, covered).decide(policy), runs)
    left = [(p.match_nik or None, p.match_kk or None) for p in proposed]
    right = [(c.nik or None, c.kk or None) for c in covered]
    figures = {"decided": float(len(verdicts))}
    figures |= {"overlap_check_seconds": spread(checked)[0], "decide_all_seconds": spread(taken)[0]}
    figures["sqlite_join_seconds"], pairs = in_sqlite(left, right, runs)
    if HAS_PEERS:
        figures["duckdb_join_seconds"], others = in_duckdb(left, right, runs)
        assert pairs == others, "the two joins disagree"
    return figures


def at_the_centre(lists: TwoLists) -> Figures:
    """The same two lists in the centre's tables: whom its own lookups bring together, and what becomes of every proposal.

    A proposal that is refused is a wrong refusal unless its person is on the other list, or another proposal shares the
    person or the family card; one that waits for an officer is in the queue.
    """
    proposed, covered = proposals(lists.left), coverages(lists.right)
    database = in_memory()

    async def fill(connection: Connection) -> Pairs:
        number = await imports.put(connection, ImportFile(b"x" * 32, "x", "x", "2021-04-30", 0, "x", b""))
        await facts.put_coverages(connection, number, enumerate(covered, start=1))
        return await likely.find(connection, proposed)

    began = time.perf_counter()
    pairs = drive(database.transact(fill))
    seconds = time.perf_counter() - began
    drive(database.close())
    places = {c.reference: at for at, c in enumerate(covered)}
    found = {
        (int.from_bytes(record, "big"), places[other])
        for record, others in pairs.items()
        for other in others
        if other in places
    }
    by_nik: dict[str, list[int]] = {}
    for at, coverage in enumerate(covered):
        if coverage.nik:
            by_nik.setdefault(coverage.nik, []).append(at)
    same = {(at, other) for at, p in enumerate(proposed) if p.match_nik for other in by_nik.get(p.match_nik, ())}
    verdicts = Case(proposed, covered, pairs).decide(Policy(RULES.book, {PANGAN.code: policy_of(PANGAN)}))
    queue = sum(v.outcome == NEEDS_REVIEW for v in verdicts.values())
    bad = set(filter(lists.is_bad, lists.truth))
    # of a number that is none the village is told at once, so nobody is paid twice
    refused = {at for at, p in enumerate(proposed) if verdicts[p.record].code is ReasonCode.NIK_INVALID}
    told = {pair for pair in bad if pair in found or pair in same or pair[0] in refused}
    return {
        "seconds_of_lookups": seconds,
        "bad_niks_found": len(bad & (found | same)) / max(1, len(bad)),
        "bad_niks_found_or_refused_for_the_number": len(told) / max(1, len(bad)),
        "likely_and_two_people": len(found - lists.truth),
        "queue": queue,
        "queue_of_all_rows": queue / (len(proposed) + len(covered)),
        "refused_for_a_number_of_somebody_else": len(
            {
                at
                for at, other in same
                if (at, other) not in lists.truth
                and verdicts[proposed[at].record].code is ReasonCode.COVERED_BY_SCHEME
                and not any(pair[0] == at for pair in lists.truth)
            }
        ),
    }


Row = tuple[str | None, str | None]
_JOIN = (
    "SELECT count(*) FROM (SELECT p.id AS one, c.id AS other FROM proposed p JOIN covered c ON p.nik = c.nik"
    " UNION SELECT p.id, c.id FROM proposed p JOIN covered c ON p.kk = c.kk) AS linked"
)


def in_sqlite(left: Sequence[Row], right: Sequence[Row], runs: int) -> tuple[float, int]:
    """Indexed, in memory; the join alone is timed."""
    connection = sqlite3.connect(":memory:")
    for name, rows in (("proposed", left), ("covered", right)):
        connection.execute(f"CREATE TABLE {name} (id INTEGER PRIMARY KEY, nik TEXT, kk TEXT)")
        connection.executemany(f"INSERT INTO {name} (nik, kk) VALUES (?, ?)", rows)
        connection.execute(f"CREATE INDEX {name}_nik ON {name} (nik)")
        connection.execute(f"CREATE INDEX {name}_kk ON {name} (kk)")
    connection.execute("ANALYZE")
    found, taken = timed(lambda: connection.execute(_JOIN).fetchone()[0], runs)
    connection.close()
    return spread(taken)[0], found


def in_duckdb(left: Sequence[Row], right: Sequence[Row], runs: int) -> tuple[float, int]:
    import duckdb
    import pyarrow

    connection = duckdb.connect()
    for name, rows in (("proposed", left), ("covered", right)):
        nik, kk = zip(*rows, strict=True)
        connection.register("rows", pyarrow.table({"id": range(len(rows)), "nik": list(nik), "kk": list(kk)}))
        connection.execute(f"CREATE TABLE {name} AS SELECT * FROM rows")
    found, taken = timed(lambda: connection.execute(_JOIN).fetchone()[0], runs)
    connection.close()
    return spread(taken)[0], found


# ------------------------------------------------------------------------------------------------------- report


def show(title: str, columns: dict[str, Figures]) -> None:
    table = Table("figure", *columns, title=title)
    names = dict.fromkeys(name for figures in columns.values() for name in figures)
    for name in names:
        table.add_row(name, *(f"{figures[name]:,.4g}" if name in figures else "" for figures in columns.values()))
    out.print(table)


def main(seed: int, left_rows: int, right_rows: int, runs: int) -> None:
    lists = two_lists(seed, left_rows, right_rows)
    left, right = lists.persons()
    matching = {"ours": ours(lists, left, right, runs) | one_by_one(left, right)}
    if HAS_PEERS:
        matching["splink, at its best weight"] = splink(lists, left, right)
    else:
        out.print("splink is not installed (pip install '.[bench]'), so ours stands alone", markup=False)
    show(f"{left_rows:,} against {right_rows:,} rows, seed {seed}", matching)
    centre = at_the_centre(lists)
    show("the same two lists in the centre's tables", {"": centre})
    exact = overlap(lists, runs)
    ratios = {
        f"{ours} / {peer} join": exact[f"{ours}_seconds"] / exact[f"{peer}_join_seconds"]
        for ours in ("overlap_check", "decide_all")
        for peer in ("sqlite", "duckdb")
        if f"{peer}_join_seconds" in exact
    }
    if HAS_PEERS:
        ratios["splink / ours, seconds"] = (
            matching["splink, at its best weight"]["seconds"] / matching["ours"]["seconds"]
        )
    show("exact overlap by NIK or family card", {"": exact | ratios})
    result = {"seed": seed, "rows": [left_rows, right_rows], "matching": matching, "centre": centre}
    result |= {"overlap": exact, "ratios": ratios}
    RESULT.parent.mkdir(exist_ok=True)
    RESULT.write_text(json.dumps(result, indent=1))
    sys.stdout.write(json.dumps(result) + "\n")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.matching", description=__doc__)
    parser.add_argument("--seed", type=int, default=3)
    parser.add_argument("--left", type=int, default=LEFT)
    parser.add_argument("--right", type=int, default=RIGHT)
    parser.add_argument("--runs", type=int, default=RUNS)
    args = parser.parse_args()
    main(args.seed, args.left, args.right, args.runs)
