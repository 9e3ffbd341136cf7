"""The acts of a review from submission to approval, and who may do what now."""

from __future__ import annotations

import copy
from datetime import timedelta
from itertools import product

import pytest
import sqlalchemy as sa

from app import clock
from app.accounts.models import Role
from app.db import Database, OutboxRow, reading, session, unit_of_work
from app.errors import DomainError, Invalid, Missing, MovedOn, Refused
from app.mail import Mail
from app.policy import Actor
from drafts import (
    canonical,
    checkpoints,
    competences,
    log,
    overruling,
    review,
    service,
    substituting,
    withdrawing,
)
from drafts.models import Checkpoint, Draft
from drafts.review_models import OpenReview, ReviewOutcome, Revision
from drafts.stages import Deed, Stage
from publish import service as publishing
from publish.models import Edition
from tests.drafts import review_world as w
from tests.drafts.review_world import World


@pytest.fixture
def world(db: Database) -> World:
    with unit_of_work():
        return w.make_world()


@pytest.fixture
def alone(db: Database) -> World:
    """Sud alone is competent."""
    with unit_of_work():
        return w.make_world(alone=True)


def _approved(world: World) -> str:
    fingerprint = w.submitted(world)
    w.signed(world, world.reviewer, world.sud, fingerprint)
    w.signed(world, world.nord_reviewer, world.nord, fingerprint)
    return fingerprint


def _why_not(world: World, actor: Actor, deed: Deed) -> str | None:
    with reading():
        return review.may_now(actor, world.draft)[deed]


def test_a_submission_freezes_what_is_there(world: World) -> None:
    with unit_of_work():
        revision = review.submit(world.writer, world.draft, "  Nouveaux   horaires ")
        assert canonical.parse(revision.canonical)[0] == revision.tree == log.load(world.draft_id).tree
        assert revision.fingerprint == canonical.fingerprint(revision.canonical)
        assert (revision.number, revision.change_note) == (1, "Nouveaux horaires")
        fields = canonical.parse(revision.canonical)[1]
        assert fields["title"] == "Changer d’adresse"
        assert len(fields["competent_administrations"]) == 2
    with unit_of_work():
        w.rewrite(world.writer, world.draft, w.adds)
    with reading():
        assert world.draft.head_seq > world.revision.seq
        assert world.revision.tree != log.load(world.draft_id).tree


def test_the_fingerprint_covers_the_fields(world: World) -> None:
    first = w.submitted(world)
    with unit_of_work():
        review.retract(world.writer, world.draft)
        service.set_fields(world.writer, world.draft, themes=["logement"])
    assert w.submitted(world) != first


def test_empty_shells_are_tidied_at_the_freeze(world: World) -> None:
    with unit_of_work():
        w.rewrite(
            world.writer,
            world.draft,
            lambda tree: tree.append({"type": "bullet_list", "attrs": {"id": "b9"}, "content": []}),
        )
        revision = review.submit(world.writer, world.draft)
    assert [block["type"] for block in revision.tree] == ["lead", "heading", "paragraph", "note"]


def test_the_next_freeze_need_not_begin_at_the_first_keystroke(world: World) -> None:
    """A freeze leaves a checkpoint, which is kept while newer ones push older ones out."""
    w.submitted(world)
    with unit_of_work():
        frozen = world.revision.seq
        for _number in range(5):
            w.rewrite(world.writer, world.draft, w.adds)
            kept = checkpoints.prepare(world.draft_id)
            assert kept is not None
            checkpoints.keep(kept)
        there = set(session().scalars(sa.select(Checkpoint.seq)))
        assert there == {frozen, *(world.draft.head_seq - back for back in range(3))}
        assert log.load(world.draft_id, frozen).tree == world.revision.tree


def test_a_text_that_is_not_ready_is_not_submitted(world: World) -> None:
    with unit_of_work():
        w.rewrite(world.writer, world.draft, lambda tree: tree.pop(0))
    with pytest.raises(Invalid) as refusal, unit_of_work():
        review.submit(world.writer, world.draft)
    faults = refusal.value.detail["faults"]
    assert faults and all(sentence for _block, sentence in faults)
    with reading():
        assert world.draft.stage is Stage.WRITING
        assert session().scalar(sa.select(sa.func.count()).select_from(Revision)) == 0


def test_only_writers_submit_and_strangers_see_nothing(world: World) -> None:
    with unit_of_work():
        stranger = w.make_agent(w.make_administration())
    with pytest.raises(Missing), unit_of_work():
        review.submit(stranger, world.draft)
    with pytest.raises(Invalid), unit_of_work():
        review.submit(world.writer, world.draft, "x" * 501)


