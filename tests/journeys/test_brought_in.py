"""What is brought into a text by a dialogue, by the clipboard or over a slow line, and by which door it goes."""

from __future__ import annotations

import base64
import io
import os
import re
from collections.abc import Callable

import pytest
from PIL import Image
from playwright.sync_api import BrowserContext, Page, WebSocket, expect

from app.db import reading
from drafts import log
from tests.journeys.blocks import PNG, set_up_desk
from tests.journeys.clipboard import copy, paste
from tests.journeys.conftest import open_draft
from tests.journeys.hands import caret_at_the_very_end, saved, text_of, tool
from tests.journeys.test_axe import faults, runs_over
from tests.live_server import LiveServer
from tests.proxy import Line, Proxy
from tests.scenes import Scene


@pytest.fixture
def context(scene: Scene, server: LiveServer, profile: Callable[..., BrowserContext]) -> BrowserContext:
    return profile(scene.ana, server.url)


def stored(draft_id: int) -> list[dict]:
    with reading():
        return log.load(draft_id).tree


def test_a_link_to_a_service_is_chosen_by_keyboard(
    scene: Scene, server: LiveServer, context: BrowserContext
) -> None:
    set_up_desk(context)
    page = open_draft(context, server.url, scene.draft_id)
    caret_at_the_very_end(page)
    page.keyboard.type(" Faites-le ici")
    for _ in "ici":
        page.keyboard.press("Shift+ArrowLeft")
    tool(page, "Lien vers une démarche…")
    dialog = page.get_by_role("dialog", name="Démarche en ligne")
    field = dialog.get_by_role("combobox")
    expect(field).to_be_focused()
    page.keyboard.type("adresse")
    expect(dialog.get_by_role("option")).to_have_text(re.compile("Changer d’adresse en ligne"))
    expect(dialog.get_by_role("status")).to_have_text("1\u00a0résultat")
    wrong = faults(page)
    page.set_viewport_size({"width": 320, "height": 640})
    assert wrong + faults(page) + runs_over(page) == []
    page.keyboard.press("Enter")
    expect(dialog).to_be_hidden()
    expect(page.locator("[data-editor]")).to_be_focused()
    expect(page.locator("[data-editor] .service-link")).to_have_text("ici")
    saved(page)
    runs = next(block for block in stored(scene.draft_id) if block["type"] == "paragraph")["content"]
    assert runs[-1] == {
        "type": "text",
        "text": "ici",
        "marks": [{"type": "service_link", "attrs": {"service": "changer-d-adresse"}}],
    }
    # Escape leaves everything as it was.
    tool(page, "Lien vers une démarche…")
    expect(field).to_be_focused()
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    expect(page.locator("[data-editor] .service-link")).to_have_text("ici")


def test_a_search_that_finds_more_than_it_shows_says_so(
    scene: Scene, server: LiveServer, context: BrowserContext
) -> None:
    page = open_draft(context, server.url, scene.draft_id)
    items = [{"service": f"s{n}", "label": f"Démarche {n}", "detail": ""} for n in range(20)]
    page.route("**/references?*", lambda route: route.fulfill(json={"items": items, "more": True}))
    caret_at_the_very_end(page)
    tool(page, "Lien vers une démarche…")
    dialog = page.get_by_role("dialog", name="Démarche en ligne")
    expect(dialog.get_by_role("status")).to_have_text(
        "Les 20\u00a0premiers résultats\u00a0: précisez votre recherche"
    )


def test_an_image_on_the_clipboard_is_pasted(
    scene: Scene, server: LiveServer, context: BrowserContext
) -> None:
    desk = set_up_desk(context)
    context.grant_permissions(["clipboard-read", "clipboard-write"], origin=server.url)
    page = open_draft(context, server.url, scene.draft_id)
    page.evaluate(
        """async encoded => {
            const bytes = Uint8Array.from(atob(encoded), sign => sign.charCodeAt(0));
            await navigator.clipboard.write([new ClipboardItem({'image/png': new Blob([bytes], {type: 'image/png'})})]);
        }""",
        base64.b64encode(PNG).decode(),
    )
    caret_at_the_very_end(page)
    before = text_of(page)
    page.keyboard.press("Control+v")
    dialog = page.get_by_role("dialog", name="Insérer une image")
    expect(dialog).to_contain_text("est enregistrée.")
    assert len(desk.sent) == 1 and b"image/png" in desk.sent[0]
    dialog.get_by_label("Texte de remplacement").fill("Le plan d’accès")
    page.keyboard.press("Enter")
    expect(page.locator("[data-editor] figure img")).to_have_attribute("alt", "Le plan d’accès")
    saved(page)
    image = next(block for block in stored(scene.draft_id) if block["type"] == "image")
    assert (image["attrs"]["image"], image["attrs"]["alt"]) == ("abc123", "Le plan d’accès")
    # The words that stood there are still there.
    assert all(line in text_of(page) for line in before.split("\n"))


