"""The walk without a mouse: a way past the header, into the text and out of it again, and a toolbar of one stop."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from app import seed
from tests.journeys.demo import LONG_ARTICLE, Demo
from tests.journeys.hands import begun, said, saved, text_of, tool

pytestmark = pytest.mark.alone

WRITER = "agent@province-sud.example"
# Enough to come through any page of the agents; who is still not there is caught somewhere.
MOST_STOPS = 60


@pytest.fixture(scope="module")
def own_text(demo: Demo) -> str:
    """The address of a text of these journeys' own: what they write is in nobody else's way."""
    page = demo.sit(WRITER, "/labs/demenager")
    begun(page, "Écrire sans souris", "Demander une aide")
    address = page.url.removeprefix(demo.url)
    page.close()
    return address


@pytest.fixture
def editor(demo: Demo, own_text: str) -> Iterator[Page]:
    page = demo.sit(WRITER, own_text)
    page.wait_for_selector("html[data-synced]")
    page.evaluate("document.activeElement.blur()")
    yield page
    page.close()


def focused(page: Page) -> str:
    """What has the focus: its role or name of element, and its words."""
    found: str = page.evaluate(
        """() => {
            const it = document.activeElement;
            return `${it.getAttribute('role') || it.localName}: ${(it.ariaLabel || it.innerText || '').slice(0, 60)}`;
        }"""
    )
    return found


def tab_until(page: Page, wanted: str) -> list[str]:
    """Press Tab until the focus is on what begins so. Returns the stops on the way."""
    stops: list[str] = []
    for _press in range(MOST_STOPS):
        page.keyboard.press("Tab")
        stops.append(focused(page))
        if stops[-1].startswith(wanted):
            return stops
    raise AssertionError(f"{wanted} is not reached: {stops}")


@pytest.mark.parametrize("path", ["/", f"/fiches/{LONG_ARTICLE}", "/connexion"])
def test_the_first_stop_leads_past_the_header(demo: Demo, path: str) -> None:
    page = demo.visitor()
    page.goto(f"{demo.url}{path}")
    if path == "/connexion":
        page.evaluate("document.activeElement.blur()")
    page.keyboard.press("Tab")
    assert focused(page) == "a: Aller au contenu"
    # It is seen as long as it has the focus.
    box = page.locator(".skip").bounding_box()
    assert box is not None and box["y"] >= 0 and box["width"] > 40
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    assert page.evaluate("document.querySelector('main').contains(document.activeElement)")
    page.context.close()


def test_the_text_is_reached_written_and_left_by_tab(editor: Page) -> None:
    stops = tab_until(editor, "textbox")
    assert len([stop for stop in stops if stop.startswith("button: ")]) <= 3, "the toolbar is one stop"
    editor.keyboard.press("Control+End")
    editor.keyboard.type(" Écrit sans souris.")
    saved(editor)
    assert text_of(editor).endswith("Écrit sans souris.")
    editor.keyboard.press("Tab")
    assert not focused(editor).startswith("textbox"), "Tab leads out of the text"
    assert text_of(editor).endswith("Écrit sans souris."), "and leaves nothing in it"
    editor.keyboard.press("Shift+Tab")
    assert focused(editor).startswith("textbox")


def test_the_toolbar_is_walked_with_arrows_and_left_with_escape(editor: Page) -> None:
    tab_until(editor, "textbox")
    editor.keyboard.press("Control+Home")
    editor.keyboard.press("Shift+Tab")
    assert focused(editor) == "button: Annuler"
    for expected in ("Rétablir", "Mode suggestion", "Gras"):
        editor.keyboard.press("ArrowRight")
        assert focused(editor) == f"button: {expected}"
    editor.keyboard.press("End")
    assert focused(editor) == "button: Remarquer", "what serves in tables is not shown outside of one"
    editor.keyboard.press("Escape")
    assert focused(editor).startswith("textbox")


def test_in_a_table_its_own_tools_are_shown(editor: Page) -> None:
    row = editor.get_by_role("toolbar").get_by_role("button", name="Ajouter une ligne")
    expect(row).to_have_count(0)
    tab_until(editor, "textbox")
    editor.keyboard.press("Control+End")
    editor.keyboard.press("Enter")
    tool(editor, "Tableau")
    expect(row).to_be_visible()
    rows = editor.locator("[data-editor] tr").count()
    row.click()
    expect(editor.locator("[data-editor] tr")).to_have_count(rows + 1)
    editor.get_by_role("toolbar").get_by_role("button", name="Supprimer le tableau").click()
    expect(row).to_have_count(0)
    saved(editor)


def test_on_a_phone_the_text_begins_on_the_first_screen(demo: Demo, editor: Page) -> None:
    editor.set_viewport_size({"width": 360, "height": 740})
    bar = editor.get_by_role("toolbar").bounding_box()
    assert bar is not None and bar["height"] < 70, "the toolbar is one row"
    last = editor.get_by_role("toolbar").get_by_role("button", name="Bloc")
    last.scroll_into_view_if_needed()
    expect(last).to_be_in_viewport()
    assert editor.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_from_the_sign_in_to_the_proposal_without_a_mouse(demo: Demo) -> None:
    """Sign in, find the text, write a title and a list, look for a word, mend and propose: by keys alone."""
    page = demo.visitor()
    page.goto(f"{demo.url}/connexion")
    page.get_by_label("Adresse électronique").focus()
    page.keyboard.type(WRITER)
    page.keyboard.press("Tab")
    page.keyboard.type(seed.PASSWORD)
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Mon espace")
    page.goto(f"{demo.url}/labs/demenager")
    tab_until(page, "a: Nouveau brouillon")
    page.keyboard.press("Enter")
    page.get_by_label("Titre de la fiche").focus()
    page.keyboard.type("Obtenir une copie d’acte")
    tab_until(page, "button: Créer le brouillon")
    page.keyboard.press("Enter")
    said(page, "Le brouillon est créé.")
    page.wait_for_selector("html[data-synced]")
    page.evaluate("document.activeElement.blur()")
    tab_until(page, "textbox")
    # The focus and the keys' selection reach the editor's state on the next frames.
    page.wait_for_timeout(150)
    page.keyboard.type("/chapeau")
    page.wait_for_timeout(150)
    page.keyboard.press("Enter")
    page.keyboard.type("La copie d’acte se demande à la mairie.")
    page.keyboard.press("Enter")
    page.keyboard.type("Et à la mairie")
    page.keyboard.press("Control+Alt+2")
    page.keyboard.press("Enter")
    page.keyboard.type("Présentez la demande au guichet")
    page.keyboard.press("Control+Shift+8")
    saved(page)
    # The outline has the new title, and Enter on it leads there.
    outline = page.get_by_role("navigation", name="Plan du texte")
    expect(outline.get_by_role("link", name="Et à la mairie")).to_be_visible()
    page.keyboard.press("Control+f")
    page.keyboard.type("presentez la demande")
    expect(page.locator(".find-bar")).to_contain_text("1 sur 1")
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    page.keyboard.type("Apportez la demande")
    page.keyboard.press("Enter")
    page.keyboard.press("Escape")
    assert focused(page).startswith("textbox"), "Escape leads back into the text"
    assert text_of(page).endswith("Apportez la demande au guichet")
    saved(page)
    page.keyboard.press("Control+/")
    expect(page.get_by_role("dialog", name="Raccourcis clavier")).to_be_visible()
    page.keyboard.press("Escape")
    assert focused(page).startswith("textbox"), "and so does the list of shortcuts"
    tab_until(page, "a: Et à la mairie")
    page.keyboard.press("Enter")
    assert focused(page).startswith("textbox")
    tab_until(page, "textarea")
    page.keyboard.type("Une étape de plus.")
    page.keyboard.press("Tab")
    assert focused(page) == "button: Proposer à la relecture"
    page.keyboard.press("Enter")
    said(page, "Le texte est proposé à la relecture")
    assert "JavaScript" not in page.locator("main").inner_text()
    page.context.close()
