"""Figures of the portal, of administrations and of articles: what they count, where they stand, and what they do not tell."""

from __future__ import annotations

import csv
import io
from datetime import date, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from app import clock
from app.db import reading, session, unit_of_work
from app.directory.models import Administration
from app.policy import PortalRole
from publish import comments, figure_page, figures, misses, moderation, openings, queries, voice
from publish.comment_models import Comment, Deed, Reason
from publish.figure_models import ArticleRead
from publish.figures import Figure, called
from publish.pages import shelf
from publish.voice_models import Clarity
from tests.clients import PageClient
from tests.makers import make_agent, make_wish
from tests.publish.press import Press

# A Wednesday, at noon in Nouméa.
NOON = datetime(2027, 3, 10, 1, tzinfo=clock.NOUMEA).replace(hour=12)


@pytest.fixture(autouse=True)
def wednesday() -> Any:
    with clock.shifted(NOON - clock.now()):
        yield


def read(slug: str, counts: dict[date, int]) -> None:
    with unit_of_work() as current:
        card = queries.article_at(slug)
        assert isinstance(card, queries.Card)
        current.add_all(
            ArticleRead(article_id=card.article_id, day=day, count=n) for day, n in counts.items()
        )


def answered(slug: str, helped: int, not_helped: int, clear: int = 0) -> None:
    with unit_of_work():
        card = queries.article_at(slug)
        assert isinstance(card, queries.Card)
        for number in range(helped + not_helped):
            clarity = None if number >= clear else Clarity.CLEAR
            voice.say_helped(f"{number:032x}", card, number < helped, clarity)


def of(level: str, number: int = 0) -> dict[str, Figure]:
    with reading():
        found = figures.figures()
        rows = {
            "portal": found.of_portal,
            "office": lambda: found.of_administration(number),
            "article": lambda: found.of_article(number),
        }[level]()
        return {figure.key: figure for figure in rows}


def test_what_was_counted_is_found_by_article_administration_and_portal(press: Press) -> None:
    _draft, both = press.published()
    _draft, alone = press.published("Ouvrir une école", both=False)
    monday = date(2027, 3, 8)
    read(both, {monday: 3, monday - timedelta(days=1): 4, monday - timedelta(weeks=11): 5})
    read(alone, {date(2027, 3, 10): 10, monday - timedelta(weeks=11, days=1): 99})
    answered(both, helped=4, not_helped=1, clear=5)
    with unit_of_work():
        openings.note_opening("declarer-un-changement")
        openings.note_opening("declarer-un-changement")
        misses.count("patinoire")
        card = queries.article_at(alone)
        assert isinstance(card, queries.Card)
        voice.like("a" * 32, card)
    portal = of("portal")
    assert portal["reads"].value == 22 and portal["reads"].weeks == (5, *[0] * 9, 4, 13)
    assert {key: figure.value for key, figure in portal.items()} == {
        "reads": 22, "openings": 2, "helped": 80, "clear": 100, "likes": 1, "publications": 2, "misses": 1,
        "comments": 0, "read_soon": None, "wishes": 0, "wishes_answered": 0,
    }  # fmt: skip
    assert portal["helped"].answers == 5 and portal["helped"].weeks == (*[None] * 11, 80)
    sud, nord = of("office", press.sud), of("office", press.nord)
    assert (sud["reads"].value, nord["reads"].value) == (22, 12)
    assert (sud["openings"].value, nord["openings"].value) == (2, 0), "of whose service it is"
    assert "misses" not in sud and "openings" not in of("article", 1)
    with reading():
        one = queries.article_at(both)
        assert isinstance(one, queries.Card)
        found = figures.figures([one.article_id])
    assert called("reads", found.of_article(one.article_id)).value == 12
    assert called("helped", found.of_article(one.article_id)).value == 80


def test_what_people_write_is_counted_once_it_is_read(press: Press) -> None:
    _draft, slug = press.published()
    with unit_of_work():
        card = queries.article_at(slug)
        assert isinstance(card, queries.Card)
        moderator = make_agent(session().get_one(Administration, press.sud), PortalRole.MODERATOR)
        said = [comments.file_comment(f"{n:032x}", card, "Léa", f"Merci {n}") for n in range(7)]
        for comment in said[:5]:
            moderation.decide(moderator, comment.id, comment.version, Deed.SHOW)
        make_wish(moderator, administration_id=press.nord)
        make_wish(None)
    with clock.shifted(timedelta(days=3)), unit_of_work():
        late = session().get_one(Comment, said[5].id)
        moderation.decide(moderator, late.id, late.version, Deed.REFUSE, Reason.OTHER, "Hors sujet.")
    for found in (of("portal"), of("office", press.sud), of("article", card.article_id)):
        assert found["comments"].value == 5 and found["comments"].weeks[-1] == 5
        # Five of six within two days; the seventh waits still.
        assert found["read_soon"].value == 83 and found["read_soon"].answers == 6
    assert of("portal")["wishes"].value == 1 and of("office", press.nord)["wishes"].value == 1
    assert of("office", press.sud)["wishes"].value == 0 and "wishes" not in of("article", card.article_id)


def test_few_answers_make_no_percentage(press: Press, client: PageClient) -> None:
    _draft, slug = press.published()
    answered(slug, helped=4, not_helped=0)
    figure = of("portal")["helped"]
    assert figure.value is None and figure.said == "–" and figure.bars == ()
    assert "100 %" not in client.get("/chiffres").main.replace("\u202f", " ").replace("\u00a0", " ")
    answered(slug, helped=5, not_helped=0)
    assert of("portal")["helped"].said.replace("\u202f", " ") == "100 %"


