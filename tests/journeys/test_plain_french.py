"""Plain French without JavaScript: the page of a text, an exception, a proposal with its reason, what the reviewer and the
figures say of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from app.db import reading, session, unit_of_work
from app.directory.models import Administration
from app.policy import Actor, PortalRole
from drafts import plain_frozen, review, service
from drafts.models import Draft
from drafts.plain_french import asking
from labs.models import Lab
from publish import service as publishing
from tests import makers
from tests.journeys.hands import said
from tests.journeys.test_axe import block, faults, runs_over
from tests.live_server import LiveServer
from tests.scenes import Scene

TEXT = [
    block("lead", "b1", "Faites votre carte à la mairie."),
    block("paragraph", "b2", "La carte est délivrée le lundi. Venez tôt."),
    block("paragraph", "b3", "Écrivez à la CAFAT."),
]
LONG = block(
    "bullet_list",
    "l1",
    *(
        block(
            "list_item",
            f"i{number}",
            block("paragraph", f"i{number}p", "Venez au guichet le lundi. Apportez votre carte."),
        )
        for number in range(14)
    ),
)
PHONE = {"width": 360, "height": 740}
Profile = Callable[..., BrowserContext]


@dataclass
class Desk:
    """A draft that could be simpler, its writer, and the reviewer of the one administration that answers for it."""

    url: str
    draft_id: int
    ana: Actor
    reviewer: Actor
    profile: Profile

    def sit(self, person: Actor, path: str = "", **more: object) -> Page:
        page = self.profile(person, self.url, **{"java_script_enabled": False, **more}).new_page()
        page.goto(f"{self.url}/brouillons/{self.draft_id}{path}")
        return page


@pytest.fixture
def desk(scene: Scene, server: LiveServer, profile: Profile) -> Desk:
    with unit_of_work():
        lab = session().get_one(Lab, scene.lab_id)
        place = makers.make_administration("Mairie de Bourail")
        draft = makers.make_draft(scene.ana, lab, place, title="Faire sa carte", tree=TEXT)
        return Desk(server.url, draft.id, scene.ana, makers.make_agent(place, reviewer=True), profile)


def propose(page: Page) -> None:
    page.get_by_role("button", name="Proposer à la relecture").click()


def test_the_page_says_what_could_be_simpler_and_takes_an_exception(desk: Desk) -> None:
    page = desk.sit(desk.ana)
    page.get_by_role("link", name="Tous les conseils, sur une page").click()
    expect(page.get_by_role("heading", name="2 passages à simplifier")).to_be_visible()
    expect(page.get_by_role("complementary", name="Lisibilité")).to_contain_text("sur 100")
    first = page.get_by_role("article", name="Passage 1")
    expect(first).to_contain_text("est délivrée")
    expect(first.get_by_role("link", name="Voir dans le texte le passage 1")).to_have_attribute(
        "href", f"/brouillons/{desk.draft_id}#b2"
    )
    # The words that a screen reader hears say which of the passages it is about.
    unfold = first.locator("summary")
    assert "est délivrée" in unfold.inner_text()
    unfold.focus()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    page.keyboard.type("Ce sont les mots de la loi.")
    page.keyboard.press("Enter")
    said(page, "Ce passage reste comme il est.")
    expect(page.get_by_role("heading", name="1 passage à simplifier")).to_be_visible()
    kept = page.get_by_role("region", name="Passages laissés comme ils sont")
    expect(kept).to_contain_text("Ce sont les mots de la loi.")
    kept.get_by_role("button", name="Retirer l’exception pour «\u00a0est délivrée\u00a0»").click()
    said(page, "L’exception est retirée")
    expect(page.get_by_role("heading", name="2 passages à simplifier")).to_be_visible()


def test_a_text_is_proposed_with_a_reason_that_the_reviewer_reads(desk: Desk) -> None:
    page = desk.sit(desk.ana)
    page.get_by_label("Ce qui change pour le lecteur").fill("Une carte plus vite.")
    propose(page)
    summary = page.get_by_role("alert").get_by_role("link", name="Il reste 2 passages à simplifier")
    expect(summary).to_have_attribute("href", "#raison")
    expect(page.get_by_label("Ce qui change pour le lecteur")).to_have_value("Une carte plus vite.")
    expect(page.get_by_role("link", name="Corriger d’abord")).to_be_visible()
    page.get_by_label("Pourquoi proposer le texte ainsi").fill("La loi le dit ainsi.")
    propose(page)
    said(page, "Le texte est proposé à la relecture")
    seen = desk.sit(desk.reviewer, "/relecture").get_by_role("region", name="Lisibilité")
    expect(seen).to_contain_text("La loi le dit ainsi.")
    expect(seen).to_contain_text("2 passages pourraient être plus simples")
    expect(seen).to_contain_text("Voix passive (1)")


def test_a_text_is_mended_first_and_nothing_is_asked(desk: Desk) -> None:
    page = desk.sit(desk.ana)
    propose(page)
    page.get_by_role("link", name="Corriger d’abord").click()
    expect(page.get_by_role("heading", name="2 passages à simplifier")).to_be_visible()
    with unit_of_work():
        draft = session().get_one(Draft, desk.draft_id)
        service.replace_text(
            desk.ana, draft, [TEXT[0], block("paragraph", "b2", "On vous donne la carte le lundi.")]
        )
    page.reload()
    expect(page.get_by_role("main")).to_contain_text("Rien n’est à simplifier")
    page.get_by_role("main").get_by_role("link", name="Revenir au brouillon").first.click()
    propose(page)
    said(page, "Le texte est proposé à la relecture")
    with reading():
        assert review.open_revision(session().get_one(Draft, desk.draft_id)) is not None


def test_axe_finds_nothing_on_the_pages_that_ask_and_nothing_runs_over(desk: Desk) -> None:
    page = desk.sit(desk.ana, "/francais-simple", java_script_enabled=True, viewport=PHONE)
    page.locator("summary").first.click()
    assert faults(page) == [] and runs_over(page) == []
    page.goto(f"{desk.url}/brouillons/{desk.draft_id}")
    propose(page)
    expect(page.get_by_label("Pourquoi proposer le texte ainsi")).to_be_visible()
    page.wait_for_selector("html[data-synced]")
    assert faults(page) == [] and runs_over(page) == []


def test_figures_are_read_without_javascript(desk: Desk) -> None:
    """Three texts come out; the dashboard of the administration says how plain they are, and that it is no aim."""
    with unit_of_work():
        editor = makers.make_agent(makers.make_administration(), PortalRole.PORTAL_EDITOR)
    for number in range(3):
        with unit_of_work():
            place = session().get_one(Administration, desk.reviewer.administration_id)
            lab = session().get_one(Draft, desk.draft_id).lab
            draft = makers.make_draft(desk.ana, lab, place, title=f"Une fiche {number}", tree=[TEXT[0], LONG])
            fingerprint = review.submit(desk.ana, draft).fingerprint
            review.sign_off(desk.reviewer, draft, place.id, fingerprint)
            publishing.publish(editor, draft, fingerprint)
    plain_frozen.read_waiting(60.0)
    page = desk.sit(desk.reviewer)
    page.goto(f"{desk.url}/tableau-de-bord")
    table = page.get_by_role("table", name="Les textes publiés par votre administration, mois par mois")
    row = table.get_by_role("row").nth(1).inner_text().replace("\u202f", " ")
    assert "3" in row and "facile à lire" in row and "100 %" in row, row
    expect(page.get_by_role("main")).to_contain_text("Un nombre n’est pas un but")
    page.get_by_role("link", name="chiffres du français simple").click()
    expect(page.get_by_role("columnheader", name="Sans passage à simplifier")).to_be_visible()
    asking.close()
