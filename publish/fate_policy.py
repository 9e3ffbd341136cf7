"""Who may do what to an article once it is public."""

from __future__ import annotations

import sqlalchemy as sa

from app.db import session
from app.policy import Act, Actor, PortalRole, judges
from drafts.models import Article, ArticleState, Draft
from labs.models import Lab, Membership
from labs.roles import Right
from publish.fate_acts import capacity_of


def labs_to_revise_in(actor: Actor, article: Article) -> list[Lab]:
    """Where a person may write a new version: labs of the competent administrations, and those that wrote it before."""
    if not actor.is_authenticated or actor.is_guest:
        return []
    near = Lab.administration_id.in_([place.id for place in article.competent]) | Lab.id.in_(
        sa.select(Draft.lab_id).where(Draft.article_id == article.id, Draft.trashed_at.is_(None))
    )
    writes = Membership.is_facilitator | (Membership.right == Right.WRITE)
    return list(
        session().scalars(
            sa.select(Lab)
            .join(Membership, Membership.lab_id == Lab.id)
            .where(Membership.person_id == actor.id, Membership.removed_at.is_(None), writes, near)
            .order_by(Lab.kind, Lab.title, Lab.id)
        )
    )


def has_own_lab(actor: Actor, article: Article) -> bool:
    """Whether the permanent lab of their administration, which is made at its first use, is one of those places."""
    return actor.administration_id is not None and actor.administration_id in {
        place.id for place in article.competent
    }


def answers_for(actor: Actor, article: Article) -> tuple[int, ...]:
    """The administrations, among those competent for an article, in whose name a person may answer its readers."""
    if not actor.is_authenticated or actor.is_guest:
        return ()
    mine = actor.reviewer_of | {actor.administration_id}
    return tuple(place.id for place in article.competent if place.id in mine)


@judges(Article)
def acts_on_article(actor: Actor, article: Article) -> frozenset[Act]:
    """Before its first edition there is only a draft, which is judged as such."""
    if not actor.is_authenticated or article.state is ArticleState.UNPUBLISHED:
        return frozenset()
    acts: set[Act] = set()
    capacity = capacity_of(actor, article)
    if capacity is not None:
        acts |= {Act.ARTICLE_READ, Act.ARTICLE_MASK, Act.ARTICLE_DECIDE}
    if article.lead_administration_id in actor.reviewer_of:
        acts.add(Act.ARTICLE_CONFIRM)
    if answers_for(actor, article):
        acts |= {Act.ARTICLE_READ, Act.ARTICLE_ANSWER}
    if PortalRole.PORTAL_EDITOR in actor.roles:
        acts.add(Act.ARTICLE_READ)
    if has_own_lab(actor, article) or labs_to_revise_in(actor, article):
        acts |= {Act.ARTICLE_READ, Act.ARTICLE_REVISE}
    return frozenset(acts)
