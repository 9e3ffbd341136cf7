"""What an article costs a reader with little data: bytes, requests, seconds and sheets, in a real browser."""

from __future__ import annotations

import re
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, field
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import BrowserContext, CDPSession, Page

from tests.journeys.demo import LONG_ARTICLE, Demo

pytestmark = pytest.mark.alone

# One initial window of TCP: ten segments of 1,460 bytes (RFC 6928) are 14,600; public.md asks for 14 KiB.
WINDOW = 14 * 1024
LONGEST = 24 * 1024
MOST_REQUESTS = 3
# The line of the promise: 50 kbit/s and 400 ms there and back; the first words within two seconds.
SLOW_LINE = {
    "offline": False,
    "latency": 400,
    "downloadThroughput": 50_000 / 8,
    "uploadThroughput": 50_000 / 8,
}
FIRST_WORDS = 2000
# 15,000 characters at a size one can read take four sides, which are two sheets.
MOST_SIDES = 4


@dataclass
class Cost:
    """What a page fetched: (address, kind) of each request, and the bytes that came over the line."""

    requests: list[tuple[str, str]] = field(default_factory=list)
    bytes: int = 0


def visit(session: CDPSession, page: Page, address: str) -> Cost:
    cost = Cost()
    session.on(
        "Network.requestWillBeSent",
        lambda event: cost.requests.append((event["request"]["url"], event.get("type", ""))),
    )
    session.on(
        "Network.loadingFinished",
        lambda event: setattr(cost, "bytes", cost.bytes + int(event["encodedDataLength"])),
    )
    page.goto(address, wait_until="load")
    page.wait_for_timeout(300)  # what a page fetches after it has come would come now
    return cost


@pytest.fixture
def reader(demo: Demo) -> Iterator[tuple[Page, CDPSession]]:
    """A visitor with an empty cache, and the line to their browser's own measurements."""
    page = demo.visitor(viewport={"width": 360, "height": 740})
    context: BrowserContext = page.context
    session = context.new_cdp_session(page)
    session.send("Network.enable")
    session.send("Network.setCacheDisabled", {"cacheDisabled": True})
    yield page, session
    context.close()


def articles(demo: Demo) -> list[str]:
    """The addresses of all published articles, from the site's own list."""
    _status, _headers, body = demo.fetch("/sitemap.xml")
    found = re.findall(r"<loc>[^<]*(/fiches/[^<]+)</loc>", body.decode())
    assert len(found) > 12
    return found


def test_a_long_article_fits_in_one_window(demo: Demo, reader: tuple[Page, CDPSession]) -> None:
    page, session = reader
    cost = visit(session, page, f"{demo.url}/fiches/{LONG_ARTICLE}")
    text = page.locator("article").inner_text()
    assert len(text) > 14_000, "the promise is about an article of 15,000 characters"
    kinds = [kind for _address, kind in cost.requests]
    mine = [address for address, _kind in cost.requests if not address.startswith("data:")]
    assert {urlsplit(address).netloc for address in mine} == {urlsplit(demo.url).netloc}
    assert len(mine) <= MOST_REQUESTS and "Script" not in kinds
    # Over the line: the head of the answer and the compressed page.
    assert cost.bytes <= WINDOW, f"{cost.bytes} bytes"
    # An old proxy knows no brotli.
    assert compressed(demo, f"/fiches/{LONG_ARTICLE}", "gzip") <= LONGEST
    assert page.locator("script[src], link[rel=stylesheet], iframe, img[src^=http]").count() == 0


def test_every_article_stays_small(demo: Demo) -> None:
    heavy = {}
    for path in articles(demo):
        size = compressed(demo, path, "br")
        if size > LONGEST:
            heavy[path] = size
    assert not heavy


def compressed(demo: Demo, path: str, encoding: str) -> int:
    """Bytes of the body as they go over the line."""
    request = urllib.request.Request(f"{demo.url}{path}", headers={"Accept-Encoding": encoding})
    with urllib.request.urlopen(request, timeout=10) as answer:
        assert answer.headers["Content-Encoding"] == encoding
        return len(answer.read())


def test_the_first_words_come_within_two_seconds_on_a_slow_line(
    demo: Demo, reader: tuple[Page, CDPSession]
) -> None:
    page, session = reader
    # Made once before, as it is for every reader but the first.
    demo.until_it_stands(f"/fiches/{LONG_ARTICLE}")
    session.send("Network.emulateNetworkConditions", SLOW_LINE)
    page.goto(f"{demo.url}/fiches/{LONG_ARTICLE}", wait_until="commit")
    painted: float = page.evaluate(
        """() => new Promise(resolve => {
            new PerformanceObserver((list, observer) => {
                const paint = list.getEntriesByName('first-contentful-paint')[0];
                if (paint) { observer.disconnect(); resolve(paint.startTime); }
            }).observe({type: 'paint', buffered: true});
        })"""
    )
    assert painted < FIRST_WORDS, f"{painted:.0f} ms"


def test_the_page_works_without_javascript_and_prints_short(demo: Demo) -> None:
    page = demo.visitor(java_script_enabled=False)
    page.goto(f"{demo.url}/fiches/{LONG_ARTICLE}")
    link = page.get_by_role("navigation", name="Sur cette page").get_by_role("link").first
    target = link.get_attribute("href")
    link.click()
    assert target and page.url.endswith(target)
    sides = page.pdf(format="A4").count(b"/Type /Page\n")
    assert 0 < sides <= MOST_SIDES, f"{sides} sides"
    page.context.close()
