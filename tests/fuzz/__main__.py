"""`python -m tests.fuzz --seconds 600`: spoilt lists until the time is over; what came of them as one line of JSON.

Exit code 1 at the first thing that does not hold: the case is named, and its file is kept in build/fuzz.
"""

import argparse
import asyncio
import json
import sys
import tempfile
import time
from collections import Counter
from hashlib import sha256
from itertools import count
from pathlib import Path

from tests.fuzz.importer import Broken, opened

CASES_AN_OFFICE = 400
"""Then another is opened: in a full archive every case takes longer."""
KEPT = Path("build/fuzz")


async def run(seed: int, first: int, seconds: float, cases: int) -> tuple[Counter[str], float, int]:
    """How the cases ended, the longest one's seconds and its number. Raises Broken."""
    ends, until, numbers = Counter[str](), time.monotonic() + seconds, iter(count(first))
    done, slowest = 0, (0.0, first)
    while time.monotonic() < until and (not cases or done < cases):
        with tempfile.TemporaryDirectory(prefix="fuzz-") as folder:
            async with opened(Path(folder)) as fuzzer:
                for _ in range(CASES_AN_OFFICE):
                    if time.monotonic() >= until or (cases and done >= cases):
                        break
                    number, started = next(numbers), time.monotonic()
                    await fuzzer.case(seed, number)
                    slowest = max(slowest, (time.monotonic() - started, number))
                    done += 1
                ends += fuzzer.ends
    return ends, *slowest


def main() -> int:
    args = _arguments()
    try:
        ends, seconds, number = asyncio.run(run(args.seed, args.case, args.seconds, args.cases))
    except Broken as broken:
        KEPT.mkdir(parents=True, exist_ok=True)
        path = KEPT / sha256(broken.content).hexdigest()[:16]
        path.write_bytes(broken.content)
        sys.stderr.write(f"{broken}\nthe file: {path}\n")
        return 1
    longest = {"case": number, "seconds": round(seconds, 2)}
    report = {"seed": args.seed, "cases": ends.total(), "ends": dict(ends.most_common()), "longest": longest}
    sys.stdout.write(json.dumps(report) + "\n")
    return 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--case", type=int, default=0, help="the first case; with --cases 1 this one alone")
    parser.add_argument("--cases", type=int, default=0, help="how many at most; 0: as many as there is time for")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
