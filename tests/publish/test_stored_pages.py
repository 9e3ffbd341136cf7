"""Stored bytes: the same for everybody, never older than what is published, small, and nothing but reading."""

from __future__ import annotations

import base64
import gzip
import hashlib
import re
from typing import Any

import brotli
import pytest
import sqlalchemy as sa
from flask import Flask

from app.db import database, reading, unit_of_work
from app.errors import Unavailable
from publish import addresses, pages, site, store
from publish.models import StoredPage
from publish.shelf import Shelf
from tests.clients import PageClient
from tests.publish.press import RICH, Press, block

SENTENCE = (
    "Le guichet de la mairie vous reçoit sans rendez-vous le matin, avec une pièce d’identité et un justificatif. "
    "Si votre dossier est complet, la réponse vous parvient par courrier sous dix jours ; sinon, on vous écrit ce qui manque. "
    "Les familles de trois enfants ou plus demandent la réduction au même moment, sur le même formulaire. "
)  # fmt: skip


def every_path(app: Flask) -> list[str]:
    with app.app_context(), reading():
        return [
            *site.every_path(),
            "/sitemap.xml",
            "/atom.xml",
            "/robots.txt",
            "/fiches/changer-d-adresse/historique",
        ]


def test_no_reading_sets_a_cookie_and_no_page_needs_a_script(press: Press, client: PageClient) -> None:
    press.published()
    paths = [*every_path(client.app), "/recherche?q=adresse", "/recherche", "/nulle-part", "/fiches/inconnue"]
    for path in [
        *paths,
        "/api/v1/articles",
        "/api/v1/administrations",
        "/healthz",
        "/readyz",
        "/.well-known/security.txt",
    ]:
        answer = client.http.get(path)
        assert "Set-Cookie" not in answer.headers, path
        assert b"<script" not in answer.data and b" on" + b"click" not in answer.data, path
        assert answer.status_code == (404 if path in ("/nulle-part", "/fiches/inconnue") else 200), path
    assert not client.http._cookies


def test_every_page_is_valid_and_well_built(press: Press, client: PageClient) -> None:
    press.published()
    press.published("Une deuxième fiche", RICH[:3])
    for path in [*every_path(client.app), "/recherche?q=adresse", "/recherche?q=xyzzy", "/recherche"]:
        client.get(path)
    for path in ("/nulle-part", "/fiches/inconnue"):
        client.get(path, 404)


def test_everything_comes_from_here(press: Press, client: PageClient) -> None:
    press.published()
    for path in every_path(client.app):
        source = client.http.get(path).get_data(as_text=True)
        assert not re.findall(r"<(?:img|script|iframe|video|audio|object|embed)\b|@import|url\(", source), (
            path
        )
        loaded = re.findall(r'<link rel="(?!canonical|alternate)[^"]*" href="([^"]*)"', source)
        assert all(href.startswith("data:") for href in loaded), (path, loaded)


def test_the_policy_lets_only_the_pages_own_style_in(press: Press, client: PageClient) -> None:
    _draft, slug = press.published()
    # An article carries the first style alone, the other pages both.
    for path, count in (("/", 2), ("/recherche?q=adresse", 2), (f"/fiches/{slug}", 1)):
        answer = client.http.get(path)
        styles = re.findall(r"<style>(.*?)</style>", answer.get_data(as_text=True), re.DOTALL)
        digests = [base64.b64encode(hashlib.sha256(style.encode()).digest()).decode() for style in styles]
        hashes = " ".join(f"'sha256-{digest}'" for digest in digests)
        if count == 2:
            both = hashes
        assert len(styles) == count and both.startswith(hashes)
        assert answer.headers["Content-Security-Policy"] == (
            f"default-src 'none'; style-src {hashes}; img-src 'self' data:; form-action 'self'; "
            "base-uri 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'"
        )
        for name, value in (
            ("X-Content-Type-Options", "nosniff"), ("Referrer-Policy", "same-origin"), ("X-Frame-Options", "DENY"),
        ):  # fmt: skip
            assert answer.headers[name] == value


def test_the_same_bytes_for_who_is_signed_in(press: Press, client: PageClient) -> None:
    press.published()
    strangers = {path: client.http.get(path).data for path in every_path(client.app)}
    client.sign_in(press.editor)
    for path, data in strangers.items():
        assert client.http.get(path).data == data, path
    assert press.editor.name.encode() not in b"".join(strangers.values())


