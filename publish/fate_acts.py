"""The list of what was done to an article: read, folded, and written to, one numbered act at a time."""

from __future__ import annotations

from datetime import date
from typing import Any

import sqlalchemy as sa

from app import audit, clock
from app.db import note, session
from app.errors import MovedOn
from app.extensions import gettext as _
from app.policy import Actor, PortalRole
from drafts.models import Article
from publish import store
from publish.events import ArticleChanged
from publish.fate_models import ArticleAct
from publish.fate_stages import BESIDE, Capacity, Fate, fold, possible


def moved_on() -> MovedOn:
    return MovedOn(_("La situation de cette fiche a changé entre-temps : rechargez la page."))


def lock(*article_ids: int) -> list[Article]:
    """The articles, theirs alone until the transaction ends; always in the same order, so that nobody waits in a ring."""
    found = {
        number: session().get_one(
            Article, number, with_for_update={"key_share": True}, populate_existing=True
        )
        for number in sorted(set(article_ids))
    }
    return [found[number] for number in article_ids]


def acts_of(article_id: int) -> list[ArticleAct]:
    """Everything that was done to an article, the first act first."""
    return list(
        session().scalars(
            sa.select(ArticleAct).where(ArticleAct.article_id == article_id).order_by(ArticleAct.number)
        )
    )


def count(article_id: int) -> int:
    """The number of the last act; what a page hands out so that nobody acts on what they did not see."""
    return (
        session().scalar(sa.select(sa.func.max(ArticleAct.number)).where(ArticleAct.article_id == article_id))
        or 0
    )


def refuse_unseen(article: Article, seen: int | None) -> None:
    """Raises MovedOn when something was done to the locked article since its page was shown."""
    if seen is not None and seen != count(article.id):
        raise moved_on()


def last_of(article_id: int, *fates: Fate) -> ArticleAct | None:
    """The newest act that is one of these."""
    return session().scalars(
        sa.select(ArticleAct)
        .where(ArticleAct.article_id == article_id, ArticleAct.deed.in_(fates))
        .order_by(ArticleAct.number.desc())
        .limit(1)
    ).first()  # fmt: skip


def open_proposal(article: Article) -> ArticleAct | None:
    """What one person has proposed and nobody has answered, while it is still possible."""
    last = session().scalars(
        sa.select(ArticleAct)
        .where(ArticleAct.article_id == article.id, ArticleAct.deed.not_in(BESIDE))
        .order_by(ArticleAct.number.desc())
        .limit(1)
    ).first()  # fmt: skip
    if last is None or last.deed is not Fate.PROPOSE or last.proposed is None:
        return None
    return last if possible(article.state, last.proposed) else None


def capacity_of(actor: Actor, article: Article) -> Capacity | None:
    """As what a person may decide about an article; None when they may not."""
    reviews = article.lead_administration_id in actor.reviewer_of
    edits = PortalRole.PORTAL_EDITOR in actor.roles
    if reviews and edits:
        return Capacity.BOTH
    if reviews:
        return Capacity.LEAD_REVIEWER
    return Capacity.EDITOR if edits else None


def record(
    article: Article,
    fate: Fate,
    actor: Actor | None,
    *,
    reason: str = "",
    proposed: Fate | None = None,
    proposal: ArticleAct | None = None,
    target_id: int | None = None,
    edition_id: int | None = None,
    review_date: date | None = None,
) -> ArticleAct:
    """Number the act, move the state, leave one audit entry and one piece of news. `article` is locked.

    Raises MovedOn when the state no longer knows this act, or when somebody else took the number.
    """
    fates = [act.deed for act in acts_of(article.id)]
    if not possible(article.state, fate):
        raise moved_on()
    state = fold([*fates, fate])
    act = ArticleAct(
        article_id=article.id,
        number=len(fates) + 1,
        deed=fate,
        state=state,
        person_id=actor.id if actor is not None else None,
        capacity=capacity_of(actor, article) if actor is not None else None,
        reason=reason,
        proposed=proposed,
        proposal_id=proposal.id if proposal is not None else None,
        target_article_id=target_id,
        edition_id=edition_id,
        review_date=review_date,
        at=clock.now(),
    )
    try:
        with session().begin_nested():
            session().add(act)
    except sa.exc.IntegrityError as error:
        raise MovedOn(moved_on().message, constraint=str(error.orig)) from None
    article.state = state
    session().flush()
    if fate not in (Fate.PUBLISH, Fate.APPROVE):  # those are acts of the draft as well, which leave the entry
        person_id = actor.id if actor is not None else None
        audit.record(person_id, str(fate), "article", article.id, **_detail(act))
    store.invalidate()
    note(
        ArticleChanged(
            article_id=article.id, number=act.number, deed=str(fate), state=str(state), slug=article.slug
        )
    )
    return act


def _detail(act: ArticleAct) -> dict[str, Any]:
    known = {
        "number": act.number,
        "state": str(act.state),
        "proposed": str(act.proposed) if act.proposed is not None else None,
        "target": act.target_article_id,
        "edition": act.edition_id,
    }
    return {name: value for name, value in known.items() if value is not None}
