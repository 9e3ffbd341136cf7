"""Every route declares who may use it, and is held to what it declares, for every kind of person.

The matrix is made from the application itself: each route, with the things that exist and with things that do
not, is asked by each person; what must come back follows from the route's guard and from `acts_for`, the only
judge. A route written tomorrow is in it without anybody remembering.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from flask import Flask
from werkzeug.routing import Rule

from app.accounts import cookie
from app.accounts.models import Person
from app.db import reading, session, unit_of_work
from app.errors import Missing, Refused, Unauthenticated
from app.policy import ANONYMOUS, PORTAL, Actor, PortalRole, require
from app.web import Guard
from config import Settings
from labs.roles import Right
from labs.service import add_member
from tests import makers

WITHOUT_GUARD = {"static"}
SIGN_OUT = "/deconnexion"
LEAVE = "/labs/<slug>/quitter"
NOBODY_HAS = {"int": 987654321, "string": "inconnu", "path": "inconnu", "default": "inconnu"}


@dataclass(frozen=True)
class House:
    """An application with people and things in it."""

    app: Flask
    settings: Settings
    people: dict[str, Actor]
    things: dict[str, Any]
    tokens: dict[int, str] = field(default_factory=dict)


@pytest.fixture
def house(app: Flask, settings: Settings) -> House:
    app.config["WTF_CSRF_ENABLED"] = False  # else every POST would be refused before its guard is asked
    app.testing = False  # errors become answers, as for real people
    with unit_of_work():
        south, north = makers.make_administration(), makers.make_administration()
        leader, writer, reader = (makers.make_agent(south) for _ in range(3))
        people = {
            "a visitor": ANONYMOUS,
            "an agent of elsewhere": makers.make_agent(north),
            "the facilitator": leader,
            "a writer": writer,
            "a reader": reader,
            "a reviewer": makers.make_agent(south, reviewer=True),
            "the portal editor": makers.make_agent(north, PortalRole.PORTAL_EDITOR),
            "a moderator": makers.make_agent(north, PortalRole.MODERATOR),
            "an administrator": makers.make_agent(north, PortalRole.ADMINISTRATOR),
        }
        lab = makers.make_lab(leader, south, writer)
        add_member(leader, lab, session().get_one(Person, reader.id), Right.READ)
        people["a guest"] = makers.make_guest(leader, lab, Right.WRITE)
        draft = makers.make_draft(writer, lab, south)
        wish = makers.make_wish(people["a moderator"])
        things = {
            "draft_id": draft.id, "lab_id": lab.id, "lab": lab.slug, "labs": lab.slug, "slug": lab.slug,
            "wish_id": wish.id,
        }  # fmt: skip
    return House(app, settings, people, things)


def routes(app: Flask) -> Iterator[tuple[Rule, Guard | None]]:
    for rule in app.url_map.iter_rules():
        if rule.endpoint not in WITHOUT_GUARD:
            yield rule, getattr(app.view_functions[rule.endpoint], "guard", None)


def fillings(rule: Rule, things: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Arguments for a route: of what exists, where we have it, and of what does not."""
    unknown = {}
    for name in rule.arguments:
        kind = type(rule._converters[name]).__name__.removesuffix("Converter").lower()
        unknown[name] = NOBODY_HAS["int" if kind == "integer" else "string"]
    yield unknown
    if rule.arguments and rule.arguments <= things.keys():
        yield {name: things[name] for name in rule.arguments}


def address(app: Flask, rule: Rule, values: dict[str, Any]) -> str:
    with app.test_request_context():
        return app.url_map.bind("127.0.0.1").build(
            rule.endpoint, values, method=sorted(rule.methods or {"GET"})[0]
        )


def signed_in(house: House, actor: Actor, path: str) -> dict[str, str]:
    """Headers of a request by `actor`. Signing out gets a sign-in of its own, the others share one."""
    if actor.is_anonymous:
        return {}
    if path == SIGN_OUT or actor.id not in house.tokens:
        with unit_of_work():
            house.tokens[actor.id] = makers.sign_in(actor.id)
    token = house.tokens.pop(actor.id) if path == SIGN_OUT else house.tokens[actor.id]
    return {"Cookie": f"{cookie.name(house.settings)}={token}"}


def expected(house: House, guard: Guard, values: dict[str, Any], path: str, actor: Actor) -> str:
    """What the guard's door and the judge make of it, asked directly."""
    with house.app.test_request_context(path, headers=signed_in(house, actor, path)), reading():
        try:
            require(actor, guard.act, guard.door(**values) if guard.door else PORTAL)
        except Missing:
            return "missing"
        except Unauthenticated:
            return "sign in first"
        except Refused:
            return "refused"
    return "allowed"


def answered(house: House, method: str, path: str, actor: Actor) -> str:
    """What came back over HTTP, in the same words."""
    response = house.app.test_client(use_cookies=False).open(
        path, method=method, headers=signed_in(house, actor, path)
    )
    if response.status_code >= 500:
        return f"broken ({response.status_code})"
    if response.status_code == 401 or (
        response.status_code == 302 and response.headers["Location"].startswith("/connexion?next=")
    ):
        return "sign in first"
    return {403: "refused", 404: "missing"}.get(response.status_code, "allowed")


def test_every_route_declares_who_may_use_it(app: Flask) -> None:
    open_doors = sorted(f"{rule.rule} ({rule.endpoint})" for rule, guard in routes(app) if guard is None)
    assert not open_doors, f"Put @guarded(Act.…, door) directly above these views: {open_doors}"


def held_to(house: House, rules: Iterable[tuple[Rule, Guard | None]], people: dict[str, Actor]) -> int:
    """How often these routes were asked by these people; raises with everything that was answered otherwise."""
    wrong, asked = [], 0
    for rule, guard in rules:
        if guard is None:
            continue
        for values in fillings(rule, house.things):
            path = address(house.app, rule, values)
            for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"}):
                for name, actor in people.items():
                    meant = expected(house, guard, values, path, actor)
                    found = answered(house, method, path, actor)
                    asked += 1
                    # Somebody who passed the guard may still be told that what they name is not there.
                    if found != meant and not (meant == "allowed" and found == "missing"):
                        wrong.append(f"{method} {path} ({guard.act}): {name} should be {meant}, was {found}")
    assert not wrong, "\n".join(wrong)
    return asked


def test_every_route_is_held_to_what_it_declares(house: House) -> None:
    agents = {name: actor for name, actor in house.people.items() if not actor.is_guest}
    asked = held_to(house, routes(house.app), agents)
    assert asked > 100, "the matrix has shrunk: does it still see the routes?"


def test_every_route_is_held_to_it_for_a_guest(house: House) -> None:
    """Apart from the others, who close every guest's door on their way; by their own hand a guest leaves last."""
    guests = {name: actor for name, actor in house.people.items() if actor.is_guest}
    assert guests
    rules = sorted(routes(house.app), key=lambda found: found[0].rule in (LEAVE, SIGN_OUT))
    assert held_to(house, rules, guests) > 100


def test_something_is_refused_to_everybody_but_its_people(house: House) -> None:
    """The matrix would be empty words if the judge let everybody in."""
    draft = f"/brouillons/{house.things['draft_id']}"
    outcomes = {name: answered(house, "GET", draft, actor) for name, actor in house.people.items()}
    assert outcomes["a writer"] == outcomes["a reader"] == outcomes["a guest"] == "allowed"
    assert outcomes["a visitor"] in ("missing", "sign in first")
    assert outcomes["an agent of elsewhere"] == "missing"
