"""What asking who wrote what costs the process in which people type: no turn of the loop is held for long."""

from __future__ import annotations

import gc
import json
import time
from collections.abc import Iterator
from typing import Any

import pytest

from app.db import Database, reading, session, unit_of_work
from app.server import spare_the_collector
from drafts import attribution, checkpoints, document, log, reopening, service
from drafts.appends import Stroke, put
from drafts.attribution_routes import _as_json
from drafts.child import Child
from drafts.gate import RoomIndex
from drafts.models import Draft
from drafts.queries import draft_numbered
from tests.drafts import hostile
from tests.scenes import Scene, make_scene

WRITER = 7
# The loop's budget (docs/metrics.md) is 20 ms of the clock; this is processor time, which other processes cannot stretch
# so much.
BUDGET = 0.020
ROWS = 3_000
TRIES = 5


@pytest.fixture
def scene(db: Database) -> Iterator[Scene]:
    yield make_scene()
    reopening.close()


@pytest.fixture
def spared() -> Iterator[None]:
    """The collector as the server sets it: going through what other tests left took 45 to 180 ms within one turn."""
    usual = gc.get_threshold()
    spare_the_collector()
    yield
    gc.set_threshold(*usual)
    gc.unfreeze()


def paragraph(number: int) -> dict[str, Any]:
    words = f"Paragraphe {number}. " + "Le permis est délivré par la province Sud. " * 5
    return {"type": "paragraph", "attrs": {"id": f"p{number}"}, "content": [{"type": "text", "text": words}]}


@pytest.mark.usefixtures("spared")
def test_no_turn_of_the_loop_is_held(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    with unit_of_work():
        service.replace_text(scene.ana, draft_numbered(scene.draft_id), [paragraph(n) for n in range(450)])
    with reading():
        kept = checkpoints.prepare(scene.draft_id)
    with reading():  # the statements are made ready once for a process
        attribution.attribution(draft_numbered(scene.draft_id))
    attribution._known.clear()
    with unit_of_work() as current:
        assert kept is not None
        checkpoints.keep(kept)
        draft = log.lock_draft(scene.draft_id)
        start = RoomIndex.of(document.state(log.load(scene.draft_id).doc)).end(WRITER)
        strokes = []
        for number in range(ROWS):
            words = f"ligne {number:04}"
            strokes.append(Stroke(scene.ben.id, WRITER, hostile.honest_update(WRITER, start, words), 0))
            start += 3 + len(words)
        put(current.connection(), draft.id, draft.head_seq, strokes)
    # Processor time grows too while others use the caches. The turns of one text are the same ones each time, so what a
    # turn costs by itself is the least it ever took.
    tries: list[list[float]] = []
    while len(tries) < TRIES:
        attribution._known.clear()
        with monkeypatch.context() as patch:
            held = Held(patch)
            with reading():
                found = attribution.attribution(
                    session().get_one(Draft, scene.draft_id, populate_existing=True)
                )
                answer = _as_json(found)
            held.turn()
        tries.append(held.turns)
        turns = [min(same) for same in zip(*tries, strict=True)]
        if max(turns) < BUDGET:
            break
    assert found.characters > 100_000 and len(json.loads(answer)["blocks"]) > 3_000
    assert max(turns) < BUDGET, sorted(turns)[-5:]
    assert len(turns) > ROWS // log.ROWS_AT_ONCE


class Held:
    """Processor time between one place where others have their turn and the next."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.turns: list[float] = []
        self._since = time.thread_time()
        monkeypatch.setattr(attribution.time, "sleep", lambda _seconds: self.turn())
        usual = Child._answer

        def waits(child: Child, *arguments: Any) -> Any:
            # While it waits for the child everybody has their turn.
            self.turn()
            answer = usual(child, *arguments)
            self._since = time.thread_time()
            return answer

        monkeypatch.setattr(Child, "_answer", waits)

    def turn(self) -> None:
        now = time.thread_time()
        self.turns.append(now - self._since)
        self._since = now
