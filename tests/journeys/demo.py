"""The demonstration on a running server, made once, and people who sit down at it by its sign-in form."""

from __future__ import annotations

import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from app import seed
from app.db import database, unit_of_work
from app.factory import create_app
from config import Settings
from tests.live_server import SECRET, LiveServer

# The catalogue's 171 short articles are for the search's sake; seven of them fill a list as well.
SHORT_ARTICLES = 7
MAIN_DRAFT = "Changer d’adresse dans les trois provinces"
LONG_ARTICLE = "demenager-de-noumea-a-kone"


def fill() -> None:
    """What `seed.fill` makes, with fewer short articles: people sit at the same tables in a third of the time."""
    seed.fill_directory(lambda _what, _done, _of: None)
    for entry in seed.entries("labs"):
        seed.add_lab(entry)
    short = seed.entries("short_articles", "articles")[:SHORT_ARTICLES]
    for entry in [*seed.entries("articles"), *short, *seed.entries("old_articles", "articles")]:
        seed.publish_article(entry)
    with unit_of_work():
        seed.add_cycle(seed.entries("labs"))
    for entry in seed.entries("wishes"):
        seed.add_wish(entry)
    for entry in seed.entries("comments"):
        seed.add_comment(entry)
    seed.add_glossary(seed.EDITOR, seed.entries("glossary", "terms"), seed.entries("glossary", "proposals"))


@dataclass
class Demo:
    """A server with demonstration content, and the browser in which its people sit."""

    server: LiveServer
    browser: Browser
    _profiles: dict[str, BrowserContext] = field(default_factory=dict)

    @property
    def url(self) -> str:
        return self.server.url

    def visitor(self, **more: Any) -> Page:
        """A page in a profile that nobody has used; closing its context is the caller's."""
        context = self.browser.new_context(locale="fr-FR", **more)
        context.set_default_timeout(20_000)
        return context.new_page()

    def sit(self, email: str, path: str = "/espace") -> Page:
        """A page of that person, signed in by the form the first time."""
        if email not in self._profiles:
            page = self.visitor()
            page.goto(f"{self.url}/connexion")
            page.get_by_label("Adresse électronique").fill(email)
            page.get_by_label("Mot de passe").fill(seed.PASSWORD)
            page.get_by_role("button", name="Se connecter").click()
            expect(page.get_by_role("heading", level=1)).to_have_text("Mon espace")
            self._profiles[email] = page.context
            page.close()
        page = self._profiles[email].new_page()
        page.goto(f"{self.url}{path}")
        return page

    def fetch(self, path: str, timeout: float = 10) -> tuple[int, dict[str, str], bytes]:
        """(status, headers, body) for somebody who brings nothing along; redirects are not followed."""
        request = urllib.request.Request(f"{self.url}{path}")
        try:
            with _straight.open(request, timeout=timeout) as answer:
                return answer.status, {k.lower(): v for k, v in answer.headers.items()}, answer.read()
        except urllib.error.HTTPError as answer:
            return answer.code, {k.lower(): v for k, v in answer.headers.items()}, answer.read()

    def until_it_stands(self, path: str, seconds: float = 20) -> bytes:
        """The body of a public page, which the outbox writes a moment after its publication."""
        give_up = time.monotonic() + seconds
        while True:
            status, _headers, body = self.fetch(path)
            if status == 200:
                return body
            assert time.monotonic() < give_up, f"{path} answers {status}"
            time.sleep(0.2)

    def close(self) -> None:
        for context in self._profiles.values():
            context.close()


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_args: Any, **_kwargs: Any) -> None:
        return None


_straight = urllib.request.build_opener(_NoRedirect)


@pytest.fixture(scope="session")
def demo(browser: Browser, _maker: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    """Made once for all journeys that read or walk through it, on a database no other test empties."""
    folder = tmp_path_factory.mktemp("demonstration")
    maker = type(_maker)() if hasattr(_maker, "url") else _maker
    url = maker.fresh(folder)
    create_app(Settings.from_env({}, database_url=url, data_dir=folder, secret_key=SECRET))
    fill()
    database().engine.dispose()
    live = LiveServer(folder, url).start()
    made = Demo(live, browser)
    yield made
    made.close()
    live.stop()
    if maker is not _maker:
        maker.close()


def words(page: Page, selector: str, *, without: str = "") -> list[str]:
    """The words one reads in an element, in order, leaving out the parts that `without` names."""
    text: str = page.locator(selector).first.evaluate(
        """(element, without) => {
            const copy = element.cloneNode(true);
            if (without) copy.querySelectorAll(without).forEach(part => part.remove());
            const blocks = 'h1,h2,h3,h4,h5,h6,p,li,td,th,dt,dd';
            copy.querySelectorAll(blocks).forEach(block => block.append(' '));
            copy.querySelectorAll('br').forEach(end => end.replaceWith(' '));
            return copy.textContent;
        }""",
        without,
    )
    return text.split()
