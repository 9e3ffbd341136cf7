"""What other programs put on the clipboard becomes blocks of the grammar, and nothing in it lives on."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from app.db import reading, session, unit_of_work
from app.policy import PortalRole
from drafts import log, review
from drafts.queries import draft_numbered
from labs.models import Lab
from publish import service as publication
from tests import makers
from tests.clients import parsed
from tests.journeys.clipboard import NAMES, WATCH, copy, expected, judge, markup, paste, written
from tests.journeys.conftest import open_draft
from tests.journeys.hands import caret_at_the_very_end, saved, text_of
from tests.live_server import LiveServer
from tests.scenes import Scene

HOSTILE = [name for name in NAMES if name.startswith("hostile")]
EMPTY: list[dict[str, Any]] = [{"type": "paragraph", "attrs": {"id": "b1"}}]
NOTICE = "[data-notice]"


def stored(draft_id: int) -> str:
    with reading():
        return written(log.load(draft_id).tree)


def settled(page: Page) -> None:
    """Saved, and still saved when the last keys have had their time to be sent."""
    saved(page)
    page.wait_for_timeout(200)
    saved(page)


@pytest.fixture
def sheet(scene: Scene, server: LiveServer, profile: Callable[..., BrowserContext]) -> tuple[Page, int]:
    """An empty text, opened by somebody who writes, with an eye on what the browser forbids."""
    with unit_of_work():
        lab = session().get_one(Lab, scene.lab_id)
        place = draft_numbered(scene.draft_id).article.lead
        draft_id = makers.make_draft(scene.ana, lab, place, title="Une feuille", tree=EMPTY).id
    context = profile(scene.ana, server.url)
    context.add_init_script(WATCH)
    page = open_draft(context, server.url, draft_id)
    page.locator("[data-editor] p").first.click()
    page.wait_for_timeout(150)
    return page, draft_id


@pytest.mark.parametrize("name", NAMES)
def test_a_page_from_elsewhere_becomes_blocks(sheet: tuple[Page, int], name: str) -> None:
    page, draft_id = sheet
    copy(page.context, markup(name), "autre chose")
    paste(page)
    settled(page)
    if name != "hostile-copie":
        assert stored(draft_id) == expected(name)
    else:
        assert "Texte lié" in stored(draft_id) and "javascript" not in stored(draft_id)
    judge(page)
    # Each block has an id of its own.
    with reading():
        ids = [node["attrs"]["id"] for node in walk(log.load(draft_id).tree)]
    assert None not in ids and len(set(ids)) == len(ids)
    # One undo takes all of it back.
    page.keyboard.press("Control+z")
    expect(page.locator("[data-editor] > *")).to_have_count(1)
    settled(page)
    assert stored(draft_id) == "paragraph"


def walk(tree: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [
        node
        for block in tree
        if block["type"] not in ("text", "hard_break")
        for node in (block, *walk(block.get("content", [])))
    ]


@pytest.mark.parametrize("name", HOSTILE)
def test_what_was_hostile_is_words_on_every_page(
    scene: Scene, server: LiveServer, profile: Callable[..., BrowserContext], name: str
) -> None:
    context = profile(scene.ana, server.url)
    context.add_init_script(WATCH)
    page = open_draft(context, server.url, scene.draft_id)
    page.locator("[data-editor] p").last.click()
    page.keyboard.press("Control+End")
    page.keyboard.press("Enter")
    copy(context, markup(name))
    paste(page)
    settled(page)
    before = stored(scene.draft_id)
    assert len(before.splitlines()) > 2
    with unit_of_work():
        draft = draft_numbered(scene.draft_id)
        places = draft.article.competent
        signers = [makers.make_agent(place, reviewer=True) for place in places]
        editor = makers.make_agent(places[0], PortalRole.PORTAL_EDITOR)
        fingerprint = review.submit(scene.ana, draft, "Une page collée.").fingerprint
        for signer, place in zip(signers, places, strict=True):
            review.sign_off(signer, draft, place.id, fingerprint)
        slug = publication.publish(editor, draft, fingerprint).slug
    for path, where in (
        (f"/brouillons/{scene.draft_id}", "[data-editor-static]"),
        (f"/brouillons/{scene.draft_id}/relecture", "main"),
        (f"/fiches/{slug}", "main"),
    ):
        source = until_it_stands(page, f"{server.url}{path}")
        judge_source(source, where)
    for path in (f"/brouillons/{scene.draft_id}/relecture", f"/fiches/{slug}"):
        page.goto(f"{server.url}{path}")
        assert page.evaluate("window.hacked") is None and page.evaluate("window.violations") == []


def until_it_stands(page: Page, address: str, seconds: float = 20) -> str:
    """The source of a page; the public one comes a moment after its publication."""
    give_up = time.monotonic() + seconds
    while (answer := page.request.get(address)).status != 200:
        assert time.monotonic() < give_up, f"{address} answers {answer.status}"
        page.wait_for_timeout(200)
    return answer.text()


def judge_source(source: str, where: str) -> None:
    """What was pasted is in the page as words; no element, attribute or address of it is active."""
    tree = parsed(source, where)
    words = " ".join(tree.itertext())
    assert "neuf" in words or "Texte lié" in words, where
    for element in tree.iter():
        assert element.tag not in ("iframe", "object", "embed", "math", "base"), (where, element.tag)
        assert not any(name.startswith("on") for name in element.attrib), (where, element.attrib)
        for name in ("href", "src", "action", "formaction"):
            value = (element.get(name) or "").strip().lower()
            assert not value.startswith(("javascript:", "vbscript:", "//")), (where, value)
            assert "mechant.example" not in value, (where, value)
        if element.tag == "script":
            assert "hacked" not in (element.text or "")


def test_words_are_pasted_into_the_sentence_they_are_for(sheet: tuple[Page, int]) -> None:
    page, draft_id = sheet
    page.keyboard.type("Apportez  et un bail.")
    for _ in " et un bail.":
        page.keyboard.press("ArrowLeft")
    copy(page.context, "<meta charset=utf-8><h2>une <b>pièce</b></h2>", "une pièce")
    paste(page)
    saved(page)
    assert text_of(page) == "Apportez une pièce et un bail."
    page.keyboard.press("Control+z")
    assert text_of(page) == "Apportez  et un bail.", "what was typed before the paste stays"


def test_plain_text_keeps_its_lines_and_bullets(sheet: tuple[Page, int]) -> None:
    page, draft_id = sheet
    copy(page.context, text="Il faut :\n• une pièce\n• un bail\n\nMerci.")
    paste(page)
    settled(page)
    assert stored(draft_id).splitlines()[0] == "paragraph: Il faut :"
    assert stored(draft_id).count("list_item") == 2
    assert stored(draft_id).endswith("paragraph: Merci.")


def test_a_picture_is_left_behind_and_that_is_said(sheet: tuple[Page, int]) -> None:
    page, _draft_id = sheet
    copy(
        page.context,
        "<p>Un plan</p><img src='https://exemple.nc/plan.png'><img src='data:image/png;base64,AA'>",
    )
    paste(page)
    expect(page.locator(NOTICE)).to_contain_text("2\u00a0images n’ont pas été collées")
    expect(page.locator("[data-announce]")).to_contain_text("images n’ont pas été collées")
    saved(page)
    judge(page)


def test_a_large_paste_goes_by_the_wide_door_and_one_undo_takes_it_back(sheet: tuple[Page, int]) -> None:
    page, draft_id = sheet
    words = "Une démarche que l’on fait au guichet de la mairie. " * 10
    html = "".join(f"<h2>Partie {number}</h2><p>{words}</p>" for number in range(600))
    copy(page.context, html, "x")
    paste(page)
    saved(page)
    expect(page.locator("[data-editor] h2")).to_have_count(600)
    assert stored(draft_id).count("heading 2: Partie") == 600
    page.keyboard.press("Control+z")
    expect(page.locator("[data-editor] h2")).to_have_count(0)
    settled(page)
    assert stored(draft_id) == "paragraph"


def test_a_paste_beyond_the_wide_door_is_refused_in_words_and_nothing_is_lost(
    sheet: tuple[Page, int],
) -> None:
    page, draft_id = sheet
    page.keyboard.type("Ce qui était là.")
    saved(page)
    copy(page.context, "".join(f"<p>{'x' * 1000}</p>" for _ in range(4500)), "x")
    paste(page)
    expect(page.locator(NOTICE)).to_contain_text("trop grand")
    page.keyboard.type(" Et la suite.")
    saved(page)
    assert text_of(page) == "Ce qui était là. Et la suite."
    assert stored(draft_id) == "paragraph: Ce qui était là. Et la suite."


def test_what_is_copied_here_is_pasted_as_it_was(sheet: tuple[Page, int]) -> None:
    page, draft_id = sheet
    copy(page.context, markup("libreoffice-tableau"), "x")
    paste(page)
    saved(page)
    page.keyboard.press("Control+a")
    page.keyboard.press("Control+c")
    caret_at_the_very_end(page)
    page.keyboard.press("Enter")
    paste(page)
    settled(page)
    assert stored(draft_id).count("3␣000␣F") == 2 and stored(draft_id).count("table_header") == 6
    assert page.evaluate("window.violations") == []
