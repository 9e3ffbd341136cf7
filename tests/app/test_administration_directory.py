"""Administrations, services and spaces: changed by administrators, seen by the public."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from flask import Flask

from app import clock, jobs
from app.accounts import people
from app.db import reading, session, unit_of_work
from app.directory import offices, online, places
from app.directory.models import Administration, ConnectedSpace, OnlineService
from app.directory.offices import OfficeWords
from app.directory.online import ServiceWords
from app.directory.places import SpaceWords
from app.errors import Invalid, MovedOn, Refused
from app.policy import PortalRole
from drafts import review
from publish import pages
from publish import service as publication
from tests import makers
from tests.app.administering import HOSTILE, Portal, acts, make_portal
from tests.clients import PageClient

OFFICE = OfficeWords("Mairie de Koné", "", "commune", "", "", "", False)


@pytest.fixture
def portal(app: Flask) -> Portal:
    return make_portal()


def service_words(portal: Portal, **other: Any) -> ServiceWords:
    given = {
        "title": "Demander le plan", "kind": "form", "url": "https://plan.example/", "login": "none", "summary": "",
        "owners": frozenset({portal.south}),
    }  # fmt: skip
    return ServiceWords(**{**given, **other})


@pytest.fixture
def service(portal: Portal) -> int:
    with unit_of_work():
        return online.create_service(portal.admin, service_words(portal)).id


def public(client: PageClient, path: str, status: int = 200) -> str:
    """A public page as a citizen finds it once the news are delivered and the process has looked."""
    jobs.deliver_outbox()
    pages.shelf(client.app).look()
    return client.get(path, status).main


def test_an_administration_is_inscribed_and_corrected(client: PageClient, portal: Portal) -> None:
    citizen = PageClient(client.app)
    assert "Mairie de Koné" not in public(citizen, "/administrations")
    client.sign_in(portal.admin).get("/admin/administrations/nouvelle")
    typed = {"nom": "Mairie de Koné", "genre": "commune"}
    refused = client.send("/admin/administrations/nouvelle", 422, site="javascript:alert(1)", **typed)
    assert "commence par https://" in refused.main and "Mairie de Koné" in refused.source
    client.send("/admin/administrations/nouvelle", site="https://mairie-kone.example")
    page = client.follow()
    assert "Mairie de Koné" in public(citizen, "/administrations")
    assert "Mairie de Koné" in public(citizen, "/administrations/mairie-de-kone")
    client.send(page.path, nom="Ville de Koné", domaines="kone.example\nmairie.example")
    with reading():
        place = session().query(Administration).filter_by(slug="mairie-de-kone").one()
        assert place.link_domains == ["kone.example", "mairie.example"]
    assert acts("administration", place.id)[-1] == (
        "change_administration",
        {"fields": ["link_domains", "name"]},
    )
    # The address stays: people have it in a bookmark.
    assert "Ville de Koné" in public(citizen, "/administrations/mairie-de-kone")
    client.get("/admin/administrations/nouvelle")
    assert (
        "porte déjà ce nom" in client.send("/admin/administrations/nouvelle", 422, nom="ville de koné").main
    )


def test_counters_are_on_the_page_of_their_administration(client: PageClient, portal: Portal) -> None:
    citizen = PageClient(client.app)
    public(citizen, "/administrations/province-sud")
    address = f"/admin/administrations/{portal.south}"
    client.sign_in(portal.admin).get(address)
    refused = client.send(f"{address}/guichets", 422, nom="", adresse="6, route des Artisans")
    assert "6, route des Artisans" in refused.source
    client.send(f"{address}/guichets", nom=f"Accueil {HOSTILE}", horaires="8 h – 16 h", telephone="20 00 27")
    page = client.follow()
    assert "<script>alert" not in page.source
    shown = public(citizen, "/administrations/province-sud")
    assert "Accueil" in shown and "8 h – 16 h" in shown and "<script>alert" not in citizen.page.source  # type: ignore[union-attr]
    (counter,) = [
        form.action
        for form in page.forms
        if form.action.startswith(f"{address}/guichets/") and "retirer" not in form.action
    ]
    client.send(counter, horaires="7 h – 15 h")
    client.follow()
    assert "7 h – 15 h" in public(citizen, "/administrations/province-sud")
    client.send(f"{counter}/retirer")
    assert "7 h – 15 h" not in public(citizen, "/administrations/province-sud")
    assert [act for act, _detail in acts("administration", portal.south)] == [
        "add_counter",
        "change_counter",
        "remove_counter",
    ]


def test_an_administration_closes_empty_and_names_who_takes_over(client: PageClient, portal: Portal) -> None:
    citizen = PageClient(client.app)
    assert "Province Nord" in public(citizen, "/administrations")
    address = f"/admin/administrations/{portal.north}"
    client.sign_in(portal.admin).get(address)
    assert (
        "1 personne y travaille encore"
        in client.send(f"{address}/fermer", 422, successeur=str(portal.south)).main
    )
    with unit_of_work():
        people.correct_person(
            portal.admin,
            portal.north_agent.id,
            1,
            name="A",
            email=portal.north_agent.email,
            administration_id=portal.south,
        )
    client.get(address)
    client.send(f"{address}/fermer", successeur=str(portal.south))
    assert "Province Nord" not in public(citizen, "/administrations")
    shown = public(citizen, "/administrations/province-nord")
    assert "a fermé le" in shown and "/administrations/province-sud" in citizen.page.links()  # type: ignore[union-attr]
    # Nobody and nothing new goes there.
    assert f'value="{portal.north}"' not in client.get("/admin/personnes/nouvelle").source
    with pytest.raises(Invalid), unit_of_work():
        online.create_service(portal.admin, service_words(portal, owners=frozenset({portal.north})))
    client.get(address)
    client.send(f"{address}/rouvrir")
    assert "Province Nord" in public(citizen, "/administrations")


def test_an_outage_is_told_while_it_lasts(client: PageClient, portal: Portal, service: int) -> None:
    citizen = PageClient(client.app)
    shown = ("/demarches", "/administrations/province-sud")
    for path in shown:
        assert "indisponible" not in public(citizen, path)
    client.sign_in(portal.admin).get(f"/admin/services/{service}")
    address = f"/admin/services/{service}/indisponibilite"
    tomorrow = clock.local(clock.now() + timedelta(days=1))
    begins, ends = (f"{moment:%Y-%m-%dT%H:%M}" for moment in (tomorrow, tomorrow + timedelta(days=1)))
    refused = client.send(address, 422, message="maintenance", debut=ends, fin=begins)
    assert "La fin vient après le début" in refused.main and "maintenance" in refused.source
    client.send(address, debut=begins, fin=ends)
    for path in shown:
        assert "maintenance" not in public(citizen, path)
    # Its beginning and its end are due rows: pages that were kept meanwhile are made again then.
    for days, is_out in ((1.5, True), (2.5, False)):
        with clock.shifted(timedelta(days=days)):
            jobs.sweep()
            for path in shown:
                assert ("maintenance" in public(citizen, path)) is is_out
    client.get(f"/admin/services/{service}")
    client.send(address, message="en panne", debut="", fin="")
    assert "en panne" in public(citizen, "/demarches")
    assert "en panne" in client.get("/admin").main
    client.get(f"/admin/services/{service}")
    client.send(address, message="")
    assert "en panne" not in public(citizen, "/demarches")


def test_a_service_is_changed_and_withdrawn(client: PageClient, portal: Portal, service: int) -> None:
    citizen = PageClient(client.app)
    assert "Demander le plan" in public(citizen, "/demarches")
    address = f"/admin/services/{service}"
    client.sign_in(portal.admin).get(address)
    refused = client.send(address, 422, adresse="//ailleurs.example", titre="Demander un plan")
    assert "Demander un plan" in refused.source
    client.send(
        address,
        adresse="https://plan.example/nouveau",
        administrations=[str(portal.south), str(portal.north)],
    )
    assert "Demander un plan" in public(citizen, "/administrations/province-nord")
    client.get(address)
    client.send(f"{address}/retirer")
    for path in ("/demarches", "/administrations/province-nord"):
        assert "Demander un plan" not in public(citizen, path)
    gone = public(citizen, "/aller/demander-le-plan", 410)
    assert "n’est plus proposée" in gone
    client.get(address)
    client.send(f"{address}/remettre")
    assert "Demander un plan" in public(citizen, "/demarches")
    assert [act for act, _detail in acts("online_service", service)] == [
        "create_service", "change_service", "withdraw_service", "bring_back_service",
    ]  # fmt: skip


def test_a_space_opens_moves_and_closes(client: PageClient, portal: Portal) -> None:
    citizen = PageClient(client.app)
    public(citizen, "/espaces-connectes")
    client.sign_in(portal.admin).get("/admin/espaces/nouveau")
    refused = client.send("/admin/espaces/nouveau", 422, nom="Médiathèque", ordinateurs="beaucoup")
    assert "Médiathèque" in refused.source and "de 0 à 500" in refused.main
    client.send("/admin/espaces/nouveau", commune="Koné", ordinateurs="6")
    page = client.follow()
    assert "6 ordinateurs" in public(citizen, "/espaces-connectes")
    client.send(page.path, ordinateurs="8")
    assert "8 ordinateurs" in public(citizen, "/espaces-connectes")
    client.get(page.path)
    client.send(f"{page.path}/fermer")
    assert "Médiathèque" not in public(citizen, "/espaces-connectes")
    client.get(page.path)
    client.send(f"{page.path}/rouvrir")
    assert "Médiathèque" in public(citizen, "/espaces-connectes")


SPACE = SpaceWords("Médiathèque", "Koné", "", "", "", 6, "", "")


def test_of_two_who_change_one_thing_the_second_is_told(
    client: PageClient, portal: Portal, service: int
) -> None:
    with unit_of_work():
        space = places.create_space(portal.admin, SPACE).id
    changes = (
        (f"/admin/administrations/{portal.south}", "nom", lambda: offices.change_administration(portal.other, portal.south, 1, OFFICE)),
        (f"/admin/services/{service}", "titre", lambda: online.change_service(portal.other, service, 1, service_words(portal, title="Titre d’Ana"))),
        (f"/admin/espaces/{space}", "commune", lambda: places.change_space(portal.other, space, 1, SpaceWords("Médiathèque", "Poum", "", "", "", 6, "", ""))),
    )  # fmt: skip
    client.sign_in(portal.admin)
    for address, field, change in changes:
        client.get(address)
        with unit_of_work():
            change()
        page = client.send(address, 409, **{field: "Ce que Ben a tapé"})
        assert "entre-temps" in page.main and 'value="Ce que Ben a tapé"' in page.source
        assert "Enregistré maintenant" in page.main
        client.send(address)
        assert 'value="Ce que Ben a tapé"' in client.follow().source
    with pytest.raises(MovedOn), unit_of_work():
        places.close_space(portal.admin, space, 1)


def test_only_administrators_change_the_directory(portal: Portal, service: int) -> None:
    with unit_of_work():
        space = places.create_space(portal.admin, SPACE).id
    for verb in (
        lambda: offices.create_administration(portal.agent, OFFICE),
        lambda: offices.change_administration(portal.agent, portal.south, 1, OFFICE),
        lambda: offices.close_administration(portal.agent, portal.south, 1, None),
        lambda: online.create_service(portal.agent, service_words(portal)),
        lambda: online.announce_outage(portal.agent, service, 1, "en panne", None, None),
        lambda: online.withdraw_service(portal.agent, service, 1),
        lambda: places.create_space(portal.agent, SPACE),
        lambda: places.close_space(portal.agent, space, 1),
    ):
        with pytest.raises(Refused), unit_of_work():
            verb()
    with reading():
        assert session().get_one(OnlineService, service).version == 1
        assert session().get_one(ConnectedSpace, space).closed_at is None


def test_a_new_name_is_searched_at_once(client: PageClient, portal: Portal) -> None:
    """Articles are found by the names of who answers for them."""
    with unit_of_work():
        south = session().get_one(Administration, portal.south)
        reviewer = makers.make_agent(session().get_one(Administration, portal.north), reviewer=True)
        editor = makers.make_agent(session().get_one(Administration, portal.north), PortalRole.PORTAL_EDITOR)
        lab = makers.make_lab(portal.agent, south)
        draft = makers.make_draft(
            portal.agent, lab, session().get_one(Administration, portal.north), title="Le plan"
        )
        revision = review.submit(portal.agent, draft, "Première version.")
        review.sign_off(reviewer, draft, portal.north, revision.fingerprint)
        publication.publish(editor, draft, revision.fingerprint)
    citizen = PageClient(client.app)
    assert "Le plan" not in public(citizen, "/recherche?q=zébulon")
    with unit_of_work():
        offices.change_administration(
            portal.admin, portal.north, 1, OfficeWords("Province Zébulon", "", "province", "", "", "", False)
        )
    assert "Le plan" in public(citizen, "/recherche?q=zébulon")
