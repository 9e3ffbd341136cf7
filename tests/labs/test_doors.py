"""Every door of a lab that is open, in one list, each closable; and what the lab's own page says of it."""

from __future__ import annotations

from datetime import timedelta

import pytest

from app import clock
from app.db import session, unit_of_work
from drafts import remarks
from drafts.models import Draft
from labs import guests, joining, room
from labs.people_queries import DoorKind, doors_of
from labs.roles import Right
from labs.service import describe
from labs.sessions import plan_session
from tests.clients import PageClient
from tests.labs.people_world import GUEST, Workshop, entered, invited


def test_every_door_is_listed_and_closed_from_the_list(client: PageClient, workshop: Workshop) -> None:
    waiting, inside = invited(workshop, email="attend@ailleurs.example"), invited(workshop)
    entered(client, inside)
    with unit_of_work():
        joining.ask(workshop["northerner"], workshop.lab, "Pour les îles.")
        joining.invite(workshop["facilitator"], workshop.lab, [workshop["outsider"].id], Right.WRITE)
    with unit_of_work():
        rows = doors_of(workshop.lab)
    kinds = [row.kind for row in rows]
    assert kinds == [
        DoorKind.REQUEST, DoorKind.INVITATION, DoorKind.LINK, DoorKind.GUEST, *[DoorKind.MEMBER] * 3
    ]  # fmt: skip
    path = f"{workshop.page}/portes"
    page = client.sign_out().sign_in(workshop["facilitator"]).get(path)
    assert GUEST in page.main and "attend@ailleurs.example" in page.main
    invitation = next(row.id for row in rows if row.kind is DoorKind.INVITATION)
    request = next(row.id for row in rows if row.kind is DoorKind.REQUEST)
    for action, values in (
        (f"{path}/invitations/{invitation}/retirer", {}),
        (f"{path}/liens/{waiting.id}/fermer", {}),
        (f"{path}/liens/{inside.id}/fermer", {}),
        (f"{path}/membres/{workshop['reader'].id}/retirer", {}),
        (f"{workshop.page}/demandes/{request}/refuser", {"raison": "Complet."}),
    ):
        client.get(path)
        client.send(action, **values)
        client.follow()
    assert client.page is not None
    left = client.page.main
    for gone in (GUEST, "attend@ailleurs.example", workshop["reader"].name, workshop["outsider"].name):
        assert gone not in left
    refused = client.send(f"{path}/membres/{workshop['facilitator'].id}/retirer", 422)
    assert "nommez-en un autre" in refused.main


@pytest.mark.parametrize("who", ["writer", "reader", "outsider", "administrator"])
def test_the_doors_are_for_who_facilitates(client: PageClient, workshop: Workshop, who: str) -> None:
    link = invited(workshop)
    page = client.sign_in(workshop[who]).get(workshop.page)
    token = {"csrf_token": page.form("/deconnexion").values["csrf_token"]}
    client.get(f"{workshop.page}/portes", 403)
    client.get(f"{workshop.page}/portes/liens/fermer", 403)
    for path in ("liens/fermer", f"liens/{link.id}/fermer", f"liens/{link.id}/renouveler"):
        client.post(f"{workshop.page}/portes/{path}", token, 403)
    assert "fermer" not in " ".join(page.links())


def test_all_links_are_closed_after_a_question(client: PageClient, workshop: Workshop) -> None:
    path = f"{workshop.page}/portes/liens/fermer"
    client.sign_in(workshop["facilitator"])
    assert path not in client.get(f"{workshop.page}/portes").links()
    assert "Aucun lien d’invité" in client.get(path).main
    links = [invited(workshop, email=f"invite{number}@ailleurs.example") for number in range(2)]
    assert path in client.get(f"{workshop.page}/portes").links()
    assert "Camille Wéa" in client.get(path).main
    client.send(path)
    assert "2 liens d’invité sont fermés" in client.follow().main
    for link in links:
        client.sign_out().get(link.path, 410)
    assert "close_all_guests" in workshop.audited()


def test_a_door_that_has_ended_is_not_listed(workshop: Workshop) -> None:
    invited(workshop, days=1)
    with unit_of_work():
        joining.invite(workshop["facilitator"], workshop.lab, [workshop["outsider"].id], Right.WRITE)
    with clock.shifted(timedelta(days=31)), unit_of_work():
        assert {row.kind for row in doors_of(workshop.lab)} == {DoorKind.MEMBER}
        # Its place in the lab is free for a new one.
        guests.invite_guest(workshop["facilitator"], workshop.lab, "Camille Wéa", GUEST, Right.WRITE)


# The lab's own page


def test_the_home_of_a_lab_shows_what_it_works_on(client: PageClient, workshop: Workshop) -> None:
    now = clock.now()
    with unit_of_work():
        by, lab = workshop["facilitator"], workshop.lab
        past = plan_session(by, lab, "Séance passée", now - timedelta(days=9), now - timedelta(days=8))
        room.open_room(by, past.id)
        room.close_room(by, past.id)
        plan_session(by, lab, "Séance lointaine", now + timedelta(days=20), now + timedelta(days=21))
        plan_session(by, lab, "Séance prochaine", now + timedelta(days=2), now + timedelta(days=3))
        draft = session().get_one(Draft, workshop.draft_id)
        remarks.open_remark(workshop["writer"], draft, "Ce délai est faux.", blocking=True)
    page = client.sign_in(workshop["reader"]).get(workshop.page).main
    order = [page.index(words) for words in ("À venir", "prochaine", "lointaine", "Passées", "passée")]
    assert order == sorted(order)
    assert "Ce qui reste à décider" in page and "1 remarque bloquante est ouverte" in page
    assert "En écriture" in page and "Province du Sud" in page
    outside = client.sign_out().sign_in(workshop["outsider"]).get(workshop.page).main
    for hidden in ("Séance", "Ce qui reste", "Changer d’adresse"):
        assert hidden not in outside


def test_the_purpose_is_for_who_facilitates_to_write(client: PageClient, workshop: Workshop) -> None:
    path = f"{workshop.page}/presentation"
    client.sign_in(workshop["facilitator"]).get(path)
    refused = client.send(path, 422, but="  ", themes=["logement"])
    assert "#but" in refused.links() and refused.form(path).values["themes"] == ["logement"]
    client.send(
        path, but="Une page au lieu de trois.\r\nRelue par des habitants.", themes=["logement", "famille"]
    )
    page = client.follow().main
    assert "Une page au lieu de trois." in page and "Famille, Logement" in page
    for who in ("writer", "outsider"):
        client.sign_out().sign_in(workshop[who]).get(path, 403)


def test_the_list_of_labs_is_narrowed(client: PageClient, workshop: Workshop) -> None:
    with unit_of_work():
        describe(
            workshop["facilitator"],
            workshop.lab,
            purpose="Écrire.",
            themes=["logement"],
            open_to_requests=True,
        )
    client.sign_in(workshop["outsider"])
    for query, found in (
        ("", True), ("?q=DEMENAGER+perdre", True), ("?q=province+sud", True), ("?q=chasse", False),
        ("?theme=logement", True), ("?theme=famille", False), ("?theme=inconnu", False),
        ("?q=" + "x" * 500, False), ("?administration=nulle-part", False),
    ):  # fmt: skip
        assert (workshop.page in client.get(f"/labs{query}").links()) is found, query
