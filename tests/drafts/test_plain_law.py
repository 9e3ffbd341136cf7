"""What the editor is told follows the rules in force and the glossary, from the next question on."""

# ruff: noqa: F811 - the house is a fixture

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask

from app.db import reading, unit_of_work
from app.policy import Actor, PortalRole
from drafts import amending, glossary, plain_law, plain_routes
from drafts.glossary import TermWords
from drafts.plain_french import asking
from drafts.plain_french.in_force import from_bytes
from drafts.plain_french.rules import RuleCode, house_rules
from tests import makers
from tests.clients import PageClient
from tests.drafts.every_block import p
from tests.drafts.test_remark_pages import send
from tests.drafts.test_remarks import House, house  # noqa: F401 - a fixture

TEXT = "🌴 La carte est délivrée par la CAFAT, contre quittance."
CAFAT = TermWords("CAFAT", "La caisse qui rembourse.", spelled_out="Caisse de compensation")


@pytest.fixture(scope="module", autouse=True)
def _child() -> Iterator[None]:
    yield
    asking.close()


@pytest.fixture
def admin(house: House, app: Flask) -> Actor:
    app.config["WTF_CSRF_ENABLED"] = False
    plain_routes._read.clear()
    with unit_of_work():
        return makers.make_agent(makers.make_administration(), PortalRole.ADMINISTRATOR)


def asked(client: PageClient, house: House) -> dict[str, Any]:
    address = f"/brouillons/{house.draft_id}/francais-simple"
    answer: dict[str, Any] = send(client, address, 200, {"blocks": [p("x1", TEXT)]})
    return answer


def test_a_margin_follows_the_rules_and_the_glossary(client: PageClient, house: House, admin: Actor) -> None:
    client.sign_in(house.writer)
    first = asked(client, house)
    assert first["rules"] == house_rules().digest and first["blocks"]["x1"]["terms"] == []
    assert {one["rule"] for one in first["blocks"]["x1"]["findings"]} == {"passive", "acronym"}
    with unit_of_work():
        amending.amend(admin, RuleCode.PASSIVE, 0, {"off": True}, "Un essai.")
        glossary.write(admin, CAFAT)
        glossary.write(admin, TermWords("quittance", "Papier qui prouve un paiement."))
    second = asked(client, house)
    assert second["rules"] != first["rules"] and len(second["rules"]) <= 40
    (finding,) = second["blocks"]["x1"]["findings"]
    assert (finding["rule"], finding["better"]) == ("acronym", "Caisse de compensation (CAFAT)")
    start = TEXT.index("CAFAT") + 1  # the palm is two units
    assert second["blocks"]["x1"]["terms"][0] == {
        "term": "CAFAT", "start": start, "end": start + 5, "definition": "La caisse qui rembourse.",
    }  # fmt: skip
    assert [one["term"] for one in second["blocks"]["x1"]["terms"]] == ["CAFAT", "quittance"]
    page = client.get(f"/brouillons/{house.draft_id}/francais-simple")
    assert "Français simple" in page.heading
    with unit_of_work():
        amending.restore(admin, RuleCode.PASSIVE, 1, "")
    third = asked(client, house)
    assert {one["rule"] for one in third["blocks"]["x1"]["findings"]} == {"passive", "acronym"}
    assert len({one["rules"] for one in (first, second, third)}) == 3


def test_the_law_is_one_object_until_something_changes(house: House, admin: Actor) -> None:
    with reading():
        one = plain_law.in_force()
        assert plain_law.in_force() is one and from_bytes(one.told).digest == one.law.digest
    with unit_of_work():
        glossary.write(admin, CAFAT)
    with reading():
        assert plain_law.in_force().law.terms.known == {"CAFAT": "Caisse de compensation"}
        assert from_bytes(plain_law.in_force().told).terms == plain_law.in_force().law.terms
