"""The easy-to-read twin in public: exactly what was signed with the live edition, linked both ways, never a bare 404."""

from __future__ import annotations

import json

import pytest
import sqlalchemy as sa

from app import clock, jobs
from app.db import reading, session, unit_of_work
from app.errors import Invalid
from drafts import canonical, easy, log
from drafts.easy_models import EasyReaders, EasyReading
from drafts.easy_text import read_signed
from drafts.review_models import Revision
from publish import queries, site
from publish.models import Edition
from publish.pages import shelf
from tests.clients import Page, PageClient
from tests.publish.press import Press, block, draft_called

TREE = [
    block("lead", "Vous déménagez ? Prévenez la mairie, puis la province.", id="b1"),
    block("heading", "À la mairie", id="b2"),
    block("paragraph", "Présentez-vous au guichet avec un justificatif.", id="b3"),
    block("note", block("paragraph", "Fermé le lundi.", id="b5"), id="b4"),
]
EASY = {
    "b1": "Vous changez d’adresse ?\nDites-le à la mairie.",
    "b2": "À la mairie",
    "b3": "Allez à la mairie.\nApportez :\n- une facture\n- votre carte d’identité",
}


def written(press: Press, draft_id: int, texts: dict[str, str], version: int = 0) -> None:
    typed = [easy.Typed(ident, version, text) for ident, text in texts.items()]
    if not version:
        typed.append(easy.Typed("b5", 0, "", True))
    with unit_of_work():
        draft = draft_called(draft_id)
        assert not easy.save(press.writer, draft, typed, draft.head_seq).conflicts


@pytest.fixture
def published(press: Press) -> tuple[int, str]:
    """(draft, slug) of an article that is out with its twin."""
    draft_id = press.draft(tree=TREE)
    written(press, draft_id, EASY)
    fingerprint = press.submit(draft_id, "Première publication.")
    press.sign(draft_id, fingerprint)
    return draft_id, press.publish(draft_id, fingerprint)


def plain(page: Page) -> str:
    return page.main.replace("\u00a0", " ").replace("\u202f", " ")


def test_the_twin_is_public_at_its_own_address_and_linked_both_ways(
    published: tuple[int, str], client: PageClient
) -> None:
    _draft, slug = published
    article = client.get(f"/fiches/{slug}")
    assert f"/fiches/{slug}/facile" in article.links() and "Lire en version facile (FALC)" in article.main
    page = client.get(f"/fiches/{slug}/facile")
    assert f"/fiches/{slug}" in page.links()
    said = page.all("article", class_="easy")[0]
    assert [one.text for one in said.iter("li")][:2] == ["une facture", "votre carte d’identité"]
    assert "Fermé le lundi" not in page.main, "what was left out on purpose is left out"
    assert "pas encore relue par des personnes concernées" in plain(page)
    assert "20 00 30" in plain(page), "a counter stands beside every text"
    with reading():
        revision = session().scalars(sa.select(Revision)).one()
        signed = read_signed(canonical.parse(revision.canonical)[1])
    assert "Vous changez d’adresse ?" in page.source, "typed with an ordinary space"
    for part in signed:
        for line in part.text.split("\n"):
            # The client reads white space as one space, whatever its kind.
            assert " ".join(line.removeprefix("- ").split()) in page.main


def test_an_article_without_a_twin_has_not_a_byte_of_it(press: Press, client: PageClient) -> None:
    _draft, slug = press.published()
    assert "facile" not in client.get(f"/fiches/{slug}").source
    assert client.get(f"/fiches/{slug}/facile", 404)