def test_a_review_is_open_once_per_article(world: World) -> None:
    w.submitted(world)
    with pytest.raises(MovedOn), unit_of_work():
        review.submit(world.writer, world.draft)
    with unit_of_work():
        other = w.second_draft(world)
        service.replace_text(world.nord_writer, other, copy.deepcopy(w.TEXT))
    with pytest.raises(MovedOn), unit_of_work():
        review.submit(world.nord_writer, session().get_one(Draft, other.id))
    with unit_of_work():
        review.retract(world.writer, world.draft)
        review.submit(world.nord_writer, session().get_one(Draft, other.id))
        assert review.open_revision(world.draft) is None


def test_retracting_loses_nothing(world: World) -> None:
    w.submitted(world)
    for not_theirs in (world.nord_writer, world.reviewer):
        with pytest.raises(Refused), unit_of_work():
            review.retract(not_theirs, world.draft)
    with unit_of_work():
        review.retract(world.facilitator, world.draft)
        assert world.draft.stage is Stage.WRITING
        assert session().get(OpenReview, world.draft.article_id) is None
        assert log.load(world.draft_id).tree == w.TEXT


def test_changes_are_requested_with_a_reason_and_writers_are_told(world: World) -> None:
    w.submitted(world)
    with pytest.raises(Invalid), unit_of_work():
        review.request_changes(world.nord_reviewer, world.draft, "  ")
    with unit_of_work():
        review.request_changes(world.nord_reviewer, world.draft, "Il manque les horaires de Koné.")
        assert world.draft.stage is Stage.CHANGES_REQUESTED
    with reading():
        told = session().scalars(sa.select(Mail).where(Mail.recipient == world.writer.email)).all()
        assert "Il manque les horaires de Koné." in told[-1].body
    with pytest.raises(MovedOn), unit_of_work():
        review.sign_off(world.reviewer, world.draft, world.sud, "0" * 64)
    with unit_of_work():
        w.rewrite(world.writer, world.draft, w.adds)
    w.submitted(world)
    with reading():
        assert world.draft.stage is Stage.IN_REVIEW
        assert world.revision.number == 2


def test_reviewers_of_competent_administrations_are_asked(world: World) -> None:
    w.submitted(world)
    with reading():
        asked = set(session().scalars(sa.select(Mail.recipient)))
    reviewers = (
        world.reviewer, world.other_reviewer, world.writing_reviewer, world.nord_reviewer, world.nord_writing_reviewer
    )  # fmt: skip
    assert asked == {person.email for person in reviewers}


def test_approval_follows_from_the_last_answer(world: World) -> None:
    fingerprint = w.submitted(world)
    w.signed(world, world.nord_reviewer, world.nord, fingerprint)
    with reading():
        assert world.draft.stage is Stage.IN_REVIEW
        standing = review.standing(world.revision)
        assert standing.unanswered == (world.sud,)
        assert standing.missing == ("Province Sud n’a pas encore répondu.",)
    w.signed(world, world.reviewer, world.sud, fingerprint)
    with reading():
        assert world.draft.stage is Stage.APPROVED
        standing = review.standing(world.revision)
        assert standing.is_approved and not standing.missing
        assert standing.second_eyes == (world.nord_reviewer.name,)
        assert w.acts(world.draft_id)[-1].person_id is None
        names = set(session().scalars(sa.select(OutboxRow.name)))
        told = set(session().scalars(sa.select(Mail.recipient).where(Mail.subject.like("Approuvé%"))))
    assert "drafts.revision_approved" in names
    assert told == {world.writer.email, world.editor.email}


def test_a_signer_of_the_main_authors_administration_is_not_the_second_pair_of_eyes(world: World) -> None:
    with unit_of_work():
        w.rewrite(world.nord_writing_reviewer, world.draft, w.only_makes_bold)
    fingerprint = w.submitted(world)
    w.signed(world, world.reviewer, world.sud, fingerprint)
    w.signed(world, world.nord_writing_reviewer, world.nord, fingerprint)
    with reading():
        assert world.draft.stage is Stage.IN_REVIEW
        standing = review.standing(world.revision)
        assert standing.main_author_administration == "Province Sud"
        assert "second regard" in standing.missing[0] and "de nouveau" in standing.missing[1]
    with pytest.raises(Refused), unit_of_work():
        review.approve_as_publisher(world.editor, world.revision)
    # Somebody else of Nord reads it: the way out is to propose it again.
    with unit_of_work():
        review.retract(world.facilitator, world.draft)
    again = w.submitted(world)
    with reading():
        assert review.standing(world.revision).unanswered == (world.nord,), "Sud's signature holds on"
    w.signed(world, world.nord_reviewer, world.nord, again)
    with reading():
        assert world.draft.stage is Stage.APPROVED


