"""Two people write one text in two real browsers: together, through a crash, offline, and without WebSockets."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from app.db import reading
from drafts import document, log
from tests.journeys.conftest import open_draft
from tests.journeys.hands import STATE, caret_at_end, same_text, saved, text_of
from tests.proxy import Line

pytestmark = pytest.mark.alone


def stored(draft_id: int) -> str:
    with reading():
        return document.plain_text(log.load(draft_id).tree)


@pytest.fixture
def table(scene, server, profile):
    ana = open_draft(profile(scene.ana, server.url), server.url, scene.draft_id)
    ben = open_draft(profile(scene.ben, server.url), server.url, scene.draft_id)
    return ana, ben


def test_one_paragraph_written_by_two_at_once(scene, table):
    ana, ben = table
    expect(ana.locator("[data-person]")).to_have_count(2)
    expect(ben.locator("[data-people]")).to_contain_text(scene.ana.name)
    expect(ana.locator("[data-people]")).to_contain_text("Province Nord")
    caret_at_end(ana, "p")
    ben.locator("[data-editor] p").first.click()
    ben.keyboard.press("Home")
    ben.wait_for_timeout(150)
    for left, right in zip(" écrit au sud", "Au nord, oui. ", strict=False):
        ana.keyboard.type(left)
        ben.keyboard.type(right)
    # An accent by dead key reaches the page as a composition, which the editor must let through.
    session = ana.context.new_cdp_session(ana)
    session.send("Input.imeSetComposition", {"text": "^", "selectionStart": 1, "selectionEnd": 1})
    session.send("Input.insertText", {"text": "ê"})
    ana.keyboard.type("tre")
    ana.keyboard.press("Enter")
    ana.get_by_role("button", name="Gras").click()
    ana.keyboard.type("en gras")
    ana.keyboard.press("Enter")
    ana.get_by_role("button", name="Liste à puces").click()
    ana.keyboard.type("un point")
    saved(ana), saved(ben)
    text = same_text(ana, ben)
    assert "Au nord, oui" in text and "écrit au sud" in text and "être" in text
    expect(ben.locator("[data-editor] strong")).to_have_text("en gras")
    expect(ben.locator("[data-editor] li")).to_have_text("un point")
    assert "un point" in stored(scene.draft_id)


def test_a_link_is_made_by_keyboard_and_a_dangerous_one_is_refused(scene, table):
    ana, ben = table
    caret_at_end(ana, "p")
    ana.keyboard.type(" mairie")
    for _ in "mairie":
        ana.keyboard.press("Shift+ArrowLeft")
    ana.keyboard.press("Control+k")
    field = ana.get_by_role("dialog").get_by_role("textbox")
    field.fill("javascript:alert(1)")
    ana.keyboard.press("Enter")
    expect(ana.get_by_role("dialog")).to_be_visible()
    field.fill("https://mairie.example/")
    ana.keyboard.press("Enter")
    expect(ben.locator("[data-editor] a")).to_have_attribute("href", "https://mairie.example/")
    saved(ana)


def test_saved_is_said_only_after_the_acknowledgement(scene, server, profile, proxy):
    ana = open_draft(profile(scene.ana, proxy.url), proxy.url, scene.draft_id)
    saved(ana)
    caret_at_end(ana, "p")
    proxy.cut()
    ana.keyboard.type(" jamais arrivé")
    ana.wait_for_timeout(1500)
    assert ana.get_attribute(STATE, "data-save-state") in ("offline", "saving")
    assert "jamais arrivé" not in stored(scene.draft_id)
    proxy.restore()
    saved(ana)
    assert stored(scene.draft_id).count("jamais arrivé") == 1


def test_kill_dash_nine_in_mid_typing(scene, server, table):
    ana, ben = table
    caret_at_end(ana, "p")
    caret_at_end(ben, ".lead, [data-editor] p")
    ana.keyboard.type(" avant la panne", delay=15)
    saved(ana)
    for number, letter in enumerate("pendant la panne"):
        ana.keyboard.type(letter)
        ben.keyboard.type("x")
        if number == 6:
            server.kill()
    acknowledged = stored(scene.draft_id)
    assert "avant la panne" in acknowledged
    server.start()
    saved(ana), saved(ben)
    text = same_text(ana, ben)
    assert text.replace("x", "").count("pendant la panne") == 1 and text.count("x") - text.count("xte") >= 16
    assert "avant la panne" in text


def test_offline_for_a_while_nothing_is_lost(scene, server, profile, proxy):
    ana = open_draft(profile(scene.ana, proxy.url), proxy.url, scene.draft_id)
    ben = open_draft(profile(scene.ben, server.url), server.url, scene.draft_id)
    caret_at_end(ana, "p")
    proxy.cut()
    ana.keyboard.type(" écrit sans réseau", delay=5)
    expect(ana.locator(STATE)).to_have_attribute("data-save-state", "offline", timeout=15_000)
    ben.locator("[data-editor] p").first.click()
    ben.keyboard.press("Home")
    ben.wait_for_timeout(150)
    ben.keyboard.type("Pendant ce temps, ", delay=5)
    saved(ben)
    proxy.restore()
    saved(ana)
    text = same_text(ana, ben)
    assert text.count("écrit sans réseau") == 1 and text.count("Pendant ce temps, ") == 1


def test_an_offline_tab_closed_and_opened_again(scene, server, profile, proxy):
    context = profile(scene.ana, proxy.url)
    ana = open_draft(context, proxy.url, scene.draft_id)
    caret_at_end(ana, "p")
    ana.keyboard.type(" su", delay=10)
    saved(ana)
    proxy.cut()
    ana.keyboard.type(" gardé sur cet appareil", delay=10)
    expect(ana.locator(STATE)).to_have_attribute("data-save-state", "offline", timeout=15_000)
    ana.close()
    assert "gardé sur cet appareil" not in stored(scene.draft_id)
    proxy.restore()
    again = open_draft(context, proxy.url, scene.draft_id)
    saved(again)
    assert stored(scene.draft_id).count(" su gardé sur cet appareil") == 1
    assert text_of(again).count("gardé sur cet appareil") == 1


# Keeps every other writer of the device's store waiting until `window.letGo` is set.
HOLD_THE_DEVICE = """() => new Promise((resolve, reject) => {
    const request = indexedDB.open('open-lab');
    request.onerror = () => reject(request.error);
    request.onsuccess = () => {
        const store = request.result.transaction('strokes', 'readwrite').objectStore('strokes');
        const again = () => { if (!window.letGo) store.count().onsuccess = again; };
        again();
        resolve();
    };
})"""


def test_kept_on_this_device_is_only_said_of_what_is_on_the_device(scene, server, profile, proxy):
    context = profile(scene.ana, proxy.url)
    ana = open_draft(context, proxy.url, scene.draft_id)
    caret_at_end(ana, "p")
    ana.evaluate(HOLD_THE_DEVICE)
    proxy.cut()
    ana.keyboard.type(" pas encore", delay=10)
    expect(ana.locator(STATE)).to_contain_text("mises à l’abri", timeout=15_000)
    expect(ana.locator(STATE)).to_have_attribute("data-save-state", "saving")
    ana.evaluate("window.letGo = true")
    expect(ana.locator(STATE)).to_have_attribute("data-save-state", "offline", timeout=15_000)
    expect(ana.locator(STATE)).to_contain_text("sur cet appareil")
    ana.close()
    proxy.restore()
    again = open_draft(context, proxy.url, scene.draft_id)
    saved(again)
    assert stored(scene.draft_id).count(" pas encore") == 1


@pytest.mark.parametrize("line", [Line.NO_WEBSOCKET, Line.MUTE_WEBSOCKET])
def test_where_websockets_do_not_pass(scene, server, profile, proxy, line):
    proxy.line = line
    ana = open_draft(profile(scene.ana, proxy.url), proxy.url, scene.draft_id)
    ben = open_draft(profile(scene.ben, server.url), server.url, scene.draft_id)
    caret_at_end(ana, "p")
    ana.keyboard.type(" par un chemin détourné", delay=10)
    saved(ana)
    ben.locator("[data-editor] p").first.click()
    ben.keyboard.press("Home")
    ben.wait_for_timeout(150)
    ben.keyboard.type("Vu : ", delay=10)
    saved(ben)
    assert "par un chemin détourné" in same_text(ana, ben)
    assert proxy.refused_websockets or proxy.muted_websockets
    proxy.cut()
    ana.keyboard.type(" puis sans rien", delay=10)
    expect(ana.locator(STATE)).to_have_attribute("data-save-state", "offline", timeout=20_000)
    ben.keyboard.type("encore, ", delay=10)
    saved(ben)
    proxy.line = line
    saved(ana)
    text = same_text(ana, ben)
    assert text.count("puis sans rien") == 1 and text.count("encore, ") == 1


def test_on_a_shared_computer_nothing_stays_on_the_device(scene, server, browser, proxy):
    from app.accounts import service as accounts
    from app.db import unit_of_work

    with unit_of_work():
        token = accounts.sign_in(scene.ana.id, shared_computer=True).token
    context = browser.new_context(locale="fr-FR")
    context.add_cookies([{"name": "openlab", "value": token, "url": proxy.url}])
    ana = open_draft(context, proxy.url, scene.draft_id)
    caret_at_end(ana, "p")
    proxy.cut()
    ana.keyboard.type(" secret")
    ana.wait_for_timeout(1000)
    kept = ana.evaluate("async () => (await indexedDB.databases()).length")
    assert kept == 0
    proxy.restore()
    saved(ana)
    context.close()
