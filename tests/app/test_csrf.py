"""Another site makes a signed-in person's browser send something: every route that writes refuses it, whatever the form.

Made from the routes of the application, so that one that is written tomorrow is asked as well.
"""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask
from flask_wtf.csrf import generate_csrf
from werkzeug.routing import Rule

from app.extensions import csrf
from app.policy import Actor
from config import Settings
from tests.house.full_house import FullHouse, address, build, digest, line_of, methods, rules
from tests.house.test_guards import written

# What a request may change though it is refused, or only looks: a session is kept alive, a refusal or an opening counted.
KEPT_ALIVE = {"sign_in", "refusal", "call_opening"}
ELSEWHERE = {"Origin": "https://ailleurs.example", "Sec-Fetch-Site": "cross-site"}
# Forms without a session, whose pages are the same bytes for everybody: they look at where the browser comes from
# (`publish.visitors.from_here`), or are links of a mail that hold their own secret (RFC 8058 asks for a bare POST).
BY_ORIGIN = {
    "POST /appels/<slug>", "POST /fiches/<slug>/aimer", "POST /fiches/<slug>/avis", "POST /fiches/<slug>/commentaires",
    "POST /fiches/<slug>/commentaires/<comment_id>/signaler", "POST /lectures/<token>", "POST /souhaits",
    "POST /souhaits/<wish_id>/soutenir", "POST /fiches/<slug>/abonnement", "POST /themes/<slug>/abonnement",
    "POST /administrations/<slug>/abonnement",
}  # fmt: skip
BY_SECRET = {"POST /suivi/<token>", "POST /desabonnement/<token>"}


@pytest.fixture
def house(app: Flask, settings: Settings) -> FullHouse:
    made = build(app, settings)
    app.config["WTF_CSRF_ENABLED"] = True
    return made


def writing(app: Flask) -> list[Rule]:
    return [rule for rule in rules(app) if set(methods(rule)) - {"GET"}]


def exempt(app: Flask, rule: Rule) -> bool:
    view = app.view_functions[rule.endpoint]
    return f"{view.__module__}.{view.__name__}" in csrf._exempt_views


def who_may(house: FullHouse, line: str) -> Actor:
    """The first who is let in by the table, signed in where anybody who is may; a writer where nobody is."""
    letters = written()[line].split()[0]
    allowed = [actor for letter, actor in zip(letters, house.people.values(), strict=True) if letter == "+"]
    return next((actor for actor in allowed if actor.is_authenticated), [*allowed, house.own.writer][0])


def foreign_token(app: Flask) -> str:
    """Good by its signature, and of another browser's session."""
    with app.test_request_context():
        return str(generate_csrf())


def test_the_forms_without_a_token_are_known(app: Flask) -> None:
    found = {line_of(rule, "POST") for rule in writing(app) if exempt(app, rule)}
    assert found == BY_ORIGIN | BY_SECRET, "a form without a token needs another protection, tried below"


def test_no_site_writes_with_somebody_elses_browser(house: FullHouse) -> None:
    app, before, wrong = house.app, digest(without=KEPT_ALIVE), []
    token = foreign_token(app)
    words = {
        "nom": "Léa",
        "texte": "Des mots.",
        "faire": "oui",
        "confirme": "y",
        "email": "x@y.example",
        "password": "x",
    }
    attacks: dict[str, dict[str, Any]] = {
        "no token": {"data": words},
        "another's token": {"data": {**words, "csrf_token": token}},
        "text/plain": {"data": f"csrf_token={token}&texte=a", "content_type": "text/plain"},
        "JSON": {"json": {**words, "csrf_token": token}},
    }
    for rule in writing(app):
        line = line_of(rule, "POST")
        if line in BY_SECRET:
            continue
        actor, path = who_may(house, line), address(app, rule, house.own.fill(rule))
        for name, sent in attacks.items():
            headers = {**house.cookie_of(actor), **ELSEWHERE}
            answer = app.test_client(use_cookies=False).post(path, headers=headers, **sent)
            if not 400 <= answer.status_code < 500:
                wrong.append(f"{line}, {name}: {answer.status_code}")
    assert not wrong, "\n".join(wrong)
    after = digest(without=KEPT_ALIVE)
    assert not [name for name in before if before[name] != after[name]]


def test_nothing_is_done_by_looking(house: FullHouse) -> None:
    """A picture's address, a link, a prefetch: GET and HEAD of what writes change nothing."""
    app = house.app
    readable = {rule.rule for rule in rules(app) if "GET" in methods(rule)}
    before, wrong = digest(without=KEPT_ALIVE), []
    for rule in writing(app):
        path = address(app, rule, house.own.fill(rule))
        for method in ("GET", "HEAD"):
            headers = {**house.cookie_of(who_may(house, line_of(rule, "POST"))), **ELSEWHERE}
            query = {"faire": "oui", "confirme": "y", "texte": "mots", "_method": "POST"}
            answer = app.test_client(use_cookies=False).open(
                path, method=method, headers=headers, query_string=query
            )
            if rule.rule not in readable and answer.status_code not in (404, 405):
                wrong.append(f"{method} {path}: {answer.status_code}")
    assert not wrong, "\n".join(wrong)
    after = digest(without=KEPT_ALIVE)
    assert not [name for name in before if before[name] != after[name]]


@pytest.mark.parametrize("path", ["/connexion", "/deconnexion"])
def test_nobody_is_signed_in_or_out_by_another_site(house: FullHouse, path: str) -> None:
    app, before = house.app, digest()
    headers = {**house.cookie_of(house.own.writer), **ELSEWHERE}
    for sent in ({}, {"email": "x@y.example", "password": "x"}, {"csrf_token": foreign_token(app)}):
        answer = app.test_client(use_cookies=False).post(path, headers=headers, data=sent)
        assert answer.status_code == 400
        assert not [value for value in answer.headers.getlist("Set-Cookie") if value.startswith("openlab=")]
    changed = [name for name, value in digest().items() if value != before[name]]
    assert changed in ([], ["sign_in"])  # that the session was used just now
    assert app.test_client(use_cookies=False).get("/espace", headers=headers).status_code == 200
