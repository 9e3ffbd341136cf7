"""/etat says how the portal is now, in words, also when there is no database to ask."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from app import clock, jobs, metrics
from app.db import database, unit_of_work
from app.directory.models import OnlineService
from publish import health, links
from publish.links import Found
from tests.clients import PageClient
from tests.publish.press import Press

WELL, ILL = "Le portail fonctionne normalement.", "Une partie du portail ne fonctionne pas."


def test_all_is_well_and_nobody_keeps_the_answer(press: Press, client: PageClient) -> None:
    page = client.get("/etat")
    assert WELL in page.main and "Aucune panne n’est connue" in page.main
    assert "Aucune fiche n’est encore publiée" in page.main
    assert page.response.headers["Cache-Control"] == "no-store" and "Set-Cookie" not in page.response.headers
    _draft, slug = press.published()
    assert f"/fiches/{slug}" in client.get("/etat").links()
    assert "/etat" in client.get("/").links() and "/etat" in client.get("/plan-du-site").links()


def test_outages_are_told_with_whom_to_call(press: Press, client: PageClient) -> None:
    press.published()
    with unit_of_work() as current:
        current.scalars(sa.select(OnlineService)).one().outage = "en maintenance jusqu’à lundi"
    page = client.get("/etat")
    assert WELL in page.main, "the portal itself is well"
    assert "en maintenance jusqu’à lundi" in page.main and "tel:+687200030" in page.links()


def test_a_site_that_does_not_answer_is_an_outage(press: Press, client: PageClient) -> None:
    press.published()
    jobs.deliver_outbox()
    for hours in (0, 2):
        with clock.shifted(links.AGAIN * hours), unit_of_work():
            links.note(Found("https://www.sud.example/changement", False, "404"))
    assert "le site ne répond pas" in client.get("/etat").main


def test_what_fails_is_said_in_words(
    press: Press, client: PageClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(health, "LEAST_FREE_BYTES", 1 << 62)
    page = client.get("/etat", 503)
    assert ILL in page.main and "Rien ne peut être enregistré" in page.main and WELL not in page.main
    monkeypatch.undo()
    monkeypatch.setitem(metrics._gauges, "openlab_worker_up", lambda: 0.0)
    assert "prennent du retard" in client.get("/etat", 503).main


def test_without_a_database_the_page_still_comes(
    press: Press, client: PageClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    def gone(*_args: object, **_kwargs: object) -> None:
        raise sa.exc.OperationalError("no", {}, Exception("the database is gone"))

    monkeypatch.setattr(database().engine.dialect, "do_execute", gone)
    page = client.get("/etat", 503)
    assert ILL in page.main and "La recherche et l’espace des agents ne répondent pas" in page.main
    assert "Dernière publication" not in page.main
    monkeypatch.undo()
    assert WELL in client.get("/etat").main
