"""`python -m benchmarks peers`: ours and the peers under one load, in turn, and the table of goals.

    python -m benchmarks peers --scenario 1x50,1x100 --servers ours,yws --runs 3 [--ours-tree PATH]

Runs are interleaved (ours, a peer, the next peer, ours again …), so that a machine that slows down slows all. Exit
status 1 when a run of ours lost something.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from benchmarks import goals, measures, portal, report, servers, storage, workshop
from benchmarks.load import Lost
from benchmarks.measures import Numbers, Run
from benchmarks.window import Failed, Shape

EVERYBODY = servers.KINDS
# Whom the goals compare with. `--servers` asks others: pycrdt-websocket writes a long history for twenty minutes.
RIVALS = ("ours", "yws", "hocuspocus-25")
KEEPING = ("ours", "yws-leveldb", "hocuspocus")
# name: (what it does, who is asked unless told otherwise, about how many seconds a run takes)
SCENARIOS: dict[str, tuple[Callable[[Run], Numbers], tuple[str, ...], float]] = {
    "1x10": (partial(measures.cost, Shape(1, 10, 10)), RIVALS, 17),
    "1x50": (partial(measures.cost, Shape(1, 50, 20)), RIVALS, 18),
    "1x100": (partial(measures.cost, Shape(1, 100, 50)), RIVALS, 21),
    "1x200": (partial(measures.cost, Shape(1, 200, 50)), RIVALS, 25),
    "50x4": (partial(measures.cost, Shape(50, 4, 4)), RIVALS, 24),
    "quiet": (measures.quiet, RIVALS, 30),
    "ceiling-1x50": (partial(measures.ceiling, Shape(1, 50, 50), 500.0), RIVALS, 90),
    "ceiling-100x2": (partial(measures.ceiling, Shape(100, 2, 2), 1000.0), RIVALS, 110),
    "cold-open": (storage.cold, KEEPING, 6),
    "memory-document": (storage.per_document, RIVALS, 25),
    "memory-seat": (storage.per_seat, RIVALS, 14),
    "room-100": (workshop.beside_writing, ("ours",), 35),
    "article": (portal.reading, ("ours", *servers.READ), 22),
    "article-memory": (portal.memory, ("ours",), 40),
}


def main(arguments: list[str]) -> int:
    given = _parser().parse_args(arguments)
    whole = {"command": report.command(), "circumstances": report.circumstances()}
    whole |= measured(
        _names(given.scenario), _kinds(given.servers), given.runs, given.seconds, given.ours_tree.resolve()
    )
    if not given.no_files:
        for path in report.write(whole):
            print(f"written: benchmarks/results/{path.name}")
    return 1 if is_lost(whole["peers"]) else 0


def measured(
    names: Sequence[str] = tuple(SCENARIOS),
    kinds: Sequence[str] = (),
    runs: int = 3,
    seconds: float = 8.0,
    tree: Path = servers.ROOT,
) -> dict[str, Any]:
    """Everything that was asked for, for the report; the tables are printed."""
    began = time.monotonic()
    with servers.before_others() as is_preferred:
        results = contest(names, kinds, runs, seconds, tree)
    print(f"\n{goals.medians(results)}\n{goals.table(results)}")
    circumstances = servers.versions(tree) | {
        "servers_on_processor": servers.SERVER_CPU,
        "generator_on_processor": servers.GENERATOR_CPU,
        "preferred_by_the_scheduler": is_preferred,
        "runs_of_each": runs,
        "seconds_of_typing": seconds,
        "minutes_it_took": round((time.monotonic() - began) / 60, 1),
    }
    return {"peers_circumstances": circumstances, "peers": results}


def is_lost(results: goals.Results) -> bool:
    """Whether a run of ours gave no number."""
    return any(None in by_server.get(goals.OURS, ()) for by_server in results.values())


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks peers", description=(__doc__ or "").split("\n")[0]
    )
    parser.add_argument("--scenario", default="all", help=f"one or several of {', '.join(SCENARIOS)}")
    parser.add_argument("--servers", default="", help=f"one or several of {', '.join(EVERYBODY)}")
    parser.add_argument("--runs", type=int, default=3, help="of each server in each scenario")
    parser.add_argument("--seconds", type=float, default=8.0, help="of typing in a run")
    parser.add_argument(
        "--ours-tree", type=Path, default=servers.ROOT, help="another checkout to measure as ours"
    )
    parser.add_argument("--no-files", action="store_true", help="print only")
    return parser


def _names(said: str) -> list[str]:
    names = list(SCENARIOS) if said == "all" else said.split(",")
    for name in names:
        if name not in SCENARIOS:
            raise SystemExit(f"no scenario is called {name}; there are {', '.join(SCENARIOS)}")
    return names


def _kinds(said: str) -> tuple[str, ...]:
    kinds = tuple(said.split(",")) if said else ()
    for kind in kinds:
        if kind not in EVERYBODY:
            raise SystemExit(f"no server is called {kind}; there are {', '.join(EVERYBODY)}")
    return kinds


def contest(
    names: Sequence[str], kinds: Sequence[str], runs: int, seconds: float, tree: Path
) -> goals.Results:
    """{scenario: {server: [numbers of a run, or None]}}."""
    servers.pin_generator()
    plan = [
        (name, kind, number)
        for name in names
        for number in range(runs)
        for kind in SCENARIOS[name][1]
        if not kinds or kind in kinds
    ]
    servers.install({kind for _name, kind, _number in plan})
    left = sum(SCENARIOS[name][2] for name, _kind, _number in plan)
    print(f"{len(plan)} runs, about {left / 60:.0f} minutes", file=sys.stderr, flush=True)
    results: dict[str, dict[str, Any]] = {}
    for place, (name, kind, number) in enumerate(plan, start=1):
        numbers = _one(name, Run(kind, tree, seconds, number))
        results.setdefault(name, {}).setdefault(kind, []).append(numbers)
        left -= SCENARIOS[name][2]
        told = "FAILED" if numbers is None else "  ".join(f"{key} {value}" for key, value in numbers.items())
        print(
            f"[{place}/{len(plan)}, {left / 60:.0f} min left] {name} {kind}: {told}",
            file=sys.stderr,
            flush=True,
        )
    return results


def _one(name: str, run: Run) -> Numbers | None:
    measure = SCENARIOS[name][0]
    try:
        return measure(run)
    except (Failed, Lost, OSError, RuntimeError) as failure:
        print(
            f"{name} {run.kind} is no number: {str(failure).strip().splitlines()[-1]}",
            file=sys.stderr,
            flush=True,
        )
        return None
