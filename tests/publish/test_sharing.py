"""Short addresses that stand for ever, and what an article offers to be handed on."""

from __future__ import annotations

import json
import re
from urllib.parse import parse_qs, unquote, urlsplit

import pytest
import segno
import sqlalchemy as sa

from app.db import reading, session, unit_of_work
from drafts.models import Article
from publish import fates, pages, sharing
from publish.models import Address
from tests.clients import PageClient
from tests.house.tree import ROOT
from tests.publish.press import RICH, Press

CODES = json.loads((ROOT / "tests" / "vectors" / "short_codes.json").read_text(encoding="utf-8"))["codes"]


def code_of(slug: str) -> str:
    with reading():
        return sharing.code_of(session().get_one(Address, slug).article_id)


def test_codes_are_what_they_always_were() -> None:
    assert {number: sharing.code_of(int(number)) for number in CODES} == CODES
    assert {number: str(sharing.article_of(code)) for number, code in CODES.items()} == {
        number: number for number in CODES
    }


def test_each_article_has_its_own_and_no_letter_is_taken_for_another() -> None:
    codes = [sharing.code_of(number) for number in range(20_000)]
    assert len(set(codes)) == len(codes)
    assert all(re.fullmatch("[bcdfghjkmnprstwxz]{5}", code) for code in codes)
    # Neighbours differ at once: who mistypes a letter does not land on the next article.
    near = [
        sum(a != b for a, b in zip(one, other, strict=True))
        for one, other in zip(codes, codes[1:], strict=False)
    ]
    assert min(near) >= 2
    for beyond in (-1, 17**5 + 17**6):
        with pytest.raises(ValueError, match="no short code"):
            sharing.code_of(beyond)


def test_a_short_address_leads_to_its_article_however_it_is_called_now(
    press: Press, client: PageClient
) -> None:
    draft, slug = press.published()
    short = f"/s/{code_of(slug)}"
    answer = client.http.get(short)
    assert (answer.status_code, answer.headers["Location"]) == (301, f"/fiches/{slug}")
    assert "max-age=60" in answer.headers["Cache-Control"] and "Set-Cookie" not in answer.headers
    # Telephones write a capital first.
    assert client.http.get("/s/" + short[3:].capitalize()).headers["Location"] == f"/fiches/{slug}"
    press.rewrite(draft, [*RICH[:3]])
    press.again(draft, "Plus court.")
    pages.shelf(client.app).look()
    assert client.http.get(short).headers["Location"].startswith("/fiches/")


def test_a_short_address_of_nothing_is_not_found(press: Press, client: PageClient) -> None:
    press.draft()  # written, and never published
    with reading():
        number = session().scalars(sa.select(Article.id)).one()
    for code in (
        sharing.code_of(number),
        sharing.code_of(number + 1),
        "bcdf",
        "aeiou",
        "bcdfgh" * 50,
        "bcd%00",
    ):
        client.get(f"/s/{code}", 404)


def test_what_is_hidden_is_hidden_by_its_short_address_too(press: Press, client: PageClient) -> None:

    _draft, slug = press.published()
    short = f"/s/{code_of(slug)}"
    client.http.get(short)
    with unit_of_work():
        fates.mask(
            press.editor,
            session().get_one(Article, session().get_one(Address, slug).article_id),
            "Une erreur de montant.",
        )
    pages.shelf(client.app).look()
    assert client.get(short, 410).heading == "Cette fiche est momentanément masquée"


def test_an_article_is_handed_on_without_anybody_watching(press: Press, client: PageClient) -> None:
    _draft, slug = press.published("Changer d’adresse & prévenir")
    page = client.get(f"/fiches/{slug}")
    url = f"http://127.0.0.1:8000/s/{code_of(slug)}"
    assert url in page.main
    (mail,) = [href for href in page.links() if href.startswith("mailto:?")]
    assert parse_qs(urlsplit(mail).query)["subject"] == ["Changer d’adresse & prévenir"]
    assert url in unquote(mail)
    shared = [href for href in page.links() if urlsplit(href).hostname in ("wa.me", "www.facebook.com")]
    assert len(shared) == 2 and all(url in unquote(href) for href in shared)
    # Plain links: nothing of theirs is loaded by the page.
    assert not re.findall(r"<(?:script(?! type=.application/ld\+json)|iframe|img)\b", page.source)


def test_the_code_on_paper_is_the_short_address() -> None:
    url = "https://portail.exemple.nc/s/khnmg"
    drawing = str(sharing.drawing(url))
    wanted = [[bool(cell) for cell in row] for row in segno.make_qr(url, error="l").matrix]
    side = len(wanted)
    drawn = [[False] * side for _row in range(side)]
    for y, line in re.findall(r"M0 (\d+)((?:h\d+|m\d+ 0)*)", drawing):
        x = 0
        for dark, length in re.findall(r"(h|m)(\d+)", line):
            for place in range(x, x + int(length)):
                drawn[int(y)][place] = dark == "h"
            x += int(length)
    assert drawn == wanted
    assert f'viewBox="-4 -4.5 {side + 8} {side + 8}"' in drawing and "style" not in drawing
