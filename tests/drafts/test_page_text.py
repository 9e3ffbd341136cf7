"""The text of a draft's page is kept until somebody writes, and never a moment longer than it is true."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import sqlalchemy as sa

from app.db import reading, session, unit_of_work
from app.directory.models import Administration
from app.policy import Actor
from drafts import faults, page_text, reopening
from drafts.faults import Fault
from drafts.models import Draft
from labs.models import Lab
from tests import makers
from tests.clients import PageClient
from tests.drafts.test_reopening import write
from tests.scenes import Scene, make_scene


@pytest.fixture
def scene(client: PageClient) -> Iterator[Scene]:
    made = make_scene()
    client.sign_in(made.ana)
    yield made
    reopening.close()


@pytest.fixture
def replays() -> Iterator[list[str]]:
    """The times the log is read."""
    seen: list[str] = []

    def looked(_connection, _cursor, statement: str, *_rest: object) -> None:
        if "FROM draft_update" in statement:
            seen.append(statement)

    engine = sa.engine.Engine
    sa.event.listen(engine, "before_cursor_execute", looked)
    yield seen
    sa.event.remove(engine, "before_cursor_execute", looked)


def test_the_log_is_read_once_for_many_looks_and_again_after_a_stroke(
    client: PageClient, scene: Scene, replays: list[str]
) -> None:
    address = f"/brouillons/{scene.draft_id}"
    first = client.get(address)
    assert "mairie" in first.text and replays
    replays.clear()
    client.sign_in(scene.ben)
    assert "mairie" in client.get(address).text and not replays
    write(scene.draft_id, scene.ben.id, "la suite")
    replays.clear()
    page = client.get(address)
    assert "la suite" in page.text and "mairie" in page.text and replays


def test_a_fault_that_is_found_later_is_shown_at_once(client: PageClient, scene: Scene) -> None:
    address = f"/brouillons/{scene.draft_id}"
    write(scene.draft_id, scene.ana.id, "la suite")
    assert "data-damaged" not in client.get(address).source
    with reading() as current:
        history = current.get_one(Draft, scene.draft_id).history
    faults.found(Fault(scene.draft_id, history, 2, "died"))
    page = client.get(address)
    assert "data-damaged" in page.source and "la suite" not in page.text


def test_what_the_directory_says_is_of_this_moment(client: PageClient, scene: Scene) -> None:
    with unit_of_work():
        place = makers.make_administration("Mairie de Koné", slug="kone")
        lab = session().get_one(Lab, scene.lab_id)
        contact = {"type": "contact", "attrs": {"id": "c1", "administration": "kone", "counter": 0}}
        draft_id = makers.make_draft(scene.ana, lab, place, tree=[contact]).id
    address = f"/brouillons/{draft_id}"
    assert "Mairie de Koné" in client.get(address).main
    with unit_of_work() as current:
        current.scalars(sa.select(Administration).filter_by(slug="kone")).one().name = "Ville de Koné"
    assert "Ville de Koné" in client.get(address).main


def test_rights_are_asked_for_before_what_is_kept(client: PageClient, scene: Scene) -> None:
    address = f"/brouillons/{scene.draft_id}"
    client.get(address)
    with unit_of_work():
        stranger: Actor = makers.make_agent(makers.make_administration())
    client.sign_in(stranger)
    client.get(address, 404)


def test_so_many_texts_and_of_each_the_latest(client: PageClient, scene: Scene, replays: list[str]) -> None:
    """What was looked at last is kept; an older state of a text takes no place away from another one."""
    with unit_of_work():
        lab = session().get_one(Lab, scene.lab_id)
        place = makers.make_administration()
        made = [makers.make_draft(scene.ana, lab, place).id for _ in range(page_text.MOST_KEPT + 3)]

    def look(draft_id: int) -> bool:
        """Whether the log was read for it."""
        replays.clear()
        client.get(f"/brouillons/{draft_id}")
        return bool(replays)

    assert all(look(draft_id) for draft_id in made)
    write(made[-1], scene.ana.id, "la suite")
    assert look(made[-1])
    assert not any(look(draft_id) for draft_id in made[-page_text.MOST_KEPT :])
    assert all(look(draft_id) for draft_id in made[:3])
    # Those three have taken the places of the three that were looked at before all others.
    assert not any(look(draft_id) for draft_id in made[6:])
    assert all(look(draft_id) for draft_id in made[3:6])
