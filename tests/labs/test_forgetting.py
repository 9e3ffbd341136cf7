"""What the workshop forgets of a person who is erased: names in minutes, calendars and mails; their words stay, under no name."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from app import mail
from app.accounts.erasing import ERASED, erase
from app.db import reading, session, unit_of_work
from labs import attendance, minutes, minutes_set
from labs.session_models import MinutesFile, SessionStay
from labs.sessions import change_session
from tests.clients import PageClient
from tests.labs.workshop_world import World, make_world


@pytest.fixture
def world(client: PageClient) -> World:
    return make_world()


def test_the_name_of_an_erased_person_goes(client: PageClient, world: World) -> None:
    name, email = world["ben"].name, world["ben"].email
    with unit_of_work():
        attendance.come(world["ben"], world.seance)
        attendance.come(world["ana"], world.seance)
    world.act("ben", "say", text="Je le relis.")
    world.act("facilitator", "action", text="Relire.", person=world["ben"].id)
    world.act("facilitator", "close")
    minutes.write_wanted()
    minutes_set.set_waiting()
    with reading():
        (before,) = minutes.versions(world.row())
    assert any(name in one.text for one in before.sections)
    with unit_of_work():
        erase(None, world["ben"].id)
    with reading():
        (after,) = minutes.versions(world.row())
        assert not any(name in one.text for one in after.sections)
        assert any(ERASED in one.text for one in after.sections)
        # A file that holds the name is set anew from what is left.
        assert not session().scalar(sa.select(sa.func.count()).select_from(MinutesFile))
        assert world["ben"].id not in session().scalars(sa.select(SessionStay.person_id)).all()
        calendars = [one.calendar or "" for one in mail.waiting()]
    assert calendars and not any(email in one.casefold() for one in calendars)
    minutes_set.set_waiting()
    page = client.sign_in(world["ana"]).get(world.address)
    assert name not in page.main and "Je le relis." in page.main and ERASED in page.main
    with reading():
        assert session().scalar(sa.select(sa.func.count()).select_from(MinutesFile)) == 2


def test_who_planned_a_seance_goes_out_of_calendars_sent_to_others(world: World) -> None:
    leader = world["facilitator"]
    seance = world.row()
    with unit_of_work():
        change_session(leader, seance.id, "Autrement", seance.starts_at, seance.ends_at)
    with reading():
        named = [one for one in mail.waiting() if leader.email in (one.calendar or "").casefold()]
    assert len(named) == 12  # six people, told twice
    with unit_of_work():
        erase(None, leader.id)
    with reading():
        assert not [one for one in mail.waiting() if leader.email in (one.calendar or "").casefold()]
