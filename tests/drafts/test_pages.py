"""The pages of the drafts, seen by each kind of person. Success and refusal share their set-up."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from app.accounts.models import Person
from app.db import reading, session, unit_of_work
from app.policy import Actor, PortalRole
from drafts import review
from drafts.models import Draft
from drafts.queries import draft_numbered
from drafts.stages import Stage
from labs.roles import Right
from labs.service import add_member
from tests import makers
from tests.clients import PageClient

TITLE = "Déclarer une naissance aux îles"
NOTE = "La liste des pièces est complète."


@dataclass(frozen=True)
class House:
    """A lab of two administrations with one draft, and everybody who may come to its door."""

    draft: int
    lab: str
    south: int
    north: int
    people: dict[str, Actor]

    def __getitem__(self, name: str) -> Actor:
        return self.people[name]

    @property
    def page(self) -> str:
        return f"/brouillons/{self.draft}"


@pytest.fixture
def house(client: PageClient) -> House:
    with unit_of_work():
        south, north = (
            makers.make_administration("Province du Sud"),
            makers.make_administration("Province du Nord"),
        )
        facilitator, writer, reader, reviewer = (
            makers.make_agent(south, reviewer=last) for last in (0, 0, 0, 1)
        )
        north_reviewer = makers.make_agent(north, reviewer=True)
        lab = makers.make_lab(facilitator, south, writer)
        add_member(facilitator, lab, session().get_one(Person, reader.id), Right.READ)
        draft = makers.make_draft(writer, lab, south, south, north, title=TITLE)
        return House(
            draft=draft.id,
            lab=lab.slug,
            south=south.id,
            north=north.id,
            people={
                "facilitator": facilitator,
                "writer": writer,
                "reader": reader,
                "reviewer": reviewer,
                "north reviewer": north_reviewer,
                "stranger": makers.make_agent(north),
                "editor": makers.make_agent(north, PortalRole.PORTAL_EDITOR),
            },
        )


def submitted(house: House) -> str:
    """Put the draft into review as its writer; the fingerprint that is to be signed."""
    with unit_of_work():
        return review.submit(house["writer"], draft_numbered(house.draft), NOTE).fingerprint


def stage_of(house: House) -> Stage:
    with reading():
        return session().get_one(Draft, house.draft).stage


@pytest.mark.parametrize("name", ["writer", "facilitator", "reader"])
def test_members_read_the_draft_and_writers_can_propose_it(
    client: PageClient, house: House, name: str
) -> None:
    page = client.sign_in(house[name]).get(house.page)
    assert page.heading == TITLE
    assert "Présentez-vous à la mairie." in page.main
    (root,) = [element for element in page.all("div") if element.get("data-editor-root") is not None]
    assert root.get("data-draft") == str(house.draft)
    assert root.get("data-shared-computer") == "0"
    assert (root.get("data-rights") or "").split()[-1] == ("read" if name == "reader" else "write")
    assert page.offers(f"{house.page}/proposer") is (name != "reader")
    (state,) = [element for element in page.all("p", role="status") if element.get("data-save-state")]
    assert state.get("data-save-state") == "readonly"


@pytest.mark.parametrize("suffix", ["", "/champs", "/historique", "/relecture"])
@pytest.mark.parametrize("name", ["stranger", "reviewer", "north reviewer", "editor"])
def test_a_draft_being_written_does_not_exist_for_others(
    client: PageClient, house: House, name: str, suffix: str
) -> None:
    page = client.sign_in(house[name]).get(house.page + suffix, 404)
    assert TITLE not in page.source
    # An address that never existed looks exactly the same.
    assert client.get(f"/brouillons/999999{suffix}", 404).main == page.main


@pytest.mark.parametrize("suffix", ["", "/champs", "/historique", "/relecture"])
def test_who_is_not_signed_in_is_sent_to_the_door_and_learns_nothing(
    client: PageClient, house: House, suffix: str
) -> None:
    for number in (house.draft, 999999):
        path = f"/brouillons/{number}{suffix}"
        page = client.get(path, 302)
        assert page.location == f"/connexion?next={path}"
        assert TITLE not in page.source


def test_a_draft_is_made_in_a_lab(client: PageClient, house: House) -> None:
    client.sign_in(house["writer"])
    path = f"/labs/{house.lab}/brouillons/nouveau"
    page = client.get(path)
    assert page.form(path).values["competentes"] == [str(house.south)]
    page = client.send(path, 422, titre="  ")
    assert "Donnez un titre" in page.main
    page = client.send(path, 422, titre="Inscrire son enfant", competentes=None)
    assert page.form(path).values["titre"] == "Inscrire son enfant"
    assert "#competentes" in page.links()
    client.send(
        path,
        titre="Inscrire son enfant",
        competentes=[str(house.south), str(house.north)],
        themes=["famille"],
    )
    page = client.follow()
    assert page.heading == "Inscrire son enfant"
    assert "Le brouillon est créé." in page.main
    assert "Province du Nord" in page.main and "Famille" in page.main
    # What was done is said once.
    assert "Le brouillon est créé." not in client.get(page.path).main


@pytest.mark.parametrize(("name", "status"), [("reader", 403), ("stranger", 403), ("editor", 403)])
def test_only_who_writes_in_a_lab_makes_drafts(
    client: PageClient, house: House, name: str, status: int
) -> None:
    client.sign_in(house[name]).get(f"/labs/{house.lab}/brouillons/nouveau", status)
