"""Scores of published texts over time: what is counted of which month, when it says too little, and where it is shown."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime
from typing import Any

import pytest

from app import clock
from app.db import reading
from drafts import plain_frozen
from drafts.plain_french import asking
from publish import plain_figures
from tests.clients import PageClient
from tests.publish.press import RICH, Press, block

EASY = "Venez au guichet le lundi. Apportez votre carte. " * 6
HARD = (
    "La carte est délivrée le lundi. L’administration communale réglemente habituellement l’urbanisation. "
    * 12
)


@pytest.fixture(scope="module", autouse=True)
def _child() -> Iterator[None]:
    yield
    asking.close()


def published(press: Press, title: str, words: str, at: datetime, **options: Any) -> None:
    paragraphs = [block("paragraph", words.strip(), id=f"x{number}") for number in range(3)]
    tree = [RICH[0], block("heading", "Au guichet", id="h1"), *paragraphs]
    with clock.shifted(at - clock.now()):
        press.published(title, tree, **options)


@pytest.fixture
def year(press: Press) -> Iterator[Press]:
    """In January three easy texts and a hard one, in March two hard ones of Sud alone; seen from a day of March."""
    january, march = (datetime(2027, month, 10, 12, tzinfo=clock.NOUMEA) for month in (1, 3))
    for number in range(3):
        published(press, f"Facile {number}", EASY, january)
    published(press, "Difficile", HARD, january)
    for number in range(2):
        published(press, f"Difficile encore {number}", HARD, march, both=False)
    plain_frozen.read_waiting(60.0)
    with clock.shifted(march - clock.now()):
        yield press


def test_months_have_a_median_and_a_share(year: Press) -> None:
    with reading():
        march, january = plain_figures.months()
        assert (january.first, january.texts, january.plain) == (date(2027, 1, 1), 4, 75)
        assert january.ease is not None and january.ease > 60 and january.band == "Facile à lire"
        assert (march.first, march.texts, march.ease, march.plain) == (date(2027, 3, 1), 2, None, None), (
            "two are too few"
        )
        (north,) = plain_figures.months(year.nord)
        assert (north.first, north.texts) == (date(2027, 1, 1), 4), "of the texts it answers for"


def test_a_text_that_nobody_read_counts_as_published_only(press: Press) -> None:
    for number in range(3):
        published(press, f"Facile {number}", EASY, clock.now())
    with reading():
        (month,) = plain_figures.months()
        assert (month.texts, month.ease, month.plain) == (3, None, None)


def test_short_texts_have_no_part_in_the_median(press: Press) -> None:
    for number in range(3):
        published(press, f"Court {number}", "Venez au guichet le lundi.", clock.now())
    plain_frozen.read_waiting(60.0)
    with reading():
        (month,) = plain_figures.months()
        assert (month.texts, month.ease, month.plain) == (3, None, 100)


def test_it_is_shown_to_everybody_and_to_agents_with_its_limit(year: Press, client: PageClient) -> None:
    public = client.get("/chiffres")
    own = client.sign_in(year.nord_reviewer).get("/tableau-de-bord")
    for page in (public, own):
        assert "Un nombre n’est pas un but" in page.main and "janvier 2027" in page.main
        assert "75 %" in page.main.replace("\u202f", " ")
        assert [element.text for element in page.all("th", scope="col")].count("Textes publiés") == 1
    assert "trop peu de textes" in public.main
    assert "mars 2027 2" in public.main and "mars 2027 2" not in own.main, "of the South alone"
    assert "/chiffres#francais-simple" in own.links()


def test_a_portal_without_texts_says_so(press: Press, client: PageClient) -> None:
    assert "Des textes plus ou moins simples" not in client.get("/chiffres").main
    page = client.sign_in(press.writer).get("/tableau-de-bord")
    assert "Aucun texte n’a été publié depuis un an." in page.main


def test_thirteen_months_ago_is_past(press: Press) -> None:
    with clock.shifted(datetime(2027, 3, 1, 0, 30, tzinfo=clock.NOUMEA) - clock.now()):
        assert plain_figures._first_of(11) == date(2026, 4, 1)
    published(press, "Ancien", EASY, datetime(2026, 3, 31, 23, tzinfo=clock.NOUMEA))
    published(press, "Moins ancien", EASY, datetime(2026, 4, 1, 1, tzinfo=clock.NOUMEA))
    with clock.shifted(datetime(2027, 3, 10, tzinfo=clock.NOUMEA) - clock.now()), reading():
        assert [month.first for month in plain_figures.months()] == [date(2026, 4, 1)]
