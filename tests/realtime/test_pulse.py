"""A beat of the pulse: who has lost their sign-in is sent away, and nobody else."""

from __future__ import annotations

import pytest

from app.accounts.service import actor_for_token, sign_out
from app.db import reading, unit_of_work
from app.policy import Actor
from realtime import fanout, pulse, seats
from realtime.seats import Connection
from tests.scenes import Scene, token_for


def signed_in(person: Actor) -> Actor:
    token = token_for(person)
    with reading():
        return actor_for_token(token)


def test_who_connects_while_the_database_answers_is_not_sent_away(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Sign-ins are asked for first; on PostgreSQL the loop goes on, and takes connections, until the rest is there."""
    sent_away: list[str] = []
    monkeypatch.setattr(fanout, "hang_up_soon", sent_away.append)
    early, over, late = (signed_in(person) for person in (scene.ana, scene.facilitator, scene.ben))
    with unit_of_work():
        sign_out(over)
    for sid, actor in (("early", early), ("over", over)):
        pulse.connections[sid] = Connection(sid, actor)
    usual = seats.marks

    def marks(draft_ids: list[int]) -> dict[int, tuple[int, int]]:
        pulse.connections["late"] = Connection("late", late)
        return usual(draft_ids)

    monkeypatch.setattr(seats, "marks", marks)
    try:
        pulse.beat()
        assert sent_away == ["over"]
    finally:
        pulse.connections.clear()
