"""kill -9 between the commit and the outbox: what was decided stands, and everything follows, once."""

from __future__ import annotations

import email
import email.policy
import signal
import subprocess
import sys
from datetime import timedelta

import sqlalchemy as sa

from app import clock, jobs, worker
from app.db import OutboxDelivery, OutboxRow, reading, session, unit_of_work
from app.mail import Mail
from config import Settings
from publish import subscription_queries, subscriptions
from publish.models import CheckedLink, Edition
from publish.subscription_models import Pace, Subscription
from tests.clients import PageClient
from tests.house.tree import ROOT
from tests.publish.press import Press

SLUG = "changer-d-adresse"


def _dies(settings: Settings, *words: object) -> None:
    child = subprocess.run(
        [sys.executable, "-m", "tests.publish.dying_publisher", settings.database_url, str(settings.data_dir),
         *map(str, words)],
        cwd=ROOT, capture_output=True, timeout=60,
    )  # fmt: skip
    assert child.returncode == -signal.SIGKILL, child.stderr.decode()[-2000:]


def _follows(settings: Settings) -> None:
    """What a worker does afterwards; and a second one, who finds nothing left to do."""
    for _worker in (1, 2):
        while jobs.deliver_outbox():
            pass
        worker.send_mails(settings)


def _follows_by_mail(email: str, pace: Pace) -> None:
    with unit_of_work():
        found = subscription_queries.theme_followed("logement")
        assert found is not None
        subscriptions.ask(email, found, pace, pace)
        subscriptions.confirm(
            session().scalars(sa.select(Subscription).order_by(Subscription.asked_at.desc())).first()
        )


def test_killed_after_the_commit(press: Press, settings: Settings, client: PageClient) -> None:
    _follows_by_mail("lecteur@exemple.nc", Pace.AT_ONCE)
    _follows_by_mail("matin@exemple.nc", Pace.DAILY)
    draft_id, fingerprint = press.approved()
    _dies(settings, "publish", press.editor.id, draft_id, fingerprint)
    with reading() as current:
        assert current.scalar(sa.select(sa.func.count()).select_from(Edition)) == 1
        waiting = current.scalars(sa.select(OutboxRow.name).where(OutboxRow.delivered_at.is_(None))).all()
    assert "publish.edition_published" in waiting
    # The pages and the search need nobody: they were written, or marked stale, in the transaction itself.
    client.get(f"/fiches/{SLUG}")
    assert f"/fiches/{SLUG}" in client.get("/recherche?q=adresse").links()
    for path in ("/atom.xml", "/sitemap.xml", "/api/v1/articles"):
        assert SLUG in client.http.get(path).get_data(as_text=True), path
    _follows(settings)
    with reading() as current:
        assert current.scalars(sa.select(OutboxRow.id).where(OutboxRow.delivered_at.is_(None))).all() == []
        watched = current.scalars(
            sa.select(OutboxDelivery.outbox_id).where(OutboxDelivery.handler == "publish.watch_links")
        ).all()
        assert len(watched) == 1
        assert "https://www.mairie.example/f" in current.scalars(sa.select(CheckedLink.url)).all()
        article_id = current.scalar(sa.select(Edition.article_id))
    # Who follows the theme is told, each once and at their hour.
    for _morning in range(2):
        with clock.shifted(timedelta(days=1)):
            jobs.sweep()
    with reading():
        told = (
            session()
            .scalars(sa.select(Mail.recipient).where(Mail.leave.is_not(None)).order_by(Mail.id))
            .all()
        )
    assert told == ["lecteur@exemple.nc", "matin@exemple.nc", "lecteur@exemple.nc", "matin@exemple.nc"]

    _dies(settings, "mask", press.sud_reviewer.id, article_id, "-")
    client.app.extensions["openlab_shelf"].look()
    client.get(f"/fiches/{SLUG}", 410)
    assert SLUG not in client.http.get("/atom.xml").get_data(as_text=True)
    _follows(settings)
    with reading():
        mails = session().scalars(sa.select(Mail).where(Mail.subject.startswith("Fiche masquée"))).all()
        assert {mail.recipient for mail in mails} == {press.editor.email, press.writer.email}
        assert len(mails) == 2 and all(mail.sent_at is not None for mail in mails)
    sent = [
        email.message_from_bytes(file.read_bytes(), policy=email.policy.default)
        for file in (settings.data_dir / "mail").glob("*.eml")
    ]
    masked = [one for one in sent if one["Subject"].startswith("Fiche masquée")]
    assert sorted(one["To"] for one in masked) == sorted([press.editor.email, press.writer.email])
