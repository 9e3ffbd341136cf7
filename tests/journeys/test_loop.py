"""What the public says comes back as a page: a search in vain becomes a wish, a lab answers it, its author is told; a comment becomes
a remark on its block, and the next version says that it was taken into account. By the screens alone."""

from __future__ import annotations

import re

from playwright.sync_api import Page, expect

from publish.sheets import SOONEST_SECONDS
from tests.journeys.demo import Demo
from tests.journeys.hands import caret_at_the_very_end, said, saved, tool
from tests.journeys.test_guest import letter_to
from tests.journeys.test_walk import LEADER, SIGNS_SOUTH, SOUTH, asked, propose

MODERATOR = "moderateur@dinum.example"
CITIZEN = "lea@exemple.nc"
WISH, ARTICLE = "Savoir où rouler en trottinette", "Rouler en trottinette électrique"
PAGE = "/fiches/rouler-en-trottinette-electrique"
PASSAGE = "Quand on roule"
QUESTION = "Faut-il un casque en ville\u202f?"


def at_their_pace(page: Page, button: str) -> None:
    """Nobody writes as fast as a test: what is tried is the least that a person needs."""
    page.wait_for_timeout(SOONEST_SECONDS * 1_000 + 1_100)
    page.get_by_role("button", name=button).click()


def confirmed(demo: Demo, page: Page, saying: str, button: str) -> None:
    """Open the link that was mailed, and press its button."""
    letter = letter_to(CITIZEN, demo.server.data_dir / "mail", saying)
    links = re.findall(r"https?://\S+/suivi/\S+", letter)
    page.goto(links[0])
    page.get_by_role("button", name=button).click()


def wishes_for(demo: Demo, citizen: Page) -> None:
    citizen.goto(f"{demo.url}/recherche?q=trottinette")
    citizen.get_by_role("link", name="Dites-nous ce qui manque").click()
    citizen.get_by_label("Votre souhait, en une phrase").fill(WISH)
    citizen.get_by_label("Expliquez").fill("Sur la route ou sur le trottoir\u202f? On me dit les deux.")
    citizen.get_by_label("Votre adresse électronique").fill(CITIZEN)
    at_their_pace(citizen, "Envoyer mon souhait")
    other = citizen.get_by_role("button", name="Non, envoyer mon souhait")
    if other.count():
        other.click()
    expect(citizen.get_by_role("heading", level=1)).to_have_text("Merci, votre souhait est bien arrivé")
    confirmed(demo, citizen, "un souhait fait sur", "Confirmer mon adresse")


def answers(demo: Demo, wish: str) -> None:
    """A lab takes it up; an agent opens a draft for it, writes and proposes."""
    leader = demo.sit(LEADER, wish)
    leader.get_by_role("link", name="Agents : décider de la suite").click()
    leader.get_by_role("button", name=re.compile(r"^L’étudier dans «\s*Déménager")).click()
    said(leader, "Le lab étudie le souhait")
    leader.close()
    writer = demo.sit(SOUTH, "/labs/demenager")
    writer.get_by_role("link", name=f"Ouvrir un brouillon qui y répond (souhait « {WISH} »)").click()
    writer.get_by_label("Titre de la fiche").fill(ARTICLE)
    writer.get_by_role("button", name="Créer le brouillon").click()
    said(writer, "Le brouillon est créé.")
    writer.wait_for_selector("html[data-synced]")
    writer.locator("[data-editor]").click()
    writer.wait_for_timeout(150)
    tool(writer, "Chapeau « en bref »")
    writer.keyboard.type("La trottinette électrique roule sur la route, pas sur le trottoir.")
    writer.keyboard.press("Enter")
    tool(writer, "Titre 2")
    writer.keyboard.type(PASSAGE)
    writer.keyboard.press("Enter")
    writer.keyboard.type("Elle ne dépasse pas 25 km/h.")
    saved(writer)
    propose(writer, "Première version.")
    said(writer, "Le texte est proposé à la relecture")
    writer.close()


def publishes(demo: Demo) -> None:
    other = demo.sit(SIGNS_SOUTH)
    asked(other, ARTICLE)
    other.get_by_label("Je le signe et je le publie").check()
    other.get_by_role("button", name="Relire et publier").click()
    said(other, "est publiée")
    other.close()


