"""The easy-to-read twin by the screens alone: told what is stale, said right, written on, and read in public both ways."""

from __future__ import annotations

from playwright.sync_api import expect

from tests.journeys.demo import Demo
from tests.journeys.hands import said

WRITER = "agent@province-nord.example"
ARTICLE = "/fiches/vivre-avec-un-handicap"


def test_a_writer_sees_what_is_stale_and_says_that_it_is_still_right(demo: Demo) -> None:
    page = demo.sit(WRITER, "/labs/rentree-scolaire")
    page.get_by_role("link", name="Préparer la rentrée dans un internat").first.click()
    page.get_by_role("link", name="Ouvrir la version facile").click()
    main = page.get_by_role("main")
    expect(main).to_contain_text("Le texte d’origine a changé")
    # What was added to the original is told in words too, for those who do not see colours.
    expect(page.locator("ins").first).to_contain_text("ajouté")
    page.get_by_label("En facile à lire (passage 6)").fill("Les affaires")
    page.get_by_role("button", name="Toujours juste").click()
    said(page, "toujours juste")
    expect(main).not_to_contain_text("Le texte d’origine a changé")
    # What stood in another field when the button was pressed was kept.
    expect(page.get_by_label("En facile à lire (passage 6)")).to_have_value("Les affaires")
    page.close()


def test_a_visitor_reads_the_twin_and_the_text_without_javascript(demo: Demo) -> None:
    page = demo.visitor()
    page.goto(f"{demo.url}{ARTICLE}")
    page.get_by_role("link", name="Lire en version facile").click()
    expect(page).to_have_url(f"{demo.url}{ARTICLE}/facile")
    main = page.get_by_role("main")
    expect(main).to_contain_text("C’est gratuit.")
    expect(main).to_contain_text("relue par 5 personnes concernées")
    letters = page.locator("article.easy").evaluate("one => parseFloat(getComputedStyle(one).fontSize)")
    assert letters >= 18.6, "the European rules ask for 14 points, which are 18.67 pixels"
    page.get_by_role("link", name="Lire le texte complet").first.click()
    expect(page).to_have_url(f"{demo.url}{ARTICLE}")
    page.context.close()
