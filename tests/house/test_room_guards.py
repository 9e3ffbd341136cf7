"""Every event of a room, and every act in it, declares who may use it, and answers as `acts_for` says.

The counterpart of test_socket_guards.py for the namespace `/labs`.
"""

from __future__ import annotations

import itertools
from typing import Any

import pytest
from flask import Flask

from app.accounts.service import actor_for_token
from app.db import reading, session, unit_of_work
from app.policy import ANONYMOUS, Act, Actor, PortalRole, acts_for
from labs.models import Lab
from labs.room_verbs import VERBS
from realtime import fanout, workshop
from realtime.halls import NAMESPACE
from realtime.limits import ACTS, Bucket
from realtime.seats import Connection
from tests import makers
from tests.labs.workshop_world import World, make_world

_transports = itertools.count()
# What each act carries; a verb that is not here fails the test below.
FIELDS: dict[str, dict[str, Any]] = {
    "open": {},
    "close": {},
    "item": {"item": "next"},
    "extend": {"minutes": 5},
    "hand_up": {},
    "hand_down": {},
    "floor": {"person": 1},
    "show": {},
    "say": {"text": "Bonjour"},
    "poll": {"question": "Oui ?"},
    "vote": {"poll": 1, "choice": 0},
    "close_poll": {"poll": 1},
    "decide": {"text": "Oui."},
    "action": {"text": "Relire."},
    "strike": {"number": 1},
}
# To give the floor back is for who has it; giving it is the facilitator's, and judged in the verb.
GIVEN_BY_LEADERS = {"floor"}


@pytest.fixture
def world(app: Flask) -> World:
    return make_world()


def people(world: World) -> dict[str, Actor]:
    with unit_of_work():
        north = makers.make_administration()
        return {
            "a visitor": ANONYMOUS,
            "an agent of elsewhere": makers.make_agent(north),
            "an administrator": makers.make_agent(north, PortalRole.ADMINISTRATOR),
            "a reader": world["rose"],
            "a writer": world["ana"],
            "the facilitator": world["facilitator"],
        }


def seated(actor: Actor) -> str:
    assert fanout.server is not None
    sid: str = fanout.server.manager.connect(f"room-{next(_transports)}", NAMESPACE)
    if actor.is_authenticated:
        with unit_of_work():
            workshop.connections[sid] = Connection(sid, actor_for_token(makers.sign_in(actor.id)))
        workshop._budgets[sid] = Bucket(ACTS)
    return sid


def asked(handler: Any, sid: str, payload: dict[str, Any]) -> str:
    """The code that came back; "" when it was done."""
    answers: list[dict[str, Any]] = []
    handler(sid, payload, answers.append)
    return "" if answers[0]["ok"] else str(answers[0]["error"]["code"])


def meant(world: World, actor: Actor, act: Act) -> str:
    if actor.is_anonymous:
        return "unauthenticated"
    with reading():
        acts = acts_for(actor, session().get_one(Lab, world.lab_id))
    if workshop.EVENTS["join"].act not in acts:
        return "not_found"
    return "" if act in acts else "forbidden"


def test_every_event_declares_who_may_use_it(world: World) -> None:
    assert fanout.server is not None
    usual = set(fanout.server.handlers.get(NAMESPACE, {})) - {"disconnect"}
    own = {name for name in workshop.EVENTS if hasattr(workshop, f"_{name}")}
    assert usual | own == set(workshop.EVENTS), "give each event a Rule in realtime.workshop.EVENTS"
    assert set(FIELDS) == set(VERBS), "tell this test what the new act carries"


def test_every_act_is_held_to_what_it_declares(world: World) -> None:
    wrong = []
    for name, actor in people(world).items():
        sid = seated(actor)
        joined = asked(workshop._join, sid, {"session": world.seance})
        if joined != meant(world, actor, workshop.EVENTS["join"].act):
            wrong.append(f"join: {name} got {joined or 'ok'}")
        for verb, fields in FIELDS.items():
            workshop._budgets[sid] = Bucket(ACTS)
            act = Act.LAB_LEAD if verb in GIVEN_BY_LEADERS else VERBS[verb].act
            should = meant(world, actor, act)
            found = asked(workshop._do, sid, {"session": world.seance, "verb": verb, **fields})
            # Who may is then told what the moment or the input does not allow.
            if found != should and not (should == "" and found in ("invalid", "moved_on")):
                wrong.append(f"{verb}: {name} should get {should or 'ok'}, got {found or 'ok'}")
    assert not wrong, "\n".join(wrong)
