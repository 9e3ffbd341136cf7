"""Suggestions at one table: who may only suggest types and takes out, who writes answers, a third one watches."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from app.accounts.models import Person
from app.db import reading, session, unit_of_work
from app.policy import Actor
from drafts import document, log
from labs import service as labs
from labs.models import Lab
from labs.roles import Right
from tests import makers
from tests.journeys.conftest import open_draft
from tests.journeys.hands import same_text, saved, text_of
from tests.journeys.test_axe import faults
from tests.live_server import LiveServer
from tests.scenes import Scene

WORDS = "Présentez-vous à la mairie."


@dataclass
class Table:
    scene: Scene
    server: LiveServer
    suggester: Page
    writer: Page
    watcher: Page

    def stored(self) -> str:
        with reading():
            return document.plain_text(log.text(self.scene.draft_id).tree)


def member(scene: Scene, right: Right, name: str) -> Actor:
    with unit_of_work():
        lab = session().get_one(Lab, scene.lab_id)
        person = makers.make_person(lab.administration, name)
        labs.add_member(scene.facilitator, lab, session().get_one(Person, person.id), right)
        return makers.actor(person)


@pytest.fixture
def table(scene: Scene, server: LiveServer, profile: Callable[..., BrowserContext]) -> Iterator[Table]:
    people = (member(scene, Right.SUGGEST, "Léa Wamytan"), scene.ana, member(scene, Right.READ, "Noé Poadja"))
    pages = [open_draft(profile(person, server.url), server.url, scene.draft_id) for person in people]
    expect(pages[0].locator("[data-editor]")).to_have_attribute("contenteditable", "true", timeout=15_000)
    yield Table(scene, server, *pages)


# How many characters of the last block stand before the caret, without the names of colleagues' carets.
CARET = """() => {
    const {focusNode, focusOffset} = getSelection(), before = document.createRange();
    before.selectNodeContents(document.querySelector('[data-editor] > :last-child'));
    before.setEnd(focusNode, focusOffset);
    const words = before.cloneContents();
    words.querySelectorAll('[aria-hidden=true]').forEach(node => node.remove());
    return words.textContent.length;
}"""


def caret_before(page: Page, words: str) -> None:
    """Put the caret before these words of the paragraph, by keys alone.

    An arrow that falls on the very moment when a colleague's change is drawn may move nothing: whoever sees that presses again.
    """
    page.locator("[data-editor]").focus()
    page.keyboard.press("Control+End")
    place = text_of(page).split("\n")[-1].index(words)
    page.keyboard.press("Home")
    for _ in range(place):
        page.keyboard.press("ArrowRight")
    for _again in range(5):
        page.wait_for_timeout(150)  # the selection reaches the editor's state on the next frames
        away = place - page.evaluate(CARET)
        if away == 0:
            return
        for _ in range(abs(away)):
            page.keyboard.press("ArrowRight" if away > 0 else "ArrowLeft")
    raise AssertionError(f"the caret does not come to {words!r}")


def told(page: Page, words: str) -> None:
    expect(page.locator("[data-announce]")).to_contain_text(words)


def marks(page: Page, tag: str) -> list[str]:
    found: list[str] = page.locator(f"[data-editor] {tag}.suggestion").all_inner_texts()
    return found


def test_one_suggests_one_answers_one_watches(table: Table) -> None:
    lea, ana, noe = table.suggester, table.writer, table.watcher
    expect(lea.get_by_role("button", name="Mode suggestion")).to_have_attribute("aria-pressed", "true")
    expect(lea.get_by_role("button", name="Gras")).to_have_attribute("aria-disabled", "true")
    caret_before(lea, "mairie")
    lea.keyboard.type("grande ", delay=20)
    caret_before(lea, "-vous")
    for _ in range(3):
        lea.keyboard.press("Delete")
    lea.keyboard.press("Delete")
    lea.keyboard.press("Delete")
    saved(lea)
    for page in (lea, ana, noe):
        expect(page.locator("[data-editor] ins.suggestion")).to_have_text("grande ")
        expect(page.locator("[data-editor] del.suggestion")).to_have_text("-vous")
    same_text(lea, ana, noe)
    # Who and for which administration, in the list and at the words.
    card = ana.locator("[data-suggestions]")
    expect(card.get_by_role("heading", name="Léa Wamytan – Province Sud")).to_be_visible()
    expect(ana.locator("[data-editor] ins.suggestion [title]").first).to_have_attribute(
        "title", "Ajout suggéré par Léa Wamytan – Province Sud"
    )
    expect(noe.locator("[data-suggestions]").get_by_role("button", name="Accepter")).to_have_count(0)
    # By keys alone: the list is reached, one is refused, the next one accepted.
    refuse = card.get_by_role("button", name="Refuser : supprimer « -vous »")
    refuse.focus()
    ana.keyboard.press("Enter")
    expect(ana.locator("[data-editor] del.suggestion")).to_have_count(0)
    told(ana, "1 suggestion refusée.")
    accept = card.get_by_role("button", name="Accepter : ajouter « grande »")
    expect(card.get_by_role("button", name="Refuser : ajouter « grande »")).to_be_focused()
    accept.focus()
    ana.keyboard.press("Enter")
    for page in (lea, ana, noe):
        expect(page.locator("[data-editor] .suggestion")).to_have_count(0)
        assert "Présentez-vous à la grande mairie." in text_of(page)
    told(ana, "1 suggestion acceptée.")
    # And it is taken back, by a key.
    card.get_by_role("button", name="Annuler").focus()
    ana.keyboard.press("Enter")
    expect(lea.locator("[data-editor] ins.suggestion")).to_have_text("grande ")
    saved(ana)
    same_text(lea, ana, noe)


def test_what_cannot_be_suggested_is_refused_aloud(table: Table) -> None:
    lea, ana = table.suggester, table.writer
    before = text_of(lea)
    caret_before(lea, "mairie")
    for keys, words in (
        ("Enter", "que le texte à l’intérieur d’un bloc"),
        ("Shift+Enter", "Un retour à la ligne ne peut pas être suggéré"),
        ("Control+Alt+2", "que le texte à l’intérieur d’un bloc"),
        ("Alt+Shift+ArrowUp", "que le texte à l’intérieur d’un bloc"),
    ):
        lea.keyboard.press(keys)
        told(lea, words)
        assert text_of(lea) == before
    lea.keyboard.press("Shift+Home")
    lea.keyboard.press("Control+b")
    told(lea, "La mise en forme ne peut pas être suggérée")
    lea.keyboard.press("Control+a")
    lea.keyboard.press("Delete")
    told(lea, "que le texte à l’intérieur d’un bloc")
    assert text_of(lea) == before
    # Somebody else's suggestion, made by who writes, in the mode.
    ana.locator("[data-editor]").focus()
    ana.keyboard.press("Control+Alt+s")
    told(ana, "Mode suggestion activé.")
    expect(ana.get_by_role("button", name="Mode suggestion")).to_have_attribute("aria-pressed", "true")
    caret_before(ana, "mairie")
    ana.keyboard.type("belle ", delay=20)
    saved(ana)
    expect(lea.locator("[data-editor] ins.suggestion")).to_have_text("belle ")
    caret_before(lea, "mairie")
    lea.keyboard.press("Backspace")
    told(lea, "Cette suggestion est de quelqu’un d’autre")
    expect(lea.locator("[data-editor] ins.suggestion")).to_have_text("belle ")
    # One's own goes, by the same key, and comes back.
    caret_before(ana, "mairie")
    ana.keyboard.press("Backspace")
    expect(ana.locator("[data-editor] ins.suggestion")).to_have_text("belle", use_inner_text=True)
    ana.wait_for_timeout(600)  # what follows is a step of its own to take back
    ana.keyboard.press("Backspace")
    expect(ana.locator("[data-editor] ins.suggestion")).to_have_text("bell")
    ana.keyboard.press("Control+z")
    expect(ana.locator("[data-editor] ins.suggestion")).to_have_text("belle")
    ana.keyboard.type(" ")
    saved(ana)
    assert table.stored().count(WORDS.replace("mairie", "belle mairie")) == 1


def test_pasting_and_composing_are_suggestions_too(table: Table) -> None:
    lea, noe = table.suggester, table.watcher
    caret_before(lea, "mairie")
    lea.evaluate(
        """() => {
            const data = new DataTransfer();
            data.setData('text/plain', 'très');
            document.querySelector('[data-editor]').dispatchEvent(
                new ClipboardEvent('paste', {clipboardData: data, bubbles: true, cancelable: true}));
        }"""
    )
    expect(noe.locator("[data-editor] ins.suggestion")).to_have_text("très")
    lea.keyboard.type(" ")
    keys = lea.context.new_cdp_session(lea)
    for words in ("b", "be", "bel"):
        keys.send(
            "Input.imeSetComposition",
            {"text": words, "selectionStart": len(words), "selectionEnd": len(words)},
        )
        lea.wait_for_timeout(40)
    keys.send("Input.insertText", {"text": "belle "})
    expect(noe.locator("[data-editor] ins.suggestion")).to_have_text("très belle ")
    saved(lea)
    assert same_text(lea, noe).endswith("Présentez-vous à la très belle mairie.")


def test_an_accepted_suggestion_is_not_taken_back_by_undo(table: Table) -> None:
    lea, ana = table.suggester, table.writer
    caret_before(lea, "mairie")
    lea.keyboard.type("grande ", delay=20)
    saved(lea)
    ana.locator("[data-suggestions]").get_by_role("button", name="Accepter").click()
    expect(lea.locator("[data-editor] .suggestion")).to_have_count(0)
    lea.locator("[data-editor]").focus()
    lea.keyboard.press("Control+z")
    told(lea, "Cela ne peut plus être annulé")
    lea.keyboard.type("x")
    saved(lea)
    assert "Présentez-vous à la grande " in same_text(lea, ana)


def test_undo_after_the_words_have_moved_loses_nothing_and_is_not_refused(table: Table) -> None:
    lea, ana, noe = table.suggester, table.writer, table.watcher
    caret_before(ana, "mairie")
    for _ in "mairie":
        ana.keyboard.press("Shift+ArrowRight")
    ana.keyboard.press("Control+b")
    expect(ana.locator("[data-editor] strong")).to_have_text("mairie")
    # Ana suggests to take out words that end behind the bold ones, Léa the letter before them.
    ana.keyboard.press("Control+Alt+s")
    expect(ana.get_by_role("button", name="Mode suggestion")).to_have_attribute("aria-pressed", "true")
    # Nothing is written before the part is there that turns it into suggestions.
    expect(ana.locator("[data-editor]")).to_have_attribute("contenteditable", "true", timeout=15_000)
    caret_before(ana, "e.")
    for _ in "e.":
        ana.keyboard.press("Shift+ArrowRight")
    ana.wait_for_timeout(150)  # the selection reaches the editor's state on the next frames
    ana.keyboard.press("Delete")
    expect(ana.locator("[data-editor] del.suggestion")).to_have_text(["e", "."])
    saved(ana)
    expect(lea.locator("[data-editor] del.suggestion")).to_have_text(["e", "."])
    caret_before(lea, "ie.")
    lea.keyboard.press("Delete")
    saved(lea)
    expect(ana.locator("[data-editor] del.suggestion")).to_have_text(["i", "e", "."])
    # Ana, who writes again, begins a new paragraph with all of it.
    ana.keyboard.press("Control+Alt+s")
    caret_before(ana, "-vous")
    ana.keyboard.press("Enter")
    saved(ana)
    moved = same_text(lea, ana, noe)
    assert moved.endswith("Présentez\n-vous à la mairie.")
    lea.locator("[data-editor]").focus()
    lea.keyboard.press("Control+z")
    saved(lea)
    caret_before(lea, "vous")
    lea.keyboard.type("donc ", delay=20)
    saved(lea)
    assert same_text(lea, ana, noe) == moved.replace("-vous", "-donc vous")
    for page in (lea, ana, noe):
        expect(page.locator("[data-editor] ins.suggestion")).to_have_text("donc ")
    card = ana.locator("[data-suggestions]")
    expect(card.get_by_role("button", name="Retirer : supprimer « e. »")).to_be_visible()


def test_axe_finds_nothing_with_the_list_open_at_both_widths(table: Table) -> None:
    lea, ana = table.suggester, table.writer
    caret_before(lea, "mairie")
    lea.keyboard.type("grande ", delay=20)
    caret_before(lea, "-vous")
    for _ in range(5):
        lea.keyboard.press("Delete")
    saved(lea)
    expect(ana.locator("[data-suggestions] .suggestion-list li")).to_have_count(2)
    for page in (lea, ana):
        for width in (1280, 360):
            page.set_viewport_size({"width": width, "height": 900})
            assert not faults(page)
            assert page.evaluate("document.documentElement.scrollWidth") <= width
            if folder := os.environ.get("SCREENSHOTS"):
                page.screenshot(path=f"{folder}/suggest-{page is ana}-{width}.png", full_page=True)
    answers = ana.context.new_page()
    answers.goto(f"{table.server.url}/brouillons/{table.scene.draft_id}/suggestions")
    assert not faults(answers)
