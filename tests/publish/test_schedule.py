"""Publication at a chosen moment: it comes by itself, and can be taken back before."""

from __future__ import annotations

from datetime import timedelta

import pytest
import sqlalchemy as sa

from app import clock, jobs
from app.db import reading, session, unit_of_work
from app.errors import DomainError
from app.policy import PortalRole
from drafts import review
from drafts.models import Draft
from drafts.stages import Stage
from publish import schedule
from publish.models import Edition
from tests import makers


@pytest.fixture
def approved(db):
    """(editor, writer, draft id, fingerprint) of a text that two administrations signed."""
    with unit_of_work():
        south, north = makers.make_administration(), makers.make_administration()
        writer = makers.make_agent(south)
        signers = {place.id: makers.make_agent(place, reviewer=True) for place in (south, north)}
        editor = makers.make_agent(makers.make_administration(), PortalRole.PORTAL_EDITOR)
        draft = makers.make_draft(writer, makers.make_lab(writer, south), south, south, north)
        fingerprint = review.submit(writer, draft).fingerprint
        for place, signer in signers.items():
            review.sign_off(signer, draft, place, fingerprint)
        return editor, writer, draft.id, fingerprint


def _stage(draft_id):
    with reading():
        return session().get_one(Draft, draft_id).stage


def test_it_comes_out_when_its_moment_comes(approved):
    editor, _writer, draft_id, fingerprint = approved
    with unit_of_work():
        draft = session().get_one(Draft, draft_id)
        schedule.schedule(editor, draft, fingerprint, clock.now() + timedelta(hours=1))
    # Other rows may be due as well, such as the morning's letters.
    jobs.sweep()
    assert _stage(draft_id) is Stage.SCHEDULED
    for _again in range(2):
        with clock.shifted(timedelta(hours=2)):
            jobs.sweep()
        assert _stage(draft_id) is Stage.PUBLISHED
        with reading() as current:
            assert current.scalars(sa.select(Edition.fingerprint)).all() == [fingerprint]


def test_taken_back_it_does_not_come_out(approved):
    editor, _writer, draft_id, fingerprint = approved
    with unit_of_work():
        draft = session().get_one(Draft, draft_id)
        schedule.schedule(editor, draft, fingerprint, clock.now() + timedelta(hours=1))
    with unit_of_work():
        schedule.cancel(editor, session().get_one(Draft, draft_id))
    with clock.shifted(timedelta(hours=2)):
        jobs.sweep()
    assert _stage(draft_id) is Stage.APPROVED


def test_who_may_not_publish_and_a_moment_that_has_passed_are_refused(approved):
    editor, writer, draft_id, fingerprint = approved
    tries = (
        (writer, fingerprint, timedelta(hours=1)),
        (editor, fingerprint, -timedelta(minutes=1)),
        (editor, "0" * 64, timedelta(hours=1)),
    )
    for actor, print_seen, later in tries:
        with pytest.raises(DomainError), unit_of_work():
            draft = session().get_one(Draft, draft_id)
            schedule.schedule(actor, draft, print_seen, clock.now() + later)
    assert _stage(draft_id) is Stage.APPROVED
