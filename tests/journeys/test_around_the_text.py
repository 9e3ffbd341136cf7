"""What stands around a text while it is written: finding, the outline, the checks, the shortcuts, what is said aloud."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, Page, Route, expect

from app.db import session, unit_of_work
from drafts.queries import draft_numbered
from labs.models import Lab
from tests import makers
from tests.journeys.conftest import open_draft
from tests.journeys.hands import saved, text_of
from tests.journeys.test_axe import block, faults, runs_over
from tests.live_server import LiveServer
from tests.scenes import Scene

TEXT = [
    block("lead", "b1", "Une démarche en une phrase."),
    block("heading", "b2", "Qui est concerné", level=2),
    block("paragraph", "b3", "La demarche est au guichet. La Démarche aussi."),
    block("heading", "b4", "Les délais", level=3),
    block("paragraph", "b5", "Un mois après la démarche."),
]


@pytest.fixture
def draft_id(scene: Scene) -> int:
    with unit_of_work():
        lab = session().get_one(Lab, scene.lab_id)
        lead = draft_numbered(scene.draft_id).article.lead
        return makers.make_draft(scene.ana, lab, lead, title="Une fiche", tree=TEXT).id


@pytest.fixture
def page(draft_id: int, scene: Scene, server: LiveServer, profile: Callable[..., BrowserContext]) -> Page:
    return open_draft(profile(scene.ana, server.url), server.url, draft_id)


def test_find_and_replace_by_keyboard(page: Page) -> None:
    bar = page.get_by_role("search", name="Rechercher dans le texte")
    page.locator("[data-editor]").press("Control+Home")
    page.keyboard.press("Control+f")
    expect(bar.get_by_label("Rechercher", exact=True)).to_be_focused()
    page.keyboard.type("DEMARCHE")
    expect(bar).to_contain_text("1 sur 4")
    expect(page.locator("[data-announce]")).to_contain_text("1 sur 4")
    page.keyboard.press("Enter")
    page.keyboard.press("Enter")
    expect(bar).to_contain_text("3 sur 4")
    page.keyboard.press("Shift+Enter")
    expect(bar).to_contain_text("2 sur 4")
    expect(page.locator("[data-announce]")).to_have_text("2 sur 4", use_inner_text=False)
    expect(page.locator("[data-editor] .found")).to_have_count(4)
    # Only capitals and accents as written.
    bar.get_by_label("Respecter la casse et les accents").check()
    expect(bar).to_contain_text("Aucun résultat")
    bar.get_by_label("Rechercher", exact=True).fill("démarche")
    expect(bar).to_contain_text("sur 2")
    bar.get_by_label("Respecter la casse et les accents").uncheck()
    expect(bar).to_contain_text("sur 4")
    before = text_of(page)
    bar.get_by_label("Remplacer par").fill("formalité")
    bar.get_by_role("button", name="Remplacer", exact=True).click()
    expect(bar).to_contain_text("sur 3")
    bar.get_by_role("button", name="Tout remplacer").click()
    expect(bar).to_contain_text("Aucun résultat")
    expect(page.locator("[data-notice]")).to_contain_text("3\u00a0remplacements")
    assert text_of(page).count("formalité") == 4
    saved(page)
    page.keyboard.press("Escape")
    expect(bar).to_be_hidden()
    expect(page.locator("[data-editor]")).to_be_focused()
    # All in one stroke back, then the single one.
    page.keyboard.press("Control+z")
    assert text_of(page).count("formalité") == 1
    page.keyboard.press("Control+z")
    assert text_of(page) == before


def test_looking_writes_nothing_and_the_second_control_f_is_the_browsers(page: Page) -> None:
    page.locator("[data-editor]").press("Control+Home")
    page.keyboard.press("Control+f")
    page.keyboard.type("guichet")
    expect(page.locator(".find-bar")).to_contain_text("1 sur 1")
    assert page.get_attribute("[data-save-state]", "data-save-state") == "saved"
    prevented = page.evaluate(
        """() => new Promise(resolve => {
            addEventListener('keydown', event => setTimeout(() => resolve(event.defaultPrevented)), {once: true});
            document.activeElement.dispatchEvent(
                new KeyboardEvent('keydown', {key: 'f', ctrlKey: true, bubbles: true, cancelable: true}));
        })"""
    )
    assert prevented is False


def test_the_outline_follows_the_text_and_leads_into_it(page: Page) -> None:
    outline = page.get_by_role("navigation", name="Plan du texte")
    expect(outline.get_by_role("link")).to_have_text(["Qui est concerné", "Les délais"])
    page.locator("[data-editor] h3").click()
    page.keyboard.press("End")
    page.keyboard.type(" courts")
    expect(outline.get_by_role("link").nth(1)).to_have_text("Les délais courts")
    outline.get_by_role("link").nth(0).focus()
    page.keyboard.press("Enter")
    expect(page.locator("[data-editor]")).to_be_focused()
    page.keyboard.type("À savoir : ")
    expect(page.locator("[data-editor] h2")).to_have_text("À savoir : Qui est concerné")
    length = page.locator("[data-length]")
    expect(length).to_have_text("26\u00a0mots, 1\u00a0minute de lecture")


def test_without_javascript_the_outline_and_the_length_are_there(
    draft_id: int, scene: Scene, server: LiveServer, profile: Callable[..., BrowserContext]
) -> None:
    page = profile(scene.ana, server.url, java_script_enabled=False).new_page()
    page.goto(f"{server.url}/brouillons/{draft_id}")
    outline = page.get_by_role("navigation", name="Plan du texte")
    outline.get_by_role("link", name="Les délais").click()
    assert page.url.endswith("#b4")
    expect(page.locator("[data-length]")).to_have_text("23\u00a0mots, 1\u00a0minute de lecture")
    expect(page.get_by_role("region", name="Avant de proposer")).to_contain_text(
        "vérifié quand vous le proposez"
    )
    assert page.locator("[data-shortcuts]").is_hidden()


def test_the_list_of_shortcuts(page: Page) -> None:
    dialog = page.get_by_role("dialog", name="Raccourcis clavier")
    page.evaluate("document.activeElement.blur()")
    page.keyboard.press("?")
    expect(dialog).to_contain_text("Ctrl+B")
    expect(dialog).to_contain_text("Rechercher et remplacer")
    assert faults(page) == []
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    # Inside the text ? is a question mark.
    page.locator("[data-editor] p").last.click()
    page.keyboard.press("End")
    page.keyboard.type("?")
    expect(dialog).to_be_hidden()
    page.keyboard.press("Control+/")
    expect(dialog).to_be_visible()
    dialog.get_by_label("La touche ? ouvre cette liste").uncheck()
    dialog.get_by_role("button", name="Fermer").click()
    page.reload()
    page.wait_for_selector("html[data-synced]")
    page.keyboard.press("?")
    expect(dialog).to_be_hidden()
    page.get_by_role("button", name="Raccourcis clavier").click()
    page.set_viewport_size({"width": 360, "height": 740})
    expect(dialog).to_be_visible()
    # On a phone too what closes it is in sight, wherever one has read to.
    for line in (dialog.locator("dt").first, dialog.locator("dt").last):
        line.scroll_into_view_if_needed()
        expect(dialog.get_by_role("button", name="Fermer")).to_be_in_viewport(ratio=1)
    assert faults(page) == []


class Controls:
    """The checks as the server would answer them."""

    def __init__(self, page: Page) -> None:
        self.findings: list[dict[str, Any]] = []
        self.asked = 0
        page.route("**/controles", self.answer)

    def answer(self, route: Route) -> None:
        self.asked += 1
        route.fulfill(json={"seq": 1, "findings": self.findings})


def test_what_is_missing_is_shown_while_one_writes(page: Page) -> None:
    controls = Controls(page)
    controls.findings = [
        {"code": "heading_order", "block": "b4", "message": "Il manque un niveau de titre."},
        {"code": "title_missing", "block": None, "message": "La fiche n’a pas de titre.", "field": "titre"},
    ]
    panel = page.get_by_role("region", name="Avant de proposer")
    page.locator("[data-editor] p").last.click()
    page.keyboard.press("End")
    page.keyboard.type(" Encore.")
    saved(page)
    expect(panel).to_contain_text("2\u00a0points à corriger", timeout=10_000)
    asked = controls.asked
    # What is a field of the article is put right on its page.
    expect(panel.get_by_role("link", name="La fiche n’a pas de titre.")).to_have_attribute(
        "href", re.compile(r"/brouillons/\d+/champs#titre$")
    )
    panel.get_by_role("button", name="Il manque un niveau de titre.").click()
    expect(page.locator("[data-editor]")).to_be_focused()
    page.keyboard.type("Tous ")
    expect(page.locator("[data-editor] h3")).to_have_text("Tous Les délais")
    controls.findings = controls.findings[1:]
    expect(panel).to_contain_text("1\u00a0point à corriger", timeout=10_000)
    expect(page.locator("[data-announce]")).to_contain_text("1\u00a0point à corriger.")
    assert controls.asked == asked + 1
    # At rest nothing is asked, and without a line neither.
    page.wait_for_timeout(3_500)
    assert controls.asked == asked + 1
    page.context.set_offline(True)
    page.keyboard.type("hors ligne")
    page.wait_for_timeout(3_500)
    assert controls.asked == asked + 1
    page.context.set_offline(False)
    controls.findings = []
    expect(panel).to_contain_text("Rien n’empêche de proposer ce texte.", timeout=30_000)


def test_a_narrow_page_with_everything_open(page: Page) -> None:
    page.locator("[data-editor]").press("Control+Home")
    page.keyboard.press("Control+f")
    page.keyboard.type("démarche")
    expect(page.locator(".find-bar")).to_contain_text("1 sur 4")
    wrong = {}
    for width in (1280, 360, 320):
        page.set_viewport_size({"width": width, "height": 740})
        wrong[width] = faults(page) + runs_over(page)
    assert not any(wrong.values()), wrong
