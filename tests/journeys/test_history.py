"""Two people and the past of their text: finding a moment, naming it, going back while somebody writes, and back again."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests.journeys.conftest import open_draft
from tests.journeys.hands import caret_at_the_very_end, said, saved, text_of
from tests.journeys.test_axe import NARROWEST, WIDTHS, faults, runs_over
from tests.live_server import LiveServer
from tests.scenes import Scene


def to(page: Page, name: str, role: Any = "link") -> None:
    """Go to something by the keyboard alone: Tab until it has the focus, then Enter (a field is only gone to)."""
    wanted = page.get_by_role(role, name=name).first
    expect(wanted).to_be_visible()
    for _press in range(150):
        page.keyboard.press("Tab")
        if wanted.evaluate("element => element === document.activeElement"):
            if role != "textbox":
                page.keyboard.press("Enter")
            return
    raise AssertionError(f"the keyboard does not reach {name!r}")


def clean(page: Page, where: str) -> None:
    wrong = {}
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 800})
        wrong[f"{where}, {width}"] = faults(page)
    page.set_viewport_size({"width": NARROWEST, "height": 640})
    wrong[f"{where}, out of the screen"] = runs_over(page)
    page.set_viewport_size({"width": 1280, "height": 800})
    assert not any(wrong.values()), wrong


@pytest.mark.alone
def test_a_version_is_named_and_comes_back_while_a_colleague_writes(
    scene: Scene, server: LiveServer, profile: Callable[..., BrowserContext]
) -> None:
    ana = open_draft(profile(scene.ana, server.url), server.url, scene.draft_id)
    ben = profile(scene.ben, server.url).new_page()
    # Ben finds the past from the draft and gives today's text a name, by the keyboard alone.
    ben.goto(f"{server.url}/brouillons/{scene.draft_id}")
    ben.wait_for_selector("html[data-synced]")
    to(ben, "Historique")
    expect(ben.get_by_role("heading", name="La vie du texte")).to_be_visible()
    to(ben, "Nommer le texte tel qu’il est maintenant", "textbox")
    ben.keyboard.type("Avant la grande coupe")
    ben.keyboard.press("Enter")
    said(ben, "La version est nommée.")
    clean(ben, "the time line")
    # Ana takes words out and writes others.
    caret_at_the_very_end(ana)
    ana.keyboard.press("Enter")
    ana.keyboard.type("Une phrase que personne ne gardera.")
    ana.keyboard.press("Enter")
    saved(ana)
    ben.reload()
    expect(ben.locator(".life-stretch").first).to_contain_text("frappes")
    expect(ben.locator(".life-stretch").first).to_contain_text("Province Sud")
    to(ben, "Avant la grande coupe")
    expect(ben.get_by_role("heading", level=1)).to_contain_text("Avant la grande coupe")
    clean(ben, "a moment")
    to(ben, "Comparer avec maintenant")
    expect(ben.locator("ins").first).to_contain_text("Une phrase que personne ne gardera.")
    clean(ben, "a difference")
    ben.go_back()
    to(ben, "Revenir à ce texte")
    expect(ben.locator("del").first).to_contain_text("Une phrase que personne ne gardera.")
    clean(ben, "the question before going back")
    # She goes on writing in a block of that version while he confirms.
    ana.locator("[data-editor] p").first.click()
    ana.keyboard.press("End")
    ana.keyboard.type(" Et ceci reste", delay=20)
    to(ben, "Revenir à ce texte", "button")
    expect(ben.locator(".told").first).to_contain_text("restaurée")
    ana.keyboard.type(", jusqu’au bout.", delay=20)
    saved(ana)
    expect(ana.locator("[data-editor]")).not_to_contain_text("personne ne gardera")
    assert "jusqu’au bout." in text_of(ana)
    # What was shown is what is told, and it can be taken back.
    expect(ben.locator(".life-restoration").first).to_contain_text("restaurée par")
    clean(ben, "after going back")
    to(ben, "Annuler la restauration")
    to(ben, "Revenir à ce texte", "button")
    expect(ben.locator(".told").first).to_contain_text("restaurée")
    expect(ana.locator("[data-editor]")).to_contain_text("Une phrase que personne ne gardera.")
    to(ben, "Revenir au brouillon")
    ben.wait_for_selector("html[data-synced]")
    expect(ben.locator("[data-editor]")).to_contain_text("Une phrase que personne ne gardera.")
