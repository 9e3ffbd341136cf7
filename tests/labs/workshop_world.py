"""A lab of three administrations with one séance, for tests of its room."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from app import clock
from app.accounts.models import Person
from app.db import reading, session, unit_of_work
from app.policy import Actor
from labs import room, room_verbs
from labs.models import LabSession
from labs.roles import Right
from labs.room import Done
from labs.service import add_member
from labs.sessions import plan_session
from tests import makers

AGENDA = [
    {"title": "Tour de table", "minutes": 15},
    {"title": "Écrire", "minutes": 60},
    {"title": "Et après\u202f?"},
]
_keys = itertools.count(1)


@dataclass(frozen=True)
class World:
    """`facilitator` leads; `ana`, `ben`, `chloe`, `dan` write; `rose` reads; `stranger` belongs to no lab."""

    slug: str
    lab_id: int
    seance: int
    draft: int
    people: dict[str, Actor]

    def __getitem__(self, name: str) -> Actor:
        return self.people[name]

    @property
    def address(self) -> str:
        return f"/labs/{self.slug}/seances/{self.seance}"

    def act(self, who: str, verb: str, **fields: Any) -> Done:
        """One act, as both edges do it."""
        fields.setdefault("key", f"k{next(_keys)}")
        ready = room_verbs.prepare(self[who], self.seance, verb, fields)
        with unit_of_work():
            return room_verbs.do(self[who], ready)

    def state(self) -> dict[str, Any]:
        with reading():
            return room.state_of(self.seance)

    def row(self) -> LabSession:
        with reading():
            return session().get_one(LabSession, self.seance)


def make_world(*, is_open: bool = True) -> World:
    with unit_of_work():
        south = makers.make_administration("Province du Sud")
        north = makers.make_administration("Province du Nord")
        town = makers.make_administration("Ville de Koné")
        facilitator, ana, rose = (makers.make_agent(south) for _ in range(3))
        ben, dan = makers.make_agent(north), makers.make_agent(north)
        chloe, stranger = makers.make_agent(town), makers.make_agent(town)
        lab = makers.make_lab(facilitator, south, ana, ben, chloe, dan)
        add_member(facilitator, lab, session().get_one(Person, rose.id), Right.READ)
        draft = makers.make_draft(ana, lab, south)
        starts = clock.now() + timedelta(days=1)
        seance = plan_session(
            facilitator, lab, "Écrire la page commune", starts, starts + timedelta(hours=2), "Koné", AGENDA
        )
        world = World(
            lab.slug,
            lab.id,
            seance.id,
            draft.id,
            {
                "facilitator": facilitator,
                "ana": ana,
                "ben": ben,
                "chloe": chloe,
                "dan": dan,
                "rose": rose,
                "stranger": stranger,
            },
        )
    if is_open:
        world.act("facilitator", "open")
    return world
