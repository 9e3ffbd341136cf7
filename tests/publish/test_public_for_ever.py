"""Every address that was ever public answers 200, 301 or 410 with its reason; what is not public is nowhere.

The pages are walked as a stranger walks them, with a second process beside the first that only looks at the table.
"""

from __future__ import annotations

from collections.abc import Iterable
from io import BytesIO
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from pypdf import PdfReader

from app import worker
from app.db import reading, session, unit_of_work
from drafts.models import ArticleState
from labs.models import Lab
from publish import addresses, pages, site
from publish.fate_stages import Fate
from publish.models import Address, Edition, EditionImage
from publish.shelf import Shelf
from tests.clients import PageClient
from tests.makers import make_draft, make_image
from tests.publish.fates_world import Life, make_life
from tests.publish.press import RICH, Press, block, draft_called

MARK = "xylophone"
PICTURE = "ab" * 32
READERS = (
    "/sitemap.xml", "/atom.xml", "/robots.txt", "/api/v1/articles?limit=200", "/recherche?q=debout", "/recherche?q=logement",
)  # fmt: skip


def marked(extra: str = "") -> list[dict]:
    return [
        block("lead", f"Un {MARK} {extra} pour tous.", id="b1"),
        block("paragraph", f"Le {MARK} se joue debout.", id="b2"),
        block("image", id="b3", image=PICTURE, alt=f"Un {MARK}", width=30, height=20),
    ]


@pytest.fixture
def life(press: Press) -> Life:
    with unit_of_work():
        make_image(PICTURE)
    return make_life(press, f"Le {MARK}", tree=marked())


def ever(app: Flask) -> list[str]:
    """Every address that is or was public."""
    with app.app_context(), reading():
        found = list(site.every_path())
        for slug in session().scalars(sa.select(Address.slug)):
            found += [addresses.article(slug), addresses.history(slug), f"/api/v1/articles/{slug}"]
        for number in session().scalars(sa.select(Edition.id)):
            found += [f"/preuves/{number}", f"/preuves/{number}.json", f"/preuves/{number}.pdf"]
        found += [f"/images/{image}.webp" for image in session().scalars(sa.select(EditionImage.image_id))]
    return list(dict.fromkeys([*found, *READERS]))


def words_of(answer: Any) -> str:
    """What an answer says to whoever reads it; a sheet of paper by its text."""
    if answer.content_type != "application/pdf":
        return str(answer.get_data(as_text=True))
    sheet = PdfReader(BytesIO(answer.data))
    return "".join(page.extract_text() for page in sheet.pages) + str(sheet.metadata)


def walk(client: PageClient, paths: Iterable[str]) -> dict[str, tuple[int, str]]:
    """{address: (status, everything that is said there)}; as another process says it, too."""
    # The sheets of the evidence are set by the worker.
    worker.keep_evidence("https://portail.example")
    mine = pages.shelf(client.app)
    other = Shelf(mine.render, mine.build)
    found = {}
    for path in paths:
        answer = client.http.get(path)
        assert answer.status_code in (200, 301, 410), (path, answer.status_code)
        if answer.status_code != 200:
            kept = answer.headers["Cache-Control"]
            assert kept in ("public, max-age=60", "no-store") or path.startswith("/api/"), (path, kept)
            assert "stale-if-error" not in answer.headers.get("Cache-Control", ""), path
        body = words_of(answer)
        if (known := addresses.understood(path)) is not None:
            page = other.page(path)
            assert (
                page is not None and known and (page.status, page.body.decode()) == (answer.status_code, body)
            )
        # What a stranger asks for is told back to them.
        found[path] = (
            answer.status_code,
            f"{answer.headers}{body}".replace(path, ""),
        )
    return found


def where(seen: dict[str, tuple[int, str]], life: Life) -> set[str]:
    """The addresses that show the marker, beside the article's own name in addresses."""
    shown = set()
    for path, (_status, said) in seen.items():
        if MARK in said.replace(life.slug, "").lower():
            shown.add(path)
    return shown


