"""What is to be reached, beside which peer, and what a series of runs says of it."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

# A run during which others took more of a processor than this is left out, where calmer ones exist.
DISTURBED_PERCENT = 25.0
OURS = "ours"
# results[scenario][server] is one entry per run, in the order of the runs; None where there is no number.
Rows = Sequence[dict[str, Any] | None]
Results = dict[str, dict[str, Rows]]


@dataclass(frozen=True)
class Goal:
    """`measure` of `scenario` is at most `bound` (or at least, with `above`): beside a peer a ratio, alone as it is.

    `peer` may be "best": whichever peer has the best median.
    """

    scenario: str
    measure: str
    bound: float
    peer: str = ""
    above: bool = False
    unit: str = ""

    @property
    def wording(self) -> str:
        sign = "≥" if self.above else "≤"
        if self.peer:
            return f"{sign} {self.bound:g} × {'the best peer' if self.peer == 'best' else self.peer}"
        return f"{sign} {self.bound:g} {self.unit}"


COST = "us_per_delivered_key"
GOALS = (
    Goal("1x50", COST, 0.75, "yws"),
    Goal("1x100", COST, 0.40, "yws"),
    Goal("1x100", COST, 0.65, "hocuspocus-25"),
    Goal("1x200", COST, 0.40, "yws"),
    Goal("50x4", COST, 0.85, "yws"),
    Goal("1x10", COST, 1.3, "yws"),
    Goal("quiet", "one_p50_ms", 10, unit="ms"),
    Goal("quiet", "two_p50_ms", 10, unit="ms"),
    Goal("ceiling-1x50", "keys_per_second", 1.3, "best", above=True),
    Goal("ceiling-100x2", "keys_per_second", 1.3, "best", above=True),
    Goal("1x200", "p95_ms", 45, unit="ms"),
    Goal("cold-open", "ms", 1, "best"),
    Goal("memory-document", "megabytes_per_document", 1.5, unit="MB"),
    Goal("memory-seat", "kilobytes_per_seat", 150, unit="kB"),
    Goal("room-100", "room_p95_ms", 100, unit="ms"),
    Goal("article", "requests_per_second", 1.5, "flask-hello", above=True),
    Goal("article", "requests_per_second", 4, "wagtail", above=True),
    # What an allocator moves by itself. 64 bytes kept at each read would be 6 MB.
    Goal("article-memory", "megabytes_grown", 1, unit="MB"),
)


def calm(rows: Rows) -> list[dict[str, Any]]:
    """The runs that count: those nobody disturbed, or all when there is none."""
    found = [row for row in rows if row is not None]
    return [row for row in found if row.get("others_percent", 0) <= DISTURBED_PERCENT] or found


def median(rows: Rows, measure: str) -> float | None:
    values = [row[measure] for row in calm(rows) if measure in row]
    return statistics.median(values) if values else None


@dataclass(frozen=True)
class Verdict:
    goal: Goal
    ours: float | None
    peer: str
    theirs: float | None
    reached: bool | None

    @property
    def ratio(self) -> float | None:
        return self.ours / self.theirs if self.ours is not None and self.theirs else None


def judge(goal: Goal, results: Results) -> Verdict:
    """One goal against what was measured; `reached` is None when something for it is missing."""
    by_server = results.get(goal.scenario, {})
    ours = median(by_server.get(OURS, ()), goal.measure)
    if not goal.peer:
        return Verdict(goal, ours, "", None, None if ours is None else _holds(goal, ours))
    theirs = {
        name: median(rows, goal.measure) for name, rows in by_server.items() if not name.startswith(OURS)
    }
    known = {name: value for name, value in theirs.items() if value is not None}
    if goal.peer == "best":
        pick = max if goal.above else min
        peer = pick(known, key=lambda name: known[name]) if known else ""
    else:
        peer = goal.peer
    value = known.get(peer)
    reached = None if ours is None or not value else _holds(goal, ours / value)
    return Verdict(goal, ours, peer, value, reached)


def _holds(goal: Goal, value: float) -> bool:
    return value >= goal.bound if goal.above else value <= goal.bound


def table(results: Results) -> str:
    """The goals as a Markdown table."""
    lines = [
        "| scenario | measure | goal | ours | peer | ratio | reached |",
        "| --- | --- | --- | --- | --- | --- | --- |",
    ]
    for goal in GOALS:
        if goal.scenario not in results:
            continue
        verdict = judge(goal, results)
        beside = f"{verdict.peer} {_number(verdict.theirs)}" if verdict.peer else ""
        reached = {True: "yes", False: "**no**", None: "not measured"}[verdict.reached]
        lines.append(
            f"| {goal.scenario} | {goal.measure.replace('_', ' ')} | {goal.wording} | {_number(verdict.ours)} "
            f"| {beside} | {_number(verdict.ratio)} | {reached} |"
        )
    return "\n".join(lines)


def medians(results: Results) -> str:
    """Every scenario as a Markdown table: a line for each server, medians of its calm runs."""
    parts = []
    for scenario, by_server in results.items():
        names = list(dict.fromkeys(name for rows in by_server.values() for row in calm(rows) for name in row))
        parts.append(f"### {scenario}\n")
        parts.append(f"| server | {' | '.join(name.replace('_', ' ') for name in names)} | runs |")
        parts.append("| --- |" + " --- |" * (len(names) + 1))
        for server, rows in by_server.items():
            numbers = " | ".join(_number(median(rows, name)) for name in names)
            lost = sum(row is None for row in rows)
            runs = f"{len(calm(rows))} of {len(rows)}" + (f", {lost} FAILED" if lost else "")
            parts.append(f"| {server} | {numbers} | {runs} |")
        parts.append("")
    return "\n".join(parts)


def _number(value: float | None) -> str:
    if value is None:
        return "—"
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}"
