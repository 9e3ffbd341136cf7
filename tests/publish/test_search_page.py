"""The page of the search narrows, says what was sought in vain to editors, and follows what is public."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import timedelta
from urllib.parse import quote
from urllib.request import urlopen

import pytest
import sqlalchemy as sa

from app import clock
from app.db import reading, session, unit_of_work
from config import Settings
from publish import misses, postings, search_index
from publish.fate_stages import Fate
from publish.search_models import SearchedArticle, SearchMiss, SearchTerm, SearchWord
from tests.clients import Page, PageClient
from tests.live_server import LiveServer
from tests.publish.fates_world import make_life
from tests.publish.press import Press, block
from tests.publish.test_search import article, titles_for
from tests.publish.test_urgent import hurry


def found(page: Page) -> set[str]:
    return {href.removeprefix("/fiches/") for href in page.links() if href.startswith("/fiches/")}


def options(page: Page, name: str) -> dict[str, str]:
    """{value: label} of a list to choose from."""
    (select,) = page.all("select", name=name)
    return {one.get("value", ""): "".join(one.itertext()) for one in select.iter("option")}


@pytest.fixture
def portal(press: Press) -> Press:
    article(press, "Cerf au logement", "Un texte.", themes=["logement"], audiences=["individual"])
    article(
        press,
        "Cerf au travail",
        "Un texte.",
        themes=["travail-emploi"],
        audiences=["company", "individual"],
        services=[],
    )
    press.published(
        "Cerf à deux",
        [block("lead", "Un texte.", id="b1"), block("paragraph", "Rien.", id="b2")],
        themes=["logement"],
        audiences=["association"],
    )
    return press


@pytest.mark.parametrize(("chosen", "expected"), [
    ({}, {"cerf-au-logement", "cerf-au-travail", "cerf-a-deux"}),
    ({"theme": "logement"}, {"cerf-au-logement", "cerf-a-deux"}),
    ({"theme": "logement", "public": "individual"}, {"cerf-au-logement"}),
    ({"public": "company"}, {"cerf-au-travail"}),
    ({"administration": "kone"}, {"cerf-a-deux"}),
    ({"genre": "online_procedure"}, {"cerf-au-logement", "cerf-a-deux"}),
    ({"theme": "retraite"}, set()),
    ({"theme": "';--", "genre": "\x00" * 500}, set()),
])  # fmt: skip
def test_a_list_is_narrowed(
    portal: Press, client: PageClient, chosen: dict[str, str], expected: set[str]
) -> None:
    page = client.get("/recherche", query_string={"q": "cerf", **chosen})
    assert found(page) == expected
    if not expected:
        assert "/recherche?q=cerf" in page.links()
        assert len(found(client.get("/recherche?q=cerf"))) == 3


def test_choices_say_how_many_and_stay_when_others_are_made(portal: Press, client: PageClient) -> None:
    page = client.get("/recherche?q=cerf")
    assert options(page, "theme") == {
        "": "Tout",
        "logement": "Logement (2)",
        "travail-emploi": "Travail et emploi (1)",
    }
    assert options(page, "public")["individual"] == "Particuliers (2)"
    assert not page.all("details", open="")
    page = client.get("/recherche?q=cerf&public=individual")
    assert options(page, "theme")["logement"] == "Logement (1)" and page.all("details", open="")
    assert [one.get("value") for one in page.all("option", selected="")] == ["individual"]
    # What is sent again carries the choice, and so do the pages of the list.
    assert page.form("/recherche").values["public"] == "individual"


def test_pages_keep_what_was_chosen(
    portal: Press, client: PageClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("publish.search.PER_PAGE", 1)
    page = client.get("/recherche?q=cerf&theme=logement")
    (further,) = [href for href in page.links() if "page=2" in href]
    assert found(page) | found(client.get(further)) == {"cerf-au-logement", "cerf-a-deux"}


# What was sought in vain.


def counted() -> dict[str, int]:
    with reading():
        return {row.words: row.times for row in session().scalars(sa.select(SearchMiss))}


def test_a_search_in_vain_is_counted_by_its_words(press: Press, client: PageClient) -> None:
    press.published()
    for query in ("Le Planeur", "planeur", "les planeurs biplaces", "adresse", "le la"):
        client.get("/recherche", query_string={"q": query})
    client.get("/recherche?q=adresse&theme=retraite")
    client.http.head("/recherche?q=planeur")
    assert counted() == {"planeur": 2, "biplaces planeurs": 1}


@pytest.mark.parametrize("query", [
    "qqun@exemple.nc", "zorglub 78 12 34", "zorglub 1975", "zorglub78", "zorglub bulgroz glubzor bulzorg grobluz", "z" * 81,
])  # fmt: skip
def test_what_may_be_somebodys_own_is_not_kept(press: Press, client: PageClient, query: str) -> None:
    client.get("/recherche", query_string={"q": query})
    assert counted() == {}


def test_editors_see_what_was_asked_three_times(press: Press, client: PageClient) -> None:
    for query in ("planeur", "Planeur", "trampoline", "un planeur", "trampoline"):
        client.get("/recherche", query_string={"q": query})
    page = client.sign_in(press.editor).get("/recherche/sans-resultat")
    assert "/recherche?q=planeur" in page.links() and "trampoline" not in page.main
    assert [item.text for item in page.all("td")][0] == "3"


def test_what_was_asked_is_forgotten_after_ninety_days(press: Press) -> None:
    today = clock.local(clock.now()).date()
    with unit_of_work():
        for days in (0, 89, 90):
            session().add(SearchMiss(day=today - timedelta(days=days), words="planeur", times=2))
    with reading():
        (row,) = misses.missed()
        assert (row.times, row.last) == (4, today)
    with unit_of_work():
        misses.purge()
    with reading():
        assert sum(row.times for row in session().scalars(sa.select(SearchMiss))) == 4


def test_a_flood_of_words_fills_no_table(
    press: Press, client: PageClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(misses, "MOST_A_DAY", 2)
    for query in ("planeur", "trampoline", "zorglub", "planeur"):
        client.get("/recherche", query_string={"q": query})
    assert counted() == {"planeur": 2, "trampoline": 1}


def test_a_search_is_answered_though_it_cannot_be_counted(
    press: Press, client: PageClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_query: str) -> None:
        raise RuntimeError("the disk is full")

    monkeypatch.setattr(misses, "count", fail)
    assert "Aucune fiche ne répond" in client.get("/recherche?q=planeur").main


def test_a_search_in_vain_leads_to_a_wish(press: Press, client: PageClient) -> None:
    address = f"/souhaits/nouveau?besoin={quote('un planeur')}"
    assert address in client.get("/recherche?q=un+planeur").links()


# The search follows what is public.


def test_the_search_follows_every_fate(press: Press) -> None:
    life = make_life(press, "Le saxophone")
    make_life(press, "Le trombone")
    assert titles_for("saxophone") == ["Le saxophone"]
    life.mask()
    assert titles_for("saxophone") == []
    life.decide(Fate.RESTORE)
    assert titles_for("saxophone") == ["Le saxophone"]
    life.decide(Fate.WITHDRAW)
    assert titles_for("saxophone") == []
    life.decide(Fate.RESTORE)
    assert titles_for("saxophone") == ["Le saxophone"]
    life.decide(Fate.REDIRECT, target="le-trombone")
    assert titles_for("saxophone") == [] and titles_for("trombone") == ["Le trombone"]


def test_what_is_published_urgently_is_found_at_once(press: Press) -> None:
    draft_id = press.draft("Le saxophone")
    hurry(press, draft_id, press.submit(draft_id))
    assert titles_for("saxophone") == ["Le saxophone"]


@pytest.fixture
def elsewhere(press: Press, settings: Settings) -> Iterator[LiveServer]:
    """Another process on the same database."""
    server = LiveServer(settings.data_dir, settings.database_url).start(timeout=60)
    yield server
    server.stop()


def test_another_process_follows_within_two_seconds(press: Press, elsewhere: LiveServer) -> None:
    def shows() -> bool:
        with urlopen(f"{elsewhere.url}/recherche?q=saxophone", timeout=10) as answer:
            return "/fiches/le-saxophone" in answer.read().decode()

    def within_two_seconds(wanted: bool) -> bool:
        give_up = time.monotonic() + 2
        while shows() is not wanted:
            if time.monotonic() > give_up:
                return False
            time.sleep(0.05)
        return True

    assert not shows()
    life = make_life(press, "Le saxophone")
    assert within_two_seconds(True)
    life.mask()
    assert within_two_seconds(False)
    life.decide(Fate.RESTORE)
    assert within_two_seconds(True)
    life.decide(Fate.WITHDRAW)
    assert within_two_seconds(False)


def test_an_index_made_by_other_rules_is_made_again(press: Press) -> None:
    article(press, "Le saxophone", "Un texte.")
    life = make_life(press, "Le trombone")
    life.mask()
    with unit_of_work():
        session().execute(sa.update(SearchedArticle).values(rules="others"))
        session().execute(sa.delete(SearchTerm))
    assert titles_for("saxophone") == []
    assert search_index.catch_up() == 2 and search_index.catch_up() == 0
    assert titles_for("saxophone") == ["Le saxophone"] and titles_for("trombone") == []
    life.decide(Fate.RESTORE)
    assert titles_for("trombone") == ["Le trombone"]


def test_words_that_no_article_has_any_more_are_forgotten(press: Press) -> None:
    draft_id, _slug = article(press, "Le saxophone retraité", "Un texte.")
    press.rewrite(draft_id, [block("lead", "Un autre texte.", id="b1")])
    with unit_of_work():
        session().add(SearchWord(folded="jadis", written="jadis"))
    search_index.forget_unused()
    with reading():
        words = {row.folded: row.written for row in session().scalars(sa.select(SearchWord))}
    assert "jadis" not in words and words["retraite"] == "retraité" and "saxophone" in words


def test_the_rows_that_are_read_are_bounded(press: Press, monkeypatch: pytest.MonkeyPatch) -> None:
    article(
        press,
        "Le saxophone",
        "Un texte.",
        " ".join(f"mot{chr(97 + n)}{chr(97 + m)}" for n in range(20) for m in range(10)),
    )
    read: list[int] = []
    rows_of = postings._ask

    def counting(query: object) -> list[object]:
        rows = list(rows_of(query))  # type: ignore[arg-type]
        read.append(len(rows))
        return rows

    monkeypatch.setattr(postings, "_ask", counting)
    monkeypatch.setattr(postings, "MOST_ROWS", 5)
    titles_for(" ".join(f"mota{chr(97 + n)}" for n in range(10)) + " saxophone")
    assert 0 < sum(read) <= 5
