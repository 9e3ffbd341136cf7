"""An administrator at work: an account is made, given a role and suspended at a table; a service is out of order."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest
import sqlalchemy as sa
from playwright.sync_api import BrowserContext, Page, expect

from app.accounts.models import Person
from app.db import reading, session, unit_of_work
from app.directory.models import Administration, OnlineService, ServiceKind
from app.policy import Actor, PortalRole
from labs.models import Lab
from labs.roles import Right
from labs.service import add_member
from tests import makers
from tests.journeys.conftest import open_draft
from tests.journeys.test_axe import NARROWEST, WIDTHS, faults, runs_over
from tests.live_server import LiveServer
from tests.scenes import Scene


@pytest.fixture
def administrator(scene: Scene) -> Actor:
    """Beside the scene: who administers, and a service of its own."""
    with unit_of_work():
        place = session().get_one(Person, scene.ana.id).administration
        assert place is not None
        service = OnlineService(
            slug=f"plan-{place.id}",
            title="Demander le plan",
            kind=ServiceKind.FORM,
            url="https://plan.example",
        )
        service.owners = [place]
        session().add(service)
        return makers.make_agent(place, PortalRole.ADMINISTRATOR)


def test_a_person_from_the_first_day_to_the_last(
    server: LiveServer, scene: Scene, administrator: Actor, profile: Callable[..., BrowserContext]
) -> None:
    page = profile(administrator, server.url).new_page()
    page.goto(f"{server.url}/espace")
    page.get_by_role("link", name="Administration", exact=True).click()
    page.get_by_role("navigation", name="Pages d’administration").get_by_role(
        "link", name="Personnes"
    ).click()
    page.get_by_role("link", name="Ouvrir un compte").click()
    page.get_by_label("Nom et prénom").fill("Camille Wéa")
    page.get_by_label("Adresse électronique").fill(f"camille-{scene.draft_id}@test.example")
    page.get_by_label("Administration", exact=False).last.select_option(index=1)
    page.get_by_role("button", name="Ouvrir le compte").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Camille Wéa")
    page.get_by_label("Donner un rôle").select_option("moderator")
    page.get_by_role("button", name="Donner le rôle").click()
    expect(page.get_by_text("Le rôle est donné")).to_be_visible()
    camille = _seated(scene, f"camille-{scene.draft_id}@test.example")
    table = open_draft(profile(camille, server.url), server.url, scene.draft_id)
    closed: list[str] = []
    table.on("websocket", lambda socket: socket.on("close", lambda _socket: closed.append(socket.url)))
    table.reload()
    table.wait_for_selector("html[data-synced]")
    page.reload()
    page.get_by_label("Pourquoi").fill("Camille a quitté l’administration.")
    page.get_by_role("button", name="Suspendre le compte").click()
    expect(page.get_by_text("Le compte est suspendu")).to_be_visible()
    # The one who typed is told, and the line is closed, without anything being pressed.
    expect(table.locator("[data-save-state]").first).to_have_attribute("data-save-state", "refused")
    give_up = time.monotonic() + 10
    while not closed and time.monotonic() < give_up:
        table.wait_for_timeout(50)
    assert closed, "the socket stayed open"
    table.goto(f"{server.url}/brouillons/{scene.draft_id}")
    expect(table).to_have_url(f"{server.url}/connexion?next=/brouillons/{scene.draft_id}")


def _seated(scene: Scene, email: str) -> Actor:
    """Who has that address, as a writer of the scene's lab."""
    with unit_of_work():
        person = session().scalars(sa.select(Person).filter_by(email=email)).one()
        add_member(scene.facilitator, session().get_one(Lab, scene.lab_id), person, Right.WRITE)
        return makers.actor(person)


def test_a_citizen_hears_that_a_service_is_out_of_order(
    server: LiveServer, administrator: Actor, profile: Callable[..., BrowserContext]
) -> None:
    with reading():
        row = session().scalars(sa.select(OnlineService).order_by(OnlineService.id.desc())).first()
        assert row is not None
        number, slug = row.id, row.slug
    context = profile(administrator, server.url)
    citizen = context.browser.new_context(locale="fr-FR").new_page()  # type: ignore[union-attr]
    # Asked past the browser's own copy, which lasts as long as the page says.
    assert "maintenance jusqu’à lundi" not in citizen.request.get(f"{server.url}/demarches").text()
    page = context.new_page()
    page.goto(f"{server.url}/admin/services/{number}")
    page.get_by_label("Ce qu’on dit au public").fill("maintenance jusqu’à lundi")
    page.get_by_role("button", name="Enregistrer l’indisponibilité").click()
    expect(page.get_by_text("Dit indisponible en ce moment")).to_be_visible()
    _until(citizen, f"{server.url}/demarches", "maintenance jusqu’à lundi")
    citizen.goto(f"{server.url}/aller/{slug}")
    expect(citizen.get_by_text("maintenance jusqu’à lundi")).to_be_visible()
    citizen.context.close()


def _until(page: Page, address: str, words: str) -> None:
    """The worker tells the public pages within seconds; a loaded machine may take more."""
    for _ in range(60):
        if words in page.request.get(address).text():
            page.goto(address)
            expect(page.get_by_text(words).first).to_be_visible()
            return
        page.wait_for_timeout(500)
    raise AssertionError(f"{address} never said {words!r}")


def test_axe_finds_nothing_on_the_pages_of_administrators(
    server: LiveServer, scene: Scene, administrator: Actor, profile: Callable[..., BrowserContext]
) -> None:
    with reading():
        place = session().scalars(sa.select(Administration.id).order_by(Administration.id.desc())).first()
        service = session().scalars(sa.select(OnlineService.id)).first()
    page = profile(administrator, server.url).new_page()
    wrong: dict[str, list[str]] = {}
    for path in (
        "", "/personnes", "/personnes/nouvelle", f"/personnes/{scene.ana.id}", f"/personnes/{administrator.id}",
        "/administrations", "/administrations/nouvelle", f"/administrations/{place}", "/services", "/services/nouveau",
        f"/services/{service}", "/espaces", "/espaces/nouveau", "/taches", "/alertes", "/journal", "/reglages",
    ):  # fmt: skip
        for width in WIDTHS:
            page.set_viewport_size({"width": width, "height": 800})
            page.goto(f"{server.url}/admin{path}")
            page.evaluate("document.querySelectorAll('details').forEach(details => { details.open = true })")
            wrong[f"{path} {width}"] = faults(page)
        page.set_viewport_size({"width": NARROWEST, "height": 640})
        wrong[f"{path} out of the screen"] = runs_over(page)
    page.goto(f"{server.url}/admin/administrations/nouvelle")
    page.get_by_role("button", name="Inscrire").click()
    wrong["a refused form"] = faults(page)
    assert not any(wrong.values()), "\n".join(
        f"{at}: {line}" for at, lines in wrong.items() for line in lines
    )