def test_encodings_tags_and_dates(press: Press, client: PageClient) -> None:
    _draft, slug = press.published()
    path = f"/fiches/{slug}"
    plain = client.http.get(path)
    assert "Content-Encoding" not in plain.headers and plain.headers["Vary"] == "Accept-Encoding"
    assert plain.headers["Cache-Control"].startswith("public, max-age=")
    tags = {plain.headers["ETag"]}
    for accept, encoding, undo in (
        ("gzip, deflate, br", "br", brotli.decompress),
        ("gzip;q=1.0, br;q=0", "gzip", gzip.decompress),
        ("*", "br", brotli.decompress),
    ):
        answer = client.http.get(path, headers={"Accept-Encoding": accept})
        assert answer.headers["Content-Encoding"] == encoding and undo(answer.data) == plain.data
        tags.add(answer.headers["ETag"])
        for known in (answer.headers["ETag"], f'"autre", W/{answer.headers["ETag"]}', "*"):
            again = client.http.get(path, headers={"Accept-Encoding": accept, "If-None-Match": known})
            assert (
                again.status_code == 304
                and again.data == b""
                and again.headers["ETag"] == answer.headers["ETag"]
            )
    assert len(tags) == 3
    assert client.http.get(path, headers={"If-None-Match": '"autre"'}).status_code == 200
    date = plain.headers["Last-Modified"]
    assert client.http.get(path, headers={"If-Modified-Since": date}).status_code == 304
    # The tag decides where both are given.
    assert (
        client.http.get(path, headers={"If-Modified-Since": date, "If-None-Match": '"autre"'}).status_code
        == 200
    )
    assert (
        client.http.get(path, headers={"If-Modified-Since": "Thu, 01 Jan 2015 00:00:00 GMT"}).status_code
        == 200
    )
    assert (
        client.http.get(
            path, headers={"Accept-Encoding": "identity;q=0, \x7f;;,q=,br;q=x" + "a" * 3000}
        ).status_code
        == 200
    )


def test_head_says_what_get_would(press: Press, client: PageClient) -> None:
    _draft, slug = press.published()
    for path in ("/", f"/fiches/{slug}", "/atom.xml"):
        get, head = client.http.get(path), client.http.head(path)
        assert head.data == b"" and head.status_code == 200
        numbers = [answer.headers.pop("X-Request-ID") for answer in (get, head)]
        assert dict(head.headers) == dict(get.headers) and len(set(numbers)) == 2


def test_other_methods_are_not_answered_from_the_shelf(press: Press, client: PageClient) -> None:
    _draft, slug = press.published()
    for method in ("post", "put", "delete", "patch"):
        assert getattr(client.http, method)(f"/fiches/{slug}").status_code in (400, 405)


def test_trackers_of_others_change_nothing(press: Press, client: PageClient) -> None:
    _draft, slug = press.published()
    page = client.http.get(f"/fiches/{slug}")
    tracked = client.http.get(f"/fiches/{slug}?fbclid=abc&utm_source=x")
    assert tracked.data == page.data and b"fbclid" not in tracked.data


@pytest.mark.parametrize("spelling", [
    "/fiches\\{slug}", "/fiches/..%2f{slug}", "/fiches/%2e%2e/fiches/{slug}", "/fiches/../../etc/passwd",
    "//fiches/{slug}", "/./fiches/{slug}", "/fiches/{slug}%00", "/fiches/{slug};a=b", "/fiches/{slug}/..",
    "/fiches/{slug}%20", "/fiches/{slug}\u00e9", "/fiches/-{slug}", "/fiches/" + "a" * 5000,
    "/themes/..\\..\\config.py", "/administrations/%2e%2e%5cconfig", "/static/..%2f..%2fconfig.py", "/static/%5c..%5c..%5cconfig.py",
])  # fmt: skip
def test_other_spellings_find_nothing(press: Press, client: PageClient, spelling: str) -> None:
    _draft, slug = press.published()
    answer = client.http.get(spelling.format(slug=slug))
    assert answer.status_code in (404, 308, 400), answer.status_code
    assert b"SECRET" not in answer.data and b"root:" not in answer.data
    if answer.status_code == 308:
        assert answer.headers["Location"].endswith(f"/fiches/{slug}")


def test_nearly_right_addresses_lead_to_the_page(press: Press, client: PageClient) -> None:
    _draft, slug = press.published()
    for near in (f"/fiches/{slug}/", f"/Fiches/{slug.upper()}", "/Administrations/"):
        answer = client.get(near, 301)
        client.get(answer.location)


def test_a_new_publication_reaches_every_process(press: Press, client: PageClient) -> None:
    """A second shelf stands for another process: it looks at most once a second."""
    draft_id, slug = press.published()
    path = addresses.article(slug)
    mine = pages.shelf(client.app)
    other = Shelf(mine.render, mine.build)
    before = other.page(path)
    assert before is not None and other.page("/nulle-part") is None
    press.rewrite(draft_id, [*RICH, block("paragraph", "Une phrase nouvelle.", id="b99")])
    press.again(draft_id)
    assert mine.page(path) != before, "the process that published sees it at once"
    other._looked_at -= 2
    after = other.page(path)
    assert after is not None and "Une phrase nouvelle." in after.body.decode() and after == mine.page(path)


