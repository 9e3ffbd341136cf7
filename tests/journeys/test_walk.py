"""The whole walk by the screens alone: written by two administrations, signed by both, published, and read."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.journeys.demo import MAIN_DRAFT, Demo, words
from tests.journeys.hands import (
    caret_at_start,
    caret_at_the_very_end,
    said,
    same_text,
    saved,
    text_of,
    tool,
)

pytestmark = pytest.mark.alone

SOUTH, NORTH = "agent@province-sud.example", "agent@province-nord.example"
SIGNS_SOUTH, SIGNS_NORTH = "referent@province-sud.example", "referent@province-nord.example"
EDITOR, LEADER = "editeur@dinum.example", "animateur@dinum.example"
ADDRESS = "/fiches/changer-d-adresse-dans-les-trois-provinces"
FROZEN = "article.framed"
# What is said under its blocks is no part of it.
SAID = ".remark, .point"
# What the public page says around the text: its contents, and who signed it.
AROUND = "nav, footer"
# What somebody reads on the page of a review beside the text, to publish what one administration alone is competent for: 197
# words when they were counted first, of which what is folded is none. A sentence more is to be meant.
MOST_WORDS = 205


def opened(page: Page, title: str) -> Page:
    """Sit down at a text one writes in, from one's own space."""
    place = page.get_by_role("region", name="Les textes où j’écris")
    place.get_by_role("link", name=title, exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_contain_text(title)
    page.wait_for_selector("html[data-synced]")
    return page


def asked(page: Page, title: str) -> Page:
    """Go to what waits for one about a text: the link is the act itself, with the title read after it."""
    place = page.get_by_role("region", name="Ce qui m’attend")
    place.get_by_role("link", name=f"– {title}").first.click()
    expect(page.get_by_role("heading", level=1)).to_contain_text(title)
    return page


def counted(page: Page) -> Callable[[], int]:
    """How often a person has pressed a button of the mouse on a page from now on, over all it led to."""
    count = "addEventListener('pointerdown', () => { sessionStorage.presses = 1 + Number(sessionStorage.presses || 0) }, true)"
    page.add_init_script(count)
    page.evaluate(f"sessionStorage.presses = 0; {count}")
    return lambda: int(page.evaluate("sessionStorage.presses"))


def path_of(page: Page) -> str:
    return page.url.split("/", 3)[-1].split("#")[0].split("?")[0]


def propose(page: Page, note: str) -> None:
    page.get_by_label("Ce qui change pour le lecteur").fill(note)
    page.get_by_role("button", name="Proposer à la relecture").click()


def propose_all_the_same(page: Page, note: str) -> None:
    """What could be said more simply keeps nobody from going on: who knows why says so, and the reviewers read it."""
    propose(page, note)
    page.get_by_label("Pourquoi proposer le texte ainsi").fill("Ce sont les mots de la délibération.")
    propose(page, note)


def sign(page: Page) -> None:
    page.get_by_label("J’ai relu ce texte.").check()
    page.get_by_role("button", name="Signer ce texte").click()


def answers(page: Page) -> str:
    return page.locator(".answers").inner_text()


def give_right(page: Page, name: str, right: str) -> None:
    """The facilitator changes what a person may do in the lab."""
    row = page.get_by_role("row").filter(has=page.get_by_role("rowheader", name=name))
    row.locator("summary").click()
    row.get_by_label(f"Nouveau droit de {name}").select_option(right)
    row.get_by_role("button", name="Enregistrer le droit").click()
    said(page, "Le droit de")


def test_from_a_keystroke_to_the_public_page(demo: Demo) -> None:
    # A reviewer of the South is asked to write along, so that one signature will be an author's.
    leader = demo.sit(LEADER, "/labs/demenager")
    give_right(leader, "Bernard Courtelonne", "write")
    leader.close()

    south, north = (opened(demo.sit(who), MAIN_DRAFT) for who in (SOUTH, NORTH))
    expect(south.locator("[data-people]")).to_contain_text("Poindi Gohoupwé")
    expect(north.locator("[data-people]")).to_contain_text("Éloïse Martinelle")
    caret_at_start(south, "p", "Passez à la mairie")
    caret_at_the_very_end(north)
    north.keyboard.press("Enter")
    north.keyboard.type("Et pour la carte grise")
    tool(north, "Titre 4")
    north.keyboard.press("End")
    north.keyboard.press("Enter")
    for left, right in zip("Dès l’arrivée : ", "Un mois partout.", strict=True):
        south.keyboard.type(left)
        north.keyboard.type(right)
    saved(south), saved(north)
    text = same_text(south, north)
    assert "Dès l’arrivée : Passez à la mairie" in text and "Un mois partout." in text

    # The text does not pass its checks: the fault is one click away, and mended there.
    propose(south, "Une page pour trois provinces.")
    fault = south.get_by_role("alert").get_by_role("link", name="il manque un niveau")
    expect(fault).to_be_visible()
    expect(south.get_by_label("Ce qui change pour le lecteur")).to_have_value(
        "Une page pour trois provinces."
    )
    south.wait_for_selector("html[data-synced]")
    fault.click()
    heading = south.locator("[data-editor] h4", has_text="Et pour la carte grise")
    expect(heading).to_be_in_viewport()
    heading.click()
    south.wait_for_timeout(150)
    tool(south, "Titre 3")
    expect(north.locator("[data-editor] h3", has_text="Et pour la carte grise")).to_be_visible()
    saved(south)

    author = opened(demo.sit(SIGNS_SOUTH), MAIN_DRAFT)
    caret_at_start(author, "p", "Apportez une pièce")
    author.keyboard.type("Un matin suffit. ")
    saved(author)
    author.close()

    propose_all_the_same(south, "Une page pour trois provinces.")
    said(south, "Le texte est proposé à la relecture")
    review = f"/{path_of(south)}"
    assert review.endswith("/relecture")
    frozen = words(south, FROZEN, without=SAID)
    assert "suffit." in frozen and "partout." in frozen

    # Who only writes may not sign, and reads why.
    expect(south.get_by_role("button", name="Signer ce texte")).to_have_count(0)
    south.get_by_text("Ce que vous ne pouvez pas faire maintenant").click()
    expect(south.get_by_role("term").filter(has_text="Visa")).to_be_visible()

    # The living text goes on; the frozen one does not.
    caret_at_the_very_end(north)
    north.keyboard.type(" Écrit après le gel.")
    saved(north)

    signer = asked(demo.sit(SIGNS_SOUTH), MAIN_DRAFT)
    assert f"/{path_of(signer)}" == review, "what waits for a reviewer leads to the review"
    expect(signer.locator(".told").first).to_contain_text("Le brouillon a changé depuis cette version")
    assert words(signer, FROZEN, without=SAID) == frozen
    expect(signer.get_by_role("region", name="Lisibilité")).to_contain_text(
        "Ce sont les mots de la délibération."
    )
    sign(signer)
    said(signer, "Votre visa est enregistré.")
    assert "Visa, comme auteur" in answers(signer)
    expect(signer.get_by_text("Il manque encore")).to_be_visible()

    second = asked(demo.sit(SIGNS_NORTH), MAIN_DRAFT)
    assert words(second, FROZEN, without=SAID) == frozen
    sign(second)
    said(second, "Votre visa est enregistré.")
    assert "Visa, comme second regard" in answers(second)
    expect(second.get_by_role("heading", level=1)).to_contain_text("Relecture de")
    assert demo.fetch(ADDRESS)[0] == 404

    editor = asked(demo.sit(EDITOR), MAIN_DRAFT)
    assert words(editor, FROZEN, without=SAID) == frozen
    note = editor.get_by_role("textbox", name="Ce qui change pour le lecteur")
    expect(note).to_have_value("Une page pour trois provinces.")
    note.fill("Une seule page, pour les trois provinces.")
    editor.get_by_label("J’ai relu ce texte en entier. Je le publie.").check()
    editor.get_by_role("button", name="Publier maintenant").click()
    said(editor, ADDRESS)

    body = demo.until_it_stands(ADDRESS)
    reader = demo.visitor()
    reader.goto(f"{demo.url}{ADDRESS}")
    assert words(reader, "article", without=AROUND) == frozen
    credit = reader.locator("footer.signed").inner_text()
    assert "Province Sud" in credit and "Province Nord" in credit
    assert "Martinelle" not in reader.content() and "Gohoupwé" not in reader.content()
    reader.goto(f"{demo.url}{ADDRESS}/historique")
    expect(reader.get_by_role("main")).to_contain_text("Une seule page, pour les trois provinces.")
    reader.context.close()

    # The draft lives on, the page stays as it is.
    south.goto(f"{demo.url}{review.removesuffix('/relecture')}")
    south.wait_for_selector("html[data-synced]")
    caret_at_start(south, "p", "Dès l’arrivée")
    south.keyboard.type("Plus tard, autre chose. ")
    saved(south)
    assert "Plus tard, autre chose." in text_of(south)
    expect(south.get_by_role("heading", name="En ligne")).to_be_visible()
    assert demo.fetch(ADDRESS)[2] == body

    south.get_by_role("main").get_by_role("link", name="Historique").click()
    deeds = [deed.split(" (")[0].strip() for deed in south.get_by_role("rowheader").all_inner_texts()]
    # The latest first.
    assert deeds == [
        "Publication",
        "Approbation",
        "Visa",
        "Visa",
        "Proposition à la relecture",
        "Création du brouillon",
    ]
    for page in (south, north, signer, second, editor):
        page.close()


def test_the_short_way_is_three_acts_by_two_people(demo: Demo) -> None:
    """One administration is competent: write, propose; somebody else reads and publishes."""
    writer = demo.sit(SOUTH, "/labs")
    writer.get_by_role("main").get_by_role("link", name="Province Sud").first.click()
    writer.get_by_role("main").get_by_role("link", name="Nouveau brouillon").first.click()
    writer.get_by_label("Titre").fill("Réserver une salle de la Province")
    writer.get_by_role("button", name="Créer le brouillon").click()
    said(writer, "Le brouillon est créé. Vous pouvez écrire.")
    writer.wait_for_selector("html[data-synced]")
    writer.locator("[data-editor]").click()
    writer.wait_for_timeout(150)
    tool(writer, "Chapeau « en bref »")
    writer.keyboard.type("La salle se réserve au guichet, une semaine avant.")
    writer.keyboard.press("Enter")
    writer.keyboard.type("Apportez une pièce d’identité.")
    saved(writer)
    presses = counted(writer)
    propose(writer, "Première version.")
    said(writer, "Le texte est proposé à la relecture")
    assert presses() == 1, "the text is proposed where it is written"
    # Nothing is said of abstentions and objections where one administration alone is competent.
    assert "abstenir" not in writer.get_by_role("main").inner_text()

    other = demo.sit(SIGNS_SOUTH)
    presses = counted(other)
    asked(other, "Réserver une salle de la Province")
    frozen = words(other, FROZEN, without=SAID)
    around = words(other, "main", without=f"{FROZEN}, details > :not(summary)")
    assert len(around) <= MOST_WORDS, (len(around), around)
    other.get_by_label("Je le signe et je le publie").check()
    other.get_by_role("button", name="Relire et publier").click()
    said(other, "La fiche est publiée")
    assert presses() == 3, "what waits, « j’ai relu », « relire et publier »"
    demo.until_it_stands("/fiches/reserver-une-salle-de-la-province")
    reader = demo.visitor()
    reader.goto(f"{demo.url}/fiches/reserver-une-salle-de-la-province")
    assert words(reader, "article", without=AROUND) == frozen
    reader.context.close()

    writer.reload()
    writer.get_by_role("main").get_by_role("link", name="Historique").click()
    rows = writer.get_by_role("row").all_inner_texts()[1:]
    people = {name for row in rows for name in ("Éloïse Martinelle", "Bernard Courtelonne") if name in row}
    assert people == {"Éloïse Martinelle", "Bernard Courtelonne"}
    writer.close(), other.close()


def test_a_text_is_sent_back_with_a_reason_and_proposed_again(demo: Demo) -> None:
    title = "Changer un enfant d’école après un déménagement"
    reviewer = asked(demo.sit(SIGNS_NORTH), title)
    reviewer.get_by_text("Demander des changements").click()
    why = reviewer.get_by_label("Ce qu’il faut changer, et pourquoi")
    # An empty reason goes nowhere: the browser says so, and the server would.
    reviewer.get_by_role("button", name="Envoyer la demande").click()
    assert why.evaluate("field => !field.checkValidity()")
    why.fill("Le vice-rectorat demande un mois, et non trois semaines.")
    reviewer.get_by_role("button", name="Envoyer la demande").click()
    said(reviewer, "Votre demande est envoyée.")

    writer = opened(demo.sit(NORTH), title)
    expect(writer.locator(".asked")).to_contain_text("Le vice-rectorat demande un mois")
    expect(writer.locator(".asked")).to_contain_text("Marie-Claire Tiahoupwa")
    expect(writer.locator(".badge")).to_have_text("À reprendre")
    caret_at_start(writer, "p", "Adressez-vous au vice-rectorat")
    writer.keyboard.type("Un mois avant : ")
    saved(writer)
    # What was said of the version before is proposed again.
    note = writer.get_by_label("Ce qui change pour le lecteur")
    expect(note).to_have_value("Première version écrite en open lab.")
    propose_all_the_same(writer, "Le délai du vice-rectorat est juste.")
    said(writer, "Le texte est proposé à la relecture")
    again = asked(demo.sit(SIGNS_NORTH), title)
    assert "avant" in words(again, FROZEN, without=SAID)
    expect(again.get_by_text("Version figée 2")).to_be_visible()
    since = again.get_by_role("region", name="Depuis la dernière relecture")
    expect(since).to_contain_text("Le vice-rectorat demande un mois")
    expect(since.locator("ins")).to_contain_text("Un mois avant")
    # The South had signed the first version: that signature does not hold for another text.
    assert "Réponse attendue" in answers(again)
    sign(again)
    said(again, "Votre visa est enregistré.")
    reviewer.close(), writer.close(), again.close()


@pytest.mark.parametrize(
    ("title", "writer_email", "reader_email"),
    [
        (
            "Le transport scolaire entre les îles et la Grande Terre",
            "agent@province-iles.example",
            "referent@province-iles.example",
        ),
        ("Faire suivre son courrier et ses factures", NORTH, EDITOR),
    ],
    ids=["signing", "publishing"],
)
def test_a_page_that_has_moved_on_says_so(
    demo: Demo, title: str, writer_email: str, reader_email: str
) -> None:
    """Two windows: what was read in the one is taken back and proposed anew in the other."""
    writer, stale = demo.sit(writer_email), asked(demo.sit(reader_email), title)
    review = f"/{path_of(stale)}"
    writer.goto(f"{demo.url}{review}")
    writer.get_by_text("Retirer la proposition").first.click()
    writer.get_by_role("button", name="Retirer la proposition").click()
    said(writer, "La proposition est retirée.")
    writer.wait_for_selector("html[data-synced]")
    caret_at_the_very_end(writer)
    writer.keyboard.type(" Et encore un mot.")
    saved(writer)
    propose_all_the_same(writer, "Un mot de plus.")
    said(writer, "Le texte est proposé à la relecture")

    if reader_email == EDITOR:
        stale.get_by_label("J’ai relu ce texte en entier.").check()
        stale.get_by_role("button", name="Publier maintenant").click()
    else:
        sign(stale)
    expect(stale.get_by_role("main")).to_contain_text("rechargez la page")
    fresh = demo.sit(reader_email, review)
    assert "Réponse attendue" in answers(fresh) and "Visa" not in answers(fresh)
    writer.close(), stale.close(), fresh.close()


def test_a_publication_is_called_off_and_planned_for_another_moment(demo: Demo) -> None:
    editor = demo.sit(EDITOR, "/labs")
    editor.goto(f"{address_of(demo, 'Se faire connaître à la mairie en arrivant')}/relecture")
    editor.get_by_role("button", name="Annuler la publication programmée").click()
    said(editor, "La publication programmée est annulée.")
    expect(editor.locator(".badge")).to_have_text("Approuvé")
    editor.get_by_label("J’ai relu ce texte en entier.").check()
    editor.get_by_text("Choisir un autre moment").click()
    editor.get_by_label("Jour").fill("2035-05-31")
    editor.get_by_label("Heure, à Nouméa").fill("06:30")
    editor.get_by_role("button", name="Programmer la publication").click()
    said(editor, "La publication est programmée.")
    expect(editor.get_by_role("main")).to_contain_text("31 mai 2035 à 6 h 30, heure de Nouméa")
    assert demo.fetch("/fiches/se-faire-connaitre-a-la-mairie")[0] == 404
    editor.close()


def address_of(demo: Demo, title: str) -> str:
    """Where a text stands, as a program of the person who writes it finds it."""
    page = demo.sit(SOUTH)
    found = page.request.get(f"{demo.url}/api/v1/drafts").json()["items"]
    page.close()
    return next(item["url"] for item in found if item["title"] == title)
