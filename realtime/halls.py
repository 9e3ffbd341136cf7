"""Halls: what one process knows of the rooms of séances, who sits in them here, and the state they were told.

The list of events in the database is the truth: whoever finds a hall behind it has it tell what it has not told yet.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from gevent.lock import RLock

from app import clock
from app.db import reading
from app.policy import Actor
from labs import attendance, fold, polls, room, session_queries
from realtime import fanout
from realtime.engine import Line

NAMESPACE = "/labs"


@dataclass
class Place:
    """A socket in a room. `stay`: its row of attendance, None while the séance is not open."""

    sid: str
    actor: Actor
    leads: bool
    line: Line | None
    stay: int | None = None


@dataclass
class Hall:
    session_id: int
    lock: RLock = field(default_factory=RLock)
    places: dict[str, Place] = field(default_factory=dict)
    number: int = 0
    state: fold.State = field(default_factory=fold.empty)
    people: tuple[attendance.Present, ...] = ()
    turnout: dict[int, int] = field(default_factory=dict)
    # The epochs of the lab and of the séance under which its people were judged.
    epochs: tuple[int, int] = (0, 0)
    empty_since: float = field(default_factory=time.monotonic)

    def tell(self, event: str, payload: Mapping[str, Any]) -> None:
        lines = [place.line for place in self.places.values()]
        fanout.to_lines(NAMESPACE, lines, event, {"session": self.session_id, **payload})


halls: dict[int, Hall] = {}


def now() -> int:
    """The server's time, as the wire tells it."""
    return room.milliseconds(clock.now())


def tell_news(hall: Hall) -> None:
    """Everything that happened since the hall last heard, to everybody in it. Call under its lock."""
    with reading():
        happened = room.events_after(hall.session_id, hall.number)
        if not happened:
            return
        patches = [fold.take_in(hall.state, event) for event in happened]
        hall.number = happened[-1].number
        named: set[int] = set().union(*(fold.named_in(event) for event in happened))
        names = session_queries.names_of(named) if hall.places else {}
    if hall.places:
        told = {
            "number": hall.number,
            "now": now(),
            "patches": patches,
            "names": [session_queries.as_json(one) for one in names.values()],
        }
        hall.tell("moved", told)


def tell_turnout(hall: Hall) -> None:
    with reading():
        turnout = polls.turnout([hall.session_id])[hall.session_id]
    if turnout != hall.turnout:
        hall.turnout = turnout
        hall.tell("turnout", {"turnout": {str(poll): count for poll, count in turnout.items()}})


def tell_people(hall: Hall, people: tuple[attendance.Present, ...]) -> None:
    if people != hall.people:
        hall.people = people
        hall.tell("people", {"people": [session_queries.as_json(one) for one in people]})


def tell_one(hall: Hall, place: Place, payload: dict[str, Any]) -> None:
    fanout.to_lines(NAMESPACE, [place.line], "access", {"session": hall.session_id, **payload})
