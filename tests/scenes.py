"""States people could have made, for tests that need a running server."""

from __future__ import annotations

from dataclasses import dataclass

from app.db import unit_of_work
from app.policy import Actor
from tests import makers


@dataclass
class Scene:
    """Two administrations, a lab led by `facilitator`, two writers, and one draft."""

    facilitator: Actor
    ana: Actor
    ben: Actor
    lab_id: int
    draft_id: int


def make_scene() -> Scene:
    with unit_of_work():
        south, north = makers.make_administration("Province Sud"), makers.make_administration("Province Nord")
        facilitator, ana, ben = (makers.make_agent(place) for place in (south, south, north))
        lab = makers.make_lab(facilitator, south, ana, ben)
        draft = makers.make_draft(ana, lab, south, south, north)
        return Scene(facilitator, ana, ben, lab.id, draft.id)


def token_for(person: Actor) -> str:
    """A sign-in token, as the form would have given it."""
    with unit_of_work():
        return makers.sign_in(person.id)
