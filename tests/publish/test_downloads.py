"""An article to take home: files that the worker has made, given out for as long as the page is."""

from __future__ import annotations

import hashlib
from urllib.parse import unquote

import pytest
import sqlalchemy as sa

from app.db import reading, session, unit_of_work
from app.directory.events import DirectoryChanged
from app.directory.models import Counter
from drafts import redacting
from drafts.exchange import formats, pdf
from drafts.exchange.paper import Format, Paper
from drafts.models import Draft
from publish import directory_news, download_set, downloads, pages, queries, store
from publish import redacting as published
from publish.download_models import EditionFile
from publish.fate_stages import Fate
from publish.models import Edition
from tests.clients import PageClient
from tests.drafts.exchange.test_pdf import checked
from tests.publish.fates_world import Life, make_life
from tests.publish.press import RICH, Press, block

SITE = "https://portail.example"
CONTACT = block("contact", id="c1", administration="province-du-sud", counter=0)


@pytest.fixture(autouse=True)
def _new_worker() -> None:
    """What one worker remembers is not true of the database of another test."""
    download_set._compared.clear()
    download_set._failed.clear()


@pytest.fixture
def life(press: Press, client: PageClient) -> Life:
    return make_life(press, tree=[*RICH, CONTACT])


def files() -> dict[tuple[int, str], str]:
    with reading():
        return {
            (edition, form): digest
            for edition, form, digest in session().execute(
                sa.select(EditionFile.edition_id, EditionFile.form, EditionFile.digest)
            )
        }


def address(life: Life, form: str = "pdf") -> str:
    return f"/fiches/{life.slug}/fiche.{form}"


def draft_of(life: Life) -> int:
    with reading():
        return session().scalars(sa.select(Draft.id).where(Draft.article_id == life.article.id)).one()


def spoken(client: PageClient, life: Life) -> str:
    answer = client.http.get(address(life))
    assert answer.status_code == 200
    return checked(answer.data).root.words


def test_a_reader_who_comes_too_soon_is_told_when_to_come_back(life: Life, client: PageClient) -> None:
    later = client.get(address(life), 503)
    assert later.response.headers["Retry-After"] == "10"
    assert later.response.headers["Cache-Control"] == "no-store"
    assert f"/fiches/{life.slug}" in later.links()
    listing = client.get(f"/fiches/{life.slug}/telecharger")
    assert "en préparation" in listing.main
    assert not [link for link in listing.links() if "/fiche." in link]
    assert not files()


def test_what_the_worker_made_is_given_out(life: Life, client: PageClient) -> None:
    assert download_set.keep_files(SITE) == len(formats.WRITERS)
    for form in formats.WRITERS:
        answer = client.http.get(address(life, form))
        assert answer.status_code == 200
        assert answer.headers["Content-Type"] == formats.WRITERS[form].media
        assert answer.headers["Cache-Control"] == "public, no-cache"
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert "sandbox" in answer.headers["Content-Security-Policy"]
        assert answer.headers["ETag"] == f'"{hashlib.sha256(answer.data).hexdigest()}"'
        assert f"Changer d’adresse – version 1.{form}" in unquote(answer.headers["Content-Disposition"])
        assert "Set-Cookie" not in answer.headers
        again = client.http.get(address(life, form), headers={"If-None-Match": answer.headers["ETag"]})
        assert (again.status_code, again.data) == (304, b"")
        head = client.http.head(address(life, form))
        assert (head.status_code, head.data) == (200, b"")
    said = spoken(client, life)
    for words in (
        "Province du Sud",
        "1, publiée le",
        "À vérifier avant le",
        f"{SITE}/fiches/{life.slug}",
        "20 00 30",
        "Carte grise",
    ):
        assert words in said, words  # fmt: skip
    listing = client.get(f"/fiches/{life.slug}/telecharger")
    assert [link for link in listing.links() if "/fiche." in link] == [
        address(life, form) for form in formats.WRITERS
    ]
    assert " ko)" in listing.main
    assert f"/fiches/{life.slug}/telecharger" in client.get(f"/fiches/{life.slug}/historique").links()
    assert download_set.keep_files(SITE) == 0


def test_addresses_that_never_were_are_not_found(life: Life, client: PageClient) -> None:
    for path in (
        f"{address(life)}x",
        address(life, "exe"),
        "/fiches/inconnue/fiche.pdf",
        "/fiches/inconnue/telecharger",
    ):
        client.get(path, 404)  # fmt: skip


def test_a_new_edition_takes_the_place_of_the_old_one(life: Life, client: PageClient) -> None:
    download_set.keep_files(SITE)
    old = files()
    draft_id = draft_of(life)
    life.press.rewrite(draft_id, [*RICH, block("paragraph", "Une phrase de plus.", id="z1")])
    life.press.again(draft_id, "Une phrase de plus.")
    client.get(address(life), 503)
    download_set.keep_files(SITE)
    assert len(files()) == len(old)
    assert not set(files()) & set(old)
    assert "Une phrase de plus." in spoken(client, life)


