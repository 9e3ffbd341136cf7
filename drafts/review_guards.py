"""What has to hold before an act of review: the verbs ask here, and so does the page that offers them.

A guard changes nothing. It returns what the verb needs, or raises a domain error whose message says why not.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import sqlalchemy as sa

from app.db import session
from app.errors import DomainError, Invalid, MovedOn, Refused
from app.extensions import gettext as _
from app.policy import Act, Actor, require
from drafts.models import Draft
from drafts.policy import rights, signs_for
from drafts.review_models import OpenReview, Revision, SignOff
from drafts.stages import Deed, Stage, possible
from drafts.standing import Verdict, competent_for, objections_to, verdict_of, writers_of
from labs.policy import membership


@dataclass(frozen=True)
class Review:
    """An open review: the draft, the revision that is read, and how the person stands to it."""

    draft: Draft
    revision: Revision


def moved_on() -> MovedOn:
    return MovedOn(_("La situation a changé : rechargez la page."))


def open_revision(draft: Draft) -> Revision | None:
    """The revision of this draft whose review is open."""
    return (
        session()
        .scalars(
            sa.select(Revision)
            .join(OpenReview, OpenReview.revision_id == Revision.id)
            .where(OpenReview.draft_id == draft.id)
        )
        .first()
    )


def last_revision(draft: Draft) -> Revision | None:
    return (
        session()
        .scalars(
            sa.select(Revision).where(Revision.draft_id == draft.id).order_by(Revision.number.desc()).limit(1)
        )
        .first()
    )


def _require(actor: Actor, act: Act, draft: Draft, deed: Deed) -> None:
    """As `policy.require`, but who could have done it a moment ago hears that the situation has changed."""
    concerned = rights(actor, draft) or signs_for(actor, draft)
    if concerned and not possible(draft.stage, deed):
        raise MovedOn(
            {
                Stage.WRITING: _("Ce texte n’est pas en relecture : rechargez la page."),
                Stage.IN_REVIEW: _("Ce texte est en relecture : rechargez la page."),
                Stage.CHANGES_REQUESTED: _("Une reprise a été demandée entre-temps : rechargez la page."),
                Stage.APPROVED: _("Ce texte a été approuvé entre-temps : rechargez la page."),
                Stage.SCHEDULED: _("La publication de ce texte est programmée : rechargez la page."),
                Stage.PUBLISHED: _("Ce texte a été publié entre-temps : rechargez la page."),
            }[draft.stage]
        )
    require(actor, act, draft)


def _review(actor: Actor, draft: Draft, act: Act, deed: Deed) -> Review:
    _require(actor, act, draft, deed)
    revision = open_revision(draft)
    if revision is None:
        raise moved_on()
    return Review(draft, revision)


def may_submit(actor: Actor, draft: Draft) -> None:
    _require(actor, Act.DRAFT_SUBMIT, draft, Deed.SUBMIT)
    if session().get(OpenReview, draft.article_id) is not None:
        raise MovedOn(
            _(
                "Une relecture de cette fiche est déjà ouverte, avec un autre brouillon : attendez qu’elle se termine."
            )
        )


def may_retract(actor: Actor, draft: Draft) -> Revision:
    """Who submitted it, or the facilitator. Returns the revision that is taken back."""
    _require(actor, Act.DRAFT_RETRACT, draft, Deed.RETRACT)
    revision = last_revision(draft)
    if revision is None:
        raise moved_on()
    member = membership(actor, draft.lab_id)
    if revision.created_by != actor.id and not (member is not None and member.is_facilitator):
        raise Refused(_("Seule la personne qui a proposé ce texte, ou l’animateur du lab, peut le retirer."))
    return revision


def may_review(actor: Actor, draft: Draft, deed: Deed) -> Review:
    """A reviewer of an administration that is competent for the open revision."""
    review = _review(actor, draft, Act.DRAFT_REVIEW, deed)
    if not actor.reviewer_of & set(competent_for(review.revision.id)):
        raise Refused(_("Votre administration n’est pas compétente pour ce texte."))
    return review


def spoken_for(actor: Actor, review: Review, administration_id: int | None) -> int:
    """The administration a reviewer speaks for: the one named, or the first of theirs that is competent."""
    competent = set(competent_for(review.revision.id))
    mine = sorted(actor.reviewer_of & competent)
    if administration_id is None and mine:
        return actor.administration_id if actor.administration_id in mine else mine[0]
    if administration_id not in actor.reviewer_of:
        raise Refused(_("Vous n’êtes pas référent de cette administration."))
    if administration_id not in competent:
        raise Refused(_("Cette administration n’est pas compétente pour ce texte."))
    return administration_id


def may_answer(actor: Actor, draft: Draft, deed: Deed, administration_id: int | None) -> tuple[Review, int]:
    """A signature or an abstention. Returns the review and the administration that answers."""
    review = _review(actor, draft, Act.DRAFT_SIGN, deed)
    place = spoken_for(actor, review, administration_id)
    taken = session().scalar(
        sa.select(SignOff.id).where(
            SignOff.revision_id == review.revision.id, SignOff.administration_id == place
        )
    )
    if taken is not None:
        raise MovedOn(_("Votre administration a déjà répondu pour cette version : rechargez la page."))
    if any(act.administration_id == place for act in objections_to(review.revision.id)):
        raise Invalid(_("Votre administration s’est opposée à ce texte : levez d’abord l’opposition."))
    if deed is Deed.ABSTAIN and len(competent_for(review.revision.id)) == 1:
        raise Invalid(
            _(
                "Votre administration est seule compétente pour ce texte : elle le signe ou en demande la reprise."
            )
        )
    return review, place


def answerable(actor: Actor, draft: Draft) -> tuple[int, ...]:
    """The administrations this person may answer for now, on the open revision."""
    found = []
    for place in sorted(signs_for(actor, draft)):
        try:
            may_answer(actor, draft, Deed.SIGN_OFF, place)
        except DomainError:
            continue
        found.append(place)
    return tuple(found)


def may_lift(actor: Actor, draft: Draft) -> tuple[Review, int]:
    """A reviewer of the administration that objected."""
    review = may_review(actor, draft, Deed.LIFT_OBJECTION)
    for act in objections_to(review.revision.id):
        if act.administration_id is not None and act.administration_id in actor.reviewer_of:
            return review, act.administration_id
    raise Invalid(_("Votre administration ne s’oppose pas à ce texte."))


def may_object(actor: Actor, draft: Draft, administration_id: int | None) -> tuple[Review, int]:
    review = may_review(actor, draft, Deed.OBJECT)
    place = spoken_for(actor, review, administration_id)
    if any(act.administration_id == place for act in objections_to(review.revision.id)):
        raise MovedOn(_("Votre administration s’oppose déjà à ce texte."))
    return review, place


def may_publish(actor: Actor, draft: Draft) -> Review:
    """Approved, or waiting for nothing but the second pair of eyes of the person who publishes."""
    if draft.stage is Stage.IN_REVIEW:
        review = _review(actor, draft, Act.DRAFT_PUBLISH, Deed.APPROVE)
        may_read_as_publisher(actor, review, verdict_of(review.revision))
        return review
    return _review(actor, draft, Act.DRAFT_PUBLISH, Deed.PUBLISH)


def may_read_as_publisher(actor: Actor, review: Review, found: Verdict) -> None:
    if not found.publisher_may_read:
        raise Refused(_("Ce texte n’est pas encore approuvé : il manque des réponses ou un second regard."))
    if actor.id in writers_of(review.revision.id):
        raise Refused(_("Vous avez écrit dans ce texte : une autre personne doit le lire et le publier."))


def may_now(actor: Actor, draft: Draft) -> dict[str, str | None]:
    """For each deed of a review: None when this person may do it now, otherwise the reason why not, in French.

    What the text itself lacks is said at the submission, not here: it would replay the log for every look.
    """
    guards: dict[Deed, Callable[[], object]] = {
        Deed.SUBMIT: lambda: may_submit(actor, draft),
        Deed.RETRACT: lambda: may_retract(actor, draft),
        Deed.REQUEST_CHANGES: lambda: may_review(actor, draft, Deed.REQUEST_CHANGES),
        Deed.SIGN_OFF: lambda: _may_answer_for_one(actor, draft, Deed.SIGN_OFF),
        Deed.ABSTAIN: lambda: _may_answer_for_one(actor, draft, Deed.ABSTAIN),
        Deed.OBJECT: lambda: may_object(actor, draft, None),
        Deed.LIFT_OBJECTION: lambda: may_lift(actor, draft),
        Deed.PUBLISH: lambda: may_publish(actor, draft),
    }
    return {str(deed): _reason(guard) for deed, guard in guards.items()}


def _may_answer_for_one(actor: Actor, draft: Draft, deed: Deed) -> None:
    """Some administration of theirs can still answer; the reason is that of the first that cannot."""
    reasons: list[DomainError] = []
    places: list[int | None] = [*sorted(signs_for(actor, draft))]
    for place in places or [None]:
        try:
            may_answer(actor, draft, deed, place)
            return
        except DomainError as error:
            reasons.append(error)
    raise reasons[0]


def _reason(guard: Callable[[], object]) -> str | None:
    try:
        guard()
    except DomainError as error:
        return error.message
    return None
