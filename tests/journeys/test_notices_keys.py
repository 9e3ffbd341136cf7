"""Notices without a mouse, with two people: told while one writes, opened at the passage, marked, silenced."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from app.db import session, unit_of_work
from app.policy import Actor
from drafts import remarks
from drafts.models import Draft
from tests.journeys.conftest import open_draft
from tests.journeys.test_axe import faults
from tests.journeys.test_keyboard import tab_until
from tests.live_server import LiveServer
from tests.scenes import Scene

pytestmark = pytest.mark.alone

Profile = Callable[..., BrowserContext]


def mention(by: Actor, of: Actor, draft_id: int, words: str) -> None:
    with unit_of_work():
        remarks.open_remark(by, session().get_one(Draft, draft_id), words, mentions=[of.id])


def pressed(page: Page, wanted: str, key: str = "Enter") -> None:
    """Reach it with the Tab key and press."""
    tab_until(page, wanted)
    page.keyboard.press(key)
    page.wait_for_load_state()


def test_notices_by_keyboard_alone(scene: Scene, server: LiveServer, profile: Profile) -> None:
    ben = open_draft(profile(scene.ben, server.url), server.url, scene.draft_id)
    for words in ("Ben, un avis ?", "Ben, et ceci ?"):
        mention(scene.ana, scene.ben, scene.draft_id, words)
    # In the page at once, while Ben sits in the text.
    expect(ben.get_by_role("banner").get_by_role("link", name="Avis")).to_contain_text("(2 non lus)")
    ben.evaluate("document.activeElement.blur()")
    pressed(ben, "a: Avis")
    expect(ben.get_by_role("heading", level=1)).to_have_text("Avis")
    assert faults(ben) == []
    # The newest first: one is marked, the other opened where it was written.
    pressed(ben, "button: Marquer comme lu")
    expect(ben.locator(".notice-unread")).to_have_count(1)
    pressed(ben, "button: Ouvrir")
    expect(ben).to_have_url(re.compile(rf"/brouillons/{scene.draft_id}\b"))
    expect(ben.get_by_role("banner").get_by_role("link", name="Avis")).not_to_contain_text("(")
    # Mentions are silenced in the page, and what comes then is not told there.
    ben.goto(f"{server.url}/espace/avis")
    pressed(ben, "a: Choisir ce que je veux recevoir")
    field = ben.locator("fieldset", has_text="mention").first.get_by_label("dans la page")
    for _press in range(40):
        ben.keyboard.press("Tab")
        if field.evaluate("it => it === document.activeElement"):
            break
    ben.keyboard.press("Space")
    expect(field).not_to_be_checked()
    pressed(ben, "button: Enregistrer mes choix")
    expect(ben.get_by_text("Vos choix sont enregistrés")).to_be_visible()
    mention(scene.ana, scene.ben, scene.draft_id, "Ben, encore ?")
    ben.goto(f"{server.url}/espace/avis")
    expect(ben.locator(".notice-unread")).to_have_count(0)
    expect(ben.get_by_role("main")).not_to_contain_text("encore")