def comes_into_the_next_version(demo: Demo) -> None:
    writer = demo.sit(SOUTH, f"{PAGE}/corriger")
    lab = writer.get_by_label("Où l’écrire")
    if lab.count():
        lab.select_option(index=1)
    writer.get_by_role("button", name="Commencer la correction").click()
    writer.wait_for_selector("html[data-synced]")
    draft = writer.url.split("?")[0].split("#")[0]
    writer.goto(f"{demo.url}{PAGE}/vie/commentaires")
    writer.get_by_role("button", name="Envoyer au lab").click()
    expect(writer.get_by_role("link", name=f"Remarque dans « {ARTICLE} »")).to_be_visible()
    writer.goto(draft)
    writer.wait_for_selector("html[data-synced]")
    caret_at_the_very_end(writer)
    writer.keyboard.type(" Le casque est obligatoire.")
    saved(writer)
    writer.goto(f"{draft}/remarques")
    remark = writer.get_by_role("article").filter(has_text=QUESTION)
    expect(remark).to_contain_text(PASSAGE)
    remark.get_by_role("button", name="Marquer comme résolue").click()
    writer.goto(draft)
    writer.wait_for_selector("html[data-synced]")
    propose(writer, "Le casque.")
    said(writer, "Le texte est proposé à la relecture")
    writer.close()


def test_what_the_public_says_comes_back_as_a_page(demo: Demo) -> None:
    citizen = demo.visitor(java_script_enabled=False, viewport={"width": 360, "height": 740})
    wishes_for(demo, citizen)
    moderator = demo.sit(MODERATOR, "/moderation")
    moderator.get_by_role("button", name=f"Mettre en ligne « {WISH} »").click()
    expect(moderator.get_by_role("button", name=f"Mettre en ligne « {WISH} »")).to_have_count(0)

    neighbour = demo.visitor(java_script_enabled=False)
    neighbour.goto(f"{demo.url}/souhaits?q=trottinette")
    neighbour.get_by_role("link", name=WISH).click()
    wish = neighbour.url.split("?")[0]
    neighbour.get_by_role("button", name="Soutenir ce souhait").click()
    expect(neighbour.get_by_role("heading", name="1 personne le soutient")).to_be_visible()

    answers(demo, wish.removeprefix(demo.url))
    neighbour.goto(wish)
    expect(neighbour.get_by_text("À l’étude").first).to_be_visible()
    publishes(demo)
    demo.until_it_stands(PAGE)
    assert PAGE in letter_to(CITIZEN, demo.server.data_dir / "mail", PAGE)
    neighbour.goto(wish)
    expect(neighbour.get_by_role("link", name=ARTICLE).first).to_be_visible()

    # A comment on one passage of that page comes into its next version.
    citizen.goto(f"{demo.url}{PAGE}/commentaires")
    citizen.get_by_label("Prénom ou pseudonyme").fill("Léa")
    citizen.get_by_label("Votre commentaire", exact=True).fill(QUESTION)
    citizen.get_by_label("Ce que vous commentez").select_option(label=PASSAGE)
    citizen.get_by_label("Adresse électronique").fill(CITIZEN)
    at_their_pace(citizen, "Envoyer le commentaire")
    expect(citizen.get_by_role("heading", level=1)).to_contain_text("nous avons reçu")
    own = citizen.url.split("?")[0]
    confirmed(demo, citizen, "a écrit un commentaire", "Oui, me prévenir")
    moderator.goto(f"{demo.url}/moderation")
    moderator.locator("article").filter(has_text=QUESTION).get_by_role("button", name="Publier").click()
    expect(moderator.get_by_role("status")).to_contain_text("est publié")
    comes_into_the_next_version(demo)
    publishes(demo)
    letter_to(CITIZEN, demo.server.data_dir / "mail", "tient compte de votre commentaire")
    for page in (f"{demo.url}{PAGE}/commentaires", own):
        citizen.goto(page)
        expect(citizen.get_by_text(re.compile("[Pp]ris en compte dans la version du")).first).to_be_visible()
    for context in (citizen.context, neighbour.context):
        context.close()
    moderator.close()
