"""Each refusal in a browser: two strokes later everybody reads the same, and what will never be sent can be copied.

The refusals are the server's own answers to bytes that were changed on their way, or to rights that ended while a
stroke was on its way. Three are given in its stead: `stale`, which it has no use for as long as it seats people again
silently, and the two of a full or failing server (which really fails in test_hard_times.py).
"""

from __future__ import annotations

import json
import re
import time
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pycrdt
import pytest
from playwright.sync_api import Page, Route, expect

from app import clock
from app.accounts import service as accounts
from app.accounts.models import Person
from app.db import session, unit_of_work
from drafts import bin as bin_
from drafts.gate import STROKE
from drafts.grammar import GRAMMAR
from drafts.models import Draft
from labs import service as labs
from labs.models import Lab
from labs.roles import Right
from tests.journeys.conftest import open_draft
from tests.journeys.hands import STATE, caret_at_end, caret_at_the_very_end, same_text, saved, text_of
from tests.journeys.wiretap import Held, Wiretap, written_by
from tests.live_server import LiveServer
from tests.scenes import Scene, token_for
from tests.table_client import TableClient

SOON = 15_000


@dataclass
class Desk:
    """Ana behind a wiretap, Ben on a clear line, at one draft."""

    scene: Scene
    server: LiveServer
    tap: Wiretap
    ana: Page
    ben: Page

    def type_and_hold(self, words: str) -> None:
        """Ana types, and nothing of it reaches the server yet."""
        self.tap.hold()
        self.ana.keyboard.type(words, delay=30)
        self.ana.wait_for_timeout(100)

    def go_on(self) -> str:
        """Two further strokes of Ana's, one of Ben's; then everybody has the same text, which is returned."""
        caret_at_end(self.ana, "p")
        for words in (" primo", " secundo"):
            self.ana.keyboard.type(words)
            saved(self.ana)
        caret_at_end(self.ben, "p")
        self.ben.keyboard.type(" tertio")
        saved(self.ben)
        text = same_text(self.ana, self.ben)
        assert squeezed(text) == squeezed(self.by_api()) == squeezed(self.by_program())
        for words in (" avant", " primo", " secundo", " tertio"):
            assert text.count(words) == 1
        return text

    def by_api(self) -> str:
        address = f"{self.server.url}/api/v1/drafts/{self.scene.draft_id}"
        asked = urllib.request.Request(
            address, headers={"Cookie": f"openlab={token_for(self.scene.facilitator)}"}
        )
        with urllib.request.urlopen(asked, timeout=10) as answer:
            return "\n".join(words_in(block) for block in json.load(answer)["blocks"])

    def by_program(self) -> str:
        program = TableClient(self.server.url, token_for(self.scene.facilitator)).connect()
        assert program.join(self.scene.draft_id)["ok"]
        text = program.text()
        program.close()
        return text


def words_in(node: dict[str, Any]) -> str:
    return node.get("text", "") + "".join(words_in(child) for child in node.get("content", ()))


def squeezed(text: str) -> str:
    return "".join(text.split())


@pytest.fixture
def desk(scene, server, profile):
    context = profile(scene.ana, server.url)
    tap = Wiretap().on(context)
    ana = open_draft(context, server.url, scene.draft_id)
    ben = open_draft(profile(scene.ben, server.url), server.url, scene.draft_id)
    caret_at_end(ana, "p")
    ana.keyboard.type(" avant")
    saved(ana)
    return Desk(scene, server, tap, ana, ben)


def offered(page: Page, words: str, why: str) -> None:
    expect(page.get_by_role("textbox", name="Texte non envoyé")).to_have_value(words, timeout=SOON)
    expect(page.get_by_role("heading", name="Non envoyé — copier")).to_be_visible()
    expect(page.locator("[data-unsent]")).to_contain_text(why)
    assert page.get_attribute(STATE, "data-save-state") == "refused"


# --- those that pass ------------------------------------------------------------------------------------------


def lost(_stroke: Held) -> None:
    """The next one builds on a stroke that never came."""


def refused_with(code: str) -> Callable[[Held], None]:
    return lambda stroke: stroke.answer(code)


@pytest.mark.parametrize("code", ["resync", "stale", "rate_limited", "unavailable"])
def test_what_passes_keeps_the_strokes_and_sends_them_again_in_order(desk, code):
    desk.type_and_hold(" gardé")
    assert len(desk.tap.held) > 1
    writer = desk.tap.writers[-1]
    desk.tap.release(lost if code == "resync" else refused_with(code))
    saved(desk.ana)
    assert code != "resync" or "resync" in desk.tap.refusals
    assert desk.go_on().count(" avant gardé primo") == 1
    assert set(desk.tap.writers) == {writer}
    expect(desk.ana.locator("[data-unsent]")).to_be_hidden()


# --- those that are final: the stroke -------------------------------------------------------------------------


def broken(_desk: Desk, stroke: Held) -> bytes:
    return stroke.update + b"\x01"


