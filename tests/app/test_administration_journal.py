"""The journal, its files and its chain; jobs and alerts."""

from __future__ import annotations

import csv
import io
import json
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from flask import Flask

from app import alerts, audit, clock, jobs
from app.accounts import people
from app.administration import chain, journal_queries
from app.audit import AuditCheck, AuditEntry
from app.db import reading, session, unit_of_work
from app.jobs import DueRow
from drafts import faults, healing
from tests.app.administering import HOSTILE, Portal, acts, make_portal
from tests.app.test_audit_chain import past_the_triggers
from tests.clients import PageClient


@pytest.fixture
def portal(app: Flask) -> Portal:
    return make_portal()


def rows_of(page_source: str) -> list[dict[str, str]]:
    assert page_source.startswith("\ufeff")
    return list(csv.DictReader(io.StringIO(page_source[1:], newline="")))


def test_the_journal_is_narrowed_by_who_what_and_when(client: PageClient, portal: Portal) -> None:
    with unit_of_work():
        people.appoint(portal.other, portal.agent.id, 1, "moderator", None)
    with clock.shifted(timedelta(days=-40)), unit_of_work():
        audit.record(portal.agent.id, "long_ago", "draft", 12)
    client.sign_in(portal.admin)
    today = clock.local(clock.now()).date()
    month_ago = today - timedelta(days=30)
    for query, there, not_there in (
        ("", "long_ago", None),
        (f"personne={portal.other.id}", "appoint", "long_ago"),
        (f"personne={portal.agent.email}", "long_ago", None),
        ("personne=personne@nulle.part", None, "appoint"),
        ("acte=appoint", "appoint", "long_ago"),
        ("sorte=draft&objet=12", "long_ago", "appoint"),
        (f"du={month_ago}", "appoint", "long_ago"),
        (f"au={month_ago}", "long_ago", "appoint"),
        ("du=hier&au=9999-99-99&personne=%00&acte=%00&objet=%00&sorte=%00&avant=x", "appoint", None),
    ):
        page = client.get(f"/admin/journal?{query}")
        codes = [element.text for element in page.all("code")]
        assert there is None or there in codes, query
        assert not_there is None or not_there not in codes, query


def test_the_journal_has_pages(client: PageClient, portal: Portal) -> None:
    with unit_of_work():
        for number in range(120):
            audit.record(None, "counted", "thing", number)
    client.sign_in(portal.admin)
    seen: list[str] = []
    page = client.get("/admin/journal?acte=counted")
    while True:
        seen += [
            words.split()[1]
            for element in page.all("code")
            if (words := element.text or "").startswith("thing ")
        ]
        older = [link for link in page.links() if "avant=" in link]
        if not older:
            break
        page = client.get(older[0])
    assert seen == [str(number) for number in reversed(range(120))]


def test_files_hold_what_is_shown_and_no_formula(
    client: PageClient, portal: Portal, monkeypatch: pytest.MonkeyPatch
) -> None:
    with unit_of_work():
        people.correct_person(
            portal.admin, portal.other.id, 1, name='=HYPERLINK("https://mal.example")', email=portal.other.email,
            administration_id=portal.south,
        )  # fmt: skip
        for number in range(7):
            audit.record(portal.other.id, "@act", "thing", f"+{number}", word="-1")
    monkeypatch.setattr(journal_queries, "PIECE", 3)
    client.sign_in(portal.admin)
    rows = rows_of(client.get("/admin/journal.csv?acte=@act").source)
    assert [row["objet"] for row in rows] == [f"'+{number}" for number in range(7)]
    assert {row["nom"] for row in rows} == {'\'=HYPERLINK("https://mal.example")'}
    assert {(row["acte"], row["detail"]) for row in rows} == {("'@act", "word=-1")}
    lines = [json.loads(line) for line in client.get("/admin/journal.jsonl?acte=@act").source.splitlines()]
    assert [line["object_id"] for line in lines] == [f"+{number}" for number in range(7)]
    assert lines[0]["person"] == portal.other.id and lines[0]["detail"] == {"word": "-1"}
    # A file has an end, however long the log is.
    monkeypatch.setattr(journal_queries, "MOST_ROWS", 5)
    assert len(rows_of(client.get("/admin/journal.csv").source)) == 5


