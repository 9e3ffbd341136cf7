"""How long a sign-in lasts: while its person is at work, and shortly on a shared computer."""

from __future__ import annotations

from datetime import timedelta

import pytest

from app import clock
from app.accounts import routes, service
from app.accounts.models import SignIn
from app.db import reading, session, unit_of_work
from tests import makers


@pytest.mark.parametrize(("shared", "idle"), [(False, service.IDLE), (True, service.IDLE_SHARED)])
def test_it_ends_after_an_idle_time_and_not_before_while_at_work(db, shared, idle):
    with unit_of_work():
        agent = makers.make_agent(makers.make_administration())
        opened = service.sign_in(agent.id, shared_computer=shared)
    with clock.shifted(idle - timedelta(minutes=2)), unit_of_work():
        service.keep_alive([opened.actor.session_id])
    with clock.shifted(idle * 2 - timedelta(minutes=4)), reading():
        assert service.actor_for_token(opened.token).id == agent.id
    with clock.shifted(idle * 2), reading():
        assert service.actor_for_token(opened.token).is_anonymous


def test_an_ended_session_does_not_come_back(db):
    with unit_of_work():
        agent = makers.make_agent(makers.make_administration())
        opened = service.sign_in(agent.id)
        service.end_all(agent.id)
    with clock.shifted(timedelta(hours=1)), unit_of_work():
        service.keep_alive([opened.actor.session_id])
    with reading():
        assert service.actor_for_token(opened.token).is_anonymous


def test_a_page_asked_for_keeps_the_session_alive(app, client):
    routes._kept_at.clear()
    with unit_of_work():
        agent = makers.make_agent(makers.make_administration())
        opened = service.sign_in(agent.id)
        session().get_one(SignIn, opened.actor.session_id).seen_at = clock.now() - timedelta(hours=1)
    with app.test_client() as browser:
        browser.set_cookie("openlab", opened.token)
        assert browser.get("/espace").status_code == 200
    with reading() as current:
        assert clock.now() - current.get_one(SignIn, opened.actor.session_id).seen_at < timedelta(minutes=1)
