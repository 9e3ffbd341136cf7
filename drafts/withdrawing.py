"""Taking a carried signature back: its signer says that it does not hold for the text as it is now.

What was approved with it is read again, a planned publication is called off with the approval
(`publish.schedule`), and the administration may answer once more.
"""

from __future__ import annotations

from app import clock
from app.db import note, session
from app.policy import Actor
from drafts import lead_mail, log
from drafts.lead_guards import may_withdraw
from drafts.models import Draft
from drafts.review import one_wins, said, settle
from drafts.review_events import SignOffWithdrawn
from drafts.review_models import ReviewOutcome, WithdrawnSignOff
from drafts.service import record_act
from drafts.stages import Deed

__all__ = ["withdraw_sign_off"]


def withdraw_sign_off(actor: Actor, draft: Draft, administration_id: int | None, reason: str) -> None:
    """Take back one's carried signature for an administration, until the publication. Without an id the first.

    Raises Refused for a signature that was given for this very version or by somebody else, Invalid without a reason.
    """
    draft = log.lock_draft(draft.id)
    review, row = may_withdraw(actor, draft, administration_id)
    reason = said(reason, required=True)
    with one_wins():
        session().add(WithdrawnSignOff(sign_off_id=row.id, person_id=actor.id, reason=reason, at=clock.now()))
    outcome = session().get(ReviewOutcome, review.revision.id)
    if outcome is not None:
        session().delete(outcome)
        session().flush()
    record_act(
        draft,
        Deed.WITHDRAW_SIGN_OFF,
        actor,
        administration_id=row.administration_id,
        revision_id=review.revision.id,
        reason=reason,
    )
    note(
        SignOffWithdrawn(
            draft_id=draft.id, revision_id=review.revision.id, administration_id=row.administration_id
        )
    )
    lead_mail.withdrawn(draft, review.revision, actor.id, row.administration_id, reason)
    settle(actor, draft, review.revision)