def another_hand(desk: Desk, stroke: Held) -> bytes:
    program = TableClient(desk.server.url, token_for(desk.scene.facilitator)).connect()
    people = program.join(desk.scene.draft_id)["people"]
    program.close()
    (ben,) = (guest["client_id"] for guest in people if guest["name"] == desk.scene.ben.name)
    return written_by(stroke.update, ben)


def unknown_node(desk: Desk, _stroke: Held) -> bytes:
    """What an editor with another grammar would write: under Ana's own id, on the text as it is."""
    program = TableClient(desk.server.url, token_for(desk.scene.facilitator)).connect()
    program.join(desk.scene.draft_id)
    doc: pycrdt.Doc = pycrdt.Doc(client_id=desk.tap.writers[-1])
    content = doc.get("content", type=pycrdt.XmlFragment)
    doc.apply_update(program.doc.get_update())
    program.close()
    before = doc.get_state()
    content.children.append(pycrdt.XmlElement("marquee"))
    return doc.get_update(before)


def inflated(_desk: Desk, stroke: Held) -> bytes:
    return stroke.update + bytes(STROKE.size)


@pytest.mark.parametrize(
    ("code", "forge", "why"),
    [
        ("malformed", broken, "n’a pas été comprise"),
        ("forged", another_hand, "n’était pas signée de votre nom"),
        ("schema", unknown_node, "une forme de texte inconnue"),
        ("too_large", inflated, "est trop grande"),
    ],
)
def test_a_stroke_that_will_never_be_taken_is_given_back(desk, code, forge, why):
    desk.type_and_hold(" refusé")
    before = desk.tap.writers[-1]
    desk.tap.release(lambda stroke: stroke.go(forge(desk, stroke)))
    offered(desk.ana, " refusé", why)
    assert desk.tap.refusals[0] == code
    expect(desk.ana.locator("[data-editor]")).to_have_attribute("contenteditable", "true")
    assert " avant" in text_of(desk.ana) and "refusé" not in text_of(desk.ana)
    sent = len(desk.tap.writers)
    assert "refusé" not in desk.go_on()
    assert before not in desk.tap.writers[sent:], (
        "a document that was refused something is written under no more"
    )
    # The words are still there to be copied; what is shown is what the clipboard gets.
    expect(desk.ana.get_by_role("textbox", name="Texte non envoyé")).to_have_value(" refusé")
    desk.ana.get_by_role("button", name="Fermer").click()
    expect(desk.ana.locator("[data-unsent]")).to_be_hidden()


# --- those that are final: the person --------------------------------------------------------------------------


def give(scene: Scene, right: Right) -> None:
    with unit_of_work():
        lab, person = session().get_one(Lab, scene.lab_id), session().get_one(Person, scene.ana.id)
        labs.change_right(scene.facilitator, lab, person, right)


def test_the_right_to_write_ends_under_ones_hands_and_comes_back(desk):
    desk.type_and_hold(" refusé")
    give(desk.scene, Right.READ)
    desk.tap.release(Held.go)
    offered(desk.ana, " refusé", "vous n’avez plus le droit d’écrire")
    expect(desk.ana.locator("[data-editor]")).to_have_attribute("contenteditable", "false", timeout=SOON)
    assert "refusé" not in text_of(desk.ana)
    give(desk.scene, Right.WRITE)
    expect(desk.ana.locator("[data-editor]")).to_have_attribute("contenteditable", "true", timeout=SOON)
    assert "refusé" not in desk.go_on()


def test_the_draft_is_put_away_under_ones_hands_and_fetched_back(desk):
    desk.type_and_hold(" refusé")
    with unit_of_work():
        bin_.put_away(desk.scene.facilitator, session().get_one(Draft, desk.scene.draft_id))
    desk.tap.release(Held.go)
    offered(desk.ana, " refusé", "n’est plus accessible")
    expect(desk.ana.locator("[data-editor]")).to_have_count(0)
    with unit_of_work():
        lab = session().get_one(Lab, desk.scene.lab_id)
        bin_.restore(desk.scene.facilitator, lab, desk.scene.draft_id)
    for page in (desk.ana, desk.ben):
        page.reload()
        page.wait_for_selector("html[data-synced]")
    assert "refusé" not in desk.go_on()


def test_the_sign_in_ends_elsewhere_and_a_new_one_brings_the_words(desk):
    desk.type_and_hold(" en route")
    with unit_of_work():
        accounts.end_all(desk.scene.ana.id)
    desk.tap.release(Held.go)
    offered(desk.ana, " en route", "votre session est terminée")
    expect(desk.ana.locator("[data-unsent]")).to_contain_text("Cet appareil le garde et l’enverra")
    expect(desk.ana.locator("[data-editor]")).to_have_attribute("contenteditable", "false")
    assert "en route" not in text_of(desk.ben)
    desk.ana.context.add_cookies(
        [{"name": "openlab", "value": token_for(desk.scene.ana), "url": desk.server.url}]
    )
    desk.ana.reload()
    desk.ana.wait_for_selector("html[data-synced]")
    saved(desk.ana)
    assert desk.go_on().count(" en route") == 1


# --- an editor older than the text -----------------------------------------------------------------------------


