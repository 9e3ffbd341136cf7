"""Cycles of six weeks: who makes them, which labs work in them, what is shown of it and to whom."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import pytest
import sqlalchemy as sa

from app import clock
from app.db import reading, session, unit_of_work
from app.directory.models import Administration
from app.errors import Invalid, Refused
from app.policy import PortalRole
from drafts import review
from drafts.queries import draft_numbered
from labs import cycles
from labs.cycle_models import LASTS, Cycle, CycleLab
from labs.cycle_queries import cycle_of
from publish import service as publication
from tests import makers
from tests.clients import PageClient
from tests.labs.people_world import Workshop, refused_by_database

GOALS = ["Publier une page sur le changement d’adresse.", "La faire lire par cinq habitants."]


def today() -> date:
    return clock.local(clock.now()).date()


def made(workshop: Workshop, starts_on: date | None = None) -> int:
    with unit_of_work():
        return cycles.make_cycle(workshop["administrator"], starts_on or today(), GOALS).number


def at_noon(day: date) -> timedelta:
    """How far the clock has to be put on for it to be noon of a day."""
    return datetime.combine(day, datetime.min.time(), tzinfo=clock.NOUMEA) + timedelta(hours=12) - clock.now()


def test_an_administrator_makes_a_cycle_and_changes_it(client: PageClient, workshop: Workshop) -> None:
    client.sign_in(workshop["administrator"]).get("/cycles")
    client.get("/cycles/nouveau")
    refused = client.send("/cycles/nouveau", 422, debut="", buts="Un but")
    assert "#debut" in refused.links() and refused.form("/cycles/nouveau").values["buts"].strip() == "Un but"
    start = today() + timedelta(days=3)
    client.send("/cycles/nouveau", debut=start.isoformat(), buts="\r\n".join(GOALS))
    page = client.follow()
    assert page.heading == "Cycle 1" and GOALS[1] in page.main and "À venir" in page.main
    client.get("/cycles/nouveau")
    refused = client.send("/cycles/nouveau", 422, debut=(start + timedelta(days=41)).isoformat(), buts="x")
    assert "celles du cycle 1" in refused.main
    client.send("/cycles/nouveau", debut=(start + LASTS).isoformat(), buts="Un autre but")
    client.get("/cycles/1/modifier")
    client.send("/cycles/1/modifier", 422, buts="\n" * 3)
    client.send("/cycles/1/modifier", 422, debut=(start + timedelta(days=1)).isoformat())
    client.send("/cycles/1/modifier", debut=(start - timedelta(days=2)).isoformat(), buts="Un seul but")
    assert "Un seul but" in client.follow().main
    assert "Cycle 2" in client.get("/cycles").main


@pytest.mark.parametrize("who", ["facilitator", "writer", "outsider"])
def test_cycles_are_made_by_administrators_and_seen_by_agents(
    client: PageClient, workshop: Workshop, who: str
) -> None:
    number = made(workshop)
    client.sign_in(workshop[who]).get(f"/cycles/{number}")
    client.get("/cycles")
    client.get("/cycles/nouveau", 403)
    client.get(f"/cycles/{number}/modifier", 403)
    client.get("/cycles/99", 404)
    with unit_of_work(), pytest.raises(Refused):
        cycles.make_cycle(workshop[who], today() + LASTS, GOALS)
    with unit_of_work(), pytest.raises(Refused):
        cycles.change_cycle(workshop[who], session().get_one(Cycle, number), today(), ["Non."])


def test_a_cycle_that_has_begun_keeps_its_days(workshop: Workshop) -> None:
    number = made(workshop)
    with unit_of_work():
        row = session().get_one(Cycle, number)
        cycles.change_cycle(workshop["administrator"], row, today(), ["Un autre but."])
    with unit_of_work(), pytest.raises(Invalid):
        row = session().get_one(Cycle, number)
        cycles.change_cycle(workshop["administrator"], row, today() + timedelta(days=1), GOALS)
    for goals in ([], [" "], ["x" * 301], ["x"] * 13):
        with unit_of_work(), pytest.raises(Invalid):
            cycles.make_cycle(workshop["administrator"], today() + LASTS, goals)


def test_a_facilitator_puts_their_lab_into_a_cycle(client: PageClient, workshop: Workshop) -> None:
    number = made(workshop)
    path = f"/cycles/{number}"
    client.sign_in(workshop["facilitator"]).get(path)
    client.send(f"{path}/labs", lab=workshop.slug)
    page = client.follow()
    assert workshop.page in page.links() and "Où en sont les textes" in page.main
    assert "Cycle 1" in client.get(workshop.page).main and GOALS[0] in client.get(workshop.page).main
    token = page.form("/deconnexion").values["csrf_token"]
    for who in ("writer", "outsider", "chief"):
        client.sign_out().sign_in(workshop[who])
        token = client.get(path).form("/deconnexion").values["csrf_token"]
        client.post(f"{path}/labs", {"csrf_token": token, "lab": workshop.slug, "retirer": "1"}, 403)
    client.sign_out().sign_in(workshop["facilitator"]).get(path)
    client.send(f"{path}/labs", lab=workshop.slug, retirer="1")
    client.follow()
    with reading():
        assert not session().scalars(sa.select(CycleLab)).all()
    with clock.shifted(LASTS + timedelta(days=1)), unit_of_work(), pytest.raises(Invalid):
        cycles.assign(workshop["facilitator"], session().get_one(Cycle, number), workshop.lab)


def test_an_administrator_may_put_any_shared_lab_into_a_cycle(workshop: Workshop) -> None:
    number = made(workshop)
    with unit_of_work():
        row = session().get_one(Cycle, number)
        cycles.assign(workshop["administrator"], row, workshop.other)
        cycles.assign(workshop["administrator"], row, workshop.other)
        assert len(session().scalars(sa.select(CycleLab)).all()) == 1
        cycles.unassign(workshop["administrator"], row, workshop.other)
        assert not session().scalars(sa.select(CycleLab)).all()


def test_the_lab_shows_the_cycle_that_counts_now(workshop: Workshop) -> None:
    first = today()
    numbers = [made(workshop, first), made(workshop, first + LASTS)]
    with unit_of_work():
        for number in numbers:
            cycles.assign(workshop["facilitator"], session().get_one(Cycle, number), workshop.lab)
    for day, number in ((first, 1), (first + LASTS, 2), (first + 3 * LASTS, 2)):
        with clock.shifted(at_noon(day)), reading():
            found = cycle_of(workshop.lab)
            assert found is not None and found.number == number
            assert found.is_past is (day > first + 2 * LASTS)


def test_what_was_published_in_a_cycle_stands_on_its_page(client: PageClient, workshop: Workshop) -> None:
    number = made(workshop)
    with unit_of_work():
        cycles.assign(workshop["facilitator"], session().get_one(Cycle, number), workshop.lab)
        south = session().get_one(Administration, workshop.south)
        reviewer = makers.make_agent(south, reviewer=True)
        editor = makers.make_agent(
            session().get_one(Administration, workshop.north), PortalRole.PORTAL_EDITOR
        )
    path = f"/cycles/{number}"
    assert "Rien n’est encore publié" in client.sign_in(workshop["outsider"]).get(path).main
    with unit_of_work():
        draft = draft_numbered(workshop.draft_id)
        fingerprint = review.submit(workshop["writer"], draft, "Une fiche.").fingerprint
        review.sign_off(reviewer, draft, south.id, fingerprint)
        slug = publication.publish(editor, draft, fingerprint).slug
    page = client.get(path)
    assert f"/fiches/{slug}" in page.links() and "Nouvelle fiche" in page.main


def test_the_database_keeps_cycles_apart(workshop: Workshop) -> None:
    number = made(workshop)
    row = {
        "number": 2,
        "starts_on": today() + timedelta(days=20),
        "goals": GOALS,
        "made_by": workshop["administrator"].id,
        "made_at": clock.now(),
    }
    assert "do not overlap" in refused_by_database(sa.insert(Cycle).values(row))
    refused_by_database(sa.insert(Cycle).values({**row, "number": 0, "starts_on": today() + LASTS}))
    with unit_of_work() as current:
        current.execute(sa.insert(Cycle).values({**row, "starts_on": today() + LASTS}))
    moved = sa.update(Cycle).where(Cycle.number == number).values(starts_on=today() + timedelta(days=10))
    assert "do not overlap" in refused_by_database(moved)
