"""Who somebody is leads them to what is for them."""

from __future__ import annotations

from tests.clients import PageClient
from tests.publish.press import Press


def test_the_articles_for_an_audience(client: PageClient, press: Press) -> None:
    empty = client.get("/publics/associations")
    assert "Aucune fiche" in empty.main and "Vous êtes" not in client.get("/").main
    press.published("Fêter dehors", audiences=["association"], themes=["vie-associative"])
    press.published("Ouvrir une société", audiences=["company", "association"], themes=[])
    found = client.get("/publics/associations")
    assert "2 fiches" in found.main and found.main.index("Associations, sport et culture") < found.main.index(
        "Fêter dehors"
    )
    assert found.main.index("Autres fiches") < found.main.index("Ouvrir une société")
    assert "Fêter dehors" not in client.get("/publics/entreprises").main
    for page in ("/", "/plan-du-site"):
        assert client.get(page).source.count('href="/publics/') == 2
    assert "/publics/associations" in client.get("/sitemap.xml").response.text
    assert client.get("/recherche?public=association").status == 200
    client.get("/publics/martiens", 404)
