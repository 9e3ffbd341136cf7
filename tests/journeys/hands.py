"""What two hands do in an editor, and what two eyes see there."""

from __future__ import annotations

import time

from playwright.sync_api import Page, expect

STATE = "[data-save-state]"


def caret_at_end(page: Page, block: str) -> None:
    """Put the caret behind the words of the first such block."""
    page.locator(f"[data-editor] {block}").first.click()
    page.keyboard.press("Control+End" if block == ":last-child" else "End")
    page.wait_for_timeout(150)  # a click's selection reaches the editor's state on the next frames


def saved(page: Page) -> None:
    expect(page.locator(STATE)).to_have_attribute("data-save-state", "saved", timeout=20_000)


def text_of(page: Page) -> str:
    """The words of the editor as the reader sees them, without cursors."""
    found: str = page.evaluate(
        """() => [...document.querySelectorAll('[data-editor] > *')].map(block => {
            const copy = block.cloneNode(true);
            copy.querySelectorAll('[aria-hidden=true]').forEach(node => node.remove());
            return copy.textContent;
        }).join('\\n')"""
    )
    return found


def same_text(*pages: Page) -> str:
    deadline = time.monotonic() + 20
    while True:
        texts = [text_of(page) for page in pages]
        if len(set(texts)) == 1:
            return texts[0]
        assert time.monotonic() < deadline, texts
        pages[0].wait_for_timeout(100)


def caret_at_start(page: Page, block: str, has: str = "") -> None:
    """Put the caret before the words of the first such block (that says `has`)."""
    found = page.locator(f"[data-editor] {block}")
    (found.filter(has_text=has) if has else found).first.click(position={"x": 3, "y": 8})
    page.keyboard.press("Home")
    page.wait_for_timeout(150)


def caret_at_the_very_end(page: Page) -> None:
    """Put the caret behind the last words of the text."""
    page.locator("[data-editor] p").last.click()
    page.keyboard.press("Control+End")
    page.wait_for_timeout(150)


def tool(page: Page, name: str) -> None:
    """Press a button of the toolbar, or choose what stands in its menus of blocks and styles, by its words."""
    bar = page.get_by_role("toolbar")
    button = bar.get_by_role("button", name=name, exact=True)
    if button.count():
        button.click()
        return
    # What can be chosen is asked when the menu opens: of the selection, which reaches the editor on the next frames.
    page.wait_for_timeout(150)
    bar.locator("[data-tool=style]" if name == "Paragraphe" else "[data-tool=insert]").click()
    page.locator("[role=menu]:not([hidden])").get_by_text(name, exact=True).click()


def said(page: Page, sentence: str) -> None:
    """What the page says was just done."""
    expect(page.locator(".notice")).to_contain_text(sentence)


def begun(page: Page, title: str, pattern: str) -> str:
    """A new draft from a pattern, at its table; its address."""
    page.get_by_role("link", name="Nouveau brouillon").first.click()
    page.get_by_label("Titre de la fiche").fill(title)
    page.get_by_role("radio", name=pattern).check()
    page.get_by_role("button", name="Créer le brouillon").click()
    said(page, "Le brouillon est créé.")
    page.wait_for_selector("html[data-synced]")
    return page.url