def test_a_program_with_an_older_grammar_gets_no_text(desk):
    program = TableClient(desk.server.url, token_for(desk.scene.facilitator)).connect()
    answer = program.join(desk.scene.draft_id, schema=GRAMMAR.schema - 1)
    assert answer["ok"] is False and answer["error"]["code"] == "schema"
    assert "update" not in answer and "state_vector" not in answer
    assert program.wait("reload") == {"draft": desk.scene.draft_id, "reason": "schema"}
    # It has no seat either: nothing it sends, a deletion of everything least of all, is taken.
    refused = program.ask("update", {"draft": desk.scene.draft_id, "update": b"\x00\x00"})
    assert refused["error"]["code"] == "resync"
    program.close()
    desk.go_on()


def test_an_old_bundle_is_loaded_again_once_and_then_asks_for_it(scene, server, profile):
    context = profile(scene.ana, server.url)
    loads = []

    def older(route: Route) -> None:
        answer = route.fetch()
        body, now = answer.text(), f"schema:{GRAMMAR.schema},"
        # The grammar stands in one of the parts that the page loads.
        if now not in body:
            route.fulfill(response=answer)
            return
        loads.append(clock.now())
        assert body.count(now) == 1
        # The name of the file holds its hash; these bytes are not those that may be kept for ever.
        headers = {**answer.headers, "cache-control": "no-store"}
        old = body.replace(now, f"schema:{GRAMMAR.schema - 1},")
        route.fulfill(response=answer, headers=headers, body=old)

    context.route(re.compile(r"/dist/[^/]+\.js$"), older)
    page = context.new_page()
    page.goto(f"{server.url}/brouillons/{scene.draft_id}")
    notice = page.get_by_role("alert").filter(has_text="Rechargez cette page")
    expect(notice).to_be_visible(timeout=SOON)
    assert len(loads) == 2, "once by itself"
    expect(page.locator(STATE)).to_contain_text("version trop ancienne")
    # The text is there to read, as the server wrote it, and nothing of it can be deleted.
    expect(page.locator("[data-editor-static]")).to_be_visible()
    expect(page.locator("[data-editor]")).to_have_count(0)
    words = page.locator("[data-editor-static]").inner_text()
    context.unroute_all()
    notice.get_by_role("button", name="Recharger la page").click()
    page.wait_for_selector("html[data-synced]")
    expect(notice).to_have_count(0)
    saved(page)
    assert squeezed(text_of(page)) == squeezed(words)
    ben = open_draft(profile(scene.ben, server.url), server.url, scene.draft_id)
    caret_at_end(page, "p")
    page.keyboard.type(" avant")
    saved(page)
    Desk(scene, server, Wiretap(), page, ben).go_on()


def test_the_grammar_grows_under_ones_hands(desk):
    desk.type_and_hold(" en route")
    desk.tap.says_old = True
    desk.tap.hang_up()
    offered(desk.ana, " en route", "Cet appareil le garde et l’enverra")
    notice = desk.ana.get_by_role("alert").filter(has_text="Rechargez cette page")
    expect(notice).to_contain_text("est gardé sur cet appareil")
    expect(desk.ana.locator("[data-editor]")).to_have_attribute("contenteditable", "false")
    assert " avant" in desk.by_api() and "en route" not in desk.by_api()
    desk.tap.says_old = False
    notice.get_by_role("button").click()
    expect(notice).to_have_count(0)
    desk.ana.wait_for_selector("html[data-synced]")
    saved(desk.ana)
    assert desk.go_on().count(" avant en route") == 1


# --- a line that says nothing, a server that goes and comes ------------------------------------------------------


def test_a_line_that_swallows_everything_is_said_left_and_the_stroke_is_there_once(desk):
    desk.tap.mute()
    began = time.monotonic()
    desk.ana.keyboard.type(" avalé")
    expect(desk.ana.locator(STATE)).to_have_attribute("data-save-state", "offline", timeout=20_000)
    # Ten seconds without an answer; the rest is this machine's.
    assert 8 < time.monotonic() - began < 16
    expect(desk.ana.locator(STATE)).to_contain_text("gardées sur cet appareil")
    assert "avalé" not in desk.by_api()
    expect(desk.ana.locator(STATE)).to_have_attribute("data-save-state", "saved", timeout=30_000)
    assert len(desk.tap.lines) == 2
    assert desk.go_on().count(" avant avalé primo") == 1


def test_the_server_stops_and_starts_while_two_type(desk):
    caret_at_the_very_end(desk.ben)
    server = desk.server
    for number in range(3):
        desk.ana.keyboard.type(f" a{number}", delay=10)
        desk.ben.keyboard.type(f" b{number}", delay=10)
        if number == 1:
            assert server.process is not None
            server.process.terminate()
    assert server.stop() == 0
    desk.ana.keyboard.type(" a3"), desk.ben.keyboard.type(" b3")
    expect(desk.ana.locator(STATE)).to_have_attribute("data-save-state", "offline")
    server.start()
    saved(desk.ana), saved(desk.ben)
    text = same_text(desk.ana, desk.ben)
    for writer in "ab":
        assert [text.count(f"{writer}{number}") for number in range(4)] == [1, 1, 1, 1], text
    desk.go_on()