def test_an_administration_alone_has_another_of_its_people_read(alone: World) -> None:
    w.signed(alone, alone.reviewer, alone.sud, w.submitted(alone))
    with reading():
        assert alone.draft.stage is Stage.APPROVED
        assert review.standing(alone.revision).second_eyes_ids == (alone.reviewer.id,)


def _signed_by_its_author(world: World) -> Revision:
    with unit_of_work():
        w.rewrite(world.writing_reviewer, world.draft, w.adds)
    w.signed(world, world.writing_reviewer, world.sud, w.submitted(world))
    with reading() as current:
        found = world.revision
        current.expunge(found)
    return found


def test_who_publishes_may_be_the_second_pair_of_eyes(alone: World) -> None:
    revision = _signed_by_its_author(alone)
    with reading():
        standing = review.standing(alone.revision)
        assert standing.publisher_may_read and not standing.is_approved
    assert _why_not(alone, alone.editor, Deed.PUBLISH) is None
    with unit_of_work():
        review.approve_as_publisher(alone.editor, revision)
        assert alone.draft.stage is Stage.APPROVED
        outcome = session().get_one(ReviewOutcome, revision.id)
        assert outcome.second_eyes_person_id == alone.editor.id
        publishing.publish(alone.editor, alone.draft, revision.fingerprint)


def test_a_publisher_who_wrote_is_not_the_second_pair_of_eyes(alone: World) -> None:
    with unit_of_work():
        w.rewrite(alone.editor, alone.draft, w.only_deletes)
    revision = _signed_by_its_author(alone)
    reason = _why_not(alone, alone.editor, Deed.PUBLISH)
    assert reason is not None and "autre personne" in reason
    with pytest.raises(Refused), unit_of_work():
        review.approve_as_publisher(alone.editor, revision)
    with pytest.raises(DomainError), unit_of_work():
        publishing.sign_and_publish(alone.editor, alone.draft, revision.fingerprint)
    # Nor anybody who may not publish.
    with pytest.raises(Refused), unit_of_work():
        review.approve_as_publisher(alone.other_reviewer, revision)


def test_a_publisher_does_not_answer_for_an_administration(alone: World) -> None:
    w.submitted(alone)
    with pytest.raises(Refused), unit_of_work():
        review.approve_as_publisher(alone.editor, alone.revision)


def test_an_objection_blocks_until_it_is_lifted(world: World) -> None:
    fingerprint = w.submitted(world)
    with pytest.raises(Invalid), unit_of_work():
        review.object_to(world.nord_reviewer, world.draft, "")
    with unit_of_work():
        review.object_to(world.nord_reviewer, world.draft, "Le tarif est faux.")
    with pytest.raises(MovedOn), unit_of_work():
        review.object_to(world.nord_reviewer, world.draft, "Encore.")
    with pytest.raises(Invalid), unit_of_work():
        review.sign_off(world.nord_reviewer, world.draft, world.nord, fingerprint)
    with pytest.raises(Invalid), unit_of_work():
        review.lift_objection(world.reviewer, world.draft)
    with reading():
        assert [one.reason for one in review.standing(world.revision).objections] == ["Le tarif est faux."]
    with unit_of_work():
        review.lift_objection(world.nord_writing_reviewer, world.draft)
        review.sign_off(world.nord_reviewer, world.draft, world.nord, fingerprint)
        review.sign_off(world.reviewer, world.draft, world.sud, fingerprint)
        assert world.draft.stage is Stage.APPROVED


def test_an_objection_after_the_approval_stops_the_publication(world: World) -> None:
    fingerprint = _approved(world)
    with unit_of_work():
        review.object_to(world.reviewer, world.draft, "Une erreur vue après coup.")
        assert world.draft.stage is Stage.IN_REVIEW
        assert not review.standing(world.revision).is_approved
    with pytest.raises(DomainError), unit_of_work():
        publishing.publish(world.editor, world.draft, fingerprint)
    with unit_of_work():
        review.lift_objection(world.reviewer, world.draft)
        assert world.draft.stage is Stage.APPROVED
        publishing.publish(world.editor, world.draft, fingerprint)


