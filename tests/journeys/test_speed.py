"""Writing stays quick: a text of 100,000 characters with four others at it, a slow line, and the weight of the scripts."""

from __future__ import annotations

import gzip
import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, Page

from app.db import session, unit_of_work
from config import ROOT
from drafts.queries import draft_numbered
from labs.models import Lab
from tests import makers
from tests.journeys.conftest import open_draft
from tests.journeys.hands import saved
from tests.journeys.test_axe import block
from tests.live_server import LiveServer
from tests.scenes import Scene, token_for
from tests.table_client import TableClient

pytestmark = pytest.mark.alone

SCRIPTS_MOST = 160_000
SENTENCE = "On se présente au guichet de la mairie avec une pièce d’identité et un justificatif de domicile. "
# 400 kbit/s and 150 ms: a weak mobile line.
WEAK_LINE = {"offline": False, "latency": 150, "downloadThroughput": 50_000, "uploadThroughput": 25_000}
# What others do to the machine in the meantime is not the editor's: the best of so many tries counts.
TRIES = 3

SYNCED_AT = """
new MutationObserver(() => {
    if (document.documentElement?.dataset.synced !== undefined) window.syncedAt ??= performance.now();
}).observe(document, {subtree: true, attributes: true, attributeFilter: ['data-synced']});
"""
# From the key to the frame that shows it.
KEYS = """
window.keyTimes = [];
addEventListener('keydown', () => {
    const began = performance.now();
    requestAnimationFrame(() => {
        const {port1, port2} = new MessageChannel();
        port1.onmessage = () => keyTimes.push(performance.now() - began);
        port2.postMessage(null);
    });
}, true);
"""


def text_of_length(characters: int) -> list[dict[str, Any]]:
    each = SENTENCE * 5
    found: list[dict[str, Any]] = []
    for number in range(characters // len(each)):
        if number % 10 == 0:
            found.append(block("heading", f"h{number}", f"Partie {number // 10 + 1}", level=2))
        found.append(block("paragraph", f"p{number}", each))
    return found


@pytest.fixture
def make(scene: Scene) -> Callable[..., int]:
    def draft(title: str, tree: list[dict[str, Any]]) -> int:
        with unit_of_work():
            lab = session().get_one(Lab, scene.lab_id)
            lead = draft_numbered(scene.draft_id).article.lead
            return makers.make_draft(scene.ana, lab, lead, title=title, tree=tree).id

    return draft


@contextmanager
def others_typing(server: LiveServer, scene: Scene, draft_id: int, count: int = 4) -> Iterator[None]:
    """So many colleagues, each at about four strokes a second in a paragraph of their own."""
    stop = threading.Event()
    clients = [TableClient(server.url, token_for(scene.ben)).connect() for _ in range(count)]

    def type_on(client: TableClient, number: int) -> None:
        while not stop.wait(0.25):
            update = client.stroke(
                lambda content: content.children[5 + number * 7].children[0].insert(0, "x")
            )
            client.say("update", {"draft": draft_id, "update": update})

    for client in clients:
        assert client.join(draft_id)["ok"]
    threads = [threading.Thread(target=type_on, args=(one, n), daemon=True) for n, one in enumerate(clients)]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        stop.set()
        for thread in threads:
            thread.join(5)
        for client in clients:
            client.close()


def key_to_screen(page: Page, keys: int = 60) -> float:
    """95th percentile, milliseconds."""
    page.locator("[data-editor] p").last.click()
    page.wait_for_timeout(200)
    page.evaluate("keyTimes.length = 0")
    page.keyboard.type("ecrire au clavier " * (keys // 18 + 1), delay=40)
    page.wait_for_function("keys => keyTimes.length >= keys", arg=keys)
    times: list[float] = sorted(page.evaluate("keyTimes"))
    saved(page)
    return times[int(len(times) * 0.95)]


def test_a_long_text_with_four_others_is_as_quick_as_an_empty_one(
    scene: Scene, server: LiveServer, make: Callable[..., int], profile: Callable[..., BrowserContext]
) -> None:
    empty = make("Une feuille", [{"type": "paragraph", "attrs": {"id": "b1"}}])
    long = make("Un long texte", text_of_length(100_000))
    context = profile(scene.ana, server.url)
    context.add_init_script(KEYS)
    measured = []
    for _ in range(TRIES):
        page = open_draft(context, server.url, empty)
        alone = key_to_screen(page)
        page.close()
        with others_typing(server, scene, long):
            page = open_draft(context, server.url, long)
            together = key_to_screen(page)
            page.close()
        measured.append((alone, together))
        # Within one frame of a screen nobody sees a difference.
        if together <= max(2 * alone, 34):
            return
    raise AssertionError(f"key to screen, p95 in ms (empty, long): {measured}")


def test_a_long_text_is_there_within_a_second(
    scene: Scene, server: LiveServer, make: Callable[..., int], profile: Callable[..., BrowserContext]
) -> None:
    long = make("Un long texte", text_of_length(100_000))
    context = profile(scene.ana, server.url)
    context.add_init_script(SYNCED_AT)
    times = []
    for _ in range(TRIES + 1):
        page = open_draft(context, server.url, long)
        times.append(page.evaluate("window.syncedAt"))
        page.close()
    assert min(times) < 1_000, times


def test_on_a_weak_line_one_reads_in_two_seconds_and_writes_in_six(
    scene: Scene, server: LiveServer, make: Callable[..., int], profile: Callable[..., BrowserContext]
) -> None:
    draft_id = make("Un texte", text_of_length(15_000))
    context = profile(scene.ana, server.url)
    context.add_init_script(SYNCED_AT)
    measured = []
    for _ in range(TRIES):
        page = context.new_page()
        line = context.new_cdp_session(page)
        line.send("Network.enable")
        line.send("Network.setCacheDisabled", {"cacheDisabled": True})
        line.send("Network.emulateNetworkConditions", WEAK_LINE)
        page.goto(f"{server.url}/brouillons/{draft_id}", wait_until="commit")
        page.wait_for_selector("html[data-synced]")
        readable = page.evaluate("performance.getEntriesByName('first-contentful-paint')[0].startTime")
        measured.append((readable, page.evaluate("window.syncedAt")))
        page.close()
        if measured[-1][0] < 2_000 and measured[-1][1] < 6_000:
            return
    raise AssertionError(f"first words and first stroke, ms: {measured}")


def test_the_scripts_of_the_editor_stay_light() -> None:
    """What a page of a draft loads by itself; a dialogue that asks the server is fetched when it is wanted."""
    folder = ROOT / "app" / "static" / "dist"
    names = ["editor.js", *json.loads((folder / "manifest.json").read_text())["editor.js+"]]
    sizes = {name: len(gzip.compress((folder / name).read_bytes(), 9)) for name in names}
    assert sum(sizes.values()) <= SCRIPTS_MOST, sizes


def test_the_page_loads_those_scripts_and_no_others(scene, server, profile) -> None:
    page = open_draft(profile(scene.ana, server.url), server.url, scene.draft_id)
    loaded = page.evaluate("performance.getEntriesByType('resource').map(one => one.name)")
    manifest = json.loads((ROOT / "app" / "static" / "dist" / "manifest.json").read_text())
    wanted = {manifest["editor.js"], *manifest["editor.js+"]}
    assert {name.rsplit("/", 1)[1] for name in loaded if name.endswith(".js")} == wanted
