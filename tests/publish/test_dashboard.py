"""What agents see of what their pages do, and editors of what the portal lacks."""

from __future__ import annotations

from datetime import date

from app import clock
from app.db import reading, session, unit_of_work
from app.directory.models import Administration
from drafts import service
from labs.models import Lab
from publish import dashboard, misses, queries, voice
from publish.figure_models import ArticleRead
from tests.clients import PageClient
from tests.makers import make_draft
from tests.publish.press import FIELDS, RICH, Press, block


def card_at(slug: str) -> queries.Card:
    found = queries.article_at(slug)
    assert isinstance(found, queries.Card)
    return found


def read(slug: str, count: int) -> None:
    with unit_of_work() as current:
        day = clock.local(clock.now()).date()
        current.add(ArticleRead(article_id=card_at(slug).article_id, day=day, count=count))


def say(slug: str, helped: int, not_helped: int) -> None:
    with unit_of_work():
        for number in range(helped + not_helped):
            voice.say_helped(f"{number:032x}", card_at(slug), number < helped)


def test_most_read_least_helpful_and_past_their_date(press: Press, client: PageClient) -> None:
    _draft, both = press.published()
    _draft, alone = press.published("Ouvrir une école", both=False, review_date="2030-05-31")
    _draft, quiet = press.published("Partir", both=False)
    read(both, 3), read(alone, 8)
    say(both, 5, 0), say(alone, 1, 5), say(quiet, 0, 4)
    page = client.sign_in(press.writer).get("/tableau-de-bord")
    assert page.heading == "Tableau de bord : Province du Sud" and "3 fiches en ligne" in page.main
    with reading():
        found = dashboard.dashboard(press.sud)
    assert [(line.title, line.reads.value) for line in found.most_read] == [
        ("Ouvrir une école", 8), ("Changer d’adresse", 3),
    ]  # fmt: skip
    assert [(line.title, line.helped.value) for line in found.least_helped] == [
        ("Ouvrir une école", 17), ("Changer d’adresse", 100),
    ], "four answers are too few to say anything"  # fmt: skip
    assert found.past_review == () and f"/fiches/{alone}/vie" in page.links()
    years = date(2031, 1, 1) - clock.local(clock.now()).date()
    with clock.shifted(years):
        client.sign_in(press.writer)
        assert "31 mai 2030" in client.get("/tableau-de-bord").main
    # Another administration sees its own pages.
    kone = client.sign_out().sign_in(press.nord_reviewer).get("/tableau-de-bord")
    assert "Changer d’adresse" in kone.main and "Ouvrir une école" not in kone.main
    assert "/tableau-de-bord" in client.get("/espace").links()


def test_who_is_not_of_the_house_is_sent_to_sign_in(press: Press, client: PageClient) -> None:
    assert client.get("/tableau-de-bord", 302).location.startswith("/connexion")
    client.sign_in(press.writer)
    client.get("/tableau-de-bord/manques", 403)
    assert "/tableau-de-bord/manques" not in client.get("/espace").links()


def test_editors_see_what_is_lacking(press: Press, client: PageClient) -> None:
    def asking(*words: str) -> list[dict[str, object]]:
        lines = [
            block("list_item", block("paragraph", line, id=f"d{n}p"), id=f"d{n}")
            for n, line in enumerate(words)
        ]
        return [*RICH, block("documents", *lines, id="pieces")]

    press.published(tree=asking("Une pièce d’identité\u00a0;", "Le bail."))
    with unit_of_work():
        sud, nord = (session().get_one(Administration, one) for one in (press.sud, press.nord))
        lab = session().get_one(Lab, press.lab_id)
        tree = asking("une pièce d’identité.", "Le plan.")
        made = make_draft(press.writer, lab, nord, nord, sud, title="Ouvrir une école", tree=tree)
        service.set_fields(press.writer, made, **FIELDS)
        draft_id = made.id
        for _time in range(misses.FEWEST):
            misses.count("patinoire")
    fingerprint = press.submit(draft_id)
    press.sign(draft_id, fingerprint)
    press.publish(draft_id, fingerprint)
    page = client.sign_in(press.editor).get("/tableau-de-bord/manques")
    assert "patinoire" in page.main and "Mairie de Koné, Province du Sud" in page.main
    assert "pièce d’identité" in page.main and "Le bail" not in page.main
    with reading():
        (wanted,) = dashboard.gaps().documents
    assert {one.title for one in wanted.pages} == {"Changer d’adresse", "Ouvrir une école"}
    later = date(2031, 1, 1) - clock.local(clock.now()).date()
    with clock.shifted(later):
        client.sign_in(press.editor)
        assert "avant le 31 mai 2030" in client.get("/tableau-de-bord/manques").main


def test_the_life_of_an_article_has_its_figures(press: Press, client: PageClient) -> None:
    _draft, slug = press.published()
    read(slug, 7), say(slug, 3, 2)
    page = client.sign_in(press.sud_reviewer).get(f"/fiches/{slug}/vie")
    assert "Chiffres, sur douze semaines" in page.main
    assert "60\u202f%" in page.source and "sur 5 réponses" in page.main
