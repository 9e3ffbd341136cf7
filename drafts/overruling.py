"""Going on without an answer, or against an objection: who may, after what, and that it is seen.

The acts are numbered like all others of a review (`drafts.review`), and what they settle may approve the text.
"""

from __future__ import annotations

from app import clock
from app.db import session
from app.policy import Actor
from drafts import log, review_mail
from drafts.models import Draft
from drafts.objections import ARBITERS, arbiters_of
from drafts.review import one_wins, said, settle
from drafts.review_guards import may_arbitrate, may_pass_over
from drafts.review_models import PassedOver
from drafts.service import record_act
from drafts.stages import Deed

__all__ = ["arbitrate", "pass_over"]


def pass_over(actor: Actor, draft: Draft, administration_id: int | None, reason: str) -> None:
    """Wait no longer for an administration whose deadline has passed. It may still answer while the review is open.

    Without an id it is the first that is silent. Raises Refused before the deadline or for who wrote, MovedOn when it has answered, Invalid without a reason.
    """
    draft = log.lock_draft(draft.id)
    review, place = may_pass_over(actor, draft, administration_id)
    reason = said(reason, required=True)
    with one_wins():
        session().add(
            PassedOver(
                revision_id=review.revision.id,
                administration_id=place,
                person_id=actor.id,
                reason=reason,
                at=clock.now(),
            )
        )
    record_act(
        draft,
        Deed.PASS_OVER,
        actor,
        administration_id=place,
        revision_id=review.revision.id,
        reason=reason,
    )
    review_mail.passed_over(draft, review.revision, actor.id, place, reason)
    settle(actor, draft, review.revision)


def arbitrate(actor: Actor, draft: Draft, administration_id: int | None, reason: str) -> bool:
    """One of two people decides that the objection of an administration does not hold, with a reason.

    Returns whether the objection is settled by it. Raises Refused for who wrote or objected or has decided
    already, MovedOn when the objection does not stand any more.
    """
    draft = log.lock_draft(draft.id)
    review, place = may_arbitrate(actor, draft, administration_id)
    reason = said(reason, required=True)
    record_act(
        draft,
        Deed.ARBITRATE,
        actor,
        administration_id=place,
        revision_id=review.revision.id,
        reason=reason,
    )
    is_settled = len(arbiters_of(review.revision.id, place)) >= ARBITERS
    review_mail.arbitrated(draft, review.revision, actor.id, place, reason, is_settled=is_settled)
    if is_settled:
        settle(actor, draft, review.revision)
    return is_settled
