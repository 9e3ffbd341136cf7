"""What typing costs: scenarios as functions of a server's name, each giving one run's numbers."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path

from benchmarks.load import Lost
from benchmarks.window import Failed, Shape, Table, Window, play

Numbers = dict[str, float]
# A quick typist.
KEYS_PER_SECOND = 5.0
# Before the clock runs: what a runtime compiles when it has seen it often is compiled.
WARM_SECONDS = 2.0
# What somebody who watches a colleague type may wait.
CEILING_MS = 250.0
# The ceiling is looked for until the last rate that held and the first that did not are so near.
CEILING_STEP, CEILING_NEAR = 1.6, 1.15


@dataclass(frozen=True)
class Run:
    """Which server, of which tree when it is ours, for how long; `number` seeds the moments of the keys."""

    kind: str
    tree: Path
    seconds: float
    number: int


def cost(shape: Shape, run: Run) -> Numbers:
    """µs of server per keystroke delivered to one other client, and how long that took."""
    table = Table(run.kind, shape, run.tree)
    try:
        play(table, KEYS_PER_SECOND, WARM_SECONDS, seed=99)
        return play(table, KEYS_PER_SECOND, run.seconds, seed=run.number).numbers()
    finally:
        table.close()


def quiet(run: Run) -> Numbers:
    """One typist, then two, among five people."""
    found: Numbers = {}
    for typing, name in ((1, "one"), (2, "two")):
        table = Table(run.kind, Shape(1, 5, typing), run.tree)
        try:
            play(table, KEYS_PER_SECOND, WARM_SECONDS, seed=99)
            numbers = play(table, KEYS_PER_SECOND, max(run.seconds, 8.0), seed=run.number).numbers()
        finally:
            table.close()
        for key in ("p50_ms", "p95_ms"):
            found[f"{name}_{key}"] = numbers[key]
        for key in ("others_percent", "generator_percent"):
            found[key] = max(found.get(key, 0.0), numbers[key])
    return found


def ceiling(shape: Shape, first: float, run: Run) -> Numbers:
    """The most keystrokes a second, all together, of which 95 % reach everybody within 250 ms.

    The rate grows from `first` until a window fails, then the two sides close in. A window that fails leaves a
    server behind, so the next one begins with a fresh one.
    """
    held: Numbers = {}
    good, bad, rate = 0.0, math.inf, first
    steps = 0
    table: Table | None = None
    try:
        while bad > good * CEILING_NEAR or not good:
            if table is None:
                table = Table(run.kind, shape, run.tree)
                play(table, KEYS_PER_SECOND, WARM_SECONDS, seed=99)
            steps += 1
            window = _attempt(table, rate, run, steps)
            if window is not None and window.numbers()["p95_ms"] < CEILING_MS:
                good, held = rate, window.numbers()
            else:
                bad = rate
                table.close()
                table = None
            rate = good * CEILING_STEP if bad == math.inf else math.sqrt(good * bad) if good else bad / 2
            if rate < 1:
                raise Failed(f"{run.kind} holds no rate at all")
    finally:
        if table is not None:
            table.close()
    return {
        "keys_per_second": round(good),
        "steps": steps,
        **{k: held[k] for k in held if k.endswith(("_ms", "_percent"))},
    }


def _attempt(table: Table, rate: float, run: Run, step: int) -> Window | None:
    """A window at `rate`, or None when the server could not follow."""
    try:
        return play(table, rate / len(table.typists), run.seconds, seed=run.number * 100 + step)
    except (Failed, Lost, OSError, RuntimeError):
        return None
