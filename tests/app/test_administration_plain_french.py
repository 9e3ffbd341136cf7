"""/admin/francais-simple: an administrator changes a rule, and loses nothing of what was typed."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from flask import Flask

from app.db import reading
from drafts import amending, amendments
from drafts.plain_french.rules import RuleCode
from tests.app.administering import HOSTILE, Portal, make_portal
from tests.clients import PageClient

ADDRESS = "/admin/francais-simple"
LONG = f"{ADDRESS}/long_sentence"
FORMULA = f"{ADDRESS}/formula"


@pytest.fixture
def portal(app: Flask) -> Portal:
    return make_portal()


@pytest.fixture(autouse=True)
def _end_child() -> Iterator[None]:
    yield
    amending.close()


def test_every_rule_is_shown_and_has_its_page(client: PageClient, portal: Portal) -> None:
    page = client.sign_in(portal.admin).get(ADDRESS)
    assert "Phrase longue" in page.main and "Rien n’a encore été changé" in page.main
    for code in RuleCode:
        assert f"{ADDRESS}/{code}" in page.links()
        assert client.get(f"{ADDRESS}/{code}").offers(f"{ADDRESS}/{code}")
    client.get(f"{ADDRESS}/aucune", 404)
    assert "déjà celle d’origine" in client.get(f"{LONG}/origine").main


def test_a_rule_is_switched_off_and_on_again(client: PageClient, portal: Portal) -> None:
    client.sign_in(portal.admin).get(LONG)
    client.send(LONG, active=None, raison="Trop de phrases de loi.")
    page = client.follow()
    assert "Elle ne signale plus rien" in page.main and "Trop de phrases de loi." in page.main
    listed = client.get(ADDRESS).main
    assert "arrêtée" in listed and "règle arrêtée" in listed
    with reading():
        assert amendments.rules_in_force().rules.off == {RuleCode.LONG_SENTENCE}
    client.get(f"{LONG}/origine")
    client.send(f"{LONG}/origine", raison="")
    page = client.follow()
    assert "Elle ne signale plus rien" not in page.main and "Retour à la règle d’origine" in page.main
    with reading():
        assert not amendments.rules_in_force().rules.off


def test_what_does_not_hold_is_named_and_nothing_typed_is_lost(client: PageClient, portal: Portal) -> None:
    client.sign_in(portal.admin).get(FORMULA)
    typed = {
        "formules": "il appert {que} = on voit que", "fautifs": "Venez quand même. | quand même",
        "raison": "Vu dans un arrêté.",
    }  # fmt: skip
    page = client.send(FORMULA, 422, **typed)
    assert "Venez quand même." in page.main and "ne trouve rien" in page.main
    assert "#fautifs" in page.links()
    form = page.form(FORMULA)
    assert {name: form.values[name].strip() for name in typed} == typed
    client.send(FORMULA, fautifs="Il appert que non. | Il appert que | On voit que")
    page = client.follow()
    assert "1 formule en plus" in page.main and "1 exemple à corriger en plus" in page.main


def test_a_reason_is_asked_for(client: PageClient, portal: Portal) -> None:
    client.sign_in(portal.admin).get(LONG)
    page = client.send(LONG, 422, max_words="26", raison="")
    assert "Dites pourquoi" in page.main and page.form(LONG).values["max_words"] == "26"


def test_the_second_administrator_sees_what_the_first_did(app: Flask, portal: Portal) -> None:
    first, second = PageClient(app).sign_in(portal.admin), PageClient(app).sign_in(portal.other)
    first.get(LONG)
    second.get(LONG)
    first.send(LONG, max_words="26", raison="Un essai.")
    page = second.send(LONG, 409, max_words="28", raison="Un autre.")
    assert "Enregistré maintenant" in page.main and "26" in page.main
    assert page.form(LONG).values["max_words"] == "28"
    # The page shown again knows the new state: sent once more, it stands.
    second.send(LONG)


def test_words_that_are_html_are_shown_as_words(client: PageClient, portal: Portal) -> None:
    client.sign_in(portal.admin).get(LONG)
    client.send(LONG, nom="<b>Longue</b>", raison=HOSTILE)
    page = client.follow()
    assert "<b>Longue</b>" in page.heading and "<script>alert" not in page.source
    assert "<b>Longue</b>" in client.get(ADDRESS).main


def test_an_agent_has_no_business_here(client: PageClient, portal: Portal) -> None:
    client.sign_in(portal.agent).get(ADDRESS, 403)
    client.get(LONG, 403)
