"""Who may do what to a draft: the rights of the lab, and what reviewers and the portal editor add to them."""

from __future__ import annotations

import sqlalchemy as sa

from app.db import session
from app.policy import Act, Actor, PortalRole, judges
from drafts.models import Draft, Image, ImageUse, article_administration
from drafts.review_models import OpenReview, Revision, Substitute
from drafts.stages import UNDER_REVIEW, Deed, Stage, possible
from labs.models import Membership
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
    """The competent administrations this person speaks for: as a reviewer of it, or where it has none."""
    own = actor.reviewer_of & competent_ids(draft) if actor.reviewer_of else frozenset()
    return own | stands_in_for(actor, draft)


def may_stand_in(actor: Actor, draft: Draft) -> bool:
    """A reviewer of the lead administration or a portal editor may act for an administration without a reviewer."""
    return (
        PortalRole.PORTAL_EDITOR in actor.roles or draft.article.lead_administration_id in actor.reviewer_of
    )


def stands_in_for(actor: Actor, draft: Draft) -> frozenset[int]:
    """The administrations without a reviewer for which this person acts in the open review of the draft."""
    if draft.stage not in UNDER_REVIEW or not may_stand_in(actor, draft):
        return frozenset()
    rows = session().scalars(
        sa.select(Substitute.administration_id)
        .join(OpenReview, OpenReview.revision_id == Substitute.revision_id)
        .where(OpenReview.draft_id == draft.id, Substitute.person_id == actor.id)
    )
    return frozenset(rows)


def leads(actor: Actor, draft: Draft, speaks_for: frozenset[int]) -> bool:
    """Whether a person decides for the lead administration who answers for the article. `speaks_for`: as `signs_for`.

    Its reviewers do, and who acts for them where it has none. Before anything was ever proposed, who writes the draft
    for it: they chose these administrations when they began it.
    """
    lead = draft.article.lead_administration_id
    if lead in actor.reviewer_of or lead in speaks_for:
        return True
    if draft.stage is not Stage.WRITING or actor.administration_id != lead:
        return False
    writes = Right.WRITE in rights_in(actor, draft.lab_id)
    return writes and not session().scalar(
        sa.select(sa.exists().where(Revision.article_id == draft.article_id))
    )


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
    if Right.WRITE in held and not actor.is_guest:
        acts |= _acts_of_a_writer(draft)
    speaks_for = signs_for(actor, draft)
    if draft.stage is not Stage.WRITING and speaks_for:
        # Whatever the stage: who comes too late hears from the verb that the text has moved on.
        acts.add(Act.DRAFT_REVIEW)
        if draft.stage is Stage.IN_REVIEW:
            acts.add(Act.DRAFT_SIGN)
    if draft.stage is Stage.IN_REVIEW:
        is_editor = PortalRole.PORTAL_EDITOR in actor.roles
        if is_editor or speaks_for:
            acts.add(Act.DRAFT_ARBITRATE)
        if may_stand_in(actor, draft):
            acts |= {Act.DRAFT_PASS_OVER, Act.DRAFT_NAME_SUBSTITUTE}
    if leads(actor, draft, speaks_for):
        acts.add(Act.DRAFT_CHANGE_COMPETENCES)
    if draft.stage in UNDER_REVIEW and may_publish(actor, draft):
        acts.add(Act.DRAFT_PUBLISH)
    return frozenset(acts)


def _acts_of_a_writer(draft: Draft) -> frozenset[Act]:
    """What a member who writes may do beside writing. A guest who was let write does that and no more: what was taken
    out, what is proposed and what is thrown away is for those who answer for the text."""
    # The past holds what was taken out: it is for those who could have taken it out themselves. STEER is what leads to a
    # verb whatever the stage: who comes too late hears from it that the text has moved on.
    acts = {Act.DRAFT_HISTORY, Act.DRAFT_STEER}
    if possible(draft.stage, Deed.SUBMIT):
        acts.add(Act.DRAFT_SUBMIT)
    if possible(draft.stage, Deed.RETRACT):
        acts.add(Act.DRAFT_RETRACT)
    if draft.stage in UNDER_REVIEW:
        # Until the review closes: links that were sent can be taken back.
        acts.add(Act.DRAFT_INVITE_EXPERT)
    return frozenset(acts)


@judges(Image)
def acts_on_image(actor: Actor, image: Image) -> frozenset[Act]:
    """An image is seen by who reads a draft that holds it."""
    if not actor.is_authenticated:
        return frozenset()
    near: sa.ColumnElement[bool] = Draft.lab_id.in_(
        sa.select(Membership.lab_id).where(Membership.person_id == actor.id, Membership.removed_at.is_(None))
    )
    if actor.reviewer_of or PortalRole.PORTAL_EDITOR in actor.roles:
        near |= Draft.stage != Stage.WRITING
    # Wide enough for the query; whether each may be read is asked of the judge of drafts.
    holders = session().scalars(
        sa.select(Draft)
        .join(ImageUse, ImageUse.draft_id == Draft.id)
        .where(ImageUse.image_id == image.id, Draft.trashed_at.is_(None), near)
    )
    if any(Act.DRAFT_READ in acts_on_draft(actor, draft) for draft in holders):
        return frozenset({Act.IMAGE_READ})
    return frozenset()
