"""Every event of the live table declares who may use it, and answers as `acts_for` says.

The counterpart of test_guards.py. The handlers are asked directly; tests/realtime asks them over real sockets.
"""

from __future__ import annotations

import itertools
from typing import Any

import pytest
from flask import Flask

from app.accounts.models import Person
from app.accounts.service import actor_for_token
from app.db import reading, session, unit_of_work
from app.policy import ANONYMOUS, Actor, PortalRole, acts_for
from drafts.models import Draft
from labs.roles import Right
from labs.service import add_member
from realtime import fanout, gateway, pulse
from realtime.protocol import NAMESPACE
from realtime.seats import Connection
from tests import makers

# `connect` is asked before there is a seat, and `disconnect` is nobody's to refuse.
UNASKED = {"disconnect"}
PAYLOADS: dict[str, dict[str, Any]] = {
    "join": {"state_vector": b"\x00"},
    "update": {"update": b"\x00\x00"},
    "leave": {},
}
# A cursor gets no answer at all; tests/realtime looks at who sees it.
SILENT = {"awareness"}
_transports = itertools.count()


@pytest.fixture
def table(app: Flask) -> tuple[int, dict[str, Actor]]:
    """A draft and people around it, each signed in."""
    with unit_of_work():
        south, north = makers.make_administration(), makers.make_administration()
        leader, writer, reader, remarker = (makers.make_agent(south) for _ in range(4))
        lab = makers.make_lab(leader, south, writer)
        add_member(leader, lab, session().get_one(Person, reader.id), Right.READ)
        add_member(leader, lab, session().get_one(Person, remarker.id), Right.REMARK)
        draft = makers.make_draft(writer, lab, south)
        people = {
            "a visitor": ANONYMOUS,
            "an agent of elsewhere": makers.make_agent(north),
            "an administrator": makers.make_agent(north, PortalRole.ADMINISTRATOR),
            "the portal editor": makers.make_agent(north, PortalRole.PORTAL_EDITOR),
            "a reviewer before the submit": makers.make_agent(south, reviewer=True),
            "a reader": reader,
            "a member who may remark": remarker,
            "a writer": writer,
            "the facilitator": leader,
        }
        return draft.id, people


def seated(actor: Actor) -> str:
    """A socket of a person; a visitor's never got through the door."""
    assert fanout.server is not None
    sid: str = fanout.server.manager.connect(f"transport-{next(_transports)}", NAMESPACE)
    if actor.is_authenticated:
        with unit_of_work():
            pulse.connections[sid] = Connection(sid, actor_for_token(makers.sign_in(actor.id)))
    return sid


def test_every_event_declares_who_may_use_it(app: Flask) -> None:
    assert fanout.server is not None
    usual = set(fanout.server.handlers.get(NAMESPACE, {}))
    own = {
        name.removeprefix("_") for name in vars(gateway) if name in {f"_{event}" for event in gateway.EVENTS}
    }
    assert (usual | own) - UNASKED == set(gateway.EVENTS), "give each event a Rule in realtime.gateway.EVENTS"
    assert set(PAYLOADS) | SILENT | {"connect"} == set(gateway.EVENTS), (
        "tell this test what the new event carries"
    )


def test_every_event_is_held_to_what_it_declares(table: tuple[int, dict[str, Actor]]) -> None:
    draft_id, people = table
    wrong = []
    for event, payload in PAYLOADS.items():
        for name, actor in people.items():
            with reading():
                acts = acts_for(actor, session().get_one(Draft, draft_id))
            if actor.is_anonymous:
                meant = "unauthenticated"
            elif not acts:
                meant = "not_found"
            else:
                meant = "" if gateway.EVENTS[event].act in acts else "forbidden"
            answers: list[dict[str, Any]] = []
            getattr(gateway, f"_{event}")(seated(actor), {"draft": draft_id, **payload}, answers.append)
            found = "" if answers[0]["ok"] else answers[0]["error"]["code"]
            # Who may, but has not joined, is asked to join first.
            if found != meant and not (meant == "" and found == "resync"):
                wrong.append(f"{event}: {name} should get {meant or 'ok'}, got {found or 'ok'}")
    assert not wrong, "\n".join(wrong)