def test_the_telephone_number_is_that_of_today(life: Life, client: PageClient) -> None:
    download_set.keep_files(SITE)
    before = files()
    with unit_of_work():
        counter = session().scalars(sa.select(Counter)).first()
        assert counter is not None
        counter.phone = "20 99 99"
        directory_news.pages_again(
            DirectoryChanged(kind="administration", thing_id=counter.administration_id)
        )
    assert download_set.keep_files(SITE) == len(formats.WRITERS)
    assert "20 99 99" in spoken(client, life)
    assert set(files()) == set(before)
    with unit_of_work():
        store.invalidate()
    assert download_set.keep_files(SITE) == 0


def test_what_is_not_read_is_not_taken_home(life: Life, client: PageClient) -> None:
    download_set.keep_files(SITE)
    life.mask()
    pages.shelf(client.app).look()
    for path in (address(life), f"/fiches/{life.slug}/telecharger"):
        assert "Carte grise" not in client.get(path, 410).source
    download_set.keep_files(SITE)
    assert not files()
    life.decide(Fate.RESTORE)
    pages.shelf(client.app).look()
    client.get(address(life), 503)
    assert download_set.keep_files(SITE)
    assert "Carte grise" in spoken(client, life)
    life.decide(Fate.REMOVE)
    pages.shelf(client.app).look()
    client.get(address(life), 410)


def test_a_withdrawn_page_says_so_on_paper_too(life: Life, client: PageClient) -> None:
    download_set.keep_files(SITE)
    assert "retirée" not in spoken(client, life)
    life.decide(Fate.WITHDRAW, reason="La loi a changé.")
    # What was made before does not say it: it is not given out.
    client.get(address(life), 503)
    download_set.keep_files(SITE)
    said = spoken(client, life)
    assert "fiche retirée le" in said
    assert "La loi a changé." in said


def test_words_that_were_taken_out_are_in_no_file(life: Life, client: PageClient) -> None:
    redacting.redacts(published.take_out)
    download_set.keep_files(SITE)
    assert "Carte grise" in spoken(client, life)
    draft_id = draft_of(life)
    redacting.look(None, draft_id, "Carte grise")
    assert files()
    redacting.redact(None, draft_id, "Carte grise", reason="Sans accord.", reference="demande 1")
    assert not files()
    download_set.keep_files(SITE)
    said = spoken(client, life)
    assert "Carte grise" not in said
    assert "[texte retiré]" in said


def test_a_file_made_of_what_was_there_before_is_not_kept(
    life: Life, monkeypatch: pytest.MonkeyPatch
) -> None:
    def slow(paper: Paper) -> bytes:
        with unit_of_work():
            store.invalidate()
        return b"%PDF of what was"

    with monkeypatch.context() as patched:
        patched.setattr(pdf, "write", slow)
        assert download_set.keep_files(SITE) == 0
        assert (1, "pdf") not in files()
    assert download_set.keep_files(SITE) > 0
    assert (1, "pdf") in files()


def test_a_format_that_fails_spares_the_others_and_is_not_tried_all_day(
    life: Life, client: PageClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    tries: list[str] = []

    def broken(paper: Paper) -> bytes:
        tries.append(paper.title)
        raise ValueError("no")

    monkeypatch.setattr(pdf, "write", broken)
    for _round in range(3):
        download_set.keep_files(SITE)
    assert tries == ["Changer d’adresse"]
    assert {form for _edition, form in files()} == set(formats.WRITERS) - {Format.PDF}
    client.get(address(life), 503)


def test_an_old_address_leads_to_the_new_one(life: Life, client: PageClient) -> None:
    with unit_of_work():
        life.article.slug = "demenager-pas-a-pas"
    moved = life.press.again(draft_of(life), "Une autre adresse.")
    assert moved == "demenager-pas-a-pas"
    assert client.get(address(life), 301).location == f"/fiches/{moved}/fiche.pdf"
    assert client.get(f"/fiches/{life.slug}/telecharger", 301).location == f"/fiches/{moved}/telecharger"


def test_the_paper_of_an_edition_is_what_was_signed(life: Life) -> None:
    with reading():
        card = queries.article_at(life.slug)
        assert isinstance(card, queries.Card)
        paper = downloads.paper_of(card, SITE)
        assert paper.tree == session().get_one(Edition, card.edition_id).revision.tree
        assert ("Empreinte", card.fingerprint[:12]) in paper.facts
        assert ("province-du-sud", 0) in paper.references.contacts
