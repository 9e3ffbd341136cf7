"""Three people at one table: who is here, following somebody, and who wrote what."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from app.db import session, unit_of_work
from app.directory.models import Administration
from drafts.queries import draft_numbered
from labs.models import Lab
from tests import makers
from tests.journeys.conftest import open_draft
from tests.journeys.hands import saved
from tests.journeys.test_axe import block, faults, runs_over
from tests.live_server import LiveServer
from tests.scenes import Scene

LONG = [
    block("lead", "p0", "Une démarche en une phrase."),
    *(
        block("paragraph", f"p{n}", f"Paragraphe {n}. " + "Des mots, encore des mots. " * 6)
        for n in range(1, 31)
    ),
]
PERSON = "[data-people] [data-person='{}']"


@dataclass
class Sitting:
    """Three people of two administrations at a text too long for one screen; what they have is one page each."""

    ana: Page
    ben: Page
    leader: Page
    scene: Scene
    draft_id: int
    contexts: dict[str, BrowserContext]


@pytest.fixture
def table(scene: Scene, server: LiveServer, profile: Callable[..., BrowserContext]) -> Sitting:
    with unit_of_work():
        lab = session().get_one(Lab, scene.lab_id)
        lead = draft_numbered(scene.draft_id).article.lead
        session().get_one(Administration, lead.id).acronym = "PS"
        draft = makers.make_draft(scene.ana, lab, lead, title="Une longue fiche", tree=LONG)
        draft_id = draft.id
    contexts = {
        name: profile(
            getattr(scene, name), server.url, viewport={"width": 1280, "height": 800}, reduced_motion="reduce"
        )
        for name in ("ana", "ben", "facilitator")
    }
    ana, ben, leader = (open_draft(context, server.url, draft_id) for context in contexts.values())
    return Sitting(ana, ben, leader, scene, draft_id, contexts)


def colour_of(page: Page, person: int) -> str:
    found = page.locator(f"{PERSON.format(person)} .person-dot").get_attribute("class")
    assert found
    return found.split()[-1]


def in_sight(page: Page, person: int) -> None:
    page.wait_for_function(
        """person => {
            const cursor = document.querySelector(`.cursor[data-whose="${person}"]`);
            if (!cursor) return false;
            const {top, bottom} = cursor.getBoundingClientRect();
            return top > 0 && bottom < innerHeight;
        }""",
        arg=person,
        timeout=10_000,
    )


def test_who_is_here_by_administration_and_by_colours_that_differ(table: Sitting, server: LiveServer) -> None:
    scene, people = table.scene, table.ana.locator("[data-people]")
    expect(table.ana.locator("[data-people-sum]")).to_have_text("3\u00a0personnes, 2\u00a0administrations")
    expect(people.locator("> li").nth(0)).to_contain_text("PS (2)")
    expect(people.locator("> li").nth(1)).to_contain_text("Province Nord")
    expect(people.locator(f"[data-person='{scene.ana.id}']")).to_contain_text("(vous)")
    ids = [scene.ana.id, scene.ben.id, scene.facilitator.id]
    shown = [[colour_of(page, person) for person in ids] for page in (table.ana, table.ben, table.leader)]
    assert shown[0] == shown[1] == shown[2] and len(set(shown[0])) == 3
    # In a second tab somebody is the same person once more.
    again = open_draft(table.contexts["ben"], server.url, table.draft_id)
    expect(again.locator("[data-person]")).to_have_count(3)
    expect(table.ana.locator("[data-person]")).to_have_count(3)
    assert colour_of(again, scene.ben.id) == shown[0][1]
    again.close()
    # Oneself cannot be followed, the others can, and the buttons are told apart by their names.
    expect(people.get_by_role("button")).to_have_count(2)
    expect(people.get_by_role("button", name=f"Suivre {scene.ben.name}")).to_be_visible()
    table.leader.close()
    expect(table.ana.locator("[data-people-sum]")).to_have_text("2\u00a0personnes, 2\u00a0administrations")


def test_following_somebody_by_keyboard_until_one_does_something(table: Sitting) -> None:
    ana, ben, person = table.ana, table.ben, table.scene.ben.id
    button = ana.get_by_role("button", name=f"Suivre {table.scene.ben.name}")
    said = ana.locator("[data-announce]")
    top = lambda: ana.evaluate("scrollY")  # noqa: E731

    def follow() -> None:
        button.focus()
        ana.keyboard.press("Enter")
        expect(button).to_have_attribute("aria-pressed", "true")
        expect(said).to_contain_text(f"Vous suivez {table.scene.ben.name}")

    ben.locator("[data-editor] p").nth(28).click()
    follow()
    in_sight(ana, person)
    assert top() > 0
    ben.keyboard.press("Control+Home")
    in_sight(ana, person)
    # The list is written anew when somebody goes; the button keeps the focus.
    table.leader.close()
    expect(ana.locator("[data-person]")).to_have_count(2)
    expect(button).to_be_focused()
    expect(button).to_have_attribute("aria-pressed", "true")
    ben.locator("[data-editor] p").nth(28).click()
    in_sight(ana, person)
    assert faults(ana) == [] and runs_over(ana) == []
    stops: list[Callable[[], object]] = [
        lambda: ana.keyboard.press("Escape"),
        lambda: ana.mouse.wheel(0, -40),
        lambda: ana.get_by_role("button", name="Arrêter").click(),
        lambda: (ana.locator("[data-editor] p").nth(27).click(), ana.keyboard.type("x")),
    ]
    for stop in stops:
        if button.get_attribute("aria-pressed") == "false":
            follow()
        stop()
        expect(button).to_have_attribute("aria-pressed", "false")
        expect(said).to_contain_text("Vous ne suivez plus")
        expect(ana.locator(".following")).to_be_hidden()
    saved(ana)
    at = top()
    ben.keyboard.press("Control+Home")
    ana.wait_for_timeout(600)
    assert top() == at, "nobody is dragged along any more"
    follow()
    in_sight(ana, person)
    ben.close()
    expect(said).to_contain_text("Vous ne suivez plus", timeout=20_000)
    expect(ana.locator("[data-person]")).to_have_count(1)


def test_who_wrote_what_is_marked_and_said_while_it_is_written(table: Sitting) -> None:
    ana, ben, scene = table.ana, table.ben, table.scene
    panel = ana.get_by_role("region", name="Qui a écrit quoi")
    toggle = panel.get_by_role("button", name="Montrer dans le texte")
    toggle.focus()
    ana.keyboard.press("Enter")
    expect(toggle).to_have_attribute("aria-pressed", "true")
    expect(panel.get_by_role("listitem")).to_have_count(1)
    expect(panel.get_by_role("listitem").first).to_contain_text("Province Sud 100\u00a0%")
    expect(ana.locator("[data-editor] .by")).to_have_count(31)
    expect(ana.locator("[data-announce]")).to_contain_text("Les auteurs sont marqués")
    # A colleague writes into a paragraph: some seconds later it is theirs, without anything being pressed.
    ben.locator("[data-editor] p").nth(0).click()
    ben.keyboard.press("Home")
    ben.wait_for_timeout(150)
    ben.keyboard.type("Ben écrit ceci. ", delay=10)
    saved(ben)
    expect(panel.get_by_role("listitem")).to_have_count(2, timeout=20_000)
    expect(panel.get_by_role("listitem").nth(0)).to_contain_text("plus de 99\u00a0%")
    expect(panel.get_by_role("listitem").nth(1)).to_contain_text(f"{scene.ben.name} moins de 1\u00a0%")
    mark = ana.locator("[data-editor] .by[data-by^='Province Nord']")
    expect(mark).to_have_text("Ben écrit ceci. ")
    assert mark.get_attribute("class") != ana.locator("[data-editor] .by").last.get_attribute("class")
    # Enter and Backspace in the middle of it change nothing of that.
    ana.locator("[data-editor] p").nth(0).click()
    ana.keyboard.press("Home")
    ana.wait_for_timeout(150)
    for _ in "Ben ":
        ana.keyboard.press("ArrowRight")
        ana.wait_for_timeout(100)  # as a hand would: a key's selection reaches the editor on the next frames
    ana.keyboard.press("Enter")
    saved(ana)
    expect(mark).to_have_count(2, timeout=20_000)
    expect(mark.nth(1)).to_have_text("écrit ceci. ")
    # By the key, where the caret is; by a selection, in the polite place.
    ana.keyboard.press("Control+Alt+a")
    expect(ana.locator("[data-notice]")).to_contain_text(f"Ici\u00a0: Province Nord ({scene.ben.name})")
    ana.keyboard.press("Control+a")
    expect(ana.locator("[data-announce]")).to_contain_text(
        f"Le passage choisi\u00a0: Province Sud ({scene.ana.name})", timeout=10_000
    )
    expect(panel).to_contain_text(f"Province Nord ({scene.ben.name}), 16\u00a0caractères")
    wrong = {}
    for width in (1280, 360, 320):
        ana.set_viewport_size({"width": width, "height": 740})
        wrong[width] = faults(ana) + runs_over(ana)
    assert not any(wrong.values()), wrong
    toggle.click()
    expect(ana.locator("[data-editor] .by")).to_have_count(0)
    expect(panel.get_by_role("listitem")).to_have_count(0)
    # The page without JavaScript says the same.
    ana.goto(ana.url + "/auteurs")
    expect(ana.locator("main")).to_contain_text(f"écrit ceci. (Province Nord – {scene.ben.name})")
    for width in (1280, 360, 320):
        ana.set_viewport_size({"width": width, "height": 740})
        wrong[width] = faults(ana) + runs_over(ana)
    assert not any(wrong.values()), wrong


def test_the_key_says_who_wrote_a_passage_though_nothing_is_open(table: Sitting) -> None:
    ana = table.ana
    ana.locator("[data-editor] p").nth(3).click()
    ana.wait_for_timeout(150)
    ana.keyboard.press("Control+Alt+a")
    expect(ana.locator("[data-announce]")).to_contain_text(
        f"Ici\u00a0: Province Sud ({table.scene.ana.name})"
    )
    expect(ana.locator("[data-editor] .by")).to_have_count(0)
