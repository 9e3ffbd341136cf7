"""Drafts with a long life: recorded keystrokes put straight into the log, as a table would have written them."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import sqlalchemy as sa

from app import clock
from app.db import session, unit_of_work
from benchmarks import gate_cost
from benchmarks.trace import sequential
from drafts import checkpoints, document, packed_index
from drafts.authorship import RunTable
from drafts.gate import RoomIndex
from drafts.judged import take_in
from drafts.models import Draft, DraftClient, DraftUpdate
from tests import makers

# How long somebody sits at it, and how far it is to the next time.
SITTING, PAUSE = 2_000, timedelta(minutes=40)


def long_draft(scene: Any, strokes: int | None = None) -> tuple[int, int]:
    """(draft, number of its last row): two people type a recorded text by turns, 2,000 strokes a sitting."""
    first, rest = gate_cost.updates_of(sequential("automerge-paper", strokes))
    with unit_of_work():
        lab = session().get_one(Draft, scene.draft_id).lab
        draft_id = makers.make_draft(scene.ana, lab, lab.administration, title="Un long texte", tree=[]).id
    people = (scene.ana, scene.ben)
    with unit_of_work() as current:
        current.add(
            DraftClient(
                draft_id=draft_id,
                client_id=gate_cost.WRITER,
                person_id=scene.ana.id,
                administration_id=scene.ana.administration_id,
            )
        )
    began = clock.now() - PAUSE * (len(rest) // SITTING + 2)
    rows = [first, *rest]
    piece = checkpoints.MILESTONE_EVERY
    doc, index = document.new_document(), RoomIndex()
    for start in range(0, len(rows), piece):
        with unit_of_work() as current:
            current.execute(
                sa.insert(DraftUpdate.__table__),
                [
                    {
                        "draft_id": draft_id,
                        "seq": number,
                        "person_id": people[number // SITTING % 2].id,
                        "client_id": gate_cost.WRITER,
                        "update_bytes": update,
                        "at": began + PAUSE * (number // SITTING) + timedelta(seconds=number % SITTING * 0.3),
                    }
                    for number, update in enumerate(rows[start : start + piece], start + 1)
                ],
            )
            current.execute(
                sa.update(Draft).where(Draft.id == draft_id).values(head_seq=min(start + piece, len(rows)))
            )
        # As the worker does, while a text is being written; whose each word is takes too long to follow here.
        for update in rows[start : start + piece]:
            take_in(doc, index, update)
        state = document.state(doc)
        authorship = RunTable.of(document.replay(state, ())).encode()
        with unit_of_work() as current:
            draft = current.get_one(Draft, draft_id)
            packed = packed_index.pack(RoomIndex.of(state))
            checkpoints.keep(
                checkpoints.of_state(draft_id, draft.head_seq, draft.history, state, authorship, packed)
            )
    return draft_id, len(rows)
