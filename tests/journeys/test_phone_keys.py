"""Keyboards that compose (phones, dead keys, input methods) while a colleague writes, and whose strokes undo takes."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import BrowserContext, Page

from tests.journeys.conftest import open_draft
from tests.journeys.hands import caret_at_end, caret_at_start, same_text, saved, text_of
from tests.live_server import LiveServer
from tests.scenes import Scene

pytestmark = pytest.mark.alone

BODY = "p:not(.lead)"


@pytest.fixture
def table(scene: Scene, server: LiveServer, profile: Callable[..., BrowserContext]) -> tuple[Page, Page]:
    phone = profile(
        scene.ana, server.url, viewport={"width": 360, "height": 740}, has_touch=True, is_mobile=True
    )
    return (
        open_draft(phone, server.url, scene.draft_id),
        open_draft(profile(scene.ben, server.url), server.url, scene.draft_id),
    )


def test_a_word_that_is_composed_while_a_colleague_writes(table: tuple[Page, Page]) -> None:
    ana, ben = table
    caret_at_end(ana, BODY)
    caret_at_start(ben, BODY)
    keys = ana.context.new_cdp_session(ana)
    for length in range(1, 6):
        words = " école"[: length + 1]
        keys.send(
            "Input.imeSetComposition",
            {"text": words, "selectionStart": len(words), "selectionEnd": len(words)},
        )
        ben.keyboard.type("Oh ")
    saved(ben)
    assert ana.evaluate("document.querySelector('[data-editor]').textContent").endswith(" école")
    assert "Oh" not in text_of(ana), "nothing moves under a word that is not finished"
    keys.send("Input.insertText", {"text": " école"})
    text = same_text(ana, ben)
    assert text.count("école") == 1 and text.count("Oh ") == 5
    # And a second word, after the colleague's came in.
    keys.send("Input.imeSetComposition", {"text": " et", "selectionStart": 3, "selectionEnd": 3})
    keys.send("Input.insertText", {"text": " et"})
    ana.keyboard.type(" lycée")
    saved(ana)
    text = same_text(ana, ben)
    assert text.endswith("école et lycée") and text.count("lycée") == 1


def test_undo_takes_back_ones_own_strokes_only(table: tuple[Page, Page]) -> None:
    ana, ben = table
    before = text_of(ana)
    caret_at_end(ana, BODY)
    caret_at_start(ben, BODY)
    ana.keyboard.type(" de ma main")
    saved(ana)
    ben.keyboard.type("De la sienne. ")
    saved(ben)
    same_text(ana, ben)
    # More often than there is anything to take back: slow typing is several steps.
    for _ in range(15):
        ana.keyboard.press("Control+z")
    saved(ana)
    text = same_text(ana, ben)
    assert "de ma main" not in text and "De la sienne. " in text
    for _ in range(15):
        ana.keyboard.press("Control+y")
        ben.keyboard.press("Control+z")
    saved(ana), saved(ben)
    assert same_text(ana, ben) == before.replace("mairie.", "mairie. de ma main")
