"""The worker outlives what it depends on: a mail server that stalls or refuses, a database that is away."""

from __future__ import annotations

import logging
import smtplib
from collections.abc import Iterator

import pytest
import sqlalchemy as sa

from app import clock, jobs, mail, worker
from app.db import OutboxRow, note, reading, session, unit_of_work
from app.errors import Unavailable
from labs.access import LabAccessChanged


@pytest.fixture(autouse=True)
def _fresh_worker() -> Iterator[None]:
    yield
    worker._put_off.clear()
    worker._away = False


@pytest.fixture
def letters(db) -> list[str]:
    recipients = ["a@test.example", "b@test.example", "c@test.example"]
    with unit_of_work():
        for recipient in recipients:
            mail.write(recipient, "Objet", "Texte")
    return recipients


def _sent() -> list[str]:
    with reading():
        query = sa.select(mail.Mail.recipient).where(mail.Mail.sent_at.is_not(None)).order_by(mail.Mail.id)
        return list(session().scalars(query))


def test_a_mail_is_sent_while_the_database_is_free_for_others(letters, settings, monkeypatch):
    def slow(_mail, *_where):
        with unit_of_work():  # refused if the worker kept its own open
            session().execute(sa.update(mail.Mail).values(subject="Autre objet"))

    monkeypatch.setattr(mail, "send", slow)
    worker.send_mails(settings)
    assert _sent() == letters


def test_a_refused_mail_spares_the_others_and_none_is_sent_twice(letters, settings, monkeypatch):
    tried: list[str] = []

    def send(item, *_where):
        tried.append(item.recipient)
        if item.recipient == "b@test.example":
            raise smtplib.SMTPRecipientsRefused({item.recipient: (550, b"unknown")})

    monkeypatch.setattr(mail, "send", send)
    for _ in range(3):
        worker.send_mails(settings)
    assert tried == letters and _sent() == ["a@test.example", "c@test.example"]


def test_without_a_mail_server_one_mail_is_tried_and_all_wait(letters, settings, monkeypatch):
    tried: list[str] = []

    def send(item, *_where):
        tried.append(item.recipient)
        if len(tried) == 1:
            raise ConnectionRefusedError

    monkeypatch.setattr(mail, "send", send)
    for _ in range(3):
        worker.send_mails(settings)
    assert tried == letters[:1] and _sent() == []
    monkeypatch.setattr(worker.time, "monotonic", lambda: 1e9)
    worker.send_mails(settings)
    assert tried[1:] == letters == _sent()


def test_a_mail_sent_again_after_a_crash_has_the_same_message_id(letters, settings):
    with reading():
        first = mail.waiting()[0]
    folder = settings.data_dir / "mail"
    mail.send(first, "", "openlab@localhost", folder)
    once = (folder / f"{first.id:08d}.eml").read_bytes()
    mail.send(first, "", "openlab@localhost", folder)
    assert (folder / f"{first.id:08d}.eml").read_bytes() == once and b"Message-ID" in once


def test_a_database_that_is_away_is_said_once_and_stops_no_chore(caplog):
    caplog.set_level(logging.WARNING)
    done: list[int] = []

    def away() -> None:
        raise Unavailable(detail="gone")

    def broken() -> None:
        raise ZeroDivisionError

    for _ in range(5):
        worker._attempt(away)
    worker._attempt(broken)
    worker._attempt(lambda: done.append(1))
    assert done == [1]
    said = [record.getMessage() for record in caplog.records]
    assert len(said) == 3 and "does not answer" in said[0] and "broken" in said[1] and "again" in said[2]


def test_an_outage_is_not_counted_against_what_is_due(db, monkeypatch):
    def away(_key, _payload):
        raise Unavailable(detail="gone")

    monkeypatch.setitem(jobs._due_handlers, "test", away)
    due_at = clock.now()
    with unit_of_work():
        jobs.plan("test", "1", due_at)
    with pytest.raises(Unavailable):
        jobs.sweep()
    with reading() as current:
        row = current.query(jobs.DueRow).one()
        assert (row.attempts, row.due_at, row.done_at) == (0, due_at, None)


def test_news_wait_while_the_database_is_away(db, monkeypatch):
    from app import events

    def away(_news):
        raise Unavailable(detail="gone")

    monkeypatch.setitem(events.durable, LabAccessChanged.name, {"test": away})
    with unit_of_work():
        note(LabAccessChanged(lab_id=1))
    with pytest.raises(Unavailable):
        jobs.deliver_outbox()
    with reading() as current:
        assert current.query(OutboxRow).one().delivered_at is None
    monkeypatch.setitem(events.durable, LabAccessChanged.name, {"test": lambda _news: None})
    assert jobs.deliver_outbox() == 1
