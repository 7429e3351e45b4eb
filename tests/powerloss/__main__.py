"""`python -m tests.powerloss`: many crash states of a village's and a centre's day, as one line of JSON at the end.

Exit code 1 when anything told was lost or anything is corrupt; with `--expect-loss` when nothing was.
"""

import argparse
import json
import os
import sys
from dataclasses import asdict

from tests.powerloss.harness import PARTS, Score, run_part


def main() -> int:
    args = _arguments()
    scores = {
        part: run_part(part, states, args.seed, args.synchronous, args.jobs) for part, states in _shares(args.states)
    }
    for part, score in scores.items():
        for example in score.examples:
            sys.stderr.write(f"{part}: {example}\n")
    total = Score()
    for score in scores.values():
        total.add(score)
    report = {"states": total.states, "told": total.told, "lost": total.lost, "corrupt": total.corrupt}
    parts = {part: {k: v for k, v in asdict(score).items() if k != "examples"} for part, score in scores.items()}
    sys.stdout.write(json.dumps(report | {"synchronous": args.synchronous or "full", "seed": args.seed} | parts) + "\n")
    if args.expect_loss:
        return 0 if total.lost else 1
    return 1 if total.lost or total.corrupt else 0


def _shares(states: int) -> list[tuple[str, int]]:
    """The village gets the larger half: more is promised there."""
    centre = states * 2 // 5
    return list(zip(PARTS, (states - centre, centre), strict=True))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.powerloss", description=__doc__)
    parser.add_argument("--states", type=int, default=1000, help="how many crash states")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--synchronous", default="", choices=["", "normal", "off"], help="break the system on purpose")
    parser.add_argument("--expect-loss", action="store_true", help="a mutant runs: exit 0 only when a loss is seen")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="processes")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
