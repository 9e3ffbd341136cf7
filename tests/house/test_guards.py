"""Every route declares who may use it, and is held to what it declares, for every kind of person.

What is meant is written down: tests/house/matrix.txt has a row for each route, with a letter for each kind of person,
for a thing of their own wing and for one of another's. The judge (`acts_for`, behind the route's door) is held to that
table, and what comes back over HTTP to the judge. A route without a row fails here.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask
from flask_login import utils
from werkzeug.routing import Rule

from app.accounts.models import SignIn
from app.db import reading, session
from app.errors import Missing, Refused, Unauthenticated
from app.policy import PORTAL, Actor, require
from app.web import Guard
from config import Settings
from tests.house.full_house import FullHouse, address, build, line_of, methods, rules, unknown
from tests.house.tree import ROOT

TABLE = ROOT / "tests" / "house" / "matrix.txt"
LETTERS = {"allowed": "+", "refused": "-", "missing": ".", "sign in first": "?"}
SIGN_OUT = "/deconnexion"
LEAVE = "/labs/<slug>/quitter"
# The guard lets in who may speak there; the verb knows whose the thing is.
JUDGED_AGAIN = {
    "POST /brouillons/<draft_id>/remarques/<remark_id>/bloquante",
    "POST /brouillons/<draft_id>/remarques/<remark_id>/resoudre",
    "POST /brouillons/<draft_id>/remarques/<remark_id>/rouvrir",
    # Before the deadline nobody is passed over, and who has reviewers gets no substitute.
    "POST /brouillons/<draft_id>/relecture/passer-outre",
    "POST /brouillons/<draft_id>/relecture/suppleer",
    "POST /fiches/<slug>/vie/commentaires/<comment_id>",
}


@pytest.fixture
def house(app: Flask, settings: Settings) -> FullHouse:
    return build(app, settings)


def guard_of(app: Flask, rule: Rule) -> Guard | None:
    return getattr(app.view_functions[rule.endpoint], "guard", None)


def judged(guard: Guard, values: dict[str, Any], actor: Actor) -> str:
    """What the guard's door and the judge make of it, asked directly, in the request of that person."""
    try:
        require(actor, guard.act, guard.door(**values) if guard.door else PORTAL)
    except Missing:
        return "missing"
    except Unauthenticated:
        return "sign in first"
    except Refused:
        return "refused"
    return "allowed"


def current() -> Actor:
    found = utils._get_user()
    return found if isinstance(found, Actor) else Actor()


def test_every_route_declares_who_may_use_it(app: Flask) -> None:
    open_doors = [f"{rule.rule} ({rule.endpoint})" for rule in rules(app) if guard_of(app, rule) is None]
    assert not open_doors, f"Put @guarded(Act.…, door) directly above these views: {open_doors}"


def written() -> dict[str, str]:
    """The table: a route, and behind it its letters."""
    rows = {}
    for line in TABLE.read_text(encoding="utf-8").splitlines():
        if line and not line.startswith("#"):
            route, own, other = line.rsplit(maxsplit=2)
            rows[route.strip()] = f"{own} {other}"
    return rows


def as_the_judge_says(house: FullHouse) -> dict[str, str]:
    asked = [rule for rule in rules(house.app) if guard_of(house.app, rule)]
    letters: dict[tuple[str, str], list[str]] = {}
    for actor in house.people.values():
        with house.app.test_request_context("/", headers=house.cookie_of(actor)), reading():
            for rule, (which, wing) in itertools.product(asked, (("own", house.own), ("other", house.other))):
                guard = guard_of(house.app, rule)
                assert guard is not None
                letter = LETTERS[judged(guard, wing.fill(rule), current())]
                letters.setdefault((rule.endpoint + rule.rule, which), []).append(letter)
    return {
        line_of(rule, method): " ".join("".join(letters[rule.endpoint + rule.rule, which]) for which in ("own", "other"))
        for rule in asked
        for method in methods(rule)
    }  # fmt: skip