def test_publish_edit_withdraw_restore_mask(press: Press, life: Life, client: PageClient) -> None:
    page, history, api = (
        f"/fiches/{life.slug}", f"/fiches/{life.slug}/historique", f"/api/v1/articles/{life.slug}",
    )  # fmt: skip
    picture = f"/images/{PICTURE}.webp"
    proofs = {"/preuves/1", "/preuves/1.json", "/preuves/1.pdf"}
    readers = {"/atom.xml", "/api/v1/articles?limit=200", "/recherche?q=debout"}
    live = walk(client, ever(client.app))
    assert {page, history, api, "/", "/plan-du-site", *readers, *proofs} <= where(live, life)
    assert live[picture][0] == 200

    # Edited: what is written goes on unseen.
    press.rewrite(1, [*marked(), block("paragraph", "Une phrase sur le marimba.", id="b9")])
    press.submit(1, "Le marimba.")
    for path, (_status, said) in walk(client, ever(client.app)).items():
        assert "marimba" not in said, path

    # Withdrawn: read at its own addresses, under a banner, and nowhere else.
    life.decide(Fate.WITHDRAW, reason="Le concours est terminé.")
    gone = walk(client, ever(client.app))
    assert where(gone, life) == {page, history, api, *proofs}
    assert gone[picture][0] == 200 and gone[page][0] == 200
    assert "Le concours est terminé." in client.get(page).main and 'content="noindex"' in gone[page][1]
    assert client.http.get(api).json["state"] == "withdrawn"
    assert page not in client.http.get("/sitemap.xml").get_data(as_text=True)

    # Restored: as it was.
    life.decide(Fate.RESTORE)
    again = walk(client, ever(client.app))
    assert where(again, life) == where(live, life)
    assert "terminé" not in again[page][1]

    # Masked: nowhere at all, and its addresses say so.
    life.mask(reason=f"Le {MARK} est faux.")
    masked = walk(client, ever(client.app))
    assert where(masked, life) == set()
    assert [masked[path][0] for path in (page, history, api, picture, *proofs)] == [410] * 7
    assert client.http.get(api).json["code"] == "masked"
    assert "momentanément masquée" in client.get(page, 410).heading


def test_renamed_redirected_and_removed(press: Press, life: Life, client: PageClient) -> None:
    other = make_life(press, "La flûte")
    with unit_of_work():
        life.article.slug = "tout-autre-nom"
    press.rewrite(1, marked("nouveau"))
    press.again(1, "Un autre nom.")
    old, new = f"/fiches/{life.slug}", "/fiches/tout-autre-nom"
    assert client.get(old, 301).location == new
    life.mask()
    assert client.get(old, 301).location == new and client.get(new, 410)

    life.decide(Fate.REDIRECT, other.slug)
    assert life.state is ArticleState.REDIRECTED
    walk(client, ever(client.app))
    assert client.get(old, 301).location == new
    assert client.get(new, 301).location == f"/fiches/{other.slug}"
    assert client.http.get("/api/v1/articles/tout-autre-nom").headers["Location"].endswith(other.slug)

    life.decide(Fate.REMOVE, other.slug, reason="Cette aide n’existe plus.")
    seen = walk(client, ever(client.app))
    assert where(seen, life) == set()
    page = client.get(new, 410)
    assert "Cette aide n’existe plus." in page.main and f"/fiches/{other.slug}" in page.links()
    assert "/administrations/province-du-sud" in page.links()
    told = client.http.get("/api/v1/articles/tout-autre-nom").json
    assert (told["code"], told["detail"]) == ("gone", "Cette aide n’existe plus.")
    # The other page goes as well: nobody is sent from one empty page to another.
    other.mask()
    assert f"/fiches/{other.slug}" not in client.get(new, 410).links()
    life.decide(Fate.RESTORE)
    client.get(new)


def test_a_picture_that_was_public_says_so(press: Press, life: Life, client: PageClient) -> None:
    """And is still there for who reads a draft that holds it."""
    press.rewrite(1, RICH)
    press.again(1, "Sans image.")
    assert client.http.get(f"/images/{PICTURE}.webp").status_code == 410
    assert client.http.get(f"/images/{'cd' * 32}.webp").status_code == 404


def test_a_draft_of_another_article_keeps_its_address_secret(press: Press, client: PageClient) -> None:
    """Only what was public answers otherwise than an address that never was."""
    draft_id, _slug = press.published()
    with unit_of_work():
        sud = draft_called(draft_id).article.lead
        make_draft(press.writer, session().get_one(Lab, press.lab_id), sud, title="Pas encore")
    never = client.http.get("/fiches/jamais").get_data(as_text=True)
    hidden = client.http.get("/fiches/pas-encore")
    assert hidden.status_code == 404
    assert hidden.get_data(as_text=True) == never.replace("/fiches/jamais", "/fiches/pas-encore")


def test_a_subject_that_lost_its_last_page(press: Press, client: PageClient) -> None:
    """A word of the vocabulary keeps its page; one that is no longer in it says that nothing is left there."""
    life = make_life(press, themes=["ancien-theme"])
    client.get("/themes/ancien-theme")
    life.mask()
    client.get("/themes/ancien-theme", 410)
    client.get("/themes/logement")
    client.get("/themes/jamais", 404)
    client.get("/situations/ancien-theme", 404)
