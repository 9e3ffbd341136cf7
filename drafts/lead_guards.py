"""What has to hold before somebody acts for an administration that has nobody, takes a carried signature back, or
changes who answers for the article. As in `drafts.review_guards`: a guard changes nothing."""

from __future__ import annotations

from app.db import session
from app.errors import Invalid, MovedOn, Refused
from app.extensions import gettext as _
from app.policy import Act, Actor
from drafts.answers import sign_offs_of, substitutes_for
from drafts.models import Draft
from drafts.objections import objections_to
from drafts.review_guards import Review, open_review, open_revision, require_now
from drafts.review_models import OpenReview, Revision, SignOff
from drafts.stages import Deed
from drafts.standing import competent_for, reviewed


def may_withdraw(actor: Actor, draft: Draft, administration_id: int | None = None) -> tuple[Review, SignOff]:
    """The signer of a signature that was carried, until the publication. Returns the review and the signature.

    Without an id it is the first of theirs.
    """
    review = open_review(actor, draft, Act.DRAFT_REVIEW, Deed.WITHDRAW_SIGN_OFF)
    for row in sign_offs_of(review.revision.id):
        if row.person_id == actor.id and administration_id in (None, row.administration_id):
            if row.carried_from is not None:
                return review, row
            if administration_id is not None:
                raise Refused(
                    _("Vous avez signé cette version même : demandez une reprise, ou opposez-vous au texte.")
                )
    raise Refused(_("Vous n’avez pas de visa reporté à retirer sur ce texte."))


def may_name_substitute(
    actor: Actor, draft: Draft, administration_id: int | None = None
) -> tuple[Review, int]:
    """A reviewer of the lead administration or a portal editor, for a competent administration without a reviewer.

    Returns the review and the administration: the one named, else the first that nobody can answer for.
    """
    review = open_review(actor, draft, Act.DRAFT_NAME_SUBSTITUTE, Deed.NAME_SUBSTITUTE)
    competent = competent_for(review.revision.id)
    if administration_id is not None and administration_id not in competent:
        raise Refused(_("Cette administration n’est pas compétente pour ce texte."))
    answered = {row.administration_id for row in sign_offs_of(review.revision.id)}
    named = {row.administration_id for row in substitutes_for(review.revision.id)}
    there = reviewed(competent)
    waits = [place for place in competent if place not in there | answered | named]
    if administration_id is None and waits:
        return review, waits[0]
    if administration_id in waits:
        return review, administration_id
    if administration_id is None:
        raise Refused(_("Chaque administration compétente a quelqu’un pour répondre."))
    if administration_id in there:
        raise Refused(_("Cette administration a un référent : c’est à lui de répondre."))
    raise MovedOn(_("Quelqu’un répond déjà pour cette administration : rechargez la page."))


def may_change_competences(actor: Actor, draft: Draft, deed: Deed) -> Revision | None:
    """The lead administration, while no publication is planned and nobody objects.

    Returns the revision whose review is open, if there is one: it has to be asked again.
    """
    require_now(actor, Act.DRAFT_CHANGE_COMPETENCES, draft, deed)
    revision = open_revision(draft)
    if revision is None and session().get(OpenReview, draft.article_id) is not None:
        raise MovedOn(
            _(
                "Une relecture de cette fiche est ouverte, avec un autre brouillon : changez ses administrations là-bas."
            )
        )
    # Otherwise who objects could be left behind with the version they object to.
    if revision is not None and objections_to(revision.id):
        raise Invalid(
            _("Une administration s’oppose à ce texte : son opposition se lève ou s’arbitre d’abord.")
        )
    return revision
