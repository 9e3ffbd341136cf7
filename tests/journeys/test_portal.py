"""Every public page in a real browser: light, still, whole on a small screen, and no worse without scripts.

The pages are found by following links (`tests/journeys/portal.py`): a page that is added is looked at from then on.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from urllib.parse import urlsplit

import pytest
from pypdf import PdfReader

from publish import addresses
from tests.journeys.demo import LONG_ARTICLE, Demo
from tests.journeys.looks import AXE, CUT, OUT_OF_SIGHT, SHIFTS, UNFOLD, Tab, axe_finds, opened, tabs
from tests.journeys.portal import PublicPage, listed, shape, some_of_each
from tests.journeys.test_budget import LONGEST, MOST_REQUESTS, SLOW_LINE, WINDOW

# The first visit goes through all pages in one stretch, some forty seconds on a machine that does nothing else.
pytestmark = pytest.mark.timeout(400)
PHONE = (360, 740)
# The narrowest screen that must do without scrolling sideways (WCAG 2.2, 1.4.10).
NARROWEST = (320, 640)
DESK = (1280, 800)
# A page at 200 % on that desk: half the CSS pixels each way, each drawn with two by two of the screen's.
TWICE = (DESK[0] // 2, DESK[1] // 2, 2)
# The length up to which the first 14 KiB must hold all of an article (public.md).
LONG_TEXT = 15_000
# A text one reads in five minutes, at 200 words a minute of six characters; most articles are shorter.
TYPICAL_TEXT = 6_000
A4_POINTS = (595, 842)
# 1.6 times the words' 9.5 points, less what drawing rounds off.
PRINTED_TITLE = 15.1
SLOW_TABS = 12


@dataclass
class Look:
    """What one visit showed of a page."""

    page: PublicPage
    requests: list[str]
    kinds: list[str]
    bytes: int
    words: str
    text: int
    wrong: dict[str, list[str]] = field(default_factory=dict)
    # Of a printed article: each side as (width, height), and the size of its title, in points.
    sides: list[tuple[int, int]] = field(default_factory=list)
    title_size: float = 0.0


@dataclass
class Visit:
    """One walk through all pages in one profile."""

    looks: dict[str, Look]
    cookies: list[str]

    def faults(self, at: str) -> dict[str, list[str]]:
        return {path: look.wrong[at] for path, look in self.looks.items() if look.wrong.get(at)}


@pytest.fixture(scope="module")
def visit(demo: Demo, public_pages: list[PublicPage]) -> Iterator[Visit]:
    """Everybody's first visit: each page on a phone, then narrower, twice as large, on a desk, and on paper."""
    by_path = {page.path: page for page in public_pages}
    wide = {page.path for page in some_of_each(public_pages)}
    looks: dict[str, Look] = {}
    with tabs(demo) as mine:
        for together in opened(demo, mine, list(by_path), prepare=lambda tab: tab.size(*PHONE)):
            for tab, path in together:
                looks[path] = _first_look(tab, by_path[path])
            _with_axe(together, looks, "axe on a phone")
            for tab, path in together:
                for name, size in (("at 320", NARROWEST), ("at 200 %", TWICE)):
                    tab.size(*size)
                    looks[path].wrong[name] = tab.page.evaluate(OUT_OF_SIGHT)
            on_desk = [(tab, path) for tab, path in together if path in wide]
            for tab, _path in on_desk:
                tab.size(*DESK)
            _with_axe(on_desk, looks, "axe on a desk")
            for tab, path in together:
                if by_path[path].is_article:
                    looks[path].sides, looks[path].title_size = printed(tab)
        context = mine[0].page.context
        cookies = [f"{cookie.get('name')} of {cookie.get('domain')}" for cookie in context.cookies()]
    yield Visit(looks, cookies)


def _first_look(tab: Tab, page: PublicPage) -> Look:
    words = tab.page.locator("main").inner_text()
    look = Look(page, tab.requests, tab.kinds, tab.bytes, words, 0)
    if page.is_article:
        look.text = len(tab.page.locator("article").inner_text())
    tab.page.evaluate(UNFOLD)
    look.wrong["at 360"] = tab.page.evaluate(OUT_OF_SIGHT)
    tab.page.evaluate(AXE)
    return look