def test_how_far_an_image_has_come_is_shown_on_a_slow_line(
    scene: Scene, profile: Callable[..., BrowserContext], proxy: Proxy
) -> None:
    page = open_draft(profile(scene.ana, proxy.url), proxy.url, scene.draft_id)
    picture = io.BytesIO()
    Image.frombytes("RGB", (1500, 1500), os.urandom(3 * 1500 * 1500)).save(picture, "PNG")
    caret_at_the_very_end(page)
    tool(page, "Image…")
    dialog = page.get_by_role("dialog", name="Insérer une image")
    bar = dialog.get_by_role("progressbar")
    expect(bar).to_be_hidden()
    proxy.line = Line.SLOW
    dialog.locator("input[type=file]").set_input_files(
        {"name": "plan.png", "mimeType": "image/png", "buffer": picture.getvalue()}
    )
    expect(dialog.get_by_role("status")).to_have_text("Envoi de plan.png…")
    expect(bar).to_be_visible()
    page.wait_for_function(
        "() => { const value = document.querySelector('dialog[open] progress').value; return value > 0 && value < 1; }"
    )
    halfway = bar.evaluate("bar => bar.value")
    page.wait_for_function(
        "value => document.querySelector('dialog[open] progress').value > value", arg=halfway
    )
    dialog.get_by_label("Texte de remplacement").fill("Un plan")
    dialog.get_by_role("button", name="Insérer").click()
    expect(dialog.get_by_role("alert")).to_contain_text("n’est pas encore arrivée")
    proxy.restore()
    expect(dialog.get_by_role("status")).to_have_text("plan.png est enregistrée.", timeout=30_000)
    expect(bar).to_be_hidden()
    dialog.get_by_role("button", name="Insérer").click()
    expect(page.locator("[data-editor] figure img")).to_have_attribute("alt", "Un plan")
    saved(page)


def test_a_large_paste_goes_by_the_wide_door(
    scene: Scene, server: LiveServer, context: BrowserContext
) -> None:
    """More than a stroke may hold: 300 kB and 9,000 structs; and a letter goes by the narrow one."""
    sent: list[str] = []

    def watch(socket: WebSocket) -> None:
        socket.on("framesent", lambda frame: sent.append(frame) if isinstance(frame, str) else None)

    page = context.new_page()
    page.on("websocket", watch)
    page.goto(f"{server.url}/brouillons/{scene.draft_id}")
    page.wait_for_selector("html[data-synced]")
    copy(context, text="\n\n".join(f"Ligne {n} : {'des mots ' * 10}" for n in range(3000)))
    caret_at_the_very_end(page)
    paste(page)
    saved_soon(page)
    strokes = [frame for frame in sent if '"update",{' in frame]
    assert strokes and all('"bulk":true' in frame for frame in strokes), [frame[:120] for frame in strokes]
    assert len(stored(scene.draft_id)) > 2900
    sent.clear()
    page.keyboard.type("x")
    saved_soon(page)
    assert [frame for frame in sent if '"update",{' in frame] and not any(
        '"bulk":true' in frame for frame in sent
    )


def saved_soon(page: Page) -> None:
    """As `saved`, for what a child process tries first."""
    page.wait_for_timeout(300)
    expect(page.locator("[data-save-state]")).to_have_attribute("data-save-state", "saved", timeout=60_000)


def test_an_open_menu_follows_the_text(
    scene: Scene, server: LiveServer, context: BrowserContext, profile: Callable[..., BrowserContext]
) -> None:
    ana = open_draft(context, server.url, scene.draft_id)
    ben = open_draft(profile(scene.ben, server.url), server.url, scene.draft_id)
    caret_at_the_very_end(ana)
    ana.locator("[data-tool=style]").click()
    menu = ana.locator("[role=menu]:not([hidden])")
    expect(menu.get_by_role("menuitemradio", name="Paragraphe")).to_be_checked()
    expect(menu.get_by_role("menuitemradio", name="Paragraphe")).to_be_focused()
    caret_at_the_very_end(ben)
    ben.keyboard.press("Control+Alt+2")
    expect(menu.get_by_role("menuitemradio", name="Titre 2")).to_be_checked()
    expect(menu.get_by_role("menuitemradio", name="Paragraphe")).not_to_be_checked()
    expect(menu.get_by_role("menuitemradio", name="Paragraphe")).to_be_focused()
    ana.keyboard.press("Escape")
    expect(menu).to_have_count(0)
