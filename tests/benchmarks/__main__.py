"""`make bench`: limits, peers and Kampung side by side in one run; medians, and ratios to the figures beside them.

What counts are the ratios: the machine is the same for all. The last run stands in build/bench.json. Peers that are other
people's programs and are not here are named and left out.
"""

import argparse
import asyncio
import json
import statistics
import sys
import tempfile
from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path

from rich.console import Console
from rich.table import Table

from agent import data
from agent.domain.letters import Letterhead, Signer, write_draft
from agent.domain.numbering import SeriesPolicy, numbering_policy
from agent.store import Desk
from agent.store import letters as letter_store
from protocol.letter_kinds import read_catalogue
from protocol.regions import VillageKind
from tests.acceptance.town import VILLAGES, prepare
from tests.agent.letter_samples import SUBJECT
from tests.benchmarks import kampung, nats_peer, peers, postgres_peer, pouchdb_peer
from tests.benchmarks.foreign import MEASURE_SECONDS_MAX, Absent, Measure
from tests.benchmarks.records import VILLAGE, as_json, bodies

OPS, NAIVE_ONE_OPS = 100_000, 3_000
RESULT = Path("build/bench.json")

out = Console(stderr=True)


async def issue(desk: Desk) -> object:
    kind = _KINDS["sktm"]
    head = Letterhead(
        regency="Banyuwangi", district="Blimbingsari", village="Sukojati", village_kind=VillageKind.DESA, address="-"
    )
    fields = (("purpose", "keringanan biaya sekolah"), ("family_members", ()), ("student_name", ""))
    draft = write_draft(
        kind,
        SUBJECT,
        fields,
        Signer(name="SUPRIYADI", title="Kepala Desa"),
        head,
        dated=date(2026, 1, 5),
        text_version=1,
    )
    return await letter_store.issue(desk, draft, kind, _POLICY, bytes(16), "bench", is_date_confirmed=True)


_KINDS = read_catalogue(data.letters_csv(), data.letter_fields_csv())
_POLICY = numbering_policy(
    SeriesPolicy.ONE,
    "{klas}/{nomor:03d}/{kode_instansi}/{tahun}",
    kode_desa="35.10.25.2010",
    kode_instansi="429.508.03",
)


FOREIGN = {
    "PostgreSQL": postgres_peer.prepare,
    "NATS JetStream": nats_peer.prepare,
    "PouchDB to express-pouchdb": pouchdb_peer.prepare,
}


def who_is_here(folder: Path) -> tuple[dict[str, Measure], dict[str, str]]:
    """The foreign peers that can run, and what would bring those that cannot."""
    present, missing = {}, {}
    for name, prepare_peer in FOREIGN.items():
        try:
            present[name] = prepare_peer(folder)
        except Absent as cure:
            missing[name] = str(cure)
            out.print(f"left out: {name} ({cure})", markup=False)
    return present, missing


async def one_run(
    prepared: Path, folder: Path, ops: int, seed: int, foreign: Mapping[str, Measure]
) -> dict[str, float]:
    records = [as_json(record) for record in bodies(ops, seed)]
    rows = peers.rows_of(VILLAGE, records)
    figures = {
        "record_json_bytes": statistics.mean(map(len, records)),
        "raw_sqlite_1000": peers.raw_sqlite(folder, rows, is_idempotent=True),
        "raw_sqlite_1000_place_only": peers.raw_sqlite(folder, rows, is_idempotent=False),
        "naive_1": await peers.naive(folder, rows[:NAIVE_ONE_OPS], a_post=1),
        "naive_1000": await peers.naive(folder, rows, a_post=1_000),
    }
    for measure in foreign.values():
        apart = folder / f"foreign{len(figures)}"
        apart.mkdir()
        async with asyncio.timeout(MEASURE_SECONDS_MAX):
            figures |= await measure(apart, rows)
    done = await kampung.backlog(prepared, folder / "backlog", ops, seed)
    figures |= {"acked": done.acked, "decided": done.decided, "bytes_an_op": done.bytes_an_op}
    figures["line_ops"], figures["line_use"] = await kampung.thin_line(prepared, folder / "line", ops, seed)
    taken = await kampung.letters(prepared, folder / "letters", issue)
    figures |= {"letter_p50_ms": taken[len(taken) // 2], "letter_p99_ms": taken[len(taken) * 99 // 100]}
    return figures


RATIOS: Sequence[tuple[str, str, str, float | None]] = (
    ("to the acknowledgement / raw SQLite x1,000", "acked", "raw_sqlite_1000", 0.8),
    ("to the acknowledgement / naive, one JSON POST a record", "acked", "naive_1", 150),
    ("to the acknowledgement / naive, 1,000 a POST", "acked", "naive_1000", 4),
    ("tabulated and decided / raw SQLite x1,000", "decided", "raw_sqlite_1000", 0.35),
    ("to the acknowledgement / NATS JetStream, fsynced, each acknowledged", "acked", "nats", 20),
    ("to the acknowledgement / NATS JetStream, fsynced, batches of 1,000", "acked", "nats_batches", None),
    ("to the acknowledgement / PouchDB to express-pouchdb", "acked", "pouchdb", 20),
    # measured where a centre of the run keeps its records in PostgreSQL: `one_run` then has these two figures as well
    ("to the acknowledgement, on PostgreSQL / COPY x1,000", "acked_postgresql", "copy_1000", 0.8),
    ("tabulated and decided, on PostgreSQL / COPY x1,000", "decided_postgresql", "copy_1000", 0.4),
)
"""What is compared with what, and the goal where there is one; a row of which a figure was not measured is left out."""


def show(median: dict[str, float], runs: int) -> dict[str, float]:
    table = Table("figure", "median", title=f"{runs} run(s)")
    for name, value in median.items():
        table.add_row(name, f"{value:,.2f}" if value < 1_000 else f"{value:,.0f}")
    out.print(table)
    ratios = Table("ratio", "measured", "goal")
    found = {}
    for label, above, below, goal in RATIOS:
        if above in median and below in median:
            found[label] = median[above] / median[below]
            ratios.add_row(label, f"{found[label]:.2f}", "" if goal is None else f"{goal:g}")
    out.print(ratios)
    return found


async def main(runs: int, ops: int) -> None:
    figures: list[dict[str, float]] = []
    with tempfile.TemporaryDirectory(prefix="kampung-bench-") as name:
        folder = Path(name)
        (folder / "prepared").mkdir()
        await prepare(folder / "prepared", folder / "cache", VILLAGES[:1])
        foreign, missing = who_is_here(folder)
        for number in range(runs):
            (folder / str(number)).mkdir()
            figures.append(await one_run(folder / "prepared", folder / str(number), ops, number + 1, foreign))
            out.print(f"run {number + 1} of {runs} done")
    median = {key: statistics.median(f[key] for f in figures) for key in figures[0]}
    result = {"ops": ops, "median": median, "ratios": show(median, runs), "runs": figures, "left_out": missing}
    RESULT.parent.mkdir(exist_ok=True)
    RESULT.write_text(json.dumps(result, indent=1))
    sys.stdout.write(json.dumps({"ops": ops, "median": median}) + "\n")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description=__doc__)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--ops", type=int, default=OPS)
    args = parser.parse_args()
    asyncio.run(main(args.runs, args.ops))