def test_the_page_shows_what_was_signed_and_the_draft_lives_on(world: World) -> None:
    fingerprint = _approved(world)
    with unit_of_work():
        w.rewrite(world.writer, world.draft, w.adds)
        publishing.publish(world.editor, world.draft, fingerprint)
    with reading():
        edition = session().scalars(sa.select(Edition)).one()
        assert edition.fingerprint == fingerprint
        assert "gratuit" not in edition.plain
        assert session().get(OpenReview, world.draft.article_id) is None
        assert world.draft.article.live_revision_id == edition.revision_id
    # What was typed meanwhile is the difference of the next edition.
    again = w.submitted(world)
    assert again != fingerprint
    with reading():
        assert [part.id for part in review.contributions(world.revision).people_since] == [world.writer.id]


def test_the_short_way_takes_three_acts_by_two_people(alone: World) -> None:
    with unit_of_work():
        alone.draft.article.lead.may_publish_own = True
    fingerprint = w.submitted(alone)
    with unit_of_work():
        publishing.sign_and_publish(alone.reviewer, alone.draft, fingerprint)
    with reading():
        assert alone.draft.stage is Stage.PUBLISHED
        people = {act.person_id for act in w.acts(alone.draft_id) if act.person_id is not None}
    assert people == {alone.writer.id, alone.reviewer.id}


def test_may_now_says_what_the_verbs_say(world: World) -> None:
    """For everybody, at several moments: what is offered is done, what is not offered is refused in words."""
    everybody = [
        world.facilitator, world.writer, world.nord_writer, world.reviewer, world.nord_reviewer,
        world.iles_reviewer, world.editor,
    ]  # fmt: skip
    fingerprint = ""
    moments = (
        "writing", "submitted", "half signed", "objected", "deadline passed", "carried", "somebody left",
    )  # fmt: skip
    for moment in moments:
        if moment == "submitted":
            fingerprint = w.submitted(world)
        elif moment == "carried":
            with unit_of_work():
                review.retract(world.writer, world.draft)
            assert w.submitted(world) == fingerprint
        elif moment == "somebody left":
            with unit_of_work():
                session().execute(sa.delete(Role).where(Role.administration_id == world.nord))
            everybody.remove(world.nord_reviewer)
        elif moment == "half signed":
            w.signed(world, world.reviewer, world.sud, fingerprint)
        elif moment == "objected":
            with unit_of_work():
                review.object_to(world.nord_reviewer, world.draft, "Non.")
        for actor, deed in product(everybody, Deed):
            if deed in (Deed.CREATE, Deed.APPROVE, Deed.SCHEDULE, Deed.CANCEL, Deed.ASK_AGAIN):
                continue
            with clock.shifted(timedelta(days=13 if moment == "deadline passed" else 0)):
                reason = _why_not(world, actor, deed)
                happens = _happens(world, actor, deed, fingerprint)
            assert reason is None or reason.endswith((".", " !", " ?"))
            assert happens is (reason is None), (moment, actor.name, deed, reason)


class _Undone(Exception):
    pass


def _happens(world: World, actor: Actor, deed: Deed, fingerprint: str) -> bool:
    """Whether the verb does it; whatever it did is rolled back."""
    place = next(iter(sorted(actor.reviewer_of)), world.sud)
    verbs = {
        Deed.SUBMIT: lambda: review.submit(actor, world.draft),
        Deed.RETRACT: lambda: review.retract(actor, world.draft),
        Deed.REQUEST_CHANGES: lambda: review.request_changes(actor, world.draft, "Parce que."),
        Deed.SIGN_OFF: lambda: review.sign_off(actor, world.draft, place, fingerprint),
        Deed.ABSTAIN: lambda: review.abstain(actor, world.draft, place, fingerprint),
        Deed.OBJECT: lambda: review.object_to(actor, world.draft, "Parce que."),
        Deed.LIFT_OBJECTION: lambda: review.lift_objection(actor, world.draft),
        Deed.PUBLISH: lambda: publishing.publish(actor, world.draft, fingerprint),
        Deed.ARBITRATE: lambda: overruling.arbitrate(actor, world.draft, None, "Parce que."),
        Deed.PASS_OVER: lambda: overruling.pass_over(actor, world.draft, None, "Parce que."),
        Deed.WITHDRAW_SIGN_OFF: lambda: withdrawing.withdraw_sign_off(actor, world.draft, None, "Parce que."),
        Deed.NAME_SUBSTITUTE: lambda: substituting.name_substitute(actor, world.draft, None, "Parce que."),
        Deed.CHANGE_COMPETENCES: lambda: competences.change_competences(
            actor, world.draft, [world.iles], "Parce que."
        ),
        Deed.HAND_OVER: lambda: competences.hand_over(actor, world.draft, world.iles, "Parce que."),
    }
    try:
        with unit_of_work():
            verbs[deed]()
            raise _Undone
    except _Undone:
        return True
    except DomainError:
        return False
