"""What readers say of a page, by forms without a script, an account or a token: counted once, nothing lost, nobody known."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from app import clock
from app.db import reading, session, unit_of_work
from publish import visitors, voice
from publish.pages import shelf
from publish.voice_models import ArticleLike, Helpfulness
from tests.clients import PageClient
from tests.publish.press import Press

PARTS = {"utile": "non", "clarte": "difficile", "raison": "Il manque le prix\u00a0:\n<b>combien</b>\u202f?"}


@pytest.fixture
def slug(press: Press) -> str:
    visitors._buckets.clear()
    _draft, slug = press.published()
    return slug


def rows(table: type) -> list[Any]:
    with reading():
        return list(session().scalars(sa.select(table)))


def acted(client: PageClient, path: str, **data: str) -> None:
    """A first act of a browser: sent on once, with the cookie."""
    client.post(path, data, 307)
    assert client.page is not None and client.page.location.startswith(path + "?cle=")
    client.post(client.page.location, data)
    assert client.page.location.endswith((path, path + "?merci=1"))


def refreshed(client: PageClient) -> int:
    """A minute passes: the worker, then each process's look."""
    with unit_of_work():
        found = voice.refresh_counts()
    shelf(client.app).look()
    return found


def test_a_like_is_one_and_can_be_taken_back(client: PageClient, slug: str) -> None:
    page, like = f"/fiches/{slug}", f"/fiches/{slug}/aimer"
    before = client.get(page)
    assert before.offers(like) and "Set-Cookie" not in before.response.headers
    acted(client, like)
    assert "1 personne l’aime" in client.follow().main
    client.post(like, {})
    assert len(rows(ArticleLike)) == 1
    # The page that everybody reads is made again, once.
    assert "personne l’aime" not in client.get(page).main
    assert refreshed(client) == 1 and refreshed(client) == 0
    after = client.get(page)
    assert "1 personne l’aime" in after.main
    assert "Set-Cookie" not in after.response.headers
    client.get(like)
    client.send(like, retirer="1")
    assert rows(ArticleLike) == [] and "Vous n’avez pas dit" in client.follow().main
    refreshed(client)
    assert "personne l’aime" not in client.get(page).main


def test_the_same_request_a_thousand_times_is_one(client: PageClient, slug: str, monkeypatch: Any) -> None:
    monkeypatch.setattr(visitors, "OF_A_READER", 2_000)
    monkeypatch.setattr(visitors, "OF_AN_ADDRESS", 2_000)
    like = f"/fiches/{slug}/aimer"
    client.post(like, {}, 307)
    keyed = client.page.location
    stranger = PageClient(client.app)  # who has the address, and no cookie
    for _again in range(1_000):
        stranger.http.post(keyed)
    assert len(rows(ArticleLike)) == 1
    # A key that somebody made up, or that is old, begins anew.
    client.sign_out().post(like + "?cle=abc", {}, 307)
    monkeypatch.setattr(visitors, "KEY_SECONDS", -1)
    client.sign_out().post(keyed, {}, 307)
    assert len(rows(ArticleLike)) == 1


def test_whether_it_helped_and_why(client: PageClient, slug: str, press: Press) -> None:
    answer = f"/fiches/{slug}/avis"
    client.get(f"/fiches/{slug}")
    acted(client, answer, utile="non")
    page = client.follow()
    assert "Merci, votre réponse est comptée" in page.main
    client.send(answer, **PARTS)
    page = client.follow()
    assert "Merci de votre aide" in page.main
    (row,) = rows(Helpfulness)
    assert (row.helped, row.clarity, row.reason) == (False, "hard", PARTS["raison"].replace("\r\n", "\n"))
    # A second press on the buttons of the page changes the answer and leaves the words.
    client.post(answer, {"utile": "oui"})
    (row,) = rows(Helpfulness)
    assert row.helped and row.reason.startswith("Il manque le prix")
    # What was written is taken back by sending nothing, here by the reader who changed their mind twice.
    client.post(answer, {"utile": "oui", "raison": ""})
    assert rows(Helpfulness)[0].reason == ""
    client.post(answer, {"utile": "oui", "raison": PARTS["raison"]})
    page = client.sign_in(press.editor).get(f"/fiches/{slug}/vie")
    assert "Elle a aidé 1 personne, et pas aidé 0" in page.main and "<b>combien</b>" in page.main
    assert "&lt;b&gt;combien" in page.source
    lab = client.sign_out().sign_in(press.writer).get(f"/labs/{lab_of(press)}")
    assert "aidé : 1 personne, pas aidé : 0" in lab.main.replace("\u00a0", " ")