def _with_axe(together: list[tuple[Tab, str]], looks: dict[str, Look], name: str) -> None:
    found = axe_finds([tab for tab, _path in together])
    for (_tab, path), wrong in zip(together, found, strict=True):
        looks[path].wrong[name] = wrong


def printed(tab: Tab) -> tuple[list[tuple[int, int]], float]:
    """The sides of paper a page takes, and the size of its title, in points."""
    sides = PdfReader(io.BytesIO(tab.page.pdf(format="A4"))).pages
    sizes: list[float] = []

    def note(text: str, page: list[float], line: list[float], _font: object, size: float) -> None:
        if text.strip():
            sizes.append(abs(page[0] * line[0] * size))

    sides[0].extract_text(visitor_text=note)
    found = [(round(side.mediabox.width), round(side.mediabox.height)) for side in sides]
    return found, max(sizes)


def test_every_kind_of_page_was_found(demo: Demo, public_pages: list[PublicPage]) -> None:
    """Nothing is clean only because nobody looked at it."""
    kinds = {known[0] for page in public_pages if (known := addresses.understood(page.path))}
    # A short address leads on to its article: nobody stays there.
    assert kinds == set(addresses.Kind) - addresses.FOR_PROGRAMS - {addresses.Kind.SHORT}
    shapes = {page.shape for page in public_pages}
    assert {shape("/recherche?q=x"), shape("/preuves/1"), shape("/nulle-part")} <= shapes
    assert set(listed(demo)) <= {page.path for page in public_pages}


def test_axe_finds_nothing_on_any_public_page(visit: Visit) -> None:
    assert visit.faults("axe on a phone") == {}
    assert visit.faults("axe on a desk") == {}


def test_nothing_is_cut_on_a_phone(visit: Visit) -> None:
    assert visit.faults("at 360") == {}


def test_nothing_scrolls_sideways_at_320_pixels(visit: Visit) -> None:
    assert visit.faults("at 320") == {}


def test_nothing_is_lost_at_twice_the_size(visit: Visit) -> None:
    assert visit.faults("at 200 %") == {}


def test_reading_asks_nobody_else_and_leaves_no_cookie(demo: Demo, visit: Visit) -> None:
    here = urlsplit(demo.url).netloc
    for path, look in visit.looks.items():
        assert {urlsplit(request).netloc for request in look.requests} == {here}, path
        assert "set-cookie" not in look.page.headers, path
    assert visit.cookies == []


def test_every_page_keeps_to_the_budget(visit: Visit) -> None:
    """Bytes as they come over the line: the heads of the answers and what was compressed."""
    heavy = {}
    for path, look in visit.looks.items():
        bound = WINDOW if look.page.is_article and look.text <= LONG_TEXT else LONGEST
        if look.bytes > bound or len(look.requests) > MOST_REQUESTS:
            heavy[path] = (look.bytes, bound, look.requests)
        assert look.bytes > 500, f"{path}: {look.bytes} bytes are no page"
    assert heavy == {}


def test_no_page_fetches_a_script(visit: Visit) -> None:
    assert {path for path, look in visit.looks.items() if "script" in look.kinds} == set()


def test_a_typical_article_is_one_sheet_printed_on_both_sides(visit: Visit) -> None:
    """One sheet is two sides of A4. The longest takes two sheets at most (test_budget.py)."""
    articles = {path: look for path, look in visit.looks.items() if look.page.is_article}
    typical = {path: look for path, look in articles.items() if look.text <= TYPICAL_TEXT}
    assert len(typical) > len(articles) / 2 and f"/fiches/{LONG_ARTICLE}" in set(articles) - set(typical)
    sides = {path: len(look.sides) for path, look in typical.items()}
    assert {path: count for path, count in sides.items() if not 1 <= count <= 2} == {}
    assert {
        side for look in articles.values() for side in look.sides if side != pytest.approx(A4_POINTS, abs=2)
    } == set()
    # A browser shrinks a page that is too wide for the paper: few sides would then say nothing.
    assert {path: look.title_size for path, look in articles.items() if look.title_size < PRINTED_TITLE} == {}


def timeless(words: str) -> str:
    """What a page says, whenever it was looked at: the state of the portal says at what minute that was."""
    return re.sub(r"\b\d{1,2}(:|\u00a0h\u00a0)\d{2}\b", "…", words)


