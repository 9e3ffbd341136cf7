"""Going on without an answer after the deadline, and against an objection: by whom, when, and what is left of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta

import pytest
import sqlalchemy as sa

from app import clock, jobs, working_days
from app.db import Database, reading, session, unit_of_work
from app.errors import DomainError, Invalid, MovedOn, Refused
from app.mail import Mail
from app.policy import Actor
from drafts import overruling, review
from drafts.evidence import evidence
from drafts.review_models import PassedOver, ReviewOutcome
from drafts.stages import Deed, Stage
from publish import service as publishing
from tests.drafts import review_world as w
from tests.drafts.review_world import World

# More than five working days, whatever the day on which the test runs: two weekends and three holidays at most.
LATE = timedelta(days=13)


@pytest.fixture
def world(db: Database) -> World:
    with unit_of_work():
        return w.make_world()


@pytest.fixture
def read_by_nord(world: World) -> str:
    """Nord has signed, Sud says nothing. The fingerprint."""
    fingerprint = w.submitted(world)
    w.signed(world, world.nord_reviewer, world.nord, fingerprint)
    return fingerprint


@pytest.fixture
def opposed(world: World) -> str:
    """Everybody else signed, and Nord objects."""
    fingerprint = w.submitted(world)
    w.signed(world, world.reviewer, world.sud, fingerprint)
    w.signed(world, world.nord_reviewer, world.nord, fingerprint)
    with unit_of_work():
        review.object_to(world.nord_reviewer, world.draft, "Les horaires sont faux.")
    return fingerprint


@contextmanager
def later(by: timedelta = LATE) -> Iterator[None]:
    with clock.shifted(by):
        yield


def passes_over(
    world: World, actor: Actor, place: int, reason: str = "Sans réponse depuis une semaine."
) -> None:
    with unit_of_work():
        overruling.pass_over(actor, world.draft, place, reason)


def arbitrates(world: World, actor: Actor, place: int, reason: str = "L’horaire a été vérifié.") -> bool:
    with unit_of_work():
        return overruling.arbitrate(actor, world.draft, place, reason)


def told(subject: str) -> list[str]:
    """Who had a mail whose subject begins so."""
    with reading():
        return sorted(session().scalars(sa.select(Mail.recipient).where(Mail.subject.startswith(subject))))


def test_the_portal_editor_goes_on_without_who_says_nothing(world: World, read_by_nord: str) -> None:
    with later():
        passes_over(world, world.editor, world.sud)
        with reading():
            standing = review.standing(world.revision)
            assert standing.is_approved and standing.missing == () and standing.unanswered == ()
            line = next(answer for answer in standing.answers if answer.administration_id == world.sud)
            assert line.passed_over_by == world.editor.name
            assert line.passed_over_because == "Sans réponse depuis une semaine."
            assert w.acts(world.draft_id)[-2].deed is Deed.PASS_OVER
            shown = evidence(world.revision)
        with unit_of_work():
            publishing.publish(world.editor, world.draft, read_by_nord)
    (only,) = shown["passed_over"]
    assert only["person"] == world.editor.id and only["administration"]
    assert "Sans réponse" not in str(shown), "reasons are free text and may name people"
    assert {world.reviewer.email, world.other_reviewer.email} <= set(told("Délai passé"))


@pytest.mark.parametrize(
    ("who", "place", "reason", "error"),
    [
        ("writer", "sud", "Parce que.", Refused),
        ("nord_reviewer", "sud", "Parce que.", Refused),
        ("iles_reviewer", "sud", "Parce que.", DomainError),
        ("editor", "iles", "Parce que.", Refused),
        ("editor", "nord", "Parce que.", MovedOn),
        ("editor", "sud", "   ", Invalid),
    ],
)
def test_who_may_not_and_what_does_not_pass(
    world: World, read_by_nord: str, who: str, place: str, reason: str, error: type[DomainError]
) -> None:
    with later():
        with pytest.raises(error):
            passes_over(world, getattr(world, who), getattr(world, place), reason)
        _nothing_changed(world)
        passes_over(world, world.editor, world.sud)


def _nothing_changed(world: World) -> None:
    with reading():
        assert world.draft.stage is Stage.IN_REVIEW
        assert session().scalar(sa.select(sa.func.count()).select_from(PassedOver)) == 0
        assert {act.deed for act in w.acts(world.draft_id)} <= {Deed.CREATE, Deed.SUBMIT, Deed.SIGN_OFF}


def test_not_before_the_deadline_and_the_day_is_said(world: World, read_by_nord: str) -> None:
    with pytest.raises(Refused) as refusal:
        passes_over(world, world.editor, world.sud)
    _nothing_changed(world)
    with reading():
        last = review.standing(world.revision).answer_by
        assert last is not None
        assert str(last.year) in refusal.value.message and str(last.day) in refusal.value.message
        end = working_days.start_of(last + timedelta(days=1)) - clock.now()
    # Up to the last minute of that day in Nouméa it is too early.
    with later(end - timedelta(minutes=1)), pytest.raises(Refused):
        passes_over(world, world.editor, world.sud)
    with later(end + timedelta(minutes=1)):
        passes_over(world, world.editor, world.sud)


def test_who_wrote_does_not_decide_that_nobody_else_need_read(world: World) -> None:
    with unit_of_work():
        w.rewrite(world.writing_reviewer, world.draft, w.adds)
    w.signed(world, world.nord_reviewer, world.nord, w.submitted(world))
    with later():
        with pytest.raises(Refused):
            passes_over(world, world.writing_reviewer, world.sud)
        row = sa.insert(PassedOver).values(
            revision_id=_revision(world), administration_id=world.sud,
            person_id=world.writing_reviewer.id, reason="Non.", at=clock.now(),
        )  # fmt: skip
        assert "who wrote passes nobody over" in w.refused_by_database(row)
        # Another reviewer of the lead administration may; Nord's signature stands for the second pair of eyes.
        passes_over(world, world.reviewer, world.sud)
        with reading():
            assert world.draft.stage is Stage.APPROVED


def _revision(world: World) -> int:
    with reading():
        return world.revision.id


def test_nobody_is_passed_over_into_an_approval_without_any_signature(world: World) -> None:
    w.submitted(world)
    with later():
        passes_over(world, world.editor, world.sud)
        passes_over(world, world.editor, world.nord)
        with reading():
            assert world.draft.stage is Stage.IN_REVIEW
            assert any("second regard" in sentence for sentence in review.standing(world.revision).missing)
        w.signed(world, world.nord_reviewer, world.nord, _fingerprint(world))
        with reading():
            assert world.draft.stage is Stage.APPROVED


def _fingerprint(world: World) -> str:
    with reading():
        return world.revision.fingerprint


def test_what_was_passed_over_is_written_once_and_stays(world: World, read_by_nord: str) -> None:
    with later():
        passes_over(world, world.editor, world.sud)
        for statement in (
            sa.update(PassedOver).values(reason="Autre chose."),
            sa.delete(PassedOver),
        ):
            assert "append-only" in w.refused_by_database(statement)


def test_two_people_settle_an_objection(world: World, opposed: str) -> None:
    assert arbitrates(world, world.editor, world.nord) is False
    with reading():
        (objection,) = review.standing(world.revision).objections
        assert objection.arbiters == (world.editor.name,)
    # Reviewers who could be the second one are asked.
    assert world.reviewer.email in told("Arbitrage")
    with pytest.raises(Refused):
        arbitrates(world, world.editor, world.nord)
    assert arbitrates(world, world.reviewer, world.nord) is True
    with reading():
        assert world.draft.stage is Stage.APPROVED
        assert review.standing(world.revision).objections == ()
        shown = evidence(world.revision)["arbitrated"]
    assert [one["person"] for one in shown[0]["by"]] == [world.editor.id, world.reviewer.id]
    with unit_of_work():
        publishing.publish(world.editor, world.draft, opposed)


@pytest.mark.parametrize("who", ["writer", "nord_reviewer", "nord_writing_reviewer", "iles_reviewer"])
def test_who_wrote_or_objects_does_not_arbitrate(world: World, opposed: str, who: str) -> None:
    with pytest.raises(DomainError):
        arbitrates(world, getattr(world, who), world.nord)
    with reading():
        assert len(review.standing(world.revision).objections) == 1
    assert arbitrates(world, world.editor, world.nord) is False


def test_an_objection_that_is_raised_again_is_arbitrated_anew(world: World, opposed: str) -> None:
    arbitrates(world, world.editor, world.nord)
    arbitrates(world, world.reviewer, world.nord)
    with unit_of_work():
        review.object_to(world.nord_reviewer, world.draft, "Ils sont toujours faux.")
    with reading():
        assert review.standing(world.revision).objections[0].arbiters == ()
        assert world.draft.stage is Stage.IN_REVIEW
    assert arbitrates(world, world.editor, world.nord) is False
    with unit_of_work():
        review.lift_objection(world.nord_reviewer, world.draft)
    with pytest.raises(MovedOn):
        arbitrates(world, world.reviewer, world.nord)


def test_one_reminder_then_the_deadline_each_once(world: World, read_by_nord: str) -> None:
    """A clock that jumps, and sweeps that come again: who has not answered is reminded, then the others are told."""
    jobs.sweep()
    assert told("Réponse attendue") == [] and told("Délai passé") == []
    with reading():
        since = world.revision.created_at
        due = {
            row.kind: row.due_at - since
            for row in session().scalars(sa.select(jobs.DueRow).where(jobs.DueRow.kind.startswith("review.")))
        }
    with later(due["review.reminder"] + timedelta(minutes=1)):
        jobs.sweep(), jobs.sweep()
    sud = sorted(actor.email for actor in (world.reviewer, world.other_reviewer, world.writing_reviewer))
    assert told("Réponse attendue") == sud
    with later(due["review.deadline"] + timedelta(minutes=1)):
        jobs.sweep(), jobs.sweep()
    assert told("Délai passé") == sorted([*sud, world.editor.email, world.writer.email])


@pytest.mark.parametrize("end", ["retract", "answer"])
def test_nobody_is_reminded_of_what_is_over(world: World, read_by_nord: str, end: str) -> None:
    ends: dict[str, Callable[[], object]] = {
        "retract": lambda: review.retract(world.writer, world.draft),
        "answer": lambda: review.sign_off(world.reviewer, world.draft, world.sud, read_by_nord),
    }
    with unit_of_work():
        ends[end]()
    with later():
        jobs.sweep()
    assert told("Réponse attendue") == [] and told("Délai passé") == []


def test_the_database_wants_an_answer_or_a_reason_of_each(world: World) -> None:
    """An outcome without Sud's answer is refused by the trigger, and let through once Sud was passed over."""
    w.signed(world, world.nord_reviewer, world.nord, w.submitted(world))
    row = sa.insert(ReviewOutcome).values(
        revision_id=_revision(world), fingerprint=_fingerprint(world), second_eyes="second_eyes",
        second_eyes_person_id=world.nord_reviewer.id, approved_at=clock.now(),
    )  # fmt: skip
    assert "every competent administration answers first" in w.refused_by_database(row)
    with later():
        passes_over(world, world.editor, world.sud)
    with reading():
        assert session().get(ReviewOutcome, _revision(world)) is not None


def test_who_lost_the_role_meanwhile_passes_nobody_over(world: World, read_by_nord: str) -> None:
    with later(), pytest.raises(Refused):
        passes_over(world, replace(world.editor, roles=frozenset()), world.sud)
    _nothing_changed(world)