def test_readings_are_told_with_names_by_consent_only(
    press: Press, published: tuple[int, str], client: PageClient
) -> None:
    draft_id, slug = published
    client.get(f"/fiches/{slug}/facile")
    today = clock.local(clock.now()).date()
    with unit_of_work():
        for who, may_name in (("Le groupe du mardi", True), ("Madame Personne", False)):
            easy.record_reading(
                press.writer, draft_called(draft_id), EasyReaders.CONCERNED, count=4, read_on=today, who=who,
                may_name=may_name, place="Koné", changed_after="Une phrase est plus courte.",
            )  # fmt: skip
    jobs.deliver_outbox()
    shelf(client.app).look()
    page = client.get(f"/fiches/{slug}/facile")
    assert "Cette version a été relue par 8 personnes concernées." in plain(page)
    assert "Le groupe du mardi" in page.main and "Madame Personne" not in page.source
    assert "Une phrase est plus courte." in page.main
    with unit_of_work():
        kept = session().scalars(sa.select(EasyReading.id).where(EasyReading.may_name)).one()
        easy.remove_reading(press.writer, draft_called(draft_id), kept)
    jobs.deliver_outbox()
    shelf(client.app).look()
    assert "Le groupe du mardi" not in client.get(f"/fiches/{slug}/facile").source


def test_a_new_edition_shows_its_own_twin_or_says_that_there_is_none(
    press: Press, published: tuple[int, str], client: PageClient
) -> None:
    draft_id, slug = published
    changed = [
        *TREE[:2],
        block("paragraph", "Présentez-vous au guichet avec un passeport.", id="b3"),
        TREE[3],
    ]
    press.rewrite(draft_id, changed)
    with pytest.raises(Invalid):
        press.submit(draft_id, "Un passeport suffit.")
    assert "une facture" in client.get(f"/fiches/{slug}/facile").main, "what is public is what was signed"
    with unit_of_work():
        easy.join(press.writer, draft_called(draft_id), joins=False)
    press.again(draft_id, "Un passeport suffit.")
    assert "facile" not in client.get(f"/fiches/{slug}").source
    gone = client.get(f"/fiches/{slug}/facile", 410)
    assert f"/fiches/{slug}" in gone.links() and "retirée" in gone.main
    with unit_of_work():
        easy.join(press.writer, draft_called(draft_id), joins=True)
    written(press, draft_id, {"b3": "Allez à la mairie.\nApportez votre passeport."}, 1)
    press.again(draft_id, "La version facile est à jour.")
    page = client.get(f"/fiches/{slug}/facile")
    assert "votre passeport" in page.main and "une facture" not in page.main


def test_an_easy_word_is_no_detail(press: Press, published: tuple[int, str]) -> None:
    draft_id, _slug = published
    written(press, draft_id, {"b3": "Allez à la mairie."}, 1)
    fingerprint = press.submit(draft_id)
    press.sign(draft_id, fingerprint)
    with pytest.raises(Invalid):
        press.publish(draft_id, fingerprint)


def test_programs_find_the_twin(published: tuple[int, str], client: PageClient) -> None:
    _draft, slug = published
    found = client.get(f"/api/v1/articles/{slug}").json
    assert found["easy"].endswith(f"/fiches/{slug}/facile")
    assert f"/fiches/{slug}/facile" in client.get("/sitemap.xml").source
    with reading():
        assert session().scalars(sa.select(Edition)).one().fields["easy"] is True
        edition_id = queries.live_cards()[0].edition_id
    evidence = client.get(f"/preuves/{edition_id}")
    assert "comprise dans le texte signé (4 passages)" in plain(evidence)
    text = json.loads(client.get(f"/preuves/{edition_id}.json").source)["sections"]["text"]
    assert "votre carte d’identité" in text


def test_the_signed_bytes_hold_what_the_draft_never_changes_any_more(
    press: Press, published: tuple[int, str], client: PageClient
) -> None:
    draft_id, slug = published
    written(press, draft_id, {"b3": "Un texte encore secret."}, 1)
    assert "secret" not in client.get(f"/fiches/{slug}/facile").source
    with reading():
        assert f"/fiches/{slug}/facile" in site.every_path()
        assert log.text(draft_id).tree
