"""Two people's recorded keystrokes, typed again through two real Socket.IO clients against a running server.

    python -m benchmarks.replay [--txns N] [--database URL] [--url URL --draft ID [--people A B]]

Each keystroke is an update of its own, and each replica sees the other's strokes exactly as the recording's
`parents` say (`benchmarks.writer` tells how). At the end the text of both clients, of the server and of a fresh
replay of the log must be the recorded one. Exit status: 0 when all are, 1 on any difference.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from benchmarks import readings
from benchmarks.house import Place, other_house, own_house
from benchmarks.progress import Progress
from benchmarks.trace import Trace, concurrent
from benchmarks.writer import Ledger, Stopped, Writer

PEOPLE = ("agent@province-sud.example", "agent@province-nord.example")


@dataclass(frozen=True)
class Outcome:
    """What a replay came to. `texts` by reader; latencies in milliseconds from sending to `saved`."""

    strokes: int
    seconds: float
    refused: dict[str, int]
    sent_again: int
    messages: int
    acknowledgements: int
    median_ms: float
    p95_ms: float
    worst_ms: float
    expected: str
    texts: dict[str, str]
    complaints: list[str]

    @property
    def differences(self) -> list[str]:
        """Who reads something else than what was recorded."""
        return [reader for reader, text in self.texts.items() if text != self.expected]

    def numbers(self) -> dict[str, Any]:
        return {
            "strokes": self.strokes,
            "seconds": round(self.seconds, 2),
            "strokes_per_second": round(self.strokes / self.seconds, 1),
            "refused": self.refused,
            "sent_again": self.sent_again,
            "messages_received": self.messages,
            "acknowledging_messages": self.acknowledgements,
            "saved_after_ms": {
                "median": round(self.median_ms, 2),
                "p95": round(self.p95_ms, 2),
                "worst": round(self.worst_ms, 2),
            },
            "readers_that_agree": len(self.texts) - len(self.differences),
            "readers": len(self.texts),
            "complaints_of_the_server": len(self.complaints),
        }


def replay(place: Place, trace: Trace, progress: Callable[[int], None] = lambda _done: None) -> Outcome:
    """Type `trace` at `place` and read the text everywhere. Raises Stopped when it cannot be typed to the end."""
    ledger, told_before = Ledger(), len(place.complaints())
    writers = [Writer(agent, trace, ledger) for agent in (0, 1)]
    try:
        for writer, cookie in zip(writers, place.cookies, strict=True):
            writer.sit(place.url, cookie, place.draft_id, place.block_id)
        writers[0].begin_paragraph()
        began = time.perf_counter()
        threads = [threading.Thread(target=writer.run, daemon=True) for writer in writers]
        for thread in threads:
            thread.start()
        while any(thread.is_alive() for thread in threads):
            threads[0].join(0.1)
            progress(sum(writer.done for writer in writers))
        seconds = time.perf_counter() - began
        if ledger.failure is not None:
            raise ledger.failure
        texts = {f"client {writer.agent + 1}": writer.text() for writer in writers}
    finally:
        for writer in writers:
            writer.leave()
    texts |= readings.of_server(place) | readings.of_log(place)
    return _outcome(trace, seconds, writers, texts, place.complaints()[told_before:])


def _outcome(
    trace: Trace, seconds: float, writers: list[Writer], texts: dict[str, str], complaints: list[str]
) -> Outcome:
    measures = [writer.measures for writer in writers]
    waits = sorted(wait * 1000 for one in measures for wait in one.latencies)
    return Outcome(
        strokes=len(trace.strokes),
        seconds=seconds,
        refused=dict(sum((one.refused for one in measures), Counter())),
        sent_again=sum(one.again for one in measures),
        messages=sum(one.messages for one in measures),
        acknowledgements=sum(one.acknowledgements for one in measures),
        median_ms=statistics.median(waits),
        p95_ms=waits[int(len(waits) * 0.95)],
        worst_ms=waits[-1],
        expected=trace.end,
        texts=texts,
        complaints=complaints,
    )


def table(outcome: Outcome) -> str:
    """The outcome for a person to read."""
    refusals = ", ".join(f"{code} {count}" for code, count in sorted(outcome.refused.items()))
    lines = [
        f"strokes              {outcome.strokes:,}",
        f"seconds              {outcome.seconds:,.1f}",
        f"strokes a second     {outcome.strokes / outcome.seconds:,.0f}",
        f"refusals             {refusals or 'none'}; sent again: {outcome.sent_again}",
        f"messages received    {outcome.messages:,}, of which {outcome.acknowledgements:,} acknowledged",
        f"saved after (ms)     median {outcome.median_ms:.1f}, 95 % {outcome.p95_ms:.1f}, worst {outcome.worst_ms:.0f}",
        f"warnings read        {len(outcome.complaints)} in the journal of the server (with --url it is not read)",
        *outcome.complaints[:10],
        "",
    ]
    for reader, text in outcome.texts.items():
        verdict = "as recorded" if text == outcome.expected else _difference(text, outcome.expected)
        lines.append(f"{reader:<40} {len(text):>7,} characters  {verdict}")
    return "\n".join(lines)


def _difference(text: str, expected: str) -> str:
    same = next((n for n, (a, b) in enumerate(zip(text, expected, strict=False)) if a != b), None)
    at = min(len(text), len(expected)) if same is None else same
    return f"DIFFERS from character {at:,}: {text[at : at + 20]!r} for {expected[at : at + 20]!r}"


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.replay", description=__doc__.split("\n")[0])
    parser.add_argument("--txns", type=int, help="only the first so many transactions of the recording")
    parser.add_argument(
        "--database",
        default=os.environ.get("DATABASE_URL", ""),
        help="a PostgreSQL server on which to make a database for the time of the replay (default: DATABASE_URL, "
        "or SQLite in a temporary folder)",
    )
    parser.add_argument("--url", help="a server that runs already, instead of one of its own")
    parser.add_argument("--draft", type=int, help="with --url: the number of the draft to write in")
    parser.add_argument("--people", nargs=2, default=PEOPLE, metavar="EMAIL", help="with --url: who types")
    given = parser.parse_args(arguments)
    if (given.url is None) != (given.draft is None):
        parser.error("--url and --draft go together")
    if given.txns is not None and given.txns < 1:
        parser.error("--txns is at least 1")
    trace = concurrent("friendsforever", given.txns)
    try:
        if given.url is not None:
            password = os.environ.get("REPLAY_PASSWORD", "openlab-demo-2026")
            outcome = _shown(other_house(given.url, tuple(given.people), password, given.draft), trace)
        else:
            with own_house(given.database) as place:
                outcome = _shown(place, trace)
    except Stopped as reason:
        print(f"the replay stopped: {reason}", file=sys.stderr)
        return 1
    print(table(outcome))
    return 1 if outcome.differences else 0


def _shown(place: Place, trace: Trace) -> Outcome:
    progress = Progress(trace.name, len(trace.strokes))
    outcome = replay(place, trace, progress.show)
    progress.end()
    return outcome


if __name__ == "__main__":
    sys.exit(main())
