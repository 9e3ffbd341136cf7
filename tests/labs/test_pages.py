"""The pages of the labs, seen by each kind of person. Success and refusal share their set-up."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest

from app.accounts import service as accounts
from app.accounts.models import Person
from app.db import reading, session, unit_of_work
from app.directory.models import Administration
from app.errors import Missing
from app.policy import Actor, PortalRole
from labs.models import Membership
from labs.roles import Right
from labs.room import open_room
from labs.service import add_member, create_lab, permanent_lab
from labs.sessions import plan_session
from tests import makers
from tests.clients import PageClient

TITLE = "Déménager sans se perdre"


@dataclass(frozen=True)
class House:
    """A shared lab with a séance, and a permanent one that nobody else knows."""

    slug: str
    seance: int
    permanent: str
    people: dict[str, Actor]

    def __getitem__(self, name: str) -> Actor:
        return self.people[name]

    @property
    def page(self) -> str:
        return f"/labs/{self.slug}"

    def right_of(self, name: str) -> tuple[Right, bool] | None:
        with reading():
            member = (
                session()
                .query(Membership)
                .filter_by(person_id=self[name].id, removed_at=None)
                .join(Membership.lab)
                .filter_by(slug=self.slug)
                .first()
            )
            return (member.right, member.is_facilitator) if member else None


@pytest.fixture
def house(client: PageClient) -> House:
    with unit_of_work():
        south, north = (
            makers.make_administration("Province du Sud"),
            makers.make_administration("Province du Nord"),
        )
        facilitator, writer, reader = (makers.make_agent(south) for _ in range(3))
        lab = makers.make_lab(facilitator, south, writer, title=TITLE)
        add_member(facilitator, lab, session().get_one(Person, reader.id), Right.READ)
        # 2026-03-02 at 21:30 in Greenwich is the next morning in Nouméa.
        starts = datetime(2026, 3, 2, 21, 30, tzinfo=UTC)
        agenda = [{"title": "Tour de table", "minutes": 15}, {"title": "Écrire"}]
        seance = plan_session(
            facilitator, lab, "Écrire la page commune", starts, starts + timedelta(hours=2), "Koné", agenda
        )
        return House(
            slug=lab.slug,
            seance=seance.id,
            permanent=permanent_lab(north).slug,
            people={
                "facilitator": facilitator,
                "writer": writer,
                "reader": reader,
                "outsider": makers.make_agent(south),
                "northerner": makers.make_agent(north),
                "administrator": makers.make_agent(south, PortalRole.ADMINISTRATOR),
            },
        )


def test_all_open_labs_are_found_and_permanent_ones_are_not(client: PageClient, house: House) -> None:
    page = client.sign_in(house["writer"]).get("/labs")
    assert house.page in page.links() and f"/labs/{house.permanent}" not in page.links()
    page = client.sign_out().sign_in(house["outsider"]).get("/labs")
    assert house.page in page.links() and "Vous n’appartenez encore à aucun lab." in page.main
    # Who does not know the permanent lab of another administration cannot find out that it is there.
    known = client.get(f"/labs/{house.permanent}", 404).main
    assert client.get("/labs/il-n-y-en-a-pas", 404).main == known


def test_a_lab_shows_its_people_to_its_members_alone(client: PageClient, house: House) -> None:
    page = client.sign_in(house["reader"]).get(house.page)
    assert page.heading == TITLE
    assert house["writer"].name in page.main and "Écriture" in page.main
    page = client.sign_out().sign_in(house["outsider"]).get(house.page)
    assert house["writer"].name not in page.main
    # Somebody has to be asked for a place.
    assert house["facilitator"].name in page.main and "Écrire ensemble." in page.main


def test_who_is_not_signed_in_is_sent_to_the_door(client: PageClient, house: House) -> None:
    for path in (
        "/espace",
        "/labs",
        house.page,
        "/labs/il-n-y-en-a-pas",
        f"{house.page}/seances/{house.seance}",
    ):
        assert client.get(path, 302).location == f"/connexion?next={path}"
    for path in ("/api/v1/me", "/api/v1/labs"):
        assert client.get(path, 401).json["code"] == "unauthenticated"


def test_only_a_facilitator_sees_the_forms(client: PageClient, house: House) -> None:
    page = client.sign_in(house["facilitator"]).get(house.page)
    assert f"{house.page}/inviter" in page.links() and page.offers(
        f"{house.page}/membres/{house['reader'].id}/retirer"
    )
    for name in ("writer", "reader", "outsider", "administrator"):
        page = client.sign_out().sign_in(house[name]).get(house.page)
        assert f"{house.page}/inviter" not in page.links(), name
        token = page.form("/deconnexion").values["csrf_token"]
        data = {"csrf_token": token, "personnes": [str(house["outsider"].id)], "droit": "write"}
        client.post(f"{house.page}/membres", data, 403)
        client.post(f"{house.page}/membres/{house['reader'].id}/retirer", {"csrf_token": token}, 403)
    assert house.right_of("reader") == (Right.READ, False)
    assert house.right_of("outsider") is None


def test_a_right_is_changed_and_a_lab_keeps_a_facilitator(client: PageClient, house: House) -> None:
    client.sign_in(house["facilitator"]).get(house.page)
    path = f"{house.page}/membres/{house['reader'].id}/droit"
    assert client.page is not None and client.page.form(path).values["droit"] == "read"
    client.send(path, droit="remark")
    assert house.right_of("reader") == (Right.REMARK, False)
    own = f"{house.page}/membres/{house['facilitator'].id}/droit"
    client.follow()
    page = client.send(own, 422, droit="read")
    assert "Un lab garde toujours un animateur" in page.main
    client.send(path, droit="facilitator")
    client.follow()
    client.send(own, droit="read")
    assert house.right_of("facilitator") == (Right.READ, False)
    assert house.right_of("reader") == (Right.WRITE, True)


def test_a_member_is_removed_and_the_page_says_what_it_means(client: PageClient, house: House) -> None:
    page = client.sign_in(house["facilitator"]).get(house.page)
    path = f"{house.page}/membres/{house['writer'].id}/retirer"
    assert f"Retirer {house['writer'].name} du lab" in page.main
    client.send(path)
    assert "ne fait plus partie du lab" in client.follow().main
    assert house.right_of("writer") is None
    # A second press on the same button, from a page that was left open.
    assert client.page is not None
    client.post(path, {"csrf_token": client.page.form("/deconnexion").values["csrf_token"]}, 404)
    assert house.page not in client.sign_out().sign_in(house["writer"]).get("/espace").links()


def test_a_seance_is_shown_in_the_time_of_the_territory(client: PageClient, house: House) -> None:
    path = f"{house.page}/seances/{house.seance}"
    page = client.sign_in(house["reader"]).get(path)
    assert "mardi 3 mars 2026, de 8 h 30 à 10 h 30" in page.main and "UTC+11" in page.main
    assert page.all("time")[0].get("datetime") == "2026-03-02T21:30:00+00:00"
    assert "Koné" in page.main and "Tour de table (15 minutes)" in page.main
    client.get(f"{house.page}/seances/999", 404)
    client.sign_out().sign_in(house["outsider"]).get(path, 403)
    client.sign_out().sign_in(house["northerner"]).get(f"/labs/{house.permanent}/seances/{house.seance}", 404)


def test_an_open_seance_is_the_first_thing_a_member_sees(client: PageClient, house: House) -> None:
    path = f"{house.page}/seances/{house.seance}"
    assert path not in client.sign_in(house["reader"]).get("/espace").links()
    with unit_of_work():
        open_room(house["facilitator"], house.seance)
    assert path in client.get("/espace").links()
    assert path not in client.sign_out().sign_in(house["outsider"]).get("/espace").links()


def test_a_space_with_nothing_in_it_says_where_to_begin(client: PageClient, house: House) -> None:
    page = client.sign_in(house["outsider"]).get("/espace")
    assert "Vous n’appartenez encore à aucun lab." in page.main and "/labs" in page.links()


def test_a_person_without_administration_has_no_space(client: PageClient, house: House) -> None:
    with unit_of_work():
        person = accounts.create_person("seule@test.example", "Seule au monde", None)
        alone = accounts.actor_for_person(person.id)
    client.sign_in(alone).get("/espace", 403)


def test_programs_learn_who_they_are_and_what_labs_there_are(client: PageClient, house: House) -> None:
    me = client.sign_in(house["writer"]).get("/api/v1/me").json
    assert me["id"] == house["writer"].id and me["email"] == house["writer"].email
    assert me["administration"] == {"id": house["writer"].administration_id, "name": "Province du Sud"}
    assert me["roles"] == [] and me["reviewer_of"] == [] and me["shared_computer"] is False
    (lab,) = client.get("/api/v1/labs").json["items"]
    assert (lab["slug"], lab["title"], lab["right"], lab["url"]) == (
        house.slug,
        TITLE,
        "write",
        f"http://127.0.0.1:8000{house.page}",
    )
    (lab,) = client.sign_out().sign_in(house["outsider"]).get("/api/v1/labs").json["items"]
    assert lab["right"] is None


def test_an_agent_founds_a_lab_and_leads_it(client: PageClient, house: House) -> None:
    page = client.sign_in(house["outsider"]).get("/labs")
    assert "/labs/nouveau" in page.links()
    page = client.get("/labs/nouveau")
    assert "Province du Sud, votre administration, porte le lab." in page.main
    # What is missing is said beside its field, and what was typed is there still.
    page = client.send("/labs/nouveau", 422, titre="  ", but="Écrire ce qui aide.")
    assert "Donnez au lab un titre" in page.main and "Écrire ce qui aide." in page.main
    page = client.send("/labs/nouveau", 422, titre="Nouveau", but=" ")
    assert "Dites en quelques phrases" in page.main
    # The word in the address of this form is no lab's.
    client.send("/labs/nouveau", titre="Nouveau", but="Écrire ce qui aide.", ouvert="y")
    page = client.follow()
    assert "Le lab est fondé" in page.main
    (slug,) = (lab["slug"] for lab in client.get("/api/v1/labs").json["items"] if lab["is_facilitator"])
    assert slug.startswith("nouveau-")
    page = client.get(f"/labs/{slug}")
    assert page.heading == "Nouveau" and f"/labs/{slug}/inviter" in page.links()
    assert f"/labs/{slug}" in client.sign_out().sign_in(house["northerner"]).get("/labs").links()


def test_who_has_no_administration_founds_no_lab(client: PageClient, house: House) -> None:
    with unit_of_work():
        person = accounts.create_person("seule@test.example", "Seule au monde", None)
        lab = session().query(Membership).filter_by(person_id=house["facilitator"].id).one().lab
        guest, south = makers.make_guest(house["facilitator"], lab), lab.administration_id
        alone = accounts.actor_for_person(person.id)
    assert client.get("/labs/nouveau", 302).location == "/connexion?next=/labs/nouveau"
    for actor in (alone, guest):
        with unit_of_work(), pytest.raises(Missing):
            create_lab(actor, "Un lab", "Pour voir.", session().get_one(Administration, south))
    client.sign_in(alone).get("/labs/nouveau", 404)
