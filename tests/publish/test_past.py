"""The public compares two editions of an article, and reads why it changed."""

from __future__ import annotations

import copy

import pytest
import sqlalchemy as sa

from app.db import unit_of_work
from drafts import moments
from drafts.models import Article
from publish import fates, pages, past
from publish.models import Address, StoredPage
from tests.clients import PageClient
from tests.publish.press import RICH, Press, block

NOTES = ("Le délai est passé à deux mois.", "Une démarche en ligne de plus.")


@pytest.fixture
def history(press: Press) -> tuple[Press, str]:
    """Three editions: a word is changed in the second, a service comes in the third."""
    past._differences.clear()
    draft, slug = press.published()
    second = copy.deepcopy(RICH)
    second[6]["content"][0]["content"][0]["text"] = "Fermé le mardi."
    press.rewrite(draft, second)
    press.again(draft, NOTES[0])
    press.rewrite(draft, [*second, block("service", id="k1", service="declarer-un-changement")])
    return press, press.again(draft, NOTES[1])


def test_two_editions_are_compared_with_what_was_said_of_them(
    history: tuple[Press, str], client: PageClient
) -> None:
    _press, slug = history
    page = client.get(f"/fiches/{slug}/historique?de=1&a=2")
    assert [("".join(one.itertext())).split()[-1] for one in page.all("del")] == ["lundi"]
    assert [("".join(one.itertext())).split()[-1] for one in page.all("ins")] == ["mardi"]
    assert NOTES[0] in page.main and NOTES[1] not in page.main and "1 passage a changé" in page.main
    assert page.response.headers["Cache-Control"] == "no-store" and "Set-Cookie" not in page.response.headers
    assert 'content="noindex"' in page.source
    # Whichever is named first, the older one is what it was.
    again = client.get(f"/fiches/{slug}/historique?de=3&a=1")
    assert all(note in again.main for note in NOTES) and "2 passages ont changé" in again.main
    assert "De la version 1" in again.main


def test_the_history_leads_to_each_change(history: tuple[Press, str], client: PageClient) -> None:
    _press, slug = history
    page = client.get(f"/fiches/{slug}/historique")
    links = [href for href in page.links() if "?de=" in href]
    assert links == [f"/fiches/{slug}/historique?de={n - 1}&a={n}" for n in (3, 2)]
    for href in links:
        assert client.get(href).all("ins")
    form = page.form(f"/fiches/{slug}/historique")
    assert form.names >= {"de", "a"}
    with unit_of_work() as current:
        assert not {path for path in current.scalars(sa.select(StoredPage.path)) if "?" in path}


@pytest.mark.parametrize(
    "query", ["", "?de=1", "?de=2&a=2", "?de=x&a=2", "?de=-1&a=2", "?de=1&a=" + "9" * 400, "?a=%00"]
)
def test_what_names_no_two_editions_is_the_history(
    history: tuple[Press, str], client: PageClient, query: str
) -> None:
    _press, slug = history
    page = client.get(f"/fiches/{slug}/historique{query}")
    assert page.heading.startswith("Historique") and page.response.headers["Cache-Control"].startswith(
        "public"
    )


def test_editions_that_never_were_are_not_found(history: tuple[Press, str], client: PageClient) -> None:
    _press, slug = history
    client.get(f"/fiches/{slug}/historique?de=1&a=9", 404)
    client.get("/fiches/inconnue/historique?de=1&a=2", 404)


def test_what_is_hidden_is_not_compared(history: tuple[Press, str], client: PageClient) -> None:
    press, slug = history
    with unit_of_work() as current:
        article = current.get_one(Article, current.get_one(Address, slug).article_id)
        fates.mask(press.editor, article, "Une erreur de montant.")
    pages.shelf(client.app).look()
    page = client.get(f"/fiches/{slug}/historique?de=1&a=2", 410)
    assert "mardi" not in page.source


def test_who_asks_again_costs_no_second_comparison(
    history: tuple[Press, str], client: PageClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    _press, slug = history
    first = client.get(f"/fiches/{slug}/historique?de=1&a=3").main

    def never(*_args: object) -> None:
        raise AssertionError("compared again")

    monkeypatch.setattr(moments, "between", never)
    assert client.get(f"/fiches/{slug}/historique?de=1&a=3").main == first
    assert client.get(f"/fiches/{slug}/historique?de=3&a=1").main == first
