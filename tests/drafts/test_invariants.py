"""The invariants of the editorial model, I1 to I7: each with a test that tries to break it, and one generated walk.

Raw SQL stands for a service that is wrong, or for somebody at the database's prompt.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import hypothesis.strategies as st
import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings

from app import clock
from app.audit import AuditEntry
from app.db import Database, reading, session, unit_of_work
from app.errors import DomainError, MovedOn
from app.policy import Actor
from drafts import (
    canonical,
    competences,
    overruling,
    review,
    service,
    substituting,
    withdrawing,
)
from drafts.models import Article, Draft
from drafts.review_models import (
    DraftAct,
    OpenReview,
    Part,
    ReviewOutcome,
    Revision,
    RevisionPart,
    RevisionScope,
    SignedAs,
    SignOff,
)
from drafts.scopes import proposed_for
from drafts.stages import Deed, Stage, fold
from publish import service as publishing
from publish.models import Edition
from tests.drafts import review_world as w
from tests.drafts.review_world import World


@pytest.fixture
def world(db: Database) -> World:
    with unit_of_work():
        return w.make_world()


def _kept(world: World) -> Revision:
    with reading() as current:
        found = review.last_revision(world.draft)
        assert found is not None
        current.expunge(found)
    return found


def _approved(world: World) -> Revision:
    fingerprint = w.submitted(world)
    w.signed(world, world.reviewer, world.sud, fingerprint)
    w.signed(world, world.nord_reviewer, world.nord, fingerprint)
    return _kept(world)


def _raw_edition(world: World, revision: Revision, **changes: Any) -> sa.Insert:
    row = {
        "article_id": revision.article_id, "revision_id": revision.id, "fingerprint": revision.fingerprint,
        "number": 1, "slug": "changer-d-adresse", "title": "Titre", "lead": "", "body": "<p>Autre chose</p>",
        "plain": "Autre chose", "fields": {}, "credits": [], "change_note": "", "published_by": world.editor.id,
        "published_at": clock.now(), **changes,
    }  # fmt: skip
    return sa.insert(Edition).values(**row)


def test_i1_one_open_review_per_article(world: World) -> None:
    w.submitted(world)
    first = _kept(world)
    with unit_of_work():
        other = w.second_draft(world)
        service.replace_text(world.nord_writer, other, copy.deepcopy(w.TEXT))
    with pytest.raises(MovedOn), unit_of_work():
        review.submit(world.nord_writer, session().get_one(Draft, other.id))
    row = {
        "article_id": first.article_id,
        "draft_id": other.id,
        "revision_id": first.id,
        "opened_at": clock.now(),
    }
    w.refused_by_database(sa.insert(OpenReview).values(**row))
    # Nor is the lock moved to another revision or draft.
    w.refused_by_database(sa.update(OpenReview).values(draft_id=other.id))
    with unit_of_work() as current:
        current.execute(sa.delete(OpenReview))
    # A review is of a revision of its own draft and article.
    w.refused_by_database(sa.insert(OpenReview).values(**row))


def test_i2_a_signature_is_void_iff_the_fingerprint_differs(world: World) -> None:
    fingerprint = w.submitted(world)
    w.signed(world, world.nord_reviewer, world.nord, fingerprint)
    with unit_of_work():
        review.retract(world.writer, world.draft)
        w.rewrite(world.writer, world.draft, w.adds)
        review.submit(world.writer, world.draft)
        assert world.nord in review.standing(world.revision).unanswered, "another text: void"
    changed = _kept(world)
    w.refused_by_database(w.raw_sign_off(world, revision=changed, fingerprint=fingerprint))
    with unit_of_work():
        review.retract(world.writer, world.draft)
        w.rewrite(world.writer, world.draft, lambda tree: w.words(tree, 2, w.TEXT[2]["content"][0]["text"]))
        again = review.submit(world.writer, world.draft)
        assert again.fingerprint == fingerprint
        assert world.nord not in review.standing(again).unanswered, "the text that was signed: it holds"


def test_i3_second_eyes_contributed_nothing(world: World) -> None:
    with unit_of_work():
        w.rewrite(world.nord_writing_reviewer, world.draft, w.only_deletes)
    w.submitted(world)
    revision = _kept(world)
    person = world.nord_writing_reviewer.id
    eyes = {"person_id": person, "signed_as": "second_eyes"}
    w.refused_by_database(w.raw_sign_off(world, revision=revision, **eyes, second_eyes="second_eyes"))
    # Nor by leaving out, or by inventing, what the key of the second eyes hangs on.
    w.refused_by_database(w.raw_sign_off(world, revision=revision, **eyes, second_eyes=None))
    w.refused_by_database(w.raw_sign_off(world, revision=revision, **eyes, second_eyes="wrote"))
    w.refused_by_database(
        w.raw_sign_off(
            world, revision=revision, person_id=person, signed_as="author", second_eyes="second_eyes"
        )
    )
    # Nor by a part that says second eyes and counts a contribution.
    w.refused_by_database(
        sa.insert(RevisionPart).values(
            revision_id=revision.id, person_id=world.nord_reviewer.id, part="second_eyes", deleted=3
        )
    )


def test_i4_published_text_changes_only_through_an_edition(world: World) -> None:
    revision = _approved(world)
    live = sa.update(Article).where(Article.id == revision.article_id).values(live_revision_id=revision.id)
    assert "edition" in w.refused_by_database(live)
    with unit_of_work():
        publishing.publish(world.editor, world.draft, revision.fingerprint)
    for forged in ({"body": "<p>Autre chose</p>"}, {"title": "Autre titre"}, {"fingerprint": "0" * 64}):
        w.refused_by_database(sa.update(Edition).values(**forged))
    w.refused_by_database(sa.delete(Edition))
    w.refused_by_database(sa.update(Revision).values(title="Autre titre"))
    w.refused_by_database(_raw_edition(world, revision, number=2))
    with unit_of_work():
        w.rewrite(world.writer, world.draft, w.adds)
        service.set_fields(world.writer, world.draft, title="Un tout autre titre")
        edition = session().scalars(sa.select(Edition)).one()
        assert "gratuit" not in edition.plain
        assert edition.title == "Changer d’adresse"


def test_i4_no_edition_without_an_outcome(world: World) -> None:
    fingerprint = w.submitted(world)
    revision = _kept(world)
    with pytest.raises(DomainError), unit_of_work():
        publishing.publish(world.editor, world.draft, fingerprint)
    with pytest.raises(DomainError), unit_of_work():
        review.set_live(w.article_of(world), revision)
    w.refused_by_database(_raw_edition(world, revision))
    # Nor with the outcome of a review that was taken back.
    w.signed(world, world.reviewer, world.sud, fingerprint)
    w.signed(world, world.nord_reviewer, world.nord, fingerprint)
    w.refused_by_database(_raw_edition(world, revision, fingerprint="0" * 64))
    with unit_of_work():
        review.retract(world.writer, world.draft)
    assert "while its review is open" in w.refused_by_database(_raw_edition(world, revision))


def test_i5_never_fewer_than_two_people(db: Database) -> None:
    """One person who writes, proposes, signs and may publish: not alone, however small the change."""
    with unit_of_work():
        world = w.make_world(alone=True)
        article = w.article_of(world)
        article.lead.may_publish_own = True
    w.published(world)
    one = world.writing_reviewer
    for change in (w.only_changes_an_attribute, None):
        with unit_of_work():
            if change is not None:
                w.rewrite(one, world.draft, change)
            fingerprint = review.submit(one, world.draft).fingerprint
        with pytest.raises(DomainError), unit_of_work():
            publishing.sign_and_publish(one, world.draft, fingerprint)
        w.signed(world, one, world.sud, fingerprint)
        revision = _kept(world)
        for second_eyes in ("second_eyes", "wrote"):
            w.refused_by_database(_outcome(revision, one.id, second_eyes=second_eyes))
        w.refused_by_database(_raw_edition(world, revision, number=2))
        with unit_of_work():
            review.retract(one, world.draft)


def _outcome(revision: Revision, person_id: int, **changes: Any) -> sa.Insert:
    row = {
        "revision_id": revision.id, "fingerprint": revision.fingerprint, "second_eyes_person_id": person_id,
        "second_eyes": "second_eyes", "approved_at": revision.created_at, **changes,
    }  # fmt: skip
    return sa.insert(ReviewOutcome).values(**row)


def test_i5_an_outcome_waits_for_every_answer(world: World) -> None:
    w.signed(world, world.nord_reviewer, world.nord, w.submitted(world))
    assert "answers first" in w.refused_by_database(_outcome(_kept(world), world.nord_reviewer.id))
    # Nor by somebody who is down as second eyes and signed nothing.
    w.refused_by_database(_outcome(_kept(world), world.editor.id))


def test_i6_every_act_leaves_one_entry_in_its_transaction(world: World) -> None:
    revision = _approved(world)
    with unit_of_work():
        publishing.publish(world.editor, world.draft, revision.fingerprint)
    with reading():
        _audited(world)
        before = session().scalar(sa.select(sa.func.count()).select_from(AuditEntry))
    # An act that is undone leaves no entry, one that is refused neither.
    with pytest.raises(ZeroDivisionError), unit_of_work():
        review.submit(world.writer, world.draft)
        raise ZeroDivisionError
    with pytest.raises(DomainError), unit_of_work():
        review.sign_off(world.reviewer, world.draft, world.sud, revision.fingerprint)
    with reading():
        assert session().scalar(sa.select(sa.func.count()).select_from(AuditEntry)) == before
    w.refused_by_database(sa.update(AuditEntry).values(person_id=1))
    w.refused_by_database(sa.delete(AuditEntry))


def _audited(world: World) -> None:
    """The acts of the draft and its audit entries are one to one, in order."""
    entries = [entry for entry in w.audit_entries(world.draft_id) if "number" in entry.detail]
    done = w.acts(world.draft_id)
    assert [(entry.act, entry.detail["number"], entry.person_id) for entry in entries] == [
        (str(act.deed), act.number, act.person_id) for act in done
    ]


def test_i7_one_act_at_a_time_per_draft(world: World) -> None:
    w.submitted(world)
    row = {"draft_id": world.draft_id, "deed": "sign_off", "at": clock.now(), "reason": ""}
    for number in (1, 2, 4, 0):
        w.refused_by_database(sa.insert(DraftAct).values(number=number, **row))
    w.refused_by_database(sa.update(DraftAct).values(deed="approve"))
    w.refused_by_database(sa.delete(DraftAct))
    with pytest.raises(MovedOn), unit_of_work():
        # A draft as another process read it, before the last act.
        stale = world.draft
        sa.orm.attributes.set_committed_value(stale, "act_count", 1)
        service.record_act(stale, Deed.RETRACT, world.writer)


# The generated walk: what people may do, in any order, and what must hold after each act.


@dataclass
class _Seen:
    """What the walk remembers by itself, to compare with what the code says."""

    # (number of the log after the edit, person)
    edits: list[tuple[int, int]] = field(default_factory=list)
    editions: dict[int, tuple[Any, ...]] = field(default_factory=dict)
    words: int = 0


Step = Callable[[World, _Seen], object]


def _adds_a_word(who: str) -> Step:
    def step(world: World, seen: _Seen) -> None:
        seen.words += 1
        actor: Actor = getattr(world, who)
        w.rewrite(
            actor, world.draft,
            lambda tree: w.words(tree, 2, tree[2]["content"][0]["text"] + f" {actor.id}mot{seen.words}"),
        )  # fmt: skip
        seen.edits.append((world.draft.head_seq, actor.id))

    return step


def _deletes_a_letter(who: str) -> Step:
    def step(world: World, seen: _Seen) -> None:
        actor: Actor = getattr(world, who)
        w.rewrite(
            actor,
            world.draft,
            lambda tree: w.words(tree, 1, tree[1]["content"][0]["text"][:-1] or "À la mairie"),
        )
        seen.edits.append((world.draft.head_seq, actor.id))

    return step


def _fingerprint(world: World) -> str:
    revision = review.last_revision(world.draft)
    return revision.fingerprint if revision is not None else "0" * 64


def _as(who: str, verb: Callable[[Actor, World], object]) -> Step:
    return lambda world, _seen: verb(getattr(world, who), world)


def _sign(actor: Actor, world: World) -> None:
    place = next(iter(sorted(actor.reviewer_of)))
    review.sign_off(actor, world.draft, place, _fingerprint(world))


def _abstain(actor: Actor, world: World) -> None:
    place = next(iter(sorted(actor.reviewer_of)))
    review.abstain(actor, world.draft, place, _fingerprint(world))


def _second_submit(actor: Actor, world: World) -> None:
    other = (
        session()
        .scalars(
            sa.select(Draft).where(Draft.article_id == world.draft.article_id, Draft.id != world.draft_id)
        )
        .first()
    )
    if other is None:
        other = w.second_draft(world)
        service.replace_text(actor, other, copy.deepcopy(w.TEXT))
    review.submit(actor, other)


def _everybody_signs(world: World, _seen: _Seen) -> None:
    """Those of the two who still can."""
    if not any(_try(STEPS[f"{who} signs"], world, _seen) for who in ("reviewer", "nord_reviewer")):
        raise MovedOn
    _try(STEPS["nord_reviewer signs"], world, _seen)


def _passes_over(actor: Actor, world: World) -> None:
    """A fortnight later, when the deadline of whoever is silent has passed."""
    with clock.shifted(timedelta(days=14)):
        overruling.pass_over(actor, world.draft, None, "Sans réponse.")


def _submits_with_a_part(actor: Actor, world: World) -> None:
    lead = world.draft.article.lead_administration_id
    review.submit(
        actor,
        world.draft,
        scopes={place.id: ["b4"] for place in world.draft.article.competent if place.id != lead},
    )


def _signs_a_part(actor: Actor, world: World) -> None:
    place = next(iter(sorted(actor.reviewer_of)))
    revision = review.open_revision(world.draft)
    part = proposed_for(revision.id).get(place) if revision is not None else None
    if part is None:
        raise MovedOn
    review.sign_off(actor, world.draft, place, part.fingerprint)


def _changes_competences(actor: Actor, world: World) -> None:
    """Îles comes, or goes."""
    competent = {place.id for place in world.draft.article.competent} ^ {world.iles}
    competences.change_competences(actor, world.draft, competent or {world.sud}, "La loi a changé.")


def _hands_over(actor: Actor, world: World) -> None:
    lead = world.nord if world.draft.article.lead_administration_id == world.sud else world.sud
    competences.hand_over(actor, world.draft, lead, "Convention.")


def _second_retract(actor: Actor, world: World) -> None:
    other = (
        session()
        .scalars(
            sa.select(Draft).where(Draft.article_id == world.draft.article_id, Draft.id != world.draft_id)
        )
        .first()
    )
    if other is None:
        raise MovedOn
    review.retract(actor, other)


STEPS: dict[str, Step] = {
    "writer adds": _adds_a_word("writer"),
    "nord_writer adds": _adds_a_word("nord_writer"),
    "writing_reviewer deletes": _deletes_a_letter("writing_reviewer"),
    "nord_writing_reviewer adds": _adds_a_word("nord_writing_reviewer"),
    "editor deletes": _deletes_a_letter("editor"),
    "writer submits": _as("writer", lambda actor, world: review.submit(actor, world.draft)),
    "nord_writing_reviewer submits": _as(
        "nord_writing_reviewer", lambda actor, world: review.submit(actor, world.draft)
    ),
    "facilitator retracts": _as("facilitator", lambda actor, world: review.retract(actor, world.draft)),
    "another draft is submitted": _as("nord_writer", _second_submit),
    "another draft is retracted": _as("facilitator", _second_retract),
    **{
        f"{who} signs": _as(who, _sign)
        for who in (
            "reviewer", "writing_reviewer", "nord_reviewer", "nord_writing_reviewer", "iles_reviewer",
        )
    },
    "everybody signs": _everybody_signs,
    "reviewer abstains": _as("reviewer", _abstain),
    "nord_reviewer abstains": _as("nord_reviewer", _abstain),
    "nord_reviewer sends back": _as(
        "nord_reviewer", lambda actor, world: review.request_changes(actor, world.draft, "Reprendre.")
    ),
    "reviewer objects": _as("reviewer", lambda actor, world: review.object_to(actor, world.draft, "Non.")),
    "reviewer lifts": _as("reviewer", lambda actor, world: review.lift_objection(actor, world.draft)),
    "editor arbitrates": _as("editor", lambda actor, world: overruling.arbitrate(actor, world.draft, None, "Oui.")),
    "nord_reviewer arbitrates": _as(
        "nord_reviewer", lambda actor, world: overruling.arbitrate(actor, world.draft, None, "Oui.")
    ),
    "editor passes over": _as("editor", _passes_over),
    "reviewer passes over": _as("reviewer", _passes_over),
    "writer submits with a part": _as("writer", _submits_with_a_part),
    "nord_reviewer signs a part": _as("nord_reviewer", _signs_a_part),
    "iles_reviewer signs a part": _as("iles_reviewer", _signs_a_part),
    **{
        f"{who} withdraws": _as(
            who, lambda actor, world: withdrawing.withdraw_sign_off(actor, world.draft, None, "Non.")
        )
        for who in ("reviewer", "nord_reviewer", "iles_reviewer")
    },
    "reviewer changes competences": _as("reviewer", _changes_competences),
    "nord_reviewer changes competences": _as("nord_reviewer", _changes_competences),
    "reviewer hands over": _as("reviewer", _hands_over),
    "nord_reviewer hands over": _as("nord_reviewer", _hands_over),
    "editor stands in": _as(
        "editor", lambda actor, world: substituting.name_substitute(actor, world.draft, None, "Oui.")
    ),
    "editor publishes": _as("editor", lambda actor, world: publishing.publish(actor, world.draft, _fingerprint(world), "Une note.")),
    "editor reads and publishes": _as(
        "editor", lambda actor, world: publishing.sign_and_publish(actor, world.draft, _fingerprint(world))
    ),
    "reviewer reads and publishes": _as(
        "reviewer", lambda actor, world: publishing.sign_and_publish(actor, world.draft, _fingerprint(world))
    ),
}  # fmt: skip


# Edits are always possible and acts seldom, so a walk tries acts twice as often; some lead on, and come oftener.
EDITS = sorted(name for name in STEPS if name.endswith((" adds", " deletes")))
LEADING_ON = ["writer submits", "nord_writing_reviewer submits", "everybody signs", "editor publishes"]
steps = st.one_of(
    st.sampled_from(EDITS), st.sampled_from(sorted(set(STEPS) - set(EDITS))), st.sampled_from(LEADING_ON)
)


def _try(step: Step, world: World, seen: _Seen) -> bool:
    """Whether the step happened. A refused one leaves nothing, as its unit of work would not."""
    edits = len(seen.edits)
    try:
        with session().begin_nested():
            step(world, seen)
        return True
    except DomainError:
        session().expire_all()
        del seen.edits[edits:]
        return False


def _must_hold(world: World, seen: _Seen) -> None:
    draft = world.draft
    session().flush()
    numbers = [act.number for act in w.acts(draft.id)]
    assert numbers == list(range(1, draft.act_count + 1)), "I7"
    assert fold(act.deed for act in w.acts(draft.id)) is draft.stage
    reviewed = {Stage.IN_REVIEW, Stage.APPROVED, Stage.SCHEDULED}
    siblings = list(session().scalars(sa.select(Draft).where(Draft.article_id == draft.article_id)))
    under_review = [one.id for one in siblings if one.stage in reviewed]
    locks = [lock.draft_id for lock in session().scalars(sa.select(OpenReview))]
    assert under_review == locks and len(locks) <= 1, "I1"
    for row, revision in session().execute(
        sa.select(SignOff, Revision).join(Revision, Revision.id == SignOff.revision_id)
    ):
        blocks = session().get_one(RevisionScope, (revision.id, row.fingerprint)).blocks
        tree, fields = canonical.parse(revision.canonical)
        assert row.fingerprint == canonical.scope_fingerprint(tree, fields, blocks), "I2"
        if row.signed_as is SignedAs.SECOND_EYES:
            assert row.person_id not in _editors_of(revision, seen), "I3"
    live = draft.article.live_revision_id
    rows = {
        row.id: (row.revision_id, row.body, row.title, row.fingerprint)
        for row in session().scalars(sa.select(Edition))
    }
    assert rows | seen.editions == rows, "I4: an edition that was there is there as it was"
    seen.editions = rows
    assert live is None or live == max(rows.values())[0], "I4"
    for outcome in session().scalars(sa.select(ReviewOutcome)):
        parts = (
            session()
            .scalars(sa.select(RevisionPart).where(RevisionPart.revision_id == outcome.revision_id))
            .all()
        )
        wrote = {part.person_id for part in parts if part.part is Part.WROTE}
        assert wrote and outcome.second_eyes_person_id not in wrote, "I5"
    _audited(world)
    if draft.stage in (Stage.APPROVED, Stage.PUBLISHED) and not review.standing(_last(draft)).missing == ():
        raise AssertionError("approved, and something is missing")


def _last(draft: Draft) -> Revision:
    """The revision the stage is about."""
    found = review.open_revision(draft)
    return found or session().get_one(Revision, draft.article.live_revision_id)


def _editors_of(revision: Revision, seen: _Seen) -> set[int]:
    """Who touched the text between the edition that was live when it was cut and the cut, by the walk's own book."""
    before = session().scalar(
        sa.select(sa.func.max(Revision.seq))
        .join(Edition, Edition.revision_id == Revision.id)
        .where(Revision.draft_id == revision.draft_id, Edition.revision_id < revision.id)
    )
    return {
        person for seq, person in seen.edits
        if (before or 0) < seq <= revision.seq and revision.draft_id == 1
    }  # fmt: skip


