"""Mails about a review: each event is told, with a link and without a word of the draft; who silenced them has none."""

from __future__ import annotations

from datetime import timedelta

import pytest
import sqlalchemy as sa
from flask import Flask

from app import clock, jobs
from app.accounts.models import Role
from app.db import reading, session, unit_of_work
from app.mail import Mail
from app.policy import Actor
from drafts import (
    competences,
    experts,
    notices,
    overruling,
    remarks,
    review,
    substituting,
    withdrawing,
)
from drafts.notice_models import Channel, Notice, NoticeKind
from drafts.scopes import proposed_for
from publish import schedule
from tests.drafts.review_world import TEXT, World, make_world, signed, submitted
from tests.drafts.test_review_reading import plain_text

LATE = timedelta(days=20)


@pytest.fixture
def world(app: Flask) -> World:
    with unit_of_work():
        return make_world()


def mails(person: Actor | None = None) -> list[Mail]:
    with reading():
        query = sa.select(Mail).order_by(Mail.id)
        if person is not None:
            query = query.where(Mail.recipient == person.email)
        return list(session().scalars(query))


def subjects(person: Actor) -> list[str]:
    return [mail.subject.partition("\u00a0:")[0] for mail in mails(person)]


def told(person: Actor) -> list[str]:
    with reading():
        rows = session().scalars(
            sa.select(Notice.what)
            .where(Notice.person_id == person.id, Notice.kind == NoticeKind.REVIEW)
            .order_by(Notice.id)
        )
        return list(rows)


def a_whole_life(world: World) -> None:
    """A draft that meets every event a review knows."""
    submitted(world)
    with unit_of_work():
        review.retract(world.writer, world.draft)
    fingerprint = submitted(world)
    signed(world, world.reviewer, world.sud, fingerprint)
    with unit_of_work():
        review.request_changes(world.nord_reviewer, world.draft, "À revoir.")
    fingerprint = submitted(world)
    with unit_of_work():
        experts.invite(world.writer, world.draft, "Camille", "camille@exemple.nc", 20, "Un avis.")
        remarks.open_remark(world.facilitator, world.draft, "Une idée.", mentions=[world.writer.id])
        review.object_to(world.nord_reviewer, world.draft, "Non.")
        overruling.arbitrate(world.reviewer, world.draft, world.nord, "Si.")
        review.lift_objection(world.nord_reviewer, world.draft)
    with clock.shifted(LATE):
        jobs.sweep()
        with unit_of_work():
            overruling.pass_over(world.editor, world.draft, world.nord, "Sans nouvelles.")
            review.sign_off(world.nord_reviewer, world.draft, world.nord, fingerprint)
        with unit_of_work():
            schedule.schedule(world.editor, world.draft, fingerprint, clock.now() + timedelta(hours=1))
            schedule.cancel(world.editor, world.draft)
    with clock.shifted(LATE + timedelta(days=1, hours=12)):
        for _ in range(2):
            jobs.sweep()


def test_no_mail_holds_a_word_of_the_draft_and_each_has_its_link(world: World) -> None:
    a_whole_life(world)
    found = mails()
    said = [words for words in plain_text(TEXT) if len(words) > 5] + ["Une idée."]
    for mail in found:
        assert not [words for words in said if words in mail.body + mail.subject], mail.subject
        assert "/brouillons/" in mail.body or "/expertise/" in mail.body, mail.subject
        assert "/espace/avis/reglages" in mail.body or mail.secret, mail.subject
    kinds = {mail.subject.partition("\u00a0:")[0].partition(" «")[0] for mail in found}
    assert {
        "À relire", "Retiré", "À reprendre", "Opposition", "Arbitrage", "Réponse attendue", "Délai passé", "Approuvé",
        "Votre avis sur", "Open Lab", "Votre visa reste valable",
    } <= kinds  # fmt: skip


