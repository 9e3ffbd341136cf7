"""Hostile words in every column that holds words, on every page there is, in Chromium: nothing runs, nothing leaves.

The columns are found by walking the models, the pages by walking the routes: what is added tomorrow is in it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from xml.etree import ElementTree

import pytest
import sqlalchemy as sa
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, expect

from app.accounts.models import Person
from app.db import Base, database, session, unit_of_work
from app.factory import create_app
from app.policy import ANONYMOUS, Actor
from config import Settings
from drafts import service as drafts
from drafts.models import Draft
from tests.house.full_house import FullHouse, address, build, line_of, methods, rules
from tests.house.test_guards import written
from tests.journeys.test_hostile_desk import INTRUDERS, MORE, WATCH, watched
from tests.live_server import LiveServer
from tests.publish.test_hostile import STRINGS

INTRUDER = "<img src=x onerror=alert(1)>"
WORDS = [words.replace("\u0000", "").replace("\u0008", "") for words in [*STRINGS, *MORE]]
# Not words of anybody: what the house computes, addresses that things are found by, marks of the worker, frozen evidence.
NOT_WORDS = {
    "stored_page", "touched_page", "alembic_version", "audit_entry", "audit_seal", "draft_update", "checkpoint", "outbox",
    "sign_in", "sign_in_failure", "search_word", "posting", "edition_evidence", "refusal",
}  # fmt: skip
NOT_WORDS_NAMES = (
    "slug", "digest", "key", "token", "fingerprint", "path", "hash", "email", "uid", "code", "mark", "canonical", "html",
    "block_id", "public_id", "csp", "location", "etag", "history", "version", "recipient", "schema", "locale", "confined_to",
    "theme", "life_event", "audience", "territor", "state", "kind", "status", "stage", "reader", "body", "lang", "document",
)  # fmt: skip


def words_columns() -> Iterator[tuple[sa.Table, sa.Column[str]]]:
    for table in Base.metadata.sorted_tables:
        if table.name in NOT_WORDS:
            continue
        for column in table.columns:
            # `Word` is a TypeDecorator over a string, and no word of a person.
            if (
                isinstance(column.type, sa.String)
                and not column.primary_key
                and not column.foreign_keys
                and not any(part in column.name for part in NOT_WORDS_NAMES)
            ):
                yield table, column


def poison() -> list[str]:
    """Write into every column of words what an attacker would; the names of those that took it."""
    taken = []
    with unit_of_work() as current:
        for table, column in words_columns():
            length = getattr(column.type, "length", None)
            for number, words in enumerate(WORDS):
                some = (
                    sa.literal_column("rowid") if current.bind.dialect.name == "sqlite" else sa.literal(0)
                ) % len(WORDS)
                fits = words[:length] if length else words
                try:
                    with current.begin_nested():
                        done = current.execute(
                            sa.update(table)
                            .where(some == number, column.is_not(None))
                            .values({column.name: fits})
                        )
                    if done.rowcount and f"{table.name}.{column.name}" not in taken:
                        taken.append(f"{table.name}.{column.name}")
                except sa.exc.DBAPIError:
                    pass  # the database itself says no to these words, here
        current.execute(sa.text("DELETE FROM touched_page"))
        current.execute(sa.text("DELETE FROM stored_page"))
    return taken


@pytest.fixture(scope="module")
def house(live_settings: Settings) -> Iterator[FullHouse]:
    made = build(create_app(live_settings), live_settings)
    with unit_of_work():
        draft = session().get_one(Draft, made.own.things["/brouillons"]["draft_id"])
        blocks = [
            {"type": "lead", "attrs": {"id": "b1"}, "content": [{"type": "text", "text": WORDS[0]}]}
        ] + [
            {"type": "paragraph", "attrs": {"id": f"p{number}"}, "content": [{"type": "text", "text": words}]}
            for number, words in enumerate(WORDS)
        ]
        drafts.replace_text(made.own.writer, draft, blocks)
    taken = poison()
    assert len(taken) > 30, taken
    assert {"person.name", "lab.title", "article.title", "comment.text", "wish.title"} & set(taken), taken
    yield made
    database().engine.dispose()


@pytest.fixture(scope="module")
def live(house: FullHouse, live_settings: Settings) -> Iterator[LiveServer]:
    server = LiveServer(live_settings.data_dir, live_settings.database_url).start()
    yield server
    server.stop()


def visits(house: FullHouse) -> dict[str, list[tuple[str, Actor]]]:
    """Which pages each person looks at: each page by the first stranger or agent who may, and by who leads."""
    rows, plan = written(), {name: [] for name in house.people}
    for rule in rules(house.app):
        if "GET" in methods(rule):
            letters = rows[line_of(rule, "GET")].split()[0]
            may = [name for name, letter in zip(house.people, letters, strict=True) if letter == "+"]
            if not may:  # a provider's way in, where there is none
                continue
            for name in {
                may[0],
                "the facilitator" if "the facilitator" in may and may[0] != "a visitor" else may[0],
            }:
                plan[name].append(address(house.app, rule, house.own.fill(rule)))
    return {name: [(path, house.people[name]) for path in paths] for name, paths in plan.items() if paths}


def sit(browser: Browser, house: FullHouse, actor: Actor, url: str) -> BrowserContext:
    context = browser.new_context(locale="fr-FR")
    context.set_default_timeout(20_000)
    context.add_init_script(WATCH)
    if actor is not ANONYMOUS:
        name, _equals, value = house.cookie_of(actor)["Cookie"].partition("=")
        context.add_cookies([{"name": name, "value": value, "url": url}])
    return context


def hear(page: Page, seen: list[str]) -> None:
    """What the browser says aloud about a policy that was broken."""

    def said(message: ConsoleMessage) -> None:
        if "Content Security" in message.text or "Trusted" in message.text:
            seen.append(message.text)

    page.on("console", said)


def look(page: Page, url: str, path: str) -> list[str]:
    """What is wrong on one page, or with one file."""
    answer = page.context.request.get(f"{url}{path}", max_redirects=0)
    kind, text = answer.headers.get("content-type", ""), answer.text() if answer.status == 200 else ""
    if answer.status >= 500:
        return [f"{path}: {answer.status}"]
    if "json" in kind:
        for line in filter(None, text.split("\n")) if path.endswith(".jsonl") else [text or "{}"]:
            json.loads(line)
    elif "xml" in kind and text:
        ElementTree.fromstring(text)
    elif "csv" in kind:
        # What a spreadsheet would compute stands behind an apostrophe, or is no cell's beginning.
        return [
            f"{path}: a formula {cell!r}"
            for line in text.splitlines()
            for cell in line.split(";")
            if cell.lstrip('"').startswith(("=", "@"))
        ]
    elif "html" in kind and answer.status in (200, 404, 422):
        page.goto(f"{url}{path}")
        found = [*page.evaluate("window.broken"), *page.evaluate(INTRUDERS)]
        # A picture of ours, and the editor's own.
        return [
            f"{path}: {one}"
            for one in found
            if not one.startswith(
                ('<img src="/images/', '<img src="/aide/images/', '<img class="ProseMirror')
            )
        ]
    return []


def test_hostile_words_in_every_column_stay_words_on_every_page(
    browser: Browser, house: FullHouse, live: LiveServer
) -> None:
    wrong: list[str] = []
    count = 0
    for pages in visits(house).values():
        context = sit(browser, house, pages[0][1], live.url)
        page = context.new_page()
        seen = watched(page, live.url)
        hear(page, seen)
        for path, _actor in pages:
            wrong += look(page, live.url, path)
            wrong += [f"{path}: {what}" for what in seen]
            seen.clear()
            count += 1
        context.close()
    assert not wrong, "\n".join(wrong)
    assert count > 100


def test_hostile_names_at_a_table_stay_names(browser: Browser, house: FullHouse, live: LiveServer) -> None:
    """The name of a person, from their account or a provider's claim, in the list of who is there and at their cursor."""
    own = house.own
    people = list(zip((own.leader, own.writer), ("<script>alert(1)</script>", INTRUDER), strict=True))
    with unit_of_work():
        for actor, name in people:
            session().get_one(Person, actor.id).name = name
    contexts = [sit(browser, house, actor, live.url) for actor, _name in people]
    pages = [context.new_page() for context in contexts]
    seen = [watched(page, live.url) for page in pages]
    for page, heard in zip(pages, seen, strict=True):
        hear(page, heard)
        page.goto(f"{live.url}/brouillons/{own.things['/brouillons']['draft_id']}")
        page.wait_for_selector("html[data-synced]")
    for page in pages:
        page.locator("[data-editor] p").first.click()
    first, second = pages
    expect(first.locator("[data-person]")).to_have_count(2)
    expect(second.locator(".cursor-name").first).to_be_attached()
    for page, (_actor, other) in zip(pages, reversed(people), strict=True):
        expect(page.locator(".cursor-name").first).to_have_attribute("data-name", other)
        assert page.evaluate("window.broken") == []
        assert page.locator("script:not([src]):not([nonce]), img[onerror]").count() == 0
    assert seen == [[], []]
    for context in contexts:
        context.close()