def test_a_page_made_again_to_the_same_bytes_keeps_its_date(press: Press, client: PageClient) -> None:
    press.published()
    before = client.http.get("/accessibilite").headers
    press.published("Une autre fiche")
    after = client.http.get("/accessibilite").headers
    assert (after["ETag"], after["Last-Modified"]) == (before["ETag"], before["Last-Modified"])
    with reading() as current:
        versions = set(
            current.scalars(sa.select(StoredPage.version).where(StoredPage.path == "/accessibilite"))
        )
    assert versions == {2}


def test_what_was_made_before_a_publication_is_not_kept_after_it(press: Press, client: PageClient) -> None:
    """The race of a reader who renders while somebody publishes."""
    draft_id, slug = press.published()
    path = addresses.article(slug)
    mine = pages.shelf(client.app)

    def slow(wanted: str) -> Any:
        page = mine.render(wanted)
        if not raced:
            raced.append(True)
            press.rewrite(draft_id, [*RICH, block("paragraph", "Publiée entre-temps.", id="b99")])
            press.again(draft_id)
        return page

    raced: list[bool] = []
    racing = Shelf(slow, "autre")
    stale = racing.page(path)
    assert stale is not None and "Publiée entre-temps." not in stale.body.decode()
    with reading():
        kept = store.read(path)
        assert (
            kept is None or kept.version < store.epoch() or "Publiée entre-temps." in kept.page.body.decode()
        )
    fresh = racing.page(path)
    assert fresh is not None and "Publiée entre-temps." in fresh.body.decode()


def test_another_build_makes_its_pages_again(press: Press, client: PageClient) -> None:
    press.published()
    mine = pages.shelf(client.app)
    made: list[str] = []

    def watched(path: str) -> Any:
        made.append(path)
        return mine.render(path)

    client.get("/")
    same, other = Shelf(watched, mine.build), Shelf(watched, "une autre")
    assert same.page("/") is not None and made == []
    assert other.page("/") is not None and made == ["/"]


def test_pages_go_on_without_a_database(
    press: Press, client: PageClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    _draft, slug = press.published()
    before = client.http.get(f"/fiches/{slug}").data

    def gone(**_options: object) -> Any:
        raise Unavailable("no database")

    monkeypatch.setattr(database(), "open_session", gone)
    pages.shelf(client.app)._looked_at -= 2
    assert client.http.get(f"/fiches/{slug}").data == before
    assert client.http.get("/healthz").data == b"ok\n"
    assert client.http.get("/readyz").status_code == 503


def test_a_page_that_cannot_be_made_shows_its_last_state(press: Press, client: PageClient) -> None:
    _draft, slug = press.published()
    path = addresses.article(slug)
    before = client.http.get(path).data
    with unit_of_work():
        store.invalidate()

    def broken(_path: str) -> Any:
        raise ValueError("a template is broken")

    mine = pages.shelf(client.app)
    found = Shelf(broken, mine.build).page(path)
    assert found is not None and found.body == before


def test_memory_is_bounded(press: Press, client: PageClient, monkeypatch: pytest.MonkeyPatch) -> None:
    press.published()
    monkeypatch.setattr("publish.shelf.MOST_BYTES", 100_000)
    shelf = pages.shelf(client.app)
    for path in every_path(client.app) * 2:
        assert shelf.page(path) is not None
        assert shelf._bytes <= 100_000
    assert shelf._bytes == sum(page.size for page in shelf._pages.values())


def test_all_pages_can_be_rendered_beforehand(press: Press, app: Flask) -> None:
    press.published()
    with app.app_context():
        count = pages.render_all()
    with reading() as current:
        assert current.scalar(sa.select(sa.func.count()).select_from(StoredPage)) == count + 1
    assert count > 10


def test_an_article_of_15000_characters_fits_one_window(press: Press, client: PageClient) -> None:
    """public.md: at most 14 KiB of compressed HTML and style in all, in at most three requests."""
    tree = [RICH[0]]
    length = number = 0
    while length < 15_000:
        number += 1
        words = " ".join(
            sentence for turn in range(3) for sentence in [SENTENCE[(number * 37 + turn * 101) % 200 :].strip()]
        ) + f" Article {number}, alinéa {number * 7 % 13}, décision {number * 7919 % 9973}."  # fmt: skip
        if number % 4 == 1:
            tree.append(block("heading", f"Étape {number} : ce qu’il faut préparer", id=f"h{number}"))
        tree.append(block("paragraph", words, id=f"p{number}"))
        length += len(words)
    _draft, slug = press.published(tree=tree)
    sizes = {
        encoding: len(client.http.get(f"/fiches/{slug}", headers={"Accept-Encoding": encoding}).data)
        for encoding in ("br", "gzip")
    }
    assert max(sizes.values()) <= 14 * 1024, sizes