def _bring_it_out(world: World, seen: _Seen) -> None:
    """From wherever the walk ended, people who contributed nothing bring the text to the public."""
    if world.draft.stage is Stage.PUBLISHED:
        return
    for closing in ("facilitator retracts", "another draft is retracted"):
        _try(STEPS[closing], world, seen)
    # Everybody is asked for the whole, so that somebody from outside reads it.
    revision = review.submit(world.writer, world.draft, scopes={})
    for signer, place in (
        (world.nord_reviewer, world.nord),
        (world.iles_reviewer, world.iles),
        (world.reviewer, world.sud),
    ):
        if place in review.standing(revision).unanswered:
            review.sign_off(signer, world.draft, place, revision.fingerprint)
    publishing.publish(world.editor, world.draft, revision.fingerprint, "Une note.")


class _Undone(Exception):
    pass


@pytest.mark.parametrize("alone", [False, True], ids=["two administrations", "one administration"])
def test_from_every_state_some_sequence_leads_to_the_publication(db: Database, alone: bool) -> None:
    """A generated walk of people who do whatever they like: the invariants hold after each act, and it can end well."""
    with unit_of_work():
        world = w.make_world(alone=alone)

    @settings(max_examples=25, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
    @given(st.lists(steps, min_size=12, max_size=18))
    def walk(names: list[str]) -> None:
        with pytest.raises(_Undone), unit_of_work():
            seen = _Seen()
            for name in names:
                if _try(STEPS[name], world, seen):
                    _must_hold(world, seen)
            _bring_it_out(world, seen)
            _must_hold(world, seen)
            assert world.draft.stage is Stage.PUBLISHED
            raise _Undone

    walk()
