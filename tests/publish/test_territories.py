"""Who chooses their territory reads what is for them; the choice stands in the address and goes along with the links."""

from __future__ import annotations

import pytest

from drafts import vocabulary
from publish import territories
from tests.clients import PageClient
from tests.publish.press import Press, block


def variant(number: int, where: str, words: str) -> dict:
    return block("variant", block("paragraph", words, id=f"v{number}1"), id=f"v{number}", territories=where)


PARTS = [
    block("lead", "L’aide au permis.", id="b1"),
    block(
        "variants",
        variant(1, "province-sud", "Au sud, allez à la Maison provinciale."),
        variant(2, "province-nord province-iles", "Ailleurs, écrivez à la mairie."),
        id="v0",
    ),
    block("paragraph", "Pour tous, la suite.", id="b2"),
]


@pytest.fixture
def slug(press: Press) -> str:
    _draft, slug = press.published(tree=PARTS)
    return slug


def test_the_page_for_one_territory(client: PageClient, slug: str) -> None:
    page = f"/fiches/{slug}"
    everybody = client.get(page)
    assert "Au sud" in everybody.main and "Ailleurs" in everybody.main
    for where, label in (("province-sud", "Province Sud"), ("province-nord", "Province Nord")):
        assert f'href="?territoire={where}"' in everybody.source and label in everybody.main
    south = client.get(f"{page}?territoire=province-sud&fbclid=x")
    assert "Au sud" in south.main and "Ailleurs" not in south.main and "Pour tous" in south.main
    assert "Cette page montre ce qui concerne" in south.main and 'href="?"' in south.source
    # The search engines hear of one page only.
    assert f'href="{page}/historique"' in south.source
    assert f'rel="canonical" href="{client.app.config["SETTINGS"].public_url}{page}"' in south.source
    assert (
        "Set-Cookie" not in south.response.headers and south.response.headers["Cache-Control"] == "no-store"
    )
    # A commune is read what its province says.
    assert "Ailleurs" in client.get(f"{page}?territoire=lifou").main
    # What nobody wrote anything for hides nothing, and what is no territory asks for nothing.
    assert "Ailleurs" in client.get(f"{page}?territoire=nouvelle-caledonie").main
    strange = client.get(f"{page}?territoire=%3Cscript%3E")
    assert strange.source == everybody.source
    client.get("/fiches/rien?territoire=lifou", 404)


def test_a_page_without_variants_offers_no_choice(client: PageClient, press: Press) -> None:
    _draft, slug = press.published()
    page = client.get(f"/fiches/{slug}")
    assert "Lire seulement pour" not in page.main
    assert client.get(f"/fiches/{slug}?territoire=lifou").status == 200


def test_the_choice_goes_along_to_other_articles() -> None:
    page = '<a href="/fiches/a-b">A</a> <a href="/fiches/c#d">C</a> <a href="/fiches/a/historique">H</a> <a href="/themes/t">T</a>'
    assert territories.carried(page, "lifou") == (
        '<a href="/fiches/a-b?territoire=lifou">A</a> <a href="/fiches/c?territoire=lifou#d">C</a> '
        '<a href="/fiches/a/historique">H</a> <a href="/themes/t">T</a>'
    )


def test_nothing_else_is_lost() -> None:
    for territory in vocabulary.territories():
        kept = territories.kept(PARTS, territory)
        assert kept[0] == PARTS[0] and kept[2] == PARTS[2]
        assert kept[1]["content"] and len(kept[1]["content"]) <= 2
