"""A comment on its way: a citizen without scripts on a telephone, and two moderators who read it at the same time."""

from __future__ import annotations

from playwright.sync_api import Page, expect

from publish.sheets import SOONEST_SECONDS
from tests.journeys.demo import Demo
from tests.journeys.test_axe import faults, runs_over

ARTICLE = "creer-son-entreprise"
WORDS = "Pour la patente, faut-il venir à Nouméa\u202f?"
MODERATOR = "moderateur@dinum.example"


def at_the_desk(demo: Demo) -> Page:
    page = demo.sit(MODERATOR, "/moderation")
    expect(page.get_by_text(WORDS)).to_be_visible()
    return page


def test_a_comment_from_a_telephone_to_the_page(demo: Demo) -> None:
    citizen = demo.visitor(java_script_enabled=False, viewport={"width": 360, "height": 740})
    citizen.goto(f"{demo.url}/fiches/{ARTICLE}")
    citizen.get_by_role("link", name="Commenter cette fiche").click()
    citizen.get_by_label("Prénom ou pseudonyme").fill("Marie-Jo")
    citizen.get_by_label("Votre commentaire", exact=True).fill(WORDS)
    send = citizen.get_by_role("button", name="Envoyer le commentaire")
    # Faster than anybody writes: the page comes back with the words, and says so.
    send.click()
    expect(citizen.get_by_role("alert")).to_contain_text("très vite")
    expect(citizen.get_by_label("Votre commentaire", exact=True)).to_have_value(WORDS)
    # The very time that a person needs at least is what is tried here.
    citizen.wait_for_timeout(SOONEST_SECONDS * 1_000 + 500)
    send.click()
    expect(citizen.get_by_role("heading", level=1)).to_contain_text("nous avons reçu")
    assert citizen.context.cookies() == [], "writing needs no cookie"
    own = citizen.url.partition("?")[0]

    first, second = at_the_desk(demo), at_the_desk(demo)
    card = first.locator("article").filter(has_text=WORDS)
    card.get_by_role("button", name="Publier").click()
    expect(first.get_by_role("status")).to_contain_text("est publié")
    late = second.locator("article").filter(has_text=WORDS)
    late.get_by_text("Refuser").first.click()
    late.get_by_label("Pourquoi").select_option("off_topic")
    late.get_by_role("button", name="Refuser").click()
    expect(second.get_by_role("alert")).to_contain_text("vient de publier ce commentaire")
    expect(second.locator("article").filter(has_text=WORDS)).to_have_count(0)

    citizen.goto(own)
    citizen.get_by_role("link", name="Voir votre commentaire sur la page").click()
    expect(citizen.get_by_text(WORDS)).to_be_visible()
    citizen.get_by_role("button", name="Signaler").click()
    expect(citizen.get_by_role("status")).to_contain_text("Un modérateur va relire")
    citizen.goto(own)
    citizen.get_by_role("button", name="Retirer mon commentaire").click()
    expect(citizen.get_by_text("Vous l’avez retiré.")).to_be_visible()
    citizen.context.close()
    for page in (first, second):
        page.close()


def test_axe_finds_nothing_where_comments_are_read_and_followed(demo: Demo) -> None:
    page = demo.visitor(viewport={"width": 360, "height": 740})
    for path in ("/fiches/demenager-de-noumea-a-kone/commentaires", f"/fiches/{ARTICLE}/commentaires"):
        page.goto(f"{demo.url}{path}")
        assert faults(page) == []
        assert not runs_over(page)
    page.get_by_label("Prénom ou pseudonyme").fill("Marie-Jo")
    page.get_by_label("Votre commentaire", exact=True).fill("Appelez-moi au 26 54 12.")
    page.get_by_role("button", name="Envoyer le commentaire").click()
    assert faults(page) == []
    page.wait_for_timeout(SOONEST_SECONDS * 1_000 + 500)
    page.get_by_role("button", name="Envoyer le commentaire").click()
    expect(page.get_by_text("donnée personnelle")).to_be_visible()
    assert faults(page) == []
    assert not runs_over(page)
    page.get_by_role("button", name="Retirer mon commentaire").click()
    page.context.close()
