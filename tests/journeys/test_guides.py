"""The French guides, held against the pages they speak of: what they name as a button is one, and each picture is there.

`GUIDE_IMAGES=write make soak ARGS=tests/journeys/test_guides.py` takes the pictures anew.
"""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest
from playwright.sync_api import Page

from tests.journeys import guide_pictures
from tests.journeys.demo import Demo
from tests.journeys.guides import CHAPTERS, FOLDER, Screen, passages

# Ninety pages are opened before the first of these tests, on a machine that may be busy.
pytestmark = pytest.mark.timeout(600)

ROLES = {
    "administrateurs", "agents", "animateurs", "editeurs", "mediateurs", "moderateurs", "referents",
}  # fmt: skip
# Read with a weak line: all of them together are a few seconds on 1 Mbit/s, and one is no more than a page of the portal.
MOST_BYTES, MOST_IMAGES = 60_000, 25
ALL_GUIDES = [passage for guide in CHAPTERS for passage in passages(guide)]

# What a person reads on each control of a page: its words without those for the ear alone, its name, its first words.
CONTROLS = r"""() => {
    document.querySelectorAll('details').forEach(details => { details.open = true });
    const kinds = 'a, button, summary, label, legend, option, [role=menuitem], [role=menuitemradio]';
    const names = new Set();
    const keep = text => { if (text) names.add(text) };
    for (const element of document.querySelectorAll(kinds)) {
        if (element.tagName !== 'OPTION' && !element.checkVisibility()) continue;
        keep(element.textContent);
        keep(element.getAttribute('aria-label'));
        keep(element.title);
        const seen = element.cloneNode(true);
        seen.querySelectorAll('.visually-hidden, .vh').forEach(part => part.remove());
        keep(seen.textContent);
        seen.querySelectorAll('.meta, .hint, small, .optional').forEach(part => part.remove());
        keep(seen.textContent);
        // A choice that says more under its name.
        if (element.tagName === 'LABEL') for (const part of element.querySelectorAll('*')) keep(part.textContent);
        for (const part of element.childNodes) if (part.nodeType === Node.TEXT_NODE) keep(part.data);
    }
    return [...names];
}"""


def plain(text: str) -> str:
    """Words as a person compares them: one space between, nothing said about a field, no key in brackets."""
    told = re.sub(
        r"\s+", " ", text.replace("\N{NO-BREAK SPACE}", " ").replace("\N{NARROW NO-BREAK SPACE}", " ")
    )
    return re.sub(r"( \(facultatif\)| \((Ctrl|Alt|Maj)[^)]*\)| \(\d+\))$", "", told.strip()).rstrip(" :")


@pytest.fixture(scope="module")
def seen(demo: Demo) -> dict[Screen, tuple[set[str], str]]:
    """For each page that a guide names: its controls, and everything that is written on it."""
    found: dict[Screen, tuple[set[str], str]] = {}
    visitor = demo.visitor()
    for screen in {screen for passage in ALL_GUIDES for screen in passage.screens}:
        page = visitor if screen.who == "-" else demo.sit(f"{screen.who}.example", screen.path)
        if screen.who == "-":
            page.goto(f"{demo.url}{screen.path}")
        found[screen] = _read(page, screen)
        if page is not visitor:
            page.close()
    visitor.context.close()
    return found


def _read(page: Page, screen: Screen) -> tuple[set[str], str]:
    if page.query_selector("[data-editor-root]"):
        page.wait_for_selector("html[data-synced]")
        # The text stands before the page has said what becomes of it, and a guide speaks of that too.
        page.wait_for_function("() => !document.querySelector('[data-save-state]').textContent.endsWith('…')")
    if screen.press:
        page.get_by_role("button", name=screen.press).first.click()
        page.locator("dialog[open], [role=menu]:visible, [data-remarks] textarea:visible").first.wait_for()
        # A panel opens at once and is filled by what it asks for: an answer, or nothing more for half a second.
        page.wait_for_load_state("networkidle")
    names = {plain(name) for name in page.evaluate(CONTROLS)}
    # « Retirer : elle reste lisible… » is called « Retirer ».
    names |= {name.partition(" : ")[0] for name in names}
    return names, plain(page.locator("body").inner_text())


def test_each_role_has_its_guide() -> None:
    assert {guide.stem for guide in CHAPTERS} == ROLES


@pytest.mark.parametrize("guide", CHAPTERS, ids=lambda guide: guide.stem)
def test_what_a_guide_names_stands_on_the_page(seen: dict[Screen, tuple[set[str], str]], guide: Path) -> None:
    wrong = []
    for passage in passages(guide):
        if not passage.screens:
            wrong += [f"{passage.where}: no page is named for **{one}**" for one in passage.controls[1:]]
            continue
        controls = {name for screen in passage.screens for name in seen[screen][0]}
        wrong += [
            f"{passage.where}: no control **{one}**" for one in passage.controls if plain(one) not in controls
        ]
        pages = [seen[screen][1] for screen in passage.screens]
        wrong += [
            f"{passage.where}: nowhere « {one} »"
            for one in passage.words
            if not any(plain(one) in page for page in pages)
        ]
    assert not wrong, "\n".join(wrong)


def test_no_control_that_is_not_there_would_pass(seen: dict[Screen, tuple[set[str], str]]) -> None:
    controls = set().union(*(names for names, _words in seen.values()))
    assert "Enregistrer le brouillon" not in controls


def test_the_pictures_are_there_small_and_told_in_words() -> None:
    named = {(FOLDER / source, alt) for passage in ALL_GUIDES for source, alt in passage.images}
    kept = set((FOLDER / "images").iterdir())
    assert {path for path, _alt in named} == kept, "each picture is shown, and each one shown is there"
    assert {path.stem for path in kept} == set(guide_pictures.PICTURES), (
        "each picture is taken by this module"
    )
    assert not [path.name for path, alt in named if len(alt) < 10]
    assert len(kept) <= MOST_IMAGES
    assert not [path.name for path in kept if path.stat().st_size > MOST_BYTES]


@pytest.mark.soak
@pytest.mark.parametrize("name", guide_pictures.PICTURES)
def test_pictures_can_be_taken(demo: Demo, name: str, tmp_path: Path) -> None:
    """The way to each picture is walked; it replaces the one in the guides only when that is asked for."""
    folder = FOLDER / "images" if os.environ.get("GUIDE_IMAGES") == "write" else tmp_path
    taken = guide_pictures.take(demo, name, folder)
    assert taken.stat().st_size <= MOST_BYTES, f"{taken.name} has {taken.stat().st_size} bytes"