@pytest.mark.parametrize("room", ["table", "séance", "espace"])
def test_no_script_makes_markup_out_of_words(
    browser: Browser, house: FullHouse, live: LiveServer, room: str
) -> None:
    """Trusted Types hold in the editor and in the room, with what they need and no more."""
    draft, lab = house.own.things["/brouillons"]["draft_id"], house.own.things["/labs"]
    path, own = {
        "table": (f"/brouillons/{draft}", "ProseMirrorClipboard"),
        "séance": (f"/labs/{lab['slug']}/seances/{lab['session_id']}", "openlab-passage"),
        "espace": ("/espace", ""),
    }[room]
    context = sit(browser, house, house.own.leader, live.url)
    page = context.new_page()
    page.goto(f"{live.url}{path}")
    if room == "table":
        page.wait_for_selector("html[data-synced]")
    assert page.evaluate("window.broken") == []
    tried = page.evaluate(
        """own => [
            () => { document.body.innerHTML = '<b>mots</b>'; },
            () => { document.createElement('script').src = '/static/app.css'; },
            () => { new DOMParser().parseFromString('<b>', 'text/html'); },
            () => { trustedTypes.createPolicy('default', { createHTML: text => text }); },
            () => { trustedTypes.createPolicy('ailleurs', { createHTML: text => text }); },
        ].map(act => { try { act(); return true; } catch { return false; } })""",
        own,
    )
    assert tried == [False] * len(tried)
    context.close()
