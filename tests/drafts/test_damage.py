"""What administrators see of a broken text, what they can do, and what everybody else does not see."""

from __future__ import annotations

import pytest
import sqlalchemy as sa
from flask import Flask

from app import jobs
from app.alerts import Alert, raise_alert, settle
from app.audit import AuditEntry
from app.db import reading, unit_of_work
from app.mail import Mail
from app.policy import PortalRole
from drafts import faults, healing, log, reopening
from drafts.faults import Fault
from drafts.models import Draft
from tests import makers
from tests.clients import PageClient
from tests.drafts.test_reopening import write
from tests.scenes import Scene, make_scene


@pytest.fixture
def scene(app: Flask):
    yield make_scene()
    reopening.close()


@pytest.fixture
def admin(scene: Scene):
    with unit_of_work():
        return makers.make_agent(makers.make_administration(), PortalRole.ADMINISTRATOR)


def damage(draft_id: int, seq: int) -> None:
    with reading() as current:
        history = current.get_one(Draft, draft_id).history
    faults.found(Fault(draft_id, history, seq, "died"))
    assert faults.write_down() == [draft_id]


def test_one_alert_and_one_mail_however_often_it_is_met(scene: Scene, admin) -> None:
    for _time in range(3):
        with unit_of_work():
            raise_alert(healing.DIVERGENCE, "draft:1", "diverged at 12")
    jobs.deliver_outbox()
    with reading() as current:
        (alert,) = current.scalars(sa.select(Alert))
        assert alert.count == 3 and alert.last_at >= alert.first_at
        mails = current.scalars(sa.select(Mail)).all()
        assert [mail.recipient for mail in mails] == [admin.email]
        assert "Brouillon" in mails[0].body and "/espace" in mails[0].body
    with unit_of_work():
        settle(healing.DIVERGENCE, "draft:1")
        raise_alert(healing.DIVERGENCE, "draft:1", "diverged at 99")
    jobs.deliver_outbox()
    with reading() as current:
        assert len(current.scalars(sa.select(Alert)).all()) == 2
        assert len(current.scalars(sa.select(Mail)).all()) == 2


def test_the_panel_says_what_to_do_to_administrators_only(client: PageClient, scene: Scene, admin) -> None:
    write(scene.draft_id, scene.ana.id, "phrase secrète")
    damage(scene.draft_id, 2)
    with unit_of_work():
        raise_alert(healing.DIVERGENCE, "draft:77", "diverged at 5")
    client.sign_in(admin)
    page = client.get("/espace").source
    assert f"draft-heal {scene.draft_id}" in page and "row 2: died" in page and "secrète" not in page
    # An administrator reads no drafts: the alert names it, without a link.
    assert f'href="/brouillons/{scene.draft_id}"' not in page
    with reading() as current:
        broken, diverged = current.scalars(sa.select(Alert.id).order_by(Alert.id))
    assert f"/alertes/{diverged}/vue" in page and f"/alertes/{broken}/vue" not in page
    token = client.page.form(f"/alertes/{diverged}/vue").values
    client.post(f"/alertes/{broken}/vue", token, 403)
    client.post(f"/alertes/{diverged}/vue", token, 303)
    client.post(f"/alertes/{diverged}/vue", token, 404)
    assert "diverged" not in client.get("/espace").text
    with reading() as current:
        assert current.scalars(sa.select(AuditEntry).where(AuditEntry.act == "close_alert")).one()
    client.sign_in(scene.ana)
    assert "draft-heal" not in client.get("/espace").text
    client.post(f"/alertes/{broken}/vue", client.page.form("/deconnexion").values, 403)


def test_the_page_the_interface_and_the_review_say_that_it_is_read_only(
    client: PageClient, scene: Scene
) -> None:
    write(scene.draft_id, scene.ana.id, "la suite")
    damage(scene.draft_id, 2)
    client.sign_in(scene.ana)
    page = client.get(f"/brouillons/{scene.draft_id}")
    assert "data-damaged" in page.source and "mairie" in page.text and "la suite" not in page.text
    assert "Proposer à la relecture" not in page.text
    token = page.form("/deconnexion").values
    told = client.get(f"/api/v1/drafts/{scene.draft_id}").json
    assert told["is_damaged"] and not told["can_write"] and told["seq"] == 1
    refused = client.post(f"/brouillons/{scene.draft_id}/proposer", {**token, "note": "Rien ne change."}, 403)
    assert "lecture seule jusqu’à sa réparation" in refused.text


def test_healing_at_the_command_line(app: Flask, scene: Scene) -> None:
    write(scene.draft_id, scene.ana.id, "la suite")
    damage(scene.draft_id, 2)
    runner = app.test_cli_runner()
    done = runner.invoke(args=["draft-heal", str(scene.draft_id)])
    assert done.exit_code == 0 and "goes on from number 2" in done.output
    with reading() as current:
        loaded = log.load(scene.draft_id)
        assert loaded.fault is None
        assert not current.scalars(sa.select(Alert.id).where(Alert.settled_at.is_(None))).all()
        assert current.scalars(sa.select(AuditEntry).where(AuditEntry.act == "heal")).one().detail["seq"] == 2
    assert runner.invoke(args=["draft-heal", "99999"]).exit_code == 1
