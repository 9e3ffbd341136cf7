"""Signatures: each refusal by the service and, with raw SQL, by the database."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pytest
import sqlalchemy as sa

from app.db import Database, reading, session, unit_of_work
from app.errors import DomainError, Invalid, MovedOn, Refused
from app.policy import Actor
from drafts import review, seal, service
from drafts.review_models import (
    Decision,
    DraftAct,
    OpenReview,
    Part,
    ReviewOutcome,
    Revision,
    RevisionPart,
    SignedAs,
    SignOff,
)
from drafts.stages import Deed, Stage
from tests.drafts import review_world as w
from tests.drafts.review_world import World


@pytest.fixture
def world(db: Database) -> World:
    with unit_of_work():
        return w.make_world()


def _revision(world: World) -> Revision:
    """The open revision, usable after its reading has ended."""
    with reading() as current:
        found = world.revision
        current.expunge(found)
    return found


def test_a_signature_is_sealed_and_says_as_what(world: World) -> None:
    fingerprint = w.submitted(world)
    with unit_of_work():
        row = review.sign_off(
            world.nord_reviewer, world.draft, world.nord, fingerprint, "Relu avec l’accueil."
        )
    assert (row.decision, row.signed_as, row.second_eyes) == (
        Decision.SIGNED,
        SignedAs.SECOND_EYES,
        "second_eyes",
    )
    with reading():
        kept = session().get_one(SignOff, row.id)
        content = seal.payload(
            revision=kept.revision_id, fingerprint=kept.fingerprint, person=kept.person_id,
            administration=kept.administration_id, decision=kept.decision, time=kept.at,
        )  # fmt: skip
        assert seal.verify(content, kept.signature, kept.key_id)
        assert not seal.verify(content.replace(b"signed", b"refuse"), kept.signature, kept.key_id)


def test_another_fingerprint(world: World) -> None:
    first = w.submitted(world)
    with unit_of_work():
        review.retract(world.writer, world.draft)
        w.rewrite(world.writer, world.draft, w.adds)
    second = w.submitted(world)
    assert first != second
    with pytest.raises(MovedOn), unit_of_work():
        review.sign_off(world.nord_reviewer, world.draft, world.nord, first)
    revision = _revision(world)
    w.refused_by_database(w.raw_sign_off(world, revision=revision, fingerprint=first))
    w.refused_by_database(w.raw_sign_off(world, revision=revision, fingerprint="0" * 64))


def test_an_administration_that_is_not_competent(world: World) -> None:
    fingerprint = w.submitted(world)
    with pytest.raises(Refused), unit_of_work():
        review.sign_off(world.iles_reviewer, world.draft, world.iles, fingerprint)
    # A reviewer of Nord neither signs for Sud, nor for an administration they are not a reviewer of.
    for place in (world.sud, world.iles):
        with pytest.raises(Refused), unit_of_work():
            review.sign_off(world.nord_reviewer, world.draft, place, fingerprint)
    with pytest.raises(Refused), unit_of_work():
        review.sign_off(world.nord_writer, world.draft, world.nord, fingerprint)
    w.refused_by_database(
        w.raw_sign_off(
            world, revision=_revision(world), administration_id=world.iles, person_id=world.iles_reviewer.id
        )
    )


def test_twice(world: World) -> None:
    fingerprint = w.submitted(world)
    w.signed(world, world.reviewer, world.sud, fingerprint)
    for again in (world.reviewer, world.other_reviewer):
        with pytest.raises(MovedOn), unit_of_work():
            review.sign_off(again, world.draft, world.sud, fingerprint)
        with pytest.raises(MovedOn), unit_of_work():
            review.abstain(again, world.draft, world.sud, fingerprint)
    w.refused_by_database(
        w.raw_sign_off(
            world, revision=_revision(world), administration_id=world.sud, person_id=world.other_reviewer.id
        )
    )


def test_a_revision_whose_review_is_closed(world: World) -> None:
    fingerprint = w.submitted(world)
    revision = _revision(world)
    with unit_of_work():
        review.retract(world.writer, world.draft)
    with pytest.raises(MovedOn), unit_of_work():
        review.sign_off(world.nord_reviewer, world.draft, world.nord, fingerprint)
    assert "while its review is open" in w.refused_by_database(w.raw_sign_off(world, revision=revision))


def _changes_a_field(actor: Actor, world: World) -> None:
    service.set_fields(actor, world.draft, title="Changer d’adresse en Nouvelle-Calédonie")


def _by(change: Callable[[list[dict[str, Any]]], None]) -> Callable[[Actor, World], None]:
    return lambda actor, world: w.rewrite(actor, world.draft, change)


CONTRIBUTIONS = {
    "inserted": _by(w.adds),
    "only deleted": _by(w.only_deletes),
    "only deleted a block": _by(w.only_deletes_a_block),
    "only changed an attribute": _by(w.only_changes_an_attribute),
    "only made words bold": _by(w.only_makes_bold),
    "only changed a field": _changes_a_field,
}


@pytest.mark.parametrize("contribute", CONTRIBUTIONS.values(), ids=CONTRIBUTIONS.keys())
@pytest.mark.parametrize("is_published", [False, True], ids=["new article", "article with a live edition"])
def test_a_contributor_is_never_second_eyes(
    world: World, contribute: Callable[[Actor, World], None], is_published: bool
) -> None:
    """However small the contribution: signs for the competence, as an author, and approves nothing."""
    if is_published:
        w.published(world)
    with unit_of_work():
        contribute(world.nord_writing_reviewer, world)
        # So much that it is no minor correction, for which the lead administration would suffice.
        w.rewrite(
            world.writer, world.draft, lambda tree: w.words(tree, 0, "Une phrase bien plus claire. " * 8)
        )
    fingerprint = w.submitted(world)
    revision = _revision(world)
    eyes = {
        "person_id": world.nord_writing_reviewer.id,
        "signed_as": "second_eyes",
        "second_eyes": "second_eyes",
    }
    w.refused_by_database(w.raw_sign_off(world, revision=revision, **eyes))
    w.refused_by_database(
        sa.insert(RevisionPart).values(
            revision_id=revision.id, person_id=world.nord_writing_reviewer.id, part=Part.SECOND_EYES
        )
    )
    with pytest.raises(Refused), unit_of_work():
        review.sign_off(
            world.nord_writing_reviewer, world.draft, world.nord, fingerprint, signed_as=SignedAs.SECOND_EYES
        )
    with unit_of_work():
        row = review.sign_off(world.nord_writing_reviewer, world.draft, world.nord, fingerprint)
        assert row.signed_as is SignedAs.AUTHOR
        review.sign_off(world.reviewer, world.draft, world.sud, fingerprint)
        standing = review.standing(world.revision)
    assert not standing.is_approved
    assert not standing.unanswered
    assert any("second regard" in sentence for sentence in standing.missing)
    for person in (world.nord_writing_reviewer.id, world.reviewer.id):
        # The author is down as a writer; Sud's reviewer read it, but is of the main author's administration.
        w.refused_by_database(
            sa.insert(ReviewOutcome).values(
                revision_id=revision.id,
                fingerprint=fingerprint,
                second_eyes_person_id=person,
                second_eyes="second_eyes",
                approved_at=revision.created_at,
            )  # fmt: skip
        )


def test_a_part_is_neither_changed_nor_erased(world: World) -> None:
    w.submitted(world)
    part = sa.and_(RevisionPart.revision_id == _revision(world).id, RevisionPart.person_id == world.writer.id)
    w.refused_by_database(sa.update(RevisionPart).where(part).values(part="second_eyes", inserted=0))
    w.refused_by_database(sa.delete(RevisionPart).where(part))


def test_a_signature_is_neither_changed_nor_erased(world: World) -> None:
    w.signed(world, world.reviewer, world.sud, w.submitted(world))
    w.refused_by_database(
        sa.update(SignOff).values(decision="abstained", signed_as="nobody", second_eyes=None)
    )
    w.refused_by_database(sa.delete(SignOff))


def test_who_typed_and_took_it_back_contributed_nothing(world: World) -> None:
    """A slip of the hand that left no trace does not cost an administration its only reader."""
    with unit_of_work():
        w.rewrite(world.nord_reviewer, world.draft, w.adds)
        w.rewrite(
            world.nord_reviewer, world.draft, lambda tree: w.words(tree, 2, w.TEXT[2]["content"][0]["text"])
        )
    fingerprint = w.submitted(world)
    with unit_of_work():
        row = review.sign_off(world.nord_reviewer, world.draft, world.nord, fingerprint)
    assert row.signed_as is SignedAs.SECOND_EYES


def test_an_abstention_answers_and_is_nobodys_eyes(world: World) -> None:
    fingerprint = w.submitted(world)
    w.signed(world, world.reviewer, world.sud, fingerprint)
    with unit_of_work():
        row = review.abstain(world.nord_reviewer, world.draft, world.nord, fingerprint)
        standing = review.standing(world.revision)
    assert row.signed_as is SignedAs.NOBODY
    assert not standing.unanswered
    assert not standing.is_approved
    w.refused_by_database(
        sa.insert(ReviewOutcome).values(
            revision_id=row.revision_id,
            fingerprint=fingerprint,
            second_eyes_person_id=world.nord_reviewer.id,
            second_eyes="second_eyes",
            approved_at=row.at,
        )  # fmt: skip
    )


def test_the_only_competent_administration_does_not_abstain(db: Database) -> None:
    with unit_of_work():
        world = w.make_world(alone=True)
    fingerprint = w.submitted(world)
    with pytest.raises(Invalid), unit_of_work():
        review.abstain(world.reviewer, world.draft, world.sud, fingerprint)


def _in_a_thread(act: Callable[[], object]) -> tuple[threading.Thread, list[object]]:
    """Run `act` in a unit of work of another connection; what it returned or raised."""
    heard: list[object] = []

    def run() -> None:
        try:
            with unit_of_work():
                heard.append(act())
        except DomainError as error:
            heard.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    return thread, heard


def _fresh_text(world: World) -> str:
    review.retract(world.writer, world.draft)
    w.rewrite(world.writer, world.draft, w.adds)
    return review.submit(world.writer, world.draft).fingerprint


def test_at_the_same_moment_as_a_new_submit_the_submit_first(world: World) -> None:
    """The signer waits for the draft's row, then hears that the text is another one."""
    first = w.submitted(world)
    with unit_of_work():
        second = _fresh_text(world)
        thread, heard = _in_a_thread(
            lambda: review.sign_off(world.nord_reviewer, world.draft, world.nord, first)
        )
        thread.join(0.3)
        assert thread.is_alive(), "the signature waits until the submission is decided"
    thread.join(20)
    assert isinstance(heard[0], MovedOn)
    with reading():
        assert world.revision.fingerprint == second
        assert session().scalar(sa.select(sa.func.count()).select_from(SignOff)) == 0


