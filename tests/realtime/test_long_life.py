"""A draft with a long life: its time line and any moment of it within two seconds, while others go on typing."""

from __future__ import annotations

import http.client
import statistics
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from random import Random
from typing import Any

import pytest

from app.db import reading
from benchmarks.trace import sequential
from drafts import checkpoints, timeline
from tests.realtime.long_lives import long_draft
from tests.realtime.visitors import Visitor

pytestmark = pytest.mark.alone
SECONDS = 2.0
STALL_MS = 20.0


def text_after(strokes: list[tuple[int, int, str]]) -> str:
    letters: list[str] = []
    for position, deleted, inserted in strokes:
        letters[position : position + deleted] = inserted
    return "".join(letters)


def wait_for_the_worker(draft_id: int, seconds: float) -> None:
    """Until everything is folded, and a milestone is near every moment."""
    give_up = time.monotonic() + seconds
    while True:
        with reading():
            left = timeline.waiting_rows(draft_id), checkpoints.missing_milestone(draft_id)
        if left == (0, None):
            return
        assert time.monotonic() < give_up, left
        time.sleep(0.5)


@contextmanager
def pinged(port: int) -> Iterator[list[float]]:
    """How long the loop keeps a small request waiting meanwhile, in milliseconds."""
    found: list[float] = []
    over = threading.Event()

    def ping() -> None:
        line = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
        while not over.wait(0.004):
            began = time.perf_counter()
            line.request("GET", "/robots.txt")
            line.getresponse().read()
            found.append((time.perf_counter() - began) * 1000)

    thread = threading.Thread(target=ping, daemon=True)
    thread.start()
    try:
        yield found
    finally:
        over.set()
        thread.join(20)


def lived(scene: Any, server: Any, strokes: int | None, patience: float) -> list[str]:
    """What is wrong with the pages of a long draft; [] when all is well."""
    draft_id, head = long_draft(scene, strokes)
    wait_for_the_worker(draft_id, patience)
    recorded = sequential("automerge-paper", strokes)
    visitor = Visitor(server, scene.ana)
    past = f"/brouillons/{draft_id}/historique"
    visitor.ask("GET", f"{past}/1")  # a child is started at the first request
    with pinged(server.port) as other:
        for _number in range(12):
            visitor.ask("GET", "/espace")
    wrong: list[str] = []
    chance = Random(7)
    with pinged(server.port) as busy:
        for path in [past, f"{past}?avant={head // 2}"] + [
            f"{past}/{seq}" for seq in (1, head // 7, head - 1, *chance.sample(range(2, head), 8))
        ]:
            began = time.perf_counter()
            status, body, _where = visitor.ask("GET", path)
            seconds = time.perf_counter() - began
            assert status == 200, (path, body)
            if seconds >= SECONDS:
                wrong.append(f"{path} took {seconds:.2f} s")
            if path[len(past) :].startswith("/"):
                # Row 1 is the empty paragraph.
                words = text_after(recorded[: int(path.rpartition("/")[2]) - 1])
                assert words[:40].split("\n")[0].strip().replace("&", "&amp;")[:20] in body
    # A machine that does other things beside makes everybody wait: no more than beside any other page.
    usual, under = statistics.quantiles(other, n=20)[-1], statistics.quantiles(busy, n=20)[-1]
    if under > max(STALL_MS, 1.5 * usual):
        wrong.append(f"a small request waited {under:.1f} ms (95 %), {usual:.1f} beside another page")
    return wrong


def test_a_day_of_strokes(scene: Any, server: Any) -> None:
    assert lived(scene, server, 20_000, 150) == []


@pytest.mark.soak
@pytest.mark.timeout(1800)
def test_260_000_strokes(scene: Any, server: Any) -> None:
    assert lived(scene, server, None, 1500) == []