def test_what_each_kind_of_person_may_do_is_written_down(house: FullHouse) -> None:
    """A new route comes with its row: who may, on a thing of their own and on one of another's."""
    columns = [
        line[3:].split(" ", 1)[1]
        for line in TABLE.read_text(encoding="utf-8").splitlines()
        if line.startswith("#  ")
    ]
    assert columns == list(house.people), "the table's columns are the people of the house, in their order"
    found, meant = as_the_judge_says(house), written()
    wrong = [f"{route:<70} {row}" for route, row in found.items() if meant.get(route) != row]
    assert not wrong, "tests/house/matrix.txt says otherwise, or nothing; the judge says:\n" + "\n".join(
        wrong
    )
    assert meant.keys() == found.keys(), f"no such route any more: {sorted(meant.keys() - found.keys())}"


def answered(house: FullHouse, method: str, path: str, actor: Actor) -> str:
    """What came back over HTTP, in the same words."""
    headers = house.cookie_of(actor, fresh=path == SIGN_OUT)
    response = house.app.test_client(use_cookies=False).open(path, method=method, headers=headers)
    if response.status_code >= 500:
        return f"broken ({response.status_code})"
    if response.status_code == 401 or (
        response.status_code == 302 and response.headers["Location"].startswith("/connexion?next=")
    ):
        return "sign in first"
    return {403: "refused", 404: "missing"}.get(response.status_code, "allowed")


def asked_of(rule: Rule, house: FullHouse, row: str) -> Iterator[tuple[str, Actor, dict[str, Any]]]:
    """Who asks for what: of each letter in the row the first person and the last, and who leads a lab for what is not theirs."""
    own = row.split()[0]
    names = list(house.people)
    for letter in sorted(set(own)):
        for name in sorted({names[own.index(letter)], names[own.rindex(letter)]}):
            yield name, house.people[name], house.own.fill(rule)
    if rule.arguments:
        yield "the facilitator", house.own.leader, house.other.fill(rule)
        yield "the facilitator", house.own.leader, unknown(rule)


def test_every_route_is_held_to_what_it_declares(house: FullHouse) -> None:
    wrong, count, rows = [], 0, written()
    cells = [
        (method, rule, name, actor, values)
        for rule in rules(house.app)
        for method in methods(rule)
        for name, actor, values in asked_of(rule, house, rows[line_of(rule, method)])
    ]
    # Reading first, then what is written; by their own hand people leave last.
    cells.sort(key=lambda cell: (cell[0], cell[1].rule in (LEAVE, SIGN_OUT)))
    for method, rule, name, actor, values in cells:
        guard = guard_of(house.app, rule)
        assert guard is not None
        path = address(house.app, rule, values)
        with house.app.test_request_context(path, headers=house.cookie_of(actor)), reading():
            meant = judged(guard, values, current())
        found = answered(house, method, path, actor)
        count += 1
        # Who passed the guard may still be told that what they name is not there, or, by the verb, that it is not theirs.
        if found != meant and not (meant == "allowed" and found in ("missing", "refused")):
            wrong.append(f"{method} {path} ({guard.act}): {name} should be {meant}, was {found}")
        if found == "refused" != meant and line_of(rule, method) not in JUDGED_AGAIN:
            wrong.append(
                f"{method} {path} ({guard.act}): {name} passed the guard and was refused by the verb"
            )
    assert not wrong, "\n".join(wrong)
    assert count > 700, "the matrix has shrunk: does it still see the routes?"


def test_something_is_refused_to_everybody_but_its_people(house: FullHouse) -> None:
    """The matrix would be empty words if the judge let everybody in."""
    draft = f"/brouillons/{house.own.things['']['draft_id']}"
    outcomes = {name: answered(house, "GET", draft, actor) for name, actor in house.people.items()}
    assert outcomes["a writer"] == outcomes["a reader"] == outcomes["a guest"] == "allowed"
    assert outcomes["a visitor"] == outcomes["who is suspended"] == "sign in first"
    assert outcomes["an agent of elsewhere"] == outcomes["a removed member"] == "missing"
    for wing, status in ((house.own, "allowed"), (house.other, "missing")):
        assert (
            answered(house, "GET", f"/brouillons/{wing.things['']['draft_id']}", house.own.leader) == status
        )


def test_the_sign_ins_of_the_house_are_many(house: FullHouse) -> None:
    """Else the suspended person would be the visitor once more."""
    with reading():
        assert session().query(SignIn).count() >= len(house.tokens) > 10
