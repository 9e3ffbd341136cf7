"""One's own account: the sessions that are open, ending one or all others, how long they last at the most, and the purge."""

from __future__ import annotations

from datetime import timedelta

import pytest
import sqlalchemy as sa
from flask import Flask

from app import clock
from app.accounts import delays, devices, own
from app.accounts import service as accounts
from app.accounts.models import SignIn, SignInFailure
from app.audit import AuditEntry
from app.db import OutboxRow, reading, session, unit_of_work
from app.policy import Actor
from tests import makers
from tests.clients import PageClient

FIREFOX = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:142.0) Gecko/20100101 Firefox/142.0"
PHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 Version/18.5 Mobile/15E148 Safari/604.1"
EDGE = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/139.0.0.0 Safari/537.36 Edg/139.0.0.0"


@pytest.fixture
def agent(client: PageClient) -> Actor:
    with unit_of_work():
        return makers.make_agent(makers.make_administration())


def opened(agent: Actor, **more: object) -> accounts.Opened:
    with unit_of_work():
        return accounts.sign_in(agent.id, **more)  # type: ignore[arg-type]


def lives(one: accounts.Opened) -> bool:
    with reading():
        return accounts.actor_for_token(one.token).is_authenticated


def test_the_page_shows_ones_own_sessions_and_ends_one(client: PageClient, agent: Actor) -> None:
    phone = opened(agent, device=devices.label(PHONE))
    space = opened(agent, device=devices.label(FIREFOX), shared_computer=True)
    with unit_of_work():
        stranger = accounts.sign_in(makers.make_agent(makers.make_administration()).id)
    page = client.sign_in(agent).get("/espace/compte")
    assert agent.name in page.main and agent.email in page.main
    assert "Safari sur iPhone" in page.main and "Firefox sur Windows (poste partagé)" in page.main
    assert page.main.count("Cette session") == 1
    ends = f"/espace/compte/sessions/{phone.actor.session_id}/fermer"
    client.send(ends)
    assert "La session est fermée." in client.follow().main and not client.page.offers(ends)  # type: ignore[union-attr]
    assert not lives(phone) and lives(space)
    # Somebody else's is none of ours, and looks like one that never was.
    token = client.page.forms[0].values["csrf_token"]  # type: ignore[union-attr]
    for number in (stranger.actor.session_id, phone.actor.session_id, 987654321):
        client.post(f"/espace/compte/sessions/{number}/fermer", {"csrf_token": token}, 404)
    assert lives(stranger)
    with reading():
        news = session().scalars(sa.select(OutboxRow.payload).filter_by(name="accounts.access_ended")).all()
        assert {"person_id": agent.id, "sign_in_id": phone.actor.session_id} in news
        assert session().scalars(sa.select(AuditEntry.object_id).filter_by(act="end_session")).all() == [
            str(phone.actor.session_id)
        ]


def test_all_others_end_and_this_one_stays(client: PageClient, agent: Actor) -> None:
    others = [opened(agent), opened(agent)]
    client.sign_in(agent).get("/espace/compte")
    client.send("/espace/compte/sessions/fermer")
    page = client.follow()
    assert not any(map(lives, others)) and not page.offers("/espace/compte/sessions/fermer")


@pytest.mark.parametrize(
    ("said", "label"),
    [
        (FIREFOX, "Firefox/Windows"), (PHONE, "Safari/iPhone"), (EDGE, "Edge/Windows"), ("curl/8.5", ""), ("", ""),
        ("<script>alert(1)</script>" * 1000, ""),
    ],
)  # fmt: skip
def test_two_words_of_the_browser_are_kept_and_nothing_more(said: str, label: str) -> None:
    assert devices.label(said) == label


def test_signing_in_by_the_form_keeps_these_two_words(client: PageClient) -> None:
    with unit_of_work():
        person = accounts.create_person("e@test.example", "Éloïse", None, makers.PASSWORD)
        accounts.give_role(person, accounts.PortalRole.MODERATOR)
    client.get("/connexion")
    client.send("/connexion", email="e@test.example", password=makers.PASSWORD)
    with reading():
        assert session().scalars(sa.select(SignIn.device)).all() == [""]  # the test's client is no browser
    values = {"email": "e@test.example", "password": makers.PASSWORD}
    client.sign_out().get("/connexion")
    form = client.page.form("/connexion").values  # type: ignore[union-attr]
    client.post("/connexion", {**form, **values}, headers={"User-Agent": EDGE})
    with reading():
        assert "Edge/Windows" in session().scalars(sa.select(SignIn.device)).all()


@pytest.mark.parametrize(
    ("shared", "every", "at_most"),
    [(False, timedelta(days=6), accounts.ABSOLUTE), (True, timedelta(minutes=19), accounts.ABSOLUTE_SHARED)],
)
def test_a_busy_session_ends_all_the_same(
    app: Flask, agent: Actor, shared: bool, every: timedelta, at_most: timedelta
) -> None:
    one = opened(agent, shared_computer=shared)
    after = timedelta(0)
    while after + every < at_most:
        after += every
        with clock.shifted(after), unit_of_work():
            accounts.keep_alive([one.actor.session_id])
            assert accounts.actor_for_token(one.token).is_authenticated
    with clock.shifted(at_most - timedelta(seconds=5)):
        with unit_of_work():
            accounts.keep_alive([one.actor.session_id])
        assert lives(one)
    with clock.shifted(at_most + timedelta(seconds=1)):
        assert not lives(one)


def test_an_end_that_is_sooner_stays_sooner(app: Flask, agent: Actor) -> None:
    one = opened(agent, ends_at=clock.now() + timedelta(hours=1))
    with clock.shifted(timedelta(hours=1, seconds=1)):
        assert not lives(one)


def test_the_purge_forgets_what_is_over_and_nothing_else(app: Flask, agent: Actor) -> None:
    one = opened(agent)
    with unit_of_work():
        delays.charge(delays.of_account("x@test.example"), delays.of_neighbourhood("203.0.113.9"))
    kept = []
    for after in (timedelta(hours=1), timedelta(days=2), timedelta(days=36), timedelta(days=38)):
        with clock.shifted(after), unit_of_work():
            own.purge()
            kept.append([
                session().scalar(sa.select(sa.func.count()).select_from(table))
                for table in (SignInFailure, SignIn)
            ])  # fmt: skip
    assert kept == [[2, 1], [0, 1], [0, 1], [0, 0]] and one.actor.session_id
