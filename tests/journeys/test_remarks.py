"""Remarks in real browsers: who may only remark, who writes, and what becomes of the words in between."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import pytest
import sqlalchemy as sa
from playwright.sync_api import BrowserContext, Locator, Page, expect

from app.accounts.models import Person
from app.db import reading, session, unit_of_work
from app.mail import Mail
from app.policy import Actor
from drafts import contributions, log
from drafts.models import Draft
from drafts.remark_models import Remark
from labs.models import Lab
from labs.roles import Right
from labs.service import add_member
from tests import makers
from tests.journeys.conftest import open_draft
from tests.journeys.hands import caret_at_start, saved, tool
from tests.journeys.test_axe import block, faults, runs_over
from tests.live_server import LiveServer
from tests.scenes import Scene

TEXT = [
    block("lead", "b1", "Une démarche 🎉 en une phrase."),
    block("paragraph", "b2", "Le guichet ouvre tôt. Le guichet ferme à midi."),
    block("paragraph", "b3", "Venez avec une pièce d’identité."),
]
OPEN = "[data-editor] .remark-open"
Profile = Callable[..., BrowserContext]


@dataclass
class Desk:
    """A draft, its writer Ana, and Rose, who may only remark."""

    url: str
    draft_id: int
    ana: Actor
    rose: Actor
    profile: Profile

    def sit(self, person: Actor, **more: object) -> Page:
        return open_draft(self.profile(person, self.url, **more), self.url, self.draft_id)


@pytest.fixture
def desk(scene: Scene, server: LiveServer, profile: Profile) -> Desk:
    with unit_of_work():
        lab = session().get_one(Lab, scene.lab_id)
        rose = makers.make_agent(lab.administration)
        add_member(scene.facilitator, lab, session().get_one(Person, rose.id), Right.REMARK)
        place = session().get_one(Draft, scene.draft_id).article.lead
        draft = makers.make_draft(scene.ana, lab, place, title="Au guichet", tree=TEXT)
        return Desk(server.url, draft.id, scene.ana, rose, profile)


def choose(page: Page, words: str, which: int = 0) -> None:
    """Select some words of the text, as a hand would."""
    page.evaluate(
        """([words, which]) => {
            const walker = document.createTreeWalker(document.querySelector('[data-editor]'), NodeFilter.SHOW_TEXT);
            for (let node = walker.nextNode(); node; node = walker.nextNode()) {
                for (let at = node.data.indexOf(words); at >= 0; at = node.data.indexOf(words, at + 1)) {
                    if (which-- > 0) continue;
                    document.querySelector('[data-editor]').focus();
                    getSelection().setBaseAndExtent(node, at, node, at + words.length);
                    return;
                }
            }
            throw new Error(`no ${words} in the text`);
        }""",
        [words, which],
    )
    page.wait_for_timeout(150)


def panel(page: Page) -> Locator:
    return page.locator("[data-remarks]")


def remarked(page: Page, words: str, text: str, which: int = 0) -> None:
    choose(page, words, which)
    tool(page, "Remarquer")
    field = panel(page).get_by_label("Votre remarque")
    expect(field).to_be_focused()
    expect(panel(page).locator("blockquote").first).to_have_text(words)
    field.fill(text)
    panel(page).get_by_role("button", name="Envoyer").click()
    expect(panel(page)).to_contain_text(text)


def test_who_may_only_remark_and_who_writes(desk: Desk) -> None:
    ana, rose = desk.sit(desk.ana), desk.sit(desk.rose)
    expect(rose.locator("[data-editor]")).to_have_attribute("aria-readonly", "true")
    remarked(rose, "Le guichet", "Lequel au juste ?", which=1)
    expect(rose.locator(OPEN)).to_have_text("Le guichet")
    # Ana hears of it without doing anything.
    expect(ana.locator(OPEN)).to_have_text("Le guichet")
    expect(ana.locator("[data-remarks-count]")).to_have_text("(1)")
    expect(ana.locator("[data-notices]")).to_contain_text("1")
    ana.locator(OPEN).click()
    thread = panel(ana).get_by_role("article")
    expect(thread).to_contain_text("Lequel au juste ?")
    thread.get_by_role("button", name="Répondre").click()
    ana.keyboard.type("Celui de la mairie.")
    ana.keyboard.press("Control+Enter")
    expect(panel(rose)).to_contain_text("Celui de la mairie.")
    thread.get_by_role("button", name="Résoudre").click()
    for page in (ana, rose):
        expect(page.locator(OPEN)).to_have_count(0)
        expect(page.locator("[data-remarks-count]")).to_have_text("(0)")
    panel(rose).get_by_label("Montrer").select_option("Résolues")
    panel(rose).get_by_role("button", name="Rouvrir").click()
    expect(ana.locator(OPEN)).to_have_text("Le guichet")
    expect(panel(ana).get_by_role("article")).to_contain_text("Celui de la mairie.")
    # Nothing of it was a contribution.
    with reading():
        assert contributions.measure(log.load(desk.draft_id)).writers == {desk.ana.id}


def test_a_mention_by_keyboard_is_told_in_the_page_and_by_mail(desk: Desk) -> None:
    rose = desk.sit(desk.rose)
    choose(rose, "pièce d’identité")
    rose.keyboard.press("Control+Alt+m")
    field = panel(rose).get_by_label("Votre remarque")
    expect(field).to_be_focused()
    rose.keyboard.type(f"@{desk.ana.name[:10]}")
    option = panel(rose).get_by_role("option", name=desk.ana.name)
    expect(option).to_be_visible()
    while option.get_attribute("aria-selected") != "true":
        rose.keyboard.press("ArrowDown")
    rose.keyboard.press("Enter")
    expect(field).to_have_value(f"@{desk.ana.name} ")
    rose.keyboard.type("laquelle")
    rose.keyboard.press("Control+Enter")
    expect(panel(rose)).to_contain_text(f"À l’attention de {desk.ana.name}")
    expect(rose.locator("[data-editor]")).to_be_focused()
    with reading():
        (mail,) = session().scalars(sa.select(Mail).where(Mail.recipient == desk.ana.email)).all()
        assert desk.rose.name in mail.body and "laquelle" not in mail.body and "pièce" not in mail.body
    ana = desk.profile(desk.ana, desk.url).new_page()
    ana.goto(f"{desk.url}/espace")
    ana.get_by_role("link", name="Avis").click()
    expect(ana.get_by_role("main")).to_contain_text(f"{desk.rose.name} vous mentionne")
    assert faults(ana) == []
    ana.get_by_role("button", name="Ouvrir").click()
    expect(ana.locator("article.remark")).to_contain_text("laquelle")
    assert faults(ana) == []
    expect(ana.locator("[data-notices]")).to_have_text("")


def test_anchors_stay_with_their_words(desk: Desk) -> None:
    """Through a split, a join and a change of block, by somebody else than who made the remark."""
    ana, rose = desk.sit(desk.ana), desk.sit(desk.rose)
    remarked(rose, "Le guichet", "Lequel ?", which=1)
    expect(ana.locator(OPEN)).to_have_text("Le guichet")

    def stays(kind: str) -> None:
        saved(ana)
        for page in (ana, rose):
            expect(page.locator(OPEN)).to_have_count(1)
            expect(page.locator(f"[data-editor] {kind} .remark-open")).to_have_text("Le guichet")
            expect(page.locator(".remark-gone")).to_have_count(0)

    # Split right before the words: they go into the new paragraph.
    choose(ana, "Le guichet", which=1)
    ana.keyboard.press("ArrowLeft")
    ana.keyboard.press("Enter")
    expect(ana.locator("[data-editor] p")).to_have_count(4)
    stays("p:nth-of-type(3)")
    caret_at_start(ana, "p", "Le guichet ferme")
    ana.keyboard.press("Backspace")
    expect(ana.locator("[data-editor] p")).to_have_count(3)
    stays("p:nth-of-type(2)")
    caret_at_start(ana, "p", "Le guichet")
    ana.keyboard.press("Control+Alt+2")
    stays("h2")
    tool(ana, "Liste à puces")
    saved(ana)
    expect(ana.locator(OPEN)).to_have_text("Le guichet")
    # Words typed at their edge are not a part of them.
    choose(ana, "Le guichet", which=1)
    ana.keyboard.press("ArrowRight")
    ana.keyboard.type(" municipal")
    saved(ana)
    expect(rose.locator(OPEN)).to_have_text("Le guichet")


def test_a_key_that_comes_before_the_browser_tells_of_the_caret(desk: Desk) -> None:
    """On a slow machine Enter arrives before the event that the caret has moved: it must not replace the words."""
    ana = desk.sit(desk.ana)
    choose(ana, "Le guichet", which=1)
    ana.evaluate(
        "addEventListener('selectionchange', (event) => event.stopImmediatePropagation(), { capture: true })"
    )
    ana.keyboard.press("ArrowLeft")
    ana.keyboard.press("Enter")
    expect(ana.locator("[data-editor] p")).to_have_count(4)
    expect(ana.locator("[data-editor] p:nth-of-type(3)")).to_contain_text("Le guichet")


def test_words_that_go_leave_their_quotation_and_come_back_with_an_undo(desk: Desk) -> None:
    ana, rose = desk.sit(desk.ana), desk.sit(desk.rose)
    remarked(rose, "Le guichet", "Lequel ?", which=1)
    expect(ana.locator(OPEN)).to_have_text("Le guichet")
    choose(ana, "Le guichet", which=1)
    ana.keyboard.press("Delete")
    saved(ana)
    thread = panel(rose).get_by_role("article")
    expect(thread).to_contain_text("Le passage a été supprimé ou réécrit")
    expect(thread.locator("blockquote")).to_have_text("Le guichet")
    ana.keyboard.press("Control+z")
    saved(ana)
    expect(rose.locator(OPEN)).to_have_text("Le guichet")
    expect(thread).not_to_contain_text("supprimé")


def test_by_keyboard_alone_from_the_words_to_the_thread_and_back(desk: Desk) -> None:
    with unit_of_work():
        from drafts.remarks import Passage, open_remark

        open_remark(
            desk.rose,
            session().get_one(Draft, desk.draft_id),
            "Trop vague.",
            passages=[Passage("b3", 0, "Venez")],
        )
    ana = desk.sit(desk.ana)
    expect(ana.locator(OPEN)).to_have_text("Venez")
    caret_at_start(ana, "p", "Venez")
    ana.keyboard.press("ArrowRight")
    ana.keyboard.press("Control+Alt+m")
    expect(panel(ana).get_by_role("heading", name="Remarque de")).to_be_focused()
    ana.keyboard.press("Tab")
    expect(panel(ana).get_by_role("button", name="Voir le passage")).to_be_focused()
    ana.keyboard.press("Tab")
    expect(panel(ana).locator("[data-deed=answer]")).to_be_focused()
    ana.keyboard.press("Enter")
    ana.keyboard.type("Plus précis maintenant.")
    # A key that closes the panel takes nothing away.
    ana.keyboard.press("Escape")
    expect(ana.locator("[data-editor]")).to_be_focused()
    ana.keyboard.press("Control+Alt+m")
    ana.keyboard.press("Tab")
    ana.keyboard.press("Tab")
    ana.keyboard.press("Enter")
    expect(panel(ana).get_by_label("Votre réponse")).to_have_value("Plus précis maintenant.")
    ana.keyboard.press("Control+Enter")
    expect(panel(ana).locator("[data-deed=answer]")).to_be_focused()
    ana.keyboard.press("Tab")
    expect(panel(ana).get_by_role("button", name="Résoudre")).to_be_focused()
    ana.keyboard.press("Enter")
    expect(ana.locator(OPEN)).to_have_count(0)
    with reading():
        assert session().scalars(sa.select(Remark.resolved_by).where(Remark.draft_id == desk.draft_id)).one()


def test_what_was_typed_survives_a_server_that_does_not_answer(desk: Desk) -> None:
    ana = desk.sit(desk.ana)
    choose(ana, "Venez")
    tool(ana, "Remarquer")
    field = panel(ana).get_by_label("Votre remarque")
    field.fill("À dire autrement.")
    ana.route("**/remarques.json", lambda route: route.abort())
    panel(ana).get_by_role("button", name="Envoyer").click()
    expect(panel(ana).get_by_role("alert").first).to_contain_text("Votre texte reste ici")
    expect(field).to_have_value("À dire autrement.")
    assert faults(ana) == []
    ana.unroute("**/remarques.json")
    panel(ana).get_by_role("button", name="Envoyer").click()
    expect(ana.locator(OPEN)).to_have_text("Venez")
    expect(field).to_be_hidden()


def test_axe_finds_nothing_with_the_panel_open(desk: Desk) -> None:
    rose = desk.sit(desk.rose)
    remarked(rose, "Le guichet", "Lequel ?")
    panel(rose).get_by_role("button", name="Bloquer la publication").click()
    expect(rose.locator(".remark-blocks")).to_have_count(1)
    panel(rose).get_by_role("button", name="Répondre").click()
    rose.keyboard.type("@")
    expect(panel(rose).locator("[role=option]").first).to_be_visible()
    wrong = {}
    for width in (1280, 360, 320):
        rose.set_viewport_size({"width": width, "height": 800})
        wrong[f"{width}"] = faults(rose) + runs_over(rose)
    rose.goto(f"{desk.url}/brouillons/{desk.draft_id}/remarques")
    for path in (f"/brouillons/{desk.draft_id}/remarques", "/espace/avis/reglages"):
        rose.goto(desk.url + path)
        rose.evaluate("document.querySelectorAll('details').forEach(details => { details.open = true })")
        for width in (1280, 360, 320):
            rose.set_viewport_size({"width": width, "height": 800})
            wrong[f"{path} {width}"] = faults(rose) + runs_over(rose)
    assert not any(wrong.values()), wrong


def test_a_blocking_remark_is_said_before_the_text_is_proposed(desk: Desk) -> None:
    ana = desk.sit(desk.ana)
    choose(ana, "Venez")
    tool(ana, "Remarquer")
    panel(ana).get_by_label("Votre remarque").fill("Pas sans l’accord de la mairie.")
    panel(ana).get_by_label("Bloquante").check()
    panel(ana).get_by_role("button", name="Envoyer").click()
    checks = ana.locator("[data-checks]")
    expect(checks).to_contain_text("Une remarque bloquante est ouverte", timeout=20_000)
    expect(checks).to_contain_text("Rien n’empêche de proposer ce texte.")
