"""`python -m benchmarks` (`make bench`): everything that is measured, written under benchmarks/results/.

`python -m benchmarks peers` compares ours and the peers only (benchmarks/contest.py has its options). By default a
part of each recording is replayed; `--whole` takes them to the end. Exit status 1 when a replay did not end in the
recorded text, or a run of ours beside the peers lost something.
"""

from __future__ import annotations

import argparse
import os
import sys
from typing import Any

from benchmarks import contest, gate_cost, report
from benchmarks.house import own_house
from benchmarks.progress import Progress
from benchmarks.replay import replay, table
from benchmarks.trace import concurrent
from benchmarks.writer import Stopped

PART = {"replay": 4_000, "gate": 50_000}


def main() -> int:
    if sys.argv[1:2] == ["peers"]:
        return contest.main(sys.argv[2:])
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--whole", action="store_true", help="the recordings to the end")
    parser.add_argument(
        "--database", default=os.environ.get("DATABASE_URL", ""), help="as in benchmarks.replay"
    )
    parser.add_argument(
        "--runs", type=int, default=3, help="of each server in each scenario beside the peers"
    )
    given = parser.parse_args()
    results: dict[str, Any] = {"command": report.command(), "circumstances": report.circumstances()}
    results["gate_per_stroke"] = _gate(None if given.whole else PART["gate"])
    try:
        results["replay"], is_right = _replay(None if given.whole else PART["replay"], given.database)
    except Stopped as reason:
        print(f"the replay stopped: {reason}", file=sys.stderr)
        return 1
    results |= contest.measured(runs=given.runs)
    for path in report.write(results):
        print(f"written: benchmarks/results/{path.name}")
    return 0 if is_right and not contest.is_lost(results["peers"]) else 1


def _gate(strokes: int | None) -> dict[str, Any]:
    progress = Progress("gate", strokes or gate_cost.WHOLE)
    found = gate_cost.measure(strokes, progress.show)
    progress.end()
    print(
        f"gate {found['gate_us_per_stroke']} µs a stroke, pycrdt's apply {found['apply_us_per_stroke']} µs: "
        f"{found['gate_to_apply']} times"
    )
    return found


def _replay(transactions: int | None, database_url: str) -> tuple[dict[str, Any], bool]:
    trace = concurrent("friendsforever", transactions)
    progress = Progress("replay", len(trace.strokes))
    with own_house(database_url) as place:
        outcome = replay(place, trace, progress.show)
    progress.end()
    print(table(outcome))
    kind = "PostgreSQL" if database_url.startswith("postgres") else "SQLite"
    return {"database": kind, **outcome.numbers()}, not outcome.differences


if __name__ == "__main__":
    sys.exit(main())
