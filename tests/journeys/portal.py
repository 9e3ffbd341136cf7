"""Every public page of the demonstration, found the way a visitor and a search engine find them."""

from __future__ import annotations

import re
from collections import Counter, deque
from dataclasses import dataclass
from html import unescape
from urllib.parse import parse_qsl, urlsplit

import pytest

from config import ROOT
from publish import addresses
from tests.journeys.demo import Demo

# What is in the frame of the public side is a public page, whoever wrote its route.
FRAME = b'<main id="debut-du-contenu-de-la-page-publique"'
# Pages of one shape that the site's own list does not have (history, evidence, a filter of a list): so many of each.
OF_EACH_SHAPE = 3
# No link leads to what is not there, nor to what is looked for, nor to what is handed out on posters.
ASKED_FOR = (
    "/recherche?q=adresse",
    "/recherche?q=zzzzzz",
    "/nulle-part",
    "/fiches/inconnue",
    "/appels/prevenir-qui-et-quand",
    "/appels/le-bateau-du-dimanche-soir",
)
Shape = tuple[str, ...]


@dataclass(frozen=True)
class PublicPage:
    path: str
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def shape(self) -> Shape:
        return shape(self.path)

    @property
    def is_article(self) -> bool:
        known = addresses.understood(self.path)
        return known is not None and known[0] is addresses.Kind.ARTICLE and self.status == 200


def shape(address: str) -> Shape:
    """What two pages made by one template have in common: `/fiches/*/historique`, the names of what is asked."""
    parts = urlsplit(address)
    first, *rest = parts.path.strip("/").split("/")
    asked = sorted({name for name, _value in parse_qsl(parts.query, keep_blank_values=True)})
    return (first, *("*" for _ in rest[:1]), *rest[1:], *(f"?{name}" for name in asked))


def listed(demo: Demo) -> list[str]:
    """What the site's own list tells to search engines."""
    _status, _headers, body = demo.fetch("/sitemap.xml")
    return re.findall(r"<loc>https?://[^/<]+([^<]*)</loc>", body.decode())


def without_a_name() -> list[str]:
    """The addresses that take nothing: each may be a public page that no other page leads to."""
    lines = (ROOT / "tests" / "house" / "urls.txt").read_text(encoding="utf-8").split("\n")
    return [line[4:] for line in lines if line.startswith("GET /") and "<" not in line]


def every_public_page(demo: Demo) -> list[PublicPage]:
    """What is listed, and everything its links lead to, each read once with empty hands."""
    always = dict.fromkeys([*addresses.FIXED, *listed(demo), *without_a_name(), *ASKED_FOR])
    waiting, seen, found = deque(always), set(always), {}
    counted: Counter[Shape] = Counter()
    while waiting:
        path = waiting.popleft()
        if path not in always and counted[shape(path)] >= OF_EACH_SHAPE:
            continue
        status, headers, body = demo.fetch(path)
        if FRAME not in body:
            continue
        counted[shape(path)] += path not in always
        found[path] = PublicPage(path, status, headers, body)
        for link in links(body, demo.url) - seen:
            seen.add(link)
            waiting.append(link)
    return list(found.values())


@pytest.fixture(scope="session")
def public_pages(demo: Demo) -> list[PublicPage]:
    """Read once for all journeys that look at them."""
    return every_public_page(demo)


def links(body: bytes, url: str) -> set[str]:
    """The addresses of this site that a page leads to, without their fragments."""
    hrefs = (unescape(href) for href in re.findall(r'<a [^>]*href="([^"#]+)', body.decode()))
    here = (href.removeprefix(url) for href in hrefs)
    return {href for href in here if href.startswith("/") and not href.startswith("//")}


def some_of_each(pages: list[PublicPage], most: int = OF_EACH_SHAPE) -> list[PublicPage]:
    """The largest pages of each shape."""
    counted: Counter[Shape] = Counter()
    kept = []
    for page in sorted(pages, key=lambda page: -len(page.body)):
        counted[page.shape] += 1
        if counted[page.shape] <= most:
            kept.append(page)
    return kept