def lab_of(press: Press) -> str:
    from labs.models import Lab

    with reading():
        return session().get_one(Lab, press.lab_id).slug


def test_what_is_refused_is_shown_again_with_what_was_typed(client: PageClient, slug: str) -> None:
    answer = f"/fiches/{slug}/avis"
    acted(client, answer, utile="oui")
    page = client.post(answer, {"utile": "peut-être", "raison": "Mes mots."}, 422)
    assert "Répondez par oui ou par non." in page.main and "Mes mots." in page.main
    page = client.post(answer, {"utile": "oui", "raison": "x" * 1_001}, 422)
    assert "1 000 caractères au plus" in page.main.replace("\u00a0", " ") and "x" * 1_001 in page.main
    # A program that fills in what people do not see is thanked, and its words are not kept.
    client.post(answer, {"utile": "oui", "raison": "Achetez", "site": "http://evil.example"})
    (row,) = rows(Helpfulness)
    assert row.reason == ""


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
    ],
)
def test_another_site_makes_nobody_like(client: PageClient, slug: str, headers: dict[str, str]) -> None:
    for path in (f"/fiches/{slug}/aimer", f"/fiches/{slug}/avis"):
        client.post(path, {"utile": "oui"}, 403, headers=headers)
    client.post(f"/fiches/{slug}/aimer", {}, 307, headers={"Sec-Fetch-Site": "same-origin"})
    client.post(client.page.location, {}, headers={"Origin": "http://127.0.0.1:8000"})
    assert len(rows(ArticleLike)) == 1


def test_nobody_is_known_by_what_is_kept(client: PageClient, press: Press, slug: str) -> None:
    _draft, other = press.published("Une autre fiche")
    acted(client, f"/fiches/{slug}/aimer")
    client.post(f"/fiches/{other}/aimer", {})
    first, second = rows(ArticleLike)
    assert first.mark != second.mark and len(first.mark) == 32
    cookie = client.http.get_cookie(visitors.COOKIE)
    assert cookie is not None and cookie.http_only and first.mark not in cookie.value
    with reading():
        for table in ("article_like", "helpfulness"):
            for row in session().execute(sa.text(f"SELECT * FROM {table}")):
                assert "127.0.0.1" not in str(row)


def test_too_fast_is_told_when_to_come_back_and_loses_nothing(client: PageClient, slug: str) -> None:
    answer = f"/fiches/{slug}/avis"
    acted(client, answer, utile="oui")
    for _press in range(visitors.OF_A_READER):
        last = client.http.post(answer, data=PARTS)
    assert last.status_code == 429 and int(last.headers["Retry-After"]) >= 1
    assert "Il manque le prix" in last.get_data(as_text=True)
    # Fourteen people behind one address are not slowed by one of them.
    for _person in range(13):
        client.sign_out()
        acted(client, answer, utile="oui")
    assert len(rows(Helpfulness)) == 14


def test_words_go_after_a_year(client: PageClient, slug: str) -> None:
    acted(client, f"/fiches/{slug}/avis", **PARTS)
    for days, left in ((360, True), (370, False)):
        with clock.shifted(timedelta(days=days)), unit_of_work():
            voice.forget_words()
        (row,) = rows(Helpfulness)
        assert bool(row.reason) is left and not row.helped


def test_a_page_that_is_not_there_hears_nobody(client: PageClient, slug: str) -> None:
    for path in ("/fiches/inconnue/aimer", "/fiches/inconnue/avis"):
        client.get(path, 404)
        client.post(path, {"utile": "oui"}, 404)