def test_weeks_begin_on_mondays_of_noumea(press: Press) -> None:
    with clock.shifted(timedelta(days=4, hours=11, minutes=59)):  # Sunday, a minute to midnight
        assert figures.period().mondays[-1] == date(2027, 3, 8)
        press.published()
        assert of("portal")["publications"].weeks[-1] == 1
    with clock.shifted(timedelta(days=4, hours=12, minutes=1)):
        assert figures.period().mondays[-1] == date(2027, 3, 15)
        assert of("portal")["publications"].weeks[-2:] == (1, 0), "though it was the same day in UTC"


def test_the_page_is_stored_and_renewed_by_the_worker(press: Press, client: PageClient) -> None:
    _draft, slug = press.published()
    read(slug, {date(2027, 3, 9): 1234})
    page = client.get("/chiffres")
    assert "1 234" in page.main.replace("\u202f", " ") and f"/fiches/{slug}" in page.links()
    assert "Set-Cookie" not in page.response.headers and "ETag" in page.response.headers
    drawings = page.source.count('role="img" aria-label="')
    assert drawings == len(page.all("details")) == len(figures.sorts()), "each has its table"
    read(slug, {date(2027, 3, 10): 1})
    shelf(client.app).look()
    assert "1 235" not in client.get("/chiffres").main.replace("\u202f", " ")
    with unit_of_work():
        figure_page.renew()
    shelf(client.app).look()
    assert "1 235" in client.get("/chiffres").main.replace("\u202f", " ")
    assert "/chiffres" in client.get("/plan-du-site").links()
    assert "/chiffres</loc>" in client.http.get("/sitemap.xml").get_data(as_text=True)


def test_an_empty_portal_has_figures_too(press: Press, client: PageClient) -> None:
    page = client.get("/chiffres")
    assert "Lectures de fiches" in page.main and not page.all("caption")
    assert client.get("/api/v1/counts").json["items"][0]["value"] == 0


def test_the_table_for_spreadsheets(press: Press, client: PageClient) -> None:
    _draft, slug = press.published("=CMD() danger", both=False)
    read(slug, {date(2027, 3, 9): 7})
    answer = client.http.get("/chiffres.csv")
    assert answer.content_type == "text/csv; charset=utf-8"
    rows = list(csv.DictReader(io.StringIO(answer.get_data(as_text=True).removeprefix("\ufeff"))))
    portal = [row for row in rows if row["niveau"] == "portail" and row["chiffre"] == "reads"]
    assert [row["valeur"] for row in portal] == ["0"] * 11 + ["7"] and portal[-1]["du"] == "2027-03-08"
    (article,) = [row for row in rows if row["identifiant"] == slug and row["chiffre"] == "reads"]
    assert (article["valeur"], article["semaines"]) == ("7", "12") and article["intitule"].startswith(
        "'=CMD()"
    )
    assert {row["valeur"] for row in rows if row["chiffre"] == "helped"} == {""}
    assert {row["licence"] for row in rows} == {"Licence Ouverte 2.0"}


def test_programs_read_the_same(press: Press, client: PageClient) -> None:
    _draft, slug = press.published()
    read(slug, {date(2027, 3, 9): 7})
    answer = client.http.get("/api/v1/counts", headers={"Origin": "https://ailleurs.example"})
    found = answer.get_json()
    assert found["next"] is None and len(found["weeks"]) == 12 and found["weeks"][-1] == "2027-03-08"
    by = {(item["level"], item["slug"], item["figure"]): item for item in found["items"]}
    assert by["portal", "", "reads"]["value"] == 7 and by["portal", "", "reads"]["weeks"][-1] == 7
    assert by["administration", "kone", "reads"]["value"] == by["article", slug, "reads"]["value"] == 7
    assert by["article", slug, "helped"] == {
        "level": "article", "slug": slug, "figure": "helped", "name": "Lecteurs que la fiche a aidés",
        "unit": "percent", "value": None, "answers": 0,
    }  # fmt: skip
    assert answer.headers["Access-Control-Allow-Origin"] == "*" and "Set-Cookie" not in answer.headers
    assert answer.headers["Cross-Origin-Resource-Policy"] == "cross-origin"
    again = client.http.get("/api/v1/counts", headers={"If-None-Match": answer.headers["ETag"]})
    assert again.status_code == 304 and again.data == b""


def test_a_new_sort_of_figure_is_shown_everywhere(press: Press, client: PageClient) -> None:
    """What another room counts needs its function, and nothing else."""
    _draft, slug = press.published()
    with reading():
        card = queries.article_at(slug)
        assert isinstance(card, queries.Card)

    @figures.counted("songs", lambda: "Chansons", order=65)
    def songs(_period: figures.Period, _articles: Any) -> Any:
        yield figures.Row(11, 3, article_id=card.article_id)
        yield figures.Row(0, 4, administration_ids=(press.nord,))

    try:
        assert of("portal")["songs"].value == 7
        assert of("office", press.nord)["songs"].value == 7 and of("office", press.sud)["songs"].value == 3
        assert "Chansons" in client.get("/chiffres").main
        assert "songs" in client.http.get("/chiffres.csv").get_data(as_text=True)
    finally:
        del figures._sorts["songs"]


def test_figures_cost_a_fixed_number_of_questions(press: Press, db: Any) -> None:
    for number in range(4):
        press.published(f"Fiche {number}")
    said: list[str] = []
    sa.event.listen(db.engine, "before_cursor_execute", lambda *given: said.append(given[2]))
    with reading():
        figures.figures()
    # One for each sort and one for the administrations; of openings, two.
    assert len([one for one in said if one.lstrip().upper().startswith("SELECT")]) <= len(figures._sorts) + 2
