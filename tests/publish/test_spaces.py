"""/espaces-connectes: nobody is left with only a link."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from app.db import session, unit_of_work
from app.directory.models import ConnectedSpace
from tests.clients import PageClient
from tests.publish.press import RICH, Press, block


def space(slug: str, name: str, commune: str, **values: object) -> ConnectedSpace:
    return ConnectedSpace(slug=slug, name=name, commune=commune, **values)


@pytest.fixture
def spaces(press: Press) -> Press:
    with unit_of_work() as current:
        current.add_all(
            [
                space("b", "Salle de Voh", "Voh", phone="sur place", computers=1),
                space("a", "Maison d’Ouvéa", "Ouvéa", phone="20 09 01", address="Fayaoué", hours="Le lundi, 8 h – 12 h",
                      computers=4, bring="Une pièce d’identité.", mediation="Une médiatrice le lundi."),
                space("c", "Espace <b>nu</b>", "Élan"),
            ]
        )  # fmt: skip
    return press


def test_the_page_says_what_one_needs_before_going_there(spaces: Press, client: PageClient) -> None:
    page = client.get("/espaces-connectes")
    assert ["".join(one.itertext()) for one in page.all("h2")] == ["Élan", "Ouvéa", "Voh"]
    said = page.main.replace("\u00a0", " ")
    for words in ("Maison d’Ouvéa", "Fayaoué", "Le lundi, 8 h – 12 h", "4 ordinateurs", "1 ordinateur",
                  "À apporter : Une pièce d’identité.", "Aide : Une médiatrice le lundi.", "Espace <b>nu</b>"):  # fmt: skip
        assert words in said, words
    assert [href for href in page.links() if href.startswith("tel:")] == ["tel:+687200901"]
    assert page.response.headers["Cache-Control"].startswith("public")
    assert "Set-Cookie" not in page.response.headers


def test_an_empty_directory_sends_to_the_counters(press: Press, client: PageClient) -> None:
    page = client.get("/espaces-connectes")
    assert "Aucun espace connecté n’est encore inscrit" in page.main and "/administrations" in page.links()


def test_every_online_service_and_the_printed_page_lead_there(spaces: Press, client: PageClient) -> None:
    _draft, slug = spaces.published(tree=[*RICH, block("service", id="k1", service="declarer-un-changement")])
    for path in (f"/fiches/{slug}", "/demarches", "/administrations/province-du-sud", "/recherche?q=changement", "/",
                 "/plan-du-site"):  # fmt: skip
        assert "/espaces-connectes" in client.get(path).links(), path
    article = client.get(f"/fiches/{slug}")
    # Beside the service, in the text, and in words on paper.
    assert article.links().count("/espaces-connectes") == 2
    (paper,) = article.all("div", **{"class": "paper qr"})
    assert "".join(paper.itertext()).strip().endswith("/espaces-connectes") and "http" in "".join(
        paper.itertext()
    )
    assert "/espaces-connectes" not in client.get(f"/api/v1/articles/{slug}").json["html"]


def test_the_database_keeps_what_makes_no_sense_out(press: Press) -> None:
    with pytest.raises(sa.exc.IntegrityError), unit_of_work():
        session().add(space("d", "Salle", "Voh", computers=-1))
    with pytest.raises(sa.exc.IntegrityError), unit_of_work():
        session().add_all([space("e", "Salle", "Voh"), space("e", "Autre", "Voh")])
