"""PouchDB to express-pouchdb over loopback: the best known replication of documents that were written while cut off.

In the peer's favour: its databases (leveldb on both sides) never fsync, and only the replication is timed.
"""

import asyncio
import json
import os
import shutil
import subprocess
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from tests.benchmarks.foreign import MEASURE_SECONDS_MAX, Absent, Measure, running
from tests.benchmarks.peers import Row

DOCUMENTS = 10_000
"""Its compiler needs some thousands of documents to reach full speed."""
PACKAGES = ("pouchdb@9.0.0", "express-pouchdb@4.2.0", "express@4.22.3")
INSTALL_SECONDS_MAX = 180
SCRIPT = Path(__file__).with_suffix(".cjs")


def prepare(folder: Path) -> Measure:
    """Installs the packages under the folder, for this run alone; none of their install scripts runs."""
    npm, node = shutil.which("npm"), shutil.which("node")
    if npm is None or node is None:
        raise Absent("apt-get install nodejs npm")
    home = folder / "node"
    options = ["--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error", "--fetch-retries=1"]
    try:
        subprocess.run(
            [npm, "install", "--prefix", str(home), *options, *PACKAGES],
            check=True,
            capture_output=True,
            timeout=INSTALL_SECONDS_MAX,
        )
    except (subprocess.CalledProcessError, subprocess.TimeoutExpired) as error:
        raise Absent(f"npm did not get {', '.join(PACKAGES)}") from error
    return partial(measure, [node, str(SCRIPT)], {**os.environ, "NODE_PATH": str(home / "node_modules")})


async def measure(
    script: list[str], environment: dict[str, str], folder: Path, rows: Sequence[Row]
) -> dict[str, float]:
    documents = folder / "documents"
    documents.write_text("\n".join(as_document(row) for row in rows[:DOCUMENTS]))
    count = min(len(rows), DOCUMENTS)
    (folder / "centre").mkdir()
    with running([*script, "serve", folder / "centre"], folder / "pouchdb.log", environment) as server:
        assert server.stdout is not None
        port = int(await asyncio.to_thread(server.stdout.readline))
        done = await asyncio.to_thread(
            subprocess.run,
            [*script, "replicate", folder, documents, f"http://127.0.0.1:{port}", str(count)],
            check=True,
            capture_output=True,
            timeout=MEASURE_SECONDS_MAX,
            env=environment,
        )
    return {"pouchdb": count / float(done.stdout)}


def as_document(row: Row) -> str:
    village, seq, record_id, body = row
    return json.dumps({"_id": record_id.hex(), "village": village, "seq": seq, **json.loads(body)})
