"""Planned publications: moved, called off, void, failed; each told once, by one process or two, and never lost."""

from __future__ import annotations

import threading
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from app import clock, jobs
from app.db import reading, session, unit_of_work
from app.errors import Invalid, MovedOn, Refused
from app.mail import Mail
from drafts import review
from drafts.models import ArticleState
from drafts.review_models import DraftAct
from drafts.service import record_act
from drafts.stages import Deed, Stage
from publish import failures, schedule
from publish import service as publishing
from publish.fate_stages import Fate
from publish.models import Edition
from tests.clients import PageClient
from tests.makers import make_agent
from tests.publish.fates_world import make_life, told
from tests.publish.press import RICH, Press, block, draft_called

HOUR = timedelta(hours=1)


@pytest.fixture
def planned(press: Press) -> int:
    """A draft whose publication is planned for an hour from now."""
    draft_id, fingerprint = press.approved()
    with unit_of_work():
        schedule.schedule(press.editor, draft_called(draft_id), fingerprint, clock.now() + HOUR)
    return draft_id


def stage_of(draft_id: int) -> Stage:
    with reading():
        return draft_called(draft_id).stage


def editions() -> int:
    with reading():
        return session().scalar(sa.select(sa.func.count()).select_from(Edition)) or 0


def test_another_moment(press: Press, planned: int) -> None:
    later = clock.now() + 3 * HOUR
    with unit_of_work():
        schedule.move(press.editor, draft_called(planned), later)
    with reading():
        assert schedule.scheduled_for(draft_called(planned)) == later
        deeds = session().scalars(sa.select(DraftAct.deed).order_by(DraftAct.number)).all()
    assert deeds[-3:] == [Deed.SCHEDULE, Deed.CANCEL, Deed.SCHEDULE]
    with clock.shifted(2 * HOUR):
        jobs.sweep()
        assert stage_of(planned) is Stage.SCHEDULED
    with clock.shifted(4 * HOUR):
        jobs.sweep(), jobs.sweep()
    assert stage_of(planned) is Stage.PUBLISHED and editions() == 1


def test_what_cannot_be_moved(press: Press, planned: int) -> None:
    for actor, at, error in (
        (press.writer, clock.now() + HOUR, Refused),
        (press.editor, clock.now() - HOUR, Invalid),
    ):
        with pytest.raises(error), unit_of_work():
            schedule.move(actor, draft_called(planned), at)
    with unit_of_work():
        schedule.cancel(press.editor, draft_called(planned))
    with pytest.raises(MovedOn), unit_of_work():
        schedule.move(press.editor, draft_called(planned), clock.now() + HOUR)


def test_another_editor_calls_it_off_and_who_planned_it_is_told(press: Press, planned: int) -> None:
    with unit_of_work():
        from app.directory.models import Administration
        from app.policy import PortalRole

        other = make_agent(session().get_one(Administration, press.nord), PortalRole.PORTAL_EDITOR)
    with unit_of_work():
        schedule.cancel(other, draft_called(planned))
    assert told("Programmation annulée") == [press.editor.email]
    jobs.deliver_outbox()
    with clock.shifted(2 * HOUR):
        jobs.sweep()
    assert told("Non publié") == [] and editions() == 0


def test_a_voided_review_takes_its_plan_along(press: Press, planned: int) -> None:
    """Whatever act of a review leads away from the plan: who planned it hears it, once."""
    with unit_of_work():
        record_act(draft_called(planned), Deed.CANCEL, press.sud_reviewer)
        review.request_changes(press.sud_reviewer, draft_called(planned), "Le délai est faux.")
    jobs.deliver_outbox(), jobs.deliver_outbox()
    with clock.shifted(2 * HOUR):
        jobs.sweep()
    assert told("Non publié") == [press.editor.email] and editions() == 0