def test_every_page_says_the_same_without_scripts(demo: Demo, visit: Visit) -> None:
    wrong = {}
    with tabs(demo, java_script_enabled=False) as mine:
        for together in opened(demo, mine, list(visit.looks), prepare=lambda tab: tab.size(*PHONE)):
            for tab, path in together:
                words = tab.page.locator("main").inner_text()
                if timeless(words) != timeless(visit.looks[path].words) or len(words) < 40:
                    wrong[path] = words[:200]
                if tab.page.locator("noscript, [hidden]").count():
                    wrong[path] = "something is kept for those who have scripts"
    assert wrong == {}


def test_nothing_moves_while_a_page_comes_in_on_a_slow_line(
    demo: Demo, public_pages: list[PublicPage]
) -> None:
    """The largest page of each kind at 50 kbit/s: its last lines come seconds after its first."""
    paths = [page.path for page in some_of_each(public_pages, 1)]
    moved = {}
    with tabs(demo, SLOW_TABS) as mine:
        for tab in mine:
            tab.size(*PHONE)
            tab.slow(SLOW_LINE)
        for together in opened(demo, mine, paths):
            for tab, path in together:
                if found := tab.page.evaluate(SHIFTS):
                    moved[path] = found
        # Each tab would have seen it.
        for tab, path in together:
            tab.page.evaluate(
                "document.body.prepend(Object.assign(document.createElement('p'), {textContent: 'Tard'}))"
            )
            assert tab.page.evaluate(SHIFTS), path
    assert moved == {}


# What of a page is cut in two: words, after their first letter, when nearly all of their width is still to come.
WORDS = re.compile(r">([^<>]{4,})<")
CUTS = 20


def moved_when_cut(tab: Tab, html: str) -> list[str]:
    """What moves in a page that comes in two parts, cut within the words of its first screens and of its foot."""
    words = [found for found in WORDS.finditer(html, html.index("<body")) if found[1].strip()]
    chosen = words[: CUTS - 4] + words[max(CUTS - 4, len(words) - 4) :]
    return [line for found in chosen for line in tab.page.evaluate(CUT, [html, found.start(1) + 1])]


def test_nothing_moves_wherever_a_page_is_cut_in_two(demo: Demo, public_pages: list[PublicPage]) -> None:
    """On a weak line a word comes in two: what stands in a row would go to the next line when it is whole."""
    moved = {}
    with tabs(demo, 1, bypass_csp=True) as (tab,):
        tab.size(*PHONE)
        tab.begin(f"{demo.url}/etat")
        for page in some_of_each(public_pages, 1):
            if found := moved_when_cut(tab, page.body.decode()):
                moved[page.path] = found
        # It would have been seen: the same page without the rule that keeps the last of a row back.
        (there,) = (page.body.decode() for page in public_pages if page.path == "/administrations")
        assert moved_when_cut(tab, re.sub("visibility: *hidden", "color:inherit", there))
    assert moved == {}


# What is done to a page, and how it is told.
FAULTS = (
    ("document.querySelector('h1').style = 'white-space: nowrap; overflow: hidden; width: 3rem'", "cut: <h1"),
    ("document.querySelector('main p').style = 'height: 4px; overflow: hidden'", "cut below: <p"),
    ("document.querySelector('main p').style = 'margin-left: -999px; width: 500px'", "outside: "),
    ("document.querySelector('main p').style = 'width: 2000px'", "pixels too wide"),
)


def test_what_is_wrong_would_be_told(demo: Demo) -> None:
    """The measures themselves: each fault, made in a page that has none, is found."""
    with tabs(demo, 1) as (tab,):
        tab.size(*PHONE)
        for deed, told in FAULTS:
            tab.begin(f"{demo.url}/fiches/{LONG_ARTICLE}")
            tab.page.wait_for_load_state("load")
            assert tab.page.evaluate(OUT_OF_SIGHT) == []
            tab.page.evaluate(deed)
            assert any(told in line for line in tab.page.evaluate(OUT_OF_SIGHT)), told
        tab.page.evaluate("document.documentElement.removeAttribute('lang')")
        tab.page.evaluate(AXE)
        assert [line.split(":")[0] for line in axe_finds([tab])[0]] == ["html-has-lang"]
