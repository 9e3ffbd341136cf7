"""A computer that people share: who sat there leaves nothing, however they leave: by the button, by closing, by going away."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import sqlalchemy as sa
from playwright.sync_api import BrowserContext, Page, expect

from app import seed
from tests.journeys.conftest import ARGUMENTS, chromium
from tests.journeys.demo import MAIN_DRAFT, Demo

WHO = "agent@province-nord.example"
# A session on a shared computer ends after 20 minutes without a sign of life.
AWAY = 21 * 60 * 1000
# What a browser writes on its own account: where one went, which no site can take back.
ITS_OWN = ("History", "Visited Links", "Top Sites", "Favicons", "Sessions", "Shortcuts")


@contextmanager
def computer(demo: Demo, folder: Path) -> Iterator[BrowserContext]:
    """The browser of an espace connecté: one profile for everybody, on a disk."""
    context = demo.browser.browser_type.launch_persistent_context(
        str(folder), executable_path=chromium(), args=ARGUMENTS, locale="fr-FR"
    )
    context.set_default_timeout(20_000)
    try:
        yield context
    finally:
        context.close()


def sign_in(demo: Demo, context: BrowserContext) -> Page:
    page = context.new_page()
    page.goto(f"{demo.url}/connexion")
    page.get_by_label("Adresse électronique").fill(WHO)
    page.get_by_label("Mot de passe").fill(seed.PASSWORD)
    page.get_by_label("Ce poste est partagé").check()
    page.get_by_role("button", name="Se connecter").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Mon espace")
    return page


def at_the_table(demo: Demo, context: BrowserContext) -> Page:
    page = context.new_page()
    page.goto(f"{demo.url}/espace")
    page.get_by_role("main").get_by_role("link", name=MAIN_DRAFT, exact=True).first.click()
    page.wait_for_selector("html[data-synced]")
    expect(page.locator("[data-editor]")).not_to_be_empty()
    return page


def shows_nothing_of_them(page: Page, name: str) -> None:
    expect(page.get_by_text(name)).to_have_count(0)
    expect(page.locator("[data-editor]")).to_have_count(0)
    assert MAIN_DRAFT not in page.locator("main").inner_text()


def keeps_nothing(page: Page) -> None:
    kept = page.evaluate(
        """async () => ({
            local: localStorage.length, session: sessionStorage.length,
            databases: (await indexedDB.databases()).length, caches: (await caches.keys()).length,
            workers: (await navigator.serviceWorker.getRegistrations()).length,
        })"""
    )
    assert kept == dict.fromkeys(("local", "session", "databases", "caches", "workers"), 0)


def by_the_button(demo: Demo, space: Page) -> None:
    space.get_by_role("button", name="Quitter ce poste").click()
    expect(space.get_by_role("heading", level=1)).to_have_text("Connexion des agents")


def by_going_away(demo: Demo, space: Page) -> None:
    """Nobody touches anything; the server ends the session, as it does by the clock."""
    url = sa.make_url(demo.server.environ["DATABASE_URL"])
    ended = "UPDATE sign_in SET expires_at = '2026-01-01 00:00:00.000000' WHERE shared_computer AND revoked_at IS NULL"
    if url.get_backend_name() == "sqlite":
        with sqlite3.connect(str(url.database), timeout=10) as line:
            line.execute(ended)
    else:
        with sa.create_engine(url).begin() as connection:
            connection.execute(sa.text(ended))
    space.clock.fast_forward(AWAY)
    space.wait_for_url(f"{demo.url}/")


@pytest.mark.parametrize("leave", [by_the_button, by_going_away])
def test_who_leaves_takes_everything_along(
    demo: Demo, tmp_path: Path, leave: Callable[[Demo, Page], None]
) -> None:
    with computer(demo, tmp_path) as context:
        space = sign_in(demo, context)
        name = space.locator(".who-name a").inner_text()
        space.clock.install()
        space.reload()
        other, table = context.new_page(), at_the_table(demo, context)
        other.clock.install()
        other.goto(f"{demo.url}/labs")
        expect(other.get_by_text(name)).to_be_visible()
        leave(demo, space)
        if leave is by_going_away:
            other.clock.fast_forward(AWAY)
        # Other tabs, and the step back.
        for page in (other, table):
            page.wait_for_url(f"{demo.url}/")
        space.go_back()
        for page in (space, other, table):
            shows_nothing_of_them(page, name)
            keeps_nothing(page)
        space.goto(f"{demo.url}/espace")
        expect(space.get_by_role("heading", level=1)).to_have_text("Connexion des agents")
    stays_on_disk(tmp_path, name)


def test_who_closes_the_browser_is_gone(demo: Demo, tmp_path: Path) -> None:
    with computer(demo, tmp_path) as context:
        name = sign_in(demo, context).locator(".who-name a").inner_text()
        at_the_table(demo, context)
    stays_on_disk(tmp_path, name)
    with computer(demo, tmp_path) as context:
        page = context.new_page()
        page.goto(f"{demo.url}/espace")
        expect(page.get_by_role("heading", level=1)).to_have_text("Connexion des agents")
        keeps_nothing(page)
        assert context.cookies() == [] or {one["name"] for one in context.cookies()} == {"openlab_form"}


def stays_on_disk(folder: Path, name: str) -> None:
    """No file of the profile holds a word of a page that was open."""
    words = (name.encode(), MAIN_DRAFT.encode(), name.encode("utf-16-le"), MAIN_DRAFT.encode("utf-16-le"))
    files = [
        path
        for path in folder.rglob("*")
        if path.is_file() and not any(part in ITS_OWN for part in path.parts)
    ]
    assert len(files) > 10
    found = {
        str(path.relative_to(folder)) for path in files if any(word in path.read_bytes() for word in words)
    }
    assert not {path for path in found if not path.endswith(("History-journal",))}