def test_an_article_that_was_masked_does_not_come_back_by_a_plan(press: Press, client: PageClient) -> None:
    life = make_life(press)
    press.rewrite(1, [*RICH, block("paragraph", "Encore.", id="b91")])
    fingerprint = press.submit(1, "Encore.")
    press.sign(1, fingerprint)
    with unit_of_work():
        schedule.schedule(press.editor, draft_called(1), fingerprint, clock.now() + HOUR)
    life.decide(Fate.WITHDRAW)
    with clock.shifted(2 * HOUR):
        jobs.sweep(), jobs.sweep()
    assert life.state is ArticleState.WITHDRAWN and stage_of(1) is Stage.APPROVED
    assert set(told("Non publié")) == {press.editor.email, life.second_editor.email}
    # Whoever sees how it stands may publish: the corrected version is what it waited for.
    client.sign_in(press.editor)
    page = client.get("/brouillons/1/relecture")
    assert "n’a pas eu lieu" in page.main and "Retirée" in page.main or "retirée" in page.main
    with pytest.raises(MovedOn), unit_of_work():
        publishing.publish(press.editor, draft_called(1), fingerprint)
    client.send("/brouillons/1/publier", relu="y")
    assert life.state is ArticleState.LIVE
    with reading():
        assert failures.failure_of(1) is None


