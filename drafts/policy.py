"""Who may do what to a draft: the rights of the lab, and what reviewers and the portal editor add to them."""

from __future__ import annotations

import sqlalchemy as sa

from app.db import session
from app.policy import Act, Actor, PortalRole, judges
from drafts.models import Draft, article_administration
from drafts.stages import Deed, Stage, possible
from labs.policy import rights_in
from labs.roles import Right, up_to

_ACT_OF_RIGHT = {
    Right.READ: Act.DRAFT_READ,
    Right.REMARK: Act.DRAFT_REMARK,
    Right.SUGGEST: Act.DRAFT_SUGGEST,
    Right.WRITE: Act.DRAFT_WRITE,
}


def competent_ids(draft: Draft) -> frozenset[int]:
    """The administrations that have to answer for the draft's article."""
    rows = session().scalars(
        sa.select(article_administration.c.administration_id).where(
            article_administration.c.article_id == draft.article_id
        )
    )
    return frozenset(rows)


def signs_for(actor: Actor, draft: Draft) -> frozenset[int]:
    """The competent administrations this person is a reviewer of."""
    return actor.reviewer_of & competent_ids(draft) if actor.reviewer_of else frozenset()


def rights(actor: Actor, draft: Draft) -> frozenset[Right]:
    """What a person may do with the text: the ladder of their membership, or a reviewer's and editor's look.

    Reviewers and the portal editor see a draft from its first submission on, not while it is being written.
    """
    if not actor.is_authenticated or draft.trashed_at is not None:
        return frozenset()
    held = rights_in(actor, draft.lab_id)
    if draft.stage is not Stage.WRITING and (
        PortalRole.PORTAL_EDITOR in actor.roles or (actor.reviewer_of and signs_for(actor, draft))
    ):
        held |= up_to(Right.REMARK)
    return held


def may_publish(actor: Actor, draft: Draft) -> bool:
    """The portal editor, or a reviewer of a lead administration that may publish its own articles."""
    if PortalRole.PORTAL_EDITOR in actor.roles:
        return True
    lead = draft.article.lead
    return lead.may_publish_own and lead.id in actor.reviewer_of and competent_ids(draft) == {lead.id}


@judges(Draft)
def acts_on_draft(actor: Actor, draft: Draft) -> frozenset[Act]:
    held = rights(actor, draft)
    acts = {_ACT_OF_RIGHT[right] for right in held}
    if not acts:
        return frozenset()
    if Right.WRITE in held:
        if possible(draft.stage, Deed.SUBMIT):
            acts.add(Act.DRAFT_SUBMIT)
        if possible(draft.stage, Deed.RETRACT):
            acts.add(Act.DRAFT_RETRACT)
    if draft.stage is not Stage.WRITING and signs_for(actor, draft):
        # Whatever the stage: who comes too late hears from the verb that the text has moved on.
        acts.add(Act.DRAFT_REVIEW)
        if draft.stage is Stage.IN_REVIEW:
            acts.add(Act.DRAFT_SIGN)
    if draft.stage in (Stage.IN_REVIEW, Stage.APPROVED, Stage.SCHEDULED) and may_publish(actor, draft):
        acts.add(Act.DRAFT_PUBLISH)
    return frozenset(acts)
