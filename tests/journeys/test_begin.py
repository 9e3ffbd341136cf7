"""How a text begins and ends, by the screens alone: from a pattern, from another text, into the bin and back."""

from __future__ import annotations

from io import BytesIO

import pytest
from PIL import Image
from playwright.sync_api import expect

from tests.journeys.demo import Demo
from tests.journeys.hands import begun, said, saved

WRITER, COLLEAGUE = "agent@province-sud.example", "agent@province-nord.example"
LAB = "/labs/demenager"


def test_a_text_begins_with_a_pattern_and_is_written_over(demo: Demo) -> None:
    page = demo.sit(WRITER, LAB)
    begun(page, "Demander l’aide au transport scolaire", "Demander une aide")
    editor = page.locator("[data-editor]")
    expect(editor).to_contain_text("À qui cette aide est-elle destinée")
    expect(editor).to_contain_text("[Une pièce par ligne.]")
    editor.get_by_text("Combien recevez-vous").click()
    page.keyboard.press("End")
    page.keyboard.type(" Cette année.")
    saved(page)
    page.reload()
    page.wait_for_selector("html[data-synced]")
    # Once, whoever opens it however often.
    assert editor.inner_text().count("À qui cette aide est-elle destinée") == 1
    expect(editor).to_contain_text("Cette année.")
    page.close()


def test_a_text_is_copied_put_away_and_taken_back(demo: Demo) -> None:
    page = demo.sit(WRITER, LAB)
    first = begun(page, "Inscrire son enfant à la cantine", "Répondre à une question")
    page.get_by_role("link", name="Dupliquer ce brouillon").click()
    page.get_by_label("Titre de la nouvelle fiche").fill("Inscrire son enfant à la garderie")
    page.get_by_role("button", name="Créer la copie").click()
    said(page, "La copie est créée.")
    page.wait_for_selector("html[data-synced]")
    assert page.url != first
    expect(page.locator("[data-editor]")).to_contain_text("Les questions qui viennent ensuite")
    copy = page.url

    colleague = demo.sit(COLLEAGUE, copy.removeprefix(demo.url))
    colleague.wait_for_selector("html[data-synced]")
    page.get_by_role("link", name="Mettre à la corbeille").click()
    expect(page.get_by_role("main")).to_contain_text("Pendant 30 jours")
    page.get_by_role("button", name="Mettre à la corbeille").click()
    said(page, "est à la corbeille")
    # Who sat there is told at once, and finds nothing at the address.
    expect(colleague.locator("[data-editor]")).to_have_count(0, timeout=5_000)
    answer = colleague.goto(copy)
    assert answer is not None and answer.status == 404

    colleague.goto(f"{demo.url}{LAB}")
    assert "garderie" not in colleague.get_by_role("main").inner_text()
    colleague.get_by_role("link", name="Corbeille").click()
    row = colleague.get_by_role("listitem").filter(has_text="Inscrire son enfant à la garderie")
    row.get_by_role("button", name="Restaurer").click()
    said(colleague, "est de nouveau dans le lab")
    colleague.wait_for_selector("html[data-synced]")
    expect(colleague.locator("[data-editor]")).to_contain_text("Les questions qui viennent ensuite")
    colleague.close()
    page.close()


def test_an_image_is_sent_from_the_page_of_the_draft_and_seen_by_its_readers(demo: Demo) -> None:
    page = demo.sit(WRITER, LAB)
    begun(page, "Reconnaître sa carte d’électeur", "Texte vide")
    out = BytesIO()
    Image.new("RGB", (2000, 1000), "teal").save(out, "PNG")
    sent = page.evaluate(
        """async (bytes) => {
            const root = document.querySelector('[data-editor-root]');
            const form = new FormData();
            form.set('csrf_token', root.dataset.csrf);
            form.set('image', new File([new Uint8Array(bytes)], 'carte.png', {type: 'image/svg+xml'}));
            const answer = await fetch(`/brouillons/${root.dataset.draft}/images`, {method: 'POST', body: form});
            return [answer.status, await answer.json()];
        }""",
        list(out.getvalue()),
    )
    assert sent[0] == 201 and (sent[1]["width"], sent[1]["height"]) == (1600, 800)
    shown = page.evaluate(
        """async (url) => {
            const image = new Image();
            image.src = url;
            await image.decode();
            return [image.naturalWidth, image.naturalHeight];
        }""",
        sent[1]["url"],
    )
    assert shown == [1600, 800]
    status, _headers, _body = demo.fetch(sent[1]["url"])
    assert status == 404, "it is not public before an edition shows it"
    page.close()


@pytest.mark.parametrize("width", [1280, 360])
def test_these_pages_fit_their_screen(demo: Demo, width: int) -> None:
    page = demo.sit(WRITER, LAB)
    page.set_viewport_size({"width": width, "height": 900})
    draft = begun(page, f"Une page de {width} points", "Texte vide")
    for path in (f"{LAB}/brouillons/nouveau", f"{draft}/dupliquer", f"{draft}/corbeille", f"{LAB}/corbeille"):
        page.goto(path if path.startswith("http") else f"{demo.url}{path}")
        assert page.evaluate("document.documentElement.scrollWidth") <= width, path
    page.goto(f"{draft}/corbeille")
    page.get_by_role("button", name="Mettre à la corbeille").click()
    said(page, "est à la corbeille")
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.close()