def test_a_failure_is_seen_mailed_and_tried_again_a_few_times(
    press: Press, planned: int, client: PageClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    tried: list[int] = []

    def breaks(*_args: Any, **_options: Any) -> None:
        tried.append(1)
        raise OSError("the disk is full")

    monkeypatch.setattr(publishing, "make_edition", breaks)
    with clock.shifted(HOUR + timedelta(minutes=1)):
        jobs.sweep(), jobs.sweep()
    assert len(tried) == 1 and stage_of(planned) is Stage.SCHEDULED
    assert told("Non publié") == [press.editor.email]
    client.sign_in(press.editor)
    for path in (f"/brouillons/{planned}", "/publications", "/espace"):
        assert "manquée" in client.get(path).main, path
    assert "the disk" not in client.get("/publications").main
    for minutes in range(2, 300, 3):
        with clock.shifted(HOUR + timedelta(minutes=minutes)):
            jobs.sweep()
    assert len(tried) == schedule.MOST_ATTEMPTS
    assert stage_of(planned) is Stage.APPROVED and told("Non publié") == [press.editor.email] * 2
    # Never lost: it can be published, or planned anew.
    monkeypatch.undo()
    with reading():
        fingerprint = client.get("/publications") and review.open_revision(draft_called(planned)).fingerprint  # type: ignore[union-attr]
    press.publish(planned, fingerprint)
    assert editions() == 1
    client.get(f"/brouillons/{planned}")
    assert client.page is not None and "manquée" not in client.page.main


def test_a_failure_that_passes_is_made_good_by_itself(
    press: Press, planned: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(publishing, "make_edition", lambda *_args: 1 // 0)
        with clock.shifted(HOUR + timedelta(minutes=1)):
            jobs.sweep()
    with clock.shifted(HOUR + timedelta(minutes=4)):
        jobs.sweep(), jobs.sweep()
    assert stage_of(planned) is Stage.PUBLISHED and editions() == 1
    with reading():
        assert failures.failure_of(planned) is None


def test_two_processes_sweep_at_the_same_moment(press: Press, planned: int) -> None:
    """A schedule and the end of a mask: each done once, whoever comes first."""
    life = make_life(press, "Une fiche masquée")
    life.mask()
    with clock.shifted(timedelta(hours=73)):
        sweeps = [threading.Thread(target=jobs.sweep) for _ in range(3)]
        for sweep in sweeps:
            sweep.start()
        for sweep in sweeps:
            sweep.join()
    assert stage_of(planned) is Stage.PUBLISHED and editions() == 2
    assert life.deeds() == [Fate.PUBLISH, Fate.MASK, Fate.UNMASK]
    with reading():
        mails = (
            session().scalars(sa.select(Mail.recipient).where(Mail.subject.startswith("De nouveau"))).all()
        )
    assert len(mails) == len(set(mails)) > 0


def test_several_at_once_each_for_itself(press: Press, client: PageClient) -> None:
    one, two, three = (press.approved(title)[0] for title in ("Un texte", "Deux textes", "Trois textes"))
    client.sign_in(press.editor)
    page = client.get("/publications")
    values = [box.get("value", "") for box in page.all("input", name="textes")]
    assert len(values) == 3
    assert "Cochez" in client.send("/publications", 422, textes=values[:2]).main
    client.get("/publications")
    assert "au moins un texte" in client.send("/publications", 422).main
    with unit_of_work():
        review.request_changes(press.sud_reviewer, draft_called(two), "Le délai est faux.")
    answer = client.http.post(
        "/publications", data={**page.form("/publications").values, "textes": values, "relu": "y"}
    )
    said = answer.get_data(as_text=True)
    assert answer.status_code == 200 and said.count("non publié") == 1
    assert (stage_of(one), stage_of(two), stage_of(three)) == (
        Stage.PUBLISHED, Stage.CHANGES_REQUESTED, Stage.PUBLISHED,
    )  # fmt: skip
    client.app.testing = False
    client.sign_in(press.sud_reviewer).get("/publications", 403)


def test_several_at_once_go_on_after_one_that_breaks(
    press: Press, client: PageClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, two = (press.approved(title)[0] for title in ("Un texte", "Deux textes"))
    page = client.sign_in(press.editor).get("/publications")
    values = [box.get("value", "") for box in page.all("input", name="textes")]
    whole = publishing.make_edition

    def breaks(actor: Any, article: Any, *rest: Any) -> Edition:
        if article.slug == "un-texte":
            raise OSError("the disk is full")
        return whole(actor, article, *rest)

    monkeypatch.setattr(publishing, "make_edition", breaks)
    answer = client.send("/publications", 200, textes=values, relu="y")
    assert "une erreur est survenue" in answer.main.lower() and "/fiches/deux-textes" in answer.links()
    assert (stage_of(one), stage_of(two)) == (Stage.APPROVED, Stage.PUBLISHED)


def test_a_second_edition_that_changes_much_says_what(press: Press, client: PageClient) -> None:
    draft_id, _slug = press.published()
    press.rewrite(draft_id, [*RICH, block("paragraph", "Un long ajout. " * 20, id="b92")])
    fingerprint = press.submit(draft_id)
    press.sign(draft_id, fingerprint)
    for verb in (
        lambda: publishing.publish(press.editor, draft_called(draft_id), fingerprint),
        lambda: schedule.schedule(press.editor, draft_called(draft_id), fingerprint, clock.now() + HOUR),
    ):
        with pytest.raises(Invalid) as refusal, unit_of_work():
            verb()
        assert refusal.value.detail["field"] == "change_note"
    client.sign_in(press.editor).get(f"/brouillons/{draft_id}/relecture")
    assert "ce qui change" in client.send(f"/brouillons/{draft_id}/publier", 422, relu="y").main
    client.send(f"/brouillons/{draft_id}/publier", relu="y", note="Le délai est précisé.")
    assert editions() == 2


def test_a_link_that_is_down_warns_and_keeps_nobody(press: Press, client: PageClient) -> None:
    from publish import links
    from publish.links import Found

    draft_id, fingerprint = press.approved()
    jobs.deliver_outbox()
    client.sign_in(press.editor)
    assert "pas encore été vérifié" in client.get(f"/brouillons/{draft_id}/relecture").main
    with unit_of_work():
        links.take_stock()
        assert "https://www.mairie.example/f" in links.due()
        links.note(Found("https://www.mairie.example/f", False, "404"))
    assert "ne répond pas en ce moment" in client.get(f"/brouillons/{draft_id}/relecture").main
    press.publish(draft_id, fingerprint)
