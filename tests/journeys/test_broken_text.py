"""In a browser: a text that is written anew offers what was not sent, and one that is damaged says why."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from app.db import reading
from drafts import document, healing, log, reopening
from tests.journeys.conftest import open_draft
from tests.journeys.hands import STATE, caret_at_end, same_text, saved, text_of
from tests.realtime.test_divergence import cross
from tests.realtime.test_poisoned import POISONS, put_by_hand
from tests.scenes import token_for
from tests.table_client import TableClient


def stored(draft_id: int) -> str:
    with reading():
        return document.plain_text(log.text(draft_id).tree)


@pytest.fixture(autouse=True)
def no_child_left():
    yield
    reopening.close()


def test_a_text_written_anew_offers_what_was_not_sent(scene, server, profile, proxy):
    ana = open_draft(profile(scene.ana, proxy.url), proxy.url, scene.draft_id)
    ben = open_draft(profile(scene.ben, server.url), server.url, scene.draft_id)
    program = TableClient(server.url, token_for(scene.facilitator)).connect()
    program.join(scene.draft_id)
    cross(program)
    expect(ben.locator("[data-editor]")).to_contain_text("abcd")
    caret_at_end(ana, "p")
    ana.keyboard.type(" avant")
    saved(ana)
    proxy.cut()
    ana.keyboard.type(" jamais envoyé", delay=5)
    expect(ana.locator(STATE)).to_have_attribute("data-save-state", "offline", timeout=15_000)
    healing.heal(scene.draft_id, None, healing.DIVERGED)
    proxy.restore()
    unsent = ana.get_by_role("textbox", name="Texte non envoyé")
    expect(unsent).to_have_value(" jamais envoyé", timeout=20_000)
    saved(ben)
    # What was refused is said until the next stroke.
    expect(ana.locator(STATE)).to_have_attribute("data-save-state", "refused")
    assert "jamais envoyé" not in text_of(ana)
    caret_at_end(ana, "p")
    ana.keyboard.type(" et après")
    saved(ana)
    caret_at_end(ben, "p")
    ben.keyboard.type(" encore")
    saved(ben)
    text = same_text(ana, ben)
    assert " avant" in text and "et après" in text and "encore" in text
    assert "".join(text.split()) == "".join(stored(scene.draft_id).split())
    program.close()


def test_a_text_that_is_damaged_under_ones_hands_says_why(scene, server, profile):
    ana = open_draft(profile(scene.ana, server.url), server.url, scene.draft_id)
    caret_at_end(ana, "p")
    ana.keyboard.type(" avant le dégât")
    saved(ana)
    put_by_hand(scene.draft_id, POISONS["nested lists"])
    expect(ana.locator(STATE)).to_contain_text("ne peut plus être relue", timeout=20_000)
    expect(ana.locator("[data-editor]")).to_have_attribute("contenteditable", "false")
    assert "avant le dégât" in text_of(ana)
    again = open_draft(ana.context, server.url, scene.draft_id)
    expect(again.locator("[data-damaged]")).to_contain_text("lecture seule jusqu’à sa réparation")
    expect(again.locator(STATE)).to_contain_text("ne peut plus être relue")
    expect(again.locator("[data-editor]")).to_contain_text("avant le dégât")
    healing.heal(scene.draft_id, None, healing.ASKED)
    for page in (ana, again):
        saved(page)
    caret_at_end(ana, "p")
    ana.keyboard.type(" et réparé")
    saved(ana)
    expect(again.locator("[data-editor]")).to_contain_text("avant le dégât et réparé")
    assert "avant le dégât et réparé" in stored(scene.draft_id)
