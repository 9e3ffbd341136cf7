"""Answering for an administration that is competent and has nobody: who may, that it is said why, and that it is seen."""

from __future__ import annotations

from app import clock
from app.db import session
from app.policy import Actor
from drafts import lead_mail, log
from drafts.lead_guards import may_name_substitute
from drafts.models import Draft
from drafts.review import one_wins, said
from drafts.review_models import Substitute
from drafts.service import record_act
from drafts.stages import Deed

__all__ = ["name_substitute"]


def name_substitute(actor: Actor, draft: Draft, administration_id: int | None, reason: str) -> int:
    """Take it on oneself to answer for an administration without an active reviewer, on this text.

    By a reviewer of the lead administration or a portal editor; without an id for the first that has nobody. It may get
    a reviewer meanwhile: who answers first has answered. Returns the administration. Raises Refused for who may not or
    where somebody is there, MovedOn when somebody else does it, Invalid without a reason.
    """
    draft = log.lock_draft(draft.id)
    review, place = may_name_substitute(actor, draft, administration_id)
    reason = said(reason, required=True)
    with one_wins():
        session().add(
            Substitute(
                revision_id=review.revision.id,
                administration_id=place,
                person_id=actor.id,
                reason=reason,
                at=clock.now(),
            )
        )
    record_act(
        draft,
        Deed.NAME_SUBSTITUTE,
        actor,
        administration_id=place,
        revision_id=review.revision.id,
        reason=reason,
    )
    lead_mail.stands_in(draft, review.revision, actor, place, reason)
    return place
