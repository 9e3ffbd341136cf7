"""/espace/glossaire: agents read and propose, editors write and decide, and nothing typed is lost."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from flask import Flask

from app.db import unit_of_work
from app.policy import Actor, PortalRole
from drafts import glossary
from drafts.glossary import TermWords
from tests import makers
from tests.app.administering import HOSTILE
from tests.clients import PageClient

ADDRESS, NEW = "/espace/glossaire", "/espace/glossaire/nouveau"


@dataclass(frozen=True)
class People:
    editor: Actor
    agent: Actor
    other: Actor


@pytest.fixture
def people(app: Flask) -> People:
    with unit_of_work():
        place = makers.make_administration()
        editor = makers.make_agent(place, PortalRole.PORTAL_EDITOR)
        return People(editor, makers.make_agent(place), makers.make_agent(place))


def test_an_editor_writes_a_word(client: PageClient, people: People) -> None:
    assert "Le glossaire est vide" in client.sign_in(people.editor).get(ADDRESS).main
    client.get(NEW)
    page = client.send(NEW, 422, mot="quittance", definition="")
    assert "#definition" in page.links() and page.form(NEW).values["mot"] == "quittance"
    client.send(NEW, definition="Papier qui prouve que vous avez payé.", formes="reçu")
    page = client.follow()
    assert "1 mot" in page.main and "Papier qui prouve" in page.main
    (address,) = [link for link in page.links() if link.startswith(f"{ADDRESS}/") and link != NEW]
    client.get(address)
    client.send(address, definition="Papier qui prouve un paiement.")
    client.get(address)
    page = client.send(f"{address}/retirer", 422, raison="")
    assert "Dites pourquoi" in page.main
    client.send(f"{address}/retirer", raison="Doublon.")
    assert "Mots retirés" in client.follow().main
    client.get(address)
    client.send(f"{address}/remettre")
    assert "Mots retirés" not in client.follow().main


def test_an_agent_proposes_and_reads_the_answer(app: Flask, people: People) -> None:
    agent, editor = PageClient(app).sign_in(people.agent), PageClient(app).sign_in(people.editor)
    agent.get(f"{NEW}?mot=quittance")
    agent.send(NEW, definition="Un papier.")
    assert "attendent une réponse" in agent.follow().main
    address = next(
        link for link in editor.get(ADDRESS).links() if link.startswith(f"{ADDRESS}/") and link != NEW
    )
    assert address in editor.get("/espace").links()
    agent.get(address)
    PageClient(app).sign_in(people.other).get(address, 404)
    editor.get(address)
    editor.send(f"{address}/refuser", raison="Trop vague.")
    page = agent.get(ADDRESS)
    assert "Vos propositions refusées" in page.main and "Trop vague." in page.main
    agent.get(address)


def test_an_editor_corrects_what_is_proposed(app: Flask, people: People) -> None:
    with unit_of_work():
        number = glossary.propose(people.agent, TermWords("quitance", "Un papier.")).id
    editor = PageClient(app).sign_in(people.editor)
    editor.get(f"{ADDRESS}/{number}")
    editor.send(f"{ADDRESS}/{number}/accepter", mot="quittance")
    assert "quittance" in editor.follow().main
    page = editor.post(f"{ADDRESS}/{number}/accepter", {}, 400 if app.config["WTF_CSRF_ENABLED"] else 422)
    assert page.status >= 400


def test_the_second_editor_sees_what_the_first_did(app: Flask, people: People) -> None:
    with unit_of_work():
        number = glossary.write(people.editor, TermWords("quittance", "Un papier.")).id
    address = f"{ADDRESS}/{number}"
    first, second = PageClient(app).sign_in(people.editor), PageClient(app).sign_in(people.editor)
    first.get(address)
    second.get(address)
    first.send(address, definition="Un reçu.")
    page = second.send(address, 409, definition="Une preuve.")
    assert "Un reçu." in page.main and page.form(address).values["definition"].strip() == "Une preuve."


def test_words_that_are_html_are_shown_as_words(client: PageClient, people: People) -> None:
    client.sign_in(people.editor).get(NEW)
    client.send(NEW, mot="<b>mot</b>", definition=HOSTILE)
    page = client.follow()
    assert "<b>mot</b>" in page.main and "<script>alert" not in page.source
    client.sign_out().sign_in(people.agent)
    assert "<b>mot</b>" in client.get(ADDRESS).main
