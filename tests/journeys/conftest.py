"""One Chromium for all journeys; each person gets a profile of their own."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from app.db import database
from app.factory import create_app
from config import Settings
from tests.journeys.demo import demo  # noqa: F401 - a fixture
from tests.journeys.portal import public_pages  # noqa: F401 - a fixture
from tests.live_server import LiveServer
from tests.proxy import Proxy
from tests.scenes import Scene, make_scene, token_for

ARGUMENTS = [
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
]  # fmt: skip


def chromium() -> str:
    names = (os.environ.get("CHROMIUM"), "chromium", "chromium-browser", "google-chrome")
    found = next((path for name in names if name and (path := shutil.which(name))), None)
    if found is None:
        pytest.skip("no Chromium on PATH; set CHROMIUM")
    return found


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=chromium(), args=ARGUMENTS)
        yield launched
        launched.close()


@pytest.fixture(scope="module")
def proxy_port() -> Iterator[Proxy]:
    line = Proxy(0)
    yield line
    line.close()


@pytest.fixture(scope="module")
def server(live_settings: Settings, proxy_port: Proxy) -> Iterator[LiveServer]:
    live = LiveServer(
        live_settings.data_dir, live_settings.database_url, ALLOWED_ORIGINS=proxy_port.url
    ).start()
    proxy_port.upstream = live.port
    yield live
    live.stop()


@pytest.fixture
def proxy(proxy_port: Proxy, server: LiveServer) -> Iterator[Proxy]:
    """The line between a browser and the server; good again after each test."""
    proxy_port.restore()
    yield proxy_port
    proxy_port.restore()


@pytest.fixture
def scene(server: LiveServer, live_settings: Settings) -> Iterator[Scene]:
    create_app(live_settings)
    yield make_scene()
    database().engine.dispose()


@pytest.fixture
def profile(browser: Browser) -> Iterator[Callable[..., BrowserContext]]:
    """`profile(person, url)`: a fresh browser profile in which that person is signed in."""
    opened: list[BrowserContext] = []

    def make(person: Any, url: str, **more: Any) -> BrowserContext:
        context = browser.new_context(locale="fr-FR", **more)
        context.set_default_timeout(15_000)
        context.add_cookies([{"name": "openlab", "value": token_for(person), "url": url}])
        opened.append(context)
        return context

    yield make
    for context in opened:
        context.close()


def open_draft(context: BrowserContext, url: str, draft_id: int) -> Page:
    """The editor of a draft, joined."""
    page = context.new_page()
    page.goto(f"{url}/brouillons/{draft_id}")
    page.wait_for_selector("html[data-synced]")
    return page
