"""`python -m tests.simulation`: many seeds on all cores, progress on standard error, one JSON object as the last line.

Exit code 1 when any promise was broken; `replay` is then the command that tells the story of one such seed again.
"""

import argparse
import json
import os
import sys
import traceback
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from tests.simulation.hardware import PowerCut
from tests.simulation.mutants import MUTANTS
from tests.simulation.world import Outcome, World

HASH_SEED = "0"
"""Of Python itself: nothing here iterates a set, and this makes sure that no library does so differently either."""
CHUNK_SEEDS = 5
VIOLATIONS_SHOWN_MAX = 50


@dataclass(slots=True)
class Total:
    """What all seeds together came to."""

    seeds: int = 0
    faults: Counter[str] = field(default_factory=Counter)
    ops: int = 0
    virtual_days: float = 0.0
    violations: list[str] = field(default_factory=list)
    failed_seed: int | None = None

    def add(self, outcome: Outcome) -> None:
        self.seeds += 1
        self.faults += outcome.faults
        self.ops += outcome.ops
        self.virtual_days += outcome.virtual_days
        self.violations += [f"seed {outcome.seed}: {violation}" for violation in outcome.violations]
        if outcome.violations and self.failed_seed is None:
            self.failed_seed = outcome.seed

    def report(self, mutant: str | None) -> dict[str, object]:
        replay = None
        if self.failed_seed is not None:
            replay = f"python -m tests.simulation --seeds 1 --seed {self.failed_seed}"
            replay += f" --mutant {mutant}" if mutant else ""
        return {
            "seeds": self.seeds,
            "faults": dict(sorted(self.faults.items())),
            "ops": self.ops,
            "virtual_days": round(self.virtual_days, 1),
            "violations": self.violations[:VIOLATIONS_SHOWN_MAX],
            "replay": replay,
        }


def run_seed(seed: int) -> Outcome:
    """One world; a fault of the simulator itself counts as a violation too, so that it cannot hide one."""
    try:
        return World(seed).run()
    except (Exception, PowerCut) as error:
        frames = traceback.extract_tb(error.__traceback__)
        where = f"{frames[-1].filename.rsplit('/', 1)[-1]}:{frames[-1].lineno}"
        return Outcome(seed, violations=[f"the simulator failed: {type(error).__name__}: {error} at {where}"])


def run_seeds(seeds: range, jobs: int, mutant: str | None) -> Iterator[Outcome]:
    """In the order of the seeds."""
    if jobs == 1 or len(seeds) == 1:
        _prepare(mutant)
        yield from map(run_seed, seeds)
        return
    with ProcessPoolExecutor(jobs, initializer=_prepare, initargs=(mutant,)) as pool:
        try:
            yield from pool.map(run_seed, seeds, chunksize=CHUNK_SEEDS)
        finally:
            pool.shutdown(cancel_futures=True)  # whoever stops at the first violation does not wait for the rest


def _prepare(mutant: str | None) -> None:
    if mutant:
        MUTANTS[mutant]()


def main() -> int:
    args = _arguments()
    _fix_hash_seed()
    seeds = range(args.seed, args.seed + args.seeds)
    total = Total()
    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console) as progress:
        task = progress.add_task("seeds", total=len(seeds))
        for outcome in run_seeds(seeds, args.jobs, args.mutant):
            total.add(outcome)
            progress.advance(task)
            for violation in outcome.violations[:3]:
                progress.console.print(f"seed {outcome.seed}: {violation}", style="red", highlight=False, markup=False)
            if total.violations and args.stop_at_first:
                break
    sys.stdout.write(json.dumps(total.report(args.mutant)) + "\n")
    return 1 if total.violations else 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.simulation", description=__doc__)
    parser.add_argument("--seeds", type=int, default=100, help="how many worlds")
    parser.add_argument("--seed", type=int, default=1, help="the first one")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="processes")
    parser.add_argument("--mutant", choices=sorted(MUTANTS), help="break the system on purpose")
    parser.add_argument("--stop-at-first", action="store_true", help="stop at the first seed with a violation")
    return parser.parse_args()


def _fix_hash_seed() -> None:
    """Start again with a fixed hash seed, unless it is fixed already."""
    if os.environ.get("PYTHONHASHSEED") != HASH_SEED:
        os.environ["PYTHONHASHSEED"] = HASH_SEED
        os.execv(sys.executable, [sys.executable, "-m", "tests.simulation", *sys.argv[1:]])


if __name__ == "__main__":
    sys.exit(main())