def a_life_of_parts(world: World) -> None:
    """A draft that meets what only several administrations know."""
    with unit_of_work():
        session().execute(sa.delete(Role).where(Role.person_id == world.iles_reviewer.id))
        part = {world.nord: ["b4"]}
        review.submit(world.writer, world.draft, "Une note.", scopes=part)
        substituting.name_substitute(world.editor, world.draft, world.iles, "Sans référent.")
        fingerprint = proposed_for(world.revision.id)[world.nord].fingerprint
        review.sign_off(world.nord_reviewer, world.draft, world.nord, fingerprint)
        review.retract(world.writer, world.draft)
        review.submit(world.writer, world.draft, said_minor=True)
        withdrawing.withdraw_sign_off(world.nord_reviewer, world.draft, None, "Non.")
        competences.change_competences(world.reviewer, world.draft, [world.sud, world.nord], "La loi.")
        competences.hand_over(world.reviewer, world.draft, world.nord, "Convention.")


def test_nor_do_those_about_parts_and_about_who_answers(app: Flask) -> None:
    with unit_of_work():
        world = make_world(three=True)
    a_life_of_parts(world)
    found = mails()
    said = [words for words in plain_text(TEXT) if len(words) > 5]
    for mail in found:
        assert not [words for words in said if words in mail.body + mail.subject], mail.subject
        assert f"/brouillons/{world.draft_id}/relecture" in mail.body, mail.subject
        assert "/espace/avis/reglages" in mail.body, mail.subject
    kinds = {mail.subject.partition("\u00a0:")[0] for mail in found}
    assert {
        "À relire", "Retiré", "Sans référent", "Suppléance", "Votre visa reste valable", "Visa retiré",
        "Administrations compétentes", "Administration responsable",
    } <= kinds  # fmt: skip
    asked = [mail.body for mail in mails(world.nord_reviewer) if mail.subject.startswith("À relire")]
    assert "une partie du texte" in asked[0] and "Le texte est le même" in asked[-1]
    assert "une partie du texte" not in mails(world.reviewer)[0].body


def test_who_proposed_a_text_hears_of_each_answer_once_a_day(world: World) -> None:
    fingerprint = submitted(world)
    signed(world, world.reviewer, world.sud, fingerprint)
    with unit_of_work():
        review.object_to(world.nord_reviewer, world.draft, "Non.")
        review.lift_objection(world.nord_reviewer, world.draft)
        review.abstain(world.nord_reviewer, world.draft, world.nord, fingerprint)
    assert told(world.writer) == ["sign_off", "lift_objection", "abstain"]
    assert told(world.reviewer) == [] and "Open Lab" not in subjects(world.writer)
    now = clock.now()
    with clock.shifted(notices.next_digest(now) - now + timedelta(minutes=1)):
        for _ in range(2):
            jobs.sweep()
    (digest,) = [mail for mail in mails(world.writer) if mail.subject.startswith("Open Lab")]
    assert digest.body.count(f"/brouillons/{world.draft_id}/relecture") == 3


def test_who_need_not_read_any_more_is_told(world: World) -> None:
    submitted(world)
    with unit_of_work():
        review.retract(world.facilitator, world.draft)
    assert subjects(world.nord_reviewer) == ["À relire", "Retiré"]
    assert subjects(world.writer)[-1] == "Retiré", "somebody else took their proposal back"
    submitted(world)
    with unit_of_work():
        review.request_changes(world.nord_reviewer, world.draft, "À revoir.")
    assert told(world.reviewer) == ["request_changes"] and told(world.nord_reviewer) == []
    assert told(world.writer) == [], "the writers have a mail of their own, with the reason"


def test_silence_holds_for_the_mails_of_reviews(world: World) -> None:
    with unit_of_work():
        notices.silence(world.nord_reviewer, [(NoticeKind.REVIEW, Channel.MAIL)])
        notices.silence(world.writer, [(NoticeKind.REVIEW, Channel.PAGE), (NoticeKind.REVIEW, Channel.MAIL)])
    fingerprint = submitted(world)
    signed(world, world.reviewer, world.sud, fingerprint)
    assert subjects(world.nord_reviewer) == [] and told(world.writer) == []
    assert subjects(world.nord_writing_reviewer) == ["À relire"]
