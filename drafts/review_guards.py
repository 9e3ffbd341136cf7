"""What has to hold before an act of review: the verbs ask here, and so does the page that offers them.

A guard changes nothing. It returns what the verb needs, or raises a domain error whose message says why not.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import timedelta

import sqlalchemy as sa

from app import clock, working_days
from app.db import session
from app.errors import DomainError, Invalid, MovedOn, Refused
from app.extensions import day_in_words, ngettext
from app.extensions import gettext as _
from app.policy import Act, Actor, require
from drafts.answers import sign_offs_of
from drafts.models import Draft
from drafts.objections import arbiters_of, objections_to
from drafts.policy import rights, signs_for
from drafts.remark_queries import open_blocking
from drafts.review_models import OpenReview, Revision
from drafts.stages import Deed, Stage, possible
from drafts.standing import (
    ANSWER_WITHIN,
    Verdict,
    competent_for,
    opened_at,
    verdict_of,
    writers_of,
)
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


def require_now(actor: Actor, act: Act, draft: Draft, deed: Deed) -> None:
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


def open_review(actor: Actor, draft: Draft, act: Act, deed: Deed) -> Review:
    require_now(actor, act, draft, deed)
    revision = open_revision(draft)
    if revision is None:
        raise moved_on()
    return Review(draft, revision)


def may_submit(actor: Actor, draft: Draft) -> None:
    require_now(actor, Act.DRAFT_SUBMIT, draft, Deed.SUBMIT)
    if session().get(OpenReview, draft.article_id) is not None:
        raise MovedOn(
            _(
                "Une relecture de cette fiche est déjà ouverte, avec un autre brouillon : attendez qu’elle se termine."
            )
        )


def may_retract(actor: Actor, draft: Draft) -> Revision:
    """Who submitted it, or the facilitator. Returns the revision that is taken back."""
    require_now(actor, Act.DRAFT_RETRACT, draft, Deed.RETRACT)
    revision = last_revision(draft)
    if revision is None:
        raise moved_on()
    member = membership(actor, draft.lab_id)
    if revision.created_by != actor.id and not (member is not None and member.is_facilitator):
        raise Refused(_("Seule la personne qui a proposé ce texte, ou l’animateur du lab, peut le retirer."))
    return revision


def may_review(actor: Actor, draft: Draft, deed: Deed) -> Review:
    """A reviewer of an administration that is competent for the open revision."""
    review = open_review(actor, draft, Act.DRAFT_REVIEW, deed)
    if not signs_for(actor, draft) & set(competent_for(review.revision.id)):
        raise Refused(_("Votre administration n’est pas compétente pour ce texte."))
    return review


def spoken_for(actor: Actor, review: Review, administration_id: int | None) -> int:
    """The administration a person speaks for: the one named, or the first of theirs that is competent."""
    mine = sorted(signs_for(actor, review.draft) & set(competent_for(review.revision.id)))
    if administration_id is None and mine:
        return actor.administration_id if actor.administration_id in mine else mine[0]
    if administration_id in mine:
        return administration_id
    if administration_id not in actor.reviewer_of:
        raise Refused(_("Vous n’êtes pas référent de cette administration."))
    raise Refused(_("Cette administration n’est pas compétente pour ce texte."))


def may_answer(actor: Actor, draft: Draft, deed: Deed, administration_id: int | None) -> tuple[Review, int]:
    """A signature or an abstention. Returns the review and the administration that answers."""
    review = open_review(actor, draft, Act.DRAFT_SIGN, deed)
    place = spoken_for(actor, review, administration_id)
    if any(row.administration_id == place for row in sign_offs_of(review.revision.id)):
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
    return permitted(
        sorted(signs_for(actor, draft)), lambda place: may_answer(actor, draft, Deed.SIGN_OFF, place)
    )


def permitted(places: Iterable[int], guard: Callable[[int], object]) -> tuple[int, ...]:
    """Those of these administrations for which the guard lets somebody act."""
    found = []
    for place in places:
        try:
            guard(place)
        except DomainError:
            continue
        found.append(place)
    return tuple(found)


def may_lift(actor: Actor, draft: Draft) -> tuple[Review, int]:
    """A reviewer of the administration that objected."""
    review = may_review(actor, draft, Deed.LIFT_OBJECTION)
    for act in objections_to(review.revision.id):
        if act.administration_id is not None and act.administration_id in signs_for(actor, draft):
            return review, act.administration_id
    raise Invalid(_("Votre administration ne s’oppose pas à ce texte."))


def may_object(actor: Actor, draft: Draft, administration_id: int | None) -> tuple[Review, int]:
    review = may_review(actor, draft, Deed.OBJECT)
    place = spoken_for(actor, review, administration_id)
    if any(act.administration_id == place for act in objections_to(review.revision.id)):
        raise MovedOn(_("Votre administration s’oppose déjà à ce texte."))
    return review, place


def may_arbitrate(actor: Actor, draft: Draft, administration_id: int | None = None) -> tuple[Review, int]:
    """One of the two people who decide that an objection does not hold: neither wrote, neither objected.

    Returns the administration whose objection it is: the one named, else the first that can be arbitrated.
    """
    review = open_review(actor, draft, Act.DRAFT_ARBITRATE, Deed.ARBITRATE)
    standing = [act.administration_id for act in objections_to(review.revision.id)]
    if not standing or (administration_id is not None and administration_id not in standing):
        raise MovedOn(_("Cette opposition n’est plus en cours : rechargez la page."))
    if actor.id in writers_of(review.revision.id):
        raise Refused(_("Vous avez écrit dans ce texte : d’autres doivent arbitrer."))
    places = [administration_id] if administration_id is not None else standing
    refused: Refused | None = None
    for place in places:
        if place is None:
            continue
        if place in signs_for(actor, draft) or place == actor.administration_id:
            refused = Refused(_("C’est votre administration qui s’oppose : d’autres doivent arbitrer."))
        elif actor.id in arbiters_of(review.revision.id, place):
            refused = Refused(_("Vous avez déjà donné votre avis : une deuxième personne doit arbitrer."))
        else:
            return review, place
    raise refused or moved_on()


def may_pass_over(actor: Actor, draft: Draft, administration_id: int | None = None) -> tuple[Review, int]:
    """A reviewer of the lead administration, or the portal editor, who contributed nothing; after the deadline."""
    review = open_review(actor, draft, Act.DRAFT_PASS_OVER, Deed.PASS_OVER)
    since = opened_at(review.revision.id)
    if since is None:
        raise moved_on()
    last = working_days.last_day(since, ANSWER_WITHIN)
    if clock.now() < working_days.start_of(last + timedelta(days=1)):
        raise Refused(_("Les administrations ont jusqu’au %(day)s pour répondre.", day=day_in_words(last)))
    if actor.id in writers_of(review.revision.id):
        raise Refused(_("Vous avez écrit dans ce texte : une autre personne doit passer outre."))
    found = verdict_of(review.revision)
    silent = [place for place in found.unanswered if place not in found.objecting]
    if administration_id is not None and administration_id not in competent_for(review.revision.id):
        raise Refused(_("Cette administration n’est pas compétente pour ce texte."))
    if administration_id is None and silent:
        return review, silent[0]
    if administration_id in silent:
        return review, administration_id
    if administration_id in found.objecting:
        raise Invalid(_("Cette administration s’oppose au texte : son opposition se lève ou s’arbitre."))
    raise MovedOn(_("Plus aucune réponse n’est attendue : rechargez la page."))


def may_publish(actor: Actor, draft: Draft) -> Review:
    """Approved, or waiting for nothing but the second pair of eyes of the person who publishes."""
    if draft.stage is Stage.IN_REVIEW:
        review = open_review(actor, draft, Act.DRAFT_PUBLISH, Deed.APPROVE)
        refuse_blocked(draft)
        may_read_as_publisher(actor, review, verdict_of(review.revision))
        return review
    review = open_review(actor, draft, Act.DRAFT_PUBLISH, Deed.PUBLISH)
    refuse_blocked(draft)
    return review


def refuse_blocked(draft: Draft) -> None:
    """Raises Refused while a blocking remark is open: somebody said that the text must not be published so."""
    if blocking := open_blocking(draft):
        raise Refused(
            ngettext(
                "Une remarque bloquante est encore ouverte : elle doit être résolue avant la publication.",
                "%(num)d remarques bloquantes sont encore ouvertes : elles doivent être résolues avant la publication.",
                len(blocking),
            )
        )


def may_read_as_publisher(actor: Actor, review: Review, found: Verdict) -> None:
    if not found.publisher_may_read:
        raise Refused(_("Ce texte n’est pas encore approuvé : il manque des réponses ou un second regard."))
    if actor.id in writers_of(review.revision.id):
        raise Refused(_("Vous avez écrit dans ce texte : une autre personne doit le lire et le publier."))
