"""An agent imports a Word document into a text that a colleague has open: the colleague sees it come."""

from __future__ import annotations

from collections.abc import Callable
from io import BytesIO
from pathlib import Path

import docx
from PIL import Image
from playwright.sync_api import BrowserContext, Page, ViewportSize, expect

from app.db import reading
from drafts import log
from drafts.grammar import blocks
from tests.journeys.conftest import open_draft
from tests.journeys.hands import caret_at_the_very_end, saved
from tests.journeys.test_axe import faults, runs_over
from tests.live_server import LiveServer
from tests.scenes import Scene

SIZES = (ViewportSize(width=1280, height=900), ViewportSize(width=360, height=740))


def written(path: Path) -> Path:
    """What somebody has lying around: a title, headings, a list, a table, a picture, and a heading of the page."""
    made = docx.Document()
    made.add_heading("Refaire sa carte grise", level=0)
    made.sections[0].header.paragraphs[0].text = "Direction des transports, note interne"
    made.add_heading("Les pièces à apporter", level=2)
    for words in ("La carte d’identité", "Le certificat de cession"):
        made.add_paragraph(words, style="List Bullet")
    table = made.add_table(rows=2, cols=2)
    for cell, words in zip(table._cells, ("Véhicule", "Prix", "Voiture", "9 000 francs"), strict=True):
        cell.text = words
    picture = BytesIO()
    Image.new("RGB", (320, 200), "teal").save(picture, "PNG")
    made.add_picture(BytesIO(picture.getvalue()))
    made.add_paragraph("Comptez deux semaines.")
    made.save(str(path))
    return path


def judged(page: Page) -> list[str]:
    """What is wrong with a page, wide and narrow."""
    wrong = []
    for size in SIZES:
        page.set_viewport_size(size)
        wrong += [*faults(page), *runs_over(page)]
    return wrong


def test_a_document_comes_while_a_colleague_writes(
    scene: Scene, server: LiveServer, profile: Callable[..., BrowserContext], tmp_path: Path
) -> None:
    colleague = open_draft(profile(scene.ben, server.url), server.url, scene.draft_id)
    caret_at_the_very_end(colleague)
    colleague.keyboard.type(" J’écris aussi.")
    saved(colleague)
    page = profile(scene.ana, server.url).new_page()
    page.goto(f"{server.url}/brouillons/{scene.draft_id}")
    page.get_by_role("link", name="Importer un document").click()
    page.get_by_role("button", name="Envoyer le fichier").wait_for()
    assert judged(page) == []
    page.get_by_label("Fichier").set_input_files(written(tmp_path / "carte grise.docx"))
    page.get_by_role("button", name="Envoyer le fichier").click()
    # It waits, and the page comes again by itself.
    page.locator("[data-brought=read]").wait_for(timeout=40_000)
    expect(page.locator("[data-preview] h3", has_text="Les pièces à apporter")).to_be_visible()
    expect(page.locator("[data-losses]")).to_contain_text("note interne")
    shown = page.locator("[data-preview] img")
    expect(shown).to_have_js_property("naturalWidth", 320)
    assert judged(page) == []
    page.get_by_label("Donner aussi à la fiche le titre du document").check()
    page.get_by_role("button", name="Confirmer").click()
    page.get_by_text("Le document est dans le texte").wait_for()
    expect(page.get_by_role("heading", level=1)).to_have_text("Refaire sa carte grise")

    editor = colleague.locator("[data-editor]")
    expect(editor).to_contain_text("Comptez deux semaines.")
    expect(editor).to_contain_text("J’écris aussi.")
    expect(editor.locator("img")).to_have_js_property("naturalWidth", 320)
    # Whoever was writing goes on where they were.
    colleague.keyboard.type(" Et encore.")
    saved(colleague)
    with reading():
        tree = log.load(scene.draft_id).tree
    kinds = [block["type"] for block in blocks(tree)]
    assert {"heading", "bullet_list", "table", "image"} <= set(kinds)
    words = [
        node["text"] for block in blocks(tree) for node in block.get("content", ()) if node["type"] == "text"
    ]
    assert any("J’écris aussi. Et encore." in one for one in words)

    page.goto(f"{server.url}/brouillons/{scene.draft_id}/historique")
    expect(page.get_by_role("main")).to_contain_text("Avant l’import de « carte grise.docx »")
