"""Beside an article, whoever has no internet is sent to a counter that can help them, never to another town's."""

from __future__ import annotations

import pytest

from app.db import session, unit_of_work
from app.directory.models import Administration, Counter, Kind, Login, OnlineService, ServiceKind
from tests.clients import PageClient
from tests.makers import make_administration
from tests.publish.press import Press

TOWNS = ("Bourail", "Lifou", "Thio", "Voh")
COUNTRY = "nouvelle-caledonie"


@pytest.fixture
def school(press: Press) -> Press:
    """A service of four town halls and of a direction of the government, each with a telephone."""
    with unit_of_work():
        owners = [town(name, f"20 00 1{number}") for number, name in enumerate(TOWNS)]
        dinum = make_administration(
            "Direction du numérique", slug="dinum", acronym="DINUM", kind=Kind.GOVERNMENT, territory=COUNTRY
        )
        dinum.counters = [Counter(name="Accueil du numérique", commune="Nouméa", phone="20 00 20")]
        offer("inscrire-a-l-ecole", "Inscrire à l’école", [dinum, *owners])
    return press


def town(name: str, phone: str) -> Administration:
    made = make_administration(
        f"Commune de {name}", slug=name.lower(), kind=Kind.COMMUNE, territory=name.lower()
    )
    made.counters = [Counter(name=f"Mairie de {name}", commune=name, phone=phone)]
    return made


def offer(slug: str, title: str, owners: list[Administration]) -> None:
    session().add(
        OnlineService(
            slug=slug, title=title, kind=ServiceKind.ONLINE_PROCEDURE, url=f"https://www.nc.example/{slug}",
            login=Login.NONE, owners=owners,
        )
    )  # fmt: skip


def beside(press: Press, client: PageClient, service: str = "inscrire-a-l-ecole", *territories: str) -> str:
    """What an article of the Province du Sud says of one service, white space collapsed (a no-break space too)."""
    _draft, slug = press.published(both=False, services=[service], territories=list(territories))
    page = client.get(f"/fiches/{slug}")
    (link,) = page.all("a", href=f"/aller/{service}")
    (item,) = [item for item in page.all("li") if link in list(item)]
    return " ".join("".join(item.itertext()).split())


def test_no_town_is_named_when_the_article_is_for_all(school: Press, client: PageClient) -> None:
    said = beside(school, client, "inscrire-a-l-ecole", "province-sud", COUNTRY)
    assert said.endswith(
        "Sans compte · votre commune, DINUM Sans internet : votre mairie, ou un espace connecté"
    )
    page = client.get("/fiches/changer-d-adresse")
    assert [link.text for link in page.all("a", href="/administrations#commune")] == ["votre mairie"]
    assert client.get("/administrations").all("h2", id="commune")


def test_the_town_of_the_article_is_meant(school: Press, client: PageClient) -> None:
    said = beside(school, client, "inscrire-a-l-ecole", "thio")
    assert said.endswith(
        "Commune de Thio, DINUM Sans internet : 20 00 12, Mairie de Thio (Thio), ou un espace connecté"
    )


def test_who_answers_for_the_article_comes_before_who_is_near(school: Press, client: PageClient) -> None:
    with unit_of_work():
        sud = session().get_one(Administration, school.sud)
        near = town("Dumbéa", "20 00 40")
        offer("demander-une-bourse", "Demander une bourse", [near, sud])
    said = beside(school, client, "demander-une-bourse", "dumbéa")
    assert said.endswith(
        "Commune de Dumbéa, PS Sans internet : 20 00 30, Accueil du Sud (Nouméa), ou un espace connecté"
    )


def test_two_owners_are_named_and_the_first_answers(school: Press, client: PageClient) -> None:
    with unit_of_work():
        offer("louer-une-salle", "Louer une salle", [town("Yaté", "20 00 50"), town("Poya", "20 00 51")])
    assert beside(school, client, "louer-une-salle").endswith(
        "Commune de Poya, Commune de Yaté Sans internet : 20 00 51, Mairie de Poya (Poya), ou un espace connecté"
    )


def test_an_owner_without_a_telephone_sends_nobody_away(school: Press, client: PageClient) -> None:
    with unit_of_work():
        silent = make_administration("Agence muette", kind=Kind.PUBLIC_BODY, territory="thio")
        offer("rendez-vous", "Rendez-vous", [silent, town("Yaté", "20 00 50")])
        offer("formulaire", "Formulaire", [])
    assert "20 00 50" in beside(school, client, "rendez-vous", "thio")
    said = beside(school, client, "formulaire", "thio")
    assert said.endswith("Sans internet : un espace connecté"), "no counter of anybody else's"


def test_the_list_of_services_names_every_owner(school: Press, client: PageClient) -> None:
    said = client.get("/demarches").main
    assert all(f"Commune de {name}" in said for name in TOWNS) and "votre mairie" in said
    assert "20 00 10" not in said


def test_an_administration_shows_its_own_counter(school: Press, client: PageClient) -> None:
    said = client.get("/administrations/voh").main
    assert "Commune de Voh, DINUM Sans internet" in said and "20 00 13" in said and "20 00 10" not in said