def test_a_hostile_name_is_words_in_the_journal(client: PageClient, portal: Portal) -> None:
    with unit_of_work():
        people.correct_person(
            portal.admin,
            portal.agent.id,
            1,
            name=HOSTILE,
            email=portal.agent.email,
            administration_id=portal.south,
        )
        audit.record(portal.agent.id, "said", "thing", HOSTILE[:80], word=HOSTILE)
    page = client.sign_in(portal.admin).get("/admin/journal")
    assert "<script>alert" not in page.source and "alert(1)" in page.main


def test_the_chain_is_counted_again_by_the_worker(client: PageClient, portal: Portal, tmp_path: Path) -> None:
    with unit_of_work():
        audit.seal(everything=True)
    client.sign_in(portal.admin).get("/admin/journal")
    client.send("/admin/journal/verifier")
    assert "en cours" in client.get("/admin/journal").main
    with unit_of_work():
        chain.ask_for_check(portal.other)  # one look serves both
    chain.check_when_asked(tmp_path)
    assert "elle tient" in client.get("/admin/journal").main
    with reading():
        assert session().scalar(sa.select(sa.func.count(AuditCheck.id))) == 1
    # Somebody writes into the database.
    past_the_triggers(sa.update(AuditEntry).where(AuditEntry.id == 1).values(act="something_else"))
    client.get("/admin/journal")
    client.send("/admin/journal/verifier")
    chain.check_when_asked(tmp_path)
    said = client.get("/admin/journal").main
    assert "elle ne tient pas" in said and "seal 1 does not hold" in said


def test_a_job_that_fails_says_its_class_and_is_tried_again(
    client: PageClient, portal: Portal, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[str] = []

    def work(key: str, _payload: dict[str, object]) -> None:
        calls.append(key)
        if len(calls) == 1:
            raise ValueError("les mots de quelqu’un")

    monkeypatch.setitem(jobs._due_handlers, "test.work", work)
    with unit_of_work():
        jobs.plan("test.work", "one", clock.now())
        jobs.plan("test.later", "two", clock.now() + timedelta(days=1))
    jobs.sweep()
    client.sign_in(portal.admin)
    assert "1 tâche qui échoue" in client.get("/admin").main
    page = client.get("/admin/taches")
    assert "ValueError" in page.main and "les mots" not in page.source and "test.later" in page.main
    with reading():
        failed = session().query(DueRow).filter_by(kind="test.work").one()
    jobs.sweep()
    assert calls == ["one"]  # it was put off
    client.send(f"/admin/taches/{failed.id}/reprendre")
    jobs.sweep()
    assert calls == ["one", "one"] and "ValueError" not in client.get("/admin/taches").main
    assert acts("due_row", failed.id) == [("try_job_again", {"kind": "test.work"})]
    assert not client.page.offers(f"/admin/taches/{failed.id}/reprendre")  # type: ignore[union-attr]
    client.post(f"/admin/taches/{failed.id}/reprendre", {"csrf_token": _token(client)}, 404)


def _token(client: PageClient) -> str:
    page = client.get("/admin/journal")
    return str(page.form("/admin/journal/verifier").values["csrf_token"])


def test_whether_the_worker_is_there(client: PageClient, portal: Portal) -> None:
    client.sign_in(portal.admin)
    assert "ne répond pas" in client.get("/admin/taches").main
    jobs.take_lease("worker", "here:1", 30)
    assert "ne répond pas" not in client.get("/admin/taches").main
    with clock.shifted(timedelta(minutes=2)):
        assert "ne répond pas" in client.get("/admin").main


def test_an_alert_is_put_away_when_it_is_over(client: PageClient, portal: Portal) -> None:
    with unit_of_work():
        told = alerts.raise_alert(healing.DIVERGENCE, "draft:1", "row 12").id
        lasting = alerts.raise_alert(faults.ALERT, "draft:2", "row 3").id
    page = client.sign_in(portal.admin).get("/admin/alertes")
    assert "2 alertes ouvertes" in client.get("/admin").main
    assert not page.offers(f"/admin/alertes/{lasting}/vue")
    client.get("/admin/alertes")
    client.send(f"/admin/alertes/{told}/vue")
    assert "1 alerte ouverte" in client.get("/admin").main
    assert acts("alert", told) == [("close_alert", {"kind": healing.DIVERGENCE, "subject": "draft:1"})]
    client.post(f"/admin/alertes/{lasting}/vue", {"csrf_token": _token(client)}, 403)