def test_at_the_same_moment_as_a_new_submit_the_signature_first(world: World) -> None:
    """The signature stands, for the text that was signed; the new text has none."""
    first = w.submitted(world)
    with unit_of_work():
        review.sign_off(world.nord_reviewer, world.draft, world.nord, first)
        thread, heard = _in_a_thread(lambda: _fresh_text(world))
        thread.join(0.3)
        assert thread.is_alive()
    thread.join(20)
    assert heard == [_revision(world).fingerprint]
    with reading():
        assert [row.fingerprint for row in session().scalars(sa.select(SignOff))] == [first]
        assert world.nord in review.standing(world.revision).unanswered


def _at_the_same_moment(world: World, fingerprint: str, signers: list[tuple[Actor, int]]) -> list[str]:
    """Each signs on a connection of their own, all at once; what they heard, sorted."""
    together = threading.Barrier(len(signers))
    heard: list[str] = []

    def run(actor: Actor, place: int) -> None:
        together.wait()
        try:
            w.signed(world, actor, place, fingerprint)
            heard.append("signed")
        except MovedOn:
            heard.append("moved on")

    threads = [threading.Thread(target=run, args=signer) for signer in signers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    return sorted(heard)


def test_two_reviewers_of_one_administration_at_the_same_moment(world: World) -> None:
    signers = [(world.reviewer, world.sud), (world.other_reviewer, world.sud)]
    assert _at_the_same_moment(world, w.submitted(world), signers) == ["moved on", "signed"]
    with reading():
        assert [act.number for act in w.acts(world.draft_id)] == [1, 2, 3]


def test_the_last_two_answers_at_the_same_moment(world: World) -> None:
    """The approval follows from the second of them, once."""
    signers = [(world.reviewer, world.sud), (world.nord_reviewer, world.nord)]
    assert _at_the_same_moment(world, w.submitted(world), signers) == ["signed", "signed"]
    with reading():
        assert [act.deed for act in w.acts(world.draft_id)][2:] == [
            Deed.SIGN_OFF,
            Deed.SIGN_OFF,
            Deed.APPROVE,
        ]
        assert world.draft.stage is Stage.APPROVED


def test_the_database_numbers_acts_once(world: World, db: Database) -> None:
    """Two connections that take the same number at one moment: the second is refused, service or not."""
    w.submitted(world)
    row = {
        "draft_id": world.draft_id,
        "number": 3,
        "deed": Deed.SIGN_OFF,
        "at": _revision(world).created_at,
        "reason": "",
    }
    if db.is_sqlite:
        with unit_of_work() as current:
            current.execute(sa.insert(DraftAct).values(**row))
        w.refused_by_database(sa.insert(DraftAct).values(**row))
        return
    with db.engine.connect() as one, db.engine.connect() as other:
        one.execute(sa.insert(DraftAct).values(**row))
        refused: list[BaseException] = []

        def second() -> None:
            try:
                other.execute(sa.insert(DraftAct).values(**row))
            except sa.exc.IntegrityError as error:
                refused.append(error)

        thread = threading.Thread(target=second)
        thread.start()
        thread.join(0.3)
        assert thread.is_alive(), "the second waits for the first"
        one.commit()
        thread.join(20)
        assert len(refused) == 1


def test_the_database_refuses_a_signature_while_the_review_is_being_closed(
    world: World, db: Database
) -> None:
    w.submitted(world)
    statement = w.raw_sign_off(world, revision=_revision(world))
    refused: list[str] = []

    def sign() -> None:
        try:
            with unit_of_work() as current:
                current.execute(statement)
        except sa.exc.IntegrityError as error:
            refused.append(str(error.orig))

    with unit_of_work() as current:
        current.execute(sa.delete(OpenReview))
        thread = threading.Thread(target=sign)
        thread.start()
        thread.join(0.3)
        assert thread.is_alive()
    thread.join(20)
    assert "while its review is open" in refused[0]


def test_a_signature_holds_on_while_the_text_is_the_same(world: World) -> None:
    """Taken back and proposed again unchanged: who signed is told, who had not answered is asked."""
    fingerprint = w.submitted(world)
    w.signed(world, world.nord_reviewer, world.nord, fingerprint)
    with unit_of_work():
        review.retract(world.writer, world.draft)
    assert w.submitted(world) == fingerprint
    with unit_of_work():
        standing = review.standing(world.revision)
        assert standing.unanswered == (world.sud,)
        review.sign_off(world.reviewer, world.draft, world.sud, fingerprint)
        assert world.draft.stage is Stage.APPROVED
        rows = list(session().scalars(sa.select(SignOff).order_by(SignOff.id)))
    assert [row.carried_from for row in rows] == [None, rows[0].id, None]


def test_a_signature_is_void_once_the_text_differs(world: World) -> None:
    fingerprint = w.submitted(world)
    w.signed(world, world.nord_reviewer, world.nord, fingerprint)
    with unit_of_work():
        _fresh_text(world)
        assert set(review.standing(world.revision).unanswered) == {world.sud, world.nord}
        earlier = session().scalars(sa.select(SignOff)).one()
    second = _revision(world)
    assert earlier.revision_id != second.id
    w.refused_by_database(w.raw_sign_off(world, revision=second, carried_from=earlier.id))


def test_who_signed_and_then_asked_for_changes_is_asked_again(world: World) -> None:
    fingerprint = w.submitted(world)
    w.signed(world, world.nord_reviewer, world.nord, fingerprint)
    with unit_of_work():
        review.request_changes(world.nord_reviewer, world.draft, "Il manque les horaires.")
    w.submitted(world)
    with reading():
        assert set(review.standing(world.revision).unanswered) == {world.sud, world.nord}
