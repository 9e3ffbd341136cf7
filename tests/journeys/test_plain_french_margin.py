"""« Français simple » beside the text: what is found while somebody types, replaced, left with a reason, taken back."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import BrowserContext, Locator, Page, expect

from app.accounts import service as accounts
from app.accounts.models import Person
from app.db import reading, session, unit_of_work
from app.policy import Actor, PortalRole
from drafts import document, glossary, log
from drafts.glossary import TermWords
from drafts.queries import draft_numbered
from labs import service as labs
from labs.models import Lab
from labs.roles import Right
from tests import makers
from tests.journeys.conftest import open_draft
from tests.journeys.hands import same_text, saved, text_of
from tests.journeys.test_axe import block, faults, runs_over
from tests.live_server import LiveServer
from tests.scenes import Scene

TEXT = [
    block("lead", "b1", "Demandez votre carte à la mairie."),
    block("heading", "b2", "Les délais", level=2),
    block("paragraph", "b3", "Vous payez à l’issue du délai."),
    block("paragraph", "b4", "La carte est délivrée par la mairie."),
    block("paragraph", "b5", "La CAFAT vous répond."),
    block("paragraph", "b6", "Présentez-vous à la mairie."),
]
# Reading takes a pause of a second, a child that may have to start, and the machine may be busy.
WHILE = 30_000


@pytest.fixture
def draft_id(scene: Scene) -> int:
    with unit_of_work():
        lab = session().get_one(Lab, scene.lab_id)
        lead = draft_numbered(scene.draft_id).article.lead
        return makers.make_draft(scene.ana, lab, lead, title="Une fiche", tree=TEXT).id


@pytest.fixture
def page(draft_id: int, scene: Scene, server: LiveServer, profile: Callable[..., BrowserContext]) -> Page:
    return open_draft(profile(scene.ana, server.url), server.url, draft_id)


def panel_of(page: Page) -> Locator:
    return page.get_by_role("region", name="Français simple")


def opened(page: Page, count: int = 3) -> Locator:
    """The panel, when the whole text has been read."""
    panel = panel_of(page)
    panel.get_by_role("button", name="Ouvrir les conseils").click()
    counted(page, count)
    return panel


def counted(page: Page, count: int) -> None:
    words = f"{count}\u00a0passage{'s' if count > 1 else ''} à simplifier." if count else "Rien à simplifier."
    expect(panel_of(page).locator(".plain-sum")).to_contain_text(words, timeout=WHILE)


def said(page: Page, words: str) -> None:
    expect(page.locator("[data-announce]")).to_contain_text(words)


def entries(page: Page) -> Locator:
    return panel_of(page).get_by_role("list", name="Passages à simplifier").get_by_role("listitem")


def underlined(page: Page) -> list[str]:
    found: list[str] = page.locator("[data-editor] .plain").all_inner_texts()
    return found


def member(scene: Scene, right: Right, name: str) -> Actor:
    with unit_of_work():
        lab = session().get_one(Lab, scene.lab_id)
        person = makers.make_person(lab.administration, name)
        labs.add_member(scene.facilitator, lab, session().get_one(Person, person.id), right)
        return makers.actor(person)


def test_what_is_found_stands_at_its_place_and_follows_who_types(page: Page, draft_id: int) -> None:
    stored = _stored(draft_id)
    assert underlined(page) == []
    panel = opened(page)
    expect(panel.locator(".plain-sum")).to_contain_text("1\u00a0minute de lecture")
    said(page, "3\u00a0passages à simplifier.")
    assert underlined(page) == ["à l’issue du", "est délivrée", "CAFAT"]
    expect(page.locator("[data-editor] [data-plain='1']")).to_have_count(3)
    # While one types: at once in its new place, then read again.
    page.locator("[data-editor] p").nth(1).click()
    page.keyboard.press("Home")
    page.keyboard.type("Oui. ")
    assert underlined(page)[0] == "à l’issue du"
    page.keyboard.press("Control+End")
    page.keyboard.type(" Venez afin de procéder à la vérification de votre dossier.")
    expect(page.locator("[data-editor] p").last.locator(".plain")).to_have_text(
        ["afin de", "procéder à la vérification"], timeout=WHILE
    )
    counted(page, 5)
    # Read once for a pause: not with each key.
    saved(page)
    # An acronym that another block explains is none that has to be.
    page.keyboard.press("Enter")
    page.keyboard.type("La Caisse d’allocations familiales (CAFAT) paie.")
    counted(page, 4)
    assert "CAFAT" not in underlined(page)
    # Nothing of this is in the text itself.
    saved(page)
    assert "plain" not in _stored(draft_id) and _stored(draft_id) != stored


def _stored(draft_id: int) -> str:
    with reading():
        return document.plain_text(log.text(draft_id).tree)


def test_one_is_replaced_and_taken_back_by_keys_alone(page: Page) -> None:
    panel = panel_of(page)
    page.locator("[data-editor]").press("Control+Home")
    # The key opens the panel, and leads to the advice on the passage at the caret, or to the sum of all.
    page.keyboard.press("Control+Alt+f")
    counted(page, 3)
    expect(panel.locator(".plain-sum")).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.locator("[data-editor]")).to_be_focused()
    page.keyboard.press("F8")
    said(page, "Passage 1 sur 3. Formule")
    assert page.evaluate("getSelection().toString()") == "à l’issue du"
    expect(page.locator("[data-editor] .plain-here")).to_have_text("à l’issue du")
    page.keyboard.press("F8")
    said(page, "Passage 2 sur 3.")
    page.keyboard.press("Shift+F8")
    said(page, "Passage 1 sur 3.")
    page.keyboard.press("Shift+F8")
    said(page, "Passage 3 sur 3.")
    page.keyboard.press("F8")
    page.keyboard.press("Control+Alt+f")
    head = entries(page).first.get_by_role("button", name="à l’issue du").first
    expect(head).to_be_focused()
    expect(head).to_have_attribute("aria-expanded", "true")
    page.keyboard.press("Tab")
    expect(panel.get_by_role("button", name="Remplacer par «\u00a0après le\u00a0»")).to_be_focused()
    page.keyboard.press("Enter")
    said(page, "Remplacé par «\u00a0après le\u00a0». 2\u00a0passages à simplifier.")
    assert "Vous payez après le délai." in text_of(page)
    # The keyboard is on the next one, not at the beginning of the page.
    expect(entries(page).first.get_by_role("button").first).to_be_focused()
    expect(entries(page)).to_have_count(2)
    # An ordinary edit: the key that takes back takes it back.
    page.keyboard.press("Escape")
    page.keyboard.press("Control+z")
    assert "Vous payez à l’issue du délai." in text_of(page)
    counted(page, 3)
    expect(panel.get_by_role("button", name="Annuler : Remplacé")).to_have_count(0)
    # And so does the button beside the list, once more replaced.
    # The list rests before it follows, and draws the text's marks anew: a caret that moves in that very moment is put back.
    page.wait_for_timeout(1_500)
    page.keyboard.press("Control+Home")
    page.wait_for_timeout(150)
    page.keyboard.press("F8")
    said(page, "Passage 1 sur 3.")
    page.keyboard.press("Control+Alt+f")
    expect(head).to_be_focused()
    page.keyboard.press("Tab")
    expect(panel.get_by_role("button", name="Remplacer par «\u00a0après le\u00a0»")).to_be_focused()
    page.keyboard.press("Enter")
    panel.get_by_role("button", name="Annuler : Remplacé").press("Enter")
    said(page, "Annulé.")
    assert "Vous payez à l’issue du délai." in text_of(page)
    saved(page)


def test_what_was_replaced_is_offered_back_until_one_goes_on(page: Page) -> None:
    panel = opened(page)
    entries(page).first.get_by_role("button").click()
    panel.get_by_role("button", name="Remplacer par").click()
    page.locator("[data-editor]").press("Control+End")
    page.keyboard.type(" Encore")
    expect(panel.get_by_role("button", name="Annuler : Remplacé")).to_have_count(0)
    assert "après le délai" in text_of(page) and text_of(page).endswith("Encore")


def test_one_is_left_with_a_reason_and_taken_up_again(
    page: Page, draft_id: int, scene: Scene, server: LiveServer, profile: Callable[..., BrowserContext]
) -> None:
    panel = opened(page)
    entries(page).nth(1).get_by_role("button").click()
    leave = panel.get_by_role("button", name="Laisser, avec une raison")
    leave.click()
    field = panel.get_by_label("Pourquoi garder ces mots")
    expect(field).to_be_focused()
    page.keyboard.press("Escape")
    expect(field).to_have_count(0)
    expect(entries(page).nth(1).get_by_role("button").first).to_be_focused()
    leave.click()
    page.keyboard.press("Enter")
    expect(panel.get_by_role("alert")).to_contain_text("Écrivez une raison")
    # What is typed stays while the text is read again.
    field.fill("C’est le mot de la loi.")
    panel.get_by_role("button", name="Laisser ces mots").click()
    said(page, "Laissé : «\u00a0est délivrée\u00a0». 2\u00a0passages à simplifier.")
    assert underlined(page) == ["à l’issue du", "CAFAT"]
    expect(entries(page).nth(1).get_by_role("button").first).to_be_focused()
    # Everybody reads why, in their own panel.
    other = open_draft(profile(scene.ben, server.url), server.url, draft_id)
    theirs = opened(other, 2)
    theirs.get_by_text("Laissés avec une raison (1)").click()
    expect(theirs).to_contain_text("C’est le mot de la loi.")
    expect(theirs).to_contain_text(scene.ana.name)
    theirs.get_by_role("button", name="Reprendre : «\u00a0est délivrée\u00a0»").click()
    said(other, "Repris. 3\u00a0passages à simplifier.")
    expect(theirs.locator(".plain-sum")).to_be_focused()
    # What is asked for again with the next answer goes for the first one too.
    page.reload()
    page.wait_for_selector("html[data-synced]")
    counted(page, 3)


def test_a_long_text_is_marked_where_one_looks(
    scene: Scene, server: LiveServer, profile: Callable[..., BrowserContext]
) -> None:
    """A browser looks through every piece of an editable text for each key, so few pieces are made of it."""
    last = 119
    with unit_of_work():
        lab = session().get_one(Lab, scene.lab_id)
        lead = draft_numbered(scene.draft_id).article.lead
        tree = [
            block("paragraph", f"k{at}", f"Passage {at} : venez afin de signer.") for at in range(last + 1)
        ]
        number = makers.make_draft(scene.ana, lab, lead, title="Un long texte", tree=tree).id
    page = open_draft(profile(scene.ana, server.url), server.url, number)
    opened(page, last + 1)
    marked = "[data-editor] [data-plain]"
    expect(page.locator("[data-editor] p").first.locator(".plain")).to_have_text("afin de")
    assert page.locator(marked).count() < last
    bottom = page.locator("[data-editor] p").nth(last)
    expect(bottom.locator(".plain")).to_have_count(0)
    # By the wheel or the bar.
    page.evaluate("scrollTo(0, document.documentElement.scrollHeight)")
    expect(bottom.locator(".plain")).to_have_text("afin de")
    expect(page.locator("[data-editor] p").first.locator(".plain")).to_have_count(0)
    # By the keys that lead from passage to passage; and what is typed far from there is read all the same.
    bottom.click()
    page.keyboard.press("Home")
    page.wait_for_timeout(150)
    page.keyboard.press("Shift+F8")
    said(page, f"Passage {last} sur {last + 1}.")
    page.locator("[data-editor]").press("Control+Home")
    page.wait_for_timeout(150)
    page.keyboard.press("F8")
    expect(page.locator("[data-editor] .plain-here")).to_have_text("afin de")
    expect(page.locator("[data-editor] p").first.locator(".plain-here")).to_have_count(1)
    page.keyboard.press("Control+End")
    page.keyboard.type(" Venez afin de payer.")
    counted(page, last + 2)
    expect(bottom.locator(".plain")).to_have_text(["afin de", "afin de"])


def test_a_word_of_the_glossary_is_explained_in_the_text_itself(
    draft_id: int, scene: Scene, server: LiveServer, profile: Callable[..., BrowserContext]
) -> None:
    with unit_of_work():
        editor = makers.make_agent(makers.make_administration(), PortalRole.PORTAL_EDITOR)
        number = glossary.write(editor, TermWords("carte", "Papier qui dit qui vous êtes.")).id
    try:
        page = open_draft(profile(scene.ana, server.url), server.url, draft_id)
        panel = opened(page)
        expect(panel.get_by_role("heading", name="Mots expliqués au glossaire")).to_be_visible()
        panel.get_by_role("button", name="Ajouter la définition\u00a0: carte").click()
        said(page, "Définition ajoutée au texte")
        # It stands after the paragraph that has the word; the key that takes back takes it back whole.
        expect(page.locator("[data-editor] > *").nth(1)).to_contain_text("Papier qui dit")
        saved(page)
        assert "Papier qui dit" in _stored(draft_id)
        page.keyboard.press("Control+z")
        expect(page.locator("[data-editor]")).not_to_contain_text("Papier qui dit")
        saved(page)
        assert "Papier qui dit" not in _stored(draft_id)
    finally:
        with unit_of_work():
            glossary.withdraw(editor, number, glossary.term_numbered(number).version, "Essai fini.")


def test_it_is_taken_up_at_once_by_who_left_it(page: Page) -> None:
    panel = opened(page)
    entries(page).first.get_by_role("button").click()
    panel.get_by_role("button", name="Laisser, avec une raison").click()
    panel.get_by_label("Pourquoi garder ces mots").fill("Une raison.")
    page.keyboard.press("Enter")
    counted(page, 2)
    panel.get_by_role("button", name="Annuler : Laissé").click()
    counted(page, 3)
    said(page, "Repris.")


def test_what_one_corrects_goes_from_the_others_list(
    page: Page, draft_id: int, scene: Scene, server: LiveServer, profile: Callable[..., BrowserContext]
) -> None:
    other = open_draft(profile(scene.ben, server.url), server.url, draft_id)
    opened(page)
    theirs = opened(other)
    # The other is at the very passage, and keeps the keyboard when it goes.
    entries(other).first.get_by_role("button").click()
    entries(page).first.get_by_role("button").click()
    panel_of(page).get_by_role("button", name="Remplacer par").click()
    counted(other, 2)
    expect(entries(other)).to_have_count(2)
    expect(entries(other).first.get_by_role("button").first).to_be_focused()
    assert underlined(other) == ["est délivrée", "CAFAT"]
    # And what one brings in comes to the other.
    page.locator("[data-editor]").press("Control+End")
    page.keyboard.type(" Venez afin de signer.")
    counted(other, 3)
    expect(theirs).to_contain_text("afin de")
    same_text(page, other)


def test_who_only_suggests_gets_suggestions_and_who_only_reads_no_panel(
    draft_id: int, scene: Scene, server: LiveServer, profile: Callable[..., BrowserContext]
) -> None:
    lea, noe = (
        open_draft(profile(member(scene, right, name), server.url), server.url, draft_id)
        for right, name in ((Right.SUGGEST, "Léa Wamytan"), (Right.REMARK, "Noé Poadja"))
    )
    expect(panel_of(noe)).to_have_count(0)
    noe.locator("[data-editor]").focus()
    noe.keyboard.press("Control+Alt+f")
    expect(lea.locator("[data-editor]")).to_have_attribute("contenteditable", "true", timeout=15_000)
    panel = opened(lea)
    entries(lea).first.get_by_role("button").click()
    expect(panel.get_by_role("button", name="Laisser, avec une raison")).to_have_count(0)
    panel.get_by_role("button", name="Remplacer par").click()
    for page in (lea, noe):
        expect(page.locator("[data-editor] del.suggestion")).to_have_text("à l’issue du")
        expect(page.locator("[data-editor] ins.suggestion")).to_have_text("après le")
    saved(lea)
    # Words on their way out are not read again.
    counted(lea, 2)
    lea.locator("[data-editor]").focus()
    lea.keyboard.press("Control+z")
    expect(noe.locator("[data-editor] .suggestion")).to_have_count(0)
    counted(lea, 3)


def test_a_click_in_the_text_leads_to_its_advice_and_the_choice_is_remembered(
    page: Page, draft_id: int, server: LiveServer
) -> None:
    panel = opened(page)
    page.locator("[data-editor] .plain").nth(1).click()
    shown = entries(page).nth(1)
    expect(shown.get_by_role("button").first).to_have_attribute("aria-expanded", "true")
    expect(shown).to_contain_text("Aller au passage")
    # The caret stays in the text: one goes on writing.
    expect(page.locator("[data-editor]")).to_be_focused()
    page.reload()
    page.wait_for_selector("html[data-synced]")
    counted(page, 3)
    # Remarks take its place: two panels would lie on one another.
    page.get_by_role("button", name="Ouvrir les remarques").click()
    expect(panel.locator(".plain-sum")).to_be_hidden()
    assert underlined(page) == []
    panel.get_by_role("button", name="Ouvrir les conseils").click()
    expect(page.locator("#remarques-panneau")).to_be_hidden()
    panel.get_by_role("button", name="Fermer les conseils").click()
    page.reload()
    page.wait_for_selector("html[data-synced]")
    expect(panel.get_by_role("button", name="Ouvrir les conseils")).to_be_visible()
    assert page.evaluate("Object.keys(localStorage).filter(key => key.includes('french'))") == []


def test_nothing_is_remembered_on_a_shared_computer(
    draft_id: int, scene: Scene, server: LiveServer, profile: Callable[..., BrowserContext]
) -> None:
    context = profile(scene.ana, server.url)
    with unit_of_work():
        token = accounts.sign_in(scene.ana.id, second_factor=True, shared_computer=True).token
    context.add_cookies([{"name": "openlab", "value": token, "url": server.url}])
    page = open_draft(context, server.url, draft_id)
    opened(page)
    assert page.evaluate("localStorage.length") == 0


def test_without_a_line_it_says_so_and_goes_on_when_it_is_back(page: Page) -> None:
    panel = opened(page)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url) if request.method == "POST" else None)
    page.context.set_offline(True)
    page.locator("[data-editor]").press("Control+End")
    page.keyboard.type(" Venez afin de signer.")
    expect(panel).to_contain_text("Pas de connexion : les conseils ne sont pas à jour.", timeout=WHILE)
    assert underlined(page)[0] == "à l’issue du", "what is known stays"
    page.context.set_offline(False)
    counted(page, 4)
    expect(panel.locator(".plain-state")).to_be_hidden()
    # At rest nothing is asked.
    before = len(asked)
    page.wait_for_timeout(3_000)
    assert len(asked) == before


def test_a_busy_server_is_left_alone(page: Page) -> None:
    asked: list[int] = []

    def busy(route) -> None:  # type: ignore[no-untyped-def]
        if route.request.method != "POST":
            return route.continue_()
        asked.append(1)
        route.fulfill(status=503, json={"error": {"code": "unavailable", "message": "Plus tard."}})

    page.route("**/francais-simple", busy)
    panel_of(page).get_by_role("button", name="Ouvrir les conseils").click()
    expect(panel_of(page)).to_contain_text("Le serveur est occupé : les conseils ne sont pas à jour.")
    page.wait_for_timeout(4_000)
    assert len(asked) <= 3
    page.unroute("**/francais-simple")
    counted(page, 3)


@pytest.mark.parametrize("width", [1280, 360])
def test_axe_finds_nothing_and_nothing_runs_out_of_the_screen(page: Page, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 740})
    panel = opened(page)
    assert faults(page) == []
    entries(page).first.get_by_role("button").click()
    # What is looked at is in sight beside, or above, the panel.
    expect(page.locator("[data-editor] .plain-here")).to_be_in_viewport()
    if width == 360:
        here = page.locator("[data-editor] .plain-here").bounding_box()
        box = panel.bounding_box()
        assert here is not None and box is not None and here["y"] + here["height"] <= box["y"]
    panel.get_by_role("button", name="Laisser, avec une raison").click()
    page.keyboard.press("Enter")
    assert faults(page) == []
    panel.get_by_label("Pourquoi garder ces mots").fill("Une raison.")
    page.keyboard.press("Enter")
    counted(page, 2)
    panel.get_by_text("Laissés avec une raison (1)").click()
    wrong = faults(page) + runs_over(page)
    page.set_viewport_size({"width": 320, "height": 640})
    assert wrong + runs_over(page) == []
