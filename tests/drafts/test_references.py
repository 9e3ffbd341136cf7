"""What a text may refer to: found by what one remembers, said so that one knows which it is."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from app.db import session, unit_of_work
from app.directory.models import Counter, Login, OnlineService, ServiceKind
from app.policy import Actor
from tests import makers
from tests.clients import PageClient


class Desk:
    """A draft of one administration among several, with a writer and somebody from elsewhere."""

    def __init__(self) -> None:
        roads = makers.make_administration(
            "Direction des infrastructures et des transports terrestres", slug="dittt", acronym="DITTT"
        )
        roads.counters = [
            Counter(
                name="Permis de conduire", commune="Nouméa", address="4, route de la Baie", phone="20 00 04"
            ),
            Counter(name="Antenne de Koné", commune="Koné", phone="20 00 05"),
        ]
        town = makers.make_administration("Mairie de Koné", slug="kone")
        island = makers.make_administration("Province des Îles Loyauté", slug="province-iles")
        session().flush()
        self.counters = [counter.id for counter in roads.counters]
        for slug, title, owners in (
            ("demander-un-acte-de-naissance", "Demander un acte de naissance", [town, island]),
            ("refaire-sa-carte-grise", "Refaire sa carte grise", [roads]),
        ):
            service = OnlineService(
                slug=slug, title=title, kind=ServiceKind.FORM, url="https://exemple.example", login=Login.NONE,
                summary="Recevez une copie chez vous.",
            )  # fmt: skip
            service.owners = owners
            session().add(service)
        self.writer: Actor = makers.make_agent(roads)
        self.stranger: Actor = makers.make_agent(town)
        self.draft = makers.make_draft(self.writer, makers.make_lab(self.writer, roads), roads).id


@pytest.fixture
def desk(client: PageClient) -> Iterator[Desk]:
    with unit_of_work():
        made = Desk()
    client.sign_in(made.writer)
    yield made


def items(client: PageClient, desk: Desk, query: str) -> list[Any]:
    return client.get(f"/brouillons/{desk.draft}/references?{query}").json["items"]


def names(client: PageClient, desk: Desk, query: str) -> list[str]:
    return [
        item.get("service") or f"{item['administration']}:{item['counter']}"
        for item in items(client, desk, query)
    ]


@pytest.mark.parametrize("query", ["kone", "KONÉ", "Koné", "  ko  ", "mairie kone"])
def test_a_contact_is_found_whatever_the_accents_and_the_case(
    client: PageClient, desk: Desk, query: str
) -> None:
    assert "kone:0" in names(client, desk, f"sorte=contact&q={query}")


def test_counters_are_found_by_their_place_and_by_their_administration(
    client: PageClient, desk: Desk
) -> None:
    permis, kone = desk.counters
    assert names(client, desk, "sorte=contact&q=dittt") == ["dittt:0", f"dittt:{permis}", f"dittt:{kone}"]
    assert names(client, desk, "sorte=contact&q=antenne") == [f"dittt:{kone}"]
    # The administration that is called so comes before the counter that only stands there.
    assert names(client, desk, "sorte=contact&q=kone") == ["kone:0", f"dittt:{kone}"]
    assert items(client, desk, "sorte=contact&q=antenne kone")[0] == {
        "administration": "dittt", "counter": kone, "label": "Antenne de Koné", "detail": "DITTT · Koné · 20 00 05",
    }  # fmt: skip
    assert items(client, desk, "sorte=contact&q=iles loyaute")[0]["label"] == "Province des Îles Loyauté"


def test_without_a_word_those_who_answer_for_the_draft_are_proposed(client: PageClient, desk: Desk) -> None:
    assert {name.split(":")[0] for name in names(client, desk, "sorte=contact&q=")} == {"dittt"}


def test_a_service_is_found_by_title_owner_and_purpose(client: PageClient, desk: Desk) -> None:
    birth = ["demander-un-acte-de-naissance"]
    assert names(client, desk, "sorte=service&q=NAISSANCE") == birth
    assert names(client, desk, "sorte=service&q=iles naissance") == birth
    assert names(client, desk, "sorte=service&q=dittt") == ["refaire-sa-carte-grise"]
    assert (
        items(client, desk, "sorte=service&q=acte")[0]["detail"]
        == "Mairie de Koné, Province des Îles Loyauté"
    )
    assert names(client, desk, "sorte=service&q=inconnu") == []
    assert len(names(client, desk, "sorte=service&q=")) == 2


def test_no_more_than_twenty_are_given(client: PageClient, desk: Desk) -> None:
    with unit_of_work():
        for number in range(30):
            makers.make_administration(f"Régie numéro {number}")
    assert len(items(client, desk, "sorte=contact&q=regie")) == 20
    assert client.page is not None and client.page.json["more"] is True
    items(client, desk, "sorte=contact&q=kone")
    assert client.page.json["more"] is False


def test_references_are_asked_for_by_name_and_unknown_ones_are_left_out(
    client: PageClient, desk: Desk
) -> None:
    _permis, kone = desk.counters
    asked = (
        f"contact=kone:0&contact=dittt:{kone}&contact=kone:{kone}&contact=dittt:999999&contact=inconnue:0&contact=kone"
        "&contact=../kone:0&service=refaire-sa-carte-grise&service=inconnu"
    )
    assert names(client, desk, asked) == ["kone:0", f"dittt:{kone}", "refaire-sa-carte-grise"]
    assert names(client, desk, "") == []


def test_only_readers_of_the_draft_ask_and_errors_are_json(client: PageClient, desk: Desk) -> None:
    address = f"/brouillons/{desk.draft}/references"
    assert client.get(f"{address}?sorte=autre", 422).json["error"]["code"] == "invalid"
    client.sign_in(desk.stranger)
    assert client.get(f"{address}?sorte=contact&q=kone", 404).json["error"]["code"] == "not_found"
    assert client.sign_out().get(f"{address}?sorte=contact", 401).json["error"]["code"] == "unauthenticated"
